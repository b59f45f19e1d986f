"""What a game is told by."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import require_choice
from crmkit.market.simulator.decision import Decision
from crmkit.market.simulator.engine import Market
from crmkit.market.simulator.scenario import scenario

from . import rules
from .customer_accounts import KPIS
from .search import CROWD, benchmarks

FEWEST = 100  # customers at the start, so that there is somebody to hold out to the end


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a game is told by: with the moves it is the whole game."""

    scenario: str
    seed: int
    level: str = "normal"
    quarters: int = rules.QUARTERS
    customers: int = 0  # at the start; 0: as many as the scenario has
    kpi: str = "contribution"  # by which the cycles are judged
    player: str = ""

    def __post_init__(self):
        trade = scenario(self.scenario)
        require_choice(self.level, tuple(rules.LEVELS), name="level")
        # under a contract there is a bill a month: everybody has three, and nobody could be told from anybody
        kpis = [kpi for kpi in KPIS if kpi != "purchases" or trade.setting == "noncontractual"]
        require_choice(self.kpi, kpis, name="kpi")
        if not isinstance(self.player, str):
            raise CrmkitError("game_player", value=self.player)
        rules.require_seed(self.seed)
        bounds = {
            "seed": (0, 2**63 - 1),
            "quarters": (1, rules.LONGEST),
            "customers": (FEWEST if self.customers else 0, trade.customers),
        }
        for name, (low, high) in bounds.items():
            whole = rules.require_integer(getattr(self, name), low, high, name=name)
            object.__setattr__(self, name, whole)

    def opened(self, *, months: int = rules.HISTORY) -> Market:
        """The firm after ``months`` of the status quo; the player takes over after a year."""
        trade = scenario(self.scenario)
        if self.customers:
            trade = rules.resized(trade, customers=self.customers)
        return rules.opened(trade, seed=self.seed, level=self.level, months=months)

    def benchmarks(
        self, *, rounds: int = 2, progress: Callable[[int], None] | None = None
    ) -> tuple[dict[str, rules.Outcome], Decision]:
        """What this game is scored against: ``do_nothing`` and ``truth_search`` as Outcomes, and what the search found.

        The same for every player of the same setup. Arguments: as of ``crmkit.market.game.search.benchmarks``.
        """
        opened = self.opened()
        crowd = replace(self, customers=min(CROWD, opened.scenario.customers)).opened()
        return benchmarks(opened, crowd=crowd, quarters=self.quarters, rounds=rounds, progress=progress)
