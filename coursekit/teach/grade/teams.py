"""Students who hand in together: whether two of their files differ, and that all of them earn the same."""

import ast
import copy
from dataclasses import replace

from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.handed_in.notebook import statements
from crmkit.answers.statement import NAME as STATEMENT

from .cells_to_run import NAMES as INJECTED
from .graded import Graded

NAMES = (*INJECTED, STATEMENT)  # what each member's own copy may hold


def share_with_teams(graded: dict[str, Graded], about: Assignment) -> None:
    """What the team's one hand-in has earned is every member's; lateness and marks by hand are each one's own."""
    for student, mine in list(graded.items()):
        first, *others = about.together(student)
        if student != first or mine.file is None:
            continue
        for other in others:
            graded[other] = replace(copy.deepcopy(mine), student_id=other, shared_from=first)


def what_it_does(source: str) -> str:
    """A cell without what differs between the languages of a copy; of what is no Python, all of it.

    That is: comments, texts that stand alone, and the parameters.
    """
    found = statements(source)
    if found is None:
        return source
    cell = ast.Module(found, [])
    try:
        for node in ast.walk(cell):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [one for one in body if not (is_a_text(one) or sets_a_parameter(one))]
        return ast.dump(cell)
    except RecursionError:
        return source


def is_a_text(statement: ast.stmt) -> bool:
    """A text that stands alone, as what is said of a function does."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return False
    return isinstance(statement.value.value, str)


def sets_a_parameter(statement: ast.stmt) -> bool:
    """``lang = …``, ``lang: str = …`` or the signed statement."""
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return False
    return all(isinstance(target, ast.Name) and target.id in NAMES for target in targets)
