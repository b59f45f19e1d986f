"""Who may know whom, read off the names of the files: core ← data ← intake; data, display ← chapters ← report,
market ← faces.
"""

from pathlib import Path

import pytest
from places import ROOT
from sources import circles, files, imports, modules, name_of

import crmkit

CRMKIT = files("crmkit")
# the ground floor and the one above it; every other folder is a chapter, but the market and the report, which stand
# on the chapters: the report composes them, and shows what comes of it
GROUND, FIRST, WING, REPORT = "core", ("data", "intake", "display", "answers"), "market", "report"
CHAPTERS = sorted(
    folder.name
    for folder in (ROOT / "crmkit").iterdir()
    if (folder / "__init__.py").exists() and folder.name not in (GROUND, *FIRST, WING, REPORT)
)
# thin modules beside the folders, which show what the rooms hold: the promise list, the pictures, the explorers
FACES = sorted(path.stem for path in (ROOT / "crmkit").glob("*.py"))
# of a room, what shows something to a person; the board is the market's explorer
SHOWS = ("plots", "explorer", "board", "words")


def called(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room(module: str) -> str:
    """The folder directly under crmkit; a face's own name; ``crmkit`` for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def rooms_that(path: Path) -> set[str]:
    """The rooms that a file of crmkit may import."""
    own = room(name_of(path))
    if path.parent == ROOT / "crmkit":
        return {GROUND, *FIRST, *CHAPTERS, WING, *FACES}
    if own == GROUND:
        return {GROUND}
    if own == "answers":  # an answer is shown to whoever gave it
        return {GROUND, "display", own}
    if own == "intake":  # a client's file is read before any chapter; no chapter asks how
        return {GROUND, "data", own}
    if own in FIRST:
        return {GROUND, own}
    if own == REPORT:
        return {GROUND, "data", "intake", "display", *CHAPTERS, REPORT}
    shows = path.stem.startswith(SHOWS)
    below = {GROUND, "display"} if shows else {GROUND, "data"}
    if own == WING:
        return {*below, *CHAPTERS, WING}
    return {*below, own}


@pytest.mark.parametrize("path", CRMKIT, ids=called)
def test_a_file_imports_only_what_its_place_allows(path):
    within = {m: line for m, line in imports(path).items() if m.split(".")[0] == "crmkit" and m != "crmkit"}
    allowed = rooms_that(path)
    assert not {m: line for m, line in within.items() if room(m) not in allowed}, (
        f"allowed: {sorted(allowed)}"
    )


def test_reading_a_file_knows_nothing_of_what_is_judged_above_it():
    above = {
        f"{called(path)} → {module}"
        for path in files("crmkit/intake/reading")
        for module in imports(path)
        if module.startswith("crmkit.intake") and not module.startswith("crmkit.intake.reading")
    }
    assert not above


def test_there_are_chapters_and_they_are_folders_of_the_syllabus():
    assert len(CHAPTERS) >= 9 and set(FACES) == {"__init__", "plots", "explore"}


@pytest.mark.parametrize("path", CRMKIT, ids=called)
def test_crmkit_never_knows_coursekit(path):
    assert not {m: line for m, line in imports(path).items() if m.split(".")[0] == "coursekit"}


@pytest.mark.parametrize("path", CRMKIT, ids=called)
def test_of_the_package_itself_a_room_takes_only_the_version(path):
    text = path.read_text(encoding="utf-8")
    lines = [
        line.strip()
        for line in text.splitlines()
        if line.strip().startswith(("import crmkit", "from crmkit import"))
    ]
    assert set(lines) <= {"from crmkit import __version__"}


def test_one_s_own_folder_is_imported_by_a_dot_and_everything_else_by_its_name():
    wrong = []
    for path in [*CRMKIT, *files("coursekit")]:
        package = ".".join(path.relative_to(ROOT).parent.parts)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            words = line.split()
            if len(words) < 4 or words[0] != "from" or words[2] != "import":
                continue
            upwards = words[1].startswith("..")
            own_by_name = words[1].rpartition(".")[0] == package and "." in package
            if upwards or own_by_name:
                wrong.append(f"{called(path)}:{number}: {line.strip()}")
    assert not wrong


# ---- the tooling: who stands on whom

BELOW = {
    "kernels": set(),
    "sandbox": set(),
    "lessons": {"kernels"},
    "learn": {"kernels", "lessons"},
    "publish": {"lessons"},
    "recipes": {"lessons"},
    "client": {"kernels", "learn", "lessons"},
    "teach": {"kernels", "learn", "lessons", "sandbox"},
}
# rooms within a room that do not know each other
APART = [
    ("crmkit.market.simulator", "crmkit.market.game"),
    ("coursekit.teach.assign", "coursekit.teach.grade"),
    ("coursekit.teach.marks", "coursekit.teach.game"),
    ("coursekit.teach.handed_in", "coursekit.teach.grade"),
    ("coursekit.teach.game", "coursekit.teach.grade"),
    ("coursekit.teach.grade", "coursekit.teach.game"),
]


def rooms_of_tooling() -> set[str]:
    return {path.parent.name for path in (ROOT / "coursekit").glob("*/__init__.py")}


def test_every_room_of_the_tooling_has_its_place():
    assert rooms_of_tooling() == set(BELOW)


@pytest.mark.parametrize("own", sorted(BELOW))
def test_a_room_of_the_tooling_stands_only_on_those_below_it(own):
    others = of_rooms("coursekit")[own] & rooms_of_tooling()
    assert others <= BELOW[own]


@pytest.mark.parametrize("own, other", APART)
def test_two_rooms_side_by_side_do_not_know_each_other(own, other):
    known = {module: found for module, found in arrows(own.split(".")[0]).items() if module.startswith(own)}
    assert known
    assert not {m: found for m, found in known.items() if any(o.startswith(other) for o in found)}


# ---- circles


def arrows(package: str) -> dict[str, set[str]]:
    """Module → the modules of the same package that it imports, wherever in the file."""
    found = {}
    for path in files(package):
        own = name_of(path)
        found[own] = {m for m in imports(path) if m in modules() and m.split(".")[0] == package} - {
            own,
            package,
        }
    return found


def of_rooms(package: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for own, others in arrows(package).items():
        found.setdefault(room(own), set()).update({room(other) for other in others} - {room(own)})
    return found


@pytest.mark.parametrize("package", ["crmkit", "coursekit"])
def test_no_modules_import_each_other_in_a_circle_not_even_later(package):
    assert circles(arrows(package)) == []


@pytest.mark.parametrize("package", ["crmkit", "coursekit"])
def test_no_rooms_import_each_other_in_a_circle(package):
    assert circles(of_rooms(package)) == []


def test_a_circle_is_found_where_there_is_one():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"e"}}) == [["a", "b", "c"]]


# ---- names


def test_no_folder_is_called_like_a_promised_name():
    """``crmkit.pyramid`` is the function: a folder of that name would take its place once it is imported."""
    folders = {
        path.parent.relative_to(ROOT / "crmkit").parts[0] for path in CRMKIT if path.parent != ROOT / "crmkit"
    }
    names = {path.stem for path in (ROOT / "crmkit").iterdir()}
    assert not (folders | names) & set(crmkit.__all__)


def test_there_is_no_module_called_utils():
    names = {path.stem for package in ("crmkit", "coursekit") for path in files(package)}
    assert not names & {"utils", "helpers", "misc", "common", "util", "tools"}
