"""What a row is when only a number, an event, a word or a label says so,
and the files that look like it and are not.
"""

import pytest
from messy import asked, check, codes, csv_text, workbook

import crmkit

DAYS = [f"2024-0{month}-{day:02d}" for month in range(1, 7) for day in (3, 12, 17, 24)]
HEAD = ("order_id", "date", "customer_id", "amount")


def sales(numbers=None):
    """24 sales of 10.00, of six customers."""
    numbers = numbers or [f"N{place:04d}" for place in range(24)]
    return [[numbers[place], DAYS[place], f"C{place % 6}", "10.00"] for place in range(24)]


@pytest.mark.parametrize(
    ("usual", "other"), [("XS", "TH"), ("INV-", "CN-"), ("", "C"), ("WEB", "RMA"), ("RE-", "GS-"), ("S", "r")]
)
def test_numbers_that_begin_as_returns_do_are_asked_about(usual, other, tmp_path):
    numbers = [f"{other if place in (7, 19) else usual}{536365 + place}" for place in range(24)]
    report = check(tmp_path, sales(numbers), "Order No", *HEAD[1:])
    assert asked(report) == {"number_prefix": {"negative": "200.00", "as_it_stands": "240.00"}}
    answered = check(tmp_path, sales(numbers), "Order No", *HEAD[1:], answers={"number_prefix": "negative"})
    assert answered.mapping_patch == {"negative_prefixes": {"Order No": [other.strip("-").upper()]}}
    again = check(tmp_path, sales(numbers), "Order No", *HEAD[1:], mapping=answered.mapping_patch)
    assert (again.amount_total, again.questions) == ("200.00", ())


@pytest.mark.parametrize(("usual", "other"), [("WEB-", "POS-"), ("CN-", "INV-"), ("RE", "AB")])
def test_numbers_of_two_tills_or_of_credit_notes_alone_are_not_asked_about(usual, other, tmp_path):
    numbers = [f"{other if place in (7, 19) else usual}{536365 + place}" for place in range(24)]
    assert check(tmp_path, sales(numbers), "Order No", *HEAD[1:]).questions == ()
    evenly = [f"{other if place % 2 else usual}{536365 + place}" for place in range(24)]
    assert check(tmp_path, sales(evenly), "Order No", *HEAD[1:]).questions == ()


def test_numbers_whose_returns_are_below_zero_already_are_not_asked_about(tmp_path):
    rows = sales([f"{'C' if place in (7, 19) else ''}{536365 + place}" for place in range(24)])
    for place in (7, 19):
        rows[place][3] = "-10.00"
    assert check(tmp_path, rows, "Order No", *HEAD[1:]).questions == ()


@pytest.mark.parametrize(
    ("heading", "looked", "bought"),
    [
        ("event_type", ("view", "cart"), "purchase"),
        ("行为类型", ("浏览", "加购"), "购买"),
        ("event", ("view", "addtocart"), "transaction"),
    ],
)
def test_a_log_of_events_is_no_list_of_sales(heading, looked, bought, tmp_path):
    kinds = [*looked, bought] * 8
    rows = [[kind, *row[1:]] for kind, row in zip(kinds, sales())]
    assert asked(check(tmp_path, rows, heading, *HEAD[1:])) == {
        "event": {"bought": "80.00", "as_it_stands": "240.00"}
    }
    only = [[bought, *row[1:]] for row in sales()]
    assert check(tmp_path, only, heading, *HEAD[1:]).questions == ()


def test_a_file_whose_amounts_are_a_hundred_times_the_others_is_asked_about(tmp_path):
    (tmp_path / "months").mkdir()
    first = [[*row[:3], f"{10 + place}.50"] for place, row in enumerate(sales()[:12])]
    second = [[*row[:3], f"{10 + place}50"] for place, row in enumerate(sales()[12:])]
    for name, rows in (("a.csv", first), ("b.csv", second)):
        (tmp_path / "months" / name).write_text(csv_text(list(HEAD), rows), encoding="utf-8")
    report = crmkit.check_transactions(tmp_path / "months")
    assert asked(report) == {"part_units": {"cents": "384.00", "as_it_stands": "19392.00"}}
    answered = crmkit.check_transactions(tmp_path / "months", answers={"part_units": "cents"})
    assert answered.mapping_patch == {"part_units": {"b.csv": 0.01}}
    whole = [[*row[:3], f"{10 + place}"] for place, row in enumerate(sales()[12:])]
    (tmp_path / "months" / "b.csv").write_text(csv_text(list(HEAD), whole), encoding="utf-8")
    assert crmkit.check_transactions(tmp_path / "months").questions == ()


@pytest.mark.parametrize(
    ("heading", "usual", "word", "total"),
    [
        ("收费类型", "正常收费", "退费", "200.00"),
        ("账单类型", "消费", "反结账", "200.00"),
        ("单据类型", "销售", "还款", "220.00"),
        ("Belegart", "RE", "GU", "200.00"),
        ("Tipo de documento", "Factura", "Factura rectificativa", "200.00"),
        ("取引区分", "売上", "入金", "220.00"),
        ("Type", "Factuur", "Creditnota", "200.00"),
        ("Typ dokumentu", "Faktura", "Faktura korygująca", "200.00"),
        ("İşlem tipi", "Satış", "İade", "200.00"),
        ("Type", "SI", "SC", "200.00"),
        ("Type", "SI", "SR", "220.00"),
        ("Type", "ACCREC", "ACCRECCREDIT", "200.00"),
    ],
)
def test_documents_that_are_returned_or_paid_are_known_by_their_kind(heading, usual, word, total, tmp_path):
    rows = [[word if place in (7, 19) else usual, *row[1:]] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, heading, *HEAD[1:])
    totals = {reading for readings in asked(report).values() for reading in readings.values()}
    assert total in {report.amount_total} | totals


def test_a_code_that_two_systems_use_otherwise_is_no_payment_beside_the_others(tmp_path):
    """SR is a sales receipt in Sage and a cancellation in sevdesk, whose invoices are RE."""
    rows = [["SR" if place in (7, 19) else "RE", *row[1:]] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, "Typ", *HEAD[1:])
    assert report.amount_total == "240.00" and "payments" not in codes(report)
    assert "SR" in " ".join(note["message_en"] for note in report.notes)


def test_a_state_of_america_is_no_document(tmp_path):
    states = ["SC", "NC", "GA", "SC", "TX", "SA"] * 4
    rows = [[state, *row[1:]] for state, row in zip(states, sales())]
    report = check(tmp_path, rows, "State", *HEAD[1:])
    assert (report.amount_total, report.questions, codes(report)) == ("240.00", (), [])


@pytest.mark.parametrize(
    "label", ["Summe", "합계", "Итого", "Toplam", "Gesamtergebnis", "総計", "Totaal", "Razem"]
)
@pytest.mark.parametrize("day", ["", "2024-06-30"])
def test_totals_are_known_in_other_languages(label, day, tmp_path):
    rows = [*sales(), ["", day, label, "240.00"]]
    report = check(tmp_path, rows, *HEAD)
    assert (report.amount_total, report.questions) == ("240.00", ())


@pytest.mark.parametrize("heading", ["退货日期", "Date returned", "Retourendatum", "Storniert am"])
def test_days_on_which_few_sales_were_undone_are_asked_about(heading, tmp_path):
    rows = [[*row, "2024-06-30" if place in (7, 19) else ""] for place, row in enumerate(sales())]
    assert asked(check(tmp_path, rows, *HEAD, heading))["cancelled_at"]["usual"] == "220.00"
    until = [[*row[:4], "2024-07-30"] for row in rows]
    assert check(tmp_path, until, *HEAD, heading).questions == ()  # a last day for returns, in every row
    counted = [[*row[:4], "2" if place in (7, 19) else ""] for place, row in enumerate(rows)]
    assert "cancelled_at" not in asked(check(tmp_path, counted, *HEAD, heading))


@pytest.mark.parametrize("label", ["{}月结转", "Monatssumme {}", "Sous-total mois {}", "{}月計"])
def test_sums_of_each_month_under_labels_of_their_own_are_asked_about(label, tmp_path):
    rows = []
    for month in range(1, 7):
        own = [
            [*row[:3], f"{place + month}.50"] for place, row in enumerate(sales()) if row[1][6] == str(month)
        ]
        total = sum(float(row[3]) for row in own)
        rows += [*own, ["", f"2024-0{month}-28", label.format(month), f"{total:.2f}"]]
    amounts = sum(float(row[3]) for row in rows) / 2
    report = check(tmp_path, rows, *HEAD)
    assert f"{amounts:.2f}" in {report.amount_total, asked(report).get("subtotals", {}).get("drop")}
    single = [*sales(), ["N9", "2024-06-29", "Once", "77.00"], ["N10", "2024-06-30", "Never again", "78.00"]]
    assert check(tmp_path, single, *HEAD).questions == ()


def test_what_came_in_and_went_out_may_be_counted_both_whatever_else_is_answered(tmp_path):
    rows = [[*row, "支出" if place in (7, 19) else "收入"] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, *HEAD, "收/支", answers={"direction": "net"})
    assert (report.usable, report.amount_total) == (True, "200.00")


@pytest.mark.parametrize(
    ("heading", "net"), [("Discount", "Final price"), ("优惠金额", "优惠后金额"), ("Refunds", "Net total")]
)
def test_the_column_that_holds_what_is_left_in_every_row_is_the_amount(heading, net, tmp_path):
    rows = [
        [*row[:3], "12.50", f"{place % 3}.00", f"{12 - place % 3}.50"] for place, row in enumerate(sales())
    ]
    for amount in ("Price", "Amount", net):
        report = check(tmp_path, rows, *HEAD[:3], "Total" if amount == net else amount, heading, net)
        assert (report.amount_total, report.questions) == ("276.00", ()), amount
    apart = [[*row[:5], "11.10"] for row in rows]
    assert check(tmp_path, apart, *HEAD[:3], "Amount", "Refunds", "Shelf").amount_total == "300.00"


def test_refunds_beside_amounts_of_zero_are_off_already_or_asked_about(tmp_path):
    closed = [[*row[:3], "0.00" if place in (7, 19) else "10.00"] for place, row in enumerate(sales())]
    rows = [[*row, "10.00" if row[3] == "0.00" else ""] for row in closed]
    assert asked(check(tmp_path, rows, *HEAD, "Refunded amount")) == {
        "refund": {"as_it_stands": "220.00", "subtract": "200.00"}
    }
    due = [[*row, "10.00"] for row in rows]  # what was due stands beside it
    report = check(tmp_path, due, *HEAD, "Refunded amount", "Due")
    assert "200.00" not in {report.amount_total}
    records = [*[[*row, ""] for row in sales()], ["N0007", DAYS[9], "C1", "0.00", "10.00"]]
    assert check(tmp_path, records, *HEAD, "Refunded amount").amount_total == "230.00"


def test_lines_beside_a_total_with_shipping_may_be_counted_by_themselves(tmp_path):
    rows = []
    for place, row in enumerate(sales()):
        lines = ["10.00"] if place % 3 else ["10.00", f"{10 + place}.00"]
        total = f"{sum(map(float, lines)) + 4.5:.2f}"
        rows += [[*row[:3], line, total, "4.50"] for line in lines]
    report = check(tmp_path, rows, *HEAD[:3], "item_total", "order_total", "shipping_total")
    readings = asked(report)["order_total"]
    assert readings["lines"] == "404.00"
    head = (*HEAD[:3], "item_total", "order_total", "shipping_total")
    answered = check(tmp_path, rows, *head, answers={"order_total": "lines"})
    assert (answered.usable, answered.amount_total) == (True, "404.00")


def test_a_count_beside_the_total_of_its_line_is_no_money(tmp_path):
    rows = [[*row[:3], f"{place % 4 + 1}", f"{place + 19}.02"] for place, row in enumerate(sales())]
    readings = asked(check(tmp_path, rows, *HEAD[:3], "AMOUNT", "SALES_PRICE"))["pieces"]
    assert readings["total"] == "732.48"


def test_a_sheet_that_repeats_orders_may_hold_what_was_taken_back(tmp_path):
    workbook(tmp_path / "f.xlsx", {"sales": [list(HEAD), *sales()], "Kulanz": [list(HEAD), *sales()[7:9]]})
    readings = asked(crmkit.check_transactions(tmp_path / "f.xlsx"))["copies"]
    assert readings == {"drop": "240.00", "negative": "220.00", "as_it_stands": "260.00"}
    workbook(tmp_path / "f.xlsx", {"sales": [list(HEAD), *sales()], "Kulanz": [list(HEAD), *sales()[7:12]]})
    readings = asked(crmkit.check_transactions(tmp_path / "f.xlsx"))["sheets"]
    assert readings == {"all": "290.00", "sheet_1": "240.00", "sheet_2": "50.00", "negative": "190.00"}


@pytest.mark.parametrize("name", ["售后", "Chargebacks", "Gutschriften", "Avoirs"])
def test_sheets_of_returns_are_known_by_more_names(name, tmp_path):
    back = [["R1", DAYS[9], "C1", "10.00"], ["R2", DAYS[9], "C2", "10.00"]]
    workbook(tmp_path / "f.xlsx", {"sales": [list(HEAD), *sales()], name: [list(HEAD), *back]})
    assert asked(crmkit.check_transactions(tmp_path / "f.xlsx"))["returned_part"]["negative"] == "220.00"


def test_a_name_with_a_word_of_returns_behind_it_is_the_same_customer(tmp_path):
    people = ["王芳", "李伟", "张敏", "王芳(退)"]
    rows = [[*row[:2], people[place % 3], "10.00"] for place, row in enumerate(sales())]
    rows[7][2] = rows[10][2] = "王芳(退)"
    report = check(tmp_path, rows, *HEAD)
    assert asked(report)["returned_names"] == {"negative": "200.00", "as_it_stands": "240.00"}
    answered = check(tmp_path, rows, *HEAD, answers={"returned_names": "negative"})
    assert (answered.customers, answered.amount_total) == (3, "200.00")
    alone = [[*row[:2], row[2].replace("王芳(退)", "赵六(退)"), row[3]] for row in rows]
    assert "returned_names" not in asked(check(tmp_path, alone, *HEAD))


def test_a_customers_total_on_each_of_his_orders_is_asked_about(tmp_path):
    rows = [[*row[:3], f"{100 + place % 6}.3{place % 6}"] for place, row in enumerate(sales())]
    readings = asked(check(tmp_path, rows, *HEAD))["customer_total"]
    assert readings == {"once": "616.95", "as_it_stands": "2467.80"}
    plans = [[*row[:3], ("9.99", "19.99")[place % 2]] for place, row in enumerate(sales())]
    assert check(tmp_path, plans, *HEAD).questions == ()


def test_rows_below_headings_in_another_order_are_read_by_these(tmp_path):
    tax = [[*row, "1.00"] for row in sales()]
    again = ["order_id", "date", "customer_id", "tax", "amount"]
    moved = [*tax[:12], again, *[[*row[:3], row[4], row[3]] for row in tax[12:]]]
    report = check(tmp_path, moved, *HEAD, "tax")
    assert (report.amount_total, report.usable, "own_headings" in codes(report)) == ("240.00", True, True)
    same = check(tmp_path, [*tax[:12], [*HEAD, "tax"], *tax[12:]], *HEAD, "tax")
    assert (same.amount_total, same.usable) == ("240.00", True)


@pytest.mark.parametrize("heading", ["Exchange Rate", "汇率"])
def test_amounts_that_are_converted_at_the_rate_beside_them_are_used(heading, tmp_path):
    kinds = [("USD", "7.1", "71.00"), ("EUR", "7.8", "78.00"), ("CNY", "1", "10.00")] * 8
    rows = [[*row, *kind] for row, kind in zip(sales(), kinds)]
    report = check(tmp_path, rows, *HEAD, "Currency", heading, "Base")
    assert (report.amount_total, report.questions, report.usable) == ("1272.00", (), True)
    other = [[*row[:6], "70.00"] for row in rows]
    refused = check(tmp_path, other, *HEAD, "Currency", heading, "Base")
    assert [error["code"] for error in refused.errors] == ["mixed_currency"]


@pytest.mark.parametrize("name", ["{}", "row{}"])
def test_a_table_written_with_the_names_of_its_rows_is_read(name, tmp_path):
    rows = [[name.format(place + 1), *row] for place, row in enumerate(sales())]
    report = check(tmp_path, rows, *HEAD)
    assert (report.rows_used, report.customers, report.amount_total) == (24, 6, "240.00")
    trailing = [[*row, ""] for row in sales()]
    assert check(tmp_path, trailing, *HEAD).amount_total == "240.00"


def test_kinds_of_rows_that_nobody_knows_are_noted(tmp_path):
    rows = [[*row, "Zuzahlung" if place in (7, 19) else "Verkauf"] for place, row in enumerate(sales())]
    assert "unknown_kinds" in codes(check(tmp_path, rows, *HEAD, "Vorgang"))
    for other in ("Verkauf", "Stammkunde"):
        known = [[*row[:4], other] for row in rows]
        assert "unknown_kinds" not in codes(check(tmp_path, known, *HEAD, "Vorgang"))


def test_a_part_that_went_back_and_amounts_that_were_not_read_are_noted(tmp_path):
    rows = [[*row, "partial" if place in (7, 19) else ""] for place, row in enumerate(sales())]
    assert "partly_refunded" in codes(check(tmp_path, rows, *HEAD, "Refund"))
    full = [[*row[:4], "full" if row[4] else ""] for row in rows]
    assert asked(check(tmp_path, full, *HEAD, "Refund"))["return_flag"]["drop"] == "220.00"
    unread = [[*row[:3], "约10" if place == 7 else row[3]] for place, row in enumerate(sales())]
    assert "unread_amounts" in codes(check(tmp_path, unread, *HEAD))
    assert codes(check(tmp_path, sales(), *HEAD)) == []


@pytest.mark.parametrize(
    ("heading", "sure", "open_"), [("Probability (%)", "100", "20"), ("赢率", "100%", "60%")]
)
def test_sales_that_are_not_made_yet_are_asked_about(heading, sure, open_, tmp_path):
    rows = [[*row, open_ if place in (7, 19) else sure] for place, row in enumerate(sales())]
    assert asked(check(tmp_path, rows, *HEAD, heading)) == {
        "chance": {"made": "220.00", "as_it_stands": "240.00"}
    }
    assert check(tmp_path, [[*row, sure] for row in sales()], *HEAD, heading).questions == ()


STATES = [
    ("Asiakas,Päivämäärä,Summa,Tila", "Toimitettu", "Peruutettu"),
    ("Zákazník,Datum,Částka,Stav", "Vyřízeno", "Stornováno"),
    ("Vevő,Dátum,Összeg,Állapot", "Teljesítve", "Törölve"),
    ("Πελάτης,Ημερομηνία,Ποσό,Κατάσταση", "Ολοκληρωμένη", "Ακυρωμένη"),
    ("العميل,التاريخ,المبلغ,الحالة", "مكتمل", "ملغي"),
    ("לקוח,תאריך,סכום,סטטוס", "הושלם", "בוטל"),
    ("Клієнт,Дата,Сума,Статус", "Виконано", "Скасовано"),
    ("Клиент,Дата,Сумма,Статус оплаты", "Оплачен", "Не оплачен"),
    ("Klient,Data,Kwota,Status zamówienia", "Zrealizowane", "Anulowane"),
    ("Klantnummer,Datum,Bedrag,Status", "Geleverd", "Geannuleerd"),
    ("Kundenr.,Dato,Beløb,Status", "Leveret", "Annulleret"),
    ("Cod client,Data comenzii,Sumă,Stare", "Livrată", "Anulată"),
]
DOCUMENTS = [
    ("Asiakas,Päivämäärä,Summa,Tositelaji", "Myyntilasku", "Hyvityslasku"),
    ("Zákazník,Datum,Částka,Typ dokladu", "Faktura", "Dobropis"),
    ("Vevő,Dátum,Összeg,Bizonylat típusa", "Számla", "Jóváíró számla"),
    ("Πελάτης,Ημερομηνία,Ποσό,Τύπος παραστατικού", "Τιμολόγιο", "Πιστωτικό τιμολόγιο"),
    ("Kundnummer,Datum,Belopp,Verifikationstyp", "Kundfaktura", "Kreditfaktura"),
    ("Khách hàng,Ngày,Số tiền,Loại chứng từ", "Hóa đơn bán hàng", "Hàng bán trả lại"),
    ("客戶,日期,金額,傳票類別", "銷貨", "銷退"),
]


def of_words(folder, headings: str, usual: str, other: str):
    """Forty sales of 10.50, three of them under the other word."""
    rows = [
        [f"K{i % 8}", f"2024-03-{1 + i % 28:02d}", "10.50", usual if i % 13 else other] for i in range(1, 41)
    ]
    (folder / "f.csv").write_text(csv_text(headings.split(","), rows), encoding="utf-8")
    return crmkit.check_transactions(folder / "f.csv")


@pytest.mark.parametrize(("headings", "usual", "other"), STATES)
def test_orders_given_up_are_asked_about_in_each_language_whose_headings_are_known(
    headings, usual, other, tmp_path
):
    report = of_words(tmp_path, headings, usual, other)
    (question,) = report.questions
    first = question["readings"][0]
    assert (question["code"], first["rows"], first["amount_total"]) == ("status", 37, "388.50")
    assert of_words(tmp_path, headings, usual, usual).questions == ()


@pytest.mark.parametrize(("headings", "usual", "other"), DOCUMENTS)
def test_credit_notes_are_negative_in_each_language_whose_headings_are_known(
    headings, usual, other, tmp_path
):
    report = of_words(tmp_path, headings, usual, other)
    assert (report.usable, report.amount_total) == (True, "357.00")  # 37 sold and 3 given back
    assert "document" in {note["code"] for note in report.notes}
    assert of_words(tmp_path, headings, usual, usual).amount_total == "420.00"
