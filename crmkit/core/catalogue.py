"""What the kit says, in both languages: TOML files of ``{key: {zh, en}}``, and the messages of crmkit (messages.toml)."""

import tomllib
from functools import cache
from pathlib import Path

from .language import in_language

HERE = Path(__file__).parent


@cache
def read_catalogue(path: Path) -> dict[str, dict[str, str]]:
    """``{key: {"zh": …, "en": …, …}}`` of one TOML file; a key without both languages is an error."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, entry in entries.items():
        if not entry.get("zh") or not entry.get("en"):
            raise ValueError(f"{path.name}: [{key}] needs zh and en")
    return entries


def message(key: str, **values) -> str:
    """A message of the interface in the language in force, with its {fields} filled in; both: one below the other."""
    return in_language(*message_pair(key, **values), between="\n")


def message_pair(key: str, **values) -> tuple[str, str]:
    """The message in Chinese and in English."""
    entry = read_catalogue(HERE / "messages.toml")[key]
    return entry["zh"].format(**values), entry["en"].format(**values)
