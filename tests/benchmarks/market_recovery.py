"""How well the kit's models find the market's truth again: python tests/benchmarks/market_recovery.py [SEEDS].

One table: question, model, scenario, the truth, how many of the 95% intervals hold it, the model's mean error and the
naive reading's. The models see ledgers alone; the truth comes from the market's own law, from a crowd or from twins of
the same luck. Every experiment gives a row per market and question: ``at``, ``truth``, ``value``, ``low``, ``high``,
``naive``; ``value`` is missing where the fit refuses. tests/simulated/test_market_coverage.py holds the findings.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

import crmkit
from crmkit.core.intervals import interval_of, mean_of
from crmkit.customer_value.clv.fitting import counted
from crmkit.customer_value.clv.pareto import _score
from crmkit.market import Decision, Ledgers, Market, Scenario, scenario, scenarios
from crmkit.relationship_types.types import PLANS, TYPES, ContactPlan, compare_relationship_types

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from known_markets import CASES, contact_market, fitted, one_segment, plain, rng, slopes, sold, uplifts
from known_markets import PLANS as TRIED

Steps = list[tuple[Decision, int]]
KNOWN = 12  # months that the models see of a contract, and of the tiers' past
AHEAD = 36  # months since the start to which retention is forecast


def closed(name: str, *, customers: int, **changes) -> Scenario:
    """A market whose customers are all there at the start: nobody is won or referred."""
    s = scenario(name)
    segments = {k: replace(group, referrals_per_year=0.0) for k, group in s.segments.items()}
    return replace(
        s, customers=customers, segments=segments, acquisition_per_month=0.0, acquisition_cap=0.0, **changes
    )


def quiet(name: str, **changes) -> Decision:
    """What the firm does today, without campaigns."""
    return replace(scenario(name).status_quo, campaigns=(), **changes)


def day(s: Scenario, month: int) -> pd.Timestamp:
    return pd.Timestamp(s.start) + pd.DateOffset(months=month)


def margins(sales: pd.DataFrame) -> pd.Series:
    return sales["amount"] - sales["unit_cost"] * sales["quantity"]


# ---- retention: sBG on a contract's survivors ----------------------------------------------------------------------


def survivors(s: Scenario, books: Ledgers, months: int) -> np.ndarray:
    """How many of the customers of the start are left after 0, 1, … months: ``left_on`` shows it."""
    left = np.sort(books.customers["left_on"].dropna().to_numpy())
    ends = np.array([day(s, month).to_datetime64() for month in range(months + 1)])
    return len(books.customers) - np.searchsorted(left, ends)


def retention_points(share: np.ndarray) -> dict[str, float]:
    """What is asked of a survival curve; months stayed: how many of the 36 a customer of the start is there for."""
    return {
        "share left after 6 months": share[6],
        "share left after 24 months": share[24],
        "share left after 36 months": share[36],
        "months stayed of 36": share[1 : AHEAD + 1].sum(),
    }


def read_retention(left: np.ndarray) -> pd.DataFrame:
    """sBG's answers with 95% intervals: the infinitesimal jackknife (Jaeckel 1972), one customer more in each cell."""
    most = np.array([1, 1, 1, AHEAD])
    lost = np.append(-np.diff(left), left[-1])

    def answers(counts):
        fit = crmkit.fit_sbg(counts.sum() - np.append(0, np.cumsum(counts[:-1])))
        value = np.array([*retention_points(fit.curve(AHEAD)["survival_share"].to_numpy()).values()])
        return fit, value, np.log(value / (most - value))

    fit, value, odds = answers(lost)
    moved = np.array([answers(lost + cell)[2] for cell in np.eye(len(lost), dtype=int)]) - odds
    half = 1.96 * np.sqrt(lost @ moved**2)
    ends = {name: most / (1 + np.exp(-odds - side * half)) for name, side in (("low", -1), ("high", 1))}
    naive = retention_points(fit.constant_retention ** np.arange(AHEAD + 1.0))
    return pd.DataFrame({"at": list(naive), "value": value, **ends, "naive": [*naive.values()]})


def retention(
    s: Scenario, steps: Steps, *, seeds: int, law: Callable | None = None, after: int = 0, crowd: int = 20_000
) -> pd.DataFrame:
    """Fitted on 12 months; ``law``: the true survival share by month of 30.4375 days, else it is a crowd's.

    ``after``: the first months are left out, and the cohort is those who are left then: the law is sBG's all the same.
    """
    if law is None:
        market = Market(replace(s, customers=crowd), rng(10_000))
        for decision, months in [*steps, (steps[-1][0], after)][: len(steps) + (after > 0)]:
            market.step(decision, months=months)
        left = survivors(s, market.ledgers, after + AHEAD)[after:]
        share = left / left[0]
    else:
        share = law(np.array([(day(s, m) - day(s, 0)).days / 30.4375 for m in range(AHEAD + 1)]))
    truth = pd.DataFrame(retention_points(share).items(), columns=["at", "truth"])
    rows = []
    for seed in range(seeds):
        books = Market(s, rng(seed)).step(steps[0][0], months=after + KNOWN)
        try:
            found = read_retention(survivors(s, books, after + KNOWN)[after:])
        except crmkit.CrmkitError as error:
            assert error.code == "clv_runs_away", error
            found = pd.DataFrame({"at": truth["at"]})
        rows.append(truth.merge(found).assign(seed=seed))
    return pd.concat(rows, ignore_index=True)


def gamma_hazards(rate: float, shape: float) -> Callable:
    return lambda t: (1 + rate * t / shape) ** -shape


def retention_cases(customers: int) -> dict[str, tuple]:
    """Scenario -> market, decisions from the start, and what else ``retention`` is told."""
    bare = plain(customers=customers, setting="contractual", lapse_per_month=0.1, lapse_shape=0.8)
    light = one_segment("telecom", "light_users", customers=customers)
    many, drifting, today = (
        replace(light, customers=4 * customers),
        replace(light, taste_drift=0.05),
        quiet("telecom"),
    )
    better = replace(today, service_quality=1.0, complaint_handling=0.9, structural=0.5)
    same = [(today, AHEAD)]
    return {
        "gamma hazards, nothing else": (bare, [(Decision(), AHEAD)], {"law": gamma_hazards(0.1, 0.8)}),
        "telecom, two segments, satisfaction moving": (closed("telecom", customers=customers), same, {}),
        "telecom's light users, satisfaction moving": (light, same, {}),
        "light users, four times as many": (many, same, {}),
        "light users, four times as many, first half-year left out": (many, same, {"after": 6}),
        "light users, tastes drifting 5% a month": (drifting, same, {}),
        "light users, service and bundles from month 13": (
            light,
            [(today, KNOWN), (better, AHEAD - KNOWN)],
            {},
        ),
    }


# ---- tier values: next year's margin of last year's tiers ----------------------------------------------------------


def year_book(people: pd.Series, sales: pd.DataFrame, start: pd.Timestamp, days: int) -> pd.DataFrame:
    """A row per customer on file at the start: days with a purchase, day of the last, margin a day with a purchase."""
    sales = sales.assign(margin=margins(sales), day=(sales["date"] - start).dt.days + 1)
    book = sales.groupby("customer_id").agg(
        frequency=("day", "nunique"), t_x=("day", "max"), margin=("margin", "sum")
    )
    book = book.reindex(people).fillna(0).rename_axis("customer_id").reset_index()
    return book.assign(T=days, monetary=book["margin"] / book["frequency"].where(book["frequency"] > 0))


def likely(fit, book: pd.DataFrame, *, luck: np.random.Generator, draws: int) -> list:
    """The fit with parameters drawn from what the likelihood leaves open: normal in their logarithms."""
    x, t_x, age, weight = counted(book["frequency"], book["t_x"] * 12 / 365, book["T"] * 12 / 365)
    score, at = _score(x, t_x, age, weight), np.log([*fit.params.values()])
    curvature = np.array([score(at - step)[1] - score(at + step)[1] for step in 1e-4 * np.eye(4)]) / 2e-4
    logs = luck.multivariate_normal(at, np.linalg.inv((curvature + curvature.T) / 2) / len(book), draws)
    return [replace(fit, params=dict(zip(fit.params, np.exp(drawn).tolist()))) for drawn in logs]


def foretold(
    fit, spend, book: pd.DataFrame, *, months: float, luck: np.random.Generator, draws: int
) -> np.ndarray:
    """Next year's margin per customer as Pareto/NBD and Gamma-Gamma expect it of their histories: draws × customers.

    Given who is alive, rates are gamma (r + x, α + T) and (s, β + T); spend's ν is gamma (px + q, v + x·z). Ten sets
    of parameters share the draws.
    """
    (p, q, v), parts = spend.params.values(), []
    x, total, size = book["frequency"].to_numpy(), book["margin"].to_numpy(), (draws // 10, len(book))
    age = book["T"].to_numpy() * 12 / 365
    for one in likely(fit, book, luck=luck, draws=10):
        r, alpha, s, beta = one.params.values()
        alive = luck.random(size) < one.p_alive(book).to_numpy()
        lapse = luck.gamma(s, size=size) / (beta + age)
        stays = np.minimum(luck.exponential(size=size) / np.maximum(lapse, 1e-9), months)
        orders = luck.poisson(alive * luck.gamma(r + x, size=size) / (alpha + age) * stays)
        parts.append(luck.gamma(p * orders) * (v + total) / luck.gamma(p * x + q, size=size))
    return np.concatenate(parts)


def tier_values(
    s: Scenario,
    decision: Decision,
    *,
    seeds: int,
    later: Decision | None = None,
    by_segment: bool = False,
    draws: int = 120,
) -> pd.DataFrame:
    """Tiers by last year's margin; the truth is their margin a head in the next year, under ``later`` if given.

    The models are fitted to all customers, or to each segment on its own. The value is the models' own ``clv``; the
    naive reading: it will be as last year, with Student's interval. ``top_…``: the margin of the best twentieth.
    """
    rows = []
    for seed in range(seeds):
        market = Market(s, rng(seed))
        books = market.step(decision, months=KNOWN)
        people = books.customers["customer_id"]
        book = year_book(people, books.transactions, day(s, 0), (day(s, KNOWN) - day(s, 0)).days)
        sales = market.step(later or decision, months=12).transactions
        after = people.map(margins(sales).groupby(sales["customer_id"]).sum()).fillna(0).to_numpy()
        tier = people.map(
            crmkit.pyramid(book, by="margin").assignments.set_index("customer_id")["tier"]
        ).to_numpy()
        part = books.customers["segment"] if by_segment else pd.Series("all", people.index)
        value, drawn = np.full(len(book), np.nan), np.full((draws, len(book)), np.nan)
        try:
            for name in part.unique():
                own = (part == name).to_numpy()
                fit = crmkit.fit_pareto_nbd(book[own], time_unit="month")
                spend = crmkit.fit_gamma_gamma(book[own])
                value[own] = fit.clv(book[own], spend=spend, days=365, annual_discount_rate=0, margin_rate=1)[
                    "clv"
                ]
                drawn[:, own] = foretold(fit, spend, book[own], months=12, luck=rng(seed), draws=draws)
        except crmkit.CrmkitError as error:
            assert error.code == "clv_runs_away", error
            value[:], drawn[:] = np.nan, np.nan
        orders = {"by last margin": np.argsort(-book["margin"].to_numpy()), "by model": np.argsort(-value)}
        top = {
            f"top_{name}": after[order[: len(book) // 20]].mean() if np.isfinite(value).all() else np.nan
            for name, order in orders.items()
        }
        for name in ("platinum", "gold", "iron", "lead"):
            own = tier == name
            last, model = (
                mean_of(book["margin"][own]),
                interval_of(drawn[:, own].mean(axis=1), value=value[own].mean()),
            )
            rows.append(
                {
                    "at": name,
                    "seed": seed,
                    "truth": after[own].mean(),
                    "value": model.value,
                    "low": model.low,
                    "high": model.high,
                    "naive": last.value,
                    "naive_low": last.low,
                    "naive_high": last.high,
                }
                | top
            )
    return pd.DataFrame(rows)


def tier_cases(customers: int) -> dict[str, tuple]:
    """Scenario -> market, decision, and what else ``tier_values`` is told."""
    bare = plain(
        customers=customers, lapse_per_month=0.1, lapse_shape=1.0, purchases_per_month=0.5, purchase_shape=1.5
    )
    hotline, today = closed("household_hotline", customers=customers), quiet("household_hotline")
    shop, sells = (
        closed("double_11_shop", customers=customers, promotion_customers=0.0),
        quiet("double_11_shop"),
    )
    even = replace(shop, seasonality=(1.0,) * 12)
    seniors = one_segment("supplement_maker", "seniors", customers=customers, taste_drift=0.05)
    calls = Decision(relationship="proactive", contacts=1.5)
    dropped = replace(sells, service_quality=0.0, complaint_handling=0.0)
    return {
        "bare shop: gamma rates, lognormal prices": (bare, Decision(), {}),
        "hotline, two segments, satisfaction moving": (hotline, today, {}),
        "web shop, books that end with the season": (shop, sells, {}),
        "web shop without a season": (even, sells, {}),
        "web shop, books that end in October, fitted by segment": (
            replace(shop, start=date(2023, 11, 1)),
            sells,
            {"by_segment": True},
        ),
        "supplement maker, tastes drifting 5% a month": (seniors, calls, {}),
        "web shop, service and complaints dropped next year": (even, sells, {"later": dropped}),
    }


# ---- which relationship type pays ----------------------------------------------------------------------------------


def basic(name: str) -> Decision:
    """The firm as it is, but keeping to the basic type and calling nobody."""
    return quiet(name, relationship="basic", contacts=None, contact_policy="equal", social=0.0, financial=0.0)


def assumed_plans(s: Scenario) -> dict[str, ContactPlan]:
    """The kit's own guesses of the response with the firm's own contacts and prices."""
    plans = {}
    for name in TYPES[1:]:
        kind = s.types[name]
        monthly = kind.cost_per_month / kind.contacts_per_month if kind.contacts_per_month else 0
        plans[name] = replace(
            PLANS[name],
            contacts_per_year=12 * kind.contacts_per_month,
            programme_cost=0,
            cost_per_contact=kind.cost_per_contact + monthly,
        )
    return plans


def pilot_plans(
    pilot: Market, calm: Decision, *, active: float, retention_rate: float
) -> dict[str, ContactPlan]:
    """A year in which each type is given to a fifth of the customers, drawn by lot: lifts, their errors and costs.

    Purchase lift: purchases a head over basic's. Retention lift: a year's change is the half-year's change, squared.
    """
    s, first = pilot.scenario, pilot.month
    books = pilot.step(replace(calm, relationship={f"lot_{name}": name for name in TYPES}), months=12)
    people, sales = books.customers, books.transactions
    late = sales["date"] >= day(s, first + 6)
    bought = np.column_stack(
        [
            people["customer_id"].map(sales["customer_id"][half].value_counts()).fillna(0)
            for half in (~late, late)
        ]
    )
    each = pd.concat([books.contacts, books.complaints]).groupby("customer_id")["cost"].sum()
    cost = people["customer_id"].map(each).fillna(0).to_numpy()
    fees = books.costs.query("item == 'relationship_programme'")["amount"].sum()
    fee = (
        fees / sum(s.types[name].cost_per_month for name in TYPES) / (len(people) / 5)
    )  # months on file a head
    lots = {name: (people["segment"] == f"lot_{name}").to_numpy() for name in TYPES}
    halves = {name: bought[lot].mean(axis=0) for name, lot in lots.items()}
    spread = {name: np.cov(bought[lot].T) / lot.sum() for name, lot in lots.items()}

    def error(name, gradient):
        return gradient(halves[name]) @ spread[name] @ gradient(halves[name])

    plans = {}
    for name, lot in lots.items():
        more = halves[name].sum() / halves["basic"].sum()
        held = (halves[name][1] / halves[name][0] / (halves["basic"][1] / halves["basic"][0])) ** 2
        more_sd, held_sd = (
            np.sqrt(error(name, of) + error("basic", of))
            for of in (lambda m: np.ones(2) / m.sum(), lambda m: 2 * np.array([-1, 1]) / m)
        )
        room = retention_rate / (1 - retention_rate)
        lifts = (
            {}
            if name == "basic"
            else {
                "purchase_lift": more - 1,
                "purchase_lift_sd": more * more_sd,
                "half_lift_contacts": 1e-6,
                "retention_lift": np.clip((held - 1) * room, -1, 1),
                "retention_lift_sd": held * held_sd * room,
            }
        )
        yearly = (cost[lot].mean() + fee * s.types[name].cost_per_month) * len(people) / active
        plans[name] = ContactPlan(contacts_per_year=1, cost_per_contact=yearly, **lifts)
    return plans


def by_value_gain(market: Market, calm: Decision, row: pd.DataFrame) -> np.ndarray:
    """The naive reading: purchases regressed on the contacts of a year in which good customers were called more."""
    s = market.scenario
    books = market.copy().step(
        replace(calm, relationship="accountable", contact_policy="by_value"), months=12
    )
    people = books.customers["customer_id"]
    bought = people.map(books.transactions["customer_id"].value_counts()).fillna(0)
    called = people.map(books.contacts.groupby("customer_id")["contacts"].sum()).fillna(0)
    slope = np.polyfit(called, bought, 1)[0]
    kinds = [s.types[name] for name in TYPES]
    return (
        2
        * row["customers"].item()
        * np.array(
            [
                12 * k.contacts_per_month * (slope * row["unit_margin"].item() - k.cost_per_contact)
                - 12 * k.cost_per_month
                for k in kinds
            ]
        )
    )


def types(
    name: str, segment: str, *, seeds: int, customers: int, draws: int = 400, **changes
) -> pd.DataFrame:
    """Gain of each type over basic in two years, per cent of the segment's margin in them: truth, model, naive.

    Two years of history under basic give the model's row; the truth is twins from there, a type for everybody.
    ``assumed``: with the kit's guesses of the response; ``value``, ``low``, ``high``: with a pilot's.
    """
    (group,) = (s := one_segment(name, segment, customers=customers, **changes)).segments.values()
    s = replace(s, segments={f"lot_{kind}": replace(group, customer_share=0.2) for kind in TYPES})
    calm, rows = basic(name), []
    for seed in range(seeds):
        market = Market(s, rng(seed))
        before, last = (market.step(calm, months=12).transactions for _ in range(2))
        active, kept = last["customer_id"].nunique(), min(len(last) / len(before), 0.99)
        serve = market.ledgers.customers["cost_to_serve"].sum() / (len(before) + len(last))
        row = pd.DataFrame(
            {
                "segment": [segment],
                "customers": [float(active)],
                "retention_rate": [kept],
                "unit_margin": [margins(last).mean() - serve],
                "purchases_per_year": [len(last) / active * kept],
            }
        )
        accounts = [
            market.copy().step(replace(calm, relationship=kind), months=24).accounts for kind in TYPES
        ]
        profit = np.array([account["profit"].sum() for account in accounts])
        scale = 100 / (accounts[0]["revenue"] - accounts[0]["cost_of_goods"]).sum()
        plans = pilot_plans(market.copy(), calm, active=active, retention_rate=kept)
        assumed, pilot = (
            compare_relationship_types(
                row, plans=given, years=2, annual_discount_rate=0.0, rng=rng(seed), draws=draws
            ).profits
            for given in (assumed_plans(s), plans)
        )
        found = {
            "assumed": assumed["gain_over_basic"],
            "value": pilot["gain_over_basic"],
            "low": pilot["profit_low"] - pilot["profit"][0],
            "high": pilot["profit_high"] - pilot["profit"][0],
            "assumed_low": assumed["profit_low"] - assumed["profit"][0],
            "assumed_high": assumed["profit_high"] - assumed["profit"][0],
            "naive": by_value_gain(market, calm, row),
        }
        rows.append(
            pd.DataFrame(
                {"at": TYPES, "seed": seed, "twins": (profit - profit[0]) * scale}
                | {column: np.asarray(numbers) * scale for column, numbers in found.items()}
            )
        )
    frame = pd.concat(rows, ignore_index=True)
    return frame.assign(truth=frame.groupby("at")["twins"].transform("mean"))


TYPE_CASES = [
    (name, segment, {})
    for name in scenarios()["name"]
    if name != "record_shop"
    for segment in scenario(name).segments
]
TYPE_CASES += [
    ("supplement_maker", "seniors", {"response_shape": "cliff"}),
    ("supplement_maker", "seniors", {"taste_drift": 0.05}),
]


def choice(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """The type chosen in each market by a reading, and what is forgone with it (per cent of the segment's margin)."""
    picked = frame.loc[frame.groupby("seed")[by].idxmax()].set_index("seed")
    return picked[["at"]].assign(forgone=frame["truth"].max() - picked["truth"])


# ---- the table -----------------------------------------------------------------------------------------------------


def covered(frame: pd.DataFrame, *, low: str = "low", high: str = "high") -> pd.DataFrame:
    """Per question: intervals that hold the truth, of how many, and the mean errors of model and naive reading."""
    frame = frame.assign(held=(frame[low] <= frame["truth"]) & (frame["truth"] <= frame[high]))
    by = frame.groupby("at", sort=False)
    fitted = frame[frame["value"].notna()].groupby("at", sort=False)
    table = pd.DataFrame({"truth": by["truth"].mean(), "held": by["held"].sum(), "of": by["value"].count()})
    for name in ("value", "naive"):  # of the markets in which the model could be fitted
        table[f"{name}_error"] = fitted[name].mean() / fitted["truth"].mean() - 1
    return table


def contact_lines(seeds: int):
    """Contact: what one more brings, how many sell most, and what a campaign adds."""
    by_lot, by_value = (
        np.array([slopes(policy, seed) for seed in range(seeds)]) for policy in ("randomised", "by_value")
    )
    truth, found = by_lot[:, 1].mean(), mean_of(by_lot[:, 0])
    yield (
        "purchases that a contact more brings",
        "regression, contacts by lot",
        "hotline's families",
        f"{truth:.3f}",
        f"mean in {found.low:.3f} … {found.high:.3f}: {'yes' if found.contains(truth) else 'no'}",
        f"{found.value / truth - 1:+.1%}",
        f"times {by_value[:, 0].mean() / truth:.0f}, the good get more",
    )
    for case, changes in CASES.items():
        s = contact_market(**changes)
        truth = sold(s)
        lot, value = (
            pd.DataFrame([fitted(s, policy, seed) for seed in range(seeds)])
            for policy in ("randomised", "by_value")
        )
        best = TRIED[truth.argmax()]  # to the next plan tried on the whole market
        held = ((lot["annoyance_point_low"] <= best) & (best <= lot["annoyance_point_high"])).sum()
        lost = [
            100 * (1 - np.interp(f["annoyance_point"], TRIED, truth) / truth.max()).mean()
            for f in (lot, value)
        ]
        yield (
            "contacts a month that sell most",
            "fit_contact_response",
            f"supplement maker's seniors, {case}",
            f"{best:g}",
            f"{held} of {seeds}",
            f"forgone {lost[0]:.1f}%",
            f"forgone {lost[1]:.0f}%",
        )
    found = uplifts(seeds)
    held = found["truth"].between(found["low"], found["high"]).sum()
    yield (
        "orders a head that an offer adds",
        "uplift, half held out",
        "web shop's members",
        f"{found['truth'][0]:.3f}",
        f"{held} of {seeds}",
        *(f"{found[name].mean() / found['truth'][0] - 1:+.0%}" for name in ("value", "naive")),
    )


def lines(seeds: int):
    """The table's rows: question, model, scenario, truth, covered of N, error of the model, of the naive reading."""
    yield from contact_lines(seeds)
    for name, (s, steps, told) in retention_cases(2000).items():
        for at, row in covered(retention(s, steps, seeds=seeds, **told)).iterrows():
            yield (
                at,
                "sBG",
                name,
                f"{row.truth:.3g}",
                f"{row.held:.0f} of {row.of:.0f}",
                f"{row.value_error:+.1%}",
                f"{row.naive_error:+.0%}",
            )
    for name, (s, decision, told) in tier_cases(2000).items():
        for at, row in covered(tier_values(s, decision, seeds=seeds, **told)).iterrows():
            yield (
                f"next year's margin, {at}",
                "Pareto/NBD × Gamma-Gamma",
                name,
                f"{row.truth:.4g}",
                f"{row.held:.0f} of {row.of:.0f}",
                f"{row.value_error:+.1%}",
                f"{row.naive_error:+.0%}",
            )
    for name, segment, changes in TYPE_CASES:
        frame = types(name, segment, seeds=seeds // 2, customers=3000, **changes)
        best = frame.loc[frame["truth"].idxmax(), "at"]
        said = f"{name}, {segment}" + "".join(f", {key} {value}" for key, value in changes.items())
        lost = {by: choice(frame, by) for by in ("assumed", "value", "naive")}
        held = {}
        for by, low, high in (("assumed", "assumed_low", "assumed_high"), ("value", "low", "high")):
            count = covered(frame, low=low, high=high)["held"]
            held[by] = f"{count[['reactive', 'accountable', 'proactive']].sum()} of {3 * (seeds // 2)}"
            held[by] += f", partnership {count['partnership']} of {seeds // 2}"
        for by, model in (
            ("assumed", "compare types, assumed lifts"),
            ("value", "compare types, a pilot's lifts"),
        ):
            right = (lost[by]["at"] == best).sum()
            yield (
                f"best type (right {right} of {seeds // 2})",
                model,
                said,
                best,
                held[by],
                f"forgone {lost[by]['forgone'].mean():.1f}%",
                f"forgone {lost['naive']['forgone'].mean():.0f}%",
            )


if __name__ == "__main__":
    print(
        "question | model | scenario | truth | intervals that hold it | model's error | naive reading's error"
    )
    for line in lines(int(sys.argv[1]) if len(sys.argv) > 1 else 60):
        print(" | ".join(line), flush=True)
