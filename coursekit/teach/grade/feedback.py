"""One student's page: what every answer earned and why."""

from dataclasses import dataclass
from pathlib import Path

from coursekit.lessons.exercise import Exercise
from coursekit.teach.assign.assignment import Assignment, Variant
from coursekit.teach.assign.platforms import PLATFORMS, platform_name, zipped
from coursekit.teach.pages import Words, part, spoken, words_in, write_page
from crmkit.answers.shown import preview
from crmkit.core.files import put

from .graded import Graded
from .marking import QuestionMark

PAGE = "feedback.html"
LONGEST = 3000  # characters of an answer that are shown


def write_feedback(out: Path, about: Assignment, exercise: Exercise, mine: Graded) -> None:
    """The page of one student, in that student's language (both: one below the other)."""
    variant = about.variants[mine.student_id]
    languages = spoken(variant.language)
    write_page(
        _page_of(out, variant),
        title=about.titles[languages[0]],
        lang=languages[0],
        parts=[feedback(lang, about, exercise, mine, variant) for lang in languages],
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


def feedback(lang: str, about: Assignment, exercise: Exercise, mine: Graded, variant: Variant):
    """A student's page in one language."""
    words = words_in(lang)
    return part(
        "grade/feedback.html",
        lang,
        title=about.titles[lang],
        variant=variant,
        mine=mine,
        late=how_late(mine.late_minutes, words),
        points=f"{sum(one.weight for one in mine.questions):g}",
        earned=f"{sum(one.weight * (one.score or 0) for one in mine.questions):.4g}",
        when=(mine.when or "")[:16].replace("T", " "),
        answers=[shown(one, exercise.questions[one.question], lang, words) for one in mine.questions],
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
    css: str


def shown(one: QuestionMark, question: dict, lang: str, words: Words) -> ShownAnswer:
    return ShownAnswer(
        question=one.question,
        asked=question[lang].strip(),
        answer=answer_text(one, question, lang, words)[:LONGEST],
        earned="—" if one.score is None else f"{one.score * one.weight:g}",
        weight=f"{one.weight:g}",
        reason=one.reason[lang],
        followed=one.followed,
        css=css_of(one.score),
    )


def answer_text(one: QuestionMark, question: dict, lang: str, words: Words) -> str:
    if one.value is None:
        return words("answer_nothing")
    if question["kind"] == "text":
        return str(one.value)
    zh, en = preview(question, one.value)
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
