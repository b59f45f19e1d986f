"""The marking screen: a page that a marker opens without a network, and the files that it saves, read back by `grade`.

A text is known by its own mark (`text_id`) alone: no page and no file of a marker's names a student. Points of the
screens take their place in the marking sheet, which holds everybody's; two markers who differ leave a text open until
they agree.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from coursekit.lessons.exercise import Exercise
from coursekit.messages import MESSAGES, KitError
from coursekit.pages import environment
from coursekit.records import EXACT, read_record
from coursekit.sandbox.cleaning import clean_text
from crmkit.core.files import put
from crmkit.core.language import WRITTEN

from .graded import Graded, Grading
from .marking_sheet import FILE as SHEET
from .marking_sheet import Given, read_marking_sheet, text_id

PAGE, SAVED = "marking.html", "marking_*.json"
FORMAT, VERSION = "crmkit marking", 1
LARGEST = 20_000_000  # bytes of what a marker saved
# one demand of a rubric, and what it earns: “… (1 point)”, “……（至少两点，1 分）”
DEMAND = re.compile(
    r"(?P<demand>.+?)[（(](?:(?P<more>[^（()）]*)[，,]\s*)?(?P<most>\d+(?:\.\d+)?)\s*(?:分|points?)[)）][;；。.,，]?",
    re.DOTALL,
)
# the words of the page
WORDS = (
    "title",
    "marker",
    "load",
    "save",
    "language",
    "compare",
    "mark",
    "progress",
    "keys",
    "previous",
    "next",
    "open_next",
    "sample",
    "comment",
    "sum",
    "nothing_differs",
    "two_files",
    "not_ours",
    "other_task",
    "saved",
    "no_marker",
    "bad_points",
    "where",
)


@dataclass(frozen=True)
class Mark:
    """What a marker gave to one text: points for each demand of the rubric; an empty list where it is still open."""

    __pydantic_config__ = EXACT
    question: str
    text: str
    points: list[float]
    comment: str


@dataclass(frozen=True)
class Marked:
    """What one marker saved, or what two have agreed upon."""

    __pydantic_config__ = EXACT
    format: str
    version: int
    task: str
    marker: str
    agreed: bool
    saved: str
    marks: list[Mark]


def criteria(question: dict) -> list[dict]:
    """The demands of a rubric in both languages and what each earns; one for all where it does not say so itself."""
    found = {lang: [*DEMAND.finditer(question["rubric"][lang])] for lang in WRITTEN}
    most = {lang: [float(one["most"]) for one in found[lang]] for lang in WRITTEN}
    weight = float(question.get("weight", 1))
    if most["zh"] != most["en"] or sum(most["zh"]) != weight:
        return [{**{lang: question["rubric"][lang].strip() for lang in WRITTEN}, "most": weight}]
    demands = []
    for zh, en in zip(found["zh"], found["en"]):
        demands.append({"zh": _bare(zh), "en": _bare(en), "most": float(zh["most"])})
    return demands


def _bare(found: re.Match) -> str:
    """A demand without its bullet and its points."""
    more = f" ({found['more']})" if found["more"] else ""
    return " ".join(found["demand"].split()).removeprefix("- ").strip() + more


# --- the page ---------------------------------------------------------------------------------------------------------


def write_marking_screen(out: Path, grading: Grading) -> None:
    """The page with every text answer once, in the order of their marks, which says nothing of the students."""
    questions = grading.exercise.questions
    texts = {(one.question, text_id(one.value)): clean_text(str(one.value)) for _, one in grading.texts}
    if not texts:
        return
    places = list(questions)
    held = {
        "format": FORMAT,
        "version": VERSION,
        "task": task_of(grading.exercise),
        "questions": {name: _shown(questions[name]) for name in dict.fromkeys(name for name, _ in texts)},
        "answers": [
            {"question": name, "text": text, "answer": texts[name, text]}
            for name, text in sorted(texts, key=lambda key: (places.index(key[0]), key[1]))
        ],
        "words": {lang: {word: _word(word, lang) for word in WORDS} for lang in WRITTEN},
    }
    put(out / PAGE, page(held))


def page(held: dict) -> str:
    """The page: what it shows stands in it as data, and the one script that may run is known by its digest."""
    templates = environment("coursekit.teach")
    script = templates.get_template("grade/marking_screen.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    filled = templates.get_template("grade/marking_screen.html")
    return filled.render(held=held, script=script, digest=digest)


def _shown(question: dict) -> dict:
    return {
        "wording": {lang: question[lang] for lang in WRITTEN},
        "sample": {lang: question["sample"][lang] for lang in WRITTEN},
        "criteria": criteria(question),
    }


def _word(word: str, lang: str) -> str:
    return getattr(MESSAGES.pair(f"screen_{word}"), lang)


def task_of(exercise: Exercise) -> str:
    """What the marks are for: the exercise's texts with their rubrics; another rubric is another task."""
    asked = {
        name: [question["rubric"], question.get("weight", 1)]
        for name, question in exercise.questions.items()
        if question["kind"] == "text"
    }
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


# --- what markers saved -----------------------------------------------------------------------------------------------


def points_given(out: Path, exercise: Exercise, graded: dict[str, Graded]) -> dict[tuple[str, str], Given]:
    """(student, question) → what people gave: of the screens where they speak of the text, else of the sheet."""
    given = read_marking_sheet(out / SHEET, graded)
    on_screen = reconciled(read_marked(out, exercise))
    for student, mine in graded.items():
        for one in mine.questions:
            found = on_screen.get((one.question, text_id(one.value)))
            if one.state != "recorded" or found is None:
                continue
            given[student, one.question] = found
            if found.points is None:
                mine.flags.append("markers_differ")
    return given


def read_marked(out: Path, exercise: Exercise) -> list[Marked]:
    """The files that markers saved and put beside the sheet, the oldest first. Errors: KitError that names the file."""
    texts = {name: criteria(q) for name, q in exercise.questions.items() if q["kind"] == "text"}
    found = []
    for path in sorted(out.glob(SAVED)):
        try:
            if path.stat().st_size > LARGEST:
                raise ValueError(f"> {LARGEST:,} B")
            fields = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as problem:
            why = f"{type(problem).__name__}: {problem}"[:300]
            raise KitError("marking_unreadable", value=str(path), why=why) from None
        one = read_record(Marked, fields, file=path)
        if one.format != FORMAT or one.version != VERSION or one.task != task_of(exercise):
            raise KitError("marking_other_task", value=str(path))
        for mark in one.marks:
            _require_points(mark, texts.get(mark.question), path)
        found.append(one)
    return sorted(found, key=lambda one: one.saved)


def _require_points(mark: Mark, demands: list[dict] | None, path: Path) -> None:
    if demands is None or not mark.points:
        return  # a question that is no more, or a text that is still open
    most = [demand["most"] for demand in demands]
    allowed = ", ".join(f"0 … {one:g}" for one in most)
    right = len(mark.points) == len(most) and all(0 <= p <= m for p, m in zip(mark.points, most))
    if not right:
        value = ", ".join(f"{p:g}" for p in mark.points)
        raise KitError("screen_points", value=value, name=path.name, question=mark.question, allowed=allowed)


def reconciled(files: Iterable[Marked]) -> dict[tuple[str, str], Given]:
    """(question, text) → points; what was agreed upon, else what all its markers gave alike. No points: they differ.

    Of several files of one marker the one saved last speaks.
    """
    agreed: dict[tuple[str, str], Mark] = {}
    by_marker: dict[tuple[str, str], dict[str, Mark]] = {}
    for one in files:
        for mark in one.marks:
            if not mark.points:
                continue
            key = (mark.question, mark.text)
            if one.agreed:
                agreed[key] = mark
            else:
                by_marker.setdefault(key, {})[one.marker] = mark
    given = {}
    for key in {**by_marker, **agreed}:
        marks = [agreed[key]] if key in agreed else [*by_marker[key].values()]
        totals = {round(sum(mark.points), 6) for mark in marks}
        comments = dict.fromkeys(mark.comment.strip() for mark in marks if mark.comment.strip())
        points = totals.pop() if len(totals) == 1 else None
        given[key] = Given(points, " / ".join(comments), key[1])
    return given
