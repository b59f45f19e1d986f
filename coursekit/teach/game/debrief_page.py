"""The debrief as a page for the instructor, and as tables: one row a plan, one row a student."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coursekit.messages import MESSAGES
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.pages import part, words_in, write_page
from coursekit.teach.tables import write_csv
from crmkit.core.glossary import named, term_pair
from crmkit.core.language import WRITTEN, written_in
from crmkit.display.numbers import decimal
from crmkit.market import scenario
from crmkit.market.game import rules
from crmkit.market.game.game import Setup

from .debrief import Debrief, Plan, by_lever
from .shown import called, money, name_of, points, row_for_each, terms

PAGE, PLANS, ESTIMATES = "debrief.html", "debrief.csv", "estimates.csv"
HEAD = (
    "student_id",
    "name",
    "quarter",
    "hypothesis",
    "changes",
    "target",
    "estimate",
    "estimate_low",
    "estimate_high",
    "estimate_is",
    "true_effect",
    "holds_truth",
    "decision",
    "true_worth",
)
# what the truth about a market's customers is told by
TRAITS = (
    "contact_need",
    "contact_tolerance",
    "contact_gain",
    "social_need",
    "structural_need",
    "care_gain",
    "price_sensitivity",
)


def write_debrief(
    out: Path,
    setup: Setup,
    debriefs: list[Debrief],
    found: Mapping[int, list],
    *,
    seeds: Mapping[str, int],
    unfinished: int,
    about: Assignment | None,
    lang: str,
) -> list[str]:
    """The page and both tables; the lines that the command says.

    ``found``: seed → what the search with the truth in hand changed; ``seeds``: student → the seed of their market.
    """
    rows = [_row(one, plan, about) for one in debriefs for plan in one.plans]
    write_csv(out / PLANS, HEAD, rows)
    write_csv(
        out / ESTIMATES,
        ["student_id", "name", "team", "points"],
        [row for one in debriefs for row in row_for_each(one.student, about, points(one.points))],
    )
    languages = written_in(lang)
    moved = [plan for one in debriefs for plan in one.moved]
    parts = [
        part(
            "game/debrief.html",
            one,
            setup=setup,
            debriefs=debriefs,
            levers=by_lever(debriefs),
            plans=moved,
            markets=_markets(setup, found, seeds),
            seeds=seeds,
            unfinished=unfinished,
            about=about,
            place=WRITTEN.index(one),
            traits=TRAITS,
            terms=terms,
            called=called,
            name_of=name_of,
            money=money,
            points=points,
            effect=effect,
            term=in_one(term_pair, one),
            named=in_one(named, one),
        )
        for one in languages
    ]
    write_page(out / PAGE, title=words_in(languages[0])("debrief_title"), lang=languages[0], parts=parts)
    lines = [MESSAGES.say("debrief_done", count=len(debriefs), file=out / PAGE)]
    if unfinished:
        lines.append(MESSAGES.say("debrief_unfinished", count=unfinished))
    return lines


def in_one(pairs, lang: str):
    """Terms in one language."""
    return lambda slug: getattr(pairs(slug), lang)


def effect(value: float) -> str:
    return decimal(value, 2)


def _row(one: Debrief, plan: Plan, about: Assignment | None) -> list:
    changes = "; ".join(" | ".join(line) for line in plan.changes) or "="
    return [
        one.student,
        name_of(one.student, about),
        plan.quarter,
        plan.hypothesis,
        changes,
        plan.target,
        plan.estimate,
        plan.low,
        plan.high,
        "own" if plan.own else "check",
        plan.true_effect,
        "yes" if plan.holds_truth else "no",
        plan.decision,
        round(plan.true_worth),
    ]


# --- the truth about the markets --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class MarketTruth:
    """What the customers of one market are like, and what the search found there."""

    seed: int
    segments: dict[str, dict[str, str]]  # segment → trait → its mean
    found: list  # lines, in Chinese and in English


def _markets(setup: Setup, found: Mapping[int, list], seeds: Mapping[str, int]) -> dict[int, MarketTruth]:
    """Seed → the truth; by what the market is made of, whoever played it."""
    markets = {}
    for seed in dict.fromkeys(seeds.values()):
        trade = rules.variant(scenario(setup.scenario), seed=seed, level=setup.level)
        segments = {
            name: {trait: decimal(getattr(group, trait), 2) for trait in TRAITS}
            for name, group in trade.segments.items()
        }
        markets[seed] = MarketTruth(seed=seed, segments=segments, found=found[seed])
    return markets
