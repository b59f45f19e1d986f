"""Small logs of very different companies, each named for what is special about it; made anew from a seed,
never read from a file.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from crmkit import Assumptions, check_transactions, load, study_client
from crmkit.report.study import ClientStudy

ASSUMED = Assumptions(margin_rate=0.4, budget_rate=0.05, elasticity=0.1, elasticity_sd=0.02)
VAGUE = Assumptions(margin_rate=0.4, budget_rate=0.05, elasticity=0.1, elasticity_sd=0.29)


def log(rows, columns=("customer_id", "date", "amount")) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype({"date": "datetime64[us]"})


def shoppers(
    rng: np.random.Generator,
    *,
    customers: int,
    days: int,
    gap: float,
    spread: float = 1.2,
    leave: float = 0.0,
    start: str = "2023-01-01",
) -> list[tuple]:
    """Who buys at random, each at a size of their own; a share of them stops half way."""
    rows = []
    for number in range(customers):
        basket = 40 * rng.lognormal(0, spread)
        end = days * 0.45 if rng.random() < leave else days
        moment = rng.uniform(0, gap)
        while moment < end:
            day = pd.Timestamp(start) + pd.Timedelta(days=int(moment))
            rows.append((f"C{number:04}", day, round(basket * rng.uniform(0.7, 1.3), 2)))
            moment += 1 + rng.exponential(gap)
    return rows


def payers(rng: np.random.Generator, *, customers: int, stop: float) -> list[tuple]:
    """Contracts that are billed once a month; a share of them ends."""
    rows = []
    for number in range(customers):
        fee = float(rng.choice([29, 99, 299], p=[0.6, 0.3, 0.1]))
        first = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(rng.integers(0, 28)))
        months = int(rng.integers(6, 18)) if rng.random() < stop else 24
        rows += [(f"U{number:03}", first + pd.DateOffset(months=month), fee) for month in range(months)]
    return rows


def five_days(rng):
    return log(shoppers(rng, customers=254, days=5, gap=1.2))


def seventy_days(rng):
    return log(shoppers(rng, customers=240, days=70, gap=12))


def one_day(rng):
    return log([(f"C{i}", "2024-05-01", 5 + i) for i in range(12)])


def four_months(rng):
    return log(shoppers(rng, customers=240, days=125, gap=12))


def concentrated(rng):
    return log(shoppers(rng, customers=320, days=720, gap=45, leave=0.25))


def slow(rng):
    """Who buys so seldom that two years hold few intervals."""
    return log(shoppers(rng, customers=300, days=400, gap=260))


def even(rng):
    return log(shoppers(rng, customers=150, days=720, gap=16, spread=0.05))


def half_even(rng):
    """Some difference between customers, too little for tiers and too much to be called even."""
    return log(shoppers(rng, customers=150, days=720, gap=20, spread=0.42))


def eighty_twenty(rng):
    """Few interval, fat tail: the top fifth brings about four fifths."""
    return log(shoppers(rng, customers=260, days=720, gap=40, spread=1.62))


def near_eighty(rng):
    return log(shoppers(rng, customers=4000, days=100, gap=40, spread=1.52))


def very_concentrated(rng):
    return log(shoppers(rng, customers=400, days=720, gap=60, spread=2.6))


def once_each(rng):
    days = rng.integers(0, 600, 500)
    return log(
        [
            (f"W{i}", pd.Timestamp("2023-02-01") + pd.Timedelta(days=int(day)), 100 + i)
            for i, day in enumerate(days)
        ]
    )


def seldom_twice(rng):
    rows = once_each(rng).values.tolist()
    return log(rows + [(f"W{i}", rows[i][1] + pd.Timedelta(days=20), 50) for i in range(30)])


def thirty_customers(rng):
    rows = shoppers(rng, customers=28, days=720, gap=30, spread=1.4, leave=0.2)
    named = [(*row, f"Firm {row[0]}", f"139{row[0][1:]}", f"{row[0]}@example.com") for row in rows]
    return log(named, ("customer_id", "date", "amount", "customer_name", "phone", "email"))


def fifty_customers(rng):
    return log(shoppers(rng, customers=55, days=720, gap=40, spread=0.8))


def contracts(rng):
    return log(payers(rng, customers=160, stop=0.4))


def contracts_that_last(rng):
    return log(payers(rng, customers=160, stop=0.0))


def nobody_left(rng):
    """Everybody buys every five days or so, to the last day."""
    rows = []
    for number in range(60):
        rows += [
            (f"N{number:02}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day)), 10 + number % 7)
            for day in np.cumsum(rng.integers(2, 9, 70))
            if day < 365
        ]
    return log(rows)


def chance_silences(rng):
    """At random to the end: some silences are long, as chance will have it."""
    return log(shoppers(rng, customers=90, days=720, gap=25, spread=0.6))


def growing(rng):
    rows = shoppers(rng, customers=320, days=720, gap=45)
    later = shoppers(rng, customers=160, days=300, gap=20, start="2024-03-01")
    return log(rows + [(f"L{customer}", day, 30 * amount) for customer, day, amount in later])


def long_file(rng):
    return log(shoppers(rng, customers=120, days=1500, gap=90, spread=0.7))


def with_a_hole(rng):
    """Ten months of which no row was exported, and a beginning in the middle of a month."""
    before = shoppers(rng, customers=120, days=130, gap=15, start="2023-01-18")
    return log(before + shoppers(rng, customers=120, days=130, gap=15, start="2024-04-01"))


def fading(rng):
    """Most leave half way, and only three came in the second half."""
    rows = shoppers(rng, customers=150, days=720, gap=30, leave=0.8)
    late = [(f"L{i}", pd.Timestamp("2024-03-01") + pd.Timedelta(days=70 * i), 50.0) for i in range(3)]
    return log(rows + late)


def firms(rng, *, growth: float) -> pd.DataFrame:
    """Twelve firms that order every month; the largest stopped half way, and the others change a little by the year."""
    rows = []
    for number in range(12):
        stop = 370 if number == 0 else 765
        moment = float(rng.uniform(0, 20))
        while moment < stop:
            amount = (20_000 if number == 0 else 900 + 100 * number) * rng.uniform(0.8, 1.2)
            day = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(moment))
            rows.append((f"F{number:02}", day, round(amount * (1 + growth * moment), 2)))
            moment += rng.uniform(18, 40)
    return log(rows)


def one_firm_lost(rng):
    return firms(rng, growth=1 / 3000)


def one_firm_lost_among_many_that_shrink(rng):
    return firms(rng, growth=-1 / 2000)


def charity(rng):
    """Thirty who give every month, and two hundred who give in winter, if they do."""
    monthly = payers(rng, customers=30, stop=0.2)
    rows = [(f"M{customer}", day, amount / 10) for customer, day, amount in monthly]
    for number in range(200):
        for year in (2023, 2024):
            if rng.random() < 0.7:
                day = pd.Timestamp(year, 11, 15) + pd.Timedelta(days=int(rng.integers(0, 40)))
                rows.append((f"Y{number:03}", day, round(float(rng.lognormal(5, 0.8)), 2)))
    return log(rows)


def takeaway(rng):
    """Four months of a shop to which nobody new comes in the last three weeks."""
    rows = []
    for number in range(600):
        moment = float(rng.uniform(0, 99))
        while moment < 121:
            day = pd.Timestamp("2024-03-01") + pd.Timedelta(days=int(moment))
            rows.append((f"T{number:03}", day, round(float(rng.uniform(20, 60)), 2)))
            moment += 1 + rng.exponential(30)
    return log(rows)


def new_shop(rng):
    """Six weeks, and one order that is a third of all."""
    rows = shoppers(rng, customers=140, days=42, gap=40, spread=0.5)
    return log([*rows, ("BIGSTORE", "2023-01-20", 0.5 * sum(amount for _, _, amount in rows))])


def two_giants(rng):
    """Eighteen months of small customers and of two who bring four fifths; both have stopped a few weeks ago."""
    rows = shoppers(rng, customers=300, days=550, gap=100, spread=0.5, leave=0.25)
    others = sum(amount for _, _, amount in rows)
    for name, part in (("BIG1", 3.0), ("BIG2", 1.0)):
        days = np.cumsum(rng.integers(18, 30, 21))
        rows += [
            (
                name,
                pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(day)),
                round(part * others / len(days), 2),
            )
            for day in days
        ]
    return log([(*row, f"Firm {row[0]}") for row in rows], ("customer_id", "date", "amount", "customer_name"))


def closed_in_winter(rng):
    """A garden centre that is open from March to June, in four springs, of which the last has only begun."""
    rows = shoppers(rng, customers=400, days=1135, gap=140, spread=0.6, start="2022-03-10")
    return log([row for row in rows if (3, 10) <= (row[1].month, row[1].day) <= (6, 20)])


def doubling(rng):
    """More new customers each month than in the one before; most buy once, and who came back did so once."""
    rows = []
    for month in range(15):
        for number in range(int(6 * 1.35**month)):
            day = pd.Timestamp("2023-01-01") + pd.DateOffset(months=month, days=int(rng.integers(0, 28)))
            rows.append((f"D{month}-{number}", day, round(float(rng.uniform(15, 70)), 2)))
            later = day + pd.Timedelta(days=2 + int(rng.exponential(35)))
            if rng.random() < 0.3 and later < pd.Timestamp("2024-04-01"):
                rows.append((f"D{month}-{number}", later, round(float(rng.uniform(15, 70)), 2)))
    return log(rows)


def nobody_comes_any_more(rng):
    """A shop to which all but a handful ceased to come half a year before the end."""
    rows = shoppers(rng, customers=300, days=450, gap=25, spread=0.6)
    last = shoppers(rng, customers=12, days=200, gap=30, start="2024-03-20")
    return log(rows + last)


def sports_club(rng):
    """Fees on the first of each month, a drink at the bar now and then, and members who leave."""
    rows = payers(rng, customers=150, stop=0.4)
    drinks = [
        (c, d + pd.Timedelta(days=int(rng.integers(3, 25))), 3.5) for c, d, _ in rows if rng.random() < 0.08
    ]
    return log(rows + drinks)


def many_return(rng):
    """Every eighth order comes back."""
    rows = shoppers(rng, customers=260, days=900, gap=70, leave=0.7, spread=0.5)
    back = [(c, d, -a) for c, d, a in rows if rng.random() < 0.12]
    return log(rows + back)


def first_comers(rng):
    """Two years of the customers of the first months, most of whom leave half way."""
    return log(shoppers(rng, customers=120, days=790, gap=60, leave=0.8))


def garden_shop(rng):
    """Half of each year's revenue falls in April to June."""
    rows = shoppers(rng, customers=240, days=1095, gap=60, start="2021-01-01")
    return log([row for row in rows if row[1].month in (4, 5, 6) or rng.random() < 0.35])


def till_without_cards(rng):
    """Half of the rows name nobody."""
    rows = shoppers(rng, customers=150, days=300, gap=20)
    return log([(customer if rng.random() < 0.5 else "", day, amount) for customer, day, amount in rows])


def staff_card(rng):
    """A till on which half of all sales go to one card, with a few orders whose state nobody knows."""
    rows = shoppers(rng, customers=60, days=300, gap=20)
    rows = [("STAFFCARD" if rng.random() < 0.5 else c, d, a, "Paid") for c, d, a in rows]
    rows[3:6] = [(*row[:3], "Zorp") for row in rows[3:6]]
    return log(rows, ("customer_id", "date", "amount", "status"))


def only_returns(rng):
    return log([(f"c{i}", f"2024-01-{i % 28 + 1:02}", -i - 1) for i in range(30)])


def returns_prevail(rng):
    rows = [(f"c{i}", "2023-01-10", 100) for i in range(150)]
    return log(rows + [(f"c{i}", "2023-12-01", -110) for i in range(150)])


def with_returns(rng):
    rows = shoppers(rng, customers=120, days=400, gap=30)
    some = [("R1", "2023-03-01", -20.0), ("C0001", "2023-03-02", -9999.0), ("C0002", "2023-03-03", 0.0)]
    return log([*rows, *some, rows[0]])


def messy(rng):
    """As a file comes: a row without a customer, a total, a day that does not exist."""
    rows = [(c, f"{d:%Y-%m-%d}", str(a)) for c, d, a in shoppers(rng, customers=40, days=200, gap=20)]
    rows += [("", "2023-02-01", "5"), ("C0001", "2023-02-30", "5"), ("Total", "", "99")]
    return pd.DataFrame([*rows, rows[0]], columns=["customer_id", "date", "amount"])


def cdnow_sample(rng):
    return load("cdnow_sample")


def industrial_group(rng):
    return load("industrial_group")


def telecom(rng):
    return load("telecom")


def double_11_shop(rng):
    return load("double_11_shop")


MAKERS: tuple[Callable, ...] = (
    *(five_days, seventy_days, one_day, four_months, concentrated, slow, even, half_even, eighty_twenty),
    *(near_eighty, very_concentrated, once_each, seldom_twice, thirty_customers, fifty_customers, contracts),
    *(contracts_that_last, nobody_left, chance_silences, growing, long_file, only_returns, returns_prevail),
    *(
        with_a_hole,
        fading,
        one_firm_lost,
        first_comers,
        charity,
        takeaway,
        new_shop,
        two_giants,
        closed_in_winter,
        doubling,
        nobody_comes_any_more,
        one_firm_lost_among_many_that_shrink,
        sports_club,
        many_return,
        garden_shop,
        staff_card,
        with_returns,
        messy,
        cdnow_sample,
        industrial_group,
        telecom,
        double_11_shop,
    ),
)


def company(make: Callable) -> pd.DataFrame:
    return make(np.random.default_rng(7))


def studies() -> dict[str, ClientStudy]:
    """The study of each company; of some also under assumptions, or read otherwise."""
    made = {}
    for make in MAKERS:
        # amounts that are all below zero are asked about
        checked = check_transactions(company(make), answers={"turned": "as_it_stands"})
        made[make.__name__] = study_client(checked)
    concentrated_file = check_transactions(company(concentrated))
    made["concentrated, assumed"] = study_client(concentrated_file, assumed=ASSUMED)
    made["concentrated, vaguely assumed"] = study_client(concentrated_file, assumed=VAGUE)
    unnamed = check_transactions(company(till_without_cards), answers={"set_aside": "go_on"})
    made["till_without_cards"] = study_client(unnamed)
    bound = Assumptions(
        margin_rate=0.4, budget_rate=0.05, elasticity=0.1, elasticity_sd=0.02, at_least=1, at_most=1
    )
    made["concentrated, nothing may move"] = study_client(concentrated_file, assumed=bound)
    made["even, assumed"] = study_client(check_transactions(company(even)), assumed=ASSUMED)
    made["messy, without copies"] = study_client(check_transactions(company(messy), drop_duplicates=True))
    return made
