"""The language switch on the page: JupyterLab in a real Chromium, opened on built notebooks."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from lab_server import Lab
from pages import VISIBLE, fresh, open_notebook, picture, press, shown
from places import SUPPORT

from coursekit.learn.lab import EXTENSIONS, claim_port
from coursekit.lessons.build import notebooks, read_lessons
from coursekit.lessons.cells import Cell
from coursekit.lessons.defined_terms import with_definitions
from coursekit.lessons.notebooks import markdown_cell
from coursekit.lessons.one_language import in_one_language

HERE = SUPPORT
LONG = 60  # pairs of the long notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The sample course without outputs, its Chinese edition, and a long bilingual notebook."""
    root = tmp_path_factory.mktemp("course")
    made = notebooks(read_lessons(HERE / "lessons"))
    made["zh_edition.ipynb"] = in_one_language(made["notebooks/01_sample.ipynb"], "zh")
    pairs = [
        nbformat.v4.new_markdown_cell(text, metadata={"tags": [tag]})
        for i in range(LONG)
        for tag, text in (
            ("lang-zh", f"## 第 {i} 节\n\n{'关系营销。' * 60}"),
            ("lang-en", f"## Part {i}\n\n{'Marketing of relations. ' * 60}"),
        )
    ]
    said = [
        Cell(kind="markdown", source=source, line=1, body=1, lang=lang)
        for lang, source in (
            ("zh", "# 金字塔"),
            ("en", "# Pyramid"),
            ("zh", "先看**客户金字塔**。"),
            ("en", "The **customer pyramid** first."),
        )
    ]
    cells = [markdown_cell(cell.source, [f"lang-{cell.lang}"]) for cell in with_definitions(said, [])]
    made["terms.ipynb"] = nbformat.v4.new_notebook(cells=cells, metadata=made["zh_edition.ipynb"].metadata)
    made["long.ipynb"] = nbformat.v4.new_notebook(cells=pairs, metadata=made["zh_edition.ipynb"].metadata)
    twins = [
        nbformat.v4.new_markdown_cell("# 一格两份\n\n## Twins"),
        nbformat.v4.new_code_cell("name = '小李'", metadata={"tags": ["lang-zh"]}),
        nbformat.v4.new_code_cell("name = 'Li'", metadata={"tags": ["lang-en"]}),
        nbformat.v4.new_code_cell("print(f'{name}: 54')"),
        nbformat.v4.new_code_cell("print('done')"),
    ]
    chart = [
        nbformat.v4.new_markdown_cell("# 图", metadata={"tags": ["lang-zh"]}),
        nbformat.v4.new_markdown_cell("# Chart", metadata={"tags": ["lang-en"]}),
        nbformat.v4.new_markdown_cell("---"),
        nbformat.v4.new_code_cell("import crmkit\ncrmkit.set_language('both')"),
        nbformat.v4.new_code_cell(
            "from matplotlib import pyplot as plt\nfigure, ax = plt.subplots()\nax.bar(['a', 'b'], [1, 2])\n"
            "ax.set_title(crmkit.term('customer_share'));"
        ),
    ]
    made["chart.ipynb"] = nbformat.v4.new_notebook(cells=chart, metadata=made["zh_edition.ipynb"].metadata)
    made["twins.ipynb"] = nbformat.v4.new_notebook(cells=twins, metadata=made["zh_edition.ipynb"].metadata)
    for name, notebook in made.items():
        (root / name).parent.mkdir(exist_ok=True)
        nbformat.write(notebook, root / name)
    return root


@pytest.fixture(scope="module")
def server(browser, course, tmp_path_factory):
    """JupyterLab on the course, with settings of its own: its address."""
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    news = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (home / "labconfig").mkdir()
    (home / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(news))
    own = {
        "JUPYTERLAB_SETTINGS_DIR": "set",
        "JUPYTERLAB_WORKSPACES_DIR": "work",
        "JUPYTER_RUNTIME_DIR": "run",
    }
    env = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_PATH": str(home)}
    env |= {name: str(home / folder) for name, folder in own.items()}
    options = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": course,
        "IdentityProvider.token": "",
        "ServerApp.disable_check_xsrf": True,
        "ServerApp.allow_root": True,
        "LabApp.expose_app_in_browser": True,
        "LabApp.extra_labextensions_path": EXTENSIONS,
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        *(f"--{k}={v}" for k, v in options.items()),
    ]
    with (
        open(home / "log", "wb") as log,
        subprocess.Popen(command, env=env, stdout=log, stderr=log) as process,
    ):
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5)
                    break
                except OSError:
                    assert process.poll() is None, (home / "log").read_text()
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
def page(browser):
    with fresh(browser) as page:
        yield page


@pytest.fixture(scope="module")
def lesson(browser, server):
    """The sample lesson, opened once for several tests."""
    with fresh(browser) as page:
        open_notebook(page, server, "notebooks/01_sample.ipynb")
        yield page


@pytest.fixture(scope="module")
def exercise(browser, server):
    """The sample exercise on a running kernel, opened once for several tests."""
    with fresh(browser) as page:
        open_notebook(page, server, "exercises/01_sample_exercise.ipynb", kernel=True)
        yield page


def interface(server: str, locale: str) -> None:
    """Set the language of JupyterLab's menus."""
    request = urllib.request.Request(
        f"{server}/lab/api/settings/@jupyterlab/translation-extension:plugin",
        method="PUT",
        data=json.dumps({"raw": json.dumps({"locale": locale})}).encode(),
    )
    urllib.request.urlopen(request)


def test_the_first_language_is_that_of_the_interface_and_it_works_without_a_kernel(page, server):
    interface(server, "zh_CN")
    try:
        open_notebook(page, server, "notebooks/01_sample.ipynb")
        assert page.evaluate("document.body.dataset.crmLang") == "zh"
        assert "样课" in shown(page) and "Sample lesson" not in shown(page)
    finally:
        interface(server, "default")
    page.context.clear_cookies()
    open_notebook(page, server, "notebooks/01_sample.ipynb")
    assert page.evaluate("document.body.dataset.crmLang") == "en", (
        "nothing was chosen, so the interface still decides"
    )
    assert "Sample lesson" in shown(page) and "样课" not in shown(page)
    press(page, "both")
    assert "Sample lesson" in shown(page) and "样课" in shown(page)
    names = f"{VISIBLE}.filter(n => n.innerText.includes('names = [')).length"
    assert page.evaluate(names) == 2
    press(page, "zh")
    assert page.evaluate(names) == 1, "code cells of one language are switched too"


def test_the_choice_persists_and_the_shortcut_goes_round(page, server):
    open_notebook(page, server, "notebooks/01_sample.ipynb")
    press(page, "zh")
    assert page.get_attribute(".crm-language button[value=zh]", "aria-pressed") == "true"
    open_notebook(page, server, "exercises/01_sample_exercise.ipynb")
    assert page.evaluate("document.body.dataset.crmLang") == "zh" and "练习" in shown(page)
    page.click(".jp-Notebook .jp-RenderedMarkdown:visible")
    seen = []
    for _ in range(3):
        page.keyboard.press("Control+Alt+l")
        seen.append(page.evaluate("document.body.dataset.crmLang"))
    assert seen == ["en", "both", "zh"]


@pytest.mark.parametrize(
    ("lang", "name", "begins", "other"),
    [
        ("zh", "客户金字塔", "把客户按价值", "customer pyramid:"),
        ("en", "customer pyramid", "Customers ranked", "客户金字塔:"),
    ],
)
@pytest.mark.parametrize("way", ["hover", "focus", "tap"])
def test_a_term_shows_both_definitions_on_hover_focus_and_tap(
    browser, server, lang, name, begins, other, way
):
    with fresh(browser, has_touch=True, viewport={"width": 1366, "height": 768}) as page:
        open_notebook(page, server, "terms.ipynb")
        press(page, lang)
        term = page.locator("abbr.crm-term:visible")
        page.wait_for_selector("abbr.crm-term[data-definition]:visible")
        bubble = page.locator(".crm-definition")
        assert term.inner_text() == name and not bubble.is_visible()
        getattr(term, way)()
        told = bubble.inner_text()
        assert told.startswith(begins) and other in told
        middle = "n => { const r = n.getBoundingClientRect(); n.style.pointerEvents = 'auto'; "
        middle += "return document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2) === n }"
        assert bubble.evaluate(middle), "nothing lies over it, and no cell cuts it off"
        assert term.get_attribute("aria-description").startswith(begins)
        picture(page, f"term-{lang}-{way}")
        page.keyboard.press("Escape")
        assert not bubble.is_visible()


def test_open_lang_sets_the_switch_once_and_what_is_chosen_on_the_page_stays(page, tmp_path):
    port = str(claim_port(None))  # the page's memory belongs to an address

    def language(lab: Lab, *, then: str | None = None) -> str:
        page.goto(f"{lab.base}{lab.page}?token={lab.token}")
        page.wait_for_selector(".crm-language:visible", timeout=600_000)
        shown = page.evaluate("document.body.dataset.crmLang")
        if then:
            press(page, then)
        page.goto("about:blank")  # a server does not end before its pages have gone
        return shown

    work, home = tmp_path / "work", tmp_path / "home"
    with Lab(work, home, "--port", port, "--lang", "zh") as lab:
        assert language(lab, then="en") == "zh"
        assert language(lab) == "en", "chosen on the page, after what was asked for"
    with Lab(work, home, "--port", port) as lab:
        assert language(lab) == "en"
    with Lab(work, home, "--port", port, "--lang", "zh") as lab:
        assert language(lab) == "zh", "asked for again"


def test_the_palette_offers_each_language(lesson):
    page = lesson
    page.keyboard.press("Control+Shift+c")
    page.fill(".lm-CommandPalette-input", "双语")
    page.click(".lm-CommandPalette-item:has-text('Language: 双语')")
    page.wait_for_function("document.body.dataset.crmLang === 'both'")


def test_the_keyboard_never_stops_on_a_hidden_cell(lesson):
    page = lesson
    press(page, "en")
    page.click(".jp-MarkdownCell:visible .jp-RenderedMarkdown")
    page.keyboard.press("Escape")
    active = """() => { const n = document.querySelector('.jp-Cell.jp-mod-active');
        return [n.offsetParent !== null, jupyterapp.shell.currentWidget.content.activeCellIndex]; }"""
    down, up = [], []
    for key, places in (("ArrowDown", down), ("ArrowUp", up)):
        for _ in range(16):
            page.keyboard.press(key)
            on_page, place = page.evaluate(active)
            assert on_page
            places.append(place)
    visible = page.evaluate("""() => jupyterapp.shell.currentWidget.content.widgets
        .map((cell, i) => cell.node.offsetParent !== null && !cell.inputHidden ? i : -1).filter(i => i >= 0)""")
    assert down == sorted(down) and set(down) | {visible[0]} == set(visible) == set(up) | {visible[-1]}
    press(page, "zh")
    assert page.evaluate(active)[0], "the active cell was the English title"


def test_new_cells_and_edited_tags_are_seen_and_only_bilingual_notebooks_have_the_switch(lesson):
    page = lesson
    press(page, "zh")
    page.evaluate("""() => { const { content } = jupyterapp.shell.currentWidget;
        content.activeCellIndex = 2;
        content.activeCell.model.setMetadata('tags', ['lang-en']);
        const cell = {cell_type: 'markdown', source: 'new', metadata: {tags: ['lang-en']}};
        content.model.sharedModel.insertCell(0, cell); }""")
    page.wait_for_function("""() => [0, 3].every(i =>
        jupyterapp.shell.currentWidget.content.widgets[i].node.offsetParent === null)""")
    assert page.is_visible(".crm-language")
    spoken = "[...document.querySelectorAll('.jp-Cell[data-tags~=lang-%s]')].every(n => n.lang === '%s')"
    assert page.evaluate(spoken % ("zh", "zh-CN")) and page.evaluate(spoken % ("en", "en"))
    page.evaluate("jupyterapp.commands.execute('docmanager:open', {path: 'zh_edition.ipynb'})")
    page.wait_for_function("jupyterapp.shell.currentWidget.context?.path === 'zh_edition.ipynb'")
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-tags=parameters]")
    assert not page.is_visible(".jp-NotebookPanel:not(.lm-mod-hidden) .crm-language")


def test_the_table_of_contents_lists_what_is_on_the_page(exercise):
    page = exercise
    press(page, "zh")
    page.evaluate("jupyterapp.shell.activateById('table-of-contents')")
    entries = "[...document.querySelectorAll('.jp-tocItem')].map(n => n.innerText.trim()).filter(Boolean)"
    page.wait_for_function(f"{entries}.some(t => t.includes('问题 5'))")
    assert not any("Question" in entry for entry in page.evaluate(entries))
    press(page, "en")
    page.wait_for_function(f"{entries}.some(t => t.includes('Question 5'))")
    assert not any("问题" in entry for entry in page.evaluate(entries))
    press(page, "both")
    page.wait_for_function(f"['问题 5', 'Question 5'].every(q => {entries}.some(t => t.includes(q)))")


def test_a_long_notebook_switches_at_once_and_leaves_no_blank_where_one_scrolls(page, server):
    open_notebook(page, server, "long.ipynb")
    for lang, script in (("zh", "第"), ("en", "Part"), ("both", "Part"), ("zh", "第")):
        taken = page.evaluate(
            """lang => { const start = performance.now();
            document.querySelector(`.crm-language button[value=${lang}]`).click();
            document.body.offsetHeight; return performance.now() - start; }""",
            lang,
        )
        assert taken < 500, f"{taken:.0f} ms"
        for place in (0.0, 0.3, 0.7, 1.0):
            # to the end of the prose: JupyterLab lets one scroll on past it, into a window's height of nothing
            page.evaluate(
                """place => { const box = document.querySelector('.jp-WindowedPanel-outer');
                const prose = box.querySelector('.jp-WindowedPanel-inner').offsetHeight;
                box.scrollTop = place * (prose - box.clientHeight); }""",
                place,
            )
            page.wait_for_function(
                """script => {
                const box = document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect();
                return [0.2, 0.5, 0.8].some(part => document.elementsFromPoint(box.x + 300, box.y + part * box.height)
                    .some(n => n.matches?.('.jp-RenderedMarkdown') && n.innerText.includes(script))); }""",
                arg=script,
            )
    height = "document.querySelector('.jp-WindowedPanel-outer').scrollHeight"
    before = page.evaluate(height)
    press(page, "both")
    page.wait_for_function(f"before => {height} > 1.6 * before", arg=before)


def test_outputs_follow_the_switch_without_running_again(exercise):
    page = exercise
    page.wait_for_function("jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'")
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".jp-OutputArea-output table td:has-text('advice')", state="attached")
    page.evaluate(
        "document.querySelectorAll('.jp-Cell').forEach(n => { n.style.contentVisibility = 'visible'; })"
    )
    outputs = "[...document.querySelectorAll('.jp-OutputArea-output div[lang]')]"
    said = f"{outputs}.filter(n => n.offsetParent !== null).map(n => n.innerText).join()"
    press(page, "zh")
    assert "已记录 0 题，共 5 题" in page.evaluate(said) and "recorded" not in page.evaluate(said)
    press(page, "en")
    assert "0 of 5 answers recorded" in page.evaluate(said) and "题" not in page.evaluate(said)
    picture(page, "sample_exercise_en")


def test_code_of_the_language_that_is_hidden_is_not_run_so_nothing_shown_is_overwritten(page, server):
    open_notebook(page, server, "twins.ipynb", kernel=True)
    idle = "jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    page.wait_for_function(idle)
    outputs = """[...jupyterapp.shell.currentWidget.content.widgets].filter(c => c.model.type === 'code')
        .map(c => c.model.outputs.length ? c.model.outputs.get(0).data['application/vnd.jupyter.stdout'] : '')"""
    prompts = f"{outputs.partition('.map')[0]}.map(c => c.model.executionCount)"
    states = f"{outputs.partition('.map')[0]}.map(c => c.model.executionState)"
    for lang, command, said, ran in (
        ("zh", "notebook:run-all-cells", "小李: 54\n", [True, False, True, True]),
        ("en", "notebook:run-all-cells", "Li: 54\n", [False, True, True, True]),
        ("zh", "notebook:run-cell", "小李: 54\n", [True, False, True, True]),
        ("both", "notebook:run-all-cells", "Li: 54\n", [True, True, True, True]),
    ):
        press(page, lang)
        page.evaluate(
            "[...jupyterapp.shell.currentWidget.content.widgets].forEach(c => c.model.clearExecution?.())"
        )
        if command == "notebook:run-cell":  # all of them, chosen together
            page.evaluate("jupyterapp.commands.execute('notebook:select-all')")
        page.evaluate(f"jupyterapp.commands.execute('{command}')")
        page.wait_for_function(f"({outputs}).at(-1) === 'done\\n' && {idle}")
        assert page.evaluate(outputs)[2] == said
        assert [count is not None for count in page.evaluate(prompts)] == ran
        assert set(page.evaluate(states)) == {"idle"}, "nothing waits"


def test_a_chart_is_drawn_in_the_language_that_its_page_shows(page, server):
    open_notebook(page, server, "chart.ipynb", kernel=True)
    idle = "jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    page.wait_for_function(idle)
    for lang, shows, hides in (("zh", "客户占比", "customer share"), ("en", "customer share", "客户占比")):
        press(page, lang)
        page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        picture = f".jp-RenderedImage img[alt*='{shows}']"
        page.wait_for_selector(picture, state="attached")
        assert hides not in page.get_attribute(picture, "alt")
