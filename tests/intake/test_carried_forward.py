"""Sums carried from page to page are no sales: by their word, and by arithmetic where no word says so."""

import pytest
from messy import asked, check

HEAD = ("Beleg", "Datum", "Kunde", "Betrag")


def pages(words):
    """24 sales of 10.01 … 10.24, of six customers (243.00), and every eight the sum so far, once for each word."""
    rows, so_far = [], 0
    for n in range(24):
        cents = 1001 + n
        so_far += cents
        rows.append([500 + n, f"2024-0{1 + n // 6}-{3 + n % 6:02d}", f"K{n % 6}", f"{cents / 100:.2f}"])
        if n % 8 == 7:
            rows += [[word, rows[-1][1], "", f"{so_far / 100:.2f}"] for word in words]
    return rows


@pytest.mark.parametrize(
    "words",
    [
        ("Übertrag",),
        ("Übertrag", "Vortrag"),
        ("à reporter", "report"),
        ("Suma y sigue",),
        ("riporto",),
        ("过次页", "承前页"),
        ("次頁へ繰越", "前頁より繰越"),
        ("*",),  # by arithmetic alone
        ("Zw.",),
    ],
)
def test_sums_carried_forward_are_no_sales_and_not_asked_about(words, tmp_path):
    report = check(tmp_path, pages(words), *HEAD)
    assert (report.usable, report.amount_total, report.rows_used) == (True, "243.00", 24), report.errors
    assert report.questions == ()


def test_sales_without_a_customer_that_add_up_nothing_are_asked_about(tmp_path):
    rows = [[*row[:2], "" if n % 4 == 3 else row[2], "12.00"] for n, row in enumerate(pages(()))]
    assert "set_aside" in asked(check(tmp_path, rows, *HEAD))
