"""What passed in silence, or was asked for nothing: each mended kind, and the innocent file on its other side."""

from datetime import date

import pytest
from messy import asked, check, codes, csv_text, workbook

import crmkit

DAYS = [f"2024-{month:02d}-{day:02d}" for month in range(1, 5) for day in (3, 9, 15, 21, 27)]
PEOPLE = ["C1", "C2", "C3", "C4", "C5"]
HEAD = ("order_id", "date", "customer_id", "amount")


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


# ---- questions that hang together


def line_totals(count=40):
    """Quantity and a price that is the line's total, without a product; two rows are void."""
    return [
        [
            f"N{i:03d}",
            DAYS[i % 20],
            PEOPLE[i % 5],
            1 + i % 4,
            (1 + i % 4) * (10, 14, 18)[i % 3],
            "Y" if i in (3, 8) else "",
        ]
        for i in range(count)
    ]


LINE_HEAD = ("order_id", "date", "customer_id", "Qty", "Price", "Void")


def test_an_answer_is_carried_out_whatever_else_is_answered(tmp_path):
    rows = line_totals()
    right = f"{sum(row[4] for row in rows if not row[5])}.00"
    answers = {"void_flag": "usual", "price_is_total": "total"}
    for order in (answers, dict(reversed(answers.items()))):
        assert check(tmp_path, rows, *LINE_HEAD, answers=order).amount_total == right
    one = check(tmp_path, rows, *LINE_HEAD, answers={"void_flag": "usual"})
    assert not one.usable and asked(one)["price_is_total"]["total"] == right


def test_a_price_that_does_not_follow_the_quantity_is_a_price(tmp_path):
    rows = [[*row[:4], (10, 14, 18)[place % 3], ""] for place, row in enumerate(line_totals())]
    assert check(tmp_path, rows, *LINE_HEAD).questions == ()


def test_readings_stand_on_what_is_settled_already(tmp_path):
    rows = []
    for place, row in enumerate(sales()):
        for share in (3, 7 + place % 2):
            rows.append([*row[:3], 1, share, 10 + place % 2, "Refunded" if place == 3 else "Paid"])
    head = ("order_id", "date", "customer_id", "Qty", "Unit price", "Order total", "Status")
    found = check(tmp_path, rows, *head, mapping={"columns": {"amount": "Order total"}})
    totals = asked(found)
    assert totals["status"]["as_it_stands"] == found.amount_total == "210.00"


@pytest.mark.parametrize("name", ["报价", "Cancelled", "未付款", "预算", "采购", "明细(旧)", "模板"])
def test_a_sheet_whose_name_says_that_it_holds_no_sales_is_asked_about(name, tmp_path):
    dated = [[r[0], date.fromisoformat(r[1]), *r[2:]] for r in sales()]
    other = [[f"Q{r[0]}", r[1], r[2], 5] for r in dated[:5]]
    workbook(tmp_path / "f.xlsx", {"销售": [HEAD, *dated], name: [HEAD, *other]})
    report = crmkit.check_transactions(tmp_path / "f.xlsx")
    assert asked(report) == {"returned_part": {"drop": "770.00", "as_it_stands": "795.00"}}
    settled = crmkit.check_transactions(tmp_path / "f.xlsx", answers={"returned_part": "drop"})
    assert (settled.amount_total, settled.mapping_patch) == ("770.00", {"drop_parts": [name]})


@pytest.mark.parametrize(
    "names", [("线上", "线下"), ("东店", "西店"), ("1月", "2月"), ("Old Town", "New Town")]
)
def test_sheets_of_shops_and_months_are_added_up(names, tmp_path):
    dated = [[r[0], date.fromisoformat(r[1]), *r[2:]] for r in sales()]
    workbook(tmp_path / "f.xlsx", {names[0]: [HEAD, *dated[:10]], names[1]: [HEAD, *dated[10:]]})
    report = crmkit.check_transactions(tmp_path / "f.xlsx")
    assert (report.amount_total, report.questions) == ("770.00", ())


@pytest.mark.parametrize(("heading", "code"), [("Refund", "refund"), ("Order discount", "discount")])
def test_what_is_taken_off_an_order_may_stand_on_each_of_its_lines(heading, code, tmp_path):
    rows = []
    for place, row in enumerate(sales()):
        for share in (3, 7 + place):
            rows.append([*row[:3], share, 2 if place < 4 else 0])
    head = ("order_id", "date", "customer_id", "Line amount", heading)
    report = check(tmp_path, rows, *head)
    assert asked(report)[code] == {"once": "382.00", "subtract": "374.00", "as_it_stands": "390.00"}
    settled = check(tmp_path, rows, *head, answers={code: "once"})
    assert (settled.amount_total, settled.mapping_patch) == ("382.00", {"subtract_once": [heading]})
    apart = [[*row[:4], place % 3] for place, row in enumerate(rows)]
    assert "once" not in asked(check(tmp_path, apart, *head)).get(code, {})


@pytest.mark.parametrize(
    ("amount", "refund", "total"),
    [
        ("金额(万元)", "退款金额(元)", "7699950.00"),
        ("Amount", "refund_amount_cents", "769.50"),
        ("金额(万元)", "退款金额", "7200000.00"),
    ],
)
def test_each_column_has_its_own_unit(amount, refund, total, tmp_path):
    rows = [[*row, 50 if place == 3 else ""] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, "order_id", "date", "customer_id", amount, refund)
    assert asked(report)["refund"]["subtract"] == total


@pytest.mark.parametrize(
    ("said", "factor"), [("单位：万元", 10_000), ("注：金额单位为千元", 1000), ("制表：小王", 1)]
)
def test_a_unit_said_below_the_table_holds(said, factor, tmp_path):
    report = check(tmp_path, [*sales(), [said, "", "", ""]], *HEAD)
    assert report.amount_total == f"{770 * factor}.00"
    assert ("unit_in_remark" in codes(report)) == (factor > 1)


def test_receipts_that_are_numbered_anew_each_day_are_no_orders_of_many_lines(tmp_path):
    rows = [[f"R{i % 4}", DAYS[i // 4], PEOPLE[i % 4], 10 + 5 * (i % 4)] for i in range(80)]
    assert check(tmp_path, rows, *HEAD).questions == ()


def test_a_currency_of_three_decimals_is_not_asked_for_its_decimal_mark(tmp_path):
    rows = [[*row[:3], f"{row[3]}.250", "KWD"] for row in sales()]
    assert check(tmp_path, rows, *HEAD, "Currency").questions == ()
    assert set(asked(check(tmp_path, [[*row[:4], "EUR"] for row in rows], *HEAD, "Currency"))) == {
        "decimal_mark"
    }


@pytest.mark.parametrize("word", ["销退单", "销售退库", "CRN", "冲销单"])
def test_a_document_that_is_called_back_in_part_is_one_of_returns(word, tmp_path):
    rows = [[*row, word if place == 3 else "销售单"] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, *HEAD, "单据类型")
    assert (report.amount_total, codes(report)) == ("732.00", ["document"])


def test_products_that_hold_such_a_word_are_products(tmp_path):
    rows = [[*row, "退烧贴" if place % 2 else "冲锋衣"] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, *HEAD, "商品名称")
    assert (report.amount_total, report.questions, codes(report)) == ("770.00", (), [])


def test_every_row_twice_is_asked_about_without_any_order_number(tmp_path):
    rows = [row[1:] for row in sales()]
    assert asked(check(tmp_path, [*rows, *rows], *HEAD[1:])) == {
        "copies": {"drop": "770.00", "as_it_stands": "1540.00"}
    }


def test_a_tenth_of_the_money_set_aside_is_asked_about_however_few_the_rows(tmp_path):
    rows = [[*row[:2], "" if place > 17 else row[2], row[3]] for place, row in enumerate(sales(24)[:20])]
    more = [*rows, *[[f"M{i}", *row[1:]] for i, row in enumerate(sales(4))]]
    assert set(asked(check(tmp_path, more, *HEAD))) == {"set_aside"}


def test_a_second_table_whose_title_says_returns_is_asked_about(tmp_path):
    back = [[f"R{i}", *row[1:]] for i, row in enumerate(sales(3))]
    for title, expected in (("退货", {"negative": "731.00", "as_it_stands": "809.00"}), ("二店", None)):
        rows = [*sales(), [title, "", "", ""], list(HEAD), *back]
        report = check(tmp_path, rows, *HEAD)
        assert asked(report).get("returned_below") == expected
    rows = [*sales(), ["退货", "", "", ""], list(HEAD), *back]
    assert check(tmp_path, rows, *HEAD, answers={"returned_below": "negative"}).amount_total == "731.00"


def test_amounts_that_are_seldom_quantity_times_price_are_noted(tmp_path):
    rows = [[*row[1:3], 1 + i % 3, 5 + i % 4, 100 + i // 4] for i, row in enumerate(sales())]
    head = ("date", "customer_id", "Qty", "Unit price", "Total")
    assert codes(check(tmp_path, rows, *head)) == ["lines_differ"]
    taxed = [[*row[:4], round(row[2] * row[3] * 1.2, 2)] for row in rows]
    assert codes(check(tmp_path, taxed, *head)) == []


def test_a_column_of_yes_and_no_is_no_amount(tmp_path):
    rows = [[*row, "yes" if i % 4 else "no"] for i, row in enumerate(sales())]
    report = check(tmp_path, rows, "order_id", "date", "customer_id", "Price", "Paid?")
    assert report.columns_used["amount"] == "Price"
    assert asked(report)["sale_flag"]["as_it_stands"] == "770.00"
