"""Money that stands in a file more than once: each kind with the right value, and the innocent file beside it."""

import zipfile

import pytest
from messy import asked, check, csv_text

import crmkit

DAYS = [f"2024-{month:02d}-{day:02d}" for month in range(1, 5) for day in (3, 9, 15, 21, 27)]
PEOPLE = ["C1", "C2", "C3", "C4"]


def sales(count=20):
    return [[f"N{i:04d}", DAYS[i % 20], PEOPLE[i % 4], 10 + 3 * i] for i in range(count)]


HEAD = ("order_id", "date", "customer_id", "amount")


@pytest.mark.parametrize("label", ["小计", "Subtotal", "1月合计", "Total C1", "本页小计"])
def test_subtotals_named_in_the_column_of_products_are_left_out(label, tmp_path):
    rows = []
    for start in range(0, 20, 5):
        part = [[*row[1:3], f"品{row[3] % 3}", row[3]] for row in sales()[start : start + 5]]
        rows += [*part, [part[-1][0], part[-1][1], label, sum(row[3] for row in part)]]
    report = check(tmp_path, rows, "日期", "客户", "品名", "金额")
    assert (report.amount_total, report.reasons["not_a_sale"]) == ("770.00", 4)
    assert [n["code"] for n in report.notes] == ["labelled_totals"]


def test_a_product_called_total_is_a_product(tmp_path):
    rows = [[*row[1:3], "Total Wash" if row[3] % 2 else "Brush", row[3]] for row in sales()]
    report = check(tmp_path, rows, "date", "customer_id", "product", "amount")
    assert (report.amount_total, report.notes) == ("770.00", ())


def test_the_last_row_of_each_customer_that_is_the_sum_of_the_others_is_asked_about(tmp_path):
    rows = [[DAYS[k], f"C{i}", 100 * (k + 1) + i] for i in range(4) for k in range(5)]
    with_sums = []
    for i in range(4):
        mine = rows[5 * i : 5 * i + 5]
        with_sums += [*mine, ["2024-05-31", f"C{i}", sum(row[2] for row in mine)]]
    found = check(tmp_path, with_sums, "date", "customer_id", "amount")
    assert asked(found) == {"subtotals": {"drop": "6030.00", "as_it_stands": "12060.00"}}
    settled = check(tmp_path, with_sums, "date", "customer_id", "amount", answers={"subtotals": "drop"})
    assert (settled.amount_total, settled.customers) == ("6030.00", 4)
    assert check(tmp_path, rows, "date", "customer_id", "amount").questions == ()


def test_a_customer_whose_rows_are_the_sums_of_each_day_is_asked_about(tmp_path):
    rows, total = [], 0
    for i, day in enumerate(DAYS[:6]):
        rows += [[day, "C1", 50 + i], [day, "C2", 30], [day, "门店日结", 80 + i]]
        total += 80 + i
    report = check(tmp_path, rows, "日期", "客户", "金额")
    assert asked(report)["subtotals"] == {"drop": f"{total}.00", "as_it_stands": f"{2 * total}.00"}
    other = [[day, customer, amount + (customer == "门店日结")] for day, customer, amount in rows]
    assert check(tmp_path, other, "日期", "客户", "金额").questions == ()


def test_kinds_of_rows_that_come_to_the_same_in_each_order_are_asked_about(tmp_path):
    rows = []
    for order, day, customer, amount in sales(8):
        for kind, share in (("Sale", 1), ("Sale Line", 0.4), ("Sale Line", 0.6), ("Payment", 1)):
            rows.append([order, day, customer, kind, round(amount * share, 2)])
    report = check(tmp_path, rows, "order_id", "date", "customer_id", "Line Type", "amount")
    total = f"{sum(row[3] for row in sales(8))}.00"
    assert asked(report)["kinds_repeat"]["only_Payment"] == total
    answered = {"kinds_repeat": "only_Sale Line"}
    settled = check(
        tmp_path, rows, "order_id", "date", "customer_id", "Line Type", "amount", answers=answered
    )
    assert (settled.amount_total, settled.questions) == (total, ())


def test_instalments_and_kinds_of_different_money_are_not_asked_about(tmp_path):
    head = ("order_id", "date", "customer_id", "Kind", "amount")
    instalments = [
        [order, DAYS[k], customer, f"{k}/3", amount]
        for order, _, customer, amount in sales(8)
        for k in (1, 2, 3)
    ]
    assert "kinds_repeat" not in asked(check(tmp_path, instalments, *head))
    parts = [
        [order, day, customer, kind, amount + (kind == "Cup")]
        for order, day, customer, amount in sales(8)
        for kind in ("Tea", "Cup")
    ]
    assert check(tmp_path, parts, *head).questions == ()


@pytest.mark.parametrize("heading", ["Revision", "版本号", "version"])
def test_orders_corrected_in_a_later_version_are_asked_about(heading, tmp_path):
    rows = [[*row, 1] for row in sales()]
    rows += [[order, day, customer, amount - 1, 2] for order, day, customer, amount in sales()[:5]]
    report = check(tmp_path, rows, *HEAD, heading)
    assert asked(report)["versions"]["last"] == "765.00"
    settled = check(tmp_path, rows, *HEAD, heading, answers={"versions": "last"})
    assert (settled.amount_total, settled.mapping_patch) == ("765.00", {"last_per": "order_id"})


def test_orders_with_several_lines_are_no_versions(tmp_path):
    rows = [[*row, 1] for row in sales()] + [[*row[:3], row[3] + 1, 1] for row in sales()[:5]]
    assert check(tmp_path, rows, *HEAD, "Revision").questions == ()


def test_a_later_file_with_the_same_orders_and_other_amounts_is_asked_about(tmp_path):
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("orders_v1.csv", csv_text(list(HEAD), sales()))
        later = [[*row[:3], row[3] + 1] for row in sales(24)]
        archive.writestr("orders_v2.csv", csv_text(list(HEAD), later))
    report = crmkit.check_transactions(tmp_path / "both.zip")
    assert asked(report)["versions"]["last"] == f"{sum(row[3] for row in later)}.00"


def test_two_tills_that_number_alike_are_no_versions(tmp_path):
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("till1.csv", csv_text(list(HEAD), sales()))
        others = [[row[0], row[1], f"X{row[2]}", row[3] + 1] for row in sales()]
        archive.writestr("till2.csv", csv_text(list(HEAD), others))
    assert crmkit.check_transactions(tmp_path / "both.zip").questions == ()


@pytest.mark.parametrize("heading", ["Reference", "原单号"])
def test_rows_that_name_the_order_of_another_row_are_asked_about(heading, tmp_path):
    rows = [[*row, ""] for row in sales()] + [["ST-0004", "2024-05-02", "C4", 19, "N0003"]]
    report = check(tmp_path, rows, *HEAD, heading)
    assert asked(report) == {"references": {"negative": "751.00", "drop": "770.00", "as_it_stands": "789.00"}}


def test_a_column_of_other_numbers_is_no_reference(tmp_path):
    rows = [[*row, "V123" if row[3] == 10 else ""] for row in sales()]
    assert check(tmp_path, rows, *HEAD, "Voucher").questions == ()


def test_a_copied_order_number_is_asked_about_where_each_order_has_one_row(tmp_path):
    assert asked(check(tmp_path, [*sales(), *sales()[-3:]], *HEAD)) == {
        "copies": {"drop": "770.00", "as_it_stands": "962.00"}
    }
    coffees = [row[1:] for row in sales()] + [row[1:] for row in sales()[-3:]]
    assert check(tmp_path, coffees, *HEAD[1:]).questions == ()
