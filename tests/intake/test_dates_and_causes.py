"""Dates of other calendars and orders, currencies beside each other, totals said beside the table,
and causes by name.
"""

import unicodedata

import pytest
from messy import asked, csv_text

import crmkit
from crmkit.intake.reading.columns import Mapping, recognise
from crmkit.intake.reading.dates import DateReader

PEOPLE = ["C1", "C2", "C3", "C4", "C5"]
HEAD = ("order_id", "date", "customer_id", "amount")


def check(tmp_path, rows, *header, **how):
    (tmp_path / "f.csv").write_text(csv_text(list(header), rows), encoding="utf-8")
    return crmkit.check_transactions(tmp_path / "f.csv", **how)


def sales(write, count=20):
    """Sales on the first twenty days of March 2024, their day written by ``write``."""
    return [[f"N{i:04d}", write(i + 1), PEOPLE[i % 5], 10 + 3 * i] for i in range(count)]


def test_a_day_in_the_middle_is_read_where_nothing_else_fits(tmp_path):
    report = check(tmp_path, sales(lambda day: f"2024-{day:02d}-03"), *HEAD)
    assert (report.amount_total, report.first_date, report.last_date) == (
        "770.00",
        "2024-03-01",
        "2024-03-20",
    )
    assert [n["code"] for n in report.notes] == ["year_day_month"]
    one_slip = sales(lambda day: "2024-13-03" if day == 1 else f"2024-03-{day:02d}")
    assert check(tmp_path, one_slip, *HEAD).reasons["bad_date"] == 1


@pytest.mark.parametrize("write", ["{day:02d}/03/2567", "2567-03-{day:02d}", "{day}/3/2567"])
def test_years_of_the_buddhist_calendar_are_read_and_said(write, tmp_path):
    report = check(tmp_path, sales(lambda day: write.format(day=day)), *HEAD)
    assert (report.last_date, [n["code"] for n in report.notes]) == ("2024-03-20", ["buddhist_years"])


@pytest.mark.parametrize("write", ["2024-{m:02d}", "2024/{m}", "2024{m:02d}", "2024年{m}月"])
def test_months_without_days_are_asked_about(write, tmp_path):
    rows = sales(lambda day: write.format(m=day % 12 + 1))
    assert asked(check(tmp_path, rows, *HEAD)) == {"months_only": {"first": "770.00"}}
    settled = check(tmp_path, rows, *HEAD, answers={"months_only": "first"})
    assert (settled.amount_total, settled.first_date, settled.last_date) == (
        "770.00",
        "2024-01-01",
        "2024-12-01",
    )


def test_a_column_that_mixes_two_ways_says_so(tmp_path):
    rows = sales(lambda day: f"{day + 11:02d}/03/2024" if day % 2 else f"03/{day + 11:02d}/2024", 18)
    (question,) = check(tmp_path, rows, *HEAD).questions
    assert question["code"] == "ambiguous_dates"
    assert "mixes two ways" in question["message_en"] and "混用" in question["message_zh"]


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ("8:30", "a time without a day"),
        ("2024-03-02 25:10", "no such time"),
        ("2024-03-02 - 2024-03-04", "two dates"),
        ("2024-W02", "a week and no day"),
        ("1403/02/02", "Persian"),
        ("12.5.4.3", "it is no date"),
        ("soon", "it holds words"),
    ],
)
def test_why_a_date_cannot_be_read_is_named(written, cause, tmp_path):
    report = check(tmp_path, sales(lambda day: written), *HEAD)
    assert cause in report.errors[0]["message_en"]


@pytest.mark.parametrize(
    ("written", "cause"), [("1-6", "a range"), ("1.00 DR", "DR or CR"), ("much", "it holds words")]
)
def test_why_an_amount_cannot_be_read_is_named(written, cause, tmp_path):
    rows = [[*row[:3], written] for row in sales(lambda day: f"2024-03-{day:02d}")]
    assert cause in check(tmp_path, rows, *HEAD).errors[0]["message_en"]


def test_a_customer_that_is_said_to_be_none_is_no_unknown_reason(tmp_path):
    rows = [
        [*row[:2], "N/A" if place % 2 else row[2], row[3]]
        for place, row in enumerate(sales(lambda d: f"2024-03-{d:02d}"))
    ]
    (question,) = check(tmp_path, rows, *HEAD).questions
    assert "it says that there is none" in question["message_en"]


@pytest.mark.parametrize(("written", "total"), [("١٠", "200.00"), ("1.5K", "30000.00"), ("$0.01k", "200.00")])
def test_digits_of_other_scripts_and_thousands_are_read(written, total, tmp_path):
    rows = [[*row[:3], written] for row in sales(lambda day: f"2024-03-{day:02d}")]
    assert check(tmp_path, rows, *HEAD).amount_total == total


def test_several_currencies_beside_the_same_money_in_one_are_asked_about(tmp_path):
    rows = [
        [*row[:3], row[3], ("EUR", "USD")[place % 2], 2 * row[3]]
        for place, row in enumerate(sales(lambda day: f"2024-03-{day:02d}"))
    ]
    head = ("订单号", "日期", "客户编号", "原币金额", "币种", "本位币金额")
    report = check(tmp_path, rows, *head)
    assert asked(report) == {"local_currency": {"column_6": "1540.00"}}
    assert check(tmp_path, rows, *head, answers={"local_currency": "column_6"}).amount_total == "1540.00"
    named = {"columns": {"amount": "Amount (USD)"}}
    head = ("order", "date", "customer_id", "Amount", "Currency", "Amount (USD)")
    assert check(tmp_path, rows, *head, mapping=named).amount_total == "1540.00"


@pytest.mark.parametrize(
    ("said", "differs"),
    [
        ("共30条记录，合计金额3600.00元", True),
        ("共20条记录，合计金额770.00元", False),
        ("Records: 30, Total: 3600.00", True),
        ("Records: 20, Total: 770.00", False),
        ("Total customers: 5", False),
    ],
)
def test_a_total_said_below_the_table_is_compared(said, differs, tmp_path):
    rows = [*sales(lambda day: f"2024-03-{day:02d}"), [said, "", "", ""]]
    notes = [n["code"] for n in check(tmp_path, rows, *HEAD).notes]
    assert ("total_differs" in notes) == differs


def test_an_amount_that_the_mapping_names_is_the_one_that_counts(tmp_path):
    rows = []
    for place, row in enumerate(sales(lambda day: f"2024-03-{day:02d}", 10)):
        for share in (4, 6 + place % 2):
            rows.append([*row[:3], 10 + place % 2 + 0, share])
    head = ("order_id", "date", "customer_id", "Grand Total", "Original Price")
    report = check(tmp_path, rows, *head, mapping={"columns": {"amount": "Grand Total"}})
    assert report.columns_used["amount"] == "Grand Total"
    assert set(asked(report)) == {"order_total"}


@pytest.mark.parametrize(
    ("written", "month"),
    [
        *(("2024. 01. 03.", 1), ("2024.01.03.", 1), ("2024년 1월 3일", 1), ("2024年01月03日(水)", 1)),
        *(("2024-01-03 (Wed)", 1), ("3 tháng 1, 2024", 1), ("3 tháng 1 năm 2024", 1)),
        *(("3 января 2024", 1), ("3 янв. 2024", 1), ("3 січня 2024", 1), ("3. ledna 2024", 1)),
        *(("3. tammikuuta 2024", 1), ("3. marraskuuta 2024", 11), ("3. maaliskuuta 2024", 3)),
        *(("3 Ιανουαρίου 2024", 1), ("3 กุมภาพันธ์ 2567", 2), ("3 يناير 2024", 1)),
        *(("3 Ocak 2024", 1), ("3 Şub 2024", 2), ("3 Haziran 2024", 6), ("3 Mart 2024", 3)),
        *(("3 ianuarie 2024", 1), ("2024. március 3.", 3), ("3 listopada 2024", 11), ("3 Agustus 2024", 8)),
    ],
)
def test_days_are_read_as_each_language_writes_them(written, month):
    found = DateReader().read(written)
    assert found is not None and (found.year, found.month, found.day) == (2024, month, 3)


def test_a_point_behind_a_day_is_dropped_and_one_behind_a_number_makes_no_day():
    assert DateReader().read("03.01.2024.") == DateReader().read("03.01.2024")
    assert DateReader().read("4.1.2024. 10:22") == DateReader().read("4.1.2024 10:22")
    for text in ("2024.", "12.", "01.2024.", "3 oranges 2024"):
        assert DateReader().read(text) is None


@pytest.mark.parametrize("heading", ["Order date", "Sale time", "Ordered", "Sold on", "Transaction date"])
def test_the_day_of_a_sale_goes_before_a_bare_date(heading):
    names = ["Date", heading, "Customer", "Amount"]
    assert recognise(names, Mapping()).found["date"] == 1
    assert recognise(["Date", "Created at", "Due date", "Customer", "Amount"], Mapping()).found["date"] == 0


@pytest.mark.parametrize(
    ("number", "name"), [("Kundennr", "Kunde"), ("Kundennummer", "Kunde"), ("Klantnr", "Klant")]
)
def test_a_number_of_customers_goes_before_their_names(number, name):
    assert recognise([name, number, "Datum", "Betrag"], Mapping()).found["customer_id"] == 1


def test_one_customer_in_two_forms_of_letters_or_of_an_address_is_one(tmp_path):
    names = ["Müller", "Jäger", "Anna@Mail.com", "@Anna", "@anna", "C1", "c1"]
    other = [unicodedata.normalize("NFD", name) for name in names[:2]] + ["anna@mail.com"]
    rows = [[name, "2024-03-05", 1] for name in names + other]
    (tmp_path / "f.csv").write_text(csv_text(["customer_id", "date", "amount"], rows), encoding="utf-8")
    report = crmkit.check_transactions(tmp_path / "f.csv")
    found = set(report.transactions["customer_id"])
    assert found == {"Müller", "Jäger", "anna@mail.com", "@Anna", "@anna", "C1", "c1"}
