"""What public functions make of a first argument that is no frame:
a sentence that says what was given and what to do.
"""

import copy
import inspect
import pickle
from collections.abc import Sequence
from dataclasses import is_dataclass
from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from stakeholders import PARTIES

import crmkit
from crmkit.core.errors import NearestName
from crmkit.core.schema import as_day, require_between
from crmkit.relationship_types.types import _ALLOWED


def of_a_frame() -> list[str]:
    """Every promised function that takes a frame, and nothing else, first."""
    found = []
    for name in crmkit.PROMISED:
        if name == "show":  # takes values too, and says so in its own words
            continue
        function = getattr(crmkit, name)
        if not inspect.isfunction(function):
            continue
        parameters = list(inspect.signature(function).parameters.values())
        if parameters and parameters[0].annotation is pd.DataFrame:
            found.append(name)
    return found


def called(name: str, given):
    """The function with ``given`` first and something in each other place that must be filled."""
    parameters = list(inspect.signature(getattr(crmkit, name)).parameters.values())[1:]
    return getattr(crmkit, name)(given, **{p.name: 1 for p in parameters if p.default is p.empty})


@pytest.mark.parametrize(
    "given", ["cdnow", None, 5, pa.table({"customer_id": ["a"]})], ids=lambda v: type(v).__name__
)
@pytest.mark.parametrize("name", of_a_frame())
def test_what_is_no_frame_is_refused_in_words(name, given):
    with pytest.raises(crmkit.CrmkitError) as raised:
        called(name, given)
    assert raised.value.code == "not_a_frame"
    said = given if isinstance(given, str) else type(given).__name__
    assert said in raised.value.message_en and "pandas" in raised.value.message_zh


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("migration", "Pyramid"),
        ("reallocate", "Pyramid"),
        ("explore_contacts", "ContactResponse"),
        ("explore_relationship_levels", "CustomerBase"),
        ("recommend_level", "CustomerBase"),
    ],
)
def test_what_is_no_result_of_an_earlier_step_is_refused_by_its_name(name, wanted):
    with pytest.raises(crmkit.CrmkitError) as raised:
        called(name, pd.DataFrame({"customer_id": ["a"]}))
    assert raised.value.code == "not_a_kind"
    assert wanted in raised.value.message_en and wanted in raised.value.message_zh


def test_which_wrong_column_is_named_does_not_hang_on_the_order_of_a_set():
    """A set of texts walks in another order in every process."""
    wrong = dict.fromkeys(("customers", "need", "retention_rate", "purchases_per_year"), [-1.0])
    segments = pd.DataFrame({"segment": ["a"], **wrong, "unit_margin": [1.0]})
    with pytest.raises(crmkit.CrmkitError) as raised:
        crmkit.compare_relationship_types(segments)
    assert raised.value.column == next(name for name in _ALLOWED if name in wrong)


@pytest.mark.parametrize(
    ("given", "word"),
    [({"customers": 5}, "pd.DataFrame([…])"), ("survey", "“survey”"), (pd.Series([1.0]), "Series")],
)
def test_a_dict_and_a_quoted_name_in_place_of_a_frame_are_told_what_to_do(given, word):
    with pytest.raises(crmkit.CrmkitError) as raised:
        crmkit.acquisition_spending(given)
    assert word in raised.value.message_zh and word in raised.value.message_en


def test_a_number_in_place_of_a_frame_is_asked_whether_its_name_was_used_again():
    with pytest.raises(crmkit.CrmkitError) as raised:
        crmkit.acquisition_spending(3.67)
    assert "换一个名字" in raised.value.message_zh
    assert "another name" in raised.value.message_en


def of_a_list() -> list[tuple[str, str]]:
    """Every promised function with an argument that is a list of texts, and that argument."""
    found = []
    for name in crmkit.PROMISED:
        function = getattr(crmkit, name)
        if inspect.isfunction(function):
            parameters = inspect.signature(function).parameters.values()
            found += [(name, p.name) for p in parameters if p.annotation == Sequence[str]]
    return found


@pytest.mark.parametrize("given", ["months", 5])
@pytest.mark.parametrize(("name", "argument"), of_a_list())
def test_a_text_in_place_of_a_list_is_not_taken_letter_by_letter(name, argument, given):
    parameters = list(inspect.signature(getattr(crmkit, name)).parameters.values())[1:]
    table = pd.DataFrame({"customer_id": ["a", "b"], "group": ["treated", "control"]})
    needed = [p for p in parameters if p.default is p.empty]
    others = {p.name: table if p.annotation is pd.DataFrame else 1 for p in needed} | {argument: given}
    with pytest.raises(crmkit.CrmkitError) as raised:
        getattr(crmkit, name)(table, **others)
    assert raised.value.code == "not_a_list" and name in raised.value.message_zh
    assert ('write ["months"]' if given == "months" else "square brackets") in raised.value.message_en


def test_a_day_outside_two_days_is_refused_as_a_day():
    first, last = date(2024, 1, 1), date(2024, 12, 31)
    with pytest.raises(crmkit.CrmkitError) as raised:
        require_between(date(2023, 12, 31), first, last, name="ends")
    assert raised.value.code == "out_of_range" and "2024-12-31" in raised.value.message_en


def test_a_number_in_quotes_is_told_to_leave_them_out_and_not_that_it_is_out_of_range():
    with pytest.raises(crmkit.CrmkitError) as raised:
        require_between("12", 1, 10_000, name="periods")
    assert raised.value.code == "out_of_range" and "写 12，不要引号" in raised.value.message_zh


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        ("8%", 0, 1, "write 0.08 without quotes"),
        ("365天", 0, 10_000, "write 365 without quotes"),
        ("１２", 0, 100, "write 12 without quotes"),
        ("1,200", 0, 1e4, "write 1200 without quotes"),
        ("12,361.95 元", 0, 1e9, "write 12361.95 without quotes"),
        ("1.2万", 0, 1e9, "write 12000 without quotes"),
        ("2k", 0, 1e9, "write 2000 without quotes"),
        ("2k", 0, 100, "is 2000; it must be between 0 and 100"),
        ("50", 0, 1, "write 50% as 0.5"),
        ("1,18", 0, 1e9, "write 1.18 without quotes"),
        ("0,1", -1, 1, "write 0.1 without quotes"),
        ("10个百分点", -1, 1, "write 0.1 without quotes"),
        ("−10%", -1, 1, "write -0.1 without quotes"),
        *((text, 0, 1e9, "in digits without quotes") for text in ("1/2", "5-6", "2 dozen", "1万2千", "1成")),
        ([0.033], 0, 1, "without brackets"),
        (pd.Series([0.1, 0.2]), 0, 1, ".iloc[0]"),
        (10, -1, 1, "write 10% as 0.1"),
        ("十二", 0, 100, "in digits without quotes"),
        (8, 0, 1, "write 8% as 0.08"),
        (-3, 0, 1e12, "must not be below 0."),
        (0, 1e-12, 1.7e308, "must be above 0."),
        (2e6, 0, 1e6, "between 0 and"),
    ],
)
def test_what_is_outside_is_told_with_what_was_meant_and_without_limits_that_only_guard(
    value, low, high, said
):
    with pytest.raises(crmkit.CrmkitError) as raised:
        require_between(value, low, high, name="x")
    assert raised.value.code == "out_of_range" and said in raised.value.message_en


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("years", "12个月", "in digits"),
        ("expiry_months", "2 years", "in digits"),
        ("years", "5年", "write 5 "),
        ("horizon", "12个月", "write 12 "),
    ],
)
def test_a_length_of_time_is_a_number_in_its_own_unit_only(name, text, said):
    with pytest.raises(crmkit.CrmkitError) as raised:
        require_between(text, 1, 100, name=name)
    assert said in raised.value.message_en


def test_an_empty_cell_is_called_one_and_limits_that_are_none_are_not_written():
    with pytest.raises(crmkit.CrmkitError) as empty:
        crmkit.pyramid(pd.DataFrame({"customer_id": ["a", "b"], "revenue": [1, float("nan")]}))
    assert empty.value.code == "cell_not_a_number" and "NaN" in empty.value.message_zh
    with pytest.raises(crmkit.CrmkitError) as infinite:
        crmkit.pyramid(pd.DataFrame({"customer_id": ["a", "b"], "revenue": [1, float("inf")]}))
    assert "−inf" not in infinite.value.message_en and "a finite number" in infinite.value.message_en


@pytest.mark.parametrize(
    ("room", "name", "near"),
    [(crmkit, "repeat_busines", "repeat_business"), (crmkit.plots, "plot_lorentz", "plot_lorenz")],
    ids=["crmkit", "plots"],
)
def test_a_misspelt_name_is_answered_with_the_nearest_one(room, name, near):
    with pytest.raises(AttributeError, match=near):
        getattr(room, name)
    assert not hasattr(room, "_ipython_display_")


@pytest.mark.parametrize(
    ("column", "cells", "said"),
    [
        ("break_probability", [23.0, 20.0], "Write 23% as 0.23"),
        ("break_probability", ["23%", "20%"], "Write 23% as 0.23"),
        ("break_probability", [2300.0, 20.0], "a number between 0 and 1 is needed (yes"),
        ("effort", [0.0, 10.0], "a number above 0 is needed"),
        ("effort", [-1.0, 10.0], "a number above 0 is needed"),
    ],
)
def test_a_column_in_per_cent_is_told_so_and_limits_that_only_guard_are_not_written(column, cells, said):
    assert len(crmkit.stakeholder_map(PARTIES).stakeholders) == 2
    with pytest.raises(crmkit.CrmkitError) as raised:
        crmkit.stakeholder_map(PARTIES.assign(**{column: cells}))
    assert raised.value.code == "cell_not_a_number" and said in raised.value.message_en


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (1982, "是减法", "a subtraction"),
        ("2025/12/31", '写 "2025-12-31"', 'write "2025-12-31"'),
        ("2025年12月31日", '写 "2025-12-31"', 'write "2025-12-31"'),
        ("２０２５-１２-３１", '写 "2025-12-31"', 'write "2025-12-31"'),
        ("2025-12", '"1997-09-30"', '"1997-09-30"'),
        ("2025-13-45", '"1997-09-30"', '"1997-09-30"'),
        ("31/12/2025", '"1997-09-30"', '"1997-09-30"'),
    ],
)
def test_what_is_no_day_is_told_how_to_write_one(value, zh, en):
    with pytest.raises(crmkit.CrmkitError) as raised:
        as_day(value)
    assert raised.value.code == "as_of_not_a_date"
    assert zh in raised.value.message_zh and en in raised.value.message_en
    assert as_day("2025-12-31") == date(2025, 12, 31)


def test_a_number_that_is_missing_or_a_function_not_called_is_called_that():
    with pytest.raises(crmkit.CrmkitError, match="is missing") as missing:
        require_between(float("nan"), 0, 1, name="margin_rate")
    with pytest.raises(crmkit.CrmkitError, match=r"write std\(\)") as function:
        require_between(pd.Series([1.0]).std, 0, 1, name="standard_deviation")
    assert missing.value.code == function.value.code == "out_of_range"


def results_drawn() -> list[str]:
    """The pictures that draw a result and no frame."""
    drawn = [name for name in crmkit.plots.__all__ if name.startswith("plot_")]
    first = {
        name: next(iter(inspect.signature(getattr(crmkit.plots, name)).parameters.values())) for name in drawn
    }
    return [name for name in drawn if is_dataclass(first[name].annotation)]


@pytest.mark.parametrize("name", results_drawn())
def test_a_picture_of_a_result_refuses_a_frame_and_names_what_it_draws(name):
    with pytest.raises(crmkit.CrmkitError) as raised:
        getattr(crmkit.plots, name)(pd.DataFrame({"revenue": [1.0]}))
    assert raised.value.code == "not_a_kind" and name in raised.value.message_zh


def test_a_dict_in_place_of_traits_is_told_how_to_unpack_it():
    with pytest.raises(crmkit.CrmkitError, match=r"CustomerBase\(\*\*"):
        crmkit.programme_economics(crmkit.Programme(level="social"), base={"customers": 5})


SHOP = crmkit.CustomerBase(
    customers=100, retention_rate=0.5, dispersion=0.5, margin_per_purchase=10, purchases_per_year=10
)
CARD = crmkit.Programme(level="financial")


@pytest.mark.parametrize(
    ("result", "written", "meant"),
    [
        (SHOP, "retention", "retention_rate"),
        (CARD, "margin_give_away", "margin_given_away"),
        (crmkit.pareto_share([3, 1]), "val", "value"),
        (crmkit.programme_economics(CARD, base=SHOP), "yearl", "yearly"),
        (crmkit.recommend_level(SHOP, programmes=CARD), "condition", "conditions"),
        (crmkit.stakeholder_map(PARTIES), "stakeholder", "stakeholders"),
        (crmkit.whale_curve([3, -1]), "peak_shares", "peak_share"),
        (crmkit.fit_sbg([1000, 869, 743, 653]), "param", "params"),
    ],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
def test_a_misspelt_part_of_a_result_is_answered_with_the_nearest_one(result, written, meant):
    assert hasattr(result, meant) and not hasattr(result, "_ipython_display_")
    with pytest.raises(AttributeError, match=f"{type(result).__name__}.*{meant}"):
        getattr(result, written)
    assert copy.deepcopy(result) is not result and pickle.loads(pickle.dumps(result))


def test_every_result_of_a_promised_function_answers_a_misspelt_part():
    kinds = {
        inspect.signature(getattr(crmkit, name)).return_annotation
        for name, module in crmkit.PROMISED.items()
        if inspect.isfunction(getattr(crmkit, name)) and not module.startswith(("intake", "report"))
    }
    results = {kind for kind in kinds if is_dataclass(kind) and kind.__module__.count(".") > 1}
    silent = {kind.__name__ for kind in results if not issubclass(kind, NearestName)}
    assert len(results) > 20 and silent <= {"Explorer", "Receipt"}
