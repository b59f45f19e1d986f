"""What one student gets, how it is kept between two gradings, and all that a grading has to report."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from coursekit.lessons.exercise import Exercise
from coursekit.records import read_record
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.handed_in.dating import BY_ARCHIVE, WITHIN
from coursekit.teach.handed_in.identity import Rules, Submission
from coursekit.teach.handed_in.intake import Intake

from .accommodations import Accommodations
from .copying import Copy
from .marking import QuestionMark

# how a run ends that needs nobody's eye
IN_ORDER = ("ended", "nothing")
TIME_UNKNOWN = "time_unknown"  # it is due some time, and nobody knows when this was handed in
DEFAULT_SEED = (
    "default_seed"  # answers are right for the seed of everybody's copy, and not for the student's own
)
TWO_PLACES = "two_places"  # files that nothing but their marks gives to this student came from several places
SEVERAL_TRIES = "several_tries"  # of these, all worked and of one hand, the newest counts
# what somebody should look at before marks are given out, though everything could be graded
DOUBTFUL = (
    TIME_UNKNOWN,
    DEFAULT_SEED,
    SEVERAL_TRIES,
    TWO_PLACES,
    "chosen_against_evidence",
    BY_ARCHIVE,
    WITHIN,
    "newer_by_name_only",
    "newer_unreadable",
    "older_than_counted",
    "signed_by_another",
    "statement_missing_costs",
)
# how it ends without marks: nothing was read, or the machine kept it from running
WITHOUT_MARKS = ("nothing", "unclear", "unreadable", "killed", "no_wall")


@dataclass
class Graded:
    """What one student gets, with everything that the reports say of it."""

    student_id: str
    file: str | None = None
    path: str = ""  # where the file lay, below the archive of its download
    when: str | None = None
    dated: str = ""  # where the archive and what stands within give two times: which of them counts
    other_when: str | None = None  # the one that does not
    state: str = (
        "nothing"  # nothing, unclear, unreadable, ended, timeout, too_much_output, died, killed, no_wall
    )
    questions: list[QuestionMark] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    on_default: list[str] = field(
        default_factory=list
    )  # questions whose answer is right for the seed of everybody's copy
    errors: list[dict] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # earlier files, kept and not graded
    shared_from: str | None = (
        None  # the member of the team under whom the team's one hand-in is run and marked
    )
    differing: list[str] = field(default_factory=list)  # other members' files that hold other code
    left_out: list[str] = field(default_factory=list)  # code that was handed in and not run
    late_minutes: float = 0.0
    late_factor: float = 1.0
    statement: dict[str, str] = field(default_factory=dict)  # as it was signed
    statement_factor: float = 1.0
    cpu_seconds: float = 0.0
    total: float | None = None  # share of all points, lateness and overrides included
    worked_out: float | None = None  # the total before a person decided on the whole
    to_read: bool = False  # a person still has to read something
    reasons: list[dict] = field(default_factory=list)  # marks given by hand
    failed: dict[str, str] = field(default_factory=dict)  # what of the grading failed → what the error said


def stored(graded: dict[str, Graded]) -> dict[str, dict]:
    """As the results are kept."""
    return {student: asdict(mine) for student, mine in graded.items()}


def restored(kept: dict[str, dict], file: Path) -> dict[str, Graded]:
    """What the last grading gave; an error names the file and the field that cannot be read."""
    return {student: read_record(Graded, mine, file=file, within=student) for student, mine in kept.items()}


@dataclass(frozen=True, kw_only=True)
class Grading:
    """All that one grading has to report."""

    about: Assignment
    exercise: Exercise
    graded: dict[str, Graded]
    intake: Intake
    handed_in: list[Submission]
    tier: str  # the wall that was used
    tried: dict[str, str]  # wall → what became of it when it was tried
    whose: Rules
    accommodations: Accommodations = field(default_factory=Accommodations)
    copies: list[Copy] = field(default_factory=list)
    counting: dict[str, Submission] = field(default_factory=dict)  # student → the notebook that counts

    @property
    def texts(self) -> list[tuple[str, QuestionMark]]:
        """Student and text, of all that a person reads: of a team's once, and none that counts for nobody."""
        questions = self.exercise.questions
        found = []
        for student, mine in self.graded.items():
            if mine.shared_from is not None:
                continue
            counting = self.counting_of(student)
            for one in mine.questions:
                is_text = one.question in counting and questions[one.question]["kind"] == "text"
                if is_text and one.state == "recorded":
                    found.append((student, one))
        return found

    def counting_of(self, student: str) -> set[str]:
        """The questions that count for a student, or for anybody who hands in together with that student."""
        together = [self.graded[member] for member in self.about.together(student) if member in self.graded]
        return {
            one.question
            for mine in together
            for one in mine.questions
            if one.question in self.exercise.questions and not one.exempt
        }

    @property
    def failed(self) -> list[Graded]:
        """The students on whose submission something failed."""
        return [mine for mine in self.graded.values() if mine.failed or mine.state not in IN_ORDER]

    @property
    def unclear(self) -> int:
        """How many files were not used."""
        return sum(not one.student for one in self.handed_in) + len(self.intake.refused)

    @property
    def wants_an_eye(self) -> bool:
        """Whether somebody should look at something before marks are given out; what is to be read is no such thing."""
        rules = self.whose.none or self.whose.several or self.accommodations.wrong
        differing = any(mine.differing for mine in self.graded.values())
        doubtful = any(flag in mine.flags for mine in self.graded.values() for flag in DOUBTFUL)
        return bool(self.failed or self.unclear or self.copies or rules or differing or doubtful)


class Result(dict[str, Graded]):
    """Student → what the grading gave."""

    def __init__(self, graded: dict[str, Graded], *, wants_an_eye: bool):
        super().__init__(graded)
        self.wants_an_eye = wants_an_eye
