"""Dataclasses from JSON and TOML: checked field by field,
and a mistake is told with the file and the field it stands in.
"""

import json
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from coursekit.messages import MESSAGES, KitError

Record = TypeVar("Record")
EXACT = ConfigDict(
    extra="forbid"
)  # as __pydantic_config__ of a dataclass: a field that it does not have is a mistake
UNKNOWN = "unexpected_keyword_argument"  # what pydantic calls such a field
# pydantic's kinds of mistakes → our messages of what is allowed
ALLOWED = {
    UNKNOWN: "record_no_such_field",
    "missing": "record_needed",
    "string_type": "record_text",
    "string_too_short": "record_text",
    "float_type": "record_number",
    "finite_number": "record_number",
    "int_type": "record_whole_number",
    "int_from_float": "record_whole_number",
    "bool_type": "record_truth",
    "list_type": "record_list",
    "dict_type": "record_table",
    "dataclass_type": "record_table",
}


class WrongField(ValueError):
    """A field that is not as it should be: which one, what stands there, and what is allowed."""

    def __init__(self, mistake: dict):
        self.field = ".".join(map(str, mistake["loc"]))
        self.unknown = mistake["type"] == UNKNOWN
        self.value = "—" if mistake["type"] == "missing" else mistake["input"]
        self.allowed = _allowed(mistake)
        super().__init__(f"{self.field}: {self.allowed}")


def _allowed(mistake: dict) -> str:
    kind = mistake["type"]
    if kind == "greater_than_equal":
        return f"≥ {mistake['ctx']['ge']:g}"
    if kind == "less_than_equal":
        return f"≤ {mistake['ctx']['le']:g}"
    if kind == "literal_error":
        return mistake["ctx"]["expected"]
    if kind == "value_error":  # of a check of our own
        return str(mistake["ctx"]["error"])
    return MESSAGES.say(ALLOWED[kind], between=" ") if kind in ALLOWED else mistake["msg"]


def from_fields(kind: type[Record], fields: object) -> Record:
    """A dataclass from plain tables, lists, texts and numbers, its own dataclasses included. Errors: WrongField."""
    # as JSON, where strict means: a number is no text and no truth value, a table may become a dataclass
    text = json.dumps(fields, default=str)
    try:
        return _adapter(kind).validate_json(text, strict=True)
    except ValidationError as problem:
        mistake = problem.errors(include_url=False)[0]
    raise WrongField(mistake)


def read_record(kind: type[Record], fields: object, *, file: Path, within: str = "") -> Record:
    """``from_fields`` of what stands in a file, at ``within``. Errors: KitError that names the file and the field."""
    try:
        return from_fields(kind, fields)
    except WrongField as wrong:
        place = ".".join(part for part in (within, wrong.field) if part)
        raise KitError("record_field", value=str(file), field=place, allowed=wrong.allowed) from None


@cache
def _adapter(kind: type) -> TypeAdapter:
    return TypeAdapter(kind)
