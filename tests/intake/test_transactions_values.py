"""Single values and whole columns: dates, amounts, ids, headers, encodings, mapping files,
and laws that hold for any table.
"""

import csv
import io
import json
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.intake.reading.amounts import take_apart
from crmkit.intake.reading.columns import Mapping, find_header, recognise
from crmkit.intake.reading.dates import DateReader
from crmkit.intake.reading.rows import customer_text


def check(tmp_path, text, *, encoding="utf-8", name="f.csv", **how):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return crmkit.check_transactions(path, **how)


def three(rows) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows([["customer_id", "date", "amount"], *rows])
    return stream.getvalue()


DAY = datetime(2024, 3, 5)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05",
        "2024/3/5",
        "2024.3.5",
        "2024-3-5",
        "20240305",
        "2024年3月5日",
        "2024年03月05日 星期二",
        "5 March 2024",
        "Mar 5, 2024",
        "March 5th, 2024",
        "05-Mar-24",
        "Tue, 5 Mar 2024",
        "45356",
        45356,
        45356.0,
        date(2024, 3, 5),
        DAY,
        "２０２４／３／５",
        " 2024-03-05\t",
        '="2024-03-05"',
        "24年3月5日",
        20240305,
        "2024-03-05T00:00:00Z",
        "2024-03-05 00:00:00.000",
        "2024年3月5日0时0分",
    ],
)
def test_every_way_of_writing_the_same_day(text):
    assert DateReader().read(text) == DAY


@pytest.mark.parametrize(
    "text, hour",
    [
        ("2024-03-05 15:04", 15),
        ("2024年3月5日 下午3:04", 15),
        ("2024/3/5 上午12:04", 0),
        ("Mar 5 2024 3:04 PM", 15),
        ("20240305150405", 15),
        ("2024-03-05T23:04:00+08:00", 23),
        ("2024-03-05T01:04:00-0500", 1),
        ("2024年3月5日15时04分", 15),
        ("45356.6278", 15),
    ],
)
def test_the_clock_is_kept_as_written(text, hour):
    assert DateReader().read(text).replace(minute=0, second=0) == datetime(2024, 3, 5, hour)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "合计",
        "2024-02-30",
        "2024-13-01",
        "0000-00-00",
        "9999-12-31",
        "1900-01-00",
        "31/04/2024",
        "45/13/2024",
        "########",
        "12",
        "3.5",
        "2024",
        None,
        float("nan"),
        True,
        "2024-03-05 25:00",
    ],
)
def test_what_is_no_day_is_not_read(text):
    assert DateReader().read(text) is None


def test_offsets_are_converted_only_when_the_mapping_names_a_time_zone(tmp_path):
    text = three([["a", "2024-01-01T00:30:00+08:00", "1"]])
    assert check(tmp_path, text).first_date == "2024-01-01"
    assert check(tmp_path, text, mapping={"time_zone": "UTC"}).first_date == "2023-12-31"


@pytest.mark.parametrize(
    "dates, expected",
    [
        (["03/04/2024", "25/04/2024"], "2024-04-03"),
        (["03/04/2024", "04/25/2024"], "2024-03-04"),
        (["3-4-24", "25-4-24"], "2024-04-03"),
        (["03.04.2024 10:00", "25.04.2024 11:30"], "2024-04-03"),
        (["05/05/2024", "06/06/2024"], "2024-05-05"),
        (["45/13/2024", "03/04/2024", "25/04/2024"], "2024-04-03"),
        (["31/04/2024", "03/04/2024", "04/25/2024"], "2024-03-04"),
    ],
)
def test_day_and_month_are_told_apart_by_the_whole_column(tmp_path, dates, expected):
    assert check(tmp_path, three([["a", d, "1"] for d in dates])).first_date == expected


@pytest.mark.parametrize(
    "dates",
    [
        ["03/04/2024", "11/12/2024"],
        ["2024-05-25", "03/04/2024"],
        ["25/03/2024", "03/25/2024"],
        ["24/03/05", "24/03/25"],
    ],
)
def test_a_column_that_can_be_read_in_two_ways_is_refused_and_the_mapping_settles_it(tmp_path, dates):
    text = three([["a", d, "1"] for d in dates])
    report = check(tmp_path, text)
    assert [e["code"] for e in report.errors] == ["ambiguous_dates"]
    error = report.errors[0]
    assert (
        error["value"] in dates
        and error["column"] == "date"
        and error["row"] == 2 + dates.index(error["value"])
    )
    assert "date_format" in error["message_zh"] and "date_format" in error["message_en"]
    assert check(tmp_path, text, mapping={"date_format": "dmy"}).usable


@settings(max_examples=60)
@given(
    st.lists(st.dates(date(1990, 1, 1), date(2030, 12, 31)), min_size=1, max_size=30),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]),
)
def test_a_column_is_never_read_wrongly_only_rightly_or_not_at_all(days, style):
    frame = pd.DataFrame({"customer_id": "a", "date": [d.strftime(style) for d in days], "amount": 1})
    report = crmkit.check_transactions(frame)
    if report.usable:
        assert [d.date() for d in report.transactions["date"]] == days
    else:
        asked = {error["code"] for error in report.errors}
        assert asked <= {"ambiguous_dates", "date_outliers"}
        assert all(d.day <= 12 for d in days) or asked == {"date_outliers"}


@pytest.mark.parametrize(
    "text, value",
    [
        ("1,234.56", "1234.56"),
        ("¥1,234", "1234"),
        ("￥ 12.5 ", "12.5"),
        ("HK$12", "12"),
        ("12.5元", "12.5"),
        ("RMB 12", "12"),
        ("12 USD", "12"),
        ("(12.50)", "-12.50"),
        ("$(12)", "-12"),
        ("-$5", "-5"),
        ("12.5-", "-12.5"),
        ("−7", "-7"),
        ("１，２３４．５", "1234.5"),
        ("1.2万", "12000"),
        ("3亿元", "300000000"),
        ("1.2E+05", "120000"),
        ("1'234.50", "1234.50"),
        ("1 234.50", "1234.50"),
        ("1,23,456.7", "123456.7"),
        (".5", "0.5"),
        ("+5", "5"),
        (1.1, "1.1"),
        (0.1 + 0.2, "0.3"),
        (7, "7"),
        (Decimal("2.5"), "2.5"),
        ("'12", "12"),
        ("1,234,567", "1234567"),
        ("（３）", "-3"),
    ],
)
def test_every_way_of_writing_an_amount(text, value):
    assert take_apart(text).value(".") == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "—",
        "N/A",
        "nan",
        "inf",
        "abc",
        "12%",
        "1,2,3",
        "12,5",
        "1.2.3",
        "--5",
        "(-5)-",
        "12 34",
        "0,234",
        "共5",
        True,
        None,
        float("nan"),
        float("inf"),
        "5;6",
    ],
)
def test_what_is_no_amount_is_not_guessed(text):
    parts = take_apart(text)
    assert parts is None or parts.value(".") is None


@pytest.mark.parametrize(
    "amounts, total",
    [
        (["1,50", "1.234"], "1235.50"),
        (["1.50", "1,234"], "1235.50"),
        (["1,234", "2,000"], "3234.00"),
        (["1.234,56", "7"], "1241.56"),
        (["1.005", "-1.005", "2.675"], "2.68"),
        (["1,5", "2,5", "3.50"], "4.00"),
    ],
)
def test_the_decimal_mark_is_the_whole_columns(tmp_path, amounts, total):
    assert check(tmp_path, three([["a", "2024-03-05", a] for a in amounts])).amount_total == total


@settings(max_examples=60)
@given(
    st.lists(st.decimals(-(10**7), 10**7, places=2), min_size=2, max_size=30),
    st.sampled_from([("", "."), (",", "."), (".", ","), (" ", ","), ("'", "."), ("", ",")]),
    st.sampled_from(["{}", "¥{}", "{} 元", "{}"]),
)
def test_amounts_come_back_exactly_however_they_are_punctuated(amounts, marks, dress):
    written = []
    for a in amounts:
        whole, point, cents = f"{a:,.2f}".partition(".")
        written.append(dress.format(whole.replace(",", marks[0]) + marks[1] + cents))
    frame = pd.DataFrame({"customer_id": "a", "date": "2024-03-05", "amount": written})
    assert crmkit.check_transactions(frame).amount_total == str(
        sum(amounts, Decimal("0.00")).quantize(Decimal("0.01"))
    )


CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "合计",
            "Total",
            "2024-03-05",
            "25/03/2024",
            "1,5",
            "12.50",
            "￥3",
            "nan",
            "",
            "\n",
            '"',
            "a,b",
            "9" * 30,
            "$1",
            "€1",
        ]
    ),
)


@settings(max_examples=150)
@given(st.lists(st.lists(CELL, min_size=0, max_size=6), max_size=25), st.booleans())
def test_rows_in_are_rows_used_and_rows_set_aside_whatever_stands_in_the_file(tmp_path_factory, rows, drop):
    path = tmp_path_factory.mktemp("any") / "f.csv"
    text = three(rows).encode("utf-8", "surrogatepass")
    path.write_bytes(text)
    report = crmkit.check_transactions(path, drop_duplicates=drop)
    assert report.rows_in == report.rows_used + report.rows_set_aside
    assert sum(report.reasons.values()) == report.rows_set_aside
    assert report.set_aside is None or len(report.set_aside) == report.rows_set_aside
    assert report.usable == (not report.errors)
    json.loads(report.to_json())


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(-50, 50)), min_size=1, max_size=30))
def test_duplicates_are_counted_or_dropped_and_money_tells_the_difference(rows):
    frame = pd.DataFrame(
        {"customer_id": [c for c, _ in rows], "date": "2024-03-05", "amount": [a for _, a in rows]}
    )
    kept, dropped = crmkit.check_transactions(frame), crmkit.check_transactions(frame, drop_duplicates=True)
    assert kept.duplicate_rows == dropped.reasons["duplicate"] == len(rows) - len(set(rows))
    assert Decimal(dropped.amount_total) == sum(a for _, a in set(rows))
    assert dropped.duplicate_rows == 0


@pytest.mark.parametrize(
    "value, text",
    [
        ("00123", "00123"),
        (" 00123\u3000", "00123"),
        (12345.0, "12345"),
        (12345, "12345"),
        ('="007"', "007"),
        ("'007", "007"),
        ("", None),
        ("-", None),
        ("—", None),
        ("NULL", None),
        ("N/A", None),
        ("nan", None),
        (None, None),
        (float("nan"), None),
        ("TOTAL01", "TOTAL01"),
        ("0", "0"),
        (Decimal("5.0"), "5"),
        ("张三", "张三"),
    ],
)
def test_customer_ids_stay_text(value, text):
    assert customer_text(value) == text


def test_ids_that_pandas_made_floats_lose_their_point_only_when_all_are_whole(tmp_path):
    both = check(tmp_path, three([["17850.0", "2024-03-05", "1"], ["17850", "2024-03-05", "1"]]))
    assert both.customers == 1
    versions = check(tmp_path, three([["1.0", "2024-03-05", "1"], ["1.5", "2024-03-05", "1"]]))
    assert versions.transactions["customer_id"].tolist() == ["1.0", "1.5"]


def test_lossy_ids_are_warned_of(tmp_path):
    codes = {
        text: [note["code"] for note in check(tmp_path, three([[text, "2024-03-05", "1"]])).notes]
        for text in ("1.23E+10", "3e12")
    }
    assert codes == {"1.23E+10": ["scientific_ids"], "3e12": []}  # the second is how somebody calls himself


HEADERS = [
    (["客户编号", "订单日期", "实付金额"], ["客户编号", "订单日期", "实付金额"]),
    (["会员ID", "下单时间", "订单金额", "实付金额"], ["会员ID", "下单时间", "实付金额"]),
    (
        ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"],
        ["Customer ID", "InvoiceDate", None],
    ),
    (
        [
            "Row ID",
            "Order ID",
            "Order Date",
            "Ship Date",
            "Customer ID",
            "Customer Name",
            "Product ID",
            "Sales",
            "Quantity",
            "Discount",
            "Profit",
        ],
        ["Customer ID", "Order Date", "Sales"],
    ),
    (
        ["household_id", "store_id", "basket_id", "sales_value", "transaction_timestamp"],
        ["household_id", "transaction_timestamp", "sales_value"],
    ),
    (
        ["订单编号", "买家会员名", "买家实际支付金额", "订单创建时间", "订单付款时间"],
        ["买家会员名", "订单创建时间", "买家实际支付金额"],
    ),
    (
        ["ＣＵＳＴＯＭＥＲ＿ＩＤ", " Order  Date ", "amount_usd"],
        ["ＣＵＳＴＯＭＥＲ＿ＩＤ", "Order  Date", "amount_usd"],
    ),
    (
        ["客户编号 Customer ID", "成交日期/Date", "销售额（万元）"],
        ["客户编号 Customer ID", "成交日期/Date", "销售额（万元）"],
    ),
    (["會員編號", "交易時間", "實付金額"], ["會員編號", "交易時間", "實付金額"]),
    (
        ["Customer Name", "CustomerID", "Date", "Unit Price", "Total Price"],
        ["CustomerID", "Date", "Total Price"],
    ),
    (["card no.", "日期", "Price"], ["card no.", "日期", "Price"]),
]


@pytest.mark.parametrize("names, wanted", HEADERS)
def test_headers_of_well_known_exports_are_recognised(names, wanted):
    header = recognise(names, Mapping())
    assert [
        header.names[header.found[c]] if c in header.found else None
        for c in ("customer_id", "date", "amount")
    ] == wanted
    assert not header.missing


def test_a_title_that_mentions_dates_is_no_header():
    rows = [
        ["2024 年销售明细 日期"],
        ["制表日期", "2024-12-31"],
        ["客户编号", "日期", "金额"],
        ["a", "2024-03-05", "5"],
    ]
    assert find_header(rows, Mapping()).row == 2


@pytest.mark.parametrize(
    "mapping, code",
    [
        ({"colums": {}}, "mapping_key"),
        ({"columns": {"client": "x"}}, "mapping_key"),
        ({"columns": {"amount": "nope"}}, "mapping_column"),
        ({"date_format": "european"}, "mapping_value"),
        ({"decimal": "comma"}, "mapping_value"),
        ({"encoding": "klingon"}, "mapping_value"),
        ({"time_zone": "Mars/Base"}, "mapping_value"),
        ("no/such/file.toml", "mapping_unreadable"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_is_allowed(tmp_path, mapping, code):
    report = check(tmp_path, three([["a", "2024-03-05", "1"]]), mapping=mapping)
    assert [e["code"] for e in report.errors] == [code]
    with pytest.raises(CrmkitError) as caught:
        crmkit.read_transactions(tmp_path / "f.csv", mapping=mapping)
    assert caught.value.report.rows_in == report.rows_in


def test_a_mapping_file_names_unknown_columns_and_a_file_without_header(tmp_path):
    (tmp_path / "m.toml").write_text(
        'header_row = 0\ndelimiter = ";"\n[columns]\ncustomer_id = 1\ndate = 3\namount = 2\n',
        encoding="utf-8",
    )
    report = check(tmp_path, "a;5;2024-03-05\nb;6;2024-03-06\n", mapping=tmp_path / "m.toml")
    assert (report.rows_used, report.amount_total) == (2, "11.00")
    assert (
        check(tmp_path, "kunde,date,amount\na,2024-03-05,1\n", mapping={"customer_id": "Kunde"}).mapping[
            "customer_id"
        ]
        == "kunde"
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_simplified_chinese_in_every_encoding(tmp_path, encoding):
    report = check(tmp_path, "客户编号,日期,金额\n王小明,2024-03-05,5\n", encoding=encoding)
    assert report.transactions["customer_id"].tolist() == ["王小明"]
    assert report.encoding == {"gbk": "gb18030", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(
        encoding, encoding
    )


@pytest.mark.parametrize(
    "names, encoding",
    [
        ("王小明李芳张伟", "gbk"),
        ("陳怡君林志豪黃淑芬", "big5"),
        ("Amélie Zoë", "cp1252"),
        ("陳怡君林志豪", "gbk"),
    ],
)
def test_a_handful_of_names_is_enough_to_tell_the_encoding(tmp_path, names, encoding):
    report = check(tmp_path, three([[names, "2024-03-05", "5"]]), encoding=encoding)
    assert report.transactions["customer_id"].tolist() == [names]


def test_currencies(tmp_path):
    def currencies(*amounts):
        return check(tmp_path, three([["a", "2024-03-05", a] for a in amounts]))

    assert currencies("￥5", "¥6", "RMB 7", "8元", "9").currency == "CNY"
    assert currencies("$5", "USD 6", "US$7").currency == "USD"
    assert currencies("¥1200", "1500円").currency == "JPY"
    assert [e["code"] for e in currencies("$5", "HK$6").errors] == ["mixed_currency"]
    refused = currencies("$5", "€6").errors[0]
    assert (refused["code"], refused["row"], refused["value"]) == ("mixed_currency", 3, "€6")


def test_set_aside_rows_keep_line_and_original_text_even_after_quoted_newlines(tmp_path):
    report = check(
        tmp_path,
        'customer_id,date,amount,memo\r\na,2024-03-05,5,"two\r\nlines"\r\n"b",never,"6,0","x\r\ny"\r\n,2024-03-05,7,\r\n',
    )
    assert report.set_aside.values.tolist() == [
        [4, "bad_date", '"b",never,"6,0","x\r\ny"'],
        [6, "missing_customer", ",2024-03-05,7,"],
    ]


def test_a_quote_that_nobody_closes_costs_no_row(tmp_path):
    report = check(tmp_path, three([["a", "2024-03-05", 1]]) + '"b,2024-03-06,2\nc,2024-03-07,4\n')
    assert (report.rows_used, report.amount_total) == (3, "7.00")


def test_input_frame_is_untouched_and_typed_columns_are_kept():
    frame = pd.DataFrame(
        {
            "customer_id": ["b", "a"],
            "date": pd.to_datetime(["2024-03-06 10:00", "2024-03-05 00:00"]),
            "amount": [1.5, -2.0],
            "channel": ["x", None],
        }
    )
    before = frame.copy(deep=True)
    out = crmkit.read_transactions(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert (
        out["date"].tolist() == frame["date"].tolist()
        and out["amount"].tolist() == [1.5, -2.0]
        and out["customer_id"].tolist() == ["b", "a"]
    )
    assert out["channel"].isna().tolist() == [False, True]


def test_other_frames_read_like_pandas():
    import polars
    import pyarrow

    frame = pd.DataFrame({"会员ID": ["a", "b"], "日期": ["2024-03-05", "2024-03-06"], "金额": ["1.5", "2"]})
    for other in (polars.from_pandas(frame), pyarrow.Table.from_pandas(frame), frame.set_index("会员ID")):
        assert crmkit.check_transactions(other).amount_total == "3.50"


def test_monthly_sheets_with_the_same_columns_are_added_up_and_named(tmp_path):
    from messy import workbook

    head, path = ["客户编号", "日期", "金额"], tmp_path / "f.xlsx"
    sheets = {
        "一月": [head, ["a", date(2024, 1, 5), 5]],
        "二月": [head, ["a", date(2024, 2, 5), 7], ["合计", "", 7]],
    }
    workbook(path, sheets)
    report = crmkit.check_transactions(path)
    assert (report.usable, report.rows_in, report.amount_total) == (True, 3, "12.00")
    assert [(part["name"], part["rows"]) for part in report.parts] == [("一月", 1), ("二月", 2)]
    assert report.set_aside[["part", "line", "reason"]].values.tolist() == [["二月", 3, "total_row"]]
    assert crmkit.check_transactions(path, sheet="二月").amount_total == "7.00"
    assert crmkit.check_transactions(path, mapping={"sheet": "一月"}).amount_total == "5.00"
    assert crmkit.check_transactions(path, sheet="三月").errors[0]["code"] == "unknown_sheet"


def test_sheets_with_other_columns_are_asked_about(tmp_path):
    from messy import workbook

    sheets = {
        "明细": [["客户编号", "日期", "金额"], ["a", date(2024, 3, 5), 5]],
        "门店": [["客户编号", "日期", "金额", "门店"], ["a", date(2024, 3, 5), 6, "x"]],
    }
    workbook(tmp_path / "f.xlsx", sheets)
    report = crmkit.check_transactions(tmp_path / "f.xlsx")
    assert report.errors[0]["code"] == "ambiguous_sheet" and "门店" in report.errors[0]["message_en"]
    assert [r["amount_total"] for r in report.questions[0]["readings"]] == ["11.00", "5.00", "6.00"]
    chosen = crmkit.check_transactions(tmp_path / "f.xlsx", answers={"ambiguous_sheet": "sheet_2"})
    assert (chosen.amount_total, chosen.mapping_patch) == ("6.00", {"sheet": "门店"})


@settings(max_examples=80)
@given(quantity=st.integers(-99, 99), price=st.decimals(0, 9999, places=4))
def test_quantity_times_price_is_rounded_half_up(quantity, price):
    report = crmkit.check_transactions(
        pd.DataFrame(
            {
                "CustomerID": ["1"],
                "InvoiceDate": ["2024-03-05"],
                "Quantity": [str(quantity)],
                "UnitPrice": [str(price)],
            }
        )
    )
    assert Decimal(report.amount_total) == (quantity * price).quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    "name, data, code",
    [
        ("a.pdf", b"%PDF-1.4", "unsupported_format"),
        ("a.docx", b"PK\x03\x04", "unsupported_format"),
        ("a.png", b"\x89PNG\r\n", "unsupported_format"),
        ("a.json", b"[1]", "unsupported_format"),
        ("a.xls", b"<html><table></table></html>", "unsupported_format"),
        ("a.csv", b"", "empty_file"),
        ("a.csv", b" \r\n\r\n", "empty_file"),
        ("a.csv", b"customer_id,date,amount\n", "empty_file"),
        ("a.xlsx", b"not a workbook", "unreadable_file"),
        ("a.parquet", b"PAR1 torn", "unreadable_file"),
        ("a.csv", bytes(i * i * 31 % 256 for i in range(4000)), "unreadable_file"),
        ("a.csv", "客户编号,日期,金额\n王小明,2024-03-05,5\n李".encode("gbk")[:-1], "unreadable_file"),
        ("a.csv.gz", b"\x1f\x8b\x08 torn", "unreadable_file"),
    ],
)
def test_files_that_cannot_be_read_say_so(tmp_path, name, data, code):
    report = check(tmp_path, data, name=name)
    assert [e["code"] for e in report.errors] == [code]


def test_a_missing_path_and_a_mixed_folder_say_so(tmp_path):
    assert crmkit.check_transactions(tmp_path / "nope.csv").errors[0]["code"] == "unreadable_file"
    (tmp_path / "a.png").write_text("x")
    assert crmkit.check_transactions(tmp_path).errors[0]["code"] == "unsupported_format"


def test_days_after_as_of_are_set_aside_and_that_day_is_not(tmp_path):
    text = three([["a", "2024-03-05 23:59", "1"], ["a", "2024-03-06 00:00", "2"]])
    report = check(tmp_path, text, as_of="2024-03-05")
    assert (report.amount_total, report.reasons["after_as_of"]) == ("1.00", 1)
    assert check(tmp_path, text, as_of="soon").errors[0]["code"] == "bad_as_of"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quoted_and_unquoted_files_of_many_blocks_are_read_alike(tmp_path, end):
    rows = [
        [f"c{i % 997}", f"2024-03-{i % 31 + 1:02d} 10:{i % 60:02d}", "" if i % 501 == 7 else f"{i % 9973}.5"]
        for i in range(60_000)
    ]
    rows[30_000:30_000] = [["合计", "", "1"], [], ["short"], ["c1", "2024-03-05", "1", "234"], ["", "", ""]]
    reports = []
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
        stream = io.StringIO()
        csv.writer(stream, lineterminator=end, quoting=quoting).writerows(
            [["customer_id", "date", "amount"], *rows]
        )
        reports.append(check(tmp_path, stream.getvalue()))
    plain, quoted = reports
    same = dict(plain.to_dict())
    assert same == quoted.to_dict()
    assert plain.rows_in == 60_003 and plain.reasons["total_row"] == 1
    assert plain.set_aside["line"].tolist() == quoted.set_aside["line"].tolist()
    assert plain.set_aside["original"].tolist() == [t.replace('"', "") for t in quoted.set_aside["original"]]
    pd.testing.assert_frame_equal(plain.transactions, quoted.transactions)


EXPORTS = {  # text → rows used, total reckoned by hand, reasons
    "WeChat Pay marks text with a backtick and ends with a summary that has its own header": (
        "交易时间,微信订单号,用户标识,应结订单金额\n`2024-03-05 10:00:00,`42,`oA,`10.50\n`2024-03-06 10:00:00,`43,`oB,`20.00\n总交易单数,应结订单总金额\n`2,`30.50\n",
        2,
        "30.50",
        {"missing_customer": 2},
    ),
    "a ledger says 本币 before its amounts and signs at its end": (
        '日期,客户编码,单据号,本币价税合计\n2024.01.05,K1,X1,"1,130.00"\n2024.01.06,K1,X2,-113.00\n客户小计,,,1017\n合　计,,,1017\n制表人：李四,,,\n备注：含税,,,\n',
        2,
        "1017.00",
        {"total_row": 2, "missing_customer": 2},
    ),
    "订单 before an amount's name, a refund beside it": (
        '订单号,买家昵称,下单时间,订单实付金额,退款金额\n1,a,2024-01-05,"1,280.00",0\n2,b,2024-01-06,66.00,0\n',
        2,
        "1346.00",
        {},
    ),
    "units beside quantities and prices": (
        "客户编号,订单日期,数量,单价\na,2024-03-05,3件,12.50元/件\nb,2024-03-06,-2 件,￥10.00\nc,2024-03-07,1.5kg,¥4/kg\nd,2024-03-08,2 pcs,10\ne,2024-03-09,若干,10\n",
        4,
        "43.50",
        {"bad_amount": 1},
    ),
    "a total in the product's column, with a date; products called Total": (
        "序号,客户编号,下单日期,商品,金额\n1,a,2024-03-05,茶,10\n2,b,2024-03-06,Total,20\n3,,2024-03-06,合计：,30\n4,c,2024-03-07,总计,5\n5,d,,Subtotal,9\n",
        3,
        "35.00",
        {"total_row": 2},
    ),
    "the title says ten thousands": (
        "单位：万元,,\n客户编号,订单日期,销售额\na,2024-03-05,1.2\nb,2024-03-06,0.5\n",
        2,
        "17000.00",
        {},
    ),
    "the header's own unit goes before the title's": (
        "（单位：万元）,,\n客户编号,订单日期,销售额(元)\na,2024-03-05,1.2\n",
        1,
        "1.20",
        {},
    ),
    "spaces after the commas": (
        'Customer ID, Date, Amount\na, 2024-03-05, 5\nb, 2024-03-06, "1,200"\n',
        2,
        "1205.00",
        {},
    ),
    "blank ids in brackets": (
        "客户编号,日期,金额\na,2024-03-05,1\n(空白),2024-03-05,2\n【无】,2024-03-05,3\n#REF!,2024-03-05,4\n",
        1,
        "1.00",
        {"missing_customer": 3},
    ),
    "a merged header of two rows": (
        "客户信息,,订单信息,\n编号,名称,日期,金额\na,甲,2024-05-03,1\nb,乙,2024-05-04,2\n",
        2,
        "3.00",
        {},
    ),
    "years of the Republic are 1911 years behind": (
        "會員編號,消費日期,消費金額\na,民國113年3月5日,1\nb,113/03/06,2\nc,2024/03/07,NT$3\n",
        3,
        "6.00",
        {},
    ),
    "weekdays before and after, clocks of scripts": (
        "customer,date,amount\na,星期二 2024/3/5,1\nb,2024/3/5 星期二,1\nc,Tue Mar 05 2024 10:00:00 GMT+0800 (China Standard Time),1\nd,20240305T101500Z,1\ne,10:30:00,1\n",
        4,
        "4.00",
        {"bad_date": 1},
    ),
    "credits and debits, percentages and two numbers in a cell are not guessed": (
        'customer,date,amount\na,2024-03-05,"1,234.50"\nb,2024-03-06,40.00 CR\nc,2024-03-07,15%\nd,2024-03-08,1 2\n',
        1,
        "1234.50",
        {"bad_amount": 3},
    ),
    "a settlement report": (
        "buyer-id\torder-id\tposted-date\tamount\nB1\t1\t2024-03-05\t19.99\nB1\t1\t2024-03-15\t-19.99\n",
        2,
        "0.00",
        {},
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_shops_tills_and_ledgers_reconcile(tmp_path, name):
    text, used, total, reasons = EXPORTS[name]
    report = check(tmp_path, text)
    assert report.usable, report.errors
    assert (report.rows_used, report.amount_total, {r: n for r, n in report.reasons.items() if n}) == (
        used,
        total,
        reasons,
    )


def test_frames_with_every_kind_of_nothing_and_of_moment():
    import numpy as np

    ids = ["a", None, float("nan"), pd.NA, b"e", 6, "g"]
    moments = [
        pd.Timestamp("2024-03-05", tz="UTC"),
        pd.NaT,
        "2024-03-06",
        DAY,
        np.datetime64("2024-03-07"),
        "2024-03-08",
        pd.NaT,
    ]
    frame = pd.DataFrame(
        {"customer_id": ids, "date": moments, "amount": [1, 2, 3, 4, Decimal("6.10"), [2], 7]}, dtype=object
    )
    report = crmkit.check_transactions(frame, answers={"set_aside": "go_on"})
    assert report.transactions["customer_id"].tolist() == ["a", "e"] and report.amount_total == "7.10"
    assert report.reasons | {"missing_customer": 3, "bad_date": 1, "bad_amount": 1} == report.reasons
    typed = pd.DataFrame(
        {
            "customer_id": pd.Categorical(["a", None]),
            "date": pd.period_range("2024-03", periods=2, freq="D"),
            "amount": pd.array([1, None], "Int64"),
        }
    )
    assert crmkit.check_transactions(typed).amount_total == "1.00"


def test_the_last_row_of_a_chunk_set_aside_keeps_its_own_text_only(tmp_path):
    rows = [["" if i in (19_999, 20_005) else "a", "2024-03-05", i] for i in range(20_100)]
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["customer_id", "date", "amount"], *rows])
    report = check(tmp_path, stream.getvalue())
    assert report.set_aside["original"].tolist() == ['"","2024-03-05","19999"', '"","2024-03-05","20005"']
