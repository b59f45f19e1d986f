"""A game of PDCA: plan, do, check and act, quarter by quarter, on the firm's books; kept in a file that cannot go back.

The file is a journal, a line a step, written before the step's result is shown; every line carries a digest of all that
came before, and of what the books said. ``Game.resume`` plays it again from the first line and goes on; ``verify`` plays
it again and finds whatever was changed.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..control_limits import ControlChart, control_chart
from ..kpi_sheet import Indicators, indicators
from ..pdca import PDCA
from ..schema import CrmkitError, require_between, require_choice
from . import rules
from .customer_accounts import KPIS, customer_kpi
from .decision import Decision, Trial
from .engine import Market
from .journal import MADE_WITH, Journal, canonical, chained, digest, read
from .ledgers import Ledgers
from .scenario import scenario
from .search import CROWD, Score, scored

STEPS = ("plan", "do", "check", "act")
_LONGEST, _CAMPAIGNS = 40, 12   # quarters of a game, campaigns at once
_ELSE = {"relationship": "basic", "contacts": None}   # of groups that a decision does not name; of other levers 0


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a game is told by: with the moves it is the whole game."""

    scenario: str
    seed: int
    level: str = "normal"
    quarters: int = rules.QUARTERS
    customers: int = 0         # at the start; 0: as many as the scenario has
    kpi: str = "contribution"  # by which the cycles are judged
    player: str = ""

    def __post_init__(self):
        trade = scenario(self.scenario)
        require_choice(self.level, tuple(rules.LEVELS), name="level")
        require_choice(self.kpi, KPIS, name="kpi")
        for name, low, high in (("quarters", 1, _LONGEST), ("customers", 0, trade.customers)):
            require_between(getattr(self, name), low, high, name=name)
            if type(getattr(self, name)) is not int:
                raise CrmkitError("market_whole", value=getattr(self, name), name=name)
        if not isinstance(self.player, str):
            raise CrmkitError("game_player", value=self.player)
        rules.require_seed(self.seed)

    def opened(self, *, months: int = rules.HISTORY) -> Market:
        """The firm after ``months`` of the status quo; the player takes over after a year."""
        trade = scenario(self.scenario)
        if self.customers:
            trade = rules.resized(trade, customers=self.customers)
        return rules.opened(trade, seed=self.seed, level=self.level, months=months)


class Game:
    """A game under way: ``plan``, ``do``, ``check`` and ``act`` in this order, quarter by quarter; nothing is undone.

    Every step names its quarter. A step taken already, given once more with the same words, gives the same answer, so
    that a notebook can be run again from its top; given with others it is refused. ``ledgers`` are the firm's books
    (``crmkit.market.Ledgers``), ``book`` is the record of the cycles (``crmkit.PDCA``), ``standard`` how the firm works
    today. With ``path`` the game is kept in a file, and ``Game.resume`` goes on with it.

    ``kpi``, per customer and quarter: ``contribution`` (margin less what serving, contacting and binding this customer
    cost; currency), ``margin`` (sales less cost of goods; currency), ``purchases`` (orders) or ``active`` (0 or 1).
    Errors: CrmkitError for a scenario, level or KPI not known, figures out of range, and a file that is there already.

    >>> game = Game("household_hotline", seed=3, customers=200, quarters=1)
    >>> decision = Decision(contacts={"families": 0.6}, social={"families": 0.6})
    >>> game.plan(decision, quarter=1, hypothesis="a club binds", target=20)
    >>> game.do(quarter=1).accounts["month"].dt.strftime("%Y-%m").tolist()
    ['2025-01', '2025-02', '2025-03']
    >>> game.check(quarter=1)["measure"].tolist()
    ['target', 'result', 'control_result', 'uplift']
    >>> game.act("standardise", quarter=1)
    >>> game.quarter, game.next_step
    (1, None)
    """

    def __init__(self, scenario: str, *, seed: int, level: str = "normal", quarters: int = rules.QUARTERS,
                 customers: int = 0, kpi: str = "contribution", player: str = "", path=None):
        self.setup = Setup(scenario=scenario, seed=seed, level=level, quarters=quarters, customers=customers, kpi=kpi,
                           player=player)
        self._firm = self.setup.opened(months=rules.HISTORY - rules.QUARTER)
        self.standard = self._firm.scenario.status_quo
        self._before = self._firm.ledgers.customers.set_index("customer_id")["cost_to_serve"]
        self._quarters = [self._firm.step(self.standard, months=rules.QUARTER)]  # books by quarter, 0 the last of history
        self.moves: list[dict] = []
        self.book = PDCA.start(self._values(self._members()["customer_id"]), kpi=kpi, question="")
        self._chain = chained("", asdict(self.setup))
        self._file = path and Journal.begin(path, asdict(self.setup) | {"chain": self._chain})

    # ---- where the game stands -------------------------------------------------------------------------------------

    @property
    def quarter(self) -> int:
        """The quarter being played, 1 … ; after the last one it stays there."""
        return min(len(self.moves) // len(STEPS) + 1, self.setup.quarters)

    @property
    def next_step(self) -> str | None:
        """``plan``, ``do``, ``check`` or ``act``; None when the game is over."""
        over = len(self.moves) == self.setup.quarters * len(STEPS)
        return None if over else STEPS[len(self.moves) % len(STEPS)]

    @property
    def ledgers(self) -> Ledgers:
        """The firm's books from its first month to now."""
        return self._firm.ledgers

    @property
    def truth(self) -> pd.DataFrame:
        """What no book holds, for reading back after the last quarter. Errors: CrmkitError before it is over."""
        self._require_over()
        return self._firm.truth

    def view(self) -> rules.View:
        """What a policy sees of this game now: ``game.plan(policy(game.view()), …)``."""
        return rules.view(self._firm, quarters=self.setup.quarters, standard=self.standard)

    def log(self) -> pd.DataFrame:
        """A row per cycle (``PDCA.table``), with the decision's changes against the standard of its day.

        Out: ``quarter``, ``method`` (the levers changed), ``hypothesis``, ``baseline``, ``target``, ``result``,
        ``control_result``, ``uplift``, ``uplift_low``, ``uplift_high``, ``attainment``, ``cost`` (of all programmes in
        the quarter, currency), ``profit`` (of the quarter, currency), ``recommendation``, ``decision``.
        """
        table = self.book.table().rename(columns={"cycle": "quarter"})
        profit = rules.quarterly(self.ledgers.accounts["profit"])
        table["profit"] = table["quarter"].map(profit)
        return table.head(self.quarter)[[
            "quarter", "method", "hypothesis", "baseline", "target", "result", "control_result", "uplift", "uplift_low",
            "uplift_high", "attainment", "cost", "profit", "recommendation", "decision"]]

    def sheet(self) -> Indicators:
        """The indicators of every quarter from the books (``crmkit.indicators``), with the survey's satisfaction."""
        books = self.ledgers
        return indicators(books.transactions, as_of=self._today(), log_starts=self._firm.scenario.start, top_score=10,
                          satisfaction=books.surveys.rename(columns={"satisfaction": "score"}))

    def chart(self, measure: str = "profit") -> ControlChart:
        """A figure of the accounts month by month on a control chart; a new standard begins a phase.

        ``measure``: ``revenue``, ``cost_of_goods``, ``programme_cost`` or ``profit`` (currency a month).
        """
        accounts = self.ledgers.accounts
        require_choice(measure, tuple(accounts.columns[1:]), name="measure")
        series = accounts.set_index(accounts["month"].dt.strftime("%Y-%m"))[measure]
        changed = [rules.HISTORY + rules.QUARTER * (k + 1) for k, cycle in enumerate(self.book.cycles)
                   if cycle.decision == "standardise"]
        return control_chart(series, phase_starts=[series.index[m] for m in changed if m < len(series)])

    # ---- the four steps --------------------------------------------------------------------------------------------

    def plan(self, decision: Decision, *, quarter: int, hypothesis: str, target: float,
             control_share: float = 0.5) -> None:
        """Plan: what to do differently in the quarter, why, and to what level of the KPI it shall lead.

        The customers on file are parted by lot, within their segments, ``control_share`` of them going on under the
        standard; customers who join meanwhile get the new decision. Newcomers' offers and advertising are the firm's
        and cannot be held out. Errors: CrmkitError out of turn, for a group unknown here, shares not between 0 and 1.
        """
        if not isinstance(decision, Decision):
            raise CrmkitError("market_decision", value=type(decision).__name__)
        if decision.trial is not None:
            raise CrmkitError("game_trial")
        if len(decision.campaigns) > _CAMPAIGNS:
            raise CrmkitError("game_campaigns", value=len(decision.campaigns), allowed=_CAMPAIGNS)
        self._take("plan", quarter, decision=decision.record(), hypothesis=hypothesis, target=target,
                   control_share=control_share)

    def do(self, *, quarter: int) -> Ledgers:
        """Do: run the firm for three months; the books of these months. There is no way back."""
        self._take("do", quarter)
        return self._quarters[quarter]

    def check(self, *, quarter: int) -> pd.DataFrame:
        """Check: the treated beside those held out, on the books alone.

        Out: ``measure`` (``target``, ``result``, ``control_result``, ``uplift``), ``value``, ``low``, ``high``: the KPI
        per customer in the quarter, and the difference that the decision itself made, with 95 % intervals.
        """
        self._take("check", quarter)
        cycle = self.book.cycles[quarter - 1]
        rows = [("target", cycle.target, None, None),
                *((name, *getattr(cycle, name).numbers) for name in ("result", "control_result", "uplift"))]
        return pd.DataFrame(rows, columns=["measure", "value", "low", "high"]).astype({"low": float, "high": float})

    def act(self, decision: str, *, quarter: int, next_question: str = "") -> None:
        """Act: ``standardise`` makes the quarter's decision the standard for all; ``adjust`` and ``abandon`` do not."""
        self._take("act", quarter, decision=decision, next_question=next_question)

    def score(self) -> Score:
        """What the game was worth beside the firm that changed nothing and a search with the truth in hand.

        Takes about half a minute: the search tries some two hundred firms. Errors: CrmkitError before the last quarter is over.
        """
        self._require_over()
        trade = self._firm.scenario
        crowd = replace(self.setup, customers=min(CROWD, trade.customers))
        return scored(self._firm, opened=self.setup.opened(), crowd=crowd.opened())

    # ---- how a step is taken ---------------------------------------------------------------------------------------

    def _take(self, step: str, quarter: int, **said) -> None:
        move = json.loads(canonical({"step": step, "quarter": quarter, **said}))
        place = (quarter - 1) * len(STEPS) + STEPS.index(step) if isinstance(quarter, int) else -1
        if 0 <= place < len(self.moves):
            if {name: self.moves[place][name] for name in move} != move:
                raise CrmkitError("game_played", value=f"{step} {quarter}", now=self.quarter)
            return
        if place != len(self.moves) or self.next_step is None:
            raise CrmkitError("game_order", value=f"{step} {quarter}",
                              allowed=f"{self.next_step} {self.quarter}" if self.next_step else "–")
        state = getattr(self, f"_{step}")(**said)  # what the step changes; nothing has changed if it is refused
        move |= state.pop("shown", {})
        chain = chained(self._chain, move)
        if self._file is not None:
            self._file.add(move | {"chain": chain})  # on the disk before anybody sees the result
        vars(self).update(state)
        self._chain = chain
        self.moves.append(move)

    def _plan(self, *, decision: Mapping, hypothesis: str, target: float, control_share: float) -> dict:
        planned = Decision.from_record(decision)
        self._firm.scenario.require_groups(planned)
        starts = self._today() + pd.Timedelta(days=1)
        book = self.book.plan(
            self._members(), hypothesis=hypothesis, method=changes(planned, self.standard), target=target,
            starts=starts, ends=starts + pd.DateOffset(months=rules.QUARTER) - pd.Timedelta(days=1), strata="segment",
            rng=np.random.default_rng([self.setup.seed, 3, self.quarter]), control_share=control_share)
        return {"book": book}

    def _do(self) -> dict:
        planned, firm = self._planned(), self._firm.copy()
        trial = Trial(standard=self.standard, held_out=self.book.now.control)
        books = firm.step(replace(planned, trial=trial), months=rules.QUARTER)
        spent = float(books.accounts["programme_cost"].sum())
        book = self.book.do(done=self.book.now.method, cost=round(spent, 2))
        before = self._quarters[-1].customers.set_index("customer_id")["cost_to_serve"]
        return {"_firm": firm, "book": book, "_before": before, "_quarters": [*self._quarters, books],
                "shown": {"books": digest(books)}}

    def _check(self) -> dict:
        groups = pd.Series([*self.book.now.test, *self.book.now.control], name="customer_id")
        values = self._values(groups, decision=self._planned(), held_out=self.book.now.control)
        book = self.book.check(pd.DataFrame({"customer_id": groups, "value": values}), as_of=self._today())
        return {"book": book}

    def _act(self, *, decision: str, next_question: str) -> dict:
        standard = self._planned() if decision == "standardise" else self.standard
        start = self._firm.decisions[0][0]
        book = self.book.act(decision=decision, standard=changes(standard, start), next_question=next_question)
        return {"book": book, "standard": standard}

    def _planned(self) -> Decision:
        return Decision.from_record(self.moves[(self.quarter - 1) * len(STEPS)]["decision"])

    def _require_over(self) -> None:
        if self.next_step is not None:
            raise CrmkitError("game_not_over", value=self.quarter, quarters=self.setup.quarters)

    # ---- reading the books -----------------------------------------------------------------------------------------

    def _today(self) -> pd.Timestamp:
        start = pd.Timestamp(self._firm.scenario.start)
        return start + pd.DateOffset(months=self._firm.month) - pd.Timedelta(days=1)

    def _members(self) -> pd.DataFrame:
        """Customers on file: with a contract not ended; without contracts, who bought or came lately."""
        books, trade = self.ledgers, self._firm.scenario
        if trade.setting == "contractual":
            return books.customers[books.customers["left_on"].isna()]
        since = self._today() - pd.DateOffset(months=trade.file_months)
        lately = books.transactions.loc[books.transactions["date"] > since, "customer_id"]
        return books.customers[books.customers["customer_id"].isin(lately)]

    def _values(self, customers: pd.Series, *, decision: Decision | None = None, held_out=()) -> np.ndarray:
        return customer_kpi(customers, kpi=self.setup.kpi, books=self._quarters[-1], served_before=self._before,
                            trade=self._firm.scenario, decision=decision or self.standard, standard=self.standard,
                            held_out=held_out)

    # ---- kept and found again --------------------------------------------------------------------------------------

    @classmethod
    def resume(cls, path) -> "Game":
        """The game kept in this file, to go on with; a last line that was cut off is dropped. Errors: as ``verify``."""
        game = cls._replayed(path, torn=True)
        game._file = Journal(path, game._chain)
        return game

    @classmethod
    def verify(cls, path) -> "Game":
        """The game kept in this file, played again from its first line; the file stays as it is.

        Errors: CrmkitError for a file that is not there, is no game or of another version, and, with the line, for
        every move that is out of turn, does not fit the digests or does not give the books that the file says it gave.
        """
        return cls._replayed(path, torn=False)

    @classmethod
    def _replayed(cls, path, *, torn: bool) -> "Game":
        head, *lines = read(path, torn=torn)
        chain, own_versions = head.pop("chain", None), head.pop("made_with", None) == MADE_WITH
        try:
            game = cls(**head)
        except TypeError as error:
            raise CrmkitError("game_tampered", row=1, value=Path(path).name, why=str(error)) from error
        if game._chain != chain:
            raise CrmkitError("game_tampered", row=1, value=Path(path).name, why="chain")
        for row, line in enumerate(lines, 2):
            said = {name: value for name, value in line.items() if name not in ("step", "quarter", "books", "chain")}
            try:
                if (line.get("step"), line.get("quarter")) != (game.next_step, game.quarter):
                    raise CrmkitError("game_order", value=f"{line.get('step')} {line.get('quarter')}",
                                      allowed=f"{game.next_step} {game.quarter}")
                game._take(line["step"], line["quarter"], **said)
            except (CrmkitError, TypeError, KeyError, ValueError, AttributeError) as error:
                raise CrmkitError("game_tampered", row=row, value=Path(path).name, why=str(error)) from error
            wrong = [name for name, value in (game.moves[-1] | {"chain": game._chain}).items() if line.get(name) != value]
            if wrong[:1] == ["books"] and not own_versions:
                raise CrmkitError("game_other_version", row=row, value=Path(path).name, allowed=MADE_WITH)
            if wrong:
                raise CrmkitError("game_tampered", row=row, value=Path(path).name, why=", ".join(wrong))
        return game


def changes(decision: Decision, standard: Decision) -> str:
    """What a decision changes against the standard, lever by lever; "=" where nothing.

    >>> changes(Decision(social={"gold": 0.5}), Decision())
    'social[gold]: 0 → 0.5'
    """
    told, before, now = [], standard.record(), decision.record()
    for lever in sorted({*before, *now} - {"trial"}):
        old, new = (side.get(lever) for side in (before, now))
        if isinstance(old, dict) or isinstance(new, dict):
            for group in sorted({*(old or {}), *(new or {})}):
                was, is_ = ((side or {}).get(group, (side or {}).get("all", _ELSE.get(lever, 0))) for side in (old, new))
                told += [f"{lever}[{group}]: {_said(was)} → {_said(is_)}"] * (was != is_)
        elif lever == "campaigns":
            was, is_ = ([c["name"] for c in side or ()] for side in (old, new))
            told += [f"{lever}: {', '.join(was) or 0} → {', '.join(is_) or 0}"] * (old != new)
        else:
            told += [f"{lever}: {_said(old)} → {_said(new)}"] * (old != new)
    return "; ".join(told) or "="


def _said(value) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, (int, float)) else str(value)
