"""Grading beside papermill, nbgrader and otter-grader: python tests/benchmarks/grading.py [STUDENTS [ROUNDS]].

Everybody grades the notebooks of the same students of tests/support/packs/gym_offer (pandas and seaborn, everything
answered). Prints medians of CPU seconds a submission over rounds in which all take turns, then a class of 300 from the
roster to the reports. The peers' notebooks have the same code without the kit's own cells; papermill only runs them and
compares nothing. CPU is of every process that was started: what its parent did not wait for is waited for here.
"""

import ctypes
import json
import os
import re
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import _peers as peers  # puts tests/support on the path
from places import ROOT

STUDENTS, ROUNDS = 300, 3
CLASS, BATCH = (
    60,
    4,
)  # submissions a round: ours, nbgrader's, which share what a command has to start; the others start anew
LIMITS = {"seconds": 0.5, "faster": 5.0, "assign": 15.0}
PR_SET_CHILD_SUBREAPER = 36
ALONE = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
}  # threads that wait use CPU as well


# --- measuring ------------------------------------------------------------------------------------------------------


def measured(command: list, *, memory: bool = False, **more) -> dict[str, float]:
    """CPU and wall seconds of a command and of all that it started, MB of memory at most of all together."""
    before, start, peak = _children(), time.perf_counter(), [0.0]
    environment = {
        **os.environ,
        **ALONE,
        "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [str(c) for c in command], stdout=said, stderr=said, env=environment, **more
        )
        over = threading.Event()
        if memory:
            watcher = threading.Thread(target=_watch, args=(process.pid, peak, over))
            watcher.start()
        status = process.wait()
        wall = time.perf_counter() - start
        over.set()
        if memory:
            watcher.join()
        while (
            True
        ):  # orphans come to this process (it is their reaper), and are counted once they are waited for
            try:
                os.wait()
            except ChildProcessError:
                break
        if status:
            said.seek(0)
            raise SystemExit(f"{command}: exit {status}\n{said.read().decode('utf-8', 'replace')[-3000:]}")
    return {"cpu": _children() - before, "wall": wall, "memory": peak[0]}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(root: int, peak: list[float], over: threading.Event) -> None:
    """The largest sum of the memory of a process and everything below it; shared pages are counted once (PSS)."""
    while not over.wait(0.5):
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                except OSError:
                    pass
        family, grown = {root}, True
        while grown:
            more = {child for child, parent in parents.items() if parent in family} - family
            family |= more
            grown = bool(more)
        total = 0
        for pid in family:
            try:
                total += int(
                    re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[
                        1
                    ]
                )
            except (OSError, TypeError):
                pass
        peak[0] = max(peak[0], total / 1024)


# --- the class ------------------------------------------------------------------------------------------------------


def make_class(folder: Path, students: int):
    """An assignment, and a right notebook from everybody; how long `assign` took."""
    from classroom import Classroom

    folder.mkdir()
    start = time.perf_counter()
    room = Classroom(folder, students=students)
    took = time.perf_counter() - start
    for student in room.students:
        room.hand_in(student)
    return room, took


def ours(room, out: Path, *, jobs: int = 1, memory: bool = False) -> dict[str, float]:
    """`grade` of the whole class; every answer must have been found right."""
    used = measured(
        [
            sys.executable,
            "-m",
            "coursekit.cli",
            "grade",
            room.out,
            "--assignment",
            room.folder,
            "--out",
            out,
            "--jobs",
            jobs,
        ],
        memory=memory,
        cwd=ROOT,
    )
    import csv

    rows = list(csv.DictReader((out / "grades.csv").open(encoding="utf-8-sig")))
    assert len(rows) == len(room.students) and {float(r["total"]) for r in rows} == {round(12 / 14, 6)}, rows[
        :2
    ]
    return used


# --- the peers ------------------------------------------------------------------------------------------------------


def plain_cells(room, seed: int) -> list[tuple[str, str]]:
    """The student's code without the kit: (question or "", source); parameters are put in as papermill does."""
    cells = []
    for cell in room.exercise.lesson.exercise:
        if cell.kind != "code" or {"check", "raises"} & set(cell.tags):
            continue
        name = cell.question["id"] if cell.question else ""
        source = room.solution[name] if name else cell.source
        cells.append((name, "\n".join(line for line in source.splitlines() if "crmkit" not in line)))
        if "parameters" in cell.tags:
            cells.append(("", f"seed = {seed}"))
    return cells


def checks(room) -> dict[str, str]:
    """Question → an assertion that compares the answer with the solution's, computed again beside it."""
    found = {}
    for name, question in room.exercise.questions.items():
        if question["kind"] in ("number", "choice"):
            source = re.sub(rf"^{name} = ", "right_answer = ", room.solution[name], flags=re.MULTILINE)
            found[name] = source + (
                f"\nassert abs({name} - right_answer) < 1e-6"
                if question["kind"] == "number"
                else f"\nassert {name} == right_answer"
            )
    return found


def _write(path: Path, cells: list) -> Path:
    import nbformat

    notebook = nbformat.v4.new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def _code(source: str, **metadata):
    import nbformat

    return nbformat.v4.new_code_cell(source, metadata=metadata)


class Papermill:
    """Runs a notebook; there is no grading in it."""

    environment, each = ".venv-peers-papermill", 1

    def __init__(self, room, folder: Path):
        self.folder = folder
        self.cells = [
            _code(source, tags=["parameters"] if source.startswith("seed: int") else [])
            for _, source in plain_cells(room, 1)
            if source != "seed = 1"
        ]
        self.notebook = _write(folder / "in.ipynb", self.cells)
        self.python = peers.python(self.environment)

    def grade(self, seeds: list[int]) -> float:
        used = measured(
            [
                self.python,
                "-m",
                "papermill",
                self.notebook,
                self.folder / "out.ipynb",
                "-p",
                "seed",
                seeds[0],
            ],
            cwd=self.folder,
        )
        assert '"status": "completed"' in (self.folder / "out.ipynb").read_text()
        return used["cpu"]


class Nbgrader:
    """`nbgrader autograde` of a few students in one command."""

    environment, each = ".venv-peers-nbgrader", BATCH

    def __init__(self, room, folder: Path):
        self.room, self.folder, self.python = room, folder, peers.python(self.environment)
        _write(folder / "source" / "hw" / "nb.ipynb", self._cells(1))
        (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'c'\n")
        self._nbgrader("generate_assignment", "hw", "--force")

    def _cells(self, seed: int) -> list:
        cells = []
        tests = checks(self.room)
        for i, (name, source) in enumerate(plain_cells(self.room, seed)):
            about = {
                "grade": False,
                "solution": bool(name),
                "locked": not name and not source.startswith("seed ="),
                "task": False,
                "schema_version": 3,
                "grade_id": name or f"cell{i}",
                "cell_type": "code",
            }
            cells.append(_code(source, **({"nbgrader": about} if name else {})))
            if name in tests:
                cells.append(
                    _code(
                        tests[name],
                        nbgrader={
                            "grade": True,
                            "solution": False,
                            "locked": True,
                            "task": False,
                            "schema_version": 3,
                            "points": 1,
                            "grade_id": f"test_{name}",
                            "cell_type": "code",
                        },
                    )
                )
        return cells

    def _nbgrader(self, *words) -> dict[str, float]:
        return measured([self.python, "-m", "nbgrader", *words], cwd=self.folder)

    def grade(self, seeds: list[int]) -> float:
        shutil.rmtree(self.folder / "submitted", ignore_errors=True)
        for i, seed in enumerate(seeds):
            _write(self.folder / "submitted" / f"s{i}" / "hw" / "nb.ipynb", self._cells(seed))
        used = self._nbgrader("autograde", "hw", "--force")
        with sqlite3.connect(self.folder / "gradebook.db") as book:
            scores = [s for (s,) in book.execute("select auto_score from grade")]
        assert len(scores) == len(seeds) * len(checks(self.room)) and set(scores) == {1.0}, scores
        return used["cpu"] / len(seeds)


class Otter:
    """`otter run`: one submission without a container, which would cost more."""

    environment, each = ".venv-peers-otter-grader", 1

    def __init__(self, room, folder: Path):
        self.room, self.folder, self.python = room, folder, peers.python(self.environment)
        for name in ("tests", "out"):
            (folder / name).mkdir(parents=True)
        for name, source in checks(room).items():
            inside = "\n".join(f"    {line}" for line in source.splitlines())
            (folder / "tests" / f"{name}.py").write_text(
                f"from otter.test_files import test_case\nOK_FORMAT = False\nname = {name!r}\npoints = 1\n\n"
                f"@test_case(points=1, hidden=False)\ndef test_it(env):\n    globals().update(env)\n"
                f"    {name} = env[{name!r}]\n{inside}\n"
            )
        measured(
            [
                self.python,
                "-m",
                "otter",
                "generate",
                "-t",
                "tests",
                "-o",
                "autograder.zip",
                "--no-requirements",
                "--no-environment",
                "--no-config",
            ],
            cwd=folder,
        )
        with zipfile.ZipFile(folder / "autograder.zip") as archive:
            assert any(n.startswith("tests/") for n in archive.namelist())

    def grade(self, seeds: list[int]) -> float:
        cells = [_code("import otter\ngrader = otter.Notebook('nb.ipynb')")]
        for name, source in plain_cells(self.room, seeds[0]):
            cells.append(_code(source))
            if name in checks(self.room):
                cells.append(_code(f"grader.check({name!r})"))
        _write(self.folder / "nb.ipynb", cells)
        used = measured(
            [self.python, "-m", "otter", "run", "nb.ipynb", "-a", "autograder.zip", "-o", "out", "--no-logo"],
            cwd=self.folder,
        )
        results = json.loads((self.folder / "out" / "results.json").read_text())
        right = [t for t in results["tests"] if t.get("max_score") and t.get("score") == t["max_score"]]
        assert len(right) == len(checks(self.room)), results
        return used["cpu"]


# --- both -----------------------------------------------------------------------------------------------------------


def _load() -> str:
    return " ".join(f"{n:.1f}" for n in os.getloadavg()) + f" on {os.cpu_count()} cores"


def main(students: int = STUDENTS, rounds: int = ROUNDS) -> bool:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    folder = Path(tempfile.mkdtemp(prefix="grading"))
    try:
        room, _ = make_class(folder / "class", min(CLASS, students))
        seeds = [v["seed"] for v in room.manifest["variants"].values()]
        contestants = [kind(room, folder / kind.__name__.lower()) for kind in (Papermill, Nbgrader, Otter)]
        taken = {"ours": [], **{type(c).__name__: [] for c in contestants}}
        print(
            f"load {_load()}; {len(room.students)} submissions a round by ours, {BATCH} by nbgrader, 1 by the others"
        )
        for turn in range(rounds + 1):  # the first warms caches up and is not counted
            cpu = ours(room, folder / f"grades{turn}")["cpu"] / len(room.students)
            row = {
                "ours": cpu,
                **{type(c).__name__: c.grade(seeds[turn * BATCH :][: c.each]) for c in contestants},
            }
            for name in taken if turn else ():
                taken[name].append(row[name])
        median = {name: statistics.median(values) for name, values in taken.items()}
        fastest = min((n for n in median if n != "ours"), key=median.get)
        for name, seconds in median.items():
            spread = f"{min(taken[name]):.2f}–{max(taken[name]):.2f}"
            print(
                f"  {name:10} {seconds:6.2f} CPU-s a submission ({spread}) {seconds / median['ours']:6.1f} × ours"
            )
        faster = median[fastest] / median["ours"]
        good = median["ours"] <= LIMITS["seconds"] and faster >= LIMITS["faster"]
        print(
            f"  {median['ours']:.2f} CPU-s (at most {LIMITS['seconds']}), {faster:.1f} × fewer than {fastest} (at least"
            f" {LIMITS['faster']:.0f}) -> {'pass' if good else 'FAIL'}"
        )
        return full(folder, students) and good
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def full(folder: Path, students: int) -> bool:
    """The whole class from the roster to the reports, with two jobs."""
    print(f"{students} students, 2 jobs; load {_load()}")
    room, assigning = make_class(folder / "full", students)
    used = ours(room, folder / "full_grades", jobs=2, memory=True)
    each = used["cpu"] / students
    good = assigning <= LIMITS["assign"] * max(1, students / 300) and each <= LIMITS["seconds"]
    print(
        f"  assign {assigning:.1f} s (at most {LIMITS['assign']:.0f}); grade {used['wall']:.1f} s, {used['cpu']:.1f} CPU-s"
        f" = {each:.2f} a submission, peak {used['memory']:.0f} MB of all processes together; load {_load()}"
        f" -> {'pass' if good else 'FAIL'}"
    )
    return good


if __name__ == "__main__":
    sys.exit(not main(*map(int, sys.argv[1:])))
