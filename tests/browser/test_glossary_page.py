"""The glossary's page in a real Chromium: search in both languages, one lesson at a time, one language, and paper."""

import pytest
from places import ROOT

URL = (ROOT / "docs" / "glossary.html").as_uri()


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.goto(URL)
    yield page
    page.close()


def listed(page) -> list[str]:
    return page.eval_on_selector_all("article", "all => all.filter(a => a.checkVisibility()).map(a => a.id)")


@pytest.mark.parametrize(
    ("wanted", "slug"),
    [
        ("转换成本", "switching_cost"),
        ("Switching COST", "switching_cost"),
        ("二八定律", "pareto_principle"),  # a name of other textbooks
        ("law of the vital few", "pareto_principle"),
    ],
)
def test_the_search_finds_a_term_in_either_language_and_by_other_names(page, wanted, slug):
    everything = listed(page)
    page.fill("#wanted", wanted)
    found = listed(page)
    assert slug in found and len(found) < 10
    assert page.inner_text("#count").startswith(f"{len(found)} / {len(everything)}")
    page.fill("#wanted", "qwxyz")
    assert listed(page) == []


def test_a_lesson_lists_its_own_terms_and_the_search_stays_within_it(page):
    page.select_option("#lesson", "10")
    of_lesson = listed(page)
    assert "cross_selling" in of_lesson and "whale_curve" not in of_lesson
    page.fill("#wanted", "交叉销售")
    assert set(listed(page)) < set(of_lesson)


@pytest.mark.parametrize(
    ("button", "gone", "stays"), [("#only-zh", "en", "zh-CN"), ("#only-en", "zh-CN", "en")]
)
def test_one_language_hides_the_other(page, button, gone, stays):
    page.check(button)
    seen = "all => all.some(node => node.checkVisibility())"
    assert not page.eval_on_selector_all(f'[lang="{gone}"]:not(html)', seen)
    assert page.eval_on_selector_all(f'article [lang="{stays}"]', seen)


def test_paper_shows_the_chosen_terms_without_the_controls(page):
    page.select_option("#lesson", "10")
    on_screen = listed(page)
    page.emulate_media(media="print")
    assert listed(page) == on_screen
    assert not page.is_visible("#wanted") and not page.is_visible("#print")
    assert page.is_visible("#count") and "10" in page.inner_text("#count"), (
        "the paper says which lesson it is of"
    )
