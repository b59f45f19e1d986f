"""The board of the game: decide, then plan, do, check and act by hand, on the same ``Game`` that plain Python plays.

Whatever is set by hand becomes one ``Decision``: the one that the levers began from, with those that were moved. So the
moves of a game played here are those of the same game played in code, and so is the file it is kept in.
"""

import unicodedata
from html import escape
from pathlib import Path

import ipywidgets
import traitlets
from ipywidgets import HTML, Button, Dropdown, FloatText, HBox, Text, VBox

from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import term, term_pair
from crmkit.core.language import WRITTEN, get_language, in_language
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import decimal, percent
from crmkit.display.widget import KernelWatch, watched
from crmkit.market.game.game import Game
from crmkit.market.game.rules import QUARTER
from crmkit.market.game.steps import STEPS
from crmkit.market.simulator.decision import POLICIES, TYPES, Decision
from crmkit.pdca.cycles import DECISIONS, Cycle

from .board_levers import Levers, control, options_of, tidy
from .board_panes import MEASURES, Panes, listed
from .words import AS_THE_TYPE, Pair, capital, coin, differences, html

_HERE = Path(__file__).parent
# step -> what is asked for before it
_ASKED = {
    "plan": ("hypothesis", "target", "control_group_share"),
    "do": (),
    "check": (),
    "act": ("decision", "own_estimate", "next_question"),
}


def market_board(game: Game) -> "Board":
    """The board on which ``game`` is played by hand, from wherever it stands.

    Above, the quarter; then decisions, KPI sheet, control chart, cycle log, accounts and, after the last quarter, score
    and truth as tabs; below, what differs from the standard in force, and the four steps, of which only the due one can
    be pressed. Nothing is undone. What the game refuses is said below the buttons, and nothing typed is lost.
    A game that has no file is kept in one of the working folder from the first step on that is taken here; the board
    says which (``game.path``), and ``Game.resume`` goes on with it.
    ``board.game`` is the game; ``board.levers["social", "families"]`` and ``board.steps["do"]`` are the widgets.

    >>> board = market_board(Game("household_hotline", seed=3, customers=200, quarters=1))
    >>> board.levers["contacts", "families"].value = 0.8
    >>> board.decision.contacts, [step for step, button in board.steps.items() if not button.disabled]
    ({'all': 0.4, 'families': 0.8}, ['plan'])
    """
    return Board(game)


class Companion(KernelWatch):
    """The board's script: buttons, options and tabs follow the page's language switch, for they hold plain text, where
    no span can be; and the board says so when its kernel is gone.
    """

    _esm = watched(_HERE / "board.js")
    _css = watched(_HERE / "board.css")
    words = traitlets.Dict().tag(sync=True)  # as it stands in both languages → {"zh", "en"}
    lang = traitlets.Unicode("both").tag(sync=True)

    def __init__(self, **traits):
        super().__init__(**traits)
        self.on_msg(self._asked)

    def _asked(self, _widget, content, _buffers) -> None:
        self.send(content)  # whoever answers is alive


class Board(VBox):
    """Levers, four steps, and panes, on one game."""

    def __init__(self, game: Game):
        self.game = game
        self._facts = game.view().facts
        self._not_kept: CrmkitError | None = None
        self._head, self._said, self._differs, self._kept = HTML(), HTML(), HTML(), HTML()
        self._form = Levers(
            self._facts, on_move=self._moved, on_again=lambda: self._form.show(self.game.standard)
        )
        self.levers = self._form.controls
        self._build_inputs()
        self._build_steps()
        self._shown = Panes(game, self._form.form)
        self._companion = Companion(words=_switched_words(), lang=get_language())
        super().__init__(
            [
                self._head,
                self._shown.tabs,
                self._differs,
                self._inputs,
                HBox([*self.steps.values()]),
                self._said,
                self._kept,
                self._companion,
            ]
        )
        self.add_class("crm-board")
        self._refresh()

    # ---- the levers ------------------------------------------------------------------------------------------------

    @property
    def decision(self) -> Decision:
        """What the levers are set to: the decision they began from, and whatever was moved since."""
        return self._form.decision

    def _moved(self) -> None:
        """Say what differs from the standard, and what it costs."""
        self._form.say_costs(self.game.ledgers.customers["tier"])
        told = differences(self.decision, self.game.standard)
        heading = MESSAGES.pair("board_differs" if told else "board_no_difference")
        self._differs.value = html(heading) + listed(told)

    # ---- what is asked for before a step ---------------------------------------------------------------------------

    def _build_inputs(self) -> None:
        self.hypothesis = Text(layout={"flex": "1 1 auto"})
        self.next_question = Text(layout={"flex": "1 1 auto"})
        self.target = FloatText(layout={"width": "130px"})
        self.verdict = Dropdown(options=options_of(DECISIONS))
        self.control_share = control("control_share")
        self.control_share.value = 0.5
        self.control_share.layout.width = "260px"
        self._baseline = HTML()
        self.estimate = [Text(layout={"width": "110px"}) for _ in ("value", "low", "high")]
        about_estimate = HTML(html(MESSAGES.pair("board_own_estimate")), layout={"flex": "1 1 auto"})
        rows = {
            "hypothesis": _row("hypothesis", self.hypothesis),
            "target": _row("target", self.target, self._baseline),
            "control_group_share": _row("control_group_share", self.control_share),
            "decision": _row("decision", self.verdict),
            "own_estimate": _row("own_estimate", *self.estimate, about_estimate),
            "next_question": _row("next_question", self.next_question),
        }
        pages = [[rows[slug] for slug in _ASKED[step]] for step in STEPS]
        pages.append([])  # when the game is over
        self._inputs = ipywidgets.Stack([VBox(page, layout={"flex": "1 1 auto"}) for page in pages])

    # ---- the four steps --------------------------------------------------------------------------------------------

    def _build_steps(self) -> None:
        self._takes = {"plan": self._plan, "do": self._do, "check": self._check, "act": self._act}
        self.steps = {}
        for place, step in enumerate(STEPS, 1):
            button = Button(description=f"{place} {term(f'pdca_{step}')}")
            button.add_class("crm-step")
            button.on_click(lambda _, step=step: self._take(step))
            self.steps[step] = button

    def _take(self, step: str) -> None:
        if len(self.game.moves) != self._seen:  # the game went on in plain Python: show that, and think again
            self._refresh()
            return
        if step != self.game.next_step:  # pressed twice
            return
        self.steps[step].disabled = True  # while it is at work
        try:
            self._takes[step](self.game.quarter)
            self._keep()
            self._refresh()
        except CrmkitError as error:
            self._said.value = _alert(error)
        finally:
            self.steps[step].disabled = step != self.game.next_step

    def _plan(self, quarter: int) -> None:
        hypothesis = self.hypothesis.value.strip()
        if not hypothesis:
            raise CrmkitError("board_hypothesis")
        self.game.plan(
            self.decision,
            quarter=quarter,
            hypothesis=hypothesis,
            target=tidy(self.target.value),
            control_share=tidy(self.control_share.value),
        )

    def _do(self, quarter: int) -> None:
        self.game.do(quarter=quarter)

    def _check(self, quarter: int) -> None:
        self.game.check(quarter=quarter)

    def _act(self, quarter: int) -> None:
        said = [field.value.strip() for field in self.estimate]
        self.game.act(
            self.verdict.value,
            quarter=quarter,
            next_question=self.next_question.value.strip(),
            estimate=[_as_number(text) for text in said] if any(said) else None,
        )

    def _keep(self) -> None:
        """Begin the game's file where it has none; a folder that cannot be written to does not end the game."""
        self._not_kept = None
        if self.game.path is None:
            try:
                self.game.keep()
            except CrmkitError as error:
                self._not_kept = error

    # ---- where the game stands -------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Show where the game stands; what was typed for a step to come stays."""
        due, cycle = self.game.next_step, self.game.book.cycles[self.game.quarter - 1]
        for step, button in self.steps.items():
            button.disabled = step != due
            button.button_style = "primary" if step == due else ""
        self._seen = len(self.game.moves)
        self._inputs.selected_index = STEPS.index(due) if due else len(STEPS)
        self._differs.layout.display = "" if due else "none"
        self._form.disable(due != "plan")
        self._form.show(self._to_be_shown())
        if due == "plan":
            self._ask_for_a_plan(cycle)
        elif due == "act":
            self.verdict.value = cycle.recommendation
            for field, of_check in zip(self.estimate, cycle.uplift.numbers):
                field.placeholder = self._kpi(of_check)
        self._head.value = self._heading(cycle)
        self._said.value = f'<div aria-live="polite">{html(self._standing())}</div>'
        self._say_where_it_is_kept()
        self._shown.refresh()

    def _to_be_shown(self) -> Decision:
        """The plan under way, or the one to be adjusted; else the standard in force."""
        due, moves = self.game.next_step, self.game.moves
        plans = [move["decision"] for move in moves if move["step"] == "plan"]
        to_be_adjusted = due == "plan" and plans and moves[-1]["decision"] == "adjust"
        if due in ("do", "check", "act") or to_be_adjusted:
            return Decision.from_record(plans[-1])
        return self.game.standard

    def _ask_for_a_plan(self, cycle: Cycle) -> None:
        is_money = self.game.setup.kpi in ("contribution", "margin")
        baseline = MESSAGES.pair(
            "board_baseline" if is_money else "board_baseline_no_money",
            kpi=term_pair(self.game.setup.kpi),
            coin=coin(self._facts["currency"]) if is_money else "",
            **self._estimate(cycle.baseline),
        )
        self._baseline.value = html(baseline)
        self.target.value = round(cycle.baseline.value, 2)
        self.hypothesis.value = ""
        self.next_question.value = ""
        for field in self.estimate:
            field.value = ""

    def _heading(self, cycle: Cycle) -> str:
        heading = " · ".join(map(html, self._where()))
        asked = ""
        if cycle.question and self.game.next_step:
            asked = f"<p>{html(term_pair('next_question'))}: {escape(cycle.question)}</p>"
        return f"<h3>{heading}</h3>{html(MESSAGES.pair('board_no_undo'))}{asked}"

    def _where(self) -> tuple[Pair, Pair]:
        place = MESSAGES.pair("board_place", quarter=self.game.quarter, quarters=self.game.setup.quarters)
        return (self._facts["title_zh"], self._facts["title_en"]), place

    def _standing(self) -> Pair:
        """What was done last and what is due; read off the game, so that a resumed one says the same."""
        due, cycle = self.game.next_step, self.game.book.cycles[self.game.quarter - 1]
        if due == "do":
            treated, held_out = decimal(len(cycle.treated), 0), decimal(len(cycle.control), 0)
            return MESSAGES.pair("board_planned", treated=treated, control=held_out)
        if due == "check":
            profit = self.game.ledgers.accounts["profit"].iloc[-QUARTER:].sum()
            return MESSAGES.pair("board_done", profit=decimal(profit, 0), coin=coin(self._facts["currency"]))
        if due == "act":
            verdict, advice = term_pair(cycle.attainment), term_pair(cycle.recommendation)
            return MESSAGES.pair(
                "board_checked",
                attainment=verdict,
                recommendation=advice,
                target=self._kpi(cycle.target),
                result=self._estimate(cycle.result),
                control_result=self._estimate(cycle.control_result),
                uplift=self._estimate(cycle.uplift),
            )
        return MESSAGES.pair("board_due_plan" if due else "board_over")

    def _kpi(self, value: float) -> str:
        return percent(value) if self.game.setup.kpi == "active" else decimal(value)

    def _estimate(self, found) -> dict[str, str]:
        return dict(zip(("value", "low", "high"), map(self._kpi, found.numbers)))

    # ---- kept, and found again -------------------------------------------------------------------------------------

    def _say_where_it_is_kept(self) -> None:
        file = _as_seen_from_here(self.game.path)
        if self._not_kept:
            zh, en = MESSAGES.pair("board_not_kept")
            said = (f"{zh}\n{self._not_kept.message_zh}", f"{en}\n{self._not_kept.message_en}")
        else:
            said = MESSAGES.pair("board_kept", file=file) if file else MESSAGES.pair("board_will_be_kept")
        self._kept.value = f"<small>{html(said)}</small>"
        lost = MESSAGES.pair("board_lost", file=file) if file else MESSAGES.pair("board_lost_unkept")
        self._companion.notices = {**self._companion.notices, "lost": dict(zip(WRITTEN, lost))}

    def _repr_mimebundle_(self, **kwargs):
        """The widget; for a page where none runs, where the game stands, as text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        lines = [in_language(*line, between="\n") for line in (*self._where(), self._standing())]
        return {**data, "text/plain": "\n".join(lines)}, metadata


def _switched_words() -> dict[str, dict[str, str]]:
    """Every text that can hold no span, as it stands in both languages, in each."""
    if get_language() != "both":
        return {}
    slugs = {*TYPES, *POLICIES, *DECISIONS, *MEASURES, AS_THE_TYPE, "every_month"}
    slugs |= {"board_decide", "board_sheet", "control_chart", "board_log", "board_accounts", "score"}
    slugs |= {"board_score_now", "board_standard_again"}
    found = {}
    for slug in slugs:
        zh, en = term_pair(slug)
        found[in_language(zh, en)] = {"zh": zh, "en": capital(en)}
    for place, step in enumerate(STEPS, 1):
        zh, en = term_pair(f"pdca_{step}")
        found[f"{place} {in_language(zh, en)}"] = {"zh": f"{place} {zh}", "en": f"{place} {capital(en)}"}
    return found


def _row(slug: str, widget: ipywidgets.Widget, *beside: ipywidgets.Widget) -> HBox:
    """A widget with its name before it."""
    widget.tooltip = term(slug)
    name = HTML(html(term_pair(slug)), layout={"width": "190px", "flex": "0 0 auto"})
    return HBox([name, widget, *beside], layout={"align_items": "center"})


def _as_number(text: str) -> float | str:
    """What was typed as a number, a per cent sign taken at its word; text that is none stays,
    for the game to refuse it.

    >>> _as_number("9.1"), _as_number("−4 %"), _as_number("nine")
    (9.1, -0.04, 'nine')
    """
    plain = unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-")
    try:
        return float(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
    except ValueError:
        return text


def _alert(error: CrmkitError) -> str:
    said = in_language(error.message_zh, error.message_en, between="\n")
    return f'<p class="crm-wrong" role="alert">{escape(said)}</p>'


def _as_seen_from_here(path: Path | None) -> str:
    """A file's path as a cell of this notebook would write it."""
    if path is None:
        return ""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
