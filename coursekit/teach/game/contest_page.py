"""A contest's result as a page for the class and as tables."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from coursekit.messages import MESSAGES
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.pages import part, words_in, write_page
from coursekit.teach.tables import write_csv
from crmkit.core.language import WRITTEN, written_in

from .problems import in_words, write_problems
from .shown import called, line_of, money, name_of, points, row_for_each, terms
from .standings import Contest, Standing
from .submissions import Problem
from .whisker import Whisker, scale_of, whisker

HEAD = (
    "student_id",
    "name",
    "team",
    "rank",
    "value",
    "gain",
    "gain_low",
    "gain_high",
    "score",
    "score_low",
    "score_high",
    "lead_over_next",
    "lead_low",
    "lead_high",
    "games",
    "games_broken_off",
    "cpu_seconds",
    "file",
)
HEAD_OF_GAMES = (
    "student_id",
    "game",
    "seed",
    "value",
    "profit",
    "equity",
    "do_nothing",
    "truth_search",
    "quarters_decided",
    "reason",
    "detail",
    "cpu_seconds",
)


def write_contest(out: Path, result: Contest, lang: str) -> list[str]:
    """``contest`` and ``problems``, each as ``.csv`` and ``.html``, and ``games.csv``;
    the lines that the command says.
    """
    about = result.about
    rows = [row for one in result.standings for row in _rows(one, about)]
    write_csv(out / "contest.csv", HEAD, rows)
    write_csv(out / "games.csv", HEAD_OF_GAMES, _games(result))
    _write_page(out / "contest.html", result, lang)
    problems = [*result.problems]
    for one in result.standings:
        problems += _broken_off(one)
    best = [line_of(one.rank, one.score.value, one.value, one.student, about) for one in result.standings]
    done = MESSAGES.say("contest_done", count=len(result.standings), seeds=len(result.seeds), folder=out)
    return [*best, done, *write_problems(out, problems, lang)]


def _rows(one: Standing, about: Assignment | None) -> list[list]:
    """A row for each student whose policy it is."""
    lead = [round(number) for number in one.apart.numbers] if one.apart else [None] * 3
    return row_for_each(
        one.student,
        about,
        one.rank,
        round(one.value),
        *(round(number) for number in one.gain.numbers),
        *(round(number, 1) for number in one.score.numbers),
        *lead,
        len(one.games),
        one.lost.total(),
        round(one.cpu_seconds, 1),
        one.file,
    )


def _games(result: Contest) -> list[list]:
    """A line for every game of every policy."""
    rows = []
    for one in result.standings:
        for number, (seed, game, mark) in enumerate(zip(result.seeds, one.games, result.marks), 1):
            rows.append(
                [
                    one.student,
                    number,
                    str(seed),
                    round(game["value"]),
                    round(game["profit"]),
                    round(game["equity"]),
                    round(mark["nothing"]),
                    round(mark["search"]),
                    game["decided"],
                    game["reason"],
                    in_words(game["detail"], "en"),
                    round(game["cpu_seconds"], 2),
                ]
            )
    return rows


def _broken_off(one: Standing) -> list[Problem]:
    """The games that a policy did not decide to the end, by reason, with what was said first."""
    found = []
    for reason, count in one.lost.items():
        first = next(game for game in one.games if game["reason"] == reason)
        details = [
            words_in(lang)(
                "contest_broken_off",
                count=count,
                games=len(one.games),
                quarter=first["decided"] + 1,
                detail=in_words(first["detail"], lang),
            ).strip()
            for lang in WRITTEN
        ]
        found.append(Problem(one.file, one.student, reason, details))
    return found


# --- the page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line of the page's table."""

    standing: Standing
    name: str
    whisker: Whisker | None


def _write_page(path: Path, result: Contest, lang: str) -> None:
    scale = scale_of(one.score for one in result.standings)
    lines = [
        Line(one, name_of(one.student, result.about), whisker(one.score, scale)) for one in result.standings
    ]
    languages = written_in(lang)
    parts = [
        part(
            "game/contest.html",
            one,
            result=result,
            lines=lines,
            seconds=f"{result.seconds:g}",
            nothing=fmean(mark["nothing"] for mark in result.marks),
            search=fmean(mark["search"] for mark in result.marks),
            digest=hashlib.sha256(result.key).hexdigest(),
            called=called,
            terms=terms,
            money=money,
            points=points,
        )
        for one in languages
    ]
    title = words_in(languages[0])("contest_title")
    write_page(path, title=title, lang=languages[0], parts=parts)
