"""The panes of the board: KPI sheet, control chart, cycle log, accounts, score and truth,
each drawn when it is seen.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable
from html import escape
from io import BytesIO

import ipywidgets
import numpy as np
import pandas as pd
from ipywidgets import HTML, Button, Dropdown, VBox

from crmkit.core.glossary import term, term_pair
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import number, percent
from crmkit.display.tables import show
from crmkit.market.game.game import Game
from crmkit.market.game.rules import HISTORY, QUARTER
from crmkit.market.game.twin import Twin
from crmkit.pdca.plots import plot_control_chart, plot_indicators, plot_pdca

from .board_levers import options_of
from .plots import plot_score, plot_twin
from .words import Pair, capital, coin, differences, html, in_words

PICTURE = '<img style="max-width: 100%" alt="{told}" src="data:image/png;base64,{data}">'
MEASURES = ("profit", "revenue", "cost_of_goods", "programme_cost")
_SHEET = (
    "period",
    "sales",
    "sales_growth_rate",
    "active_customers",
    "new_customers",
    "retention_rate",
    "repeat_rate",
    "margin_rate",
    "satisfaction",
)
_LOG = (
    "quarter",
    "result",
    "control_result",
    "uplift",
    "uplift_low",
    "uplift_high",
    "profit",
    "recommendation",
    "decision",
)
_TWIN = (
    "quarter",
    "estimate",
    "estimate_low",
    "estimate_high",
    "true_effect",
    "holds_truth",
    "decision",
    "true_worth",
)
_TRAITS = (
    "true_contact_need",
    "true_contact_tolerance",
    "true_contact_gain",
    "true_social_need",
    "true_structural_need",
    "true_care_gain",
    "true_price_sensitivity",
)


class Panes:
    """Tabs beside the levers: ``tabs`` is the widget, ``panes`` what each shows, by name."""

    def __init__(self, game: Game, levers: ipywidgets.Widget):
        self._game = game
        self._facts = game.view().facts
        self._score = None
        self._twin: Twin | None = None
        self._draw = {
            "board_sheet": self._sheet,
            "control_chart": self._chart,
            "board_log": self._log,
            "board_accounts": self._accounts,
            "score": self._scored,
        }
        self._stale = set(self._draw)
        self.panes = {"board_decide": VBox([levers]), **{name: VBox() for name in self._draw}}
        self._measure = Dropdown(
            options=options_of(MEASURES), layout={"width": "260px"}, tooltip=term("measure")
        )
        titles = [capital(term(name)) for name in self.panes]
        self.tabs = ipywidgets.Tab([*self.panes.values()], titles=titles)
        self.tabs.observe(lambda _: self.draw(), "selected_index")
        self._measure.observe(lambda _: self._drawn_again("control_chart"), "value")

    def refresh(self) -> None:
        """The game went on: everything is to be drawn again."""
        self._stale = set(self._draw)
        self.draw()

    def draw(self) -> None:
        """Make the pane that is seen; the others when they are."""
        name = [*self.panes][self.tabs.selected_index or 0]
        if name in self._stale:
            self._stale.discard(name)
            self.panes[name].children = [HTML("…")]
            self.panes[name].children = self._draw[name]()

    def _drawn_again(self, name: str) -> None:
        self._stale.add(name)
        self.draw()

    def _sheet(self) -> list[ipywidgets.Widget]:
        found = self._game.sheet()
        columns = [name for name in _SHEET if name in found.sheet]
        return [_picture(plot_indicators, found), _table(found.sheet[columns].tail(8))]

    def _chart(self) -> list[ipywidgets.Widget]:
        measure = self._measure.value
        picture = _picture(plot_control_chart, self._game.chart(measure), kpi=measure)
        return [self._measure, picture]

    def _log(self) -> list[ipywidgets.Widget]:
        log = self._game.log().dropna(subset=["method"])
        picture = _picture(plot_pdca, self._game.book, show=self._in_units)
        if not len(log):
            return [picture]
        told = []
        for quarter, why, changed in zip(log["quarter"], log["hypothesis"], self._game.changes):
            heading = f"<b>{html(term_pair('quarter'))} {quarter}</b>: {escape(why)}"
            told.append(f"<p>{heading}</p>{listed(in_words(changed))}")
        return [picture, _table(log[list(_LOG)]), HTML("".join(told))]

    @property
    def _in_units(self) -> Callable:
        """How the numbers of the game's KPI are written."""
        return percent if self._game.setup.kpi == "active" else number

    def _accounts(self) -> list[ipywidgets.Widget]:
        books = self._game.ledgers
        months = books.accounts["month"]
        quarters = (np.arange(len(months)) - HISTORY) // QUARTER + 1
        money = books.accounts.drop(columns="month").groupby(quarters).sum()
        costs = books.costs.assign(quarter=books.costs["month"].map(dict(zip(months, quarters))))
        items = costs.pivot_table(
            index="quarter", columns="item", values="amount", aggfunc="sum", fill_value=0
        )
        items = items.rename(columns={"contacts": "contact_cost"})  # money here, and no number of contacts
        note = HTML(html(MESSAGES.pair("board_accounts_note", coin=coin(self._facts["currency"]))))
        tables = [_table(frame.rename_axis("quarter").reset_index(), digits=0) for frame in (money, items)]
        return [note, *tables]

    def _scored(self) -> list[ipywidgets.Widget]:
        if self._game.next_step is not None:
            later = MESSAGES.pair("board_score_later", quarters=self._game.setup.quarters)
            return [HTML(html(later))]
        if self._score is None or self._twin is None:
            now = Button(
                description=capital(term("board_score_now")), button_style="primary", layout={"width": "auto"}
            )
            now.on_click(self._search)
            return [HTML(html(MESSAGES.pair("board_score_wait"))), now]
        people = self._game.ledgers.customers[["customer_id", "segment"]]
        means = self._game.truth.merge(people).groupby("segment")[list(_TRAITS)].mean()
        means = means.loc[[*self._facts["segments"]]].reset_index()
        found = html(MESSAGES.pair("board_found"))
        found += listed(differences(self._score.found, self._game.standard))
        return [
            _picture(plot_score, self._score),
            _table(self._score.table, digits=1),
            HTML(html(MESSAGES.pair("board_twin", points=number(self._twin.points)))),
            _picture(plot_twin, self._twin, show=self._in_units),
            _table(self._twin.table[list(_TWIN)]),
            HTML(found + html(MESSAGES.pair("board_truth"))),
            _table(means),
        ]

    def _search(self, button: Button) -> None:
        tried = ipywidgets.Label("0")
        button.disabled = True
        self.panes["score"].children = [*self.panes["score"].children, tried]

        def count(firms: int) -> None:
            tried.value = str(firms)

        self._twin = self._game.twin()
        self._score = self._game.score(progress=count)
        self._drawn_again("score")


def listed(lines: Iterable[Pair]) -> str:
    """Lines of both languages as a list."""
    return f"<ul>{''.join(f'<li>{html(line)}</li>' for line in lines)}</ul>"


def _table(frame: pd.DataFrame, *, digits: int = 2) -> HTML:
    table = HTML(show(frame, digits=digits, rows=60)._repr_html_())
    table.add_class("crm-wide")
    return table


def _picture(draw: Callable, result, **how) -> HTML:
    """A plot with its text alternative."""
    from matplotlib import pyplot as plt

    from crmkit.display.alternative import alternative

    figure = draw(result, **how).figure
    png = BytesIO()
    figure.savefig(png, format="png", dpi=110)
    told = escape(alternative(figure))
    plt.close(figure)  # nor does the notebook show it a second time
    data = b64encode(png.getvalue()).decode()
    return HTML(PICTURE.format(told=told, data=data))
