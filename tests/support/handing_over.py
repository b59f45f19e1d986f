"""What a class hands over: notebooks, archives of them, and what the real command makes of these."""

import csv
import io
import os
import zipfile
from datetime import datetime
from pathlib import Path

import nbformat
from classroom import Classroom

from coursekit import cli

IN_TIME = (2026, 11, 20, 12, 0, 0)


def worked(room: Classroom, student: str, **changed: str) -> bytes:
    return nbformat.writes(room.notebook(student, changed)).encode()


def blank(room: Classroom, student: str) -> bytes:
    laid = room.variant(student)
    return (room.folder / "students" / laid["folder"] / laid["file"]).read_bytes()


def zipped(path: Path, files: dict[str, bytes], when=IN_TIME) -> Path:
    """An archive in which everybody has handed in an hour after the one before, packed in the evening."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, content) in enumerate(files.items()):
            moment = (*when[:3], when[3] + number % 8, *when[4:])
            archive.writestr(zipfile.ZipInfo(name, moment), content)
    evening = datetime(*when[:3], 20).timestamp()
    os.utime(path, (evening, evening))
    return path


def graded(room: Classroom, submissions: Path, out: Path, *more: str) -> tuple[int, dict[str, dict], list]:
    """The exit code, the gradebook by student, and what problems.csv says of which file."""
    code = cli.main(["grade", str(submissions), "--assignment", str(room.folder), "--out", str(out), *more])
    book = {row["student_id"]: row for row in rows(out / "grades.csv")}
    return code, book, [(row["what"], row["file"]) for row in rows(out / "problems.csv")]


def rows(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
