"""What is said in both languages: TOML files of ``{key: {zh, en}}``, one :class:`Catalogue` for each set of them."""

import tomllib
from collections.abc import Iterator
from functools import cached_property
from numbers import Real
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from .language import WRITTEN, in_language, minus_sign


class Pair(NamedTuple):
    """One text in Chinese and in English."""

    zh: str
    en: str


def joined(*texts: tuple[str, str]) -> Pair:
    """Texts in both languages put together, without anything in between."""
    return Pair("".join(zh for zh, _ in texts), "".join(en for _, en in texts))


def word_for(value: object, words: str) -> str:
    """Which of ``one|many`` goes with a number in English: only 1 has the first."""
    one, _, many = words.partition("|")
    return one if value == 1 or value == "1" else many


class _Filling(Formatter):
    """``str.format`` that writes the minus of a number as a minus sign.

    ``{count:row|rows}`` is the word for so many, without the number.
    """

    def format_field(self, value, spec: str) -> str:
        if "|" in spec:
            return word_for(value, spec)
        text = super().format_field(value, spec)
        return minus_sign(text) if isinstance(value, Real) else text


def _fill(text: str, lang: str, fields: dict) -> str:
    halves = {
        name: getattr(value, lang) if isinstance(value, Pair) else value for name, value in fields.items()
    }
    return _Filling().vformat(text, (), halves)


class Catalogue:
    """The texts of one or several TOML files, read when the first of them is asked for.

    A key stands in one file only and has both languages, or those of another key: ``same_as = "<key>"``. ValueError
    else.
    """

    def __init__(self, *files: Path):
        self.files = files

    @cached_property
    def _entries(self) -> dict[str, dict]:
        found: dict[str, dict] = {}
        for file in self.files:
            for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
                if key in found:
                    raise ValueError(f"{file.name}: [{key}] stands in two files")
                found[key] = entry
        for key, entry in found.items():
            if "same_as" in entry:
                said = found.get(entry["same_as"], {})
                found[key] = {**entry, **{lang: said[lang] for lang in WRITTEN if lang in said}}
            if not found[key].get("zh") or not found[key].get("en"):
                raise ValueError(f"[{key}] needs zh and en")
        return found

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, key: str) -> dict:
        """All that is kept under the key: zh, en and whatever else; KeyError if nothing is."""
        return self._entries[key]

    def pair(self, key: str, /, **fields) -> Pair:
        """The text in both languages, its {fields} filled in;
        of a field that is a Pair each language takes its half.
        """
        entry = self._entries[key]
        return Pair(_fill(entry["zh"], "zh", fields), _fill(entry["en"], "en", fields))

    def texts(self, key: str, /, **fields) -> dict[str, str]:
        """The pair as what notebooks, pages and explorers keep: ``{"zh": …, "en": …}``."""
        return self.pair(key, **fields)._asdict()

    def say(self, key: str, /, *, between: str = "\n", **fields) -> str:
        """The text in the language in force; of both, one below the other."""
        return in_language(*self.pair(key, **fields), between=between)
