"""What was run and marked, kept in one SQLite file: a stop at any moment loses nothing, and nothing is run twice.

A result is kept under everything that it depends on, the kit's own code among it. Marks are kept whole, so that a
regrade can say what it changed.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from coursekit.messages import KitError
from coursekit.sandbox.cleaning import clean_text

LOCK = ".in_use"  # the file by which two gradings on one folder keep out of each other's way
FORMAT = 1
BEGIN = (
    "pragma journal_mode=wal",
    "pragma synchronous=full",
    "create table if not exists runs (key text primary key, outcome text not null)",
    "create table if not exists rights (key text primary key, answers text not null)",
    "create table if not exists marks (student_id text primary key, submission text, marks text not null)",
    "create table if not exists notebooks (student_id text primary key, code blob not null)",
)
COLUMNS = {"runs": "outcome", "rights": "answers"}  # table → what it keeps under a key


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """The folder is written by this process alone, until it ends in whatever way. Errors:
    KitError where another does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    try:
        store = sqlite3.connect(path, isolation_level=None, timeout=0)
        store.execute("begin exclusive")
    except sqlite3.Error as problem:
        if problem.sqlite_errorname == "SQLITE_BUSY":
            raise KitError("folder_in_use", value=str(folder)) from None
        raise not_written(path, problem) from None
    try:
        yield
    finally:
        store.close()


def not_written(path: Path, problem: sqlite3.Error) -> KitError:
    """Why a file of results cannot be read or written, in words."""
    if getattr(problem, "sqlite_errorname", "") == "SQLITE_FULL":
        return KitError("no_space", value=str(path))
    return KitError("journal", value=str(path), why=str(problem))


class Journal:
    """The results of one grades folder; written by the thread that coordinates, and by nobody else."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        try:
            # written by the coordinating thread alone; WAL with full sync keeps every committed row through kill -9
            self.store = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as problem:
            raise not_written(path, problem) from None
        for statement in BEGIN:
            self._said(statement)
        ((version,),) = self._said("pragma user_version")
        if version == 0:
            self._said(f"pragma user_version = {FORMAT}")
        elif version != FORMAT:
            raise KitError("journal", value=str(path), why=f"format {version}")

    def _said(self, statement: str, values: Sequence = ()) -> list[tuple]:
        try:
            return self.store.execute(statement, values).fetchall()
        except sqlite3.Error as problem:
            raise not_written(self._path, problem) from None

    @staticmethod
    def key(*parts) -> str:
        """A key from everything that a kept result depends on."""
        text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def kept(self, table: str, key: str) -> object:
        found = self._said(f"select {COLUMNS[table]} from {table} where key = ?", (key,))
        return json.loads(found[0][0]) if found else None

    def keep(self, table: str, key: str, value: object) -> None:
        row = (key, json.dumps(value))
        self._said(f"insert or replace into {table} (key, {COLUMNS[table]}) values (?, ?)", row)

    def marks(self) -> dict[str, dict]:
        """Student → what the last grading gave."""
        rows = self._said("select student_id, marks from marks")
        return {student: json.loads(text) for student, text in rows}

    def notebook(self, student: str) -> bytes | None:
        """What is used of the notebook on which a student's marks rest."""
        found = self._said("select code from notebooks where student_id = ?", (student,))
        return found[0][0] if found else None

    def keep_marks(self, marks: dict[str, dict], notebooks: Iterable[tuple[str, bytes]]) -> None:
        """Replace all marks at once: a reader sees the old ones or the new ones.

        ``notebooks``: student and code, of those whose marks rest on another than before.
        """
        rows = []
        for student, one in marks.items():
            rows.append((clean_text(student), clean_text(one.get("file") or ""), json.dumps(one)))
        try:
            with self.store:
                self.store.execute("begin")
                self.store.execute("delete from marks")
                self.store.executemany("insert into marks values (?, ?, ?)", rows)
                self.store.executemany("insert or replace into notebooks values (?, ?)", notebooks)
                self.store.execute(
                    "delete from notebooks where student_id not in (select student_id from marks where submission <> '')"
                )
        except sqlite3.Error as problem:
            raise not_written(self._path, problem) from None

    def close(self) -> None:
        self.store.close()
