"""Lists of payments: what came in, what went out, and who is on the other side of a row."""

import pytest
from messy import asked, check, codes

DAYS = [f"2024-0{month}-{day:02d}" for month in range(1, 6) for day in (3, 12, 17, 24)]
SHOP = "shop@firm.example.eu"


def paid(place):
    return f"c{place % 5}@mail.example.eu"


def bill(*, direct=False):
    """20 payments of 50.00, two of them paid back, and 300.00 moved to the bank."""
    rows = [[day, paid(i), SHOP, "50.00", "Website Payment"] for i, day in enumerate(DAYS)]
    for i in (3, 9):
        back = [SHOP, paid(i)] if not direct else [paid(i), SHOP]
        rows.append([DAYS[i + 1], *back, "-50.00", "Payment Refund"])
    return [*rows, [DAYS[-1], SHOP, "", "-300.00", "General Withdrawal"]]


HEAD = ("Date", "From Email Address", "To Email Address", "Gross", "Type")


def test_what_the_firm_paid_back_is_a_return_of_whom_it_paid(tmp_path):
    found = check(tmp_path, bill(), *HEAD)
    assert asked(found) == {"no_sale": {"usual": "900.00", "as_it_stands": "600.00"}}
    taken = check(tmp_path, bill(), *HEAD, answers={"no_sale": "usual"})
    assert (taken.amount_total, taken.customers, taken.negative_amount_rows) == ("900.00", 5, 2)
    of_third = taken.transactions[taken.transactions["customer_id"] == paid(3)]
    assert sorted(of_third["amount"]) == [-50, 50, 50, 50, 50]
    assert [note["rows"] for note in taken.notes if note["code"] == "other_party"] == [2]


def test_a_return_that_names_its_customer_is_left_as_it_is(tmp_path):
    rows = bill(direct=True)[:-1]
    found = check(tmp_path, rows, *HEAD)
    assert (found.amount_total, found.customers, "other_party" in codes(found)) == ("900.00", 5, False)
    of_one_shop = [[day, paid(i), "Main Street", "50.00", ""] for i, day in enumerate(DAYS)]
    assert check(tmp_path, of_one_shop, "Date", "Customer", "Shop", "Amount", "Item").notes == ()


@pytest.mark.parametrize(
    ("came", "went", "kind", "sold", "moved"),
    [
        ("收入金额（+元）", "支出金额（-元）", "业务类型", "在线支付", "提现"),
        ("Money in", "Money out", "Type", "Sale", "Withdrawal"),
    ],
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_money_that_went_out_in_a_column_of_its_own_is_subtracted(
    came, went, kind, sold, moved, sign, tmp_path
):
    rows = [[day, paid(i), "50.25", "", sold] for i, day in enumerate(DAYS)]
    rows += [[DAYS[8], paid(8), "", f"{sign}50.25", "refund"], [DAYS[9], SHOP, "", f"{sign}300.00", moved]]
    head = ("Date", "Email", came, went, kind)
    totals = asked(check(tmp_path, rows, *head))["column_amount"]
    assert next(iter(totals)) == "in_and_out"
    answers = {"column_amount": "in_and_out", "no_sale": "usual"}
    taken = check(tmp_path, rows, *head, answers=answers)
    assert (taken.usable, taken.amount_total, taken.customers) == (True, "954.75", 5)  # 19 times 50.25


def test_two_columns_that_are_both_filled_are_no_two_sides(tmp_path):
    rows = [[day, paid(i), "50.25", "12.50"] for i, day in enumerate(DAYS)]
    found = check(tmp_path, rows, "Date", "Email", "Money in", "Money out")
    assert "in_and_out" not in asked(found).get("column_amount", {})
