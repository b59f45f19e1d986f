"""Checked cells → the lesson, exercise and solution notebooks, byte for byte the same each time."""

import copy
import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path

from coursekit.messages import MESSAGES
from crmkit.answers.forms import FORM_FIELDS, describe
from crmkit.core.catalogue import Pair
from crmkit.core.language import WRITTEN

from .bold import shown_bold
from .cells import Cell
from .defined_terms import with_definitions
from .names import lesson_of
from .source import Lesson, Problem, SourceError

STABLE = "nbval-check-output"  # nbval compares the stored output of cells with this tag
# what never goes into a stored output: pictures differ between machines, widget ids between runs
NOT_STORED = ("image/png", "image/jpeg", "image/svg+xml", "application/vnd.jupyter.widget-view+json")


def lesson_notebook(lesson: Lesson):
    """The bilingual notebook of the lesson itself."""
    return _notebook(
        lesson, "lesson", [_emit(cell) for cell in with_definitions(lesson.cells, lesson.frameworks)]
    )


def exercise_notebook(lesson: Lesson):
    """What the student gets: wording, an empty answer per question, and nothing of the solution."""
    return _notebook(lesson, "exercise", list(_exercise_cells(lesson, solved=False)))


def solution_notebook(lesson: Lesson):
    """The same notebook with the solution's code in place (outputs are stored by :func:`store_outputs`)."""
    return _notebook(lesson, "solution", list(_exercise_cells(lesson, solved=True)))


def contract(question: dict) -> dict:
    """The part of a question that an exercise notebook may know: the form of its answer."""
    return {key: question[key] for key in ("id", "kind", *FORM_FIELDS[question["kind"]]) if key in question}


def _notebook(lesson: Lesson, part: str, cells: list):
    import nbformat

    _give_ids(cells)
    about = {
        "lesson": lesson.slug,
        "part": part,
        "lang": "both",
        "titles": lesson.titles,
        "minutes": lesson.minutes,
        "prerequisites": list(lesson.prerequisites),
        "frameworks": list(lesson.frameworks),
    }
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
        "title": " ".join(lesson.titles[lang] for lang in WRITTEN),
        "crmkit": about,
    }
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.validate(notebook)
    return notebook


def _give_ids(cells: list) -> None:
    """Each cell an id that follows from its text, and from how many equal cells stand before it."""
    seen: Counter = Counter()
    for cell in cells:
        text = f"{cell.cell_type}\n{cell.source}"
        cell.id = hashlib.sha256(f"{text}\n{seen[text]}".encode()).hexdigest()[:12]
        seen[text] += 1


def _emit(cell: Cell):
    tags = [f"lang-{cell.lang}"] if cell.lang else []
    tags += ["raises-exception" if tag == "raises" else tag for tag in cell.tags if tag != "stable"]
    if cell.kind == "markdown":
        return markdown_cell(shown_bold(cell.source), tags)
    return code_cell(cell.source, tags, hidden="hide-input" in cell.tags)


def markdown_cell(source: str, tags: list[str]):
    """A cell of prose; ``lang-zh`` and ``lang-en`` among its tags say who reads it."""
    from nbformat.v4 import new_markdown_cell

    return new_markdown_cell(source, metadata={"tags": tags} if tags else {})


def code_cell(source: str, tags: list[str], *, hidden: bool = False, question: str | None = None):
    """A cell of code; ``question`` is the id of the question that it answers."""
    from nbformat.v4 import new_code_cell

    metadata: dict = {"tags": tags} if tags else {}
    if hidden:
        metadata["jupyter"] = {"source_hidden": True}
    if question:
        metadata["crmkit"] = {"question": question}
    return new_code_cell(source, metadata=metadata)


def _exercise_cells(lesson: Lesson, *, solved: bool) -> Iterator:
    number = 0
    last = len(lesson.questions)
    for cell in lesson.exercise:
        if cell.question is None:
            if solved or "solution" not in cell.tags:
                yield _exercise_cell(cell, solved)
            continue
        number += 1
        if number == 1:
            yield code_cell(answer_sheet_code(lesson), ["questions", "hide-input"], hidden=True)
        yield from _question_cells(cell, number, solved)
        if number == last:
            yield from _prose(MESSAGES.texts("exercise_status"))
            yield code_cell("answer.status()", ["check", STABLE] if solved else ["check"])


def _exercise_cell(cell: Cell, solved: bool):
    """A cell that asks nothing; in the solution its output may be kept."""
    emitted = _emit(cell)
    if "generate" in cell.tags:  # folded away: what numpy says of a wrong seed is no help
        emitted.source += "\n\n\nseed = crmkit.checked_seed(seed)"
    if solved and "stable" in cell.tags:
        emitted.metadata.setdefault("tags", []).append(STABLE)
    return emitted


def _prose(texts: dict[str, str]) -> Iterator:
    """One cell for each language."""
    for lang in WRITTEN:
        yield markdown_cell(texts[lang], [f"lang-{lang}"])


def answer_sheet_code(lesson: Lesson) -> str:
    lines = ",\n".join(f"    {contract(question)!r}" for question in lesson.questions)
    head = f"from crmkit import AnswerSheet\n\nanswer = AnswerSheet({lesson.slug!r}, seed=seed, questions=["
    return f"{head}\n{lines},\n])"


def _question_cells(cell: Cell, number: int, solved: bool) -> Iterator:
    """The wording of a question, and the cell in which it is answered."""
    question = cell.question
    yield from _prose(_wording(question, number))
    if not solved:
        yield _empty_answer(question)
    elif question["kind"] == "text":
        yield from _sample_answer(question)
    else:
        code = f"{cell.source}\n{_record(question)}"
        yield code_cell(code, [*cell.tags, STABLE], question=question["id"])


def _wording(question: dict, number: int) -> dict[str, str]:
    """What is asked, what it is worth and in which form it is to be answered."""
    weight = question.get("weight", 1)
    points = MESSAGES.pair("exercise_point" if weight == 1 else "exercise_points")
    head = MESSAGES.texts("exercise_question", number=number, weight=f"{weight:g}", points=points)
    if question["kind"] == "choice":
        form = MESSAGES.texts("exercise_choose")
    else:
        form = MESSAGES.texts("exercise_form", form=describe(question))
    texts = {}
    for lang in WRITTEN:
        parts = [head[lang], question[lang].strip(), _options(question, lang), form[lang]]
        texts[lang] = "\n\n".join(part for part in parts if part)
    return texts


def _options(question: dict, lang: str) -> str:
    """The options of a choice as a list; empty for other questions."""
    lines = []
    for option in question.get("options", []):
        lines.append(f'- `"{option["id"]}"` {escape(option[lang], quote=False)}')
    return "\n".join(lines)


def _record(question: dict) -> str:
    """The call that hands an answer to the sheet."""
    return f'answer("{question["id"]}", {question["id"]})'


def _empty_answer(question: dict):
    """Where the student writes."""
    name = question["id"]
    if question["kind"] == "text":
        empty = f'{name} = """\n\n"""'
    else:
        stub = MESSAGES.texts("exercise_stub")
        empty = f"# {stub['zh']} | {stub['en']}\n{name} = ..."
    return code_cell(f"{empty}\n{_record(question)}", [], question=name)


def _sample_answer(question: dict) -> Iterator:
    """How a text is marked, and a sample of a good one."""
    rubric = Pair(*(question["rubric"][lang].strip() for lang in WRITTEN))
    yield from _prose(MESSAGES.texts("solution_rubric", rubric=rubric))
    for lang in WRITTEN:
        sample = question["sample"][lang].strip()
        yield code_cell(f'{question["id"]} = """\n{sample}\n"""', [f"lang-{lang}"])
    yield code_cell(_record(question), [STABLE], question=question["id"])


def to_text(notebook) -> str:
    """The notebook as it stands in its file."""
    import nbformat

    return nbformat.writes(notebook, version=4) + "\n"


def without_outputs(notebook):
    """A copy as it is before anything ran: what the drift check compares."""
    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    return bare


def store_outputs(notebook, *, folder: Path, name: str):
    """Run the notebook and keep the outputs of the cells tagged nbval-check-output, in a copy."""
    from nbclient.exceptions import CellExecutionError

    ran = without_outputs(notebook)
    try:
        _execute(ran, folder)
    except CellExecutionError as error:
        raise SourceError([_failed_solution(ran, error, folder, name)]) from None
    for cell in ran.cells:
        if cell.cell_type == "code":
            _keep_stable_outputs(cell)
    ran.metadata = notebook.metadata
    return ran


def _execute(notebook, folder: Path) -> None:
    """Run the notebook in ``folder``, without what the user's environment says of crmkit."""
    from nbclient import NotebookClient

    from coursekit.kernels.private import QUIET, PrivateKernelManager

    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRMKIT_")}
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        kernel_manager_class=PrivateKernelManager,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=[QUIET],
        coalesce_streams=True,  # a text comes in one piece or in several, as the machine is busy
    )
    client.execute(env=environment)


def _failed_solution(ran, error, folder: Path, name: str) -> Problem:
    """Where in its source a solution's cell failed; where it is not found there, its first line."""
    failed = next(
        cell for cell in ran.cells if any(o.output_type == "error" for o in cell.get("outputs", []))
    )
    solution = failed.source.partition("\nanswer(")[0]
    lesson = folder.parent / "lessons" / f"{lesson_of(name)}.md"
    before, found, _ = lesson.read_text(encoding="utf-8").rpartition(solution)
    why = {"why": f"{error.ename}: {error.evalue}"}
    if not found:
        return Problem(name, 1, "solution_fails", why)
    return Problem(f"lessons/{lesson.name}", before.count("\n") + 1, "solution_fails", why)


def _keep_stable_outputs(cell) -> None:
    """Leave a cell only the outputs that are to be the same in every run."""
    cell.metadata.pop("execution", None)
    if STABLE in cell.metadata.get("tags", []):
        cell.outputs = [_stored(output) for output in cell.outputs]
    else:
        cell.outputs = []
    if not cell.outputs:
        cell.execution_count = None  # nbval wants the count beside a stored output, and only there


def _stored(output):
    if "data" in output:
        output.data = {mime: value for mime, value in output.data.items() if mime not in NOT_STORED}
        output.metadata = {mime: told for mime, told in output.metadata.items() if mime not in NOT_STORED}
    return output
