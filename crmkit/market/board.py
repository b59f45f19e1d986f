"""The board of the game: decide, then plan, do, check and act by hand, on the same ``Game`` that plain Python plays.

Whatever is set by hand becomes one ``Decision``: the one that the levers began from, with those that were moved. So the
moves of a game played here are those of the same game played in code, and so is the file it is kept in.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from html import escape
from io import BytesIO
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import pandas as pd
import traitlets
from ipywidgets import (
    HTML,
    BoundedFloatText,
    Button,
    Checkbox,
    Dropdown,
    FloatSlider,
    FloatText,
    HBox,
    Text,
    VBox,
)

from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import named, term, term_pair
from crmkit.core.language import get_language, in_language
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import decimal, number, percent
from crmkit.display.tables import show
from crmkit.market.game.game import STEPS, Game
from crmkit.market.game.rules import HISTORY, QUARTER
from crmkit.market.simulator.decision import POLICIES, TYPES, Campaign, Decision
from crmkit.pdca.cycles import DECISIONS
from crmkit.pdca.plots import plot_control_chart, plot_indicators, plot_pdca

from .plots import plot_score
from .words import AS_THE_TYPE, Pair, capital, differences, html, in_words

_HERE = Path(__file__).parent
_BY_SEGMENT = ("relationship", "contacts", "financial", "social", "structural")
_OF_THE_FIRM = ("service_quality", "complaint_handling", "price", "acquisition_budget", "contact_policy")
_SLIDERS = {
    "financial": (0, 0.3, 0.01),
    "social": (0, 1, 0.05),
    "structural": (0, 1, 0.05),
    "price": (0.8, 1.2, 0.01),
    "service_quality": (0, 1, 0.05),
    "complaint_handling": (0, 1, 0.05),
    "discount": (0, 0.6, 0.01),
    "newcomer_discount": (0, 0.6, 0.01),
    "control_share": (0.05, 0.95, 0.05),
}  # lowest, highest, step
_CHOICES = {"relationship": TYPES, "contact_policy": POLICIES}
_CONTACTS = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 6, 8, 12)
_OFFER = ("discount", "newcomer_discount", "contacts", "calendar_months")
_PANES = ("board_decide", "board_sheet", "control_chart", "board_log", "board_accounts", "score")
_MEASURES = ("profit", "revenue", "cost_of_goods", "programme_cost")
_SHEET = [
    "period",
    "sales",
    "sales_growth_rate",
    "active_customers",
    "new_customers",
    "retention_rate",
    "repeat_rate",
    "margin_rate",
    "satisfaction",
]
_LOG = [
    "quarter",
    "result",
    "control_result",
    "uplift",
    "uplift_low",
    "uplift_high",
    "profit",
    "recommendation",
    "decision",
]
_TRAITS = [
    "true_contact_need",
    "true_contact_tolerance",
    "true_contact_gain",
    "true_social_need",
    "true_structural_need",
    "true_care_gain",
    "true_price_sensitivity",
]


def market_board(game: Game) -> "Board":
    """The board on which ``game`` is played by hand, from wherever it stands.

    Above, the quarter; then decisions, KPI sheet, control chart, cycle log, accounts and, after the last quarter, score
    and truth as tabs; below, what differs from the standard in force, and the four steps, of which only the due one can
    be pressed. Nothing is undone. What the game refuses is said below the buttons, and nothing typed is lost.
    ``board.game`` is the game; ``board.levers["social", "families"]`` and ``board.steps["do"]`` are the widgets.

    >>> board = market_board(Game("household_hotline", seed=3, customers=200, quarters=1))
    >>> board.levers["contacts", "families"].value = 0.8
    >>> board.decision.contacts, [step for step, button in board.steps.items() if not button.disabled]
    ({'all': 0.4, 'families': 0.8}, ['plan'])
    """
    return Board(game)


class Switched(anywidget.AnyWidget):
    """Lets buttons, options and tabs follow the page's language switch: they hold plain text, where no span can be."""

    _esm = _HERE / "board.js"
    _css = _HERE / "board.css"
    words = traitlets.Dict().tag(sync=True)  # as it stands in both languages → {"zh", "en"}


class Board(VBox):
    """Levers by lever and group (a segment; of care a tier; "" of the firm), four steps, and panes, on one game."""

    def __init__(self, game: Game):
        self.game, self._result = game, None
        self._facts = game.view().facts
        self._head, self._said, self._differs = HTML(), HTML(), HTML()
        self._build_levers()
        self._build_steps()
        self._panes = {name: VBox() for name in _PANES}
        self._panes["board_decide"].children = [self._form]
        self._measure = Dropdown(
            options=_named(_MEASURES), layout={"width": "260px"}, tooltip=term("measure")
        )
        self._tabs = ipywidgets.Tab([*self._panes.values()], titles=[capital(term(name)) for name in _PANES])
        for chosen, trait in ((self._measure, "value"), (self._tabs, "selected_index")):
            chosen.observe(lambda _: self._draw(), trait)
        super().__init__(
            [
                self._head,
                self._tabs,
                self._differs,
                self._inputs,
                HBox([*self.steps.values()]),
                self._said,
                Switched(words=self._words()),
            ]
        )
        self.add_class("crm-board")
        self._refresh()

    # ---- the levers ------------------------------------------------------------------------------------------------

    def _build_levers(self) -> None:
        segments, tiers = self._facts["segments"], tuple(self._facts["tiers"])
        self.levers = {(lever, group): _control(lever) for lever in _BY_SEGMENT for group in segments}
        self.levers |= {("care", tier): _control("care") for tier in tiers}
        self.levers |= {(lever, ""): _control(lever) for lever in _OF_THE_FIRM}
        for (lever, group), control in self.levers.items():
            control.tooltip = f"{term(f'lever_{lever}')} {in_language(*named(group))}".strip()
        self._offered = Checkbox(indent=False, layout={"width": "28px"}, tooltip=term("lever_campaigns"))
        self._offer = {name: _control(name, offer=True) for name in _OFFER}
        self._costs = {group: HTML() for group in (*segments, *tiers, *_OF_THE_FIRM)}
        self._again = Button(
            description=capital(term("board_standard_again")),
            layout={"width": "auto", "align_self": "flex-start"},
        )
        self._again.on_click(lambda _: self._show(self.game.standard))
        of_the_firm = [
            VBox([HTML(html(term_pair(f"lever_{lever}"))), self.levers[lever, ""], self._costs[lever]])
            for lever in _OF_THE_FIRM
        ]
        offered = HBox(
            [self._offered, HTML(html(term_pair("lever_campaigns")))], layout={"align_items": "center"}
        )
        self._offer_box = _columns(
            VBox([HTML(html(term_pair(f"campaign_{name}"))), control])
            for name, control in self._offer.items()
        )
        self._form = VBox(
            [
                self._grid(segments, _BY_SEGMENT),
                self._grid(tiers, ("care",)),
                _columns([*of_the_firm, offered]),
                self._offer_box,
                self._again,
            ]
        )
        for control in (*self.levers.values(), self._offered, *self._offer.values()):
            control.observe(lambda _: self._moved(), "value")

    def _grid(self, groups: tuple, levers: tuple) -> ipywidgets.GridBox:
        """A row a lever, a column a group, costs at the foot."""
        cells = [HTML(), *(HTML(f"<b>{html(named(group))}</b>") for group in groups)]
        for lever in levers:
            cells += [
                HTML(html(term_pair(f"lever_{lever}"))),
                *(self.levers[lever, group] for group in groups),
            ]
        return ipywidgets.GridBox(
            [*cells, HTML(), *(self._costs[group] for group in groups)],
            layout={
                "grid_template_columns": f"minmax(120px, 190px) repeat({len(groups)}, minmax(0, 1fr))",
                "grid_gap": "0 12px",
                "align_items": "center",
            },
        )

    @property
    def decision(self) -> Decision:
        """What the levers are set to: the decision they began from, and whatever was moved since."""
        moved: dict = {}
        for (lever, group), control in self.levers.items():
            if (value := _tidy(control.value)) != _held(self._base, lever, group):
                moved.setdefault(lever, {})[group] = value
        for lever, groups in moved.items():
            moved[lever] = groups[""] if "" in groups else {**(getattr(self._base, lever) or {}), **groups}
        if AS_THE_TYPE in (moved.get("contacts") or {}).values():
            # the type's own number is said by naming no number, and none for all: the other groups are spelled out
            numbers = moved["contacts"]
            numbers = {**dict.fromkeys(self._facts["segments"], numbers.pop("all", AS_THE_TYPE)), **numbers}
            moved["contacts"] = {
                group: value for group, value in numbers.items() if value != AS_THE_TYPE
            } or None
        first, *others = self._base.campaigns or (Campaign(name="campaign"),)
        offer = [replace(first, **{name: _tidy(control.value) for name, control in self._offer.items()})]
        return replace(self._base, campaigns=(*offer * self._offered.value, *others), **moved)

    def _show(self, decision: Decision) -> None:
        """Set the levers to a decision, which is what they then begin from."""
        self._base, self._quiet = decision, True
        first = decision.campaigns[0] if decision.campaigns else Campaign(name="campaign")
        self._offered.value = bool(decision.campaigns)
        shown = [(self.levers[key], _held(decision, *key)) for key in self.levers]
        for control, value in shown + [
            (control, getattr(first, name)) for name, control in self._offer.items()
        ]:
            if isinstance(control, FloatSlider):
                control.min, control.max = min(control.min, value), max(control.max, value)
            elif value not in (known := dict(getattr(control, "options", {})).values()) and known:
                control.options = [*control.options, (_listed(value), value)]
            control.value = value
        self._quiet = False
        self._moved()

    def _moved(self) -> None:
        """Say what differs from the standard, and what it costs."""
        if self._quiet:
            return
        facts, heads = self._facts, self.game.ledgers.customers["tier"].value_counts()
        at = {key: control.value for key, control in self.levers.items()}
        for group in facts["segments"]:
            kind = facts["types"][at["relationship", group]]
            contacts = (
                at["contacts", group] if at["contacts", group] != AS_THE_TYPE else kind["contacts_per_month"]
            )
            parts = {
                "contacts": contacts * kind["cost_per_contact"],
                "type": kind["cost_per_month"],
                "club": facts["social_cost"] * at["social", group] ** 2,
                "links": facts["structural_cost"] * at["structural", group] ** 2,
            }
            self._cost(group, "board_a_head", number=f"{contacts:g}", sum=sum(parts.values()), **parts)
        for tier in facts["tiers"]:
            there = int(heads.get(tier, 0))
            self._cost(
                tier, "board_care_a_head", number=decimal(there, 0), cost=at["care", tier] / max(there, 1)
            )
        self._cost(
            "service_quality", "board_quality", cost=facts["quality_cost"] * at["service_quality", ""] ** 2
        )
        self._cost("acquisition_budget", "board_advertising", cost=facts["acquisition_cost"])
        self._offer_box.layout.display = "" if self._offered.value else "none"
        told = differences(self.decision, self.game.standard)
        self._differs.value = html(MESSAGES.pair("board_differs" if told else "board_no_difference")) + _list(
            told
        )

    def _cost(self, group: str, key: str, **figures) -> None:
        said = {
            name: figure if isinstance(figure, str) else decimal(figure) for name, figure in figures.items()
        }
        self._costs[
            group
        ].value = f"<small>{html(MESSAGES.pair(key, coin=self._facts['currency'], **said))}</small>"

    # ---- the four steps --------------------------------------------------------------------------------------------

    def _build_steps(self) -> None:
        self.hypothesis, self.next_question = (Text(layout={"flex": "1 1 auto"}) for _ in range(2))
        self.target, self.verdict = FloatText(layout={"width": "130px"}), Dropdown(options=_named(DECISIONS))
        self.control_share, self._baseline = _control("control_share"), HTML()
        self.control_share.value, self.control_share.layout.width = 0.5, "260px"
        called = {
            "hypothesis": [self.hypothesis],
            "target": [self.target, self._baseline],
            "decision": [self.verdict],
            "control_group_share": [self.control_share],
            "next_question": [self.next_question],
        }
        rows = {}
        for slug, (control, *beside) in called.items():
            control.tooltip = term(slug)
            name = HTML(html(term_pair(slug)), layout={"width": "190px", "flex": "0 0 auto"})
            rows[slug] = HBox([name, control, *beside], layout={"align_items": "center"})
        asked = (
            ("hypothesis", "target", "control_group_share"),
            (),
            (),
            ("decision", "next_question"),
            (),
        )  # by step
        self._inputs = ipywidgets.Stack(
            [VBox([rows[slug] for slug in slugs], layout={"flex": "1 1 auto"}) for slugs in asked]
        )
        self.steps = {
            step: Button(description=f"{i} {term(f'pdca_{step}')}") for i, step in enumerate(STEPS, 1)
        }
        for step, button in self.steps.items():
            button.add_class("crm-step")
            button.on_click(lambda _, step=step: self._take(step))

    def _take(self, step: str) -> None:
        game, quarter = self.game, self.game.quarter
        if len(game.moves) != self._seen:  # the game went on in plain Python: show that, and think again
            return self._refresh()
        if step != game.next_step:  # pressed twice
            return
        self.steps[step].disabled = True  # while it is at work
        try:
            if step == "plan":
                if not self.hypothesis.value.strip():
                    raise CrmkitError("board_hypothesis")
                game.plan(
                    self.decision,
                    quarter=quarter,
                    hypothesis=self.hypothesis.value.strip(),
                    target=_tidy(self.target.value),
                    control_share=_tidy(self.control_share.value),
                )
            elif step == "act":
                game.act(self.verdict.value, quarter=quarter, next_question=self.next_question.value.strip())
            else:
                getattr(game, step)(quarter=quarter)
            self._refresh()
        except CrmkitError as error:
            said = in_language(error.message_zh, error.message_en, between="\n")
            self._said.value = f'<p class="crm-wrong" role="alert">{escape(said)}</p>'
        finally:
            self.steps[step].disabled = step != game.next_step

    def _refresh(self) -> None:
        """Show where the game stands; what was typed for a step to come stays."""
        game, due = self.game, self.game.next_step
        deciding, cycle = due == "plan", game.book.cycles[game.quarter - 1]
        for step, button in self.steps.items():
            button.disabled, button.button_style = step != due, "primary" if step == due else ""
        self._seen, self._stale = len(game.moves), set(_PANES[1:])
        self._inputs.selected_index = STEPS.index(due) if due else len(STEPS)
        self._differs.layout.display = "" if due else "none"
        for control in (*self.levers.values(), *self._offer.values(), self._offered, self._again):
            control.disabled = not deciding
        tried = [Decision.from_record(move["decision"]) for move in game.moves if move["step"] == "plan"]
        kept = due in STEPS[1:] or deciding and tried and game.moves[-1]["decision"] == "adjust"
        self._show(tried[-1] if kept else game.standard)  # what is to be adjusted is there to be changed
        if deciding:
            money = game.setup.kpi in ("contribution", "margin")
            self._baseline.value = html(
                MESSAGES.pair(
                    "board_baseline",
                    kpi=term_pair(game.setup.kpi),
                    coin=self._facts["currency"] if money else "",
                    **self._estimate(cycle.baseline),
                )
            )
            self.target.value, self.hypothesis.value, self.next_question.value = (
                round(cycle.baseline.value, 2),
                "",
                "",
            )
        elif due == "act":
            self.verdict.value = cycle.recommendation
        heading = " · ".join(map(html, self._where()))
        asked = (
            f"<p>{html(term_pair('next_question'))}: {escape(cycle.question)}</p>"
            if cycle.question and due
            else ""
        )
        self._head.value = f"<h3>{heading}</h3>{html(MESSAGES.pair('board_no_undo'))}{asked}"
        self._said.value = f'<div aria-live="polite">{html(self._standing())}</div>'
        self._draw()

    def _where(self) -> tuple[Pair, Pair]:
        return (
            (self._facts["title_zh"], self._facts["title_en"]),
            MESSAGES.pair("board_place", quarter=self.game.quarter, quarters=self.game.setup.quarters),
        )

    def _standing(self) -> Pair:
        """What was done last and what is due; read off the game, so that a resumed one says the same."""
        game, due, cycle = self.game, self.game.next_step, self.game.book.cycles[self.game.quarter - 1]
        if due == "do":
            return MESSAGES.pair(
                "board_planned",
                treated=decimal(len(cycle.treated), 0),
                control=decimal(len(cycle.control), 0),
            )
        if due == "check":
            profit = game.ledgers.accounts["profit"].iloc[-QUARTER:].sum()
            return MESSAGES.pair("board_done", profit=decimal(profit, 0), coin=self._facts["currency"])
        if due == "act":
            return MESSAGES.pair(
                "board_checked",
                attainment=term_pair(cycle.attainment),
                recommendation=term_pair(cycle.recommendation),
                target=self._kpi(cycle.target),
                **{
                    name: self._estimate(getattr(cycle, name))
                    for name in ("result", "control_result", "uplift")
                },
            )
        return MESSAGES.pair("board_due_plan" if due else "board_over")

    def _kpi(self, value: float) -> str:
        return percent(value) if self.game.setup.kpi == "active" else decimal(value)

    def _estimate(self, found) -> dict[str, str]:
        return dict(zip(("value", "low", "high"), map(self._kpi, found.numbers)))

    # ---- the panes -------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Make the pane that is seen; the others when they are."""
        name = _PANES[self._tabs.selected_index or 0]
        if name in self._stale or name == "control_chart":
            self._stale.discard(name)
            self._panes[name].children = [HTML("…")]
            self._panes[name].children = getattr(self, f"_draw_{name}")()

    def _draw_board_sheet(self) -> list[ipywidgets.Widget]:
        found = self.game.sheet()
        columns = [name for name in _SHEET if name in found.sheet]
        return [_picture(plot_indicators, found), _table(found.sheet[columns].tail(8))]

    def _draw_control_chart(self) -> list[ipywidgets.Widget]:
        measure = self._measure.value
        return [self._measure, _picture(plot_control_chart, self.game.chart(measure), kpi=measure)]

    def _draw_board_log(self) -> list[ipywidgets.Widget]:
        log = self.game.log().dropna(subset=["method"])
        told = [
            f"<p><b>{html(term_pair('quarter'))} {n}</b>: {escape(why)}</p>{_list(in_words(method))}"
            for n, why, method in zip(log["quarter"], log["hypothesis"], log["method"])
        ]
        picture = _picture(
            plot_pdca, self.game.book, show=percent if self.game.setup.kpi == "active" else number
        )
        return [picture, *([_table(log[_LOG]), HTML("".join(told))] if told else [])]

    def _draw_board_accounts(self) -> list[ipywidgets.Widget]:
        books = self.game.ledgers
        months, quarters = books.accounts["month"], (np.arange(len(books.accounts)) - HISTORY) // QUARTER + 1
        money = books.accounts.drop(columns="month").groupby(quarters).sum()
        items = (
            books.costs.assign(quarter=books.costs["month"].map(dict(zip(months, quarters))))
            .pivot_table(index="quarter", columns="item", values="amount", aggfunc="sum", fill_value=0)
            .rename(columns={"contacts": "contact_cost"})
        )  # money here, and no number of contacts
        return [
            HTML(html(MESSAGES.pair("board_accounts_note", coin=self._facts["currency"]))),
            *(_table(frame.rename_axis("quarter").reset_index(), digits=0) for frame in (money, items)),
        ]

    def _draw_score(self) -> list[ipywidgets.Widget]:
        if self.game.next_step is not None:
            return [HTML(html(MESSAGES.pair("board_score_later", quarters=self.game.setup.quarters)))]
        if self._result is None:
            button = Button(
                description=capital(term("board_score_now")), button_style="primary", layout={"width": "auto"}
            )
            button.on_click(self._search)
            return [HTML(html(MESSAGES.pair("board_score_wait"))), button]
        people = self.game.ledgers.customers[["customer_id", "segment"]]
        truth = (
            self.game.truth.merge(people).groupby("segment")[_TRAITS].mean().loc[[*self._facts["segments"]]]
        )
        return [
            _picture(plot_score, self._result),
            _table(self._result.table, digits=1),
            HTML(
                html(MESSAGES.pair("board_found"))
                + _list(differences(self._result.found, self.game.standard))
                + html(MESSAGES.pair("board_truth"))
            ),
            _table(truth.reset_index()),
        ]

    def _search(self, button: Button) -> None:
        tried = ipywidgets.Label("0")
        button.disabled, self._panes["score"].children = True, [*self._panes["score"].children, tried]
        self._result = self.game.score(progress=lambda firms: setattr(tried, "value", str(firms)))
        self._stale.add("score")
        self._draw()

    # ---- the page --------------------------------------------------------------------------------------------------

    def _words(self) -> dict[str, dict[str, str]]:
        """Every text that can hold no span, as it stands in both languages, in each."""
        slugs = {
            *TYPES,
            *POLICIES,
            *DECISIONS,
            *_PANES,
            *_MEASURES,
            AS_THE_TYPE,
            "every_month",
            "board_score_now",
            "board_standard_again",
        }
        found = [("", *term_pair(slug)) for slug in slugs]
        found += [(f"{i} ", *term_pair(f"pdca_{step}")) for i, step in enumerate(STEPS, 1)]
        return (
            {n + in_language(zh, en): {"zh": n + zh, "en": n + capital(en)} for n, zh, en in found}
            if get_language() == "both"
            else {}
        )

    def _repr_mimebundle_(self, **kwargs):
        """The widget; for a page where none runs, where the game stands, as text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        lines = [in_language(*line, between="\n") for line in (*self._where(), self._standing())]
        return {**data, "text/plain": "\n".join(lines)}, metadata


def _control(lever: str, *, offer: bool = False) -> ipywidgets.Widget:
    """The widget that moves a lever, or with ``offer`` a part of the campaign."""
    auto = {"width": "auto", "max_width": "360px"}
    if lever in _SLIDERS:
        low, high, step = _SLIDERS[lever]
        return FloatSlider(min=low, max=high, step=step, readout_format=".0%", layout=auto)
    if lever in _CHOICES:
        return Dropdown(options=_named(_CHOICES[lever]), layout=auto)
    if lever == "calendar_months":
        months = [(str(month), (month,)) for month in range(1, 13)]
        return Dropdown(options=[(capital(term("every_month")), ()), *months], layout=auto)
    if lever == "contacts" and not offer:
        return ipywidgets.SelectionSlider(
            options=[(capital(term(AS_THE_TYPE)), AS_THE_TYPE), *((f"{n:g}", n) for n in _CONTACTS)],
            layout=auto,
        )
    return BoundedFloatText(min=0, max=60 if offer else 1e12, step=1 if offer else 100, layout=auto)


def _held(decision: Decision, lever: str, group: str):
    """What holds for a group under a decision; for a lever of the firm, ``group`` is ""."""
    value = getattr(decision, lever)
    if not group:
        return value
    if lever == "care":  # a tier's budget is its own: none holds for all
        return value.get(group, 0.0)
    values = value or {}
    return values.get(
        group, values.get("all", {"relationship": "basic", "contacts": AS_THE_TYPE}.get(lever, 0.0))
    )


def _tidy(value):
    """A slider's 0.6000000000000001 as 0.6."""
    return round(value, 6) if isinstance(value, float) else value


def _listed(value) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"


def _named(slugs: Iterable[str]) -> list[tuple[str, str]]:
    return [(capital(term(slug)), slug) for slug in slugs]


def _columns(parts: Iterable[ipywidgets.Widget]) -> ipywidgets.GridBox:
    return ipywidgets.GridBox(
        [*parts],
        layout={"grid_template_columns": "repeat(auto-fill, minmax(225px, 1fr))", "grid_gap": "4px 12px"},
    )


def _list(lines: Iterable[Pair]) -> str:
    return f"<ul>{''.join(f'<li>{html(line)}</li>' for line in lines)}</ul>"


def _table(frame: pd.DataFrame, *, digits: int = 2) -> HTML:
    table = HTML(show(frame, digits=digits, rows=60)._repr_html_())
    table.add_class("crm-wide")
    return table


def _picture(draw: Callable, result, **how) -> ipywidgets.Image:
    from matplotlib import pyplot as plt

    figure, png = draw(result, **how).figure, BytesIO()
    figure.savefig(png, format="png", dpi=110)
    plt.close(figure)  # nor does the notebook show it a second time
    return ipywidgets.Image(value=png.getvalue(), layout={"max_width": "100%", "object_fit": "contain"})
