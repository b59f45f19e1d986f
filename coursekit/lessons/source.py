"""Lesson sources (MyST Markdown, read by jupytext) → checked cells; every problem names its file and line.

The format is described in CONTRIBUTING.md; tests/support/lessons/01_sample.md shows each feature once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from crmkit.answers.forms import CHARTS, FORM_FIELDS, MAX_WORDS, UNITS, BadForm, read_answer
from crmkit.core.catalogue import Catalogue
from crmkit.core.language import WRITTEN

from .cells import CJK, Cell
from .lesson_lint import code_problems, exercise_problems
from .references import References, cited

HERE = Path(__file__).parent
FRONT_MATTER = ("titles", "about", "minutes", "prerequisites", "frameworks", "kernelspec", "sources")
WHOSE = ("source", "published", "ours")
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
COMMON_FIELDS = ("id", "objectives", "kind", "weight", "zh", "en", "depends_on", "must_compute")
GRADING_FIELDS = {
    "number": ("tolerance", "relative_tolerance"),
    "choice": (),
    "table": ("key", "tolerance", "relative_tolerance"),
    "chart": ("tolerance", "relative_tolerance"),
    "text": ("rubric", "sample"),
}
# fields whose value is a number, and those that are true or false
NUMBERS = (
    "weight",
    "tolerance",
    "relative_tolerance",
    "minimum",
    "maximum",
    "rows",
    "min_words",
    "max_words",
)
MAY_BE_NEGATIVE = ("minimum", "maximum")
FLAGS = ("must_compute", "integer", "labelled", "allow_missing")
RESERVED_NAMES = {"answer", "lang", "seed", "crmkit", "generate", "term"}
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

    def in_each_language(self) -> tuple[str, str]:
        zh, en = MESSAGES.pair(f"build_{self.code}", **self.fields)
        place = f"{self.file}:{self.line}: "
        return place + zh, place + en


class SourceError(KitError):
    """Problems of one or more sources."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        pairs = [problem.in_each_language() for problem in problems]
        super().__init__(
            "lesson_source",
            problems_zh="\n".join(zh for zh, _ in pairs),
            problems_en="\n".join(en for _, en in pairs),
        )

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))  # in both languages each line says where but once


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
    sources: tuple[dict[str, str], ...] = ()  # what the lesson says → whose it is, and where it stands
    cited: tuple[str, ...] = ()  # ids of the reading list
    about: dict[str, str] = field(default_factory=dict)  # one sentence for the list of lessons

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
    name = name or path.name
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    problems: list[Problem] = []

    def report(line: int, code: str, **fields) -> None:
        problems.append(Problem(name, line, code, fields))

    notebook = _parse(text, name)
    head = _front_matter(notebook.metadata, lines, prerequisites, report)
    opening_lines = notebook.metadata["source_map"]
    cells = [_cell(cell, line, lines, report) for cell, line in zip(notebook.cells, opening_lines)]
    lesson, exercise = _check_parts(cells, lines, report)
    references = References.read(path.parent)
    _check_citations(cells, references, report)
    if problems:
        raise SourceError(sorted(problems, key=lambda problem: problem.line))
    return Lesson(
        path=path,
        cells=_with_citations(lesson, references),
        exercise=_with_citations(exercise, references),
        cited=tuple(name for cell in cells for name in cited(cell.source)),
        **head,
    )


def _check_citations(cells: list[Cell], references: References, report) -> None:
    for cell in cells:
        for name in cited(cell.source):
            if name not in references:
                report(
                    cell.line,
                    "unknown_citation",
                    value=name,
                    allowed=", ".join(sorted(references.years)) or "—",
                )


def _with_citations(cells: tuple[Cell, ...], references: References) -> tuple[Cell, ...]:
    """The cells with the citations of their prose printed in the language of the prose."""
    printed = []
    for cell in cells:
        if cell.kind == "markdown" and cell.lang:
            cell = replace(cell, source=references.expand(cell.source, cell.lang))
        printed.append(cell)
    return tuple(printed)


def _parse(text: str, name: str):
    """The source as jupytext reads it, with the line on which each cell opens."""
    import yaml
    from jupytext.myst import MystMetadataParsingError, myst_to_notebook

    try:
        return myst_to_notebook(text, add_source_map=True)
    except (MystMetadataParsingError, yaml.YAMLError) as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else 1
        why = " ".join(str(error).split())
        raise SourceError([Problem(name, line, "unreadable", {"why": why})]) from None


def _check_parts(cells: list[Cell], lines: list[str], report) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """The cells of the lesson and of its exercise, each part checked as a whole."""
    marks = [number for number, line in enumerate(lines, 1) if EXERCISE_MARK.match(line)]
    for extra in marks[1:]:
        report(extra, "second_exercise", first=marks[0])
    split = marks[0] if marks else len(lines) + 1
    lesson = [cell for cell in cells if cell.line < split]
    exercise = [cell for cell in cells if cell.line > split]
    if lesson or not marks:  # an instructor's pack may be an exercise alone
        _check_title(lesson, 1, report)
        _check_pairs(lesson, report)
        code_problems(lesson, report)
    for cell in lesson:
        if cell.question:
            report(cell.line, "question_outside_exercise")
    if marks:
        _check_title(exercise, split, report)
        _check_pairs(exercise, report)
        code_problems(exercise, report)
        _check_questions(exercise, report)
        exercise_problems(exercise, split, report)
    return tuple(lesson), tuple(exercise)


def _line_of(lines: list[str], word: str) -> int:
    """The line on which a key of the front matter stands; the first where it stands nowhere."""
    key = re.compile(rf"\s*{re.escape(word)}\s*:")
    for number, line in enumerate(lines, 1):
        if key.match(line):
            return number
    return 1


def _front_matter(metadata, lines, known_lessons, report) -> dict:
    """What the front matter says, as fields of :class:`Lesson`."""
    for key in metadata:
        if key not in (*FRONT_MATTER, "source_map", "jupyter"):
            code = "front_matter_title" if key == "title" else "front_matter_key"
            report(_line_of(lines, key), code, key=key, allowed=", ".join(FRONT_MATTER))
    if metadata.get("kernelspec", {}).get("language") != "python":
        report(_line_of(lines, "kernelspec"), "kernelspec")
    return {
        "titles": _titles(metadata, lines, report),
        "about": _about(metadata, lines, report),
        "minutes": _minutes(metadata, lines, report),
        "prerequisites": _slugs(metadata, "prerequisites", known_lessons, lines, report),
        "frameworks": _slugs(metadata, "frameworks", set(FRAMEWORKS), lines, report),
        "sources": _sources(metadata, lines, report),
    }


def _sources(metadata, lines, report) -> tuple[dict[str, str], ...]:
    """The table of what the lesson says, whose it is, and where it stands; what is ours needs no place."""
    rows = metadata.get("sources", [])
    if not isinstance(rows, list):
        report(_line_of(lines, "sources"), "sources", allowed=", ".join(WHOSE))
        return ()
    found = []
    for row in rows:
        row = _plain(row)
        whole = isinstance(row, dict) and set(row) <= {"says", "whose", "place"} and _is_text(row.get("says"))
        placed = (
            whole and row.get("whose") in WHOSE and (row["whose"] == "ours" or _is_text(row.get("place")))
        )
        if not placed:
            report(_line_of(lines, "sources"), "sources", allowed=", ".join(WHOSE))
            continue
        found.append(row)
    return tuple(found)


def _titles(metadata, lines, report) -> dict[str, str]:
    titles = metadata.get("titles")
    if isinstance(titles, dict) and all(_is_text(titles.get(lang)) for lang in WRITTEN):
        return dict(titles)
    report(_line_of(lines, "titles"), "titles")
    return {}


def _about(metadata, lines, report) -> dict[str, str]:
    about = metadata.get("about", {})
    if about == {} or (isinstance(about, dict) and all(_is_text(about.get(lang)) for lang in WRITTEN)):
        return dict(about)
    report(_line_of(lines, "about"), "about")
    return {}


def _is_text(value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _minutes(metadata, lines, report) -> int:
    minutes = metadata.get("minutes")
    whole = isinstance(minutes, int) and not isinstance(minutes, bool)
    if not whole or minutes <= 0:
        report(_line_of(lines, "minutes"), "minutes", value=minutes)
    return minutes


def _slugs(metadata, key: str, known: set[str] | None, lines, report) -> tuple[str, ...]:
    """A list of slugs; ``known`` are those that exist (None: not checked)."""
    slugs = metadata.get(key, [])
    if not isinstance(slugs, list) or not all(isinstance(slug, str) for slug in slugs):
        report(_line_of(lines, key), "front_matter_list", key=key)
        return ()
    for slug in slugs:
        if known is not None and slug not in known:
            allowed = ", ".join(sorted(known)) or "—"
            report(_line_of(lines, key), f"unknown_{key}", value=slug, allowed=allowed)
    return tuple(slugs)


def _cell(cell, line: int, lines: list[str], report) -> Cell:
    """A cell as we keep it; what it says of itself is checked."""
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
    if lang not in (None, *WRITTEN):
        report(line, "unknown_lang", value=lang)
        lang = None
    question = meta.get("question")
    if question is not None and (cell.cell_type != "code" or not isinstance(question, dict)):
        report(line, "question_place")
        question = None
    return Cell(
        kind=cell.cell_type,
        source=cell.source.rstrip(),
        line=line,
        body=_first_line(cell.source.splitlines(), line, lines),
        lang=lang,
        tags=tuple(tags),
        question=_plain(question),
    )


def _first_line(body: list[str], line: int, lines: list[str]) -> int:
    """The line of a cell's first line of text: below its opening ``line`` and its metadata."""
    if not body:
        return line + 1
    for place in range(line - 1, len(lines)):
        if lines[place : place + len(body)] == body:
            return place + 1
    return line + 1


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
    """Each language's first prose begins with a heading of the first level."""
    for lang in WRITTEN:
        first = next((cell for cell in cells if cell.kind == "markdown" and cell.lang == lang), None)
        if first is None:
            report(line, "no_title", lang=lang)
        elif next(iter(_levels(first)), None) != 1:
            report(first.line, "no_title", lang=lang)


def _levels(cell: Cell) -> list[int]:
    """The levels of the headings of a cell of prose."""
    return [level for _, level, _ in headings(cell.source)]


def _check_pairs(cells: list[Cell], report) -> None:
    """Each zh cell is followed by its en cell, of the same kind, with the same tags and headings."""
    index = 0
    while index < len(cells):
        cell = cells[index]
        after = cells[index + 1] if index + 1 < len(cells) else None
        index += 1
        if cell.lang is None:
            if cell.kind == "markdown" and _has_letters(cell.source):
                report(cell.line, "prose_without_lang")
        elif cell.lang == "en":
            report(cell.line, "unpaired", lang="en", other="zh")
        elif after is None or after.lang != "en" or after.kind != cell.kind:
            report(cell.line, "unpaired", lang="zh", other="en")
        else:
            _check_pair(cell, after, report)
            index += 1


def _check_pair(zh: Cell, en: Cell, report) -> None:
    if zh.tags != en.tags:
        report(en.line, "pair_tags", zh=", ".join(zh.tags) or "—", en=", ".join(en.tags) or "—")
    if zh.kind != "markdown":
        return
    if _levels(zh) != _levels(en):
        report(en.line, "heading_levels", zh=_levels(zh), en=_levels(en))
    if not CJK.search(zh.source):
        report(zh.line, "not_chinese")
    if len(CJK.findall(en.source)) > len(re.findall(r"[A-Za-z]", en.source)):
        report(en.line, "not_english")


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
    """(code, fields) of what is wrong with a question; ``earlier`` are the ids asked before it."""
    kind = question.get("kind")
    if kind not in FORM_FIELDS:
        yield "question_kind", {"value": kind, "allowed": ", ".join(FORM_FIELDS)}
        return
    yield from _id_problems(question.get("id"), earlier)
    allowed = (*COMMON_FIELDS, *FORM_FIELDS[kind], *GRADING_FIELDS[kind])
    for key in question:
        if key not in allowed:
            yield "question_field", {"key": key, "kind": kind, "allowed": ", ".join(allowed)}
    for lang in WRITTEN:
        if not _is_text(question.get(lang)):
            yield "question_wording", {"lang": lang}
    for key in NUMBERS:
        if not _is_number(question.get(key, 1), below_zero=key in MAY_BE_NEGATIVE):
            yield "question_number", {"key": key, "value": question[key]}
    for key in FLAGS:
        if not isinstance(question.get(key, False), bool):
            yield "question_flag", {"key": key, "value": question[key]}
    objectives = question.get("objectives", [])
    if not isinstance(objectives, list) or not all(_is_number(n, below_zero=False) for n in objectives):
        yield "question_objectives", {"value": objectives}
    for wanted in question.get("depends_on", []):
        if wanted not in earlier:
            yield "question_depends", {"value": wanted, "allowed": ", ".join(earlier) or "—"}
    yield from PROBLEMS_OF_A_KIND[kind](question)


def _id_problems(name, earlier: list[str]) -> Iterator[tuple[str, dict]]:
    well_formed = isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name)
    if not well_formed or name in RESERVED_NAMES:
        yield "question_id", {"reserved": ", ".join(sorted(RESERVED_NAMES))}
    elif name in earlier:
        yield "question_twice", {}


def _is_number(value, *, below_zero: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return below_zero or value >= 0


def _number_problems(question: dict) -> Iterator[tuple[str, dict]]:
    if question.get("unit") not in (None, *UNITS):
        yield "question_unit", {"value": question["unit"], "allowed": ", ".join(UNITS)}
    if "tolerance" not in question and "relative_tolerance" not in question:
        yield "question_tolerance", {}


def _choice_problems(question: dict) -> Iterator[tuple[str, dict]]:
    options = question.get("options")
    if not isinstance(options, list) or not all(_is_option(option) for option in options):
        yield "question_options", {}
        return
    names = {option["id"] for option in options}
    if len(options) < 2 or len(names) < len(options):
        yield "question_options", {}


def _is_option(option) -> bool:
    if not isinstance(option, dict) or set(option) != {"id", "zh", "en"}:
        return False
    return all(isinstance(text, str) for text in option.values())


def _table_problems(question: dict) -> Iterator[tuple[str, dict]]:
    columns = question.get("columns")
    listed = isinstance(columns, list) and len(columns) > 0
    if not listed or not set(question.get("key", [])) <= set(columns):
        yield "question_columns", {}


def _chart_problems(question: dict) -> Iterator[tuple[str, dict]]:
    if question.get("expects") not in CHARTS:
        yield "question_expects", {"allowed": ", ".join(CHARTS)}


def _text_problems(question: dict) -> Iterator[tuple[str, dict]]:
    for key in ("rubric", "sample"):
        pair = question.get(key)
        whole = isinstance(pair, dict) and set(pair) == set(WRITTEN)
        if not whole or not all(isinstance(text, str) for text in pair.values()):
            yield "question_text", {"key": key}
            return
    least, most = question.get("min_words", 1), question.get("max_words", MAX_WORDS)
    if not all(_is_number(words, below_zero=False) for words in (least, most)):
        return  # said of every question's numbers
    if least > most:
        yield "question_words", {"least": least, "most": most}
        return
    for lang in WRITTEN:
        try:
            read_answer(question, question["sample"][lang])
        except BadForm as problem:
            zh, en = problem.zh_en
            yield "question_sample", {"lang": lang, "why_zh": zh, "why_en": en}


PROBLEMS_OF_A_KIND = {
    "number": _number_problems,
    "choice": _choice_problems,
    "table": _table_problems,
    "chart": _chart_problems,
    "text": _text_problems,
}
