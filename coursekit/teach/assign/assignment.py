"""An assignment: one exercise, a secret, and who got which variant; the folder that `assign` makes and `grade` reads.

assignment/
  manifest.json   what was given to whom; names, seeds and hashes: for the instructor's eyes only
  secret.key      from it every seed follows; without it nobody can work out another student's variant
  roster/         the rosters as they were given, so that they can come back with the marks
  pack/           the exercise's source as it was given: grading reads this copy
  students/       a folder per student; zips/ the same as one file each
  moodle.zip  canvas.zip
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Literal

from coursekit.messages import KitError
from coursekit.records import EXACT, read_record
from crmkit.core.files import put

FORMAT = "crmkit-assignment/1"
MANIFEST, SECRET = "manifest.json", "secret.key"
FEEDBACK = ("form", "practice")
FIRST_YEAR, LAST_YEAR = 1970, 2999  # of a date by which something is due; beyond, not every system can reckon
DATES = "2026-12-01, 2026-12-01T23:59, 2026-12-01T23:59+08:00"  # how one may be written
LONGEST_DATE = 60  # characters of what stands for a date that a message shows


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What one student was given. ``sha256`` is of the notebook as laid, ``parameters_sha256`` of generate(seed).

    The members of a ``team`` share a seed, and with it their data; each copy has an id of its own all the same.
    """

    __pydantic_config__ = EXACT

    student_id: str
    name: str
    language: str
    seed: int
    copy_id: str
    folder: str
    file: str
    sha256: str
    parameters: dict
    parameters_sha256: str
    platform: dict[str, str] = field(default_factory=dict)
    section: str = ""
    team: str = ""


@dataclass(kw_only=True)
class Manifest:
    """What was given to whom, as manifest.json holds it."""

    __pydantic_config__ = EXACT

    format: Literal["crmkit-assignment/1"] = FORMAT
    assignment: str
    exercise: str
    source: str  # the file below pack/
    titles: dict[str, str]
    created: str
    kit_version: str
    feedback: str
    due: str | None = None
    statement: bool = False  # whether students are asked to sign one on own work and AI
    # file below roster/ → the sheet that was asked for
    rosters: dict[str, str | None] = field(default_factory=dict)
    variants: dict[str, Variant] = field(default_factory=dict)


@dataclass(kw_only=True)
class Assignment(Manifest):
    """The manifest of an assignment, its folder and its secret."""

    folder: Path
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, folder: Path, **about) -> "Assignment":
        """A new assignment with a secret of its own; the folder is made when it is written."""
        secret = secrets.token_bytes(32)
        name = f"{about['exercise']}-{hashlib.sha256(secret).hexdigest()[:8]}"
        return cls(folder=folder, assignment=name, secret=secret, **about)

    @classmethod
    def read(cls, folder: Path) -> "Assignment":
        """The assignment in a folder; an error says which of its parts is not there or not whole, and where."""
        path = folder / MANIFEST
        try:
            manifest = read_record(Manifest, json.loads(path.read_text(encoding="utf-8")), file=path)
            secret = bytes.fromhex((folder / SECRET).read_text().strip())
        except FileNotFoundError as error:
            raise KitError("assignment_absent", value=str(folder), part=Path(error.filename).name) from None
        except KitError:
            raise
        except (ValueError, RecursionError) as error:
            why = f"{type(error).__name__}: {error}"
            raise KitError("assignment_damaged", value=str(folder), why=why) from None
        found = cls(folder=folder, secret=secret, **vars(manifest))
        if not found.pack.is_file():
            raise KitError("assignment_absent", value=str(folder), part=f"pack/{found.source}")
        return found

    def write(self) -> None:
        """The manifest and the secret; the manifest is replaced whole, so that a stop at any moment leaves one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / SECRET).exists():
            descriptor = os.open(self.folder / SECRET, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(self.secret.hex() + "\n")
        manifest = Manifest(**{one.name: getattr(self, one.name) for one in fields(Manifest)})
        text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
        put(self.folder / MANIFEST, text + "\n")

    @property
    def pack(self) -> Path:
        """The exercise's source as it was given."""
        return self.folder / "pack" / self.source

    @property
    def rosters_kept(self) -> list[tuple[Path, str | None]]:
        """The rosters as they were given, and of each the sheet that was asked for."""
        return [(self.folder / "roster" / name, sheet) for name, sheet in self.rosters.items()]

    def seed(self, student_id: str, team: str = "") -> int:
        """HMAC-SHA256 of assignment and student under the secret, cut to 48 bits: exact in JSON and any language.

        With a team, of the team in place of the student: one seed for all of its members.
        """
        whose = f"team\0{team}" if team else student_id  # no id holds a character that cannot be printed
        return int.from_bytes(self._digest("seed", whose)[:6], "big")

    def hidden_seed(self, student_id: str, *, purpose: str = "hidden") -> int:
        """Another seed of the same student, which no notebook holds: the second run tells computed from typed in."""
        return int.from_bytes(self._digest(purpose, student_id)[:6], "big")

    def copy_id(self, student_id: str) -> str:
        """The notebook's own id: says whose copy it is and cannot be made without the secret."""
        return self._digest("copy", student_id).hex()[:20]

    def together(self, student_id: str) -> list[str]:
        """Those who hand in together with a student, in the manifest's order, the student among them."""
        team = self.variants[student_id].team
        if not team:
            return [student_id]
        return [one.student_id for one in self.variants.values() if one.team == team]

    def _digest(self, purpose: str, student_id: str) -> bytes:
        return hmac.new(
            self.secret, f"{purpose}\0{self.assignment}\0{student_id}".encode(), "sha256"
        ).digest()


def read_due(text: str | None) -> str | None:
    """A due date and time as ISO 8601 with its offset; a date alone means the end of that day here."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise KitError("due_unreadable", value=text[:LONGEST_DATE], allowed=DATES)
    if len(text) <= 10:
        moment = moment.replace(hour=23, minute=59, second=59)
    return (moment if moment.tzinfo else moment.astimezone()).isoformat()
