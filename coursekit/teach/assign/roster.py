"""Who is in the class: a roster as a school's or a platform's system exports it → students.

Read by the data door's readers, so that encodings, title rows and workbooks are handled in one place.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from coursekit.handed_tables import under_each_header
from coursekit.messages import MESSAGES, KitError
from coursekit.sandbox.cleaning import clean_text
from crmkit.core.errors import CrmkitError
from crmkit.intake.ids import cut, scientific
from crmkit.intake.reading.columns import plain
from crmkit.intake.reading.rows import customer_text
from crmkit.intake.reading.table import Table

# our column → headers, best first, as `plain` reduces them; a platform's own number is kept for its archive
HEADERS = {
    "student_id": (
        "studentid",
        "学号",
        "學號",
        "学生编号",
        "学生号",
        "学籍号",
        "学号工号",
        "学工号",
        "工号学号",
        "sid",
        "studentno",
        "studentnumber",
        "sisuserid",
        "idnumber",
        "编号",
        "id号",
        "matriculationnumber",
        "userid",
        "username",
        "用户名",
        "账号",
        "id",
        "工号",
        # an address is an id where there is no other (Google Classroom)
        "emailaddress",
        "email",
        "studentemail",
        "电子邮件",
        "电子邮箱",
        "邮箱",
        "邮箱地址",
    ),
    "name": (
        "name",
        "姓名",
        "学生姓名",
        "真实姓名",
        "fullname",
        "全名",
        "student",
        "学生",
        "studentname",
        "名称",
        "displayname",
        "昵称",
    ),
    "first_name": ("firstname", "givenname", "名", "名字"),
    "last_name": ("lastname", "surname", "familyname", "姓", "姓氏"),
    "language": ("language", "lang", "语言", "語言", "语种", "授课语言", "preferredlanguage"),
    "section": (
        "section",
        "班级",
        "班級",
        "行政班",
        "教学班",
        "教學班",
        "班级名称",
        "专业班级",
        "班别",
        "班",
        "class",
        "classname",
    ),
    "team": (
        "team",
        "teamname",
        "小组",
        "小組",
        "小组名称",
        "小组编号",
        "组别",
        "組別",
        "组号",
        "组名",
        "组",
        "团队",
        "队伍",
        "队名",
        "group",
        "groupname",
    ),
    "role": ("role", "roles", "角色", "身份"),
    "moodle_id": ("identifier", "标识符", "編號識別", "participant", "participantid", "参与者"),
    "canvas_id": ("canvasid", "canvasuserid", "id"),
}
STAFF = (
    "instructor",
    "ta",
    "teachingassistant",
    "teacher",
    "editingteacher",
    "noneditingteacher",
    "grader",
    "reader",
    "observer",
    "designer",
    "教师",
    "老师",
    "任课教师",
    "助教",
)
SPOKEN = {
    "zh": (
        "zh",
        "zhcn",
        "zhhans",
        "chinese",
        "中文",
        "汉语",
        "漢語",
        "简体中文",
        "中",
        "cn",
        "普通话",
        "chn",
    ),
    "en": ("en", "enus", "engb", "english", "英文", "英语", "英語", "英", "eng"),
    "both": ("both", "bilingual", "双语", "雙語", "中英", "中英双语", "zhen", "enzh"),
}
# how a line begins that holds no student, in its id or its name: sums, signatures, what platforms put there
NO_STUDENTS = (
    "pointspossible",
    "teststudent",
    "studenttest",
    "合计",
    "总计",
    "小计",
    "共计",
    "總計",
    "合計",
    "人数",
    "总人数",
    "制表",
    "打印",
    "审核",
    "备注",
    "任课教师",
    "班主任",
    "填表",
    "total",
    "subtotal",
    "average",
)
# what the first cell of a platform's own lines says: how many points there are, and when
POINTS_POSSIBLE = ("pointspossible", "points", "满分")
PLATFORM_LINES = (*POINTS_POSSIBLE, "date", "classaverage", "average", "日期", "平均分", "班级平均分")
POINTS = ""  # stands for no student: the line of the points possible
USUAL = 0.7  # of the ids: the others are the odd ones
FEW_SHOWN = 5
KEPT_FIGURES = 15  # of a number, by a spreadsheet
A_COUNT = re.compile(
    r"(共|合计)?\d+(人|名|students?)?(学生)?"
)  # 「2 人」: what a sheet counts below its list
# one of these anywhere in a line makes it a sum
TOTALS = ("合计", "总计", "小计", "共计", "總計", "合計", "total", "totals", "subtotal")
HEADS = re.compile(r"(共|合计)?\d+(人|名|位|students?|名学生)")
BLOCK_TITLE = re.compile(r".*(班|班级|班級|组|組|名单|名單)|(class|section|group)\w{1,20}")
LONGEST_ID = (
    100  # bytes of an id as a file's name: no system takes more than 255, and other words stand beside it
)
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows keeps
LONGEST_GROUP = 60  # characters of the name of a section or a team
CHINESE = re.compile(r"[\u3400-\u9fff]")
# what a spreadsheet makes of an id: a formula (=001), a number with decimals (20230001.0), a power of ten (2.02E7)
_FORMULA = re.compile(r"^=(?=\d[\d.,E+]*$)", re.IGNORECASE)
_WITH_DECIMALS = re.compile(r"(\d+)\.0{1,2}")
POWER_OF_TEN = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)
_HAS_POINT = re.compile(r"\d+\.\d*[1-9]\d*")
_NUMBERED = re.compile(r"[ _.]?\(?\d+\)?$")  # how readers tell equal headings apart
_LANGUAGE_OF = {word: lang for lang, words in SPOKEN.items() for word in words}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, kw_only=True)
class Student:
    """One line of the roster; ``platform`` holds the numbers by which Moodle and Canvas call the student.

    A ``section`` is the class that a student sits in; a ``team`` hands in one solution together.
    """

    student_id: str
    name: str = ""
    language: str | None = None
    section: str = ""
    team: str = ""
    platform: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The id as a name of a file that every system takes."""
        name = re.sub(r"[^\w.-]", "_", unicodedata.normalize("NFC", self.student_id)).strip(".") or "_"
        return f"_{name}" if RESERVED.fullmatch(name) else name


def read_roster(path: Path, *, sheet: str | None = None) -> list[Student]:
    """The students of a CSV, TSV or workbook, in its order; whatever cannot be read is refused with its line.

    Columns: an id is needed (student_id, 学号, SIS User ID, ID number …); name (or first and last name), language
    (zh, en, both, 中文 …), section (班级) and team (小组) are optional. Lines without an id are passed over when they
    hold no student (Canvas writes “Points Possible” below its header), so are sums, repeated headers, titles of blocks,
    and staff. Two lines with one id, or with ids that no file system tells apart, are refused.
    """
    students = _read(path, sheet)
    if sheet is None:
        _require_one_sheet(path, students)
    return students


def _require_one_sheet(path: Path, students: list[Student]) -> None:
    """Errors: KitError with the sheets, where another than the one read holds students that this one does not."""
    names = _sheets(path)
    if len(names) < 2:
        return
    read = {student.student_id for student in students}
    holding = []
    others = False
    for name in names:
        try:
            there = {student.student_id for student in _read(path, name)}
        except CrmkitError as error:
            if not error.code.startswith("roster_") or error.code in ("roster_no_id", "roster_empty"):
                continue  # no list of students
            there = {error.code}
        holding.append(name)
        others = others or not there <= read
    if others:
        raise KitError("roster_sheets", value=path.name, allowed=", ".join(holding))


def _sheets(path: Path) -> list[str]:
    """The sheets of a workbook that are not hidden; of any other file none."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except (python_calamine.CalamineError, OSError, ValueError):
        return []
    return [one.name for one in book.sheets_metadata if str(one.visible).endswith("Visible")]


def staff_on(path: Path, sheet: str | None) -> list[str]:
    """The ids or names of those whose role says that they are no students."""
    table, at = _find(path, sheet)
    found = []
    for _, row in rows_of(table):
        cells = {name: row[i] for name, i in at.items()}
        if _is_staff(cells):
            found.append(customer_text(cells["student_id"]) or _name(cells))
    return found


def _is_staff(cells: dict) -> bool:
    return plain(str(cells.get("role") or "")) in STAFF


def _read(path: Path, sheet: str | None) -> list[Student]:
    table, at = _find(path, sheet)
    students: list[Student] = []
    seen: dict[str, int] = {}  # id as a file's name → line
    spelled: dict[
        tuple[str, str], str
    ] = {}  # section or team, however it is written → as it was written first
    pointed = _have_points(table, at)
    for line, row in rows_of(table):
        if _is_no_list(row, at):
            continue
        student = _student({name: row[i] for name, i in at.items()}, line, path.name, spelled, pointed)
        if student is None:
            continue
        key = student.folder.casefold()
        if key in seen:
            raise KitError(
                "roster_twice", value=student.student_id, name=path.name, line=line, first=seen[key]
            )
        seen[key] = line
        students.append(student)
    if not students:
        raise KitError("roster_empty", value=path.name)
    return students


def in_sections(students: list[Student], sections: Collection[str]) -> list[Student]:
    """The students of these sections, of all where none is named. Errors: KitError with the sections that there are."""
    there = dict.fromkeys(student.section for student in students if student.section)
    for section in sections:
        if section not in there:
            raise KitError("roster_section", value=section, allowed=", ".join(there) or "—")
    return [student for student in students if not sections or student.section in sections]


def lines_of(path: Path, sheet: str | None) -> tuple[Table, list[tuple[int, str]]]:
    """The roster's table, and of each line that holds a student the id; POINTS of the line with the points possible."""
    table, at = _find(path, sheet)
    pointed = _have_points(table, at)
    found = []
    for line, row in rows_of(table):
        cells = {name: row[place] for name, place in at.items()}
        said = [plain(cell) for cell in row if isinstance(cell, str) and cell.strip()]
        if said and said[0] in POINTS_POSSIBLE:
            found.append((line, POINTS))
            continue
        student = None if _is_no_list(row, at) else _student(cells, line, path.name, {}, pointed)
        if student is not None:
            found.append((line, student.student_id))
    return table, found


def doubts(students: list[Student]) -> list[str]:
    """What is said of ids that a spreadsheet may have spoilt: of differing width, or case,
    or cut to fifteen figures.
    """
    ids = [student.student_id for student in students]
    found = [
        ("roster_widths", _of_other_width(ids)),
        ("roster_case", _of_other_case(ids)),
        ("roster_cut", _ending_in_zeros(ids)),
    ]
    return [MESSAGES.say(key, count=len(odd), which=", ".join(odd[:FEW_SHOWN])) for key, odd in found if odd]


def _of_other_width(ids: list[str]) -> list[str]:
    """Numbers that are shorter than (nearly) all others, as those are whose zeros in front were lost."""
    numbers = [one for one in ids if one.isdigit()]
    widths = Counter(map(len, numbers))
    if len(widths) < 2:
        return []
    usual, often = widths.most_common(1)[0]
    return [one for one in numbers if len(one) != usual] if often >= USUAL * len(numbers) else []


def _of_other_case(ids: list[str]) -> list[str]:
    """Ids whose letters are small where those of (nearly) all others are large, or the other way round."""
    lettered = [one for one in ids if "@" not in one and (one.isupper() or one.islower())]
    large = [one for one in lettered if one.isupper()]
    small = [one for one in lettered if one.islower()]
    fewer = min(large, small, key=len)
    return fewer if fewer and len(fewer) <= (1 - USUAL) * len(lettered) else []


def _ending_in_zeros(ids: list[str]) -> list[str]:
    """Longer numbers than a spreadsheet keeps, where all of them end in the zeros that it puts for the rest."""
    longer = [one for one in ids if one.isdigit() and len(one) > KEPT_FIGURES]
    return longer if len(longer) > 1 and len(cut(longer)) == len(longer) else []


def _have_points(table: Table, at: dict[str, int]) -> bool:
    """Whether there are ids with a point of their own (12.1): then no .0 of another is a spreadsheet's."""
    place = at["student_id"]
    return any(_HAS_POINT.fullmatch(str(row[place]).strip()) for _, row in rows_of(table))


def rows_of(table: Table) -> Iterator[tuple[int, tuple]]:
    """Every row with the number of its line."""
    for chunk in table.chunks():
        columns = [
            column.to_pylist() if hasattr(column, "to_pylist") else list(column) for column in chunk.columns
        ]
        yield from zip(chunk.lines.tolist(), zip(*columns))


def _find(path: Path, sheet: str | None) -> tuple[Table, dict[str, int]]:
    """The table and where its columns are; the header is the first row that names an id."""
    if not path.is_file():
        raise KitError("roster_absent", value=str(path))
    names: list[str] = []
    try:
        for table in under_each_header(path, sheet):
            at = _columns(table.header.names)
            if "student_id" in at:
                _require_one_block(path, table, at)
                return table, at
            names = max(names, [n for n in table.header.names if n], key=len)
    except CrmkitError as error:
        if error.code == "empty_file":  # its own words are about transactions
            raise KitError("roster_empty", value=path.name) from None
        raise
    raise KitError("roster_no_id", value=path.name, found=", ".join(names) or "—")


def _require_one_block(path: Path, table: Table, at: dict[str, int]) -> None:
    """Errors: KitError where a second list stands beside the first, under the same heading."""
    heading = table.header.names[at["student_id"]]
    again = [one for one in table.header.names if plain(_NUMBERED.sub("", one)) == plain(heading)]
    if len(again) > 1:
        raise KitError("roster_side_by_side", value=path.name, heading=heading, count=len(again))


def _is_no_list(row: tuple, at: dict[str, int]) -> bool:
    """Whether a line is a sum, a header again or the title of a block: none of them is a student."""
    texts = {i: plain(cell) for i, cell in enumerate(row) if isinstance(cell, str) and cell.strip()}
    named = [place for ours, place in at.items() if ours in ("name", "first_name", "last_name")]
    if any(text in TOTALS for place, text in texts.items() if place not in named):
        return True
    identity = texts.get(at["student_id"], "")
    if HEADS.fullmatch(identity):
        return True
    if identity in HEADERS["student_id"]:
        return any(texts.get(at[ours]) in HEADERS[ours] for ours in at if ours != "student_id")
    return set(texts) == {at["student_id"]} == _filled(row) and bool(BLOCK_TITLE.fullmatch(identity))


def _filled(row: tuple) -> set[int]:
    """The places of a line at which something stands."""
    return {i for i, cell in enumerate(row) if cell is not None and cell == cell and str(cell).strip()}


def _columns(names: list[str]) -> dict[str, int]:
    """Our column → where it stands; of several headers for it the best."""
    reduced = [plain(name) for name in names]
    at: dict[str, int] = {}
    for ours, headers in HEADERS.items():
        free = [i for i, word in enumerate(reduced) if word in headers and i not in at.values()]
        if free:
            at[ours] = min(free, key=lambda i: headers.index(reduced[i]))
    if "student_id" not in at:  # Canvas's own number alone is none that a school would know
        at.pop("canvas_id", None)
    return at


def _student(
    cells: dict, line: int, file: str, spelled: dict[tuple[str, str], str], pointed: bool
) -> Student | None:
    raw = {name: "" if value is None or value != value else value for name, value in cells.items()}
    if _is_staff(raw):
        return None
    identity = customer_text(raw["student_id"])
    name = _name(raw)
    if _holds_no_student(identity, name):
        return None
    if identity is None:
        if name:
            raise KitError("roster_no_id_in_line", value=name, name=file, line=line)
        return None
    platform = {}
    for key in ("moodle_id", "canvas_id"):
        number = customer_text(raw.get(key, ""))
        if number:
            platform[key] = _unspoilt(number, line, file, pointed=False)
    identity = _unspoilt(_printable(unicodedata.normalize("NFKC", identity)), line, file, pointed=pointed)
    student = Student(
        student_id=identity,
        name=_printable(name),
        language=_language(str(raw.get("language", "")).strip(), line, file),
        section=_group("section", raw, line, file, spelled),
        team=_group("team", raw, line, file, spelled),
        platform=platform,
    )
    if len(student.folder.encode()) > LONGEST_ID:
        raise KitError("roster_id_long", value=identity[:20], name=file, line=line, longest=LONGEST_ID)
    return student


def _unspoilt(number: str, line: int, file: str, *, pointed: bool) -> str:
    """An id as it was before a spreadsheet took it for a formula or a number. Errors:
    KitError where figures are lost.
    """
    number = _FORMULA.sub("", number)
    if POWER_OF_TEN.fullmatch(number) or scientific([number.upper()]):
        raise KitError("roster_scientific", value=number, name=file, line=line)
    decimals = None if pointed else _WITH_DECIMALS.fullmatch(number)
    return decimals[1] if decimals else number


def _holds_no_student(identity: str | None, name: str) -> bool:
    """Whether a line is a sum, a count or a signature below the list."""
    if identity is None:
        said = plain(name)
        return (
            not name
            or said in PLATFORM_LINES
            or said.startswith(NO_STUDENTS)
            or bool(A_COUNT.fullmatch(said))
        )
    return plain(identity).startswith(NO_STUDENTS)


def _name(raw: dict) -> str:
    """The name as it is, or made of two columns: 姓 before 名 without a space between, else first name first."""
    if raw.get("name"):
        return str(raw["name"]).strip()
    first = str(raw.get("first_name", ""))
    last = str(raw.get("last_name", ""))
    if CHINESE.search(first + last):
        return f"{last}{first}".strip()
    return f"{first} {last}".strip()


def _language(said: str, line: int, file: str) -> str | None:
    if not said:
        return None
    language = _LANGUAGE_OF.get(plain(said))
    if language is None:
        raise KitError("roster_language", value=said, name=file, line=line)
    return language


def _group(kind: str, raw: dict, line: int, file: str, spelled: dict[tuple[str, str], str]) -> str:
    """The section or team of a line; one that differs only in case, width or blanks is the one that came first."""
    said = " ".join(_printable(clean_text(customer_text(raw.get(kind, "")) or "")).split())
    if len(said) > LONGEST_GROUP:
        raise KitError(
            "roster_group", value=said[:LONGEST_GROUP], name=file, line=line, longest=LONGEST_GROUP
        )
    as_one = "".join(unicodedata.normalize("NFKC", said).casefold().split())
    return spelled.setdefault((kind, as_one), said)


def _printable(text: str) -> str:
    return _CONTROL.sub("", unicodedata.normalize("NFC", text))
