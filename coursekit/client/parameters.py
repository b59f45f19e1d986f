"""The parameters of a notebook: what it declares, and values that are given for them."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coursekit.lessons.lesson_lint import half
from coursekit.messages import KitError
from crmkit.core.language import get_language

TYPES = {"str": str, "int": int, "float": float, "bool": bool}
KINDS = (*TYPES, "list", "dict")
TRUE_OR_FALSE = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
# what options of `run` set, so that -p need not: parameter -> option
SET_BY_OPTIONS = {
    "data": "DATA",
    "lang": "--lang",
    "out": "--out",
    "mapping": "--mapping",
    "as_of": "--as-of",
    "sheet": "--sheet",
    "drop_duplicates": "--drop-duplicates",
}

# what `run` sets by itself: it makes CSV and workbook from its bundle, and reads the file once for all notebooks
SET_BY_RUN = ("spreadsheets", "kept")


@dataclass(frozen=True)
class Parameter:
    """One of the notebook's: ``kind`` is int, float, bool, str, list, dict or None, where it declares none."""

    name: str
    kind: str | None
    default: str


# ---- what a notebook declares


def inspect(path: Path) -> dict[str, dict]:
    """What papermill reads in the notebook's cell of parameters: name → default, inferred_type_name, help."""
    from papermill import inspect_notebook

    # papermill fills in what stands between braces of a path
    return inspect_notebook(str(path).replace("{", "{{").replace("}", "}}"))


def declared(path: Path, node) -> dict[str, Parameter]:
    """The parameters that papermill sees, and those that its line by line reading passes over (``int | None``)."""
    known = {}
    for name, found in inspect(path).items():
        kind = _kind(found["inferred_type_name"], found["default"])
        known[name] = Parameter(name, kind, found["default"])
    cell = next(cell for cell in node.cells if "parameters" in cell.metadata.get("tags", []))
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:  # another language than Python
        return known
    for statement in statements:
        parameter = _assigned(statement)
        if parameter is not None:
            known[parameter.name] = parameter
    return known


def _assigned(statement: ast.stmt) -> Parameter | None:
    """The parameter that a statement declares, if it declares one."""
    if isinstance(statement, ast.AnnAssign):
        target = statement.target
        annotation = ast.unparse(statement.annotation)
    elif isinstance(statement, ast.Assign):
        target = statement.targets[0]
        annotation = "None"
    else:
        return None
    if not isinstance(target, ast.Name) or statement.value is None:
        return None
    default = ast.unparse(statement.value)
    return Parameter(target.id, _kind(annotation, default), default)


def _kind(annotation: str, default: str) -> str | None:
    """The type of a parameter: as annotated, else as its default is."""
    found = re.sub(r"^(?:typing\.)?Optional\[(.*)\]$|\s*\|\s*None$", r"\1", annotation.strip("\"' "))
    if found == "None":
        try:
            found = type(ast.literal_eval(default)).__name__
        except (ValueError, SyntaxError):
            return None
    found = re.split(r"[\[\s]", found)[0].lower()
    return found if found in KINDS else None


# ---- values given as text


def parameter_values(notebook: Path, given) -> dict:
    """``given`` (NAME=VALUE texts or a dict) as typed values, checked against the notebook's parameters cell."""
    set_otherwise = (*SET_BY_OPTIONS, *SET_BY_RUN)
    known = {name: found for name, found in inspect(notebook).items() if name not in set_otherwise}
    values = {}
    for name, text in pairs(given):
        if name in SET_BY_OPTIONS:
            raise KitError("run_parameter_is_option", name=name, option=SET_BY_OPTIONS[name])
        if name not in known:
            raise KitError("run_unknown_parameter", name=name, allowed=_listed(known))
        values[name] = typed(name, text, known[name]["inferred_type_name"])
    return values


def _listed(known: dict[str, dict]) -> str:
    """The parameters that may be set, one a line, with type, default and what they are."""
    lines = []
    for name, found in known.items():
        about = found["help"] if get_language() == "both" else half(found["help"], get_language())
        lines.append(f"  {name}: {found['inferred_type_name']} = {found['default']}   {about}")
    return "\n".join(lines)


def pairs(given) -> Iterator[tuple[str, object]]:
    """Name and value of each parameter given."""
    if isinstance(given, dict):
        yield from given.items()
        return
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise KitError("run_parameter_form", text=text)
        yield name.strip(), value.strip()


def typed(name: str, value, type_name: str):
    """``value`` as the declared type; a text that is not of that type is refused, naming it."""
    wanted = TYPES.get(type_name, str)
    try:
        return _from_text(value, wanted) if isinstance(value, str) else _from_value(value, wanted)
    except (ValueError, KeyError):
        raise KitError("run_parameter_type", name=name, value=value, type=type_name) from None


def _from_text(text: str, wanted: type):
    if wanted is bool:
        return TRUE_OR_FALSE[text.lower()]
    result = wanted(text)
    if wanted is float and not abs(result) < float("inf"):
        raise ValueError(text)
    return result


def _from_value(value, wanted: type):
    """A value of Python: a whole number is a float too, and a truth value is no number."""
    accepted = (float, int) if wanted is float else (wanted,)
    if isinstance(value, bool) != (wanted is bool) or not isinstance(value, accepted):
        raise ValueError(value)
    return wanted(value)


def literal(text: str, kind: str | None):
    """A text as the Python value that it writes; without a kind, a text that writes none is itself."""
    try:
        value = ast.literal_eval(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        value = text
    if kind is not None and type(value).__name__ != kind:
        raise ValueError(text)
    return value
