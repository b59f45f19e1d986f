"""What only opening the source in another way can settle: tables side by side, sheets that repeat each other."""

import numpy as np

from .decisions import Decision, Reading
from .pivot import months_in
from .table import Table


def shape_question(code: str, table: Table) -> Decision | None:
    """What only opening the source in another way can settle."""
    if code == "side_by_side":
        readings = (
            Reading("all", {"blocks": "all"}, reopens=True),
            Reading("first", {"blocks": "first"}, reopens=True),
        )
        return Decision("side_by_side", readings)
    if code == "wide_pivot":
        fields = {"months": ", ".join(months_in(table.header)[:6])}
        return Decision(code, (Reading("unpivot", {"unpivot": True}, reopens=True),), fields=fields)
    if code == "sheets":
        names = _copied_sheets(table)
        if not names:
            return None
        readings = [Reading("all", {"sheets": "all"}, reopens=True)]
        readings += [
            Reading(f"sheet_{place}", {"sheet": name}, "reading_one_sheet", {"sheet": name}, reopens=True)
            for place, name in enumerate([part[0] for part in table.parts], 1)
        ]
        if len(names) == 1:
            back = {"sheets": "all", "negative_parts": names}
            readings.append(
                Reading("negative", back, "reading_copies_negative", {"part": names[0]}, reopens=True)
            )
        return Decision("sheets", tuple(readings), fields={"sheets": ", ".join(names)})
    return None


def _copied_sheets(table: Table) -> list[str]:
    """Sheets whose rows (nearly) all stand in the other sheets too: a copy, or a sheet of everything."""
    hashes, lines = [], []
    for chunk in table.chunks():
        hashes.append(chunk.hashes)
        lines.append(chunk.lines)
    if not hashes:
        return []
    hashes, lines = np.concatenate(hashes), np.concatenate(lines)
    copied = []
    for name, first, last in table.parts:
        mine = (lines >= first) & (lines <= last)
        if mine.sum() >= 3 and np.isin(hashes[mine], hashes[~mine]).mean() > 0.9:
            copied.append(name)
    return copied
