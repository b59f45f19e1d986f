"""The simulated market: customers with hidden traits that answer to what the firm does, and the firm's own books.

A ``Scenario`` says who the customers are and what things cost; ``Market(scenario, rng)`` draws them;
``market.step(decision, months=…)`` runs the business and gives the ledgers of those months. What only the simulator
knows is in ``market.truth`` and in no ledger. The same scenario, seed and decisions give the same ledgers, whether
the months are stepped one by one or all at once, so these three are a complete record of a market.
"""

from .decision import Campaign, Decision, Trial
from .engine import Market, replay
from .ledgers import Ledgers
from .scenario import RelationshipType, Scenario, Segment, load_scenario, save_scenario, scenario, scenarios

__all__ = [
    "Campaign", "Decision", "Ledgers", "Market", "RelationshipType", "Scenario", "Segment", "Trial", "load_scenario",
    "replay", "save_scenario", "scenario", "scenarios",
]
