"""Headings that do not say what is needed: which column lacks, or why there are no headings at all."""

import re

from crmkit.core.errors import CrmkitError
from crmkit.core.messages import MESSAGES

from .columns import looks_like_record
from .pivot import can_unpivot, is_pivot, months_in
from .table import Table

_HAN = re.compile("[\u4e00-\u9fff]")


def header_errors(table: Table) -> list[CrmkitError]:
    if table.header.problem:
        return [table.header.problem]
    if is_pivot(table.header):
        if can_unpivot(table):
            return []  # it is asked about
        months = ", ".join(months_in(table.header)[:6])
        return [CrmkitError("wide_pivot", row=table.header.row + 1 or None, value=months, months=months)]
    missing = [_missing_column(name, table) for name in table.header.missing]
    if missing and (why := _why_no_header(table)):
        return [why]
    return missing


def _why_no_header(table: Table) -> CrmkitError | None:
    """Headings that are none, or that stand in the wrong encoding."""
    names = [name for name in table.header.names if name]
    if looks_like_record(names):
        return CrmkitError("no_header", row=table.header.row + 1 or None, value=" | ".join(names[:6]))
    if table.header.found:
        return None
    text = " | ".join(names[:6])
    if mended := _mended(text):
        return CrmkitError("mojibake", value=text, mended=mended)
    return None


def _mended(text: str) -> str | None:
    """UTF-8 that was read as Western European and saved so; None when it is none."""
    for codec in ("cp1252", "latin-1"):
        for errors in ("strict", "ignore"):
            try:
                found = text.encode(codec, errors).decode("utf-8", errors)
            except UnicodeError:
                continue
            if found != text and len(_HAN.findall(found)) >= 2:
                return found
    return None


def _missing_column(name: str, table: Table) -> CrmkitError:
    return CrmkitError(
        "missing_column",
        column=name,
        row=table.header.row + 1 or None,
        wanted=MESSAGES.pair(f"wanted_{name}"),
        allowed=", ".join(n for n in table.header.names if n) or "—",
    )
