"""Submissions that need more than a plain shell: what works without a kernel,
and what is run in a real one behind the wall.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from classroom import Classroom

import crmkit
from coursekit.sandbox.protocol import Limits
from coursekit.sandbox.submission_run import needs_kernel
from coursekit.sandbox.survivors import end_survivors, survives
from coursekit.sandbox.walls import tiers
from coursekit.sandbox.warm import Warm
from coursekit.teach.grade.grade import grade

pytestmark = pytest.mark.usefixtures("walled")
FULL = 12 / 14  # an honest notebook before its text is read
ASK_FOR_A_KERNEL = "get_ipython().kernel.session.session"
MARKER = "crmkit-kernel-survivor"
SHEET = (
    "from crmkit import AnswerSheet\n"
    "answer = AnswerSheet('x', seed=1, questions=[{'id': 'a', 'kind': 'text'}, {'id': 'b', 'kind': 'number'}])"
)
# what notebooks do without thinking of kernels: cells that must all run, in the shell of the warm process
WITHOUT = {
    "figures inline": ["%matplotlib inline", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"],
    "a figure as a widget": ["%matplotlib widget\nx = 1", "assert x == 1"],
    "inline settings": [
        "%config InlineBackend.figure_format = 'retina'",
        "from matplotlib_inline.backend_inline import set_matplotlib_formats\nset_matplotlib_formats('svg')",
    ],
    "display": [
        "from IPython.display import HTML, clear_output\ndisplay(HTML('x'), {'a': 1})\nclear_output()"
    ],
    "javascript": ["%%javascript\nalert(1)", "%%html\n<b>x</b>"],
    "await": ["import asyncio\nawait asyncio.sleep(0.01)\nx = 3", "assert x == 3"],
    "a running loop": [
        "import asyncio\nasync def f(): return 7\ntask = asyncio.get_running_loop().create_task(f())",
        "assert await task == 7",
    ],
    "the last result": ["1 + 1", "assert _ == 2 and len(In) > 1 and list(Out.values()) == [2]"],
    "the system's commands": ["!ls", "said = !echo hi\nassert list(said) == ['hi']", "%%bash\necho hi"],
    "files of one's own": [
        "%%writefile helper.py\nvalue = 5",
        "import helper\nassert helper.value == 5",
        "%run helper.py\nassert value == 5",
    ],
    "timing": ["%time x = 1", "%timeit -n1 -r1 x", "%load_ext autoreload", "%autoreload 2"],
    "widgets": [
        "import ipywidgets\nslider = ipywidgets.IntSlider(value=3)\ndisplay(slider)\nslider.value = 4",
        "seen = []\nipywidgets.interact(lambda x: seen.append(x), x=5)\nassert seen == [5]",
    ],
    "an explorer": [
        "import crmkit\nexplorer = crmkit.explore_rfm(crmkit.customer_summary(crmkit.load('cdnow_sample'), as_of='1998-06-30'))\ndisplay(explorer)\nexplorer"
    ],
    "a comm": ["from comm import create_comm\ncreate_comm(target_name='x').send({})"],
}
NEEDS = {
    "the kernel": ["assert get_ipython().kernel.session.session"],
    "its magic": ["%connect_info"],
    "its connection": ["from ipykernel import get_connection_file\nget_connection_file()"],
    "its messages": ["assert get_ipython().get_parent()['header']['msg_type'] == 'execute_request'"],
}


@pytest.fixture(scope="module")
def warm():
    with Warm(tier=tiers()[0], limits=Limits(seconds=25)) as started:
        yield started


@pytest.fixture(autouse=True, scope="module")
def both_languages():
    crmkit.set_language("both")
    yield
    crmkit.set_language("both")


def text_of(outcome):
    return outcome.sheet["answers"]["a"].get("value")


def test_no_other_thread_is_about_when_a_submission_is_forked(walled):
    """Locks that another thread held would stay locked for ever in the child."""
    if walled != "bubblewrap":
        pytest.skip("a container runs one submission and forks none")
    with Warm(tier="bubblewrap") as warm:
        pid = warm.pid
        for _ in range(2):  # bubblewrap, its process 1, Python
            pid = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
        status = Path(f"/proc/{pid}/status").read_text()
    assert "Name:\tpython" in status and "\nThreads:\t1\n" in status


@pytest.mark.parametrize("what", WITHOUT)
def test_what_notebooks_commonly_do_needs_no_kernel(warm, what):
    outcome = warm.run(WITHOUT[what])
    assert (outcome.state, outcome.errors, outcome.way) == ("ended", [], "in_process")


@pytest.mark.parametrize("what", NEEDS)
def test_what_insists_on_a_kernel_gets_a_real_one(warm, what):
    outcome = warm.run([SHEET, *NEEDS[what], "answer('a', type(get_ipython()).__name__)"])
    assert (outcome.state, outcome.errors, outcome.way) == ("ended", [], "kernel")
    assert text_of(outcome) == "ZMQInteractiveShell"


def test_an_error_that_no_kernel_would_mend_is_not_run_again(warm):
    outcome = warm.run(
        [
            SHEET,
            "kernel",
            "input('name?')",
            "%nonesuch",
            "1 / 0",
            "raise RuntimeError('the kernel of the matter')",
        ]
    )
    assert outcome.way == "in_process"
    assert [e["name"] for e in outcome.errors] == [
        "NameError",
        "EOFError",
        "UsageError",
        "ZeroDivisionError",
        "RuntimeError",
    ]


def test_errors_in_a_kernel_are_told_and_later_cells_run(warm):
    outcome = warm.run([SHEET, ASK_FOR_A_KERNEL, "1 / 0", "input('name?')", "answer('b', 3)"])
    assert outcome.way == "kernel" and outcome.sheet["answers"]["b"]["value"] == 3
    assert [(e["cell"], e["name"]) for e in outcome.errors] == [
        (2, "ZeroDivisionError"),
        (3, "StdinNotImplementedError"),
    ]


def test_a_kernel_is_walled_in_as_everything_is(warm):
    code = """
import os, socket
from pathlib import Path
found = []
def attempt(name, action):
    try:
        action()
    except OSError:
        return
    found.append(name)
attempt("network", lambda: socket.create_connection(("127.0.0.1", 22), timeout=1))
attempt("write", lambda: Path("/usr/x").write_text("x"))
attempt("processes", lambda: Path("/proc/1/environ").read_bytes())
attempt("neighbour", lambda: os.kill(NEIGHBOUR, 0))
attempt("passwords", lambda: Path("/etc/passwd").read_text())
try:
    import coursekit.lessons.exercise
    found.append("coursekit")
except ImportError:
    pass
answer("a", f"{type(get_ipython()).__name__} {os.getuid()} {found}")
""".replace("NEIGHBOUR", str(os.getpid()))
    outcome = warm.run([SHEET, ASK_FOR_A_KERNEL, code])
    assert outcome.way == "kernel" and text_of(outcome) == "ZMQInteractiveShell 65534 []", outcome


SPEAKS_AS_THE_KERNEL = """
import os, struct
for raw in (b'{"cell": -1}', b'{"no_kernel": "kernel: 1"}', b'{"wall": "no space left"}'):
    os.write(int(os.environ["GRADER_LINE"]), struct.pack(">I", len(raw)) + raw)
os._exit(0)
"""


@pytest.mark.parametrize(
    ("code", "seconds", "state"),
    [
        ("while True: pass", 3, "timeout"),
        ("import os; os._exit(0)", 20, "died"),
        (SPEAKS_AS_THE_KERNEL, 20, "died"),
        (
            "import os\nfor pid in (1, os.getppid(), -1):\n    try: os.kill(pid, 9)\n    except OSError: pass",
            20,
            None,
        ),
        ("kept = []\nwhile True: kept.append(bytearray(64 << 20))", 20, "ended"),
    ],
)
def test_an_attack_in_a_kernel_ends_as_it_would_without_one(warm, code, seconds, state):
    kept = warm.limits
    warm.limits = replace(kept, seconds=seconds)
    try:
        outcome = warm.run(
            [SHEET, "answer('b', 3)", f"import ipykernel\nassert ipykernel\n{ASK_FOR_A_KERNEL}", code]
        )
    finally:
        warm.limits = kept
    assert outcome.state == state or state is None
    assert outcome.sheet["answers"]["b"]["value"] == 3
    assert warm.run([SHEET, "answer('b', 4)"]).sheet["answers"]["b"]["value"] == 4


def test_nothing_that_a_kernel_started_survives(warm):
    start = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)', '{MARKER}'], start_new_session=True)"
    try:
        assert warm.run([ASK_FOR_A_KERNEL, start]).way == "kernel"
        assert not survives(MARKER)
    finally:
        end_survivors(MARKER)


def test_what_counts_is_what_ended(warm):
    """A kernel that dies where the shell went on must not cost what the shell recorded."""
    dies = "import os\nif 'ZMQ' in type(get_ipython()).__name__: os._exit(1)"
    outcome = warm.run([SHEET, dies, ASK_FOR_A_KERNEL, "answer('b', 3)"])
    assert (outcome.state, outcome.way) == ("ended", "in_process") and outcome.sheet["answers"]["b"][
        "value"
    ] == 3


def test_without_a_wall_a_kernel_works_too_and_ends_with_its_run():
    with Warm(tier="trust", limits=Limits(seconds=25), modules=["crmkit", "crmkit.answers.sheet"]) as warm:
        outcome = warm.run([SHEET, ASK_FOR_A_KERNEL, "import os\nanswer('b', os.getpid())"])
    assert outcome.way == "kernel"
    with pytest.raises(ProcessLookupError):
        os.kill(int(outcome.sheet["answers"]["b"]["value"]), 0)


def test_pretending_to_need_a_kernel_is_recognised_by_words_alone_and_harmless():
    assert needs_kernel([{"text": "'NotebookShell' object has no attribute 'kernel'"}])
    assert needs_kernel([{"text": "Line magic function `%connect_info` not found."}])
    assert not needs_kernel(
        [
            {"text": "name 'kernel' is not defined"},
            {"text": "Line magic function `%bogus` not found."},
            {"text": "The 'kernel' parameter of SVC must be a str"},
        ]
    )


def test_a_notebook_that_needs_a_kernel_is_graded_as_its_neighbour_and_says_so(tmp_path):
    room = Classroom(tmp_path, students=2)
    a, b = room.students
    room.hand_in(a, before=["import ipywidgets\n" + ASK_FOR_A_KERNEL, "%matplotlib inline"])
    room.hand_in(b, before=["%matplotlib inline"])
    graded = grade(room.out, assignment=room.folder, out=tmp_path / "grades", jobs=1, say=lambda *_: None)
    assert graded[a].total == graded[b].total == pytest.approx(FULL)
    assert "ran_in_kernel" in graded[a].flags and "ran_in_kernel" not in graded[b].flags
    assert "ran_in_kernel" in (tmp_path / "grades" / "problems.csv").read_text(encoding="utf-8-sig")
