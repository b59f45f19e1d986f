"""The question contract on the student's side: recorded, badly formed and missing are three different things."""

import json
import math
import os
import sys
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from places import ROOT
from traitlets.config import Config

import crmkit
from crmkit.answers.forms import (
    FORM_FIELDS,
    MAX_ROWS,
    MAX_TEXT,
    UNITS,
    BadForm,
    count_words,
    describe,
    read_answer,
)
from crmkit.answers.sheet import MIME, AnswerSheet
from crmkit.answers.shown import preview
from crmkit.core.intervals import Estimate
from crmkit.core.messages import MESSAGES

SHARE = {"id": "share", "kind": "number", "unit": "share", "minimum": 0, "maximum": 1}
COUNT = {"id": "count", "kind": "number", "integer": True, "minimum": 0}
TIER = {
    "id": "tier",
    "kind": "choice",
    "options": [
        {"id": "iron", "zh": "铁层", "en": "iron tier"},
        {"id": "lead", "zh": "铅层", "en": "lead tier"},
    ],
}
TABLE = {"id": "table", "kind": "table", "columns": ["tier", "value"], "rows": 2}
BARS = {"id": "chart", "kind": "chart", "expects": "bars"}
LINE = {"id": "chart", "kind": "chart", "expects": "line"}
CLOUD = {"id": "chart", "kind": "chart", "expects": "scatter"}
WHY = {"id": "why", "kind": "text", "min_words": 3, "max_words": 10}


@pytest.fixture(autouse=True)
def language():
    crmkit.set_language("en")
    yield
    plt.close("all")


@pytest.fixture
def answer():
    return AnswerSheet("06_sample", [SHARE, TIER, WHY], seed=1)


def why_not(question, value) -> str:
    with pytest.raises(BadForm) as caught:
        read_answer(question, value)
    assert all(caught.value.zh_en)
    return caught.value.code


def test_every_kind_of_number_becomes_a_float():
    arrays = [
        np.float32(0.25),
        np.array(0.25),
        pd.Series([0.25]),
        np.array([[0.25]]),
        pd.DataFrame({"x": [0.25]}),
    ]
    for value in (0.25, Decimal("0.25"), Fraction(1, 4), *arrays):
        read = read_answer(SHARE, value)
        assert type(read) is float and read == 0.25
    assert read_answer(COUNT, np.int64(7)) == 7.0 and type(read_answer(COUNT, 7)) is float


@pytest.mark.parametrize(
    "value, code",
    [
        (math.nan, "nan"),
        (math.inf, "infinite"),
        (True, "got_bool"),
        (np.bool_(True), "got_bool"),
        ("0.3", "got_text"),
        ("a tenth", "got_number_in_words"),
        ("12%", "got_written_number"),
        (None, "got_none"),
        (61.2, "share_or_percent"),
        (-0.1, "outside"),
        (101, "share_or_amount"),
        (10**400, "too_large"),
        ([0.3], "not_a_number_but_several"),
        ((9, 0), "comma"),
        (pd.Series([1.0]).sum, "not_called"),
        (Estimate(value=0.3, low=0.2, high=0.4), "has_value"),
        (np.array([0.1, 0.2]), "got_many"),
        (pd.NA, "nan"),
        (1j, "not_a_number"),
        (pd.DataFrame({"a": [1, 2]}), "got_many"),
        (pd.Timedelta(days=1), "length_of_time"),
        (np.timedelta64(1, "D"), "length_of_time"),
    ],
)
def test_a_value_that_is_no_share_is_badly_formed(value, code):
    assert why_not(SHARE, value) == code


def test_what_is_easily_put_right_is_said_with_how():
    said = {
        "comma": ((9, 0), "9,0", "逗号"),
        "called": (pd.Series([1.0]).sum, "sum()", "sum()"),
        "has": (Estimate(value=0.3, low=0.2, high=0.4), ".value", ".value"),
        "text": ("86918.79", "float(…)", "float(…)"),
    }
    for value, en, zh in said.values():
        with pytest.raises(BadForm) as raised:
            read_answer(SHARE, value)
        assert en in raised.value.zh_en[1] and zh in raised.value.zh_en[0]
    with pytest.raises(BadForm, match=r"int\(…\)"):
        read_answer(COUNT, "12")


def test_a_number_where_an_option_is_wanted_is_named_itself():
    with pytest.raises(BadForm, match="“0.12”"):
        read_answer(TIER, np.float64(0.12))


def test_a_share_given_where_percentage_points_are_asked_is_recorded_and_doubted():
    crmkit.set_language("en")
    points = {"id": "gap", "kind": "number", "unit": "points"}
    answer = AnswerSheet("demo", [points], seed=1)
    assert "write 60.4" in repr(answer("gap", 0.604))
    assert "If you mean" not in repr(answer("gap", 60.4)) + repr(answer("gap", 0))


def test_a_share_above_the_whole_is_doubted_where_none_is_too_large():
    answer = AnswerSheet("demo", [{"id": "lift", "kind": "number", "unit": "share", "minimum": 0}], seed=1)
    said = answer("lift", 7.26161)
    assert said.state == "recorded" and "write 0.0726161" in repr(said)
    crmkit.set_language("zh")
    assert "请改写成 0.0726161" in repr(said)
    assert "改写" not in repr(answer("lift", 0.0726161))


def test_in_a_notebook_what_an_answer_says_is_seen_whatever_line_follows():
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    try:
        with capture_output() as first:
            shell.run_cell(
                "import crmkit; crmkit.set_language('en')\n"
                "answer = crmkit.AnswerSheet('demo', [{'id': 'share', 'kind': 'number'}], seed=1)\n"
                "answer('share', 'x')\n"
                "answer('share', 'a tenth')\n"
                "1 + 1"
            )
        with capture_output() as alone:
            shell.run_cell("answer('share', 0.1)")
    finally:
        InteractiveShell.clear_instance()
    seen = [output.data["text/plain"] for output in first.outputs]
    assert len(seen) == 1 and "a tenth" in seen[0], "the last attempt of a question is told"
    assert alone.outputs == [] and alone.stdout.count("Recorded: 0.1") == 1, "and nothing is told twice"


@pytest.mark.parametrize("wrong", ["20230101", -1, 3.5, True, None])
def test_a_seed_that_is_no_whole_number_is_refused_with_how_to_write_it(wrong):
    with pytest.raises(crmkit.CrmkitError, match="seed = 1") as raised:
        crmkit.checked_seed(wrong)
    assert repr(wrong) in raised.value.message_zh


def test_the_seed_of_every_exercise_is_checked_before_its_data_are_made():
    exercises = list((ROOT / "exercises").glob("*.ipynb"))
    assert len(exercises) == len(list((ROOT / "lessons").glob("[01]*.md")))
    for path in exercises:
        code = [
            c["source"]
            for c in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if c["cell_type"] == "code"
        ]
        cells = ["".join(source) for source in code]
        (checked,) = [i for i, source in enumerate(cells) if "crmkit.checked_seed(seed)" in source]
        (made,) = [i for i, source in enumerate(cells) if "= generate(seed)" in source][:1]
        assert checked < made, path.name


@pytest.mark.parametrize(
    "given, meant",
    [
        ("9,000", "9000"),
        ("12,361.95", "12361.95"),
        ("43.4%", "0.434"),
        ("１２３４．５", "1234.5"),
        ("1234 美元", "1234"),
        ("$1,234", "1234"),
        ("−5%", "-0.05"),
    ],
)
def test_of_a_number_written_as_text_the_plain_number_is_said_in_both_languages(given, meant):
    with pytest.raises(BadForm) as raised:
        read_answer({"id": "money", "kind": "number", "unit": "money"}, given)
    assert raised.value.code == "got_written_number"
    for said in raised.value.zh_en:
        assert given in said and f"{meant}" in said
    assert read_answer({"id": "money", "kind": "number"}, float(meant)) == float(meant)


def test_percent_stays_per_cent_where_the_unit_is_per_cent():
    with pytest.raises(BadForm, match=r": 43\.4\."):
        read_answer({"id": "gap", "kind": "number", "unit": "percent"}, "43.4 %")


def test_a_comma_inside_a_number_is_told_and_nothing_is_recorded():
    money = AnswerSheet("demo", [{"id": "money", "kind": "number", "unit": "money"}], seed=1)
    assert "9000" in repr(money("money", 9, 000))
    cents = money("money", 12, 361.95)
    assert cents.state == "badly_formed" and "12,361.95" in repr(cents) and "12361.95" in repr(cents)


@pytest.mark.parametrize("name", [12362, 0.5, print, None, pd.DataFrame({"a": [1]})])
def test_a_question_named_without_quotes_is_told_how_to_name_it(answer, name):
    with pytest.raises(crmkit.CrmkitError, match=r'answer\("share", …\)') as raised:
        answer(name, 3)
    assert "引号" in raised.value.message_zh


@pytest.mark.parametrize("low, high", [("uplift_low", "uplift_high"), ("lower_limit", "upper_limit")])
def test_ends_of_an_interval_that_are_swapped_are_refused_with_both_columns(low, high):
    question = {"id": "limits", "kind": "table", "columns": [low, high]}
    with pytest.raises(BadForm, match=f"row 2, {low} is greater than {high}"):
        read_answer(question, pd.DataFrame({low: [1, 3], high: [2, 2]}))
    assert read_answer(question, pd.DataFrame({low: [1, 2], high: [2, 2]}))["rows"] == [[1, 2], [2, 2]]


def test_digits_that_are_names_stay_text():
    frame = pd.DataFrame({"customer_id": ["00499", "00500"], "rows": [25, 3]})
    question = {"id": "t", "kind": "table", "columns": ["customer_id", "rows"]}
    assert read_answer(question, frame)["rows"][0] == ["00499", 25]


def test_what_was_recorded_of_a_chart_names_its_heights():
    ax = plt.figure().subplots()
    ax.bar(["a", "b"], [62.0, 67.3])
    said = preview(BARS, read_answer(BARS, ax))
    assert "62 to 67.3" in said.en and "62 到 67.3" in said.zh


def test_a_count_must_be_whole():
    assert why_not(COUNT, 2.5) == "not_whole"
    assert why_not(COUNT, -1) == "outside"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_survives_json_and_reading_again(value):
    read = read_answer({"id": "x", "kind": "number"}, value)
    assert read_answer({"id": "x", "kind": "number"}, json.loads(json.dumps(read))) == read
    assert math.isclose(read, value, rel_tol=1e-11)


def test_a_choice_takes_its_id_or_either_name():
    assert [read_answer(TIER, v) for v in ("iron", "Iron ", "铁层", "iron tier", np.str_("iron"))] == [
        "iron"
    ] * 5
    assert [read_answer(TIER, v) for v in ("ＩＲＯＮ", "iron_tier", " iron  tier")] == ["iron"] * 3
    assert why_not(TIER, "gold") == "not_an_option"
    assert why_not(TIER, 1) == "not_an_option_but_number"
    assert why_not(TIER, True) == "not_an_option_but_bool"
    assert why_not(TIER, ["iron"]) == why_not(TIER, object()) == "not_an_option_but_object"
    assert why_not(TIER, None) == "got_none"


def test_a_choice_takes_the_words_before_a_colon_or_bracket_where_they_are_one_options_alone():
    verdict = {"id": "verdict", "kind": "choice", "options": [
        {"id": "earns", "zh": "赚：整个区间大于 0", "en": "It earns: the whole interval lies above 0"},
        {"id": "cannot_tell", "zh": "看不出来：区间含 0", "en": "It varies: the interval contains 0"},
        {"id": "mixed", "zh": "有赚有亏（分群看）", "en": "It varies: by segment"},
    ]}  # fmt: skip
    assert [read_answer(verdict, v) for v in ("有赚有亏", "有赚有亏(分群看)")] == ["mixed", "mixed"]
    assert [read_answer(verdict, v) for v in ("赚", "it earns", "cannot tell", "看不出来")] == [
        "earns", "earns", "cannot_tell", "cannot_tell"
    ]  # fmt: skip
    assert why_not(verdict, "it varies") == "not_an_option"
    assert why_not(verdict, "整个区间大于 0") == "not_an_option"
    assert why_not(verdict, Estimate(value=1.0, low=0.5, high=1.5)) == "choice_estimate"


def test_a_choice_takes_the_word_that_a_table_displays_and_the_one_in_brackets_whatever_the_spaces():
    step = {"id": "step", "kind": "choice", "options": [
        {"id": "customer_investment", "zh": "对客户投资（给钱）", "en": "spending, on purpose"},
        {"id": "communication", "zh": "与客户交流", "en": "talking (often)"},
        {"id": "c", "zh": "同行 c", "en": "firm c"},
    ]}  # fmt: skip
    meant = {
        "customer_investment": ["客户投资", "给钱", "spending", "investing in customers"],
        "communication": ["沟通", "often", "与客户 交流"],
        "c": ["同行c", "firm C"],
    }
    for option, words in meant.items():
        assert {read_answer(step, word) for word in words} == {option}
    with pytest.raises(BadForm) as raised:
        read_answer(step, "投资")
    assert '"communication"（与客户交流）' in raised.value.zh_en.zh
    assert '"communication" (talking (often))' in raised.value.zh_en.en


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"value_share": [0.5, 814346.0]}, ("814346", "divide by the total")),
        ({"value_share": [0.5, 26.3]}, ("Write 26.3% as 0.263",)),
        ({"repeat_share": [0.5, -0.57]}, ("−0.57", "not below 0")),
        ({"year": [0, 1, 0, 1], "members": [1, 2, 3, 4]}, ("Each value of year has 2 rows",)),
        ({"value_share": [0.5, 1.0]}, ()),
        ({"repeat_share_change": [0.1, -0.1]}, ()),
        ({"year": [0, 1, 2], "members": [1, 1, 1]}, ()),
        ({"year": [0, 0], "level": ["a", "b"]}, ()),
    ],
)
def test_a_table_is_doubted_where_a_share_is_none_or_other_rows_are_in_it(table, said):
    answer = AnswerSheet("demo", [{"id": "t", "kind": "table"}], seed=1)
    after = answer("t", pd.DataFrame(table))
    assert after.state == "recorded" and all(word in repr(after) for word in said)
    assert said or repr(after).count(". ") == 0


def test_a_ratio_in_per_cent_is_doubted():
    answer = AnswerSheet("demo", [{"id": "peak", "kind": "number", "unit": "ratio"}], seed=1)
    assert "write 1.25" in repr(answer("peak", 125)) and "write" not in repr(answer("peak", 1.25))


def test_true_and_false_in_a_column_of_numbers_are_refused():
    question = {"id": "t", "kind": "table"}
    with pytest.raises(BadForm, match="column customers, row 1 is False"):
        read_answer(question, pd.DataFrame({"customers": [False, True]}))
    assert read_answer(question, pd.DataFrame({"seen": [False]}))["rows"] == [[False]]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("—12万", "-120000"),
        ("–66", "-66"),
        ("‑12", "-12"),
        ("- 66", "-66"),
        ("-¥12", "-12"),
        ("负 0.05", "-0.05"),
    ],
)
def test_a_minus_however_it_is_written_is_never_lost(text, meant):
    with pytest.raises(BadForm, match=f": {meant}\\.$"):
        read_answer({"id": "x", "kind": "number", "unit": "money"}, text)


def test_an_empty_selection_is_not_said_to_hold_several_values():
    with pytest.raises(BadForm, match="no row fits"):
        read_answer(SHARE, pd.Series([], dtype=float))


def test_a_text_is_counted_in_words_or_chinese_characters_and_cleaned():
    assert count_words("铂金层 top 20%, don't") == 3 + 3
    assert read_answer(WHY, "keep\x00 the\u202e gold\r\ntier") == "keep the gold\ntier"
    assert read_answer(WHY, "留住老客户") == "留住老客户"
    assert why_not(WHY, "too short") == "word_count"
    assert why_not(WHY, "客" * 11) == "word_count"
    assert why_not(WHY, "x" * (MAX_TEXT + 1)) == "too_long"
    assert why_not(WHY, 3) == "not_text"


def test_a_table_keeps_the_columns_asked_for_with_their_types():
    frame = pd.DataFrame({"extra": [0, 0], "value": [1, 2.5], "tier": ["iron", "lead"]})
    assert read_answer(TABLE, frame) == {
        "columns": [{"name": "tier", "type": "text"}, {"name": "value", "type": "number"}],
        "rows": [["iron", 1.0], ["lead", 2.5]],
    }
    assert read_answer(TABLE, frame.set_index("tier")) == read_answer(TABLE, frame)


def test_a_table_of_dates_flags_and_categories():
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["1997-01-01 00:00", "1997-01-02 10:30"]),
            "good": [True, False],
            "band": pd.cut([1, 5], [0, 3, 9]),
            "kind": pd.Categorical(["a", "b"]),
        }
    )
    read = read_answer({"id": "t", "kind": "table"}, frame)
    assert [c["type"] for c in read["columns"]] == ["date", "boolean", "text", "text"]
    assert (
        read["rows"][0] == ["1997-01-01", True, "(0, 3]", "a"] and read["rows"][1][0] == "1997-01-02T10:30:00"
    )
    json.dumps(read, allow_nan=False)


@pytest.mark.parametrize(
    "frame, code",
    [
        ([1, 2], "not_a_table_but_parts"),
        (pd.Series([1, 2]), "not_a_table"),
        (pd.DataFrame({"tier": ["a", "b"]}), "columns_missing"),
        (pd.DataFrame({"tier": ["a", "b"], "count": [1, 2]}), "column_named_otherwise"),
        (pd.DataFrame({"index": ["a", "b"], 0: [1, 2]}), "columns_named_otherwise"),
        (pd.DataFrame({"a": ["x", 1], "b": ["y", 2]}, index=["tier", "value"]), "table_turned"),
        (pd.DataFrame({"tier": ["a"], "value": [1]}), "row_count"),
        (pd.DataFrame({"tier": ["a", "b"], "value": [1, math.nan]}), "cell_missing"),
        (pd.DataFrame({"tier": ["a", None], "value": [1, 2]}), "cell_missing"),
        (pd.DataFrame({"tier": ["a", "b"], "value": [1, math.inf]}), "bad_cell"),
        (pd.DataFrame({"tier": ["a", "b"], "value": [1, object()]}), "bad_cell"),
        (pd.DataFrame({"tier": ["a", 2], "value": [1, 2]}, dtype=object), "mixed_column"),
        (pd.DataFrame({"tier": ["a", "b"], "value": [1, "2"]}, dtype=object), "text_column_number"),
        (pd.DataFrame({"tier": ["a", "b"], "value": ["12,345", "1"]}), "text_column_number"),
        (pd.DataFrame({"tier": ["a", "b"], "value": ["0", "1.7万"]}), "text_column_written"),
        (pd.DataFrame({"tier": ["a", "b"], "value": ["much", "little"]}), "text_column"),
        (pd.DataFrame({"tier": ["a", "b"], "value": [1, pd.Series([1, 2])]}), "bad_cell"),
        (pd.DataFrame({"tier": ["a", "b"], "value": [True, False]}), "bool_column"),
        (pd.DataFrame([["a", 1, 2]] * 2, columns=["tier", "value", "value"]), "columns_doubled"),
    ],
)
def test_a_table_of_another_form_is_badly_formed(frame, code):
    assert why_not(TABLE, frame) == code


def test_of_texts_in_a_column_the_one_is_named_that_cannot_be_turned_into_a_number_as_it_is():
    with pytest.raises(BadForm) as raised:
        read_answer(TABLE, pd.DataFrame({"tier": ["a", "b"], "value": ["0", "1.7万"]}))
    assert "第 2 行" in raised.value.zh_en[0] and "17000" in raised.value.zh_en[1]
    assert "astype" not in raised.value.zh_en[1]
    with pytest.raises(BadForm, match="row 1 .*astype"):
        read_answer(TABLE, pd.DataFrame({"tier": ["a", "b"], "value": ["0", "1,200"]}))
    named = {"id": "t", "kind": "table", "columns": ["customer_id"]}
    assert read_answer(named, pd.DataFrame({"customer_id": ["1万", "C2"]}))["rows"] == [["1万"], ["C2"]]


def test_what_a_table_lacks_is_said_with_how_to_come_by_it():
    with pytest.raises(BadForm) as raised:
        read_answer(TABLE, pd.DataFrame({"tier": ["a", "b"], "count": [1, 2]}))
    assert all(".rename(columns={'count': 'value'})" in text for text in raised.value.zh_en)
    with pytest.raises(BadForm) as raised:
        read_answer(TABLE, pd.DataFrame({"tier": ["a", "b"], "value": [1, pd.Series([1, 2])]}))
    assert "Series of 2 values" in raised.value.zh_en[1] and "有 2 个值" in raised.value.zh_en[0]


@pytest.mark.parametrize(
    ("columns", "cells", "code"),
    [
        (["x", "x_low", "x_high"], [-0.19, -0.05, 0.09], "outside_ends"),
        (["x", "x_low", "x_high"], [0.2, 0.3, 0.1], "ends_swapped"),
        (["lower_limit", "centre", "upper_limit"], [1, 9, 5], "outside_ends"),
        (["lower_limit", "centre", "upper_limit"], [5, 3, 1], "ends_swapped"),
    ],
)
def test_a_value_outside_of_its_own_interval_is_not_recorded(columns, cells, code):
    question = {"id": "t", "kind": "table", "columns": columns}
    assert why_not(question, pd.DataFrame([cells], columns=columns)) == code
    inside = pd.DataFrame([sorted(cells)], columns=sorted(columns, key=_from_low_to_high))
    assert read_answer(question, inside)["rows"]
    at_an_end = inside.assign(**{inside.columns[1]: inside.iloc[0, 2]})
    assert read_answer(question, at_an_end)["rows"]


def _from_low_to_high(column: str) -> int:
    return ("low" in column) * -1 + ("high" in column or "upper" in column)


def test_an_interval_whose_value_or_end_is_missing_or_not_asked_is_taken():
    question = {"id": "t", "kind": "table", "columns": ["x_low", "x_high"]}
    assert read_answer(question, pd.DataFrame({"x_low": [1], "x_high": [2], "x": [9]}))["rows"] == [[1, 2]]
    open_end = {"id": "t", "kind": "table", "columns": ["x", "x_low", "x_high"], "allow_missing": True}
    assert read_answer(open_end, pd.DataFrame({"x": [9], "x_low": [1], "x_high": [math.nan]}))["rows"]


def test_a_table_may_allow_missing_values_and_is_capped():
    frame = pd.DataFrame({"tier": ["a", "b"], "value": [1, math.nan]})
    assert read_answer({**TABLE, "allow_missing": True}, frame)["rows"] == [["a", 1.0], ["b", None]]
    assert why_not({"id": "t", "kind": "table"}, pd.DataFrame({"a": range(MAX_ROWS + 1)})) == "table_too_big"
    assert why_not({"id": "t", "kind": "table"}, pd.DataFrame({"a": []})) == "table_empty"


def test_bars_are_read_with_their_names_stacked_grouped_and_lying():
    axes = plt.subplots()[1]
    axes.bar(["铂金 platinum", "gold"], [3, 1], label="a")
    axes.bar(["铂金 platinum", "gold"], [2, 2], bottom=[3, 1], label="b")
    read = read_answer(BARS, axes)
    assert read["bars"] == [
        {"label": "a", "horizontal": False, "points": [["铂金 platinum", 0.0, 3.0], ["gold", 0.0, 1.0]]},
        {"label": "b", "horizontal": False, "points": [["铂金 platinum", 3.0, 2.0], ["gold", 1.0, 2.0]]},
    ]
    lying = plt.subplots()[1]
    lying.barh(["x", "y"], [5, 6])
    drawn = {"label": "", "horizontal": True, "points": [["x", 0.0, 5.0], ["y", 0.0, 6.0]]}
    assert read_answer(BARS, lying)["bars"] == [drawn]
    grouped = pd.DataFrame({"p": [1, 2], "q": [3, 4]}, index=["m", "n"]).plot.bar()
    assert [[p[0] for p in s["points"]] for s in read_answer(BARS, grouped)["bars"]] == [
        ["m", "n"],
        ["m", "n"],
    ]


def test_seaborn_bars_are_read_like_others():
    import seaborn as sns

    frame = pd.DataFrame({"tier": list("abab"), "year": list("1122"), "value": [1.0, 2.0, 3.0, 4.0]})
    read = read_answer(BARS, sns.barplot(frame, x="tier", y="value", hue="year"))
    reach = [[(name, length) for name, _, length in s["points"]] for s in read["bars"]]
    assert reach == [[("a", 1.0), ("b", 2.0)], [("a", 3.0), ("b", 4.0)]]
    assert (read["xlabel"], read["ylabel"]) == ("tier", "value")


def test_lines_and_scatters_are_read_without_guides():
    axes = plt.subplots()[1]
    axes.plot([0, 1, 2], [0, np.nan, 1], label="Lorenz")
    axes.axhline(0.5)
    axes.scatter([1, 2], [3, 4])
    axes.plot([5], [6], "o")
    read = read_answer(LINE, axes)
    assert read["line"] == [{"label": "Lorenz", "points": [[0.0, 0.0], [2.0, 1.0]]}]
    assert [s["points"] for s in read_answer(CLOUD, axes.figure)["scatter"]] == [
        [[1.0, 3.0], [2.0, 4.0]],
        [[5.0, 6.0]],
    ]


def test_a_chart_of_another_form_is_badly_formed():
    axes = plt.subplots()[1]
    assert why_not(LINE, axes) == "nothing_drawn"
    axes.plot([1], [2])
    assert why_not(BARS, axes) == "other_drawn"
    assert why_not({**LINE, "labelled": True}, axes) == "axis_unlabelled"
    assert why_not(LINE, plt.subplots(2)[0]) == "many_axes"
    assert why_not(LINE, plt.figure()) == "empty_figure"
    assert why_not(LINE, pd.DataFrame()) == "not_axes"
    assert why_not(LINE, None) == "not_axes"
    axes.plot(range(6000), range(6000))
    assert why_not(LINE, axes) == "chart_too_big"


def _bars_of(frame, **how):
    sheet = AnswerSheet("demo", [BARS], seed=1)
    return repr(sheet("chart", frame.plot.bar(**how)))


def test_bars_that_cannot_be_compared_are_recorded_with_what_to_leave_out():
    frame = pd.DataFrame({"p": [0.1, 0.4], "q": [0.2, 0.5]}, index=["m", "n"])
    plain = _bars_of(frame)
    assert plain.startswith("chart: Recorded: 4 bars") and "." not in plain.partition("0.5")[2]
    assert "leave out stacked=True" in _bars_of(frame, stacked=True)
    assert "leave out logy=True" in _bars_of(frame, logy=True)
    plt.figure()
    over = frame["q"].plot.bar(ax=frame["p"].plot.bar())
    assert "hide each other" in repr(AnswerSheet("demo", [BARS], seed=1)("chart", over))
    lying = frame["p"].plot.barh(ax=plt.figure().subplots(), logx=True)
    assert "leave out logx=True" in repr(AnswerSheet("demo", [BARS], seed=1)("chart", lying.figure))


def test_bars_above_and_below_zero_or_in_a_row_are_neither_stacked_nor_hidden():
    gains, losses = pd.DataFrame({"gain": [3, 0], "loss": [-2, -1]}), pd.DataFrame({"gain": [3, -1]})
    assert "stacked" not in _bars_of(gains, stacked=True) and "hide" not in _bars_of(losses)
    steps = plt.figure().subplots()
    steps.bar(["a", "b"], [3, -1], bottom=[0, 3])
    assert "stacked" not in repr(AnswerSheet("demo", [BARS], seed=1)("chart", steps))


def test_money_is_told_to_the_cent_and_other_numbers_to_six_digits():
    money = {"kind": "number", "unit": "money"}
    assert [preview(money, v).en.split()[0] for v in (207758.54, 207759.0, 117.8291)] == [
        "207758.54", "207759", "117.829"
    ]  # fmt: skip
    assert preview({"kind": "number", "unit": "days"}, 207758.54).en == "207759 days"


def test_a_value_that_misbehaves_is_badly_formed_and_no_crash():
    class Nasty:
        def __getattr__(self, name):
            raise RuntimeError("no")

    for question in (SHARE, TIER, TABLE, LINE, WHY):
        assert why_not(question, Nasty())


def test_recorded_badly_formed_and_missing_are_said_at_once(answer):
    assert str(answer("share", 0.6)) == "share: Recorded: 0.6 (60%)"
    assert "Did you give per cent?" in str(AnswerSheet("s", [SHARE], 1)("share", 61.2))
    assert "between 0 and 1" in str(AnswerSheet("s", [SHARE], 1)("share", -1))
    assert answer("tier", ...).state == "missing" and answer("why", " \n ").state == "missing"
    assert str(answer("tier", "铁层")) == "tier: Recorded: iron tier"


def test_only_a_well_formed_answer_replaces_an_earlier_one(answer):
    answer("share", 0.6)
    for worse in ("0.7", ..., math.nan):
        shown = answer("share", worse)
        assert shown.state != "recorded" and shown.value == 0.6 and "stays recorded: 0.6" in str(shown)
    assert answer.to_json()["answers"]["share"]["value"] == 0.6
    answer("share", 0.7)
    assert answer.to_json()["answers"]["share"] == {"kind": "number", "state": "recorded", "value": 0.7}


def test_an_unknown_name_lists_the_names(answer):
    with pytest.raises(crmkit.CrmkitError, match="share, tier, why"):
        answer("shares", 1)


def test_status_lists_every_question_in_order(answer):
    answer("share", 0.6)
    answer("tier", "gold")
    text = repr(answer.status())
    lines = [
        "1 of 3 answers recorded",
        "1  share  recorded  0.6 (60%)",
        "2  tier  badly formed",
        "3  why  missing",
    ]
    assert text.splitlines() == lines
    assert repr(answer) == text


def test_the_display_follows_the_language_and_marks_both_for_the_switch(answer):
    bundle = {}
    for lang in ("zh", "en", "both"):
        crmkit.set_language(lang)
        bundle[lang] = answer("share", 2)._repr_mimebundle_()
    assert "没有记录" in bundle["zh"]["text/plain"] and "Badly" not in bundle["zh"]["text/plain"]
    assert "没有记录" not in bundle["en"]["text/html"]
    assert (
        '<div lang="zh">' in bundle["both"]["text/html"] and '<div lang="en">' in bundle["both"]["text/html"]
    )
    assert bundle["both"][MIME]["problem"]["code"] == "share_or_percent"
    assert set(bundle["both"][MIME]["problem"]) == {"code", "zh", "en"}


def test_markup_in_an_answer_is_shown_as_text(answer):
    html = answer("tier", "<img src=x onerror=alert(1)>")._repr_mimebundle_()["text/html"]
    assert "<img" not in html and "&lt;img" in html


def test_answers_are_written_whole_to_the_file_of_the_environment(answer, tmp_path, monkeypatch):
    path = tmp_path / ("答案.json" if sys.getfilesystemencoding() == "utf-8" else "answers.json")
    monkeypatch.setenv("CRMKIT_ANSWERS", str(path))
    answer = replace(answer)  # a sheet asks the environment when it is made
    answer("share", 0.6)
    answer("tier", 3)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written == answer.to_json()
    assert (
        written["seed"] == 1
        and written["exercise"] == "06_sample"
        and written["format"] == "crmkit-answers/1"
    )
    states = {name: entry["state"] for name, entry in written["answers"].items()}
    assert states == {"share": "recorded", "tier": "badly_formed", "why": "missing"}
    assert list(tmp_path.iterdir()) == [path]


def test_answers_go_as_frames_into_the_descriptor_of_the_environment(answer, monkeypatch):
    reader, writer = os.pipe()
    monkeypatch.setenv("CRMKIT_ANSWERS", f"descriptor:{writer}")
    answer = replace(answer)
    answer("share", 0.6)
    answer("share", 0.7)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        sent = stream.read()
    frames = []
    while sent:
        size = int.from_bytes(sent[:4], "big")
        frames.append(json.loads(sent[4 : 4 + size]))
        sent = sent[4 + size :]
    assert [frame["sheet"]["answers"]["share"]["value"] for frame in frames] == [0.6, 0.7]
    assert frames[-1] == {"sheet": answer.to_json()}


def test_a_sink_that_is_given_comes_before_the_environment(answer, tmp_path, monkeypatch):
    monkeypatch.setenv("CRMKIT_ANSWERS", str(tmp_path / "answers.json"))
    taken = []
    answer = replace(answer, sink=taken.append)
    answer("share", 0.6)
    assert taken == [answer.to_json()] and not list(tmp_path.iterdir())


def test_every_kind_and_unit_says_its_form_in_both_languages():
    samples = [SHARE, COUNT, TIER, TABLE, BARS, LINE, CLOUD, WHY, {**LINE, "labelled": True}]
    samples.append({"kind": "number", "maximum": 5})
    assert {q["kind"] for q in samples} == set(FORM_FIELDS)
    for question in samples:
        zh, en = describe(question)
        assert zh and en and zh != en
    assert describe(SHARE)[1] == "a number between 0 and 1 (unit: share)"
    for unit in UNITS:
        assert all(MESSAGES.pair(f"unit_{unit}"))


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_a_chart_with_boxes_is_recorded_and_never_in_silence(lang):
    rare = "\U00030ede"  # no font of the machine has it
    crmkit.set_language(lang)
    answer = AnswerSheet("demo", [BARS], seed=1)
    _, axes = plt.subplots()
    axes.bar(["客户", "收入"], [1, 2])
    assert "set_language" not in repr(answer("chart", axes)), "every character has a glyph"
    axes.set_title(f"客户{rare}")
    said = answer("chart", axes)
    assert said.state == "recorded" and f"“{rare}”" in repr(said)
    assert ("方框" in repr(said)) == (lang != "en") and ("boxes" in repr(said)) == (lang != "zh")
    assert rare in answer("chart", axes.figure)._html(0)


def test_a_charts_answer_is_told_without_series_that_hold_nothing():
    chart = {
        "bars": [{"points": [["a", 0, 1], ["b", 0, 2]]}],
        "line": [{"points": []}, {"points": []}],
        "scatter": [],
    }
    said = preview({"kind": "chart"}, chart)
    assert "2" in said[1] and "line" not in said[1] and "折线" not in said[0]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1.2万", "12000"),
        ("7千", "7000"),
        ("3百万", "3000000"),
        ("1.5万元", "15000"),
        ("1.2亿", "120000000"),
        ("1.2k", "1200"),
        ("3 million", "3000000"),
        ("3 hundred", "300"),
        ("5 个", "5"),
    ],
)
def test_a_number_with_a_word_for_its_size_is_never_said_to_be_the_figures_before_it(text, meant):
    with pytest.raises(BadForm) as raised:
        read_answer({"id": "loss", "kind": "number"}, text)
    assert raised.value.zh_en.zh.endswith(f"：{meant}。") and raised.value.zh_en.en.endswith(f": {meant}.")


@pytest.mark.parametrize(
    ("unit", "text", "meant"),
    [
        ("points", "66百分点", "66"),
        ("percent", "-66 个百分点", "-66"),
        ("share", "66百分点", "0.66"),
        ("share", "66 percentage points", "0.66"),
        ("share", "66 points", "0.66"),
        ("points", "66 pp", "66"),
        ("money", "1.2w", "12000"),
        ("customers", "3 w", "30000"),
        ("money", "12m", "12000000"),
        ("weeks", "3w", "3"),
        ("months", "12 m", "12"),
        ("days", "365天", "365"),
        ("money", "1,200", "1200"),
        ("money", "1,234,567.5", "1234567.5"),
        ("money", "1,18", "1.18"),
        ("share", "0,491", "0.491"),
        ("times", "12,36", "12.36"),
    ],
)
def test_a_text_is_read_as_a_number_in_the_unit_that_is_asked_for(unit, text, meant):
    with pytest.raises(BadForm) as raised:
        read_answer({"id": "x", "kind": "number", "unit": unit}, text)
    assert raised.value.zh_en.zh.endswith(f"：{meant}。") and raised.value.zh_en.en.endswith(f": {meant}.")


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("points", "1千分点"),
        ("share", "5‰"),
        ("money", "66百分点"),
        ("orders", "3w"),
        ("days", "12m"),
        ("years", "12个月"),
        ("days", "3 weeks"),
        ("money", "50分"),
        ("money", "1,2345"),
        ("money", "12,36.5"),
    ],
)
def test_of_a_text_that_may_mean_another_number_none_is_told(unit, text):
    with pytest.raises(BadForm) as raised:
        read_answer({"id": "x", "kind": "number", "unit": unit}, text)
    assert raised.value.code == "got_number_in_words"


@pytest.mark.parametrize(
    ("cut", "code", "meant"),
    [
        ((1, 18), "decimal_comma", "1.18"),
        ((0, 491), "decimal_comma", "0.491"),
        ((0, 5), "decimal_comma", "0.5"),
        ((8, 287), "comma", "8287"),
        ((1, 0), "comma", "1000"),
        ((1, 18.5), "comma", "1018.5"),
        ((1, 234, 567), "comma", "1234567"),
        ((1, 2345), "got_several", "2345"),
        ((1234, 567), "got_several", "567"),
        ((1, 18, 500), "got_several", "500"),
        ((208, -207537.71), "got_several", "207538"),
    ],
)
def test_what_a_comma_cuts_is_thousands_or_decimals_as_it_can_only_be(cut, code, meant):
    with pytest.raises(BadForm) as raised:
        read_answer({"id": "x", "kind": "number"}, cut)
    assert raised.value.code == code
    for said in raised.value.zh_en:
        assert meant in said and "018" not in said.replace("1,018.5", "").replace("1018.5", "")


def test_a_text_where_yes_or_no_is_wanted_is_refused_and_one_and_zero_are_taken():
    question = {"id": "t", "kind": "table", "columns": ["met"]}
    for word in ("True", "是", "no"):
        with pytest.raises(BadForm, match=f"“{word}”; True or False is wanted"):
            read_answer(question, pd.DataFrame({"met": [word]}))
    assert read_answer(question, pd.DataFrame({"met": [True]}))["rows"] == [[True]]
    assert read_answer(question, pd.DataFrame({"met": [1]}))["rows"] == [[1.0]]
    assert read_answer({**question, "columns": ["note"]}, pd.DataFrame({"note": ["是"]}))["rows"] == [["是"]]


@pytest.mark.parametrize(
    "text", ["八", "九成", "百分之八", "1万2千", "six", "2 dozen", "2 lakh", "(200)", "1 600", "/12", "2/3"]
)
def test_a_number_in_words_or_before_an_unknown_word_is_asked_for_in_figures(text):
    with pytest.raises(BadForm) as raised:
        read_answer({"id": "loss", "kind": "number"}, text)
    assert "阿拉伯数字" in raised.value.zh_en.zh and "float" not in raised.value.zh_en.en


def test_a_recorded_table_shows_its_first_row_and_doubts_a_share_above_the_whole():
    question = {"id": "shops", "kind": "table", "columns": ["shop", "back_share"]}
    sheet = AnswerSheet("demo", [question], seed=1)
    said = repr(sheet("shops", pd.DataFrame({"shop": ["east"], "back_share": [57.4]})))
    assert "shop = east" in said and "0.574" in said
    two = repr(sheet("shops", pd.DataFrame({"shop": ["east", "west"], "back_share": [0.5, 0.4]})))
    assert "(east, west)" in two
    fine = repr(sheet("shops", pd.DataFrame({"shop": ["east"], "back_share": [0.574]})))
    assert "57.4" not in fine


@pytest.mark.parametrize(
    ("drawn", "code", "said"),
    [
        (lambda ax: pd.Series([1, 2]), "not_axes", "ax = ….plot.bar()"),
        (lambda ax: pd.Series([1, 2]).plot, "chart_not_called", "plot()"),
        (lambda ax: pd.Series([1, 2]).plot.bar, "chart_not_called", "bar()"),
        (lambda ax: np.array([ax, ax]), "several_axes", "subplots=True"),
        (lambda ax: plt.figure(), "empty_figure", "right after drawing"),
        (lambda ax: ax.plot([1, 2, 3])[0].axes, "other_drawn", "1 line and not"),
        (lambda ax: ax, "nothing_drawn", "a bar chart"),
    ],
)
def test_what_is_no_bar_chart_is_told_what_it_is(drawn, code, said):
    ax = plt.subplots()[1]
    with pytest.raises(BadForm) as raised:
        read_answer(BARS, drawn(ax))
    assert raised.value.code == code and said in raised.value.zh_en.en


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tier": "a"}, "pd.DataFrame(["),
        ([1, 2], "pd.DataFrame("),
        (crmkit.show(pd.DataFrame({"tier": ["a"]})), "leave it out"),
        (pd.Series([1]), ".reset_index()"),
        (pd.DataFrame({"tier": [], "value": []}), "not the word that show displays"),
    ],
)
def test_what_is_no_table_is_told_how_it_becomes_one(given, said):
    with pytest.raises(BadForm) as raised:
        read_answer({**TABLE, "rows": None}, given)
    assert said in raised.value.zh_en.en
