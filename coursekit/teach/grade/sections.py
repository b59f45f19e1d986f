"""The same class page and gradebooks for each section of the roster, a folder each."""

import re
from dataclasses import replace
from pathlib import Path

from coursekit.messages import MESSAGES

from .class_report import write_class_report
from .gradebooks import write_grades
from .graded import Grading

FOLDER = "sections"


def write_sections(out: Path, grading: Grading) -> str:
    """A folder a section below ``sections/``; gives what the command says of them. Who has none is in none of them."""
    variants = grading.about.variants
    names = sorted({variants[student].section for student in grading.graded} - {""})
    taken: set[str] = set()
    for name in names:
        graded = {s: mine for s, mine in grading.graded.items() if variants[s].section == name}
        theirs = replace(grading, graded=graded)
        folder = out / FOLDER / free_name(name, taken)
        folder.mkdir(parents=True, exist_ok=True)
        write_class_report(folder, theirs, section=name)
        write_grades(folder, theirs)
    said = "grade_sections" if names else "grade_no_sections"
    return MESSAGES.say(said, count=len(names), folder=out / FOLDER)


def free_name(section: str, taken: set[str]) -> str:
    """A section's name as one of a folder that every system takes, and that no other section has."""
    safe = re.sub(r"[^\w-]", "_", section) or "_"
    name = safe
    number = 1
    while name.casefold() in taken:
        number += 1
        name = f"{safe}_{number}"
    taken.add(name.casefold())
    return name
