"""How marks over several assignments are reckoned: weights, what is dropped, how it is rounded, and the grades."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from coursekit.messages import KitError
from coursekit.records import EXACT, WrongField, from_fields
from coursekit.teach.assign.toml_file import read_toml
from crmkit.core.files import put

FILE = "marks.toml"
EXAMPLE = Path(__file__).with_name("marks_example.toml")
SCALES = Path(__file__).with_name("scales.toml")
LONGEST = 200  # characters of what stands in the file that a message shows
Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Scale = Annotated[dict[str, Points], Field(min_length=1)]
EXACT_DIGITS = 6  # of points before they are rounded: what is below, the gradebooks do not hold


def usual_scale(name: str) -> dict[str, float]:
    """Grade → the points from which it is given, where the rules say nothing else."""
    return tomllib.loads(SCALES.read_text(encoding="utf-8"))[name]


@dataclass(frozen=True)
class MarkRules:
    """marks.toml: grade → the points from which it is given; one of them is given from 0."""

    __pydantic_config__ = EXACT

    weights: dict[str, Weight] = field(default_factory=dict)
    drop_lowest: Annotated[int, Field(ge=0, le=100)] = 0
    missing: Literal["zero", "left_out"] = "zero"
    not_given: Literal["left_out", "zero"] = "left_out"
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    five: Scale = field(default_factory=lambda: usual_scale("five"))
    letters: Scale = field(default_factory=lambda: usual_scale("letters"))

    def weight(self, assignment: str) -> float:
        """What an assignment weighs: 1 where nothing is said of it."""
        return self.weights.get(assignment, 1.0)

    def rounded(self, points: float) -> Decimal:
        """Half up, as people round: 89.5 is 90, and 0.5 more than an even number as well."""
        exact = Decimal(f"{points:.{EXACT_DIGITS}f}")
        return exact.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)


def grade_of(points: Decimal, scale: dict[str, float]) -> str:
    """The best grade whose points are reached; the points are rounded already."""
    best_first = sorted(scale, key=lambda grade: scale[grade], reverse=True)
    for grade in best_first:
        if points >= Decimal(str(scale[grade])):
            return grade
    return best_first[-1] if best_first else ""


def _require_whole(name: str, scale: dict[str, float]) -> None:
    """Errors: KitError where no grade is given from 0, or a better one from fewer points than a worse one."""
    lowest = min(scale, key=lambda grade: scale[grade])
    if scale[lowest] > 0:
        raise KitError("marks_no_lowest", value=lowest, name=name, file=FILE, points=f"{scale[lowest]:g}")
    best_first = [scale[grade] for grade in usual_scale(name) if grade in scale]
    if best_first != sorted(best_first, reverse=True):
        said = ", ".join(f"{grade} = {points:g}" for grade, points in scale.items())
        raise KitError(
            "marks_scale_order", value=said, name=name, file=FILE, allowed=" > ".join(usual_scale(name))
        )


def read_rules(out: Path, assignments: Collection[str]) -> MarkRules:
    """The rules in ``out``; an example, all of it comments, is laid where there is none. Errors: KitError."""
    path = out / FILE
    if not path.exists():
        put(path, EXAMPLE.read_bytes())
        return MarkRules()
    raw = read_toml(path)
    try:
        rules = from_fields(MarkRules, raw)
    except WrongField as wrong:
        if wrong.unknown:
            known = ", ".join(sorted(one.name for one in fields(MarkRules)))
            raise KitError("grading_key", value=wrong.field, name=FILE, allowed=known) from None
        said = str(wrong.value)[:LONGEST]
        raise KitError(
            "grading_value", value=said, name=wrong.field, file=FILE, allowed=wrong.allowed
        ) from None
    except (ValueError, RecursionError) as problem:
        raise KitError("grading_toml", value=str(path), why=str(problem)[:LONGEST]) from None
    for name in ("five", "letters"):
        _require_whole(name, getattr(rules, name))
    for named in rules.weights:
        if named not in assignments:
            raise KitError(
                "grading_value",
                value=named[:LONGEST],
                name="weights",
                file=FILE,
                allowed=", ".join(assignments),
            )
    return rules
