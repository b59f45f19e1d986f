"""What a game comes to when it is talked over: every plan with its hypothesis, what its player took it for,
and the truth.

Like a replay this reads a saved game as data, in a process of its own. Only games that are over have a debrief.
"""

import tempfile
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from crmkit.core.language import WRITTEN
from crmkit.display.alternative import alternative
from crmkit.display.numbers import number, percent
from crmkit.display.setting import set_language
from crmkit.market import Game, Twin
from crmkit.market.game.changes import Change
from crmkit.market.game.twin import LUCK
from crmkit.market.plots import plot_twin, size_of_twin
from crmkit.market.words import in_words

SAVED = "saved.game.jsonl"  # what the file is called meanwhile
DOTS_PER_INCH = 90  # of a picture on the page
LONGEST_DEBRIEF = 1200.0  # seconds: the firm goes through every quarter some ten times


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One quarter of one student: what was tried and why, and what it did in truth."""

    quarter: int
    hypothesis: str
    levers: list[str]
    changes: list[list[str]]  # what was changed, a line each, in Chinese and in English
    target: float
    estimate: float
    low: float
    high: float
    own: bool  # the estimate is the student's, else that of Check
    true_effect: float  # of the KPI, per customer and quarter
    holds_truth: bool
    decision: str
    true_worth: float  # currency
    by_luck: bool  # the worth is so small that it may be luck alone

    @property
    def held(self) -> bool:
        """Whether the plan did any good in its quarter, as its hypothesis said."""
        return self.true_effect > 0

    @property
    def rightly_decided(self) -> bool:
        """Whether Act kept what did good and nothing else."""
        return (self.decision == "standardise") == self.held


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A plot as it stands on a page, and what it shows in words."""

    png: str  # base64
    told: str


@dataclass(frozen=True, kw_only=True)
class Debrief:
    """One student's game talked over."""

    student: str
    kpi: str
    points: float  # for the estimates: `crmkit.market.Twin.points`
    pictures: dict[str, Picture]  # language → estimates beside the truth
    plans: list[Plan]

    @property
    def moved(self) -> list[Plan]:
        """The plans that changed something."""
        return [plan for plan in self.plans if plan.levers]


@dataclass(frozen=True, kw_only=True)
class Lever:
    """What a class tried of one lever."""

    lever: str
    students: int
    plans: int
    held: int
    kept: int  # made the standard
    kept_wrongly: int  # made the standard, and did no good in its quarter
    given_up_wrongly: int  # did good in its quarter, and was not made the standard


def by_lever(debriefs: Iterable[Debrief]) -> list[Lever]:
    """The levers that were tried, the one tried most often first; a plan of several counts under each."""
    tried: dict[str, list[tuple[str, Plan]]] = {}
    for one in debriefs:
        for plan in one.moved:
            for lever in plan.levers:
                tried.setdefault(lever, []).append((one.student, plan))
    found = [_summed_up(lever, plans) for lever, plans in tried.items()]
    return sorted(found, key=lambda one: (-one.plans, one.lever))


def _summed_up(lever: str, tried: list[tuple[str, Plan]]) -> Lever:
    plans = [plan for _, plan in tried]
    kept = [plan for plan in plans if plan.decision == "standardise"]
    return Lever(
        lever=lever,
        students=len({student for student, _ in tried}),
        plans=len(plans),
        held=sum(plan.held for plan in plans),
        kept=len(kept),
        kept_wrongly=sum(not plan.held for plan in kept),
        given_up_wrongly=sum(plan.held for plan in plans) - sum(plan.held for plan in kept),
    )


def restored(student: str, told: dict) -> Debrief:
    """As `debriefed` told it."""
    plans = [Plan(**plan) for plan in told["plans"]]
    pictures = {lang: Picture(**one) for lang, one in told["pictures"].items()}
    return Debrief(student=student, kpi=told["kpi"], points=told["points"], plans=plans, pictures=pictures)


# --- in a process of its own ------------------------------------------------------------------------------------------


def debriefed(raw: bytes) -> dict:
    """A saved game that is over, plan by plan. Errors: CrmkitError for one that is changed or not over."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, SAVED)
        path.write_bytes(raw)
        game = Game.verify(path)
    twin = game.twin()
    own = [move["estimate"] is not None for move in game.moves if move["step"] == "act"]
    luck = LUCK * abs(game.outcome.value)
    cycles = zip(twin.table.to_dict("records"), game.book.cycles, game.changes, own, strict=False)
    plans = [_told(row, cycle, changed, by_player, luck) for row, cycle, changed, by_player in cycles]
    pictures = {lang: _drawn(twin, game.setup.kpi, lang) for lang in WRITTEN}
    return {"kpi": game.setup.kpi, "points": twin.points, "plans": plans, "pictures": pictures}


def _drawn(twin: Twin, kpi: str, lang: str) -> dict[str, str]:
    """Estimates beside the truth in one language, as `Picture` holds it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    set_language(lang)
    figure = Figure(figsize=size_of_twin(twin), layout="constrained")
    FigureCanvasAgg(figure)
    plot_twin(twin, show=percent if kpi == "active" else number, ax=figure.subplots())
    png = BytesIO()
    figure.savefig(png, format="png", dpi=DOTS_PER_INCH)
    return {"png": b64encode(png.getvalue()).decode(), "told": alternative(figure)}


def _told(row: dict, cycle, changed: tuple[Change, ...], own: bool, luck: float) -> dict:
    return {
        "quarter": row["quarter"],
        "hypothesis": cycle.hypothesis,
        "levers": sorted({change.lever for change in changed}),
        "changes": [list(line) for line in in_words(changed)],
        "target": cycle.target,
        "estimate": row["estimate"],
        "low": row["estimate_low"],
        "high": row["estimate_high"],
        "own": own,
        "true_effect": row["true_effect"],
        "holds_truth": row["holds_truth"],
        "decision": row["decision"],
        "true_worth": row["true_worth"],
        "by_luck": bool(changed) and abs(row["true_worth"]) < luck,
    }
