"""lessons/*.md → notebooks/, exercises/ and solutions/. 从一份源文件生成课、练习和答案。

``build()`` writes them; ``build(check=True)`` writes nothing and fails when a committed notebook is not what its
source says. The check compares everything but stored outputs: those are nbval's, which runs the solutions.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import nbformat

from coursekit.messages import MESSAGES

from .notebooks import (
    exercise_notebook,
    lesson_notebook,
    solution_notebook,
    store_outputs,
    to_text,
    without_outputs,
)
from .one_language import edition
from .source import FRAMEWORKS, Lesson, Problem, SourceError, read_lesson

__all__ = ["FRAMEWORKS", "build", "coverage", "edition", "read_lessons"]
ROOT = Path(__file__).parents[2]
FOLDERS = ("notebooks", "exercises", "solutions")


def read_lessons(folder: Path) -> list[Lesson]:
    """All sources of a folder, checked; raises SourceError with the problems of all of them."""
    paths = sorted(folder.glob("*.md"))
    slugs = {path.stem for path in paths}
    lessons, problems = [], []
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
    return lessons


def _broken_links(lessons: list[Lesson], folder: str) -> Iterable[Problem]:
    """Links in prose to notebooks that are not built."""
    built = {f"notebooks/{n.slug}.ipynb" for n in lessons}
    built |= {f"{kind}/{n.slug}.ipynb" for n in lessons if n.exercise for kind in FOLDERS[1:]}
    for lesson in lessons:
        for cells, home in ((lesson.cells, "notebooks"), (lesson.exercise, "exercises")):
            for cell in (c for c in cells if c.kind == "markdown"):
                for link in re.finditer(r"\]\(([^)\s]+\.ipynb)\)", cell.source):
                    target = link[1].removeprefix("../") if link[1].startswith("../") else f"{home}/{link[1]}"
                    if target not in built:
                        line = cell.body + cell.source[: link.start()].count("\n")
                        yield Problem(f"{folder}/{lesson.path.name}", line, "broken_link", {"link": link[1]})


def coverage(lessons: Iterable[Lesson]) -> dict[str, list[str]]:
    """Framework slug → the lessons that teach it, every framework listed."""
    found: dict[str, list[str]] = {slug: [] for slug in FRAMEWORKS}
    for lesson in lessons:
        for slug in lesson.frameworks:
            found[slug].append(lesson.slug)
    return found


def notebooks(lessons: Iterable[Lesson]) -> dict[str, nbformat.NotebookNode]:
    """Path below the root → notebook without outputs."""
    made = {}
    for lesson in lessons:
        made[f"notebooks/{lesson.slug}.ipynb"] = lesson_notebook(lesson)
        if lesson.exercise:
            made[f"exercises/{lesson.slug}.ipynb"] = exercise_notebook(lesson)
            made[f"solutions/{lesson.slug}.ipynb"] = solution_notebook(lesson)
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
        for name, notebook in made.items():
            path = root / name
            path.parent.mkdir(exist_ok=True)
            if name.startswith("solutions/"):
                notebook = store_outputs(notebook, folder=path.parent, name=name)
            path.write_text(to_text(notebook), encoding="utf-8", newline="\n")
            print(name)
    except SourceError as error:
        print(error)
        print(MESSAGES.say("build_stopped", count=len(error.problems)))
        return 1
    for path in _strays(made, root):
        path.unlink()
        print(MESSAGES.say("build_removed", name=path.relative_to(root).as_posix()))
    return 0


def _strays(made, root: Path) -> list[Path]:
    return [
        p
        for kind in FOLDERS
        for p in sorted((root / kind).glob("*.ipynb"))
        if p.relative_to(root).as_posix() not in made
    ]


def _check(made, root: Path) -> int:
    drifted = [MESSAGES.say("build_stray", name=p.relative_to(root).as_posix()) for p in _strays(made, root)]
    for name, notebook in made.items():
        path = root / name
        if not path.exists():
            drifted.append(MESSAGES.say("build_absent", name=name))
            continue
        text = path.read_text(encoding="utf-8")
        if name.startswith("solutions/"):
            try:
                text = to_text(without_outputs(nbformat.reads(text, as_version=4)))
            except Exception:  # not a notebook any more: different, whatever it is
                text = ""
        if text != to_text(notebook):
            drifted.append(MESSAGES.say("build_drift", name=name))
    for line in drifted:
        print(line)
    print(MESSAGES.say("build_mend") if drifted else MESSAGES.say("build_checked", count=len(made)))
    return 1 if drifted else 0
