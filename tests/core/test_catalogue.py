"""The catalogues of both packages: every text in two languages, in one place, and in use."""

import re
import tomllib
from collections import defaultdict
from string import Formatter

import pytest
from places import ROOT

import crmkit
from coursekit.lessons.source import FRAMEWORKS
from coursekit.messages import MESSAGES as COURSEKIT
from coursekit.publish.glossary import WORDS as GLOSSARY_PAGE
from coursekit.publish.reference import WORDS
from crmkit.core.catalogue import Catalogue, Pair
from crmkit.core.glossary import TERMS
from crmkit.core.messages import MESSAGES
from crmkit.report.conditions import FACTS
from crmkit.report.sentences import SENTENCES

CATALOGUES = {
    "terms": TERMS,
    "messages": MESSAGES,
    "coursekit": COURSEKIT,
    "report": SENTENCES,
    "facts": FACTS,
    "frameworks": FRAMEWORKS,
    "reference": WORDS,
    "glossary page": GLOSSARY_PAGE,
}
ROOMS = sorted(path.parent.name for path in (ROOT / "crmkit").glob("*/__init__.py"))


def entries(path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_every_file_of_words_and_messages_is_read_and_none_is_empty():
    read = {path for catalogue in CATALOGUES.values() for path in catalogue.files}
    there = {
        path
        for package in ("crmkit", "coursekit")
        for path in (ROOT / package).rglob("*.toml")
        if entries(path)
        and all(
            isinstance(entry, dict) and ("zh" in entry or "same_as" in entry)
            for entry in entries(path).values()
        )
    }
    assert not {path.relative_to(ROOT).as_posix() for path in there - read}
    assert all(entries(path) for path in read)


def test_a_slug_stands_in_one_file_only():
    found = defaultdict(list)
    for path in TERMS.files:
        for slug in entries(path):
            found[slug].append(path.relative_to(ROOT).as_posix())
    assert {slug: paths for slug, paths in found.items() if len(paths) > 1} == {}
    assert set(found) == set(TERMS)


def test_a_word_with_a_definition_is_in_the_glossary_and_a_column_among_the_columns():
    core = ROOT / "crmkit" / "core"
    defined = {slug for slug in TERMS if "definition_zh" in TERMS.entry(slug)}
    assert set(entries(core / "glossary.toml")) == defined
    columns = {slug for slug in TERMS if "kind" in TERMS.entry(slug)}
    assert set(entries(core / "columns.toml")) == columns - defined


def test_no_term_is_translated_twice_under_two_slugs():
    # one that is said as another names it: same_as = "<slug>"
    bearers = defaultdict(list)
    for path in TERMS.files:
        for slug, entry in entries(path).items():
            if "same_as" not in entry:
                bearers[entry["zh"], entry["en"]].append(slug)
            else:
                assert not {"zh", "en"} & set(entry), slug
    assert {pair: slugs for pair, slugs in bearers.items() if len(slugs) > 1} == {}


def sources() -> str:
    """All that may ask for a word: code, SQL, lessons, scripts of pages; a test alone keeps no word alive."""
    texts = []
    for package in ("crmkit", "coursekit", "lessons"):
        for path in sorted((ROOT / package).rglob("*")):
            of_words = (
                path.suffix == ".toml" and path.parent.name != "scenarios"
            )  # a market names its segments
            if path.suffix in (".py", ".md", ".js", ".html", ".sql", ".csv", ".toml") and not of_words:
                texts.append(path.read_text(encoding="utf-8"))
    return "\n".join([*texts, (ROOT / "kit.py").read_text(encoding="utf-8")])


def unsaid(keys, asked: str) -> list[str]:
    """The keys that no source names, whole or put together: f"explore_{name}",
    of which the rest is a word of the sources, too.
    """
    words = set(re.findall(r"\w+", asked))
    parts = words | {word for catalogue in CATALOGUES.values() for word in catalogue}
    # a rest may itself be two words: reading_<question>_<reading>, run_<part>_<state>
    begins = set(re.findall(r"[\"'](\w+_)\{", asked)) | set(re.findall(r"[\"'](\w+_)[\"'] ~", asked))
    ends = set(re.findall(r"\}(_\w+)[\"']", asked))

    def is_said(key: str) -> bool:
        if key in words or re.sub("^(error|question|note)_", "", key) in words:
            return True
        rests = [key.removeprefix(begin) for begin in begins if key.startswith(begin)]
        rests += [key.removesuffix(end) for end in ends if key.endswith(end)]
        return any(_of_words(rest, parts) for rest in rests)

    return [key for key in keys if not is_said(key)]


def _of_words(rest: str, words: set[str]) -> bool:
    """Whether a rest is one word of the sources, or several put together."""
    if rest in words:
        return True
    cuts = [place for place, letter in enumerate(rest) if letter == "_"]
    return any(rest[:cut] in words and _of_words(rest[cut + 1 :], words) for cut in cuts)


def test_every_message_and_every_word_is_said_somewhere():
    undefined = [slug for slug in TERMS if "definition_zh" not in TERMS.entry(slug)]
    assert unsaid([*MESSAGES, *COURSEKIT, *undefined], sources()) == []


def test_a_message_that_nobody_says_is_found():
    made_up = ["game_why_zyzzyva", "check_zyzzyva", "zyzzyva"]
    assert unsaid(made_up, sources()) == made_up


@pytest.mark.parametrize("name", ["messages", "coursekit", "report"])
def test_both_languages_of_a_message_name_the_same_fields(name):
    catalogue, uneven = CATALOGUES[name], {}
    for key in catalogue:
        fields = [
            {
                re.split(r"[.\[]", field)[0]
                for _, field, _, _ in Formatter().parse(catalogue.entry(key)[lang])
                if field
            }
            for lang in ("zh", "en")
        ]
        # _zh and _en halves of one field
        halves = [{re.sub(r"_(zh|en)$", "", field) for field in side} for side in fields]
        if halves[0] != halves[1]:
            uneven[key] = halves[0] ^ halves[1]
    assert uneven == {}


def written(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return Catalogue(*(tmp_path / f"{name}.toml" for name in files))


def test_a_catalogue_refuses_an_entry_without_both_languages(tmp_path):
    with pytest.raises(ValueError, match=r"\[word\] needs zh and en"):
        len(written(tmp_path, lame='[word]\nzh = "词"\n'))


def test_a_catalogue_refuses_a_key_that_stands_in_two_files(tmp_path):
    entry = '[word]\nzh = "词"\nen = "word"\n'
    with pytest.raises(ValueError, match=r"second.toml: \[word\] stands in two files"):
        len(written(tmp_path, first=entry, second=entry))


def test_a_key_may_be_said_as_another_and_one_that_is_not_there_is_refused(tmp_path):
    entry = '[word]\nzh = "词"\nen = "word"\n\n[other]\nsame_as = "word"\nkind = "share"\n'
    catalogue = written(tmp_path, words=entry)
    assert catalogue.pair("other") == ("词", "word") and catalogue.entry("other")["kind"] == "share"
    with pytest.raises(ValueError, match="needs zh and en"):
        len(written(tmp_path, words='[other]\nsame_as = "none"\n'))


def test_a_message_takes_its_half_of_a_pair_and_writes_a_true_minus(tmp_path):
    text = '[change]\nzh = "{what}变了 {by:,.1f}（{note}）"\nen = "{what} changed by {by:,.1f} ({note})"\n'
    catalogue = written(tmp_path, messages=text)
    said = catalogue.pair("change", what=Pair("利润", "profit"), by=-1234.56, note="year-end")
    assert said == ("利润变了 −1,234.6（year-end）", "profit changed by −1,234.6 (year-end)")
    assert catalogue.texts("change", what="x", by=1, note="") == {
        "zh": "x变了 1.0（）",
        "en": "x changed by 1.0 ()",
    }


@pytest.mark.parametrize(("lang", "said"), [("zh", "词"), ("en", "word"), ("both", "词/word")])
def test_a_message_is_said_in_the_language_in_force(tmp_path, lang, said):
    crmkit.set_language(lang)
    assert written(tmp_path, words='[word]\nzh = "词"\nen = "word"\n').say("word", between="/") == said


def test_a_word_agrees_with_its_number_in_english(tmp_path):
    path = tmp_path / "messages.toml"
    path.write_text(
        '[found]\nzh = "{rows} 行"\nen = "{rows} {rows:row is|rows are} left"\n', encoding="utf-8"
    )
    said = Catalogue(path)
    assert said.pair("found", rows=1).en == "1 row is left"
    assert [said.pair("found", rows=n).en for n in (0, 2)] == ["0 rows are left", "2 rows are left"]


def test_no_english_text_leaves_the_reader_to_choose_the_number_of_a_word():
    """“1 row(s)”: a word agrees with its number by {rows:row|rows}."""
    undecided = [
        key for catalogue in CATALOGUES.values() for key in catalogue if "(s)" in catalogue.entry(key)["en"]
    ]
    assert undecided == []
