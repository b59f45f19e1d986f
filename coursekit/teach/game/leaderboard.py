"""`leaderboard`: the saved games that students hand in, each played again from its first line, and ranked.

A saved game is data: it is read as JSON and replayed by the kit's own market; nothing in it is ever run.
"""

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from math import nan
from pathlib import Path

from coursekit.messages import KitError
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.grade.intake import Found, take_in
from coursekit.teach.grade.results import Journal
from crmkit.core.errors import CrmkitError
from crmkit.market import Game
from crmkit.market.game.game import Setup

from .submissions import Problem, benchmarks, copies, do_all, told, whose

SAVED = "saved.game.jsonl"
LARGEST = 1_000_000  # bytes of a saved game; eight quarters take about 10,000
SAID = (
    "game_tampered",
    "game_damaged",
    "game_foreign",
    "game_other_version",
)  # why a replay fails, by its code
NAMED = ("scenario", "seed", "level", "quarters", "customers")  # what a game has to have as it was given


@dataclass(kw_only=True)
class Place:
    """One student's game, verified."""

    student: str
    file: str
    profit: float  # discounted to the first day of play, currency
    equity: float
    value: float
    score: float  # 0: the firm that changes nothing, 100: the search with the truth in hand
    rank: int = 0


def leaderboard(
    submissions: Path,
    *,
    setup: Setup,
    assignment: Path | None = None,
    out: Path,
    jobs: int = 2,
    rounds: int = 2,
    lang: str = "both",
    say=print,
) -> list[Place]:
    """Verify every saved game, and rank the students by the value of their firms; a second call does what is missing.

    ``setup``: the game that was set; with an assignment each student's own seed takes the place of its seed.
    ``rounds``: of the search that sets what 100 is.
    """
    from .leaderboard_page import write_leaderboard

    if not submissions.exists():
        raise KitError("submissions_absent", value=str(submissions))
    about = Assignment.read(assignment) if assignment else None
    intake = take_in(submissions, (".jsonl",))
    if not intake.notebooks and not intake.refused:
        raise KitError("submissions_empty", value=str(submissions), allowed=".jsonl")
    heads = {one.label: head_of(one) for one in intake.notebooks}
    seeds = {label: head.get("seed") for label, head in heads.items() if type(head.get("seed")) is int}
    theirs, problems = whose(intake.notebooks, about, submissions, seeds)
    problems += [Problem(label, "", reason) for label, reason in intake.refused]
    own = {s: asdict(replace(setup, seed=about.variants[s].seed) if about else setup) for s in theirs}
    sound = {}
    for student, files in theirs.items():
        for one in files:
            reason, detail = refusal(one, heads[one.label], own[student])
            if reason:
                problems.append(Problem(one.label, student, reason, detail))
            else:
                sound[student, one.sha256] = one
    journal = Journal(out / "journal.sqlite")
    try:
        replays = do_all(
            {task: (one.raw,) for task, one in sound.items()}, replay, journal, jobs=jobs, say=say
        )
        chosen = {}
        for (student, digest), found in replays.items():
            one = sound[student, digest]
            if found["reason"]:
                detail = found["detail"]  # names the file as the replay called it
                if isinstance(detail, list):
                    detail = [words.replace(SAVED, one.name) for words in detail]
                problems.append(Problem(one.label, student, found["reason"], detail))
            elif student in chosen:
                problems.append(Problem(one.label, student, "earlier_file"))
            else:
                chosen[student] = one, found
        wanted = {own[student]["seed"]: (own[student], rounds) for student in chosen}
        marks = do_all(wanted, benchmarks, journal, jobs=jobs, say=say)
    finally:
        journal.close()
    problems += copies({student: one for student, (one, _) in chosen.items()})
    places = []
    for student, (one, found) in chosen.items():
        mark = marks[own[student]["seed"]]
        score = 100 * (found["value"] - mark["nothing"]) / ((mark["search"] - mark["nothing"]) or nan)
        worth = {name: found[name] for name in ("profit", "equity", "value")}
        places.append(Place(student=student, file=one.label, score=score, **worth))
    # own markets are worth different sums: there the score says who did better
    by = (lambda p: p.score) if about else (lambda p: p.value)
    places.sort(key=lambda p: (-by(p), p.student))
    for place in places:
        place.rank = 1 + sum(by(other) > by(place) for other in places)
    for line in write_leaderboard(out, setup, places, problems, about, lang):
        say(line)
    return places


def head_of(found: Found) -> dict:
    """The first line of a saved game, as far as it is one; of another file nothing."""
    try:
        head = json.loads(found.raw[:4000].decode("utf-8-sig", "replace").split("\n", 1)[0])
    except (ValueError, RecursionError):
        return {}
    return head if isinstance(head, dict) and head.get("format") == "crmkit game" else {}


def refusal(found: Found, head: dict, own: dict) -> tuple[str, str]:
    """Why a file need not be replayed, a reason's code and its words; two empty texts where it has to be."""
    if len(found.raw) > LARGEST:
        return "too_large", f"{len(found.raw):,} B"
    if not head:
        return "no_game", ""
    for name in NAMED:
        if head.get(name) != own[name] or type(head.get(name)) is not type(own[name]):
            reason = "other_seed" if name == "seed" else "other_game"
            return reason, f"{name}: {str(head.get(name))[:40]} ≠ {own[name]}"
    return "", ""


# --- in processes of their own --------------------------------------------------------------------------------------


def replay(raw: bytes) -> dict:
    """What a saved game comes to when it is played again; or why it is none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, SAVED)
        path.write_bytes(raw)
        try:
            game = Game.verify(path)
        except CrmkitError as problem:
            reason = problem.code if problem.code in SAID else "game_damaged"
            return {"reason": reason, "detail": told(problem)}
        except Exception as problem:  # whatever a hostile file makes of the replay
            return {"reason": "game_damaged", "detail": told(problem)}
    if game.next_step is not None:
        return {"reason": "unfinished", "detail": f"{game.next_step} {game.quarter}"}
    came = game.outcome
    return {
        "reason": "",
        "detail": "",
        "profit": came.discounted_profit,
        "equity": came.equity,
        "value": came.value,
    }
