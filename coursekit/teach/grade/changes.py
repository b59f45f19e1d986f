"""What a grading changed against the last one."""

from coursekit.messages import MESSAGES

from .graded import Graded


def differences(before: dict[str, Graded], graded: dict[str, Graded]) -> list[str]:
    """A line for each student whose marks are others than before, under a headline; nothing at the first grading."""
    if not before:
        return []
    lines = []
    for student, mine in graded.items():
        if student in before and (line := _difference(before[student], mine)):
            lines.append(line)
    head = MESSAGES.say("grade_changed", count=len(lines)) if lines else MESSAGES.say("grade_unchanged")
    return [head, *lines]


def _difference(old: Graded, mine: Graded) -> str:
    was = {one.question: one.score for one in old.questions}
    now = {one.question: one.score for one in mine.questions}
    changed = [
        f"{question}: {_points(was.get(question))} → {_points(now.get(question))}"
        for question in {**was, **now}
        if was.get(question) != now.get(question)
    ]
    if old.total == mine.total and not changed:
        return ""
    line = f"{mine.student_id}  {_points(old.total)} → {_points(mine.total)}  {'; '.join(changed)}"
    return line.rstrip()


def _points(value: float | None) -> str:
    return "—" if value is None else f"{value:.4g}"
