"""Packs: an instructor's own exercises, kept outside the repository. A new one, and a look at what students would get."""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from coursekit.lessons.exercise import Exercise, compare, load_exercise
from coursekit.messages import KitError, message
from crmkit.answers.shown import preview as in_words
from crmkit.core.language import get_language, in_language

CHECKED_SEEDS = 30


def new_exercise(folder: Path) -> Path:
    """A pack that builds and passes its own checks, with a question of every kind, to be rewritten; the source's path."""
    slug = re.sub(r"\W+", "_", folder.name.casefold()).strip("_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        raise KitError("pack_name", value=folder.name)
    if folder.exists() and any(folder.iterdir()):
        raise KitError("out_not_empty", value=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    held = files("coursekit.teach.assign") / "template"
    source = folder / f"{slug}.md"
    source.write_text((held / "exercise.md").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "README.md").write_text(
        (held / "guide.md").read_text(encoding="utf-8").replace("SLUG", slug), encoding="utf-8"
    )
    return source


@dataclass(frozen=True)
class Difficulty:
    """How a question varies between students. Shares of 0 to 1.

    ``different``: distinct right answers ÷ students tried; ``guess``: of a choice, the share of the commonest answer;
    ``of_others``: the share of other students' right answers that would count as right here (a number: too wide a
    tolerance, or data that hardly differ).
    """

    question: str
    kind: str
    different: float
    guess: float | None
    of_others: float


def difficulties(exercise: Exercise, seeds) -> list[Difficulty]:
    """``Difficulty`` of every question but texts, over these seeds."""
    rights = [exercise.right_answers(seed) for seed in seeds]
    found = []
    for name, question in exercise.questions.items():
        if question["kind"] == "text":
            continue
        answers = [right[name] for right in rights]
        texts = [repr(a) for a in answers]
        others = [
            compare(question, b, a).score == 1
            for i, a in enumerate(answers)
            for j, b in enumerate(answers)
            if i != j
        ]
        guess = max(map(texts.count, texts)) / len(texts) if question["kind"] == "choice" else None
        found.append(
            Difficulty(
                name,
                question["kind"],
                len(set(texts)) / len(texts),
                guess,
                sum(others) / len(others) if others else 0.0,
            )
        )
    return found


def doubts(found: list[Difficulty]) -> list[str]:
    """What an instructor should look at, in the user's language."""
    said = []
    for one in found:
        if one.kind == "choice" and one.guess is not None and one.guess > 0.8:
            said.append(message("preview_guess", question=one.question, share=f"{one.guess:.0%}"))
        elif one.kind != "choice" and one.of_others > 0.05:
            said.append(message("preview_others", question=one.question, share=f"{one.of_others:.0%}"))
    return said


def preview(source: Path, students: int) -> list[str]:
    """Print the variants of some students side by side, the right answers, and how much they vary; lines said at the end."""
    from rich.console import Console
    from rich.table import Table

    exercise = load_exercise(source)
    seeds = range(1, students + 1)
    console = Console()
    table = Table(title=in_language(exercise.lesson.titles["zh"], exercise.lesson.titles["en"]))
    table.add_column("")
    for seed in seeds:
        table.add_column(f"seed {seed}", overflow="fold")
    variants = list(exercise.parameters_of(seeds))
    for key in variants[0]:
        table.add_row(f"[dim]{key}[/dim]", *(_short(v.get(key)) for v in variants))
    table.add_section()
    rights = [exercise.right_answers(seed) for seed in seeds]
    for name, question in exercise.questions.items():
        if question["kind"] != "text":
            table.add_row(
                name, *(in_words(question, right[name])[get_language() == "en"] for right in rights)
            )
    console.print(table)
    found = difficulties(exercise, range(1, CHECKED_SEEDS + 1))
    table = Table(title=message("preview_title", count=CHECKED_SEEDS, between=" "))
    for key in ("question", "kind", "different", "guessed", "of_others"):
        table.add_column(
            message(f"preview_{key}"), justify="left" if key in ("question", "kind") else "right"
        )
    for one in found:
        table.add_row(
            one.question,
            one.kind,
            f"{one.different:.0%}",
            "—" if one.guess is None else f"{one.guess:.0%}",
            f"{one.of_others:.0%}",
        )
    console.print(table)
    return doubts(found) or [message("preview_fine", count=CHECKED_SEEDS)]


def _short(value) -> str:
    if hasattr(value, "shape"):
        return "×".join(map(str, value.shape))
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
