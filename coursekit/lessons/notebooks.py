"""Checked cells → the lesson, exercise and solution notebooks, byte for byte the same each time."""

import hashlib
import os
from collections import Counter
from html import escape
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from coursekit.messages import MESSAGES
from crmkit.answers.forms import FORM_FIELDS, describe
from crmkit.core.catalogue import Pair

from .source import LANGUAGES, Cell, Lesson, Problem, SourceError

STABLE = "nbval-check-output"  # nbval compares the stored output of cells with this tag
# what never goes into a stored output: pictures differ between machines, widget ids between runs
NOT_STORED = ("image/png", "image/jpeg", "image/svg+xml", "application/vnd.jupyter.widget-view+json")


def lesson_notebook(lesson: Lesson):
    """The bilingual notebook of the lesson itself."""
    return _notebook(lesson, "lesson", [_emit(cell) for cell in lesson.cells])


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
    seen: Counter = Counter()
    for cell in cells:
        key = f"{cell.cell_type}\n{cell.source}"
        cell.id = hashlib.sha256(f"{key}\n{seen[key]}".encode()).hexdigest()[:12]
        seen[key] += 1
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
        "title": " ".join(lesson.titles[lang] for lang in LANGUAGES),
        "crmkit": about,
    }
    notebook = new_notebook(cells=cells, metadata=metadata)
    nbformat.validate(notebook)
    return notebook


def _emit(cell: Cell):
    tags = [f"lang-{cell.lang}"] if cell.lang else []
    tags += ["raises-exception" if tag == "raises" else tag for tag in cell.tags if tag != "stable"]
    if cell.kind == "markdown":
        return markdown_cell(cell.source, tags)
    return code_cell(cell.source, tags, hidden="hide-input" in cell.tags)


def markdown_cell(source: str, tags: list[str]):
    """A cell of prose; ``lang-zh`` and ``lang-en`` among its tags say who reads it."""
    return new_markdown_cell(source, metadata={"tags": tags} if tags else {})


def code_cell(source: str, tags: list[str], *, hidden: bool = False, question: str | None = None):
    """A cell of code; ``question`` is the id of the question that it answers."""
    metadata: dict = {"tags": tags} if tags else {}
    if hidden:
        metadata["jupyter"] = {"source_hidden": True}
    if question:
        metadata["crmkit"] = {"question": question}
    return new_code_cell(source, metadata=metadata)


def _exercise_cells(lesson: Lesson, *, solved: bool):
    number, last = 0, len(lesson.questions)
    for cell in lesson.exercise:
        if cell.question is None:
            if solved or "solution" not in cell.tags:
                emitted = _emit(cell)
                if solved and "stable" in cell.tags:
                    emitted.metadata.setdefault("tags", []).append(STABLE)
                yield emitted
            continue
        number += 1
        if number == 1:
            yield code_cell(answer_sheet_code(lesson), ["questions", "hide-input"], hidden=True)
        yield from _question_cells(cell, number, solved)
        if number == last:
            yield from (
                markdown_cell(MESSAGES.texts("exercise_status")[lang], [f"lang-{lang}"]) for lang in LANGUAGES
            )
            yield code_cell("answer.status()", ["check", STABLE] if solved else ["check"])


def answer_sheet_code(lesson: Lesson) -> str:
    lines = ",\n".join(f"    {contract(question)!r}" for question in lesson.questions)
    head = f"from crmkit import AnswerSheet\n\nanswer = AnswerSheet({lesson.slug!r}, seed=seed, questions=["
    return f"{head}\n{lines},\n])"


def _question_cells(cell: Cell, number: int, solved: bool):
    question = cell.question
    name, kind = question["id"], question["kind"]
    weight = question.get("weight", 1)
    head = MESSAGES.texts(
        "exercise_question",
        number=number,
        weight=f"{weight:g}",
        points=MESSAGES.pair("exercise_point" if weight == 1 else "exercise_points"),
    )
    form = (
        MESSAGES.texts("exercise_choose")
        if kind == "choice"
        else MESSAGES.texts("exercise_form", form=describe(question))
    )
    for lang in LANGUAGES:
        options = "".join(
            f'\n- `"{o["id"]}"` {escape(o[lang], quote=False)}' for o in question.get("options", [])
        )
        parts = [head[lang], question[lang].strip(), options.strip("\n"), form[lang]]
        yield markdown_cell("\n\n".join(p for p in parts if p), [f"lang-{lang}"])
    call = f'answer("{name}", {name})'
    if not solved:
        empty = f'{name} = """\n\n"""' if kind == "text" else f"{_comment('exercise_stub')}\n{name} = ..."
        yield code_cell(f"{empty}\n{call}", [], question=name)
    elif kind == "text":
        rubric = MESSAGES.texts(
            "solution_rubric", rubric=Pair(*(question["rubric"][lang].strip() for lang in LANGUAGES))
        )
        yield from (markdown_cell(rubric[lang], [f"lang-{lang}"]) for lang in LANGUAGES)
        for lang in LANGUAGES:
            yield code_cell(f'{name} = """\n{question["sample"][lang].strip()}\n"""', [f"lang-{lang}"])
        yield code_cell(call, [STABLE], question=name)
    else:
        yield code_cell(f"{cell.source}\n{call}", [*cell.tags, STABLE], question=name)


def _comment(key: str) -> str:
    pair = MESSAGES.texts(key)
    return f"# {pair['zh']} | {pair['en']}"


def to_text(notebook) -> str:
    return nbformat.writes(notebook, version=4) + "\n"


def without_outputs(notebook):
    """A copy as it is before anything ran: what the drift check compares."""
    import copy

    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare


def store_outputs(notebook, *, folder: Path, name: str):
    """Run the notebook and keep the outputs of the cells tagged nbval-check-output, in a copy."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    ran = without_outputs(notebook)
    plain = {k: v for k, v in os.environ.items() if not k.startswith("CRMKIT_")}
    try:
        client = NotebookClient(
            ran,
            timeout=600,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            extra_arguments=["--log-level=ERROR"],
        )
        client.execute(env=plain)
    except CellExecutionError as error:
        failed = next(c for c in ran.cells if any(o.output_type == "error" for o in c.get("outputs", [])))
        lesson = folder.parent / "lessons" / f"{Path(name).stem}.md"
        before, found, _ = lesson.read_text(encoding="utf-8").rpartition(
            failed.source.partition("\nanswer(")[0]
        )
        why = f"{error.ename}: {error.evalue}"
        where = (f"lessons/{lesson.name}", before.count("\n") + 1) if found else (name, 1)
        raise SourceError([Problem(*where, "solution_fails", {"why": why})]) from None
    for cell in ran.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        cell.outputs = [_stored(o) for o in cell.outputs] if STABLE in cell.metadata.get("tags", []) else []
        if not cell.outputs:
            cell.execution_count = None  # nbval wants the count beside a stored output, and only there
    ran.metadata = notebook.metadata
    return ran


def _stored(output):
    if "data" in output:
        output.data = {mime: value for mime, value in output.data.items() if mime not in NOT_STORED}
    return output
