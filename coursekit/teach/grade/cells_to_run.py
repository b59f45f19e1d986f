"""The code that is run: the student's own, with the true parameters and the true answer sheet in place of the kit's.

A cell is known as the kit's by its tag; where a platform has dropped a tag from every cell, by how the kit's cell
begins. Within a cell single statements are the kit's: these are replaced, and whatever else stands there is the
student's and stays. So merged cells lose nothing, and a word in a comment means nothing.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from coursekit.lessons.notebooks import answer_sheet_code
from coursekit.lessons.source import Lesson
from coursekit.teach.handed_in.notebook import PARAMETERS, CodeCell, Notebook
from coursekit.teach.handed_in.notebook import statements as parsed

NAMES = ("seed", "lang")  # what is injected
BLANK = "pass"  # stands where a statement of the kit's stood


@dataclass
class Prepared:
    """What is run of a notebook, cell by cell; and the code that is not,
    where it is not what the kit itself had put there.
    """

    cells: list[str] = field(default_factory=list)
    handed_in_as: list[int | None] = field(default_factory=list)  # of each: which code cell it was, from 0
    left_out: list[str] = field(default_factory=list)

    def add(self, source: str, number: int) -> None:
        self.cells.append(source)
        self.handed_in_as.append(number)

    def insert(self, place: int, source: str) -> None:
        """A cell of the kit's that was not handed in."""
        self.cells.insert(place, source)
        self.handed_in_as.insert(place, None)

    def number(self, run: int | None) -> int | None:
        """The number that a cell had in the notebook as it was handed in, from 0; None where no such cell was run."""
        if run is None or not 0 <= run < len(self.cells):
            return None
        return self.handed_in_as[run]


def prepared_cells(notebook: Notebook, lesson: Lesson, *, seed: int, lang: str) -> Prepared:
    """The cells of a notebook as they are run for this student."""
    from papermill.translators import PythonTranslator

    injected = PythonTranslator.codify({"seed": seed, "lang": lang}, "Parameters")
    sheet = answer_sheet_code(lesson)
    tagged = {tag for cell in notebook.cells for tag in cell.tags}
    prepared = Prepared()
    placed = set()

    def of_the_kit(cell: CodeCell, tag: str, by_text: bool) -> bool:
        return tag in cell.tags if tag in tagged else by_text

    for number, cell in enumerate(notebook.cells):
        rest = cell.source
        is_default = of_the_kit(cell, "parameters", _holds("seed", rest, declares_a_parameter))
        if of_the_kit(cell, "injected-parameters", _is_injected(rest)):
            rest = _without(rest, sets_a_parameter, ours=injected, left_out=prepared.left_out)
            prepared.add(injected, number)  # whatever a student has put above it ran before it
            placed.add("parameters")
        rest = _without(rest, acts_for_the_student, ours=None, left_out=prepared.left_out)
        of_the_sheet = "questions" in cell.tags
        if of_the_sheet or _holds("AnswerSheet", rest, makes_the_sheet):
            rest = _without(rest, makes_the_sheet, ours=sheet, left_out=prepared.left_out)
            if "sheet" not in placed and (of_the_sheet or "questions" not in tagged):
                prepared.add(sheet, number)
                placed.add("sheet")
        if is_default:  # each time: a copied cell would set the defaults again
            rest = _followed_by(rest, injected)
            placed.add("parameters")
        if rest.strip():
            prepared.add(rest, number)
    if "sheet" not in placed:
        first = next((i for i, cell in enumerate(prepared.cells) if injected in cell), -1)
        prepared.insert(first + 1, sheet)
    if "parameters" not in placed:
        prepared.insert(0, injected)
    return prepared


@lru_cache(
    maxsize=2
)  # a cell is asked for several things in turn, and may be long; nothing here changes what is found
def statements(source: str) -> list[ast.stmt] | None:
    return parsed(source)


# --- which statements are the kit's -----------------------------------------------------------------------------------

Kind = Callable[[ast.stmt], bool]


def declares_a_parameter(statement: ast.stmt) -> bool:
    """``seed: int = …``, ``lang: str = …``, as the exercises write their defaults"""
    if not isinstance(statement, ast.AnnAssign):
        return False
    return isinstance(statement.target, ast.Name) and statement.target.id in NAMES


def sets_a_parameter(statement: ast.stmt) -> bool:
    """``seed = …``, ``lang = …``, with or without a type, or both at once; and nothing else"""
    names = _names_set_by(statement)
    return bool(names) and names <= set(NAMES)


def changes_a_parameter(statement: ast.stmt) -> bool:
    """The same, whatever else is set with it; ``seed += …`` as well"""
    return bool(_names_set_by(statement) & set(NAMES)) or (
        isinstance(statement, ast.AugAssign)
        and isinstance(statement.target, ast.Name)
        and statement.target.id in NAMES
    )


def _names_set_by(statement: ast.stmt) -> set[str]:
    """The names that an assignment gives values to, also side by side; what is no name goes by its kind."""
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return set()
    names = set()
    for target in targets:
        parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
        names |= {part.id if isinstance(part, ast.Name) else type(part).__name__ for part in parts}
    return names


def makes_the_sheet(statement: ast.stmt) -> bool:
    """``answer = AnswerSheet(…)``"""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
        return False
    made = statement.value.func
    return isinstance(made, ast.Name) and made.id == "AnswerSheet"


def acts_for_the_student(statement: ast.stmt) -> bool:
    """``answer.practise(…)``, ``answer.hand_in(…)``: help in the student's own notebook, nothing to be graded."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    called = statement.value.func
    return (
        isinstance(called, ast.Attribute)
        and called.attr in ("practise", "hand_in")
        and isinstance(called.value, ast.Name)
        and called.value.id == "answer"
    )


# --- taking them out --------------------------------------------------------------------------------------------------


def _is_injected(source: str) -> bool:
    """Whether a cell is the one of the true parameters, by the line that it begins with;
    a student's may stand above.
    """
    return f"\n{PARAMETERS}" in f"\n{source}"


def _holds(word: str, source: str, kind: Kind) -> bool:
    """Whether a statement of this kind, which has this word in it, stands in a cell."""
    return word in source and any(kind(one) for one in statements(source) or ())


def _without(source: str, kind: Kind, *, ours: str | None, left_out: list[str]) -> str:
    """What is left of a cell without the statements of a kind; nothing where nothing else was in it.

    ``ours``: the kit's own code, which need not be told; what differs from it is noted in ``left_out``.
    """
    found = statements(source)
    if found is None:
        if ours is None:
            return source
        left_out.append(source)  # a cell of the kit's that is no Python any more
        return ""
    taken = [one for one in found if kind(one)]
    if ours is not None:
        known = _texts(ours, ast.parse(ours).body)
        left_out += [text for text in _texts(source, taken) if text not in known]
    if all(kind(one) or _brings_the_sheet(one) for one in found):
        return "" if taken else source
    return _blanked(source, taken)


def _brings_the_sheet(statement: ast.stmt) -> bool:
    """``from crmkit import AnswerSheet``"""
    if not isinstance(statement, ast.ImportFrom) or statement.module != "crmkit":
        return False
    return [alias.name for alias in statement.names] == ["AnswerSheet"]


def _spans(source: str, found: list[ast.stmt]) -> list[tuple[int, int]]:
    """Where statements begin and end in the cell's bytes, which is what Python counts their columns in."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line.encode()) + 1)
    spans = []
    for one in found:
        begin = starts[one.lineno - 1] + one.col_offset
        end = starts[one.end_lineno - 1] + one.end_col_offset
        spans.append((begin, end))
    return spans


def _texts(source: str, found: list[ast.stmt]) -> list[str]:
    """Statements as they are written; not as `ast` would write them, which fails on one that is nested too deeply."""
    raw = source.encode()
    return [raw[begin:end].decode() for begin, end in _spans(source, found)]


def _blanked(source: str, taken: list[ast.stmt]) -> str:
    """The cell with ``pass`` where these statements stood."""
    raw = source.encode()
    for begin, end in reversed(_spans(source, taken)):
        raw = raw[:begin] + BLANK.encode() + raw[end:]
    return raw.decode()


def _followed_by(source: str, injected: str) -> str:
    """A cell of parameters with the true ones after its own,
    before anything that has been merged into it reads them.
    """
    found = statements(source) or []
    lines = source.split("\n")
    none_left = 0 if found else len(lines)  # merged with the injected cell, its own are out already
    last = max((one.end_lineno for one in found if changes_a_parameter(one)), default=none_left)
    return "\n".join([*lines[:last], injected, *lines[last:]])
