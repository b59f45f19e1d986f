"""`leaderboard`: the saved games that students hand in, each played again from its first line, and ranked.

A saved game is data: it is read as JSON and replayed by the kit's own market; nothing in it is ever run.
"""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from math import isfinite, nan
from pathlib import Path

from coursekit.messages import KitError
from coursekit.sandbox.cleaning import clean_json
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.handed_in.identity import Submission
from coursekit.teach.handed_in.intake import Found, take_in
from coursekit.teach.results import Journal, in_use
from crmkit.core.errors import CrmkitError
from crmkit.market import Game
from crmkit.market.game.game import Setup

from .debrief import LONGEST_DEBRIEF, Debrief, debriefed, restored
from .debrief_page import write_debrief
from .leaderboard_page import write_leaderboard
from .places import Board, Place, ranked
from .submissions import Problem, copies, decided, told, wants_an_eye, whose, why_set_aside
from .tasks import benchmarks, do_all

WANTED = (".jsonl",)
SAVED = "saved.game.jsonl"  # what a replayed file is called meanwhile
LARGEST = 1_000_000  # bytes of a saved game; eight quarters take about 10,000
LONGEST_REPLAY = 600.0  # seconds
MEMORY_OF_A_REPLAY = 4 << 30  # bytes
FIRST_LINE = 4000  # bytes in which the first line of a saved game ends
# why a replay fails, by its code
SAID = (
    "game_tampered",
    "game_damaged",
    "game_foreign",
    "game_other_version",
)
NAMED = ("scenario", "seed", "level", "quarters", "customers")  # what a game has to have as it was given


def leaderboard(
    submissions: Path,
    *,
    setup: Setup,
    assignment: Path | None = None,
    out: Path,
    jobs: int = 2,
    rounds: int = 2,
    debrief: bool = False,
    lang: str = "both",
    say: Callable[[str], None] = print,
) -> Board:
    """Verify every saved game, and rank the students by the value of their firms; a second call does what is missing.

    ``setup``: the game that was set; with an assignment each student's own seed takes the place of its seed.
    ``rounds``: of the search that sets what 100 is. ``debrief``: write what every plan did in truth as well.
    """
    if not submissions.exists():
        raise KitError("submissions_absent", value=str(submissions))
    about = Assignment.read(assignment) if assignment else None
    intake = take_in(submissions, WANTED)
    if not intake.found and not intake.refused:
        raise KitError("submissions_empty", value=str(submissions), allowed=", ".join(WANTED))
    heads = {one.label: head_of(one) for one in intake.found}
    seeds = {label: head["seed"] for label, head in heads.items() if type(head.get("seed")) is int}
    by_hand = decided(about)
    theirs, problems = whose(intake.found, about, submissions, seeds, by_hand)
    problems += [Problem(label, "", reason) for label, reason in intake.refused]
    own = {}  # student, of a team the first → the game that was set
    for student in theirs:
        own[student] = asdict(replace(setup, seed=about.variants[student].seed) if about else setup)
    with in_use(out):
        journal = Journal(out / "journal.sqlite")
        try:
            sound = worth_replaying(theirs, heads, own, problems)
            tasks = {(one.student, one.found.sha256): (one.found.raw,) for one in sound}
            replays = do_all(
                tasks,
                replay,
                journal,
                jobs=jobs,
                shown=say is print,
                seconds=LONGEST_REPLAY,
                memory=MEMORY_OF_A_REPLAY,
            )
            verified = choose_verified(sound, replays, problems, leaders={*by_hand.teams.values()})
            markets = {own[student]["seed"]: (own[student], rounds) for student in verified}
            marks = do_all(markets, benchmarks, journal, jobs=jobs, shown=say is print)
            debriefs = []
            if debrief:
                told_over = do_all(
                    {student: (one.found.raw,) for student, one in verified.items()},
                    debriefed,
                    journal,
                    jobs=jobs,
                    shown=say is print,
                    seconds=LONGEST_DEBRIEF,
                    memory=MEMORY_OF_A_REPLAY,
                )
                debriefs = choose_debriefs(verified, told_over, problems)
        finally:
            journal.close()
        problems += copies({student: one.found for student, one in verified.items()})
        places = [
            place(one, replays[student, one.found.sha256], marks[own[student]["seed"]])
            for student, one in verified.items()
        ]
        # own markets are worth different sums: there the score says who did better
        places = ranked(places, by=(lambda one: one.score) if about else (lambda one: one.value))
        for line in write_leaderboard(out, setup, places, problems, about, lang):
            say(line)
        if debrief:
            lines = write_debrief(
                out,
                setup,
                debriefs,
                {seed: mark["found"] for seed, mark in marks.items()},
                seeds={one.student: own[one.student]["seed"] for one in debriefs},
                unfinished=len(
                    {one.student for one in problems if one.reason == "unfinished"} - set(verified)
                ),
                about=about,
                lang=lang,
            )
            for line in lines:
                say(line)
    return Board(places, wants_an_eye=wants_an_eye(problems))


@dataclass(frozen=True)
class Handed:
    """A file that looks like the game that was set: the student for whom it counts, of a team the first,
    and whose it is.
    """

    student: str
    submission: Submission

    @property
    def found(self) -> Found:
        return self.submission.found


def worth_replaying(
    theirs: dict[str, list[Submission]],
    heads: dict[str, dict],
    own: dict[str, dict],
    problems: list[Problem],
) -> list[Handed]:
    """The files that have to be replayed, each student's newest first; the others go to the problems."""
    sound = []
    for student, files in theirs.items():
        for one in files:
            found = one.found
            reason, detail = refusal(found, heads[found.label], own[student])
            if reason:
                problems.append(Problem(found.label, one.student, reason, detail))
            else:
                sound.append(Handed(student, one))
    return sound


def choose_verified(
    sound: list[Handed],
    replays: dict[tuple[str, str], dict],
    problems: list[Problem],
    leaders: Collection[str] = (),
) -> dict[str, Handed]:
    """Each student's or team's newest file that its replay has verified; the others go to the problems.

    Of files from several places, which a classmate may have handed in, the one worth most; of equals the earliest.
    ``leaders``: the members whose files count for their teams, where they have any.
    """
    newest: dict[str, dict[str, Handed]] = defaultdict(dict)  # student → place → the file
    for one in sound:
        came = replays[one.student, one.found.sha256]
        label, handed_in_by = one.found.label, one.submission.student
        if "failed" in came:
            detail = f"{came['failed']}: {came['detail']}".rstrip(": ")
            problems.append(Problem(label, handed_in_by, "no_result", detail))
        elif came["reason"]:
            detail = as_named(came["detail"], one.found.name)
            problems.append(Problem(label, handed_in_by, came["reason"], detail))
        elif one.submission.place in newest[one.student]:
            counts = newest[one.student][one.submission.place].submission
            problems.append(Problem(label, handed_in_by, why_set_aside(one.submission, counts)))
        else:
            newest[one.student][one.submission.place] = one
    verified = {}
    for student, places in newest.items():
        of_each = list(places.values())
        of_each = [one for one in of_each if "chosen_by_hand" in one.submission.flags] or of_each
        of_each = [one for one in of_each if one.submission.student in leaders] or of_each
        if of_each:
            earliest_first = reversed(of_each)
            verified[student] = max(
                earliest_first, key=lambda one: replays[one.student, one.found.sha256]["value"]
            )
    return verified


def choose_debriefs(
    verified: dict[str, Handed], told_over: dict[str, dict], problems: list[Problem]
) -> list[Debrief]:
    """The games that could be talked over; the others keep their places, and go to the problems."""
    debriefs = []
    for student, came in told_over.items():
        if "failed" in came:
            detail = f"{came['failed']}: {came['detail']}".rstrip(": ")
            problems.append(Problem(verified[student].found.label, student, "no_debrief", detail))
        else:
            debriefs.append(restored(student, came))
    return debriefs


def as_named(detail: str | list[str], name: str) -> str | list[str]:
    """What a replay said, with the file's own name for the one that it bore meanwhile."""
    if isinstance(detail, list):
        return [words.replace(SAVED, name) for words in detail]
    return detail


def place(one: Handed, came: dict, mark: dict) -> Place:
    """What a verified game is worth, and the score: 0 does nothing, 100 is the search with the truth in hand."""
    whole = (mark["search"] - mark["nothing"]) or nan
    return Place(
        student=one.student,
        file=one.found.label,
        profit=came["profit"],
        equity=came["equity"],
        value=came["value"],
        score=100 * (came["value"] - mark["nothing"]) / whole,
    )


def head_of(found: Found) -> dict:
    """The first line of a saved game, as far as it is one; of another file nothing."""
    try:
        head = clean_json(found.raw[:FIRST_LINE].decode("utf-8-sig", "replace").split("\n", 1)[0])
    except ValueError:
        return {}
    return head if isinstance(head, dict) and head.get("format") == "crmkit game" else {}


def refusal(found: Found, head: dict, own: dict) -> tuple[str, str]:
    """Why a file need not be replayed, a reason's code and its words; two empty texts where it has to be."""
    if len(found.raw) > LARGEST:
        return "too_large", f"{len(found.raw):,} B"
    if not head:
        return "no_game", ""
    for name in NAMED:
        said = head.get(name)
        if said != own[name] or type(said) is not type(own[name]):
            reason = "other_seed" if name == "seed" else "other_game"
            return reason, f"{name}: {str(said)[:40]} ≠ {own[name]}"
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
    if not all(map(isfinite, (came.discounted_profit, came.equity, came.value))):
        return {"reason": "game_damaged", "detail": str(came.value)}
    return {
        "reason": "",
        "detail": "",
        "profit": came.discounted_profit,
        "equity": came.equity,
        "value": came.value,
    }
