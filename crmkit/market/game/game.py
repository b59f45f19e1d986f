"""A game of PDCA: plan, do, check and act, quarter by quarter, on the firm's books; kept in a file that cannot go back.

The file is a journal, a line a step, written before the step's result is shown; every line carries a digest of all
that came before, and of what the books said. ``Game.resume`` plays it again from the first line and goes on;
``verify`` plays it again and finds what was changed (what that can and cannot find: journal.py).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import require_choice
from crmkit.market.simulator.decision import Decision, Trial
from crmkit.market.simulator.engine import Market
from crmkit.market.simulator.ledgers import Ledgers
from crmkit.market.simulator.scenario import scenario
from crmkit.pdca.control_chart import ControlChart, control_chart
from crmkit.pdca.cycles import DECISIONS, PDCA
from crmkit.pdca.indicators import Indicators, indicators

from . import rules
from .customer_accounts import KPIS, customer_kpi, on_file, run_quarter
from .game_file import LONGEST_LINE, MADE_WITH, Journal, canonical, chained, digest, read
from .search import CROWD, Score, benchmarks, score_table

STEPS = ("plan", "do", "check", "act")
FEWEST = 100  # customers at the start, so that there is somebody to hold out to the end
_ELSE = {
    "relationship": "basic",
    "contacts": None,
}  # of groups that a decision does not name; of other levers 0


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a game is told by: with the moves it is the whole game."""

    scenario: str
    seed: int
    level: str = "normal"
    quarters: int = rules.QUARTERS
    customers: int = 0  # at the start; 0: as many as the scenario has
    kpi: str = "contribution"  # by which the cycles are judged
    player: str = ""

    def __post_init__(self):
        trade = scenario(self.scenario)
        require_choice(self.level, tuple(rules.LEVELS), name="level")
        # under a contract there is a bill a month: everybody has three, and nobody could be told from anybody
        kpis = [kpi for kpi in KPIS if kpi != "purchases" or trade.setting == "noncontractual"]
        require_choice(self.kpi, kpis, name="kpi")
        if not isinstance(self.player, str):
            raise CrmkitError("game_player", value=self.player)
        rules.require_seed(self.seed)
        fewest = FEWEST if self.customers else 0
        for name, low, high in (
            ("seed", 0, 2**63 - 1),
            ("quarters", 1, rules.LONGEST),
            ("customers", fewest, trade.customers),
        ):
            object.__setattr__(self, name, rules.require_whole(getattr(self, name), low, high, name=name))

    def opened(self, *, months: int = rules.HISTORY) -> Market:
        """The firm after ``months`` of the status quo; the player takes over after a year."""
        trade = scenario(self.scenario)
        if self.customers:
            trade = rules.resized(trade, customers=self.customers)
        return rules.opened(trade, seed=self.seed, level=self.level, months=months)

    def benchmarks(self, *, rounds: int = 2, progress: Callable[[int], None] | None = None):
        """What this game is scored against: ``do_nothing`` and ``truth_search`` as Outcomes, and what the search found.

        The same for every player of the same setup. Arguments: as of ``crmkit.market.game.search.benchmarks``.
        """
        opened = self.opened()
        crowd = replace(self, customers=min(CROWD, opened.scenario.customers)).opened()
        return benchmarks(opened, crowd=crowd, quarters=self.quarters, rounds=rounds, progress=progress)


class Game:
    """A game under way: ``plan``, ``do``, ``check`` and ``act`` in this order, quarter by quarter; nothing is undone.

    Every step names its quarter. A step taken already, given once more with the same words, gives the same answer, so
    that a notebook can be run again from its top; given with others it is refused. ``ledgers`` are the firm's books
    (``crmkit.market.Ledgers``), ``book`` is the record of the cycles (``crmkit.PDCA``), ``standard`` how the firm works
    today. With ``path`` the game is kept in a file, and ``Game.resume`` goes on with it.

    ``kpi``, per customer and quarter: ``contribution`` (margin less what serving, contacting and binding this customer
    cost; currency), ``margin`` (sales less cost of goods; currency), ``purchases`` (orders; not in a trade with
    contracts, where everybody has a bill a month) or ``active`` (bought in the quarter, 0 or 1).
    Errors: CrmkitError for a scenario, level or KPI not known, figures out of range (``seed`` from 0, ``quarters``
    1 … 40, ``customers`` 100 … the scenario's), a file that is there already or cannot be written.

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

    def __init__(
        self,
        scenario: str,
        *,
        seed: int,
        level: str = "normal",
        quarters: int = rules.QUARTERS,
        customers: int = 0,
        kpi: str = "contribution",
        player: str = "",
        path=None,
    ):
        self.setup = Setup(
            scenario=scenario,
            seed=seed,
            level=level,
            quarters=quarters,
            customers=customers,
            kpi=kpi,
            player=player,
        )
        self._firm = self.setup.opened(months=rules.HISTORY - rules.QUARTER)
        self.standard = self._firm.scenario.status_quo
        self._quarters = [run_quarter(self._firm, self.standard)]  # 0 the last of the history
        self.moves: list[dict] = []
        self._score: Score | None = None
        self.book = PDCA.start(self._values(self._members()["customer_id"]), kpi=kpi, question="")
        head = asdict(self.setup) | {"made_with": MADE_WITH}
        self._chain = chained("", head)
        self._file = Journal.begin(path, head | {"chain": self._chain}) if path else None

    def __repr__(self) -> str:
        told = self.setup
        return (
            f"<Game {told.scenario}, seed {told.seed}, {told.level}: quarter {self.quarter} of {told.quarters}, "
            f"{self.next_step or 'over'}>"
        )

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
        """The firm's books from its first month to now; a copy, to do with as you like."""
        return rules.copied(self._firm.ledgers)

    @property
    def truth(self) -> pd.DataFrame:
        """What no book holds, for reading back after the last quarter. Errors: CrmkitError before it is over."""
        self._require_over()
        return self._firm.truth

    @property
    def outcome(self) -> rules.Outcome:
        """Profit and equity of the game. Errors: CrmkitError before it is over: equity is reckoned with the truth."""
        self._require_over()
        return rules.outcome(self._firm)

    def view(self) -> rules.View:
        """What a policy sees of this game now: ``game.plan(policy(game.view()), …)``."""
        return rules.view(self._firm, quarters=self.setup.quarters, standard=self.standard)

    def log(self) -> pd.DataFrame:
        """A row per cycle (``PDCA.table``), with the decision's changes against the standard of its day.

        Out: ``quarter``, ``method`` (the levers changed, as ``Decision`` names them), ``hypothesis``, ``baseline``,
        ``target``, ``result``, ``control_result``, ``uplift``, ``uplift_low``, ``uplift_high``, ``attainment``,
        ``cost`` (of all programmes in the quarter, currency), ``profit`` (of the quarter, currency),
        ``recommendation``, ``decision``.
        """
        table = self.book.table().rename(columns={"cycle": "quarter"})
        profit = rules.quarterly(self._firm.ledgers.accounts["profit"])
        table["profit"] = table["quarter"].map(profit)
        return table.head(self.quarter)[
            [
                "quarter",
                "method",
                "hypothesis",
                "baseline",
                "target",
                "result",
                "control_result",
                "uplift",
                "uplift_low",
                "uplift_high",
                "attainment",
                "cost",
                "profit",
                "recommendation",
                "decision",
            ]
        ]

    def sheet(self) -> Indicators:
        """The indicators of every quarter from the books (``crmkit.indicators``), with the survey's satisfaction."""
        books = self._firm.ledgers
        answers = books.surveys.rename(columns={"satisfaction": "score"})
        return indicators(
            books.transactions,
            as_of=self._today(),
            log_starts=self._firm.scenario.start,
            top_score=10,
            satisfaction=answers if len(answers) else None,
        )

    def chart(self, measure: str = "profit") -> ControlChart:
        """A figure of the accounts month by month on a control chart; a new standard begins a phase.

        ``measure``: ``revenue``, ``cost_of_goods``, ``programme_cost`` or ``profit`` (currency a month).
        """
        accounts = self._firm.ledgers.accounts
        require_choice(measure, tuple(accounts.columns[1:]), name="measure")
        series = accounts.set_index(accounts["month"].dt.strftime("%Y-%m"))[measure]
        changed = [
            rules.HISTORY + rules.QUARTER * (k + 1)
            for k, cycle in enumerate(self.book.cycles)
            if cycle.decision == "standardise"
        ]
        return control_chart(series, phase_starts=[series.index[m] for m in changed if m < len(series)])

    # ---- the four steps --------------------------------------------------------------------------------------------

    def plan(
        self, decision: Decision, *, quarter: int, hypothesis: str, target: float, control_share: float = 0.5
    ) -> None:
        """Plan: what to do differently in the quarter, why, and to what level of the KPI it shall lead.

        The customers on file are parted by lot, within their segments, ``control_share`` of them going on under the
        standard; customers who join meanwhile get the new decision. Newcomers' offers and advertising are the firm's
        and cannot be held out. Errors: CrmkitError out of turn, for a group unknown here, more than 12 campaigns, a
        trial of one's own, words beyond some 2,000 characters, and a share that leaves fewer than two on either side.
        """
        rules.require_playable(decision)
        target = target.item() if isinstance(target, np.generic) else target
        if isinstance(target, bool) or not isinstance(target, (int, float)) or not -1e300 <= target <= 1e300:
            raise CrmkitError("game_target", value=repr(target))
        _require_words(hypothesis, name="hypothesis")
        self._take(
            "plan",
            quarter,
            decision=decision.record(),
            hypothesis=hypothesis,
            target=target,
            control_share=control_share,
        )

    def do(self, *, quarter: int) -> Ledgers:
        """Do: run the firm for three months; the books of these months. There is no way back."""
        self._take("do", quarter)
        return rules.copied(self._quarters[quarter].books)

    def check(self, *, quarter: int) -> pd.DataFrame:
        """Check: the treated beside those held out, on the books alone.

        Out: ``measure`` (``target``, ``result``, ``control_result``, ``uplift``), ``value``, ``low``, ``high``: the KPI
        per customer in the quarter, and the difference that the decision itself made, with 95 % intervals.
        """
        self._take("check", quarter)
        cycle = self.book.cycles[quarter - 1]
        rows = [
            ("target", cycle.target, None, None),
            *((name, *getattr(cycle, name).numbers) for name in ("result", "control_result", "uplift")),
        ]
        return pd.DataFrame(rows, columns=["measure", "value", "low", "high"]).astype(
            {"low": float, "high": float}
        )

    def act(self, decision: str, *, quarter: int, next_question: str = "") -> None:
        """Act: ``standardise`` makes the quarter's decision the standard for all; ``adjust`` and ``abandon`` do not."""
        require_choice(decision, DECISIONS, name="decision")
        _require_words(next_question, name="next_question")
        self._take("act", quarter, decision=decision, next_question=next_question)

    def score(self, *, progress: Callable[[int], None] | None = None) -> Score:
        """What the game was worth beside the firm that changed nothing and a search with the truth in hand.

        Takes some twenty seconds the first time: the search tries over a hundred firms; ``progress`` is called with the
        number tried, after each. Errors: CrmkitError before the last quarter is over.
        """
        self._require_over()
        if self._score is None:
            firms, found = self.setup.benchmarks(progress=progress)
            nothing, search = firms.values()
            table = score_table({"do_nothing": nothing, "player": self.outcome, "truth_search": search})
            self._score = Score(table=table, found=found)
        return self._score

    # ---- how a step is taken ---------------------------------------------------------------------------------------

    def _take(self, step: str, quarter: int, **said) -> None:
        quarter = rules.require_whole(quarter, 1, self.setup.quarters, name="quarter")
        text = canonical({"step": step, "quarter": quarter, **said})
        if len(text.encode()) > LONGEST_LINE:
            raise CrmkitError("game_too_long", value=len(text.encode()), allowed=LONGEST_LINE)
        move = json.loads(text)
        place = (quarter - 1) * len(STEPS) + STEPS.index(step)
        if place < len(self.moves):
            if parts := [name for name in move if self.moves[place][name] != move[name]]:
                raise CrmkitError(
                    "game_played", value=f"{step} {quarter}", parts=", ".join(parts), now=self._turn()
                )
            return
        if place > len(self.moves):
            raise CrmkitError("game_order", value=f"{step} {quarter}", allowed=self._turn())
        state = getattr(self, f"_{step}")(
            **said
        )  # what the step changes; nothing has changed if it is refused
        move |= state.pop("shown", {})
        chain = chained(self._chain, move)
        if self._file is not None:
            self._file.add(move | {"chain": chain})  # on the disk before anybody sees the result
        vars(self).update(
            state, _chain=chain, moves=[*self.moves, move]
        )  # at once: a step is taken whole or not

    def _turn(self) -> str:
        return f"{self.next_step} {self.quarter}" if self.next_step else "–"

    def _plan(self, *, decision: Mapping, hypothesis: str, target: float, control_share: float) -> dict:
        planned = Decision.from_record(decision)
        rules.require_playable(planned)
        if planned.trial is not None:
            raise CrmkitError("game_trial")
        self._firm.scenario.require_groups(planned)
        starts = self._today() + pd.Timedelta(days=1)
        book = self.book.plan(
            self._members(),
            hypothesis=hypothesis,
            method=changes(planned, self.standard),
            target=target,
            starts=starts,
            ends=starts + pd.DateOffset(months=rules.QUARTER) - pd.Timedelta(days=1),
            strata="segment",
            rng=np.random.default_rng([self.setup.seed, 3, self.quarter]),
            control_share=control_share,
        )
        return {"book": book}

    def _do(self) -> dict:
        planned, firm = self._planned(), self._firm.copy()
        trial = Trial(standard=self.standard, held_out=self.book.now.control)
        quarter = run_quarter(firm, replace(planned, trial=trial))
        spent = float(quarter.books.accounts["programme_cost"].sum())
        return {
            "_firm": firm,
            "_quarters": [*self._quarters, quarter],
            "shown": {"books": digest(quarter.books)},
            "book": self.book.do(done=self.book.now.method, cost=round(spent, 2)),
        }

    def _check(self) -> dict:
        groups = pd.Series([*self.book.now.treated, *self.book.now.control], name="customer_id")
        values = self._values(groups, decision=self._planned(), held_out=self.book.now.control)
        book = self.book.check(pd.DataFrame({"customer_id": groups, "value": values}), as_of=self._today())
        return {"book": book}

    def _act(self, *, decision: str, next_question: str) -> dict:
        standard = self._planned() if decision == "standardise" else self.standard
        since_takeover = changes(standard, self._firm.scenario.status_quo)
        book = self.book.act(decision=decision, standard=since_takeover, next_question=next_question)
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
        """Customers on file today: whom a decision of this quarter concerns."""
        books = self._firm.ledgers
        return books.customers[on_file(books, trade=self._firm.scenario, month=self._firm.month)]

    def _values(self, customers: pd.Series, *, decision: Decision | None = None, held_out=()) -> np.ndarray:
        return customer_kpi(
            customers,
            kpi=self.setup.kpi,
            trade=self._firm.scenario,
            standard=self.standard,
            decision=decision or self.standard,
            held_out=held_out,
            **vars(self._quarters[-1]),
        )

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
        name, chain, made_with = Path(path).name, head.pop("chain", None), head.pop("made_with", None)
        try:
            game = cls(**asdict(Setup(**head)))  # of what a file says nothing but these reaches a game
        except (CrmkitError, TypeError) as error:
            raise CrmkitError("game_tampered", row=1, value=name, why=str(error)[:300]) from error
        began = asdict(game.setup) | {"made_with": made_with}
        game._chain = chained("", began)
        if canonical(began | {"chain": game._chain}) != canonical(
            head | {"made_with": made_with, "chain": chain}
        ):
            raise CrmkitError("game_tampered", row=1, value=name, why="chain")
        for row, line in enumerate(lines, 2):
            said = {
                part: value
                for part, value in line.items()
                if part not in ("step", "quarter", "books", "chain")
            }
            try:
                if (turn := f"{line['step']} {line['quarter']}") != game._turn():
                    raise CrmkitError("game_order", value=turn[:40], allowed=game._turn())
                game._take(line["step"], line["quarter"], **said)
            except (
                Exception
            ) as error:  # whatever a line made by hand provokes: nothing else in it is ever run
                raise CrmkitError("game_tampered", row=row, value=name, why=str(error)[:300]) from error
            found = game.moves[-1] | {"chain": game._chain}
            wrong = sorted(part for part in {*found, *line} if line.get(part) != found.get(part))
            if "books" in wrong and made_with != MADE_WITH:
                raise CrmkitError("game_other_version", row=row, value=name, allowed=MADE_WITH)
            if canonical(line) != canonical(found):  # 1, 1.0 and true are equal and not the same
                raise CrmkitError("game_tampered", row=row, value=name, why=", ".join(wrong) or "1 ≠ 1.0")
        return game


def _require_words(value, *, name: str) -> None:
    if not isinstance(value, str):
        raise CrmkitError("game_words", value=repr(value), name=name)


def changes(decision: Decision, standard: Decision) -> str:
    """What a decision changes against the standard, lever by lever, as ``Decision`` names them; "=" where nothing.

    >>> changes(Decision(social={"gold": 0.5}), Decision())
    'social[gold]: 0 → 0.5'
    """
    before, now, told = standard.record(), decision.record(), []
    for lever in sorted({*before, *now} - {"trial"}):
        pairs = {lever: [side.get(lever) for side in (before, now)]}
        if any(isinstance(value, dict) for value in pairs[lever]):
            sides = [value or {} for value in pairs[lever]]
            pairs = {
                f"{lever}[{group}]": [side.get(group, side.get("all", _ELSE.get(lever, 0))) for side in sides]
                for group in sorted({*sides[0], *sides[1]})
            }
        told += [f"{name}: {_said(was)} → {_said(is_)}" for name, (was, is_) in pairs.items() if was != is_]
    return "; ".join(told) or "="


def _said(value) -> str:
    if isinstance(value, list):  # of campaigns
        value = (
            ", ".join(" ".join(f"{k}={v}" for k, v in campaign.items() if v) for campaign in value) or None
        )
    return "–" if value is None else f"{value:g}" if isinstance(value, (int, float)) else str(value)
