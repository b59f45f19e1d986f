"""Dates in headings, in three columns, in digits alone; and amounts as Excel and Arabic write them."""

from datetime import date

import pytest
from messy import asked, check, codes, workbook

import crmkit

HEAD = ("Order", "Date", "Customer", "Amount")
DAYS = [date(2024, 1 + n // 6, 3 + 4 * (n % 6)) for n in range(24)]  # from the 3rd to the 23rd


def sales(write):
    """24 sales of 10.25 each (246.00) of six customers, each day as ``write`` writes it."""
    return [[500 + n, write(day), f"K{n % 6}", "10.25"] for n, day in enumerate(DAYS)]


# ---- periods as headings


@pytest.mark.parametrize(
    ("headings", "first"),
    [
        (("2022", "2023", "2024"), "2022-01-01"),
        (("Q1 2024", "Q2 2024", "Q3 2024", "Q4 2024"), "2024-01-01"),
        (("2024年第二季度", "2024年第三季度", "2024年第四季度"), "2024-04-01"),
        (("2. Quartal 2024", "3. Quartal 2024", "4. Quartal 2024"), "2024-04-01"),
        (("T3 2024", "T4 2024", "T1 2025"), "2024-07-01"),
        (("KW 2 2024", "KW 3 2024", "KW 4 2024"), "2024-01-08"),
        (("2024-W02", "2024-W03", "2024-W04"), "2024-01-08"),
        (("2024-01-08", "2024-01-15", "2024-01-22"), "2024-01-08"),
        (("08.01.2024", "15.01.2024", "22.01.2024"), "2024-01-08"),
        (("März 2024", "April 2024", "Mai 2024"), "2024-03-01"),
        (("2024年1月", "2024年2月", "2024年3月"), "2024-01-01"),
    ],
)
def test_periods_in_the_headings_are_a_cross_table(headings, first, tmp_path):
    rows = [[f"K{n}", *[f"{10 * n + place}.50" for place in range(len(headings))]] for n in range(1, 5)]
    # of each customer 10 n + 0.50 in every column, and 0 + 1 + 2 (+ 3)
    width = len(headings)
    total = width * (100 + 4 * 0.5) + 4 * sum(range(width))
    report = check(tmp_path, rows, "Customer", *headings)
    assert asked(report) == {"wide_pivot": {"unpivot": f"{total:.2f}"}}
    answered = check(tmp_path, rows, "Customer", *headings, answers={"wide_pivot": "unpivot"})
    assert (answered.amount_total, answered.first_date) == (f"{total:.2f}", first)
    assert answered.rows_used == 4 * width and answered.mapping_patch == {"unpivot": True}


def test_real_dates_and_years_as_headings_and_a_year_in_the_sheets_name(tmp_path):
    days = [date(2024, 1, 8), date(2024, 1, 15), date(2024, 1, 22)]
    rows = [["A", 1.5, "", 2], ["B", "", 3, 4], ["C", 5, 6, ""]]
    for name, headings, sheet in (
        ("d", days, "s"),
        ("y", [2022, 2023, 2024], "s"),
        ("m", ["Jan", "Feb", "Mar"], "2024"),
    ):
        workbook(tmp_path / f"{name}.xlsx", {sheet: [["Customer", *headings], *rows]})
        assert asked(crmkit.check_transactions(tmp_path / f"{name}.xlsx")) == {
            "wide_pivot": {"unpivot": "21.50"}
        }
    workbook(tmp_path / "n.xlsx", {"s": [["Customer", "Jan", "Feb", "Mar"], *rows]})
    report = crmkit.check_transactions(tmp_path / "n.xlsx")
    assert ([error["code"] for error in report.errors], report.questions) == (["wide_pivot"], ())


def test_a_column_of_dates_beside_headings_of_periods_is_no_cross_table(tmp_path):
    rows = [[*row, "1", "2", "3"] for row in sales(str)]
    report = check(tmp_path, rows, *HEAD, "2022", "2023", "2024")
    assert (report.amount_total, "wide_pivot" in asked(report)) == ("246.00", False)


# ---- three columns


@pytest.mark.parametrize(
    ("headings", "month"),
    [(("Year", "Month", "Day"), "%m"), (("年", "月", "日"), "%m"), (("Jahr", "Monat", "Tag"), "%b")],
)
def test_year_month_and_day_in_three_columns_are_read_together(headings, month, tmp_path):
    rows = [
        [day.year, day.strftime(month).lstrip("0"), day.day, f"K{n % 6}", "10.25"]
        for n, day in enumerate(DAYS)
    ]
    report = check(tmp_path, rows, *headings, "Customer", "Amount")
    assert (report.usable, report.amount_total, report.last_date) == (True, "246.00", "2024-04-23")
    assert "three_columns" in codes(report)


def test_a_date_beside_three_such_columns_stays_the_date(tmp_path):
    rows = [[*row, "1999", "1", "1"] for row in sales(str)]
    report = check(tmp_path, rows, *HEAD, "Year", "Month", "Day")
    assert (report.last_date, "three_columns" in codes(report)) == ("2024-04-23", False)


# ---- ways of writing


@pytest.mark.parametrize(
    "write",
    [
        lambda day: day.strftime("%d%m%Y"),
        lambda day: day.strftime("%d%m%Y").lstrip("0"),  # as a spreadsheet keeps it
        lambda day: day.strftime("%m%d%Y"),
        lambda day: day.strftime("%y%m%d"),
        lambda day: day.strftime("%d%b%y").upper() + ":10:20:30",
        lambda day: day.strftime("%d%b%Y").upper() + ":00:00:00.000",
        lambda day: f"/Date({(day - date(1970, 1, 1)).days * 86_400_000})/",
        lambda day: f"/Date({(day - date(1970, 1, 1)).days * 86_400_000}+0000)/",
    ],
)
def test_dates_of_which_the_column_allows_one_reading_are_taken(write, tmp_path):
    report = check(tmp_path, sales(write), *HEAD)
    assert (report.usable, report.amount_total, report.rows_used) == (True, "246.00", 24), report.errors
    assert (report.first_date, report.last_date) == ("2024-01-03", "2024-04-23")


@pytest.mark.parametrize(
    "write",
    [
        lambda day: f"{day.month:02d}{1 + day.day % 12:02d}2024",  # no day above 12: month or day first
        lambda day: f"2012{day.month:02d}",  # months
        lambda day: f"{700000 + 37 * day.day + day.month}",  # numbers of something
        lambda day: f"{50000000 + 7919 * day.day + day.month}",
    ],
)
def test_digits_that_allow_two_readings_or_none_are_refused(write, tmp_path):
    assert not check(tmp_path, sales(write), *HEAD).usable


def test_a_dash_between_blanks_is_nought_and_a_bare_one_is_no_amount(tmp_path):
    rows = [[*row[:3], " -   " if n in (4, 9) else " 10.25 "] for n, row in enumerate(sales(str))]
    report = check(tmp_path, rows, *HEAD)
    assert (report.rows_used, report.zero_amount_rows, report.amount_total) == (24, 2, "225.50")
    bare = [[*row[:3], "-" if n in (4, 9) else "10.25"] for n, row in enumerate(sales(str))]
    assert check(tmp_path, bare, *HEAD).reasons["bad_amount"] == 2


def test_arabic_digits_are_read_with_their_own_marks(tmp_path):
    rows = [[*row[:3], "١٬٠٠٠٫٥٠" if n == 0 else "١٠٫٢٥"] for n, row in enumerate(sales(str))]
    assert check(tmp_path, rows, *HEAD).amount_total == "1236.25"  # 1000.50 and 23 × 10.25
