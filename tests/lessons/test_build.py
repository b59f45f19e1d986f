"""Lesson sources → notebooks: the same bytes each time, languages in pairs, no solution in an exercise."""

import ast
import hashlib
import json
import re
import shutil
from pathlib import Path

import nbformat
import papermill
import pytest
from places import SUPPORT

import crmkit
from coursekit.lessons.build import build, coverage, notebooks, read_lessons
from coursekit.lessons.names import notebook_path
from coursekit.lessons.notebooks import contract
from coursekit.lessons.one_language import in_one_language
from coursekit.lessons.source import FRAMEWORKS, KNOWN_TAGS, SourceError, read_lesson

HERE = SUPPORT
SAMPLE = HERE / "lessons" / "01_sample.md"


@pytest.fixture(autouse=True)
def english():
    crmkit.set_language("en")


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A course of one lesson, built with its outputs."""
    root = tmp_path_factory.mktemp("课程 course")
    shutil.copytree(HERE / "lessons", root / "lessons")
    assert build(root=root) == 0
    return root


def hashes(root: Path) -> dict:
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in root.rglob("*.ipynb")
    }


def read(path: Path):
    return nbformat.read(path, as_version=4)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = SAMPLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "01_sample.md"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def problems(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(SourceError) as caught:
        read_lesson(path)
    assert all(str(p).startswith(f"{path.name}:{p.line}: ") for p in caught.value.problems)
    return [(p.line, p.code) for p in caught.value.problems]


def line_of(path: Path, text: str) -> int:
    return path.read_text(encoding="utf-8").split(text)[0].count("\n") + 1


# --- what is built ---------------------------------------------------------------------------------------------------


def test_notebooks_say_their_language_and_their_lesson_and_have_distinct_ids(built):
    made = list(built.rglob("*.ipynb"))
    assert len(made) == 3
    for path in made:
        notebook = read(path)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.language == "python"
        assert notebook.metadata.crmkit.lesson == "01_sample"
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
        assert b"\r" not in path.read_bytes()


def test_lessons_and_exercises_are_committed_without_outputs(built):
    for part in ("notebooks", "exercises"):
        for cell in read(built / notebook_path(part, "01_sample")).cells:
            assert cell.cell_type != "code" or (cell.outputs == [] and cell.execution_count is None)


def test_solutions_store_outputs_of_the_cells_that_nbval_compares_and_of_no_other(built):
    stored = [
        c
        for c in read(built / "solutions/01_sample_solution.ipynb").cells
        if c.cell_type == "code" and c.outputs
    ]
    assert len(stored) == 6 and all("nbval-check-output" in c.metadata.tags for c in stored)
    assert "image/png" not in json.dumps([c.outputs for c in stored])
    assert "已记录：40 行" in stored[0].outputs[0]["data"]["text/html"]


def test_nbval_accepts_the_solution_and_turns_red_when_a_number_changes(built, tmp_path):
    import subprocess
    import sys

    whole = (built / "solutions/01_sample_solution.ipynb").read_text(encoding="utf-8")
    (tmp_path / "good.ipynb").write_text(whole, encoding="utf-8")
    (tmp_path / "broken.ipynb").write_text(
        whole.replace("head(round(top", "tail(round(top"), encoding="utf-8"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval-lax",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "-rf",
    ]
    ran = subprocess.run([*command, "--rootdir", tmp_path, tmp_path], capture_output=True, text=True)
    failed = [line for line in ran.stdout.splitlines() if line.startswith("FAILED")]
    # the share itself, and the status that repeats it
    assert len(failed) == 2 and all("broken.ipynb" in line for line in failed), ran.stdout
    assert "26 passed" in ran.stdout


def test_papermill_shows_each_parameter_with_type_and_help(built):
    seen = papermill.inspect_notebook(str(built / "exercises/01_sample_exercise.ipynb"))
    assert seen["seed"]["inferred_type_name"] == "int" and seen["seed"]["help"].startswith("你的编号")
    assert seen["lang"]["default"] == '"both"'


def test_an_unanswered_exercise_runs_and_says_what_is_missing(built, tmp_path):
    out = papermill.execute_notebook(
        str(built / "exercises/01_sample_exercise.ipynb"),
        str(tmp_path / "out.ipynb"),
        parameters={"seed": 7, "lang": "en"},
        progress_bar=False,
    )
    last = [c for c in out.cells if c.cell_type == "code"][-1]
    assert last.outputs[0]["data"]["text/plain"].startswith("0 of 5 answers recorded")
    assert "还没有" not in json.dumps(out, ensure_ascii=False)


def test_nothing_of_the_solution_is_in_the_exercise(built):
    lesson = read_lesson(SAMPLE)
    text = (built / "exercises/01_sample_exercise.ipynb").read_text(encoding="utf-8")
    exercise = "\n".join(c.source for c in nbformat.reads(text, as_version=4).cells)
    for cell in (c for c in lesson.exercise if c.question):
        for line in cell.source.splitlines():
            assert line.strip() not in exercise
        for key in ("rubric", "sample"):
            for words in (cell.question.get(key) or {}).values():
                assert words not in exercise
    assert not re.search(r"tolerance|rubric|'sample'|must_compute|depends_on|'key'", exercise)
    cells = nbformat.reads(text, as_version=4).cells
    sheet = next(c.source for c in cells if "questions" in c.metadata.get("tags", []))
    told = ast.literal_eval(next(n for n in ast.walk(ast.parse(sheet)) if isinstance(n, ast.List)))
    assert told == [contract(q) for q in lesson.questions]


def test_the_sheet_is_folded_away_and_each_question_has_its_cell(built):
    cells = read(built / "exercises/01_sample_exercise.ipynb").cells
    sheet = next(c for c in cells if "questions" in c.metadata.get("tags", []))
    assert sheet.metadata.jupyter.source_hidden is True
    asked = [c.metadata.crmkit.question for c in cells if "crmkit" in c.metadata]
    assert asked == ["ranked", "top_share", "rule_holds", "curve", "advice"]


def test_coverage_lists_every_framework_once():
    covered = coverage(read_lessons(HERE / "lessons"))
    assert covered["customer-pyramid"] == ["01_sample"] and covered["kuhl"] == []
    assert sorted(FRAMEWORKS.entry(slug)["number"] for slug in FRAMEWORKS) == list(range(1, 33))


# --- drift -----------------------------------------------------------------------------------------------------------


def test_the_check_names_what_drifted_and_a_rebuild_gives_the_same_bytes(built, tmp_path, capsys):
    root = tmp_path / "root"
    shutil.copytree(built, root)
    assert build(check=True, root=root) == 0
    path = root / "solutions/01_sample_solution.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("sort_values", "nlargest", 1), encoding="utf-8")
    (root / "exercises/01_sample_exercise.ipynb").unlink()
    shutil.copy(root / "notebooks/01_sample.ipynb", root / "notebooks/99_stray.ipynb")
    drifted = hashes(root)
    capsys.readouterr()
    assert build(check=True, root=root) == 1
    said = capsys.readouterr().out
    assert all(
        f"{name}.ipynb" in said
        for name in ("solutions/01_sample_solution", "exercises/01_sample_exercise", "notebooks/99_stray")
    )
    assert "kit.py build" in said
    assert hashes(root) == drifted, "a check writes nothing"
    assert build(root=root) == 0 and build(check=True, root=root) == 0
    assert hashes(root) == hashes(built)


def test_the_check_does_not_look_at_stored_outputs(built, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(built, root)
    path = root / "solutions/01_sample_solution.ipynb"
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    assert build(check=True, root=root) == 0


def test_a_source_that_does_not_fit_builds_nothing(built, tmp_path, capsys):
    root = tmp_path / "root"
    shutil.copytree(built, root)
    before = hashes(root)
    source = root / "lessons/01_sample.md"
    source.write_text(
        source.read_text(encoding="utf-8").replace("minutes: 10", "minutes: soon"), encoding="utf-8"
    )
    assert build(root=root) == 1 and hashes(root) == before
    assert "lessons/01_sample.md:3: " in capsys.readouterr().out


def test_a_solution_that_fails_builds_nothing_also_of_the_lessons_before_it(built, tmp_path, capsys):
    root = tmp_path / "root"
    shutil.copytree(built, root)
    before = hashes(root)
    first = root / "lessons/01_sample.md"
    text = first.read_text(encoding="utf-8")
    first.write_text(text.replace("minutes: 10", "minutes: 11"), encoding="utf-8")
    failing = text.replace("top_share = ", "top_share = 1 / 0 * ", 1)
    (root / "lessons/02_failing.md").write_text(failing, encoding="utf-8")
    assert build(root=root) == 1 and hashes(root) == before
    said = capsys.readouterr().out
    assert (
        re.search(r"lessons/02_failing.md:\d+: [^:]*:\s*ZeroDivisionError", said) and "notebooks/" not in said
    )


# --- problems name file and line -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "old, new, marker, code",
    [
        ("titles: {zh: 样课, en: Sample lesson}", "titles: {zh: 样课}", "titles", "titles"),
        (
            "titles: {zh: 样课, en: Sample lesson}",
            "titles: {zh: 样课, en: S}\ntitle: S",
            "title: S",
            "front_matter_title",
        ),
        ("minutes: 10", "minutes: 10\nauthor: x", "author", "front_matter_key"),
        ("[customer-pyramid]", "[customer-piramid]", "frameworks", "unknown_frameworks"),
        (
            "tags: [check]",
            "tags: [check, fancy]",
            "```{code-cell} ipython3\n---\ntags: [check, fancy",
            "unknown_tag",
        ),
        ("## Step 1: work", "### Step 1: work", '+++ {"lang": "en", "tags": ["report"]}', "heading_levels"),
        ("# Sample lesson\n", "Sample lesson\n", '+++ {"lang": "en"}', "heading_levels"),
        (
            '+++ {"lang": "en", "tags": ["report"]}',
            '+++ {"lang": "en"}',
            '+++ {"lang": "en"}\n\n## Step 1',
            "pair_tags",
        ),
        ('+++ {"lang": "en"}\n\n## Ranking\n', "", '+++ {"lang": "zh"}\n\n## 排序', "unpaired"),
        ('+++ {"lang": "zh"}\n\n## 排序\n', "", '+++ {"lang": "en"}\n\n## Ranking', "unpaired"),
        (
            "lang: zh\n---\nnames",
            "lang: fr\n---\nnames",
            "```{code-cell} ipython3\n---\nlang: fr",
            "unknown_lang",
        ),
        ('+++ {"lang": "zh"}\n\n这位客户', "+++\n\n这位客户", "+++\n\n这位客户", "prose_without_lang"),
        ("这一课把每种写法各用一次，供写课的人参考。", "x" * 9, '+++ {"lang": "zh"}', None),
        (
            "../exercises/01_sample_exercise.ipynb",
            "../exercises/01_simple_exercise.ipynb",
            "01_simple",
            "LINK",
        ),
        (
            "crmkit.set_language(lang)\n",
            'crmkit.set_language(lang)\nprint("Hello")\n',
            'print("Hello")',
            "words_in_code",
        ),
        (
            "crmkit.set_language(lang)\n",
            'crmkit.set_language(lang)\nx = "收入"\n',
            'x = "收入"',
            "words_in_code",
        ),
        (
            "crmkit.set_language(lang)\n",
            'crmkit.set_language(lang)\nx = "too many"\n',
            'x = "too',
            "words_in_code",
        ),
        (
            "crmkit.set_language(lang)\n",
            'crmkit.set_language(lang)\nx = f"{top} of them"\n',
            'x = f"',
            "words_in_code",
        ),
        (
            "crmkit.set_language(lang)\n",
            "crmkit.set_language(lang)\n收入 = 3\n",
            "收入 = 3",
            "name_in_chinese",
        ),
        (
            "crmkit.set_language(lang)\n",
            "crmkit.set_language(lang)\n%matplotlib inline\n",
            "%matplotlib",
            "syntax",
        ),
        (
            'term("customer_share")',
            'term("customer_shore")',
            'curve.set_xlabel(term("customer_sh',
            "unknown_term",
        ),
        (
            "  # 前几位客户 | the first few customers",
            "  # the first few customers",
            "first = ranked",
            "comment",
        ),
        ("个人数据：收入和前百分之几 | individual", "individual", '"""individual', "docstring"),
        ('lang: str = "both"', 'lang = "both"', 'lang = "both"', "parameter_form"),
        (
            "  # 看多大比例的客户，0 到 1 | which share of customers to look at, 0 to 1",
            "",
            "top: float",
            "parameter_help",
        ),
        ("seed: int = 1  # 你的编号", "side: int = 1  # 你的编号", '+++ {"part"', "parameter_missing"),
        (
            "def generate(seed: int)",
            "def make(seed: int)",
            "```{code-cell} ipython3\n---\ntags: [generate]",
            "no_generate",
        ),
        (
            "tags: [check]",
            "tags: [report]",
            "```{code-cell} ipython3\n---\ntags: [report]\n---\nassert",
            "reads_answer",
        ),
        ('+++ {"part": "exercise"}\n', "", "QUESTION", None),
    ],
)
def test_a_problem_is_reported_at_its_line(tmp_path, old, new, marker, code):
    path = changed(tmp_path, old, new)
    if code == "LINK":
        with pytest.raises(SourceError) as caught:
            read_lessons(tmp_path)
        assert [(p.line, p.code) for p in caught.value.problems] == [(line_of(path, marker), "broken_link")]
    elif marker == "QUESTION":
        assert "question_outside_exercise" in [c for _, c in problems(path)]
    elif code is None:  # a title in the zh cell is Chinese enough
        assert read_lesson(path)
    else:
        assert (line_of(path, marker), code) in problems(path)


@pytest.mark.parametrize(
    "old, new, code",
    [
        ("  kind: number\n", "  kind: numeric\n", "question_kind"),
        ("  id: top_share\n", "  id: ranked\n", "question_twice"),
        ("  id: top_share\n", "  id: Top-Share\n", "question_id"),
        ("  unit: share\n", "  unit: shares\n", "question_unit"),
        ("  tolerance: 0.005\n", "", "question_tolerance"),
        ("  tolerance: 0.005\n", "  tolerance: small\n", "question_number"),
        ("  tolerance: 0.005\n", "  tolerence: 0.005\n", "question_field"),
        ("  must_compute: true\n", "  must_compute: maybe\n", "question_flag"),
        ("  depends_on: [ranked]\n  must", "  depends_on: [curve]\n  must", "question_depends"),
        ("  depends_on: [ranked]\n  must", "  must", "dependence_unlisted"),
        (
            "  depends_on: [ranked]\n  zh: 收入的",
            "  depends_on: [ranked, top_share]\n  zh: 收入的",
            "dependence_unread",
        ),
        ("    - {id: less, zh: 不到 20%, en: at most 20%}\n", "", "question_options"),
        ("  columns: [customer_id, revenue]\n", "", "question_columns"),
        ("  expects: line\n", "  expects: pie\n", "question_expects"),
        ("  rubric:\n", "  rubrik:\n", "question_text"),
        ("  min_words: 10\n", "  min_words: 900\n", "question_words"),
        ("  min_words: 10\n", "  min_words: 52\n", "question_sample"),
        ("  max_words: 200\n", "  max_words: 40\n", "question_sample"),
        ("  en: Sort `customers` by revenue, highest first.\n", "", "question_wording"),
        ("top_share = ranked", "share = ranked", "not_assigned"),
    ],
)
def test_a_bad_question_is_reported_at_its_cell_and_in_both_languages(tmp_path, old, new, code):
    path = changed(tmp_path, old, new)
    lines = {line for line, found in problems(path) if found == code}
    source = path.read_text(encoding="utf-8").splitlines()
    opened = {i for i, text in enumerate(source, 1) if text.startswith("```{code")}
    assert lines and (lines <= opened or code in ("not_assigned", "dependence_unlisted"))
    crmkit.set_language("both")
    with pytest.raises(SourceError) as caught:
        read_lesson(path)
    assert re.search(r"[\u4e00-\u9fff].* / .*[a-z]", str(caught.value))


@pytest.mark.parametrize(
    "code",
    [
        'x = ranked.query("name in @names and revenue > 100")',
        'x = "SELECT name FROM t ORDER BY name"',
        'x = ranked["revenue"]  # ranked.head(3)',
        'ax.plot(x, color="tab:blue", linestyle="--")',
        'x = "%Y-%m-%d %H:%M"',
        'x = f"{top:.1%}"',
        'ax.set_xlabel("$x_i$")',
        'ax.set_ylabel("%")',
        'x = pd.read_csv("my file of data.csv")',
        'x = ranked.rename(columns={"name": "customer_name"})',
        'x = "a b c"',
        'ax.plot(x, label=term("customer_share"))',
        "x = 3  # 三 | three",
        'x = "not x and y"',
        'x = "2024-01-31"',
    ],
)
def test_code_that_is_no_prose_raises_no_alarm(tmp_path, code):
    place = "crmkit.set_language(lang)\n"
    assert read_lesson(changed(tmp_path, place, f"{place}{code}\n"))


def test_the_sample_lesson_shows_every_feature():
    text = SAMPLE.read_text(encoding="utf-8")
    kinds = set(re.findall(r"  kind: (\w+)", text))
    assert kinds == {"number", "choice", "table", "chart", "text"}
    used = {tag for tags in re.findall(r"tags: \[([^\]]*)\]", text) for tag in tags.split(", ")}
    assert used <= set(KNOWN_TAGS) and {"parameters", "report", "hide-input", "check", "generate"} <= used


# --- editions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang, gone, kept", [("zh", "lang-en", "zh"), ("en", "lang-zh", "en")])
def test_an_edition_holds_one_language_and_says_it_to_the_kernel(built, lang, gone, kept):
    for part in ("notebooks", "exercises", "solutions"):
        bilingual = read(built / notebook_path(part, "01_sample"))
        before = nbformat.writes(bilingual)
        single = in_one_language(bilingual, lang)
        assert nbformat.writes(bilingual) == before, "the bilingual notebook is left as it was"
        nbformat.validate(single)
        text = nbformat.writes(single)
        assert "lang-" not in text and f'lang: str = \\"{lang}\\"' in text and '\\"both\\"' not in text
        prose = "".join(c.source for c in single.cells if c.cell_type == "markdown")
        chinese = len(re.findall(r"[\u4e00-\u9fff]", prose))
        assert (chinese > 20) == (lang == "zh") and (lang == "zh" or chinese == 0)
        assert " | " not in "".join(c.source for c in single.cells if c.cell_type == "code")
        assert len(single.cells) == sum(gone not in c.metadata.get("tags", []) for c in bilingual.cells)


def test_the_bilingual_edition_is_the_notebook_itself(built):
    notebook = read(built / "notebooks/01_sample.ipynb")
    assert in_one_language(notebook, "both") is notebook
    with pytest.raises(ValueError):
        in_one_language(notebook, "fr")


def test_an_edition_runs_and_speaks_its_language(built, tmp_path):
    path = tmp_path / "zh.ipynb"
    nbformat.write(in_one_language(read(built / "solutions/01_sample_solution.ipynb"), "zh"), path)
    out = papermill.execute_notebook(str(path), str(tmp_path / "out.ipynb"), progress_bar=False)
    said = [c for c in out.cells if c.cell_type == "code"][-1].outputs[0]["data"]["text/plain"]
    assert said.startswith("已记录 5 题") and "recorded" not in said


# --- the course itself -----------------------------------------------------------------------------------------------


def test_the_committed_notebooks_are_what_their_sources_say(capsys):
    assert build(check=True) == 0, capsys.readouterr().out


def test_notebooks_are_made_for_every_part_and_only_there():
    lessons = read_lessons(HERE / "lessons")
    assert sorted(notebooks(lessons)) == [
        "exercises/01_sample_exercise.ipynb",
        "notebooks/01_sample.ipynb",
        "solutions/01_sample_solution.ipynb",
    ]
