"""The pages and tables that an instructor shows: the leaderboard and a contest's result, in one or both languages."""

import hashlib
from html import escape
from math import isnan
from pathlib import Path

from coursekit.messages import message
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.grade.reports import LANGUAGES, page, put, said, write_csv
from crmkit.core.intervals import Estimate
from crmkit.market import scenario
from crmkit.market.game.game import Setup

from .submissions import Problem

NUMBERS = {"rank", "profit", "equity", "value", "gain", "score", "quarters", "lost", "cpu"}


def write_board(path: Path, lang: str, title: str, body) -> None:
    """One page; ``body`` gives its HTML in a language."""
    spoken = LANGUAGES if lang == "both" else (lang,)
    text = "<hr>".join(f"<h1>{escape(said(title)[one])}</h1>{body(one)}" for one in spoken)
    put(path, page(said(title)[spoken[0]], text, {"zh": "zh-CN", "en": "en"}[spoken[0]]))


def table(lang: str, heads: tuple[str, ...], rows: list[list[str]]) -> str:
    """Rows of HTML cells under the messages ``game_<head>``."""
    css = [' class="n"' if head in NUMBERS else "" for head in heads]
    lines = ["".join(f"<th{c}>{escape(said(f'game_{h}')[lang])}</th>" for h, c in zip(heads, css))]
    lines += ["".join(f"<td{c}>{value}</td>" for value, c in zip(row, css)) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def money(value: float) -> str:
    return f"{value:,.0f}".replace("-", "−")


def points(value: float) -> str:
    return "—" if isnan(value) else f"{value:.1f}".replace("-", "−")


def in_one(detail: str | list[str], lang: str) -> str:
    return detail[LANGUAGES.index(lang)] if isinstance(detail, list) else detail


def write_problems(out: Path, problems: list[Problem], lang: str) -> list[str]:
    """``problems.csv`` and ``problems.html``, for the instructor and not for the class; the line that says so."""
    rows = [
        [p.reason, p.file, p.student, " ".join(dict.fromkeys(in_one(p.detail, lang) for lang in LANGUAGES))]
        for p in problems
    ]
    write_csv(out / "problems.csv", [["what", "file", "student_id", "detail"], *rows])
    write_board(out / "problems.html", lang, "game_problems", lambda one: problem_list(one, problems))
    return [message("game_unclear", count=len(problems), file=out / "problems.html")] if problems else []


def problem_list(lang: str, problems: list[Problem]) -> str:
    """Files and games to look at, by name and with the reason."""
    items = "".join(
        f"<li>{escape(p.student)} <code>{escape(p.file)}</code> {escape(said(f'game_why_{p.reason}')[lang])}"
        f"{f' <code>{escape(in_one(p.detail, lang))}</code>' if p.detail else ''}</li>"
        for p in problems
    )
    return f"<ul class=small>{items}</ul>"


def about_game(lang: str, setup: Setup) -> str:
    trade = scenario(setup.scenario)
    title, level = getattr(trade, f"title_{lang}"), said(f"game_level_{setup.level}")[lang]
    return escape(
        said(
            "game_terms",
            title=title,
            level=level,
            quarters=setup.quarters,
            currency=trade.currency,
            customers=f"{setup.customers or trade.customers:,}",
        )[lang]
    )


def name_of(student: str, about: Assignment | None) -> str:
    return about.variants[student].name if about else ""


def called(student: str, about: Assignment | None) -> str:
    """A student's cell: the id, and below it the name."""
    return f"{escape(student)}<div>{escape(name_of(student, about))}</div>"


def line_of(rank: int | None, score: float, value: float, student: str, about: Assignment | None) -> str:
    """A student's line in what the command says."""
    return f"{rank or '—':>4}  {points(score):>7}  {money(value):>14}  {student} {name_of(student, about)}".rstrip()


def whisker(score: Estimate, low: float, high: float) -> str:
    """A score with its interval on a scale from ``low`` to ``high``, marks at 0 and 100; ◂: it lies further left."""
    if isnan(score.value):
        return ""
    marks, ends = (0.0, 100.0), (score.low, score.high)
    at = {x: 150 * min(max((x - low) / (high - low), 0), 1) for x in (*marks, *ends, score.value)}
    lines = "".join(f"<line x1='{at[x]:.1f}' x2='{at[x]:.1f}' y1='0' y2='18' stroke='#bbb'/>" for x in marks)
    dot = (
        f"<circle cx='{at[score.value]:.1f}' cy='9' r='4' fill='#0072b2'/>"
        if score.value >= low
        else "<path d='M9 4 L1 9 L9 14 Z' fill='#0072b2'/>"
    )
    from_to = f"x1='{at[score.low]:.1f}' x2='{at[score.high]:.1f}'"
    return (
        f"<svg width='150' height='18' role='img' aria-label='{' … '.join(map(points, ends))}'>{lines}"
        f"<line {from_to} y1='9' y2='9' stroke='#222' stroke-width='2'/>{dot}</svg>"
    )


def write_contest(out: Path, result, lang: str) -> list[str]:
    """``contest`` and ``problems``, each as ``.csv`` and ``.html``, and ``games.csv``; the lines that the command says."""
    about, problems = result.about, [*result.problems]
    rows = [
        [
            "rank",
            "student_id",
            "name",
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
        ]
    ]
    games = [
        [
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
        ]
    ]
    for s in result.standings:
        lead = [round(x) for x in s.apart.numbers] if s.apart else [None] * 3
        rows.append(
            [
                s.rank,
                s.student,
                name_of(s.student, about),
                round(s.value),
                *(round(x) for x in s.gain.numbers),
                *(round(x, 1) for x in s.score.numbers),
                *lead,
                len(s.games),
                s.lost.total(),
                round(s.cpu_seconds, 1),
                s.file,
            ]
        )
        for number, (seed, g, mark) in enumerate(zip(result.seeds, s.games, result.marks), 1):
            worth = [
                round(x) for x in (g["value"], g["profit"], g["equity"], mark["nothing"], mark["search"])
            ]
            games.append(
                [
                    s.student,
                    number,
                    str(seed),
                    *worth,
                    g["decided"],
                    g["reason"],
                    in_one(g["detail"], "en"),
                    round(g["cpu_seconds"], 2),
                ]
            )
        for reason, count in s.lost.items():
            first = next(g["detail"] for g in s.games if g["reason"] == reason)
            problems.append(
                Problem(
                    s.file,
                    s.student,
                    reason,
                    [f"{count}/{len(s.games)} {in_one(first, one)}".strip() for one in LANGUAGES],
                )
            )
    write_csv(out / "contest.csv", rows)
    write_csv(out / "games.csv", games)
    write_board(out / "contest.html", lang, "contest_title", lambda one: _contest_page(one, result))
    done = message("contest_done", count=len(result.standings), seeds=len(result.seeds), folder=out)
    best = [line_of(s.rank, s.score.value, s.value, s.student, about) for s in result.standings]
    return [*best, done, *write_problems(out, problems, lang)]


def _contest_page(lang: str, result) -> str:
    def words(name, **fields):
        return escape(said(name, **fields)[lang])

    standings, marks = result.standings, result.marks
    ends = [x for s in standings for x in (s.score.low, s.score.high) if not isnan(x)] + [0.0, 100.0]
    low, high = (
        max(min(ends), -100.0) - 5,
        min(max(ends), 250.0) + 5,
    )  # one wild policy shall not squeeze the others
    rows = []
    for s in standings:
        apart = "—" if s.apart is None else words("contest_apart" if s.apart.low > 0 else "contest_not_apart")
        interval = (
            f"<div class=small style='white-space:nowrap'>{money(s.gain.low)} … {money(s.gain.high)}</div>"
        )
        rows.append(
            [
                s.rank or "—",
                called(s.student, result.about),
                money(s.value),
                money(s.gain.value) + interval,
                points(s.score.value),
                whisker(s.score, low, high),
                apart.replace(" ", "&nbsp;"),
                s.lost.total() or "",
                f"{s.cpu_seconds:.1f}",
            ]
        )
    heads = ("rank", "student", "value", "gain", "score", "interval", "apart", "lost", "cpu")
    means = {name: money(sum(m[name] for m in marks) / len(marks)) for name in ("nothing", "search")}
    digest = hashlib.sha256(result.key).hexdigest()
    terms = words("contest_terms", count=len(standings), seeds=len(marks), seconds=f"{result.seconds:g}")
    return (
        f"<p>{about_game(lang, result.setup)} {terms}</p>{table(lang, heads, rows)}"
        f"<p>{words('contest_marks', **means)}</p><p class=small>{words('contest_explained')}</p>"
        f"<p class=small>{words('contest_secret', digest=digest)}</p>"
    )


def write_leaderboard(out: Path, setup: Setup, places, problems, about, lang: str) -> list[str]:
    """``leaderboard`` and ``problems``, each as ``.csv`` and ``.html``; the lines that the command says."""
    rows = [
        ["rank", "student_id", "name", "profit", "equity", "value", "score", "quarters", "verified", "file"]
    ]
    rows += [
        [
            p.rank,
            p.student,
            name_of(p.student, about),
            round(p.profit),
            round(p.equity),
            round(p.value),
            round(p.score, 1),
            setup.quarters,
            "yes",
            p.file,
        ]
        for p in places
    ]
    write_csv(out / "leaderboard.csv", rows)

    def body(lang: str) -> str:
        def words(name):
            return escape(said(name)[lang])

        cells = [
            [
                p.rank,
                called(p.student, about),
                money(p.profit),
                money(p.equity),
                money(p.value),
                points(p.score),
                setup.quarters,
                words("game_yes"),
            ]
            for p in places
        ]
        heads = ("rank", "student", "profit", "equity", "value", "score", "quarters", "verified")
        return (
            f"<p>{about_game(lang, setup)} {words('leaderboard_own' if about else 'leaderboard_common')}</p>"
            f"{table(lang, heads, cells)}<p class=small>{words('leaderboard_explained')}</p>"
        )

    write_board(out / "leaderboard.html", lang, "leaderboard_title", body)
    lines = [line_of(p.rank, p.score, p.value, p.student, about) for p in places]
    return [
        *lines,
        message("leaderboard_done", count=len(places), folder=out),
        *write_problems(out, problems, lang),
    ]
