"""What was run and marked, kept in one SQLite file: a stop at any moment loses nothing, and nothing is run twice.

A result is kept under everything that it depends on, the kit's own code among it. Marks are kept whole, so that a
regrade can say what it changed.
"""

import hashlib
import json
import sqlite3
from pathlib import Path

FORMAT = 1
COLUMNS = {"runs": "outcome", "rights": "answers"}  # table → what it keeps under a key


class Journal:
    """The results of one grades folder; written by the thread that coordinates, and by nobody else."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # written by the coordinating thread alone; WAL with full sync keeps every committed row through kill -9
        self.store = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.store.execute("pragma journal_mode=wal")
        self.store.execute("pragma synchronous=full")
        self.store.execute("create table if not exists runs (key text primary key, outcome text not null)")
        self.store.execute("create table if not exists rights (key text primary key, answers text not null)")
        self.store.execute(
            "create table if not exists marks (student_id text primary key, submission text, marks text not null)"
        )
        (version,) = self.store.execute("pragma user_version").fetchone()
        if version == 0:
            self.store.execute(f"pragma user_version = {FORMAT}")
        elif version != FORMAT:
            raise ValueError(f"journal of format {version}")

    @staticmethod
    def key(*parts) -> str:
        """A key from everything that a kept result depends on."""
        text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def kept(self, table: str, key: str) -> object:
        found = self.store.execute(f"select {COLUMNS[table]} from {table} where key = ?", (key,)).fetchone()
        return json.loads(found[0]) if found else None

    def keep(self, table: str, key: str, value: object) -> None:
        self.store.execute(
            f"insert or replace into {table} (key, {COLUMNS[table]}) values (?, ?)", (key, json.dumps(value))
        )

    def marks(self) -> dict[str, dict]:
        """Student → what the last grading gave."""
        rows = self.store.execute("select student_id, marks from marks").fetchall()
        return {student: json.loads(text) for student, text in rows}

    def keep_marks(self, marks: dict[str, dict]) -> None:
        """Replace all marks at once: a reader sees the old ones or the new ones."""
        rows = [(student, one.get("file"), json.dumps(one)) for student, one in marks.items()]
        with self.store:
            self.store.execute("begin")
            self.store.execute("delete from marks")
            self.store.executemany("insert into marks values (?, ?, ?)", rows)

    def close(self) -> None:
        self.store.close()
