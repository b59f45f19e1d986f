"""What is said and never asked: each kind with its figures, and the innocent file beside it."""

import pytest
from messy import check, codes

import crmkit

DAYS = [f"2024-0{month}-{day:02d}" for month in range(1, 7) for day in (3, 12, 17, 24)]
HEAD = ("order_id", "date", "customer_id", "amount")
NAMES = ["Anna Berg", "Tom Hill", "王芳", "Mei Chen", "Luis Vega", "Sara Lund"]


def sales():
    """24 sales of 10.00, of six customers, their numbers without a hole."""
    return [[50001 + place, DAYS[place], f"C{place % 6}", "10.00"] for place in range(24)]


def named(written):
    rows = [[*row[:2], NAMES[place % 6], row[3]] for place, row in enumerate(sales())]
    for place, name in written.items():
        rows[place][2] = name
    return rows


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (6, "Anna Berg (new)"),
        (7, "Tom Hill - VIP"),
        (8, "王芳13800001000"),
        (8, "王芳（新）"),
        (9, "Chen, Mei"),
        (6, "anna berg [old]"),
    ],
)
def test_a_name_with_an_addition_beside_the_plain_one_is_said(place, name, tmp_path):
    found = check(tmp_path, named({place: name}), *HEAD)
    (note,) = [note for note in found.notes if note["code"] == "names_alike"]
    assert note["rows"] == 1 and f"{name} / {NAMES[place % 6]}" in note["message_en"]
    assert found.usable and found.customers == 7


@pytest.mark.parametrize(
    "name", ["Anna Berg-Hill", "Berg & Co, Vienna", "Otto Kern (new)", "Hotel Adler - Spa"]
)
def test_an_addition_to_a_name_that_stands_nowhere_else_is_part_of_it(name, tmp_path):
    assert "names_alike" not in codes(check(tmp_path, named({6: name}), *HEAD))


def in_two_shops(names):
    """Each number in both shops; ``names`` of the second."""
    rows = [[*row, NAMES[place % 6], "North"] for place, row in enumerate(sales()[:12])]
    return rows + [[*row, names[place % 6], "South"] for place, row in enumerate(sales()[12:])]


def test_numbers_that_each_shop_gives_its_own_customers_are_said(tmp_path):
    others = ["Ivan Roy", "张敏", "Otto Kern", "Priya Nair", "陈静", "Jo Lee"]
    found = check(tmp_path, in_two_shops(others), *HEAD, "Customer name", "Store")
    (note,) = [note for note in found.notes if note["code"] == "numbers_by_shop"]
    assert note["rows"] == 24 and "C0: Anna Berg / Ivan Roy" in note["message_en"]
    assert found.usable and found.customers == 6
    without = [row[:5] for row in in_two_shops(others)]
    assert "numbers_of_two" in codes(check(tmp_path, without, *HEAD, "Customer name"))


def test_numbers_whose_names_agree_are_not_spoken_of(tmp_path):
    for names, heading in (
        (NAMES, "Customer name"),
        ([name.upper() for name in NAMES], "Customer name"),
        (["Ivan Roy", *NAMES[1:]], "Customer name"),  # one has another name: married
        (NAMES[::-1], "Recipient name"),  # presents
    ):
        found = check(tmp_path, in_two_shops(names), *HEAD, heading, "Store")
        assert not {"numbers_by_shop", "numbers_of_two"} & set(codes(found)), heading


def test_a_hole_in_running_order_numbers_is_said(tmp_path):
    rows = [[number + (400 if number > 50012 else 0), *rest] for number, *rest in sales()]
    (note,) = check(tmp_path, rows, *HEAD).notes
    assert note["code"] == "missing_numbers" and "50013 to 50412 (400)" in note["message_en"]


@pytest.mark.parametrize(
    "number",
    [
        lambda place: 50001 + place,
        lambda place: 50001 + place + 3 * (place > 9),  # a few orders of somebody else
        lambda place: 50001 + 7 * place,  # other shops share the numbers
        lambda place: (20231000 if place < 12 else 20240000) + place % 12 + 1,  # anew with the year
    ],
)
def test_numbers_that_have_no_hole_of_their_own_are_not_spoken_of(number, tmp_path):
    rows = [[number(place), *row[1:]] for place, row in enumerate(sales())]
    assert check(tmp_path, rows, *HEAD).notes == ()


@pytest.mark.parametrize(("last", "cut"), [("50024,2024-06-24,C", True), ("50024,2024-06-24,C5,", False)])
def test_a_last_line_that_was_cut_off_is_said(last, cut, tmp_path):
    lines = [",".join(map(str, row)) for row in sales()[:-1]]
    path = tmp_path / "cut.csv"
    path.write_text("\n".join([",".join(HEAD), *lines, last]), encoding="utf-8")
    found = crmkit.check_transactions(path)
    assert (found.usable, found.amount_total) == (True, "230.00")
    assert ("cut_off" in codes(found)) == cut


def test_days_that_are_all_the_first_of_a_month_may_be_months(tmp_path):
    rows = [
        [number, f"2024-{1 + place // 8:02d}-01", f"C{place % 3}", "10.00"]
        for place, (number, *_) in enumerate(sales())
    ]
    assert "first_days" in codes(check(tmp_path, rows, *HEAD))
    due = [
        [number, f"2024-{1 + place // 6:02d}-01", f"C{place % 6}", "10.00"]
        for place, (number, *_) in enumerate(sales())
    ]
    assert "first_days" not in codes(check(tmp_path, due, *HEAD))  # a fee, once a month from everybody


@pytest.mark.parametrize(
    ("heading", "usual", "word", "code"),
    [
        ("Customer group", "Retail", "Staff", "staff_rows"),
        ("备注", "", "内部员工", "staff_rows"),
        ("备注", "已结清", "未付", "unpaid_rows"),
        ("Overdue", "no", "yes", "unpaid_rows"),
        ("Type", "Sale", "Exchange", "other_rows"),
        ("Item", "Crate", "Deposit refund", "other_rows"),
        ("Item", "Mug", "Gift card 50", "other_rows"),
        ("Description", "Latte", "Tip", "other_rows"),
        ("Item", "Mug", "Discount", "other_rows"),
    ],
)
def test_rows_of_another_kind_are_said_with_their_money(heading, usual, word, code, tmp_path):
    rows = [[*row, word if place in (7, 19) else usual] for place, row in enumerate(sales())]
    found = check(tmp_path, rows, *HEAD, heading)
    assert [(n["rows"], n["effect"]) for n in found.notes if n["code"] == code] == [(2, "20.00")]
    assert (found.usable, found.amount_total) == (True, "240.00")
    as_usual = [[*row[:4], usual] for row in rows]
    assert check(tmp_path, as_usual, *HEAD, heading).notes == ()


@pytest.mark.parametrize(
    ("heading", "word"), [("Served by", "Staff"), ("Item", "Tipp-Ex"), ("Item", "Staff of oak")]
)
def test_words_that_only_sound_so_are_not_spoken_of(heading, word, tmp_path):
    rows = [[*row, word if place in (7, 19) else "Mug"] for place, row in enumerate(sales())]
    assert check(tmp_path, rows, *HEAD, heading).notes == ()
