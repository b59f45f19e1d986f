"""docs/glossary.html: every defined term once, in both languages, nothing loaded from anywhere, as the sources say."""

import re

import pytest
from course import LESSONS
from lxml import html
from places import ROOT

from coursekit.publish.glossary import JOINED, glossary_page, is_said, names_of, terms_learnt
from crmkit.core.glossary import glossary, glossary_entry, other_names

TEXT = (ROOT / "docs" / "glossary.html").read_text(encoding="utf-8")
PAGE = html.fromstring(TEXT)


def words(node, lang):
    return [" ".join(found.text_content().split()) for found in node.xpath(f'.//*[@lang="{lang}"]')]


def test_the_page_is_what_the_glossary_and_the_lessons_say():
    assert glossary_page(LESSONS) == TEXT, "python3 kit.py build prints it again"


def test_every_defined_term_stands_once_with_both_names_both_definitions_and_other_names():
    table = glossary().set_index("slug")
    articles = {article.get("id"): article for article in PAGE.xpath("//article")}
    assert len(PAGE.xpath("//article")) == len(articles) == len(table) > 300
    assert set(articles) == set(table.index)
    for slug, article in articles.items():
        zh, en = words(article, "zh-CN"), words(article, "en")
        assert zh[:2] == [table.at[slug, "zh"], table.at[slug, "definition_zh"]]
        assert en[:2] == [table.at[slug, "en"], table.at[slug, "definition_en"]]
        assert all(name in zh[2] for name in other_names(slug, "zh"))
        assert all(name in en[2] for name in other_names(slug, "en"))


def test_the_page_loads_nothing_and_may_not():
    assert "default-src 'none'" in TEXT
    assert not re.findall(r"""(?:src|href)\s*=\s*["']|url\(|https?:|@import""", TEXT)


def test_every_lesson_can_be_chosen_and_has_terms():
    options = [option.get("value") for option in PAGE.xpath('//select[@id="lesson"]/option')]
    assert options == ["", *(lesson.slug[:2] for lesson in LESSONS)]
    for number in options[1:]:
        of_lesson = [a for a in PAGE.xpath("//article") if number in a.get("data-lessons").split()]
        assert len(of_lesson) >= 4, number


@pytest.mark.parametrize(
    ("slug", "lesson"),
    [("cross_selling", "10"), ("switching_cost", "00"), ("customer_pyramid", "06"), ("pdca", "12")],
)
def test_a_term_belongs_to_the_lessons_that_say_it(slug, lesson):
    article = PAGE.get_element_by_id(slug)
    assert lesson in article.get("data-lessons").split()


@pytest.mark.parametrize("lesson", LESSONS[1:], ids=lambda lesson: lesson.slug)
def test_every_term_that_a_lesson_lists_is_found_under_its_name(lesson):
    for lang, words in terms_learnt(lesson).items():
        names = {name for slug in glossary()["slug"] for name in names_of(glossary_entry(slug), lang)}
        missing = [w for w in words if w not in names and not set(JOINED.split(w)) <= names]
        assert len(words) >= 8 and not missing, (lang, missing)


def test_both_lists_of_a_lesson_name_as_many_terms():
    for lesson in LESSONS[1:]:
        assert len({len(words) for words in terms_learnt(lesson).values()}) == 1, lesson.slug


@pytest.mark.parametrize(
    ("slug", "lesson"), [("pdca_act", "02"), ("pdca_check", "14"), ("financial", "00"), ("social", "00")]
)
def test_an_everyday_word_is_a_term_only_where_it_is_taught(slug, lesson):
    assert lesson not in PAGE.get_element_by_id(slug).get("data-lessons").split()


def test_every_term_belongs_to_a_lesson():
    assert [a.get("id") for a in PAGE.xpath("//article") if not a.get("data-lessons").split()] == []


def test_a_term_is_said_only_where_both_languages_say_it_as_a_word():
    clv = glossary_entry("customer_lifetime_value")
    assert is_said(clv, {"zh": "客户终身价值是什么", "en": "what is customer lifetime value?"})
    assert not is_said(clv, {"zh": "客户终身价值是什么", "en": "what is value?"})
    assert not is_said(glossary_entry("iron"), {"zh": "铁", "en": "the irony"})
