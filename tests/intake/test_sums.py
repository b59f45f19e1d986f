"""Amounts that hold other amounts: each kind with the right value, and the innocent file beside it."""

import pytest
from messy import asked, check

PEOPLE = [f"C{i}" for i in range(6)]
BOUGHT = [  # six customers by four days; worked out by hand: 2292 in all
    [60, 20, 95, 110, 45, 70],
    [130, 85, 25, 90, 160, 55],
    [40, 150, 75, 35, 120, 180],
    [100, 65, 140, 82, 30, 330],
]
TOTAL = "2292.00"
DAYS = ["2024-01-05", "2024-03-11", "2024-06-20", "2024-09-02"]


def by_day(amounts):
    return [[DAYS[k], PEOPLE[i], amounts[k][i]] for k in range(4) for i in range(6)]


def running(amounts):
    return [[sum(day[i] for day in amounts[: k + 1]) for i in range(6)] for k in range(4)]


@pytest.mark.parametrize("heading", ["Amount", "金额", "Umsatz"])
def test_amounts_that_never_fall_within_any_customer_are_a_running_total(heading, tmp_path):
    rows = by_day(running(BOUGHT))
    found = check(tmp_path, rows, "date", "customer_id", heading)
    every = f"{sum(row[2] for row in rows)}.00"
    assert asked(found) == {"running_total": {"differences": TOTAL, "as_it_stands": every}}
    answered = check(tmp_path, rows, "date", "customer_id", heading, answers={"running_total": "differences"})
    assert (answered.amount_total, answered.customers) == (TOTAL, 6)
    assert answered.mapping_patch == {"running_total": "always"}
    shuffled = sorted(rows, key=lambda row: str(row[2])[::-1])  # the order of the rows says nothing
    again = check(tmp_path, shuffled, "date", "customer_id", heading, mapping=answered.mapping_patch)
    assert (again.amount_total, again.questions) == (TOTAL, ())


def test_a_running_total_that_begins_anew_with_the_year_is_one_all_the_same(tmp_path):
    years = [running(BOUGHT), running(BOUGHT[::-1])]
    rows = [[day.replace("2024", str(2023 + y)), *rest] for y in (0, 1) for day, *rest in by_day(years[y])]
    found = check(tmp_path, rows, "date", "customer_id", "amount", answers={"running_total": "differences"})
    assert (found.amount_total, found.mapping_patch) == ("4584.00", {"running_total": "yearly"})


@pytest.mark.parametrize(
    ("heading", "how"),
    [
        ("Sales YTD", "yearly"),
        ("累计消费金额", "always"),
        ("Cumulative sales", "always"),
        ("本年累计金额", "yearly"),
    ],
)
def test_a_column_headed_as_a_running_total_is_offered_by_its_differences(heading, how, tmp_path):
    rows = by_day(running(BOUGHT))
    found = check(tmp_path, rows, "date", "customer_id", heading)
    assert asked(found) == {"column_amount": {"column_3": TOTAL}}
    taken = check(tmp_path, rows, "date", "customer_id", heading, answers={"column_amount": "column_3"})
    assert (taken.amount_total, taken.mapping_patch["running_total"]) == (TOTAL, how)


def test_amounts_that_rise_for_another_reason_are_no_running_total(tmp_path):
    fees = [[round(day * 1.08**k, 2) for day in BOUGHT[0]] for k in range(4)]  # raised every time
    level = [BOUGHT[0]] * 4
    growing = [[100 * (k + 1) + 7 * i for i in range(6)] for k in range(4)]  # whoever pays
    one_falls = running(BOUGHT)
    one_falls[3][2] = 10
    for amounts in (BOUGHT, fees, level, growing, one_falls):
        found = check(tmp_path, by_day(amounts), "date", "customer_id", "amount")
        assert found.questions == ()


def orders(with_total, *, count=6):
    """Orders of three lines (18 + i, 7, 12.50) and the sum of all lines, 24 and less below what is told."""
    rows = []
    for i in range(count):
        lines = [18 + i, 7, 12.5]
        places = {"above": [sum(lines), *lines], "below": [*lines, sum(lines)], "nowhere": lines}
        rows += [[f"N{i}", DAYS[i % 4], PEOPLE[i % 5], amount] for amount in places[with_total]]
    return rows


HEAD = ("order_id", "date", "customer_id", "amount")


def test_an_orders_total_above_its_lines_counts_once(tmp_path):
    found = check(tmp_path, orders("above"), *HEAD)
    once, both = "240.00", "480.00"
    assert asked(found) == {"order_heads": {"heads": once, "lines": once, "as_it_stands": both}}
    for answer, rows, patch in (("heads", 6, "only"), ("lines", 18, "drop")):
        taken = check(tmp_path, orders("above"), *HEAD, answers={"order_heads": answer})
        assert (taken.amount_total, taken.rows_used) == (once, rows)
        assert taken.mapping_patch == {"order_heads": patch}


def test_an_orders_total_below_its_lines_is_asked_about_once(tmp_path):
    (question,) = check(tmp_path, orders("below"), *HEAD).questions
    assert {reading["amount_total"] for reading in question["readings"]} == {"240.00", "480.00"}


def test_orders_whose_lines_are_no_sums_are_not_asked_about(tmp_path):
    assert check(tmp_path, orders("nowhere"), *HEAD).questions == ()
    halves = [[f"N{i // 2}", DAYS[i // 2 % 4], PEOPLE[i // 2 % 5], 20 + i // 2] for i in range(24)]
    assert "order_heads" not in asked(check(tmp_path, halves, *HEAD, "item"))
    by_chance = orders("nowhere", count=12)
    by_chance[0][3] = 19.5  # 7 and 12.50 in one order of twelve
    assert check(tmp_path, by_chance, *HEAD).questions == ()


SIZES = [128, 64, 250, 90, 47, 310, 75, 160, 210, 99, 130, 85]


def with_tax(swapped):
    rows = []
    for i, amount in enumerate(SIZES):
        pair = [amount, 5 + i % 3]
        rows.append([f"N{i}", DAYS[i // 3], PEOPLE[i % 5], *(pair[::-1] if i in swapped else pair)])
    return rows


@pytest.mark.parametrize("swapped", [range(8, 12), range(4, 8)])
def test_two_columns_that_change_places_at_a_row_are_asked_about_by_that_row(swapped, tmp_path):
    rows = with_tax(swapped)
    found = check(tmp_path, rows, *HEAD, "Tax")
    assert asked(found)["changed_places"]["larger"] == "1648.00"
    assert f"row {swapped[0] + 2} " in found.questions[0]["message_en"]
    taken = check(tmp_path, rows, *HEAD, "Tax", answers={"changed_places": "larger"})
    assert (taken.amount_total, taken.mapping_patch) == ("1648.00", {"larger_of": ["Tax"]})


def test_columns_of_money_that_only_cross_are_not_asked_about(tmp_path):
    assert check(tmp_path, with_tax(()), *HEAD, "Tax").questions == ()
    in_order = [[f"N{i}", DAYS[i // 3], PEOPLE[i % 5], 300 - 25 * i, 101] for i in range(12)]
    assert check(tmp_path, in_order, *HEAD, "Tax").questions == ()
    one_row = with_tax((5,))
    assert "changed_places" not in asked(check(tmp_path, one_row, *HEAD, "Tax"))
