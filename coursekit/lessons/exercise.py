"""An exercise as a grader sees it: its questions, the data of a seed, the right answers, and the comparison.

The right answer is defined once, in the solution's code of the lesson source. It is evaluated here for any seed, and
again on a student's own earlier values where a question depends on them (follow-through credit).
"""

import ast
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from crmkit.answers.forms import CHARTS, MAX_POINTS, MAX_ROWS, BadForm, read_answer
from crmkit.core.language import get_language
from crmkit.core.setting import using

from .cells import Cell
from .source import Lesson, read_lesson

DEFAULT_TOLERANCE = 0.01  # relative; of tables and charts that name none
FILES = "files"  # beside a pack's source: data that its notebooks read
LONGEST_LABEL = 1000  # characters kept of a chart's texts
A_NUMBER = {"kind": "number"}
ROUNDING = 1e-9  # relative; two ways of computing the same number may differ by this


class SolutionError(KitError):
    """The solution's code failed, or gave something that is not a well-formed answer: the exercise must be mended."""

    def __init__(self, where: str, seed: int, why_zh: str, why_en: str):
        super().__init__("solution_fails", where=where, seed=seed, why_zh=why_zh, why_en=why_en)


@dataclass(frozen=True)
class Mark:
    """What an answer earns: a share of the question's weight from 0 to 1, or None when a person must read it."""

    score: float | None
    code: str
    reason: dict[str, str]  # zh and en


@dataclass(frozen=True)
class Exercise:
    """One exercise, loaded from its lesson source with :func:`load_exercise`."""

    lesson: Lesson

    @property
    def slug(self) -> str:
        return self.lesson.slug

    @property
    def questions(self) -> dict[str, dict]:
        """Question id → its whole contract, in the order asked."""
        return {q["id"]: q for q in self.lesson.questions}

    @property
    def default_seed(self) -> int | None:
        """The seed that stands in the exercise before anybody's own: of those who work on a copy as it is published."""
        for cell in self.lesson.exercise:
            if "parameters" in cell.tags:
                for statement in ast.parse(cell.source).body:
                    if _sets_seed(statement) and isinstance(statement.value, ast.Constant):
                        return statement.value.value
        return None

    def parameters(self, seed: int) -> dict:
        """The individual data and thresholds of a seed: what ``generate(seed)`` gives."""
        return next(self.parameters_of([seed]))

    def parameters_of(self, seeds: Iterable[int]) -> Iterator[dict]:
        """``parameters`` of many seeds: the exercise's setup, which loads pandas and data, runs once for all."""
        cells = [c for c in self.lesson.exercise if c.kind == "code"]
        last = next(i for i, c in enumerate(cells) if "generate" in c.tags)
        with _namespace(self.lesson.path.parent / FILES) as space:
            for cell in cells[: last + 1]:
                self._run(cell, space, 1, "both")
            for seed in seeds:
                yield space["generate"](seed)

    def right_answers(
        self, seed: int, given: Mapping[str, object] = {}, *, lang: str = "both"
    ) -> dict[str, object]:
        """Question id → the right answer as typed JSON (None for text), from the setup and solution code in order.

        ``given`` maps ids to a student's recorded answers: later questions are then computed from these instead.
        """
        import matplotlib.pyplot as plt

        right: dict[str, object] = {}
        with _namespace(self.lesson.path.parent / FILES) as space:
            for cell in self._solving_cells():
                if plt.get_fignums():
                    plt.figure()  # as in a kernel, no cell draws on what an earlier one has drawn
                self._run(cell, space, seed, lang)
                if cell.question is None:
                    continue
                name = cell.question["id"]
                right[name] = self._answer(cell.question, space, seed)
                if name in given:
                    space[name] = to_python(cell.question, given[name])
        return right

    def _solving_cells(self) -> list[Cell]:
        """The exercise's code without what only checks a student's answers."""
        codes = [cell for cell in self.lesson.exercise if cell.kind == "code"]
        return [cell for cell in codes if not {"check", "raises"} & set(cell.tags)]

    def _answer(self, question: dict, space: dict, seed: int):
        """What the solution's code has assigned to the question's variable, as typed JSON; None for a text."""
        if question["kind"] == "text":
            return None
        try:
            return read_answer(question, space[question["id"]])
        except BadForm as bad:
            raise SolutionError(f"{self.slug}, {question['id']}", seed, *bad.zh_en) from None

    def _run(self, cell: Cell, space: dict, seed: int, lang: str) -> None:
        where = f"{self.lesson.path.name}:{cell.body}"
        try:
            with redirect_stdout(io.StringIO()):  # what a lesson prints is not for the grader's screen
                exec(compile(cell.source, where, "exec"), space)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise SolutionError(where, seed, why, why) from error
        if "parameters" in cell.tags:
            space |= {"seed": seed, "lang": lang}


def _sets_seed(statement: ast.stmt) -> bool:
    """``seed: int = …``, or without its type"""
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    else:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)] == ["seed"]


def load_exercise(path: Path) -> Exercise:
    """The exercise of a lesson source; the source is checked as :mod:`coursekit.lessons.build` does."""
    lesson = read_lesson(path)
    if not lesson.exercise:
        raise ValueError(f"{path.name} has no exercise part")
    return Exercise(lesson)


@contextmanager
def _namespace(files: Path) -> Iterator[dict]:
    """A fresh namespace as a kernel's would be, without a screen, in the folder of the pack's own files if it has any;
    language, figures and folder are put back afterwards."""
    plt = _pyplot_without_screen()
    figures = set(plt.get_fignums())
    folder = os.getcwd()
    if files.is_dir():
        os.chdir(files)
    try:
        with using(get_language()):
            yield {"__name__": "__main__", "display": lambda *shown, **how: None}
    finally:
        os.chdir(folder)
        for number in set(plt.get_fignums()) - figures:
            plt.close(number)


def _pyplot_without_screen():
    """matplotlib.pyplot, loaded so that it needs no screen unless the user has chosen a backend."""
    unset = "MPLBACKEND" not in os.environ
    os.environ.setdefault("MPLBACKEND", "Agg")
    import matplotlib.pyplot as plt

    if unset:  # a kernel that this process starts later would inherit it, and show no figures
        del os.environ["MPLBACKEND"]
    return plt


def to_python(question: dict, value):
    """A recorded answer (typed JSON) as the value that the solution's code works with."""
    if question["kind"] != "table":
        return value
    import pandas as pd

    frame = pd.DataFrame(value["rows"], columns=[c["name"] for c in value["columns"]])
    for column in value["columns"]:
        if column["type"] == "date":
            frame[column["name"]] = pd.to_datetime(frame[column["name"]], format="ISO8601")
    return frame


def admit(question: dict, value):
    """Typed JSON from outside as a well-formed answer, or BadForm: nothing that a notebook wrote is taken on trust."""
    kind = question["kind"]
    if kind in ("number", "choice", "text"):
        return read_answer(question, value)
    try:
        return _admit_table(question, value) if kind == "table" else _admit_chart(question, value)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadForm("unreadable", got=type(value).__name__, error=type(error).__name__) from None


def _admit_table(question: dict, value):
    width = len(value["columns"])
    if len(value["rows"]) > MAX_ROWS or any(len(row) != width for row in value["rows"]):
        raise BadForm("unreadable", got="table", error="rows")
    claimed = {str(column["name"]): column["type"] for column in value["columns"]}
    table = read_answer(question, to_python(question, value))
    for column in table["columns"]:
        if column["type"] == "date" and claimed[column["name"]] != "date":
            raise BadForm("unreadable", got="table", error="types")
    return table


def _admit_chart(question: dict, value):
    chart = {key: _cut(str(value[key])) for key in ("title", "xlabel", "ylabel")}
    points = 0
    for drawn in CHARTS:
        chart[drawn] = [_admit_series(series, drawn) for series in value[drawn]]
        points += sum(len(series["points"]) for series in chart[drawn])
    if not 0 < points <= MAX_POINTS or not chart[question["expects"]]:
        raise BadForm("unreadable", got="chart", error="points")
    return chart


def _admit_series(series: dict, drawn: str) -> dict:
    admitted: dict = {"label": _cut(str(series["label"]))}
    if drawn == "bars":
        admitted["horizontal"] = bool(series["horizontal"])
    admitted["points"] = [_point(point, drawn) for point in series["points"]]
    return admitted


def _cut(text: str) -> str:
    return text[:LONGEST_LABEL]


def _point(point, drawn: str) -> list:
    """[x, y], or [name or x, where the bar starts, how far it reaches]."""
    if not isinstance(point, list) or len(point) != (3 if drawn == "bars" else 2):
        raise TypeError("point")
    first, *others = point
    named = drawn == "bars" and isinstance(first, str)
    head = _cut(first) if named else read_answer(A_NUMBER, first)
    return [head, *(read_answer(A_NUMBER, number) for number in others)]


# --- comparing ------------------------------------------------------------------------------------------------------


def compare(question: dict, given, right) -> Mark:
    """What a recorded answer earns against the right one (both typed JSON); None stands for no answer."""
    if given is None:
        return _mark(0.0, "missing")
    return COMPARISONS[question["kind"]](question, given, right)


def _mark(score: float | None, code: str, **fields) -> Mark:
    return Mark(score, code, MESSAGES.texts(f"mark_{code}", **fields))


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _close(question: dict, given, right) -> bool:
    """Equal within the absolute or the relative tolerance, whichever the question names (either suffices).

    Of yes and no, 1 and 0 say the same as True and False.
    """
    if isinstance(given, bool) != isinstance(right, bool):
        return given == right
    if not _is_number(given) or not _is_number(right):
        return given == right and type(given) is type(right)
    absolute = question.get("tolerance", 0)
    none_named = question["kind"] != "number" and "tolerance" not in question
    relative = question.get("relative_tolerance", DEFAULT_TOLERANCE if none_named else 0)
    allowed = max(absolute, relative * abs(right))
    rounding = ROUNDING * max(abs(right), abs(absolute))
    return abs(given - right) <= allowed + rounding


def _compare_numbers(question, given, right) -> Mark:
    return _mark(1.0, "right") if _close(question, given, right) else _mark(0.0, "differs")


def _compare_choices(question, given, right) -> Mark:
    return _mark(1.0, "right") if given == right else _mark(0.0, "differs")


def _leave_to_reader(question, given, right) -> Mark:
    return _mark(None, "read")


def _share(good: int, whole: int) -> Mark:
    """The mark for ``good`` parts of ``whole``."""
    if good == whole:
        return _mark(1.0, "right")
    if good == 0:
        return _mark(0.0, "differs")
    return _mark(good / whole, "partly", good=good, whole=whole)


def _compare_tables(question, given, right) -> Mark:
    """The share of right cells; with ``key`` rows are matched by it, else by place. Extra rows count as wrong."""
    keys = question.get("key", [])
    mine = _rows(given, keys)
    theirs = _rows(right, keys)
    if len(mine) < len(given["rows"]):
        return _mark(0.0, "key_twice", key=", ".join(keys))
    common = mine.keys() & theirs.keys()
    every = mine.keys() | theirs.keys()
    names = [column["name"] for column in right["columns"] if column["name"] not in keys]
    if not names:  # nothing but keys: the rows themselves are the answer
        return _share(len(common), len(every))
    good = 0
    for place in common:
        for name in names:
            good += _close(question, mine[place].get(name), theirs[place][name])
    return _share(good, len(names) * len(every))


@dataclass(frozen=True)
class WrongCells:
    """Where a table is wrong: (place of the row, column); and how many rows of the right one are not in it."""

    cells: set[tuple[int, str]]
    absent: int


def wrong_cells(question: dict, given: dict, right: dict) -> WrongCells | None:
    """Which cells of a table are wrong, as its mark is reckoned;
    None where its rows cannot be told apart by their key.
    """
    keys = question.get("key", [])
    mine = _rows(given, keys)
    theirs = _rows(right, keys)
    if len(mine) < len(given["rows"]):
        return None
    names = [column["name"] for column in given["columns"]]
    cells = set()
    for place, (key, row) in enumerate(mine.items()):
        for name in names:
            known = key in theirs and name in theirs[key]
            if not known or (name not in keys and not _close(question, row[name], theirs[key][name])):
                cells.add((place, name))
    return WrongCells(cells, len(theirs.keys() - mine.keys()))


def _rows(table: dict, keys: list[str]) -> dict:
    """The rows of a table by their key, or by their place where there is none."""
    names = [column["name"] for column in table["columns"]]
    rows = {}
    for place, cells in enumerate(table["rows"]):
        row = dict(zip(names, cells))
        rows[tuple(row[key] for key in keys) if keys else place] = row
    return rows


def _compare_charts(question, given, right) -> Mark:
    """The share of right points of the kind of drawing that is asked for; labels and order of series do not matter."""
    kind = question["expects"]
    if kind == "bars":
        mine, theirs = _bars(given["bars"], right["bars"])
    else:
        mine = [sorted(series["points"]) for series in given[kind]]
        theirs = [sorted(series["points"]) for series in right[kind]]
    good = 0
    free = list(range(len(mine)))
    for series in theirs:
        best = max(free, key=lambda i: _alike(question, mine[i], series), default=None)
        if best is not None:
            free.remove(best)
            good += _alike(question, mine[best], series)
    drawn = sum(map(len, mine))
    wanted = sum(map(len, theirs))
    return _share(good, max(drawn, wanted))


def _bars(mine: list[dict], theirs: list[dict]) -> tuple[list, list]:
    """Where each bar starts and how far it reaches: by name where both charts use the same names, else as drawn."""
    by_name = _bar_names(mine) == _bar_names(theirs)
    return _spans(mine, by_name), _spans(theirs, by_name)


def _bar_names(chart: list[dict]) -> set[str]:
    return {str(name) for series in chart for name, _, _ in series["points"]}


def _spans(chart: list[dict], by_name: bool) -> list[list]:
    spans = []
    for series in chart:
        points = series["points"]
        if by_name:
            points = sorted(points, key=lambda point: str(point[0]))
        spans.append([point[1:] for point in points])
    return spans


def _alike(question: dict, mine: list[list], theirs: list[list]) -> int:
    """How many points agree, in order; tolerance is relative to the largest value drawn, so that zeros can agree."""
    absolute = question.get("tolerance", 0)
    relative = question.get("relative_tolerance", 0 if "tolerance" in question else DEFAULT_TOLERANCE)
    largest = [max((abs(point[axis]) for point in theirs), default=0) for axis in (0, 1)]
    near = [max(absolute, relative * size) + ROUNDING * size for size in largest]
    good = 0
    for point, wanted in zip(mine, theirs):
        good += all(abs(a - b) <= allowed for a, b, allowed in zip(point, wanted, near))
    return good


COMPARISONS = {
    "number": _compare_numbers,
    "choice": _compare_choices,
    "table": _compare_tables,
    "chart": _compare_charts,
    "text": _leave_to_reader,
}
