"""What passed in silence, or was asked for nothing: each mended kind, and the innocent file on its other side."""

from datetime import date

import pytest
from messy import csv_text, workbook

import crmkit

DAYS = [f"2024-{month:02d}-{day:02d}" for month in range(1, 5) for day in (3, 9, 15, 21, 27)]
PEOPLE = ["C1", "C2", "C3", "C4", "C5"]
HEAD = ("order_id", "date", "customer_id", "amount")


def check(tmp_path, rows, *header, name="f.csv", **how):
    (tmp_path / name).write_text(csv_text(list(header), rows), encoding="utf-8")
    return crmkit.check_transactions(tmp_path / name, **how)


def asked(report) -> dict:
    """Each question's code with the totals of its readings."""
    return {q["code"]: {r["id"]: r["amount_total"] for r in q["readings"]} for q in report.questions}


def codes(report) -> list[str]:
    return [note["code"] for note in report.notes]


def sales(count=20):
    return [[f"N{i:04d}", DAYS[i % 20], PEOPLE[i % 5], 10 + 3 * i] for i in range(count)]


def test_states_that_nobody_knows_are_counted_only_by_choice(tmp_path):
    states = {1: "Closed Lost", 2: "Handover", 3: "Handover"}
    rows = [[*row, states.get(place, "Closed Won")] for place, row in enumerate(sales())]
    (question,) = check(tmp_path, rows, *HEAD, "Stage").questions
    assert {r["id"]: r["amount_total"] for r in question["readings"]} == {
        "usual": "757.00",
        "known": "722.00",
        "as_it_stands": "770.00",
    }


def test_a_state_that_came_after_the_mapping_was_written_is_asked_about(tmp_path):
    rows = [[*row, "挂着" if place == 3 else "已完成"] for place, row in enumerate(sales())]
    mapping = {"keep": {"状态": ["已完成"]}, "drop": {"状态": ["已取消"]}}
    report = check(tmp_path, rows, *HEAD, "状态", mapping=mapping)
    assert asked(report) == {"new_value": {"keep": "770.00", "drop": "751.00"}}
    kept = check(tmp_path, rows, *HEAD, "状态", mapping=mapping, answers={"new_value": "keep"})
    assert kept.mapping_patch == {"keep": {"状态": ["已完成", "挂着"]}}
    assert check(tmp_path, [[*row[:4], "已完成"] for row in rows], *HEAD, "状态", mapping=mapping).usable


def test_words_that_split_the_rows_evenly_are_no_states(tmp_path):
    rows = [[*row, ("Gold", "Silver")[place % 2]] for place, row in enumerate(sales())]
    assert codes(check(tmp_path, rows, *HEAD, "Status")) == []
    rare = [[*row, "Silver" if place == 3 else "Gold"] for place, row in enumerate(sales())]
    assert codes(check(tmp_path, rare, *HEAD, "Status")) == ["unknown_states"]


@pytest.mark.parametrize(
    ("remark", "noted"),
    [
        ("请勿退回", False),
        ("7天无理由退货", False),
        ("支持退货", False),
        ("no returns please", False),
        ("return address on file", False),
        ("已退款", True),
        ("客户要求退货", True),
        ("REFUNDED - see email", True),
    ],
)
def test_a_remark_is_no_return_because_it_holds_the_word(remark, noted, tmp_path):
    rows = [[*row, remark if place == 3 else "ok then"] for place, row in enumerate(sales())]
    assert ("words_of_returns" in codes(check(tmp_path, rows, *HEAD, "备注"))) == noted


@pytest.mark.parametrize("heading", ["Card type", "卡类型", "Payment method", "Tender"])
def test_credit_and_debit_are_cards_where_the_heading_says_so(heading, tmp_path):
    rows = [[*row, ("Credit", "Debit")[place % 3 == 0]] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, *HEAD, heading)
    assert (report.amount_total, report.questions, report.notes) == ("770.00", (), ())


def test_at_a_payment_service_credit_is_money_in(tmp_path):
    rows = [[*row, "Debit" if place == 3 else "Credit"] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, *HEAD, "Balance Impact")
    assert asked(report)["direction"]["net"] == "732.00"


@pytest.mark.parametrize("customer", ["noreply@shop.com", "none@none.com", "13800138000"])
def test_an_address_of_nobody_is_asked_about(customer, tmp_path):
    rows = [[*row[:2], customer if place % 2 else row[2], row[3]] for place, row in enumerate(sales())]
    assert "nobody" in asked(check(tmp_path, rows, *HEAD))
    other = [[*row[:2], "ada@shop.com" if place % 2 else row[2], row[3]] for place, row in enumerate(sales())]
    assert asked(check(tmp_path, other, *HEAD)) == {}


def test_one_id_of_half_the_rows_is_noted_where_no_other_has_half_as_many(tmp_path):
    rows = [[*row[:2], "B2C" if place % 2 else row[2], row[3]] for place, row in enumerate(sales(24))]
    assert codes(check(tmp_path, rows, *HEAD)) == ["one_customer"]
    rows = [[*row[:2], ("A", "B", "B", "C")[place % 4], row[3]] for place, row in enumerate(sales(24))]
    assert codes(check(tmp_path, rows, *HEAD)) == []


def test_a_row_of_units_below_the_headings_holds_for_the_amounts(tmp_path):
    units = ["", "", "", "万元"]
    report = check(tmp_path, [units, *sales()], *HEAD)
    assert (report.amount_total, codes(report)) == ("7700000.00", ["multiplied"])
    pieces = check(tmp_path, [["", "", "", "元"], *sales()], *HEAD)
    assert (pieces.amount_total, codes(pieces)) == ("770.00", [])
    settled = check(tmp_path, [[*units, ""], *[[*r, "x"] for r in sales()]], *HEAD, "Status", answers={})
    assert settled.amount_total == "7700000.00"


@pytest.mark.parametrize(
    ("heading", "other"),
    [("AccountCode", "ContactName"), ("Guest Name", "Guest ID"), ("Account Code", "Customer")],
)
def test_the_chart_of_accounts_and_a_guests_name_are_no_ids(heading, other, tmp_path):
    rows = [[row[0], row[1], "200" if "ccount" in heading else "Li Wei", row[2], row[3]] for row in sales()]
    report = check(tmp_path, rows, "order_id", "date", heading, other, "amount")
    assert (report.customers, report.columns_used["customer_id"]) == (5, other)


def test_an_empty_column_is_no_number_of_orders(tmp_path):
    lines = [[f"#{i}", DAYS[i], f"c{i % 5}@x.io", total, ""] for i in range(12) for total in (20 + i, "")]
    rows = [line if line[3] else [line[0], "", "", "", ""] for line in lines]
    report = check(tmp_path, rows, "Name", "Created at", "Email", "Total", "Receipt Number")
    assert (report.amount_total, report.questions, codes(report)) == ("306.00", (), ["continued_orders"])


def test_a_few_dates_after_today_are_asked_about(tmp_path):
    rows = [
        [*row[:1], "2042-01-01" if place in (3, 4) else row[1], *row[2:]]
        for place, row in enumerate(sales(24))
    ]
    assert asked(check(tmp_path, rows, *HEAD))["date_outliers"]["set_aside"] == "1027.00"
    assert asked(check(tmp_path, sales(24), *HEAD)) == {}


def test_two_digits_that_hardly_change_are_the_year(tmp_path):
    rows = [
        [row[0], f"24/{place // 5 + 1:02d}/{place + 2:02d}", *row[2:]] for place, row in enumerate(sales())
    ]
    report = check(tmp_path, rows, *HEAD)
    assert (report.usable, report.first_date, report.last_date) == (True, "2024-01-02", "2024-04-21")
    monthly = [[f"N{i}", f"05/{i % 12 + 1:02d}/{23 + i // 12}", "C1", 10 + i] for i in range(24)]
    assert check(tmp_path, monthly, *HEAD).first_date != "2005-01-23"


def test_months_without_a_row_are_noted(tmp_path):
    rows = [[*row[:1], row[1].replace("2024", "2022"), *row[2:]] for row in sales()] + sales()
    (note,) = [
        n for n in check(tmp_path, [r[1:] for r in rows], *HEAD[1:]).notes if n["code"] == "empty_months"
    ]
    assert "2022-05" in note["message_en"] and "20" in note["message_zh"]
    yearly = [[f"{2010 + i}-05-0{1 + i % 5}", PEOPLE[i % 5], 10 + i] for i in range(12)]
    assert codes(check(tmp_path, yearly, *HEAD[1:])) == []


def test_what_the_kit_and_the_system_leave_in_a_folder_is_not_read(tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    for place, name in enumerate(("jan.csv", "feb.csv")):
        part = sales()[10 * place : 10 * place + 10]
        (folder / name).write_text(csv_text(list(HEAD), part), encoding="utf-8")
    for name in ("jan.mapping.toml", "jan.set_aside.csv", "Thumbs.db", "desktop.ini", "readme.txt"):
        (folder / name).write_text("line,reason\n", encoding="utf-8")
    report = crmkit.check_transactions(folder)
    assert (report.amount_total, codes(report)) == ("770.00", ["files_left_out", "parts"])


def test_sheets_of_several_workbooks_are_told_apart(tmp_path):
    for place, name in enumerate(("t1.xlsx", "t2.xlsx")):
        part = [[r[0], date.fromisoformat(r[1]), *r[2:]] for r in sales()[10 * place : 10 * place + 10]]
        workbook(tmp_path / name, {"S": [HEAD, *part]})
    report = crmkit.check_transactions(tmp_path / "*.xlsx")
    assert [part["name"] for part in report.parts] == ["t1.xlsx · S", "t2.xlsx · S"]


def test_an_amount_at_the_same_share_of_its_list_price_is_no_number_of_pieces(tmp_path):
    rows = [[*row[:3], 5 * (2 + place), 6 * (2 + place)] for place, row in enumerate(sales())]
    assert check(tmp_path, rows, *HEAD, "List Price").questions == ()
    pieces = [[*row[:3], 1 + place % 3, "9.50"] for place, row in enumerate(sales())]
    assert set(asked(check(tmp_path, pieces, *HEAD, "Unit Price"))) == {"pieces"}


def test_a_mapping_may_hold_a_day_of_its_own_and_a_single_name(tmp_path):
    (tmp_path / "m.toml").write_text('last_date = 2024-03-31\nnobody = "C1"\n', encoding="utf-8")
    report = check(tmp_path, sales(), *HEAD, mapping=tmp_path / "m.toml")
    assert (report.reasons["outlier"], report.reasons["nobody"]) == (4, 4)
