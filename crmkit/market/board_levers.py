"""The levers of the board: a widget a lever and group, what they add up to as a ``Decision``, and what they cost."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import ipywidgets
import pandas as pd
from ipywidgets import HTML, BoundedFloatText, Button, Checkbox, Dropdown, FloatSlider, HBox, VBox

from crmkit.core.glossary import named, term, term_pair
from crmkit.core.language import in_language
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import decimal
from crmkit.market.simulator.decision import POLICIES, TYPES, Campaign, Decision

from .words import AS_THE_TYPE, capital, coin, html

BY_SEGMENT = ("relationship", "contacts", "financial", "social", "structural")
OF_THE_FIRM = ("service_quality", "complaint_handling", "price", "acquisition_budget", "contact_policy")
OF_THE_OFFER = ("discount", "newcomer_discount", "contacts", "calendar_months")
# lever -> lowest, highest, step
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
}
_CHOICES = {"relationship": TYPES, "contact_policy": POLICIES}
_CONTACTS = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 6, 8, 12)
_WIDE = {"width": "auto", "max_width": "360px"}


class Levers:
    """Levers by lever and group: a segment; of care a tier; "" of the firm. ``form`` holds them all."""

    def __init__(self, facts: Mapping, *, on_move: Callable[[], None], on_again: Callable[[], None]):
        self._facts = facts
        self._on_move = on_move
        self._base = Decision()  # what the levers began from
        self._quiet = False  # while they are set by the program
        segments, tiers = facts["segments"], tuple(facts["tiers"])
        places = [(lever, group) for lever in BY_SEGMENT for group in segments]
        places += [("care", tier) for tier in tiers]
        places += [(lever, "") for lever in OF_THE_FIRM]
        self.controls = {place: control(place[0]) for place in places}
        for (lever, group), widget in self.controls.items():
            widget.tooltip = f"{term(f'lever_{lever}')} {in_language(*named(group))}".strip()
        self.offered = Checkbox(indent=False, layout={"width": "28px"}, tooltip=term("lever_campaigns"))
        self.offer = {part: control(part, of_an_offer=True) for part in OF_THE_OFFER}
        self._costs = {group: HTML() for group in (*segments, *tiers, *OF_THE_FIRM)}
        self.again = Button(
            description=capital(term("board_standard_again")),
            layout={"width": "auto", "align_self": "flex-start"},
        )
        self.again.on_click(lambda _: on_again())
        self.form = self._laid_out(segments, tiers)
        for widget in (*self.controls.values(), self.offered, *self.offer.values()):
            widget.observe(lambda _: self._moved(), "value")

    # ---- how they are laid out -------------------------------------------------------------------------------------

    def _laid_out(self, segments: tuple, tiers: tuple) -> VBox:
        of_the_firm = []
        for lever in OF_THE_FIRM:
            name = HTML(html(term_pair(f"lever_{lever}")))
            of_the_firm.append(VBox([name, self.controls[lever, ""], self._costs[lever]]))
        campaigns = HTML(html(term_pair("lever_campaigns")))
        offered = HBox([self.offered, campaigns], layout={"align_items": "center"})
        parts = [
            VBox([HTML(html(term_pair(f"campaign_{part}"))), widget]) for part, widget in self.offer.items()
        ]
        self._offer_box = _columns(parts)
        return VBox(
            [
                self._grid(segments, BY_SEGMENT),
                self._grid(tiers, ("care",)),
                _columns([*of_the_firm, offered]),
                self._offer_box,
                self.again,
            ]
        )

    def _grid(self, groups: tuple, levers: tuple) -> ipywidgets.GridBox:
        """A row a lever, a column a group, costs at the foot."""
        cells = [HTML(), *(HTML(f"<b>{html(named(group))}</b>") for group in groups)]
        for lever in levers:
            cells.append(HTML(html(term_pair(f"lever_{lever}"))))
            cells += [self.controls[lever, group] for group in groups]
        cells += [HTML(), *(self._costs[group] for group in groups)]
        return ipywidgets.GridBox(
            cells,
            layout={
                "grid_template_columns": f"minmax(120px, 190px) repeat({len(groups)}, minmax(0, 1fr))",
                "grid_gap": "0 12px",
                "align_items": "center",
            },
        )

    def disable(self, disabled: bool) -> None:
        """Let nobody move them, or anybody."""
        for widget in (*self.controls.values(), *self.offer.values(), self.offered, self.again):
            widget.disabled = disabled

    # ---- what they are set to --------------------------------------------------------------------------------------

    @property
    def decision(self) -> Decision:
        """What the levers are set to: the decision they began from, and whatever was moved since."""
        moved: dict = {}
        for (lever, group), widget in self.controls.items():
            value = tidy(widget.value)
            if value == _held(self._base, lever, group):
                continue
            if group:
                moved.setdefault(lever, dict(getattr(self._base, lever) or {}))[group] = value
            else:
                moved[lever] = value
        if "contacts" in moved:
            moved["contacts"] = self._numbers(moved["contacts"])
        return replace(self._base, campaigns=self._campaigns(), **moved)

    def _numbers(self, contacts: dict) -> dict | None:
        """The type's own number is said by naming no number, and none for all: the other groups are spelled out."""
        if AS_THE_TYPE not in contacts.values():
            return contacts
        of_the_rest = contacts.pop("all", AS_THE_TYPE)
        spelled_out = {**dict.fromkeys(self._facts["segments"], of_the_rest), **contacts}
        return {group: value for group, value in spelled_out.items() if value != AS_THE_TYPE} or None

    def _campaigns(self) -> tuple[Campaign, ...]:
        """The one campaign that the board offers, and those that it does not show."""
        first, *others = self._base.campaigns or (Campaign(name="campaign"),)
        if not self.offered.value:
            return tuple(others)
        parts = {part: tidy(widget.value) for part, widget in self.offer.items()}
        return (replace(first, **parts), *others)

    def show(self, decision: Decision) -> None:
        """Set the levers to a decision, which is what they then begin from."""
        self._base, self._quiet = decision, True
        first = decision.campaigns[0] if decision.campaigns else Campaign(name="campaign")
        self.offered.value = bool(decision.campaigns)
        for (lever, group), widget in self.controls.items():
            _set(widget, _held(decision, lever, group))
        for part, widget in self.offer.items():
            _set(widget, getattr(first, part))
        self._quiet = False
        self._moved()

    def _moved(self) -> None:
        if not self._quiet:
            self._offer_box.layout.display = "" if self.offered.value else "none"
            self._on_move()

    # ---- what they cost --------------------------------------------------------------------------------------------

    def say_costs(self, tiers_of_customers: pd.Series) -> None:
        """Under the levers, what they cost a head. ``tiers_of_customers``: the tier of every customer today."""
        facts, heads = self._facts, tiers_of_customers.value_counts()
        for segment in facts["segments"]:
            self._say_cost_a_head(segment)
        for tier in facts["tiers"]:
            there = int(heads.get(tier, 0))
            a_head = self.controls["care", tier].value / max(there, 1)
            self._say(tier, "board_care_a_head", number=f"{there:,}", cost=_money(a_head))
        quality = self.controls["service_quality", ""].value
        self._say("service_quality", "board_quality", cost=_money(facts["quality_cost"] * quality**2))
        self._say("acquisition_budget", "board_advertising", cost=_money(facts["acquisition_cost"]))

    def _say_cost_a_head(self, segment: str) -> None:
        facts, at = self._facts, {lever: self.controls[lever, segment].value for lever in BY_SEGMENT}
        kind = facts["types"][at["relationship"]]
        contacts = at["contacts"]
        if contacts == AS_THE_TYPE:
            contacts = kind["contacts_per_month"]
        parts = {
            "contacts": contacts * kind["cost_per_contact"],
            "type": kind["cost_per_month"],
            "club": facts["social_cost"] * at["social"] ** 2,
            "links": facts["structural_cost"] * at["structural"] ** 2,
        }
        said = {name: _money(cost) for name, cost in parts.items()}
        self._say(segment, "board_a_head", number=f"{contacts:g}", sum=_money(sum(parts.values())), **said)

    def _say(self, group: str, key: str, **figures: str) -> None:
        said = MESSAGES.pair(key, coin=coin(self._facts["currency"]), **figures)
        self._costs[group].value = f"<small>{html(said)}</small>"


def control(lever: str, *, of_an_offer: bool = False) -> ipywidgets.Widget:
    """The widget that moves a lever, or a part of the campaign."""
    if lever in _SLIDERS:
        low, high, step = _SLIDERS[lever]
        return FloatSlider(min=low, max=high, step=step, readout_format=".0%", layout=_WIDE)
    if lever in _CHOICES:
        return Dropdown(options=options_of(_CHOICES[lever]), layout=_WIDE)
    if lever == "calendar_months":
        months = [(str(month), (month,)) for month in range(1, 13)]
        return Dropdown(options=[(capital(term("every_month")), ()), *months], layout=_WIDE)
    if of_an_offer:
        return BoundedFloatText(min=0, max=60, step=1, layout=_WIDE)
    if lever == "contacts":
        numbers = [(f"{number:g}", number) for number in _CONTACTS]
        options = [(capital(term(AS_THE_TYPE)), AS_THE_TYPE), *numbers]
        return ipywidgets.SelectionSlider(options=options, layout=_WIDE)
    return BoundedFloatText(min=0, max=1e12, step=100, layout=_WIDE)


def options_of(slugs: Iterable[str]) -> list[tuple[str, str]]:
    """Options of a choice: the term's name, and the slug."""
    return [(capital(term(slug)), slug) for slug in slugs]


def tidy(value):
    """A slider's 0.6000000000000001 as 0.6."""
    return round(value, 6) if isinstance(value, float) else value


def _held(decision: Decision, lever: str, group: str):
    """What holds for a group under a decision; for a lever of the firm, ``group`` is ""."""
    value = getattr(decision, lever)
    if not group:
        return value
    if lever == "care":  # a tier's budget is its own: none holds for all
        return value.get(group, 0.0)
    otherwise = {"relationship": "basic", "contacts": AS_THE_TYPE}.get(lever, 0.0)
    values = value or {}
    return values.get(group, values.get("all", otherwise))


def _set(widget: ipywidgets.Widget, value) -> None:
    """Set a widget, which takes the value in where it had no place for it."""
    if isinstance(widget, FloatSlider):
        widget.min, widget.max = min(widget.min, value), max(widget.max, value)
    options = dict(getattr(widget, "options", {}))
    if options and value not in options.values():
        listed = ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"
        widget.options = [*widget.options, (listed, value)]
    widget.value = value


def _money(figure: float) -> str:
    return decimal(figure)


def _columns(parts: Iterable[ipywidgets.Widget]) -> ipywidgets.GridBox:
    return ipywidgets.GridBox(
        [*parts],
        layout={"grid_template_columns": "repeat(auto-fill, minmax(225px, 1fr))", "grid_gap": "4px 12px"},
    )
