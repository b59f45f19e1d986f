"""`check DATA`: read a client's file as `run` would, and report so that totals can be reconciled."""

import csv
import io
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from coursekit.messages import MESSAGES
from crmkit.core.cells import csv_cell
from crmkit.core.files import put
from crmkit.core.glossary import named, term
from crmkit.core.language import in_language
from crmkit.core.schema import REQUIRED_TRANSACTION_COLUMNS
from crmkit.data.datasets import resolve
from crmkit.display.numbers import decimal
from crmkit.intake.check import CheckReport, examine

from .questions import answers_of, at_a_terminal, keep_choices, settle, show_question

# the refusals that a mapping file can settle
MAPPING_HELPS = {
    "missing_column",
    "ambiguous_dates",
    "ambiguous_sheet",
    "mapping_column",
    "no_usable_rows",
    "no_header",
    "customer_kinds",
}


def check(
    data,
    *,
    mapping: Path | None = None,
    as_json: bool = False,
    as_of: str | None = None,
    sheet: str | None = None,
    drop_duplicates: bool = False,
    out: Path | None = None,
    answers: Sequence[str] = (),
) -> int:
    """Report on ``data``; write the rows set aside, and a mapping draft where it helps; 0 when usable, else 1.

    ``answers``: texts CODE=READING for what the file leaves open. At a terminal what is left is asked, and what is
    chosen goes into the mapping file.
    """

    def report_under(chosen: dict) -> CheckReport:
        return examine(
            resolve(data),
            mapping=mapping,
            as_of=as_of,
            sheet=sheet,
            drop_duplicates=drop_duplicates,
            keep=False,
            answers=chosen,
        )

    report = settle(report_under, answers_of(answers), ask=not as_json and at_a_terminal())
    files = {}
    choices = keep_choices(report, mapping, _folder(data, out), _stem(data))
    if choices is not None:
        files["choices_file"] = choices
    if report.set_aside is not None and len(report.set_aside):
        files["set_aside_file"] = write_set_aside(report, _folder(data, out), _stem(data))
    if choices is None and any(error["code"] in MAPPING_HELPS for error in report.errors):
        given = _columns_of(mapping)
        files["mapping_file"] = write_mapping(report, _folder(data, out), _stem(data), given=given)
    if as_json:
        _print_json(report, files)
    else:
        _show(report, files)
    return 0 if report.usable else 1


def _print_json(report: CheckReport, files: dict[str, Path]) -> None:
    """One JSON object, in UTF-8 whatever the console says: a script reads this."""
    about = report.to_dict() | {key: str(path) for key, path in files.items()}
    text = json.dumps(about, ensure_ascii=False) + "\n"
    sys.stdout.flush()
    if hasattr(sys.stdout, "buffer"):
        sys.stdout.buffer.write(text.encode("utf-8"))
        sys.stdout.buffer.flush()
    else:
        sys.stdout.write(text)


def _stem(data) -> str:
    path = Path(os.path.abspath(str(data)))
    name = path.name if path.is_dir() else path.stem.removesuffix(".csv")  # sales.csv.gz
    return "".join("_" if c in '*?[]<>|":' else c for c in name) or "data"


def _folder(data, out: Path | None) -> Path:
    """--out, else where the data is, else (read-only, or no file) the current folder."""
    if out:
        Path(out).mkdir(parents=True, exist_ok=True)
        return Path(out)
    beside = Path(os.path.abspath(str(data))).parent
    try:
        with tempfile.TemporaryFile(dir=beside):
            return beside
    except OSError:
        return Path.cwd()


def write_set_aside(report: CheckReport, folder: Path, stem: str) -> Path:
    """Line in the source, reason (code and words) and original text, as CSV with a BOM (for spreadsheets)."""
    path = folder / f"{stem}.set_aside.csv"
    words = {reason: term(reason) for reason in report.reasons}
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    several = "part" in report.set_aside
    writer.writerow(["line", "reason", "explanation", "original", *(["part"] if several else [])])
    for line, reason, original, *part in report.set_aside.itertuples(index=False):
        writer.writerow([line, reason, words[reason], csv_cell(original), *map(csv_cell, part)])
    return put(path, held.getvalue(), encoding="utf-8-sig")


def _columns_of(mapping: Path | None) -> dict[str, str]:
    """What a mapping file that was given says of columns: a new draft keeps it."""
    if mapping is None:
        return {}
    try:
        columns = tomllib.loads(Path(mapping).read_text(encoding="utf-8-sig")).get("columns", {})
        return {name: column for name, column in columns.items() if isinstance(column, str)}
    except (OSError, ValueError, AttributeError):
        return {}


def write_mapping(report: CheckReport, folder: Path, stem: str, *, given: dict[str, str]) -> Path:
    """A proposed mapping file: what was recognised or ``given`` is filled in, what is missing waits."""
    codes = {error["code"] for error in report.errors}
    lines = _comment("check_mapping_head", name=report.source)
    if report.columns:
        columns = " | ".join(column.replace("\n", " ") for column in report.columns)
        lines += [*_comment("check_mapping_columns"), f"#   {columns}"]
    if "ambiguous_sheet" in codes:
        lines += ["", *_comment("check_mapping_sheet"), *_sheets(report)]
    if "ambiguous_dates" in codes:
        lines += ["", *_comment("check_mapping_dates"), '# date_format = "dmy"', '# date_format = "mdy"']
    lines += ["", "[columns]", *_column_lines(report, given)]
    path = folder / f"{stem}.mapping.toml"
    if path.exists():  # what somebody may have edited is not overwritten
        path = folder / f"{stem}.mapping.proposal.toml"
    return put(path, "\n".join(lines) + "\n")


def _comment(key: str, **fields) -> list[str]:
    """A message as comments of TOML, a line a language."""
    return [f"# {text}" for text in MESSAGES.pair(key, **fields)]


def _sheets(report: CheckReport) -> list[str]:
    """The sheets to choose from; the first is chosen until somebody chooses another."""
    error = next(error for error in report.errors if error["code"] == "ambiguous_sheet")
    first, *others = (f"sheet = {_quoted(name)}" for name in error["value"].split(", "))
    return [first, *(f"# {line}" for line in others)]


def _column_lines(report: CheckReport, given: dict[str, str]) -> list[str]:
    """A line for each column that is known, and for each that somebody must name."""
    kept = {name: column for name, column in given.items() if not report.columns or column in report.columns}
    mapped = kept | report.mapping
    required = [name for name in REQUIRED_TRANSACTION_COLUMNS if name not in mapped]
    if {"quantity", "unit_price"} <= mapped.keys():
        required = [name for name in required if name != "amount"]
    others = [name for name in mapped if name not in REQUIRED_TRANSACTION_COLUMNS]
    likely = _likely_columns(report)
    lines = []
    for name in (*REQUIRED_TRANSACTION_COLUMNS, *others):
        if name in mapped:
            lines.append(f"{name} = {_quoted(mapped[name])}{_alternatives(report, name)}")
        elif name in required:
            lines += [
                *_comment("check_mapping_choose", name=name),
                f"# {name} = {_quoted(likely.get(name, ''))}",
            ]
    return lines


def _likely_columns(report: CheckReport) -> dict[str, str]:
    """The columns that the open questions name first: what somebody only has to take the # off."""
    found: dict[str, str] = {}
    for question in report.questions:
        found |= question["readings"][0]["mapping"].get("columns", {})
    return found


def _alternatives(report: CheckReport, name: str) -> str:
    """The other columns that might be meant, as a comment behind the line; empty when there are none."""
    columns = report.alternatives.get(name)
    if not columns:
        return ""
    return f"   # {MESSAGES.say('check_mapping_or', between=' ')}: {' | '.join(columns)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _beside(report: CheckReport, name: str) -> str:
    """The columns that might have been meant, behind the one that is used."""
    others = report.alternatives.get(name)
    if not others:
        return ""
    return f"  ({MESSAGES.say('check_not_used', between=' ')}: {', '.join(others)})"


def _show(report: CheckReport, files: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    verdict, style = ("check_usable", "bold green") if report.usable else ("check_refused", "bold red")
    console.print(MESSAGES.say(verdict, name=report.source, between=" "), style=style, markup=False)
    open_codes = {question["code"] for question in report.questions}
    for error in report.errors:
        if error["code"] in open_codes:
            continue  # shown below, with what hangs on it
        console.print(
            in_language(error["message_zh"], error["message_en"], between="\n"), style="red", markup=False
        )
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))

    def row(key, value):
        if value not in (None, "", {}):
            table.add_row(MESSAGES.say(key, between=" "), str(value))

    if report.rows_in:
        row("check_rows_in", decimal(report.rows_in, 0))
        row("check_rows_used", decimal(report.rows_used, 0))
        row("check_rows_set_aside", decimal(report.rows_set_aside, 0))
        for reason, count in report.reasons.items():
            if count:
                money = report.money_set_aside.get(reason)
                beside = f"  ({money})" if money else ""
                table.add_row("  " + term(reason), decimal(count, 0) + beside)
        if report.rows_set_aside:
            row("check_amount_set_aside", report.amount_set_aside)
        row("check_customers", decimal(report.customers, 0))
        row(
            "check_amount_total",
            report.amount_total and f"{report.amount_total} {report.currency or ''}".strip(),
        )
        row("check_zero_rows", decimal(report.zero_amount_rows, 0))
        row("check_negative_rows", decimal(report.negative_amount_rows, 0))
        row("check_duplicate_rows", decimal(report.duplicate_rows, 0))
        row("check_dates", report.first_date and f"{report.first_date} – {report.last_date}")
    row("check_encoding", report.encoding)
    row("check_sheet", report.sheet)
    row("check_date_format", report.date_format)
    for name, source in report.mapping.items():
        table.add_row(in_language(*named(name)), f"← {source}{_beside(report, name)}")
    for column in report.columns_unused:
        unused = MESSAGES.say("check_not_used", between=" ")
        table.add_row(f"({unused})", f"{column['column']}: {column['total']}")
    console.print(table)
    for note in report.notes:
        said = in_language(note["message_zh"], note["message_en"], between="\n")
        console.print(said, style="yellow", markup=False)
    for question in report.questions:
        show_question(question, console)
    for key, path in files.items():
        console.print(f"{MESSAGES.say(f'check_{key}', between=' ')}: {path}", markup=False, soft_wrap=True)
