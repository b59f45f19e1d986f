"""A game of PDCA: plan, do, check and act, quarter by quarter, on the firm's books; kept in a file that cannot go back.

The file is a journal, a line a step, written before the step's result is shown; every line carries a digest of all
that came before, and of what the books said. ``Game.resume`` plays it again from the first line and goes on;
``verify`` plays it again and finds what was changed (what that can and cannot find: game_file.py).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import require_choice
from crmkit.market.simulator.decision import Decision
from crmkit.market.simulator.ledgers import Ledgers
from crmkit.pdca.control_chart import ControlChart, control_chart
from crmkit.pdca.cycles import DECISIONS, PDCA
from crmkit.pdca.indicators import Indicators, indicators

from . import rules
from .changes import Change
from .game_file import LONGEST_LINE, MADE_WITH, Journal, canonical, chained, digest, free_name, read
from .search import Score, score_table
from .setup import Setup
from .steps import STEPS, TAKE, begin
from .twin import Twin, require_estimate, twin, twin_by_lever

_LOG = (
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
)


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
        path: str | Path | None = None,
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
        self._head = _headed(asdict(self.setup) | {"made_with": MADE_WITH})
        self._moves: tuple[dict, ...] = ()  # each with the digest of all until then
        self._state = begin(self.setup)
        self._score: Score | None = None
        self._file: Journal | None = None
        if path:
            self.keep(path)

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
        return min(len(self._moves) // len(STEPS) + 1, self.setup.quarters)

    @property
    def next_step(self) -> str | None:
        """``plan``, ``do``, ``check`` or ``act``; None when the game is over."""
        over = len(self._moves) == self.setup.quarters * len(STEPS)
        return None if over else STEPS[len(self._moves) % len(STEPS)]

    @property
    def moves(self) -> list[dict]:
        """The steps taken, each with the words it was taken with; of Do a digest of the books as well."""
        return [{name: said for name, said in move.items() if name != "chain"} for move in self._moves]

    @property
    def standard(self) -> Decision:
        """How the firm works today."""
        return self._state.standard

    @property
    def book(self) -> PDCA:
        """The record of the cycles."""
        return self._state.book

    @property
    def changes(self) -> tuple[tuple[Change, ...], ...]:
        """Of every quarter planned, what its decision changes against the standard of its day."""
        return self._state.changes

    @property
    def path(self) -> Path | None:
        """The file that the game is kept in."""
        return self._file.path if self._file else None

    @property
    def ledgers(self) -> Ledgers:
        """The firm's books from its first month to now; a copy, to do with as you like."""
        return rules.copied(self._state.firm.ledgers)

    @property
    def truth(self) -> pd.DataFrame:
        """What no book holds, for reading back after the last quarter. Errors: CrmkitError before it is over."""
        self._require_over()
        return self._state.firm.truth

    @property
    def outcome(self) -> rules.Outcome:
        """Profit and equity of the game. Errors: CrmkitError before it is over: equity is reckoned with the truth."""
        self._require_over()
        return rules.outcome(self._state.firm)

    def view(self) -> rules.View:
        """What a policy sees of this game now: ``game.plan(policy(game.view()), …)``."""
        return rules.view(self._state.firm, quarters=self.setup.quarters, standard=self.standard)

    def log(self) -> pd.DataFrame:
        """A row per cycle (``PDCA.table``), with the decision's changes against the standard of its day.

        Out: ``quarter``, ``method`` (the levers changed, as ``Decision`` names them), ``hypothesis``, ``baseline``,
        ``target``, ``result``, ``control_result``, ``uplift``, ``uplift_low``, ``uplift_high``, ``attainment``,
        ``cost`` (of all programmes in the quarter, currency), ``profit`` (of the quarter, currency),
        ``recommendation``, ``decision``.
        """
        table = self.book.table().rename(columns={"cycle": "quarter"})
        profit = rules.quarterly(self._state.firm.ledgers.accounts["profit"])
        table["profit"] = table["quarter"].map(profit)
        return table.head(self.quarter)[list(_LOG)]

    def sheet(self) -> Indicators:
        """The indicators of every quarter from the books (``crmkit.indicators``), with the survey's satisfaction."""
        books = self._state.firm.ledgers
        answers = books.surveys.rename(columns={"satisfaction": "score"})
        return indicators(
            books.transactions,
            as_of=self._state.today,
            log_starts=self._state.firm.scenario.start,
            top_score=10,
            satisfaction=answers if len(answers) else None,
        )

    def chart(self, measure: str = "profit") -> ControlChart:
        """A figure of the accounts month by month on a control chart; a new standard begins a phase.

        ``measure``: ``revenue``, ``cost_of_goods``, ``programme_cost`` or ``profit`` (currency a month).
        """
        accounts = self._state.firm.ledgers.accounts
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
        _require_text(hypothesis, name="hypothesis")
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
        return rules.copied(self._state.quarters[quarter].books)

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

    def act(
        self, decision: str, *, quarter: int, next_question: str = "", estimate: Iterable[float] | None = None
    ) -> None:
        """Act: ``standardise`` makes the quarter's decision the standard for all; ``adjust`` and ``abandon`` do not.

        ``estimate``: what you take the plan's effect for, where you know better than Check: value, low and high of a 95
        % interval, in the KPI per customer and quarter. It is fixed with the step, and ``twin`` sets the truth beside
        it. Errors: CrmkitError out of turn, for a decision not known, an estimate that is not low ≤ value ≤ high.
        """
        require_choice(decision, DECISIONS, name="decision")
        _require_text(next_question, name="next_question")
        estimate = require_estimate(estimate)
        self._take("act", quarter, decision=decision, next_question=next_question, estimate=estimate)

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

    def twin(self) -> Twin:
        """What every plan did in truth, on the same luck, beside what you took it for.

        Takes a few seconds: the firm goes through every quarter again with the plan and without it, and from there to
        the end without it. Errors: CrmkitError before the last quarter is over.
        """
        self._require_over()
        return twin(self.setup, self.moves)

    def twin_by_lever(self, *, quarter: int) -> pd.DataFrame:
        """What each lever of one quarter's plan did alone, and what it was worth to the end; first the whole plan.

        Out: ``method`` (the levers changed), ``true_effect`` (KPI per customer and quarter), ``true_worth`` (currency,
        discounted to the first day of play). Errors: CrmkitError before the last quarter is over.
        """
        self._require_over()
        quarter = rules.require_integer(quarter, 1, self.setup.quarters, name="quarter")
        return twin_by_lever(self.setup, self.moves, quarter=quarter)

    # ---- how a step is taken ---------------------------------------------------------------------------------------

    def _take(self, step: str, quarter: int, **said) -> None:
        """Take a step, or find that it was taken already with the same words."""
        quarter = rules.require_integer(quarter, 1, self.setup.quarters, name="quarter")
        move = _as_kept({"step": step, "quarter": quarter, **said})
        place = (quarter - 1) * len(STEPS) + STEPS.index(step)
        if place < len(self._moves):
            self._require_same(self._moves[place], move)
            return
        if place > len(self._moves):
            raise CrmkitError("game_order", value=f"{step} {quarter}", allowed=self._turn())
        state = TAKE[step](self._state, **said)
        if step == "do":
            move["books"] = digest(state.quarters[-1].books)
        move["chain"] = chained(self._chain, move)
        if self._file is not None:
            self._file.add(move)  # on the disk before anybody sees the result
        self._state, self._moves = state, (*self._moves, move)

    @property
    def _chain(self) -> str:
        """The digest of the game until now."""
        last = self._moves[-1] if self._moves else self._head
        return last["chain"]

    def _turn(self) -> str:
        return f"{self.next_step} {self.quarter}" if self.next_step else "–"

    def _require_same(self, taken: Mapping, move: Mapping) -> None:
        """Refuse a step that was taken already with other words."""
        parts = [name for name in move if taken[name] != move[name]]
        if parts:
            step = f"{move['step']} {move['quarter']}"
            raise CrmkitError("game_played", value=step, parts=", ".join(parts), now=self._turn())

    def _require_over(self) -> None:
        if self.next_step is not None:
            raise CrmkitError("game_not_over", value=self.quarter, quarters=self.setup.quarters)

    # ---- kept and found again --------------------------------------------------------------------------------------

    def keep(self, path: str | Path | None = None) -> Path:
        """Keep the game in a file from now on, all steps taken included; the file.

        Without ``path``: in the working folder, named after scenario and seed; where there is such a file already, with
        a number more. Errors: CrmkitError for a file that is there already or cannot be written.
        """
        if path is None:
            path = free_name(f"{self.setup.scenario}_{self.setup.seed}")
        self._file = Journal.begin(path, [self._head, *self._moves])
        return self._file.path

    @classmethod
    def resume(cls, path: str | Path) -> "Game":
        """The game kept in this file, to go on with; a last line that was cut off is dropped. Errors: as ``verify``."""
        game = cls._replayed(path, torn=True)
        game._file = Journal(path, game._chain)
        return game

    @classmethod
    def verify(cls, path: str | Path) -> "Game":
        """The game kept in this file, played again from its first line; the file stays as it is.

        Errors: CrmkitError for a file that is not there, is no game or of another version, and, with the line, for
        every move that is out of turn, does not fit the digests or does not give the books that the file says it gave.
        """
        return cls._replayed(path, torn=False)

    @classmethod
    def _replayed(cls, path, *, torn: bool) -> "Game":
        head, *lines = read(path, torn=torn)
        name = Path(path).name
        game = cls._begun_again(head, name)
        for row, line in enumerate(lines, 2):
            game._take_again(line, row=row, name=name)
        return game

    @classmethod
    def _begun_again(cls, head: dict, name: str) -> "Game":
        """The game that the first line of a file tells of."""
        setup = {part: said for part, said in head.items() if part not in ("chain", "made_with")}
        try:
            game = cls(**asdict(Setup(**setup)))  # of what a file says nothing but these reaches a game
        except (CrmkitError, TypeError) as error:
            raise CrmkitError("game_tampered", row=1, value=name, why=str(error)[:300]) from error
        game._head = _headed(asdict(game.setup) | {"made_with": head.get("made_with")})
        if canonical(game._head) != canonical({"made_with": None, "chain": None} | head):
            raise CrmkitError("game_tampered", row=1, value=name, why="chain")
        return game

    def _take_again(self, line: dict, *, row: int, name: str) -> None:
        """Take the step of a line, and compare what came of it with what the line says."""
        noted = ("step", "quarter", "books", "chain")
        said = {part: value for part, value in line.items() if part not in noted}
        try:
            turn = f"{line['step']} {line['quarter']}"
            if turn != self._turn():
                raise CrmkitError("game_order", value=turn[:40], allowed=self._turn())
            self._take(line["step"], line["quarter"], **said)
        except Exception as error:  # whatever a line made by hand provokes: nothing else in it is ever run
            raise CrmkitError("game_tampered", row=row, value=name, why=str(error)[:300]) from error
        found = self._moves[-1]
        wrong = sorted(part for part in {*found, *line} if line.get(part) != found.get(part))
        if "books" in wrong and self._head["made_with"] != MADE_WITH:
            raise CrmkitError("game_other_version", row=row, value=name, allowed=MADE_WITH)
        if canonical(line) != canonical(found):  # 1, 1.0 and true are equal and not the same
            raise CrmkitError("game_tampered", row=row, value=name, why=", ".join(wrong) or "1 ≠ 1.0")


def _headed(head: dict) -> dict:
    """The first line of a game, with its digest."""
    return head | {"chain": chained("", head)}


def _as_kept(move: dict) -> dict:
    """The move as its line in the file will read again. Errors: CrmkitError for what is not plain, or too long."""
    text = canonical(move)
    size = len(text.encode())
    if size > LONGEST_LINE:
        raise CrmkitError("game_too_long", value=size, allowed=LONGEST_LINE)
    return json.loads(text)


def _require_text(value, *, name: str) -> None:
    if not isinstance(value, str):
        raise CrmkitError("game_words", value=repr(value), name=name)
