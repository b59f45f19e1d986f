"""One student's page: what every answer earned and why."""

from dataclasses import dataclass
from pathlib import Path

from coursekit.lessons.exercise import Exercise
from coursekit.teach.assign.assignment import Assignment, Variant
from coursekit.teach.assign.platforms import PLATFORMS, platform_name, zipped
from coursekit.teach.pages import Words, part, words_in, write_page
from crmkit.answers.shown import preview
from crmkit.core.files import put
from crmkit.core.language import written_in

from .graded import Graded
from .marking import QuestionMark
from .shown_tables import ShownTable, own_table, right_table

PAGE = "feedback.html"
LONGEST = 3000  # characters of an answer that are shown


def write_feedback(
    out: Path, about: Assignment, exercise: Exercise, mine: Graded, *, release: bool = False
) -> None:
    """The page of one student, in that student's language (both: one below the other).

    ``release``: with the right answers.
    """
    variant = about.variants[mine.student_id]
    languages = written_in(variant.language)
    write_page(
        _page_of(out, variant),
        title=about.titles[languages[0]],
        lang=languages[0],
        parts=[feedback(lang, about, exercise, mine, variant, release) for lang in languages],
    )


def pack_feedback(out: Path, about: Assignment) -> None:
    """Everybody's page in one archive for each platform, as it takes them: feedback_moodle.zip, feedback_canvas.zip."""
    pages = {}
    for variant in about.variants.values():
        page = _page_of(out, variant)
        if page.is_file():
            pages[variant.student_id] = page.read_bytes()
    for platform in PLATFORMS:
        members = {}
        for student, raw in pages.items():
            members[platform_name(about.variants[student], platform, PAGE)] = raw
        put(out / f"feedback_{platform}.zip", zipped(members))


def _page_of(out: Path, variant: Variant) -> Path:
    return out / "feedback" / variant.folder / PAGE


def feedback(lang: str, about: Assignment, exercise: Exercise, mine: Graded, variant: Variant, release: bool):
    """A student's page in one language."""
    words = words_in(lang)
    counted = [one for one in mine.questions if not one.exempt]
    return part(
        "grade/feedback.html",
        lang,
        title=about.titles[lang],
        variant=variant,
        mine=mine,
        late=how_late(mine.late_minutes, words),
        points=f"{sum(one.weight for one in counted):g}",
        earned=f"{sum(one.weight * (one.score or 0) for one in counted):.4g}",
        when=(mine.when or "")[:16].replace("T", " "),
        answers=[
            shown(one, exercise.questions[one.question], lang, words, release) for one in mine.questions
        ],
    )


@dataclass(frozen=True)
class ShownAnswer:
    """A question, the answer and what it earned, in words of one language."""

    question: str
    asked: str
    answer: str
    earned: str
    weight: str
    reason: str
    followed: bool
    exempt: bool
    css: str
    table: ShownTable | None  # of an answer with wrong cells: which
    right: str  # the right answer, once it is released
    right_table: ShownTable | None


def shown(one: QuestionMark, question: dict, lang: str, words: Words, release: bool) -> ShownAnswer:
    released = release and one.score != 1 and one.right is not None
    return ShownAnswer(
        question=one.question,
        asked=question[lang].strip(),
        answer=answer_text(one, question, lang, words)[:LONGEST],
        earned="—" if one.score is None else f"{one.score * one.weight:g}",
        weight=f"{one.weight:g}",
        reason=one.reason[lang],
        followed=one.followed,
        exempt=one.exempt,
        css=css_of(one.score),
        table=own_table(one, question),
        right=right_text(one, question, lang)[:LONGEST] if released else "",
        right_table=right_table(one, question) if released else None,
    )


def answer_text(one: QuestionMark, question: dict, lang: str, words: Words) -> str:
    if one.value is None:
        return words("answer_nothing")
    if question["kind"] == "text":
        return str(one.value)
    zh, en = preview(question, one.value)
    return zh if lang == "zh" else en


def right_text(one: QuestionMark, question: dict, lang: str) -> str:
    """The right answer in words; of a text, the one that was written as an example."""
    if question["kind"] == "text":
        return question["sample"][lang]
    zh, en = preview(question, one.right)
    return zh if lang == "zh" else en


def css_of(score: float | None) -> str:
    if score is None:
        return "small"
    if score == 1:
        return "ok"
    return "no" if score == 0 else "part"


def how_late(minutes: float, words: Words) -> str:
    """Lateness in the unit that a person would use."""
    if minutes < 120:
        return words("late_minutes", number=f"{minutes:.0f}")
    hours = minutes / 60
    if hours < 48:
        return words("late_hours", number=f"{hours:.1f}")
    return words("late_days", number=f"{hours / 24:.1f}")
