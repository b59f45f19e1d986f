"""The contest: honest policies get what they would get without a wall; a hostile one finds nothing and harms nobody."""

import csv
import io
import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from classroom import Classroom
from killing import ENVIRONMENT, kept, killed_when
from places import ROOT

import crmkit
from coursekit.messages import KitError
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.game import contest
from coursekit.teach.game.contest import draw_seed, read_secret
from coursekit.teach.game.contest_page import write_contest
from coursekit.teach.game.policies import read_policy
from coursekit.teach.game.policy_process import packed
from coursekit.teach.game.standings import Contest, ranked, standing
from coursekit.teach.game.submissions import whose
from coursekit.teach.handed_in.intake import Found
from crmkit.market import Outcome, play, resized, scenario
from crmkit.market.game import rules
from crmkit.market.game.game import Setup
from crmkit.market.simulator.ledgers import COLUMNS

SETUP = Setup(scenario="household_hotline", seed=0, quarters=3, customers=100)
KEY = bytes(range(32))
SEEDS = [draw_seed(KEY, SETUP, number) for number in (1, 2)]
MARKER = "crmkit-contest-survivor"
USUAL = "    return view.standard\n"

HONEST = {
    "nothing": "def policy(view):\n" + USUAL,
    "sensible": """
from dataclasses import replace
import numpy as np
calls = []
def policy(view):
    calls.append(view.quarter)
    spent = view.ledgers.transactions.groupby("customer_id")["amount"].sum()
    share = np.float32(0.3) if spent.mean() > 0 else 0
    social = {name: share for name in view.facts["segments"]}
    assert calls == list(range(1, view.quarter + 1))  # what is kept lasts as long as the game
    return replace(view.standard, social=social, complaint_handling=np.float64(0.8), contacts={"all": np.int64(1)})
""",
    "trial": """
from dataclasses import replace
from crmkit.market import Trial
def policy(view):
    held = tuple(view.ledgers.customers["customer_id"].head(20))
    return replace(view.standard, price=1.02, trial=Trial(standard=view.standard, held_out=held))
""",
}
SEND = """
import json, os, struct
def send(raw):
    for fd in range(3, 64):
        try:
            os.write(fd, raw)
        except OSError:
            pass
def frame(**said):
    text = json.dumps(said).encode()
    return struct.pack(">I", len(text)) + text
"""
# name → (source, the reasons that may be given, whether what it decides is what it would have been without the attack)
ATTACKS = {
    "raises": ("def policy(view):\n    raise ValueError('x' * 10**6)", {"raised"}),
    "raises when loaded": ("1 / 0\ndef policy(view):\n" + USUAL, {"raised"}),
    "leaves when loaded": ("import sys\nsys.exit(0)\ndef policy(view):\n" + USUAL, {"raised"}),
    "stops answering at the second quarter": (
        "def policy(view):\n    if view.quarter == 2: raise KeyError('lost')\n" + USUAL,
        {"raised"},
    ),
    "no decision": ("def policy(view):\n    return {'price': 1}", {"raised"}),
    "endless": ("def policy(view):\n    while True: pass", {"timeout", "ended"}),
    "sleeps": ("import time\ndef policy(view):\n    time.sleep(999)", {"timeout"}),
    "dies": ("import os\ndef policy(view):\n    os._exit(0)", {"ended"}),
    "kills everybody": (
        "import os\ndef policy(view):\n    for pid in range(1, 5000):\n        try: os.kill(pid, 9)\n"
        "        except OSError: pass\n    os.kill(os.getpid(), 9)",
        {"ended", "raised"},
    ),
    "fork bomb": (
        "import os\ndef policy(view):\n    while True:\n        try: os.fork()\n        except OSError: pass",
        {"timeout", "ended"},
    ),
    "memory": (
        "def policy(view):\n    kept = []\n    while True: kept.append(bytearray(64 << 20))",
        {"raised", "ended", "timeout"},
    ),
    "prints without end": (
        "def policy(view):\n    for _ in range(100): print('x' * (1 << 20))\n" + USUAL,
        {""},
    ),
    "floods the line": (SEND + "def policy(view):\n    while True: send(frame(x='y' * 60000))", {"flood"}),
    "floods with tiny frames": (
        SEND + "raw = frame() * 10000\ndef policy(view):\n    while True: send(raw)",
        {"flood", "timeout"},
    ),
    "a frame of a gigabyte": (
        SEND + "def policy(view):\n    send(b'\\x7f\\xff\\xff\\xff' + b'x' * 99)\n" + USUAL,
        {"flood"},
    ),
    "deep json": (
        SEND
        + "raw = b'[' * 900000\ndef policy(view):\n    send(struct.pack('>I', len(raw)) + raw)\n"
        + USUAL,
        {"", "flood"},
    ),
    "forges its value": (
        SEND + "def policy(view):\n    send(frame(value=1e15, score=100, profit=1e15, reason='', "
        "quarter=0, done=True, decided=8))\n" + USUAL,
        {""},
    ),
    "forges a decision": (
        SEND + "def policy(view):\n    send(frame(quarter=view.quarter, decision={'price': 1e9}))\n" + USUAL,
        {"refused"},
    ),
    "forges a wall that fell": (
        SEND + "def policy(view):\n    send(frame(wall='no sandbox here'))\n" + USUAL,
        {""},
    ),
    "forges a wall that fell and ends": (
        SEND + "def policy(view):\n    send(frame(wall='no sandbox here'))\n    os._exit(0)",
        {"ended"},
    ),
    "forges a wall that fell before it decides": (
        SEND
        + "send(frame(cell=-1))\nsend(frame(wall='no sandbox here'))\nos._exit(0)\ndef policy(view):\n"
        + USUAL,
        {"ended"},
    ),
    "forges a list": (
        SEND
        + "def policy(view):\n    send(frame(quarter=view.quarter, decision=[[1], {'campaigns': 3}]))\n"
        + USUAL,
        {"refused"},
    ),
    "patches Decision": (
        "from crmkit.market import Decision\nDecision.__post_init__ = lambda self: None\n"
        "def policy(view):\n    return Decision(price=50.0, financial={'all': -3})",
        {"refused"},
    ),
    "patches record": (
        "from crmkit.market import Decision\nDecision.record = lambda self: {'price': float('nan')}\n"
        "def policy(view):\n" + USUAL,
        {"refused"},
    ),
    "patches json": (
        'import json\njson.dumps = lambda *a, **k: \'{"quarter": 1, "decision": {"scenario": 1}}\'\n'
        "def policy(view):\n" + USUAL,
        {"refused"},
    ),
    "a text that lies": (
        "from dataclasses import replace\nclass T(str):\n    def __eq__(self, o): return True\n"
        "    __hash__ = str.__hash__\ndef policy(view):\n"
        "    return replace(view.standard, relationship={'all': T('everything')})",
        {"refused", "raised"},
    ),
    "a group that is none": (
        "from dataclasses import replace\ndef policy(view):\n"
        "    return replace(view.standard, social={'martians': 1})",
        {"refused"},
    ),
    "customers that are none": (
        "from dataclasses import replace\nfrom crmkit.market import Trial\ndef policy(view):\n"
        "    return replace(view.standard, trial=Trial(standard=view.standard, held_out=('C99999999',)))",
        {"refused"},
    ),
    "a thousand campaigns": (
        "from dataclasses import replace\nfrom crmkit.market import Campaign\ndef policy(view):\n"
        "    return replace(view.standard, campaigns=tuple(Campaign(name=f'c{i}') for i in range(1000)))",
        {"refused"},
    ),
    "a huge record": (
        "from dataclasses import replace\nfrom crmkit.market import Campaign\ndef policy(view):\n"
        "    return replace(view.standard, campaigns=(Campaign(name='x' * (5 << 20)),))",
        {"flood"},
    ),
    "survivor": (
        f"import os, sys\ndef policy(view):\n    if os.fork() == 0:\n        os.setsid()\n"
        f"        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(300)', '{MARKER}'])\n"
        + USUAL,
        {""},
    ),
    "a thread that stays": (
        "import threading, time\ndef policy(view):\n"
        "    threading.Thread(target=time.sleep, args=(300,)).start()\n" + USUAL,
        {""},
    ),
}
# what is reached for; what it finds leaves as the words of an error. {masked}, {traits}: what to look for, not as it is
DIG = """
import gc, os, sys
import numpy as np
masked, traits = {masked!r}, {traits!r}
def reachable(roots):
    seen, todo = set(), list(roots)
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if not isinstance(one, (str, bytes, int, float)):
            todo.extend(gc.get_referents(one))
def dig(extra):
    found, frame, frames = set(), sys._getframe(), []
    while frame:
        frames += [frame, frame.f_locals, frame.f_globals]
        frame = frame.f_back
    roots = [*gc.get_objects(), *frames, *sys.modules.values(), dict(os.environ), sys.argv, extra]
    count = 0
    for one in reachable(roots):
        count += 1
        name = type(one).__name__
        if name in ("Market", "Game", "Contest", "Setup"):
            found.add(name)
        if type(one) is int and one ^ (2**62 - 1) in masked:
            found.add("seed")
        if isinstance(one, str) and one.isdecimal() and len(one) > 6 and int(one[:20]) ^ (2**62 - 1) in masked:
            found.add("seed as text")
        if isinstance(one, np.ndarray) and one.dtype.kind == "f" and one.size:
            values = np.asarray(one).ravel()[:5000].astype(float) * 3
            if np.isin(np.round(values, 4), traits).any():
                found.add("truth")
    return f"looked at {{count > 10000}} found {{sorted(found)}}"
def policy(view):
    raise RuntimeError(dig(view))
"""
REACHES = {
    "the secret": "open({secret!r}).read()",
    "the journal": "open({journal!r}, 'rb').read(9)",
    "another's policy": "open({other!r}).read()",
    "coursekit": "__import__('coursekit.teach.game.contest').__name__",
    "writing outside": "open({written!r}, 'w').write('here')",
    "the network": "__import__('socket').create_connection(('127.0.0.1', {port}), timeout=1).recv(5)",
    "the market's process": "open('/proc/%d/environ' % __import__('os').getppid(), 'rb').read()",
    "an earlier game": "[__import__('crmkit').left, open('left').read(), __import__('os').environ['LEFT']][0]",
}
REACH = """
import os
def policy(view):
    import crmkit
    def leave():
        crmkit.left = os.environ["LEFT"] = "left"
        open("left", "w").write("left")
    try:
        found = {expression}
    except BaseException as problem:
        leave()
        raise RuntimeError("nothing: " + type(problem).__name__)
    raise RuntimeError("got it")
"""


def traits_of(seeds) -> list[float]:
    """Hidden traits of customers, tripled and rounded, so that the list itself is not what is found."""
    found = []
    for seed in seeds:
        truth = replace(SETUP, seed=seed).opened().truth
        found += [round(float(x) * 3, 4) for x in truth["true_contact_tolerance"].head(20)]
    return found


def digging() -> str:
    return DIG.format(masked=[seed ^ (2**62 - 1) for seed in SEEDS], traits=traits_of(SEEDS))


def rows(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


@pytest.fixture(scope="module")
def everything(tmp_path_factory, walled):
    """One contest in which everybody plays: the honest, the attackers, and files that are no policies."""
    crmkit.set_language("both")
    folder = tmp_path_factory.mktemp("contest")
    room, out = folder / "handed_in", folder / "out"
    room.mkdir()
    out.mkdir()
    (out / "secret.key").write_text(KEY.hex())
    sources = {**HONEST, **{name: source for name, (source, _) in ATTACKS.items()}, "digs": digging()}
    hanging = {name: sources.pop(name) for name, (_, reasons) in ATTACKS.items() if "timeout" in reasons}
    with socket.create_server(("127.0.0.1", 0)) as server:
        places = {
            "secret": str(out / "secret.key"),
            "journal": str(out / "journal.sqlite"),
            "port": server.getsockname()[1],
            "other": str(room / "nothing" / "policy.py"),
            "written": str(folder / "written"),
        }
        os.chmod(folder, 0o777)
        sources |= {name: REACH.format(expression=e.format(**places)) for name, e in REACHES.items()}
        lay(room, sources)
        (room / "<script>alert(1)").mkdir()
        (room / "<script>alert(1)" / "policy.py").write_text(HONEST["nothing"])
        (room / "none.py").write_text("def policies(view): ...")
        (room / "broken.ipynb").write_bytes(b"{")
        said = []
        terms = {"setup": SETUP, "seeds": 2, "rounds": 0, "say": said.append}
        # time enough for a decision on a busy machine; whoever hangs is waited for in a contest of its own
        found = contest.contest(room, seconds=60, out=out, **terms).standings
        lay(folder / "hanging", hanging)
        terms["say"] = lambda line: None
        found += contest.contest(
            folder / "hanging", seconds=6, out=folder / "out_hanging", secret=out / "secret.key", **terms
        ).standings
    return {one.student: one for one in found}, out, folder, "\n".join(said)


@pytest.mark.parametrize(
    "name, said",
    [
        ("raises", "policy.py:2 ValueError: xxx"),
        ("raises when loaded", "policy.py:1 ZeroDivisionError"),
        ("stops answering at the second quarter", "policy.py:2 KeyError: 'lost'"),
    ],
)
def test_a_policy_that_fails_says_why_in_which_line_and_from_which_quarter(everything, name, said):
    standings, out, *_ = everything
    assert {game["detail"][: len(said)] for game in standings[name].games} == {said}
    told = next(row for row in rows(out / "problems.csv") if row["student_id"] == name)
    quarter = 2 if "second" in name else 1
    assert f"from quarter {quarter} on. {said}" in told["detail"]
    assert f"从第 {quarter} 季度起。{said}" in told["detail"]


def lay(room: Path, sources: dict[str, str]) -> None:
    """A folder for each student, with the policy in it."""
    for name, source in sources.items():
        (room / name).mkdir(parents=True)
        (room / name / "policy.py").write_text(source, encoding="utf-8")


def expected(policy, seed: int) -> Outcome:
    return play(
        resized(scenario(SETUP.scenario), customers=100), policy=policy, seed=seed, quarters=SETUP.quarters
    )


def test_a_policy_behind_the_wall_is_worth_to_the_cent_what_play_gives_without_one(everything):
    standings, *_ = everything
    for name in ("nothing", "sensible", "trial"):
        for seed, game in zip(SEEDS, standings[name].games):
            own = {}
            exec(HONEST[name], own)
            without = expected(own["policy"], seed)
            assert (
                game["value"] == pytest.approx(without.value, abs=0.005)
                and game["reason"] == ""
                and game["decided"] == 3
            )
            assert game["cpu_seconds"] > 0


def test_the_firm_that_changes_nothing_scores_exactly_0(everything):
    standings, *_ = everything
    nothing = standings["nothing"]
    assert nothing.gain.numbers == (0, 0, 0) and (np.isnan(nothing.score.value) or nothing.score.value == 0)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_loses_its_own_game_for_a_stated_reason_and_gains_nothing(everything, name):
    standings, out, folder, _ = everything
    for seed, game in zip(SEEDS, standings[name].games):
        assert game["reason"] in ATTACKS[name][1], game
        assert game["value"] == pytest.approx(expected(lambda view: view.standard, seed).value, abs=0.005)
    if standings[name].lost:
        listed = rows(out / "problems.csv") + rows(folder / "out_hanging" / "problems.csv")
        assert [r for r in listed if r["student_id"] == name and r["what"] in ATTACKS[name][1]]


def test_who_fails_in_the_second_quarter_keeps_the_first_and_does_nothing_afterwards(everything):
    standings, *_ = everything
    assert [g["decided"] for g in standings["stops answering at the second quarter"].games] == [1, 1]


def test_frames_gc_modules_and_environment_hold_neither_truth_nor_seed(everything):
    standings, *_ = everything
    for game in standings["digs"].games:
        assert game["detail"].endswith(" RuntimeError: looked at True found []"), game


def test_the_same_digging_finds_both_where_the_market_is_in_the_process():
    own = {}
    exec(digging(), own)
    firm, seed = replace(SETUP, seed=SEEDS[0]).opened(), SEEDS[0]
    assert (
        "'Market'" in own["dig"]([firm, seed])
        and "'seed'" in own["dig"]([firm, seed])
        and "'truth'" in own["dig"]([firm, seed])
    )


@pytest.mark.parametrize("name", REACHES)
def test_what_lies_outside_a_game_is_out_of_reach(everything, name):
    standings, _, folder, _ = everything
    for game in standings[name].games:
        assert " RuntimeError: nothing: " in game["detail"], game
    assert not (folder / "written").exists()


def test_only_what_a_ledger_names_goes_in():
    firm = replace(SETUP, seed=SEEDS[0]).opened()
    sent = packed(rules.view(firm, standard=firm.scenario.status_quo))
    assert set(sent) == {"quarter", "quarters", "facts", "standard", "names", "start", "months", "books"}
    assert {name: set(book) for name, book in sent["books"].items()} == {
        name: set(c) for name, c in COLUMNS.items()
    }
    hidden = {c.removeprefix("true_") for c in firm.truth.columns}
    assert not hidden & set(json.dumps(sent["facts"], default=str).replace('"', " ").split())


def test_nothing_survives(everything):
    alive = [p for p in Path("/proc").iterdir() if p.name.isdigit() and MARKER.encode() in _cmdline(p)]
    assert not alive


def _cmdline(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_reports_name_every_file_once_and_hold_no_script(everything):
    standings, out, _, said = everything
    what = {(r["what"], r["file"]) for r in rows(out / "problems.csv")}
    assert ("no_policy", "none.py") in what and ("unreadable", "broken.ipynb") in what
    assert ("same_file", "nothing/policy.py") in what  # the same to the byte as another's
    table = rows(out / "contest.csv")
    hanging = rows(out.with_name("out_hanging") / "contest.csv")
    assert {r["student_id"] for r in table + hanging} == set(standings)
    assert len(table) + len(hanging) == len(standings) and len(rows(out / "games.csv")) == 2 * len(table)
    assert {int(r["seed"]) for r in rows(out / "games.csv")} == set(SEEDS)
    page, private = ((out / name).read_text(encoding="utf-8") for name in ("contest.html", "problems.html"))
    assert (
        "<script>" not in page + private
        and "&lt;script&gt;alert" in private
        and KEY.hex() not in page + private
    )
    assert "none.py" in private and "none.py" not in page  # the class sees who won, and nobody's mishaps
    assert "策略竞赛" in page and "Policy contest" in page and "sensible" in said


def test_a_contest_killed_with_9_goes_on_and_plays_nothing_twice(tmp_path, walled):
    room, out = tmp_path / "handed_in", tmp_path / "out"
    for k in range(3):
        (room / f"s{k}").mkdir(parents=True)
        (room / f"s{k}" / "policy.py").write_text(
            f"import time\ndef policy(view):\n    time.sleep(0.2)  # {k}\n" + USUAL
        )
    program = tmp_path / "run.py"
    program.write_text(
        "from pathlib import Path\nfrom coursekit.teach.game.contest import contest\nfrom crmkit.market.game.game import Setup\n"
        "if __name__ == '__main__':\n"
        f"    contest(Path({str(room)!r}), setup=Setup(scenario='household_hotline', seed=0, quarters=2, customers=100), "
        f"rounds=0, seeds=3, out=Path({str(out)!r}), say=lambda *_: None)\n"
    )
    killed_when(lambda: len(kept(out)) >= 5, str(program))
    before = kept(out)
    assert 5 <= len(before) < 12
    subprocess.run([sys.executable, str(program)], env=ENVIRONMENT, check=True)
    after = kept(out)
    assert (
        len(after) == 12 and before.items() <= after.items()
    )  # CPU seconds included: nothing was played again


# --- what needs no wall ---------------------------------------------------------------------------------------------


def test_seeds_are_48_bits_of_the_secret_the_same_for_all_and_another_secrets_are_others():
    many = [draw_seed(KEY, SETUP, n) for n in range(500)]
    assert len(set(many)) == 500 and max(many) < 2**48 and np.mean(many) == pytest.approx(2**47, rel=0.1)
    assert not set(many) & {draw_seed(KEY[::-1], SETUP, n) for n in range(500)}
    assert draw_seed(KEY, replace(SETUP, level="hard"), 1) != many[1]


def test_a_secret_is_drawn_once_readable_to_nobody_else_and_never_replaced(tmp_path):
    path = tmp_path / "new" / "secret.key"
    key = read_secret(path)
    assert len(key) == 32 and path.stat().st_mode & 0o077 == 0 and read_secret(path) == key
    path.write_text("not hexadecimal")
    with pytest.raises(KitError, match="hexadecimal"):
        read_secret(path)
    assert path.read_text() == "not hexadecimal"


def found(name: str, text: str | bytes) -> Found:
    return Found(name, None, text if isinstance(text, bytes) else text.encode())


def notebook(*cells: str) -> bytes:
    return nbformat.writes(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    ).encode()


@pytest.mark.parametrize(
    "name, raw, reason",
    [
        ("policy.py", "def policy(view): ...", ""),
        ("policy.py", b"\xef\xbb\xbfdef policy(view): ...", ""),
        ("policy.py", "policy = lambda view: view.standard", ""),
        ("policy.py", "def policy(view:", "no_policy"),
        ("policy.py", "class A:\n    def policy(self): ...", "no_policy"),
        ("policy.py", b"\xff\xfe\x00", "unreadable"),
        ("policy.py", "x = 1\n" * 40000 + "def policy(view): ...", "no_policy"),
        ("policy.py", "(" * 5000 + "policy", "no_policy"),
        ("policy.py", "policy = " + "-" * 90000 + "1", "no_policy"),
        ("policy.py", "policy = x" + ".a" * 90000, "no_policy"),
        ("a.ipynb", notebook("import os", "def policy(view): return 1", "%timeit policy(1)"), ""),
        ("a.ipynb", b"[1]", "unreadable"),
        ("a.ipynb", notebook("print(1)"), "no_policy"),
    ],
)
def test_a_policy_is_a_file_or_the_notebooks_last_cell_that_defines_it(name, raw, reason):
    source, why = read_policy(found(name, raw))
    assert why == reason and (source is None) == bool(reason)
    assert source is None or "policy" in source


def test_students_without_a_roster_are_called_as_their_folder_or_file():
    labels = [
        "class.zip/all/ann/policy.py",
        "class.zip/all/王小明_123_assignsubmission_file_/policy.py",
        "class.zip/all/ben.zip/policy.py",
        "class.zip/all/cleo.py",
    ]
    archive = Path("class.zip")
    theirs, unknown = whose(
        [found(label, "x") for label in labels], None, archive if archive.is_file() else Path(".")
    )
    assert not unknown and set(theirs) == {"ann", "王小明_123", "ben", "cleo"}


def test_students_of_an_assignment_are_told_by_the_path_and_a_file_of_nobody_is_listed(tmp_path):
    room = Classroom(tmp_path)
    about = Assignment.read(room.folder)
    a, b, *_ = room.students
    theirs, unknown = whose(
        [
            found(f"{a}_policy.py", "x"),
            found(f"{about.variants[b].name}/policy.py", "y"),
            found("policy.py", "z"),
        ],
        about,
        tmp_path,
    )
    assert set(theirs) == {a, b} and [p.file for p in unknown] == ["policy.py"]


def test_a_teams_policy_counts_once_whoever_of_it_hands_in(tmp_path):
    room = Classroom(tmp_path, columns={"team": ["Red", "Red", "", ""]})
    about = Assignment.read(room.folder)
    a, b, c, _ = room.students
    files = [
        found(f"{b}_policy.py", "def policy(view): return view.standard"),
        found("Red/policy.py", "def policy(view): return None"),
        found(f"{c}_policy.py", "def policy(view): return 3"),
    ]
    theirs, unknown = whose(files, about, tmp_path)
    assert not unknown and {student: len(files) for student, files in theirs.items()} == {a: 2, c: 1}
    policies, unused = contest.choose_policies(theirs)
    assert set(policies) == {a, c}
    assert [one.reason for one in unused] == ["team_files_differ"]


def games(values) -> list[dict]:
    return [{"value": v, "reason": "", "cpu_seconds": 0.0, "decided": 1} for v in values]


def test_who_never_decided_anything_is_not_ranked_above_who_tried():
    marks = [{"nothing": 100.0, "search": 200.0}] * 2
    idle, bad = (
        standing("idle", "i", [g | {"decided": 0} for g in games((100, 100))], marks),
        standing("bad", "b", games((9, 8)), marks),
    )
    assert [(s.student, s.rank) for s in ranked([idle, bad])] == [("bad", 1), ("idle", None)]


def test_ranks_means_and_leads_are_those_of_the_paired_differences():
    marks = [{"nothing": 100.0, "search": 200.0}, {"nothing": 300.0, "search": 600.0}]
    a, b, c = (
        standing(n, n, games(v), marks) for n, v in (("a", (150, 400)), ("b", (160, 370)), ("c", (150, 400)))
    )
    assert a.gain.value == 75 and a.score.value == pytest.approx(100 * 75 / 200)
    order = ranked([b, c, a])
    assert [(s.student, s.rank) for s in order] == [("a", 1), ("c", 1), ("b", 3)]
    assert order[0].apart.numbers == (0, 0, 0) and order[1].apart.value == 10 and order[1].apart.low < 0


def test_the_interval_covers_a_known_gain_in_95_of_100_contests():
    rng, hits = np.random.default_rng(4), 0
    for _ in range(1000):
        luck = rng.normal(1000, 400, 20)  # of the seeds, which both firms share
        marks = [{"nothing": x, "search": x + 100} for x in luck]
        one = standing("a", "a", games(luck + rng.normal(30, 25, 20)), marks)
        hits += one.gain.contains(30)
    assert 930 <= hits <= 970  # three standard errors of 95 % in 1,000


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_a_page_is_in_the_language_that_was_asked_for(tmp_path, lang):
    marks = [{"nothing": 100.0, "search": 200.0}] * 2
    played = [
        g | {"profit": 1.0, "equity": 2.0, "detail": ["中", "english"], "reason": "refused"}
        for g in games((150, 190))
    ]
    result = Contest(
        setup=SETUP,
        seconds=10,
        key=KEY,
        seeds=SEEDS,
        marks=marks,
        problems=[],
        about=None,
        standings=ranked([standing("=1+1", "f", played, marks)]),
    )
    lines = write_contest(tmp_path, result, lang)
    page = (tmp_path / "contest.html").read_text(encoding="utf-8")
    assert ("增值" in page) == (lang != "en") and ("CPU seconds" in page) == (lang != "zh") and lines
    assert rows(tmp_path / "contest.csv")[0]["student_id"] == "'=1+1"
    private = (tmp_path / "problems.html").read_text(encoding="utf-8")
    assert ("english" in private) == (lang != "zh") and ("中" in private) == (lang != "en")


def test_without_submissions_nothing_is_drawn(tmp_path):
    with pytest.raises(KitError):
        contest.contest(tmp_path / "absent", setup=SETUP, out=tmp_path / "out")
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "policy.txt").write_text("no policy", encoding="utf-8")
    with pytest.raises(KitError, match="ipynb"):
        contest.contest(tmp_path / "room", setup=SETUP, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_guides_policy_is_one_and_on_the_whole_gains():
    guide = (ROOT / "docs" / "game.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in guide.split("```python\n")[1:]]
    source = next(block for block in blocks if "def policy" in block)
    assert read_policy(found("policy.py", source)) == (source, "")
    market, gains = resized(scenario("household_hotline"), customers=400), []
    for seed in range(6):
        own = {}
        exec(source, own)
        gains.append(
            play(market, policy=own["policy"], seed=seed).value
            - play(market, policy=lambda view: view.standard, seed=seed).value
        )
    assert np.mean(gains) > 2 * np.std(gains, ddof=1) / 6**0.5
