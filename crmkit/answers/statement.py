"""The statement on own work and AI that a student signs in the notebook: read as text,
by whoever hands in and whoever grades.
"""

import ast
import warnings
from collections.abc import Iterable

NAME = "statement"  # of the variable that holds it
FIELDS = ("name", "ai_use")
# signs that turn the direction of what follows: nobody's name, and a table that shows them shows something else
UNSEEN = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
LONGEST = 1000  # characters of a field; and of code that is no statement, ten times as many are looked into


def statement_in(cells: Iterable[str]) -> dict[str, str]:
    """What the last ``statement = {"name": …, "ai_use": …}`` of these cells says; empty fields where it says nothing.

    >>> statement_in(['statement = {"name": " 王小明 ", "ai_use": "none"}'])
    {'name': '王小明', 'ai_use': 'none'}
    """
    said = dict.fromkeys(FIELDS, "")
    for source in cells:
        given = _assigned(source, said) if NAME in source and len(source) <= 10 * LONGEST else None
        if given is not None:
            said = {name: _text(given.get(name)) for name in FIELDS}
    return said


def is_signed(statement: dict[str, str]) -> bool:
    """Whether both fields say something; that no AI was used has to be said as well."""
    return all(statement.get(name) for name in FIELDS)


def _assigned(source: str, before: dict[str, str]) -> dict | None:
    """The table of texts that a cell assigns to ``statement``, also as ``dict(…)`` or field by field; else None."""
    with warnings.catch_warnings(action="ignore"):
        try:
            parsed = ast.parse(source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    found = None
    for one in parsed:
        if not isinstance(one, ast.Assign):
            continue
        for target in one.targets:
            if _is_the_table(target):
                found = _table(one.value)
            elif isinstance(target, ast.Subscript) and _is_the_table(target.value):
                key, value = _literal(target.slice), _literal(one.value)
                if isinstance(key, str):
                    found = {**(found or before), key: value}
    return found


def _table(value: ast.expr) -> dict | None:
    """The table that is written there, with no more than constants in it."""
    if isinstance(value, ast.Dict):
        return _literal(value)
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return None
    if value.func.id != "dict" or value.args:
        return None
    return {one.arg: _literal(one.value) for one in value.keywords if one.arg}


def _is_the_table(written: ast.expr) -> bool:
    return isinstance(written, ast.Name) and written.id == NAME


def _literal(value: ast.expr):
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None


def _text(value: object) -> str:
    return " ".join(value.translate(UNSEEN).split())[:LONGEST] if isinstance(value, str) else ""
