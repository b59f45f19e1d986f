"""The customer stands in no column: in a title above each block, or in the name of each sheet."""

import pytest
from messy import asked, check, csv_text, workbook

import crmkit

NAMES = ("Anna Berg", "Tom Hill", "王芳")
HEAD = ["Date", "Invoice", "Amount"]


def block(place):
    """Four sales of one customer: 10.25, 11.25, 12.25, 13.25, which are 47.00."""
    return [[f"2024-0{n + 1}-1{place}", str(100 * place + n), f"{10 + n}.25"] for n in range(4)]


def blocks(title, total):
    rows = []
    for place, name in enumerate(NAMES):
        rows += [title(name), HEAD, *block(place), *total(name), ["", "", ""]]
    return rows


def one_heading(title, total):
    return [HEAD, *(row for row in blocks(title, total) if row != HEAD)]


@pytest.mark.parametrize("headings", [blocks, one_heading])
@pytest.mark.parametrize(
    "title",
    [
        lambda name: ["Customer:", name, ""],
        lambda name: [f"客户：{name}", "", ""],
        lambda name: [f"Kunde: {name}", "", ""],
    ],
)
@pytest.mark.parametrize(
    "total",
    [lambda name: [["Sum", "", "47.00"]], lambda name: [[f"Total for {name}", "", "47.00"]], lambda name: []],
)
def test_a_customer_named_above_each_block_is_offered_and_read(headings, title, total, tmp_path):
    text = csv_text(None, headings(title, total))
    (tmp_path / "f.csv").write_text(text, encoding="utf-8")
    report = crmkit.check_transactions(tmp_path / "f.csv")
    assert asked(report) == {"column_customer_id": {"titles": "141.00"}}
    answered = crmkit.check_transactions(tmp_path / "f.csv", answers={"column_customer_id": "titles"})
    assert (answered.usable, answered.rows_used, answered.amount_total) == (True, 12, "141.00")
    assert sorted(answered.transactions["customer_id"].unique()) == sorted(NAMES)
    assert answered.mapping_patch == {"customer_from": "titles"}


def test_names_alone_above_each_block_are_customers_too(tmp_path):
    rows = one_heading(lambda name: [name, "", ""], lambda name: [[f"Total for {name}", "", "47.00"]])
    (tmp_path / "f.csv").write_text(csv_text(None, rows), encoding="utf-8")
    report = crmkit.check_transactions(tmp_path / "f.csv", answers={"column_customer_id": "titles"})
    assert (report.usable, report.customers, report.amount_total) == (True, 3, "141.00")


def test_a_sheet_for_each_customer_is_offered_and_read(tmp_path):
    sheets = {name: [HEAD, *[[*row[:2], float(row[2])] for row in block(n)]] for n, name in enumerate(NAMES)}
    workbook(tmp_path / "f.xlsx", sheets)
    readings = asked(crmkit.check_transactions(tmp_path / "f.xlsx"))["column_customer_id"]
    assert readings == {"sheets": "141.00"}
    report = crmkit.check_transactions(tmp_path / "f.xlsx", answers={"column_customer_id": "sheets"})
    assert (report.usable, report.amount_total, report.customers) == (True, "141.00", 3)
    assert report.mapping_patch == {"customer_from": "sheets"}


def test_sheets_of_months_and_titles_beside_a_column_of_customers_name_nobody(tmp_path):
    months = ("Jan 2024", "Feb 2024", "März")
    workbook(tmp_path / "f.xlsx", {name: [HEAD, *block(n)] for n, name in enumerate(months)})
    assert crmkit.check_transactions(tmp_path / "f.xlsx").questions == ()
    rows = [[*row, NAMES[n % 3]] for n in range(3) for row in block(n)]
    report = check(tmp_path, [["Region: North", "", "", ""], *rows], *HEAD, "Customer")
    assert (report.amount_total, report.customers, report.questions) == ("141.00", 3, ())
