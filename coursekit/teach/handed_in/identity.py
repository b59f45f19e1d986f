"""Whose submission is this? Evidence is collected and compared; where it disagrees it is flagged, never guessed."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath

from coursekit.teach.assign.assignment import Assignment

from .dating import BY_ARCHIVE, WITHIN, forms_of_platforms, is_named_by_a_platform, time_within
from .intake import FEWEST_AT_ONCE, Found, common_folders, is_archive, owners, without_copy_number
from .notebook import Notebook, Refused, read_notebook
from .places import Places, below_its_archive, folder_of


@dataclass
class Submission:
    """A notebook that was handed in, whose it is, and why that is believed."""

    found: Found
    notebook: Notebook | None
    problem: str | None = None  # why the notebook cannot be read
    student: str | None = None
    evidence: dict[str, list[str]] = field(default_factory=dict)  # kind → students it points at
    flags: list[str] = field(default_factory=list)
    path: str = ""  # where it lay, below a platform's archive
    place: str = ""  # that part of it in which one hand's files lie; empty where it names the student
    folder: str = ""  # the widest in which only this student's files lie
    moved: bool = (
        False  # nothing but its marks gives it to the student, whose file lay elsewhere in an earlier grading
    )

    dated: str = ""  # where its archive and what stands within give two times: which of them counts
    other_when: datetime | None = None  # the one that does not

    @property
    def when(self) -> datetime | None:
        return self.found.when

    @property
    def copy_number(self) -> int:
        """The 2 of “… (2).ipynb”: how browsers and platforms name a later copy."""
        numbers = re.findall(r"[\s_-]?\((\d{1,3})\)(?=\.|$|/)|-(\d)(?=\.ipynb$)", self.found.label)
        return max((int(a or b) for a, b in numbers), default=0)

    @property
    def strong(self) -> bool:
        """Whether more than a name in a path says whose it is."""
        return bool(self.evidence.get("copy") or self.evidence.get("seed") or "chosen_by_hand" in self.flags)


def identify(
    found: list[Found],
    assignment: Assignment,
    chosen: dict[str, str],
    earlier: Mapping[str, str] | None = None,
    due: datetime | None = None,
) -> list[Submission]:
    """Every notebook with its student, where the evidence names exactly one.

    ``due``: when the work is due for everybody.
    ``earlier``: student → the path at which the file lay that counts since an earlier grading.

    Strong: the copy's own id and the injected seed, which nobody can make up for another student without the secret,
    but which come along when a file is passed on (within a team they may). Weak: ids, platform numbers and names in the
    file's path and the receipt. A notebook whose strong evidence names one student and whose path names others is
    flagged ``disagreement`` and not graded until ``chosen`` (label → student id) says whose it is.
    """
    submissions = []
    for one in found:
        submission = _opened(replace(one, when=one.when_if_due(due)))
        notebook = submission.notebook
        if notebook:
            submission.evidence |= marks_in(notebook, assignment)
            if notebook.about.get("assignment", assignment.assignment) != assignment.assignment:
                submission.flags.append("other_assignment")
        if LATE_ON_CANVAS.search(one.name):
            submission.flags.append("late_by_platform")
        submissions.append(submission)
    naming = Naming.of(submissions, assignment)
    for submission in submissions:
        label = submission.found.label
        named = naming.named(label)
        submission.evidence["path"] = named.certain
        submission.evidence["shared_name"] = named.shared
        if not any(submission.evidence.values()):
            submission.evidence["path"] = naming.of_team(label)
        _decide(submission, chosen.get(label), assignment)
    earlier = earlier or {}
    _judge_archives(submissions, naming, assignment, earlier, due)
    judge_lots(submissions, assignment)
    _judge_places(submissions, assignment, earlier)
    return submissions


def marks_in(notebook: Notebook, assignment: Assignment) -> dict[str, list[str]]:
    """The students at whom the marks point that were handed out with a notebook; the members of a team share a seed."""
    variants = assignment.variants.values()
    copy = notebook.about.get("copy")
    return {
        "copy": [one.student_id for one in variants if one.copy_id == copy],
        "seed": [one.student_id for seed in notebook.seeds for one in variants if one.seed == seed],
    }


@dataclass(frozen=True)
class Naming:
    """What of a download's paths names whom: how the archive,
    the folders or the files of a whole class are called does not.
    """

    names: dict[str, set[str]]  # what a path may call a student → the students so called
    teams: dict[str, set[str]]  # what it may call a team → one of its members
    of_classes: set[str]  # archives and folders in which a class or a section lies
    exercise: str  # with it begins the name that everybody's notebook was given

    @classmethod
    def of(cls, submissions: list[Submission], assignment: Assignment) -> "Naming":
        """By the marks that the files bear, which nobody can make up."""
        roots = {root for root, _ in _lots(submissions, assignment, _archive_of_all(submissions, assignment))}
        shown = defaultdict(set)
        for one in submissions:
            shown[PurePosixPath(one.found.label).parts[0]] |= _shown(one)
        for first, who in shown.items():  # also beside many that were handed in one by one
            if is_archive(first) and len(who) >= FEWEST_AT_ONCE and not of_one_team(who, assignment):
                roots.add(first)
        naming = cls(names_of(assignment), teams_of(assignment), roots, assignment.exercise)
        says = defaultdict(set)  # word → who hands in files whose paths have it
        hands = set()
        for one in submissions:
            who = _shown(one)
            if of_one_team(who, assignment):
                hand = assignment.together(min(who))[0]
                hands.add(hand)
                for word in _words_of(naming.telling(one.found.label), naming.names):
                    says[word].add(hand)
        for word, who in says.items():
            if len(who) >= FEWEST_AT_ONCE and 2 * len(who) > len(hands):
                naming.names.pop(word, None)
                naming.teams.pop(word, None)
        return naming

    def telling(self, label: str) -> str:
        """What of a path may name a student."""
        path = PurePosixPath(label)
        root = next((one for one in (path, *path.parents) if str(one) in self.of_classes), PurePosixPath())
        # 06_customer_pyramid_01 names the first of a class who are numbered, and not the sixth
        return re.sub(rf"(?<![^\W_]){re.escape(self.exercise)}_", "", str(path.relative_to(root)))

    def named(self, label: str) -> "Named":
        return named_in(self.telling(label), self.names)

    def of_team(self, label: str) -> list[str]:
        return named_in(self.telling(label), self.teams).certain


def _archive_of_all(submissions: list[Submission], assignment: Assignment) -> str:
    """The archive in which all of several students' files lie."""
    first = {PurePosixPath(one.found.label).parts[0] for one in submissions}
    alone = len(first) == 1 and is_archive(min(first))
    return min(first) if alone and not of_one_team(_shown_in(submissions), assignment) else ""


@dataclass(frozen=True)
class Rules:
    """What ``[whose]`` of the settings says: label → student; and the lines of it that name no file, or several."""

    chosen: dict[str, str]
    none: list[str]
    several: dict[str, list[str]]


def rules(whose: dict[str, str], found: Iterable[Found]) -> Rules:
    """A line names one file, by its label or, where no other file is called so, by its name alone."""
    labels = defaultdict(list)
    for one in found:
        labels[one.label].append(one.label)
        if one.name != one.label:
            labels[one.name].append(one.label)
    read = Rules({}, [], {})
    for named, student in whose.items():
        meant = [named] if named in labels[named] else labels[named]
        if len(meant) == 1:
            read.chosen[meant[0]] = student
        elif meant:
            read.several[named] = meant
        else:
            read.none.append(named)
    return read


def _judge_archives(
    submissions: list[Submission],
    naming: Naming,
    assignment: Assignment,
    earlier: Mapping[str, str],
    due: datetime | None,
) -> None:
    """In a folder lie archives of a platform and archives that students have made;
    the latter's dates are the students' own.

    So may be those of an archive that is taken in by itself and holds the work of one or two: nobody knows who packed
    it.

    An archive is a platform's where its notebooks are shown by strong evidence to be of several students, not of one
    team, its own name names none, and the folder is not one of single hand-ins: more students are in the archive alone
    than stand elsewhere by themselves, or stood so in an earlier grading. A name can be made up, and a classmate's copy
    put in. What an archive of somebody's holds of another student, who hands in elsewhere or is only named there, is
    not that student's hand-in.
    """
    _judge_alone(submissions, naming, assignment, earlier, due)
    within = defaultdict(list)
    loose = set()
    for submission in submissions:
        if submission.found.packed_in:
            within[submission.found.packed_in].append(submission)
        else:
            loose |= _shown(submission)
            submission.path = below_its_archive(submission.found.label)
    shown = {archive: _shown_in(theirs) for archive, theirs in within.items()}
    by_themselves = loose.union(*(who for who in shown.values() if of_one_team(who, assignment)))
    for archive, theirs in within.items():
        below = [below_its_archive(one.found.label) for one in theirs]
        places = Places.of(below, [_shown(one) for one in theirs], earlier, assignment)
        by_themselves |= {who for who in shown[archive] if all(places.elsewhere(who, path) for path in below)}
    made_by_students = {}
    of_platforms = []
    for archive, theirs in within.items():
        named = set(naming.named(archive).certain)
        several = bool(shown[archive]) and not of_one_team(shown[archive], assignment)
        if several and not named and len(shown[archive] - by_themselves) > len(by_themselves):
            for one in theirs:
                one.path = below_its_archive(one.found.label)
                of_platforms.append(one.path)
        else:
            made_by_students[archive] = named or shown[archive]
    forms = forms_of_platforms(of_platforms, earlier)
    for archive, whose in made_by_students.items():
        theirs = within[archive]
        several = bool(shown[archive]) and not of_one_team(shown[archive], assignment)
        together = {member for owner in whose for member in assignment.together(owner)}
        for one in theirs:
            one.path = one.found.label
            _date(one, forms, naming, due)
            chosen = "chosen_by_hand" in one.flags
            hands_in_elsewhere = several and one.student in by_themselves and not chosen
            named_only = together and one.student and one.student not in together and not one.strong
            if hands_in_elsewhere or named_only:
                one.student = None
                one.flags = ["in_anothers_archive"]


def _judge_alone(
    submissions: list[Submission],
    naming: Naming,
    assignment: Assignment,
    earlier: Mapping[str, str],
    due: datetime | None,
) -> None:
    """An archive that is taken in by itself may be one student's own, and not a platform's.

    One of two is taken for a platform's, but told: a classmate's copy is easily put in.
    """
    alone = [one for one in submissions if one.found.packed_when and not one.found.packed_in]
    students = _shown_in(alone) or {one.student for one in alone if one.student}
    hands = {assignment.together(one)[0] for one in students}
    if not hands or len(hands) >= FEWEST_AT_ONCE:
        return
    forms = forms_of_platforms([], earlier)
    for one in alone:
        _date(one, forms, naming, due, several=len(hands) > 1)


def _date(
    one: Submission, forms: set[str], naming: Naming, due: datetime | None, *, several: bool = False
) -> None:
    """An archive's own time counts, for nobody knows whose clock the one within is.

    Where the path is as a platform writes it, the one within counts: the archive's is that of a download. A name can be
    made up, so that either way both times are told where they make a difference.
    """
    path = below_its_archive(one.found.label)
    within, put_there = time_within(one.found), one.found.packed_if_due(due)
    names_its_student = one.student in naming.named(folder_of(path)).certain
    if several or is_named_by_a_platform(one.found, path, forms, names_its_student=names_its_student):
        one.found = replace(one.found, when=within)
        which, other = WITHIN, put_there
    else:
        one.found = replace(one.found, when=put_there)
        which, other = BY_ARCHIVE, within
    if put_there and (within is None or within < put_there):
        one.dated, one.other_when = which, other


def judge_lots(submissions: list[Submission], assignment: Assignment) -> None:
    """What lies among another's files is not the hand-in of a student whose own files stand elsewhere by themselves.

    A classmate's copy is easily passed on, and nothing that one hands in displaces another's work.
    """
    lots = [lot for _, lot in _lots(submissions, assignment)]
    shown = [_shown_in(lot) for lot in lots]
    by_themselves = set().union(*(who for who in shown if of_one_team(who, assignment)))
    for lot, who in zip(lots, shown):
        if len(who) < 2 or of_one_team(who, assignment):
            continue
        for one in lot:
            if one.student in by_themselves and "chosen_by_hand" not in one.flags:
                one.student = None
                one.flags = ["in_anothers_archive"]


def _judge_places(submissions: list[Submission], assignment: Assignment, earlier: Mapping[str, str]) -> None:
    """In whose place a file lies that nothing but its marks gives to a student.

    What lies where another's file lay in an earlier grading, while the student's own lay elsewhere, was passed on.
    """
    paths = [one.path for one in submissions]
    places = Places.of(paths, [_shown(one) for one in submissions], earlier, assignment)
    for one in submissions:
        if one.student is None or one.evidence.get("path") or "chosen_by_hand" in one.flags:
            continue
        one.place = places.place_of(one.path)
        one.folder = places.own_folder(one.path)
        one.moved = places.elsewhere(one.student, one.path)
        if one.moved and places.is_anothers(one.student, one.path):
            one.student = None
            one.flags = ["in_anothers_archive"]


def _lots(
    submissions: list[Submission], assignment: Assignment, root: str = ""
) -> list[tuple[str, list[Submission]]]:
    """What was handed in, parted into what is of one hand: a student's folder or files; each with what a class lies in.

    A folder in which more students stand than beside it by themselves is none of theirs, but a class's or a section's,
    and parted in turn. ``root``: what a wider class lies in; of fewer than three students, a folder may be one's own.
    """
    whose = owners([one.found.label for one in submissions])
    if len(_shown_in(submissions)) >= FEWEST_AT_ONCE and not of_one_team(_shown_in(submissions), assignment):
        root = "/".join(common_folders(whose))
    parts = defaultdict(list)
    for one in submissions:
        parts[whose[one.found.label]].append(one)
    if len(parts) == 1:
        return [(root, [one]) for one in submissions]
    shown = {part: _shown_in(lot) for part, lot in parts.items()}
    by_themselves = set().union(*(who for who in shown.values() if of_one_team(who, assignment)))
    lots = []
    for part, lot in parts.items():
        several = len(shown[part]) > 1 and not of_one_team(shown[part], assignment)
        if several and len(shown[part] - by_themselves) > len(by_themselves):
            lots += _lots(lot, assignment, root)
        else:
            lots.append((root, lot))
    return lots


def _shown_in(lot: Iterable[Submission]) -> set[str]:
    """The students whom the copies or the seeds of these notebooks name."""
    return set().union(*(_shown(one) for one in lot))


def _shown(submission: Submission) -> set[str]:
    """The students whom the copy or the seed of a notebook names."""
    return set(submission.evidence.get("copy", [])) | set(submission.evidence.get("seed", []))


def _opened(found: Found) -> Submission:
    if found.problem:
        return Submission(found, None, found.problem)
    try:
        return Submission(found, read_notebook(found.raw))
    except Refused as refusal:
        return Submission(found, None, refusal.args[0])


def of_one_team(students: set[str], assignment: Assignment) -> bool:
    """Whether these are one student, or some of one team."""
    return bool(students) and students <= set(assignment.together(min(students)))


def _decide(submission: Submission, chosen: str | None, assignment: Assignment) -> None:
    evidence = submission.evidence
    strong = _shown(submission)
    path, shared = set(evidence["path"]), set(evidence["shared_name"])
    if chosen:
        submission.student = chosen
        submission.flags.append("chosen_by_hand")
        if strong and not strong & set(assignment.together(chosen)):
            submission.flags.append("chosen_against_evidence")
    elif "other_assignment" in submission.flags:
        pass
    elif (
        of_one_team(strong, assignment)
        and of_one_team(strong | path, assignment)
        and (not shared or strong & shared)
    ):
        submission.student = _who(path, evidence.get("copy", []), strong)
    elif not strong and of_one_team(path, assignment) and not shared:
        submission.student = min(path)
        if submission.notebook:
            submission.flags.append("named_by_file_only")
    elif strong or path or shared:
        submission.flags.append("disagreement")
    else:
        submission.flags.append("unknown_student")


def _who(path: set[str], copy: list[str], strong: set[str]) -> str:
    """Who of a team has handed it in, as far as can be told; all of it counts for each of them."""
    if len(path) == 1:
        return min(path)
    return copy[0] if copy else min(strong)


def teams_of(assignment: Assignment) -> dict[str, set[str]]:
    """What a path may call a team → one of its members; platforms name a team's hand-in so, and no student."""
    names: dict[str, set[str]] = {}
    for variant in assignment.variants.values():
        if len(plain(variant.team)) >= 2:
            names.setdefault(plain(variant.team), {variant.student_id})
    return names


def names_of(assignment: Assignment) -> dict[str, set[str]]:
    """What a path may call a student → the students so called."""
    names = defaultdict(set)
    for variant in assignment.variants.values():
        for word in (variant.student_id, variant.folder, *variant.platform.values()):
            names[plain(word)].add(variant.student_id)
        if len(plain(variant.name)) >= 2:
            names[plain(variant.name)].add(variant.student_id)
            names[plain("".join(reversed(variant.name.split())))].add(variant.student_id)
    return names


def plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


@dataclass(frozen=True)
class Named:
    """The students whom a path names: for certain, and those who share a name that nothing else in it settles."""

    certain: list[str]
    shared: list[str]


def named_in(label: str, names: dict[str, set[str]]) -> Named:
    """Students named in a path: by whole words, and by a Chinese name also within a run of characters.

    Two are named for certain where one's file lies in the other's folder.
    """
    whole = plain(label)
    found = {word for word in _words_of(label, names) if word in names}
    found = {word for word in found if not _only_within_others(word, found, whole)}
    certain, shared = set(), set()
    for word in found:
        if len(names[word]) == 1:
            certain |= names[word]
    for word in found:
        if len(names[word]) > 1 and not names[word] & certain:
            shared |= names[word]
    return Named(sorted(certain), sorted(shared))


LATE_ON_CANVAS = re.compile(r"_LATE_\d+_\d+_")  # how Canvas names what came in late
SEPARATORS = re.compile(r"[\s_/\\.()（）\[\]【】,，;&+-]+")
PARTS = re.compile(r"[/_.]")
CHINESE = re.compile(r"[\u3400-\u9fff]")


def _words_of(label: str, names: dict[str, set[str]]) -> set[str]:
    """What a path may be read to say: its words, its parts alone and two by two, long numbers, Chinese names in it."""
    label = without_copy_number(label)
    whole = plain(label)
    parts = PARTS.split(label)
    words = {plain(word) for word in SEPARATORS.split(unicodedata.normalize("NFKC", label))}
    words |= {plain(part) for part in parts}
    words |= {plain(one + other) for one, other in zip(parts, parts[1:])}
    words |= {name for name in names if CHINESE.search(name) and name in whole}
    words |= set(re.findall(r"\d{5,}", label))
    return words


def _only_within_others(word: str, found: set[str], whole: str) -> bool:
    """Whether a name stands in the path only as a part of longer ones: 王明 within 王明明 names nobody of its own."""
    within = sum(whole.count(other) for other in found if other != word and word in other)
    return whole.count(word) <= within


def apart(submissions: list[Submission]) -> list[Submission]:
    """The first of each place, of those that bear the marks that were handed out: nothing else says whose these are."""
    first = {}
    for one in submissions:
        if one.notebook and one.strong:
            first.setdefault(one.place, one)
    return list(first.values())


def newest(submissions: list[Submission]) -> list[Submission]:
    """One student's submissions, the one to grade first: readable, known by more than its path, latest, last copy.

    When is what the platform's archive says of the file; the receipt's own clock only decides between equals.
    """

    def key(submission: Submission):
        moment = submission.when.timestamp() if submission.when else 0.0
        receipt = str((submission.found.receipt or {}).get("when", ""))
        return (
            submission.notebook is not None,
            submission.strong,
            moment,
            submission.copy_number,
            receipt,
            submission.found.sha256,
        )

    return sorted(submissions, key=key, reverse=True)


def in_order(submissions: list[Submission], leader: str | None) -> list[Submission]:
    """The one to grade first; what can be read of the member who was named comes before all others."""
    order = newest(submissions)
    if leader is None:
        return order
    return sorted(order, key=lambda one: (one.notebook is None, one.student != leader))
