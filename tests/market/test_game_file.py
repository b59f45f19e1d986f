"""A game's file: kept through crashes, full disks and other notebooks, and found out wherever it was changed."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from crmkit.core.errors import CrmkitError
from crmkit.market import Decision, Game, Ledgers, Setup
from crmkit.market.game import game_file as journal_module
from crmkit.market.game.game_file import MADE_WITH, canonical, chained
from crmkit.market.game.rules import HISTORY
from crmkit.market.simulator.ledgers import COLUMNS

OPENED = Setup.opened
WORDS = "客户忘了我们；“热线”能留住他们 \u2028 \\n 🙂"
STEPS = [  # of two quarters, as a notebook has them
    'game.plan(Decision(price=1.05, contacts={"families": 0.7}), quarter=1, hypothesis=WORDS, target=25.5)',
    "game.do(quarter=1)",
    "game.check(quarter=1)",
    'game.act("standardise", quarter=1, next_question="还有呢？")',
    'game.plan(Decision(price=1.1, social={"all": 0.2}), quarter=2, hypothesis="", target=30, control_share=0.3)',
    "game.do(quarter=2)",
    "game.check(quarter=2)",
    'game.act("abandon", quarter=2)',
]
NEW = 'Game("household_hotline", seed=3, level="hard", quarters=2, customers=100, player="王小明 3 班", path={path!r})'


def begun(path, **changed) -> Game:
    return Game(
        "household_hotline",
        **{"seed": 3, "level": "hard", "quarters": 2, "customers": 100, "player": "王小明 3 班", "path": path}
        | changed,
    )


def go(game: Game, steps) -> Game:
    for step in steps:
        eval(step, {"game": game, "Decision": Decision, "WORDS": WORDS})
    return game


def refused(code: str, call, *args, **kwargs) -> CrmkitError:
    with pytest.raises(CrmkitError) as caught:
        call(*args, **kwargs)
    assert caught.value.code in code.split("|"), caught.value
    return caught.value


def same(one: Game, other: Game) -> None:
    assert (one.moves, one.setup, one.standard, one.book) == (
        other.moves,
        other.setup,
        other.standard,
        other.book,
    )
    same_books(one.ledgers, other.ledgers)


def same_books(one: Ledgers, other: Ledgers) -> None:
    for ledger in COLUMNS:
        pd.testing.assert_frame_equal(getattr(one, ledger), getattr(other, ledger), check_exact=True)


@pytest.fixture(autouse=True)
def history(monkeypatch):
    """The firm's first months are the same in every replay: run them once."""
    monkeypatch.setattr(Setup, "opened", lambda setup, *, months=HISTORY: ran(repr(setup), months).copy())


@cache
def ran(setup: str, months: int):
    return OPENED(eval(setup, {"Setup": Setup}), months=months)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A game played to its end without interruption."""
    path = tmp_path_factory.mktemp("spiel mit leer 游戏") / "王小明 的游戏.jsonl"
    go(begun(path), STEPS)
    return path


def written(folder: Path, lines) -> Path:
    """A file of these lines: text, or tables."""
    path = folder / "game.jsonl"
    path.write_bytes(
        b"".join(line if isinstance(line, bytes) else (canonical(line) + "\n").encode() for line in lines)
    )
    return path


def tables(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def rechained(lines: list[dict]) -> list[dict]:
    """The same lines with digests that fit, as somebody would write them who reads game_file.py."""
    head, *moves = [{k: v for k, v in line.items() if k != "chain"} for line in lines]
    chain = chained("", {k: v for k, v in head.items() if k not in ("format", "version")})
    made = [head | {"chain": chain}]
    for move in moves:
        chain = chained(chain, move)
        made.append(move | {"chain": chain})
    return made


# ---- kept --------------------------------------------------------------------------------------------------------


@pytest.mark.simulated
def test_a_game_taken_up_in_a_new_process_at_every_step_is_the_game_played_in_one_go(whole, tmp_path):
    path = tmp_path / "游戏 eins.jsonl"
    text = (
        "from crmkit.market import Decision, Game\nWORDS = {words!r}\ngame = {game}\n{step}\n"
        "print(game.quarter, game.next_step)"
    )
    for k, step in enumerate(STEPS[:2]):
        game = NEW.format(path=str(path)) if k == 0 else f"Game.resume({str(path)!r})"
        code = text.format(words=WORDS, game=game, step=step)
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
        assert told.returncode == 0, told.stderr
    for step in STEPS[2:]:
        go(Game.resume(path), [step])
    assert path.read_bytes() == whole.read_bytes()
    same(Game.resume(path), Game.verify(whole))
    same(Game.verify(whole), go(begun(None), STEPS))


@pytest.mark.parametrize("where", ["before the line", "within the line", "after the line"])
@pytest.mark.parametrize("step", [1], ids=["do"])
def test_a_kill_in_the_middle_of_a_step_loses_nothing_and_repeats_nothing(where, step, whole, tmp_path):
    """kill -9 around the write: the step is taken whole or not at all, and the rest of the game is the same."""
    path, done = tmp_path / "game.jsonl", tables(whole)
    written(tmp_path, done[: step + 1])
    code = f"""
import os, signal
from crmkit.market import Decision, Game
from crmkit.market.game import game_file as journal
WORDS, real = {WORDS!r}, os.write
def write(file, data):
    if {where!r} == "within the line":
        real(file, data[:40])
    elif {where!r} == "after the line":
        real(file, data)
    os.kill(os.getpid(), signal.SIGKILL)
game = Game.resume({str(path)!r})
journal.os.write = write
{STEPS[step]}
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    taken = where == "after the line"
    game = Game.resume(path)
    assert len(game.moves) == step + taken
    if where == "within the line":
        refused("game_damaged", Game.verify, path)
    go(game, STEPS[step:2])  # the notebook is run again from the step that was interrupted
    assert tables(path) == done[:3] and len(Game.verify(path).moves) == 2


def test_a_last_line_cut_off_anywhere_is_dropped_by_resume_and_named_by_verify(whole, tmp_path):
    content = whole.read_bytes()
    ends = [k for k, byte in enumerate(content) if byte == 10]
    for cut in [*range(ends[0] + 2, ends[1], 151), ends[1] - 1, ends[1], ends[2] + 1]:
        path = written(tmp_path, [content[:cut]])
        kept = content[:cut].count(b"\n")
        assert len(Game.resume(path).moves) == kept - 1
        if not content[:cut].endswith(b"\n"):
            assert refused("game_damaged", Game.verify, path).row == kept + 1
    path = written(tmp_path, [content[: ends[1] - 9]])
    go(Game.resume(path), STEPS[:2])
    assert path.read_bytes() == content[: ends[2] + 1]
    refused("game_foreign", Game.resume, written(tmp_path, [content[: ends[0]]]))  # not one whole line


@pytest.mark.parametrize("fault", ["write", "fsync", "short"])
def test_on_a_full_disk_the_step_is_not_taken_and_can_be_taken_later(fault, whole, tmp_path, monkeypatch):
    path = tmp_path / "game.jsonl"
    game, real = begun(path), os.write
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(
            journal_module.os,
            *{
                "write": ("write", full),
                "fsync": ("fsync", full),
                "short": ("write", lambda file, data: real(file, data[:30])),
            }[fault],
        )
        for _ in range(2):
            assert "No space" in str(refused("game_not_written", go, game, STEPS[:1]))
            assert game.moves == [] and game.next_step == "plan" and path.read_bytes() == before
        refused("game_not_written", begun, tmp_path / "other.jsonl")
    begun(tmp_path / "other.jsonl")  # nothing was left in its way
    go(game, STEPS)
    assert path.read_bytes() == whole.read_bytes()


def test_a_step_interrupted_between_the_disk_and_the_notebook_is_not_written_twice(
    whole, tmp_path, monkeypatch
):
    path = tmp_path / "game.jsonl"
    game, real = begun(path), os.fsync

    def stop(file):
        real(file)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal_module.os, "fsync", stop)
        with pytest.raises(KeyboardInterrupt):
            go(game, STEPS[:1])
    assert game.moves == [] and len(tables(path)) == 2
    go(game, STEPS)
    assert path.read_bytes() == whole.read_bytes()


def test_two_notebooks_cannot_go_on_with_one_game_apart(whole, tmp_path):
    path = tmp_path / "game.jsonl"
    one = begun(path)
    other = Game.resume(path)
    go(one, STEPS[:1])
    content = path.read_bytes()
    error = refused("game_moved_on", other.plan, Decision(), quarter=1, hypothesis="another", target=1.0)
    assert str(path) in str(error) and other.moves == [] and path.read_bytes() == content
    go(other, STEPS[:1])  # the same step is the same game
    go(other, STEPS[1:])
    assert path.read_bytes() == whole.read_bytes()
    refused("game_moved_on", go, one, STEPS)  # the first has seen one step of eight
    same(go(Game.resume(path), STEPS), other)


def test_a_file_is_never_written_over_and_one_that_cannot_be_is_refused(whole, tmp_path, monkeypatch):
    content = whole.read_bytes()
    assert "Game.resume" in str(refused("game_exists", begun, whole)) and whole.read_bytes() == content
    refused("game_exists", begun, tmp_path)  # a folder
    assert "no folder" in refused("game_no_folder", begun, tmp_path / "no folder" / "game.jsonl").message_zh
    refused("game_not_written", begun, tmp_path / "nul\0l")
    for absent in (tmp_path / "none.jsonl", tmp_path, tmp_path / "nul\0l", None, "x\ud800"):
        refused("game_no_file", Game.resume, absent)
    monkeypatch.chdir(tmp_path)
    game = begun("here.jsonl")
    monkeypatch.chdir(tmp_path.parent)
    go(game, STEPS[:1])  # a notebook that changes its folder
    assert len(tables(tmp_path / "here.jsonl")) == 2
    (tmp_path / "here.jsonl").unlink()
    refused("game_not_written", go, game, STEPS[1:2])
    assert game.next_step == "do"


@pytest.mark.parametrize("steps", range(4))
def test_a_game_that_is_kept_from_a_later_step_on_has_the_file_of_one_kept_from_the_first(
    steps, whole, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    game = go(begun(None), STEPS[:steps])
    assert game.path is None
    assert game.keep() == game.path == tmp_path / "household_hotline_3.game.jsonl"
    go(game, STEPS[steps:4])
    assert game.path.read_bytes() == b"".join(whole.read_bytes().splitlines(keepends=True)[:5])
    refused("game_exists", game.keep, game.path)
    assert game.keep().name == "household_hotline_3_2.game.jsonl", "nothing is written over"


# ---- found out ------------------------------------------------------------------------------------------------------


def places(value, path=()):
    """Every value of a line that is no table or list of others."""
    if isinstance(value, (dict, list)) and value:
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*path, key))
    else:
        yield path, value


def put(line: dict, path, value) -> dict:
    line = json.loads(json.dumps(line))
    inside = line
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return line


def others(value) -> list:
    """Other values of the same kind, and the same value as another kind."""
    if isinstance(value, bool) or value in ([], {}, None):
        return [1]
    if isinstance(value, int):
        return [value + 1, float(value)] + [bool(value)] * (value in (0, 1))
    return [value * 1.5 + 0.1] if isinstance(value, float) else [value + "x", value[:-1] if value else "y"]


@pytest.mark.simulated
def test_every_value_of_every_line_that_is_changed_is_found_with_its_line(whole, tmp_path):
    lines, tried = tables(whole), 0
    for row, line in enumerate(lines, 1):
        for path, value in places(line):
            for other in others(value):
                changed = lines[: row - 1] + [put(line, path, other)] + lines[row:]
                error = refused("game_tampered|game_foreign", Game.verify, written(tmp_path, changed[:row]))
                assert error.row == row or row == 1, (path, other)
                tried += 1
        added = lines[: row - 1] + [line | {"note": 1}]
        refused("game_tampered", Game.verify, written(tmp_path, added))
        if row > 1 and "books" not in line:
            refused(
                "game_tampered",
                Game.verify,
                written(tmp_path, lines[: row - 1] + [line | {"books": "0" * 32}]),
            )
        for name in set(line) - {"format", "version"}:
            less = {k: v for k, v in line.items() if k != name}
            refused("game_tampered", Game.verify, written(tmp_path, lines[: row - 1] + [less]))
    assert tried > 80
    assert len(Game.verify(written(tmp_path, lines)).moves) == 8


@pytest.mark.simulated
def test_a_line_left_out_swapped_or_repeated_is_found(whole, tmp_path):
    lines = tables(whole)
    for k in range(1, len(lines) - 1):
        for wrong in (
            lines[:k] + lines[k + 1 : k + 2],
            lines[:k] + [lines[k + 1], lines[k]],
            lines[: k + 1] + [lines[k]],
        ):
            for made in (wrong, rechained(wrong))[k % 2 :][: 1 + (k < 3)]:
                refused("game_tampered", Game.verify, written(tmp_path, made))
    refused("game_foreign", Game.verify, written(tmp_path, lines[1:]))


def test_digests_that_were_made_to_fit_do_not_help_where_the_books_do_not(whole, tmp_path):
    """Decisions, groups, seeds, sizes: whatever the books depend on. Profit is not in the file and cannot be forged."""
    lines = tables(whole)
    assert rechained(lines) == lines and "profit" not in whole.read_text(encoding="utf-8")
    plan = json.loads(json.dumps(lines[1]))
    plan["decision"]["price"] = 1.5
    wrong = {
        "price": plan,
        "groups": lines[1] | {"control_share": 0.4},
        "books": lines[2] | {"books": lines[6]["books"]},
        "standard": lines[4] | {"decision": "adjust"},
    }
    for name, line in wrong.items():
        row = {"books": 2, "standard": 4}.get(name, 1)
        made = rechained(lines[:row] + [line] + lines[row + 1 :])
        error = refused("game_tampered", Game.verify, written(tmp_path, made))
        assert "books" in str(error) and error.row == (7 if name == "standard" else 3)
    for name, value in {"seed": 4, "level": "easy", "customers": 101, "scenario": "telecom"}.items():
        made = rechained([lines[0] | {name: value}, *lines[1:]])
        refused("game_tampered", Game.verify, written(tmp_path, made))
    # what no book depends on is a game that could have been played; whose it is, the setup says
    mine = rechained([lines[0] | {"player": "another"}, *lines[1:]])
    assert Game.verify(written(tmp_path, mine)).setup.player == "another"
    assert Game.verify(whole).setup.player == "王小明 3 班"


def test_books_of_another_version_that_do_not_come_out_again_accuse_nobody(whole, tmp_path):
    lines = tables(whole)
    older = [lines[0] | {"made_with": MADE_WITH | {"numpy": "0.9"}}, *lines[1:]]
    assert len(Game.verify(written(tmp_path, rechained(older))).moves) == 8
    older[2] = older[2] | {"books": "0" * 32}
    error = refused("game_other_version", Game.verify, written(tmp_path, rechained(older)))
    assert error.row == 3 and MADE_WITH["numpy"] in str(error)


def test_what_mail_and_editors_do_to_a_file_leaves_it_the_same_game(whole, tmp_path):
    """A byte-order mark and Windows' line ends change no word of it; and the game can go on."""
    content = whole.read_bytes()
    for made in (content.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")):
        same(Game.verify(written(tmp_path, [made])), Game.verify(whole))
    first = b"\xef\xbb\xbf" + b"\r\n".join(content.split(b"\n")[:2]) + b"\r\n"
    path = written(tmp_path, [first])
    go(Game.resume(path), STEPS)
    same(Game.verify(path), Game.verify(whole))


# ---- hostile --------------------------------------------------------------------------------------------------------

LINE = (
    b'{"step": "plan", "quarter": 1, "hypothesis": %s, "target": %s, "control_share": 0.5, "decision": %s, '
    b'"chain": ""}\n'
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\0" * 4000,
        b"\0\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b"7\n",
        b'"crmkit game"\n',
        b"{\n",
        b"\xff\xfe{}\n",
        b"x" * 10_000_000,
        b"\n" * 1_000_001,
        b"[" * 100_000 + b"\n",
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"\n",
        b'{"format": "crmkit game", "version": 2}\n',
        b'{"format": "crmkit game", "version": 1}\n',
        b'{"format": "crmkit game", "version": true}\n',
        b'{"format": "crmkit game", "version": 1, "version": 1}\n',
        b'{"format": ["crmkit game"], "version": NaN}\n',
        b"\xef\xbb\xbf",
        b"PK\x03\x04" * 100,
    ],
    ids=lambda content: repr(content[:24]),
)
def test_a_file_that_is_no_game_is_refused_quietly(content, tmp_path):
    for call in (Game.verify, Game.resume):
        refused("game_foreign|game_damaged|game_tampered", call, written(tmp_path, [content]))


@pytest.mark.parametrize(
    "head",
    [
        {"seed": True},
        {"seed": 1e30},
        {"seed": 10**400},
        {"seed": -1},
        {"seed": None},
        {"seed": [3]},
        {"seed": {}},
        {"quarters": True},
        {"quarters": 10**9},
        {"quarters": 2.0},
        {"quarters": "2"},
        {"customers": 10**9},
        {"customers": -5},
        {"customers": 1},
        {"scenario": ["telecom"]},
        {"scenario": {}},
        {"scenario": "../telecom"},
        {"scenario": None},
        {"level": ["hard"]},
        {"level": ""},
        {"kpi": 1},
        {"player": 1},
        {"player": "x" * 900_000},
        {"path": "written_by_a_file.jsonl"},
        {"self": 1},
        {"made_with": None},
        {"made_with": {"numpy": ["x"] * 10}},
    ],
    ids=lambda head: str(head)[:40],
)
def test_a_setup_that_cannot_be_is_refused_and_nothing_else_in_it_reaches_a_game(
    head, whole, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    line = tables(whole)[0] | head
    for made in ([line], rechained([line])):
        if made[0].get("made_with") == head.get("made_with", 0) and made != [line]:
            assert Game.verify(written(tmp_path, made)).moves == []  # any version may have made it
        elif head.get("player", 0) != "x" * 900_000 or made == [line]:
            refused("game_tampered|game_damaged", Game.verify, written(tmp_path, made))
    assert sorted(os.listdir(tmp_path)) == ["game.jsonl"]


@pytest.mark.parametrize(
    "hypothesis, target, decision",
    [
        (b'"h"', b"NaN", b"{}"),
        (b'"h"', b"Infinity", b"{}"),
        (b'"h"', b"1e400", b"{}"),
        (b'"h"', b"1" * 400, b"{}"),
        (b'"h"', b"1" * 5000, b"{}"),
        (b'"h"', b"null", b"{}"),
        (b'"h"', b'"1"', b"{}"),
        (b'"\\ud800"', b"1", b"{}"),
        (b'"\xed\xa0\x80"', b"1", b"{}"),
        (b'"\xff"', b"1", b"{}"),
        (b'"a\0b"', b"1", b"{}"),
        (b"7", b"1", b"{}"),
        (b"[" * 900 + b"]" * 900, b"1", b"{}"),
        (b'"' + b"x" * 20_000 + b'"', b"1", b"{}"),
        (b'"h"', b"1", b"[]"),
        (b'"h"', b"1", b"null"),
        (b'"h"', b"1", b'{"price": "1"}'),
        (b'"h"', b"1", b'{"price": true, "price": 1}'),
        (b'"h"', b"1", b'{"price": 1e30}'),
        (b'"h"', b"1", b'{"social": [1]}'),
        (b'"h"', b"1", b'{"campaigns": 1}'),
        (b'"h"', b"1", b'{"campaigns": [[]]}'),
        (b'"h"', b"1", b'{"campaigns": [{"name": "a", "calendar_months": 3}]}'),
        (b'"h"', b"1", b'{"campaigns": [' + b",".join([b'{"name": "a"}'] * 300) + b"]}"),
        (b'"h"', b"1", b'{"social": {' + b",".join(b'"g%d": 1' % k for k in range(900)) + b"}}"),
        (b'"h"', b"1", b'{"trial": {"standard": {}, "held_out": []}}'),
        (b'"h"', b"1", b'{"trial": 1}'),
        (b'"h"', b"1", b'{"__class__": "os.system"}'),
        (b'"h"', b"1", b'{"contacts": ' + b'{"a":' * 800 + b"1" + b"}" * 801),
    ],
    ids=lambda part: repr(part[:30]),
)
def test_a_line_made_by_hand_is_refused_whatever_is_in_it(hypothesis, target, decision, whole, tmp_path):
    head = tables(whole)[0]
    path = written(tmp_path, [head, LINE % (hypothesis, target, decision)])
    assert refused("game_tampered|game_damaged", Game.verify, path).row == 2
    refused("game_tampered|game_damaged", Game.resume, path)


def test_the_largest_game_that_the_limits_allow_fits_its_file():
    longest = Setup(scenario="telecom", seed=1, quarters=40)
    assert longest.quarters * 2 * journal_module.LONGEST_LINE < journal_module._LARGEST
    refused("out_of_range", replace, longest, quarters=41)
    assert asdict(longest)["customers"] == 0
