"""The debrief of a game: each plan as its player took it beside the twin's truth,
for games that are over and no others.
"""

import csv
import io
import re
from base64 import b64decode
from dataclasses import replace
from functools import partial
from html import unescape

import pytest

import crmkit
from coursekit import cli
from coursekit.teach.game import leaderboard as room
from coursekit.teach.game.debrief import Debrief, Plan, by_lever
from coursekit.teach.game.leaderboard import leaderboard
from crmkit.market import Game, Setup

SETUP = Setup(scenario="household_hotline", seed=2**40 + 7, quarters=2, customers=200)
HOSTILE = "<script>alert(1)</script>\u2028</td>{{ 7*7 }}"


def saved(path, plans, *, acts=("standardise", "abandon"), estimate=None, hypothesis="a club binds") -> Game:
    path.parent.mkdir(parents=True, exist_ok=True)
    game = Game(SETUP.scenario, seed=SETUP.seed, customers=200, quarters=2, path=path)
    for quarter, (plan, act) in enumerate(zip(plans, acts), 1):
        decision = replace(game.standard, **plan)
        game.plan(decision, quarter=quarter, hypothesis=hypothesis, target=20)
        game.do(quarter=quarter)
        game.check(quarter=quarter)
        game.act(act, quarter=quarter, estimate=estimate)
    return game


def rows(path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


@pytest.fixture(scope="module")
def debriefed(tmp_path_factory):
    crmkit.set_language("both")
    folder = tmp_path_factory.mktemp("debrief")
    handed_in = folder / "handed_in"
    games = {
        "ann": saved(handed_in / "ann" / "a.jsonl", [{"social": 0.6}, {"service_quality": 0.8}]),
        "王小明": saved(
            handed_in / "王小明" / "b.jsonl",
            [{"relationship": "reactive", "complaint_handling": 0.8}, {}],
            estimate=(1.0, 0.0, 2.0),
            hypothesis=HOSTILE,
        ),
    }
    saved(handed_in / "dan" / "d.jsonl", [{"social": 0.9}])  # not over
    tampered = (handed_in / "ann" / "a.jsonl").read_bytes().replace(b"0.6", b"0.7", 1)
    (handed_in / "eve").mkdir()
    (handed_in / "eve" / "e.jsonl").write_bytes(tampered)
    said: list[str] = []
    places = leaderboard(handed_in, setup=SETUP, out=folder / "out", rounds=0, debrief=True, say=said.append)
    return places, games, folder / "out", said


def test_each_plan_stands_beside_what_the_twin_of_its_game_shows(debriefed):
    _, games, out, _ = debriefed
    table = rows(out / "debrief.csv")
    assert [(row["student_id"], row["quarter"]) for row in table] == [
        ("ann", "1"),
        ("ann", "2"),
        ("王小明", "1"),
        ("王小明", "2"),
    ]
    for student, game in games.items():
        mine = [row for row in table if row["student_id"] == student]
        for row, true in zip(mine, game.twin().table.to_dict("records")):
            assert float(row["true_effect"]) == pytest.approx(true["true_effect"], rel=1e-4)
            assert float(row["estimate"]) == pytest.approx(true["estimate"], rel=1e-4)
            assert row["holds_truth"] == ("yes" if true["holds_truth"] else "no")
            assert float(row["true_worth"]) == pytest.approx(true["true_worth"], abs=1)
        assert {row["estimate_is"] for row in mine} == {"own" if student == "王小明" else "check"}


def test_the_points_for_the_estimates_are_the_twins(debriefed):
    _, games, out, _ = debriefed
    given = {row["student_id"]: float(row["points"]) for row in rows(out / "estimates.csv")}
    assert given == {student: game.twin().points for student, game in games.items()}


def test_who_has_not_finished_or_has_changed_the_file_is_in_no_debrief_and_the_instructor_is_told(debriefed):
    places, _, out, said = debriefed
    assert {place.student for place in places} == {"ann", "王小明"}
    page = (out / "debrief.html").read_text(encoding="utf-8")
    assert "<h3>dan" not in page and "<h3>eve" not in page
    assert any("1" in line and "have not finished" in line for line in said)
    assert "keep the truth to yourself" in page


def test_both_languages_and_hostile_words_are_shown_as_they_were_written(debriefed):
    _, _, out, _ = debriefed
    page = (out / "debrief.html").read_text(encoding="utf-8")
    assert "PDCA 游戏讲评" in page and "PDCA game: debrief" in page
    assert "<script" not in page.lower() and "49" not in page.split("<h3>王小明")[1][:600]
    assert "<script>alert(1)</script>" in unescape(page) and "{{ 7*7 }}" in page
    assert "default-src 'none'" in page  # whatever came through could not run


def test_the_truth_stands_on_the_debrief_and_on_no_page_for_the_class(debriefed):
    _, _, out, _ = debriefed
    debrief = (out / "debrief.html").read_text(encoding="utf-8")
    truth = crmkit.market.game.rules.variant(
        crmkit.market.scenario(SETUP.scenario), seed=SETUP.seed, level=SETUP.level
    )
    for group in truth.segments.values():
        assert f"{group.contact_need:.2f}" in debrief
    for name in ("leaderboard.html", "leaderboard.csv", "problems.html", "problems.csv"):
        assert "true_effect" not in (out / name).read_text(encoding="utf-8")
        assert "真实效果" not in (out / name).read_text(encoding="utf-8")


def test_a_debrief_that_fails_takes_nobodys_place(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "LONGEST_DEBRIEF", 1e-3)
    crmkit.set_language("both")
    saved(tmp_path / "in" / "ann" / "a.jsonl", [{"social": 0.6}, {}])
    places = leaderboard(
        tmp_path / "in", setup=SETUP, out=tmp_path / "out", rounds=0, debrief=True, say=lambda *_: None
    )
    assert [place.student for place in places] == ["ann"] and places.wants_an_eye
    assert [(r["what"], r["student_id"]) for r in rows(tmp_path / "out" / "problems.csv")] == [
        ("no_debrief", "ann")
    ]
    assert (tmp_path / "out" / "debrief.html").exists() and rows(tmp_path / "out" / "debrief.csv") == []


def test_the_command_writes_a_debrief_when_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(room, "leaderboard", partial(leaderboard, rounds=0))  # spares the search
    saved(tmp_path / "in" / "ann" / "a.jsonl", [{"social": 0.6}, {}])
    words = f"leaderboard {tmp_path / 'in'} --scenario {SETUP.scenario} --seed {SETUP.seed} --quarters 2 --customers 200"
    assert cli.main([*words.split(), "--out", str(tmp_path / "plain")]) == 0
    assert not (tmp_path / "plain" / "debrief.html").exists()
    assert cli.main([*words.split(), "--debrief", "--lang", "en", "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "debrief.html").read_text(encoding="utf-8")
    assert "debrief" in page and "讲评" not in page
    assert "debrief.html" in capsys.readouterr().out


def plan(**more) -> Plan:
    usual = {
        "quarter": 1,
        "hypothesis": "h",
        "levers": ["social"],
        "changes": [["甲", "a"]],
        "target": 1.0,
        "estimate": 1.0,
        "low": 0.0,
        "high": 2.0,
        "own": False,
        "true_effect": 1.0,
        "holds_truth": True,
        "decision": "standardise",
        "true_worth": 10.0,
        "by_luck": False,
    }
    return Plan(**usual | more)


def test_a_lever_is_summed_up_over_all_who_tried_it():
    debriefs = [
        Debrief(student="a", kpi="margin", points=1.0, plans=[plan(), plan(true_effect=-1.0)], pictures={}),
        Debrief(
            student="b",
            kpi="margin",
            points=1.0,
            plans=[plan(decision="abandon", levers=["social", "price"]), plan(levers=[])],
            pictures={},
        ),
    ]
    social, price = by_lever(debriefs)
    assert (social.lever, social.students, social.plans, social.held) == ("social", 2, 3, 2)
    assert (social.kept, social.kept_wrongly, social.given_up_wrongly) == (2, 1, 1)
    assert (price.lever, price.plans, price.kept, price.given_up_wrongly) == ("price", 1, 0, 1)


def test_the_estimates_are_drawn_beside_the_truth_in_the_pages_language_and_told_in_words(debriefed):
    _, games, out, _ = debriefed
    page = (out / "debrief.html").read_text(encoding="utf-8")
    told = [unescape(one) for one in re.findall(r'<img [^>]*alt="([^"]*)"', page)]
    assert len(told) == 2 * len(games)
    zh, en = told[: len(games)], told[len(games) :]
    assert all("区间" in one and "truth" not in one for one in zh)
    assert all("truth" in one and not re.search("[\u4e00-\u9fff]", one) for one in en)
    for one, game in zip(en, games.values()):
        assert one.count("95%") == len(game.twin().table)
    for raw in re.findall(r'src="data:image/png;base64,([^"]+)"', page):
        assert b64decode(raw).startswith(b"\x89PNG")
