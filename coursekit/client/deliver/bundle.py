"""What a run found, once: findings, tables and figures, from which page, workbook and CSV are made.

A bundle is a folder: ``bundle.json`` says what stands on the page, in order, each text in both languages and each
sentence with the figures that it rests on; the tables lie beside it as Parquet, and ``bundle.json`` says what their
columns are.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from coursekit.lessons.cells import headings_above
from coursekit.messages import KitError
from crmkit.core.language import WRITTEN
from crmkit.report.sentences import FINDINGS
from crmkit.report.study import TABLES

FILE = "bundle.json"
REPORT_TAG = "report"
FIRST_TAG = "report-first"  # the executive summary: written last, read first
WIDGET = "application/vnd.jupyter.widget-view+json"
# the kind of a column, by that of its values in numpy; of anything else it is text
KIND_OF_VALUES = {"M": "date", "b": "yes_no", "i": "number", "u": "number", "f": "number"}


@dataclass(frozen=True)
class Item:
    """One thing on the page. What differs between the languages is a dict of language → text.

    ``kind`` is prose (Markdown), findings, table (HTML), figure or text. Of a figure, ``findings`` are its caption and
    ``table`` is the name of the table that it draws.
    """

    kind: str
    texts: dict[str, str] = field(default_factory=dict)
    findings: list[dict] = field(default_factory=list)
    bullets: bool = False
    images: dict[str, dict] = field(default_factory=dict)  # language → {type, data, width, about}
    table: str = ""


@dataclass
class Bundle:
    """``tables`` are frames in the order of the workbook; ``facts`` are what the title block says."""

    client: str
    facts: dict[str, str]
    items: list[Item]
    tables: dict = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the bundle into an empty folder."""
        folder.mkdir(parents=True)
        tables = []
        for number, (name, frame) in enumerate(self.tables.items(), 1):
            file = f"{number:02d}.parquet"
            frame.to_parquet(folder / file)
            tables.append({"name": name, "file": file, "columns": column_kinds(frame)})
        about = {
            "format": 1,
            "client": self.client,
            "facts": self.facts,
            "items": [asdict(item) for item in self.items],
            "tables": tables,
        }
        text = json.dumps(about, ensure_ascii=False, indent=1)
        (folder / FILE).write_text(text, encoding="utf-8", newline="\n")

    @classmethod
    def read(cls, folder: Path) -> "Bundle":
        """The bundle of a folder."""
        import pandas as pd

        about = json.loads((folder / FILE).read_text(encoding="utf-8"))
        tables = {table["name"]: pd.read_parquet(folder / table["file"]) for table in about["tables"]}
        items = [Item(**item) for item in about["items"]]
        return cls(about["client"], about["facts"], items, tables)


def column_kinds(frame) -> dict[str, str]:
    """Column → what its values are; an index that has a name counts as a column."""
    kinds = {}
    columns = frame.reset_index() if any(frame.index.names) else frame
    for name, values in columns.items():
        kinds[str(name)] = KIND_OF_VALUES.get(getattr(values.dtype, "kind", "O"), "text")
    return kinds


def kept_tables(folder: Path) -> dict:
    """The tables that a notebook's report has kept in ``folder``; none where it kept none."""
    import pandas as pd

    index = folder / TABLES
    if not index.is_file():
        return {}
    files = json.loads(index.read_text(encoding="utf-8"))
    return {name: pd.read_parquet(folder / file) for name, file in files.items()}


# ---- what stands on the page


def page_items(notebook, executed: dict) -> list[Item]:
    """The items of a notebook's cells tagged ``report``, those tagged ``report-first`` before the others.

    ``notebook`` is bilingual; ``executed`` holds it as it was executed, by language. KitError where the executions do
    not say the same.
    """
    outputs = {lang: _outputs_by_cell(node) for lang, node in executed.items()}
    steps = headings_above(notebook)
    first: list[Item] = []
    rest: list[Item] = []
    for cell, step in zip(notebook.cells, steps):
        tags = cell.metadata.get("tags", [])
        if FIRST_TAG not in tags and REPORT_TAG not in tags:
            continue
        if cell.cell_type == "markdown":
            found = [_prose(cell)]
        else:
            found = _merged({lang: _shown(cells.get(cell.id, [])) for lang, cells in outputs.items()}, step)
        (first if FIRST_TAG in tags else rest).extend(found)
    return first + rest


def _outputs_by_cell(node) -> dict[str, list]:
    return {cell.id: cell.outputs for cell in node.cells if cell.cell_type == "code"}


def _prose(cell) -> Item:
    tags = cell.metadata.get("tags", [])
    languages = [lang for lang in WRITTEN if f"lang-{lang}" in tags] or [*WRITTEN]
    return Item("prose", texts=dict.fromkeys(languages, cell.source))


def _shown(outputs: list) -> list[dict]:
    """What one execution of a cell shows, as fields of an item; each text and image in that execution's language."""
    shown = [output for output in outputs if output.output_type in ("display_data", "execute_result")]
    captions = [_findings(output) for output in shown if _is_caption(output)]
    items = []
    for output in shown:
        if _is_caption(output):
            continue
        item = _of_output(output)
        if item is None:
            continue
        if item["kind"] == "figure" and captions:
            # the inline backend draws after everything else that the cell displayed: captions match by their order
            item |= captions.pop(0)
        items.append(item)
    return items


def _is_caption(output) -> bool:
    return output.data.get(FINDINGS, {}).get("role") == "caption"


def _findings(output) -> dict:
    said = output.data[FINDINGS]
    return {"findings": said["findings"], "bullets": said["bullets"], "table": said.get("table", "")}


def _of_output(output) -> dict | None:
    """An output as fields of an item; None for a live widget, beside which stands its picture."""
    data = output.data
    if FINDINGS in data:
        return {"kind": "findings", **_findings(output)}
    if "image/svg+xml" in data or "image/png" in data:
        return {"kind": "figure", "image": _image(output)}
    if "text/html" in data:
        return {"kind": "table", "text": _joined(data["text/html"])}
    if "text/markdown" in data:
        return {"kind": "prose", "text": _joined(data["text/markdown"])}
    if WIDGET not in data and "text/plain" in data:
        return {"kind": "text", "text": _joined(data["text/plain"])}
    return None


def _image(output) -> dict:
    """An image and what it says in words: the text alternative that came with it, or what its maker says of it."""
    told = output.get("metadata", {})
    about = _joined(output.data.get("text/plain", ""))
    if about.startswith("<"):
        about = ""
    if "image/svg+xml" in output.data:
        about = told.get("image/svg+xml", {}).get("alt") or about
        return {"type": "svg", "data": _joined(output.data["image/svg+xml"]), "width": None, "about": about}
    about = told.get("image/png", {}).get("alt") or about
    width = told.get("image/png", {}).get("width")
    data = _joined(output.data["image/png"]).replace("\n", "")
    return {"type": "png", "data": data, "width": width, "about": about}


def _joined(value) -> str:
    return value if isinstance(value, str) else "".join(value)


def _merged(shown: dict[str, list[dict]], step: str) -> Iterator[Item]:
    """One item of what each language's execution shows at the same place."""
    languages = list(shown)
    one = shown[languages[0]]
    for lang in languages[1:]:
        if [_in_common(item) for item in shown[lang]] != [_in_common(item) for item in one]:
            raise KitError("run_differs", step=step)
    for place, item in enumerate(one):
        fields = _in_common(item)
        if "text" in item:
            fields["texts"] = {lang: shown[lang][place]["text"] for lang in languages}
        if "image" in item:
            fields["images"] = {lang: shown[lang][place]["image"] for lang in languages}
        yield Item(**fields)


def _in_common(item: dict) -> dict:
    """What must be the same in every language: all but texts and images."""
    return {name: value for name, value in item.items() if name not in ("text", "image")}
