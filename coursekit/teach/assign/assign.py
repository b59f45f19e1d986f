"""`assign`: an exercise and a roster → a variant for every student, and the files to hand out."""

import copy
import hashlib
import json
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from pathlib import Path

from nbformat import NotebookNode

import crmkit
from coursekit.learn.workspace import course_root
from coursekit.lessons.exercise import FILES, Exercise, SolutionError, load_exercise
from coursekit.lessons.names import lesson_of
from coursekit.lessons.notebooks import code_cell, exercise_notebook, markdown_cell, to_text
from coursekit.lessons.one_language import in_one_language
from coursekit.lessons.references import ENTRIES, PRINTED
from coursekit.messages import MESSAGES, KitError
from crmkit.answers.sheet import practice_key
from crmkit.core.catalogue import Pair
from crmkit.core.files import put
from crmkit.core.language import WRITTEN

from .assignment import FEEDBACK, MANIFEST, SECRET, Assignment, Variant, read_due
from .data_hash import data_hash
from .packs import require_sound
from .platforms import PLATFORMS, platform_name, zipped
from .roster import Student, doubts, in_sections, read_roster, staff_on
from .settings import FILE as SETTINGS
from .settings import due_of_class, given_out

STATEMENT = 'statement = {"name": "", "ai_use": ""}'
TRIED_SEEDS = (1, 2)  # on which an exercise is tried before it is handed out
TOLD = 5  # students who are named in one line
FAR = timedelta(days=366)  # until it is due: nothing is handed out for longer


def find_exercise(name: str | Path) -> Path:
    """The source of an exercise: a file, a pack's folder, or a lesson of the course by its number, slug or notebook."""
    path = Path(name)
    if path.suffix == ".ipynb":  # as exercises/ shows it: its source is the lesson's
        return find_exercise(lesson_of(path))
    if path.is_file():
        return path
    if path.is_dir():
        sources = sorted(
            p for p in path.glob("*.md") if "exercise" in p.read_text(encoding="utf-8", errors="replace")
        )
        sources = [p for p in sources if not p.stem.lower().startswith("readme")]
        if len(sources) != 1:
            raise KitError("pack_sources", value=str(path), found=", ".join(p.name for p in sources) or "—")
        return sources[0]
    lessons = sorted((course_root() / "lessons").glob("[0-9][0-9]_*.md"))
    hits = [p for p in lessons if p.stem == str(name) or p.stem.split("_")[0] == str(name)]
    if len(hits) != 1:
        raise KitError("exercise_absent", value=str(name), allowed=", ".join(p.stem for p in lessons) or "—")
    return hits[0]


def assign(
    exercise: str | Path,
    *,
    roster: Path,
    out: Path,
    lang: str = "roster",
    due: str | None = None,
    feedback: str = "form",
    sheet: str | None = None,
    sections: Collection[str] = (),
    statement: bool = False,
) -> list[str]:
    """Make the assignment in ``out``, or add the roster's new students to the one that is there; says what was done.

    ``statement``: with a statement on own work and AI that the student signs.
    ``sections``: only the roster's students of these sections, so that others can be given another exercise.
    A student who already has a variant keeps it to the byte, whatever the roster or the source says now.
    """
    everybody = read_roster(roster, sheet=sheet)
    students = in_sections(everybody, sections)
    again = (out / "manifest.json").exists()
    if again:
        assignment = Assignment.read(out)
        _require_same_exercise(assignment, exercise)
    else:
        source = find_exercise(exercise)
        if out.exists() and any(out.iterdir()) and not _is_begun(out, source):
            raise KitError("out_not_empty", value=str(out))
        assignment = _new(source, out, due=due, feedback=feedback, statement=statement)
    told = due_of_class(assignment)
    _require_no_double(assignment, students, roster.name)
    late = [s for s in students if s.student_id not in assignment.variants]
    source = load_exercise(assignment.pack)
    try:
        _require_right_answers(assignment, source, late)
    except KitError:
        if not again:  # nobody has a seed of it yet, and the mended pack is copied anew
            (out / MANIFEST).unlink()
            (out / SECRET).unlink()
        raise
    kept = _name_of_roster(out / "roster", roster, assignment, {one.student_id for one in everybody})
    put(out / "roster" / kept, roster.read_bytes())
    assignment.rosters[kept] = sheet
    said = _differences(assignment, exercise, students, due, feedback) if again else _doubtful_due(assignment)
    said += doubts(students) + _torn_teams(students, everybody)
    staff = staff_on(roster, sheet)
    if staff:
        said.append(MESSAGES.say("roster_staff", count=len(staff), which=", ".join(staff[:5])))
    said += _corrected(assignment, students)
    said += _group_again(assignment, students)
    for made in _variants(assignment, source, late, lang):
        _lay(assignment, made.variant, made.notebook, told)
        assignment.variants[made.student.student_id] = made.variant
    _mend(assignment, told)
    assignment.write()
    for platform in PLATFORMS:
        _archive(assignment, platform)
    teams = {variant.team for variant in assignment.variants.values() if variant.team}
    if teams:
        members = sum(bool(variant.team) for variant in assignment.variants.values())
        said.append(MESSAGES.say("assign_teams", count=len(teams), members=members))
    said.append(
        MESSAGES.say(
            "assign_added" if again else "assign_made",
            count=len(late),
            total=len(assignment.variants),
            folder=out,
            between="\n",
        )
    )
    return said


def _name_of_roster(folder: Path, roster: Path, assignment: Assignment, students: set[str]) -> str:
    """The name under which a roster is kept: a later list of the same class takes the earlier one's place, no other's.

    Platforms export every class under one name, and a student who has moved is on the lists of two: the same class is
    where most of the earlier list's students are on the later one.
    """
    name = roster.name
    number = 1
    while (folder / name).exists():
        earlier = read_roster(folder / name, sheet=assignment.rosters.get(name))
        still_there = [one for one in earlier if one.student_id in students]
        if 2 * len(still_there) > len(earlier):
            break
        number += 1
        name = f"{roster.stem} ({number}){roster.suffix}"
    return name


def _is_begun(out: Path, source: Path) -> bool:
    """Whether an assignment was begun here and broken off, as on a full disk: nothing but the copy of this pack."""
    own = {source.name, ENTRIES, PRINTED, FILES}
    if source.is_relative_to(out) or {path.name for path in out.iterdir()} != {"pack"}:
        return False
    return {path.name for path in (out / "pack").iterdir()} <= own


def _new(source: Path, out: Path, *, due: str | None, feedback: str, statement: bool) -> Assignment:
    exercise = load_exercise(
        source
    )  # before anything is written: a source that does not build is refused here
    _require_sound(exercise)
    if feedback not in FEEDBACK:
        raise KitError("feedback_choice", value=feedback, allowed=", ".join(FEEDBACK))
    assignment = Assignment.new(
        out,
        exercise=exercise.slug,
        source=source.name,
        titles=exercise.lesson.titles,
        feedback=feedback,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        kit_version=crmkit.__version__,
        due=read_due(due),
        statement=statement,
    )
    (out / "pack").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, assignment.pack)
    for name in (ENTRIES, PRINTED):  # a lesson cites the course's reading list
        if (source.parent / name).is_file():
            shutil.copyfile(source.parent / name, out / "pack" / name)
    files = source.parent / FILES
    if files.is_dir():
        shutil.copytree(files, out / "pack" / FILES, dirs_exist_ok=True)
    try:
        assignment.write()
    except OSError as problem:
        (out / SECRET).unlink(
            missing_ok=True
        )  # nothing was given out under it, and the next run makes another
        problem.filename = problem.filename or str(out / SECRET)
        raise
    return assignment


def _require_sound(exercise: Exercise) -> None:
    """What `preview` refuses of any number of students is refused of two before anything is handed out."""
    rights = [exercise.right_answers(seed) for seed in TRIED_SEEDS]
    require_sound(exercise, rights, [data_hash(data) for data in exercise.parameters_of(TRIED_SEEDS)])


def _require_right_answers(assignment: Assignment, exercise: Exercise, students: list[Student]) -> None:
    """Nobody is given data to which there is no right answer. Errors: KitError with whose, before anything is laid."""
    seeds = {student.student_id: assignment.seed(student.student_id, student.team) for student in students}
    failed = {}
    for seed in dict.fromkeys(seeds.values()):
        try:
            exercise.right_answers(seed)
        except SolutionError as problem:
            failed[seed] = problem
    without = [student for student, seed in seeds.items() if seed in failed]
    if without:
        which = ", ".join(without[:TOLD])
        first = failed[seeds[without[0]]]
        why = Pair(first.message_zh, first.message_en)
        raise KitError("pack_no_right_answer", value=exercise.slug, count=len(without), which=which, why=why)


def _require_same_exercise(assignment: Assignment, exercise: str | Path) -> None:
    """Another pack is another assignment, with a folder of its own. Errors: KitError with both sources."""
    try:
        source = find_exercise(exercise)
    except KitError:  # the source may be gone since: the assignment has a copy
        return
    if source.name != assignment.source:
        raise KitError(
            "assign_other_exercise", value=source.name, given=assignment.source, folder=str(assignment.folder)
        )


def _require_no_double(assignment: Assignment, students: list[Student], roster: str) -> None:
    """Errors: KitError where somebody who has a variant would be given another, for the id is written otherwise now."""
    by_case = {one.casefold(): one for one in assignment.variants}
    by_number = {
        (int(one), variant.name): one
        for one, variant in assignment.variants.items()
        if one.isascii() and one.isdigit()
    }
    for student in students:
        identity = student.student_id
        if identity in assignment.variants:
            continue
        earlier = by_case.get(identity.casefold())
        if earlier is None and identity.isascii() and identity.isdigit():
            earlier = by_number.get((int(identity), student.name))
        if earlier is not None:
            raise KitError(
                "assign_spoilt_id", value=identity, student=student.name or "—", name=roster, earlier=earlier
            )


def _corrected(assignment: Assignment, students: list[Student]) -> list[str]:
    """A name that the roster now spells otherwise is taken into every list; the language stays that of the notebook."""
    renamed, other_language = [], []
    for student in students:
        variant = assignment.variants.get(student.student_id)
        if variant is None:
            continue
        if student.name and student.name != variant.name:
            assignment.variants[student.student_id] = replace(variant, name=student.name)
            renamed.append(student.student_id)
        if student.language and student.language != variant.language:
            other_language.append(student.student_id)
    said = [("assign_renamed", renamed), ("assign_kept_languages", other_language)]
    return [MESSAGES.say(key, count=len(ids), which=", ".join(ids[:5])) for key, ids in said if ids]


def _differences(assignment: Assignment, exercise, students: list[Student], due, feedback) -> list[str]:
    """What the instructor might expect to change on a second run, and does not."""
    said = []
    try:
        if find_exercise(exercise).read_bytes() != assignment.pack.read_bytes():
            said.append(MESSAGES.say("assign_own_copy", pack=assignment.pack))
    except KitError:
        said.append(MESSAGES.say("assign_own_copy", pack=assignment.pack))
    if (due and read_due(due) != assignment.due) or feedback != assignment.feedback:
        said.append(
            MESSAGES.say(
                "assign_kept_settings", due=assignment.due or "—", feedback=assignment.feedback, file=SETTINGS
            )
        )
    gone = [i for i in assignment.variants if i not in {s.student_id for s in students}]
    if gone:
        said.append(MESSAGES.say("assign_not_in_roster", count=len(gone), which=", ".join(gone[:5])))
    return said


def _doubtful_due(assignment: Assignment) -> list[str]:
    """A due date that is past before anybody has the notebook, or years ahead,
    is a slip of the pen more often than not.
    """
    due = given_out(assignment)
    if due is None:
        return []
    ahead = due - datetime.now().astimezone()
    if ahead > FAR:
        return [MESSAGES.say("assign_due_far", due=assignment.due)]
    if ahead <= timedelta(0):
        return [MESSAGES.say("assign_due_over", due=assignment.due)]
    return []


def _torn_teams(students: list[Student], everybody: list[Student]) -> list[str]:
    """Teams of which some members are in the sections that were asked for, and some are not."""
    teams = {student.team for student in students if student.team}
    asked_for = {student.student_id for student in students}
    outside = [
        f"{one.team}: {one.student_id}"
        for one in everybody
        if one.team in teams and one.student_id not in asked_for
    ]
    if not outside:
        return []
    return [MESSAGES.say("assign_torn_teams", count=len(outside), which=", ".join(outside[:5]))]


def _group_again(assignment: Assignment, students: list[Student]) -> list[str]:
    """Students who have a variant change their section as the roster says, but not their team:
    it goes with the data.
    """
    other_team, other_section = [], []
    for student in students:
        variant = assignment.variants.get(student.student_id)
        if variant is None:
            continue
        assignment.variants[student.student_id] = replace(variant, section=student.section)
        if variant.section != student.section:
            other_section.append(
                f"{student.student_id} ({variant.section or '—'} → {student.section or '—'})"
            )
        if variant.team != student.team:
            other_team.append(student.student_id)
    said = [("assign_kept_teams", other_team), ("assign_other_sections", other_section)]
    return [MESSAGES.say(key, count=len(ids), which=", ".join(ids[:5])) for key, ids in said if ids]


# --- variants -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """A student's variant, and the notebook that goes with it as text."""

    student: Student
    variant: Variant
    notebook: str


def _variants(
    assignment: Assignment, exercise: Exercise, students: list[Student], lang: str
) -> Iterator[Made]:
    """The variants of some students; the exercise's setup, which loads pandas and data, runs once for all."""
    seeds = [assignment.seed(student.student_id, student.team) for student in students]
    templates = {}
    for student, seed, generated in zip(students, seeds, exercise.parameters_of(seeds)):
        language = (student.language or "both") if lang == "roster" else lang
        if language not in templates:
            templates[language] = _template(exercise, language, statement=assignment.statement)
        parameters = {"seed": seed, "lang": language}
        text = to_text(_notebook(assignment, exercise, student, templates[language], parameters))
        variant = Variant(
            student_id=student.student_id,
            name=student.name,
            language=language,
            seed=seed,
            copy_id=assignment.copy_id(student.student_id),
            folder=student.folder,
            file=f"{exercise.slug}_{student.folder}.ipynb",
            platform=student.platform,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            parameters=parameters,
            parameters_sha256=data_hash(generated),
            section=student.section,
            team=student.team,
        )
        yield Made(student, variant, text)


def _notebook(
    assignment: Assignment, exercise: Exercise, student: Student, template: NotebookNode, parameters: dict
) -> NotebookNode:
    """The template as one student's own copy."""
    from papermill.parameterize import parameterize_notebook

    seed = parameters["seed"]
    copy_id = assignment.copy_id(student.student_id)
    # papermill's own cell, so that `papermill -p seed … -p lang …` by hand gives the same notebook
    notebook = parameterize_notebook(copy.deepcopy(template), parameters)
    _tagged(notebook, "injected-parameters").id = _cell_id(f"injected {seed}")
    del notebook.metadata["papermill"]
    for cell in notebook.cells:
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)
    notebook.metadata["crmkit"] |= {
        "assignment": assignment.assignment,
        "student": student.student_id,
        "copy": copy_id,
    }
    notebook.cells[1:1] = _whose(student, parameters["lang"])
    if assignment.feedback == "practice":
        sheet = notebook.cells.index(_tagged(notebook, "questions"))
        notebook.cells.insert(sheet + 1, _practice_cell(exercise, seed, copy_id))
    return notebook


def _tagged(notebook: NotebookNode, tag: str) -> NotebookNode:
    """The first cell that bears a tag."""
    return next(cell for cell in notebook.cells if tag in cell.metadata.get("tags", []))


def _cell_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _template(exercise: Exercise, language: str, *, statement: bool):
    notebook = in_one_language(exercise_notebook(exercise.lesson), language)
    hand_in = []
    if statement:
        texts = MESSAGES.texts("assign_statement")
        hand_in += [markdown_cell(texts[lang], tags) for lang, tags in _spoken(language)]
        hand_in.append(code_cell(STATEMENT, ["statement"]))
    texts = MESSAGES.texts("assign_hand_in")
    hand_in += [markdown_cell(texts[lang], tags) for lang, tags in _spoken(language)]
    hand_in.append(code_cell("answer.hand_in()", ["hand-in"]))
    for cell in hand_in:
        cell.id = _cell_id(cell.source)
    notebook.cells += hand_in
    notebook.metadata["papermill"] = {}
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])  # as papermill has them when it reads a file
    return notebook


def _spoken(language: str) -> list[tuple[str, list[str]]]:
    """The languages of an edition, each with the tags of its cells: only a bilingual one has to tell them apart."""
    return [(lang, [f"lang-{lang}"]) for lang in WRITTEN] if language == "both" else [(language, [])]


def _whose(student: Student, language: str) -> list:
    cells = []
    for lang, tags in _spoken(language):
        name, identity = (_markdown_text(text) for text in (student.name, student.student_id))
        cells.append(
            markdown_cell(MESSAGES.texts("assign_whose", name=name, student=identity)[lang].strip(), tags)
        )
        cells[-1].id = _cell_id(f"whose {lang}")
    return cells


def _markdown_text(text: str) -> str:
    """A name in Markdown as itself: neither HTML nor formula nor link."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|~$>" else c for c in escape(text, quote=False))


def _practice_cell(exercise: Exercise, seed: int, salt: str):
    right = exercise.right_answers(seed)
    keys = {name: practice_key(question, right[name], salt) for name, question in exercise.questions.items()}
    cell = code_cell(
        f"answer.practise({json.dumps({k: v for k, v in keys.items() if v})})", ["practice"], hidden=True
    )
    cell.id = _cell_id(f"practice {seed}")
    return cell


# --- files ----------------------------------------------------------------------------------------------------------


def _lay(assignment: Assignment, variant: Variant, notebook: str, due: datetime | None) -> None:
    """A student's folder and the same as one file. ``due``: as the student is told."""
    home = assignment.folder / "students" / variant.folder
    home.mkdir(parents=True, exist_ok=True)
    put(home / variant.file, notebook)
    readme = MESSAGES.texts(
        "assign_readme",
        file=variant.file,
        due=f"{due:%Y-%m-%d %H:%M}" if due else "—",
        title=Pair(**assignment.titles),
    )
    together = MESSAGES.texts("assign_readme_team", team=variant.team)
    texts = []
    for lang, _ in _spoken(variant.language):
        lines = [readme[lang].strip()]
        if variant.team:
            lines.append(together[lang])
        texts.append("\n".join(lines) + "\n")
    text = "\n".join(texts)
    put(home / "README.txt", text, encoding="utf-8-sig")
    files = assignment.folder / "pack" / FILES
    if files.is_dir():
        shutil.copytree(files, home, dirs_exist_ok=True)
    zips = assignment.folder / "zips"
    zips.mkdir(exist_ok=True)
    put(zips / f"{variant.folder}.zip", zipped(_members(assignment, variant)))


def _mend(assignment: Assignment, due: datetime | None) -> None:
    """A student's files that an interrupted run, or a hand, left out are laid again from the manifest's own data."""
    absent = [
        v
        for v in assignment.variants.values()
        if not (assignment.folder / "students" / v.folder / v.file).is_file()
    ]
    if not absent:
        return
    exercise = load_exercise(assignment.pack)
    for variant in absent:
        student = Student(
            student_id=variant.student_id,
            name=variant.name,
            language=variant.language,
            section=variant.section,
            team=variant.team,
            platform=variant.platform,
        )
        (made,) = _variants(assignment, exercise, [student], "roster")
        _lay(assignment, variant, made.notebook, due)


def _members(assignment: Assignment, variant: Variant) -> dict[str, bytes]:
    home = assignment.folder / "students" / variant.folder
    return {p.relative_to(home).as_posix(): p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file()}


def _archive(assignment: Assignment, platform: str) -> None:
    """Everybody's files in one archive, named as the platform names a student's files."""
    members = {}
    for variant in assignment.variants.values():
        for name, raw in _members(assignment, variant).items():
            members[platform_name(variant, platform, name)] = raw
    put(assignment.folder / f"{platform}.zip", zipped(members))
