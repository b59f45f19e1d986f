"""The leaderboard: a game is worth what playing it again gives; whatever was changed is named with its reason."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from classroom import Classroom
from killing import ENVIRONMENT, kept, killed_when

import crmkit
from coursekit import cli
from coursekit.messages import MESSAGES, KitError
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.game.leaderboard import SAID, Handed, choose_verified, leaderboard
from coursekit.teach.game.submissions import MOST_TRIED, whose
from coursekit.teach.handed_in.identity import Submission
from coursekit.teach.handed_in.intake import Found
from crmkit.market import Decision, Game
from crmkit.market.game.game import Setup
from crmkit.market.game.game_file import canonical, chained

SETUP = Setup(scenario="household_hotline", seed=2**40 + 7, quarters=2, customers=100)
CLUB, QUALITY = Decision(social=0.6, contacts=1.0), Decision(service_quality=0.4, complaint_handling=0.8)


def saved(path: Path, *decisions: Decision, setup: Setup = SETUP, **more) -> Game:
    """A game played and kept in a file; fewer decisions than quarters leave it unfinished."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {k: getattr(setup, k) for k in ("scenario", "seed", "level", "quarters", "customers")} | more
    game = Game(about.pop("scenario"), path=path, **about)
    for quarter, decision in enumerate(decisions, 1):
        game.plan(decision, quarter=quarter, hypothesis="a club binds", target=20)
        game.do(quarter=quarter)
        game.check(quarter=quarter)
        game.act("standardise", quarter=quarter)
    return game


def resigned(lines: list[dict]) -> list[dict]:
    """Every digest reckoned anew, as somebody would who writes a program for it."""
    chain, done = "", []
    for line in lines:
        plain = {k: v for k, v in line.items() if k not in ("chain", "format", "version")}
        chain = chained(chain, plain)
        done.append({**line, "chain": chain})
    return done


def ranked(room: Classroom, out: Path, **more) -> list:
    """The places of a class that plays the appliance club for a quarter, against a search of no rounds."""
    setup = Setup(scenario="appliance_club", seed=0, quarters=1, customers=100)
    return leaderboard(
        room.out, setup=setup, rounds=0, assignment=room.folder, out=out, say=lambda *_: None, **more
    )


def changed(lines: list[dict], what: str) -> bytes:
    """A saved game as somebody has tampered with it."""
    lines = json.loads(json.dumps(lines))
    plan, do, check = lines[1], lines[2], lines[3]
    if what == "a decision":
        plan["decision"]["social"] = {"all": 0.0}
    elif what == "a decision, signed anew":
        plan["decision"]["social"] = {"all": 0.0}
        lines = resigned(lines)
    elif what == "the books' digest":
        do["books"] = hashlib.sha256(b"x").hexdigest()[: len(do["books"])]
    elif what == "the books' digest, signed anew":
        do["books"] = hashlib.sha256(b"x").hexdigest()[: len(do["books"])]
        lines = resigned(lines)
    elif what == "an uplift, signed anew":
        check["uplift"] = [1e6] * 3
        lines = resigned(lines)
    elif what == "a score of its own":
        lines[-1]["score"] = 100
        lines = resigned(lines)
    elif what == "a quarter removed":
        lines = resigned(lines[:1] + lines[5:])
    elif what == "a quarter appended":
        lines = resigned(lines + [{**line, "quarter": 3} for line in lines[5:]])
    elif what == "two quarters in turn":
        lines = resigned(lines[:1] + lines[5:] + lines[1:5])
    elif what == "a number that is none":
        return "\n".join(map(json.dumps, lines)).replace("20", "NaN", 1).encode() + b"\n"
    elif what == "cut in a line":
        return "\n".join(map(canonical, lines)).encode()[:-40]
    elif what == "a line of a deep list":
        return canonical(lines[0]).encode() + b"\n" + b"[" * 200_000 + b"\n"
    elif what == "a decision that is a program":
        plan["decision"] = {"__reduce__": "os.system", "price": "__import__('os')._exit(0)"}
        lines = resigned(lines)
    elif what == "a wild target":
        plan["target"] = 1e308
        plan["control_share"] = 10**400
        lines = resigned(lines)
    return b"".join(canonical(line).encode() + b"\n" for line in lines)


TAMPERED = (
    "a decision",
    "a decision, signed anew",
    "the books' digest",
    "the books' digest, signed anew",
    "an uplift, signed anew",
    "a score of its own",
    "a quarter removed",
    "a quarter appended",
    "two quarters in turn",
    "a number that is none",
    "cut in a line",
    "a line of a deep list",
    "a decision that is a program",
    "a wild target",
)
HEADS = {  # name → (what the first line says otherwise, the reason)
    "another's seed": ({"seed": 8}, "other_seed"),
    "a seed as a fraction": ({"seed": float(2**40 + 7)}, "other_seed"),
    "an easier level": ({"level": "easy"}, "other_game"),
    "another market": ({"scenario": "telecom"}, "other_game"),
    "a thousand million quarters": ({"quarters": 10**9}, "other_game"),
    "more customers": ({"customers": 10**9}, "other_game"),
    "no such market": ({"scenario": "../../etc/passwd"}, "other_game"),
    "another format": ({"version": 99}, "game_foreign"),
}
NO_GAMES = {
    "empty.jsonl": b"",
    "pickle.jsonl": b"\x80\x04\x95",
    "list.jsonl": b"[1]\n",
    "deep.jsonl": b'{"a":' * 100_000,
    "big.jsonl": b"x" * 1_200_000,
}


def rows(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A class on one market: three honest games, and everybody else tampers."""
    crmkit.set_language("both")
    folder = tmp_path_factory.mktemp("leaderboard")
    room = folder / "handed_in"
    games = {
        "ann": saved(room / "ann" / "a.game.jsonl", CLUB, CLUB),
        "王小明": saved(room / "王小明" / "b.game.jsonl", QUALITY, CLUB),
    }
    saved(room / "dan" / "d.game.jsonl", CLUB)
    lines = [
        json.loads(line) for line in (room / "ann" / "a.game.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert resigned(lines) == lines  # what is signed anew below fails for what it says, not for its digests
    for name in TAMPERED:
        (room / name).mkdir()
        (room / name / "game.jsonl").write_bytes(changed(lines, name))
    for name, (head, _) in HEADS.items():
        (room / name).mkdir()
        (room / name / "game.jsonl").write_bytes(
            b"".join(canonical(x).encode() + b"\n" for x in resigned([lines[0] | head, *lines[1:]]))
        )
    for name, raw in NO_GAMES.items():
        (room / name).write_bytes(raw)
    with zipfile.ZipFile(
        room / "cleo.zip", "w"
    ) as archive:  # as mail and editors leave it: a mark and other line ends
        archive.writestr(
            "mine/a.game.jsonl",
            b"\xef\xbb\xbf" + (room / "王小明" / "b.game.jsonl").read_bytes().replace(b"\n", b"\r\n"),
        )
    (room / "eve").mkdir()
    shutil.copy(room / "ann" / "a.game.jsonl", room / "eve" / "mine.game.jsonl")
    (room / "broken.zip").write_bytes(b"PK\x03\x04" + b"\0" * 50)
    said, began = [], time.process_time()
    places = leaderboard(
        room, setup=SETUP, out=folder / "out", rounds=0, say=lambda *w: said.append(" ".join(map(str, w)))
    )
    assert time.process_time() - began < 60
    return places, games, rows(folder / "out" / "problems.csv"), folder, said


def test_an_honest_game_is_worth_what_its_player_saw(everything):
    places, games, *_ = everything
    by = {p.student: p for p in places}
    assert set(by) == {"ann", "王小明", "cleo", "eve"}
    for student, game in games.items():
        assert by[student].value == pytest.approx(game.outcome.value) and by[student].equity == pytest.approx(
            game.outcome.equity
        )
        assert by[student].profit == pytest.approx(game.outcome.discounted_profit)


def test_ranks_follow_value_and_equals_share_one(everything):
    places, *_ = everything
    assert [p.value for p in places] == sorted((p.value for p in places), reverse=True)
    assert sorted(p.rank for p in places) == [1, 1, 3, 3]
    same = {p.student: p.rank for p in places}
    assert same["ann"] == same["eve"] and same["王小明"] == same["cleo"]


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_game_is_named_and_not_ranked(everything, what):
    places, _, problems, *_ = everything
    assert what not in {p.student for p in places}
    assert [r["what"] for r in problems if r["student_id"] == what] in (["game_tampered"], ["game_damaged"])


@pytest.mark.parametrize("what", HEADS)
def test_a_game_that_is_not_the_one_that_was_set_is_refused_before_it_is_replayed(everything, what):
    places, _, problems, *_ = everything
    assert what not in {p.student for p in places}
    assert [r["what"] for r in problems if r["student_id"] == what] == [HEADS[what][1]]


def test_files_that_are_no_games_cost_nobody_anything(everything):
    _, _, problems, folder, _ = everything
    said = {r["file"]: r["what"] for r in problems}
    assert {said[name] for name in NO_GAMES} == {"no_game", "too_large"} and said[
        "broken.zip"
    ] == "damaged_archive"
    assert said["dan/d.game.jsonl"] == "unfinished"


def test_the_same_file_under_two_names_is_told_of_both(everything):
    _, _, problems, *_ = everything
    assert {r["student_id"]: r["detail"] for r in problems if r["what"] == "same_file"} == {
        "ann": "eve",
        "eve": "ann",
    }


def test_the_pages_and_tables(everything):
    places, _, _, folder, said = everything
    book = rows(folder / "out" / "leaderboard.csv")
    assert [r["student_id"] for r in book] == [p.student for p in places] and {
        r["verified"] for r in book
    } == {"yes"}
    page = (folder / "out" / "leaderboard.html").read_text(encoding="utf-8")
    assert "PDCA 游戏排行榜" in page and "PDCA game: leaderboard" in page and "王小明" in page
    assert any("王小明" in line for line in said)
    private = unescape((folder / "out" / "problems.html").read_text(encoding="utf-8"))
    unclear = rows(folder / "out" / "problems.csv")
    assert unclear and all(r["file"] in private for r in unclear)  # the class sees nobody's mishaps
    assert not any(f"<code>{r['file']}</code>" in unescape(page) for r in unclear)


def test_everybody_has_a_market_of_their_own_where_there_is_an_assignment(tmp_path):
    crmkit.set_language("both")
    room = Classroom(tmp_path)
    a, b, c, _ = room.students
    seeds = {s: room.variant(s)["seed"] for s in (a, b, c)}
    games = {}
    for student in (a, b):
        own = Setup(scenario="appliance_club", seed=seeds[student], quarters=1, customers=100)
        path = (
            room.out / f"{student}.game.jsonl" if student == a else room.out / "mine.game.jsonl"
        )  # b's is told by its seed
        games[student] = saved(path, CLUB, setup=own)
    shutil.copy(room.out / f"{a}.game.jsonl", room.out / f"{c}.game.jsonl")
    # without a round the search is the better of the status quo and the default, which in the club is the default
    places = ranked(room, tmp_path / "out")
    assert {p.student for p in places} == {a, b} and [p.rank for p in places] == [1, 2]
    assert places[0].score >= places[1].score
    firms, _ = games[a].setup.benchmarks(rounds=0)
    low, high = firms["do_nothing"].value, firms["truth_search"].value
    assert high > low
    assert {p.student: p.score for p in places}[a] == pytest.approx(
        100 * (games[a].outcome.value - low) / (high - low)
    )
    assert [(r["what"], r["student_id"]) for r in rows(tmp_path / "out" / "problems.csv")] == [
        ("other_seed", c)
    ]


def test_a_game_on_anothers_market_among_ones_own_files_displaces_nobodys(tmp_path):
    """Folders are anonymous; c has put a game of d's market, in which nothing was done, beside its own,
    and b one alone.
    """
    room = Classroom(tmp_path)
    places = {}
    for number, student in enumerate(room.students[:4], 8001):
        seed = room.variant(student)["seed"]
        own = Setup(scenario="appliance_club", seed=seed, quarters=1, customers=100)
        places[student] = room.out / str(number) / "my.jsonl"
        saved(places[student], CLUB, setup=own)
        os.utime(places[student], (1.77e9, 1.77e9))
    a, b, c, d = room.students[:4]
    own = Setup(scenario="appliance_club", seed=room.variant(d)["seed"], quarters=1, customers=100)
    saved(room.out / "8003" / "other.jsonl", Decision(), setup=own)
    shutil.copy(places[b], room.out / "8002" / "my again.jsonl")
    (room.out / "8009").mkdir()
    shutil.copy(places[a], room.out / "8009" / "my.jsonl")
    found = ranked(room, tmp_path / "out")
    assert {one.student for one in found} == {a, b, c, d}
    told = {(row["what"], row["file"]) for row in rows(tmp_path / "out" / "problems.csv")}
    assert ("in_anothers_archive", "8003/other.jsonl") in told
    assert {file for what, file in told if what == "two_places"} == {"8001/my.jsonl", "8009/my.jsonl"}
    assert not any(file == "8004/my.jsonl" for _, file in told)


def test_a_worse_game_alone_in_anothers_folder_robs_nobody(tmp_path):
    """Folders are anonymous; c hands in nothing but a later and worse game of d's market."""
    room = Classroom(tmp_path)
    _, _, _, d = room.students[:4]
    own = Setup(scenario="appliance_club", seed=room.variant(d)["seed"], quarters=1, customers=100)
    games = {}
    for number, plan in enumerate((CLUB, QUALITY, Decision())):
        path = tmp_path / f"{number}.jsonl"
        games[path] = saved(path, plan, setup=own).outcome.value
    worst, middle, best = sorted(games, key=games.get)
    for hours, path, label in (
        (3, best, "8004/my.jsonl"),
        (2, middle, "8004/again.jsonl"),
        (1, worst, "8003/my.jsonl"),
    ):
        (room.out / label).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, room.out / label)
        os.utime(room.out / label, (1.77e9 - 3600 * hours,) * 2)
    (place,) = ranked(room, tmp_path / "out")
    assert (place.student, place.file) == (d, "8004/again.jsonl")  # within one's own place the newest counts
    told = {(row["what"], row["file"]) for row in rows(tmp_path / "out" / "problems.csv")}
    files = ("8003/my.jsonl", "8004/again.jsonl", "8004/my.jsonl")
    assert told == {("earlier_file", "8004/my.jsonl"), *(("two_places", file) for file in files)}


def handed(place: str, name: str, hour: int) -> Submission:
    when = datetime(2026, 12, 1, hour)
    return Submission(Found(f"{place}/{name}", when, name.encode()), None, student="ann", place=place)


def test_of_equal_games_from_several_places_the_earliest_counts_and_what_was_chosen_by_hand_before_all():
    early, late, worst = handed("8001", "a", 1), handed("8002", "b", 2), handed("8003", "c", 3)
    sound = [Handed("ann", one) for one in (worst, late, early)]
    values = {"a": 5.0, "b": 5.0, "c": 1.0}
    replays = {("ann", one.found.sha256): {"reason": "", "value": values[one.found.name]} for one in sound}
    problems = []
    assert choose_verified(sound, replays, problems)["ann"].submission is early and not problems
    worst.flags.append("chosen_by_hand")
    assert choose_verified(sound, replays, problems)["ann"].submission is worst


def test_many_files_in_another_place_crowd_out_nobodys_own(tmp_path):
    room = Classroom(tmp_path)
    d = room.students[3]
    seed = room.variant(d)["seed"]
    mine = Found("8004/my.jsonl", datetime(2026, 12, 1, 1), b"mine")
    planted = [
        Found(f"8003/{n}.jsonl", datetime(2026, 12, 1, 2, n), bytes([n])) for n in range(MOST_TRIED + 5)
    ]
    found = [mine, *planted]
    seeds = {one.label: seed for one in found}
    theirs, _ = whose(found, Assignment.read(room.folder), tmp_path, seeds)
    assert len(theirs[d]) == MOST_TRIED and mine in [one.found for one in theirs[d]]


def test_of_several_files_of_one_student_the_newest_sound_one_counts(tmp_path):
    own = Setup(scenario=SETUP.scenario, seed=5, quarters=1, customers=100)
    old, new, bad = (tmp_path / "in" / "ann" / name for name in ("1.jsonl", "2.jsonl", "3.jsonl"))
    saved(old, CLUB, setup=own)
    game = saved(new, QUALITY, setup=own)
    saved(tmp_path / "in" / "ben" / "x.jsonl", CLUB, setup=own)
    bad.write_bytes(new.read_bytes().replace(b"0.4", b"0.5"))
    for hours, path in ((3, old), (2, new), (1, bad)):
        os.utime(path, (time.time() - 3600 * hours,) * 2)
    places = leaderboard(tmp_path / "in", setup=own, rounds=0, out=tmp_path / "out", say=lambda *_: None)
    assert {p.student: p.value for p in places}["ann"] == pytest.approx(game.outcome.value)
    what = {(r["what"], r["file"]) for r in rows(tmp_path / "out" / "problems.csv")}
    assert {("game_tampered", "ann/3.jsonl"), ("earlier_file", "ann/1.jsonl")} <= what


def team_room(tmp_path: Path) -> tuple[Classroom, Path]:
    """Two teams of two and a student alone; what they hand in lies in the folder."""
    crmkit.set_language("both")
    room = Classroom(tmp_path, students=5, columns={"team": ["Red", "Red", "Blue", "Blue", ""]})
    return room, tmp_path / "out"


def test_a_team_plays_one_market_hands_in_one_game_and_every_member_has_its_place(tmp_path):
    room, out = team_room(tmp_path)
    a, b, c, d, alone = room.students
    played = {}
    for student, name in ((b, f"{b}.game.jsonl"), (c, "Blue/game.jsonl"), (alone, "by_its_seed.game.jsonl")):
        seed = room.variant(student)["seed"]
        own = Setup(scenario="appliance_club", seed=seed, quarters=1, customers=100)
        played[student] = saved(room.out / name, CLUB if student == b else QUALITY, setup=own)
    places = ranked(room, out, debrief=True)
    assert {place.student for place in places} == {a, c, alone}  # a team stands once
    assert sorted(place.rank for place in places) == [1, 2, 3]
    book = {row["student_id"]: row for row in rows(out / "leaderboard.csv")}
    assert set(book) == set(room.students)
    assert book[a]["rank"] == book[b]["rank"] and book[a]["file"] == book[b]["file"] == f"{b}.game.jsonl"
    assert book[c]["score"] == book[d]["score"] and book[c]["team"] == "Blue"
    assert book[alone]["team"] == ""
    assert {row["student_id"] for row in rows(out / "estimates.csv")} == set(room.students)
    page = unescape((out / "leaderboard.html").read_text(encoding="utf-8"))
    assert page.count("Red<") == 2 and f"{a} " in page and f"{b} " in page  # in both languages
    assert not rows(out / "problems.csv")


def test_of_a_teams_differing_games_the_last_counts_unless_the_settings_name_a_member(tmp_path):
    room, out = team_room(tmp_path)
    a, b, *_ = room.students
    own = Setup(scenario="appliance_club", seed=room.variant(a)["seed"], quarters=1, customers=100)
    games = {}
    for hours, student, decision in ((2, a, CLUB), (1, b, QUALITY)):
        path = room.out / f"{student}.game.jsonl"
        games[student] = saved(path, decision, setup=own)
        os.utime(path, (time.time() - 3600 * hours,) * 2)
    (place,) = ranked(room, out, debrief=True)
    assert place.value == pytest.approx(games[b].outcome.value)
    told = [(row["what"], row["student_id"]) for row in rows(out / "problems.csv")]
    assert told == [("team_files_differ", a)]  # and nobody is named for copying within the team
    settings = room.folder / "grading.toml"
    settings.write_text(f'[teams]\n"Red" = "{a}"\n', encoding="utf-8")
    (place,) = ranked(room, out, debrief=True)
    assert place.value == pytest.approx(games[a].outcome.value)


def test_a_game_of_nobody_known_counts_for_whom_the_settings_name(tmp_path):
    room, out = team_room(tmp_path)
    alone = room.students[-1]
    strange = Setup(scenario="appliance_club", seed=1, quarters=1, customers=100)
    saved(room.out / "mine.game.jsonl", CLUB, setup=strange)
    own = Setup(scenario="appliance_club", seed=room.variant(alone)["seed"], quarters=1, customers=100)
    named = room.out / f"{room.students[0]} and {alone}.game.jsonl"  # the path names two who work apart
    saved(named, CLUB, setup=own)
    assert not ranked(room, out, debrief=True)
    what = {row["file"]: row["what"] for row in rows(out / "problems.csv")}
    assert what == {"mine.game.jsonl": "unknown_student", named.name: "unknown_student"}
    settings = room.folder / "grading.toml"
    settings.write_text(f'[whose]\n"{named.name}" = "{alone}"\n', encoding="utf-8")
    (place,) = ranked(room, out, debrief=True)
    assert place.student == alone


def test_killed_with_9_it_goes_on_and_replays_nothing_twice(tmp_path):
    own = Setup(scenario=SETUP.scenario, seed=5, quarters=2, customers=100)
    saved(tmp_path / "in" / "s0" / "g.jsonl", CLUB, CLUB, setup=own)
    for k in range(1, 8):
        saved(tmp_path / "in" / f"s{k}" / "g.jsonl", Decision(social=k / 20), CLUB, setup=own)
    program, out = tmp_path / "run.py", tmp_path / "out"
    program.write_text(
        "from pathlib import Path\nfrom coursekit.teach.game.leaderboard import leaderboard\nfrom crmkit.market.game.game import Setup\n"
        f"if __name__ == '__main__':\n    leaderboard(Path({str(tmp_path / 'in')!r}), setup={own!r}, rounds=0, jobs=1, "
        f"out=Path({str(out)!r}), say=lambda *_: None)\n"
    )
    killed_when(lambda: len(kept(out)) >= 2, str(program))
    before = kept(out)
    assert 2 <= len(before) < 9
    subprocess.run([sys.executable, str(program)], env=ENVIRONMENT, check=True)
    after = kept(out)
    assert len(after) == 9 and all(
        after[key] == row for key, row in before.items()
    )  # rows are not written again
    assert len(rows(out / "leaderboard.csv")) == 8


def test_a_folder_without_any_game_is_taken_for_the_wrong_folder(tmp_path):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "notes.txt").write_text("no game", encoding="utf-8")
    with pytest.raises(KitError) as caught:
        leaderboard(tmp_path / "room", setup=SETUP, out=tmp_path / "out", say=lambda *w: None)
    assert caught.value.code == "submissions_empty" and "jsonl" in str(caught.value)
    assert not (tmp_path / "out" / "leaderboard.html").exists()


def test_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "coursekit.teach.game.leaderboard.leaderboard", partial(leaderboard, rounds=0)
    )  # spares the search
    saved(
        tmp_path / "in" / "ann" / "g.jsonl",
        CLUB,
        setup=Setup(scenario=SETUP.scenario, seed=5, quarters=1, customers=100),
    )
    words = [
        "leaderboard",
        str(tmp_path / "in"),
        "--scenario",
        SETUP.scenario,
        "--quarters",
        "1",
        "--customers",
        "100",
    ]
    assert cli.main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "--assignment" in capsys.readouterr().err
    assert cli.main([*words, "--seed", "5", "--lang", "en", "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "leaderboard.html").read_text(encoding="utf-8")
    assert "customer equity" in page and "排行榜" not in page
    with pytest.raises(KitError):
        leaderboard(tmp_path / "absent", setup=SETUP, out=tmp_path / "out")


def test_every_reason_for_which_a_file_is_not_used_has_words_in_both_languages():
    teach = Path(cli.__file__).parent / "teach"
    codes = set(SAID)
    for path in (teach / "handed_in").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        codes |= set(re.findall(r'(?:Refused\(|refuse\(\w+, )"(\w+)"', text))
    for path in (teach / "game").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        found = re.findall(
            r'(?:Lost\(|Problem\([^)]*?, |None, |reason": |return |lost = \()"([a-z_]+)"', text
        )
        codes |= set(found)
    assert {
        "too_large",
        "too_long",
        "damaged_archive",
        "game_tampered",
        "raised",
        "refused",
        "unknown_student",
        "no_policy",
        "unfinished",
    } <= codes
    for code in codes | {"in_anothers_archive", "two_places"}:
        zh, en = MESSAGES.pair(f"game_why_{code}")
        assert zh and en and zh != en
