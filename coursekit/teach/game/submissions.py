"""What students hand in for a game: whose a file is, which files are the same, and what somebody should look at."""

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from coursekit.lessons.exercise import load_exercise
from coursekit.sandbox.cleaning import clean_text
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.assign.settings import Settings, read_settings
from coursekit.teach.handed_in.identity import (
    Naming,
    Submission,
    in_order,
    judge_lots,
    of_one_team,
    rules,
)
from coursekit.teach.handed_in.intake import Found
from coursekit.teach.handed_in.places import Places, below_its_archive
from crmkit.core.errors import CrmkitError

MOST_TRIED = 20  # files of one student or team, the newest of each place: each costs everybody's time
LONGEST = 300  # characters of what an error says
ENDINGS = re.compile(r"(?i)(\.(zip|py|ipynb|game|jsonl))+$|_assignsubmission_.*$")


@dataclass(frozen=True)
class Problem:
    """A file, or a game, that somebody should look at: whose, why (a code of messages.toml) and in what words."""

    file: str
    student: str
    reason: str
    detail: str | list[str] = ""  # a list: in Chinese and in English


def decided(about: Assignment | None) -> Settings:
    """What the instructor has decided by hand in the assignment's own file."""
    if about is None:
        return Settings()
    return read_settings(about, load_exercise(about.pack).questions)


def whose(
    found: list[Found],
    about: Assignment | None,
    within: Path,
    seeds: dict[str, int] | None = None,
    decided: Settings = Settings(),
) -> tuple[dict[str, list[Submission]], list[Problem]]:
    """Student → what that student handed in, the newest first; and the files of nobody known, or too many of one.

    With an assignment: the student whom ``decided`` names or the path, else the one whose own ``seeds`` (label → seed)
    the file holds; what any member of a team handed in stands under the team's first member. Without one a student is
    called as the folder of the file, or as the file where there is none.
    """
    if about is None:
        called = _by_folder([one.label for one in found], within)
        submissions = [Submission(one, None, student=called[one.label]) for one in found]
    else:
        submissions = _by_roster(found, about, seeds or {}, rules(decided.whose, found).chosen)
    theirs = defaultdict(list)
    unknown = []
    for one in submissions:
        if one.student is None and one.flags:
            unknown.append(Problem(one.found.label, "", one.flags[0]))
        elif one.student is None:
            unknown.append(Problem(one.found.label, "", "unknown_student"))
        else:
            first = about.together(one.student)[0] if about else one.student
            theirs[first].append(one)
    ordered = {}
    for student in sorted(theirs):
        if len({one.place for one in theirs[student]}) > 1:
            unknown += [Problem(one.found.label, student, "two_places") for one in theirs[student]]
        leader = decided.teams.get(about.variants[student].team) if about else None
        files = in_order(theirs[student], leader)
        ordered[student] = _tried(files)
        tried = {id(one) for one in ordered[student]}
        left = [one for one in files if id(one) not in tried]
        unknown += [Problem(one.found.label, student, "too_many_files") for one in left]
    return ordered, unknown


def _tried(files: list[Submission]) -> list[Submission]:
    """The newest files; of several places, by turns, so that nobody's many files crowd out those of another hand."""
    if len(files) <= MOST_TRIED:
        return files
    places = defaultdict(list)
    for one in files:
        places[one.place].append(one)
    oldest_first = reversed(places.values())
    turns = [one for turn in zip_longest(*oldest_first) for one in turn if one is not None]
    chosen = {id(one) for one in turns[:MOST_TRIED]}
    return [one for one in files if id(one) in chosen]


def _by_roster(
    found: list[Found], about: Assignment, seeds: dict[str, int], chosen: dict[str, str]
) -> list[Submission]:
    """Each file with the student whom its path names, else one of the team that it names,
    else one whose market it is of.

    With none where that is nobody, or students who do not hand in together, or where a game lies among another's files
    whose own student has handed in elsewhere.
    """
    by_seed: dict[int, list[str]] = defaultdict(list)  # the members of a team share one
    for variant in about.variants.values():
        by_seed[variant.seed].append(variant.student_id)
    labels = [one.label for one in found]
    markets = {label: by_seed.get(seeds.get(label), []) for label in labels}
    submissions = [Submission(one, None, evidence={"seed": markets[one.label]}) for one in found]
    naming = Naming.of(submissions, about)
    for submission in submissions:
        one = submission.found
        named = naming.named(one.label)
        market = markets[one.label]
        known = named.certain
        if not known and not named.shared:
            known = naming.of_team(one.label) or market
        elif not known:
            known = [student for student in market if student in named.shared]
        submission.student = known[0] if of_one_team(set(known), about) else None
        if one.label in chosen:
            submission.student = chosen[one.label]
            submission.flags.append("chosen_by_hand")
    judge_lots(submissions, about)
    below = [below_its_archive(label) for label in labels]
    places = Places.of(below, [set(markets[label]) for label in labels], {}, about)
    for submission, path in zip(submissions, below):
        label = submission.found.label
        called = {*naming.named(label).certain, *naming.of_team(label)}
        by_market_alone = not submission.flags and submission.student not in called
        submission.place = places.place_of(path) if by_market_alone else ""
        submission.evidence = {}  # the seed is looked at again when the game is played
    return submissions


def _by_folder(labels: list[str], within: Path) -> dict[str, str]:
    """Label → the folder or archive of one student, below what all files share; else the file's own name."""
    parts = {label: label.split("/") for label in labels}
    deepest = min((len(path) for path in parts.values()), default=0) - 1
    at = 1 if within.is_file() and within.suffix.lower() == ".zip" else 0  # the archive that everything is in
    while len(parts) > 1 and at < deepest and len({path[at] for path in parts.values()}) == 1:
        at += 1
    return {label: ENDINGS.sub("", path[at]).strip("_ .") or label for label, path in parts.items()}


def wants_an_eye(problems: list[Problem]) -> bool:
    """Whether somebody should look at something; that a later file took an earlier one's place is in order."""
    return any(problem.reason != "earlier_file" for problem in problems)


def why_set_aside(one: Submission, counts: Submission) -> str:
    """The reason's code of a file that would do, beside the later one that counts for the student or the team."""
    if one.student != counts.student and one.found.sha256 != counts.found.sha256:
        return "team_files_differ"
    return "earlier_file"


def copies(files: dict[str, Found]) -> list[Problem]:
    """Files that are the same to the byte though they are several students'."""
    whose_is = defaultdict(list)
    for student, one in files.items():
        whose_is[one.sha256].append(student)
    found = []
    for student, one in files.items():
        others = [other for other in whose_is[one.sha256] if other != student]
        if others:
            found.append(Problem(one.label, student, "same_file", ", ".join(others)))
    return found


def told(problem: Exception) -> str | list[str]:
    """What an error says, in both languages where it can; cut, for it may quote somebody's megabytes."""
    if isinstance(problem, CrmkitError):
        return [clean_text(problem.message_zh[:LONGEST]), clean_text(problem.message_en[:LONGEST])]
    try:
        said = f"{type(problem).__name__}: {problem}"
    except Exception:  # an error that cannot even say what it is
        said = type(problem).__name__
    return clean_text(said[:LONGEST])
