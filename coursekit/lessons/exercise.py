"""An exercise as a grader sees it: its questions, the data of a seed, the right answers, and the comparison.

The right answer is defined once, in the solution's code of the lesson source. It is evaluated here for any seed, and
again on a student's own earlier values where a question depends on them (follow-through credit).
"""

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from coursekit.messages import MESSAGES
from crmkit.answers.forms import CHARTS, MAX_POINTS, MAX_ROWS, BadForm, read_answer
from crmkit.core import language

from .source import Cell, Lesson, read_lesson

__all__ = ["Exercise", "Mark", "SolutionError", "admit", "compare", "load_exercise", "to_python"]
DEFAULT_TOLERANCE = 0.01  # relative; of tables and charts that name none
FILES = "files"  # beside a pack's source: data that its notebooks read
ROUNDING = 1e-9  # relative; two ways of computing the same number may differ by this


class SolutionError(RuntimeError):
    """The solution's code failed, or gave something that is not a well-formed answer: the exercise must be mended."""


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

        right = {}
        with _namespace(self.lesson.path.parent / FILES) as space:
            for cell in self.lesson.exercise:
                if cell.kind != "code" or {"check", "raises"} & set(cell.tags):
                    continue
                if plt.get_fignums():
                    plt.figure()  # as in a kernel, no cell draws on what an earlier one has drawn
                self._run(cell, space, seed, lang)
                if cell.question is None:
                    continue
                name = cell.question["id"]
                try:
                    right[name] = (
                        None if cell.question["kind"] == "text" else read_answer(cell.question, space[name])
                    )
                except BadForm as bad:
                    raise SolutionError(f"{self.slug}, {name}, seed {seed}: {bad}") from None
                if name in given:
                    space[name] = to_python(cell.question, given[name])
        return right

    def _run(self, cell: Cell, space: dict, seed: int, lang: str) -> None:
        where = f"{self.lesson.path.name}:{cell.body}"
        try:
            with redirect_stdout(io.StringIO()):  # what a lesson prints is not for the grader's screen
                exec(compile(cell.source, where, "exec"), space)
        except Exception as error:
            raise SolutionError(f"{where}, seed {seed}: {type(error).__name__}: {error}") from error
        if "parameters" in cell.tags:
            space |= {"seed": seed, "lang": lang}


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
    unset = "MPLBACKEND" not in os.environ
    os.environ.setdefault("MPLBACKEND", "Agg")
    import matplotlib.pyplot as plt

    if unset:  # a kernel that this process starts later would inherit it, and show no figures
        del os.environ["MPLBACKEND"]

    before, figures, folder = language._chosen, set(plt.get_fignums()), os.getcwd()
    if files.is_dir():
        os.chdir(files)
    try:
        yield {"__name__": "__main__", "display": lambda *shown, **how: None}
    finally:
        os.chdir(folder)
        language._chosen = before
        for number in set(plt.get_fignums()) - figures:
            plt.close(number)


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
        if kind == "table":
            if len(value["rows"]) > MAX_ROWS or any(len(r) != len(value["columns"]) for r in value["rows"]):
                raise BadForm("unreadable", got="table", error="rows")
            kinds = {str(c["name"]): c["type"] for c in value["columns"]}
            again = read_answer(question, to_python(question, value))
            dates = [i for i, c in enumerate(again["columns"]) if c["type"] == "date"]
            if any(kinds[again["columns"][i]["name"]] != "date" for i in dates):
                raise BadForm("unreadable", got="table", error="types")
            return again
        numbers = 0
        chart = {key: str(value[key])[:1000] for key in ("title", "xlabel", "ylabel")}
        for drawn in CHARTS:
            chart[drawn] = []
            for series in value[drawn]:
                points = [_point(p, drawn) for p in series["points"]]
                numbers += len(points)
                shape = {"horizontal": bool(series["horizontal"])} if drawn == "bars" else {}
                chart[drawn].append({"label": str(series["label"])[:1000], **shape, "points": points})
        if not 0 < numbers <= MAX_POINTS or not chart[question["expects"]]:
            raise BadForm("unreadable", got="chart", error="points")
        return chart
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadForm("unreadable", got=type(value).__name__, error=type(error).__name__) from None


def _point(point, drawn: str) -> list:
    if not isinstance(point, list) or len(point) != (3 if drawn == "bars" else 2):
        raise TypeError("point")
    number = {"kind": "number"}
    head = [
        point[0][:1000] if drawn == "bars" and isinstance(point[0], str) else read_answer(number, point[0])
    ]
    return head + [read_answer(number, n) for n in point[1:]]


# --- comparing ------------------------------------------------------------------------------------------------------


def compare(question: dict, given, right) -> Mark:
    """What a recorded answer earns against the right one (both typed JSON); None stands for no answer."""
    if given is None:
        return _mark(0.0, "missing")
    return {"number": _number, "choice": _choice, "table": _table, "chart": _chart, "text": _text}[
        question["kind"]
    ](question, given, right)


def _mark(score: float | None, code: str, **fields) -> Mark:
    return Mark(score, code, MESSAGES.texts(f"mark_{code}", **fields))


def _close(question: dict, given, right) -> bool:
    """Equal within the absolute or the relative tolerance, whichever the question names (either suffices)."""
    if (
        isinstance(given, bool)
        or isinstance(right, bool)
        or not (isinstance(given, (int, float)) and isinstance(right, (int, float)))
    ):
        return given == right and type(given) is type(right)
    absolute = question.get("tolerance", 0)
    none_named = question["kind"] != "number" and "tolerance" not in question
    relative = question.get("relative_tolerance", DEFAULT_TOLERANCE if none_named else 0)
    return abs(given - right) <= max(absolute, relative * abs(right)) + ROUNDING * max(
        abs(right), abs(absolute)
    )


def _number(question, given, right) -> Mark:
    return _mark(1.0, "right") if _close(question, given, right) else _mark(0.0, "differs")


def _choice(question, given, right) -> Mark:
    return _mark(1.0, "right") if given == right else _mark(0.0, "differs")


def _text(question, given, right) -> Mark:
    return _mark(None, "read")


def _partial(good: int, whole: int) -> Mark:
    if good == whole:
        return _mark(1.0, "right")
    return _mark(good / whole, "partly", good=good, whole=whole) if good else _mark(0.0, "differs")


def _table(question, given, right) -> Mark:
    """The share of right cells; with ``key`` rows are matched by it, else by place. Extra rows count as wrong."""
    names = [c["name"] for c in right["columns"]]
    mine = [c["name"] for c in given["columns"]]
    keys = question.get("key", [])
    tables = []
    for table, columns in ((given, mine), (right, names)):
        rows = [dict(zip(columns, row)) for row in table["rows"]]
        tables.append({tuple(row[k] for k in keys) if keys else place: row for place, row in enumerate(rows)})
    if len(tables[0]) < len(given["rows"]):
        return _mark(0.0, "key_twice", key=", ".join(keys))
    values = [n for n in names if n not in keys]
    if not values:  # nothing but keys: the rows themselves are the answer
        return _partial(len(tables[0].keys() & tables[1].keys()), len(tables[0].keys() | tables[1].keys()))
    both = tables[0].keys() & tables[1].keys()
    good = sum(_close(question, tables[0][at].get(n), tables[1][at][n]) for at in both for n in values)
    return _partial(good, len(values) * len(tables[0].keys() | tables[1].keys()))


def _chart(question, given, right) -> Mark:
    """The share of right points of the kind of drawing that is asked for; labels and order of series do not matter."""
    kind = question["expects"]
    if kind == "bars":
        mine, theirs = _bars(given["bars"], right["bars"])
    else:
        mine, theirs = ([sorted(s["points"]) for s in chart[kind]] for chart in (given, right))
    good = 0
    free = list(range(len(mine)))
    for series in theirs:
        best = max(free, key=lambda i: _alike(question, mine[i], series), default=None)
        if best is not None:
            free.remove(best)
            good += _alike(question, mine[best], series)
    whole = max(sum(map(len, theirs)), sum(map(len, mine)))
    return _partial(good, whole)


def _bars(mine: list[dict], theirs: list[dict]) -> tuple[list, list]:
    """Where each bar starts and how far it reaches: by name where both charts use the same names, else as drawn."""
    names = [{str(name) for s in chart for name, _, _ in s["points"]} for chart in (mine, theirs)]
    order = (lambda point: str(point[0])) if names[0] == names[1] else (lambda point: 0)
    return tuple([[p[1:] for p in sorted(s["points"], key=order)] for s in chart] for chart in (mine, theirs))


def _alike(question: dict, mine: list[list], theirs: list[list]) -> int:
    """How many points agree, in order; tolerance is relative to the largest value drawn, so that zeros can agree."""
    spans = [max((abs(p[i]) for p in theirs), default=0) for i in (0, 1)]
    relative = question.get("relative_tolerance", 0 if "tolerance" in question else DEFAULT_TOLERANCE)
    near = [max(question.get("tolerance", 0), relative * span) + ROUNDING * span for span in spans]
    return sum(all(abs(a - b) <= n for a, b, n in zip(p, q, near)) for p, q in zip(mine, theirs))
