"""The statement on own work and AI that a student signs in the notebook: read as text, by whoever hands in and whoever grades."""

import ast
import warnings
from collections.abc import Iterable

NAME = "statement"  # of the variable that holds it
FIELDS = ("name", "ai_use")
LONGEST = 1000  # characters of a field; and of code that is no statement, ten times as many are looked into


def statement_in(cells: Iterable[str]) -> dict[str, str]:
    """What the last ``statement = {"name": …, "ai_use": …}`` of these cells says; empty fields where it says nothing.

    >>> statement_in(['statement = {"name": " 王小明 ", "ai_use": "none"}'])
    {'name': '王小明', 'ai_use': 'none'}
    """
    said = dict.fromkeys(FIELDS, "")
    for source in cells:
        given = _assigned(source) if NAME in source and len(source) <= 10 * LONGEST else None
        if given is not None:
            said = {name: _text(given.get(name)) for name in FIELDS}
    return said


def is_signed(statement: dict[str, str]) -> bool:
    """Whether both fields say something; that no AI was used has to be said as well."""
    return all(statement.get(name) for name in FIELDS)


def _assigned(source: str) -> dict | None:
    """The table of texts that a cell assigns to ``statement``; None where it does not."""
    with warnings.catch_warnings(action="ignore"):
        try:
            parsed = ast.parse(source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    found = None
    for one in parsed:
        if not isinstance(one, ast.Assign) or not isinstance(one.value, ast.Dict):
            continue
        if any(isinstance(target, ast.Name) and target.id == NAME for target in one.targets):
            try:
                found = ast.literal_eval(one.value)
            except (ValueError, TypeError, RecursionError, MemoryError):
                found = None
    return found


def _text(value: object) -> str:
    return " ".join(value.split())[:LONGEST] if isinstance(value, str) else ""
