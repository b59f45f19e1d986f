"""How both pages and the command's own lines write a game, a student, an amount and a score."""

from math import isnan

from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.pages import Words
from crmkit.display.numbers import decimal
from crmkit.market import scenario
from crmkit.market.game.game import Setup


def terms(setup: Setup, lang: str, words: Words) -> str:
    """The game that was set, in a sentence."""
    trade = scenario(setup.scenario)
    return words(
        "game_terms",
        title=trade.title_zh if lang == "zh" else trade.title_en,
        level=words(f"game_level_{setup.level}"),
        quarters=setup.quarters,
        currency=trade.currency,
        customers=decimal(setup.customers or trade.customers, 0),
    )


def name_of(student: str, about: Assignment | None) -> str:
    """A student's name; none where there is no roster."""
    return about.variants[student].name if about else ""


def money(value: float) -> str:
    return decimal(value, 0)


def points(value: float) -> str:
    return "—" if isnan(value) else decimal(value, 1)


def line_of(rank: int | None, score: float, value: float, student: str, about: Assignment | None) -> str:
    """A student's line in what the command says."""
    line = f"{rank or '—':>4}  {points(score):>7}  {money(value):>14}  {student} {name_of(student, about)}"
    return line.rstrip()
