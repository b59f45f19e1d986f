"""The course in a real Chromium, started as a student starts it; and the client's page, opened without a network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lab_server import Lab
from pages import HERE, fresh, open_notebook, picture, press, shown

import crmkit
from crmkit.display.numbers import percent

LESSON = "notebooks/06_customer_pyramid.ipynb"
EXERCISE = "exercises/06_customer_pyramid_exercise.ipynb"
CJK = re.compile(r"[\u4e00-\u9fff]")
FAILED = ", ".join(
    f"{HERE} [data-mime-type='application/vnd.jupyter.{kind}']" for kind in ("error", "stderr")
)


@pytest.fixture(scope="module")
def bilingual(browser, tmp_path_factory):
    root = tmp_path_factory.mktemp("both")
    with Lab(root / "学习 work", root / "home", "--lang", "both") as lab:
        yield lab


@pytest.fixture(scope="module")
def chinese(browser, tmp_path_factory):
    root = tmp_path_factory.mktemp("zh")
    with Lab(root / "work", root / "home", "--lang", "zh") as lab:
        yield lab


@pytest.fixture(scope="module")
def lesson(browser, bilingual):
    """The pyramid lesson on a running kernel, all cells run; a page that can be touched, too."""
    with fresh(browser, has_touch=True) as page:
        enter(page, bilingual)
        open_notebook(page, bilingual.base, LESSON, kernel=True, app=False)
        run_all(page)
        yield page


def enter(page, lab: Lab) -> None:
    """Follow the link that `crmkit open` printed; the browser then has the server's cookie."""
    page.goto(f"{lab.base}/api?token={lab.token}")


def run_all(page) -> None:
    """The fourth menu, Run: run all cells, and wait for every one of them."""
    page.wait_for_selector(
        f"{HERE.split()[0]} .jp-Notebook-ExecutionIndicator[data-status=idle]", state="attached"
    )
    page.locator(".lm-MenuBar-item").nth(3).click()
    page.click(".lm-Menu-item[data-command='runmenu:run-all']")
    prompts = f"[...document.querySelectorAll('{HERE} .jp-CodeCell .jp-InputPrompt')].map(n => n.textContent.trim())"
    done = f"{prompts}.filter(Boolean)"  # a cell whose code is folded away has an empty one
    page.wait_for_function(
        f"{done}.length > 5 && {done}.every(t => /^\\[\\d+\\]:$/.test(t))", timeout=600_000
    )
    # what is off the screen is not laid out before it is scrolled to
    page.evaluate(
        "document.querySelectorAll('.jp-Cell').forEach(n => { n.style.contentVisibility = 'visible'; })"
    )


# --- the pyramid lesson ---------------------------------------------------------------------------------------------


def test_the_switch_works_on_a_lesson_before_any_kernel_runs(browser, bilingual):
    with fresh(browser) as page:
        enter(page, bilingual)
        open_notebook(page, bilingual.base, LESSON, app=False)
        press(page, "zh")
        assert "学完这一课" in shown(page) and "After this lesson" not in shown(page)
        press(page, "en")
        assert "After this lesson" in shown(page) and not CJK.search(shown(page))


def test_every_cell_of_the_lesson_runs_and_its_figures_are_on_the_page(lesson):
    assert lesson.locator(FAILED).all_inner_texts() == []
    drawn = lesson.evaluate(f"""[...document.querySelectorAll('{HERE} .jp-CodeCell')]
        .filter(n => n.querySelector('.cm-content')?.textContent.includes('plots.plot_'))
        .map(n => [...n.querySelectorAll('.jp-OutputArea-output img')].filter(i => i.naturalWidth > 200).length)""")
    assert len(drawn) >= 6 and min(drawn) >= 1
    assert lesson.locator(f"{HERE} .crm-explorer svg text").count() > 20
    lesson.evaluate(f"document.querySelector('{HERE} .crm-explorer').scrollIntoView({{block: 'center'}})")
    picture(lesson, "lesson_both")


def numbers(page) -> list[str]:
    texts = page.locator(f"{HERE} .crm-explorer svg text").all_text_contents()
    return [t for t in texts if re.fullmatch(r"-?[\d.]+%", t)]


@pytest.fixture(scope="module")
def customers():
    return crmkit.customer_summary(crmkit.load("cdnow"), as_of="1998-06-30")


def computed(customers, **shares) -> list[str]:
    shares = {"platinum": 0.01, "gold": 0.04, "iron": 0.15} | shares
    rule = crmkit.ByCustomerShare({**shares, "lead": 1 - sum(shares.values())})
    tiers = crmkit.pyramid(customers, tiers=rule).tiers
    return [percent(share) for share in [*tiers["customer_share"], *tiers["value_share"]]]


def frame(page) -> str:
    return page.get_attribute(f"{HERE} .crm-explorer", "data-frame")


def await_frame(page, before: str, *, value: str) -> None:
    """Until a new scene is there and no newer setting is under way."""
    page.wait_for_function(
        """([before, value]) => { const root = document.querySelector('.crm-explorer');
        const shown = root.querySelector('input[name=platinum]').parentElement.querySelector('output').innerText;
        return root.dataset.frame !== before && shown === value; }""",
        arg=[before, value],
    )


def test_an_arrow_key_on_the_slider_gives_what_the_pyramid_computes(lesson, customers):
    assert numbers(lesson)[:8] == computed(customers)
    slider, before = lesson.locator(f"{HERE} .crm-explorer input[name=platinum]"), frame(lesson)
    slider.focus()
    lesson.keyboard.press("ArrowRight")
    await_frame(lesson, before, value="1.2%")
    assert numbers(lesson)[:8] == computed(customers, platinum=0.012) != computed(customers)
    assert slider.evaluate("n => n === document.activeElement"), "JupyterLab did not take the key"
    before = frame(lesson)  # before the key: the new scene may be there at once
    lesson.keyboard.press("End")
    await_frame(lesson, before, value="10.0%")
    assert numbers(lesson)[:8] == computed(customers, platinum=0.1)


def test_a_finger_moves_the_slider_too(lesson, customers):
    slider = lesson.locator(f"{HERE} .crm-explorer input[name=platinum]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    lesson.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    lesson.wait_for_function(
        f"Math.abs(document.querySelector('{HERE} input[name=platinum]').value - 0.05) < 0.006"
    )
    touch = lesson.context.new_cdp_session(lesson)
    y = box["y"] + box["height"] / 2
    for kind, part in (("touchStart", 0.5), ("touchMove", 0.4), ("touchMove", 0.3), ("touchEnd", None)):
        points = [] if part is None else [{"x": box["x"] + part * box["width"], "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    lesson.wait_for_function(
        f"Math.abs(document.querySelector('{HERE} input[name=platinum]').value - 0.03) < 0.006"
    )
    value = float(slider.input_value())
    await_frame(lesson, "", value=percent(value))
    assert numbers(lesson)[:8] == computed(customers, platinum=value)
    picture(lesson, "explorer_moved")


# all texts of an element, a style sheet's apart
WORDS = """element => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll("style").forEach(style => style.remove());
    return copy.textContent;
}"""


def test_the_switch_shows_one_language_of_prose_explorer_and_tables(lesson):
    names = f"{HERE} .crm-explorer .crm-name"
    for lang, yes, no in (
        ("zh", "学完这一课", "After this lesson"),
        ("en", "After this lesson", "学完这一课"),
    ):
        press(lesson, lang)
        assert yes in shown(lesson) and no not in shown(lesson)
        lesson.wait_for_function(
            "lang => document.querySelector('.crm-explorer').dataset.lang === lang", arg=lang
        )
        words = lesson.locator(f"{HERE} .crm-explorer").evaluate(WORDS)
        assert bool(CJK.search(words)) == (lang == "zh")
        assert bool(re.search("[a-z]{4}", words)) == (lang == "en")
        lesson.evaluate(f"document.querySelector('{HERE} .crm-explorer').scrollIntoView({{block: 'center'}})")
        picture(lesson, f"lesson_{lang}")
    press(lesson, "both")
    lesson.wait_for_function("document.querySelector('.crm-explorer').dataset.lang === 'both'")
    assert "学完这一课" in shown(lesson) and "After this lesson" in shown(lesson)
    labels = lesson.locator(names).all_text_contents()
    assert len(labels) >= 4 and not [n for n in labels if not CJK.search(n) or not re.search("[a-z]{4}", n)]


def test_after_a_kernel_restart_the_explorer_says_that_it_is_dead_and_lives_again_when_run(lesson):
    press(lesson, "both")
    notice = lesson.locator(f"{HERE} .crm-explorer .crm-kernel-notice")
    assert not notice.is_visible()
    stills = lesson.locator(f"{HERE} [data-crm-still]")
    assert stills.count() == 1 and not stills.is_visible(), "one picture on the page, and that a live one"
    lesson.locator(".lm-MenuBar-item").nth(4).click()  # Kernel
    lesson.click(".lm-Menu-item[data-command='kernelmenu:restart']")
    lesson.click(".jp-Dialog .jp-mod-accept")
    notice.wait_for(state="visible")
    said = notice.text_content()
    assert "内核重启过" in said and "The kernel was restarted" in said
    picture(lesson, "explorer_lost")
    run_all(lesson)
    lesson.wait_for_function(
        "document.querySelector('.crm-explorer') && !document.querySelector('.crm-kernel-lost')"
    )
    before = frame(lesson)
    lesson.locator(f"{HERE} .crm-explorer input[name=platinum]").focus()
    lesson.keyboard.press("ArrowRight")
    await_frame(lesson, before, value="1.2%")


# --- the Chinese edition --------------------------------------------------------------------------------------------


def test_opened_in_chinese_the_menus_and_the_lesson_are_chinese_the_switch_says_so_and_no_news_come(
    browser, chinese
):
    with fresh(browser) as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{chinese.base}{chinese.page}?token={chinese.token}")
        page.wait_for_selector(f"{HERE} .jp-RenderedMarkdown h1")
        assert "从这里开始" in shown(page) and "Start here" not in shown(page)
        menus = page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
        assert len(menus) >= 8 and all(CJK.search(m) for m in menus), menus
        pressed = page.locator(".crm-language button[aria-pressed=true]:visible").all_inner_texts()
        assert pressed == ["中文"]
        page.wait_for_selector(
            f"{HERE.split()[0]} .jp-Notebook-ExecutionIndicator[data-status=idle]", state="attached"
        )
        page.wait_for_timeout(1500)  # a news pop-up would come once the rest is idle
        assert page.locator(".Toastify__toast, .jp-Dialog").all_inner_texts() == []
        assert not [
            url for url in asked if "/news" in url or not url.startswith((chinese.base, "data:", "blob:"))
        ]
        picture(page, "start_zh")


def test_an_exercise_says_at_once_whether_an_answer_is_recorded_or_badly_formed(browser, chinese):
    with fresh(browser) as page:
        enter(page, chinese)
        open_notebook(page, chinese.base, EXERCISE, kernel=True, switch=False)
        run_all(page)
        assert page.locator(FAILED).all_inner_texts() == []
        cell = page.locator(f"{HERE} .jp-CodeCell", has_text='answer("top_share"').last
        said = cell.locator(".jp-OutputArea-output")
        for value, state, place in (("30", "格式不对", "0"), ("0.5", "已记录", "1")):
            cell.locator(".cm-content").click()
            page.keyboard.press("Control+a")
            page.keyboard.insert_text(f'top_share = {value}\nanswer("top_share", top_share)')
            page.keyboard.press("Control+Enter")
            said.filter(has_text=state).wait_for()
            assert not re.search("[a-z]{4,}", said.inner_text().replace("top_share", ""))
            assert ("0.5" in said.inner_text()) == (place == "1")
            cell.scroll_into_view_if_needed()
            picture(page, f"exercise_zh_{place}")
        status = page.locator(f"{HERE} .jp-CodeCell", has_text="answer.status()").last
        status.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        status.locator(".jp-OutputArea-output", has_text="已记录 1 题").wait_for()


# --- the client's page ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(browser, tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "out"
    env = {k: v for k, v in os.environ.items() if not k.startswith("CRMKIT_")}
    command = [
        sys.executable,
        "-m",
        "coursekit.cli",
        "run",
        "cdnow_sample",
        "--lang",
        "both",
        "--out",
        str(out),
    ]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", env=env, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return out


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_clients_page_opens_offline_asks_for_nothing_and_shows_maths_and_figures(browser, report, lang):
    with fresh(browser) as page:
        page.context.set_offline(True)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        path = Path(report / f"report_{lang}.html")
        page.goto(path.as_uri())
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        boxes = page.evaluate(
            "[...document.querySelectorAll('math')].map(n => n.getBoundingClientRect().height)"
        )
        assert len(boxes) >= 8 and min(boxes) > 5
        fraction = page.evaluate("""() => { const [a, b] = document.querySelector('math mfrac').children;
            return [a.getBoundingClientRect().bottom, b.getBoundingClientRect().top]; }""")
        assert fraction[0] <= fraction[1] + 1, "the numerator stands above the denominator"
        figures = "[...document.querySelectorAll('figure img, figure svg, main img')]"
        sizes = page.evaluate(f"{figures}.map(n => n.clientWidth)")
        assert (
            len(sizes) >= 5 and min(sizes) > 200
        )  # what the budget would do is drawn once its assumptions are set
        body = page.inner_text("body")
        assert "$" not in re.sub(r"\$\s?[\d,.]+", "", body) and bool(CJK.search(body)) == (lang == "zh")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, "nothing sticks out of the page"
        picture(page, f"report_{lang}", full_page=True)
