"""The parameters of a notebook: what it declares, and values that are given for them."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from coursekit.lessons.cells import half
from coursekit.messages import KitError
from crmkit.core.language import get_language

KINDS = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}
TRUE_OR_FALSE = {"true": True, "1": True, "yes": True, "是": True, "真": True}
TRUE_OR_FALSE |= {"false": False, "0": False, "no": False, "否": False, "假": False}
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
    about: str = ""  # the comment beside it, in both languages


# ---- what a notebook declares


def declared(path: Path) -> dict[str, Parameter]:
    """The parameters that papermill sees, and those that its line by line reading passes over (``int | None``)."""
    import nbformat
    from papermill import inspect_notebook

    # papermill fills in what stands between braces of a path
    seen = inspect_notebook(str(path).replace("{", "{{").replace("}", "}}"))
    known = {}
    for name, found in seen.items():
        kind = _kind(found["inferred_type_name"], found["default"])
        known[name] = Parameter(name, kind, found["default"], found["help"])
    node = nbformat.read(path, as_version=4)
    cells = [cell.source for cell in node.cells if "parameters" in cell.metadata.get("tags", [])]
    try:
        statements = ast.parse(cells[0]).body if cells else []
    except SyntaxError:  # another language than Python
        return known
    for statement in statements:
        parameter = _assigned(statement)
        if parameter is not None:
            about = known[parameter.name].about if parameter.name in known else ""
            known[parameter.name] = replace(parameter, about=about)
    return known


def listed(parameters: Mapping[str, Parameter]) -> str:
    """Parameters one a line, with type, default and what they are."""
    language = get_language()
    lines = []
    for parameter in parameters.values():
        kind = f": {parameter.kind}" if parameter.kind else ""
        about = parameter.about if language == "both" else half(parameter.about, language)
        lines.append(f"  {parameter.name}{kind} = {parameter.default}   {about}".rstrip())
    return "\n".join(lines)


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
    known = {name: found for name, found in declared(notebook).items() if name not in set_otherwise}
    values = {}
    for name, value in pairs(given):
        if name in SET_BY_OPTIONS:
            raise KitError("run_parameter_is_option", name=name, option=SET_BY_OPTIONS[name])
        if name not in known:
            raise KitError("run_unknown_parameter", name=name, allowed=listed(known))
        try:
            values[name] = typed(value, known[name].kind)
        except ValueError:
            raise KitError("run_parameter_type", name=name, value=value, type=known[name].kind) from None
    return values


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


def typed(value, kind: str | None):
    """A text or a value as the declared type; ValueError when it is not of it."""
    if not isinstance(value, str):
        return value if kind is None else _from_value(value, KINDS[kind])
    if kind in ("list", "dict", None):
        return _literal(value, kind)
    return _from_text(value, KINDS[kind])


def _from_text(text: str, wanted: type):
    if wanted is bool:
        if text.lower() not in TRUE_OR_FALSE:
            raise ValueError(text)
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


def _literal(text: str, kind: str | None):
    """A text as the Python value that it writes; without a kind, a text that writes none is itself."""
    try:
        value = ast.literal_eval(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        value = text
    if kind is not None and type(value).__name__ != kind:
        raise ValueError(text)
    return value
