"""Packs: an instructor's own exercises, kept outside the repository. A new one,
and a look at what students would get.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

from coursekit.lessons.exercise import Exercise, SolutionError, compare, load_exercise
from coursekit.messages import MESSAGES, KitError
from crmkit.answers.shown import preview as in_words
from crmkit.core.language import get_language, in_language
from crmkit.display.numbers import percent

from .data_hash import data_hash

if TYPE_CHECKING:
    from rich.table import Table

CHECKED_SEEDS = 30
FOLLOWED_SEED = 1  # on whose data the solution is tried with answers that are a little wrong


def new_exercise(folder: Path) -> Path:
    """A pack that builds and passes its own checks, with a question of every kind, to be rewritten;
    the source's path.
    """
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


def difficulties(exercise: Exercise, seeds: Iterable[int]) -> list[Difficulty]:
    """``Difficulty`` of every question but texts, over these seeds."""
    return _difficulties_of(exercise, [exercise.right_answers(seed) for seed in seeds])


def _difficulties_of(exercise: Exercise, rights: Sequence[dict]) -> list[Difficulty]:
    return [
        difficulty(question, [right[name] for right in rights])
        for name, question in exercise.questions.items()
        if question["kind"] != "text"
    ]


def difficulty(question: dict, answers: list) -> Difficulty:
    """How the right answers of one question vary."""
    texts = [repr(answer) for answer in answers]
    commonest = max(map(texts.count, texts)) / len(texts)
    pairs = list(permutations(answers, 2))
    agreeing = sum(compare(question, theirs, mine).score == 1 for mine, theirs in pairs)
    return Difficulty(
        question=question["id"],
        kind=question["kind"],
        different=len(set(texts)) / len(texts),
        guess=commonest if question["kind"] == "choice" else None,
        of_others=agreeing / len(pairs) if pairs else 0.0,
    )


def doubts(found: list[Difficulty]) -> list[str]:
    """What an instructor should look at, in the user's language."""
    said = []
    for one in found:
        if one.kind == "choice" and one.guess is not None and one.guess > 0.8:
            said.append(MESSAGES.say("preview_guess", question=one.question, share=percent(one.guess, 0)))
        elif one.kind != "choice" and one.of_others > 0.05:
            said.append(
                MESSAGES.say("preview_others", question=one.question, share=percent(one.of_others, 0))
            )
    return said


def require_sound(exercise: Exercise, rights: Sequence[dict], variants: Sequence[str]) -> None:
    """Refuse a pack that gives everybody the same, or each time something else,
    or whose solution fails on answers that are a little wrong.

    ``rights``: right answers of the seeds from 1 on; ``variants``: hashes of their data. Errors: KitError.
    """
    # in the other order, for what one seed gives must not rest on which came before it
    seeds = range(len(variants), 0, -1)
    for seed, data in zip(seeds, exercise.parameters_of(seeds)):
        if data_hash(data) != variants[seed - 1]:
            raise KitError("pack_other_data", value=exercise.slug, seed=seed)
    if not any(question.get("weight", 1) for question in exercise.questions.values()):
        raise KitError("pack_no_weight", value=exercise.slug)
    if len(variants) > 1 and len(set(variants)) == 1:
        raise KitError("pack_one_variant", value=exercise.slug)
    for name, question in exercise.questions.items():
        answers = [right[name] for right in rights]
        if question["kind"] in ("text", "choice") or len(answers) < 2:
            continue  # a choice has few answers, and two students may well have the same
        if all(compare(question, other, answers[0]).score == 1 for other in answers[1:]):
            raise KitError("pack_one_answer", value=name, pack=exercise.slug)
    rests_on = {other for question in exercise.questions.values() for other in question.get("depends_on", [])}
    given = {name: _a_little_wrong(rights[0][name]) for name in exercise.questions if name in rests_on}
    if given:
        try:
            exercise.right_answers(FOLLOWED_SEED, given)
        except SolutionError as problem:
            raise KitError(
                "pack_follow_through", value=exercise.slug, names=", ".join(given), why=str(problem)
            ) from None


def _a_little_wrong(answer: object) -> object:
    """The answer of somebody who has made a mistake on the way: every number a tenth larger, else as it is."""
    if isinstance(answer, bool) or not isinstance(answer, (int, float, dict)):
        return answer
    if not isinstance(answer, dict):
        return float(answer) * 1.1
    if "rows" not in answer:
        return answer
    rows = []
    for row in answer["rows"]:
        rows.append([cell * 1.1 if type(cell) in (int, float) else cell for cell in row])
    return {**answer, "rows": rows}


def preview(source: Path, students: int) -> list[str]:
    """Print the variants of some students side by side, the right answers, and how much they vary;
    lines said at the end.
    """
    from rich.console import Console

    exercise = load_exercise(source)
    seeds = range(1, CHECKED_SEEDS + 1)
    rights = [exercise.right_answers(seed) for seed in seeds]
    found = _difficulties_of(exercise, rights)
    console = Console()
    console.print(_table_of_variants(exercise, range(1, students + 1)))
    console.print(_table_of_difficulties(found))
    require_sound(exercise, rights, [data_hash(data) for data in exercise.parameters_of(seeds)])
    return doubts(found) or [MESSAGES.say("preview_fine", count=CHECKED_SEEDS)]


def _table_of_variants(exercise: Exercise, seeds: Sequence[int]) -> "Table":
    from rich.table import Table

    table = Table(title=in_language(exercise.lesson.titles["zh"], exercise.lesson.titles["en"]))
    table.add_column("")
    for seed in seeds:
        table.add_column(f"seed {seed}", overflow="fold")
    variants = list(exercise.parameters_of(seeds))
    for key in variants[0]:
        table.add_row(f"[dim]{key}[/dim]", *(_short(variant.get(key)) for variant in variants))
    table.add_section()
    rights = [exercise.right_answers(seed) for seed in seeds]
    for name, question in exercise.questions.items():
        if question["kind"] != "text":
            table.add_row(name, *(_in_words(question, right[name]) for right in rights))
    return table


def _in_words(question: dict, answer) -> str:
    zh, en = in_words(question, answer)
    return en if get_language() == "en" else zh


def _table_of_difficulties(found: list[Difficulty]) -> "Table":
    from rich.table import Table

    table = Table(title=MESSAGES.say("preview_title", count=CHECKED_SEEDS, between=" "))
    for key in ("question", "kind", "different", "guessed", "of_others"):
        justify = "left" if key in ("question", "kind") else "right"
        table.add_column(MESSAGES.say(f"preview_{key}"), justify=justify)
    for one in found:
        table.add_row(
            one.question,
            one.kind,
            percent(one.different, 0),
            "—" if one.guess is None else percent(one.guess, 0),
            percent(one.of_others, 0),
        )
    return table


def _short(value) -> str:
    if hasattr(value, "shape"):
        return "×".join(map(str, value.shape))
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
