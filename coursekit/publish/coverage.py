"""docs/coverage.md: framework → the lessons, models, plots, exercise items and tests that teach it,
and what is missing.

What a framework is taught by stands in docs/coverage.toml; whether it is there is read off the lessons and models.toml.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from coursekit.lessons.build import coverage as lessons_by_framework
from coursekit.lessons.source import FRAMEWORKS, Lesson

PARTS = ("lesson", "model", "plot", "item", "test")


@dataclass(frozen=True)
class Taught:
    """What teaches one framework; ``reasons``: part → why it is empty, in each language.

    ``uncalled`` are models of the framework that are built and tested and that none of its lessons calls.
    """

    slug: str
    lessons: tuple[str, ...]
    models: tuple[str, ...]
    plots: tuple[str, ...]
    items: tuple[str, ...]
    asked_by: str
    tests: tuple[str, ...]
    uncalled: dict[str, dict[str, str]]  # model → why, in both languages
    reasons: dict[str, dict[str, str]]

    def holes(self) -> list[str]:
        """The parts that are empty; without a model there is nothing to test, so that this is one hole."""
        found = dict(zip(PARTS, (self.lessons, self.models, self.plots, self.items, self.tests), strict=True))
        empty = [part for part, there in found.items() if not there]
        if "model" in empty and "test" in empty:
            empty.remove("test")
        return empty


def code_of(lesson: Lesson) -> str:
    """All code of a lesson and of its exercise, solution included."""
    cells = (*lesson.cells, *lesson.exercise)
    return "\n".join(cell.source for cell in cells if cell.kind == "code")


def read_coverage(folder: Path, lessons: Iterable[Lesson], models: dict) -> list[Taught]:
    """The frameworks in their order, each with what is really there.

    A model or a plot counts where the code of a lesson that teaches the framework uses it, an item where the exercise
    of the lesson named asks it, a test where models.toml names it for one of these models.
    """
    said = tomllib.loads((folder / "coverage.toml").read_text(encoding="utf-8"))
    lessons = list(lessons)
    by_slug = {lesson.slug: lesson for lesson in lessons}
    taught_in = lessons_by_framework(lessons)
    found = []
    for slug in FRAMEWORKS:
        entry = said.get(slug, {})
        code = "\n".join(code_of(by_slug[name]) for name in taught_in[slug])
        named = entry.get("models") or models_of(slug, models)
        used = tuple(name for name in named if is_used(name, code))
        asked_by = entry.get("asked_by", "")
        asked = {question["id"] for question in by_slug[asked_by].questions} if asked_by in by_slug else set()
        found.append(
            Taught(
                slug=slug,
                lessons=tuple(taught_in[slug]),
                models=used,
                plots=tuple(name for name in entry.get("plots", []) if is_used(f"plots.{name}", code)),
                items=tuple(name for name in entry.get("items", []) if name in asked),
                asked_by=asked_by,
                tests=tests_of(used, models),
                uncalled={
                    name: entry.get("uncalled", {}).get(name, {}) for name in named if name not in used
                },
                reasons=entry.get("holes", {}),
            )
        )
    return found


def is_used(name: str, code: str) -> bool:
    """Whether code says this name, as a whole word."""
    return re.search(rf"(?<![\w]){re.escape(name)}(?!\w)", code) is not None


def functions_of(entry: dict) -> list[str]:
    """The functions that an entry of models.toml says compute it."""
    return re.findall(r"`(\w+)", entry["computed_by"])


def models_of(slug: str, models: dict) -> list[str]:
    """The functions that compute a framework, each once."""
    number = f"F{FRAMEWORKS.entry(slug)['number']}"
    names = []
    for entry in models["framework"]:
        if re.match(r"F\d+", entry["about"]).group() == number:
            names += functions_of(entry)
    return list(dict.fromkeys(names))


def tests_of(names: Iterable[str], models: dict) -> tuple[str, ...]:
    """The tests that models.toml names for any of these functions."""
    wanted = set(names)
    found: list[str] = []
    for entry in models["framework"]:
        if wanted & set(functions_of(entry)):
            found += entry.get("tests", [])
    return tuple(dict.fromkeys(found))
