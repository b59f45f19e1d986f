"""The simulated market: customers with hidden traits that answer to what the firm does, and the firm's own books.

A ``Scenario`` says who the customers are and what things cost; ``Market(scenario, rng)`` draws them;
``market.step(decision, months=…)`` runs the business and gives the ledgers of those months. What only the simulator
knows is in ``market.truth`` and in no ledger. The same scenario, seed and decisions give the same ledgers, whether
the months are stepped one by one or all at once, so these three are a complete record of a market. A decision with a
``Trial`` is a real experiment: customers drawn to be held out go on under the standard while the others try the new.
"""

from crmkit.market.game.game import Game
from crmkit.market.game.rules import LEVELS, Outcome, View, play, resized
from crmkit.market.game.search import Score, best_decision, carried_on, score_table
from crmkit.market.game.setup import Setup
from crmkit.market.game.twin import Twin
from crmkit.market.simulator.decision import Campaign, Decision, Trial
from crmkit.market.simulator.engine import Market, replay
from crmkit.market.simulator.ledgers import Ledgers
from crmkit.market.simulator.scenario import (
    RelationshipType,
    Scenario,
    Segment,
    load_scenario,
    save_scenario,
    scenario,
    scenarios,
)

__all__ = [
    "Campaign",
    "Decision",
    "Game",
    "LEVELS",
    "Ledgers",
    "Market",
    "Outcome",
    "RelationshipType",
    "Scenario",
    "Score",
    "Segment",
    "Setup",
    "Trial",
    "Twin",
    "View",
    "best_decision",
    "carried_on",
    "load_scenario",
    "play",
    "replay",
    "resized",
    "save_scenario",
    "scenario",
    "scenarios",
    "score_table",
]
