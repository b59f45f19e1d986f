"""From what a learning platform hands back to the files in it; archives are read as streams,
nothing is unpacked by name.

A folder or an archive, archives in archives, renamed files, names in any bytes, ZIPs that do not say their encoding.
What cannot be read is listed with the reason; no name in an archive is ever used as a path. What one student has packed
is counted against that student's own budget, and of a notebook only its code is kept, beside memory: nobody's file can
displace another's.
"""

import errno
import hashlib
import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from coursekit.sandbox.cleaning import DIRECTIONS, clean_json, clean_name, clean_text

from .notebook import NOTEBOOK, Refused, only_what_is_used

LARGEST_FILE = 20 << 20  # bytes of one file that is wanted; an exercise with its pictures has two million
LARGEST_SMALL = 1_000_000  # bytes of a policy or a saved game; they have some ten thousand
LARGEST_PACKED = 100 << 20  # bytes of an archive in an archive
LARGEST_SHARE, MOST_IN_SHARE = 256 << 20, 2_000  # bytes and files of all that one student has put into it
LARGEST_TOTAL, MOST_FILES = 4 << 30, 200_000  # of one archive as a platform makes it, with all in it
LARGEST_RATIO = 200  # bytes read for each of a platform's archive, where that is more: a large class
DEEPEST = 4
# members of so many students within so short a time, or, one after the other as they lie there, within so long:
# a platform has dated them when it packed them
FEWEST_AT_ONCE, AT_ONCE, ONE_BY_ONE = 3, timedelta(minutes=2), timedelta(minutes=10)
PACKED_IN = timedelta(seconds=2)  # for each member of a larger class
LARGEST_RECEIPT = 4 << 20  # bytes
RECEIPT_FIELDS = ("assignment", "student", "copy", "when", "sha256", "seed")
UTF8_NAME, ENCRYPTED = 0x800, 0x1  # bits in a ZIP's flags
# how a ZIP ends, in so many bytes at least and at most
END_OF_ARCHIVE, SIZE_OF_END, LONGEST_END = b"PK\x05\x06", 22, 56 + 20 + 22 + 65_535
# what stands before the end of a ZIP of many members, and says how many; and the pointer to it
LARGER_END, SIZE_OF_LARGER_END = b"PK\x06\x06", 56
POINTER, SIZE_OF_POINTER = b"PK\x06\x07", 20
LONGEST_ENTRY = 400  # bytes of one line in a ZIP's list, with a long name
BLOCK = 1 << 20
# ways of packing that are read piece by piece: of the others a megabyte may unpack to gigabytes at once
PIECEWISE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# files that come along with a hand-in: told only where nothing else of the student is there
BESIDE = re.compile(r"(?i)(^readme.*|receipt\.json|\.csv|\.txt|\.pdf|\.html?|\.xlsx|\.png)$")
OTHER_ARCHIVES = re.compile(r"(?i)\.(rar|7z|tar|tgz|gz|bz2|xz|zst)$")
# what browsers and mail programs put behind the name of a file that they do not know
RENAMED = re.compile(r"(?i)(\.(txt|json|bin|download))+$")
# how Canvas names what it hands back: the student by name and number, then a number of the file
ON_CANVAS = re.compile(r"([^_]+_(?:LATE_)?\d+)_\d+_")
PASSED_OVER = re.compile(
    r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.git|\.DS_Store|Thumbs\.db|desktop\.ini)(/|$)|(^|/)\._"
)
# what JupyterLab keeps beside a notebook, in a folder that it does not show
BACKUP = re.compile(r"(^|/)\.ipynb_checkpoints/[^/]+\.ipynb$")


@dataclass(frozen=True)
class Kept:
    """Bytes beside memory: where they lie in a file without a name."""

    file: BinaryIO
    at: int
    size: int

    def read(self) -> bytes:
        self.file.seek(self.at)
        return self.file.read(self.size)


@dataclass(frozen=True)
class Found:
    """One file among what was handed in: its label (archive and path, for people), when, and what it holds."""

    label: str
    when: datetime | None
    content: bytes | Kept
    receipt: dict | None = None
    digest: str = ""  # SHA-256 of the file as it was handed in, where ``content`` is only what is used of it
    problem: str | None = None  # why it cannot be read, where it was looked into already
    packed_in: str | None = None  # the archive that it lay in, where that lay in a folder
    packed_when: datetime | None = None  # when the archive that it lay in was put there, or came in by itself
    # the earliest time in its archive, where all students' lie so close that it may be that of the packing
    at_once_from: datetime | None = None
    # the same of the single files of a folder, or of the archives in it
    copied_from: datetime | None = None

    def when_if_due(self, due: datetime | None) -> datetime | None:
        """When it was handed in; None where it is one time for all, after it was due:
        that is when the archive was made.
        """
        made_at_once = self.at_once_from and (due is None or self.at_once_from > due)
        copied = self.packed_in is None and self._was_copied(due)
        return None if made_at_once or copied else self.when

    def packed_if_due(self, due: datetime | None) -> datetime | None:
        """When its archive was put there; None where that is one time for all archives, after it was due."""
        return None if self._was_copied(due) else self.packed_when

    def _was_copied(self, due: datetime | None) -> bool:
        return bool(due and self.copied_from and self.copied_from > due)

    @property
    def name(self) -> str:
        return PurePosixPath(self.label.replace("\\", "/")).name

    @property
    def kind(self) -> str:
        """How the name ends, without what a browser has put behind it."""
        return PurePosixPath(RENAMED.sub("", self.name)).suffix.lower()

    @property
    def raw(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content.read()

    @property
    def sha256(self) -> str:
        return self.digest or hashlib.sha256(self.raw).hexdigest()


@dataclass
class Intake:
    """The files that are wanted, and what was passed over or could not be read, with the reason's code."""

    wanted: tuple[str, ...]  # how their names end
    zone: tzinfo | None = None  # of an archive's times that say none
    found: list[Found] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # label, reason
    # labels of files that come along with a hand-in → why they are none themselves
    beside: dict[str, str] = field(default_factory=dict)
    _labels: set[str] = field(default_factory=set)
    _refused: set[tuple[str, str]] = field(default_factory=set)

    def refuse(self, label: str, reason: str) -> None:
        """List a file, once: an archive may hold one name many times."""
        if (label, reason) not in self._refused:
            self._refused.add((label, reason))
            self.refused.append((label, reason))

    def wants(self, label: str) -> bool:
        """Whether a file of this name is read; one that is not is listed."""
        if RENAMED.sub("", label).lower().endswith(self.wanted):
            return True
        if BESIDE.search(label.rsplit("/", 1)[-1]):
            self.beside[label] = "not_a_notebook"
        else:
            self.refuse(label, "other_archive" if OTHER_ARCHIVES.search(label) else "not_a_notebook")
        return False

    def keep(self, found: Found) -> None:
        """A file that is wanted, under a label that no other has; of a notebook only what is used of it."""
        raw = found.raw
        digest = hashlib.sha256(raw).hexdigest()
        problem = None
        if found.kind == NOTEBOOK:
            try:
                raw = only_what_is_used(raw)
            except Refused as refusal:
                raw = b""
                problem = refusal.args[0]
        kept = replace(found, label=self._free(found.label), content=self._put(raw), digest=digest)
        self.found.append(replace(kept, problem=problem))

    def _free(self, label: str) -> str:
        path = PurePosixPath(label)
        number = 1
        while label in self._labels:
            number += 1
            label = str(path.with_name(f"{path.stem} #{number}{path.suffix}"))
        self._labels.add(label)
        return label

    @cached_property
    def _file(self) -> BinaryIO:
        return tempfile.TemporaryFile()

    def _put(self, raw: bytes) -> Kept:
        at = self._file.seek(0, os.SEEK_END)
        self._file.write(raw)
        return Kept(self._file, at, len(raw))


@dataclass
class Budget:
    """What an archive may still unpack to, with all archives in it; what it takes, ``within`` has to have as well."""

    bytes: int = LARGEST_TOTAL
    files: int = MOST_FILES
    within: "Budget | None" = None

    def share(self) -> "Budget":
        """What one student may take of it."""
        return Budget(LARGEST_SHARE, MOST_IN_SHARE, self)

    def take_file(self) -> None:
        self.files -= 1
        if self.files < 0:
            raise Refused("too_many_files")
        if self.within:
            self.within.take_file()

    def take(self, size: int) -> None:
        self.bytes -= size
        if self.bytes < 0:
            raise Refused("too_large")
        if self.within:
            self.within.take(size)


def take_in(
    path: Path,
    wanted: tuple[str, ...] = (NOTEBOOK,),
    *,
    zone: tzinfo | None = None,
    out: Path | None = None,
) -> Intake:
    """Everything in a folder, an archive or a single file, but not what lies in ``out``, where results are written.

    ``zone``: of the times in an archive that say none; this computer's where it is None.
    """
    intake = Intake(wanted, zone)
    if not path.is_dir():
        _take_safely(path, clean_name(path.name), intake, in_a_folder=False)
        return intake
    for label, full in _walk(path, intake, out.resolve() if out else None):
        _take_safely(full, label, intake, in_a_folder=True)
    _note_copied_at_once(intake)
    return intake


def _note_copied_at_once(intake: Intake) -> None:
    """The files of a folder, or the archives in it, may all bear the time at which somebody copied or unpacked them."""
    single = [one for one in intake.found if one.packed_in is None]
    packed = {one.packed_in: one.packed_when for one in intake.found if one.packed_in}
    whose = owners([one.label for one in single])
    files = _packed_at_once([(whose[one.label], one.when) for one in single])
    archives = _packed_at_once(list(packed.items()))
    intake.found = [replace(one, copied_from=archives if one.packed_in else files) for one in intake.found]


def _walk(path: Path, intake: Intake, out: Path | None) -> Iterator[tuple[str, Path]]:
    """Label and path of every file in a folder; links are not followed, so that nothing outside is ever read."""

    def label_of(full: Path) -> str:
        return clean_name(full.relative_to(path).as_posix())

    def closed(error: OSError) -> None:
        intake.refuse(label_of(Path(error.filename)), "closed_folder")

    for folder, folders, files in os.walk(path, followlinks=False, onerror=closed):
        entered = []
        for name in sorted(folders):
            full = Path(folder, name)
            if full.resolve() == out:
                continue
            if not full.is_symlink():
                entered.append(name)
            elif not PASSED_OVER.search(label_of(full)):
                intake.refuse(label_of(full), "linked_folder")
        folders[:] = entered
        for name in sorted(files):
            full = Path(folder, name)
            if not PASSED_OVER.search(label_of(full)):
                yield label_of(full), full
            elif BACKUP.search(label_of(full)):
                intake.beside[label_of(full)] = "only_a_checkpoint"


def _take_safely(path: Path, label: str, intake: Intake, *, in_a_folder: bool) -> None:
    """One file; whatever it makes of its reader, the others are read."""
    try:
        _take_file(path, label, intake, in_a_folder=in_a_folder)
    except Exception as problem:
        _unless_full(problem)
        intake.refuse(label, "unreadable")


def _unless_full(problem: Exception) -> None:
    """A disk without room is nobody's damaged file: that is raised again."""
    if isinstance(problem, OSError) and problem.errno in (
        errno.ENOSPC,
        getattr(errno, "EDQUOT", errno.ENOSPC),
    ):
        raise problem


def _take_file(path: Path, label: str, intake: Intake, *, in_a_folder: bool) -> None:
    """One file of the folder; neither links nor devices are opened."""
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
        when = _time_of(about.st_mtime)
        if path.suffix.lower() == ".zip":
            budget = Budget(max(LARGEST_TOTAL, LARGEST_RATIO * about.st_size))
            archive = Archive(label, when, budget, packed_when=when)
            if in_a_folder:
                archive = replace(archive, packed_in=label)
            archive.take_in(stream, intake)
        elif not intake.wants(label):
            return
        elif about.st_size > largest_of(label):
            intake.refuse(label, "too_large")
        else:
            intake.keep(Found(label, when, stream.read(largest_of(label))))


def largest_of(label: str) -> int:
    """How many bytes a file of this name may have."""
    return LARGEST_FILE if RENAMED.sub("", label).lower().endswith(NOTEBOOK) else LARGEST_SMALL


def _time_of(seconds: float) -> datetime | None:
    """When a file was changed; None where a file system says what no calendar has."""
    try:
        return datetime.fromtimestamp(seconds).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


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
    struct.error,
)  # what reading a broken or hostile ZIP raises


@dataclass(frozen=True)
class Archive:
    """A ZIP, and how what lies in it is read: when it was handed in, and what it may unpack to."""

    label: str
    when: datetime | None
    budget: Budget
    packed_in: str | None = None  # the archive of the folder that everything in it lies in
    packed_when: datetime | None = None  # when that was put there, or what is taken in is this archive
    depth: int = 0
    at_once_from: datetime | None = None  # the earliest time, where its members may bear that of the packing

    def take_in(self, stream: BinaryIO, intake: Intake) -> None:
        """The members of a ZIP, read one by one against what the whole archive may unpack to.

        What is no archive comes first, and all that one student has put into a platform's archive has one share: what
        unpacks to very much takes nothing from a neighbour.
        """
        try:
            if _size_of_list(stream) > LONGEST_ENTRY * self.budget.files:
                raise Refused("too_many_files")
            with zipfile.ZipFile(stream) as archive:
                members = [(_member_name(one), one) for one in archive.infolist() if not one.is_dir()]
                receipt = _receipt(archive, members, self.budget)
                wanted = [(name, one) for name, one in members if not PASSED_OVER.search(name)]
                self._note_beside([name for name, _ in members], intake)
                wanted.sort(key=lambda member: is_archive(member[0]))
                whose = owners([name for name, _ in wanted])
                if self.depth == 0:
                    moments = [
                        (whose[name], _moment(one, intake.zone)) for name, one in members if name in whose
                    ]
                    self = replace(self, at_once_from=_packed_at_once(moments))
                shares: dict[str, Budget] = {}
                for name, member in wanted:
                    budget = self.budget
                    if self.depth == 0:
                        budget = shares.setdefault(whose[name], self.budget.share())
                    label = f"{self.label}/{name}"
                    try:
                        budget.take_file()
                        self._take(archive, member, label, receipt, intake, budget)
                    except Refused as problem:
                        if self.depth:
                            raise
                        intake.refuse(f"{self.label}/{whose[name]}", problem.args[0])
                    except Exception as problem:  # whatever a file makes of its reader, the others are read
                        _unless_full(problem)
                        intake.refuse(label, "unreadable")
        except Refused as problem:
            intake.refuse(self.label, problem.args[0])
        except DAMAGED as problem:
            _unless_full(problem)
            intake.refuse(self.label, "damaged_archive")

    def _note_beside(self, names: list[str], intake: Intake) -> None:
        """What in it is no hand-in, and that there is nothing in it; of a class's archive that is said elsewhere."""
        backups = [name for name in names if BACKUP.search(name)]
        intake.beside |= {f"{self.label}/{name}": "only_a_checkpoint" for name in backups}
        is_handed_in = self.depth or self.packed_in
        if is_handed_in and not backups and all(PASSED_OVER.search(name) for name in names):
            intake.beside[self.label] = "empty_archive"

    def _take(
        self,
        archive: zipfile.ZipFile,
        member: zipfile.ZipInfo,
        label: str,
        receipt: dict | None,
        intake: Intake,
        budget: Budget,
    ) -> None:
        # an archive in that archive is the student's, and dated by the student's clock; so is one that `hand_in` packed
        when = self.when if self.depth or receipt else _moment(member, intake.zone)
        try:
            if is_archive(label):
                if self.depth + 1 >= DEEPEST:
                    raise Refused("too_deep")
                inner = replace(self, label=label, when=when, budget=budget, depth=self.depth + 1)
                with tempfile.TemporaryFile() as beside:
                    for block in _blocks(archive, member, LARGEST_PACKED, budget):
                        beside.write(block)
                    inner.take_in(beside, intake)
            elif intake.wants(label):
                raw = b"".join(_blocks(archive, member, largest_of(label), budget))
                packed = {"packed_in": self.packed_in, "packed_when": self.packed_when}
                intake.keep(Found(label, when, raw, receipt, at_once_from=self.at_once_from, **packed))
        except Refused as problem:
            intake.refuse(label, problem.args[0])


def _packed_at_once(moments: list[tuple[str, datetime | None]]) -> datetime | None:
    """The earliest of the members' times, where they may all be that of a platform's packing; else None.

    ``moments``: whose a member is, and when, in the order of the archive. When the archive itself was written says
    nothing: it may be a copy.
    """
    known = [moment for _, moment in moments if moment]
    if len({whose for whose, moment in moments if moment}) < FEWEST_AT_ONCE:
        return None
    first, last = min(known), max(known)
    in_order = all(one <= other for one, other in zip(known, known[1:]))
    longest = max(ONE_BY_ONE, PACKED_IN * len(known)) if in_order else AT_ONCE
    return first if last - first <= longest else None


def is_archive(name: str) -> bool:
    return name.lower().endswith(".zip")


# how a browser numbers downloads: nobody's id
COPY_NUMBER = re.compile(r"\s?[(（]\d{1,3}[)）](?=\.\w+$|\.ipynb)")


def without_copy_number(label: str) -> str:
    """A name as it was before a browser made room for it beside another of the same name."""
    return COPY_NUMBER.sub("", label)


def owners(names: list[str]) -> dict[str, str]:
    """Member of a platform's archive → what all of one student's have in common.

    That is the folder, below those that all members lie in; in an archive without folders it is what stands before the
    first underscore, for platforms write who it is before the name that the student gave the file.

    >>> owners(["hw/s1/a.zip", "hw/s1/b.zip", "hw/s2/a.zip"])
    {'hw/s1/a.zip': 'hw/s1', 'hw/s1/b.zip': 'hw/s1', 'hw/s2/a.zip': 'hw/s2'}
    >>> owners(["8003_a.zip", "8003_b_c.zip"])
    {'8003_a.zip': '8003', '8003_b_c.zip': '8003'}
    >>> owners(["wangwei_31_990_a.zip", "wangwei_35_991_b.zip"])
    {'wangwei_31_990_a.zip': 'wangwei_31', 'wangwei_35_991_b.zip': 'wangwei_35'}
    """
    common = common_folders(names)
    theirs = {}
    flat = []
    for name in names:
        folder = PurePosixPath(name).parts[:-1]
        if len(folder) > len(common):
            theirs[name] = "/".join(folder[: len(common) + 1])
        else:
            flat.append(name)
    of_canvas = [ON_CANVAS.match(name.rpartition("/")[2]) for name in flat]
    for name, match in zip(flat, of_canvas):
        folder, slash, last = name.rpartition("/")
        theirs[name] = folder + slash + (match[1] if match and all(of_canvas) else last.split("_")[0])
    return {name: theirs[name] for name in names}


def common_folders(names: Iterable[str]) -> tuple[str, ...]:
    """The folders in which all of these lie, the widest first."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    return os.path.commonprefix(folders) if folders else ()


def _size_of_list(stream: BinaryIO) -> int:
    """Bytes of a ZIP's list of members, which is read whole when it is opened."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - LONGEST_END))
    end = stream.read(LONGEST_END)
    stream.seek(0)
    # as `zipfile` looks for it: at the very end, and only else before a comment, which may hold anything
    at = len(end) - SIZE_OF_END
    if at < 0 or not end.startswith(END_OF_ARCHIVE, at) or not end.endswith(b"\0\0"):
        at = end.rfind(END_OF_ARCHIVE)
    listed = int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0
    if end[:at].rfind(POINTER) != at - SIZE_OF_POINTER:
        return listed
    larger = end[max(0, at - SIZE_OF_POINTER - SIZE_OF_LARGER_END) : at]
    if larger.startswith(LARGER_END):
        return max(listed, int.from_bytes(larger[40:48], "little"))
    return size  # it is said elsewhere: at most all of it


def _member_name(member: zipfile.ZipInfo) -> str:
    """The name in an archive; without the mark for UTF-8 it may be UTF-8 all the same, or GBK, or what it says."""
    name = member.filename
    if not member.flag_bits & UTF8_NAME:
        name = _renamed(name)
    name = re.sub(r"[\x00-\x1f\x7f]", "_", name.replace("\\", "/"))
    return DIRECTIONS.sub("_", clean_text(name))


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


def _blocks(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, largest: int, budget: Budget
) -> Iterator[bytes]:
    """A member's bytes, counted as they come: what its header says of its size is not believed."""
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Refused("not_a_file")
    if member.flag_bits & ENCRYPTED:
        raise Refused("encrypted")
    if member.compress_type not in PIECEWISE:
        raise Refused("packed_otherwise")
    size = 0
    try:
        with archive.open(member) as stream:
            while block := stream.read(BLOCK):
                size += len(block)
                if size > largest:
                    raise Refused("too_large")
                budget.take(len(block))
                yield block
    except DAMAGED:
        raise Refused("damaged_archive") from None


def _receipt(archive: zipfile.ZipFile, members: list, budget: Budget) -> dict | None:
    """The receipt of a file that `hand_in` packed, checked for its form; it is the student's word."""
    packed = dict(reversed(members)).get("receipt.json")
    beside = [name for name, _ in members if name != "receipt.json" and not PASSED_OVER.search(name)]
    if packed is None or len(beside) != 1:  # `hand_in` packs one notebook
        return None
    try:
        receipt = clean_json(b"".join(_blocks(archive, packed, LARGEST_RECEIPT, budget)))
    except (Refused, ValueError):
        return None
    if not isinstance(receipt, dict):
        return None
    kept = {name: receipt[name] for name in RECEIPT_FIELDS if isinstance(receipt.get(name), (str, int))}
    return kept or None


UNIX_TIMES, NTFS_TIMES = (
    0x5455,
    0x000A,
)  # what an archive's list may hold beside a name: times as seconds of UTC
FROM_1601_TO_1970 = 11_644_473_600  # seconds: Windows counts from there, in tenths of a microsecond
FIRST_YEAR = 2001  # archives of ours, and of some platforms, hold no dates


def _moment(member: zipfile.ZipInfo, zone: tzinfo | None) -> datetime | None:
    """When a member was changed: in UTC where the archive says that as well, else by the clock of ``zone``."""
    seconds = _seconds_of(member.extra)
    try:
        here = datetime(*member.date_time)
        moment = here.replace(tzinfo=zone) if zone else here.astimezone()
    except (ValueError, OverflowError):
        moment = None
    if seconds is not None:
        moment = _time_of(seconds) or moment
    return moment if moment and moment.year >= FIRST_YEAR else None


def _seconds_of(extra: bytes) -> float | None:
    """Seconds since 1970 in what stands beside a member's name; None where no time stands there."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        said, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNIX_TIMES and len(said) >= 5 and said[0] & 1:
            return struct.unpack("<i", said[1:5])[0]
        if kind == NTFS_TIMES and len(said) >= 16 and said[4:8] == b"\x01\x00\x18\x00":
            return struct.unpack("<Q", said[8:16])[0] / 10**7 - FROM_1601_TO_1970
    return None
