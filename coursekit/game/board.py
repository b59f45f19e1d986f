"""The pages and tables that an instructor shows: the leaderboard and the result of a contest, in one or both languages."""

import hashlib
from html import escape
from math import isnan
from pathlib import Path

from crmkit.market import scenario
from crmkit.market.game import Setup

from ..assign.assignment import Assignment
from ..grade.reports import LANGUAGES, page, put, said, write_csv
from ..messages import message
from .handed import Problem

NUMBERS = {"rank", "profit", "equity", "value", "gain", "score", "quarters", "lost", "cpu"}


def write_board(path: Path, lang: str, title: str, body) -> None:
    """One page; ``body`` gives its HTML in a language."""
    spoken = LANGUAGES if lang == "both" else (lang,)
    text = "<hr>".join(body(one) for one in spoken)
    put(path, page(said(title)[spoken[0]], text, {"zh": "zh-CN", "en": "en"}[spoken[0]]))


def table(lang: str, heads: tuple[str, ...], rows: list[list[str]]) -> str:
    """Rows of HTML cells under the messages ``game_<head>``."""
    css = [' class="n"' if head in NUMBERS else "" for head in heads]
    lines = ["".join(f"<th{c}>{escape(said(f'game_{h}')[lang])}</th>" for h, c in zip(heads, css))]
    lines += ["".join(f"<td{c}>{value}</td>" for value, c in zip(row, css)) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def money(value) -> str:
    return f"{value:,.0f}".replace("-", "−")


def points(value) -> str:
    return "—" if isnan(value) else f"{value:.1f}".replace("-", "−")


def write_problems(out: Path, problems: list[Problem]) -> list[str]:
    """``problems.csv``, and the line that speaks of it."""
    write_csv(out / "problems.csv", [["what", "file", "student_id", "detail"], *(
        [p.reason, p.file, p.student, " ".join(in_one(p.detail, lang) for lang in LANGUAGES[: 1 + isinstance(p.detail, list)])]
        for p in problems)])
    return [message("game_unclear", count=len(problems), file=out / "problems.csv")] if problems else []


def in_one(detail: str | list[str], lang: str) -> str:
    return detail[LANGUAGES.index(lang)] if isinstance(detail, list) else detail


def problem_list(lang: str, problems) -> str:
    """Files and games to look at, by name and with the reason."""
    if not problems:
        return ""
    items = "".join(
        f"<li>{escape(p.student)} <code>{escape(p.file)}</code> {escape(said(f'game_why_{p.reason}')[lang])}"
        f"{f' <code>{escape(in_one(p.detail, lang))}</code>' if p.detail else ''}</li>" for p in problems)
    return f"<h2>{escape(said('game_problems')[lang])}</h2><ul class=small>{items}</ul>"


def about_game(lang: str, setup: Setup) -> str:
    trade = scenario(setup.scenario)
    return escape(said("game_terms", title=getattr(trade, f"title_{lang}"), level=said(f"game_level_{setup.level}")[lang],
                       quarters=setup.quarters, customers=f"{setup.customers or trade.customers:,}", currency=trade.currency)[lang])


def name_of(student: str, about: Assignment | None) -> str:
    return about.variants[student].name if about else ""


def whisker(score, low: float, high: float) -> str:
    """A score with its interval, on a scale from ``low`` to ``high`` with marks at 0 and at 100; ◂ lies further left."""
    if isnan(score.value):
        return ""
    width = 150
    at = {x: width * min(max((x - low) / (high - low), 0), 1) for x in (0.0, 100.0, score.low, score.high, score.value)}
    marks = "".join(f"<line x1='{at[x]:.1f}' x2='{at[x]:.1f}' y1='0' y2='18' stroke='#bbb'/>" for x in (0.0, 100.0))
    return (f"<svg width='{width}' height='18' role='img' aria-label='{points(score.low)} … {points(score.high)}'>{marks}"
            f"<line x1='{at[score.low]:.1f}' x2='{at[score.high]:.1f}' y1='9' y2='9' stroke='#222' stroke-width='2'/>"
            + (f"<circle cx='{at[score.value]:.1f}' cy='9' r='4' fill='#0072b2'/>" if score.value >= low else
               "<path d='M9 4 L1 9 L9 14 Z' fill='#0072b2'/>") + "</svg>")


# --- the contest ----------------------------------------------------------------------------------------------------


def write_contest(out: Path, setup: Setup, seconds, drawn, marks, standings, problems, about, key: bytes, lang: str) -> list[str]:
    """``contest.csv``, ``games.csv``, ``problems.csv`` and ``contest.html``; the lines that the command says."""
    for s in standings:
        for reason, count in s.lost.items():
            first = next(g["detail"] for g in s.games if g["reason"] == reason)
            share = f"{count}/{len(s.games)}"
            problems.append(Problem(s.file, s.student, reason, [f"{share} {words}" for words in first]
                                    if isinstance(first, list) else f"{share} {first}".strip()))
    rows = [["rank", "student_id", "name", "value", "gain", "gain_low", "gain_high", "score", "score_low", "score_high",
             "lead_over_next", "lead_low", "lead_high", "games", "games_lost", "cpu_seconds", "file"]]
    for s in standings:
        lead = [round(x) for x in s.apart.numbers] if s.apart else [None] * 3
        rows.append([s.rank, s.student, name_of(s.student, about), round(s.value), *(round(x) for x in s.gain.numbers),
                     *(round(x, 1) for x in s.score.numbers), *lead, len(s.games), s.lost.total(),
                     round(s.cpu_seconds, 1), s.file])
    write_csv(out / "contest.csv", rows)
    games = [["student_id", "game", "seed", "value", "profit", "equity", "do_nothing", "truth_search", "quarters_decided",
              "reason", "detail", "cpu_seconds"]]
    games += [[s.student, number, str(seed), *(round(g[x]) for x in ("value", "profit", "equity")), round(mark["nothing"]),
               round(mark["search"]), g["decided"], g["reason"], in_one(g["detail"], "en"), round(g["cpu_seconds"], 2)]
              for s in standings for number, (seed, g, mark) in enumerate(zip(drawn, s.games, marks), 1)]
    write_csv(out / "games.csv", games)
    write_board(out / "contest.html", lang, "contest_title",
                lambda one: _contest_page(one, setup, seconds, drawn, marks, standings, problems, about, key))
    best = [f"{s.rank or '—':>4}  {points(s.score.value):>7}  {money(s.value):>14}  {s.student} {name_of(s.student, about)}".rstrip()
            for s in standings]
    done = message("contest_done", count=len(standings), seeds=len(drawn), folder=out)
    return [*best, done, *write_problems(out, problems)]


def _contest_page(lang: str, setup: Setup, seconds, drawn, marks, standings, problems, about, key: bytes) -> str:
    def words(name, **fields):
        return escape(said(name, **fields)[lang])

    ends = [x for s in standings for x in (s.score.low, s.score.high) if not isnan(x)] + [0.0, 100.0]
    low, high = max(min(ends), -100.0) - 5, min(max(ends), 250.0) + 5  # one wild policy shall not squeeze the others
    rows = []
    for s in standings:
        apart = "—" if s.apart is None else words("contest_apart" if s.apart.low > 0 else "contest_not_apart")
        apart = apart.replace(" ", "&nbsp;")
        interval = f"{money(s.gain.low)} … {money(s.gain.high)}"
        rows.append([s.rank or "—", f"{escape(s.student)}<div>{escape(name_of(s.student, about))}</div>", money(s.value),
                     f"{money(s.gain.value)}<div class=small style='white-space:nowrap'>{interval}</div>", points(s.score.value),
                     whisker(s.score, low, high), apart, s.lost.total() or "", f"{s.cpu_seconds:.1f}"])
    heads = ("rank", "student", "value", "gain", "score", "interval", "apart", "lost", "cpu")
    means = {name: money(sum(m[name] for m in marks) / len(marks)) for name in ("nothing", "search")}
    return (f"<h1>{words('contest_title')}</h1><p>{about_game(lang, setup)} "
            f"{words('contest_terms', count=len(standings), seeds=len(drawn), seconds=f'{seconds:g}')}</p>"
            f"{table(lang, heads, rows)}<p>{words('contest_marks', **means)}</p>"
            f"<p class=small>{words('contest_explained')}</p>"
            f"<p class=small>{words('contest_secret', digest=hashlib.sha256(key).hexdigest())}</p>"
            f"{problem_list(lang, problems)}")


# --- the leaderboard ------------------------------------------------------------------------------------------------


def write_leaderboard(out: Path, setup: Setup, places, problems, about, lang: str) -> list[str]:
    """``leaderboard.csv``, ``problems.csv`` and ``leaderboard.html``; the lines that the command says."""
    names = {p.student: name_of(p.student, about) for p in places}
    rows = [["rank", "student_id", "name", "profit", "equity", "value", "score", "quarters", "verified", "file"]]
    rows += [[p.rank, p.student, names[p.student], round(p.profit), round(p.equity), round(p.value), round(p.score, 1),
              setup.quarters, "yes", p.file] for p in places]
    write_csv(out / "leaderboard.csv", rows)

    def body(one: str) -> str:
        cells = [[p.rank, f"{escape(p.student)}<div>{escape(names[p.student])}</div>", money(p.profit), money(p.equity),
                  money(p.value), points(p.score), setup.quarters, escape(said("game_yes")[one])] for p in places]
        kind = said("leaderboard_own" if about else "leaderboard_common")[one]
        heads = ("rank", "student", "profit", "equity", "value", "score", "quarters", "verified")
        return (f"<h1>{escape(said('leaderboard_title')[one])}</h1><p>{about_game(one, setup)} "
                f"{escape(kind)}</p>{table(one, heads, cells)}<p class=small>{escape(said('leaderboard_explained')[one])}</p>"
                f"{problem_list(one, problems)}")

    write_board(out / "leaderboard.html", lang, "leaderboard_title", body)
    lines = [f"{p.rank:>4}  {points(p.score):>7}  {money(p.value):>14}  {p.student} {names[p.student]}".rstrip() for p in places]
    return [*lines, message("leaderboard_done", count=len(places), folder=out), *write_problems(out, problems)]
