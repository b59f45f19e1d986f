"""What the instructor decides by hand: due dates, extensions, lateness, whose file it is, marks with a reason.

All of it stands in one file of the assignment, ``grading.toml``, which every regrade reads again and never writes.
"""

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from coursekit.messages import KitError
from coursekit.teach.assign.assignment import Assignment, read_due

from .marking import LatePolicy

EXAMPLE = """\
# 批改设置。去掉行首的 # 即生效；每次批改都会重读。 Grading settings: remove a # to use a line; read at every grading.

# [late]                # 迟交 lateness
# grace_minutes = 10
# per_day = 0.1         # 每迟一天扣所得分的 10 % · 10 % of what was earned for every day begun
# max_days = 7

# [extensions]          # 延期 extensions: student_id = date
# "20230001" = "2026-12-08"

# [whose]               # 分不清是谁的文件 files that could not be told: file = student_id
# "hw (2).ipynb" = "20230001"

# [[override]]          # 手工改分，一定要写理由 marks by hand, with a reason
# student_id = "20230001"
# question = "gold_share"   # 不写就是总分（0 到 1） leave out for the total (0 to 1)
# score = 1.0               # 占该题分值的比例 share of the question's weight
# reason = "题目有歧义 ambiguous wording"
"""


@dataclass(frozen=True)
class Override:
    """A mark given by hand: a share of the question's weight, or of the whole where ``question`` is None."""

    student_id: str
    score: float
    reason: str
    question: str | None = None


@dataclass(frozen=True)
class Settings:
    """grading.toml, checked."""

    late: LatePolicy = LatePolicy()
    extensions: dict[str, datetime] = field(default_factory=dict)
    whose: dict[str, str] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()


def read_settings(assignment: Assignment, questions) -> Settings:
    """The settings of an assignment; a wrong one is refused by name, before anything is graded."""
    path = assignment.folder / "grading.toml"
    if not path.exists():
        path.write_text(EXAMPLE, encoding="utf-8")
        return Settings()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise KitError("grading_toml", value=str(path), why=str(problem)) from None
    known = {"late", "extensions", "whose", "override"}
    _only(path, raw, known, "")
    _only(path, raw.get("late", {}), set(LatePolicy.__dataclass_fields__), "late.")
    for name, value in raw.get("late", {}).items():
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or value < 0
            or (name == "per_day" and value > 1)
        ):
            raise KitError(
                "grading_value",
                value=value,
                name=f"late.{name}",
                allowed="0 …" if name != "per_day" else "0 … 1",
            )
    extensions = {}
    for student, moment in raw.get("extensions", {}).items():
        _known_student(assignment, student, f"extensions.{student}")
        text = moment.isoformat() if isinstance(moment, (date, datetime)) else str(moment)
        extensions[student] = datetime.fromisoformat(read_due(text))
    for label, student in raw.get("whose", {}).items():
        _known_student(assignment, student, f'whose."{label}"')
    overrides = []
    for i, entry in enumerate(raw.get("override", []), 1):
        name = f"override {i}"
        _only(path, entry, {"student_id", "question", "score", "reason"}, name + ".")
        _known_student(assignment, entry.get("student_id"), name)
        if entry.get("question") is not None and entry["question"] not in questions:
            raise KitError(
                "grading_value",
                value=entry["question"],
                name=f"{name}.question",
                allowed=", ".join(questions),
            )
        score = entry.get("score")
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
            raise KitError("grading_value", value=score, name=f"{name}.score", allowed="0 … 1")
        if not str(entry.get("reason", "")).strip():
            raise KitError("grading_value", value="", name=f"{name}.reason", allowed="“…”")
        overrides.append(
            Override(entry["student_id"], float(score), str(entry["reason"]).strip(), entry.get("question"))
        )
    return Settings(
        LatePolicy(**raw.get("late", {})), extensions, dict(raw.get("whose", {})), tuple(overrides)
    )


def _only(path: Path, table, known: set[str], prefix: str) -> None:
    for key in table:
        if key not in known:
            raise KitError(
                "grading_key", value=f"{prefix}{key}", name=path.name, allowed=", ".join(sorted(known))
            )


def _known_student(assignment: Assignment, student, name: str) -> None:
    if student not in assignment.variants:
        raise KitError("grading_student", value=student, name=name, count=len(assignment.variants))
