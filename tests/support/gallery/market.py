"""Examples of the game's pictures: a score, and one with a loss."""

import pandas as pd

from crmkit.market import Decision, Outcome, Score, score_table

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


EXAMPLES = {
    "plot_score": good,
    "plot_score/loss": loss,
}
