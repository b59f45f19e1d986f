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


def called(student: str, about: Assignment | None) -> str:
    """The id of who plays; of several who hand in together, their team."""
    if about is None or len(about.together(student)) == 1:
        return student
    return about.variants[student].team


def name_of(student: str, about: Assignment | None) -> str:
    """A student's name, or who is in the team; none where there is no roster."""
    if about is None:
        return ""
    members = about.together(student)
    if len(members) == 1:
        return about.variants[student].name
    return ", ".join(f"{member} {about.variants[member].name}".rstrip() for member in members)


def row_for_each(student: str, about: Assignment | None, *cells: object) -> list[list]:
    """A table's row for each student for whom the same holds: id, name, team, and the ``cells``."""
    if about is None:
        return [[student, "", "", *cells]]
    rows = []
    for member in about.together(student):
        one = about.variants[member]
        rows.append([member, one.name, one.team, *cells])
    return rows


def money(value: float) -> str:
    return decimal(value, 0)


def points(value: float) -> str:
    return "—" if isnan(value) else decimal(value, 1)


def line_of(rank: int | None, score: float, value: float, student: str, about: Assignment | None) -> str:
    """A student's line in what the command says."""
    line = f"{rank or '—':>4}  {points(score):>7}  {money(value):>14}  {called(student, about)} {name_of(student, about)}"
    return line.rstrip()
