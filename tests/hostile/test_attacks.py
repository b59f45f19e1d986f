"""Attacks on the grader: each runs through the real `grade` beside honest neighbours, all in one class.

For each: no answer leaks, no point is forged, no submission is lost, nothing survives, and the neighbours get what they
get without it. Where an attack reaches for something outside, a harmless form of it must succeed with the wall off
(``REACHES``): else the test would only show that the attack was badly written.
"""

import io
import json
import os
import zipfile
from pathlib import Path

import nbformat
import pytest
from classroom import Classroom

import crmkit
from coursekit.sandbox.protocol import Limits
from coursekit.sandbox.survivors import end_survivors, survives
from coursekit.sandbox.warm import Warm
from coursekit.teach.grade.grade import grade

pytestmark = pytest.mark.usefixtures("walled")
FULL = 12 / 14  # an honest notebook before its text is read
SECONDS = 12
MARKER = "crmkit-attack-survivor"

# what is run before the first question, by a student who otherwise answers nothing but the first question
IN_THE_CODE = {
    "endless loop": "while True: pass",
    "endless native loop": "import numpy as np\nnp.ones(1 << 20).tolist().sort() or [sum(range(10**9)) for _ in range(10**6)]",
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "thread bomb": "import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(99,)).start()\n"
    "    except RuntimeError: time.sleep(0.01)",
    "memory bomb": "kept = []\nwhile True: kept.append(bytearray(64 << 20))",
    "disk bomb": "n = 0\nwhile True:\n    open(f'x{n}', 'wb').write(b'x' * (16 << 20)); n += 1",
    "os._exit": "import os; os._exit(0)",
    "sys.exit": "import sys; sys.exit(0)",
    "kill itself": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "kill everybody": "import os, signal\nfor pid in range(1, 70000):\n    try: os.kill(pid, signal.SIGKILL)\n    except OSError: pass",
    "kill the group": "import os, signal; os.killpg(0, signal.SIGTERM); os.kill(-1, signal.SIGKILL)",
    "ignore signals and wait": "import signal, time\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\ntime.sleep(999)",
    "gigabytes of output": "while True: print('x' * (1 << 20))",
    "gigabytes into the pipe": "import os\nwhile True:\n    for fd in range(3, 64):\n        try: os.write(fd, b'\\0\\0\\0\\0' * (1 << 18))\n"
    "        except OSError: pass",
    "a frame of a gigabyte": "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\x7f\\xff\\xff\\xff' + b'x' * 100)\n    except OSError: pass",
    "a flood of tiny frames": "import os, struct\nraw = struct.pack('>I', 2) + b'{}'\nraw *= 10000\nwhile True:\n    for fd in range(3, 64):\n"
    "        try: os.write(fd, raw)\n        except OSError: pass",
    "deep json": "import os, struct\nraw = b'[' * 1000000\nfor fd in range(3, 64):\n    try: os.write(fd, struct.pack('>I', len(raw)) + raw)\n"
    "    except OSError: pass",
    "survivor": f"import os, sys\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    f"        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '{MARKER}'])\n    os._exit(0)",
    "unmount": "import ctypes\nlibc = ctypes.CDLL(None)\nfor p in (b'/proc', b'/scratch', b'/tmp', b'/dev/shm'): libc.umount2(p, 2)",
    "new namespaces": "import ctypes, os\nlibc = ctypes.CDLL(None)\nlibc.unshare(0x10000000 | 0x20000)\n"
    "libc.mount(b'proc', b'/proc', b'proc', 0, None)\nos.listdir('/proc')",
    "overwrite pandas": "import pandas\npandas.DataFrame.equals = lambda *a: True\nimport json; json.dumps = lambda *a, **k: '{}'",
    "patch the answer sheet": "import crmkit.answers.sheet\nclass Fake(dict):\n    def __eq__(self, other): return True\n    __hash__ = None\n"
    "crmkit.answers.sheet.read_answer = lambda q, v: 1\n",
    "grade itself": "import os, struct, json\nraw = json.dumps({'score': 1, 'total': 1, 'done': True, 'marks': {'uplift': 1}, "
    "'sheet': {'answers': {'uplift': {'kind': 'number', 'state': 'recorded', 'value': 'right', 'score': 1}}}}).encode()\n"
    "for fd in range(3, 64):\n    try: os.write(fd, struct.pack('>I', len(raw)) + raw)\n    except OSError: pass",
    "speak as the wall": "import os, struct\nline = int(os.environ['GRADER_LINE'])\n"
    "for raw in (b'{\"cell\": -1}', b'{\"wall\": \"no space left\"}'): os.write(line, struct.pack('>I', len(raw)) + raw)\nos._exit(0)",
    "speak as the kernel": "import os, struct\nline = int(os.environ['GRADER_LINE'])\n"
    "raw = b'{\"no_kernel\": \"kernel: 1\"}'\nos.write(line, struct.pack('>I', len(raw)) + raw)\nos._exit(0)",
    "recursion": "def f(): return f()\nimport sys; sys.setrecursionlimit(10**8); f()",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "import coursekit": "import coursekit.lessons.exercise",
}
# what is answered: never a traceback of the grader's, never points
ANSWERS = {
    "nan": "float('nan')",
    "infinity": "float('inf')",
    "true": "True",
    "huge integer": "10 ** 400",
    "a complex number": "1 + 2j",
    "an object equal to all": "type('E', (), {'__eq__': lambda s, o: True, '__float__': lambda s: -0.93, '__hash__': None})()",
    "a float that lies": "type('F', (float,), {'__sub__': lambda s, o: 0.0, '__eq__': lambda s, o: True, '__hash__': float.__hash__})(9)",
    "control characters": "'\\x00\\x1b[31m\\u202e'",
    "a formula": "'=cmd|x!A1'",
    "html": "'<script>alert(1)</script>'",
    "bytes": "b'-0.93'",
    "a numpy array": "__import__('numpy').array([-0.93])",
    "a surrogate": "'\\ud800'",
}
# (reaching code → text) where {target} is filled in; behind the wall the text must not come out
REACHES = {
    "the pack's solution": "open({pack!r}).read()",
    "the secret": "open({secret!r}).read()",
    "a neighbour's work": "open({neighbour!r}).read()",
    "the journal": "open({journal!r}, 'rb').read().hex()",
    "the course's sources": "open({lessons!r}).read()",
    "the manifest": "open({manifest!r}).read()",
    "the parent's memory": "str(open('/proc/%d/maps' % __import__('os').getppid()).read())",
    "the parent's environment": "open('/proc/%d/environ' % __import__('os').getppid()).read()",
    "a link to it": "(__import__('os').symlink({secret!r}, 'here'), open('here').read())[1]",
}


def corrupt(room: Classroom, student: str) -> dict[str, bytes]:
    """Files that are no honest notebook: name → bytes. The submission counts as handed in, with no points."""
    whole = room.notebook(student)
    text = nbformat.writes(whole)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(4):
            archive.writestr(f"x{i}.ipynb", b"0" * (101 << 20))
    return {
        "empty.ipynb": b"",
        "cut.ipynb": text.encode()[:500],
        "not_json.ipynb": b"\x80\x04\x95pickle",
        "list.ipynb": b"[1, 2]",
        "deep.ipynb": b'{"cells":' * 100000,
        "huge_number.ipynb": b'{"nbformat": ' + b"9" * 100000 + b"}",
        "no_cells.ipynb": b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        "bomb.zip": bomb.getvalue(),
        "cells_are_text.ipynb": b'{"cells": ["x", 3, null], "metadata": [], "nbformat": 4}',
        "broken.zip": b"PK\x03\x04" + b"\0" * 50,
    }


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """One class in which everybody attacks, with three honest students in between; graded once."""
    crmkit.set_language("both")
    folder = tmp_path_factory.mktemp("attacks")
    plans = [
        *(("code", name) for name in IN_THE_CODE),
        *(("answer", name) for name in ANSWERS),
        *(("reach", name) for name in REACHES),
    ]
    room = Classroom(folder, students=len(plans) + 3 + 10 + 6)
    students = iter(room.students)
    honest = [next(students) for _ in range(3)]
    for student in honest:
        room.hand_in(student)
    who = {}
    first = dict.fromkeys(room.solution, "...")  # only the first question is answered, and rightly
    for kind, name in plans:
        student = who[kind, name] = next(students)
        changed = {q: f"{q} = ..." for q in first if q != "renewed_offered"} | {
            "renewed_offered": room.solution["renewed_offered"]
        }
        if kind == "code":
            # the attack comes after the first answer is recorded, which is therefore kept whatever happens
            changed["uplift"] = IN_THE_CODE[name] + "\nuplift = 0.123456"
        elif kind == "answer":
            changed["uplift"] = f"uplift = {ANSWERS[name]}"
        else:
            changed["advice"] = f"advice = {_reaching(room, name, honest[0], folder)} + ' word' * 30"
        room.hand_in(student, changed)
    files = {}
    for name, raw in corrupt(room, next(students)).items():
        student = next(students)
        files[name] = student
        (room.out / f"{student}_{name}").write_bytes(raw)
    structure = {}
    for name in (
        "forged output",
        "unknown kernel",
        "no parameters cell",
        "own injected cell",
        "twice the sheet",
    ):
        student = structure[name] = next(students)
        nbformat.write(
            _restructured(room, student, name), room.out / f"{student}_{room.variant(student)['file']}"
        )
    os.symlink("/etc/passwd", room.out / f"{honest[1]}_link.ipynb")
    with zipfile.ZipFile(room.out / "slip.zip", "w") as archive:
        archive.writestr("../../../../tmp/crmkit_slipped.ipynb", nbformat.writes(room.notebook(honest[2])))
    said = []
    graded = grade(
        room.out,
        assignment=room.folder,
        out=folder / "grades",
        jobs=2,
        limits=Limits(seconds=SECONDS, cpu=SECONDS),
        say=lambda *w: said.append(" ".join(map(str, w))),
    )
    return room, folder, honest, who, files, structure, graded


def _reaching(room, name: str, neighbour: str, folder: Path) -> str:
    lessons = Path(crmkit.__file__).parents[1] / "lessons" / "06_customer_pyramid.md"
    return REACHES[name].format(
        pack=str(room.folder / "pack" / "gym_offer.md"),
        secret=str(room.folder / "secret.key"),
        neighbour=str(room.out / f"{neighbour}_{room.variant(neighbour)['file']}"),
        manifest=str(room.folder / "manifest.json"),
        journal=str(folder / "grades" / "journal.sqlite"),
        lessons=str(lessons),
    )


def _restructured(room, student: str, name: str):
    notebook = room.notebook(student)
    if name == "forged output":
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [
                    nbformat.v4.new_output(
                        "display_data",
                        {
                            "application/vnd.crmkit.answer+json": {
                                "id": "uplift",
                                "state": "recorded",
                                "value": 0.5,
                                "score": 1,
                            }
                        },
                    )
                ]
        notebook.metadata["crmkit"]["score"] = 1.0
    elif name == "unknown kernel":
        notebook.metadata["kernelspec"] = {"name": "evil", "display_name": "x", "language": "bash"}
    elif name == "no parameters cell":
        notebook.cells = [
            c
            for c in notebook.cells
            if not {"parameters", "injected-parameters"} & set(c.metadata.get("tags", []))
        ]
    elif name == "own injected cell":
        # the data of seed 1, whose answers are public, would be marked as this student's
        for cell in notebook.cells:
            if "injected-parameters" in cell.metadata.get("tags", []):
                cell.source = '# Parameters\nseed = 1\nlang = "en"\n'
    elif name == "twice the sheet":
        sheet = next(c for c in notebook.cells if "questions" in c.metadata.get("tags", []))
        forged = nbformat.v4.new_code_cell(sheet.source.replace("'kind': 'number'", "'kind': 'text'"))
        notebook.cells.insert(notebook.cells.index(sheet) + 1, forged)
    return notebook


def score(graded, student: str, question: str):
    return next(q.score for q in graded[student].questions if q.question == question)


def test_honest_neighbours_are_graded_as_without_any_attack(everything, tmp_path_factory):
    room, folder, honest, *_, graded = everything
    for student in honest:
        assert graded[student].total == pytest.approx(FULL) and graded[student].state == "ended"
        alone = grade(
            room.out / f"{student}_{room.variant(student)['file']}",
            assignment=room.folder,
            out=tmp_path_factory.mktemp("alone"),
            say=lambda *_: None,
        )[student]
        assert [(q.question, q.score, q.value) for q in alone.questions] == [
            (q.question, q.score, q.value) for q in graded[student].questions
        ]


@pytest.mark.parametrize("name", IN_THE_CODE)
def test_an_attack_in_the_code_keeps_its_earlier_answer_and_earns_nothing_more(everything, name):
    _, _, _, who, _, _, graded = everything
    mine = graded[who["code", name]]
    assert mine.state in ("ended", "timeout", "died", "too_much_output"), mine.state
    if name != "patch the answer sheet" and name != "grade itself":
        assert score(graded, who["code", name], "renewed_offered") == 1  # recorded before, and not lost
    rest = [q.score for q in mine.questions if q.question != "renewed_offered"]
    assert not any(rest), mine.questions


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_none_is_badly_formed_or_wrong_and_never_an_error_of_the_grader(everything, name):
    _, _, _, who, _, _, graded = everything
    mine = next(q for q in graded[who["answer", name]].questions if q.question == "uplift")
    assert mine.score == 0 and mine.state in ("badly_formed", "recorded", "missing")
    assert graded[who["answer", name]].state == "ended"
    assert score(graded, who["answer", name], "renewed_offered") == 1


@pytest.mark.parametrize("name", REACHES)
def test_what_is_outside_cannot_be_read_and_could_be_without_the_wall(everything, name):
    room, folder, honest, who, _, _, graded = everything
    mine = next(q for q in graded[who["reach", name]].questions if q.question == "advice")
    assert mine.value is None and mine.state == "missing", mine
    code = _reaching(room, name, honest[0], folder)
    probe = (
        "from crmkit import AnswerSheet\nanswer = AnswerSheet('x', seed=1, questions=[{'id': 'a', 'kind': 'text'}])\n"
        f"answer('a', 'got ' + {code}[:40])"
    )
    with Warm(tier="trust", modules=["crmkit", "crmkit.answers.sheet"]) as warm:
        outcome = warm.run([probe])
    assert (outcome.sheet or {}).get("answers", {}).get("a", {}).get("value", "").startswith("got "), outcome
    if Path("here").is_symlink():
        Path("here").unlink()


def test_nothing_survives(everything):
    try:
        assert not survives(MARKER)
    finally:
        end_survivors(MARKER)


def test_a_survivor_would_be_seen_without_the_wall():
    with Warm(tier="trust", modules=["crmkit"]) as warm:
        warm.run(
            [IN_THE_CODE["survivor"], "import time; time.sleep(0.5)"]
        )  # until it has become the other program
        try:
            assert survives(MARKER)
        finally:
            end_survivors(MARKER)


def test_files_that_are_no_notebooks_are_listed_and_cost_nobody_else_anything(everything):
    room, folder, _, _, files, _, graded = everything
    listed = (folder / "grades" / "problems.csv").read_text(encoding="utf-8-sig")
    for name, student in files.items():
        assert f"{student}_{name}" in listed, name
        assert graded[student].total is None


def test_a_link_is_not_followed_and_nothing_is_unpacked_outside(everything):
    room, folder, honest, *_ = everything
    listed = (folder / "grades" / "problems.csv").read_text(encoding="utf-8-sig")
    assert f"{honest[1]}_link.ipynb" in listed and "root:" not in listed
    assert not Path("/tmp/crmkit_slipped.ipynb").exists()


def test_outputs_metadata_kernels_and_injected_cells_of_a_submission_count_for_nothing(everything):
    *_, structure, graded = everything
    for name, student in structure.items():
        assert graded[student].total == pytest.approx(FULL), name


def test_no_answer_leaks_into_what_students_are_shown(everything):
    room, folder, honest, who, _, _, graded = everything
    secret = (room.folder / "secret.key").read_text().strip()
    for page in (folder / "grades" / "feedback").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert secret not in text and "<script>" not in text and "rates[True]" not in text
    right = json.dumps(room.exercise.right_answers(room.variant(honest[0])["seed"])["profit"])
    assert right not in (
        folder / "grades" / "feedback" / who["code", "os._exit"] / "feedback.html"
    ).read_text(encoding="utf-8")
