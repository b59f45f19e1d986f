"""The course as its sources say it, read once in a process: several files ask,
and reading takes a second and a half.
"""

from functools import cache

from places import ROOT

from coursekit.lessons.build import read_lessons
from coursekit.publish.reference import pages

LESSONS = read_lessons(ROOT / "lessons")


@cache
def printed_pages() -> dict[str, str]:
    """Every generated page of docs/ as the sources say it now, by its path."""
    return pages(ROOT)
