"""Lists that name a customer or a day once for several rows, and rows that were never meant to have one."""

import pytest
from messy import csv_text

import crmkit

HEAD = ("date", "customer", "amount")
DAYS = [f"2024-0{month}-{day:02d}" for month in range(1, 7) for day in (3, 12, 17, 24)]
PEOPLE = ["Ada", "Bo", "Cy", "Di", "Eve", "Flo"]


def check(tmp_path, rows, *header, **how):
    (tmp_path / "f.csv").write_text(csv_text(list(header), rows), encoding="utf-8")
    return crmkit.check_transactions(tmp_path / "f.csv", **how)


def asked(report) -> dict:
    """Each question's code with the totals and the customers of its readings."""
    return {
        q["code"]: {r["id"]: (r["amount_total"], r["customers"]) for r in q["readings"]}
        for q in report.questions
    }


def groups(*, day=True, number=False):
    """Twelve sales of two lines: what names the sale stands in its first line only; 12 × 20 and 12 × 5."""
    rows = []
    for place in range(12):
        named = [DAYS[place * 2], PEOPLE[place % 6]]
        first, second = [*named, "20.00"], ["" if day else named[0], "", "5.00"]
        order = [[f"S{place + 100}"], [""]] if number else [[], []]
        rows += [[*order[0], *first], [*order[1], *second]]
    return rows


def test_further_lines_with_money_are_asked_about_where_only_the_first_names_the_sale(tmp_path):
    expected = {"fill_down": {"fill_down": ("300.00", 6), "go_on": ("240.00", 6)}}
    assert asked(check(tmp_path, groups(), *HEAD)) == expected
    assert asked(check(tmp_path, groups(day=False), *HEAD)) == expected
    assert asked(check(tmp_path, groups(number=True), "order_id", *HEAD)) == expected


def test_what_is_filled_down_is_so_in_the_transactions_and_in_next_months_mapping(tmp_path):
    report = check(tmp_path, groups(), *HEAD, answers={"fill_down": "fill_down"})
    assert report.usable and report.mapping_patch == {"fill_down": ["customer", "date"]}
    assert report.transactions["customer_id"].tolist()[:4] == ["Ada", "Ada", "Bo", "Bo"]
    assert report.transactions["date"].astype(str).tolist()[:2] == [DAYS[0], DAYS[0]]
    again = check(tmp_path, groups(), *HEAD, mapping=report.mapping_patch)
    assert (again.amount_total, again.questions) == ("300.00", ())


def test_further_lines_without_money_remarks_and_totals_are_no_such_list(tmp_path):
    of_goods = [row if row[1] else ["", "", ""] for row in groups()]
    rows = [[*row, f"P{place}"] for place, row in enumerate(of_goods)]
    assert check(tmp_path, rows, *HEAD, "product").questions == ()
    foot = [*groups()[::2], ["printed by Bo", "", ""], ["", "", "240.00"]]
    report = check(tmp_path, foot, *HEAD)
    assert (report.amount_total, report.questions) == ("240.00", ())


def test_customers_that_are_lacking_here_and_there_are_not_filled(tmp_path):
    rows = [[DAYS[place], "" if place % 3 == 2 else PEOPLE[place % 2], "10"] for place in range(24)]
    assert asked(check(tmp_path, rows, *HEAD)) == {"set_aside": {"go_on": ("160.00", 2)}}


@pytest.mark.parametrize("mark", ["同上", "〃", '"', "ditto", "Idem"])
def test_a_ditto_mark_is_no_customer_and_no_day(mark, tmp_path):
    rows = [[DAYS[place], mark if place % 4 == 3 else PEOPLE[place // 4], "10"] for place in range(24)]
    report = check(tmp_path, rows, *HEAD)
    assert asked(report)["fill_down"]["fill_down"] == ("240.00", 6)
    days = [[mark if place % 4 == 3 else DAYS[place], PEOPLE[place // 4], "10"] for place in range(24)]
    assert asked(check(tmp_path, days, *HEAD)) == {
        "fill_down": {"fill_down": ("240.00", 6), "as_it_stands": ("180.00", 6)}
    }
    plain = [[DAYS[place], PEOPLE[place // 4], "10"] for place in range(24)]
    assert check(tmp_path, plain, *HEAD).questions == ()


def test_payouts_without_a_customer_are_said_and_not_asked_about(tmp_path):
    rows = [["charge", DAYS[place], PEOPLE[place % 6], "10"] for place in range(24)]
    rows += [["payout", DAYS[place], "", "-70"] for place in (5, 11, 17)]
    report = check(tmp_path, rows, "Type", *HEAD)
    assert (report.amount_total, report.questions) == ("240.00", ())
    assert "other_kinds" in [note["code"] for note in report.notes]
    unnamed = [["charge" if row[2] else "sale", *row[1:3], row[3].strip("-")] for row in rows]
    assert "set_aside" in asked(check(tmp_path, unnamed, "Type", *HEAD))


def test_a_booking_and_its_reversal_are_no_share_of_the_money(tmp_path):
    rows = [[DAYS[place], PEOPLE[place % 6], "10"] for place in range(24)]
    both = [[DAYS[5], "", "11062.06"], [DAYS[6], "", "-11062.06"]]
    assert check(tmp_path, [*rows, *both], *HEAD).questions == ()
    assert "set_aside" in asked(check(tmp_path, [*rows, both[0]], *HEAD))
