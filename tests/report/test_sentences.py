"""Each sentence of the report and its condition: files on both sides of it, and each condition alone holds it back."""

import re
from string import Formatter

import pytest

from coursekit.client.deliver.page import markdown
from crmkit.report.conditions import FACTS, conditions_of, excluded_by, first_failing, may_say
from crmkit.report.layout import SEGMENT_SENTENCES, sentences_by_section
from crmkit.report.listing import row_facts
from crmkit.report.sentences import SENTENCES, fields_of, sentence

CJK = re.compile(r"[\u3400-\u9fff]")
KEYS = list(SENTENCES)


@pytest.fixture(scope="module")
def every_facts(studies):
    """The facts of each file, and, for the sentences about segments, those of each of its segments."""
    found = {name: study.facts for name, study in studies.items()}
    for name, study in studies.items():
        if "segments" in study.tables:
            for row in study.tables["segments"].itertuples():
                found[f"{name}: {row.segment}"] = study.facts | row_facts(row, gap=study.facts["gap"])
    return found


def said_in(key: str, every_facts: dict) -> list[str]:
    return [name for name, facts in every_facts.items() if may_say(key, facts)]


@pytest.mark.parametrize("key", KEYS)
def test_there_is_a_file_that_bears_the_sentence_and_one_that_does_not(key, every_facts):
    said = said_in(key, every_facts)
    assert said, "no file bears it"
    everywhere = {"total", "method_limits"}  # what is true of any file that the door lets in
    assert len(said) < len(every_facts) or key in everywhere


def just_beyond(condition) -> float:
    """A value that just fails to meet the condition."""
    step = {">=": -1, ">": 0, "<=": 1, "<": 0, "==": 1}[condition.comparison]
    return condition.number + step * 1e-6


@pytest.mark.parametrize("key", KEYS)
def test_each_condition_alone_holds_the_sentence_back(key, every_facts):
    facts = every_facts[said_in(key, every_facts)[0]]
    for condition in conditions_of(key):
        assert condition.holds(facts)
        changed = {**facts, condition.fact: just_beyond(condition)}
        assert not may_say(key, changed), condition
        assert not may_say(key, {name: v for name, v in facts.items() if name != condition.fact})


@pytest.mark.parametrize("key", [key for key in KEYS if excluded_by(key)])
def test_a_sentence_in_the_place_of_others_is_never_said_beside_them(key, every_facts):
    for facts in every_facts.values():
        if may_say(key, facts):
            assert not any(may_say(other, facts) for other in excluded_by(key))


def test_every_sentence_has_a_condition_and_a_place_and_every_fact_its_words():
    assert [key for key in KEYS if not conditions_of(key)] == []
    placed = [key for keys in sentences_by_section().values() for key in keys]
    assert sorted(placed) == sorted(KEYS)
    used = {condition.fact for key in KEYS for condition in conditions_of(key)}
    assert used == set(FACTS)


@pytest.mark.parametrize("key", KEYS)
def test_a_sentence_that_may_be_said_has_all_its_figures_and_reads_in_both_languages(key, every_facts):
    for name in said_in(key, every_facts):
        finding = sentence(key, every_facts[name]).findings[0]
        text = re.sub(r"\$.*?\$", "", finding["en"], flags=re.S)
        assert set(finding["figures"]) == set(fields_of(key))
        assert CJK.search(finding["zh"]) and not CJK.search(finding["en"])
        assert not re.search(r"\b(nan|None|NaT|inf)\b", finding["zh"])
        assert not re.search(r"\b(nan|NaT|inf)\b", finding["en"])
        assert not re.search(
            r"(?<![.,\d])1 (customers|days|rows|buyers|times|periods|contracts|have|are)\b", text
        ), text
        assert not re.search(r"\b(?!1\b)\d+ (customer|day|row|buyer|contract|has|is)\b", text), text


@pytest.mark.parametrize("key", KEYS)
def test_one_customer_reads_as_one_and_two_as_two(key, every_facts):
    """Every count of a sentence set to 1, then to 2."""
    facts = every_facts[said_in(key, every_facts)[0]]
    parts = list(Formatter().parse(SENTENCES.entry(key)["en"]))
    counted = {
        field for _, field, spec, _ in parts if field and spec and spec.startswith(("count", "plural"))
    }
    for _, _, spec, _ in parts:
        if spec and spec.startswith("count "):
            nouns = spec.partition(" ")[2]
            assert len(nouns.split("|" if "|" in nouns else " ")) == 2, spec
    for number in (1, 2):
        text = sentence(key, {**facts, **dict.fromkeys(counted, number)}).findings[0]["en"]
        wrong = (
            r"\b1 (customers|days|rows|buyers|contracts)\b"
            if number == 1
            else r"\b2 (customer|day|row|buyer|contract)\b"
        )
        assert not re.search(wrong, text), text


def test_a_condition_that_fails_is_named_with_the_fact_in_words(studies):
    failing = first_failing("segments", studies["five_days"].facts)
    assert (failing.fact, failing.number) == ("span_days", 180)
    assert failing.words == ("文件覆盖的天数 ≥ 180", "days that the file covers ≥ 180")


def test_a_segment_gets_exactly_one_sentence(every_facts):
    of_segments = {name: facts for name, facts in every_facts.items() if "segment" in facts}
    assert len(of_segments) > 15
    for name, facts in of_segments.items():
        assert sum(may_say(key, facts) for key in SEGMENT_SENTENCES) == 1, name


@pytest.mark.parametrize("key", KEYS)
def test_bold_words_are_bold_on_the_page_in_both_languages(key, every_facts):
    """CommonMark does not close ``**`` between a full stop and a Chinese character."""
    finding = sentence(key, every_facts[said_in(key, every_facts)[0]]).findings[0]
    for lang in ("zh", "en"):
        assert "**" not in markdown(finding[lang]).striptags(), finding[lang]
