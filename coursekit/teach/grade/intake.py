"""From what a learning platform hands back to the notebooks in it; everything is read, nothing is unpacked to disk.

A folder or an archive, archives in archives, renamed files, Chinese names in ZIPs that do not say their encoding. What
cannot be read is listed with the reason; no name in an archive is ever used as a path.
"""

import hashlib
import io
import json
import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

LARGEST_FILE = 100 << 20  # bytes of one file, unpacked
LARGEST_TOTAL = 4 << 30  # bytes of everything that one archive unpacks to
MOST_FILES, DEEPEST = 20_000, 4
LARGEST_CELLS, MOST_CELLS = 4 << 20, 2_000  # characters of code, cells
PASSED_OVER = re.compile(
    r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.git|\.DS_Store|Thumbs\.db|desktop\.ini)(/|$)|(^|/)\._"
)


@dataclass(frozen=True)
class Found:
    """One file among what was handed in: its label (archive and path, for people), when, and what it holds."""

    label: str
    when: datetime | None
    raw: bytes
    receipt: dict | None = None

    @property
    def name(self) -> str:
        return PurePosixPath(self.label.replace("\\", "/")).name

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


@dataclass
class Intake:
    """The files that are wanted, and what was passed over or could not be read, with the reason's code."""

    notebooks: list[Found] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # label, reason
    wanted: tuple[str, ...] = (".ipynb",)  # how their names end


class Refused(Exception):
    """A file or archive that is not read; its argument is the reason's code."""


def take_in(path: Path, wanted: tuple[str, ...] = (".ipynb",)) -> Intake:
    """Everything in a folder, an archive or a single file."""
    intake = Intake(wanted=wanted)
    if path.is_dir():
        for folder, folders, files in os.walk(path, followlinks=False):
            folders[:] = sorted(f for f in folders if not os.path.islink(os.path.join(folder, f)))
            for name in sorted(files):
                full = Path(folder) / name
                label = full.relative_to(path).as_posix()
                if not PASSED_OVER.search(label):
                    _take_file(full, label, intake)
    else:
        _take_file(path, path.name, intake)
    return intake


def _take_file(path: Path, label: str, intake: Intake) -> None:
    """One file of the folder; links and devices are not followed, so that nothing outside is ever read."""
    try:
        descriptor = os.open(
            path,
            os.O_RDONLY
            | getattr(os, "O_NOFOLLOW", 0)
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0),
        )
    except OSError:
        intake.refused.append((label, "not_a_file"))
        return
    with os.fdopen(descriptor, "rb") as stream:
        about = os.fstat(stream.fileno())
        if not stat.S_ISREG(about.st_mode):
            intake.refused.append((label, "not_a_file"))
            return
        when = datetime.fromtimestamp(about.st_mtime).astimezone()
        if path.suffix.lower() == ".zip":
            _take_archive(stream, label, when, intake, depth=0, budget=[LARGEST_TOTAL, MOST_FILES])
        elif about.st_size > LARGEST_FILE:
            intake.refused.append((label, "too_large"))
        else:
            _sort(Found(label, when, stream.read()), intake)


def _sort(found: Found, intake: Intake) -> None:
    if found.name.lower().endswith(intake.wanted):
        intake.notebooks.append(found)
    elif not re.search(r"(?i)(^readme.*|receipt\.json|\.csv|\.txt|\.pdf|\.html?|\.xlsx|\.png)$", found.name):
        intake.refused.append((found.label, "not_a_notebook"))


def _take_archive(stream, label: str, when, intake: Intake, *, depth: int, budget: list[int]) -> None:
    """The members of a ZIP, read one by one against what the whole archive may unpack to."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = [(member, _member_name(member)) for member in archive.infolist() if not member.is_dir()]
            if len(members) > MOST_FILES:
                raise Refused("too_many_files")
            receipt = _receipt(archive, members, budget)
            for member, name in members:
                if PASSED_OVER.search(name):
                    continue
                budget[1] -= 1
                if budget[1] < 0:
                    raise Refused("too_many_files")
                inner = f"{label}/{name}"
                try:
                    raw = _read(archive, member, budget)
                except Refused as problem:
                    intake.refused.append((inner, problem.args[0]))
                    continue
                moment = _moment(member) or when
                if name.lower().endswith(".zip"):
                    if depth + 1 >= DEEPEST:
                        intake.refused.append((inner, "too_deep"))
                    else:
                        _take_archive(io.BytesIO(raw), inner, moment, intake, depth=depth + 1, budget=budget)
                else:
                    # a packed notebook carries the time at which it was handed in, not that of its own file
                    _sort(Found(inner, when if receipt else moment, raw, receipt), intake)
    except Refused as problem:
        intake.refused.append((label, problem.args[0]))
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        ValueError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OverflowError,
        MemoryError,
    ):
        intake.refused.append((label, "damaged_archive"))


def _member_name(member: zipfile.ZipInfo) -> str:
    """The name in an archive; without the mark for UTF-8 it may be UTF-8 all the same, or GBK, or what it says."""
    name = member.filename
    if not member.flag_bits & 0x800:
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            return name
        for codec in ("utf-8", "gb18030"):
            try:
                name = raw.decode(codec)
                break
            except UnicodeDecodeError:
                continue
    return re.sub(r"[\x00-\x1f\x7f]", "_", name.replace("\\", "/"))


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: list[int]) -> bytes:
    """A member's bytes, counted as they come: what its header says of its size is not believed."""
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Refused("not_a_file")
    if member.flag_bits & 1:
        raise Refused("encrypted")
    room = min(LARGEST_FILE, budget[0])
    try:
        with archive.open(member) as stream:
            raw = stream.read(room + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise Refused("damaged_archive") from None
    if len(raw) > room:
        raise Refused("too_large")
    budget[0] -= len(raw)
    return raw


def _receipt(archive, members, budget) -> dict | None:
    """The receipt of a file that `hand_in` packed, checked for its form; it is the student's word."""
    at = next((member for member, name in members if name == "receipt.json"), None)
    if at is None or at.file_size > 4 << 20:
        return None
    try:
        receipt = json.loads(_read(archive, at, budget))
    except (Refused, ValueError, RecursionError):
        return None
    keep = {
        k: receipt[k]
        for k in ("assignment", "student", "copy", "when", "sha256", "seed")
        if isinstance(receipt, dict) and isinstance(receipt.get(k), (str, int))
    }
    return keep or None


def _moment(member: zipfile.ZipInfo) -> datetime | None:
    try:
        moment = datetime(*member.date_time).astimezone()
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 2000 else None  # archives of ours, and of some platforms, hold no dates


# --- notebooks ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Notebook:
    """What is used of a submitted notebook: code cells with their tags, and what it says of itself."""

    cells: tuple[tuple[str, tuple[str, ...]], ...]
    about: dict
    seeds: tuple[int, ...]  # of its injected cells


def read_notebook(raw: bytes) -> Notebook:
    """The code of a notebook as it was handed in; Refused with a reason when there is none to be read.

    Outputs, kernelspec, widget state and everything else are left unread.
    """
    if not raw.strip():
        raise Refused("empty")
    try:
        stored = json.loads(raw.decode("utf-8-sig"))
        if stored.get("nbformat") in (1, 2, 3):
            import nbformat

            stored = nbformat.convert(nbformat.from_dict(stored), 4)
        cells, total = [], 0
        for cell in stored["cells"]:
            if cell.get("cell_type") != "code":
                continue
            source = cell.get("source", "")
            source = "".join(map(str, source)) if isinstance(source, list) else str(source)
            tags = cell.get("metadata", {}).get("tags", [])
            tags = tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else ()
            total += len(source)
            if len(cells) >= MOST_CELLS or total > LARGEST_CELLS:
                raise Refused("too_long")
            cells.append((source.encode("utf-8", "replace").decode("utf-8"), tags))
        about = stored.get("metadata", {}).get("crmkit", {})
        about = (
            {k: v for k, v in about.items() if isinstance(v, str) and len(v) < 200}
            if isinstance(about, dict)
            else {}
        )
    except Refused:
        raise
    except Exception:  # whatever a broken or hostile file makes JSON or nbformat do
        raise Refused("unreadable") from None
    if not cells:
        raise Refused("no_code")
    found = (
        re.search(r"^seed = (\d{1,20})$", source, re.MULTILINE)
        for source, tags in cells
        if "injected-parameters" in tags or source.startswith("# Parameters\n")
    )
    return Notebook(tuple(cells), about, tuple(dict.fromkeys(int(m[1]) for m in found if m)))
