"""One student, one fate, in games: no decision and no saved game ends a contest or a leaderboard for the others."""

import contextlib
import csv
import json
from collections import Counter
from dataclasses import replace
from math import isfinite

import pytest
from garbage import Garbage

from coursekit.messages import MESSAGES
from coursekit.sandbox.cleaning import clean_json
from coursekit.sandbox.protocol import Outcome
from coursekit.teach.game import policies
from coursekit.teach.game.contest import as_if_nothing
from coursekit.teach.game.leaderboard import head_of, replay
from coursekit.teach.game.policies import Table, play
from coursekit.teach.game.policy_process import PolicyProcess
from coursekit.teach.game.problems import write_problems
from coursekit.teach.game.submissions import MOST_TRIED, Problem, told, whose
from coursekit.teach.game.tasks import do_all
from coursekit.teach.handed_in.intake import Found
from coursekit.teach.pages import write_page
from coursekit.teach.results import Journal
from coursekit.teach.tables import MOST_LINES
from crmkit.market import Campaign, Decision, Game
from crmkit.market.game.game import Setup
from crmkit.market.game.game_file import chained

SETUP = Setup(scenario="household_hotline", seed=5, level="normal", quarters=2, customers=200)


class Sends(PolicyProcess):
    """A policy that sends what it is told to, in place of the process that a student's code would run in."""

    def __init__(self, frames: list[bytes]):
        self.frames = frames

    def begin(self, source: str) -> None:
        self.coming = iter(self.frames)

    def _answer(self, seen) -> dict:
        said = clean_json(next(self.coming))
        if not isinstance(said, dict):
            raise ConnectionResetError
        return said

    def end(self, *, lost: bool) -> Outcome:
        return Outcome("ended")


@pytest.fixture(autouse=True)
def table(monkeypatch):
    def lay(frames: list[bytes]) -> None:
        monkeypatch.setattr(policies, "_table", Table(SETUP, Sends(frames)))

    lay([])
    policies._opened.cache_clear()
    return lay


def with_a_campaign(**about) -> dict:
    """The usual decision with one campaign, as a policy sends it."""
    decision = replace(SETUP.opened().scenario.status_quo, campaigns=(Campaign(name="x", **about),))
    return json.loads(json.dumps(decision.record()))


def _frames(decision: dict) -> list[bytes]:
    return [json.dumps({"quarter": 1, "decision": decision}).encode()] * SETUP.quarters


def test_a_decision_that_the_market_cannot_read_is_this_policys_alone(table):
    table(_frames(with_a_campaign(groups=([1],))))
    game = play(5, "")
    assert (
        game["reason"] in ("refused", "broke_the_market") and game["decided"] == 0 and isfinite(game["value"])
    )


def test_no_decision_ends_a_game_for_others(table):
    whole = with_a_campaign()
    decided = 0
    for number in range(50):
        garbage = Garbage(number)
        spoilt = garbage.spoilt(whole, times=garbage.random.randrange(3))
        table([garbage.json({"quarter": 1, "decision": spoilt}) for _ in range(SETUP.quarters)])
        game = play(5, "")
        decided += game["decided"]
        assert isfinite(game["value"]) and isfinite(game["profit"]) and isfinite(game["equity"])
        assert not game["reason"] or f"game_why_{game['reason']}" in MESSAGES
        json.dumps(game).encode("utf-8")
        str(game["detail"]).encode("utf-8")
    assert decided > 8


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> list[dict]:
    """The lines of a game that was played to its end."""
    path = tmp_path_factory.mktemp("saved") / "my.game.jsonl"
    game = Game(SETUP.scenario, path=path, seed=5, level="normal", quarters=2, customers=200)
    for quarter in (1, 2):
        game.plan(Decision(social=0.6), quarter=quarter, hypothesis="a club binds", target=20)
        game.do(quarter=quarter)
        game.check(quarter=quarter)
        game.act("standardise", quarter=quarter)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def signed(lines: list[dict]) -> list[dict]:
    """Every digest reckoned anew, as somebody would who writes a program for it."""
    chain = ""
    done = []
    for line in lines:
        if isinstance(line, dict):
            plain = {name: one for name, one in line.items() if name not in ("chain", "format", "version")}
            chain = chained(chain, plain)
            line = {**line, "chain": chain}
        done.append(line)
    return done


def test_no_saved_game_makes_its_replay_fail(saved):
    reasons = Counter()
    for number in range(80):
        garbage = Garbage(number)
        lines = garbage.spoilt(saved, times=garbage.random.randrange(1, 3))
        if garbage.random.random() < 0.6:
            with contextlib.suppress(Exception):  # what cannot even be signed is sent as it is
                lines = signed(lines)
        raw = (
            b"\n".join(garbage.json(line) for line in lines)
            if isinstance(lines, list)
            else garbage.json(lines)
        )
        head = head_of(Found("x.game.jsonl", None, raw))
        json.dumps(head).encode("utf-8")
        came = replay(raw)
        reasons[came["reason"]] += 1
        if came["reason"]:
            assert f"game_why_{came['reason']}" in MESSAGES
            str(came["detail"]).encode("utf-8")
        else:
            assert isfinite(came["value"])
    assert len(reasons) > 1


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("\ud800")


def test_an_error_that_cannot_say_what_it_is_is_told_by_its_kind():
    assert told(Mute()) == "Mute" and told(ValueError("\ud800")) == "ValueError: \ufffd"


def ends_the_process(code: int) -> dict:
    import os

    os._exit(code)


def gives(value: int) -> dict:
    return {"value": value}


def test_a_game_whose_process_ends_is_told_and_the_others_are_played(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    found = do_all({"bad": (3,)}, ends_the_process, journal, jobs=1, shown=False, seconds=60)
    assert found["bad"]["failed"] == "died"
    tasks = {number: (number,) for number in range(4)}
    assert do_all(tasks, gives, journal, jobs=2, shown=False, seconds=60)[3] == {"value": 3}
    journal.close()
    game = as_if_nothing(found["bad"], {"nothing": 7.0, "search": 9.0})
    assert game["value"] == 7.0 and game["reason"] == "no_result" and "game_why_no_result" in MESSAGES


def test_one_students_thousand_files_cost_nobody_time_and_do_not_fill_the_table(tmp_path):
    files = [
        Found(f"s1/{number}.py", None, b"def policy(view): return view.standard") for number in range(1000)
    ]
    files.append(Found("s2/policy.py", None, b"def policy(view): return view.standard"))
    theirs, unused = whose(files, None, tmp_path)
    assert {student: len(kept) for student, kept in theirs.items()} == {"s1": MOST_TRIED, "s2": 1}
    assert len(unused) == 1000 - MOST_TRIED
    write_problems(tmp_path, [*unused, Problem("s2/x.py", "s2", "no_policy")], "both")
    table = list(csv.reader((tmp_path / "problems.csv").open(encoding="utf-8-sig")))
    lines = [row[:4] for row in table]
    assert len(table) == 1 + MOST_LINES + 2 and ["no_policy", "s2/x.py", "s2", ""] in lines
    assert lines[-1] == ["more_of_these", "s1", "", str(1000 - MOST_TRIED - MOST_LINES)]
    assert table[0][4] == "meaning" and all(row[4] for row in table)


def test_no_page_holds_what_no_printer_prints(tmp_path):
    write_page(tmp_path / "page.html", title="t", lang="en", parts=["a\x1b[31mb\x00\x9b\n\tc"])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "\x1b" not in page and "\x00" not in page and "\x9b" not in page and "\tc" in page
