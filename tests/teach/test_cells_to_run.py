"""What is run of a notebook: the student's code, all of it, with the true parameters and the true answer sheet."""

import nbformat
import pytest
from classroom import PACK, Classroom

from coursekit.lessons.exercise import load_exercise
from coursekit.lessons.notebooks import answer_sheet_code
from coursekit.teach.assign.assign import find_exercise
from coursekit.teach.grade.cells_to_run import prepared_cells
from coursekit.teach.handed_in.notebook import CodeCell, Notebook, read_notebook

SEED = 12345
INJECTED = f'# Parameters\nseed = {SEED}\nlang = "zh"\n'
PARAMETERS = "seed = 1\nlang = 'both'"


@pytest.fixture(scope="module")
def lesson():
    return load_exercise(find_exercise(PACK)).lesson


@pytest.fixture(scope="module")
def sheet(lesson):
    return answer_sheet_code(lesson)


def prepared(lesson, *cells):
    """What is run of these cells, each a source or a source with its tag."""
    made = []
    for cell in cells:
        source, tag = cell if isinstance(cell, tuple) else (cell, None)
        made.append(CodeCell(source, (tag,) if tag else ()))
    return prepared_cells(Notebook(tuple(made), {}, ()), lesson, seed=SEED, lang="zh")


def given(sheet):
    """The kit's own cells, as `assign` lays them."""
    return (PARAMETERS, "parameters"), (INJECTED, "injected-parameters"), (sheet, "questions")


def run(cells) -> dict:
    """What the cells leave behind, with a sheet that keeps what is recorded."""
    space = {}
    for source in cells:
        exec(source, space)
    return space


def recorded(space) -> set[str]:
    return {one.question["id"] for one in space["answer"].status().answers if one.state == "recorded"}


@pytest.mark.parametrize(
    "words",
    [
        "# made anew: answer = AnswerSheet(...) did not help\n",
        "text = 'I called AnswerSheet( twice'\n",
        "'''\nanswer = AnswerSheet('x', seed=1, questions=[])\n'''\n",
        "# Parameters\nmy_seed = 3  # seed\n",
        "# answer.hand_in() comes later\n",
    ],
)
def test_an_answer_is_never_lost_for_a_word_in_its_cell(lesson, sheet, words):
    cell = words + "answer('renewed_offered', 0.5)"
    for kit in (given(sheet), ((PARAMETERS, None), (INJECTED, None), (sheet, None))):
        found = prepared(lesson, *kit, cell)
        assert cell in found.cells and found.left_out == []
        assert recorded(run(found.cells)) == {"renewed_offered"}


def test_the_kits_cells_are_replaced_by_the_true_ones_once(lesson, sheet):
    found = prepared(lesson, *given(sheet), "x = 1", ("answer.hand_in()", "hand-in"))
    true = INJECTED.strip()
    assert [cell.strip() for cell in found.cells] == [f"{PARAMETERS}\n{true}", true, sheet, "x = 1"]
    assert found.left_out == []


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("tag", ["questions", "injected-parameters", "parameters"])
def test_code_that_was_merged_into_a_cell_of_the_kit_is_run_on_the_students_own_data(
    lesson, sheet, tag, above
):
    kit = [*given(sheet)]
    at = next(i for i, (_, its) in enumerate(kit) if its == tag)
    source = kit[at][0]
    kit[at] = (f"mine = 'code'\n{source}" if above else f"{source}\nmine = seed", tag)
    found = prepared(lesson, *kit, "answer('renewed_offered', 0.5)")
    space = run(found.cells)
    assert space["mine"] == ("code" if above else SEED) and space["seed"] == SEED
    assert recorded(space) == {"renewed_offered"} and found.left_out == []


def test_the_parameters_cell_merged_with_the_injected_one_gives_the_true_seed(lesson, sheet):
    merged = f"{PARAMETERS}\n{INJECTED}\nmine = seed"
    found = prepared(lesson, (merged, "parameters"), (sheet, "questions"))
    assert run(found.cells)["mine"] == SEED


def test_where_a_platform_has_dropped_every_tag_the_kits_cells_are_known_by_their_statements(lesson, sheet):
    found = prepared(
        lesson, PARAMETERS, INJECTED, sheet, "answer('renewed_offered', 0.5)", "answer.hand_in()"
    )
    space = run(found.cells)
    assert recorded(space) == {"renewed_offered"} and found.left_out == []
    assert sum("AnswerSheet(" in cell for cell in found.cells) == 1


@pytest.mark.parametrize("injected", [[INJECTED], [], ["# mine\n" + INJECTED]])
def test_without_tags_the_true_seed_stands_after_the_default_of_the_lesson(lesson, sheet, injected):
    default = '# 参数 parameters\nseed: int = 1  # your own data\nlang: str = "both"'
    kit = [default, *injected]
    found = prepared(lesson, *kit, sheet, "mine = seed\nanswer('renewed_offered', 0.5)")
    space = run(found.cells)
    assert space["mine"] == SEED and recorded(space) == {"renewed_offered"} and found.left_out == []


@pytest.mark.parametrize(
    "own", ["seed = 1  # first look", "seed, lang = 1, 'both'", "for seed in [1]:\n    pass", "seed: int = 1"]
)
@pytest.mark.parametrize("tagged", [True, False])
def test_the_true_seed_stands_where_the_injected_one_stood_whatever_was_put_above_it(
    lesson, sheet, own, tagged
):
    default, injected, questions = given(sheet)
    kit = [default, own, injected, questions, "mine = seed"]
    if not tagged:
        kit = [one[0] if isinstance(one, tuple) else one for one in kit]
    found = prepared(lesson, *kit)
    assert run(found.cells)["mine"] == SEED and found.left_out == []


@pytest.mark.parametrize(
    "default", ["seed, lang = 1, 'both'", "[seed, lang] = [1, 'both']", "seed, n = 1, 2"]
)
@pytest.mark.parametrize("injected", [[], [(INJECTED, "injected-parameters")]])
def test_a_default_written_in_another_form_is_followed_by_the_true_seed(lesson, sheet, default, injected):
    merged = f"{default}\nmine = seed"
    found = prepared(lesson, (merged, "parameters"), *injected, (sheet, "questions"))
    space = run(found.cells)
    assert space["mine"] == space["seed"] == SEED and space.get("n", 2) == 2


def test_a_seed_that_a_student_sets_below_is_run_as_it_ran_for_the_student(lesson, sheet):
    found = prepared(lesson, *given(sheet), "seed = 5", "mine = seed")
    assert run(found.cells)["mine"] == 5


def test_every_exercise_of_the_kit_runs_on_the_true_seed_though_a_platform_drops_all_tags(tmp_path):
    room = Classroom(tmp_path, students=1)
    student = room.students[0]
    raw = nbformat.writes(room.notebook(student))
    read = read_notebook(raw.encode())
    bare = Notebook(tuple(CodeCell(cell.source, ()) for cell in read.cells), {}, ())
    seed = room.variant(student)["seed"]
    found = prepared_cells(bare, room.exercise.lesson, seed=seed, lang="zh")
    until_the_sheet = found.cells[: next(i for i, c in enumerate(found.cells) if "AnswerSheet(" in c) + 1]
    assert run(until_the_sheet)["seed"] == seed


def test_a_cell_that_is_run_has_the_number_that_it_has_for_the_student(lesson, sheet):
    found = prepared(lesson, *given(sheet), "x = 1", ("answer.hand_in()", "hand-in"), "y = 2")
    numbers = {cell: found.number(run) for run, cell in enumerate(found.cells)}
    assert numbers["x = 1"] == 3 and numbers["y = 2"] == 5 and numbers[sheet] == 2
    assert [found.number(run) for run in (-1, len(found.cells), 10**5000, None)] == [None] * 4


def test_another_seed_or_another_sheet_is_left_out_and_told(lesson, sheet):
    forged = sheet.replace("'kind': 'number'", "'kind': 'text'")
    other = INJECTED.replace(str(SEED), "1")
    found = prepared(
        lesson,
        (PARAMETERS, "parameters"),
        (other, "injected-parameters"),
        (sheet, "questions"),
        forged + "\nmine = 3",
        "answer('renewed_offered', 0.5)",
    )
    space = run(found.cells)
    assert space["seed"] == SEED and space["mine"] == 3 and recorded(space) == {"renewed_offered"}
    assert found.left_out[0] == "seed = 1" and found.left_out[1].startswith("answer = AnswerSheet(")
    assert len(found.left_out) == 2


def test_a_students_own_variable_called_seed_stays(lesson, sheet):
    own = "seed = 7\nimport random\ndrawn = random.Random(seed).random()"
    found = prepared(lesson, *given(sheet), own)
    assert own in found.cells and found.left_out == []


def test_a_kits_cell_that_is_no_python_any_more_is_left_out_and_told(lesson, sheet):
    broken = sheet + "\nthis is no python"
    found = prepared(lesson, *given(sheet)[:2], (broken, "questions"), "x = 1")
    assert found.left_out == [broken] and sheet in found.cells and "x = 1" in found.cells


def test_magics_beside_the_sheet_stay(lesson, sheet):
    found = prepared(
        lesson, *given(sheet)[:2], ("%matplotlib inline\n" + sheet + "\n!ls\nx = 2", "questions")
    )
    assert found.left_out == [] and sheet in found.cells
    (rest,) = [cell for cell in found.cells if "%matplotlib inline" in cell]
    assert "!ls" in rest and "x = 2" in rest and "answer = AnswerSheet" not in rest


@pytest.mark.parametrize(
    "deep",
    [
        "answer = AnswerSheet(" + "(" * 5000,
        "answer = AnswerSheet(x" + ".a" * 3000 + ")",
        "answer = AnswerSheet(" + "-" * 3000 + "1)",
        "answer = AnswerSheet(" + "[" * 150 + "]" * 150 + ")",
        "x = 1  # AnswerSheet(\n" * 20_000,
    ],
)
def test_code_that_is_too_deep_or_too_long_to_be_looked_into_stops_nothing(lesson, sheet, deep):
    found = prepared(lesson, *given(sheet), deep, "answer('renewed_offered', 0.5)")
    assert sheet in found.cells and "answer('renewed_offered', 0.5)" in found.cells
