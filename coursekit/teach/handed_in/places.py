"""Where files lie, where paths name nobody: in one download, and in an earlier one."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from coursekit.teach.assign.assignment import Assignment

from .intake import RENAMED, is_archive, owners, without_copy_number


def below_its_archive(label: str) -> str:
    """A file's path without the archive that a class came in: that is called anew at every download."""
    first, slash, rest = label.partition("/")
    return rest if slash and is_archive(first) else label


def folder_of(path: str) -> str:
    """The folder in which somebody's files lie: of what lies in an archive that was handed in, that archive's.

    >>> folder_of("section A/8003/homework.zip/more/ex1.ipynb"), folder_of("ex1.ipynb")
    ('section A/8003', '')
    """
    parts = PurePosixPath(path).parts
    return "/".join(parts[: _last(parts)])


def _last(parts: tuple[str, ...]) -> int:
    """Where the file or the archive stands that was handed in: an archive of the student's may have any folders."""
    return next((at for at, part in enumerate(parts) if is_archive(part)), len(parts) - 1)


def levels(path: str) -> list[str]:
    """What of a path may tell one hand from another, the widest first: its folder, how its name begins, its name.

    >>> levels("8003/more/hw_2 (1).ipynb")
    ['8003/more', '8003/more/hw', '8003/more/hw_2 (1).ipynb']
    """
    parts = PurePosixPath(path).parts
    folder = folder_of(path)
    name = PurePosixPath(RENAMED.sub("", without_copy_number(parts[_last(parts)]))).stem
    begins = owners([name])[name]
    found = [folder] if folder else []
    return [*found, f"{folder}/{begins}".lstrip("/"), path]


def _is_within(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"/{one}".endswith(f"/{other}")


def same_place(one: str, other: str) -> bool:
    """Whether two places are one, or one within the other,
    or folders of one name below others that were called anew.
    """
    return _is_within(one, other) or _is_within(other, one) or one.split("/")[-1] == other.split("/")[-1]


@dataclass(frozen=True)
class Places:
    """Place by place: the widest part of a path in which the files of no two lie who do not hand in together."""

    assignment: Assignment
    bears: Mapping[str, set[str]]  # part of a path → the students whose files lie there
    bore: Mapping[str, set[str]]  # the same of an earlier grading
    earlier: Mapping[str, str]  # student → the place in an earlier grading

    @classmethod
    def of(
        cls, paths: list[str], shown: list[set[str]], earlier: Mapping[str, str], assignment: Assignment
    ) -> "Places":
        """Of these paths and the students whose marks their files bear; ``earlier``: student → path."""
        now = _bearing(zip(paths, shown))
        then = _bearing((path, {student}) for student, path in earlier.items())
        before = cls(assignment, then, {}, {})
        places = {student: before.place_of(path) for student, path in earlier.items()}
        return cls(assignment, now, then, places)

    def place_of(self, path: str) -> str:
        return next((part for part in levels(path) if self._is_of_one(self.bears.get(part))), path)

    def own_folder(self, path: str) -> str:
        """The widest folder of a path in which only one's files lie, or a team's; nothing where there is none."""
        return next((folder for folder in _folders(path) if self._is_of_one(self.bears.get(folder))), "")

    def _is_of_one(self, students: set[str] | None) -> bool:
        return not students or students <= set(self.assignment.together(min(students)))

    def elsewhere(self, student: str, path: str) -> bool:
        """Whether a student's file lay somewhere else in an earlier grading."""
        return student in self.earlier and not self._lies_at(path, self.earlier[student])

    def is_anothers(self, student: str, path: str) -> bool:
        """Whether in an earlier grading somebody's file lay here who does not hand in together with this student."""
        together = self.assignment.together(student)
        return any(self._lies_at(path, lay) for other, lay in self.earlier.items() if other not in together)

    def _lies_at(self, path: str, place: str) -> bool:
        """Whether a part of a path is a place, or its whole; a part that told nobody from others tells nothing now."""
        parts = [part for part in levels(path) if self._is_of_one(self.bore.get(part))]
        return any(same_place(part, place) for part in parts)


def _folders(path: str) -> list[str]:
    """The folders in which a file lies, the widest first."""
    parts = PurePosixPath(folder_of(path)).parts
    return ["/".join(parts[:many]) for many in range(1, len(parts) + 1)]


def _bearing(files) -> dict[str, set[str]]:
    bears = defaultdict(set)
    for path, students in files:
        for part in {*_folders(path), *levels(path)}:
            bears[part] |= students
    return bears
