"""What a row is when only a number, an event, a word or a label says so, and the files that look like it and are not."""

import pytest
from messy import csv_text

import crmkit

DAYS = [f"2024-0{month}-{day:02d}" for month in range(1, 7) for day in (3, 12, 17, 24)]
HEAD = ("number", "date", "customer_id", "amount")


def check(tmp_path, rows, *header, name="f.csv", **how):
    (tmp_path / name).write_text(csv_text(list(header), rows), encoding="utf-8")
    return crmkit.check_transactions(tmp_path / name, **how)


def asked(report) -> dict:
    """Each question's code with the totals of its readings."""
    return {q["code"]: {r["id"]: r["amount_total"] for r in q["readings"]} for q in report.questions}


def codes(report) -> list[str]:
    return [note["code"] for note in report.notes]


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
