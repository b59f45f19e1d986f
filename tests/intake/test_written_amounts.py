"""How people write an amount: signs that are a minus, dashes that are not, words beside the number."""

import pytest
from messy import asked, csv_text

import crmkit

DAYS = [f"2024-0{month}-{day:02d}" for month in range(1, 7) for day in (3, 12, 17, 24)]


def check(tmp_path, amounts, **how):
    rows = [[f"C{place % 4}", DAYS[place % 24], amount] for place, amount in enumerate(amounts)]
    text = csv_text(["customer_id", "date", "amount"], rows, delimiter="\t")
    (tmp_path / "f.tsv").write_text(text, encoding="utf-8")
    return crmkit.check_transactions(tmp_path / "f.tsv", **how)


@pytest.mark.parametrize(
    ("written", "other", "total"),
    [
        ("120,-", "12,50", "372.50"),
        ("120.-", "12.50", "372.50"),
        ("120,– €", "12,50 €", "372.50"),
        ("CHF 1’200.–", "CHF 12.50", "3612.50"),
        ("1.200,-- Kč", "12,50 Kč", "3612.50"),
        ("Rs. 1,200/-", "Rs. 12.50", "3612.50"),
        ("120.00-", "12.50", "-347.50"),  # a minus behind the cents stays one
    ],
)
def test_a_dash_for_the_cents_is_no_minus(written, other, total, tmp_path):
    report = check(tmp_path, [written, written, written, other])
    assert (report.amount_total, report.questions) == (total, ())


@pytest.mark.parametrize("minus", ["▲", "△", "负", "红字", "−"])
def test_signs_and_words_of_a_minus(minus, tmp_path):
    report = check(tmp_path, [*["1,200"] * 22, f"{minus}1,000", f"{minus} 500"])
    assert (report.amount_total, report.rows_used, report.negative_amount_rows) == ("24900.00", 24, 2)


@pytest.mark.parametrize(
    "written", ["34.50(退)", "退34.50", "退款：34.50", "34.50 refunded", "34.50（已退货）"]
)
def test_a_number_beside_a_word_of_returns_is_asked_about(written, tmp_path):
    report = check(tmp_path, [*["10.00"] * 22, written, written])
    assert asked(report) == {"amount_marks": {"negative": "151.00", "set_aside": "220.00"}}
    other = check(tmp_path, [*["10.00"] * 22, "10.00元", "¥10.00"])
    assert (other.amount_total, other.questions) == ("240.00", ())


def test_words_that_say_that_it_was_paid_are_left_off(tmp_path):
    report = check(tmp_path, ["$10.00 paid"] * 24)
    assert (report.amount_total, [note["code"] for note in report.notes]) == ("240.00", ["amount_marks"])
    some = check(tmp_path, [*["$10.00 paid"] * 22, "$10.00 refunded", "$10.00 refunded"])
    assert asked(some)["amount_marks"]["negative"] == "200.00"


@pytest.mark.parametrize("sign", ["Rp 12.000", "12.000 ₫"])
def test_a_currency_without_decimals_in_use_is_not_asked_for_its_mark(sign, tmp_path):
    report = check(tmp_path, [sign] * 24)
    assert (report.amount_total, report.questions) == ("288000.00", ())
    assert "decimal_mark" in asked(check(tmp_path, ["€ 12.000"] * 24))


def test_two_kinds_of_dollars_in_the_cells_are_not_added_up(tmp_path):
    report = check(tmp_path, [*["US$10"] * 20, *["CA$10"] * 4])
    assert [error["code"] for error in report.errors] == ["mixed_currency"]
    assert check(tmp_path, ["US$10"] * 24).amount_total == "240.00"


@pytest.mark.parametrize(
    ("written", "value"), [("34€50", "34.50"), ("34元5", "34.50"), ("34块5", "34.50"), ("12£05", "12.05")]
)
def test_a_currency_may_stand_where_the_decimal_mark_does(written, value, tmp_path):
    report = check(tmp_path, [written] * 10)
    assert (report.amount_total, report.questions) == (f"{10 * float(value):.2f}", ())


@pytest.mark.parametrize("written", ["34€500", "12元345", "3 USD 4"])
def test_digits_are_never_joined_over_a_currency(written, tmp_path):
    assert check(tmp_path, [*["10.00"] * 99, written]).amount_total == "990.00"


@pytest.mark.parametrize("filler", ["13800138000", "9999999.99", "20240105"])
def test_several_enormous_amounts_are_asked_about(filler, tmp_path):
    assert asked(check(tmp_path, [*["10.00"] * 22, filler, filler]))["enormous"]["set_aside"] == "220.00"
    assert check(tmp_path, [*["10.00"] * 22, "500.00", "600.00"]).questions == ()


@pytest.mark.parametrize("code", ["-1", "-999"])
def test_a_code_for_not_known_is_no_return(code, tmp_path):
    readings = asked(check(tmp_path, [*["10.50"] * 21, code, code, code]))["missing_codes"]
    assert readings["set_aside"] == "220.50"
    sold = check(tmp_path, [*["10.50"] * 20, code.strip("-"), code, code, code])
    assert "missing_codes" not in asked(sold)
    assert "missing_codes" not in asked(check(tmp_path, [*["10.50"] * 21, "-1", "-2", "-3.50"]))


def test_sales_that_are_credits_of_a_ledger_are_asked_about(tmp_path):
    readings = asked(check(tmp_path, [*["-10.00"] * 22, "5.00", "5.00"]))["turned"]
    assert readings == {"turn": "210.00", "as_it_stands": "-210.00"}
    answered = check(tmp_path, [*["-10.00"] * 22, "5.00"], answers={"turned": "turn"})
    assert (answered.amount_total, answered.mapping_patch) == ("215.00", {"unit": -1.0})
    assert check(tmp_path, [*["10.00"] * 20, *["-1.00"] * 4, "-7"]).questions == ()
