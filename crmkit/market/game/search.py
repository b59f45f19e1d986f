"""The truth-informed firm that a game is scored against: a search over decisions on copies of the very market."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pandas as pd

from crmkit.market.simulator.decision import TYPES, Campaign, Decision
from crmkit.market.simulator.engine import Market

from . import rules
from .rules import Outcome

CROWD = (
    1000  # customers that the search tries its decisions on; what it finds is then played in the full market
)
_PATIENCE = 2  # worse steps in a row along a lever: one may be nothing but newcomers' luck
_NEWSLETTER = Campaign(name="newsletter", contacts=1)
_OFFERS = (
    (),
    (_NEWSLETTER,),
    (_NEWSLETTER, Campaign(name="double_11", contacts=1, newcomer_discount=0.3, calendar_months=(11,))),
)


@dataclass(frozen=True, kw_only=True)
class Score:
    """A game beside the firm that changed nothing (0) and a search with the truth in hand (100); linear between them.

    What it is: the share of the gain that the search found possible in this very market, with its luck, which the
    player made. What it is not: a share of the best there is. The search holds one decision for all quarters, pays for
    no experiment and climbs to a local optimum; who plans otherwise in November than in May may come out above 100,
    and below 0 who would have done better to leave things alone. Where the search finds nothing better than the status
    quo there is no scale, and the score is missing.
    """

    table: pd.DataFrame  # firm, discounted_profit, equity, value (currency, to the first day of play), score
    found: Decision  # what the search found

    @property
    def points(self) -> float:
        """The player's score."""
        return float(self.table.set_index("firm").at["player", "score"])


def benchmarks(
    opened: Market,
    *,
    crowd: Market,
    quarters: int,
    rounds: int = 2,
    progress: Callable[[int], None] | None = None,
) -> tuple[dict[str, Outcome], Decision]:
    """The firms ``do_nothing`` and ``truth_search`` of a game, and what the search found.

    ``opened`` is the market on the first day of play; ``crowd`` the same with about ``CROWD`` customers, on which the
    search is made; what concerns the whole firm, advertising above all, is then settled in the market itself, for in a
    crowd a few lucky newcomers decide it. ``progress``: called with the number of firms tried, after each.
    """
    share = opened.scenario.customers / crowd.scenario.customers
    tried = count(1)  # over both searches
    told = progress and (lambda _: progress(next(tried)))
    found = rules.rebudgeted(best_decision(crowd, quarters=quarters, rounds=rounds, progress=told), share)
    found = best_decision(opened, quarters=quarters, rounds=1, start=found, progress=told)
    nothing = carried_on(opened, opened.scenario.status_quo, quarters=quarters)
    search = carried_on(opened, found, quarters=quarters)
    if search.value < nothing.value:  # the crowd's luck was not the market's
        found, search = opened.scenario.status_quo, nothing
    return {"do_nothing": nothing, "truth_search": search}, found


def score_table(firms: dict[str, Outcome]) -> pd.DataFrame:
    """Outcomes as a table with scores: 0 for ``do_nothing``, 100 for ``truth_search``; missing where these are one.

    Out: ``firm``, ``discounted_profit``, ``equity``, ``value`` (currency), ``score``.
    """
    rows = [
        {
            "firm": name,
            "discounted_profit": outcome.discounted_profit,
            "equity": outcome.equity,
            "value": outcome.value,
        }
        for name, outcome in firms.items()
    ]
    table = pd.DataFrame(rows)
    low, high = firms["do_nothing"].value, firms["truth_search"].value
    scale = high - low if high != low else np.nan
    table["score"] = 100 * (table["value"] - low) / scale
    return table.round({"discounted_profit": 2, "equity": 2, "value": 2, "score": 1})


def carried_on(opened: Market, decision: Decision, *, quarters: int) -> Outcome:
    """What one decision held to for all quarters comes to, in this very market and with its luck."""
    firm = opened.copy()
    firm.step(decision, months=quarters * rules.QUARTER)
    return rules.outcome(firm)


def best_decision(
    opened: Market,
    *,
    quarters: int = rules.QUARTERS,
    rounds: int = 2,
    start: Decision | None = None,
    progress: Callable[[int], None] | None = None,
) -> Decision:
    """The best decision that a search by coordinates finds, with the truth in hand.

    Begins with the better of the status quo and the default decision and moves one lever after the other, by segment,
    while that raises profit and equity in this very market, until a round finds nothing (``rounds`` at most). Along a
    lever it climbs step by step, up, or else down: gains level off and costs grow, so beyond two worse steps lies no
    better one as a rule (behind a single one there may: the luck of few customers decides it). One decision stands for
    all quarters. A local optimum: it is a benchmark and no bound. From ``start`` it moves the levers of the whole firm
    alone.
    ``progress``: called with the number of firms tried, after each.
    """
    known: dict[str, float] = {}

    def value(decision: Decision) -> float:
        key = repr(decision)
        if key not in known:
            known[key] = carried_on(opened, decision, quarters=quarters).value
            if progress:
                progress(len(known))
        return known[key]

    trade, levers = opened.scenario, _firm_levers if start else _levers
    best = start or max((trade.status_quo, Decision()), key=value)
    for _ in range(rounds):
        before = best
        for lever in range(len(list(levers(trade, best)))):
            for way in list(levers(trade, best))[lever]:
                best = _climbed(best, way, value)
        if best == before:
            break
    return best


def _climbed(best: Decision, way: list[Decision], value: Callable[[Decision], float]) -> Decision:
    """The best decision of a way that leads from ``best``; left where it has grown worse too often in a row."""
    worse = 0
    for tried in way:
        if value(tried) > value(best):
            best, worse = tried, 0
        else:
            worse += 1
        if worse == _PATIENCE:
            break
    return best


def _levers(trade, d: Decision) -> Iterator[list[list[Decision]]]:
    """The levers in turn: of each, the ways that lead from ``d``, a way being decisions further and further off."""
    for name in trade.segments:
        own = {k: v for k, v in (d.contacts or {}).items() if k != name} or None
        yield [[replace(d, relationship={**d.relationship, name: kind}, contacts=own)] for kind in TYPES]
        kind = trade.types[_of(d.relationship, name, "basic")]
        yield _ways(d, "contacts", name, (0, 0.25, 0.5, 1, 1.5, 2.5, 4), kind.contacts_per_month)
        yield _ways(d, "social", name, (0, 0.3, 0.6, 0.9))
        yield _ways(d, "structural", name, (0, 0.25, 0.5, 0.8))
        yield _ways(d, "financial", name, (0, 0.03, 0.06))
    for tier, share in list(trade.tiers.items())[:-1]:
        yield _ways(d, "care", tier, [x * trade.care_scale * share * trade.customers for x in (0, 0.5, 1)])
    yield from _firm_levers(trade, d)


def _firm_levers(trade, d: Decision) -> Iterator[list[list[Decision]]]:
    yield _ways(d, "service_quality", None, (0.1, 0.25, 0.4, 0.55, 0.75))
    yield _ways(d, "complaint_handling", None, (0.3, 0.6, 0.8, 1))
    yield _ways(d, "price", None, (0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.4, 1.7, 2))
    reach = trade.acquisition_cap * trade.acquisition_cost
    yield _ways(d, "acquisition_budget", None, [x * reach for x in (0, 0.25, 0.5, 1, 1.5)])
    yield [[replace(d, campaigns=offers)] for offers in _OFFERS]
    yield [[replace(d, contact_policy=policy)] for policy in ("equal", "by_value")]


def _of(values, group: str, default):
    return (values or {}).get(group, (values or {}).get("all", default))


def _ways(d: Decision, lever: str, group: str | None, grid, default=0.0) -> list[list[Decision]]:
    """Up along the grid from where the lever stands, and down."""
    values = getattr(d, lever)
    now = _of(values, group, default) if group else values

    def at(step: float) -> Decision:
        return replace(d, **{lever: {**(values or {}), group: step} if group else step})

    up = [at(step) for step in grid if step > now]
    down = [at(step) for step in reversed(grid) if step < now]
    return [up, down]
