"""A student's table on the feedback page, with the cells that are wrong; and, once it is released, the right one."""

from dataclasses import dataclass

from coursekit.lessons.exercise import wrong_cells
from crmkit.answers.forms import short

from .marking import QuestionMark

MOST_ROWS = 100  # of a table on the page
LONGEST_CELL = 200  # characters


@dataclass(frozen=True)
class ShownCell:
    text: str
    wrong: bool = False


@dataclass(frozen=True)
class ShownTable:
    """A table in words; ``absent``: how many rows of the right one are not in it."""

    heads: list[str]
    rows: list[list[ShownCell]]
    absent: int = 0


def own_table(one: QuestionMark, question: dict) -> ShownTable | None:
    """The student's table where some of it is wrong; None of other answers,
    and of one that is judged on an earlier one.
    """
    judged = question["kind"] == "table" and one.score is not None and one.score < 1
    if not judged or one.followed or one.exempt or one.value is None or one.right is None:
        return None
    found = wrong_cells(question, one.value, one.right)
    if found is None:
        return None
    heads = [column["name"] for column in one.value["columns"]]
    rows = []
    for place, cells in enumerate(one.value["rows"][:MOST_ROWS]):
        rows.append(
            [ShownCell(_text(cell), (place, head) in found.cells) for head, cell in zip(heads, cells)]
        )
    return ShownTable(heads, rows, found.absent)


def right_table(one: QuestionMark, question: dict) -> ShownTable | None:
    if question["kind"] != "table":
        return None
    heads = [column["name"] for column in one.right["columns"]]
    rows = [[ShownCell(_text(cell)) for cell in row] for row in one.right["rows"][:MOST_ROWS]]
    return ShownTable(heads, rows)


def _text(cell: object) -> str:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return short(cell)
    return "" if cell is None else str(cell)[:LONGEST_CELL]
