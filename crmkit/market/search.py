"""The truth-informed firm that a game is scored against: a search over decisions on copies of the very market."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pandas as pd

from . import rules
from .decision import TYPES, Campaign, Decision
from .engine import Market
from .rules import Outcome

CROWD = 1000   # customers that the search tries its decisions on; what it finds is then played in the full market
_NEWSLETTER = Campaign(name="newsletter", contacts=1)
_OFFERS = ((), (_NEWSLETTER,), (_NEWSLETTER, Campaign(name="double_11", contacts=1, newcomer_discount=0.3,
                                                      calendar_months=(11,))))


@dataclass(frozen=True, kw_only=True)
class Score:
    """A game beside the firm that changed nothing (0) and the search with the truth in hand (100)."""

    table: pd.DataFrame   # firm, discounted_profit, equity, value (currency, to the first day of play), score
    found: Decision       # what the search found: one decision for all quarters, so that a player may beat it

    @property
    def points(self) -> float:
        """The player's score."""
        return float(self.table.set_index("firm").at["player", "score"])


def scored(played: Market, *, opened: Market, crowd: Market) -> Score:
    """The score of a firm played to the end.

    ``opened`` is the same market on the first day of play; ``crowd`` the same with about ``CROWD`` customers, on which
    the search is made.
    """
    quarters = (played.month - opened.month) // rules.QUARTER
    share = opened.scenario.customers / crowd.scenario.customers
    found = rules.rebudgeted(best_decision(crowd, quarters=quarters), share)
    firms = {"do_nothing": carried_on(opened, opened.scenario.status_quo, quarters=quarters),
             "player": rules.outcome(played), "truth_search": carried_on(opened, found, quarters=quarters)}
    return Score(table=score_table(firms), found=found)


def score_table(firms: dict[str, Outcome]) -> pd.DataFrame:
    """Outcomes as a table with scores: 0 for ``do_nothing``, 100 for ``truth_search``; all in between is linear."""
    table = pd.DataFrame([{"firm": name, "discounted_profit": o.discounted_profit, "equity": o.equity, "value": o.value}
                          for name, o in firms.items()])
    low, high = firms["do_nothing"].value, firms["truth_search"].value
    return table.assign(score=100 * (table["value"] - low) / (high - low)).round(
        {"discounted_profit": 2, "equity": 2, "value": 2, "score": 1})


def carried_on(opened: Market, decision: Decision, *, quarters: int) -> Outcome:
    """What one decision held to for all quarters comes to, in this very market and with its luck."""
    firm = opened.copy()
    firm.step(decision, months=quarters * rules.QUARTER)
    return rules.outcome(firm)


def best_decision(opened: Market, *, quarters: int = rules.QUARTERS, rounds: int = 2) -> Decision:
    """The best decision that a search by coordinates finds, with the truth in hand.

    Begins with the better of the status quo and the default decision and tries every lever in turn, by segment, keeping
    what raises profit and equity in this very market, until a round finds nothing (``rounds`` at most). One decision
    stands for all quarters. A local optimum: it is a benchmark and no bound.
    """
    trade = opened.scenario
    value = _judge(opened, quarters)
    best, top = max(((d, value(d)) for d in (trade.status_quo, Decision())), key=lambda pair: pair[1])
    for _ in range(rounds):
        before = best
        for lever in range(len(list(_moves(trade, best)))):
            for tried in list(_moves(trade, best))[lever]:
                if tried != best and (found := value(tried)) > top:
                    best, top = tried, found
        if best == before:
            break
    return best


def _judge(opened: Market, quarters: int) -> Callable[[Decision], float]:
    return lambda decision: carried_on(opened, decision, quarters=quarters).value


def _moves(trade, d: Decision) -> Iterator[list[Decision]]:
    """The levers in turn: of each, the decisions that differ from ``d`` in it alone."""
    for name in trade.segments:
        yield [replace(d, relationship={**d.relationship, name: kind}, contacts={
            k: v for k, v in (d.contacts or {}).items() if k != name} or None) for kind in TYPES]
        yield [replace(d, contacts={**(d.contacts or {}), name: number}) for number in (0, 0.25, 0.5, 1, 1.5, 2.5, 4)]
        yield [replace(d, social={**d.social, name: x}) for x in (0, 0.3, 0.6, 0.9)]
        yield [replace(d, structural={**d.structural, name: x}) for x in (0, 0.25, 0.5, 0.8)]
        yield [replace(d, financial={**d.financial, name: x}) for x in (0, 0.03, 0.06)]
    for tier, share in list(trade.tiers.items())[:-1]:
        yield [replace(d, care={**d.care, tier: x * trade.care_scale * share * trade.customers}) for x in (0, 0.5, 1)]
    yield [replace(d, service_quality=x) for x in (0.1, 0.25, 0.4, 0.55, 0.75)]
    yield [replace(d, complaint_handling=x) for x in (0.3, 0.6, 0.8, 1)]
    yield [replace(d, price=x) for x in (0.95, 1, 1.05)]
    yield [replace(d, acquisition_budget=x * trade.acquisition_cap * trade.acquisition_cost) for x in (0, 0.1, 0.25, 0.5, 1)]
    yield [replace(d, campaigns=offers) for offers in _OFFERS]
    yield [replace(d, contact_policy=policy) for policy in ("equal", "by_value")]
