"""The page that JupyterLab saves of a notebook, in a real Chromium: one language at a time, also on paper."""

import nbformat
import pytest
from pages import fresh
from places import SUPPORT

from coursekit.learn.lab import prepare
from coursekit.learn.workspace import Laid
from coursekit.lessons.build import notebooks, read_lessons


@pytest.fixture
def saved(tmp_path):
    """Saves the sample lesson as a page of the working copy that was opened in a language."""
    from nbconvert import HTMLExporter

    def save(lang: str | None):
        prepare(Laid(folder=tmp_path, lang=lang, asked=""), {})
        lesson = notebooks(read_lessons(SUPPORT / "lessons"))["notebooks/01_sample.ipynb"]
        said = {"text/html": '<p lang="zh">已记录</p><p lang="en">recorded</p>', "text/plain": "recorded"}
        shown = nbformat.v4.new_code_cell(
            "answer",
            outputs=[nbformat.v4.new_output("display_data", one) for one in (said, *EXPLORER)],
            id="shown",
        )
        lesson.cells.append(shown)
        templates = tmp_path / ".kit" / "data" / "nbconvert" / "templates"
        exporter = HTMLExporter(template_name="crmkit", extra_template_basedirs=[str(templates)])
        page, _ = exporter.from_notebook_node(lesson)
        file = tmp_path / "saved.html"
        file.write_text(page, encoding="utf-8")
        return file.as_uri()

    return save


# what an explorer leaves: words in the place of the live one, and its picture with the same words below
EXPLORER = (
    {"text/plain": "the finding"},
    {"text/html": '<div data-crm-still="1"><p>the finding</p></div>', "text/plain": "the finding"},
)
WORDS = {"zh": ("样课", "已记录"), "en": ("Sample lesson", "recorded")}


def read(page) -> str:
    return page.evaluate("document.body.innerText")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_saved_page_shows_the_language_that_was_asked_for_and_prints_no_other(browser, saved, lang):
    other = {"zh": "en", "en": "zh"}[lang]
    with fresh(browser) as page:
        page.goto(saved(lang))
        assert all(word in read(page) for word in WORDS[lang])
        assert not any(word in read(page) for word in WORDS[other])
        assert read(page).count("the finding") == 1, "an explorer says what it found once"
        assert page.evaluate("document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[lang]
        assert WORDS[lang][0] in page.title() and WORDS[other][0] not in page.title()
        page.emulate_media(media="print")
        assert not page.is_visible(".crm-language") and WORDS[other][0] not in read(page)
        page.emulate_media(media="screen")
        page.click(f".crm-language button[value={other}]")
        assert all(word in read(page) for word in WORDS[other])
        page.click(".crm-language button[value=both]")
        assert all(word in read(page) for words in WORDS.values() for word in words)


@pytest.mark.parametrize("locale, lang", [("zh-CN", "zh"), ("fr-FR", "en")])
def test_where_no_language_was_asked_for_a_saved_page_begins_with_the_readers(browser, saved, locale, lang):
    with fresh(browser, locale=locale) as page:
        page.goto(saved(None))
        assert page.evaluate("document.body.dataset.crmLang") == lang
