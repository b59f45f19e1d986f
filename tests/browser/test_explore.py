"""Explorers in a real Chromium: drawn, moved, kept up with, told when the kernel is gone, and seen without widgets."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit.customer_pyramid.explorer_rfm import explore_rfm
from crmkit.display.widget import Explorer


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(3)
    n = 500
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "revenue": np.round(rng.pareto(1.4, n) * 50, 2),
            "days_since_last": rng.integers(0, 500, n).astype(float),
            "frequency": rng.geometric(0.4, n) - 1,
        }
    )


# --- the drawing, in Chromium, with a stand-in for the kernel -----------------------------------------------

PAGE = """<!doctype html><html><body><div id="here"></div><script type="module">
import explorer from "/explorer.js";
const state = %s, listeners = {};
window.sent = [];
window.model = {
  get: (name) => state[name],
  on: (name, call) => { (listeners[name] ||= []).push(call); },
  off: (name, call) => { listeners[name] = listeners[name].filter((c) => c !== call); },
  send: (content) => { window.sent.push(content); },
};
// the kernel's answer to the oldest question that has none yet
window.answer = (n) => {
  const asked = window.sent[n];
  state.scene = {...state.scene, values: asked.values, reply: asked.reply,
                 shown: Object.fromEntries(Object.entries(asked.values).map(([k, v]) => [k, String(v)]))};
  listeners["change:scene"].forEach((call) => call());
};
window.restart = () => (listeners["comm_live_update"] || []).forEach((call) => call());
window.stop = explorer.render({model: window.model, el: document.getElementById("here")});
window.ready = true;
</script></body></html>"""


@pytest.fixture
def page(browser, customers):
    crmkit.set_language("both")
    explorer = explore_rfm(customers)
    state = json.dumps(
        {name: getattr(explorer, name) for name in ("lang", "controls", "scene", "still", "notices")}
    )
    page = browser.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.route(
        "**/*",
        lambda route: route.fulfill(
            body=Explorer._esm if route.request.url.endswith(".js") else PAGE % state,
            content_type="text/javascript"
            if route.request.url.endswith(".js")
            else "text/html; charset=utf-8",
        ),
    )
    page.goto("http://explorer.test/")
    page.wait_for_function("window.ready")
    page.state = json.loads(state)
    yield page
    assert page.errors == []
    page.close()


def test_browser_draws_every_mark_and_names_every_control(page):
    assert page.locator("svg.crm-scene > *").count() == len(page.state["scene"]["marks"])
    for i, control in enumerate(page.state["controls"]):
        slider = page.locator("input[type=range]").nth(i)
        assert slider.get_attribute("aria-label") == f"{control['label']['zh']} {control['label']['en']}"
        assert slider.get_attribute("data-lm-suppress-shortcuts") == "true"
        assert slider.get_attribute("aria-valuetext") == page.state["scene"]["shown"][control["name"]]
    assert page.locator("svg").get_attribute("aria-label")


def test_browser_arrow_key_asks_for_a_new_frame_and_shows_its_value(page):
    page.locator("input[name=bins]").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.sent[0].values.bins") == 6
    page.evaluate("window.answer(0)")
    assert page.locator("output").first.inner_text() == "6"
    assert page.locator(".crm-explorer").get_attribute("data-frame") == "1"


def test_browser_keeps_only_the_newest_setting_while_a_frame_is_under_way(page):
    page.evaluate("""() => { const slider = document.querySelector('input[name=bins]');
        for (const v of [3, 4, 6, 7, 6, 5, 4]) { slider.value = v; slider.dispatchEvent(new Event('input')); } }""")
    assert page.evaluate("window.sent.map((s) => s.values.bins)") == [3]
    page.evaluate("window.answer(0)")
    assert page.evaluate("window.sent.map((s) => s.values.bins)") == [3, 4]  # those between are skipped
    page.evaluate("window.answer(1)")
    assert page.evaluate("window.sent.length") == 2


def test_browser_gives_up_a_frame_that_does_not_come(page):
    page.locator("input[name=bins]").focus()
    page.keyboard.press("ArrowRight")
    page.evaluate("performance.now = ((now) => () => now() + 10_000)(performance.now.bind(performance))")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.sent.length") == 2


def test_browser_follows_the_language_switch_at_once(page):
    title = page.state["controls"][0]["label"]
    for lang, words in (("zh", title["zh"]), ("en", title["en"]), ("both", f"{title['zh']} {title['en']}")):
        page.evaluate(f"document.body.dataset.crmLang = '{lang}'")
        page.wait_for_function(f"document.querySelector('.crm-explorer').dataset.lang === '{lang}'")
        assert page.locator(".crm-name").first.inner_text() == words
        chinese = any("一" <= c <= "鿿" for c in page.locator(".crm-explorer").inner_text())
        assert chinese == (lang != "en")


def test_a_threshold_that_no_longer_fits_moves_to_its_end(page):
    assert page.locator("input[name=recent_from]").get_attribute("max") == "5"
    page.locator("input[name=recent_from]").focus()
    page.keyboard.press("End")
    page.evaluate("window.answer(0)")
    page.evaluate("window.model.get('scene').most = {recent_from: 3, frequent_from: 3, big_from: 3}")
    page.locator("input[name=bins]").focus()
    page.keyboard.press("Home")
    page.evaluate("window.answer(1)")
    assert page.locator("input[name=recent_from]").get_attribute("max") == "3"
    assert page.locator("input[name=recent_from]").input_value() == "3"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.sent[2].values.recent_from") == 3


NOTICE = ".crm-kernel-notice"


def test_after_a_kernel_restart_it_says_so_in_the_readers_language_and_moves_no_more(page):
    assert not page.locator(NOTICE).is_visible()
    page.evaluate("window.restart()")
    words = crmkit.core.messages.MESSAGES.pair("widget_lost")
    assert page.locator(NOTICE).text_content() == "\n".join(words)
    for lang, expected in zip(("zh", "en"), words):
        page.evaluate(f"document.body.dataset.crmLang = '{lang}'")
        page.wait_for_function(f"document.querySelector('{NOTICE}').innerText === {json.dumps(expected)}")
    page.locator("input[name=bins]").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.sent.length") == 0, "no question that nobody answers"
    assert page.locator(NOTICE).get_attribute("role") == "status"


def test_a_kernel_that_does_not_answer_is_said_to_be_busy_or_stopped_until_it_does(page):
    page.locator("input[name=bins]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert not page.locator(NOTICE).is_visible(), "a moment's work is no silence"
    page.locator(NOTICE).wait_for(state="visible", timeout=600_000)
    assert page.locator(NOTICE).inner_text().startswith("内核还没有回答")
    page.evaluate("window.answer(0)")
    assert not page.locator(NOTICE).is_visible()


def test_browser_stops_listening_when_the_output_is_cleared(page):
    page.evaluate("window.stop(); document.body.dataset.crmLang = 'en'")
    page.wait_for_timeout(50)
    assert page.locator(".crm-explorer").get_attribute("data-lang") == "both"


# --- without widgets --------------------------------------------------------------------------------------------------

CELLS = """\
import crmkit
crmkit.set_language({lang!r})
customers = crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1998-06-30")
|crmkit.explore_pyramid(customers)
|crmkit.explore_rfm(customers)"""


def executed(tmp_path, by: str, lang: str):
    """A notebook with two explorers, executed by nbclient or papermill, which keep the widgets' state in it."""
    import nbformat
    import papermill
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(text) for text in CELLS.format(lang=lang).split("|")]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    if by == "nbclient":
        NotebookClient(notebook).execute()
        return notebook
    path = str(tmp_path / "in.ipynb")
    nbformat.write(notebook, path)
    return papermill.execute_notebook(path, str(tmp_path / "out.ipynb"), progress_bar=False)


@pytest.mark.parametrize(("by", "lang"), [("nbclient", "zh"), ("papermill", "en")])
def test_an_executed_notebook_turned_into_html_shows_each_explorer_with_the_network_off(
    browser, tmp_path, by, lang
):
    from nbconvert import HTMLExporter

    notebook = executed(tmp_path, by, lang)
    assert notebook.metadata.get("widgets"), "so that a converter takes the live widget for what to show"
    html, _ = HTMLExporter().from_notebook_node(notebook)
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")
    page = browser.new_page()
    page.context.set_offline(True)
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    stills = page.locator("figure[data-crm-still]")
    assert stills.count() == 2
    for still, title in zip(stills.all(), ("customer_pyramid", "rfm")):
        image = still.locator("img")
        image.wait_for(state="visible")
        page.wait_for_function("image => image.complete", arg=image.element_handle())
        box = image.bounding_box()
        assert box["width"] > 300 and box["height"] > 200 and image.evaluate("n => n.naturalWidth") > 300
        assert image.get_attribute("alt") == crmkit.core.glossary.term_pair(title)[lang == "en"]
        assert re.search("[一-鿿]", still.inner_text()) if lang == "zh" else "customers" in still.inner_text()
    page.close()


def test_the_kits_own_page_shows_the_explorers_picture_once(tmp_path):
    from coursekit.client.deliver.bundle import Bundle, page_items
    from coursekit.client.deliver.page import page as page_of

    notebook = executed(tmp_path, "nbclient", "zh")
    for cell in notebook.cells[1:]:
        cell.metadata["tags"] = ["report"]
    html = page_of(Bundle("", {}, page_items(notebook, {"zh": notebook})), "zh")
    assert html.count("<img") == 2 and html.count("data:image/svg+xml;base64,") == 2


def test_while_a_live_view_is_on_the_page_the_still_picture_is_hidden(page):
    page.evaluate(f"""document.body.insertAdjacentHTML("beforeend",
        `<figure data-crm-still="{page.state["still"]}">a</figure><figure data-crm-still="another">b</figure>`)""")
    figures = page.locator("figure")
    assert [figure.is_visible() for figure in figures.all()] == [False, True]
    page.evaluate("document.getElementById('here').replaceChildren()")
    assert [figure.is_visible() for figure in figures.all()] == [True, True]
