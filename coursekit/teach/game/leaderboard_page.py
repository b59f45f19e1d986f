"""The leaderboard as a page for the class and as a table."""

from pathlib import Path

from coursekit.messages import MESSAGES
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.pages import part, words_in, write_page
from coursekit.teach.tables import write_csv
from crmkit.core.language import written_in
from crmkit.market.game.game import Setup

from .places import Place
from .problems import write_problems
from .shown import called, line_of, money, name_of, points, row_for_each, terms
from .submissions import Problem

HEAD = (
    "student_id",
    "name",
    "team",
    "rank",
    "profit",
    "equity",
    "value",
    "score",
    "quarters",
    "verified",
    "file",
)


def write_leaderboard(
    out: Path,
    setup: Setup,
    places: list[Place],
    problems: list[Problem],
    about: Assignment | None,
    lang: str,
) -> list[str]:
    """``leaderboard`` and ``problems``, each as ``.csv`` and ``.html``; the lines that the command says."""
    rows = [row for place in places for row in _rows(place, setup, about)]
    write_csv(out / "leaderboard.csv", HEAD, rows)
    languages = written_in(lang)
    write_page(
        out / "leaderboard.html",
        title=words_in(languages[0])("leaderboard_title"),
        lang=languages[0],
        parts=[
            part(
                "game/leaderboard.html",
                one,
                setup=setup,
                places=places,
                about=about,
                terms=terms,
                called=called,
                name_of=name_of,
                money=money,
                points=points,
            )
            for one in languages
        ],
    )
    lines = [line_of(place.rank, place.score, place.value, place.student, about) for place in places]
    done = MESSAGES.say("leaderboard_done", count=len(places), folder=out)
    return [*lines, done, *write_problems(out, problems, lang)]


def _rows(place: Place, setup: Setup, about: Assignment | None) -> list[list]:
    """A row for each student whose place it is."""
    return row_for_each(
        place.student,
        about,
        place.rank,
        round(place.profit),
        round(place.equity),
        round(place.value),
        round(place.score, 1),
        setup.quarters,
        "yes",
        place.file,
    )
