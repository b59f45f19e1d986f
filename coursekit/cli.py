"""The command `crmkit`: its verbs and options. What a verb does is in that verb's module, loaded when the verb runs."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from crmkit.core.errors import CrmkitError
from crmkit.display.setting import set_language

from .messages import MESSAGES, KitError, command
from .processes import without_iri_grammar
from .usage import HELP_OPTIONS, Verb, Verbs, usage_error

app = typer.Typer(
    cls=Verbs,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="cli_about",
    context_settings={"help_option_names": HELP_OPTIONS},
)


def verb(**settings) -> Callable:
    """Declares a function as the verb of its name; ``settings`` are those of typer's context."""

    def declare(function: Callable) -> Callable:
        key = function.__name__.removesuffix("_")
        context = {"help_option_names": HELP_OPTIONS, **settings}
        app.command(key.replace("_", "-"), cls=Verb, help=f"verb_{key}", context_settings=context)(function)
        return function

    return declare


def verbs() -> list[str]:
    """The verbs, in the order in which help shows them."""
    return [command.name for command in app.registered_commands]


def option(key: str, *names: str, **more):
    """An option whose help is the message ``option_<key>``."""
    return typer.Option(*names, help=f"option_{key}", **more)


def argument(key: str, metavar: str):
    """An argument whose help is the message ``option_<key>``."""
    return typer.Argument(help=f"option_{key}", metavar=metavar)


# ---- what several verbs take

WANTS_AN_EYE = 3  # exit code of a grading that is done, with something in it that somebody should look at

# typer reads literals; that they are what their owners say is tested (tests/client/test_cli.py)
Language = Literal["zh", "en", "both"]

Data = Annotated[str, argument("check_data", "DATA")]
Mapping = Annotated[Path | None, option("mapping", "--mapping", metavar="FILE")]
AsOf = Annotated[str | None, option("as_of", "--as-of", metavar="DATE")]
Sheet = Annotated[str | None, option("sheet", "--sheet", metavar="NAME")]
DropDuplicates = Annotated[bool, option("drop_duplicates", "--drop-duplicates")]
Answers = Annotated[list[str] | None, option("answer", "--answer", metavar="CODE=READING")]
Folder = Annotated[Path | None, argument("folder", "DIR")]
Scenario = Annotated[str, option("game_scenario", "--scenario", metavar="NAME")]
Level = Annotated[Literal["easy", "normal", "hard"], option("game_level", "--level")]
Quarters = Annotated[int, option("game_quarters", "--quarters", min=1, max=40, metavar="N")]
Customers = Annotated[int, option("game_customers", "--customers", min=0, metavar="N")]
PageLang = Annotated[Language, option("game_lang", "--lang")]


def speak(lang: str | None) -> None:
    """What is printed from now on is in this language; None: in the system's, as before."""
    if lang is not None:
        set_language(lang)


# ---- the verbs, in the order in which help shows them


@verb()
def open_(
    folder: Folder = None,
    lang: Annotated[Language | None, option("open_lang", "--lang")] = None,
    no_browser: Annotated[bool, option("no_browser", "--no-browser")] = False,
    port: Annotated[int | None, option("port", "--port", min=1, max=65535, metavar="N")] = None,
):
    from .learn.lab import open_lab
    from .learn.workspace import language_of

    speak(lang or language_of(folder))
    return open_lab(folder, lang=lang, browser=not no_browser, port=port)


@verb()
def run(
    data: Annotated[str | None, argument("data", "DATA")] = None,
    lang: Annotated[Language, option("run_lang", "--lang")] = "both",
    out: Annotated[Path | None, option("out", "--out", metavar="DIR")] = None,
    mapping: Mapping = None,
    as_of: AsOf = None,
    parameters: Annotated[
        list[str] | None, option("parameter", "-p", "--parameter", metavar="NAME=VALUE")
    ] = None,
    sheet: Sheet = None,
    drop_duplicates: DropDuplicates = False,
    answer: Answers = None,
):
    from .client.run import run

    return run(
        data,
        lang=lang,
        out=out,
        mapping=mapping,
        as_of=as_of,
        parameters=parameters or [],
        sheet=sheet,
        drop_duplicates=drop_duplicates,
        answers=answer or (),
    )


@verb()
def check(
    data: Data,
    mapping: Mapping = None,
    as_json: Annotated[bool, option("json", "--json")] = False,
    as_of: AsOf = None,
    sheet: Sheet = None,
    drop_duplicates: DropDuplicates = False,
    out: Annotated[Path | None, option("check_out", "--out", metavar="DIR")] = None,
    answer: Answers = None,
):
    from .client.check import check

    return check(
        data,
        mapping=mapping,
        as_json=as_json,
        as_of=as_of,
        sheet=sheet,
        drop_duplicates=drop_duplicates,
        out=out,
        answers=answer or (),
    )


@verb()
def reset(
    lesson: Annotated[str, argument("lesson", "LESSON")],
    folder: Folder = None,
):
    from .learn.workspace import language_of, reset

    speak(language_of(folder))
    for line in reset(lesson, folder):
        print(line)


@verb()
def build(check: Annotated[bool, option("build_check", "--check")] = False):
    from .lessons.build import build
    from .publish.reference import build as build_reference

    return build(check=check) or build_reference(check=check)


@verb()
def new_exercise(folder: Annotated[Path, argument("new_folder", "DIR")]):
    from .teach.assign.packs import new_exercise

    source = new_exercise(folder)
    print(MESSAGES.say("new_exercise_done", folder=folder, source=source.name))


@verb()
def preview(
    exercise: Annotated[str, argument("exercise", "EXERCISE")],
    students: Annotated[int, option("students", "--students", min=1, max=30, metavar="N")] = 5,
):
    from .teach.assign.assign import find_exercise
    from .teach.assign.packs import preview

    for line in preview(find_exercise(exercise), students):
        print(line)


@verb()
def assign(
    exercise: Annotated[str, argument("exercise", "EXERCISE")],
    roster: Annotated[Path, option("roster", "--roster", metavar="FILE")],
    out: Annotated[Path, option("assign_out", "--out", metavar="DIR")],
    lang: Annotated[Literal["roster", "zh", "en", "both"], option("assign_lang", "--lang")] = "roster",
    due: Annotated[str | None, option("due", "--due", metavar="DATE")] = None,
    feedback: Annotated[Literal["form", "practice"], option("feedback", "--feedback")] = "form",
    sheet: Sheet = None,
    statement: Annotated[bool, option("assign_statement", "--statement")] = False,
    section: Annotated[list[str] | None, option("assign_section", "--section", metavar="NAME")] = None,
):
    from .teach.assign.assign import assign

    said = assign(
        exercise,
        roster=roster,
        out=out,
        lang=lang,
        due=due,
        feedback=feedback,
        sheet=sheet,
        sections=section or (),
        statement=statement,
    )
    for line in said:
        print(line)


@verb()
def grade(
    submissions: Annotated[Path, argument("submissions", "SUBMISSIONS")],
    assignment: Annotated[Path, option("assignment", "--assignment", metavar="DIR")],
    out: Annotated[Path, option("grade_out", "--out", metavar="DIR")],
    jobs: Annotated[int, option("jobs", "--jobs", min=1, max=64, metavar="N")] = 2,
    only: Annotated[list[str] | None, option("only", "--only", metavar="ID")] = None,
    trust: Annotated[bool, option("trust", "--trust")] = False,
    second_seed: Annotated[bool, option("second_seed", "--second-seed")] = False,
    release: Annotated[bool, option("release", "--release")] = False,
    by_section: Annotated[bool, option("by_section", "--by-section")] = False,
    accommodations: Annotated[
        Path | None, option("accommodations", "--accommodations", metavar="FILE")
    ] = None,
    seconds: Annotated[float, option("seconds", "--seconds", min=1, metavar="N")] = 60,
):
    from .sandbox.protocol import Limits
    from .teach.grade.grade import grade

    result = grade(
        submissions,
        assignment=assignment,
        out=out,
        jobs=jobs,
        only=only,
        trust=trust,
        second_seed=second_seed,
        release=release,
        by_section=by_section,
        accommodations=accommodations,
        limits=Limits(seconds=seconds),
    )
    return WANTS_AN_EYE if result.wants_an_eye else 0


@verb()
def marks(
    graded: Annotated[list[Path], argument("marks_graded", "DIR")],
    out: Annotated[Path, option("marks_out", "--out", metavar="DIR")],
):
    from .teach.marks.marks import marks

    return WANTS_AN_EYE if marks(graded, out=out).wants_an_eye else 0


@verb()
def batch(
    notebook: Annotated[Path, argument("batch_notebook", "NOTEBOOK")],
    table: Annotated[Path, option("batch_table", "--table", metavar="FILE")],
    out: Annotated[Path, option("batch_out", "--out", metavar="DIR")],
    jobs: Annotated[int, option("batch_jobs", "--jobs", min=1, max=64, metavar="N")] = 2,
    sheet: Sheet = None,
):
    from .client.batch import batch

    return int(
        any(row.state == "failed" for row in batch(notebook, table=table, out=out, jobs=jobs, sheet=sheet))
    )


@verb()
def leaderboard(
    submissions: Annotated[Path, argument("game_submissions", "SUBMISSIONS")],
    scenario: Scenario,
    assignment: Annotated[Path | None, option("game_assignment", "--assignment", metavar="DIR")] = None,
    seed: Annotated[int | None, option("game_seed", "--seed", min=0, metavar="N")] = None,
    level: Level = "normal",
    quarters: Quarters = 8,
    customers: Customers = 0,
    debrief: Annotated[bool, option("game_debrief", "--debrief")] = False,
    out: Annotated[Path, option("game_out", "--out", metavar="DIR")] = Path("leaderboard"),
    jobs: Annotated[int, option("jobs", "--jobs", min=1, max=64, metavar="N")] = 2,
    lang: PageLang = "both",
):
    from crmkit.market.game.game import Setup

    from .teach.game.leaderboard import leaderboard

    if (assignment is None) == (seed is None):
        raise KitError("leaderboard_seed", status=2)
    setup = Setup(scenario=scenario, seed=seed or 0, level=level, quarters=quarters, customers=customers)
    board = leaderboard(
        submissions, setup=setup, assignment=assignment, out=out, jobs=jobs, debrief=debrief, lang=lang
    )
    return WANTS_AN_EYE if board.wants_an_eye else 0


@verb()
def contest(
    submissions: Annotated[Path, argument("contest_submissions", "SUBMISSIONS")],
    scenario: Scenario,
    seeds: Annotated[int, option("contest_seeds", "--seeds", min=2, max=1000, metavar="N")] = 20,
    level: Level = "normal",
    quarters: Quarters = 8,
    customers: Customers = 0,
    secret: Annotated[Path | None, option("contest_secret", "--secret", metavar="FILE")] = None,
    assignment: Annotated[Path | None, option("contest_assignment", "--assignment", metavar="DIR")] = None,
    seconds: Annotated[float, option("contest_seconds", "--seconds", min=1, metavar="N")] = 10,
    out: Annotated[Path, option("game_out", "--out", metavar="DIR")] = Path("contest"),
    jobs: Annotated[int, option("jobs", "--jobs", min=1, max=64, metavar="N")] = 2,
    lang: PageLang = "both",
):
    from crmkit.market.game.game import Setup

    from .teach.game.contest import contest

    setup = Setup(scenario=scenario, seed=0, level=level, quarters=quarters, customers=customers)
    result = contest(
        submissions,
        setup=setup,
        seeds=seeds,
        seconds=seconds,
        secret=secret,
        out=out,
        jobs=jobs,
        assignment=assignment,
        lang=lang,
    )
    return WANTS_AN_EYE if result.wants_an_eye else 0


@verb(ignore_unknown_options=True)  # what follows `test` is pytest's, also when it looks like an option
def test(args: Annotated[list[str] | None, argument("pytest", "ARGS")] = None):
    from .testing import test

    return test(args or [])


@verb()
def bench(name: Annotated[str | None, argument("benchmark", "NAME")] = None):
    from .testing import bench

    return bench(name)


def run_verb(arguments: list[str]) -> int:
    """Run the verb that the arguments name; KitError, with status 2, where they are wrongly written."""
    first = arguments[0]
    if not first.startswith("-") and first not in verbs():
        raise KitError("unknown_verb", value=first, allowed=", ".join(verbs()), status=2)
    try:
        return app(arguments, prog_name=command(), standalone_mode=False) or 0
    except typer.TyperException as error:
        written = command() if first.startswith("-") else f"{command()} {first}"
        raise usage_error(error, written) from None


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; the exit code: 0 done, 1 could not be done, 2 wrongly written,
    3 done and something wants an eye.
    """
    without_iri_grammar()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without Chinese shows ? instead of failing
    try:
        return run_verb((sys.argv[1:] if arguments is None else arguments) or ["--help"])
    except CrmkitError as error:
        print(error, file=sys.stderr)
        return getattr(error, "status", 1)
    except BrokenPipeError:  # `crmkit check … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        from .learn.workspace import system_error

        print(system_error(error), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
