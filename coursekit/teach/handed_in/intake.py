"""From what a learning platform hands back to the files in it; archives are read as streams, nothing is unpacked by name.

A folder or an archive, archives in archives, renamed files, names in any bytes, ZIPs that do not say their encoding. What
cannot be read is listed with the reason; no name in an archive is ever used as a path. What one student has packed is
counted against that student's own budget, and of a notebook only its code is kept, beside memory: nobody's file can
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
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from coursekit.sandbox.cleaning import clean_json, clean_name, clean_text

from .notebook import NOTEBOOK, Refused, only_what_is_used

LARGEST_FILE = 20 << 20  # bytes of one file that is wanted; an exercise with its pictures has two million
LARGEST_SMALL = 1_000_000  # bytes of a policy or a saved game; they have some ten thousand
LARGEST_PACKED = 100 << 20  # bytes of an archive in an archive
LARGEST_SHARE, MOST_IN_SHARE = 256 << 20, 2_000  # bytes and files of all that one student has put into it
LARGEST_TOTAL, MOST_FILES = 4 << 30, 200_000  # of one archive as a platform makes it, with all in it
LARGEST_RATIO = 200  # bytes read for each of a platform's archive, where that is more: a large class
DEEPEST = 4
# members of so many students within so short a time, and the archive too: packed all at once by a platform
FEWEST_AT_ONCE, AT_ONCE = 3, timedelta(minutes=2)
LARGEST_RECEIPT = 4 << 20  # bytes
RECEIPT_FIELDS = ("assignment", "student", "copy", "when", "sha256", "seed")
UTF8_NAME, ENCRYPTED = 0x800, 0x1  # bits in a ZIP's flags
END_OF_ARCHIVE, LONGEST_END = b"PK\x05\x06", 56 + 20 + 22 + 65_535  # how a ZIP ends, in so many bytes at most
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
PASSED_OVER = re.compile(
    r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.git|\.DS_Store|Thumbs\.db|desktop\.ini)(/|$)|(^|/)\._"
)


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
    packed_when: datetime | None = None  # when that archive was put there

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
    found: list[Found] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # label, reason
    beside: list[str] = field(default_factory=list)  # labels of files that come along with a hand-in
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
            self.beside.append(label)
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


def take_in(path: Path, wanted: tuple[str, ...] = (NOTEBOOK,)) -> Intake:
    """Everything in a folder, an archive or a single file."""
    intake = Intake(wanted)
    if not path.is_dir():
        _take_safely(path, clean_name(path.name), intake, in_a_folder=False)
        return intake
    for label, full in _walk(path, intake):
        _take_safely(full, label, intake, in_a_folder=True)
    return intake


def _walk(path: Path, intake: Intake) -> Iterator[tuple[str, Path]]:
    """Label and path of every file in a folder; links are not followed, so that nothing outside is ever read."""

    def label_of(full: Path) -> str:
        return clean_name(full.relative_to(path).as_posix())

    def closed(error: OSError) -> None:
        intake.refuse(label_of(Path(error.filename)), "closed_folder")

    for folder, folders, files in os.walk(path, followlinks=False, onerror=closed):
        entered = []
        for name in sorted(folders):
            full = Path(folder, name)
            if not full.is_symlink():
                entered.append(name)
            elif not PASSED_OVER.search(label_of(full)):
                intake.refuse(label_of(full), "linked_folder")
        folders[:] = entered
        for name in sorted(files):
            full = Path(folder, name)
            if not PASSED_OVER.search(label_of(full)):
                yield label_of(full), full


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
            archive = Archive(label, when, budget)
            if in_a_folder:
                archive = replace(archive, packed_in=label, packed_when=when)
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
    packed_when: datetime | None = None  # when that was put there
    depth: int = 0
    undated: bool = False  # its members bear the time of the download

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
                wanted.sort(key=lambda member: _is_archive(member[0]))
                whose = owners([name for name, _ in wanted])
                if self.depth == 0:
                    bears_no_times = self._dated_by_the_download(wanted, whose)
                    self = replace(self, undated=bears_no_times)
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

    def _take(
        self,
        archive: zipfile.ZipFile,
        member: zipfile.ZipInfo,
        label: str,
        receipt: dict | None,
        intake: Intake,
        budget: Budget,
    ) -> None:
        when = self._time_of(member, receipt)
        try:
            if _is_archive(label):
                if self.depth + 1 >= DEEPEST:
                    raise Refused("too_deep")
                inner = replace(self, label=label, when=when, budget=budget, depth=self.depth + 1)
                with tempfile.TemporaryFile() as beside:
                    for block in _blocks(archive, member, LARGEST_PACKED, budget):
                        beside.write(block)
                    inner.take_in(beside, intake)
            elif intake.wants(label):
                raw = b"".join(_blocks(archive, member, largest_of(label), budget))
                found = Found(
                    label, when, raw, receipt, packed_in=self.packed_in, packed_when=self.packed_when
                )
                intake.keep(found)
        except Refused as problem:
            intake.refuse(label, problem.args[0])

    def _time_of(self, member: zipfile.ZipInfo, receipt: dict | None) -> datetime | None:
        """When it was handed in: as the platform's own archive dates it.

        An archive in that archive is the student's, and dated by the student's clock; so is one that `hand_in` packed.
        When the archive itself was written is when somebody downloaded it, and says nothing.
        """
        if self.depth or receipt:
            return self.when
        return None if self.undated else _moment(member)

    def _dated_by_the_download(self, members: list, whose: dict[str, str]) -> bool:
        """Whether all students' members bear one time, that of the archive itself: when a platform packed it, no more."""
        moments = {whose[name]: _moment(member) for name, member in members}
        known = [moment for moment in moments.values() if moment]
        if len(known) < FEWEST_AT_ONCE or self.when is None:
            return False
        first, last = min(known), max(known)
        return last - first <= AT_ONCE and abs(self.when - last) <= AT_ONCE


def _is_archive(name: str) -> bool:
    return name.lower().endswith(".zip")


def owners(names: list[str]) -> dict[str, str]:
    """Member of a platform's archive → what all of one student's have in common.

    That is the folder, below those that all members lie in; in an archive without folders it is what stands before the
    second underscore, for platforms write who it is before the name that the student gave the file.

    >>> owners(["hw/s1/a.zip", "hw/s1/b.zip", "hw/s2/a.zip"])
    {'hw/s1/a.zip': 'hw/s1', 'hw/s1/b.zip': 'hw/s1', 'hw/s2/a.zip': 'hw/s2'}
    >>> owners(["wangwei_31_990_a.zip", "wangwei_31_991_b.zip"])
    {'wangwei_31_990_a.zip': 'wangwei_31', 'wangwei_31_991_b.zip': 'wangwei_31'}
    """
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    common = os.path.commonprefix(folders) if folders else ()
    theirs = {}
    for name, folder in zip(names, folders):
        if len(folder) > len(common):
            theirs[name] = "/".join(folder[: len(common) + 1])
        else:
            theirs[name] = "_".join(name.split("_")[:2])
    return theirs


def _size_of_list(stream: BinaryIO) -> int:
    """Bytes of a ZIP's list of members, which is read whole when it is opened."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - LONGEST_END))
    end = stream.read(LONGEST_END)
    stream.seek(0)
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
    return clean_text(re.sub(r"[\x00-\x1f\x7f]", "_", name.replace("\\", "/")))


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


def _moment(member: zipfile.ZipInfo) -> datetime | None:
    try:
        moment = datetime(*member.date_time).astimezone()
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 2000 else None  # archives of ours, and of some platforms, hold no dates
