"""Scenarios: who the customers are, how they answer and what things cost, as frozen data in readable TOML files."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.files import put
from crmkit.core.schema import require_between, require_choice

from .behaviour import SHAPES
from .decision import TYPES, Decision, build

_FOLDER = Path(__file__).parent.parent / "scenarios"
# parameter -> its range and what it means, in both languages
PARAMETERS = tomllib.loads(Path(__file__).with_name("parameters.toml").read_text(encoding="utf-8"))
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
        for name, allowed in {"setting": SETTINGS, "response_shape": SHAPES}.items():
            require_choice(getattr(self, name), allowed, name=name)
        if type(self.start) is not date or self.start.day != 1:
            raise CrmkitError("market_start", value=self.start)
        shares = {name: part.customer_share for name, part in self.segments.items()}
        for name, values in {"segments": shares, "tiers": self.tiers, "channels": self.channels}.items():
            numbers = [*values.values()] if isinstance(values, Mapping) else []
            if not all(_is_in(v, 1e-9, 1) for v in numbers) or abs(sum(numbers) - 1) > 1e-6:
                raise CrmkitError("market_shares", value=name, shares=values)
        months = self.seasonality if isinstance(self.seasonality, tuple) else ()
        if len(months) != 12 or not all(_is_in(x, 0, 10) for x in months):
            raise CrmkitError("market_seasonality", value=self.seasonality)
        if set(self.types) != set(TYPES):
            raise CrmkitError("market_types", value=", ".join(self.types), allowed=", ".join(TYPES))
        overlap = (set(self.segments) & set(self.tiers)) | ({"all"} & (set(self.segments) | set(self.tiers)))
        if overlap:
            raise CrmkitError("market_groups", value=", ".join(sorted(overlap)))
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
    for name, cls in {"segments": Segment, "types": RelationshipType}.items():
        parts = table.get(name, {})
        if not isinstance(parts, dict) or not all(isinstance(part, dict) for part in parts.values()):
            raise CrmkitError("market_table", value=name, why=f"{name} = {parts}", allowed=f"[{name}.…]")
        table[name] = {key: build(cls, part, where=f"{name}.{key}.") for key, part in parts.items()}
    table["status_quo"] = Decision.from_record(table.get("status_quo", {}))
    for name in ("seasonality", "frameworks"):
        if isinstance(table.get(name), list):
            table[name] = tuple(table[name])
    return build(Scenario, table, where="")


def save_scenario(scenario: Scenario, path: str | Path) -> None:
    """Write a scenario as TOML, a comment in both languages beside every figure."""
    plain = asdict(scenario) | {"status_quo": scenario.status_quo.record()}
    tables = ("tiers", "channels", "segments", "types", "status_quo")
    lines = [_line(name, plain[name]) for name in plain if name not in tables]
    lines += [line for name in tables for line in _table(name, plain[name])]
    put(path, "\n".join(lines) + "\n")


def _table(name: str, table: Mapping) -> list[str]:
    parts = {key: part for key, part in table.items() if isinstance(part, Mapping) and key not in PARAMETERS}
    own = [_line(key, value) for key, value in table.items() if key not in parts]
    return (["", f"[{name}]", *own] if own else []) + [
        line for key, part in parts.items() for line in _table(f"{name}.{key}", part)
    ]


def _line(name: str, value) -> str:
    said = PARAMETERS.get(name, {})
    return f"{name} = {_value(value)}" + (f"  # {said['zh']} · {said['en']}" if said else "")


def _value(value) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value.isoformat() if isinstance(value, date) else repr(value)


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
