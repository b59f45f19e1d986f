"""The messy files themselves, each a function of a folder → (what to check, what must come out)."""

import gzip
from decimal import Decimal

from . import Expected, Record, cells, csv_text, sales, spoil, workbook

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def _write(path, text: str, encoding: str):
    path.write_bytes(text.encode(encoding))
    return path


def _grouped(mark: str, group: str):
    def write(amount):
        text = f"{amount:,.2f}"
        return text.replace(",", "\0").replace(".", mark).replace("\0", group)

    return write


@case
def utf8_plain(folder):
    rows = spoil(sales(200, 1))
    return _write(
        folder / "a.csv", csv_text(["customer_id", "date", "amount"], cells(rows)), "utf-8"
    ), Expected(encoding="utf-8", records=rows)


@case
def gbk_with_titles_and_unit(folder):
    rows = spoil(sales(300, 2))
    table = cells(rows, date=lambda d: f"{d.year}年{d.month}月{d.day}日", amount=lambda a: f"￥{a:,.2f}")
    table = [[i, *r, "门店零售"] for i, r in enumerate(table, 1)]
    table[-1][0] = ""
    text = "某某商贸有限公司销售明细\r\n打印日期：2024-12-31,,,\r\n\r\n" + csv_text(
        ["序号", "会员 编号", "下单时间", "实付金额（元）", "备注"], table
    )
    return _write(folder / "客户 明细.csv", text, "gbk"), Expected(encoding="gb18030", records=rows)


@case
def big5_semicolon_decimal_comma(folder):
    rows = spoil(sales(150, 3))
    rows[-1].raw["customer"] = "合計"
    rows = [r for r in rows if r.reason != "bad_amount"]
    table = cells(rows, date=lambda d: f"{d:%Y/%m/%d}", amount=_grouped(",", "."))
    text = csv_text(["客戶編號", "訂單日期", "金額"], table, delimiter=";")
    return _write(folder / "b.csv", text, "big5"), Expected(encoding="big5", records=rows)


@case
def utf16_tabs_from_a_spreadsheet(folder):
    rows = spoil(sales(120, 4))
    table = cells(rows, date=lambda d: f"{d.year}/{d.month}/{d.day} 9:05")
    return _write(
        folder / "c.txt", csv_text(["会员ID", "成交日期", "销售额"], table, "\t"), "utf-16"
    ), Expected(encoding="utf-16", records=rows)


@case
def bom_quoted_newlines_and_commas(folder):
    rows = sales(100, 5)
    table = [[c, f'Acme, "Best"\nLtd {i}', d, a] for i, (c, d, a) in enumerate(cells(rows))]
    rows.append(Record("00009", rows[0].date, reason="bad_amount", raw={"amount": "n/a"}))
    table.append(["00009", "x", str(rows[0].date), "n/a"])
    text = csv_text(["Customer ID", "Customer Name", "Order Date", "Net Sales (USD)"], table)
    return _write(folder / "d.csv", text, "utf-8-sig"), Expected(encoding="utf-8-sig", records=rows)


@case
def quantity_times_price(folder):
    rows, table = [], []
    for i, r in enumerate(sales(200, 6)):
        quantity, price = (i % 7) - 1, Decimal(i * 37 % 9999) / 1000
        rows.append(Record(r.customer, r.date, quantity * price))
        table.append(
            [
                f"{536365 + i}",
                "85123A",
                "HEART, WHITE",
                quantity,
                f"{r.date:%m/%d/%Y} 8:26",
                price,
                f"{r.customer}.0",
                "United Kingdom",
            ]
        )
    head = [
        "Invoice",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "Price",
        "Customer ID",
        "Country",
    ]
    return _write(folder / "e.csv", csv_text(head, table), "utf-8"), Expected(records=rows)


@case
def day_first_by_the_whole_column(folder):
    rows = spoil(sales(200, 7))
    table = cells(rows, date=lambda d: f"{d:%d/%m/%Y}")
    rows.insert(8, Record("00003", amount=Decimal(1), reason="bad_date", raw={"date": "45/13/2024"}))
    table.insert(8, ["00003", "45/13/2024", "1"])
    return _write(
        folder / "f.csv", csv_text(["client no.", "Purchase Date", "Order Total"], table), "utf-8"
    ), Expected(records=rows)


@case
def month_first_two_digit_years_with_pm(folder):
    rows = sales(150, 8)
    table = cells(
        rows,
        date=lambda d: f"{d.month}/{d.day}/{d:%y} 11:59 PM",
        amount=lambda a: f"(${-a:,.2f})" if a < 0 else f"${a:,.2f}",
    )
    return _write(
        folder / "g.csv", csv_text(["CUSTOMER_ID", "ORDER_DATE", "Total"], table, "|"), "utf-8"
    ), Expected(records=rows)


@case
def pounds_in_windows_1252(folder):
    rows = sales(80, 9)
    table = [[c, "Café Zoë", d, a] for c, d, a in cells(rows, amount=lambda a: f"£{a:,.2f}")]
    return _write(
        folder / "h.csv", csv_text(["account number", "name", "date", "amount paid"], table), "cp1252"
    ), Expected(encoding="cp1252", records=rows)


@case
def full_width_and_ten_thousands(folder):
    wide = str.maketrans("0123456789.,-()", "０１２３４５６７８９．，－（）")
    rows = [Record(r.customer, r.date, r.amount) for r in sales(60, 10)]
    for r in rows[::10]:
        r.amount = Decimal(12_500)
    table = cells(
        rows,
        date=lambda d: f"{d:%Y.%m.%d}",
        amount=lambda a: "１．２５万" if a == 12_500 else f"{a:,.2f}".translate(wide),
    )
    return _write(
        folder / "i.csv", csv_text(["顾客代码", "消费日期", "消费金额"], table), "gb18030"
    ), Expected(records=rows)


@case
def trailing_minus_and_spaces(folder):
    rows = sales(90, 11)
    table = cells(
        rows,
        customer=lambda c: f"  {c}\t",
        date=lambda d: f" {d:%Y%m%d} ",
        amount=lambda a: (
            f"{abs(a):,.2f}".replace(",", "\u202f").replace(".", ",") + ("-" if a < 0 else "") + " €"
        ),
    )
    return _write(folder / "j.csv", csv_text(["Client", "Date", "Amount"], table, ";"), "utf-8"), Expected(
        records=rows
    )


@case
def workbook_with_merged_title(folder):
    rows = spoil(sales(150, 12))
    table = cells(rows, date=lambda d: d, amount=float)
    sheet = [
        ["", "", "", ""],
        ["制表人：小王", "", "", ""],
        ["", "", "", ""],
        ["", "客户编号", "订单日期", "实付金额"],
        *[["", *r] for r in table],
    ]
    path = folder / "k.xlsx"
    workbook(path, {"明细": sheet, "说明": [["口径说明"], ["金额含税"]]}, merged_title="2024 年销售明细")
    return path, Expected(records=rows)


@case
def workbook_serials_float_ids_and_formulas(folder):
    import datetime as dt

    rows = sales(120, 13)
    for r in rows:
        r.customer = str(int(r.customer) + 10_000)
    table = [
        [float(r.customer), (r.date - dt.date(1899, 12, 30)).days, (f"={r.amount}*1", float(r.amount))]
        for r in rows
    ]
    path = folder / "l.xlsx"
    workbook(path, {"Sheet1": [["Customer ID", "Invoice Date", "Sales Amount"], *table]})
    return path, Expected(records=rows)


@case
def hidden_copy_of_the_sheet(folder):
    rows = sales(40, 14)
    table = [["用户ID", "付款时间", "支付金额"], *cells(rows, date=lambda d: d, amount=float)]
    path = folder / "m.xlsx"
    workbook(path, {"旧数据": [*table, *table[1:]], "数据": table}, hidden=["旧数据"])
    return path, Expected(records=rows)


@case
def two_header_rows(folder):
    rows = sales(40, 15)
    table = [
        ["客户", "", "订单", ""],
        ["编号", "姓名", "日期", "金额"],
        *[[c, "张三", d, a] for c, d, a in cells(rows)],
    ]
    path = folder / "n.xlsx"
    workbook(path, {"a": table})
    return path, Expected(records=rows)


@case
def separator_line_and_gzip(folder):
    rows = sales(500, 16)
    text = "sep=;\r\n" + csv_text(
        ["买家ID", "交易时间", "成交金额"], cells(rows, date=lambda d: f"{d}T23:30:00+08:00"), ";"
    )
    path = folder / "o.csv.gz"
    path.write_bytes(gzip.compress(text.encode("utf-8")))
    return path, Expected(records=rows)


@case
def ragged_rows_and_repeated_header(folder):
    rows = sales(30, 17)
    table = cells(rows)
    table = [[*r, ""] for r in table]
    table[3] += ["", ""]  # trailing commas only
    rows.insert(10, Record(reason="repeated_header"))
    table.insert(10, ["member no", "txn date", "spend", "note"])
    rows.insert(20, Record(reason="bad_amount"))
    table.insert(20, ["00012", "2024-03-05"])
    rows.insert(25, Record(reason="bad_amount"))
    table.insert(25, ["00012", "2024-03-05", "1", "234.50", "unquoted thousands"])
    text = csv_text(["member no", "txn date", "spend", "note"], table).replace("\r\n", "\n", 9) + "\n\n,,,\n"
    return _write(folder / "p.csv", text, "utf-8"), Expected(records=rows)


@case
def duplicates_dropped_and_as_of(folder):
    import datetime as dt

    rows = sales(100, 18, days=300)
    table = cells(rows)
    rows += [Record(reason="duplicate"), Record(reason="duplicate"), Record(reason="after_as_of")]
    table += [table[0], table[0], ["00001", "2030-01-01", "5"]]
    path = _write(folder / "q.csv", csv_text(["cust_id", "sale date", "revenue"], table), "utf-8")
    return path, Expected(records=rows, check={"drop_duplicates": True, "as_of": dt.date(2024, 12, 31)})


@case
def names_that_look_like_totals(folder):
    rows = sales(50, 19)
    table = [[f"TOTAL{c}", "Total Clean", d, a] for c, d, a in cells(rows)]
    table[7][1] = "Total"
    for r in rows:
        r.customer = f"TOTAL{r.customer}"
    rows += [Record(reason="total_row") for _ in range(4)]
    table += [
        ["Subtotal", "", "", "1"],
        ["", "Grand Total", "", "1"],
        ["3月小计：", "", "", "1"],
        ["", "", "总 计", "1"],
    ]
    return _write(
        folder / "r.csv", csv_text(["Customer No", "Product", "Order Date", "Amount"], table), "utf-8"
    ), Expected(records=rows)


@case
def parquet_folder(folder):
    import pandas as pd

    rows = sales(200, 20)
    frame = pd.DataFrame(
        {
            "CustomerID": [int(r.customer) for r in rows],
            "InvoiceDate": pd.to_datetime([r.date for r in rows]),
            "Sales": [float(r.amount) for r in rows],
        }
    )
    for r in rows:
        r.customer = str(int(r.customer))
    (folder / "log").mkdir()
    frame.iloc[:90].to_parquet(folder / "log" / "a.parquet")
    frame.iloc[90:].to_parquet(folder / "log" / "b.parquet")
    return folder / "log", Expected(records=rows)


@case
def better_of_three_amounts_in_ten_thousands(folder):
    rows = [Record(r.customer, r.date, r.amount) for r in sales(60, 21)]
    table = [[c, d, 1, 2, a] for c, d, a in cells(rows, amount=lambda a: str(a / 10_000))]
    return _write(
        folder / "s.csv",
        csv_text(["客户编码", "下单日期", "单价", "订单金额(万元)", "实付金额(万元)"], table),
        "utf-8",
    ), Expected(records=rows)


@case
def late_first_han_character(folder):
    rows = sales(30_000, 22)
    table = [[*r, ""] for r in cells(rows)]
    table[29_990][3] = "备注在最后"
    return _write(
        folder / "t.csv", csv_text(["customer_id", "date", "amount", "memo"], table), "gb18030"
    ), Expected(encoding="gb18030", records=rows)


# ---- files that must be refused


def _refused(code, **more):
    return Expected(usable=False, code=code, **more)


@case
def both_readings_fit(folder):
    table = [["1", "03/04/2024", "5"], ["2", "11/12/2024", "6"]]
    return _write(folder / "u.csv", csv_text(["customer_id", "date", "amount"], table), "utf-8"), _refused(
        "ambiguous_dates"
    )


@case
def dollars_and_euros(folder):
    table = [["1", "2024-03-05", "$5"], ["2", "2024-03-05", "€6"]]
    return _write(folder / "v.csv", csv_text(["customer_id", "date", "amount"], table), "utf-8"), _refused(
        "mixed_currency"
    )


@case
def header_only(folder):
    return _write(folder / "w.csv", "customer_id,date,amount\r\n", "utf-8"), _refused("empty_file")


@case
def no_customer_column(folder):
    return _write(folder / "x.csv", "门店,日期,金额\r\n一店,2024-03-05,5\r\n", "gbk"), _refused(
        "missing_column"
    )


@case
def cut_in_the_middle_of_a_character(folder):
    path = folder / "y.csv"
    path.write_bytes("客户编号,日期,金额\r\n甲,2024-03-05,5\r\n乙".encode()[:-1])
    return path, _refused("unreadable_file")


@case
def two_encodings_pasted(folder):
    path = folder / "z.csv"
    rows = "".join(f"{i},2024-03-05,5,商品名称{i}\r\n" for i in range(50))
    path.write_bytes(
        f"客户编号,日期,金额,备注\r\n{rows}".encode("gbk") + "51,2024-03-05,5,商品名称\r\n".encode()
    )
    return path, _refused("unreadable_file")


@case
def not_a_workbook(folder):
    path = folder / "zz.xlsx"
    path.write_bytes(b"PK\x03\x04 torn" + bytes(range(256)))
    return path, _refused("unreadable_file")


@case
def a_pdf(folder):
    path = folder / "report.pdf"
    path.write_bytes(b"%PDF-1.7 ...")
    return path, _refused("unsupported_format")
