"""Tables below each other and columns that were put in: what stands under which heading, and what counts."""

import pytest
from messy import asked, check, codes, workbook

import crmkit

DAYS = [f"2024-0{month}-{day:02d}" for month in range(1, 7) for day in (3, 12, 17, 24)]
HEAD = ["Order", "Date", "Customer", "Amount"]


def sales():
    """24 sales of 20.01, 20.02 … 20.24, of six customers: 480 and 1 + 2 + … + 24 = 300 hundredths, 483.00."""
    return [[500 + n, DAYS[n], f"Cust {n % 6}", f"{20 + (n + 1) / 100:.2f}"] for n in range(24)]


def from_row(place, new):
    return [*sales()[:place], *map(new, sales()[place:])]


def read(tmp_path, rows, kind, **how):
    """The report of the same rows as CSV or as a workbook."""
    if kind == "csv":
        return check(tmp_path, rows[1:], *rows[0], **how)
    numbers = [
        [float(cell) if str(cell).replace(".", "").isdigit() else cell for cell in row] for row in rows
    ]
    workbook(tmp_path / "f.xlsx", {"s": numbers})
    return crmkit.check_transactions(tmp_path / "f.xlsx", **how)


KINDS = pytest.mark.parametrize("kind", ["csv", "xlsx"])


@KINDS
@pytest.mark.parametrize(
    ("again", "order"),
    [
        (["Order", "Date", "Customer", "Discount", "Amount"], lambda r: [*r[:3], "1.50", r[3]]),
        (["Order", "Till", "Date", "Customer", "Amount"], lambda r: [r[0], "T1", *r[1:]]),
        (["Customer", "Order", "Amount", "Date"], lambda r: [r[2], r[0], r[3], r[1]]),
        (["日期", "客户", "备注", "金额"], lambda r: [r[1], r[2], "ok", r[3]]),
    ],
)
def test_rows_below_a_further_heading_are_read_by_what_it_names(again, order, kind, tmp_path):
    rows = [HEAD, *sales()[:12], again, *map(order, sales()[12:])]
    report = read(tmp_path, rows, kind)
    assert (report.usable, report.amount_total, report.rows_used, report.customers) == (True, "483.00", 24, 6)
    assert "own_headings" in codes(report)
    assert report.transactions["date"].max().strftime("%Y-%m-%d") == "2024-06-24"


@KINDS
def test_the_same_headings_on_every_page_are_only_left_out(kind, tmp_path):
    rows = [HEAD, *sales()[:8], HEAD, *sales()[8:16], HEAD, *sales()[16:]]
    report = read(tmp_path, rows, kind)
    assert (report.amount_total, report.questions) == ("483.00", ())
    assert codes(report) == ["repeated_headers"]


@KINDS
@pytest.mark.parametrize("place", [1, 2, 3])
def test_rows_longer_by_a_cell_from_some_row_on_are_asked_about(place, kind, tmp_path):
    rows = [HEAD, *from_row(14, lambda r: [*r[:place], "1.50", *r[place:]])]
    report = read(tmp_path, rows, kind)
    (question,) = [q for q in report.questions if q["code"] == "column_put_in"]
    first = question["readings"][0]
    assert (first["id"], first["amount_total"]) == (f"before_{place + 1}", "483.00")
    answered = read(tmp_path, rows, kind, answers={"column_put_in": first["id"]})
    assert (answered.amount_total, answered.rows_used, answered.customers) == ("483.00", 24, 6)
    assert answered.mapping_patch == {"put_in_before": HEAD[place]}
    again = read(tmp_path, rows, kind, mapping=answered.mapping_patch)
    assert (again.amount_total, again.questions) == ("483.00", ())


@KINDS
def test_a_word_behind_some_rows_or_a_number_behind_all_is_no_column_put_in(kind, tmp_path):
    remarked = [[*row, "late" if n % 7 == 3 else ""] for n, row in enumerate(sales())]
    assert "column_put_in" not in asked(read(tmp_path, [[*HEAD, ""], *remarked], kind))
    balance = [[*row, f"{100 + n}.00"] for n, row in enumerate(sales())]
    assert "column_put_in" not in asked(read(tmp_path, [[*HEAD, ""], *balance], kind))


def test_numbers_far_from_the_amounts_behind_them_are_no_amounts(tmp_path):
    tips = [[*row, "2.00" if n > 13 else ""] for n, row in enumerate(sales())]
    report = read(tmp_path, [[*HEAD, ""], *tips], "xlsx")
    assert (report.amount_total, report.questions) == ("483.00", ())
    ragged = [row if n < 14 else [*row, "2.00"] for n, row in enumerate(sales())]
    readings = asked(check(tmp_path, ragged, *HEAD))["column_put_in"]
    assert next(iter(readings.items())) == ("behind", "483.00")
    answered = check(tmp_path, ragged, *HEAD, answers={"column_put_in": "behind"})
    assert (answered.amount_total, answered.rows_used, answered.questions) == ("483.00", 24, ())


@KINDS
@pytest.mark.parametrize(
    ("titles", "again"),
    [
        (("Sales", "Payments received"), ["Receipt", "Date", "Customer", "Amount"]),
        (("Umsatz", "Zahlungseingänge"), HEAD),
        (("销售", "收款"), HEAD),
        (("Invoices", "Berlin"), HEAD),  # no word says so: the money is the same
    ],
)
def test_a_second_table_of_the_same_money_is_asked_about(titles, again, kind, tmp_path):
    rows = [
        [titles[0]],
        HEAD,
        *sales(),
        [],
        [titles[1]],
        again,
        *[[n + 900, *r[1:]] for n, r in enumerate(sales())],
    ]
    rows = [[*row, *[""] * (4 - len(row))] for row in rows]
    report = read(tmp_path, rows, kind)
    readings = asked(report)["tables_below"]
    assert readings == {"table_1": "483.00", "table_2": "483.00", "as_it_stands": "966.00"}
    answered = read(tmp_path, rows, kind, answers={"tables_below": "table_1"})
    assert (answered.amount_total, answered.mapping_patch) == ("483.00", {"drop_below": [titles[1]]})
    assert read(tmp_path, rows, kind, mapping=answered.mapping_patch).questions == ()


@KINDS
def test_a_title_of_two_lines_says_what_a_table_is(kind, tmp_path):
    paid = [[900 + n, *row[1:3], f"{n}.50"] for n, row in enumerate(sales()[:9])]  # in parts: 36 + 4.50
    rows = [["Sales"], HEAD, *sales(), [], ["Payments received"], ["January to June 2024"], HEAD, *paid]
    rows = [[*row, *[""] * (4 - len(row))] for row in rows]
    readings = asked(read(tmp_path, rows, kind))["tables_below"]
    assert list(readings.items())[0] == ("table_1", "483.00") and readings["as_it_stands"] == "523.50"
    answered = read(tmp_path, rows, kind, answers={"tables_below": "table_1"})
    assert answered.mapping_patch == {"drop_below": ["Payments received · January to June 2024"]}
    assert answered.amount_total == "483.00"


@KINDS
def test_two_tables_with_headings_of_their_own_are_asked_about_and_read(kind, tmp_path):
    wide = [[*row[:3], f"{float(row[3]) - 1:.2f}", "1.00", row[3]] for row in sales()[:12]]
    narrow = [row[1:] for row in sales()[12:]]
    rows = [["Wholesale"], ["Invoice", "Date", "Customer", "Net", "VAT", "Gross"], *wide]
    rows += [["Retail"], ["Date", "Customer", "Amount"], *narrow]
    rows = [[*row, *[""] * (6 - len(row))] for row in rows]
    readings = asked(read(tmp_path, rows, kind))["tables_below"]
    assert list(readings) == ["as_it_stands", "table_1", "table_2"]
    # 12 × 20 + 0.78 (1 + … + 12) and 12 × 20 + 2.22 (13 + … + 24)
    assert list(readings.values()) == ["483.00", "240.78", "242.22"]


@KINDS
@pytest.mark.parametrize(
    "titles",
    [
        ("January", "February"),
        ("3月", "4月"),
        ("Q1 2024", "Q2 2024"),
        ("Berlin", "Paris"),
        ("Payments, page 1", "Payments, page 2"),
    ],
)
def test_months_and_shops_below_each_other_are_not_asked_about(titles, kind, tmp_path):
    rows = [[titles[0]], HEAD, *sales()[:12], [titles[1]], HEAD, *sales()[12:]]
    rows = [[*row, *[""] * (4 - len(row))] for row in rows]
    report = read(tmp_path, rows, kind)
    assert (report.amount_total, report.questions) == ("483.00", ())


@KINDS
def test_a_second_table_whose_headings_nobody_knows_is_asked_about_by_its_rows(kind, tmp_path):
    rows = [
        HEAD,
        *sales()[:12],
        ["Xa", "Yb", "Zc", ""],
        *[[r[1], r[2], float(r[3]), ""] for r in sales()[12:]],
    ]
    report = read(tmp_path, rows, kind)
    assert "set_aside" in asked(report) and not report.usable
    remarks = [
        HEAD,
        *sales(),
        *[["", "", "", ""], ["Prepared by Ann", "", "", ""], ["Checked by Bob", "", "", ""]],
    ]
    assert read(tmp_path, remarks, kind).questions == ()


def test_headings_of_another_currency_are_refused(tmp_path):
    rows = [*sales()[:12], ["Order", "Date", "Customer", "Amount (USD)"], *sales()[12:]]
    report = check(tmp_path, rows, "Order", "Date", "Customer", "Amount (EUR)")
    assert [(error["code"], error["row"]) for error in report.errors] == [("headings_moved", 14)]
