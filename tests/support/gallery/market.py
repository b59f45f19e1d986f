"""Examples of the game's pictures: a score, one with a loss, and estimates beside the truth."""

import pandas as pd

from crmkit.market import Decision, Outcome, Score, Twin, score_table

QUARTERS = range(1, 9)


def outcome(profit, equity):
    return Outcome(
        decisions=(), profit=pd.Series(profit / 8, index=QUARTERS), discounted_profit=profit, equity=equity
    )


def scored(*values):
    firms = dict(zip(("do_nothing", "player", "truth_search"), (outcome(*value) for value in values)))
    return Score(table=score_table(firms), found=Decision()), {}


def good():
    return scored((120_400.0, 812_000.0), (286_000.0, 901_000.0), (342_500.0, 1_004_000.0))


def loss():
    return scored((-18_000.0, 66_000.0), (-52_000.0, 71_000.0), (13_400.0, 84_700.0))


def twin():
    """Eight quarters as players take them for: some intervals hold the truth, some do not, one plan changed nothing."""
    effects = (8.2, 9.4, 0.0, -3.1, 2.2, 6.0, 1.4, -0.6)
    errors = (0.9, -9.8, 0.3, 1.2, -2.0, 7.4, -0.5, 0.2)
    table = pd.DataFrame({"quarter": list(QUARTERS), "true_effect": effects})
    table["estimate"] = table["true_effect"] + errors
    table["estimate_low"] = table["estimate"] - 4
    table["estimate_high"] = table["estimate"] + 4
    table["holds_truth"] = [abs(error) <= 4 for error in errors]
    return Twin(table=table), {}


EXAMPLES = {
    "plot_twin": twin,
    "plot_score": good,
    "plot_score/loss": loss,
}
