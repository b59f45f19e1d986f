"""A small class for the grading tests: an assignment of the example pack,
and students who hand in what they are told to.
"""

import csv
import json
from pathlib import Path
from unittest import mock

import nbformat

from coursekit.lessons.exercise import load_exercise
from coursekit.teach.assign.assign import assign

PACK = Path(__file__).parent / "packs" / "gym_offer"
NAMES = [
    "王小明",
    "Ann Wood",
    "李静",
    "Ben Hall",
    "陈晨",
    "Cleo Park",
    "赵磊",
    "Dan Reed",
    "周敏",
    "Eva Lund",
    "吴迪",
    "Finn Ost",
]


class Classroom:
    """``students`` of an assignment in ``folder``; ``hand_in`` writes a notebook as a student would leave it.

    ``columns``: more columns of the roster, by heading.
    """

    def __init__(
        self,
        folder: Path,
        students: int = 4,
        pack: Path = PACK,
        columns: dict[str, list[str]] | None = None,
        **settings,
    ):
        self.folder, self.out = folder / "assignment", folder / "submissions"
        self.out.mkdir(parents=True)
        roster = folder / "roster.csv"
        rows = [["student_id", "name", "language"]]
        rows += [
            [
                f"2026{i:04d}",
                NAMES[i % len(NAMES)] + ("" if i < len(NAMES) else str(i)),
                ("zh", "en", "both")[i % 3],
            ]
            for i in range(students)
        ]
        for heading, cells in (columns or {}).items():
            for row, cell in zip(rows, [heading, *cells]):
                row.append(cell)
        with roster.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows(rows)
        with mock.patch("secrets.token_bytes", lambda size: bytes(range(size))):  # no marks by luck
            assign(pack, roster=roster, out=self.folder, **settings)
        self.manifest = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        self.exercise = load_exercise(self.folder / "pack" / self.manifest["source"])
        self.students = list(self.manifest["variants"])
        self.solution = {c.question["id"]: c.source for c in self.exercise.lesson.exercise if c.question}
        for name, question in self.exercise.questions.items():
            if question["kind"] == "text":
                self.solution[name] = f"{name} = {question['sample']['en']!r}"

    def variant(self, student: str) -> dict:
        return self.manifest["variants"][student]

    def notebook(
        self, student: str, changed: dict[str, str] | None = None, *, extra: list[str] = (), before=()
    ):
        """The student's own notebook with the solution's code, ``changed`` per question; cells ``before`` the first
        question and ``extra`` at the end."""
        variant = self.variant(student)
        notebook = nbformat.read(self.folder / "students" / variant["folder"] / variant["file"], 4)
        code = {**self.solution, **(changed or {})}
        first = None
        for i, cell in enumerate(notebook.cells):
            name = cell.metadata.get("crmkit", {}).get("question")
            if name and code.get(name) is not None:
                first = i if first is None else first
                cell.source = f'{code[name]}\nanswer("{name}", {name})'
        new = [nbformat.v4.new_code_cell(source) for source in before]
        notebook.cells[first:first] = new
        notebook.cells += [nbformat.v4.new_code_cell(source) for source in extra]
        return notebook

    def hand_in(self, student: str, changed=None, *, name: str | None = None, **more) -> Path:
        path = self.out / (name or f"{student}_{self.variant(student)['file']}")
        nbformat.write(self.notebook(student, changed, **more), path)
        return path


def given_points(path: Path, student: str, points: float) -> list[str]:
    """Fill in a student's points as a spreadsheet program would; whose texts the sheet holds."""
    import python_calamine
    import xlsxwriter

    table = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    heads = [str(head).split("\n")[0] for head in table[0]]
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for i, row in enumerate(table):
            if row[0] == student:
                row[heads.index("points")] = points
            sheet.write_row(i, 0, row)
    return [row[0] for row in table[1:]]
