"""Growing the customer: the four elements of purchase (F23), the customer ladder (F24) and referrals (F27)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName, refusal
from crmkit.core.intervals import ends_of, of_confidence, wilson
from crmkit.core.schema import (
    refuse_rows,
    require_between,
    require_columns,
    require_confidence,
    require_draws,
    require_frame,
    require_known,
    require_numbers,
    require_rng,
    require_whole,
)

LOST = "lost_customer"  # the state beside the ladder's rungs


def purchase_funnel(
    people: pd.DataFrame,
    *,
    lift: float = 0.05,
    rng: np.random.Generator | None = None,
    draws: int = 2000,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Find where people stop on the way to a purchase, and which stage pays best to lift (F23).

    In: one row per stage, from all who were approached to the last element: ``stage``, ``people``, how many got at
    least that far, and ``value``, currency earned when a person gets there (a first sale at trust, later sales at
    satisfaction). ``lift``: percentage points added to a stage's conversion (0.05 = 5 points), up to the stage's
    ``ceiling`` (0 … 1; 1 without that column); with ``lift=1`` and benchmarks as ceilings each stage is lifted to its
    benchmark. ``cost``: currency that lifting the stage costs (0 without that column).

    People won at one stage are assumed to go on like those already there, so the gain of stage k is what
    N · Σⱼ vⱼ·p₁…pⱼ rises by when pₖ alone changes. Out, a row per stage after the first: ``stage``, ``people_before``,
    ``people``, ``conversion_rate`` with ``conversion_rate_low``, ``conversion_rate_high`` (Wilson 1927),
    ``lifted_rate``, ``gain``, ``cost``, ``net_gain`` and, with ``rng``, ``net_gain_low``, ``net_gain_high`` and
    ``best_probability``: how often the stage came out best over conversions drawn from their posterior (beta, Jeffreys'
    prior).
    Errors: CrmkitError for counts that rise, a stage that nobody reached, a stage twice, a ceiling outside 0 … 1.

    >>> import pandas as pd
    >>> seal = pd.DataFrame({"stage": ["approached", "product_understanding", "need_and_worth", "trust"],
    ...                      "people": [1000, 800, 400, 100], "value": [0, 0, 0, 500]})
    >>> purchase_funnel(seal)["gain"].round().tolist()
    [3125.0, 5000.0, 10000.0]
    """
    require_columns(people, ["stage", "people", "value"], what="purchase_funnel")
    table = people.assign(cost=people.get("cost", 0.0), ceiling=people.get("ceiling", 1.0))
    limits = dict.fromkeys(("people", "value", "cost"), (0, np.inf)) | {"ceiling": (0, 1)}
    n, value, cost, top = require_numbers(table, limits, what="purchase_funnel")
    top = top[1:]
    require_between(lift, 0, 1, name="lift")
    draws = require_draws(draws)
    before, reached = n[:-1], n[1:]
    wrong = np.append(len(n) < 2, (reached > before) | (before <= 0)) | table["stage"].duplicated()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise CrmkitError(
            "funnel_counts", row=row, column="people", value=f"{people['stage'].iloc[row]}: {n[row]:g}"
        )

    def lifted(p):
        return np.maximum(p, np.minimum(p + lift, top))

    def worth(p):
        return n[0] * (np.cumprod(p, axis=-1) * value[1:]).sum(axis=-1)

    def net_gains(p):  # of lifting one stage at a time
        one = np.eye(len(top)) > 0
        return worth(np.where(one, lifted(p)[..., None, :], p[..., None, :])) - worth(p)[..., None] - cost[1:]

    rate, low, high = wilson(reached, before, confidence=confidence)
    result = pd.DataFrame(
        {
            "stage": people["stage"].to_numpy()[1:],
            "people_before": before,
            "people": reached,
            "conversion_rate": rate,
            "conversion_rate_low": low,
            "conversion_rate_high": high,
            "lifted_rate": lifted(rate),
            "gain": net_gains(rate) + cost[1:],
            "cost": cost[1:],
            "net_gain": net_gains(rate),
        }
    )
    if rng is not None:
        require_rng(rng)
        drawn = net_gains(rng.beta(reached + 0.5, before - reached + 0.5, (draws, len(top))))
        low, high = ends_of(drawn, confidence=confidence)
        best = np.bincount(drawn.argmax(axis=1), minlength=len(top)) / draws
        result = result.assign(net_gain_low=low, net_gain_high=high, best_probability=best)
    return of_confidence(result, confidence)


@dataclass(frozen=True, kw_only=True)
class CustomerLadder(NearestName):
    """The ladder as a Markov chain: who moves where, what a customer on each rung is worth, whom to let go of."""

    rungs: pd.DataFrame  # a row per rung, lowest first; see customer_ladder
    transitions: pd.DataFrame  # from_rung, to_rung, customers, probability with probability_low and _high
    checks: (
        pd.DataFrame
    )  # check, statistic, degrees_of_freedom, p_value: whether one chain describes the panel


def customer_ladder(
    panel: pd.DataFrame,
    *,
    rungs: pd.DataFrame,
    discount_rate_per_period: float,
    rng: np.random.Generator | None = None,
    resamples: int = 500,
    confidence: float = 0.95,
) -> CustomerLadder:
    """Value each rung of the customer ladder by where its customers go from there (F24).

    In: ``customer_id``, ``period`` (a number, a date or, all of one length, text: "2024Q1"; those in the panel follow
    each other), ``rung``, one row per customer and period, without gaps; a customer who has left is on
    ``lost_customer``, and stays there unless the panel shows returns. ``rungs``, lowest first: ``rung``,
    ``margin`` and, if serving costs more than the margin counts, ``cost``, currency per customer and period.
    The chance of a move is its share of the moves seen from the rung.

    Out: ``rungs`` with ``rung``, ``margin``, ``cost``; ``value``, margins less costs expected from now on, this period
    in full: v = (I − P/(1 + d))⁻¹ m (Pfeifer & Carraway 2000); ``value_with_screening``, the same where the firm may
    let a customer go at any time, and ``keep``, whether to serve the rung (policy iteration, Howard 1960);
    ``top_probability``, the chance of ever reaching the top rung, and ``periods_to_top``, how long those who reach it
    take. With ``rng``, ``value_low`` and ``value_high``, and ``probability_low``, ``probability_high`` of the
    transitions, from customers drawn with replacement. ``checks`` are likelihood-ratio tests (Anderson & Goodman 1957):
    the rung should matter (``depends_on_rung``: a small p_value); where the rung before it
    (``depends_on_earlier_rung``) or the period (``changes_over_time``) matters too, one chain does not describe the
    panel, and the values are a rough guide only. Errors: CrmkitError for unknown rungs, gaps, a single period, a
    customer twice in a period, a rung that nobody was seen to leave, a cost below 0.

    >>> import pandas as pd
    >>> panel = pd.DataFrame({"customer_id": list("aabbcc"), "period": [1, 2] * 3, "rung": [
    ...     "client", "client", "client", "lost_customer", "client", "client"]})
    >>> ladder = customer_ladder(panel, rungs=pd.DataFrame({"rung": ["client"], "margin": [100]}),
    ...                          discount_rate_per_period=0.1)
    >>> ladder.rungs["value"].round(2).tolist()
    [253.85]
    """
    require_frame(panel, what="customer_ladder")
    require_between(discount_rate_per_period, 1e-6, 1, name="discount_rate_per_period")
    resamples = require_draws(resamples, name="resamples")
    require_confidence(confidence)
    require_columns(rungs, ["rung", "margin"], what="customer_ladder(rungs=)")
    result = rungs.assign(cost=rungs.get("cost", 0.0))[["rung", "margin", "cost"]]
    limits = {"margin": (-np.inf, np.inf), "cost": (0, np.inf)}
    margin, cost = require_numbers(result, limits, what="rungs")
    net = np.append(margin - cost, 0.0)  # who is lost earns nothing
    states = [*result["rung"], LOST]
    if len(set(states)) < len(states):
        raise CrmkitError("rungs_not_distinct", value=", ".join(map(str, states)))
    moves = _moves(panel, states)
    kinds, many = moves.kinds(len(states))
    counts = np.tensordot(many, kinds, axes=1)
    left = counts.sum(axis=1) > 0
    if not left[:-1].all():
        raise CrmkitError("rung_unseen", value=states[int(np.argmin(left))])

    chances = _chances(counts, unseen=np.eye(len(states)))
    screened, served = _screened(chances, net, discount_rate_per_period)
    top_chance, top_periods = _climb(chances, top=len(states) - 2)
    result = result.assign(
        value=_values(chances, net, discount_rate_per_period)[:-1],
        value_with_screening=screened[:-1],
        keep=served[:-1],
        top_probability=top_chance[:-1],
        periods_to_top=top_periods[:-1],
    )
    transitions = pd.DataFrame(
        {
            "from_rung": np.repeat(states, len(states)),
            "to_rung": np.tile(states, len(states)),
            "customers": counts.ravel(),
            "probability": chances.ravel(),
        }
    )
    if rng is not None:
        require_rng(rng)
        # equal customers are drawn together
        again = [rng.multinomial(moves.customers, many / moves.customers) for _ in range(resamples)]
        drawn = _chances(np.tensordot(again, kinds, axes=1), unseen=chances)
        low, high = ends_of(drawn.reshape(resamples, -1), confidence=confidence)
        transitions = transitions.assign(probability_low=low, probability_high=high)
        low, high = ends_of(_values(drawn, net, discount_rate_per_period), confidence=confidence)
        result = result.assign(value_low=low[:-1], value_high=high[:-1])
    return CustomerLadder(rungs=result, transitions=transitions, checks=moves.checks(lost=len(states) - 1))


@dataclass(frozen=True, kw_only=True)
class _Moves:
    """A panel as moves from one period to the next; an entry of each array per move, states as numbers."""

    customer: np.ndarray
    period: np.ndarray  # in which it starts
    before: np.ndarray  # the state in the period before; −1 where that was not seen
    start: np.ndarray
    end: np.ndarray
    customers: int  # of the panel, those without a move too

    def kinds(self, states: int) -> tuple[np.ndarray, np.ndarray]:
        """The kinds of customer by their moves, a table from state to state for each, and how many are of it."""
        cell = (self.customer * states + self.start) * states + self.end
        each = np.bincount(cell, minlength=self.customers * states**2)
        kinds, many = np.unique(each.reshape(-1, states**2), axis=0, return_counts=True)
        return kinds.reshape(-1, states, states), many

    def checks(self, *, lost: int) -> pd.DataFrame:
        """Whether one chain describes the panel, of moves from a rung of the ladder; see ``customer_ladder``."""
        here = self.start != lost
        known = here & (self.before >= 0) & (self.before != lost)
        start, end = self.start, self.end
        found = {
            "depends_on_rung": _likelihood_ratio(start[here], end[here], np.zeros_like(start[here])),
            "depends_on_earlier_rung": _likelihood_ratio(self.before[known], end[known], start[known]),
            "changes_over_time": _likelihood_ratio(self.period[here], end[here], start[here]),
        }
        return pd.DataFrame(
            [(name, *test) for name, test in found.items()],
            columns=["check", "statistic", "degrees_of_freedom", "p_value"],
        )


def _moves(panel: pd.DataFrame, states: list) -> _Moves:
    """The moves of a panel; refuses unknown rungs, gaps, a customer twice in a period, and periods out of order."""
    require_columns(panel, ["customer_id", "period", "rung"], what="customer_ladder")
    text_length = panel["period"].map(lambda period: len(period) if isinstance(period, str) else 0)
    length = text_length.to_numpy(int)
    refuse_rows(length != length.max(initial=0), "periods_not_in_order", panel["period"])
    customer = pd.factorize(panel["customer_id"])[0]
    period = pd.factorize(panel["period"], sort=True)[0]
    state = pd.Index(states).get_indexer(panel["rung"])
    if (state < 0).any():
        unknown = panel["rung"].iloc[int(np.argmax(state < 0))]
        raise refusal("not_a_choice", "rung_unknown", value=unknown, allowed=", ".join(map(str, states)))
    if panel["period"].nunique() == 1:
        raise refusal("panel_gap", "one_period", column="period", value=panel["period"].iloc[0])
    order = np.lexsort((period, customer))
    customer, period, state = customer[order], period[order], state[order]
    goes_on = customer[1:] == customer[:-1]
    skipped = goes_on & (np.diff(period) != 1)
    gaps = skipped.sum() + (customer < 0).sum() + (period < 0).sum()
    if gaps or not goes_on.any():
        raise CrmkitError("panel_gap", column="period", count=int(gaps))
    seen_before = np.append(False, goes_on[:-1])
    before = np.where(seen_before, np.roll(state, 1)[:-1], -1)
    return _Moves(
        customer=customer[:-1][goes_on],
        period=period[:-1][goes_on],
        before=before[goes_on],
        start=state[:-1][goes_on],
        end=state[1:][goes_on],
        customers=int(customer[-1]) + 1,
    )


def _chances(counts: np.ndarray, *, unseen: np.ndarray) -> np.ndarray:
    """Counted moves as shares of the moves from each state, of one table or of several; ``unseen`` where none was."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1), unseen)


def _values(chances: np.ndarray, net: np.ndarray, discount_rate: float) -> np.ndarray:
    """What a customer in each state is expected to bring from now on, this period in full."""
    system = np.eye(len(net)) - chances / (1 + discount_rate)
    return np.linalg.solve(system, net[:, None])[..., 0]


def _screened(chances: np.ndarray, net: np.ndarray, discount_rate: float) -> tuple[np.ndarray, np.ndarray]:
    """The values where the firm may let a customer go at any time, and in which states it keeps one."""
    served = np.ones(len(net), dtype=bool)
    for _ in range(100):  # a few rounds settle it
        value = _values(served[:, None] * chances, served * net, discount_rate)
        served = net + chances @ value / (1 + discount_rate) > 0
    return value, served


def _climb(chances: np.ndarray, *, top: int) -> tuple[np.ndarray, np.ndarray]:
    """The chance of ever reaching the top rung from each state, and how many periods those who reach it take."""
    states = len(chances)
    is_top = np.arange(states) == top
    elsewhere = np.where(is_top[:, None] | is_top, 0, chances)  # moves that avoid the top rung
    # the least above 1, so that being lost for ever can be solved too
    steps = (1 + 1e-12) * np.eye(states) - elsewhere
    chance = np.linalg.solve(steps, np.where(is_top, 0, chances[:, top]))
    periods = np.linalg.solve(steps, chance)
    chance[top] = 1
    return chance, np.divide(periods, chance, out=np.full(states, np.nan), where=chance > 0)


def _likelihood_ratio(rows, columns, strata) -> tuple[float, int, float]:
    """G², its degrees of freedom and p-value of rows and columns being independent within every stratum."""
    from scipy.stats import chi2, chi2_contingency
    from scipy.stats.contingency import crosstab

    statistic, freedom = 0.0, 0
    for stratum in np.unique(strata):
        table = crosstab(rows[strata == stratum], columns[strata == stratum]).count
        if min(table.shape) > 1:
            found = chi2_contingency(table, lambda_="log-likelihood", correction=False)
            statistic += found.statistic
            freedom += found.dof
    return statistic, freedom, float(chi2.sf(statistic, freedom)) if freedom else np.nan


@dataclass(frozen=True, kw_only=True)
class ReferralGrowth(NearestName):
    """How far referrals carry the customer base."""

    rates: pd.DataFrame  # measure, estimate, estimate_low, estimate_high; see referral_growth
    paths: pd.DataFrame  # period, customers, customers_low, customers_high, without_referral: from today on
    steady_customers: float  # where the base settles; infinite where referrals outrun churn


def referral_growth(periods: pd.DataFrame, *, horizon: int = 12, confidence: float = 0.95) -> ReferralGrowth:
    """Measure the referral coefficient, and what it does to the number of customers beside churn (F27).

    In: a row per past period, the latest last: ``customers`` at its start, ``referred_customers`` and
    ``other_new_customers`` won, ``customers_lost``, and ``invitations`` that customers made (may be missing). Out:
    ``rates``: ``referral_coefficient`` q, referred customers per customer and period (exact Poisson interval, Garwood
    1936), ``churn_rate`` c (Wilson), ``net_growth_rate`` q − c (the two intervals combined after Donner & Zou 2012);
    with invitations, ``invitations_per_customer`` and ``invitation_conversion_rate``, whose product is q (the K
    factor). ``paths`` follow N ← N·(1 + q − c) + a over ``horizon`` periods, a the mean of other new customers;
    ``customers_low``, ``customers_high`` are the paths at the ends of the interval of q − c. Above q = c the base grows
    by itself; below, it settles at a/(c − q). Each referral counts as independent: where a few customers bring most of
    them, the intervals are too narrow.
    Errors: CrmkitError for counts that are negative or no numbers, more lost than there were, fewer
    invitations than referred customers.

    >>> import pandas as pd
    >>> year = pd.DataFrame({"customers": [1000], "referred_customers": [60], "other_new_customers": [80],
    ...                      "customers_lost": [100]})
    >>> growth = referral_growth(year)
    >>> round(growth.steady_customers), growth.rates["estimate"].round(3).tolist()
    (2000, [0.06, 0.1, -0.04])
    """
    from statsmodels.stats.rates import confint_poisson

    counted = ["customers", "referred_customers", "other_new_customers", "customers_lost"]
    n, referred, other, lost = require_numbers(periods, counted, what="referral_growth", low=0)
    wrong = (lost > n) | (n <= 0)
    refuse_rows(wrong, "more_lost_than_there", periods["customers_lost"], customers=n[wrong.argmax()])
    horizon = require_whole(horizon, 1, 1000, name="horizon")
    require_confidence(confidence)

    def per(count, exposure):
        return count / exposure, *confint_poisson(count, exposure, method="exact-c", alpha=1 - confidence)

    referral = per(referred.sum(), n.sum())
    churn = wilson(lost.sum(), n.sum(), confidence=confidence)
    net = _less(referral, churn)
    rates = {"referral_coefficient": referral, "churn_rate": churn, "net_growth_rate": net}
    if "invitations" in periods:
        (invitations,) = require_numbers(periods, ["invitations"], what="referral_growth", low=0)
        sent = invitations.sum()
        if sent < max(referred.sum(), 1):
            raise CrmkitError("fewer_invitations", column="invitations", value=sent, referred=referred.sum())
        rates["invitations_per_customer"] = per(sent, n.sum())
        rates["invitation_conversion_rate"] = wilson(referred.sum(), sent, confidence=confidence)
    ahead = np.arange(horizon + 1)
    today = n[-1] + referred[-1] + other[-1] - lost[-1]

    def path(rate):
        growth = (1 + rate) ** ahead
        return today * growth + other.mean() * np.append(0, growth.cumsum()[:-1])

    paths = pd.DataFrame(
        {
            "period": ahead,
            "customers": path(net[0]),
            "customers_low": path(net[1]),
            "customers_high": path(net[2]),
            "without_referral": path(-churn[0]),
        }
    )
    return ReferralGrowth(
        rates=pd.DataFrame(
            [(name, *rate) for name, rate in rates.items()],
            columns=["measure", "estimate", "estimate_low", "estimate_high"],
        ),
        paths=paths,
        steady_customers=float(other.mean() / -net[0]) if net[0] < 0 else np.inf,
    )


def _less(one: tuple, other: tuple) -> tuple[float, float, float]:
    """One rate less another, with the interval that Donner & Zou (2012) make of the two; value, low and high."""
    value = one[0] - other[0]
    below = np.hypot(one[0] - one[1], other[2] - other[0])
    above = np.hypot(one[2] - one[0], other[0] - other[1])
    return value, value - below, value + above


def referral_value(
    referrals: pd.DataFrame,
    *,
    came_anyway_share: float,
    discount_rate_per_period: float,
    acquisition_cost: float = 0.0,
    reward: float = 0.0,
) -> pd.DataFrame:
    """The value that each customer brought by referring others, after Kumar, Petersen & Leone (2007) (F27).

    In: a row per customer who was referred: ``customer_id`` of the one who referred, ``referred_value``, the newcomer's
    own lifetime value on joining, currency, and ``periods_later``, when that is, from today. ``came_anyway_share``
    (0 … 1) would have joined without it: of those only the ``acquisition_cost`` is saved. ``reward`` is paid for each.
    Out: ``customer_id``, ``referrals``, ``referral_value`` (discounted), the most valuable first.
    Errors: CrmkitError for missing columns or values, a share outside 0 … 1.

    >>> import pandas as pd
    >>> two = pd.DataFrame({"customer_id": ["a", "a"], "referred_value": [100.0, 200.0], "periods_later": [0, 1]})
    >>> referral_value(two, came_anyway_share=0.5, discount_rate_per_period=0.25)["referral_value"].tolist()
    [130.0]
    """
    require_between(came_anyway_share, 0, 1, name="came_anyway_share")
    require_between(discount_rate_per_period, 0, 1, name="discount_rate_per_period")
    for name, amount in (("acquisition_cost", acquisition_cost), ("reward", reward)):
        require_between(amount, 0, 1e15, name=name)
    require_known(referrals, ["customer_id"], what="referral_value")
    worth, later = require_numbers(referrals, ["referred_value", "periods_later"], what="referral_value")
    each = ((1 - came_anyway_share) * worth + acquisition_cost - reward) / (
        1 + discount_rate_per_period
    ) ** later
    table = pd.Series(each).groupby(referrals["customer_id"].to_numpy()).agg(["size", "sum"])
    table = table.set_axis(["referrals", "referral_value"], axis=1).rename_axis("customer_id").reset_index()
    return table.sort_values(["referral_value", "customer_id"], ascending=[False, True], ignore_index=True)
