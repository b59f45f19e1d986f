"""The working copy: nothing that a student wrote is ever lost, and what nobody wrote in follows the course.

And JupyterLab on it: settings of the kit that a user can change, the kernel of this environment, a port of its own.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_server import Lab
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from places import ROOT

import crmkit
from coursekit import cli
from coursekit.learn import lab, workspace
from coursekit.learn.workspace import Manifest, Mark, find_lesson, lay, reset
from coursekit.lessons.names import notebook_path
from coursekit.messages import KitError

LESSON = "notebooks/06_customer_pyramid.ipynb"
EXERCISE = "exercises/06_customer_pyramid_exercise.ipynb"
STAMPED = re.compile(r"06_customer_pyramid\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d+)?\.ipynb")


def bilingual(version: int) -> str:
    """A small bilingual notebook as the build makes them."""
    cells = [
        new_markdown_cell(f"# 客户金字塔 第{version}版", metadata={"tags": ["lang-zh"]}, id="zh"),
        new_markdown_cell(
            f"# The customer pyramid, version {version}", metadata={"tags": ["lang-en"]}, id="en"
        ),
        new_code_cell('lang: str = "both"', metadata={"tags": ["parameters"]}, id="p"),
        new_code_cell("1 + 1", id="sum"),
    ]
    return nbformat.writes(new_notebook(cells=cells)) + "\n"


def publish(root: Path, version: int) -> None:
    for part in ("notebooks", "exercises", "solutions"):
        for name in ("00_start_here", "06_customer_pyramid"):
            path = root / notebook_path(part, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(bilingual(version), encoding="utf-8")
    (root / "datasets").mkdir(exist_ok=True)
    (root / "datasets" / "README.md").write_text(f"version {version}\n", encoding="utf-8")
    (root / "datasets" / ".gitkeep").touch()


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course in its first version, in place of the checkout's."""
    root = tmp_path / "课程"
    publish(root, 1)
    monkeypatch.setattr(workspace, "PACKAGED", root / "nowhere")
    monkeypatch.setattr(workspace, "CHECKOUT", root)
    crmkit.set_language("en")
    return root


def run_it(path: Path) -> None:
    """What JupyterLab leaves when somebody only runs the cells: outputs, counts, metadata, another layout."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.9"}
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        cell.execution_count = number + 1
        cell.outputs = [new_output("execute_result", {"text/plain": "2"}, execution_count=number + 1)]
    path.write_text(nbformat.writes(notebook, indent=4), encoding="utf-8")


def write_in(path: Path, text: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell(text))
    nbformat.write(notebook, path)


def everything(folder: Path) -> str:
    return "\n".join(p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file())


def test_laying_copies_the_course_and_leaves_hidden_files_out(course, tmp_path):
    done = lay(tmp_path / "work")
    assert (done.lang, len(done.new), done.upgraded, done.kept) == (None, 7, [], [])
    assert (tmp_path / "work" / LESSON).read_bytes() == (course / LESSON).read_bytes()
    assert not (tmp_path / "work" / "datasets" / ".gitkeep").exists()


def test_the_glossary_is_laid_where_the_first_lesson_links_to_it_and_follows_a_new_version(course, tmp_path):
    page = course / "docs" / "glossary.html"
    page.parent.mkdir()
    page.write_text("<p>first order</p>", encoding="utf-8")
    assert workspace.GLOSSARY in lay(tmp_path / "work").new
    laid = tmp_path / "work" / "notebooks" / ".." / "docs" / "glossary.html"
    assert laid.read_bytes() == page.read_bytes()
    page.write_text("<p>first order, repeat order</p>", encoding="utf-8")
    assert lay(tmp_path / "work").upgraded == [workspace.GLOSSARY]
    assert laid.read_bytes() == page.read_bytes()


def test_the_first_lesson_links_to_the_glossary_of_the_checkout_and_of_the_working_copy():
    notebook = (ROOT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8")
    assert notebook.count("](../docs/glossary.html)") == 2 and (ROOT / workspace.GLOSSARY).is_file()
    assert workspace.GLOSSARY in workspace.course_files(ROOT)


def test_laying_again_changes_no_byte(course, tmp_path):
    lay(tmp_path / "work")
    before = {
        p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (tmp_path / "work").rglob("*") if p.is_file()
    }
    done = lay(tmp_path / "work")
    assert (done.new, done.upgraded, done.kept) == ([], [], [])
    assert before == {
        p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (tmp_path / "work").rglob("*") if p.is_file()
    }


def test_the_working_copy_is_work_in_the_checkout_and_in_the_current_folder_of_a_wheel(
    course, tmp_path, monkeypatch
):
    assert lay().folder == (course / "work").resolve()
    monkeypatch.setattr(workspace, "PACKAGED", course)
    monkeypatch.chdir(tmp_path)
    assert lay().folder == (tmp_path / "work").resolve()


def test_an_upgrade_reaches_what_nobody_wrote_in(course, tmp_path):
    lay(tmp_path / "work")
    publish(course, 2)
    assert len(lay(tmp_path / "work").upgraded) == 7
    assert "version 2" in (tmp_path / "work" / LESSON).read_text(encoding="utf-8")


def test_an_upgrade_never_touches_what_a_student_wrote_and_says_so_once(course, tmp_path):
    target = tmp_path / "work" / LESSON
    lay(tmp_path / "work")
    write_in(target, "my_idea = 42")
    mine = target.read_bytes()
    publish(course, 2)
    done = lay(tmp_path / "work")
    assert done.kept == [LESSON] and LESSON not in done.upgraded and target.read_bytes() == mine
    assert LESSON in "\n".join(lab.news_of(done)) and "reset notebooks/06_customer_pyramid" in "\n".join(
        lab.news_of(done)
    )
    assert lay(tmp_path / "work").kept == []
    publish(course, 3)
    assert lay(tmp_path / "work").kept == [LESSON], "a newer version is news again"


def test_an_upgrade_replaces_a_notebook_that_was_only_run_and_keeps_its_outputs(course, tmp_path):
    target = tmp_path / "work" / LESSON
    lay(tmp_path / "work")
    run_it(target)
    ran = target.read_bytes()
    assert lay(tmp_path / "work").upgraded == [] and target.read_bytes() == ran, (
        "same version: outputs stay in place"
    )
    publish(course, 2)
    done = lay(tmp_path / "work")
    assert LESSON in done.upgraded and "version 2" in target.read_text(encoding="utf-8")
    assert (tmp_path / "work" / done.archive / LESSON).read_bytes() == ran


def test_a_notebook_that_is_broken_or_replaced_by_something_else_counts_as_written(course, tmp_path):
    target = tmp_path / "work" / LESSON
    lay(tmp_path / "work")
    target.write_text("merge conflict <<<<", encoding="utf-8")
    publish(course, 2)
    assert lay(tmp_path / "work").kept == [LESSON]
    assert target.read_text(encoding="utf-8") == "merge conflict <<<<"


def test_a_file_of_the_same_name_that_was_there_before_is_kept(course, tmp_path):
    own = tmp_path / "work" / "datasets" / "README.md"
    own.parent.mkdir(parents=True)
    own.write_text("my own notes", encoding="utf-8")
    assert lay(tmp_path / "work").kept == ["datasets/README.md"]
    assert own.read_text(encoding="utf-8") == "my own notes"


@pytest.mark.parametrize("damage", ["{", "[]", '{"lang": "fr"}', None])
def test_without_a_readable_manifest_nothing_is_overwritten(course, tmp_path, damage):
    lay(tmp_path / "work")
    write_in(tmp_path / "work" / LESSON, "my_idea = 42")
    manifest = tmp_path / "work" / ".kit" / "manifest.json"
    manifest.unlink() if damage is None else manifest.write_text(damage, encoding="utf-8")
    publish(course, 2)
    done = lay(tmp_path / "work")
    assert len(done.kept) == 7 and done.upgraded == []
    assert "my_idea" in (tmp_path / "work" / LESSON).read_text(encoding="utf-8")


def test_a_deleted_file_comes_back_and_a_withdrawn_one_goes_unless_written_in(course, tmp_path):
    folder = tmp_path / "work"
    lay(folder)
    (folder / LESSON).unlink()
    assert lay(folder).new == [LESSON]
    write_in(folder / EXERCISE, "my_idea = 42")
    for part in ("notebooks", "exercises"):
        (course / notebook_path(part, "06_customer_pyramid")).unlink()
    lay(folder)
    assert not (folder / LESSON).exists() and (folder / EXERCISE).exists()


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_whatever_language_is_asked_for_the_notebooks_hold_both_and_the_switch_can_show_either(
    course, tmp_path, lang
):
    lay(tmp_path / "work", lang=lang)
    assert (tmp_path / "work" / LESSON).read_bytes() == (course / LESSON).read_bytes()


def test_another_language_changes_no_file_and_lasts_until_the_next(course, tmp_path):
    folder = tmp_path / "work"
    assert lay(folder).lang is None
    write_in(folder / LESSON, "my_idea = 42")
    before = {p: p.read_bytes() for p in folder.rglob("*.ipynb")}
    done = lay(folder, lang="en")
    assert (done.new, done.upgraded, done.kept) == ([], [], [])
    again = lay(folder)
    assert (again.lang, again.asked) == ("en", done.asked), "the language of a working copy lasts"
    assert lay(folder, lang="both").lang == "both"
    assert {p: p.read_bytes() for p in folder.rglob("*.ipynb")} == before


@pytest.mark.simulated
@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["write", "run", "upgrade", "zh", "en", "both", "reset", "open", "lose manifest"]
            ),
            st.sampled_from([LESSON, "exercises/00_start_here_exercise.ipynb"]),
        ),
        max_size=12,
    )
)
def test_no_text_of_a_student_is_ever_lost_whatever_happens(steps):
    crmkit.set_language("en")
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        root, folder = Path(place, "course"), Path(place, "work")
        publish(root, 1)
        patch.setattr(workspace, "PACKAGED", root / "nowhere")
        patch.setattr(workspace, "CHECKOUT", root)
        lay(folder)
        version, written = 1, []
        for number, (step, path) in enumerate(steps):
            if step == "write":
                written.append(f"idea_{number}_of_the_student = {number}")
                write_in(folder / path, written[-1])
            elif step == "run":
                run_it(folder / path)
            elif step == "upgrade":
                version += 1
                publish(root, version)
                lay(folder)
            elif step == "reset":
                reset(path, folder)
            elif step == "lose manifest":
                (folder / ".kit" / "manifest.json").unlink()
                lay(folder)
            else:
                lay(folder, lang=None if step == "open" else step)
            text = everything(folder)
            assert all(idea in text for idea in written), (step, path)


# ---- reset


def test_reset_gives_a_fresh_copy_and_keeps_the_old_one_under_its_time(course, tmp_path):
    folder = tmp_path / "work"
    lay(folder)
    for text in ("first = 1", "second = 2"):  # twice within a second
        write_in(folder / LESSON, text)
        assert "06_customer_pyramid" in "".join(reset("06", folder))
    assert (folder / LESSON).read_bytes() == (course / LESSON).read_bytes()
    kept = [p for p in (folder / "notebooks").iterdir() if STAMPED.fullmatch(p.name)]
    assert len(kept) == 2 and "first = 1" in everything(folder) and "second = 2" in everything(folder)
    publish(course, 2)
    assert lay(folder).kept == [], "a reset file follows the course again"


def test_reset_of_an_untouched_lesson_makes_no_copies(course, tmp_path):
    folder = tmp_path / "work"
    lay(folder)
    before = sorted(folder.rglob("*"))
    assert len(reset("06", folder)) == 2, "what was as laid, and that the exercise stays"
    assert sorted(folder.rglob("*")) == before
    publish(course, 2)
    reset("06", folder)
    assert sorted(folder.rglob("*")) == before and "version 2" in (folder / LESSON).read_text(
        encoding="utf-8"
    )


def test_reset_of_a_lesson_leaves_its_exercise_with_the_answers_unless_that_is_named(course, tmp_path):
    folder = tmp_path / "work"
    exercise = folder / "exercises" / "06_customer_pyramid_exercise.ipynb"
    lay(folder)
    write_in(folder / LESSON, "first = 1")
    write_in(exercise, "my_answer = 42")
    said = "\n".join(reset("06", folder))
    assert "my_answer = 42" in exercise.read_text(encoding="utf-8")
    assert "reset exercises/06_customer_pyramid_exercise.ipynb" in said, "it says how"
    assert "first = 1" not in (folder / LESSON).read_text(encoding="utf-8")
    for name in ("exercises/06", "06_customer_pyramid_exercise"):
        write_in(exercise, "my_answer = 42")
        reset(name, folder)
        assert "my_answer = 42" not in exercise.read_text(encoding="utf-8")
    assert "my_answer = 42" in everything(folder)


def test_reset_of_a_notebook_that_was_only_opened_keeps_no_copy(course, tmp_path):
    lay(tmp_path / "work")
    target = tmp_path / "work" / LESSON
    notebook = nbformat.read(target, as_version=4)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(notebook, target)
    assert "as laid already" in reset("06", tmp_path / "work")[0]
    assert not [p for p in target.parent.iterdir() if STAMPED.fullmatch(p.name)]


def test_a_second_lesson_is_not_taken_for_the_working_folder(course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay(tmp_path / "work")
    with pytest.raises(KitError, match="reset 00") as raised:
        reset("06", Path("00"))
    assert raised.value.code == "reset_one_lesson"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("06", 1),
        ("6", 1),
        ("06_customer_pyramid", 1),
        ("customer_pyramid", 1),
        ("exercises/06", 1),
        ("exercises/06_customer_pyramid", 1),
        ("06_customer_pyramid_exercise.ipynb", 1),
        ("exercises\\06", 1),
        ("work/exercises/06_customer_pyramid_exercise.ipynb", 1),
        ("./notebooks/00_start_here", 1),
        ("datasets/README.md", 1),
    ],
)
def test_reset_understands_a_number_a_name_and_a_path(course, name, found):
    assert len(find_lesson(name, workspace.course_files(course))) == found


@pytest.mark.parametrize("name", ["07", "1", "pyramid", "notes/06", "", "../06"])
def test_reset_lists_the_lessons_when_there_is_none_of_that_name(course, tmp_path, name):
    lay(tmp_path / "work")
    with pytest.raises(KitError, match="06_customer_pyramid") as raised:
        reset(name, tmp_path / "work")
    assert raised.value.code == "unknown_lesson" and "00_start_here" in raised.value.message_zh


def test_reset_without_a_working_copy_says_to_open_first(course, tmp_path):
    with pytest.raises(KitError, match="Run open first"):
        reset("06", tmp_path / "nothing")


# ---- folders that cannot be a working copy


def test_a_folder_of_the_course_is_refused(course, tmp_path):
    for folder in (course, course / "notebooks", course / "exercises" / "mine"):
        with pytest.raises(KitError) as raised:
            lay(folder)
        assert raised.value.code == "folder_is_course"
    assert not (course / ".kit").exists() and lay(course / "work").new


def test_a_file_is_refused_as_a_folder(course, tmp_path):
    (tmp_path / "work").write_text("", encoding="utf-8")
    with pytest.raises(KitError, match="is a file"):
        lay(tmp_path / "work")


def test_a_course_without_notebooks_says_to_build(course, tmp_path):
    for path in (course / "notebooks").iterdir():
        path.unlink()
    with pytest.raises(KitError, match="Run build first"):
        lay(tmp_path / "work")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is Linux's")
def test_a_full_disk_is_said_and_leaves_no_half_file(course, tmp_path, monkeypatch, capsys):
    lay(tmp_path / "work")
    publish(course, 2)
    beside = tmp_path / "work" / "notebooks" / ".06_customer_pyramid.ipynb.new"
    beside.symlink_to("/dev/full")  # the file that is written first and renamed then
    assert cli.main(["reset", "notebooks/06", str(tmp_path / "work")]) == 1
    assert "Not enough disk space" in capsys.readouterr().err
    assert "version 1" in (tmp_path / "work" / LESSON).read_text(encoding="utf-8") and not beside.exists()


def test_a_notebook_s_mark_ignores_running_and_sees_every_word(course, tmp_path):
    lay(tmp_path / "work")
    target = tmp_path / "work" / LESSON
    laid = Mark.of(target.read_bytes(), LESSON)
    run_it(target)
    ran = Mark.of(target.read_bytes(), LESSON)
    assert ran.same_text(laid) and ran != laid
    write_in(target, "")
    assert not Mark.of(target.read_bytes(), LESSON).same_text(laid), "an empty cell is already somebody's"
    assert Manifest.read(tmp_path / "work").laid[LESSON] == laid


# ---- the command line


@pytest.mark.parametrize(
    ("arguments", "code", "zh"),
    [
        (["opne"], 2, "没有“opne”这个命令"),
        (["open", "--prot", "1"], 2, "没有选项 --prot"),
        (["reset"], 2, "还缺 LESSON"),
        (["open", "--port", "x"], 2, "--port 要一个整数，不是“x”"),
        (["open", "--port", "99999"], 2, "--port 不能是 99999：至多 65535"),
        (["leaderboard", ".", "--scenario", "x", "--seed", "-4"], 2, "--seed 不能是 -4：至少 0"),
        (["contest", ".", "--scenario", "x", "--seconds", "?"], 2, "--seconds 要一个数，不是“?”"),
        (["open", "--lang", "fr"], 2, "--lang 不能是“fr”。可以是：zh, en, both"),
        (["open", "a", "b"], 2, "命令写得不对"),
        (["bench", "nothing"], 1, "没有“nothing”这一项测量"),
        (["reset", "06", "/nowhere/at/all"], 1, "还没有学习文件"),
    ],
)
def test_a_mistake_on_the_command_line_is_said_in_the_user_s_language(
    arguments, code, zh, capsys, monkeypatch
):
    crmkit.set_language("zh")
    assert cli.main(arguments) == code
    said = capsys.readouterr().err
    assert zh in said and "Traceback" not in said and "Input should" not in said
    crmkit.set_language("en")
    assert cli.main(arguments) == code
    assert not re.search("[\u4e00-\u9fff]", capsys.readouterr().err)


@pytest.mark.parametrize("verb", cli.verbs())
@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_every_verb_explains_itself_in_each_language(verb, lang, capsys):
    crmkit.set_language(lang)
    assert cli.main([verb, "--help"]) == 0
    shown = capsys.readouterr().out
    assert bool(re.search("[\u4e00-\u9fff]", shown)) is (lang != "en")
    assert ("show this help" in shown) is (lang != "zh")


def test_a_command_loads_only_what_it_needs():
    heavy = ("pandas", "matplotlib", "jupyterlab", "nbformat", "papermill", "rich", "duckdb")
    code = "import sys; from coursekit.cli import main; main(['open', '--help']); "
    code += f"print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert shown.splitlines()[-1] == "[]"


@pytest.mark.executed
def test_what_follows_test_is_pytest_s(tmp_path):
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "coursekit.cli",
            "test",
            "tests/learn/test_workspace.py",
            "-q",
            "-k",
            "mark_ignores",
        ],
        capture_output=True,
        encoding="utf-8",
        env={k: v for k, v in os.environ.items() if k != "CI"},
        timeout=600,  # a bound for what hangs
    )
    assert result.returncode == 0 and "1 passed" in result.stdout.splitlines()[-1]


# ---- JupyterLab


def test_settings_follow_the_language_of_the_working_copy_and_then_of_the_system(monkeypatch):
    locale = "@jupyterlab/translation-extension:plugin"
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for system, lang, expected in [
        ("zh_CN.UTF-8", "both", "zh_CN"),
        ("en_GB.UTF-8", "both", "default"),
        ("zh_CN.UTF-8", None, "zh_CN"),
        ("en_GB.UTF-8", "zh", "zh_CN"),
        ("zh_CN.UTF-8", "en", "default"),
    ]:
        monkeypatch.setenv("LANG", system)
        assert lab.settings(lang)[locale] == {"locale": expected}


def test_a_free_port_is_found_and_a_taken_one_refused():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(KitError) as raised:
            lab.claim_port(taken)
        assert raised.value.code == "port_in_use" and raised.value.value == taken
        assert lab.claim_port(None) != taken
    assert lab.claim_port(taken) == taken


def test_what_to_type_to_get_the_newer_version_is_written_as_this_user_types_it(
    course, tmp_path, monkeypatch
):
    monkeypatch.setenv("CRMKIT_COMMAND", "py kit.py")
    crmkit.set_language("en")
    lay(tmp_path / "work")
    write_in(tmp_path / "work" / LESSON, "my_idea = 42")
    publish(course, 2)
    said = " ".join(lab.news_of(lay(tmp_path / "work")))
    assert "py kit.py reset notebooks/06_customer_pyramid" in said


NOTIFICATION = "/lab/api/settings/@jupyterlab/apputils-extension:notification"
TRANSLATION = "/lab/api/settings/@jupyterlab/translation-extension:plugin"


@pytest.mark.executed
def test_jupyterlab_opens_at_the_start_with_the_kit_s_settings_and_a_user_s_own_survive(tmp_path):
    folder, home = tmp_path / "学习 work", tmp_path / "home"
    with Lab(folder, home, "--lang", "zh") as opened:
        assert opened.page == "/lab/tree/notebooks/00_start_here.ipynb"
        assert opened.ask("/api/contents/notebooks")["content"]
        assert opened.ask(NOTIFICATION)["schema"]["properties"]["fetchNews"]["default"] == "false"
        assert opened.ask(TRANSLATION)["schema"]["properties"]["locale"]["default"] == "zh_CN"
        python3 = opened.ask("/api/kernelspecs")["kernelspecs"]["python3"]["spec"]
        assert python3["argv"][0] == sys.executable, (
            "not the kernel that another course left in the user's home"
        )
        assert '"name": "crmkit-lang"' in opened.ask("/lab"), "the language switch is one of the extensions"
        assert opened.ask("/lab/extensions/crmkit-lang/package.json")["name"] == "crmkit-lang"
        assert '"crmkitLang": "zh"' in opened.ask("/lab"), "the switch knows what --lang asked for"
        opened.ask(TRANSLATION, "PUT", {"raw": '{"locale": "en"}'})
        opened.ask(NOTIFICATION, "PUT", {"raw": '{"doNotDisturbMode": true}'})
        second = subprocess.run(
            [sys.executable, "-m", "coursekit.cli", "open", str(folder), "--no-browser"],
            env=opened.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=600,
        )
        assert "页面还是原来的语言" not in second.stdout, "nobody asked for another"
        other = subprocess.run(
            [*second.args, "--lang", "en"],
            env=opened.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=600,
        )
        assert "Its page keeps its language" in other.stdout, other.stdout + other.stderr
        saved = opened.ask("/nbconvert/html/notebooks/00_start_here.ipynb")
        assert "crm-language" in saved and "const asked = 'zh'" in saved, "a saved page shows one language"
        assert second.returncode == 0 and "已经打开" in second.stdout, second.stdout + second.stderr
        assert f"{opened.base}/lab/tree/notebooks/00_start_here.ipynb?token=" in second.stdout
    with Lab(folder, home) as again:
        assert '"en"' in again.ask(TRANSLATION)["raw"] and "true" in again.ask(NOTIFICATION)["raw"]
        assert again.ask(NOTIFICATION)["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert not (home / ".jupyter" / "lab").exists(), (
        "the settings of the user's own JupyterLab are left alone"
    )


@pytest.mark.executed
def test_a_given_port_is_used(tmp_path):
    port = lab.claim_port(None)
    with Lab(tmp_path / "work", tmp_path / "home", "--port", str(port), "--lang", "en") as opened:
        assert opened.base.endswith(f":{port}")
        assert "Working copy" in opened.said and not re.search("[\u4e00-\u9fff]", opened.said)
