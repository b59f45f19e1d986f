"""lessons/*.md → notebooks/, exercises/ and solutions/. 从一份源文件生成课、练习和答案。

``build()`` writes them, all or none; ``build(check=True)`` writes nothing and fails when a committed notebook is not
what its source says. The check compares everything but stored outputs: those are nbval's, which runs the solutions.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from coursekit.messages import MESSAGES
from crmkit.core.files import put

from .cells import Cell
from .listing import with_listings
from .names import ENDINGS, notebook_path
from .notebooks import (
    exercise_notebook,
    lesson_notebook,
    solution_notebook,
    store_outputs,
    to_text,
    without_outputs,
)
from .source import FRAMEWORKS, Lesson, Problem, SourceError, read_lesson

ROOT = Path(__file__).parents[2]
FOLDERS = tuple(ENDINGS)
NOT_LESSONS = ("cases.md",)  # the canonical cases, which lessons tell from


def read_lessons(folder: Path) -> list[Lesson]:
    """All sources of a folder, checked; raises SourceError with the problems of all of them."""
    paths = sorted(path for path in folder.glob("*.md") if path.name not in NOT_LESSONS)
    slugs = {path.stem for path in paths}
    lessons: list[Lesson] = []
    problems: list[Problem] = []
    for path in paths:
        name = f"{folder.name}/{path.name}"
        if not re.fullmatch(r"\d\d_[a-z0-9_]+", path.stem):
            problems.append(Problem(name, 1, "file_name"))
        try:
            lessons.append(read_lesson(path, prerequisites=slugs - {path.stem}, name=name))
        except SourceError as error:
            problems += error.problems
    if not problems:
        problems = list(_broken_links(lessons, folder.name))
    if problems:
        raise SourceError(problems)
    return with_listings(lessons)


def _broken_links(lessons: list[Lesson], folder: str) -> Iterator[Problem]:
    """Links in prose to notebooks that are not built."""
    built = set()
    for lesson in lessons:
        built.update(_paths(lesson))
    for lesson in lessons:
        name = f"{folder}/{lesson.path.name}"
        yield from _links_to_nothing(lesson.cells, "notebooks", built, name)
        yield from _links_to_nothing(lesson.exercise, "exercises", built, name)


def _paths(lesson: Lesson) -> list[str]:
    """What is built from a lesson, below the root."""
    folders = FOLDERS if lesson.exercise else FOLDERS[:1]
    return [notebook_path(folder, lesson.slug) for folder in folders]


def _links_to_nothing(cells: Iterable[Cell], home: str, built: set[str], name: str) -> Iterator[Problem]:
    """Links from prose that is built into the folder ``home``."""
    for cell in cells:
        if cell.kind != "markdown":
            continue
        for found in re.finditer(r"\]\(([^)\s]+\.ipynb)\)", cell.source):
            link = found[1]
            target = link.removeprefix("../") if link.startswith("../") else f"{home}/{link}"
            if target not in built:
                line = cell.body + cell.source[: found.start()].count("\n")
                yield Problem(name, line, "broken_link", {"link": link})


def coverage(lessons: Iterable[Lesson]) -> dict[str, list[str]]:
    """Framework slug → the lessons that teach it, every framework listed."""
    found: dict[str, list[str]] = {slug: [] for slug in FRAMEWORKS}
    for lesson in lessons:
        for slug in lesson.frameworks:
            found[slug].append(lesson.slug)
    return found


def notebooks(lessons: Iterable[Lesson]) -> dict:
    """Path below the root → notebook without outputs."""
    made = {}
    for lesson in lessons:
        made[notebook_path("notebooks", lesson.slug)] = lesson_notebook(lesson)
        if lesson.exercise:
            made[notebook_path("exercises", lesson.slug)] = exercise_notebook(lesson)
            made[notebook_path("solutions", lesson.slug)] = solution_notebook(lesson)
    return made


def build(check: bool = False, *, root: Path = ROOT) -> int:
    """Build every notebook below ``root``, or with ``check`` only say what differs; 0 when all is well."""
    if not (root / "lessons").is_dir():
        print(MESSAGES.say("build_no_sources", folder=root / "lessons"))
        return 1
    try:
        made = notebooks(read_lessons(root / "lessons"))
        if check:
            return _check(made, root)
        texts = _solved(made, root)
    except SourceError as error:
        print(error)
        print(MESSAGES.say("build_stopped", count=len(error.problems)))
        return 1
    for name, text in texts.items():
        put(root / name, text.encode("utf-8"))
        print(name)
    for path in _strays(made, root):
        path.unlink()
        print(MESSAGES.say("build_removed", name=path.relative_to(root).as_posix()))
    return 0


def _solved(made: dict, root: Path) -> dict[str, str]:
    """Path → text of every notebook, once each solution has run: a build that fails has written nothing."""
    texts = {}
    for name, notebook in made.items():
        folder = (root / name).parent
        if name.startswith("solutions/"):
            folder.mkdir(exist_ok=True)  # a solution runs in the folder where it will lie
            notebook = store_outputs(notebook, folder=folder, name=name)
        texts[name] = to_text(notebook)
    return texts


def _strays(made: dict, root: Path) -> list[Path]:
    """Notebooks that no source makes any more."""
    found = []
    for folder in FOLDERS:
        for path in sorted((root / folder).glob("*.ipynb")):
            if path.relative_to(root).as_posix() not in made:
                found.append(path)
    return found


def _check(made: dict, root: Path) -> int:
    """Say which committed notebooks are not what their source says; 0 when all are."""
    drifted = [
        MESSAGES.say("build_stray", name=path.relative_to(root).as_posix()) for path in _strays(made, root)
    ]
    for name, notebook in made.items():
        if not (root / name).exists():
            drifted.append(MESSAGES.say("build_absent", name=name))
        elif _committed(root, name) != to_text(notebook):
            drifted.append(MESSAGES.say("build_drift", name=name))
    for line in drifted:
        print(line)
    print(MESSAGES.say("build_mend") if drifted else MESSAGES.say("build_checked", count=len(made)))
    return 1 if drifted else 0


def _committed(root: Path, name: str) -> str:
    """The text of a notebook as it lies there, a solution's stored outputs left out."""
    import nbformat

    text = (root / name).read_text(encoding="utf-8")
    if not name.startswith("solutions/"):
        return text
    try:
        return to_text(without_outputs(nbformat.reads(text, as_version=4)))
    except Exception:  # not a notebook any more: different, whatever it is
        return ""
