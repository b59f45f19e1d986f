"""What was passed over: undoings filled in few rows, receipts numbered anew, parts of an amount, ids without digits,
one day for all.
"""

import pytest
from messy import asked, check, codes, workbook

import crmkit

DAYS = [f"2024-{month:02d}-{day:02d}" for month in range(1, 5) for day in (3, 9, 15, 21, 27)]
PEOPLE = ["C1", "C2", "C3", "C4", "C5"]
HEAD = ("order_id", "date", "customer_id", "amount")


def sales(count=20):
    """Orders that come to 770.00."""
    return [[f"N{i:04d}", DAYS[i % 20], PEOPLE[i % 5], 10 + 3 * i] for i in range(count)]


def with_column(few: dict) -> list[list]:
    return [[*row, few.get(place, "")] for place, row in enumerate(sales())]


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        ("Void reason", "typed twice"),
        ("取消原因", "拍错了"),
        ("Refund ID", "re_88121"),
        ("退款单号", "TK20240301"),
        ("Gutschriftsnummer", "G-1044"),
    ],
)
def test_a_heading_of_undoing_that_is_filled_in_few_rows_is_asked_about(heading, value, tmp_path):
    report = check(tmp_path, with_column({3: value, 4: value}), *HEAD, heading)
    assert asked(report) == {"cancelled_at": {"usual": "729.00", "as_it_stands": "770.00"}}


@pytest.mark.parametrize(
    ("heading", "few"),
    [
        ("Return date", dict.fromkeys(range(20), "2024-06-01")),  # the day on which a hired car comes back
        ("Return policy", {3: "30 days", 4: "30 days"}),
        ("Cancel by", {3: "2024-06-01"}),
        ("Void reason", {}),
        ("退货数量", {3: "1", 4: "2"}),
    ],
)
def test_what_only_sounds_like_an_undoing_is_not_asked_about(heading, few, tmp_path):
    assert check(tmp_path, with_column(few), *HEAD, heading).questions == ()


def receipts(same_customer: bool) -> list[list]:
    """Ten days of four receipts of two lines each, the receipt's total on both: 3400.00 in all."""
    rows = []
    for day in range(10):
        for number in range(4):
            customer = PEOPLE[number] if same_customer else PEOPLE[(day + number) % 5]
            rows += [[number + 1, DAYS[day], customer, 40 + 10 * day]] * 2
    return [[*row, f"item {place % 7}"] for place, row in enumerate(rows)]


def test_receipts_numbered_from_1_every_day_repeat_their_totals(tmp_path):
    report = check(tmp_path, receipts(False), "Receipt no", "date", "customer_id", "amount", "Item")
    assert asked(report)["order_total"] == {"once": "3400.00", "as_it_stands": "6800.00"}
    once = check(
        tmp_path,
        receipts(False),
        "Receipt no",
        "date",
        "customer_id",
        "amount",
        "Item",
        answers={"order_total": "once"},
    )
    assert once.mapping_patch == {"once_per": "Receipt no", "once_per_day": True}
    assert (once.usable, once.amount_total, once.rows_used) == (True, "3400.00", 80)


def test_receipts_of_one_line_each_are_not_asked_about(tmp_path):
    rows = [row for place, row in enumerate(receipts(False)) if place % 2 == 0]
    assert check(tmp_path, rows, "Receipt no", "date", "customer_id", "amount", "Item").questions == ()


def history(days_between: int) -> list[list]:
    rows = []
    for place in range(12):
        for step in range(3):
            number = 1 + place + step * days_between
            day = f"2024-{1 + number // 28:02d}-{1 + number % 28:02d}"
            rows.append([f"N{place}", day, PEOPLE[place % 5], 20 + 3 * place])
    return rows


def test_an_order_that_stands_on_three_days_running_is_asked_about_and_a_monthly_payment_is_not(tmp_path):
    assert asked(check(tmp_path, history(1), *HEAD))["order_total"]["once"] == "438.00"
    assert check(tmp_path, history(30), *HEAD).questions == ()


def test_an_amount_of_which_the_fee_is_taken_is_what_the_customer_paid(tmp_path):
    rows = [[*row[:3], row[3] * 2, 1.5, row[3] * 2 - 1.5] for row in sales()]
    report = check(tmp_path, rows, *HEAD[:3], "Total", "Transaction fee", "Net")
    assert (report.usable, report.amount_total, codes(report)[0]) == (True, "1540.00", "fee_taken_off")
    other = [[*row[:5], row[3] - 7] for row in rows]  # no difference of the two
    report = check(tmp_path, other, *HEAD[:3], "Total", "Transaction fee", "Net")
    assert (report.columns_used["amount"], report.questions) == ("Net", ())


def test_a_price_less_its_voucher_is_what_was_paid_on_returns_too(tmp_path):
    kinds = ["销售退货单" if place in (3, 4) else "销售单" for place in range(20)]
    rows = [[*row, 2, row[3] - 2, kind] for row, kind in zip(sales(), kinds)]
    report = check(tmp_path, rows, *HEAD[:3], "金额", "优惠", "折后金额", "单据类型")
    assert (report.usable, report.amount_total) == (True, str(770 - 40 - 2 * (17 + 20)) + ".00")


def test_a_part_of_the_amount_is_asked_about_and_the_tax_beside_a_net_amount_is_not(tmp_path):
    rows = [
        [*row[:3], 10 if place % 2 else 12, row[3] * 3, row[3] * 3 + (10 if place % 2 else 12)]
        for place, row in enumerate(sales())
    ]
    report = check(tmp_path, rows, *HEAD[:3], "Premium", "Hammer price", "Invoiced in all")
    assert asked(report)["part_of_amount"] == {"other": "2530.00", "as_it_stands": "220.00"}
    taxed = [[*row[:4], row[3] * 0.2, row[3] * 1.2] for row in sales()]
    assert check(tmp_path, taxed, *HEAD[:3], "Net", "VAT", "Gross").questions == ()


@pytest.mark.parametrize(("lost", "questions"), [(20, ["scientific_ids"]), (2, [])])
def test_many_ids_without_their_digits_are_asked_about_and_a_few_are_noted(lost, questions, tmp_path):
    rows = [
        [*row[:2], "1.38E+10" if place < lost else f"1391234567{place % 5}", row[3]]
        for place, row in enumerate(sales())
    ]
    report = check(tmp_path, rows, *HEAD)
    assert [question["code"] for question in report.questions] == questions
    assert "scientific_ids" in codes(report)


def test_a_name_from_a_mac_and_from_windows_is_one_customer(tmp_path):
    names = ["Mu\u0308ller", "M\u00fcller", "Meier"]
    rows = [[*row[:2], names[place % 3], row[3]] for place, row in enumerate(sales())]
    assert check(tmp_path, rows, *HEAD).customers == 2


def test_the_day_of_the_export_is_not_taken_for_that_of_the_sale(tmp_path):
    rows = [[row[0], "2024-07-01", row[1], *row[2:]] for row in sales()]
    sold = check(tmp_path, rows, "order_id", "Date", "Sold on", "customer_id", "amount")
    assert sold.columns_used["date"] == "Sold on"
    other = check(tmp_path, rows, "order_id", "Date", "Timestamp", "customer_id", "amount")
    assert (other.columns_used["date"], codes(other)) == ("Timestamp", ["one_day_dates"])
    alone = check(
        tmp_path, [[*row[:2], *row[3:]] for row in rows], "order_id", "Date", "customer_id", "amount"
    )
    assert (alone.usable, codes(alone)) == (True, ["one_day"])
    few = check(
        tmp_path, [[*row[:2], *row[3:]] for row in rows[:5]], "order_id", "Date", "customer_id", "amount"
    )
    assert "one_day" not in codes(few)


def test_two_totals_that_add_up_every_row_are_asked_about(tmp_path):
    first, second = sales()[:10], sales()[10:]
    rows = [
        *first,
        ["", DAYS[9], "Q1", sum(r[3] for r in first)],
        *second,
        ["", DAYS[19], "Q2", sum(r[3] for r in second)],
    ]
    assert asked(check(tmp_path, rows, *HEAD))["subtotals"]["drop"] == "770.00"
    by_chance = [*first, ["N9", DAYS[9], "Q1", sum(r[3] for r in first)], *second]
    assert check(tmp_path, by_chance, *HEAD).questions == ()


def test_a_legend_in_the_heading_says_what_the_codes_of_a_state_are(tmp_path):
    rows = [[*row, 9 if place in (3, 4) else 1] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, *HEAD, "Status (1=ok, 9=storno)")
    assert asked(report)["status"]["usual"] == "729.00"
    fine = [[*row, 1 + place % 2] for place, row in enumerate(sales())]
    assert check(tmp_path, fine, *HEAD, "Status (1=paid, 2=delivered)").questions == ()


def test_sheets_named_by_different_currencies_are_not_added_up(tmp_path):
    half = [[*HEAD], *sales()[:10]], [[*HEAD], *sales()[10:]]
    workbook(tmp_path / "two.xlsx", {"EUR": half[0], "USD": half[1]})
    errors = crmkit.check_transactions(tmp_path / "two.xlsx").errors
    assert "mixed_currency" in {error["code"] for error in errors}
    workbook(tmp_path / "one.xlsx", {"Berlin (EUR)": half[0], "Wien (EUR)": half[1]})
    errors = crmkit.check_transactions(tmp_path / "one.xlsx").errors
    assert "mixed_currency" not in {error["code"] for error in errors}


def test_what_stands_under_no_heading_is_said(tmp_path):
    rows = [[*HEAD, ""], *with_column({3: "storniert", 4: "storniert"})]
    workbook(tmp_path / "f.xlsx", {"a": rows})
    report = crmkit.check_transactions(tmp_path / "f.xlsx")
    (said,) = [note for note in report.notes if note["code"] == "unnamed_column"]
    assert (said["rows"], said["effect"]) == (2, "41.00") and "storniert" in said["message_en"]
    workbook(tmp_path / "g.xlsx", {"a": [[*HEAD, ""], *with_column({})]})
    assert codes(crmkit.check_transactions(tmp_path / "g.xlsx")) == []


def test_guests_without_an_account_can_be_told_apart_by_their_address(tmp_path):
    rows = [
        [*row[:2], 0 if place % 2 else 17 + place % 3, f"p{place % 4}@mail.org", row[3]]
        for place, row in enumerate(sales())
    ]
    report = check(tmp_path, rows, "order_id", "date", "customer_id", "billing_email", "amount")
    (question,) = report.questions
    assert {reading["id"]: reading["customers"] for reading in question["readings"]}["column_4"] == 4


def test_a_customer_number_of_whole_amounts_is_offered_for_either(tmp_path):
    rows = [[5001 + place % 4, DAYS[place], 20 + 35 * place] for place in range(20)]
    report = check(tmp_path, rows, "Kuka", "Milloin", "Paljonko")
    first = {question["code"]: question["readings"][0]["id"] for question in report.questions}
    assert first["column_customer_id"] == "column_1" and first["column_amount"] == "column_3"
