"""What was paid stands in several columns: cash and card, items side by side, the price of before and after."""

import pytest
from messy import asked, check, codes

HEAD = ("Order", "Date", "Customer")


def sales(amounts):
    """24 sales of six customers with these cells behind; ``amounts``: the row's number → its cells."""
    return [[500 + n, f"2024-0{1 + n // 6}-{3 + n % 6:02d}", f"K{n % 6}", *amounts(n)] for n in range(24)]


def money(n):
    return f"{10 + n}.25"  # 24 × 10.25 + (0 + … + 23) = 522.00


@pytest.mark.parametrize(
    ("headings", "amounts"),
    [
        (("Cash", "Card"), lambda n: (money(n), "") if n % 3 else ("", money(n))),
        (("现金", "微信", "支付宝"), lambda n: tuple(money(n) if n % 3 == k else "" for k in range(3))),
        (("现金", "微信"), lambda n: (money(n), "0") if n % 3 else ("0.00", money(n))),
        (("Bar", "EC"), lambda n: (("4.00", f"{6 + n}.25"), (money(n), ""), ("", money(n)))[n % 3]),
        (("Price old", "Price new"), lambda n: (money(n), "") if n < 14 else ("", money(n))),
        (("Price 1", "Price 2"), lambda n: (f"{5 + n}.25", "5.00")),
    ],
)
def test_columns_that_add_up_to_what_was_paid_are_offered_as_their_sum(headings, amounts, tmp_path):
    report = check(tmp_path, sales(amounts), *HEAD, *headings)
    readings = asked(report)["column_amount"]
    assert next(iter(readings.items())) == ("sum", "522.00")
    answered = check(tmp_path, sales(amounts), *HEAD, *headings, answers={"column_amount": "sum"})
    assert (answered.usable, answered.amount_total, answered.rows_used) == (True, "522.00", 24)
    again = check(tmp_path, sales(amounts), *HEAD, *headings, mapping=answered.mapping_patch)
    assert (again.amount_total, again.questions) == ("522.00", ())


@pytest.mark.parametrize(
    "headings", [("EUR", "USD"), ("Umsatz EUR", "Umsatz CHF"), ("Amount (EUR)", "Amount (USD)")]
)
def test_two_currencies_in_two_columns_are_never_added_up(headings, tmp_path):
    rows = sales(lambda n: (money(n), "") if n % 2 else ("", money(n)))
    report = check(tmp_path, rows, *HEAD, *headings)
    assert "mixed_currency" in [error["code"] for error in report.errors] and not report.usable


def test_a_second_column_that_fills_the_gaps_of_the_amount_is_asked_about(tmp_path):
    rows = sales(lambda n: (money(n), "") if n % 3 else ("", money(n)))
    report = check(tmp_path, rows, *HEAD, "Amount (cash)", "Amount (card)")
    # without every third row, of 8 × 10.25 + (0 + 3 + … + 21) = 166.00
    assert asked(report)["amount_in_parts"] == {"sum": "522.00", "as_it_stands": "356.00"}


def test_an_amount_beside_others_that_are_filled_throughout_is_not_asked_about(tmp_path):
    report = check(tmp_path, sales(lambda n: (money(n), "1.00")), *HEAD, "Amount", "Total paid before")
    assert "amount_in_parts" not in asked(report) and "set_aside" not in asked(report)
    words = check(tmp_path, sales(lambda n: (money(n), "late" if n % 5 else "")), *HEAD, "Amount", "Card")
    assert (words.amount_total, words.questions) == ("522.00", ())
    assert "bad_amount" not in codes(words)


def test_words_in_a_column_that_is_added_are_said(tmp_path):
    rows = sales(lambda n: (money(n), "") if n % 3 else ("", money(n) if n else "open"))
    mapping = {"columns": {"amount": "Cash"}, "add": ["Card"]}
    report = check(tmp_path, rows, *HEAD, "Cash", "Card", mapping=mapping)
    assert (report.reasons["bad_amount"], report.amount_total) == (
        1,
        "511.75",
    )  # without the 10.25 of the first
