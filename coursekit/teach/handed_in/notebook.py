"""What is used of a submitted notebook: its code with the cells' tags, and what it says of itself.
Nothing here runs it.
"""

import ast
import json
import re
import warnings
from dataclasses import dataclass

from coursekit.sandbox.cleaning import clean_text

NOTEBOOK = ".ipynb"
LARGEST_CELLS, MOST_CELLS = 400_000, 2_000  # characters of code, cells; an exercise has ten thousand
# commas and brackets: what JSON makes objects of; an exercise with its pictures has some thousands
MOST_VALUES = 2_000_000
LONGEST_SAID = 200  # characters of one thing that a notebook says of itself
LONGEST_PARSED = 50_000  # characters of a cell that is looked into
PARAMETERS = "# Parameters\n"  # how the cell begins that papermill injects
MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)


class Refused(Exception):
    """A file or archive that is not read; its argument is the reason's code."""


@dataclass(frozen=True)
class CodeCell:
    source: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Notebook:
    """What is used of a submitted notebook."""

    cells: tuple[CodeCell, ...]
    about: dict[str, str]  # what the kit wrote into its metadata
    seeds: tuple[int, ...]  # of its injected cells


def read_notebook(raw: bytes) -> Notebook:
    """The code of a notebook as it was handed in; Refused with a reason when there is none to be read.

    Outputs, kernelspec, widget state and everything else are left unread.
    """
    if not raw.strip():
        raise Refused("empty")
    if sum(raw.count(sign) for sign in (b",", b"[", b"{")) > MOST_VALUES:
        raise Refused("too_large")
    try:
        stored = json.loads(raw.decode("utf-8-sig"))
        cells = _code_cells(_cells_of(stored))
        about = _about(stored.get("metadata", {}).get("crmkit", {}))
    except Refused:
        raise
    except Exception:  # whatever a broken or hostile file makes of its reader
        raise Refused("unreadable") from None
    if not cells:
        raise Refused("no_code")
    return Notebook(tuple(cells), about, _seeds(cells))


def only_what_is_used(raw: bytes) -> bytes:
    """A notebook with nothing in it but what ``read_notebook`` reads: it is kept, however large its outputs are."""
    notebook = read_notebook(raw)
    cells = []
    for cell in notebook.cells:
        cells.append({"cell_type": "code", "source": cell.source, "metadata": {"tags": list(cell.tags)}})
    kept = {"nbformat": 4, "metadata": {"crmkit": notebook.about}, "cells": cells}
    return json.dumps(kept).encode()


def _cells_of(stored: dict) -> list[dict]:
    """The cells of a notebook; of versions 2 and 3 those of its worksheets.

    By hand, for nbformat would first make objects of all that was handed in, a hundred times as large.
    """
    if stored.get("nbformat") not in (2, 3):
        return stored["cells"]
    cells = []
    for sheet in stored["worksheets"]:
        for cell in sheet["cells"]:
            if cell.get("cell_type") == "code":
                metadata = cell.get("metadata", {})
                cells.append({"cell_type": "code", "source": cell.get("input", ""), "metadata": metadata})
    return cells


def _code_cells(stored: list[dict]) -> list[CodeCell]:
    cells = []
    total = 0
    for cell in stored:
        if cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        total += len(source)
        if len(cells) >= MOST_CELLS or total > LARGEST_CELLS:
            raise Refused("too_long")
        tags = cell.get("metadata", {}).get("tags", [])
        tags = [clean_text(tag) for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        cells.append(CodeCell(clean_text(source), tuple(tags)))
    return cells


def _about(said) -> dict[str, str]:
    if not isinstance(said, dict):
        return {}
    about = {}
    for key, text in said.items():
        if isinstance(text, str) and len(key) + len(text) < LONGEST_SAID:
            about[clean_text(key)] = clean_text(text)
    return about


def _seeds(cells: list[CodeCell]) -> tuple[int, ...]:
    found = []
    for cell in cells:
        if "injected-parameters" in cell.tags or cell.source.startswith(PARAMETERS):
            seed = re.search(r"^seed = (\d{1,20})$", cell.source, re.MULTILINE)
            if seed and int(seed[1]) not in found:
                found.append(int(seed[1]))
    return tuple(found)


def statements(source: str) -> list[ast.stmt] | None:
    """The statements of a cell at its top level, without the lines that only IPython understands;
    None where it has none.
    """
    found = python_statements(source)
    return found if found is not None else python_statements(MAGIC.sub("pass", source))


def python_statements(source: str) -> list[ast.stmt] | None:
    """The statements of a source at its top level; None where it is no Python.

    Whoever wrote it may have meant to harm the reader: what is too long or too deep is not read.
    """
    if len(source) > LONGEST_PARSED:
        return None
    with warnings.catch_warnings(action="ignore"):  # of a student's escapes: not for the instructor's screen
        try:
            return ast.parse(source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
