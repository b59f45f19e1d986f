"""Lesson sources (MyST Markdown, read by jupytext) → checked cells; every problem names its file and line.

The format is described in CONTRIBUTING.md; tests/support/lessons/01_sample.md shows each feature once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from jupytext.myst import MystMetadataParsingError, myst_to_notebook

from coursekit.messages import MESSAGES
from crmkit.answers.forms import CHARTS, FORM_FIELDS, UNITS
from crmkit.core.catalogue import Catalogue

HERE = Path(__file__).parent
LANGUAGES = ("zh", "en")
FRONT_MATTER = ("titles", "minutes", "prerequisites", "frameworks", "kernelspec")
CELL_FIELDS = ("lang", "tags", "question")
KNOWN_TAGS = {
    "parameters": "the parameters, as papermill reads them",
    "report": "goes into the page that `run` writes",
    "report-first": "goes to the top of that page, as its summary",
    "hide-input": "the code is folded away",
    "explorer": "holds an explorer",
    "check": "tests the form of answers; may read them while they are still empty",
    "solution": "only in the solution notebook",
    "generate": "defines generate(seed)",
    "raises": "fails on purpose",
    "stable": "in the solution its output is stored, and compared by the tests",
}
# fields of a question besides the form of its answer (crmkit.answers.forms.FORM_FIELDS)
COMMON_FIELDS = ("id", "kind", "weight", "zh", "en", "depends_on", "must_compute")
GRADING_FIELDS = {
    "number": ("tolerance", "relative_tolerance"),
    "choice": (),
    "table": ("key", "tolerance", "relative_tolerance"),
    "chart": ("tolerance", "relative_tolerance"),
    "text": ("rubric", "sample"),
}
RESERVED_NAMES = {"answer", "lang", "seed", "crmkit", "generate", "term"}
CJK = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
FENCE = re.compile(r"^\s*(```+|~~~+)")
EXERCISE_MARK = re.compile(r'^\+\+\+\s*\{\s*"part"\s*:\s*"exercise"\s*\}\s*$')


@dataclass(frozen=True)
class Problem:
    """One thing to mend in a source: ``str(problem)`` is ``file:line: message`` in the language in force."""

    file: str
    line: int
    code: str
    fields: dict = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: " + MESSAGES.say(f"build_{self.code}", between=" / ", **self.fields)


class SourceError(ValueError):
    """Problems of one or more sources."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a source. ``line`` is where it opens, ``body`` the line of its first line of text."""

    kind: str  # markdown or code
    source: str
    line: int
    body: int
    lang: str | None = None
    tags: tuple[str, ...] = ()
    question: dict | None = None


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A lesson: what its front matter says, the cells of the lesson and those of its exercise (none: no exercise)."""

    path: Path
    titles: dict[str, str]
    minutes: int
    prerequisites: tuple[str, ...]
    frameworks: tuple[str, ...]
    cells: tuple[Cell, ...]
    exercise: tuple[Cell, ...] = ()

    @property
    def slug(self) -> str:
        return self.path.stem

    @property
    def questions(self) -> list[dict]:
        return [cell.question for cell in self.exercise if cell.question]


FRAMEWORKS = Catalogue(HERE / "frameworks.toml")  # slug → number, zh, en


def read_lesson(path: Path, *, prerequisites: set[str] | None = None, name: str | None = None) -> Lesson:
    """Read and check one source; raises :class:`SourceError` with everything that is wrong in it.

    ``prerequisites`` are the slugs that exist (None: not checked), ``name`` is how messages call the file.
    """
    from .lesson_lint import code_problems, exercise_problems

    name = name or path.name
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    problems: list[Problem] = []

    def report(line: int, code: str, **fields) -> None:
        problems.append(Problem(name, line, code, fields))

    try:
        notebook = myst_to_notebook(text, add_source_map=True)
    except (MystMetadataParsingError, yaml.YAMLError) as error:
        found = re.search(r"at line (\d+)", str(error))
        report(int(found[1]) if found else 1, "unreadable", why=" ".join(str(error).split()))
        raise SourceError(problems) from None

    head = _front_matter(notebook.metadata, lines, prerequisites, report)
    marks = [i for i, line in enumerate(lines, 1) if EXERCISE_MARK.match(line)]
    for extra in marks[1:]:
        report(extra, "second_exercise", first=marks[0])
    cells = [
        _cell(c, line, lines, report) for c, line in zip(notebook.cells, notebook.metadata["source_map"])
    ]
    split = marks[0] if marks else len(lines) + 1
    parts = {"lesson": [c for c in cells if c.line < split], "exercise": [c for c in cells if c.line > split]}
    for part, members in parts.items():
        if (
            (members or not marks) if part == "lesson" else marks
        ):  # a pack of an instructor's may be an exercise alone
            _check_title(members, 1 if part == "lesson" else split, report)
            _check_pairs(members, report)
            code_problems(members, report)
    for cell in parts["lesson"]:
        if cell.question:
            report(cell.line, "question_outside_exercise")
    if marks:
        _check_questions(parts["exercise"], report)
        exercise_problems(parts["exercise"], split, report)
    if problems:
        raise SourceError(sorted(problems, key=lambda p: p.line))
    return Lesson(path=path, cells=tuple(parts["lesson"]), exercise=tuple(parts["exercise"]), **head)


def _line_of(lines: list[str], word: str) -> int:
    found = (i for i, line in enumerate(lines, 1) if re.match(rf"\s*{re.escape(word)}\s*:", line))
    return next(found, 1)


def _front_matter(metadata, lines, known_lessons, report) -> dict:
    for key in metadata:
        if key not in (*FRONT_MATTER, "source_map", "jupyter"):
            code = "front_matter_title" if key == "title" else "front_matter_key"
            report(_line_of(lines, key), code, key=key, allowed=", ".join(FRONT_MATTER))
    titles = metadata.get("titles")
    if not isinstance(titles, dict) or not all(
        isinstance(titles.get(k), str) and titles[k].strip() for k in LANGUAGES
    ):
        report(_line_of(lines, "titles"), "titles")
        titles = {}
    minutes = metadata.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes <= 0:
        report(_line_of(lines, "minutes"), "minutes", value=minutes)
    lists = {}
    for key, known in (("prerequisites", known_lessons), ("frameworks", set(FRAMEWORKS))):
        values = metadata.get(key, [])
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            report(_line_of(lines, key), "front_matter_list", key=key)
            values = []
        for value in values:
            if known is not None and value not in known:
                report(
                    _line_of(lines, key),
                    f"unknown_{key}",
                    value=value,
                    allowed=", ".join(sorted(known)) or "—",
                )
        lists[key] = tuple(values)
    if metadata.get("kernelspec", {}).get("language") != "python":
        report(_line_of(lines, "kernelspec"), "kernelspec")
    return {"titles": dict(titles), "minutes": minutes, **lists}


def _cell(cell, line: int, lines: list[str], report) -> Cell:
    meta = cell.metadata
    for key in meta:
        if key not in CELL_FIELDS:
            report(line, "cell_field", key=key, allowed=", ".join(CELL_FIELDS))
    if cell.cell_type not in ("markdown", "code"):
        report(line, "cell_type", kind=cell.cell_type)
    tags = meta.get("tags", [])
    if not isinstance(tags, list):
        report(line, "tags_list", value=tags)
        tags = []
    for tag in tags:
        if tag not in KNOWN_TAGS:
            report(line, "unknown_tag", tag=tag, allowed=", ".join(KNOWN_TAGS))
    lang = meta.get("lang")
    if lang not in (None, *LANGUAGES):
        report(line, "unknown_lang", value=lang)
        lang = None
    question = meta.get("question")
    if question is not None and (cell.cell_type != "code" or not isinstance(question, dict)):
        report(line, "question_place")
        question = None
    body = cell.source.splitlines()
    first = (
        next((i for i in range(line - 1, len(lines)) if lines[i : i + len(body)] == body), line)
        if body
        else line
    )
    return Cell(
        kind=cell.cell_type,
        source=cell.source.rstrip(),
        line=line,
        body=first + 1,
        lang=lang,
        tags=tuple(tags),
        question=_plain(question),
    )


def _plain(value):
    """Without nbformat's own dict type, so that equal sources give equal text."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def headings(source: str) -> Iterator[tuple[int, int, str]]:
    """(line offset, level, text) of the headings of a Markdown text, those in code fences left out."""
    fence = None
    for offset, line in enumerate(source.splitlines()):
        mark = FENCE.match(line)
        if mark and (fence is None or mark[1].startswith(fence)):
            fence = None if fence else mark[1]
        elif fence is None and (found := re.match(r"(#{1,6})\s+(.*)", line)):
            yield offset, len(found[1]), found[2]


def _check_title(cells: list[Cell], line: int, report) -> None:
    for lang in LANGUAGES:
        first = next((c for c in cells if c.kind == "markdown" and c.lang == lang), None)
        if first is None or next((level for _, level, _ in headings(first.source)), None) != 1:
            report(first.line if first else line, "no_title", lang=lang)


def _check_pairs(cells: list[Cell], report) -> None:
    """Each zh cell is followed by its en cell, of the same kind, with the same tags and headings."""
    index = 0
    while index < len(cells):
        cell, pair = cells[index], cells[index + 1] if index + 1 < len(cells) else None
        index += 1
        if cell.lang is None:
            if cell.kind == "markdown" and _has_letters(cell.source):
                report(cell.line, "prose_without_lang")
        elif cell.lang == "en":
            report(cell.line, "unpaired", lang="en", other="zh")
        elif pair is None or pair.lang != "en" or pair.kind != cell.kind:
            report(cell.line, "unpaired", lang="zh", other="en")
        else:
            index += 1
            if cell.tags != pair.tags:
                report(pair.line, "pair_tags", zh=", ".join(cell.tags) or "—", en=", ".join(pair.tags) or "—")
            if cell.kind == "markdown":
                levels = [[level for _, level, _ in headings(c.source)] for c in (cell, pair)]
                if levels[0] != levels[1]:
                    report(pair.line, "heading_levels", zh=levels[0], en=levels[1])
                if not CJK.search(cell.source):
                    report(cell.line, "not_chinese")
                if len(CJK.findall(pair.source)) > len(re.findall(r"[A-Za-z]", pair.source)):
                    report(pair.line, "not_english")


def _has_letters(source: str) -> bool:
    """Whether a Markdown text says something: not in a formula, a link's target, a tag or code."""
    source = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|<[^>]*>|`[^`]*`", "", source, flags=re.DOTALL)
    return bool(CJK.search(source) or re.search(r"[A-Za-z]{2,}", source))


def _check_questions(cells: list[Cell], report) -> None:
    seen: list[str] = []
    for cell in cells:
        if cell.question is None:
            continue
        for code, fields in _question_problems(cell.question, seen):
            report(cell.line, code, id=cell.question.get("id"), **fields)
        if isinstance(cell.question.get("id"), str):
            seen.append(cell.question["id"])


def _question_problems(question: dict, earlier: list[str]) -> Iterator[tuple[str, dict]]:
    kind, name = question.get("kind"), question.get("id")
    if kind not in FORM_FIELDS:
        yield "question_kind", {"value": kind, "allowed": ", ".join(FORM_FIELDS)}
        return
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in RESERVED_NAMES:
        yield "question_id", {"reserved": ", ".join(sorted(RESERVED_NAMES))}
    elif name in earlier:
        yield "question_twice", {}
    allowed = (*COMMON_FIELDS, *FORM_FIELDS[kind], *GRADING_FIELDS[kind])
    for key in question:
        if key not in allowed:
            yield "question_field", {"key": key, "kind": kind, "allowed": ", ".join(allowed)}
    for key in LANGUAGES:
        if not isinstance(question.get(key), str) or not question[key].strip():
            yield "question_wording", {"lang": key}
    for key in (
        "weight",
        "tolerance",
        "relative_tolerance",
        "minimum",
        "maximum",
        "rows",
        "min_words",
        "max_words",
    ):
        value = question.get(key, 1)
        below_zero = key not in ("minimum", "maximum") and isinstance(value, (int, float)) and value < 0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or below_zero:
            yield "question_number", {"key": key, "value": value}
    for key in ("must_compute", "integer", "labelled", "allow_missing"):
        if not isinstance(question.get(key, False), bool):
            yield "question_flag", {"key": key, "value": question[key]}
    for wanted in question.get("depends_on", []):
        if wanted not in earlier:
            yield "question_depends", {"value": wanted, "allowed": ", ".join(earlier) or "—"}
    if kind == "number":
        if question.get("unit") not in (None, *UNITS):
            yield "question_unit", {"value": question["unit"], "allowed": ", ".join(UNITS)}
        if "tolerance" not in question and "relative_tolerance" not in question:
            yield "question_tolerance", {}
    if kind == "choice":
        options = question.get("options")
        whole = isinstance(options, list) and all(
            isinstance(o, dict)
            and set(o) == {"id", "zh", "en"}
            and all(isinstance(v, str) for v in o.values())
            for o in options
        )
        if not whole or len(options) < 2 or len({o["id"] for o in options}) < len(options):
            yield "question_options", {}
    if kind == "table":
        columns = question.get("columns")
        if not isinstance(columns, list) or not columns or not set(question.get("key", [])) <= set(columns):
            yield "question_columns", {}
    if kind == "chart" and question.get("expects") not in CHARTS:
        yield "question_expects", {"allowed": ", ".join(CHARTS)}
    if kind == "text":
        for key in ("rubric", "sample"):
            pair = question.get(key)
            whole = isinstance(pair, dict) and set(pair) == set(LANGUAGES)
            if not whole or not all(isinstance(v, str) for v in pair.values()):
                yield "question_text", {"key": key}
