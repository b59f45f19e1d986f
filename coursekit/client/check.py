"""`check DATA`: read a client's file as `run` would, and report so that totals can be reconciled."""

import csv
import io
import os
import tempfile
from pathlib import Path

from coursekit.messages import MESSAGES
from crmkit.core.cells import csv_cell
from crmkit.core.files import put
from crmkit.core.glossary import named
from crmkit.core.language import in_language
from crmkit.core.messages import MESSAGES as CRMKIT
from crmkit.core.schema import REQUIRED_TRANSACTION_COLUMNS
from crmkit.data.datasets import resolve
from crmkit.data.transactions.check import CheckReport, examine
from crmkit.display.numbers import decimal

# the refusals that a mapping file can settle
MAPPING_HELPS = {"missing_column", "ambiguous_dates", "ambiguous_sheet", "mapping_column", "no_usable_rows"}


def check(
    data,
    *,
    mapping: Path | None = None,
    as_json: bool = False,
    as_of: str | None = None,
    sheet: str | None = None,
    drop_duplicates: bool = False,
    out: Path | None = None,
) -> int:
    """Report on ``data``; write the rows set aside, and a mapping draft where it helps; 0 when usable, else 1."""
    report = examine(
        resolve(data),
        mapping=mapping,
        as_of=as_of,
        sheet=sheet,
        drop_duplicates=drop_duplicates,
        keep=False,
    )
    files = {}
    if report.set_aside is not None and len(report.set_aside):
        files["set_aside_file"] = write_set_aside(report, _folder(data, out), _stem(data))
    if any(e["code"] in MAPPING_HELPS for e in report.errors):
        files["mapping_file"] = write_mapping(
            report, _folder(data, out), _stem(data), given=_columns(mapping)
        )
    if as_json:
        import json
        import sys

        text = json.dumps(report.to_dict() | {k: str(v) for k, v in files.items()}, ensure_ascii=False) + "\n"
        # UTF-8 whatever the console says: a script reads this
        sys.stdout.flush()
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.buffer.write(text.encode("utf-8"))
            sys.stdout.buffer.flush()
        else:
            sys.stdout.write(text)
    else:
        _show(report, files)
    return 0 if report.usable else 1


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
    words = {r: CRMKIT.say(f"reason_{r}", between=" ") for r in report.reasons}
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    writer.writerow(["line", "reason", "explanation", "original"])
    for line, reason, original in report.set_aside.itertuples(index=False):
        writer.writerow([line, reason, words[reason], csv_cell(original)])
    return put(path, held.getvalue(), encoding="utf-8-sig")


def _columns(mapping) -> dict[str, str]:
    """What a mapping file that was given says of columns: a new draft keeps it."""
    import tomllib

    try:
        columns = (
            tomllib.loads(Path(mapping).read_text(encoding="utf-8-sig")).get("columns", {}) if mapping else {}
        )
        return {k: v for k, v in columns.items() if isinstance(v, str)}
    except (OSError, ValueError, AttributeError):
        return {}


def write_mapping(report: CheckReport, folder: Path, stem: str, *, given: dict[str, str]) -> Path:
    """A proposed mapping file: what was recognised or ``given`` is filled in, what is missing waits."""

    def both(key, **fields):
        zh, en = MESSAGES.pair(key, **fields)
        return [f"# {zh}", f"# {en}"]

    codes = {e["code"] for e in report.errors}
    lines = both("check_mapping_head", name=report.source)
    if report.columns:
        lines += [
            *both("check_mapping_columns"),
            "#   " + " | ".join(c.replace("\n", " ") for c in report.columns),
        ]
    if "ambiguous_sheet" in codes:
        names = next(e["value"] for e in report.errors if e["code"] == "ambiguous_sheet").split(", ")
        lines += ["", *both("check_mapping_sheet")]
        lines += [f"{'# ' if i else ''}sheet = {_quoted(n)}" for i, n in enumerate(names)]
    if "ambiguous_dates" in codes:
        lines += ["", *both("check_mapping_dates"), '# date_format = "dmy"', '# date_format = "mdy"']
    lines += ["", "[columns]"]
    mapped = {k: v for k, v in given.items() if not report.columns or v in report.columns} | report.mapping
    required = [c for c in REQUIRED_TRANSACTION_COLUMNS if c not in mapped]
    if {"quantity", "unit_price"} <= mapped.keys():
        required = [c for c in required if c != "amount"]
    for name in [
        *REQUIRED_TRANSACTION_COLUMNS,
        *(c for c in mapped if c not in REQUIRED_TRANSACTION_COLUMNS),
    ]:
        if name in mapped:
            others = report.alternatives.get(name)
            beside = (
                f"   # {MESSAGES.say('check_mapping_or', between=' ')}: {' | '.join(others)}"
                if others
                else ""
            )
            lines.append(f"{name} = {_quoted(mapped[name])}{beside}")
        elif name in required:
            lines += [*both("check_mapping_choose", name=name), f'# {name} = ""']
    path = folder / f"{stem}.mapping.toml"
    if path.exists():  # what somebody may have edited is not overwritten
        path = folder / f"{stem}.mapping.proposal.toml"
    return put(path, "\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _show(report: CheckReport, files: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    verdict, style = ("check_usable", "bold green") if report.usable else ("check_refused", "bold red")
    console.print(MESSAGES.say(verdict, name=report.source, between=" "), style=style, markup=False)
    for error in report.errors:
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
                table.add_row("  " + CRMKIT.say(f"reason_{reason}", between=" "), decimal(count, 0))
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
        beside = report.alternatives.get(name)
        note = f"  ({MESSAGES.say('check_not_used', between=' ')}: {', '.join(beside)})" if beside else ""
        table.add_row(in_language(*named(name)), f"← {source}{note}")
    console.print(table)
    for note in report.notes:
        console.print(in_language(*note, between="\n"), style="yellow", markup=False)
    for key, path in files.items():
        console.print(f"{MESSAGES.say(f'check_{key}', between=' ')}: {path}", markup=False, soft_wrap=True)
