"""Headings that no list knows: the columns whose values could be it are offered, with what each makes of the file."""

from datetime import date
from decimal import Decimal

import pytest
from messy import workbook

from crmkit.intake.check import examine

CUSTOMERS = ["ana", "bo", "cem", "dia"] * 6
DAYS = [f"2024-03-{day:02d}" for day in range(1, 25)]
AMOUNTS = [f"{10 + place}.{place:02d}" for place in range(24)]
TOTAL = "518.76"  # the sum of 10.00, 11.01, … 33.23


def written(folder, columns: dict[str, list]):
    path = folder / "export.csv"
    rows = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values()))]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def first_readings(report) -> dict[str, str]:
    return {question["code"]: question["readings"][0]["id"] for question in report.questions}


@pytest.mark.parametrize(
    ("customer", "day", "amount"),
    [
        ("来客", "到店那天", "收了多少"),
        ("Kuka", "Milloin", "Paljonko"),
        ("Ki vette", "Mikor vette", "Mennyiért"),
        ("Ποιος", "Πότε", "Πόσο"),
        ("ใคร", "เมื่อไร", "เท่าไร"),
        ("Who", "When", "How much"),
    ],
)
def test_three_headings_that_nobody_listed_are_asked_about_and_the_total_comes_out(
    customer, day, amount, tmp_path
):
    path = written(tmp_path, {"row": range(1, 25), customer: CUSTOMERS, day: DAYS, amount: AMOUNTS})
    report = examine(path)
    assert not report.usable and {error["code"] for error in report.errors} == {"missing_column"}
    assert report.questions
    for question in report.questions:
        best = question["readings"][0]
        assert (best["rows"], best["amount_total"], best["customers"]) == (24, TOTAL, 4)
    answered = examine(path, answers=first_readings(report))
    assert (answered.usable, answered.amount_total, answered.customers) == (True, TOTAL, 4)
    next_month = examine(path, mapping=answered.mapping_patch)
    assert (next_month.usable, next_month.amount_total, next_month.questions) == (True, TOTAL, ())


def test_one_answer_leaves_the_other_question_open(tmp_path):
    path = written(tmp_path, {"Kuka": CUSTOMERS, "Milloin": DAYS, "Amount": AMOUNTS})
    report = examine(path, answers={"column_date": "column_2"})
    assert not report.usable
    assert [question["code"] for question in report.questions] == ["column_customer_id"]
    assert report.mapping_patch == {"columns": {"date": "Milloin"}}


def test_known_headings_are_taken_without_a_question_whatever_stands_beside_them(tmp_path):
    columns = {
        "Customer ID": CUSTOMERS,
        "Date": DAYS,
        "Milloin": DAYS,
        "Amount": AMOUNTS,
        "Paljonko": AMOUNTS,
    }
    report = examine(written(tmp_path, columns))
    assert report.usable and report.amount_total == TOTAL
    assert not [question for question in report.questions if question["code"].startswith("column_")]


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("Zeile", list(range(1, 25))),
        ("Ruf", [13800138000 + place * 7 for place in range(24)]),
        ("Tag", [20240101 + place for place in range(24)]),
        (
            "YTD Sales",
            [AMOUNTS[place if place // 4 % 2 else 23 - place] for place in range(24)],
        ),  # it rises in no customer
        ("累计金额", [AMOUNTS[place // 6] for place in range(24)]),
        ("Saldo", AMOUNTS),
        ("Kode", ["A1", "B2"] * 12),
    ],
)
def test_what_numbers_rows_people_or_days_or_adds_up_from_before_is_never_offered_as_an_amount(
    heading, cells, tmp_path
):
    report = examine(written(tmp_path, {"Customer ID": CUSTOMERS, "Date": DAYS, heading: cells}))
    assert [error["code"] for error in report.errors] == ["missing_column"]
    assert report.questions == ()


@pytest.mark.parametrize("heading", ["Last order date", "最近消费时间", "Export date", "出生日期"])
def test_a_day_of_something_else_is_never_offered_as_the_date_of_the_sale(heading, tmp_path):
    report = examine(written(tmp_path, {"Customer ID": CUSTOMERS, heading: DAYS, "Amount": AMOUNTS}))
    assert not report.usable and report.questions == ()


def test_a_state_that_repeats_is_no_customer_where_a_heading_speaks_of_people(tmp_path):
    columns = {
        "Asiakasnimi (name)": CUSTOMERS,
        "Zustand": ["neu", "alt", "fern"] * 8,
        "Date": DAYS,
        "Amount": AMOUNTS,
    }
    (question,) = examine(written(tmp_path, columns)).questions
    assert [reading["mapping"] for reading in question["readings"]] == [
        {"columns": {"customer_id": "Asiakasnimi (name)"}}
    ]


@pytest.mark.parametrize(
    ("count", "price"), [("Nights", "Rate"), ("课时", "课时单价"), ("Stunden", "Stundensatz")]
)
def test_a_small_count_beside_a_price_is_offered_as_their_product(count, price, tmp_path):
    counts = [1, 2, 3] * 8
    columns = {"Customer ID": CUSTOMERS, "Date": DAYS, count: counts, price: AMOUNTS}
    (question,) = examine(written(tmp_path, columns)).questions
    best = question["readings"][0]
    right = sum(number * float(amount) for number, amount in zip(counts, AMOUNTS))
    assert best["id"] == "product" and float(best["amount_total"]) == pytest.approx(right, abs=0.005)


def test_a_sum_of_all_is_offered_before_tax_and_costs_and_these_where_nothing_else_is_there(tmp_path):
    both = {"Customer ID": CUSTOMERS, "Date": DAYS, "Paljonko": AMOUNTS, "Delivery fee": AMOUNTS[::-1]}
    (question,) = examine(written(tmp_path, both)).questions
    assert [reading["mapping"]["columns"]["amount"] for reading in question["readings"]] == ["Paljonko"]
    alone = {"Customer ID": CUSTOMERS, "Date": DAYS, "Delivery fee": AMOUNTS}
    (question,) = examine(written(tmp_path, alone)).questions
    assert [reading["mapping"]["columns"]["amount"] for reading in question["readings"]] == ["Delivery fee"]


def test_a_price_is_offered_as_what_was_paid_where_every_row_is_a_piece(tmp_path):
    columns = {"Customer ID": CUSTOMERS, "Date": DAYS, "item-price": AMOUNTS, "shade": ["red", "blue"] * 12}
    (question,) = examine(written(tmp_path, columns)).questions
    assert [(reading["id"], reading["amount_total"]) for reading in question["readings"]] == [
        ("column_3", TOTAL)
    ]


def test_a_large_file_is_read_once_and_the_likeliest_reading_has_its_total(tmp_path, monkeypatch):
    monkeypatch.setattr("crmkit.intake.candidates.LARGE", 20)
    columns = {"Kuka": CUSTOMERS, "Milloin": DAYS, "Paljonko": AMOUNTS, "Netto davon": AMOUNTS[::-1]}
    questions = {question["code"]: question for question in examine(written(tmp_path, columns)).questions}
    first, second = questions["column_amount"]["readings"]
    assert first["amount_total"] == TOTAL and second["amount_total"] is None


@pytest.mark.parametrize(("count", "price"), [("Seats", "Price"), ("台数", "价格")])
def test_a_count_beside_a_lone_price_is_asked_about_and_not_taken_for_a_remark(count, price, tmp_path):
    counts = [1, 2, 3] * 8
    path = written(tmp_path, {"Customer ID": CUSTOMERS, "Date": DAYS, count: counts, price: AMOUNTS})
    (question,) = examine(path).questions
    product, alone = question["readings"]
    right = sum(number * float(amount) for number, amount in zip(counts, AMOUNTS))
    assert float(product["amount_total"]) == pytest.approx(right, abs=0.005)
    assert alone["amount_total"] == TOTAL
    answered = examine(path, answers={question["code"]: "product"})
    assert answered.usable and float(answered.amount_total) == pytest.approx(right, abs=0.005)
    assert examine(path, mapping=answered.mapping_patch).questions == ()


@pytest.mark.parametrize("heading", ["Rating", "Age", "评分", "Month", "Table no", "Store"])
def test_a_rating_a_month_or_a_table_beside_a_price_is_no_count(heading, tmp_path):
    columns = {"Customer ID": CUSTOMERS, "Date": DAYS, heading: [1, 2, 3] * 8, "Price": AMOUNTS}
    report = examine(written(tmp_path, columns))
    assert report.usable and report.amount_total == TOTAL and report.questions == ()


def test_a_workbook_with_cells_of_days_and_numbers_is_asked_about_like_a_text_file(tmp_path):
    path = tmp_path / "book.xlsx"
    days = [date.fromisoformat(day) for day in DAYS]
    rows = [["Kuka", "Milloin", "Paljonko"], *zip(CUSTOMERS, days, map(Decimal, AMOUNTS))]
    workbook(path, {"A": rows})
    report = examine(path)
    answered = examine(path, answers=first_readings(report))
    assert (answered.usable, answered.amount_total, answered.customers) == (True, TOTAL, 4)


def test_what_was_recognised_is_told_beside_what_is_asked(tmp_path):
    report = examine(written(tmp_path, {"Kuka": CUSTOMERS, "Date": DAYS, "Amount": AMOUNTS}))
    assert [question["code"] for question in report.questions] == ["column_customer_id"]
    assert report.mapping == {"date": "Date", "amount": "Amount"}


NUMBERS = [5001 + place % 4 for place in range(24)]


@pytest.mark.parametrize(
    ("customer", "day", "amount"),
    [
        ("Hvem", "Hvornår", "Hvor meget"),
        ("Kto", "Kedy", "Koľko"),
        ("Ki", "Mikor", "Mennyi"),
        ("ვინ", "როდის", "რამდენი"),
        ("ใคร", "เมื่อไร", "เท่าไร"),
    ],
)
def test_numbers_of_customers_are_left_to_the_customers_where_another_column_is_money(
    customer, day, amount, tmp_path
):
    path = written(tmp_path, {"no": range(1, 25), day: DAYS, customer: NUMBERS, amount: AMOUNTS})
    report = examine(path)
    assert {question["code"] for question in report.questions} == {
        "column_customer_id",
        "column_date",
        "column_amount",
    }
    for question in report.questions:
        best = question["readings"][0]
        assert (best["rows"], best["amount_total"], best["customers"]) == (24, TOTAL, 4)


@pytest.mark.parametrize(
    ("first", "paid"),
    [
        ("Geld netto", "Geld brutto"),
        ("PU TTC", "Somme TTC totale"),
        ("Valor dos produtos", "Valor que foi pago"),
        ("消费数", "实收数"),
        ("Fare of seat", "Total fare of seat"),
        ("Sommetje excl. btw", "Sommetje incl. btw"),
    ],
)
def test_of_several_amounts_that_which_was_paid_is_offered_first(first, paid, tmp_path):
    for columns in ({first: AMOUNTS, paid: AMOUNTS}, {paid: AMOUNTS, first: AMOUNTS}):
        path = written(tmp_path, {"Customer ID": CUSTOMERS, "Date": DAYS, **columns})
        (question,) = examine(path).questions
        assert question["readings"][0]["mapping"]["columns"]["amount"] == paid


@pytest.mark.parametrize("heading", ["Postleitzahl", "Zip", "邮编", "Clock", "Zustand (status)"])
def test_a_place_a_time_of_day_or_a_state_is_never_offered_as_the_customer(heading, tmp_path):
    cells = ["10:15", "11:30", "9:05", "18:45"] if heading == "Clock" else ["50667", "10115", "80331", "1010"]
    report = examine(written(tmp_path, {heading: cells * 6, "Date": DAYS, "Amount": AMOUNTS}))
    assert not report.usable and report.questions == ()


def test_days_in_digits_are_offered_where_nothing_else_is_a_day(tmp_path):
    digits = [day.replace("-", "") for day in DAYS]
    path = written(tmp_path, {"Customer ID": CUSTOMERS, "dwh_d": digits, "Amount": AMOUNTS})
    (question,) = examine(path).questions
    assert question["readings"][0]["amount_total"] == TOTAL
    beside = {"Customer ID": CUSTOMERS, "dwh_d": digits, "Hvornår": DAYS, "Amount": AMOUNTS}
    (question,) = examine(written(tmp_path, beside)).questions
    assert [reading["mapping"]["columns"]["date"] for reading in question["readings"]] == ["Hvornår"]
    numbers = {"Customer ID": CUSTOMERS, "dwh_n": range(20240190, 20240214), "Amount": AMOUNTS}
    assert examine(written(tmp_path, numbers)).questions == ()


MANY = [f"P{place % 8:02d}" for place in range(24)]


@pytest.mark.parametrize("heading", ["Kundenkürzel", "Shopper ref code", "老会员标识", "Kundenbezeichnung"])
def test_the_only_column_that_could_be_the_customers_is_read_and_said(heading, tmp_path):
    report = examine(written(tmp_path, {heading: MANY, "Date": DAYS, "Amount": AMOUNTS}))
    assert (report.usable, report.customers, report.amount_total) == (True, 8, TOTAL)
    (said,) = [note for note in report.notes if note["code"] == "column_customer_id"]
    assert heading in said["message_en"] and heading in said["message_zh"]
    assert report.decided[0]["column"] == heading


@pytest.mark.parametrize(
    "columns",
    [
        {"Kundenkürzel": MANY, "Kundenbezeichnung": MANY[::-1]},  # either could be
        {"Kundengruppe": MANY},  # of them, not they
        {"Kundenkürzel": ["a", "b", "c"] * 8},  # kinds, perhaps
        {"Session id": MANY},
        {"Filialkürzel": MANY},
        {"Deal owner": MANY},
    ],
)
def test_a_column_that_could_be_something_else_is_asked_about(columns, tmp_path):
    report = examine(written(tmp_path, {**columns, "Date": DAYS, "Amount": AMOUNTS}))
    assert not report.usable
    assert [question["code"] for question in report.questions] == ["column_customer_id"]


def test_an_answer_or_a_second_missing_column_is_asked_as_before(tmp_path):
    path = written(tmp_path, {"Kundenkürzel": MANY, "Wann": DAYS, "Amount": AMOUNTS})
    assert {question["code"] for question in examine(path).questions} == {
        "column_customer_id",
        "column_date",
    }
    answered = examine(path, answers={"column_date": "column_2"})
    assert answered.usable and "column_customer_id" in {note["code"] for note in answered.notes}
