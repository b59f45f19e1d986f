"""The working copy: notebooks, exercises, solutions,
datasets and the glossary laid into a folder that belongs to the student.

A manifest (.kit/manifest.json) remembers each file as it was laid. By it, a later version replaces what nobody has
written in and leaves alone what a student wrote; ``reset`` lays a fresh copy and keeps the old one beside it.
"""

import errno
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from coursekit.lessons.names import lesson_of
from coursekit.messages import MESSAGES, KitError, command
from crmkit.core.files import put
from crmkit.core.language import LANGUAGES

PARTS = ("notebooks", "exercises", "solutions", "datasets")
PACKAGED = (
    Path(__file__).parent.parent / "course"
)  # in the wheel; a checkout has the parts beside the package
CHECKOUT = Path(__file__).parent.parent.parent
GLOSSARY = "docs/glossary.html"  # where lesson 00 links to it
KIT = ".kit"


def course_root() -> Path:
    """The folder that holds the parts of the course."""
    root = PACKAGED if PACKAGED.is_dir() else CHECKOUT
    if not any((root / "notebooks").glob("*.ipynb")):
        raise KitError("no_course", value=root / "notebooks")
    return root


def part_folder(root: Path, part: str) -> Path:
    """Where the course at ``root`` has a part: the wheel keeps the datasets inside crmkit, which loads them."""
    if part == "datasets" and root == PACKAGED:
        from crmkit.data.datasets import datasets_folder  # loads pandas, for which most verbs need not wait

        return datasets_folder()
    return root / part


def language_of(folder: Path | None) -> str | None:
    """What ``open --lang`` said last of this working copy; None where it never did."""
    return Manifest.read(working_folder(folder, course_root())).lang


def default_folder() -> Path:
    """``work/`` of the checkout, or of the folder where an installed wheel is used."""
    return (Path.cwd() if PACKAGED.is_dir() else CHECKOUT) / "work"


def course_files(root: Path) -> list[str]:
    """Paths of everything that is laid, as in a checkout of the course, with forward slashes."""
    found = []
    for part in PARTS:
        folder = part_folder(root, part)
        for path in sorted(folder.rglob("*")):
            relative = part / path.relative_to(folder)
            if path.is_file() and not any(name.startswith((".", "__pycache__")) for name in relative.parts):
                found.append(relative.as_posix())
    if (root / GLOSSARY).is_file():
        found.append(GLOSSARY)
    return found


def content(root: Path, path: str) -> bytes:
    """A file of the course as it is laid; notebooks hold both languages, and a switch shows one of them."""
    if path == GLOSSARY:
        return (root / path).read_bytes()
    part, _, inside = path.partition("/")
    return (part_folder(root, part) / inside).read_bytes()


@dataclass(frozen=True)
class Mark:
    """What a file is, told by hashes: all of its bytes, and for a notebook what a person has written in it."""

    whole: str
    written: str | None = None  # cells' kinds, sources and attachments; running cells changes only the rest

    @classmethod
    def of(cls, raw: bytes, path: str) -> "Mark":
        written = text_of_cells(raw) if path.endswith(".ipynb") else None
        return cls(_hash(raw), None if written is None else _hash(written.encode()))

    def same_text(self, other: "Mark | None") -> bool:
        if other is None:
            return False
        if self.whole == other.whole:
            return True
        return self.written is not None and self.written == other.written


def text_of_cells(raw: bytes) -> str | None:
    """What a person has written in a notebook; None for a file that is no notebook (any more)."""
    try:
        cells = json.loads(raw)["cells"]
        written = [
            [cell["cell_type"], "".join(cell["source"]), cell.get("attachments") or {}] for cell in cells
        ]
        return json.dumps(written, sort_keys=True)
    except (ValueError, KeyError, TypeError):
        return None  # then every byte counts as somebody's work


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


@dataclass
class Manifest:
    """What was laid into a folder: path → Mark as laid, and the Mark of a newer version already spoken of.

    ``lang``: what ``open --lang`` said last (None: never), and ``asked``, when.
    """

    folder: Path
    lang: str | None = None
    asked: str = ""
    laid: dict[str, Mark] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / KIT / "manifest.json"

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The folder's manifest; an empty one where there is none or it is damaged (then nothing is overwritten)."""
        manifest = cls(folder)
        try:
            stored = json.loads(manifest.path.read_text(encoding="utf-8"))
            manifest.lang = stored["lang"] if stored["lang"] in LANGUAGES else None
            manifest.asked = str(stored.get("asked", ""))
            manifest.laid = {path: Mark(**mark) for path, mark in stored["files"].items()}
            manifest.offered = dict(stored["offered"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(folder)
        return manifest

    def write(self) -> None:
        stored = {
            "format": 1,
            "lang": self.lang,
            "asked": self.asked,
            "offered": self.offered,
            "files": {path: vars(mark) for path, mark in sorted(self.laid.items())},
        }
        text = json.dumps(stored, ensure_ascii=False, indent=1) + "\n"
        if not self.path.is_file() or self.path.read_text(encoding="utf-8") != text:
            put(self.path, text.encode("utf-8"))


@dataclass
class Laid:
    """What ``lay`` did, as paths relative to the working copy."""

    folder: Path
    lang: str | None  # what the language switch starts with; None: the language of the interface
    asked: str  # when that was said
    new: list[str] = field(default_factory=list)
    upgraded: list[str] = field(default_factory=list)
    kept: list[str] = field(
        default_factory=list
    )  # written in by the student, and the course has another version
    archive: str | None = None  # where upgraded notebooks that had been run are kept with their outputs


def lay(folder: Path | None = None, *, lang: str | None = None) -> Laid:
    """Lay the course into ``folder``; nobody's work is lost. ``lang``: what the switch starts with from now on."""
    root = course_root()
    folder = working_folder(folder, root)
    manifest = Manifest.read(folder)
    if lang is not None:
        manifest.lang, manifest.asked = lang, now()
    done = Laid(folder, manifest.lang, manifest.asked)
    archive = PurePosixPath(KIT, "kept", now())
    paths = course_files(root)
    for path in paths:
        _lay_file(path, content(root, path), manifest, done, archive)
    for path in sorted(set(manifest.laid) - set(paths)):
        _take_away(path, manifest)
    manifest.write()
    return done


def _lay_file(path: str, raw: bytes, manifest: Manifest, done: Laid, archive: PurePosixPath) -> None:
    """Lay one file, unless a student has written in the one that is there."""
    target = manifest.folder / path
    mark = Mark.of(raw, path)
    before = manifest.laid.get(path)
    if not target.exists():
        put(target, raw)
        done.new.append(path)
        manifest.laid[path] = mark
        return
    there = Mark.of(target.read_bytes(), path)
    if there.same_text(mark):
        manifest.laid[path] = mark
    elif there.same_text(before):
        if there.whole != before.whole:  # run but not written in: the outputs stay findable
            put(manifest.folder / archive / path, target.read_bytes())
            done.archive = str(archive)
        put(target, raw)
        done.upgraded.append(path)
        manifest.laid[path] = mark
    elif mark != before and manifest.offered.get(path) != mark.whole:  # written in, or never ours
        manifest.offered[path] = mark.whole
        done.kept.append(path)


def _take_away(path: str, manifest: Manifest) -> None:
    """Remove a file that is no longer in the course, unless somebody has touched it."""
    target = manifest.folder / path
    if target.is_file() and Mark.of(target.read_bytes(), path).whole == manifest.laid[path].whole:
        target.unlink()
    del manifest.laid[path]


def reset(lesson: str, folder: Path | None = None) -> list[str]:
    """Lay a fresh copy of a lesson, and keep what was there with a time stamp in its name; says what it did.

    The lesson alone: an exercise, with the answers recorded in it, is replaced only where it is named itself.
    """
    root = course_root()
    paths = course_files(root)
    if folder is not None and not Path(folder).exists() and _is_a_lesson(str(folder), paths):
        raise KitError("reset_one_lesson", value=folder, example=f"{command()} reset {folder}")
    folder = working_folder(folder, root)
    manifest = Manifest.read(folder)
    if not manifest.laid:
        raise KitError("no_working_copy", value=folder)
    lines = []
    untouched = []
    found = find_lesson(lesson, paths)
    for path in found:
        raw = content(root, path)
        target = folder / path
        if target.exists() and _same_notebook(target.read_bytes(), raw):
            untouched.append(MESSAGES.say("reset_untouched", path=path))
        else:
            lines.append(_lay_afresh(path, raw, manifest))
        manifest.laid[path] = Mark.of(raw, path)
        manifest.offered.pop(path, None)
    manifest.write()
    return (lines or untouched) + _what_stays(found, paths)


def _is_a_lesson(name: str, paths: list[str]) -> bool:
    try:
        return bool(find_lesson(name, paths))
    except KitError:
        return False


def _what_stays(replaced: list[str], paths: list[str]) -> list[str]:
    """How to take the exercise of a lesson afresh, for whoever took the lesson alone."""
    lessons = {lesson_of(PurePosixPath(path)) for path in replaced if path.startswith("notebooks/")}
    exercises = [path for path in paths if path.startswith("exercises/") and path.endswith(".ipynb")]
    stay = [path for path in exercises if lesson_of(PurePosixPath(path)) in lessons]
    example = f"{command()} reset"
    return [MESSAGES.say("reset_exercise_stays", path=path, example=f"{example} {path}") for path in stay]


def _same_notebook(there: bytes, raw: bytes) -> bool:
    """Whether two files are the same, or notebooks with the same cells and outputs:
    JupyterLab changes the rest by opening.
    """
    if there == raw:
        return True
    try:
        return json.loads(there)["cells"] == json.loads(raw)["cells"]
    except (ValueError, KeyError, TypeError):
        return False


def _lay_afresh(path: str, raw: bytes, manifest: Manifest) -> str:
    """Replace a file; one that somebody has touched is kept under another name. Says what it did."""
    target = manifest.folder / path
    if target.exists():
        there = target.read_bytes()
        before = manifest.laid.get(path)
        only_older = before is not None and Mark.of(there, path).whole == before.whole
        if not only_older:
            kept = free_name(target)
            put(kept, there)
            put(target, raw)
            return MESSAGES.say("reset_done", path=path, kept=kept.relative_to(manifest.folder).as_posix())
    put(target, raw)
    return MESSAGES.say("reset_new", path=path)


def find_lesson(name: str, paths: list[str]) -> list[str]:
    """Paths that ``name`` means: 06 or 06_pyramid the lesson, exercises/06 or 06_pyramid_exercise the exercise,
    or a path.

    >>> paths = ["notebooks/06_pyramid.ipynb", "exercises/06_pyramid_exercise.ipynb", "datasets/a.csv"]
    >>> find_lesson("6", paths), find_lesson("exercises/6", paths)
    (['notebooks/06_pyramid.ipynb'], ['exercises/06_pyramid_exercise.ipynb'])
    """
    wanted = name.replace("\\", "/").strip().removeprefix("./").removeprefix("work/")
    if wanted in paths:
        return [wanted]
    part, _, stem = wanted.removesuffix(".ipynb").rpartition("/")
    if stem.isdigit():
        stem = stem.zfill(2)
    lessons = [PurePosixPath(path) for path in paths if path.endswith(".ipynb")]
    found = []
    for lesson in lessons:
        slug = lesson_of(lesson)
        folder = lesson.parent.as_posix()
        of_the_lesson = stem in (slug, *slug.split("_", 1)) and folder == (part or "notebooks")
        by_itself = stem == lesson.stem and part in ("", folder)
        if of_the_lesson or by_itself:
            found.append(lesson.as_posix())
    if not found:
        allowed = "\n".join(sorted({f"  {lesson_of(lesson)}" for lesson in lessons}))
        raise KitError("unknown_lesson", value=name, allowed=allowed)
    return found


def working_folder(folder: Path | None, root: Path) -> Path:
    """The folder to work in, made if need be; refused where laying would mix with the course itself."""
    folder = Path(folder).expanduser().resolve() if folder else default_folder().resolve()
    if folder.exists() and not folder.is_dir():
        raise KitError("folder_is_file", value=folder)
    inside = {(root / name).resolve() for name in (*PARTS, "lessons", "crmkit", "coursekit", "tests")}
    if folder == root.resolve() or folder in inside or inside & set(folder.parents):
        raise KitError("folder_is_course", value=folder, allowed=default_folder())
    return folder


def free_name(target: Path) -> Path:
    """A name beside ``target`` that says when, and that nothing has."""
    stamp = now()
    kept = target.with_name(f"{target.stem}.{stamp}{target.suffix}")
    number = 2
    while kept.exists():
        kept = target.with_name(f"{target.stem}.{stamp}-{number}{target.suffix}")
        number += 1
    return kept


def now() -> str:
    return datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


def system_error(error: OSError) -> KitError:
    """What the system refused, in the user's language."""
    where = error.filename2 or error.filename or "?"  # of a copy the second is what was being written
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return KitError("no_space", value=where)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return KitError("folder_read_only", value=where)
    return KitError("system", detail=error)
