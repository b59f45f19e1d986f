"""What a script may give to the door beside the file: answers, a mapping, a day; what is misspelt is said."""

from datetime import date

import pandas as pd
import pytest

import crmkit
from crmkit.intake.check import examine
from crmkit.intake.reading.columns import ALLOWED, MAPPING_KEYS

FRAME = pd.DataFrame(
    {
        "order": ["x", "y", "z"],
        "customer_id": ["a", "b", "a"],
        "date": ["2024-03-05"] * 3,
        "amount": [1, 2, 3],
    }
)


def codes(report) -> list[str]:
    return [error["code"] for error in report.errors]


def test_an_answer_to_no_question_is_refused():
    assert codes(examine(FRAME, answers={"statuss": "known"})) == ["not_a_choice"]
    assert codes(crmkit.check_transactions(FRAME, answers=["nobody"])) == ["mapping_value"]
    # scripts repeat their answers: what this month's file does not ask is no mistake
    assert examine(FRAME, answers={"status": "usual", "void_flag": "usual", "sale_flag": "usual"}).usable


def test_every_key_of_a_mapping_has_its_check():
    assert set(ALLOWED) == set(MAPPING_KEYS) - {"columns"}


@pytest.mark.parametrize(
    "mapping",
    [
        {"once_per": ["order"]},
        {"sheet": 1.5},
        {"fill_down": 3},
        {"amount_marks": {"退": 2}},
        {"part_units": {"a": "x"}},
    ],
)
def test_a_value_that_a_key_cannot_have_is_refused(mapping):
    assert codes(crmkit.check_transactions(FRAME, mapping=mapping)) == ["mapping_value"]


@pytest.mark.parametrize("key", ["discount_rate", "paid_rate"])
def test_a_column_without_a_single_rate_is_no_column_of_rates(key):
    assert codes(crmkit.check_transactions(FRAME, mapping={key: "order"})) == ["mapping_value"]
    rated = FRAME.assign(order=["10%", "", "20%"])
    assert crmkit.check_transactions(rated, mapping={key: "order"}).usable


def test_what_is_dated_after_today_is_noted_by_the_day_that_is_given():
    def noted(today):
        return [note["code"] for note in examine(FRAME, today=today).notes if note["code"] == "future_dates"]

    assert (noted(date(2024, 3, 5)), noted(date(2024, 3, 1))) == ([], ["future_dates"])


@pytest.mark.parametrize(
    ("wrong", "how"), [("no", "without quotes"), ("False", "without quotes"), (2, "True, False")]
)
def test_whether_to_drop_duplicates_is_said_by_true_or_false(wrong, how):
    refused = crmkit.check_transactions(FRAME, drop_duplicates=wrong).problem
    assert refused.code == "not_a_choice" and how in refused.message_en
    assert str(wrong) in refused.message_zh
    assert crmkit.check_transactions(FRAME, drop_duplicates=False).problem is None


@pytest.mark.parametrize(
    "part", [FRAME["amount"], {"amount": [1]}, None, 3], ids=["column", "dict", "none", "number"]
)
def test_what_is_neither_a_table_nor_a_path_is_no_source_and_named(part):
    report = crmkit.check_transactions(part)
    assert codes(report) == ["no_source"] and type(part).__name__ in report.problem.message_zh
    with pytest.raises(crmkit.CrmkitError, match="check_transactions gave back"):
        crmkit.study_client(part)
    assert codes(crmkit.check_transactions("nowhere.csv")) != ["no_source"], "a path may lead to nothing"


@pytest.mark.parametrize(
    "heading", ["Kundenname", "Raison sociale", "Klantnaam", "Full name", "顧客名", "昵称", "会社名"]
)
def test_a_name_beside_a_number_is_carried_along_and_the_number_is_who_bought(heading):
    named = FRAME.rename(columns={"customer_id": "Customer No"}).assign(**{heading: ["Ann", "Bob", "Ann"]})
    report = examine(named)
    assert report.columns_used["customer_id"] == "Customer No"
    assert list(report.transactions["customer_name"]) == ["Ann", "Bob", "Ann"]
