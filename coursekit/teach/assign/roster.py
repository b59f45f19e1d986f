"""Who is in the class: a roster as a school's or a platform's system exports it → students.

Read by the data door's readers, so that encodings, title rows and workbooks are handled in one place.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from coursekit.handed_tables import under_each_header
from coursekit.messages import KitError
from crmkit.data.transactions.columns import plain
from crmkit.data.transactions.rows import customer_text

LANGUAGES = ("zh", "en", "both")
# our column → headers, best first, as `plain` reduces them; a platform's own number is kept for its archive
HEADERS = {
    "student_id": (
        "studentid",
        "学号",
        "學號",
        "学生编号",
        "学生号",
        "学籍号",
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
    ),
    "name": (
        "name",
        "姓名",
        "学生姓名",
        "fullname",
        "全名",
        "student",
        "学生",
        "studentname",
        "名称",
        "displayname",
    ),
    "first_name": ("firstname", "givenname", "名", "名字"),
    "last_name": ("lastname", "surname", "familyname", "姓", "姓氏"),
    "language": ("language", "lang", "语言", "語言", "语种", "授课语言", "preferredlanguage"),
    "moodle_id": ("identifier", "标识符", "編號識別", "participant", "participantid", "参与者"),
    "canvas_id": ("canvasid", "canvasuserid", "id"),
}
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
_LANGUAGE_OF = {word: lang for lang, words in SPOKEN.items() for word in words}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, kw_only=True)
class Student:
    """One line of the roster; ``platform`` holds the numbers by which Moodle and Canvas call the student."""

    student_id: str
    name: str = ""
    language: str | None = None
    platform: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The id as a name of a file that every system takes."""
        return re.sub(r"[^\w.-]", "_", unicodedata.normalize("NFC", self.student_id)).strip(".") or "_"


def read_roster(path: Path, *, sheet: str | None = None) -> list[Student]:
    """The students of a CSV, TSV or workbook, in its order; whatever cannot be read is refused with its line.

    Columns: an id is needed (student_id, 学号, SIS User ID, ID number …); name (or first and last name) and language (zh,
    en, both, 中文 …) are optional. Lines without an id are passed over when they hold no student (Canvas writes “Points
    Possible” below its header). Two lines with one id, or with ids that no file system tells apart, are refused.
    """
    table, at = _find(path, sheet)
    students: dict[str, Student] = {}
    seen: dict[str, int] = {}
    for chunk in table.chunks():
        columns = [list(c.to_pylist() if hasattr(c, "to_pylist") else c) for c in chunk.columns]
        for line, row in zip(chunk.lines.tolist(), zip(*columns)):
            student = _student({name: row[i] for name, i in at.items()}, line, path.name)
            if student is None:
                continue
            key = student.folder.casefold()
            if key in seen:
                raise KitError(
                    "roster_twice", value=student.student_id, name=path.name, line=line, first=seen[key]
                )
            seen[key] = line
            students[student.student_id] = student
    if not students:
        raise KitError("roster_empty", value=path.name)
    return list(students.values())


def _find(path: Path, sheet: str | None):
    """The table and where its columns are; the header is the first row that names an id."""
    if not path.is_file():
        raise KitError("roster_absent", value=str(path))
    names: list[str] = []
    for table in under_each_header(path, sheet):
        at = _columns(table.header.names)
        if "student_id" in at:
            return table, at
        names = max(names, [n for n in table.header.names if n], key=len)
    wanted = "student_id, 学号, SIS User ID, ID number …"
    raise KitError("roster_no_id", value=path.name, found=", ".join(names) or "—", allowed=wanted)


def _columns(names: list[str]) -> dict[str, int]:
    reduced = [plain(name) for name in names]
    at: dict[str, int] = {}
    for ours, headers in HEADERS.items():
        ranked = [
            (headers.index(word), i)
            for i, word in enumerate(reduced)
            if word in headers and i not in at.values()
        ]
        if ranked:
            at[ours] = min(ranked)[1]
    if at.get("canvas_id") is not None and "student_id" not in at:
        del at["canvas_id"]
    return at


def _student(cells: dict, line: int, file: str) -> Student | None:
    raw = {name: "" if value is None or value != value else value for name, value in cells.items()}
    identity = customer_text(raw["student_id"])
    name = str(raw.get("name") or f"{raw.get('first_name', '')} {raw.get('last_name', '')}").strip()
    if re.search(r"[\u3400-\u9fff]", name) and not raw.get("name"):  # 姓 before 名, and no space between
        name = f"{raw.get('last_name', '')}{raw.get('first_name', '')}".strip()
    if identity is None:
        if name and plain(name) not in ("pointspossible", "teststudent", "studenttest", "合计", "总计"):
            raise KitError("roster_no_id_in_line", value=name, name=file, line=line)
        return None
    said = str(raw.get("language", "")).strip()
    language = _LANGUAGE_OF.get(plain(said)) if said else None
    if said and language is None:
        raise KitError(
            "roster_language", value=said, name=file, line=line, allowed="zh, en, both, 中文, 英文, 双语"
        )
    name, identity = (_CONTROL.sub("", unicodedata.normalize("NFC", text)) for text in (name, identity))
    platform = {
        key: customer_text(raw[key]) for key in ("moodle_id", "canvas_id") if customer_text(raw.get(key, ""))
    }
    return Student(student_id=identity, name=name, language=language, platform=platform)
