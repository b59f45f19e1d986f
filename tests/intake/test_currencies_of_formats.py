"""The currency that stands only in the number formats of a workbook's cells."""

import pytest
import xlsxwriter

import crmkit


def book(path, formats, *, heading="Amount", beside=None):
    """Twelve sales of 10.00 … 21.00 (186.00) of three customers, each under one format after the other."""
    made = xlsxwriter.Workbook(path)
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, ["Date", "Customer", heading, *([beside[0]] if beside else [])])
    styles = [made.add_format({"num_format": code}) for code in formats]
    for n in range(12):
        sheet.write_row(n + 1, 0, [f"2024-03-{10 + n}", f"C{n % 3}"])
        sheet.write_number(n + 1, 2, 10 + n, styles[n % len(styles)])
        if beside:
            sheet.write_number(n + 1, 3, n, made.add_format({"num_format": beside[1]}))
    made.close()
    return crmkit.check_transactions(path)


@pytest.mark.parametrize(
    ("formats", "found"),
    [
        (['"¥"#,##0.00', '"$"#,##0.00'], "CNY, USD"),
        (["#,##0.00 [$€-407]", "[$$-409]#,##0.00"], "EUR, USD"),
        (["#,##0.00 [$€-407]", "#,##0.00 [$€-407]", '#,##0.00 "CHF"'], "CHF, EUR"),
        (["[$¥-411]#,##0", "[$￥-804]#,##0.00"], "CNY, JPY"),
        (["£#,##0.00;[Red]-£#,##0.00", "€#,##0.00"], "EUR, GBP"),
    ],
)
def test_amounts_shown_in_several_currencies_are_refused(formats, found, tmp_path):
    report = book(tmp_path / "f.xlsx", formats)
    assert [(error["code"], error["value"]) for error in report.errors] == [("mixed_currency", found)]


@pytest.mark.parametrize(
    "formats",
    [
        ['"$"#,##0.00'],
        ['"$"#,##0.00', "#,##0.00"],
        ["[$€-407]#,##0.00", "#,##0.00 [$€-2]", '#,##0.00 "€"'],
        ['0.00"kg"', '"$"#,##0.00', "0.00"],
        ["[$-409]#,##0.00", "#,##0.00"],
    ],
)
def test_amounts_shown_in_one_currency_are_added_up(formats, tmp_path):
    report = book(tmp_path / "f.xlsx", formats)
    assert (report.usable, report.amount_total, report.questions) == (True, "186.00", ())


def test_another_column_may_be_shown_in_another_currency(tmp_path):
    report = book(tmp_path / "f.xlsx", ['"€"#,##0.00'], beside=("Listenpreis USD", '"$"#,##0.00'))
    assert (report.usable, report.amount_total) == (True, "186.00")
