"""The marking screen in Chromium: by keyboard alone, without a network, with hostile texts,
and two markers reconciled.
"""

import json
from contextlib import contextmanager
from pathlib import Path

import pytest

from coursekit.records import read_record
from coursekit.teach.grade.marking_screen import (
    FORMAT,
    SAVED,
    VERSION,
    WORDS,
    Marked,
    page,
    reconciled,
)
from coursekit.teach.grade.marking_screen import _word as word

HOSTILE = "</script><script>window.robbed = 1</script>\u2028\u2029<img src=x onerror='window.robbed = 1'><a href='javascript:robbed=1'>x</a>"
LONG = (
    "会员卡让客户多来了吗？先看对照组。 Did the card bring customers back? Look at the control group first. "
    * 12
)
CRITERIA = [
    {"zh": "说出该发给谁", "en": "Says who should get the offer", "most": 1.0},
    {"zh": "指出整体平均掩盖了各类差异", "en": "Says that the average hides the segments", "most": 2.0},
]
HELD = {
    "format": FORMAT,
    "version": VERSION,
    "task": "0123456789abcdef",
    "questions": {
        "advice": {
            "wording": {
                "zh": "给老板一个建议：下一次发给谁？",
                "en": "Advise the owner: who gets the offer next time?",
            },
            "sample": {
                "zh": "只发给提高明显的一类会员。",
                "en": "Send it only to the segment that it moves.",
            },
            "criteria": CRITERIA,
        }
    },
    "answers": [
        {"question": "advice", "text": "a1", "answer": LONG},
        {"question": "advice", "text": "b2", "answer": HOSTILE},
        {"question": "advice", "text": "c3", "answer": "Only to singles, for families renew anyway."},
    ],
    "words": {lang: {name: word(name, lang) for name in WORDS} for lang in ("zh", "en")},
}


@pytest.fixture(scope="module")
def screen(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("screen") / "评分 marking.html"
    path.write_text(page(HELD), encoding="utf-8")
    return path


@contextmanager
def opened(browser, screen: Path, *, lang: str = "en-GB"):
    """The page as a marker opens it; whatever it asks the network for, or throws, fails the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale=lang, accept_downloads=True)
    shown = context.new_page()
    wrong: list[str] = []
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    shown.on(
        "request",
        lambda asked: wrong.append(asked.url) if not asked.url.startswith(("file:", "blob:")) else None,
    )
    shown.on("dialog", lambda dialog: dialog.accept())
    shown.goto(screen.as_uri())
    yield shown
    assert not wrong
    assert shown.evaluate("window.robbed") is None
    context.close()


def saved_by(shown, folder: Path) -> dict:
    with shown.expect_download() as waiting:
        shown.keyboard.press("Control+s")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return json.loads(path.read_text(encoding="utf-8"))


def typed(shown, *keys: str) -> None:
    for key in keys:
        shown.keyboard.press(key)


def marked_by(browser, screen, folder: Path, name: str, keys: tuple) -> dict:
    with opened(browser, screen) as shown:
        shown.locator("#marker").fill(name)
        shown.locator("#demands input").first.focus()
        typed(shown, *keys)
        return saved_by(shown, folder)


A = ("1", "Enter", "2", "Enter", "1", "Enter", "0", "Enter", "0", "Enter", "1", "Enter")
B = ("1", "Enter", "2", "Enter", "0", "Enter", "0", "Enter", "1", "Enter", "0", "Enter")


def test_every_text_is_marked_with_the_keyboard_alone_and_what_is_saved_is_read_back(
    browser, screen, tmp_path
):
    with opened(browser, screen) as shown:
        assert shown.evaluate("document.activeElement.type") == "number"  # ready to type
        typed(shown, "0", ".", "5", "Enter", "2", "Enter", "1", "Enter", "1", ".", "5", "Enter")
        assert "text 3 of 3" in shown.locator("#where").inner_text()
        typed(shown, "PageUp")
        assert "text 2 of 3" in shown.locator("#where").inner_text()
        typed(shown, "Control+Enter")
        assert "text 3 of 3" in shown.locator("#where").inner_text()
        typed(shown, "Tab", "Tab")
        assert shown.evaluate("document.activeElement.id") == "comment"
        shown.keyboard.type("short, and right")
        typed(shown, "Control+s")  # no name yet: said, and the cursor is where it is asked for
        assert shown.evaluate("document.activeElement.id") == "marker"
        assert "initials" in shown.locator("#said").inner_text()
        shown.keyboard.type("王 A")
        saved = saved_by(shown, tmp_path)
    assert [path.name for path in tmp_path.glob(SAVED)] == ["marking_王_A.json"]
    read = read_record(Marked, saved, file=tmp_path / "x")
    assert {mark.text: mark.points for mark in read.marks} == {"a1": [0.5, 2], "b2": [1, 1.5], "c3": []}
    assert read.marks[2].comment == "short, and right" and not read.agreed
    assert reconciled([read])["advice", "a1"].points == 2.5


def test_what_was_marked_is_there_again_after_closing_and_after_loading_the_file(browser, screen, tmp_path):
    saved = marked_by(browser, screen, tmp_path, "A", A)
    with opened(browser, screen) as shown:
        assert "0 of 3" in shown.locator("#progress").inner_text()
        shown.locator("#files").set_input_files(tmp_path / "marking_A.json")
        shown.wait_for_function("document.getElementById('progress').textContent.includes('3 of 3')")
        assert shown.locator("#marker").input_value() == "A"
        assert saved_by(shown, tmp_path)["marks"] == saved["marks"]
        shown.locator("#demands input").first.fill("0")
        shown.reload()  # not saved: the browser has kept it
        assert shown.locator("#demands input").first.input_value() == "0"


def test_two_markers_see_only_where_they_differ_and_save_what_they_agree_on(browser, screen, tmp_path):
    marked_by(browser, screen, tmp_path, "A", A)
    marked_by(browser, screen, tmp_path, "B", B)
    files = [tmp_path / "marking_A.json", tmp_path / "marking_B.json"]
    read = [read_record(Marked, json.loads(p.read_text("utf-8")), file=p) for p in files]
    assert reconciled(read)["advice", "b2"].points is None
    with opened(browser, screen) as shown:
        shown.locator("#files").set_input_files(files)
        # a1 alike; c3: 0 + 1 and 1 + 0 are the same points; b2 is what they differ on
        shown.wait_for_function("document.getElementById('where').textContent === 'text 1 of 1'")
        assert (
            "A: 1" in shown.locator("#demands").inner_text()
            and "B: 0" in shown.locator("#demands").inner_text()
        )
        typed(shown, "1", "Enter", "0", "Enter")
        agreed = saved_by(shown, tmp_path)
    assert agreed["agreed"] and agreed["marker"] == "A+B"
    assert [(mark["text"], mark["points"]) for mark in agreed["marks"]] == [("b2", [1, 0])]
    read.append(read_record(Marked, agreed, file=tmp_path / "x"))
    given = reconciled(read)
    assert [given["advice", text].points for text in ("a1", "b2", "c3")] == [3.0, 1.0, 1.0]


def test_hostile_words_are_shown_as_they_were_written_and_run_nothing(browser, screen):
    with opened(browser, screen) as shown:
        typed(shown, "PageDown")
        assert shown.locator("#answer").evaluate("one => one.textContent") == HOSTILE
        assert shown.locator("#answer").evaluate("one => one.children.length") == 0
        assert shown.title().startswith("评分")


def test_no_script_but_the_pages_own_may_run(browser, screen, tmp_path):
    """The policy of the page, and not only its escaping: a script that somebody put into the file is refused."""
    altered = tmp_path / "altered.html"
    text = screen.read_text(encoding="utf-8")
    altered.write_text(text.replace("</body>", "<script>window.robbed = 1</script></body>"), encoding="utf-8")
    context = browser.new_context()
    shown = context.new_page()
    shown.goto(altered.as_uri())
    assert shown.evaluate("window.robbed") is None
    assert shown.locator("#demands input").count() == 2  # its own does
    context.close()


@pytest.mark.parametrize(
    "name, content", [("x.json", "{"), ("x.json", "[]"), ("x.json", '{"format": "crmkit marking"}')]
)
def test_a_file_that_the_page_did_not_save_is_refused_in_words(browser, screen, tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with opened(browser, screen) as shown:
        shown.locator("#files").set_input_files(path)
        shown.wait_for_function("document.getElementById('said').textContent.includes('x.json')")


def test_points_beyond_what_a_demand_earns_are_not_taken(browser, screen, tmp_path):
    with opened(browser, screen) as shown:
        shown.locator("#marker").fill("A")
        shown.locator("#demands input").first.fill("7")
        assert "out of range" in shown.locator("#said").inner_text()
        assert saved_by(shown, tmp_path)["marks"] == []


@pytest.mark.parametrize("lang, first", [("zh-CN", "评分"), ("en-GB", "Marking")])
def test_the_page_begins_in_the_browsers_language_and_switches(browser, screen, lang, first):
    with opened(browser, screen, lang=lang) as shown:
        title = shown.locator("#title")
        assert title.inner_text() == first
        seen = {first}
        for _ in range(2):
            shown.locator("#language").focus()
            typed(shown, "Enter")
            seen.add(title.inner_text())
        assert seen == {"评分", "Marking", "评分 · Marking"}


def test_on_a_small_laptop_everything_that_is_needed_to_mark_is_in_view(browser, screen):
    with opened(browser, screen) as shown:
        shown.locator("#language").click()
        for name in ("#answer", "#demands", "#sum", "#comment", "#save", "#next", "#progress"):
            box = shown.locator(name).bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 1366, name
            assert box["y"] < 768, name
        assert shown.evaluate("document.documentElement.scrollHeight <= innerHeight")
