"""From what a learning platform hands back to the files in it; everything is read, nothing is unpacked to disk.

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
LARGEST_RECEIPT = 4 << 20  # bytes
RECEIPT_FIELDS = ("assignment", "student", "copy", "when", "sha256", "seed")
UTF8_NAME, ENCRYPTED = 0x800, 0x1  # bits in a ZIP's flags
# files that come along with a hand-in and are not missed
BESIDE = re.compile(r"(?i)(^readme.*|receipt\.json|\.csv|\.txt|\.pdf|\.html?|\.xlsx|\.png)$")
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

    wanted: tuple[str, ...]  # how their names end
    found: list[Found] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # label, reason

    def refuse(self, label: str, reason: str) -> None:
        self.refused.append((label, reason))

    def sort(self, found: Found) -> None:
        """Keep a file that is wanted; list one that is neither wanted nor known to come along with a hand-in."""
        if found.name.lower().endswith(self.wanted):
            self.found.append(found)
        elif not BESIDE.search(found.name):
            self.refuse(found.label, "not_a_notebook")


@dataclass
class Budget:
    """What an archive may still unpack to, with all archives in it."""

    bytes: int = LARGEST_TOTAL
    files: int = MOST_FILES

    def take_file(self) -> None:
        self.files -= 1
        if self.files < 0:
            raise Refused("too_many_files")


class Refused(Exception):
    """A file or archive that is not read; its argument is the reason's code."""


def take_in(path: Path, wanted: tuple[str, ...] = (".ipynb",)) -> Intake:
    """Everything in a folder, an archive or a single file."""
    intake = Intake(wanted)
    if path.is_dir():
        for folder, folders, files in os.walk(path, followlinks=False):
            folders[:] = sorted(name for name in folders if not os.path.islink(os.path.join(folder, name)))
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
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # as far as the system has them
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        intake.refuse(label, "not_a_file")
        return
    with os.fdopen(descriptor, "rb") as stream:
        about = os.fstat(stream.fileno())
        if not stat.S_ISREG(about.st_mode):
            intake.refuse(label, "not_a_file")
            return
        when = datetime.fromtimestamp(about.st_mtime).astimezone()
        if path.suffix.lower() == ".zip":
            _take_archive(stream, label, when, intake, depth=0, budget=Budget())
        elif about.st_size > LARGEST_FILE:
            intake.refuse(label, "too_large")
        else:
            intake.sort(Found(label, when, stream.read()))


# --- archives -------------------------------------------------------------------------------------------------------

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    MemoryError,
)  # what reading a broken or hostile ZIP raises


def _take_archive(stream, label: str, when, intake: Intake, *, depth: int, budget: Budget) -> None:
    """The members of a ZIP, read one by one against what the whole archive may unpack to."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = [(_member_name(member), member) for member in archive.infolist() if not member.is_dir()]
            if len(members) > MOST_FILES:
                raise Refused("too_many_files")
            receipt = _receipt(archive, members, budget)
            for name, member in members:
                if PASSED_OVER.search(name):
                    continue
                budget.take_file()
                inner = f"{label}/{name}"
                try:
                    raw = _read(archive, member, budget)
                except Refused as problem:
                    intake.refuse(inner, problem.args[0])
                    continue
                moment = _moment(member) or when
                if not name.lower().endswith(".zip"):
                    # a packed notebook carries the time at which it was handed in, not that of its own file
                    intake.sort(Found(inner, when if receipt else moment, raw, receipt))
                elif depth + 1 >= DEEPEST:
                    intake.refuse(inner, "too_deep")
                else:
                    _take_archive(io.BytesIO(raw), inner, moment, intake, depth=depth + 1, budget=budget)
    except Refused as problem:
        intake.refuse(label, problem.args[0])
    except DAMAGED:
        intake.refuse(label, "damaged_archive")


def _member_name(member: zipfile.ZipInfo) -> str:
    """The name in an archive; without the mark for UTF-8 it may be UTF-8 all the same, or GBK, or what it says."""
    name = member.filename
    if not member.flag_bits & UTF8_NAME:
        name = _renamed(name)
    return re.sub(r"[\x00-\x1f\x7f]", "_", name.replace("\\", "/"))


def _renamed(name: str) -> str:
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return name


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget) -> bytes:
    """A member's bytes, counted as they come: what its header says of its size is not believed."""
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Refused("not_a_file")
    if member.flag_bits & ENCRYPTED:
        raise Refused("encrypted")
    room = min(LARGEST_FILE, budget.bytes)
    try:
        with archive.open(member) as stream:
            raw = stream.read(room + 1)
    except DAMAGED:
        raise Refused("damaged_archive") from None
    if len(raw) > room:
        raise Refused("too_large")
    budget.bytes -= len(raw)
    return raw


def _receipt(archive: zipfile.ZipFile, members: list, budget: Budget) -> dict | None:
    """The receipt of a file that `hand_in` packed, checked for its form; it is the student's word."""
    packed = dict(reversed(members)).get("receipt.json")
    if packed is None or packed.file_size > LARGEST_RECEIPT:
        return None
    try:
        receipt = json.loads(_read(archive, packed, budget))
    except (Refused, ValueError, RecursionError):
        return None
    if not isinstance(receipt, dict):
        return None
    kept = {name: receipt[name] for name in RECEIPT_FIELDS if isinstance(receipt.get(name), (str, int))}
    return kept or None


def _moment(member: zipfile.ZipInfo) -> datetime | None:
    try:
        moment = datetime(*member.date_time).astimezone()
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 2000 else None  # archives of ours, and of some platforms, hold no dates
