"""What the course promises as a whole: sources, citations, cases, minutes, objectives, words,
and nothing before its time.
"""

import ast
import json
import re
import tomllib
from collections import Counter

import pytest
from course import LESSONS
from load import reckoned_minutes
from places import ROOT

from coursekit.lessons.references import ENTRIES, PRINTED, References
from coursekit.lessons.source import FRAMEWORKS
from coursekit.publish.objectives import objectives_of
from coursekit.recipes.references import printed

REFERENCES = References.read(ROOT / "lessons")
CASES = (ROOT / "lessons" / "cases.md").read_text(encoding="utf-8")
CASE = re.compile(r"^## (\w+)$", re.MULTILINE)
AVOIDED = tomllib.loads((ROOT / "tests" / "lessons" / "avoided_words.toml").read_text(encoding="utf-8"))
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def by_slug(lessons):
    return pytest.mark.parametrize("lesson", lessons, ids=lambda lesson: lesson.slug)


def prose(lesson, lang: str) -> str:
    return "\n".join(c.source for c in lesson.cells if c.kind == "markdown" and c.lang == lang)


# --- sources and citations --------------------------------------------------------------------------------------------


def test_every_entry_is_cited_and_every_citation_has_an_entry():
    cited = {name for lesson in LESSONS for name in lesson.cited}
    assert cited == set(REFERENCES.years), (
        "an unknown citation stops the build; an entry nobody cites is left over"
    )


def test_both_languages_of_a_lesson_cite_the_same():
    raw = {lesson.slug: lesson.path.read_text(encoding="utf-8") for lesson in LESSONS}
    for slug, text in raw.items():
        counts = Counter(re.findall(r"\{cite:\w+\}`(\w+)`", text))
        odd = [name for name, count in counts.items() if count % 2]
        assert not odd, (slug, odd)


def test_the_printed_list_is_what_citeproc_makes_of_the_entries():
    made = printed(ROOT / "lessons")
    assert made == REFERENCES.printed, (
        f"{PRINTED} is not what {ENTRIES} says: python -m coursekit.recipes.references"
    )


def test_a_book_an_article_and_a_law_are_printed_as_gb_t_7714_and_apa_7_have_them():
    book, article, law = (REFERENCES.printed[name] for name in ("berry1991", "schmittlein1993", "pipl2021"))
    assert (
        book["zh"]["full"].startswith("BERRY L L, PARASURAMAN A, 1991. Marketing services")
        and "[M]" in book["zh"]["full"]
    )
    assert article["zh"]["full"].endswith(
        "[J]. Marketing Science, 12(2): 167-183. DOI:10.1287/mksc.12.2.167."
    )
    assert article["en"]["full"].endswith(
        "Marketing Science, 12(2), 167–183. https://doi.org/10.1287/mksc.12.2.167"
    )
    assert article["en"]["cite"] == "(Schmittlein et al., 1993)"
    assert (
        "个人信息保护法" in law["zh"]["full"] and "Personal Information Protection Law" in law["en"]["full"]
    )


def test_a_chinese_list_prints_a_foreign_book_in_its_own_language():
    """GB/T 7714-2015 8.3: edition and "et al." in the language of the entry."""
    full = {name: REFERENCES.printed[name]["zh"]["full"] for name in REFERENCES.years}
    assert "[M]. 11th ed. Upper Saddle River" in full["kotler2003"]
    assert full["brin1997"].startswith("BRIN S, MOTWANI R, ULLMAN J D, et al., 1997")
    assert full["reichheld1990"].startswith("REICHHELD F F, SASSER W E Jr., 1990")
    entries = json.loads((ROOT / "lessons" / ENTRIES).read_text(encoding="utf-8"))
    foreign = [entry["id"] for entry in entries if entry.get("language") != "zh"]
    assert len(foreign) > 70
    assert not [name for name in foreign if re.search(" 版|, 等", full[name])]


def test_no_two_entries_are_cited_alike_and_the_letter_follows_the_title():
    for lang in ("zh", "en"):
        cites = [texts[lang]["cite"] for texts in REFERENCES.printed.values()]
        assert [cite for cite, times in Counter(cites).items() if times > 1] == []
        counting, rfm = (REFERENCES.printed[name][lang] for name in ("fader2005", "fader2005rfm"))
        assert (counting["year"], rfm["year"]) == ("2005a", "2005b")
        assert "2005a" in counting["full"] and "2005b" in rfm["cite"]


def test_no_two_entries_share_a_doi_and_each_is_one():
    entries = json.loads((ROOT / "lessons" / ENTRIES).read_text(encoding="utf-8"))
    dois = [entry["DOI"] for entry in entries if "DOI" in entry]
    assert len(dois) == len(set(dois)) > 30
    assert all(re.fullmatch(r"10\.\d{4}/\S+", doi) for doi in dois)


@by_slug(LESSONS)
def test_a_lesson_ends_with_three_to_five_items_of_further_reading(lesson):
    for lang, heading in (("zh", r"\*\*延伸阅读\*\*"), ("en", r"\*\*Further reading\*\*")):
        items = re.search(heading + r"\n\n((?:- .*\n?)+)", prose(lesson, lang))
        assert items and 3 <= items[1].strip().count("\n") + 1 <= 5, lang


@by_slug(LESSONS)
def test_what_a_lesson_says_is_a_sources_or_published_or_ours(lesson):
    assert lesson.sources
    for row in lesson.sources:
        place = row.get("place", "")
        if row["whose"] == "published":
            names = re.findall(r"\b[a-z]+\d{4}[a-z]*\b", place)
            assert names and set(names) <= set(REFERENCES.years), row
        elif row["whose"] == "source":
            case = re.fullmatch(r"cases\.md#(\w+)", place)
            assert case or re.match(r"[ABC], ", place), row
            assert not case or case[1] in CASE.findall(CASES), row


def test_a_case_is_told_by_one_lesson_and_stands_in_the_canon_with_its_place():
    told = Counter(
        row["place"].partition("#")[2]
        for lesson in LESSONS
        for row in lesson.sources
        if row.get("place", "").startswith("cases.md#")
    )
    assert told and set(told.values()) == {1}
    sections = re.split(r"^## ", CASES, flags=re.MULTILINE)[1:]
    for section in sections:
        name = section.split("\n")[0]
        assert re.search(r"\*\*来源 Source\*\*: [ABC], ", section), name
        frameworks = re.search(r"\*\*框架 Frameworks\*\*: (.*)", section)[1].split(", ")
        assert set(frameworks) <= set(FRAMEWORKS), name


# --- time, order, objectives ------------------------------------------------------------------------------------------


@by_slug(LESSONS)
def test_the_minutes_are_those_reckoned_from_the_lesson(lesson):
    assert lesson.minutes == reckoned_minutes(lesson.cells)


@by_slug(LESSONS)
def test_a_lesson_has_things_to_try_with_folded_answers_and_asks_what_one_may_do(lesson):
    for lang, tried, may in (
        ("zh", "试一试", "**这样做可以吗？**"),
        ("en", "Try it", "**Is it allowed, and is it fair?**"),
    ):
        text = prose(lesson, lang)
        assert text.count(f"**{tried}**") >= 2 and may in text
        assert text.count("<details>") == text.count("</details>") >= 2


@by_slug([lesson for lesson in LESSONS if lesson.prerequisites])
def test_prerequisites_are_printed_from_the_front_matter_and_come_earlier(lesson):
    for lang in ("zh", "en"):
        line = re.search(r"^\*\*(?:先修|Before this)\*\*(.*)$", prose(lesson, lang), re.MULTILINE)
        linked = re.findall(r"\((\w+)\.ipynb\)", line[1])
        assert tuple(linked) == lesson.prerequisites
    assert all(slug < lesson.slug for slug in lesson.prerequisites)


def test_the_first_lesson_lists_all_others():
    first, *others = LESSONS
    for lang in ("zh", "en"):
        text = prose(first, lang)
        assert all(f"[{other.slug[:2]} {other.titles[lang]}]({other.slug}.ipynb)" in text for other in others)


@by_slug([lesson for lesson in LESSONS if lesson.exercise])
def test_every_objective_has_an_exercise_item_and_every_item_an_objective(lesson):
    objectives = objectives_of(lesson)
    assert len(objectives["zh"]) == len(objectives["en"]) > 0
    assessed = {number for question in lesson.questions for number in question.get("objectives", [])}
    assert assessed == set(range(1, len(objectives["en"]) + 1))
    assert all(question.get("objectives") for question in lesson.questions)


# --- nothing before it is shown ---------------------------------------------------------------------------------------

# what a beginner has to be told once → how the lesson that uses it first names it in prose
NAMED_IN_PROSE = {
    "a list made by a loop": "`if`",
    "a table made by names": r"`\{\w+: … for \w+ in …\}`",
    "lambda": "`lambda ",
    "assert": "`assert`",
    "**": "`\\*\\*",
    "agg": "`agg`",
    "groupby": "`groupby`",
    "merge": "`merge`",
    "polyfit": "`np.polyfit`",
    "quantile": "`quantile`",
    "query": "`query`",
    "reindex": "`reindex`",
    "replace": "`replace`",
    "select": "`np.select`",
    "transform": "`transform",
    "value_counts": "`value_counts`",
    "zip": "`zip`",
    "*": "`\\*`",
}


def constructs(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ListComp):
            found.add("a list made by a loop")
        elif isinstance(node, ast.DictComp):
            found.add("a table made by names")
        elif isinstance(node, ast.Lambda):
            found.add("lambda")
        elif isinstance(node, ast.Assert):
            found.add("assert")
        elif isinstance(node, ast.Call):
            found.add(getattr(node.func, "attr", getattr(node.func, "id", "")))
            found |= {"**" for keyword in node.keywords if keyword.arg is None}
            found |= {"*" for argument in node.args if isinstance(argument, ast.Starred)}
    return found & set(NAMED_IN_PROSE)


def test_nothing_is_used_in_visible_code_before_prose_has_named_it():
    shown: set[str] = set()
    missing = []
    for lesson in LESSONS:
        for index, cell in enumerate(lesson.cells):
            if cell.kind != "code" or "hide-input" in cell.tags:
                continue
            for construct in constructs(cell.source) - shown:
                shown.add(construct)
                # before the cell, or in the reading that follows it
                near = lesson.cells[: index + 6]
                for lang in ("zh", "en"):
                    text = "\n".join(c.source for c in near if c.kind == "markdown" and c.lang == lang)
                    if not re.search(NAMED_IN_PROSE[construct], text):
                        missing.append((lesson.slug, cell.line, construct, lang))
    assert not missing


# --- words ------------------------------------------------------------------------------------------------------------


def sayings(lesson):
    """(language, line, text) of everything that a lesson and its exercise say."""
    for cell in (*lesson.cells, *lesson.exercise):
        if cell.kind == "markdown" and cell.lang:
            yield cell.lang, cell.line, CODE.sub("", cell.source)
        question = cell.question or {}
        said = [
            question,
            question.get("rubric", {}),
            question.get("sample", {}),
            *question.get("options", []),
        ]
        for texts in said:
            for lang in ("zh", "en"):
                if lang in texts:
                    yield lang, cell.line, texts[lang]


@by_slug(LESSONS)
def test_a_lesson_uses_the_fields_own_words(lesson):
    found = []
    for lang, line, text in sayings(lesson):
        for pattern, instead in AVOIDED[lang].items():
            found += [(line, hit.group(), instead) for hit in re.finditer(pattern, text, re.IGNORECASE)]
    assert not found


def test_the_avoided_words_are_found_where_they_stand():
    assert all(re.search(p, "这笔账算不过来，要算账；书上怎么说？") for p in ["算账", r"(?<!教科)书上"])
    english = "Work out the account: what the book says is too dear, a prophet's temper."
    hits = [p for p in AVOIDED["en"] if re.search(p, english, re.IGNORECASE)]
    assert len(hits) >= 5
    assert not re.search(r"(?<!教科)书上", "教科书上的 3×3 表")


# --- one number for one quantity --------------------------------------------------------------------------------------


def test_the_repeat_rate_and_the_retention_rate_of_cdnow_are_one_number_each_in_every_lesson():
    import crmkit

    log = crmkit.load("cdnow")
    customers = crmkit.customer_summary(log, as_of="1998-06-30")
    repeat_rate = (customers["purchases"] >= 2).mean()
    retention_rate = crmkit.measure_base(customers, margin_rate=0.3).retention_rate
    assert (f"{repeat_rate:.1%}", f"{retention_rate:.1%}") == ("48.9%", "35.4%")
    for lesson in LESSONS:
        for lang, name in (("zh", "复购率"), ("en", "repeat rate")):
            quoted = re.findall(name + r"[^。.%]{0,60}?(\d\d\.\d)%", prose(lesson, lang))
            assert set(quoted) <= {"48.9", "49.0", "55.7"}, (lesson.slug, quoted)
        for lang, name in (("zh", "留存率"), ("en", "retention rate")):
            quoted = re.findall(name + r"[^。%]{0,40}?(\d\d\.\d)%", prose(lesson, lang))
            assert "48.9" not in quoted, lesson.slug


def imported(cells) -> set[str]:
    """What cells import from crmkit by name; pictures to move are for the lesson alone, and so is its language."""
    found: set[str] = set()
    for cell in cells:
        if cell.kind != "code" or cell.question:
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom) and node.module == "crmkit":
                found |= {alias.name for alias in node.names}
    return found - {"explore", "in_language"}


@pytest.mark.parametrize("lesson", [n for n in LESSONS if n.exercise], ids=lambda lesson: lesson.slug)
def test_what_a_lesson_writes_by_its_name_alone_is_at_hand_in_its_exercise(lesson):
    assert imported(lesson.cells) <= imported(lesson.exercise)
    if any("rng=rng" in cell.source for cell in lesson.cells if cell.kind == "code"):
        first = "\n".join(
            cell.source for cell in lesson.exercise if cell.kind == "code" and not cell.question
        )
        assert "\nrng = np.random.default_rng(seed)" in first
