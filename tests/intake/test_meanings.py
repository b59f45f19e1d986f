"""What a client's file means: taken where one reading fits, asked where several do, said where it is a suspicion."""

import gzip
import json
import tomllib
import unicodedata
import zipfile
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from messy import codes, csv_text, workbook
from messy.kinds import KINDS
from messy.verdicts import made, verdict

import crmkit
from crmkit.intake.check import examine
from crmkit.intake.reading import files
from crmkit.intake.reading.columns import header_forms, plain, vocabulary

HEAD = ["customer_id", "date", "amount"]
SEEDS = range(4)


@pytest.mark.parametrize("mirror", [False, True], ids=["kind", "mirror"])
@pytest.mark.parametrize("name", KINDS)
def test_no_kind_of_file_is_read_wrongly_in_silence_or_asked_about_needlessly(name, mirror, tmp_path):
    for seed in SEEDS:
        assert verdict(made(name, seed, mirror), tmp_path / "f.csv") is None, seed


def check(tmp_path, text: str, *, name="f.csv", **how):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return crmkit.check_transactions(tmp_path / name, **how)


# ---- the contract


def test_rows_that_differ_by_minus_one_and_minus_two_are_no_copies(tmp_path):
    rows = [["a", date(2024, 3, 5), -1], ["a", date(2024, 3, 5), -2], ["a", date(2024, 3, 5), -2]]
    workbook(tmp_path / "f.xlsx", {"s": [HEAD, *rows]})
    report = crmkit.check_transactions(tmp_path / "f.xlsx", drop_duplicates=True)
    assert (report.amount_total, report.reasons["duplicate"]) == ("-3.00", 1)  # hash(-1) == hash(-2)


def test_rows_that_hold_nothing_and_zero_are_no_copies(tmp_path):
    day = datetime(2024, 3, 5, 10, 30)
    rows = [["a", day, 1, 0], ["a", day, 1, ""], ["a", day, 1, "x"], ["a", day, 1, ""]]
    workbook(tmp_path / "f.xlsx", {"s": [[*HEAD, "Points"], *rows]})
    report = crmkit.check_transactions(tmp_path / "f.xlsx", drop_duplicates=True)
    assert report.reasons["duplicate"] == 1  # hash("") == hash(0)
    assert report.transactions["date"].tolist() == [pd.Timestamp(day)] * 3


def test_totals_are_added_exactly_and_rounded_once(tmp_path):
    lines = [[f"C{i % 7}", "2024-03-05", 1, "0.333"] for i in range(1000)]
    report = check(tmp_path, csv_text(["customer_id", "date", "quantity", "unit_price"], lines))
    assert report.amount_total == "333.00"
    assert report.transactions is not None and report.transactions["amount"].iloc[0] == 0.333


def test_the_money_set_aside_stands_beside_the_rows(tmp_path):
    rows = [["a", "2024-03-05", 10]] * 20 + [
        ["", "2024-03-05", "2.50"],
        ["a", "no day", "4"],
        ["a", "2024-03-05", "?"],
    ]
    report = check(tmp_path, csv_text(HEAD, rows))
    assert report.money_set_aside == {"missing_customer": "2.50", "bad_date": "4.00", "bad_amount": "0.00"}
    assert (report.amount_set_aside, report.amount_total) == ("6.50", "200.00")


def test_every_column_of_numbers_in_no_use_is_listed_with_its_total(tmp_path):
    rows = [["a", "2024-03-05", "10", "1.25", "x"], ["b", "2024-03-06", "20", "0.75", "y"]]
    report = check(tmp_path, csv_text([*HEAD, "Weight", "Shop"], rows))
    assert report.columns_unused == ({"column": "Weight", "total": "2.00"},)
    assert report.columns_used == {"customer_id": "customer_id", "date": "date", "amount": "amount"}


def test_lines_are_counted_by_a_reader_that_knows_no_quotes(tmp_path):
    text = 'customer_id,date,amount,note\na,2024-03-05,1,"two\nlines"\n\nb,2024-03-06,2,x\n'
    report = check(tmp_path, text)
    assert (report.physical_lines, report.rows_in, report.amount_total) == (5, 2, "3.00")


def test_a_quote_that_swallows_records_is_refused_with_its_line(tmp_path):
    text = 'customer_id,date,product,amount\na,2024-03-05,"Tea,1\nb,2024-03-06,Cup,2\nc,2024-03-07,"Pot",3\n'
    report = check(tmp_path, text)
    assert [(e["code"], e["row"]) for e in report.errors] == [("unreadable_file", 2)]


def test_two_open_quotes_on_neighbouring_lines_are_no_one_record(tmp_path):
    text = 'customer_id,date,product,amount\na,2024-03-05,"Tea,1\nb,2024-03-06,"Cup",2\nc,2024-03-07,Pot,3\n'
    assert [(e["code"], e["row"]) for e in check(tmp_path, text).errors] == [("unreadable_file", 2)]


def test_a_remark_of_several_lines_is_one_whatever_it_says(tmp_path):
    text = (
        'customer_id,date,amount,note\na,2024-03-05,1,"paid\n2024-03-06, 12.50, by card"\nb,2024-03-06,2,\n'
    )
    report = check(tmp_path, text)
    assert (report.usable, report.rows_in, report.amount_total) == (True, 2, "3.00")


def test_a_word_of_returns_beside_a_positive_amount_is_never_passed_over(tmp_path):
    rows = [
        ["a", "2024-03-05", "10", ""],
        ["b", "2024-03-06", "20", "退货"],
        ["b", "2024-03-07", "30", "送货"],
    ]
    text = csv_text(["customer_id", "date", "amount", "备注"], rows)
    (note,) = [n for n in check(tmp_path, text).notes if n["code"] == "words_of_returns"]
    assert (note["rows"], note["effect"]) == (1, "20.00")
    settled = check(tmp_path, text, mapping={"negative": {"备注": ["退货"]}})
    assert (settled.amount_total, codes(settled).count("words_of_returns")) == ("20.00", 0)


@pytest.mark.parametrize(
    ("heading", "planned", "actual"),
    [("版本", "预算", "实际"), ("Scenario", "Budget", "Actual"), ("口径", "计划", "实际")],
)
def test_a_plan_beside_what_happened_is_asked_about(heading, planned, actual, tmp_path):
    rows = [["a", f"2024-03-{day:02d}", "10", actual] for day in range(1, 11)]
    plan = [["a", f"2024-03-{day:02d}", "11", planned] for day in range(1, 11)]
    assert check(tmp_path, csv_text([*HEAD, heading], rows)).questions == ()
    text = csv_text([*HEAD, heading], [*rows, *plan])
    (question,) = check(tmp_path, text).questions
    assert [r["amount_total"] for r in question["readings"]] == ["100.00", "110.00", "210.00"]
    assert check(tmp_path, text, answers={"scenario": "actual"}).amount_total == "100.00"


@pytest.mark.parametrize(
    ("heading", "values"), [("Plan", ["Actual", "Premium"]), ("版本", ["标准版", "专业版"])]
)
def test_a_plan_that_is_sold_is_no_plan_of_figures(heading, values, tmp_path):
    rows = [["a", f"2024-03-{day:02d}", "10", values[day % 2]] for day in range(1, 11)]
    assert check(tmp_path, csv_text([*HEAD, heading], rows)).questions == ()


@pytest.mark.parametrize(
    ("heading", "sold", "lost"),
    [
        ("Bestellstatus", "Versandt", "Abgebrochen"),
        ("Statut", "Payée", "Annulée"),
        ("Estado del pedido", "Entregado", "Cancelado"),
        ("Stato ordine", "Pagato", "Annullato"),
        ("Situação", "Entregue", "Cancelado"),
        ("注文ステータス", "発送済み", "返品済み"),
        ("Sale status", "Closed", "Parked"),
        ("Status", "Completed", "Closed"),
    ],
)
def test_states_are_known_in_the_words_of_the_file(heading, sold, lost, tmp_path):
    for cells, question in ((["x"] * 10 + ["y"] * 2, ["status"]), (["x"] * 12, [])):
        told = [sold if cell == "x" else lost for cell in cells]
        rows = [["a", f"2024-03-{day:02d}", "10", state] for day, state in enumerate(told, 1)]
        report = check(tmp_path, csv_text([*HEAD, heading], rows))
        assert [q["code"] for q in report.questions] == question
    rows = [["a", f"2024-03-{day:02d}", "10", sold if day < 11 else lost] for day in range(1, 13)]
    settled = check(tmp_path, csv_text([*HEAD, heading], rows), answers={"status": "usual"})
    assert settled.amount_total == "100.00"


@pytest.mark.parametrize(
    "heading", ["Member status", "Subscription status", "会员状态", "Email status", "账户状态"]
)
def test_the_state_of_a_member_is_no_state_of_an_order(heading, tmp_path):
    for pair in (["active", "cancelled"], ["正常", "已过期"]):
        rows = [["a", f"2024-03-{day:02d}", "10", pair[day % 2]] for day in range(1, 13)]
        assert check(tmp_path, csv_text([*HEAD, heading], rows)).questions == ()


def test_returned_pieces_are_no_refunds_and_returned_money_is(tmp_path):
    for cells, asked in ((["0", "1", "2"], []), (["0.00", "1.00", "2.50"], ["refund"])):
        rows = [["a", f"2024-03-{day:02d}", "10", cells[day % 3]] for day in range(1, 13)]
        report = check(tmp_path, csv_text([*HEAD, "Returns"], rows))
        assert [q["code"] for q in report.questions] == asked


def test_few_rows_set_aside_are_said_with_their_cause_and_many_are_asked_about(tmp_path):
    good = [["a", "2024-03-05", "1"]] * 10
    few = check(tmp_path, csv_text(HEAD, [*good, *[["b", "3月5日", "1"]] * 3]))
    assert few.usable and "no year" in few.notes[0]["message_en"]
    many = check(tmp_path, csv_text(HEAD, [*good, *[["b", "3月5日", "1"]] * 6]))
    assert [q["code"] for q in many.questions] == ["set_aside"] and "no year" in many.questions[0][
        "message_en"
    ]
    assert check(
        tmp_path, csv_text(HEAD, [*good, *[["b", "3月5日", "1"]] * 6]), answers={"set_aside": "go_on"}
    ).usable


@pytest.mark.parametrize(
    "cells, cause",
    [
        (["b", "3月5日", "1"], "no year"),
        (["b", "99999999999", "1"], "Unix time"),
        (["b", "0000-00-00", "1"], "placeholder"),
        (["b", "2024-03-05", "1,5"], "decimal commas"),
        (["b", "2024-03-05", "1", "234.50"], "more cells than headings"),
        (["b", "2024-03-05", "as agreed"], "words"),
    ],
)
def test_the_likely_cause_is_named(tmp_path, cells, cause):
    rows = [["a", "2024-03-05", "10.50"]] * 9 + [cells] * 7
    report = check(tmp_path, csv_text(HEAD, rows))
    assert cause in report.questions[0]["message_en"]


# ---- answers


STATES = csv_text(
    ["会员ID", "下单时间", "金额", "订单状态"],
    [
        ["a", "2024-03-05", "10", "已完成"],
        ["a", "2024-03-06", "20", "已取消"],
        ["b", "2024-03-07", "30", "已完成"],
    ],
)


def test_a_question_shows_what_hangs_on_each_reading(tmp_path):
    report = check(tmp_path, STATES)
    (question,) = report.questions
    shown = [
        (r["id"], r["rows"], r["amount_total"], r["customers"], r["top_share"]) for r in question["readings"]
    ]
    assert shown == [("usual", 2, "40.00", 2, 0.75), ("as_it_stands", 3, "60.00", 2, 0.5)]
    assert all(r["zh"] and r["en"] for r in question["readings"])
    assert not report.usable and report.errors[0]["code"] == "status"
    json.loads(report.to_json())


def test_an_answer_settles_it_and_its_patch_settles_the_next_file(tmp_path):
    settled = check(tmp_path, STATES, answers={"status": "usual"})
    assert (settled.usable, settled.amount_total, settled.reasons["not_a_sale"]) == (True, "40.00", 1)
    again = check(tmp_path, STATES, mapping=settled.mapping_patch)
    assert (again.usable, again.questions, again.amount_total) == (True, (), "40.00")
    # a state that nobody has decided upon is asked about again
    other = STATES + "c,2024-03-08,40,已关闭\n"
    assert [q["code"] for q in check(tmp_path, other, mapping=settled.mapping_patch).questions] == ["status"]


def test_an_answer_that_is_none_is_refused_with_what_is_allowed(tmp_path):
    report = check(tmp_path, STATES, answers={"status": "yes"})
    assert (
        report.errors[0]["code"] == "unknown_answer"
        and "usual, as_it_stands" in report.errors[0]["message_en"]
    )


def test_a_reading_that_was_chosen_reads_the_transactions_too(tmp_path):
    (tmp_path / "f.csv").write_text(STATES, encoding="utf-8")
    log = crmkit.read_transactions(tmp_path / "f.csv", answers={"status": "usual"})
    assert log["amount"].tolist() == [10.0, 30.0]
    with pytest.raises(crmkit.CrmkitError) as refused:
        crmkit.read_transactions(tmp_path / "f.csv")
    assert refused.value.report.questions[0]["code"] == "status"


@pytest.mark.parametrize(
    "mapping, total",
    [
        ({"keep": {"订单状态": ["已完成"]}}, "40.00"),
        ({"drop": {"订单状态": ["已完成"]}}, "20.00"),
        ({"negative": {"订单状态": ["已取消"]}, "as_read": ["status"]}, "20.00"),
        ({"as_read": ["status"]}, "60.00"),
        ({"as_read": ["status"], "unit": "千元"}, "60000.00"),
        ({"as_read": ["status"], "unit": 100, "currency": "CNY"}, "6000.00"),
        ({"as_read": ["status"], "nobody": ["B"]}, "30.00"),
        ({"as_read": ["status"], "last_date": "2024-03-06"}, "30.00"),
        ({"as_read": ["status"], "largest_amount": 20}, "30.00"),
        ({"as_read": ["status"], "once_per": "会员ID"}, "40.00"),
    ],
)
def test_a_line_of_the_mapping_says_what_counts(tmp_path, mapping, total):
    assert check(tmp_path, STATES, mapping=mapping).amount_total == total


@pytest.mark.parametrize(
    "key, value",
    [("keep", ["a"]), ("nobody", 3), ("unit", "furlong"), ("blocks", "some"), ("last_date", "soon")],
)
def test_a_wrong_value_of_a_key_is_refused(tmp_path, key, value):
    assert check(tmp_path, STATES, mapping={key: value}).errors[0]["code"] == "mapping_value"


def test_a_column_that_the_mapping_names_and_the_file_has_not_is_refused(tmp_path):
    for mapping in (
        {"keep": {"x": ["a"]}},
        {"subtract": ["x"]},
        {"once_per": "x"},
        {"negative": {"x": ["a"]}},
    ):
        assert check(tmp_path, STATES, mapping=mapping).errors[0]["code"] in ("mapping_column", "status")
        report = check(tmp_path, STATES, mapping=mapping | {"as_read": ["status"]})
        assert [e["code"] for e in report.errors] == ["mapping_column"]


# ---- notes


def test_ids_that_may_be_one_person_are_said(tmp_path):
    rows = [
        ["00123", "2024-03-05", "1"],
        ["123", "2024-03-06", "1"],
        ["+8613800000001", "2024-03-07", "1"],
        ["138-0000-0001", "2024-03-08", "1"],
    ]
    report = check(tmp_path, csv_text(HEAD, rows))
    (note,) = [note for note in report.notes if note["code"] == "ids_alike"]
    assert (note["rows"], report.customers) == (4, 4) and "00123 / 123" in note["message_en"]


@pytest.mark.parametrize(
    "heading, ids, code",
    [
        ("客户姓名", ["王伟", "王伟", "李娜"], "names_as_ids"),
        ("手机号", ["138****0001", "138****0001", "139****0002"], "masked_ids"),
        ("customer_id", ["6222021234567890000", "6222021234567890000", "6222021234567800000"], "cut_ids"),
    ],
)
def test_what_ids_cannot_tell_is_said(tmp_path, heading, ids, code):
    rows = [[who, f"2024-03-0{day}", "1"] for day, who in enumerate(ids, 1)]
    assert code in codes(check(tmp_path, csv_text([heading, "date", "amount"], rows)))


def test_one_id_that_holds_an_implausible_share_is_said(tmp_path):
    rows = [["K1", f"2024-01-{1 + i % 28:02d}", "1"] for i in range(60)]
    rows += [[f"C{i}", "2024-02-01", "1"] for i in range(40)]
    report = check(tmp_path, csv_text(HEAD, rows))
    (note,) = [note for note in report.notes if note["code"] == "one_customer"]
    assert (note["rows"], note["effect"]) == (60, "60.00")


def test_another_column_that_may_be_the_revenue_is_said_with_its_total(tmp_path):
    rows = [
        ["C1", "2024-01-15", "100.00", "13.00", "113.00"],
        ["C2", "2024-01-16", "200.00", "26.00", "226.00"],
    ]
    report = check(tmp_path, csv_text(["客户编号", "日期", "不含税金额", "税额", "含税金额"], rows))
    (note,) = [note for note in report.notes if note["code"] == "other_amount"]
    assert report.amount_total == "339.00" and "300.00" in note["message_en"] and note["effect"] == "-39.00"


def test_a_title_says_whose_dollars_they_are(tmp_path):
    report = check(tmp_path, "All amounts in CAD\ncustomer_id,date,amount\na,2024-03-05,$10\n")
    assert report.currency == "CAD" and "title_currency" in codes(report)


@pytest.mark.parametrize(
    "cells, total, currency",
    [
        (["₹1,23,456.78", "Rs. 1,000.00"], "124456.78", "INR"),
        (["1 234,50 kr", "12,00 kr"], "1246.50", "KR"),
        (["CHF 1'234.50", "CHF 12.00"], "1246.50", "CHF"),
        (["R$ 1.234,50", "R$ 12,00"], "1246.50", "BRL"),
        (["1 234,50 €", "12,00 €"], "1246.50", "EUR"),
        (["HK$1,234.50", "HK$12"], "1246.50", "HKD"),
        (["RMB 1,234.50", "12元"], "1246.50", "CNY"),
    ],
)
def test_amounts_of_many_countries(tmp_path, cells, total, currency):
    report = check(tmp_path, csv_text(HEAD, [["a", "2024-03-05", cell] for cell in cells]))
    assert (report.amount_total, report.currency) == (total, currency)


@pytest.mark.parametrize("heading", ["Presentment Currency", "cur", "币种", "Wechselkurs"])
def test_several_currencies_are_refused_however_their_column_is_headed(tmp_path, heading):
    rows = [["a", "2024-03-05", "10", "USD"], ["b", "2024-03-06", "1500", "JPY"]]
    assert check(tmp_path, csv_text([*HEAD, heading], rows)).errors[0]["code"] == "mixed_currency"


# ---- shapes


MONTHS = {
    "jan.csv": [["a", "2024-01-05", "1"]],
    "feb.csv": [["a", "2024-02-05", "2"], ["", "2024-02-06", "9"]],
}


def _monthly(folder):
    folder.mkdir()
    for name, rows in MONTHS.items():
        (folder / name).write_text(csv_text(HEAD, rows), encoding="utf-8")
    return folder


def test_a_folder_a_pattern_and_a_zip_of_monthly_files_are_added_up(tmp_path):
    folder = _monthly(tmp_path / "months")
    with zipfile.ZipFile(tmp_path / "months.zip", "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"export/{file.name}")
    for source in (folder, str(folder / "*.csv"), tmp_path / "months.zip"):
        report = crmkit.check_transactions(source)
        assert (report.rows_in, report.amount_total) == (3, "3.00"), report.errors
        assert [(part["name"], part["rows"]) for part in report.parts] == [("feb.csv", 2), ("jan.csv", 1)]
        assert report.set_aside[["part", "line"]].values.tolist() == [["feb.csv", 3]]
        assert report.set_aside["original"].tolist() == [",2024-02-06,9"]
        assert len(report.transactions) == 2


def test_files_whose_columns_differ_are_not_added_up(tmp_path):
    folder = _monthly(tmp_path / "months")
    (folder / "mar.csv").write_text("customer_id,date,price\na,2024-03-05,1\n", encoding="utf-8")
    report = crmkit.check_transactions(folder)
    assert [e["code"] for e in report.errors] == ["headers_differ"] and "mar.csv" in report.errors[0][
        "message_en"
    ]


def test_columns_in_another_order_are_put_in_order(tmp_path):
    folder = _monthly(tmp_path / "months")
    (folder / "mar.csv").write_text("date,amount,customer_id\n2024-03-05,4,b\n", encoding="utf-8")
    assert crmkit.check_transactions(folder).amount_total == "7.00"


def test_a_sheet_that_repeats_the_others_is_asked_about(tmp_path):
    january = [["a", date(2024, 1, day), day] for day in (1, 2, 3)]
    february = [["b", date(2024, 2, day), day] for day in (4, 5, 6)]
    sheets = {"1": [HEAD, *january], "2": [HEAD, *february], "all": [HEAD, *january, *february]}
    workbook(tmp_path / "f.xlsx", sheets)
    report = examine(tmp_path / "f.xlsx")
    assert [q["code"] for q in report.questions] == ["sheets"]
    totals = {r["id"]: r["amount_total"] for r in report.questions[0]["readings"]}
    assert totals == {"all": "42.00", "sheet_1": "6.00", "sheet_2": "15.00", "sheet_3": "21.00"}
    assert examine(tmp_path / "f.xlsx", answers={"sheets": "sheet_3"}).amount_total == "21.00"


def test_merged_customers_hold_for_every_row_that_they_cover(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "f.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        for row in range(1, 6):
            sheet.write_row(row, 1, [f"2024-03-0{row}", 10])
        sheet.merge_range(1, 0, 3, 0, "a")
        sheet.merge_range(4, 0, 5, 0, "b")
    report = crmkit.check_transactions(tmp_path / "f.xlsx")
    assert (report.rows_used, report.customers, report.amount_total) == (5, 2, "50.00")
    assert "merged_cells" in codes(report)


def test_hidden_rows_count_and_are_said(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "f.xlsx") as book:
        sheet = book.add_worksheet("a & b")
        sheet.write_row(0, 0, HEAD)
        for row in range(1, 6):
            sheet.write_row(row, 0, ["a", f"2024-03-0{row}", row])
        sheet.set_row(3, None, None, {"hidden": True})
    (note,) = [n for n in crmkit.check_transactions(tmp_path / "f.xlsx").notes if n["code"] == "hidden_rows"]
    assert (note["rows"], note["effect"]) == (1, "3.00")


def test_formulas_that_were_never_computed_are_named(tmp_path):
    rows = [HEAD, *[["a", "2024-03-05", ("=1+1", "")] for _ in range(6)], ["a", "2024-03-05", 1]]
    workbook(tmp_path / "f.xlsx", {"s": rows})
    data = (tmp_path / "f.xlsx").read_bytes()
    report = crmkit.check_transactions(tmp_path / "f.xlsx")
    assert data and "formulas" in report.questions[0]["message_en"]


PAGE = "<html><meta charset=utf-8><table><tr><td>t</td></tr></table><table><tr><th>客户编号<th>日期<th>金额<tr><td>a<td>2024-03-05<td>1,200.50<tr><td>b<td>2024-03-06<td>1</table>"
XML = (
    '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="s"><Table>'
    "<Row><Cell><Data>customer_id</Data></Cell><Cell><Data>date</Data></Cell><Cell><Data>note</Data></Cell>"
    "<Cell><Data>amount</Data></Cell></Row><Row><Cell><Data>a</Data></Cell><Cell><Data>2024-03-05T00:00:00</Data></Cell>"
    '<Cell ss:Index="4"><Data>1201.5</Data></Cell></Row></Table></Worksheet></Workbook>'
)
ARCHIVE = f'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n--x\nContent-Type: text/html; charset="utf-8"\n\n{PAGE}\n--x--\n'


@pytest.mark.parametrize("text", [PAGE, XML, ARCHIVE], ids=["HTML", "XML of Excel 2003", "web archive"])
def test_a_page_that_is_called_xls_is_read_and_named(tmp_path, text):
    report = check(tmp_path, text, name="f.xls")
    assert report.amount_total in ("1201.50",) and "markup_read" in codes(report), report.errors


def test_json_lines_are_read(tmp_path):
    lines = '{"customer_id": "007", "date": "2024-03-05", "amount": 1.5}\n{"customer_id": "008", "date": "2024-03-06", "amount": 2}\n'
    report = check(tmp_path, lines, name="f.jsonl")
    assert (report.amount_total, report.transactions["customer_id"].tolist()) == ("3.50", ["007", "008"])


@pytest.mark.parametrize(
    "text",
    [
        " 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n 00002 19970112  5   77.00\n",
        " 00001  1 19970101  1   11.77\n 00002  2 19970112  1   12.00\n 00002  2 19970112  5   77.00\n",
    ],
    ids=["CDNOW_master.txt", "CDNOW_sample.txt"],
)
def test_the_fields_own_reference_file_is_read_as_it_is(tmp_path, text):
    report = check(tmp_path, text, name="CDNOW_master.txt")
    assert (report.amount_total, report.customers, report.first_date) == ("100.77", 2, "1997-01-01")
    assert report.transactions["quantity"].tolist() == [1.0, 1.0, 5.0]


@pytest.mark.parametrize(
    "text",
    [
        "customer_id^date^amount\na^2024-03-05^1.5\nb^2024-03-06^2\n",
        "customer_id  date        amount\na            2024-03-05  1.5\nb            2024-03-06  2\n",
        "'customer_id','date','amount'\n'a','2024-03-05','1.5'\n'b','2024-03-06','2'\n",
        "customer_id\tdate\tamount\t\na\t2024-03-05\t1.5\t\nb\t2024-03-06\t2\t\n",
    ],
    ids=["carets", "blanks", "single quotes", "a tab at the end"],
)
def test_what_cuts_the_lines_is_found_out(tmp_path, text):
    assert check(tmp_path, text).amount_total == "3.50"


def test_a_file_without_headings_is_called_so(tmp_path):
    text = "C1,2024-03-13,10.00\nC2,2024-03-14,20.00\n"
    report = check(tmp_path, text)
    assert [e["code"] for e in report.errors] == ["no_header"]
    columns = {"customer_id": "1", "date": "2", "amount": "3"}
    assert check(tmp_path, text, mapping={"header_row": 0, "columns": columns}).amount_total == "30.00"


def test_garbled_headings_are_named(tmp_path):
    text = csv_text(["客户编号", "日期", "金额"], [["a", "2024-03-05", "1"]])
    garbled = text.encode("utf-8").decode("latin-1").encode("utf-8")
    (tmp_path / "f.csv").write_bytes(garbled)
    error = crmkit.check_transactions(tmp_path / "f.csv").errors[0]
    assert error["code"] == "mojibake" and "客户编号" in error["message_en"]


IN_ITS_ENCODING = {
    "cp932": (["注文日", "お客様名", "合計金額"], ["佐藤", "高橋", "鈴木"]),
    "euc_jp": (["日付", "顧客名", "金額"], ["佐藤", "高橋", "鈴木"]),
    "cp949": (["주문일", "고객명", "결제금액"], ["김철수", "이영희", "박민수"]),
    "gb18030": (["日期", "客户", "金额"], ["王芳", "李伟", "张敏"]),
    "cp950": (["日期", "客戶", "金額"], ["陳先生", "林小姐", "黃太太"]),
    "cp1252": (["Datum", "Kunde", "Größe", "Betrag"], ["Müller", "Weiß", "Jäger"]),
}


@pytest.mark.parametrize("codec", IN_ITS_ENCODING)
@pytest.mark.parametrize("numbered", [False, True])
def test_every_writing_of_east_asia_and_a_lone_umlaut_is_read_in_its_own_encoding(tmp_path, codec, numbered):
    headings, names = IN_ITS_ENCODING[codec]
    customers = ["K1", "K2", "K3"] if numbered else names
    rows = [[f"2024-03-{1 + i:02d}", customers[i % 3], *[10 + i] * (len(headings) - 2)] for i in range(12)]
    (tmp_path / "f.csv").write_bytes(csv_text(headings, rows).encode(codec))
    report = crmkit.check_transactions(tmp_path / "f.csv")
    assert (report.usable, report.amount_total, report.customers) == (True, "186.00", 3)
    assert report.columns == tuple(headings)
    assert sorted(report.transactions["customer_id"].unique()) == sorted(customers)


PIVOT = "客户编号,2024年1月,2024年2月,2024-03\na,10,,5\nb,,7.5,\n合计,10,7.5,5\n"


def test_a_cross_table_of_months_is_asked_about_and_unpivoted_on_request(tmp_path):
    asked = check(tmp_path, PIVOT)
    assert [e["code"] for e in asked.errors] == ["wide_pivot"]
    assert [r["amount_total"] for q in asked.questions for r in q["readings"]] == ["22.50"]
    report = check(tmp_path, PIVOT, mapping={"unpivot": True})
    assert (report.rows_in, report.reasons["total_row"], report.amount_total) == (6, 3, "22.50")
    assert report.transactions["date"].dt.strftime("%Y-%m-%d").tolist() == [
        "2024-01-01",
        "2024-03-01",
        "2024-02-01",
    ]
    assert report.set_aside["original"].tolist() == ["合计,10,7.5,5"] * 3


def test_other_files_are_joined_and_the_unmatched_counted_on_both_sides(tmp_path):
    orders = "订单编号,客户编号,下单日期\n1,a,2024-03-05\n2,b,2024-03-06\n9,c,2024-03-07\n"
    (tmp_path / "orders.csv").write_text(orders, encoding="utf-8")
    (tmp_path / "costs.csv").write_text("货号,成本价\nT,1.5\n", encoding="utf-8")
    lines = "订单编号,货号,数量,单价\n1,T,2,3.00\n1,U,1,4.00\n2,T,1,3.00\n5,T,1,9.00\n"
    join = [{"file": "orders.csv", "on": "订单编号"}, {"file": "costs.csv", "on": "货号"}]
    report = check(tmp_path, lines, name="lines.csv", mapping={"join": join})
    assert (report.rows_in, report.rows_used, report.amount_total) == (4, 3, "13.00")
    notes = [note["message_en"] for note in report.notes if note["code"] == "joined"]
    assert (
        "1 rows of the data were not found in it, and 1 of its keys" in notes[0] and "costs.csv" in notes[1]
    )
    assert report.transactions["unit_cost"].fillna(0).tolist() == [1.5, 0.0, 1.5]
    refused = check(
        tmp_path, orders, name="o.csv", mapping={"join": [{"file": "lines.csv", "on": "订单编号"}]}
    )
    assert refused.errors[0]["code"] == "join_not_unique"


def test_a_frame_is_asked_about_like_a_file():
    frame = pd.DataFrame({"customer_id": ["a", "b"], "date": ["03/04/2024", "05/06/2024"], "amount": [1, 2]})
    assert [q["code"] for q in crmkit.check_transactions(frame).questions] == ["ambiguous_dates"]
    settled = crmkit.check_transactions(frame, answers={"ambiguous_dates": "dmy"})
    assert (settled.first_date, settled.mapping_patch) == ("2024-04-03", {"date_format": "dmy"})


def test_a_zipped_text_and_its_bare_twin_say_the_same(tmp_path):
    (tmp_path / "f.csv.gz").write_bytes(gzip.compress(STATES.encode("utf-8")))
    zipped, bare = examine(tmp_path / "f.csv.gz"), check(tmp_path, STATES)
    assert zipped.questions == bare.questions and Decimal(bare.amount_total) == 60


# ---- signs of currencies, cells in error, records counted twice


@pytest.mark.parametrize(
    "written, code",
    [("₦ 12.50", "NGN"), ("S/ 12.50", "PEN"), ("12,50 lei", "RON"), ("Ft 12.50", "HUF"), ("KSh12.50", "KES")],
)
def test_a_sign_that_one_currency_only_has_is_read(tmp_path, written, code):
    report = check(tmp_path, csv_text(HEAD, [["a", "2024-03-05", written]] * 6))
    assert (report.amount_total, report.currency) == ("75.00", code)


def test_a_sign_that_is_not_known_is_named_and_asked_about(tmp_path):
    text = csv_text(HEAD, [["a", "2024-03-05", "12.50"], *[["b", "2024-03-06", "-Q 2.50"]] * 4])
    report = check(tmp_path, text)
    (question,) = [q for q in report.questions if q["code"] == "currency_sign"]
    assert "“Q”" in question["message_en"]
    money, other = question["readings"]
    assert (money["amount_total"], other["amount_total"]) == ("2.50", "12.50")
    assert check(tmp_path, text, answers={"currency_sign": "money"}).amount_total == "2.50"
    assert check(tmp_path, text, mapping={"currency_signs": ["Q"]}).amount_total == "2.50"
    assert check(tmp_path, text, answers={"currency_sign": "set_aside", "set_aside": "go_on"}).rows_used == 1


def test_numbers_with_a_unit_or_a_slip_are_no_unknown_currency(tmp_path):
    rows = [["a", "2024-03-05", "12.50"]] * 30
    for written in ("12 pcs", "3件", "12%", "n/a", "~12"):
        report = check(tmp_path, csv_text(HEAD, [*rows, *[["b", "2024-03-06", written]] * 2]))
        assert "currency_sign" not in [q["code"] for q in report.questions], written


def test_two_signs_that_are_not_known_are_two_currencies(tmp_path):
    rows = [["a", "2024-03-05", "Q 12"], ["b", "2024-03-06", "Zz 3"]] * 4
    report = check(tmp_path, csv_text(HEAD, rows), mapping={"currency_signs": ["Q", "Zz"]})
    assert [error["code"] for error in report.errors] == ["mixed_currency"]


def errors_in_cells(tmp_path) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "f.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(1, 1, HEAD)
        for row in range(2, 42):
            sheet.write_row(row, 1, [f"c{row % 7}", "2024-03-05", 10])
        sheet.write_formula(5, 3, "=NA()", None, "#N/A")
        sheet.write_formula(6, 1, "=A1", None, "#REF!")
        sheet.write_formula(7, 3, "=1/0", None, "#DIV/0!")
    return tmp_path / "f.xlsx"


def test_cells_in_error_are_kept_as_text_among_the_rows_set_aside(tmp_path):
    report = crmkit.check_transactions(errors_in_cells(tmp_path))
    aside = report.set_aside
    assert aside["line"].tolist() == [6, 7, 8]
    assert aside["reason"].tolist() == ["bad_amount", "missing_customer", "bad_amount"]
    assert ["#N/A" in aside["original"][0], "#REF!" in aside["original"][1]] == [True, True]
    assert "#DIV/0!" in aside["original"][2]
    assert (report.rows_used, report.amount_total) == (37, "370.00")


def test_the_rows_of_a_workbook_are_counted_by_a_reader_that_knows_no_cells(tmp_path, monkeypatch):
    path = errors_in_cells(tmp_path)
    assert crmkit.check_transactions(path).physical_lines == 41
    whole = files._sheet_rows
    # a reader of cells that loses the last row
    monkeypatch.setattr(files, "_sheet_rows", lambda *given: iter(list(whole(*given))[:-1]))
    lost = crmkit.check_transactions(path)
    assert [error["code"] for error in lost.errors] == ["records_lost"]


def test_empty_rows_of_a_workbook_are_no_records(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "f.xlsx") as book:
        sheet, grey = book.add_worksheet(), book.add_format({"bg_color": "gray"})
        sheet.write_row(0, 0, HEAD)
        for row in (1, 2, 3, 7):
            sheet.write_row(row, 0, ["a", "2024-03-05", 10])
        for row in (4, 5, 9, 10):
            sheet.write_blank(row, 0, None, grey)
        sheet.set_row(12, 30)
        sheet.write_formula(8, 2, "=B99", None, "")
    report = crmkit.check_transactions(tmp_path / "f.xlsx")
    assert (report.usable, report.physical_lines, report.rows_used) == (True, 5, 4)


def test_json_lines_are_counted_too_and_a_separator_inside_a_text_ends_none(tmp_path):
    record = json.dumps({"customer_id": "a\u2028b", "date": "2024-03-05", "amount": 2.5}, ensure_ascii=False)
    report = check(tmp_path, f"{record}\n\n{record}\n", name="f.jsonl")
    assert (report.physical_lines, report.rows_used, report.amount_total) == (2, 2, "5.00")


def test_lines_that_repeat_the_total_of_their_order_are_not_free_of_charge(tmp_path):
    head = ["order_id", *HEAD]
    rows = [[f"O{i // 3}", f"c{i // 3}", "2024-03-05", f"{10 + i // 3}.50"] for i in range(30)]
    rows = [[*row, f"P{place}"] for place, row in enumerate(rows)]
    report = check(tmp_path, csv_text([*head, "product_id"], rows), answers={"order_total": "once"})
    assert (report.zero_amount_rows, report.amount_total) == (0, "150.00")


def test_an_order_paid_in_equal_instalments_is_asked_about(tmp_path):
    head = ["order_id", "date", "customer_id", "amount", "本期已付"]
    rows = [[f"O{i}", f"2024-{m:02}-10", f"C{i}", 300, 100] for i in range(8) for m in (1, 2, 3)]
    report = check(tmp_path, csv_text(head, rows))
    totals = {one["id"]: one["amount_total"] for one in report.questions[0]["readings"]}
    assert totals == {"once": "2400.00", "lines": "2400.00", "as_it_stands": "7200.00"}
    single = [[f"O{i}", f"2024-{m:02}-10", f"C{i}", 300, 100] for i in range(8) for m in (1,)]
    assert check(tmp_path, csv_text(head, single)).usable


# ---- what a consultant found: 24 orders of 3,000.00, of which two (140.00) are no sales


def with_column(heading: str, usual: str, odd: str) -> str:
    rows = []
    for place in range(24):
        amount = 70 if place in (4, 15) else 130
        said = odd if place in (4, 15) else usual
        rows.append([f"O{place}", f"2024-{1 + place % 9:02d}-05", f"C{place % 6}", amount, heading and said])
    return csv_text(["Order", "Date", "Customer", "Amount", heading], rows)


@pytest.mark.parametrize(
    "heading, usual, odd, code",
    [
        ("Stage", "Won", "Lost", "status"),
        ("阶段", "赢单", "输单", "status"),
        ("Outcome", "Accepted", "Declined", "status"),
        ("Statut", "Payée", "Annulée", "status"),
        ("Status", "Bezahlt", "Storniert", "status"),
        ("ステータス", "完了", "キャンセル", "status"),
        ("备注", "", "已退款", "status"),
        ("Paid", "Yes", "No", "sale_flag"),
        ("Fulfilled", "yes", "no", "sale_flag"),
        ("Void", "", "X", "void_flag"),
        ("IsDeleted", "0", "1", "void_flag"),
        ("Test order", "", "true", "void_flag"),
        ("Type", "Sale", "Void", "no_sale"),
        ("Type", "Invoice", "Quote", "no_sale"),
        ("单据类型", "销售订单", "报价单", "no_sale"),
        ("红冲标志", "", "红冲", "return_flag"),
        ("结算状态", "已结算", "未结算", "status"),
        ("收款状态", "已收款", "坏账", "status"),
        ("订单状态", "订单完成", "订单取消", "status"),
        ("维权状态", "", "退款成功", "status"),
        ("订单状态", "已发货，待签收", "未发货，退款成功", "status"),
        ("有效标志", "1", "0", "sale_flag"),
        ("审核标志", "Y", "N", "sale_flag"),
        ("已取消", "", "√", "void_flag"),
        ("交易类型", "消费", "预授权", "no_sale"),
        # words that stand in no list, and give themselves away
        ("订单状态", "已完成", "买家撤单了", "status"),
        ("Status", "Completed", "Written off 2024", "status"),
        ("订单标记", "正常", "刷单", "status"),
        ("Is Closed Won", "true", "false", "sale_flag"),
        ("收款", "√", "", "sale_flag"),
        ("Paid", "2024-01-05", "", "paid_at"),
    ],
)
def test_what_may_be_no_sale_is_asked_about_in_whatever_words(tmp_path, heading, usual, odd, code):
    report = check(tmp_path, with_column(heading, usual, odd))
    (question,) = report.questions
    assert question["code"] == code
    assert "2860.00" in {reading["amount_total"] for reading in question["readings"]}
    # and where every row says the usual word, nothing is asked
    assert check(tmp_path, with_column(heading, usual, usual)).usable


@pytest.mark.parametrize(
    "heading, usual, odd, code",
    [
        ("备注", "", "测试订单", "words_of_returns"),
        ("Notes", "", "REFUNDED - see email", "words_of_returns"),
        ("Payment type", "Card", "Gift card", "other_rows"),
        ("Line type", "Product", "Shipping", "other_rows"),
        ("Item", "Green tea", "Freight", "other_rows"),
        ("项目", "住宿", "押金", "other_rows"),
        ("Status", "Alpha", "Beta", "unknown_states"),
    ],
)
def test_what_is_a_mere_suspicion_is_said(tmp_path, heading, usual, odd, code):
    report = check(tmp_path, with_column(heading, usual, odd))
    assert report.usable and code in codes(report)


@pytest.mark.parametrize(
    "heading, usual, odd",
    [
        ("Doc Type", "INV", "CRN"),
        ("单据类型", "销售单", "销退单"),
        ("账单类型", "外卖账单", "退单账单"),
    ],
)
def test_a_document_of_a_return_counts_against(tmp_path, heading, usual, odd):
    report = check(tmp_path, with_column(heading, usual, odd))
    assert (report.usable, report.amount_total) == (True, "2720.00")
    assert "document" in codes(report)


@pytest.mark.parametrize(
    "heading, usual, odd", [("Dr/Cr", "D", "C"), ("借贷方向", "贷", "借"), ("CR/DR", "CR", "DR")]
)
def test_which_side_of_an_account_is_subtracted_is_asked(tmp_path, heading, usual, odd):
    (question,) = check(tmp_path, with_column(heading, usual, odd)).questions
    totals = {reading["id"]: reading["amount_total"] for reading in question["readings"]}
    assert totals == {"negative_0": "2720.00", "negative_1": "-2720.00", "as_it_stands": "3000.00"}
    assert check(tmp_path, with_column(heading, usual, usual)).usable


@pytest.mark.parametrize("heading", ["+/-", "正负号"])
def test_a_sign_in_a_column_of_its_own_is_one(tmp_path, heading):
    report = check(tmp_path, with_column(heading, "+", "-"))
    assert (report.usable, report.amount_total, codes(report)) == (True, "2720.00", ["document"])


def test_two_ways_to_write_plus_are_no_return(tmp_path):
    report = check(tmp_path, with_column("Sign", "+", "1"))
    assert (report.usable, report.amount_total) == (True, "3000.00")


@pytest.mark.parametrize(
    "usual, other",
    [
        ("New", "Returning"),
        ("Completed", "Refundable"),
        ("Completed", "Cancellable"),
        ("已完成", "可退款"),
        ("Active", "Expiring soon"),
    ],
)
def test_a_word_that_only_sounds_like_a_loss_is_asked_about_by_nobody(tmp_path, usual, other):
    report = check(tmp_path, with_column("Status", usual, other))
    assert (report.usable, report.amount_total) == (True, "3000.00")


def test_at_a_payment_service_a_debit_may_count_against(tmp_path):
    (question,) = check(tmp_path, with_column("Balance Impact", "Credit", "Debit")).questions
    totals = {reading["id"]: reading["amount_total"] for reading in question["readings"]}
    assert totals == {"income": "2860.00", "expense": "140.00", "net": "2720.00", "as_it_stands": "3000.00"}


@pytest.mark.parametrize("heading", ["Card type", "Payment method", "支付方式"])
def test_a_credit_card_is_no_credit_note(tmp_path, heading):
    report = check(tmp_path, with_column(heading, "Debit", "Credit"))
    assert report.usable and not codes(report)


@pytest.mark.parametrize("word", ["小计", "本月合计", "Subtotal", "1月合计"])
def test_totals_among_the_products_are_known_by_their_sum(tmp_path, word):
    rows = [[f"c{i % 4}", f"2024-03-{1 + i:02d}", "茶", 10 + i] for i in range(12)]
    with_totals = [*rows[:6], ["c1", "2024-03-06", word, 75], *rows[6:], ["c1", "2024-03-12", word, 111]]
    report = check(tmp_path, csv_text([*HEAD[:2], "品名", HEAD[2]], with_totals))
    assert (report.usable, report.amount_total, codes(report)) == (True, "186.00", ["labelled_totals"])


@pytest.mark.parametrize(
    "words, total",
    [
        (("Balance brought forward", "Invoice"), "1110.00"),
        (("Payment received", "Invoice"), "1110.00"),
    ],
)
def test_a_ledger_with_its_movements_in_the_description_is_one_of_sales(tmp_path, words, total):
    rows = [[f"c{i % 4}", f"2024-03-{1 + i:02d}", words[1], 87 + i] for i in range(12)]
    rows += [[f"c{i}", "2024-03-20", words[0], 500] for i in range(3)]
    report = check(tmp_path, csv_text([*HEAD[:2], "Description", HEAD[2]], rows))
    assert report.usable and report.amount_total == total


@pytest.mark.parametrize("heading, odd", [("业务类型", "样品"), ("出库类型", "赠品出库")])
def test_samples_and_gifts_are_said(tmp_path, heading, odd):
    report = check(tmp_path, with_column(heading, "销售出库", odd))
    assert report.usable and "other_rows" in codes(report)


@pytest.mark.parametrize(
    "customer, day, amount",
    [
        ("Cliente", "Fecha", "Importe"),
        ("Código de cliente", "Data do pedido", "Valor (R$)"),
        ("Codice cliente", "Data fattura", "Importo"),
        ("Kundennummer", "Rechnungsdatum", "Gesamtbetrag"),
        ("Numéro client", "Date de commande", "Montant TTC"),
        ("Клиент", "Дата", "Сумма"),
        ("顧客番号", "注文日", "売上金額"),
        ("고객번호", "주문일", "금액"),
        ("用户昵称", "订单提交时间", "用户应付金额"),
        ("Account Name", "Close Date", "Amount"),
        ("MSISDN", "Call Start", "Charge"),
        ("Kundenr.", "Ordredato", "Beløb"),
        ("Kundnummer", "Orderdatum", "Belopp"),
        ("Asiakasnumero", "Tilauspäivä", "Summa"),
        ("Viðskiptavinur", "Dagsetning", "Upphæð"),
        ("Klantcode", "Besteldatum", "Bedrag incl. btw"),
        ("Kod kontrahenta", "Data sprzedaży", "Wartość brutto"),
        ("Číslo zákazníka", "Datum objednávky", "Částka"),
        ("Vevőkód", "Rendelés dátuma", "Összeg"),
        ("Cod client", "Data comenzii", "Sumă"),
        ("Клиентски номер", "Дата на поръчка", "Сума"),
        ("Код клієнта", "Дата замовлення", "Сума"),
        ("Шифра купца", "Датум", "Износ"),
        ("Κωδικός πελάτη", "Ημερομηνία", "Ποσό"),
        ("Müşteri Kodu", "Sipariş Tarihi", "KDV Dahil Tutar"),
        ("Šifra kupca", "Datum narudžbe", "Iznos"),
        ("Šifra stranke", "Datum naročila", "Znesek"),
        ("Kliento kodas", "Užsakymo data", "Suma"),
        ("Klienta kods", "Datums", "Summa"),
        ("Kliendi kood", "Kuupäev", "Summa"),
        ("Codi client", "Data comanda", "Import"),
        ("CPF do cliente", "Data da compra", "Valor pago"),
        ("Nº socio", "Fecha y hora", "Importe total"),
        ("Code client", "Date vente", "Total TTC"),
        ("رقم العميل", "تاريخ الطلب", "المبلغ"),
        ("מספר לקוח", "תאריך", "סכום"),
        ("کد مشتری", "تاریخ", "مبلغ"),
        ("ग्राहक आईडी", "दिनांक", "राशि"),
        ("รหัสลูกค้า", "วันที่", "จำนวนเงิน"),
        ("Mã khách hàng", "Ngày đặt hàng", "Số tiền"),
        ("ID Pelanggan", "Tanggal Pesanan", "Jumlah"),
        ("Mteja", "Tarehe", "Kiasi"),
        ("お客様名", "来店日", "売上合計"),
        ("거래처", "판매일자", "총 결제금액"),
        ("会员手机", "结账时间", "实收合计"),
        ("Sold-to party", "Document date", "Net value"),
        ("Constituent ID", "Gift Date", "Gift Amount"),
        ("t.member_id", "t.create_time", "sum(t.pay_amount)"),
        ("客户[客户ID]", "订单[日期]", "[销售额总和]"),
        ("Customer Id", "Day of Order Date", "SUM(Sales)"),
        ("dim_customer_sk", "dim_date_sk", "net_sales_amt"),
        ("kehu", "riqi", "jine"),
    ],
)
def test_headings_of_other_languages_and_systems_are_known(tmp_path, customer, day, amount):
    rows = [[f"k{i % 4}", f"2024-03-{10 + i:02d}", 10 + i] for i in range(12)]
    report = check(tmp_path, csv_text([customer, day, amount], rows))
    assert (report.usable, report.customers, report.amount_total) == (True, 4, "186.00")


NEEDED = ("customer_id", "date", "amount", "order_id", "quantity", "unit_price", "product_id")


def test_a_heading_means_one_column_and_is_written_composed():
    known = [(name, form) for name in NEEDED for form in vocabulary()[name]]
    assert {name for name, form in known if form != plain(form)} == set()
    twice = [form for form, count in Counter(form for _, form in known).items() if count > 1]
    assert twice == []
    raw = (Path(files.__file__).parent / "headers.toml").read_text(encoding="utf-8")
    assert raw == unicodedata.normalize("NFC", raw)


def repeated(table: dict) -> list[str]:
    """The words that stand twice in one list of a table of lists, however deep."""
    found = []
    for held in table.values():
        if isinstance(held, dict):
            found += repeated(held)
        elif isinstance(held, list):
            found += [word for word, count in Counter(map(str, held)).items() if count > 1]
    return found


@pytest.mark.parametrize("name", ["headers", "meanings", "writing"])
def test_no_word_stands_twice_in_a_list(name):
    lists = (Path(files.__file__).parent / f"{name}.toml").read_text(encoding="utf-8")
    assert repeated(tomllib.loads(lists)) == []


@pytest.mark.parametrize("written", ["Müşteri", "المبلغ", "Částka", "お客様名", "날짜"])
def test_a_heading_is_known_in_either_form_of_its_letters(written):
    forms = [header_forms(unicodedata.normalize(form, written))[0] for form in ("NFC", "NFD", "NFKC")]
    assert any(key in vocabulary()[name] for key in forms[0] for name in NEEDED)
    assert forms[0] == forms[1] == forms[2]


@pytest.mark.parametrize("heading", ["Ship.Date", "Amount (Date)", "Sum (EUR)", "Amount [EUR]", "Pick up"])
def test_what_stands_around_a_heading_is_left_off_only_where_a_system_wrote_it(heading):
    assert not any(key in vocabulary()["date"] for key in header_forms(heading)[0])


THOUSANDS = [
    *("Umsatz (TEUR)", "Amount (kUSD)", "金额（千元）", "Umsatz (T€)", "Umsatz in TEUR", "Umsatz in Tsd. €"),
    *("Umsatz in Tausend Euro", "Amount in thousands", "Montant en milliers d'euros", "Importe (miles €)"),
    *("Importe (en miles de euros)", "Importo (migliaia €)", "Bedrag (x 1.000)", "Sales (in 1,000 USD)"),
    *(
        "금액(천원)",
        "Сумма, тыс. руб.",
        "Сумма (тыс.)",
        "Kwota (tys. zł)",
        "Belopp (tkr)",
        "Částka (tis. Kč)",
    ),
    *("Σύνολο (k€)", "金额 单位：千元", "AmountInThousands"),
]
OTHER_UNITS = {
    **dict.fromkeys(("Umsatz (Mio. €)", "Amount ($M)", "Kwota (mln zł)", "金额(百万)"), 1_000_000),
    **dict.fromkeys(("Umsatz (Mrd. €)", "Amount (USD bn)", "Сумма (млрд руб.)"), 1_000_000_000),
    **dict.fromkeys(("금액(만원)", "金额/万元"), 10_000),
    **dict.fromkeys(
        ("Amount in pence", "Betrag (Cent)", "AmountInCents", "Total (minor units)"), Decimal("0.01")
    ),
    **dict.fromkeys(("Umsatz in €", "AmountEUR", "Montant en euros", "Сумма, руб.", "Amount (in USD)"), 1),
    **dict.fromkeys(("Amount (EFT)", "Amount (CR)", "Amount (incl. VAT)", "金额（含税）"), 1),
}


@pytest.mark.parametrize(
    ("heading", "factor"), [*((heading, 1000) for heading in THOUSANDS), *OTHER_UNITS.items()]
)
def test_a_unit_in_a_heading_multiplies_and_what_is_none_does_not(tmp_path, heading, factor):
    rows = [[f"k{i % 4}", f"2024-03-{10 + i:02d}", 100 + i] for i in range(12)]
    text = csv_text([*HEAD[:2], heading], rows)
    report = check(tmp_path, text)
    if report.questions:  # a heading in a language that is not known
        report = check(tmp_path, text, answers={"column_amount": "column_3"})
    assert (report.usable, report.amount_total) == (True, f"{1266 * Decimal(factor):.2f}")
    assert ("multiplied" in codes(report)) == (factor != 1)


@pytest.mark.parametrize("heading", ["Total miles", "TotalMiles", "Price M", "Sales ct"])
def test_a_word_that_is_a_unit_only_in_brackets_makes_no_amount(tmp_path, heading):
    rows = [[f"k{i % 4}", f"2024-03-{10 + i:02d}", 10 + i, 5 + i] for i in range(12)]
    report = check(tmp_path, csv_text([*HEAD, heading], rows))
    assert (report.mapping["amount"], report.amount_total) == ("amount", "186.00")


def test_a_remark_that_denies_a_return_is_none(tmp_path):
    assert "words_of_returns" not in codes(check(tmp_path, with_column("Notes", "", "not refunded")))
    assert "words_of_returns" not in codes(check(tmp_path, with_column("备注", "", "客户未退货")))


@pytest.mark.parametrize("odd", ["SUCCESS", "REFUND"])
def test_refunds_in_rows_of_their_own_are_subtracted(tmp_path, odd):
    head = ["商户订单号", "交易时间", "用户标识", "交易状态", "订单金额", "退款金额"]
    rows = [[f"M{i}", "2024-01-05", f"U{i % 4}", "SUCCESS", 100 + i, 0] for i in range(12)]
    rows.append(["M3", "2024-01-06", "U3", odd, 0, 20])
    report = check(tmp_path, csv_text(head, rows))
    assert (report.usable, report.amount_total) == (True, "1246.00")
    assert "refund_rows" in codes(report)


@pytest.mark.parametrize(
    "id_",
    [
        "noreply@shop.com",
        "none@none.com",
        "13800138000",
        "0",
        "99999999",
        "其他",
        "Web customer",
        "POS默认会员",
        "Amazon Customer",
    ],
)
def test_an_id_that_stands_for_anybody_is_asked_about(tmp_path, id_):
    rows = [[id_ if i % 3 == 0 else f"{20 + i % 7}", f"2024-03-{1 + i % 28:02d}", 1.5 + i] for i in range(28)]
    (question,) = check(tmp_path, csv_text(HEAD, rows)).questions
    assert question["code"] == "nobody"


def test_one_id_with_a_third_of_all_rows_is_said(tmp_path):
    rows = [
        ["77" if i % 3 == 0 else f"{20 + i % 7}", f"2024-03-{1 + i % 28:02d}", 1.5 + i] for i in range(28)
    ]
    assert "one_customer" in codes(check(tmp_path, csv_text(HEAD, rows)))


@pytest.mark.parametrize(
    "heading",
    [
        "Refund",
        "Returned",
        "全部商品已退款金额",
        "售后退款金额",
        "返金額",
        "Remboursement",
        "Chargeback",
        "退款合计",
    ],
)
def test_a_column_of_refunds_is_one_whatever_it_is_called(tmp_path, heading):
    (question,) = check(tmp_path, with_column(heading, "0", "45.00")).questions
    assert question["code"] == "refund"
    assert question["readings"][0]["amount_total"] == "2910.00"
    assert check(tmp_path, with_column(heading, "0", "0")).usable


@pytest.mark.parametrize("heading", ["退款原因", "退货率", "Refund reason", "退款状态说明", "Return rate"])
def test_what_dates_counts_or_explains_refunds_is_no_column_of_them(tmp_path, heading):
    report = check(tmp_path, with_column(heading, "0", "45"))
    assert "refund" not in [question["code"] for question in report.questions]


@pytest.mark.parametrize(
    "heading, usual, odd, code",
    [
        ("deleted_at", "", "2024-05-01", "cancelled_at"),
        ("退款时间", "", "2024-05-01", "cancelled_at"),
        ("Paid at", "2024-05-01", "", "paid_at"),
    ],
)
def test_times_that_some_orders_only_have_are_asked_about(tmp_path, heading, usual, odd, code):
    (question,) = check(tmp_path, with_column(heading, usual, odd)).questions
    assert (question["code"], question["readings"][0]["amount_total"]) == (code, "2860.00")


def test_a_reading_that_leaves_out_most_is_not_called_usual(tmp_path):
    (question,) = check(tmp_path, with_column("Sale status", "Draft", "Shipped")).questions
    assert [(r["id"], r["amount_total"]) for r in question["readings"]][0] == ("only_Draft", "2860.00")


def test_a_negative_quantity_beside_a_positive_amount_is_asked_about(tmp_path):
    (question,) = check(tmp_path, with_column("Qty", "1", "-1")).questions
    assert [r["amount_total"] for r in question["readings"]] == ["2720.00", "3000.00"]


def test_a_file_that_was_pasted_twice_is_asked_about_and_two_of_a_thing_are_not(tmp_path):
    head, rows = ["Order", *HEAD], [[f"O{i}", f"c{i % 5}", "2024-03-05", 10 + i] for i in range(20)]
    (question,) = check(tmp_path, csv_text(head, [*rows, *rows])).questions
    assert [r["amount_total"] for r in question["readings"]] == ["390.00", "780.00"]
    assert check(tmp_path, csv_text(head, [*rows, *rows]), mapping={"drop_duplicates": True}).rows_used == 20
    assert not check(tmp_path, csv_text(head, [*rows, rows[0]])).usable  # every order has one row
    lines = [[row[0], row[1], row[2], 50 + row[3] % 7] for row in rows]
    assert check(tmp_path, csv_text(head, [*rows, *lines, lines[0], lines[1]])).usable


def test_months_that_overlap_are_asked_about(tmp_path):
    head, rows = ["Order", *HEAD], [[f"O{i}", f"c{i % 5}", "2024-03-05", 10 + i] for i in range(40)]
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("a.csv", csv_text(head, rows[:22]))
        archive.writestr("b.csv", csv_text(head, rows[18:]))
    (question,) = crmkit.check_transactions(tmp_path / "f.zip").questions
    assert (question["code"], question["rows"]) == ("copies", 4)


def sheets(tmp_path, **named) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "f.xlsx") as book:
        for name, rows in named.items():
            sheet = book.add_worksheet(name.removeprefix("hidden_"))
            sheet.write_row(0, 0, ["order_id", *HEAD])
            for place, row in enumerate(rows, 1):
                sheet.write_row(place, 0, row)
            if name.startswith("hidden_"):
                sheet.hide()
    return tmp_path / "f.xlsx"


def test_a_sheet_of_returns_is_asked_about(tmp_path):
    sold = [[f"O{i}", f"c{i % 5}", "2024-03-05", 10] for i in range(12)]
    path = sheets(tmp_path, 订单=sold, 退货=[["R1", "c1", "2024-03-06", 10]])
    (question,) = crmkit.check_transactions(path).questions
    assert [r["amount_total"] for r in question["readings"]] == ["110.00", "130.00"]
    assert crmkit.check_transactions(path, mapping={"negative_parts": ["退货"]}).amount_total == "110.00"


def test_a_hidden_sheet_that_is_not_read_is_said(tmp_path):
    sold = [[f"O{i}", f"c{i % 5}", "2024-03-05", 10] for i in range(12)]
    report = crmkit.check_transactions(sheets(tmp_path, a=sold, hidden_b=sold))
    assert (report.amount_total, codes(report)) == ("120.00", ["hidden_sheets"])


def test_subtotals_with_a_date_are_told_by_label_and_sum(tmp_path):
    rows, total = [], 0
    for customer in range(4):
        for day in range(1, 6):
            rows.append([f"客户{customer}", f"2024-03-0{day}", 10 * customer + day])
        rows.append([f"客户{customer} 小计", "2024-03-31", 50 * customer + 15])
        total += 50 * customer + 15
    report = check(tmp_path, csv_text(HEAD, rows))
    assert (report.amount_total, report.customers) == (f"{total}.00", 4)
    assert "labelled_totals" in codes(report)


@pytest.mark.parametrize(
    "rows, code",
    [
        ([[f"c{i % 5}", "2024-03-05", -10 - i] for i in range(12)], "all_negative"),
        ([[f"c{i % 5}", "2024-03-05", 0] for i in range(12)], "all_zero"),
        ([["me", f"2024-03-{1 + i:02d}", 10 + i] for i in range(12)], "only_customer"),
        ([*[[f"c{i % 5}", "2024-03-05", 10] for i in range(12)], ["合计", "", 150]], "total_differs"),
        (
            [["c1", "1970-01-01 08:00:00", 5]] * 2 + [[f"c{i % 5}", "2024-03-05", 10 + i] for i in range(12)],
            "date_placeholders",
        ),
    ],
)
def test_what_hardly_can_be_right_is_said(tmp_path, rows, code):
    assert code in codes(check(tmp_path, csv_text(HEAD, rows)))


def test_a_totals_line_that_agrees_is_not_remarked_on(tmp_path):
    rows = [*[[f"c{i % 5}", "2024-03-05", 10] for i in range(12)], ["合计", "", 120]]
    assert codes(check(tmp_path, csv_text(HEAD, rows))) == []


@pytest.mark.parametrize("heading, total", [("Revenue (k€)", "60000.00"), ("Revenue ($m)", "60000000.00")])
def test_a_unit_of_currency_and_factor_is_read(tmp_path, heading, total):
    rows = [[f"c{i % 5}", "2024-03-05", 5] for i in range(12)]
    assert check(tmp_path, csv_text(["Customer", "Date", heading], rows)).amount_total == total


def test_a_column_that_says_元_or_万元_is_taken_row_by_row(tmp_path):
    rows = [[f"c{i % 5}", "2024-03-05", 5, "万元" if i else "元"] for i in range(12)]
    report = check(tmp_path, csv_text([*HEAD, "单位"], rows))
    assert (report.amount_total, codes(report)) == ("550005.00", ["unit_column"])
    goods = [[f"c{i % 5}", "2024-03-05", 5, "件" if i else "箱"] for i in range(12)]
    assert check(tmp_path, csv_text([*HEAD, "单位"], goods)).amount_total == "60.00"


def test_an_empty_column_of_dates_gives_way_to_one_that_holds_them(tmp_path):
    rows = [[f"c{i % 5}", "", f"2024-03-{1 + i:02d}", 5 + i] for i in range(12)]
    report = check(tmp_path, csv_text(["客户编号", "下单时间", "创建时间", "金额"], rows))
    assert (report.usable, report.first_date, codes(report)) == (True, "2024-03-01", ["empty_dates"])


def test_a_percentage_is_not_money(tmp_path):
    rows = [[f"c{i % 5}", f"2024-03-{1 + i:02d}", 2, 50 + i, 10] for i in range(12)]
    (question,) = check(
        tmp_path, csv_text(["客户编号", "日期", "数量", "单价", "Discount %"], rows)
    ).questions
    assert (question["readings"][0]["id"], question["readings"][0]["amount_total"]) == ("off", "1198.80")
