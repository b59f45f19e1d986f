"""The numbers of the simulated market, as parameters.toml describes them in both languages.

A *parameter* is a figure of a scenario: every market has its own. A *law* is a number of the model itself, the same in
every market; the file gives the source of each, or what it was chosen for.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

_DESCRIBED = tomllib.loads(Path(__file__).with_name("parameters.toml").read_text(encoding="utf-8"))
# law -> value, what it means (zh, en), and its source or what it was chosen for (why_zh, why_en)
DESCRIBED_LAWS = _DESCRIBED.pop("laws")
# parameter -> its range, where it is a number, and what it means (zh, en)
PARAMETERS = _DESCRIBED


@dataclass(frozen=True, kw_only=True)
class Laws:
    """Numbers of the model; what each means, its unit and why it is so stand in parameters.toml."""

    # how contacts are felt, and who gets them
    contact_rise: float
    cliff_loss: float
    answer_least: float
    randomised_doses: list[float]
    value_most: float
    value_base: float
    campaign_day: int
    excess_most: float
    # how far everything together can move purchases and lapse
    pull_least: float
    pull_most: float
    loyalty_least: float
    loyalty_most: float
    bond_speed: float
    stocked_least: float
    orders_most: float
    # service, failures and complaints
    usual_quality: float
    failures_prevented: float
    ignored_complaint: float
    repair_cost_base: float
    unresolved_cost: float
    # what satisfaction is made of, and what comes of it
    care_satisfaction: float
    bond_satisfaction: float
    annoyance_satisfaction: float
    score_speed: float
    referral_response: float
    referral_satisfaction: float
    # who arrives
    share_spread: float
    share_most: float
    offer_appeal: float
    hunter_months: int
    history_days: int
    # what customers say in the survey
    survey_noise: float
    intention_by_satisfaction: float
    intention_by_tie: float
    intention_noise: float
    recommend_below: float
    recommend_noise: float


LAWS = Laws(**{name: described["value"] for name, described in DESCRIBED_LAWS.items()})
