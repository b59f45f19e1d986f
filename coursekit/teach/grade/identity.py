"""Whose submission is this? Evidence is collected and compared; where it disagrees it is flagged, never guessed."""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from coursekit.teach.assign.assignment import Assignment

from .intake import Found, Notebook, Refused, read_notebook


@dataclass
class Submission:
    """A notebook that was handed in, whose it is, and why that is believed."""

    found: Found
    notebook: Notebook | None
    problem: str | None = None  # why the notebook cannot be read
    student: str | None = None
    evidence: dict[str, list[str]] = field(default_factory=dict)  # kind → students it points at
    flags: list[str] = field(default_factory=list)

    @property
    def when(self) -> datetime | None:
        return self.found.when

    @property
    def copy_number(self) -> int:
        """The 2 of “… (2).ipynb”: how browsers and platforms name a later copy."""
        numbers = re.findall(r"[\s_-]?\((\d{1,3})\)(?=\.|$|/)|-(\d)(?=\.ipynb$)", self.found.label)
        return max((int(a or b) for a, b in numbers), default=0)


def identify(found: list[Found], assignment: Assignment, chosen: dict[str, str]) -> list[Submission]:
    """Every notebook with its student, where the evidence names exactly one.

    Strong: the copy's own id and the injected seed, which nobody can make up for another student without the secret,
    but which come along when a file is passed on. Weak: ids, platform numbers and names in the file's path and the
    receipt. A notebook whose strong evidence names one student and whose path names others is flagged
    ``disagreement`` and not graded until ``chosen`` (label → student id) says whose it is.
    """
    by_copy = {v.copy_id: v.student_id for v in assignment.variants.values()}
    by_seed = {v.seed: v.student_id for v in assignment.variants.values()}
    names = names_of(assignment)
    submissions = []
    for one in found:
        try:
            notebook, problem = read_notebook(one.raw), None
        except Refused as refusal:
            notebook, problem = None, refusal.args[0]
        submission = Submission(one, notebook, problem)
        evidence = submission.evidence
        if notebook:
            evidence["copy"] = (
                [by_copy[notebook.about["copy"]]] if notebook.about.get("copy") in by_copy else []
            )
            evidence["seed"] = [by_seed[s] for s in notebook.seeds if s in by_seed]
            if notebook.about.get("assignment", assignment.assignment) != assignment.assignment:
                submission.flags.append("other_assignment")
        evidence["path"], evidence["shared_name"] = named_in(one.label, names)
        _decide(submission, chosen.get(one.label) or chosen.get(one.name))
        submissions.append(submission)
    return submissions


def _decide(submission: Submission, chosen: str | None) -> None:
    evidence = submission.evidence
    strong = set(evidence.get("copy", [])) | set(evidence.get("seed", []))
    path, shared = set(evidence["path"]), set(evidence["shared_name"])
    if chosen:
        submission.student = chosen
        submission.flags.append("chosen_by_hand")
    elif "other_assignment" in submission.flags:
        pass
    elif len(strong) == 1 and (not path or path == strong) and (not shared or strong <= shared):
        submission.student = next(iter(strong))
    elif not strong and len(path) == 1 and not shared:
        submission.student = next(iter(path))
        if submission.notebook:
            submission.flags.append("named_by_file_only")
    elif strong or path or shared:
        submission.flags.append("disagreement")
    else:
        submission.flags.append("unknown_student")


def names_of(assignment: Assignment) -> dict[str, set[str]]:
    """What a path may call a student → the students so called."""
    names = defaultdict(set)
    for variant in assignment.variants.values():
        for word in (variant.student_id, variant.folder, *variant.platform.values()):
            names[_plain(word)].add(variant.student_id)
        if len(_plain(variant.name)) >= 2:
            names[_plain(variant.name)].add(variant.student_id)
            names[_plain("".join(reversed(variant.name.split())))].add(variant.student_id)
    return names


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def named_in(label: str, names: dict[str, set[str]]) -> tuple[list[str], list[str]]:
    """Students named in a path: by whole words, and by a Chinese name also within a run of characters.

    First those named for certain: two, where one's file lies in the other's folder. Then those who share a name that
    nothing else in the path settles.
    """
    words = {
        _plain(w) for w in re.split(r"[\s_/\\.()（）\[\]【】,，;&+-]+", unicodedata.normalize("NFKC", label))
    }
    parts = re.split(r"[/_.]", label)
    words |= {_plain(part) for part in parts} | {
        _plain(" ".join(parts[i : i + 2])) for i in range(len(parts))
    }
    run = _plain(label)
    words |= {name for name in names if re.search(r"[\u3400-\u9fff]", name) and name in run}
    words |= set(re.findall(r"\d{5,}", label))
    found = {w for w in words if w in names}
    # 王明 within 王明明 names nobody of its own
    found = {w for w in found if run.count(w) > sum(run.count(o) for o in found if w != o and w in o)}
    certain = set().union(*(names[w] for w in found if len(names[w]) == 1))
    shared = set().union(*(names[w] for w in found if len(names[w]) > 1 and not names[w] & certain))
    return sorted(certain), sorted(shared)


def newest(submissions: list[Submission]) -> list[Submission]:
    """One student's submissions, the one to grade first: readable before unreadable, then latest, then last copy.

    When is what the platform's archive says of the file; the receipt's own clock only decides between equals.
    """

    def key(submission: Submission):
        moment = submission.when.timestamp() if submission.when else 0.0
        receipt = str((submission.found.receipt or {}).get("when", ""))
        return (
            submission.notebook is not None,
            moment,
            submission.copy_number,
            receipt,
            submission.found.sha256,
        )

    return sorted(submissions, key=key, reverse=True)
