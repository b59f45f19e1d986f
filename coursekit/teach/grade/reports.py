"""What leaves the grading: gradebooks, a feedback page per student, a class report, the sheet for what a person reads.

Whatever a student or a roster wrote is text here: escaped in HTML, kept from being a formula in CSV and workbooks.
"""

import csv
import io
import json
from collections import Counter
from html import escape
from pathlib import Path

import numpy as np

import crmkit
from coursekit.lessons.exercise import Exercise
from coursekit.messages import message_pair
from coursekit.teach.assign.assignment import Assignment
from crmkit.answers.shown import preview

from .marking import copying

FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARKING_SHEET = "marking.xlsx"
LANGUAGES = ("zh", "en")


def said(key: str, **fields) -> dict[str, str]:
    return dict(zip(LANGUAGES, message_pair(key, **fields)))


def put(path: Path, text: str, *, encoding: str = "utf-8") -> None:
    """Replaced whole, so that a reader never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding=encoding, newline="")
    part.replace(path)


def cell(value) -> str:
    """A value for a CSV cell: what a spreadsheet would take for a formula is kept as text by an apostrophe."""
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    text = "".join(c for c in text if c >= " " or c == "\t")
    return "'" + text if text.startswith(FORMULA) and not isinstance(value, (int, float)) else text


def write_csv(path: Path, rows: list[list]) -> None:
    held = io.StringIO()
    csv.writer(held, lineterminator="\r\n").writerows([[cell(v) for v in row] for row in rows])
    put(path, held.getvalue(), encoding="utf-8-sig")


def write_reports(
    out: Path, about: Assignment, exercise: Exercise, graded: dict, intake, handed_in, tier, tried
) -> list:
    """Everything below ``out``; gives the lines that the command says at the end."""
    copies = copying({s: g.questions for s, g in graded.items() if g.questions}, exercise.questions)
    for pair in copies:
        graded[pair["student_id"]].flags.append(
            "probable_copying" if len(pair["questions"]) > 1 else "possible_copying"
        )
    _gradebooks(out, about, exercise, graded, tier)
    _problems(out, intake, handed_in, graded, copies, tried, tier)
    for student, mine in graded.items():
        if mine.questions or mine.file:
            put(
                out / "feedback" / about.variants[student].folder / "feedback.html",
                _feedback(about, exercise, mine),
            )
    put(out / "class.html", _class_report(about, exercise, graded, copies, tier))
    written = _marking_sheet(out, about, exercise, graded)
    totals = [g.total for g in graded.values() if g.total is not None]
    lines = [
        said(
            "grade_done",
            graded=len(totals),
            all=len(graded),
            folder=out,
            mean=f"{np.mean(totals):.1%}" if totals else "—",
        )
    ]
    unclear = sum(not s.student for s in handed_in) + len(intake.refused)
    if unclear:
        lines.append(said("grade_unclear", count=unclear, file=out / "problems.csv"))
    if copies:
        lines.append(said("grade_copies", count=len(copies), file=out / "problems.csv"))
    if written:
        lines.append(said("grade_to_read", count=written, file=out / MARKING_SHEET))
    from crmkit.core.language import in_language

    return [in_language(line["zh"], line["en"], between="\n") for line in lines]


# --- gradebooks -----------------------------------------------------------------------------------------------------


def _gradebooks(out: Path, about: Assignment, exercise: Exercise, graded, tier: str) -> None:
    names = list(exercise.questions)
    head = [
        "student_id",
        "name",
        "total",
        *names,
        "to_read",
        "late_minutes",
        "late_factor",
        "state",
        "flags",
        "by_hand",
        "file",
        "sandbox",
    ]
    rows = [head]
    moodle = [["Identifier", "Full name", "ID number", "Grade", "Maximum grade", "Feedback comments"]]
    canvas = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", about.assignment],
        ["    Points Possible", "", "", "", "", 100],
    ]
    for student, mine in graded.items():
        variant = about.variants[student]
        by_name = {q.question: q for q in mine.questions}
        hand = "; ".join(f"{r['question'] or 'total'}: {r['reason']}" for r in mine.reasons)
        rows.append(
            [
                student,
                variant.name,
                mine.total,
                *(by_name[n].score if n in by_name else None for n in names),
                int(mine.to_read),
                mine.late_minutes,
                mine.late_factor,
                mine.state,
                " ".join(mine.flags),
                hand,
                mine.file,
                tier,
            ]
        )
        percent = "" if mine.total is None else round(100 * mine.total, 2)
        lang = variant.language if variant.language != "both" else "zh"
        words = "; ".join(f"{q.question}: {q.reason[lang]}" for q in mine.questions)
        moodle.append([variant.platform.get("moodle_id", ""), variant.name, student, percent, 100, words])
        canvas.append([variant.name, variant.platform.get("canvas_id", ""), student, "", "", percent])
    write_csv(out / "grades.csv", rows)
    write_csv(out / "grades_moodle.csv", moodle)
    write_csv(out / "grades_canvas.csv", canvas)


def _problems(out: Path, intake, handed_in, graded, copies, tried, tier) -> None:
    """Everything that a person should look at, one line each."""
    rows = [["what", "file", "student_id", "detail"]]
    rows += [["refused", label, "", reason] for label, reason in intake.refused]
    for one in handed_in:
        if not one.student:
            evidence = "; ".join(f"{k}: {', '.join(v)}" for k, v in one.evidence.items() if v)
            rows.append([" ".join(one.flags), one.found.label, "", evidence])
    for student, mine in graded.items():
        for flag in mine.flags:
            rows.append([flag, mine.file, student, ""])
        if mine.state not in ("ended", "nothing"):
            rows.append(
                [
                    mine.state,
                    mine.file,
                    student,
                    "; ".join(f"{e['name']}: {e['text']}" for e in mine.errors[:3]),
                ]
            )
        rows += [["earlier_file", other, student, ""] for other in mine.others]
        literals = [q.question for q in mine.questions if q.second == "literal"]
        if literals:
            rows.append(["typed_in_literals", mine.file, student, ", ".join(literals)])
    rows += [
        [
            "answers_of_another",
            graded[p["student_id"]].file,
            p["student_id"],
            f"{p['key_of']}: {', '.join(p['questions'])}",
        ]
        for p in copies
    ]
    rows += [["sandbox", "", "", f"{name}: {what}"] for name, what in tried.items()]
    write_csv(out / "problems.csv", rows)


def differences(before: dict[str, dict], graded: dict) -> list[str]:
    """What this grading changed against the last one, student by student."""
    from crmkit.core.language import in_language

    if not before:
        return []
    lines = []
    for student, mine in graded.items():
        old = before.get(student)
        if old is None:
            continue
        was = {q["question"]: q["score"] for q in old["questions"]}
        now = {q.question: q.score for q in mine.questions}
        changed = [
            f"{n}: {_points(was.get(n))} → {_points(now.get(n))}"
            for n in dict.fromkeys([*was, *now])
            if was.get(n) != now.get(n)
        ]
        if old["total"] != mine.total or changed:
            lines.append(
                f"{student}  {_points(old['total'])} → {_points(mine.total)}  {'; '.join(changed)}".rstrip()
            )
    head = said("grade_changed", count=len(lines)) if lines else said("grade_unchanged")
    return [in_language(head["zh"], head["en"], between="\n"), *lines]


def _points(value) -> str:
    return "—" if value is None else f"{value:.4g}"


# --- what a person reads --------------------------------------------------------------------------------------------


def _marking_sheet(out: Path, about: Assignment, exercise: Exercise, graded) -> int:
    """A workbook with every text answer, its rubric and a column for points; points already given stay. How many open."""
    import xlsxwriter

    texts = [
        (s, q)
        for s, g in graded.items()
        for q in g.questions
        if exercise.questions[q.question]["kind"] == "text" and q.state == "recorded"
    ]
    if not texts:
        return 0
    path = out / MARKING_SHEET
    given = read_marking_sheet(path)
    part = path.with_name("marking.part.xlsx")
    with xlsxwriter.Workbook(
        part, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    ) as book:
        sheet = book.add_worksheet("marking")
        wrap, bold = (
            book.add_format({"text_wrap": True, "valign": "top"}),
            book.add_format({"bold": True, "text_wrap": True}),
        )
        heads = [
            "student_id",
            "name",
            "question",
            "answer",
            "rubric",
            "sample",
            "points_of",
            "points",
            "comment",
        ]
        for j, (head, width) in enumerate(zip(heads, (14, 14, 18, 70, 50, 50, 9, 9, 30))):
            pair = said(f"marking_{head}")
            sheet.write_string(0, j, f"{head}\n{pair['zh']} {pair['en']}", bold)
            sheet.set_column(j, j, width, wrap)
        for i, (student, one) in enumerate(texts, 1):
            question = exercise.questions[one.question]
            row = [
                student,
                about.variants[student].name,
                one.question,
                one.value,
                "\n".join(question["rubric"][lang] for lang in LANGUAGES),
                "\n".join(question["sample"][lang] for lang in LANGUAGES),
            ]
            for j, text in enumerate(row):
                sheet.write_string(i, j, "".join(c for c in str(text) if c >= " " or c in "\n\t")[:32000])
            sheet.write_number(i, 6, one.weight)
            points, comment = given.get((student, one.question), (None, ""))
            if points is not None:
                sheet.write_number(i, 7, points)
            sheet.write_string(i, 8, comment)
        sheet.freeze_panes(1, 3)
        sheet.data_validation(
            1, 7, len(texts), 7, {"validate": "decimal", "criteria": ">=", "value": 0, "ignore_blank": True}
        )
    part.replace(path)
    return sum(one.score is None for _, one in texts)


def read_marking_sheet(path: Path) -> dict[tuple[str, str], tuple[float | None, str]]:
    """(student, question) → (points, comment), from the sheet as a person has filled it in."""
    if not path.exists():
        return {}
    import python_calamine

    from coursekit.messages import KitError

    try:
        rows = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
        heads = [str(h).split("\n")[0].strip() for h in rows[0]]
        at = {
            name: heads.index(name) for name in ("student_id", "question", "points_of", "points", "comment")
        }
    except Exception as problem:
        raise KitError(
            "marking_unreadable", value=str(path), why=f"{type(problem).__name__}: {problem}"
        ) from None
    given = {}
    for number, row in enumerate(rows[1:], 2):
        points, most = row[at["points"]], row[at["points_of"]]
        student = row[at["student_id"]]
        student = str(int(student)) if isinstance(student, float) and student.is_integer() else str(student)
        if points in ("", None):
            points = None
        elif (
            isinstance(points, bool) or not isinstance(points, (int, float)) or not 0 <= points <= float(most)
        ):
            raise KitError("marking_points", value=points, row=number, name=path.name, allowed=f"0 … {most}")
        given[student, str(row[at["question"]])] = (
            None if points is None else float(points),
            str(row[at["comment"]] or ""),
        )
    return given


def merge_marking_sheet(out: Path, graded: dict, exercise: Exercise) -> None:
    """Points that a person gave become the marks of the text questions."""
    given = read_marking_sheet(out / MARKING_SHEET)
    for (student, name), (points, comment) in given.items():
        for one in graded[student].questions if student in graded else []:
            if one.question == name and points is not None and one.state == "recorded":
                one.score, one.code = points / one.weight if one.weight else 0.0, "read"
                words = said("mark_read_points", points=f"{points:g}", of=f"{one.weight:g}")
                one.reason = {lang: f"{words[lang]} {comment}".strip() for lang in LANGUAGES}


# --- pages ----------------------------------------------------------------------------------------------------------

_STYLE = """
body{font:16px/1.6 system-ui,'Noto Sans SC','Microsoft YaHei','PingFang SC',sans-serif;max-width:60rem;margin:2rem auto;
padding:0 1rem;color:#222}table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border-bottom:1px solid #ccc;
padding:.35rem .6rem;text-align:left;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.total{font-size:1.6rem;font-weight:600}.ok{color:#1b7f4b}.no{color:#b42318}.part{color:#8a5a00}.small{color:#555;
font-size:.9rem}section{border-top:1px solid #ddd;padding:.6rem 0}pre,code{white-space:pre-wrap}
.bar{display:inline-block;height:.7rem;background:#0072b2;vertical-align:middle}
"""


def page(title: str, body: str, lang: str) -> str:
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"><meta name=\"viewport\" "
        f'content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style><body>{body}</body></html>'
    )


def _feedback(about: Assignment, exercise: Exercise, mine) -> str:
    """One student's page, in that student's language (both: one below the other)."""
    variant = about.variants[mine.student_id]
    spoken = LANGUAGES if variant.language == "both" else (variant.language,)
    body = "<hr>".join(_feedback_in(lang, about, exercise, mine, variant) for lang in spoken)
    return page(about.titles[spoken[0]], body, {"zh": "zh-CN", "en": "en"}[spoken[0]])


def _feedback_in(lang: str, about, exercise: Exercise, mine, variant) -> str:
    def words(key, **fields):
        return escape(said(key, **fields)[lang])

    parts = [
        f"<h1>{escape(about.titles[lang])}</h1><p>{escape(variant.name)} · {escape(variant.student_id)}</p>"
    ]
    if mine.total is not None:
        weights = sum(q.weight for q in mine.questions)
        parts.append(f'<p class="total">{100 * mine.total:.1f} / 100</p>')
        if mine.to_read:
            parts.append(f"<p>{words('feedback_to_read')}</p>")
        if mine.late_factor < 1:
            parts.append(
                f"<p>{words('feedback_late', late=_late(mine.late_minutes)[lang], factor=f'{mine.late_factor:.0%}')}</p>"
            )
        parts.append(f'<p class="small">{words("feedback_weights", points=f"{weights:g}")}</p>')
    for reason in mine.reasons:
        parts.append(f"<p>{words('feedback_by_hand', reason=reason['reason'])}</p>")
    if mine.state not in ("ended", "nothing"):
        parts.append(f'<p class="no">{words(f"feedback_state_{mine.state}")}</p>')
    for number, one in enumerate(mine.questions, 1):
        question = exercise.questions[one.question]
        css = "small" if one.score is None else "ok" if one.score == 1 else "no" if one.score == 0 else "part"
        earned = "—" if one.score is None else f"{one.score * one.weight:g}"
        answer = (
            preview(question, one.value)[lang == "en"]
            if one.value is not None
            else said("answer_nothing")[lang]
        )
        if question["kind"] == "text" and one.value is not None:
            answer = one.value
        follow = f"<br>{words('feedback_followed')}" if one.followed else ""
        parts.append(
            f'<section><b>{number}. <code>{escape(one.question)}</code></b> <span class="{css}">{earned} / {one.weight:g}'
            f'</span><div class="small">{escape(question[lang].strip())}</div><div>{words("feedback_yours")} '
            f'<code>{escape(str(answer)[:3000])}</code></div><div class="{css}">{escape(one.reason[lang])}{follow}</div></section>'
        )
    if mine.errors:
        rows = "".join(
            f"<li>{words('feedback_cell', number=(e['cell'] or 0) + 1)}: {escape(e['name'])}: {escape(e['text'])}</li>"
            for e in mine.errors[:10]
        )
        parts.append(f'<h2>{words("feedback_errors")}</h2><ul class="small">{rows}</ul>')
    return "".join(parts)


def _late(minutes: float) -> dict[str, str]:
    unit, size = ("minutes", 1) if minutes < 120 else ("hours", 60) if minutes < 48 * 60 else ("days", 1440)
    return said(f"late_{unit}", number=f"{minutes / size:.{0 if unit == 'minutes' else 1}f}")


def _class_report(about: Assignment, exercise: Exercise, graded, copies, tier: str) -> str:
    """Both languages on one page: the course team reads it, in whichever it works."""
    rows = statistics(exercise, graded)
    sections = []
    for lang in LANGUAGES:

        def words(key, **fields):
            return escape(said(key, **fields)[lang])

        totals = [g.total for g in graded.values() if g.total is not None]
        body = [
            f"<h1>{escape(about.titles[lang])}</h1>",
            f"<p>{words('class_count', graded=len(totals), all=len(graded))}",
        ]
        if totals:
            quartiles = " · ".join(f"{100 * q:.0f}" for q in np.quantile(totals, (0, 0.25, 0.5, 0.75, 1)))
            body.append(f" {words('class_quartiles', values=quartiles)}")
        body.append(
            f"</p><p class='small'>{words('class_sandbox', tier=tier, version=crmkit.__version__)}</p>"
        )
        heads = ("question", "answered", "badly_formed", "difficulty", "discrimination", "wrong")
        body.append(
            "<table><tr>"
            + "".join(
                f'<th class="{"n" if h not in ("question", "wrong") else ""}">{words(f"class_{h}")}</th>'
                for h in heads
            )
            + "</tr>"
        )
        for row in rows:
            wrong = "<br>".join(f"{escape(text)} × {count}" for text, count in row["wrong"][lang]) or "—"
            body.append(
                f"<tr><td><code>{escape(row['question'])}</code></td><td class=n>{row['answered']:.0%}</td>"
                f"<td class=n>{row['badly_formed']}</td><td class=n>{_share(row['difficulty'])} <span class=bar "
                f'style="width:{4 * (row["difficulty"] or 0):.2f}rem"></span></td><td class=n>'
                f"{_number(row['discrimination'])}</td><td class=small>{wrong}</td></tr>"
            )
        body.append(f"</table><p class=small>{words('class_explained')}</p>")
        if copies:
            pairs = "".join(
                f"<li>{escape(p['student_id'])} → {escape(p['key_of'])}: {escape(', '.join(p['questions']))}</li>"
                for p in copies
            )
            body.append(f"<h2>{words('class_copies')}</h2><ul>{pairs}</ul>")
        sections.append("".join(body))
    return page(about.titles["zh"], "<hr>".join(sections), "zh-CN")


def _share(value) -> str:
    return "—" if value is None else f"{value:.0%}"


def _number(value) -> str:
    return "—" if value is None else f"{value:.2f}".replace("-", "−")


def statistics(exercise: Exercise, graded) -> list[dict]:
    """Per question: difficulty (mean share earned), discrimination (correlation with the rest of the marks), wrong answers.

    Corrected item-total correlation (Henrysson 1963): with the sum of the other questions, so that a question does not
    correlate with itself. None where fewer than three students answered or nothing varies.
    """
    with_marks = [g for g in graded.values() if g.questions]
    rows = []
    for name, question in exercise.questions.items():
        marks = [next(q for q in g.questions if q.question == name) for g in with_marks]
        known = [(q, g) for q, g in zip(marks, with_marks) if q.score is not None]
        scores = np.array([q.score for q, _ in known], dtype=float)
        rest = np.array(
            [sum(o.weight * (o.score or 0) for o in g.questions if o.question != name) for _, g in known]
        )
        varied = len(scores) >= 3 and scores.std() > 0 and rest.std() > 0
        wrong = Counter(
            json.dumps(q.value, sort_keys=True)
            for q, _ in known
            if q.score == 0 and q.value is not None and question["kind"] in ("number", "choice")
        )
        common = [
            (preview(question, json.loads(text)), count) for text, count in wrong.most_common(3) if count > 1
        ]
        rows.append(
            {
                "question": name,
                "answered": float(np.mean([q.state == "recorded" for q in marks])) if marks else 0.0,
                "badly_formed": sum(q.state == "badly_formed" for q in marks),
                "difficulty": float(scores.mean()) if len(scores) else None,
                "discrimination": float(np.corrcoef(scores, rest)[0, 1]) if varied else None,
                "wrong": {
                    lang: [(pair[i], count) for pair, count in common] for i, lang in enumerate(LANGUAGES)
                },
            }
        )
    return rows
