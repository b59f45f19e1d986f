"""A class with hostile and broken submissions among them:
python tests/benchmarks/hostile_class.py [STUDENTS [HOSTILE [BROKEN]]].

The class is graded by the command twice, without those and with them, on folders of their own. Prints seconds,
CPU-seconds a submission, the largest memory of the command and of all that it starts, and fails where an honest
student's marks differ.
"""

import csv
import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from functools import cache
from pathlib import Path

import _peers  # noqa: F401 - puts tests/support on the path
import nbformat
import psutil
from classroom import Classroom
from places import ROOT

CPU_LIMIT = 0.5  # seconds a submission
RAW = "import os, json, struct\ndef frame(raw):\n    os.write(int(os.environ['GRADER_LINE']), struct.pack('>I', len(raw)) + raw)\n"
RATES = 'rates = members.groupby(["segment", "offered"])["renewed"].mean().unstack()\n'
HOSTILE = [  # what is answered
    {"advice": "raise ValueError('\\ud800 oops')"},
    {
        "advice": RAW
        + 'frame(b\'{"error": {"cell": \' + b\'9\' * 4300 + b\', "name": "x", "text": "y"}}\')\nraise ValueError'
    },
    {"advice": RAW + "frame(b'{\"sheet\":' + b'[' * 100000)"},
    {
        "advice": RAW
        + 'frame(b\'{"sheet": {"answers": {"uplift": {"value": 1e999}, "profit": {"value": NaN}}}}\')'
    },
    {"uplift": "import os; os.kill(os.getpid(), 9)"},
    {"uplift": "kept = []\nwhile True: kept.append(bytearray(64 << 20))"},
    {"uplift": "import time; time.sleep(600)"},
    {"uplift": "while True: print('x' * (1 << 20))"},
    {
        "by_segment": "by_segment = pd.DataFrame({'segment': ['\\ud800', 'b', 'c'], 'uplift': [1e308, -1e308, 5e-324]})",
        "profit": "profit = 1e308",
    },
    {
        "by_segment": "by_segment = pd.DataFrame({'segment': list('xyz'), 'uplift': [0.0, 0.0, 0.0]})",
        "profit": "profit = 0.0",
    },
]
WRONG = [  # what an ordinary student gets wrong
    {
        "by_segment": RATES
        + 'by_segment = (rates[True] - rates[False]).rename("uplift").map("{:.1%}".format).reset_index()',
        "profit": "profit = 1.0",
    },
    {
        "by_segment": "by_segment = pd.DataFrame({'segment': ['新会员', '老会员', '沉睡'], 'uplift': [0.1, 0.2, 0.3]})",
        "best_segment": "best_segment = 'new'",
    },
    {"renewed_offered": "renewed_offered = 1 / 0"},
]


@cache
def archives() -> tuple[bytes, bytes]:
    """One of very many empty files, and one that unpacks to gigabytes."""
    many, bomb = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(many, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(19_999):
            archive.writestr(f"{number}.txt", b"")
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}.ipynb", bytes(90 << 20))
    return many.getvalue(), bomb.getvalue()


def broken_files(room: Classroom, student: str) -> list[tuple[bytes, bytes]]:
    """Files that are no honest notebook: how their names end, in bytes, and what they hold."""
    raw = nbformat.writes(room.notebook(student)).encode()
    many, bomb = archives()
    return [
        (b".ipynb", b""),
        (b".ipynb", raw[:900]),
        (b".ipynb", b'{"cells":' * 100_000),
        (b".zip", many),
        (b".zip", bomb),
        (b".zip", b"PK\x03\x04" + bytes(80)),
        ("王.ipynb".encode("gbk"), raw),
        (b".html", b"<html>"),
        (b".rar", b"Rar!"),
        (b".ipynb.txt", raw),
    ]


def lay(room: Classroom, students: list[str], hostile: list[str], broken: list[str]) -> None:
    for student in students:
        room.hand_in(student)
    for number, student in enumerate(hostile):
        kinds = [*HOSTILE, *WRONG]
        room.hand_in(student, kinds[number % len(kinds)])
    for number, student in enumerate(broken):
        files = broken_files(room, student)
        ending, raw = files[number % len(files)]
        with open(os.path.join(os.fsencode(room.out), student.encode() + b"_" + ending), "wb") as stream:
            stream.write(raw)


def graded(room: Classroom, out: Path) -> dict:
    """What the command took, and its gradebook."""
    command = [sys.executable, "-m", "coursekit.cli", "grade", str(room.out)]
    command += ["--assignment", str(room.folder), "--out", str(out), "--jobs", "2", "--seconds", "20"]
    peak = [0.0, 0.0]
    over = threading.Event()
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
        watcher = threading.Thread(target=_watch, args=(psutil.Process(process.pid), peak, over))
        watcher.start()
        status = process.wait()
        over.set()
        watcher.join()
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    if status not in (0, 3):
        raise SystemExit(f"exit {status}\n{text[-3000:]}")
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as stream:
        book = {row["student_id"]: row for row in csv.DictReader(stream)}
    return {"seconds": time.perf_counter() - start, "peak": peak, "book": book, "status": status}


def _watch(process: psutil.Process, peak: list[float], over: threading.Event) -> None:
    """MB at most: of the command itself, and of it with all that it has started."""
    while not over.wait(0.2):
        try:
            own = process.memory_info().rss
            everybody = own + sum(child.memory_info().rss for child in process.children(recursive=True))
        except psutil.Error:
            continue
        peak[0] = max(peak[0], own / 2**20)
        peak[1] = max(peak[1], everybody / 2**20)


def main(size: int, hostile: int, broken: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        room = Classroom(Path(folder), students=size)
        honest = room.students[: size - hostile - broken]
        others = room.students[size - hostile - broken :]
        lay(room, honest, [], [])
        alone = graded(room, Path(folder) / "alone")
        lay(room, [], others[:hostile], others[hostile:])
        together = graded(room, Path(folder) / "together")
        pages = len(list((Path(folder) / "together").glob("feedback/*/feedback.html")))
        shutil.rmtree(Path(folder) / "alone")
    questions = list(room.exercise.questions)
    differ = [
        student
        for student in honest
        for name in ("total", *questions)
        if alone["book"][student][name] != together["book"][student][name]
    ]
    for name, came in (("without them", alone), ("with them", together)):
        own, everybody = came["peak"]
        print(
            f"{name}: {came['seconds']:.0f} s, command {own:.0f} MB, all its processes {everybody:.0f} MB, exit {came['status']}"
        )
    totals = [float(together["book"][student]["total"]) for student in honest]
    print(
        f"{len(honest)} honest marks, {len(set(differ))} of them other than without; least {min(totals):.4f}; {pages} pages"
    )
    for student in others:
        row = together["book"][student]
        print(f"  {student} {row['state']:16} {row['total'] or '—':>9} {row['flags']}")
    return int(bool(differ))


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*(given + [300, 20, 20][len(given) :])))
