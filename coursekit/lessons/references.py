"""Citations in lessons: {cite:p}`id` → (author, year), {cite:year}`id` → (year), {cite:full}`id` → the whole entry.

The list is lessons/references.json (CSL-JSON); how an entry is printed in each language stands in
references_printed.json, which coursekit.recipes.references makes.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

ENTRIES = "references.json"
PRINTED = "references_printed.json"
ROLE = re.compile(r"\{cite:(?P<form>p|year|full)\}`(?P<id>[^`]*)`")
WIDE = str.maketrans({"(": "（", ")": "）"})  # a Chinese sentence has wide brackets


@dataclass(frozen=True)
class References:
    """The reading list of a folder of lessons: ``years`` by id, ``printed`` by id and language."""

    years: dict[str, str]
    printed: dict[str, dict[str, dict[str, str]]]

    @classmethod
    def read(cls, folder: Path) -> "References":
        """The list of a folder; empty where it has none."""
        if not (folder / ENTRIES).exists():
            return cls({}, {})
        entries = json.loads((folder / ENTRIES).read_text(encoding="utf-8"))
        printed = json.loads((folder / PRINTED).read_text(encoding="utf-8"))
        return cls({entry["id"]: year_of(entry) for entry in entries}, printed)

    def __contains__(self, name: str) -> bool:
        return name in self.years and name in self.printed

    def expand(self, text: str, lang: str) -> str:
        """The text with its citations printed; every id in it has to be in the list."""
        return ROLE.sub(lambda found: self._print(found["form"], found["id"], lang), text)

    def _print(self, form: str, name: str, lang: str) -> str:
        if form == "full":
            return self.printed[name][lang]["full"]
        printed = self.printed[name][lang]
        cite = f"({printed['year']})" if form == "year" else printed["cite"]
        return cite.translate(WIDE) if lang == "zh" else cite


def cited(text: str) -> list[str]:
    """The ids that a text cites, in order."""
    return [found["id"] for found in ROLE.finditer(text)]


def year_of(entry: dict) -> str:
    """The year of an entry; "" for one without a date."""
    dates = entry.get("issued", {}).get("date-parts")
    return str(dates[0][0]) if dates else ""
