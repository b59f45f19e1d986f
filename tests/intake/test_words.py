"""Words that speak for themselves: each kind with the right value, and the innocent file beside it."""

import pytest
from messy import asked, check, codes

DAYS = [f"2024-0{month}-{day:02d}" for month in range(1, 7) for day in (3, 12, 17, 24)]
HEAD = ("order_id", "date", "customer_id", "amount")
MARKED = (7, 19)


def with_words(usual, word):
    """24 sales of 10.00, of six customers; two of them with another word than the others."""
    rows = [[f"N{place:04d}", DAYS[place], f"C{place % 6}", "10.00"] for place in range(24)]
    return [[*row, word if place in MARKED else usual] for place, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("heading", "word", "readings"),
    [
        ("", "storniert", ["drop", "as_it_stands"]),
        ("Column1", "cancelled", ["drop", "as_it_stands"]),
        ("Unnamed: 4", "refunded", ["drop", "negative", "as_it_stands"]),
        ("Info", "Gutschrift", ["negative", "drop", "as_it_stands"]),
        ("", "退货", ["negative", "drop", "as_it_stands"]),
        ("备注", "退", ["negative", "drop", "as_it_stands"]),
        ("说明", "退货", ["negative", "drop", "as_it_stands"]),
        ("列1", "作废", ["drop", "as_it_stands"]),
    ],
)
def test_a_cell_that_says_cancelled_or_returned_and_nothing_else_is_asked_about(
    heading, word, readings, tmp_path
):
    found = check(tmp_path, with_words("", word), *HEAD, heading)
    totals = {"negative": "200.00", "drop": "220.00", "as_it_stands": "240.00"}
    assert list(asked(found)["called_undone"].items()) == [(one, totals[one]) for one in readings]
    taken = check(tmp_path, with_words("", word), *HEAD, heading, answers={"called_undone": readings[0]})
    assert taken.usable and taken.amount_total == totals[readings[0]]
    again = check(tmp_path, with_words("", word), *HEAD, heading, mapping=taken.mapping_patch)
    assert (again.amount_total, again.questions) == (taken.amount_total, ())


def test_among_other_remarks_a_word_by_itself_is_asked_about_all_the_same(tmp_path):
    rows = with_words("", "cancelled")
    rows[3][-1], rows[4][-1] = "gift wrap", "call before delivery"
    assert asked(check(tmp_path, rows, *HEAD, "Notes")) == {
        "called_undone": {"drop": "220.00", "as_it_stands": "240.00"}
    }


@pytest.mark.parametrize(
    ("heading", "word"),
    [
        ("Notes", "credit"),
        ("备注", "已付款"),
        ("Notes", "returned late last time"),
        ("Brand", "Void"),
        ("", "VIP"),
    ],
)
def test_a_word_that_may_speak_of_something_else_is_not_asked_about(heading, word, tmp_path):
    assert check(tmp_path, with_words("", word), *HEAD, heading).questions == ()


def test_a_mark_under_a_heading_that_says_nothing_is_said(tmp_path):
    (note,) = check(tmp_path, with_words("", "x"), *HEAD, "x").notes
    assert (note["code"], note["rows"], note["effect"]) == ("marked_few", 2, "20.00")
    assert check(tmp_path, with_words("", "x"), *HEAD, "VIP").notes == ()
    assert check(tmp_path, with_words("a", "b"), *HEAD, "x").notes == ()


@pytest.mark.parametrize(
    ("usual", "word"),
    [
        ("Mug", "Refund: Mug"),
        ("Mug", "Return - Mug"),
        ("Kaffeemaschine", "Gutschrift zu RE 50003"),
        ("Kaffeemaschine", "Storno: Kaffeemaschine"),
        ("保温杯", "【退】保温杯"),
        ("保温杯", "退货-保温杯"),
        ("マグカップ", "返品：マグカップ"),
    ],
)
def test_an_item_that_begins_as_a_return_is_asked_about(usual, word, tmp_path):
    found = check(tmp_path, with_words(usual, word), *HEAD, "product")
    assert asked(found) == {
        "called_undone": {"negative": "200.00", "drop": "220.00", "as_it_stands": "240.00"}
    }


@pytest.mark.parametrize(
    "word",
    [
        "Return ticket",
        "Credit note card",
        "Refundable fare",
        "退热贴",
        "退烧药",
        "Void",
        "充电",
        "充电宝",
        "手机话费充值",
        "充值卡100元",
    ]
    + ["Mobile top-up", "Refund policy booklet", "Storno-Stempel", "Avoir du style"],
)
def test_a_product_whose_name_only_sounds_so_is_a_product(word, tmp_path):
    found = check(tmp_path, with_words("Mug", word), *HEAD, "product")
    assert found.questions == () and found.amount_total == "240.00"


@pytest.mark.parametrize(
    ("heading", "usual", "word"),
    [
        ("项目", "洗剪吹", "会员充值"),
        ("Description", "Latte", "Wallet top-up"),
        ("product", "Latte", "储值卡充值"),
        ("Type", "Sale", "Gift card sale"),
        ("类型", "销售", "礼品卡"),
    ],
)
def test_money_that_is_taken_before_anything_is_sold_is_asked_about(heading, usual, word, tmp_path):
    found = check(tmp_path, with_words(usual, word), *HEAD, heading)
    assert list(asked(found)["stored_value"].items()) == [("drop", "220.00"), ("as_it_stands", "240.00")]


def test_a_deposit_may_be_a_part_of_the_price(tmp_path):
    found = check(tmp_path, with_words("Sale", "Deposit"), *HEAD, "Type")
    assert list(asked(found)["stored_value"].items()) == [("as_it_stands", "240.00"), ("drop", "220.00")]


def test_what_is_sent_again_is_no_sale(tmp_path):
    found = check(tmp_path, with_words("普通", "补发"), *HEAD, "订单类型")
    assert asked(found) == {"no_sale": {"usual": "220.00", "as_it_stands": "240.00"}}


def test_sales_that_are_no_longer_active_are_asked_about(tmp_path):
    found = check(tmp_path, with_words("1", "0"), *HEAD, "active")
    assert asked(found) == {"sale_flag": {"usual": "220.00", "as_it_stands": "240.00"}}


def test_customers_who_are_no_longer_active_did_buy(tmp_path):
    rows = with_words("1", "0")
    of_customers = [[*row[:4], "0" if row[2] == "C1" else "1"] for row in rows]
    found = check(tmp_path, of_customers, *HEAD, "active")
    assert (found.amount_total, found.questions, codes(found)) == ("240.00", (), [])
