"""The bilingual catalogue: one term, one translation, one place (F32)."""

import re
from collections import defaultdict

import pytest

import crmkit
from crmkit.core import glossary as terms
from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import TERMS
from crmkit.core.setting import using

ENTRIES = {slug: TERMS.entry(slug) for slug in TERMS}
DEFINED = {slug: e for slug, e in ENTRIES.items() if "definition_zh" in e or "definition_en" in e}

# the course's frameworks F1–F32, by slug
FRAMEWORKS = [
    "transaction-vs-relationship",
    "six-markets",
    "five-traits",
    "customer-orientation",
    "building-relationships",
    "relationship-types",
    "choosing-a-type",
    "relationship-economics",
    "contact-intensity",
    "three-defects",
    "three-levels",
    "level-ladders",
    "segmentation",
    "customer-pyramid",
    "pareto-and-long-tail",
    "value-matrix",
    "lifetime-value",
    "retention-economics",
    "will-and-action",
    "loyalty-vs-inertia",
    "satisfaction-loyalty",
    "casting-loyalty",
    "four-purchase-elements",
    "customer-ladder",
    "growing-customers",
    "kuhl",
    "word-of-mouth",
    "crm-plan",
    "resource-planning",
    "pdca",
    "indicators",
    "glossary",
]

# pairs that the course fixes: every text and label uses exactly these
FIXED_PAIRS = {
    "relationship_marketing": ("关系营销", "relationship marketing"),
    "customer": ("客户", "customer"),
    "consumer_customer": ("顾客", "customer"),
    "customer_pyramid": ("客户金字塔", "customer pyramid"),
    "platinum": ("铂金", "platinum"),
    "gold": ("黄金", "gold"),
    "iron": ("铁", "iron"),
    "lead": ("铅", "lead"),
    "customer_loyalty": ("客户忠诚度", "customer loyalty"),
    "satisfaction": ("满意度", "satisfaction"),
    "customer_lifetime_value": ("客户终身价值", "customer lifetime value (CLV)"),
    "retention_rate": ("留存率", "retention rate"),
    "churn_rate": ("流失率", "churn rate"),
    "unit_margin": ("边际利润", "unit margin"),
    "cost_to_serve": ("服务成本", "cost to serve"),
    "pdca_plan": ("计划", "Plan"),
    "pdca_do": ("执行", "Do"),
    "pdca_check": ("检查", "Check"),
    "pdca_act": ("处理", "Act"),
    "financial": ("财务", "financial"),
    "social": ("社会", "social"),
    "structural": ("结构", "structural"),
    "cross_selling": ("交叉销售", "cross-selling"),
    "word_of_mouth": ("口碑", "word of mouth"),
    "switching_cost": ("转换成本", "switching cost"),
    "members_club": ("会员俱乐部", "members' club"),
    "basic": ("基本型", "basic"),
    "reactive": ("被动型", "reactive"),
    "accountable": ("负责型", "accountable"),
    "proactive": ("主动型", "proactive"),
    "partnership": ("伙伴型", "partnership"),
    "apostle": ("传道者", "apostle"),
    "mercenary": ("图利者", "mercenary"),
    "hostage": ("囚禁者", "hostage"),
}
# what RFM stands for: the words are fixed, whichever column bears them
FIXED_WORDS = {"recency": "最近购买", "frequency": "频次", "monetary value": "金额"}

# several slugs may bear one word where the language has only one: English has one word for 客户 and 顾客
MEANT = {"en": [{"customer", "consumer_customer"}], "zh": []}
# one Chinese word, several English ones: 渠道 is McCarthy's place and a column's channel; 金额 is RFM's M and a column
SEVERAL_IN_ENGLISH = {"渠道": {"place", "channel"}, "金额": {"amount", "monetary value"}}

HAN = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture(autouse=True)
def english():
    with using("en"):
        yield


def test_every_entry_has_both_languages_and_no_key_that_nobody_reads():
    words = {"zh", "en", "same_as"}
    of_the_glossary = {"definition_zh", "definition_en", "framework", "action_zh", "action_en"}
    of_the_glossary |= {"also_zh", "also_en"}
    of_columns = {"kind", "unit", "values", "beside"}
    known = words | of_the_glossary | of_columns
    strange = {slug: sorted(set(e) - known) for slug, e in ENTRIES.items() if set(e) - known}
    assert not strange
    assert all(e["zh"].strip() == e["zh"] and e["en"].strip() == e["en"] for e in ENTRIES.values())
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", slug) for slug in ENTRIES)


def test_chinese_is_chinese_and_english_is_english():
    # a name that is only figures or capitals (20/80/30, AUC) is the same in both
    assert [
        s for s, e in ENTRIES.items() if not HAN.search(e["zh"]) and re.search("[^0-9/A-Z]", e["zh"])
    ] == []
    assert [
        s for s, e in ENTRIES.items() if HAN.search(e["en"]) or not re.search("[A-Za-z0-9]", e["en"])
    ] == []
    assert [s for s, e in DEFINED.items() if HAN.search(e["definition_en"])] == []


def test_definitions_come_in_pairs_and_are_one_or_two_sentences():
    halves = [s for s, e in ENTRIES.items() if ("definition_zh" in e) != ("definition_en" in e)]
    assert halves == []
    for slug, e in DEFINED.items():
        assert e["definition_zh"].endswith("。") and e["definition_zh"].count("。") <= 2, slug
        assert (
            e["definition_en"].endswith(".") and len(re.findall(r"[.!?] [A-Z]", e["definition_en"])) <= 1
        ), slug
        assert not re.search(r"[\u3400-\u9fff][,;:?!]", e["definition_zh"]), (
            f"{slug}: ASCII punctuation after 汉字"
        )


@pytest.mark.parametrize("slug", FIXED_PAIRS)
def test_fixed_pair_of_the_course(slug):
    assert terms.term_pair(slug) == FIXED_PAIRS[slug]


@pytest.mark.parametrize("en", FIXED_WORDS)
def test_words_of_rfm(en):
    found = [(e["zh"], e["en"]) for e in ENTRIES.values() if e["en"].lower().startswith(en)]
    assert found, f"no term is called {en}"
    assert any(FIXED_WORDS[en] in zh for zh, _ in found), found


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_two_terms_of_the_glossary_share_a_name_unless_meant(lang):
    # a bare heading may repeat a term's word; two *defined* terms may not
    bearers = defaultdict(set)
    for slug, e in DEFINED.items():
        bearers[e[lang].casefold()].add(slug)
    assert [s for s in bearers.values() if len(s) > 1 and s not in MEANT[lang]] == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_name_of_other_textbooks_belongs_to_one_term_and_is_no_terms_own_name(lang):
    bearers = defaultdict(set)
    for slug, e in DEFINED.items():
        assert ("also_zh" in e) == ("also_en" in e), slug
        for name in e.get(f"also_{lang}", []):
            assert name.strip() == name and name and name != e[lang], slug
            assert lang == "zh" or not HAN.search(name), slug
            bearers[name.casefold()].add(slug)
    own = {e[lang].casefold() for e in DEFINED.values()}
    assert len(bearers) > 60
    assert {name: slugs for name, slugs in bearers.items() if len(slugs) > 1 or name in own} == {}


def test_one_word_has_one_translation_in_the_whole_catalogue():
    # headings and terms together: the same Chinese name always has the same English one, letter case aside
    english = defaultdict(set)
    for e in ENTRIES.values():
        english[e["zh"]].add(e["en"].casefold())
    assert {zh: en for zh, en in english.items() if len(en) > 1} == SEVERAL_IN_ENGLISH


def test_every_framework_of_the_course_has_a_defined_term_and_no_unknown_one_is_named():
    named = {e["framework"] for e in DEFINED.values() if "framework" in e}
    assert sorted(set(FRAMEWORKS) - named) == []
    assert sorted({e["framework"] for e in ENTRIES.values() if "framework" in e} - set(FRAMEWORKS)) == []


@pytest.mark.parametrize(
    ("search", "slug"),
    [
        ("留存率", "retention_rate"),
        ("retention rate", "retention_rate"),
        ("Retention RATE ", "retention_rate"),
        ("戴明环", "pdca"),  # only in the Chinese definition
        ("Deming", "pdca"),  # only in the English definition
        ("members_club", "members_club"),  # by slug
        ("二八定律", "pareto_principle"),  # what another textbook calls it
        ("CAC", "acquisition_cost"),
    ],
)
def test_glossary_finds_by_chinese_english_definition_and_slug(search, slug):
    assert slug in crmkit.glossary(search)["slug"].tolist()


def test_glossary_lists_all_defined_terms_and_nothing_for_nonsense():
    everything = crmkit.glossary()
    assert list(everything.columns) == ["slug", "zh", "en", "definition_zh", "definition_en"]
    assert everything["slug"].tolist() == list(DEFINED)
    assert crmkit.glossary("qwxyz").empty
    assert list(crmkit.glossary("qwxyz").columns) == list(everything.columns)


def test_glossary_takes_the_search_as_text_not_as_a_pattern():
    assert crmkit.glossary("(CLV)")["slug"].tolist() == ["customer_lifetime_value"]
    assert crmkit.glossary("c.v").empty


@pytest.mark.parametrize(
    ("lang", "shown"), [("zh", "口碑"), ("en", "word of mouth"), ("both", "口碑 word of mouth")]
)
def test_term_follows_the_language(lang, shown):
    crmkit.set_language(lang)
    assert crmkit.term("word_of_mouth") == shown


def test_unknown_term_names_what_is_near():
    with pytest.raises(CrmkitError) as caught:
        crmkit.term("retention_rat")
    assert caught.value.code == "unknown_term"
    assert "retention_rate" in caught.value.message_zh and "retention_rate" in caught.value.message_en
