"""What a client's file leaves open: shown with what hangs on each reading, answered by one key,
kept in a mapping file.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from crmkit.core.files import put
from crmkit.core.language import in_language
from crmkit.display.numbers import decimal
from crmkit.intake.check import CheckReport
from crmkit.intake.reading.decisions import merged

KEYS = "123456789abcdefghijklmnopqrstuvwxyz"


def answers_of(given: Iterable[str]) -> dict[str, str]:
    """Texts CODE=READING as a dict; KitError where one is none."""
    answers = {}
    for text in given:
        code, mark, reading = text.partition("=")
        if not (code.strip() and mark and reading.strip()):
            raise KitError("check_answer_form", value=text)
        answers[code.strip()] = reading.strip()
    return answers


def at_a_terminal() -> bool:
    """Whether somebody sits there who can press a key."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def settle(
    examine: Callable[[dict], CheckReport], answers: dict[str, str], *, ask: bool, console=None
) -> CheckReport:
    """The report with every question answered, by ``answers`` or (``ask``) by somebody at the keyboard.

    ``examine`` makes the report under given answers. Whoever does not want to decide presses Escape or q: what is then
    open stays open.
    """
    answers = dict(answers)
    report = examine(answers)
    while ask and report.questions:
        question = report.questions[0]
        if question["code"] in answers:
            break
        show_question(question, console)
        reading = _pressed(question)
        if reading is None:
            break
        answers[question["code"]] = reading
        report = examine(answers)
    return report


def _pressed(question: dict) -> str | None:
    """The id of the reading whose key was pressed; None when somebody gives up."""
    import typer

    readings = question["readings"][: len(KEYS)]
    while True:
        try:
            key = typer.getchar().lower()
        except EOFError:
            return None
        if key in ("q", "\x1b", "\x03", "\x04", ""):
            return None
        if key in KEYS and KEYS.index(key) < len(readings):
            return readings[KEYS.index(key)]["id"]


def show_question(question: dict, console=None) -> None:
    """A question and its readings side by side, each with what it makes of the file."""
    from rich.console import Console
    from rich.table import Table

    console = console or Console(highlight=False)
    said = in_language(question["message_zh"], question["message_en"], between="\n")
    console.print(f"\n? {said}", style="bold yellow", markup=False)
    table = Table(box=None, padding=(0, 2, 0, 2))
    for heading in ("key", "reading", "rows", "total", "customers", "top_share"):
        numeric = heading in ("rows", "total", "customers", "top_share")
        text = MESSAGES.say(f"check_column_{heading}", between=" ")
        table.add_column(text, justify="right" if numeric else "left", overflow="fold")
    for key, reading in zip(KEYS, question["readings"]):
        share = reading["top_share"]
        table.add_row(
            key,
            in_language(reading["zh"], reading["en"], between="\n"),
            "" if reading["rows"] is None else decimal(reading["rows"], 0),
            reading["amount_total"] or "—",
            "" if reading["customers"] is None else decimal(reading["customers"], 0),
            "" if share is None else f"{100 * share:.1f} %",
        )
    console.print(table)
    ids = ", ".join(reading["id"] for reading in question["readings"])
    line = MESSAGES.say("check_answer_how", code=question["code"], ids=ids, between=" ")
    console.print(f"  {line}", markup=False, style="dim")


def _columns_in_use(report: CheckReport) -> dict[str, str]:
    """The columns that the answers were given for: next month's export may hold others that would fit too."""
    names = ("customer_id", "date", "amount", "quantity", "unit_price")
    found = {name: report.columns_used[name] for name in names if name in report.columns_used}
    if "amount" in found:
        found = {name: heading for name, heading in found.items() if name not in names[3:]}
    return {name: heading for name, heading in found.items() if heading in report.columns}


def keep_choices(report: CheckReport, mapping: Path | None, folder: Path, stem: str) -> Path | None:
    """Write what was chosen into the mapping file given, else into a new one; None when nothing was."""
    import tomlkit

    if not report.mapping_patch:
        return None
    patch = merged({"columns": _columns_in_use(report)}, report.mapping_patch)
    if mapping is None:
        path = folder / f"{stem}.mapping.toml"
        if path.exists():  # what somebody may have edited is not overwritten
            path = folder / f"{stem}.mapping.proposal.toml"
        lines = [f"# {text}" for text in MESSAGES.pair("check_choices_head", name=report.source)]
        document = tomlkit.parse("\n".join(lines) + "\n")
    else:
        path = Path(mapping)
        document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    held = {key: document[key].unwrap() for key in patch if key in document}
    settled = merged(held, patch)
    # plain values first: below a table's heading they would belong to it
    plain = {key: value for key, value in settled.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in settled.items() if isinstance(value, dict)}
    for key, value in plain.items():
        if key in document:
            document[key] = value
    new = {key: value for key, value in plain.items() if key not in document}
    for key, value in tables.items():
        document[key] = value
    body = tomlkit.dumps(document)
    if new:
        head = tomlkit.dumps(new)
        first_table = next((i for i, line in enumerate(body.splitlines()) if line.startswith("[")), None)
        lines = body.splitlines()
        at = len(lines) if first_table is None else first_table
        body = "\n".join([*lines[:at], *head.splitlines(), *lines[at:]]) + "\n"
    return put(path, body)
