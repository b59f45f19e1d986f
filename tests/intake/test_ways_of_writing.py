"""Files that write dates and amounts in several ways, each of them clear by itself."""

import pytest
from messy import csv_text

import crmkit

HEAD = ("customer_id", "date", "amount")
DAYS = [(month, day) for month in range(1, 7) for day in (3, 12, 17, 24)]


def folder(tmp_path, **files):
    (tmp_path / "all").mkdir(exist_ok=True)
    for name, rows in files.items():
        text = csv_text(list(HEAD), rows, delimiter=";")
        (tmp_path / "all" / f"{name}.csv").write_text(text, encoding="utf-8")
    return crmkit.check_transactions(tmp_path / "all")


def check(tmp_path, dates, **how):
    rows = [[f"C{place % 4}", day, "10"] for place, day in enumerate(dates)]
    (tmp_path / "f.csv").write_text(csv_text(list(HEAD), rows), encoding="utf-8")
    return crmkit.check_transactions(tmp_path / "f.csv", **how)


def months(report) -> list[int]:
    return report.transactions["date"].dt.month.tolist()


def codes(report) -> list[str]:
    return [question["code"] for question in report.questions]


def test_each_file_has_its_own_order_of_day_and_month(tmp_path):
    british = [["C1", f"{day:02d}/{month:02d}/2024", "10"] for month, day in DAYS]
    american = [["C2", f"{month:02d}/{day:02d}/2024", "10"] for month, day in DAYS]
    report = folder(tmp_path, uk=british, us=american)
    assert report.questions == () and months(report) == [month for month, _ in DAYS] * 2
    either = [["C2", f"0{month}/0{month + 1}/2024", "10"] for month in range(1, 7)]
    assert codes(folder(tmp_path, uk=british, us=american, xx=either)) == ["ambiguous_dates"]


def test_each_separator_has_its_own_order_of_day_and_month(tmp_path):
    dates = [
        f"{day:02d}.{month:02d}.2024" if place % 2 else f"{month:02d}/{day:02d}/2024"
        for place, (month, day) in enumerate(DAYS)
    ]
    report = check(tmp_path, dates)
    assert report.questions == () and months(report) == [month for month, _ in DAYS]
    mixed = [date.replace(".", "/") for date in dates]
    assert codes(check(tmp_path, mixed)) == ["ambiguous_dates"]


def test_each_file_has_its_own_decimal_mark(tmp_path):
    points = [["C1", f"2024-{month:02d}-{day:02d}", f"1{day}.50"] for month, day in DAYS]
    commas = [[*row[:2], row[2].replace(".", ",")] for row in points]
    report = folder(tmp_path, a=points, b=commas)
    total = 2 * sum(float(row[2]) for row in points)
    assert (report.amount_total, report.questions) == (f"{total:.2f}", ())
    within = [row if place % 2 else commas[place] for place, row in enumerate(points)]
    assert "set_aside" in codes(folder(tmp_path, a=within, b=within))


def test_a_year_of_two_digits_may_stand_first_with_days_of_one(tmp_path):
    report = check(tmp_path, [f"24.{month}.{day}" for month, day in DAYS])
    assert (report.rows_used, report.first_date, report.last_date) == (24, "2024-01-03", "2024-06-24")
    last = check(tmp_path, [f"{day}.{month}.24" for month, day in DAYS])
    assert (last.first_date, last.last_date) == ("2024-01-03", "2024-06-24")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("令和6年1月3日", "2024-01-03"),
        ("R6.1.3", "2024-01-03"),
        ("令和元年5月1日", "2019-05-01"),
        ("H31.4.30", "2019-04-30"),
        ("2024-01-03 오후 3:05", "2024-01-03"),
        ("2024-01-03 午前 3:05", "2024-01-03"),
    ],
)
def test_dates_of_japan_and_korea(written, day, tmp_path):
    report = check(tmp_path, [written] * 4)
    assert (report.rows_used, report.first_date) == (4, day)
