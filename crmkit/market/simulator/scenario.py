"""Scenarios: who the customers are, how they answer and what things cost, as frozen data in readable TOML files."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.files import put
from crmkit.core.schema import require_between, require_choice

from .behaviour import SHAPES
from .decision import TYPES, Decision
from .parameters import PARAMETERS
from .records import from_record, to_record

_FOLDER = Path(__file__).parent.parent / "scenarios"
# of a scenario's file, in this order
_TABLES = ("tiers", "channels", "segments", "types", "status_quo")
SETTINGS = ("noncontractual", "contractual")


def _require_in_range(part, where: str) -> None:
    for field in fields(part):
        value, bounds = getattr(part, field.name), PARAMETERS[field.name]
        if "low" in bounds:
            require_between(value, bounds["low"], bounds["high"], name=where + field.name)
        if field.type is int and not isinstance(value, int):
            raise CrmkitError("market_whole", value=value, name=where + field.name)


def _is_in(value, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and low <= value <= high


def _require_shares(name: str, shares) -> None:
    """Refuse what is no table of shares that add up to 1."""
    numbers = [*shares.values()] if isinstance(shares, Mapping) else []
    if not all(_is_in(share, 1e-9, 1) for share in numbers) or abs(sum(numbers) - 1) > 1e-6:
        raise CrmkitError("market_shares", value=name, shares=shares)


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Customers whom the firm can tell apart; the figures are means, and every customer differs (parameters.toml)."""

    customer_share: float
    purchases_per_month: float
    unit_price: float
    margin_rate: float
    purchase_shape: float = 1.5
    lapse_per_month: float = 0.03
    lapse_shape: float = 1.5
    price_spread: float = 0.3
    units_per_order: float = 1.0
    price_sensitivity: float = 1.5
    contact_gain: float = 0.2
    contact_need: float = 1.0
    contact_tolerance: float = 2.0
    social_need: float = 0.05
    structural_need: float = 0.1
    care_gain: float = 0.1
    switching_cost: float = 0.1
    satisfaction: float = 0.6
    referrals_per_year: float = 0.02
    cost_to_serve: float = 0.0

    def __post_init__(self):
        _require_in_range(self, "segments.")


@dataclass(frozen=True, kw_only=True)
class RelationshipType:
    """What one of the five types means in this trade."""

    contacts_per_month: float = 0.0
    cost_per_contact: float = 0.0
    contact_strength: float = 1.0
    heard_share: float = 0.1
    cost_per_month: float = 0.0

    def __post_init__(self):
        _require_in_range(self, "types.")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A market as data: ``save_scenario`` writes it with a comment on every figure, ``load_scenario`` reads it back.

    Every figure is described, with its unit and its range, in ``parameters.toml``. Errors: CrmkitError naming the
    figure, its value and what is allowed.
    """

    name: str
    title_zh: str
    title_en: str
    currency: str
    start: date
    customers: int
    segments: Mapping[str, Segment]
    types: Mapping[str, RelationshipType]
    status_quo: Decision
    tiers: Mapping[str, float]
    channels: Mapping[str, float]
    frameworks: tuple[str, ...] = ()
    seasonality: tuple[float, ...] = (1.0,) * 12
    setting: str = "noncontractual"
    response_shape: str = "saturating"
    arrival_months: int = 0
    acquisition_per_month: float = 0.0
    acquisition_cost: float = 100.0
    acquisition_cap: float = 0.0
    promotion_customers: float = 0.0
    promotion_lapse: float = 2.5
    promotion_sensitivity: float = 1.5
    trait_spread: float = 0.3
    price_noise: float = 0.15
    annoyance: float = 1.0
    carryover: float = 0.0
    taste_drift: float = 0.0
    purchase_response: float = 1.5
    lapse_response: float = 1.0
    satisfaction_speed: float = 0.2
    satisfaction_noise: float = 0.03
    quality_gain: float = 0.2
    failure_rate: float = 0.02
    failure_drop: float = 0.25
    recovery_bonus: float = 0.03
    pull_forward: float = 0.3
    loss_aversion: float = 2.0
    rebate_perceived: float = 0.6
    imitation_half_life_months: float = 18.0
    social_dilution: float = 0.5
    care_scale: float = 50.0
    message_weight: float = 0.3
    file_months: int = 12
    message_cost: float = 0.05
    complaint_cost: float = 20.0
    quality_cost: float = 1.0
    social_cost: float = 1.0
    structural_cost: float = 10.0
    fixed_cost: float = 0.0
    survey_share: float = 0.03

    def __post_init__(self):
        _require_in_range(self, "")
        require_choice(self.setting, SETTINGS, name="setting")
        require_choice(self.response_shape, SHAPES, name="response_shape")
        if type(self.start) is not date or self.start.day != 1:
            raise CrmkitError("market_start", value=self.start)
        _require_shares("segments", {name: part.customer_share for name, part in self.segments.items()})
        _require_shares("tiers", self.tiers)
        _require_shares("channels", self.channels)
        months = self.seasonality if isinstance(self.seasonality, tuple) else ()
        if len(months) != 12 or not all(_is_in(x, 0, 10) for x in months):
            raise CrmkitError("market_seasonality", value=self.seasonality)
        if set(self.types) != set(TYPES):
            raise CrmkitError("market_types", value=", ".join(self.types), allowed=", ".join(TYPES))
        segments, tiers = set(self.segments), set(self.tiers)
        twice = (segments & tiers) | ({"all"} & (segments | tiers))
        if twice:
            raise CrmkitError("market_groups", value=", ".join(sorted(twice)))
        if not isinstance(self.status_quo, Decision):
            raise CrmkitError("market_decision", value=type(self.status_quo).__name__)
        self.require_groups(self.status_quo)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that a decision may name: all customers, the segments and the tiers."""
        return ("all", *self.segments, *self.tiers)

    def require_groups(self, decision: Decision) -> None:
        """Refuse a decision for a group that this market does not have."""
        for group in sorted(decision.groups()):
            require_choice(group, self.groups, name="decision[…]")
        for arm in decision.arms:
            for group in arm.care:  # a budget is for a whole tier, so it says which
                if arm.care[group]:
                    require_choice(group, tuple(self.tiers), name="care[…]")


def load_scenario(path: str | Path) -> Scenario:
    """The scenario in a TOML file. Errors: CrmkitError for a file that is not TOML, and for any figure not allowed."""
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CrmkitError("market_file", value=str(path), why=str(error)) from error
    table.setdefault("status_quo", {})
    return from_record(Scenario, table)


def save_scenario(scenario: Scenario, path: str | Path) -> None:
    """Write a scenario as TOML, a comment in both languages beside every figure."""
    import tomlkit

    record = to_record(scenario)
    document = tomlkit.document()
    figures = [name for name in record if name not in _TABLES]  # TOML has them before the first table
    for name in (*figures, *_TABLES):
        _add(document, name, record[name])
    put(path, tomlkit.dumps(document))


def _add(table, name: str, value) -> None:
    """Add an entry to a TOML table, with its meaning as a comment where it has one."""
    import tomlkit

    if isinstance(value, Mapping):
        inner = tomlkit.table(is_super_table=all(isinstance(part, Mapping) for part in value.values()))
        for key, part in value.items():
            _add(inner, key, part)
        table.append(name, inner)
        return
    item = tomlkit.item(value)
    if name in PARAMETERS:
        item.comment(f"{PARAMETERS[name]['zh']} · {PARAMETERS[name]['en']}")
        item.trivia.comment_ws = "  "
    table.append(name, item)


def scenarios() -> pd.DataFrame:
    """The markets that come with the kit.

    Out: ``name``, ``title_zh``, ``title_en``, ``currency``, ``customers`` (at the start), ``setting``, ``frameworks``
    (slugs of what the market is there to teach, in one text).

    >>> "double_11_shop" in scenarios()["name"].tolist()
    True
    """
    shown = ("name", "title_zh", "title_en", "currency", "customers", "setting")
    found = [load_scenario(path) for path in sorted(_FOLDER.glob("*.toml"))]
    table = pd.DataFrame([[getattr(s, c) for c in shown] for s in found], columns=list(shown))
    return table.assign(frameworks=[", ".join(s.frameworks) for s in found])


def require_scenario(market) -> None:
    """Refuse what is no scenario: its name, mostly."""
    if not isinstance(market, Scenario):
        raise CrmkitError("market_scenario", value=repr(market)[:40])


def scenario(name: str) -> Scenario:
    """The scenario that ``scenarios()`` lists under ``name``."""
    require_choice(name, sorted(path.stem for path in _FOLDER.glob("*.toml")), name="scenario")
    return load_scenario(_FOLDER / f"{name}.toml")
