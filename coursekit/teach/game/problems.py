"""The files and games that somebody should look at: for the instructor, and not for the class."""

from pathlib import Path

from coursekit.messages import MESSAGES
from coursekit.teach.pages import part, words_in, write_page
from coursekit.teach.tables import capped, write_csv
from crmkit.core.language import WRITTEN, written_in

from .submissions import Problem


def write_problems(out: Path, problems: list[Problem], lang: str) -> list[str]:
    """``problems.csv`` and ``problems.html``; the line that the command says of them, if there are any."""
    problems = capped(problems, lambda one: one.student or _folder(one.file), _more_of_these)
    rows = []
    for problem in problems:
        details = [in_words(problem.detail, one) for one in WRITTEN]
        meaning = " ".join(MESSAGES.pair(f"game_why_{problem.reason}"))
        detail = " ".join(dict.fromkeys(details))
        rows.append([problem.reason, problem.file, problem.student, detail, meaning])
    write_csv(out / "problems.csv", ["what", "file", "student_id", "detail", "meaning"], rows)
    languages = written_in(lang)
    write_page(
        out / "problems.html",
        title=words_in(languages[0])("game_problems"),
        lang=languages[0],
        parts=[part("game/problems.html", one, problems=problems, in_words=in_words) for one in languages],
    )
    if not problems:
        return []
    return [MESSAGES.say("game_unclear", count=len(problems), file=out / "problems.html")]


def _folder(file: str) -> str:
    return file.rpartition("/")[0] or file


def _more_of_these(lot: str, count: int) -> Problem:
    return Problem(lot, "", "more_of_these", str(count))


def in_words(detail: str | list[str], lang: str) -> str:
    """What is said of a problem in one language; text that has none is the same in both."""
    return detail[WRITTEN.index(lang)] if isinstance(detail, list) else detail
