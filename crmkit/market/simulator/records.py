"""Dataclasses as plain tables and back, for JSON and TOML: the parts of a field follow from its type."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import require_choice

T = TypeVar("T")


def to_record(part: Any) -> Any:
    """A dataclass as a table of plain numbers, text, lists and tables; a field that is None is left out."""
    if is_dataclass(part):
        values = {field.name: getattr(part, field.name) for field in fields(part)}
        return {name: to_record(value) for name, value in values.items() if value is not None}
    if isinstance(part, Mapping):
        return {key: to_record(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [to_record(value) for value in part]
    return part


def from_record(cls: type[T], table: Mapping, *, where: str = "") -> T:
    """The dataclass that ``table`` describes; ``where`` it stands is named in errors.

    Errors: CrmkitError that lists the names allowed where one is unknown or missing, or what should be a table is none.
    """
    allowed = [field.name for field in fields(cls)]
    if not isinstance(table, Mapping):
        raise _not_a_table(where, table, allowed)
    kinds = get_type_hints(cls)
    parts = {}
    for name, value in table.items():
        require_choice(name, allowed, name=f"{where}.…" if where else "…")
        parts[name] = _read(kinds[name], value, where=f"{where}.{name}" if where else name)
    try:
        return cls(**parts)
    except TypeError as error:  # a name is missing, or a value is of a kind that cannot be compared
        raise _not_a_table(where, error, allowed) from error


def _read(kind: Any, value: Any, *, where: str) -> Any:
    """A value as its field's type has it, as far as that holds dataclasses; the rest is for the dataclass to check."""
    if is_dataclass(kind):
        return from_record(kind, value, where=where) if isinstance(value, Mapping) else value
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType and isinstance(value, Mapping):
        [*dataclasses] = filter(is_dataclass, arguments)
        return _read(dataclasses[0], value, where=where) if dataclasses else value
    if origin is tuple and isinstance(value, list):
        return tuple(_read(arguments[0], part, where=where) for part in value)
    if origin is Mapping and is_dataclass(arguments[1]):
        if not isinstance(value, Mapping) or not all(isinstance(part, Mapping) for part in value.values()):
            raise CrmkitError("market_table", value=where, why=f"{where} = {value}", allowed=f"[{where}.…]")
        return {key: _read(arguments[1], part, where=f"{where}.{key}") for key, part in value.items()}
    return value


def _not_a_table(where: str, why: Any, allowed: list[str]) -> CrmkitError:
    return CrmkitError("market_table", value=where, why=str(why), allowed=", ".join(allowed))
