"""What must be decided before a file can be added up: the readings that fit, what hangs on each,
and what was chosen.
"""

from dataclasses import dataclass, field, replace

from crmkit.core.errors import CrmkitError, refusal
from crmkit.core.messages import MESSAGES

from .columns import LISTS, Mapping

AS_IT_STANDS = "as_it_stands"


@dataclass(frozen=True)
class Outcome:
    """What a reading makes of the file; ``top_share`` is what the highest fifth of the customers bring."""

    rows: int
    amount_total: str | None
    customers: int
    top_share: float | None


def outcome_of(report) -> Outcome:
    """What a source that was opened anew comes to, by its CheckReport."""
    return Outcome(report.rows_used, report.amount_total, report.customers, None)


@dataclass(frozen=True)
class Reading:
    """One way to take the file: ``patch`` is what a mapping file must say for it."""

    id: str
    patch: dict
    words: str = ""  # key of its sentence; reading_<code>_<id> unless another is named
    fields: dict = field(default_factory=dict)
    reopens: bool = False  # the source must be opened anew for it
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Decision:
    """A question with its readings; with only one that fits, it is taken and said."""

    code: str
    readings: tuple[Reading, ...]
    column: str | None = None
    rows: int = 0
    fields: dict = field(default_factory=dict)
    words: str = ""  # key of its sentence without question_ or note_, unless it is the code
    certain: bool = False  # the first reading is taken, and a note says so

    def sentence(self, kind: str):
        return MESSAGES.pair(
            f"{kind}_{self.words or self.code}", column=self.column, rows=self.rows, **self.fields
        )

    def described(self) -> dict:
        """As JSON takes it."""
        zh, en = self.sentence("question")
        return {
            "code": self.code,
            "column": self.column,
            "rows": self.rows,
            "message_zh": zh,
            "message_en": en,
            "readings": [self._reading(reading) for reading in self.readings],
        }

    def _reading(self, reading: Reading) -> dict:
        key = reading.words or f"reading_{self.code}_{reading.id}"
        zh, en = MESSAGES.pair(key, column=self.column, **self.fields | reading.fields)
        outcome = reading.outcome
        return {
            "id": reading.id,
            "zh": zh,
            "en": en,
            "rows": outcome and outcome.rows,
            "amount_total": outcome and outcome.amount_total,
            "customers": outcome and outcome.customers,
            "top_share": outcome and outcome.top_share,
            "mapping": reading.patch,
        }

    def error(self) -> CrmkitError:
        """What refuses the file while the question is open."""
        choices = " | ".join(f"--answer {self.code}={reading.id}" for reading in self.readings)
        in_python = " | ".join(f'answers={{"{self.code}": "{reading.id}"}}' for reading in self.readings)
        return refusal(
            self.code,
            "open_question",
            column=self.column,
            question=self.sentence("question"),
            choices=choices,
            in_python=in_python,
        )

    def chosen(self, answer: str) -> Reading:
        """The reading with this id; CrmkitError when there is none."""
        for reading in self.readings:
            if reading.id == answer:
                return reading
        allowed = ", ".join(reading.id for reading in self.readings)
        raise CrmkitError("unknown_answer", value=answer, column=self.code, allowed=allowed)


def as_it_stands(code: str) -> Reading:
    """The reading that changes nothing."""
    return Reading(AS_IT_STANDS, {"as_read": [code]}, words=f"reading_{AS_IT_STANDS}")


def merged(before: dict, patch: dict) -> dict:
    """A mapping file's content with a patch: tables are merged, and the lists of names grow."""
    after = dict(before)
    for key, value in patch.items():
        held = after.get(key)
        if key in ("drop", "negative", "negative_prefixes") and isinstance(held, dict):
            after[key] = {
                **held,
                **{column: _grown(held.get(column, []), more) for column, more in value.items()},
            }
        elif isinstance(value, dict) and isinstance(held, dict):
            after[key] = {**held, **value}
        elif key in LISTS and isinstance(held, list):
            after[key] = _grown(held, value)
        else:
            after[key] = value
    return after


def _grown(held: list, more: list) -> list:
    return [*held, *(value for value in more if value not in held)]


def patched(mapping: Mapping, patch: dict) -> Mapping:
    """The mapping with what a reading adds to it."""
    held = {key: getattr(mapping, key) for key in patch}
    return replace(mapping, **merged(held, patch))
