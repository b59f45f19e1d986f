"""A student's value becomes typed JSON: one reader per kind of question, which says why when a value does not fit.

What comes out is plain: float, text, a table as columns and rows, a chart as the data drawn on its Axes.
"""

import math
import re
import sys
import unicodedata
import warnings
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from functools import cache
from numbers import Real

from crmkit.core.catalogue import Pair, joined
from crmkit.core.columns import column_kind
from crmkit.core.glossary import named
from crmkit.core.language import WRITTEN
from crmkit.core.messages import MESSAGES, listed
from crmkit.core.written import number_meant
from crmkit.display.numbers import decimal, scientific, significant

# kind -> the fields that describe the form of its answer; what the grader needs besides stays in the lesson source
FORM_FIELDS = {
    "number": ("unit", "minimum", "maximum", "integer"),
    "choice": ("options",),
    "table": ("columns", "rows", "allow_missing"),
    "chart": ("expects", "labelled"),
    "text": ("min_words", "max_words"),
}
UNITS = (
    "share",
    "percent",
    "points",
    "money",
    "customers",
    "purchases",
    "orders",
    "days",
    "weeks",
    "months",
    "years",
    "times",
    "visits",
    "messages",
    "rows",
    "tiers",
    "agents",
    "segments",
    "ratio",
)
CHARTS = ("bars", "line", "scatter")
MAX_ROWS, MAX_COLUMNS, MAX_POINTS, MAX_TEXT, MAX_CELL = 2_000, 50, 5_000, 20_000, 1_000
MAX_WORDS = 1_000  # of a text without max_words
_NUMBER_KINDS = ("share", "money", "days", "count", "number")  # kinds of columns that hold numbers


class BadForm(Exception):
    """Why a value cannot be recorded: a message of messages.toml (``answer_<code>``) in both languages."""

    def __init__(self, code: str, **fields):
        self.code, self.zh_en = code, MESSAGES.pair(f"answer_{code}", **fields)
        super().__init__(self.zh_en[1])


def short(number: float) -> str:
    """A value as its student reads it: short, and yet told apart from its neighbours."""
    if abs(number) < 1e6:
        return significant(number, 6)
    return decimal(number) if abs(number) < 1e15 else scientific(number)


def describe(question: dict) -> Pair:
    """What form the answer takes, in Chinese and in English: shown with the question and when a value does not fit."""
    kind = question["kind"]
    if kind == "number":
        low, high = question.get("minimum"), question.get("maximum")
        parts = [MESSAGES.pair("answer_form_whole" if question.get("integer") else "answer_form_number")]
        if low is not None and high is not None:
            parts.append(MESSAGES.pair("answer_form_between", low=low, high=high))
        elif low is not None or high is not None:
            parts.append(
                MESSAGES.pair("answer_form_low", low=low)
                if low is not None
                else MESSAGES.pair("answer_form_high", high=high)
            )
        if question.get("unit"):
            parts.append(MESSAGES.pair("answer_form_unit", unit=MESSAGES.pair(f"unit_{question['unit']}")))
        return joined(*parts)
    if kind == "choice":
        names = [f'"{option["id"]}"' for option in question["options"]]
        return MESSAGES.pair("answer_form_choice", options=listed(names))
    if kind == "table":
        names = list(question.get("columns") or ())
        columns = MESSAGES.pair("answer_form_columns", columns=listed(names)) if names else Pair("", "")
        rows = (
            MESSAGES.pair("answer_form_rows", rows=question["rows"]) if question.get("rows") else Pair("", "")
        )
        return joined(MESSAGES.pair("answer_form_table"), columns, rows)
    if kind == "chart":
        drawn = (
            MESSAGES.pair(f"answer_form_{question['expects']}")
            if question.get("expects")
            else MESSAGES.pair("answer_form_chart")
        )
        return joined(
            drawn, MESSAGES.pair("answer_form_labelled") if question.get("labelled") else Pair("", "")
        )
    low, high = question.get("min_words", 1), question.get("max_words", MAX_WORDS)
    return MESSAGES.pair("answer_form_text", low=low, high=high)


# --- one reader per kind: a Python value in, plain JSON out, or BadForm ---------------------------------------------


def _one(value):
    """The only element of a Series, frame or array of one; NumPy's scalars become Python's; else the value itself."""
    if hasattr(value, "shape"):
        if not math.prod(value.shape):
            raise BadForm("got_empty", got=_name(value))
        if math.prod(value.shape) != 1:
            raise BadForm("got_many", got=_name(value), shape=" × ".join(map(str, value.shape)))
        array = value.to_numpy() if hasattr(value, "to_numpy") else value
        only = array.reshape(-1)[0]
        return only.item() if hasattr(only, "item") else only
    return value


def _name(value) -> str:
    return type(value).__name__


def _finite(value) -> float | None:
    """A real number as a float of 12 significant digits (so that machines agree); NaN and missing values as None."""
    if value is None or _name(value) in ("NAType", "NaTType"):
        return None
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal, Fraction)):
        raise _no_number(value)
    try:
        number = float(value)
    except OverflowError:
        raise BadForm("too_large") from None
    if math.isnan(number):
        return None
    if math.isinf(number):
        raise BadForm("infinite")
    return number if number.is_integer() else float(f"{number:.12g}")


def _no_number(value) -> BadForm:
    """Why this is no number, with what helps where the slip is a common one."""
    if callable(value):
        return BadForm("not_called", name=getattr(value, "__name__", _name(value)))
    if isinstance(value, tuple) and len(value) > 1:
        return _cut_by_commas(value) or BadForm(
            "got_several", count=len(value), values=listed(map(as_given, value))
        )
    if all(hasattr(value, part) for part in ("value", "low", "high")):  # an Estimate
        return BadForm("has_value", got=_name(value))
    if _name(value) in ("Timedelta", "timedelta", "timedelta64"):
        return BadForm("length_of_time", got=_name(value))
    holds_more = isinstance(value, (list, tuple, set, dict))
    return BadForm("not_a_number_but_several" if holds_more else "not_a_number", got=_name(value))


def _cut_by_commas(parts: tuple) -> BadForm | None:
    """What one number was that its commas cut into these parts; None where they cannot have been one.

    Behind a comma Python reads no zeros before other digits: 18 was written 18, never 018, and can only be decimals.
    """
    *whole, last = parts
    if any(type(part) is not int for part in whole) or type(last) not in (int, float):
        return None
    first, *more = parts
    if 0 < abs(first) < 1000 and all(map(_is_a_group_of_three, more)):
        written = ",".join([str(first), *map(_three_digits, more)])
        return BadForm("comma", written=written, parts=len(parts), meant=written.replace(",", ""))
    if len(more) == 1 and type(last) is int and (0 <= last < 100 or first == 0 <= last):
        return BadForm("decimal_comma", written=f"{first},{last}", meant=f"{first}.{last}")
    return None


def _is_a_group_of_three(part: float) -> bool:
    return part == 0 or 100 <= part < 1000 or (isinstance(part, float) and 0 < part < 100)


def _three_digits(part: float) -> str:
    """A part behind a comma as it was written: Python has read 000 as 0."""
    whole, point, decimals = str(part).partition(".")
    return f"{whole:0>3}{point}{decimals}"


def _text_for_a_number(text: str, question: dict) -> BadForm:
    """Why a text is no number, and what to write where a number can be read from it."""
    meant = number_meant(text, unit=question.get("unit"))
    if meant is None:
        return BadForm("got_number_in_words", value=text[:40])
    if meant != text.strip():
        return BadForm("got_written_number", value=text[:40], meant=meant)
    example = "int(…)" if question.get("integer") else "float(…)"
    return BadForm("got_text", value=text[:40], example=example)


def _number(value, question):
    value = _one(value)
    if value is None:
        raise BadForm("got_none")
    if isinstance(value, bool):
        raise BadForm("got_bool", value=value)
    if isinstance(value, str):
        raise _text_for_a_number(value, question)
    number = _finite(value)
    if number is None:
        raise BadForm("nan")
    low, high = question.get("minimum"), question.get("maximum")
    if (low is not None and number < low) or (high is not None and number > high):
        code = "outside"
        if question.get("unit") == "share" and number > 1:
            code = "share_or_percent" if number <= 100 else "share_or_amount"
        raise BadForm(code, value=short(number), form=describe(question))
    if question.get("integer") and not number.is_integer():
        raise BadForm("not_whole", value=short(number))
    return number


def _choice(value, question):
    value = _one(value)
    if isinstance(value, str):
        wanted = _loosely(value)
        for said in (_whole_names, _words_before_explained, _words_displayed):
            meant = [option["id"] for option in question["options"] if wanted in said(option)]
            if len(meant) == 1:
                return meant[0]
    raise BadForm(_no_option(value), value=as_given(value), **_named(question["options"]))


def _no_option(value) -> str:
    """Which message says why this is no option."""
    if value is None:
        return "got_none"
    if all(hasattr(value, part) for part in ("value", "low", "high")):  # an Estimate
        return "choice_estimate"
    if isinstance(value, (str, bool)):
        return "not_an_option" if isinstance(value, str) else "not_an_option_but_bool"
    return "not_an_option_but_number" if isinstance(value, Real) else "not_an_option_but_object"


def _named(options: list[dict]) -> dict:
    """The options by both of their names, as a student who has missed them reads them; and one as an example."""
    names = [
        MESSAGES.pair("answer_option_named", id=one["id"], name_zh=one["zh"], name_en=one["en"])
        for one in options
    ]
    return {"options": listed(names), "example": f'"{options[0]["id"]}"'}


def _loosely(text: str) -> str:
    """A text without what a keyboard adds to it: full width, capitals, underscores and spaces.

    >>> _loosely(" Cannot_Tell "), _loosely("同行 Ｃ")
    ('cannottell', '同行c')
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(plain.replace("_", " ").split())


def _whole_names(option: dict) -> set[str]:
    return {_loosely(str(option[key])) for key in ("id", "zh", "en")}


def _words_before_explained(option: dict) -> set[str]:
    """What an option is called before it is explained: 赚 of “赚：整个区间大于 0”, 蝴蝶 of “蝴蝶（短而多）”."""
    written = [_loosely(str(option[lang])) for lang in WRITTEN]
    return {re.split("[:(,]", text)[0] for text in written}


def _words_displayed(option: dict) -> set[str]:
    """What a table shows in place of an option's id (客户投资 of customer_investment), and its words in brackets."""
    written = [_loosely(str(option[lang])) for lang in WRITTEN]
    inner = {word for text in written for word in re.findall(r"\((.+?)\)", text)}
    return inner | {_loosely(name) for name in named(str(option["id"]))}


def as_given(value) -> str:
    """What a student has given, short enough for a sentence: a text or a number itself, of anything else its type."""
    if isinstance(value, str):
        return value[:40]
    if isinstance(value, Real) and not isinstance(value, bool):
        return short(float(value))
    return str(value) if value is None or isinstance(value, bool) else _name(value)


def _text(value, question):
    value = _one(value)
    if not isinstance(value, str):
        raise BadForm("not_text", got=_name(value))
    if len(value) > MAX_TEXT:
        raise BadForm("too_long", length=len(value), most=MAX_TEXT)
    kept = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
    # control characters, direction overrides, lone surrogates: nothing that a reader should not see
    hidden = ("Cc", "Cf", "Cs", "Co", "Cn")
    kept = "".join(c for c in kept if c in "\n\t" or unicodedata.category(c) not in hidden).strip()
    words = count_words(kept)
    if words < question.get("min_words", 1) or words > question.get("max_words", MAX_WORDS):
        raise BadForm("word_count", words=words, form=describe(question))
    return kept


def count_words(text: str) -> int:
    """Words of a text: each Chinese character counts as one, and so does each run of other letters or digits.

    >>> count_words("铂金层 is the top 1 %")
    7
    """
    return len(words_of(text))


def words_of(text: str) -> list[str]:
    """The words of a text, as `count_words` counts them.

    >>> words_of("铂金层 is the top")
    ['铂', '金', '层', 'is', 'the', 'top']
    """
    return re.findall(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+(?:['’-]\w+)*", text)


def _table(value, question):
    if not (hasattr(value, "columns") and hasattr(value, "itertuples")):
        raise BadForm(_no_table(value), got=_name(value))
    wanted = list(question.get("columns") or [])
    if any(c not in value.columns and c in value.index.names for c in wanted):
        value = value.reset_index()
    names = [str(c) for c in value.columns]
    missing = [c for c in wanted if c not in names]
    if missing:
        raise _columns_missing(missing, wanted, value)
    doubled = sorted({c for c in wanted or names if names.count(c) > 1})
    if doubled:
        raise BadForm("columns_doubled", columns=", ".join(doubled))
    if question.get("rows") is not None and len(value) != question["rows"]:
        raise BadForm("row_count", rows=len(value), wanted=question["rows"])
    if len(value) > MAX_ROWS or len(wanted or names) > MAX_COLUMNS:
        raise BadForm(
            "table_too_big", rows=len(value), columns=len(names), most=MAX_ROWS, most_columns=MAX_COLUMNS
        )
    if not len(value):
        raise BadForm("table_empty")
    columns = {
        c: _column(c, value.iloc[:, names.index(c)], question.get("allow_missing")) for c in wanted or names
    }
    _check_ends(columns)
    return {
        "columns": [{"name": c, "type": kind} for c, (kind, _) in columns.items()],
        "rows": [list(row) for row in zip(*(cells for _, cells in columns.values()))],
    }


def _no_table(value) -> str:
    """Which message says why this is no table, and how it becomes one."""
    if isinstance(value, (dict, list, tuple)):
        return "not_a_table_but_parts"
    from crmkit.display.tables import Table

    if isinstance(value, Table):
        return "not_a_table_but_shown"
    return "not_a_table"


def _columns_missing(missing: list[str], wanted: list[str], table) -> BadForm:
    """Which columns a table lacks, and how it comes by them where that can be told."""
    names = [str(c) for c in table.columns]
    fields = {"missing": ", ".join(missing), "got": ", ".join(names[:MAX_COLUMNS]) or "—"}
    if set(wanted) <= {str(label) for label in table.index}:
        return BadForm("table_turned", **fields)
    others = [c for c in table.columns if str(c) not in wanted]
    if len(others) == len(missing) == 1:
        return BadForm("column_named_otherwise", **fields, renamed=f"{{{others[0]!r}: {missing[0]!r}}}")
    if len(others) == len(missing):
        return BadForm("columns_named_otherwise", **fields)
    return BadForm("columns_missing", **fields)


def _check_ends(columns: dict[str, tuple[str, list]]) -> None:
    """Raise BadForm where an interval is no interval: its ends swapped, or its value not between them."""
    intervals = [
        (c.removesuffix("_low"), c, f"{c.removesuffix('_low')}_high") for c in columns if c.endswith("_low")
    ]
    intervals += [
        ("centre", c, f"upper_{c.removeprefix('lower_')}") for c in columns if c.startswith("lower_")
    ]
    for value, low, high in intervals:
        if _numbers_of(columns, low) and _numbers_of(columns, high):
            ends = list(zip(columns[low][1], columns[high][1]))
            values = _numbers_of(columns, value) or [None] * len(ends)
            for row, (inside, (least, most)) in enumerate(zip(values, ends), 1):
                _check_interval(row, (value, low, high), (inside, least, most))


def _numbers_of(columns: dict[str, tuple[str, list]], name: str) -> list:
    """The cells of a column of numbers; empty where there is no such column."""
    kind, cells = columns.get(name, ("", []))
    return cells if kind == "number" else []


def _check_interval(row: int, names: tuple[str, str, str], numbers: tuple) -> None:
    value, low, high = names
    inside, least, most = numbers
    if least is None or most is None:
        return
    if least > most:
        raise BadForm("ends_swapped", low=low, high=high, row=row)
    slack = 1e-9 * max(abs(least), abs(most))
    if inside is not None and not least - slack <= inside <= most + slack:
        raise BadForm("outside_ends", value=value, low=low, high=high, row=row)


def _check_is_number(column: str, row: int, text: str) -> None:
    """Raise BadForm for a text in a column of numbers, or one of an unknown column that can only be a number."""
    kind = column_kind(column)
    if kind == "yes_no":
        raise BadForm("text_flag", column=column, row=row, value=text[:40])
    meant = number_meant(text, unit=kind)
    if kind in _NUMBER_KINDS or (kind is None and meant is not None):
        if meant is None:
            code = "text_column"
        else:
            code = "text_column_number" if _is_read_by_float(text) else "text_column_written"
        raise BadForm(code, column=column, row=row, value=text[:40], meant=meant)


def _is_read_by_float(text: str) -> bool:
    """Whether float(…) makes a number of a text, once its commas are gone."""
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def _check_least_readable(column: str, cells) -> None:
    """Raise BadForm for the first text that float(…) cannot read as it is meant:
    more is to be said of it than of others.
    """
    unit = column_kind(column)
    texts = [
        (row, cell) for row, cell in enumerate(cells, 1) if isinstance(cell, str) and len(cell) <= MAX_CELL
    ]
    for row, text in texts:
        if not _is_read_by_float(text) and number_meant(text, unit=unit) is not None:
            _check_is_number(column, row, text)


def _column(name, series, allow_missing) -> tuple[str, list]:
    cells, kinds = [], set()
    _check_least_readable(name, series.array)
    for row, value in enumerate(series.array, 1):
        try:
            kind, cell = _cell(value)
        except BadForm as bad:
            raise BadForm("bad_cell", column=name, row=row, why=bad.zh_en) from None
        if cell is None and not allow_missing:
            raise BadForm("cell_missing", column=name, row=row)
        if kind == "text":
            _check_is_number(name, row, cell)
        if kind == "boolean" and column_kind(name) in _NUMBER_KINDS:
            raise BadForm("bool_column", column=name, row=row, value=cell)
        kinds |= {kind} if cell is not None else set()
        cells.append(cell)
    if len(kinds) > 1:
        raise BadForm("mixed_column", column=name, kinds=", ".join(sorted(kinds)))
    return (kinds.pop() if kinds else "number"), cells


def _cell(value):
    if getattr(value, "shape", ()):  # a column inside a cell
        raise BadForm("cell_many", got=_name(value), count=math.prod(value.shape))
    if hasattr(value, "item"):
        value = value.item()
    if value is None or _name(value) in ("NAType", "NaTType"):
        return "number", None
    if isinstance(value, bool):
        return "boolean", value
    if isinstance(value, str):
        if len(value) > MAX_CELL:
            raise BadForm("too_long", length=len(value), most=MAX_CELL)
        return "text", value
    if hasattr(value, "isoformat"):
        return "date", value.isoformat().removesuffix("T00:00:00")
    if hasattr(value, "left") and hasattr(value, "right"):  # the interval that pandas.cut gives
        return "text", str(value)
    return "number", _finite(value)


def the_axes(value):
    """The Axes itself, or the only one of a figure; BadForm for anything else."""
    if "matplotlib.figure" not in sys.modules:  # nothing can have been drawn
        raise _no_axes(value)
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    axes = value
    if isinstance(value, Figure):
        if len(value.axes) != 1:
            raise BadForm("many_axes" if value.axes else "empty_figure", count=len(value.axes))
        axes = value.axes[0]
    if not isinstance(axes, Axes):
        raise _no_axes(value)
    return axes


def _chart(value, question):
    axes = the_axes(value)
    from crmkit.display.chart import TooManyPoints, drawn_on

    try:
        drawn = drawn_on(axes, most=MAX_POINTS, longest_label=MAX_CELL)
    except TooManyPoints as many:
        raise BadForm("chart_too_big", points=many.points, most=MAX_POINTS) from None
    chart = {"title": axes.get_title(), "xlabel": axes.get_xlabel(), "ylabel": axes.get_ylabel(), **drawn}
    for key in ("title", "xlabel", "ylabel"):
        chart[key] = chart[key][:MAX_CELL]
    points = sum(len(s["points"]) for kind in CHARTS for s in chart[kind])
    if points > MAX_POINTS:
        raise BadForm("chart_too_big", points=points, most=MAX_POINTS)
    expected = question.get("expects")
    if not points or (expected and not chart[expected]):
        drawn = {kind: [one for one in chart[kind] if one["points"]] for kind in CHARTS}
        found = [_found(kind, series) for kind, series in drawn.items() if series]
        code = "other_drawn" if points else "nothing_drawn"
        raise BadForm(code, found=listed(found), form=describe(question))
    if question.get("labelled") and not (chart["xlabel"].strip() and chart["ylabel"].strip()):
        raise BadForm("axis_unlabelled", axis="x" if not chart["xlabel"].strip() else "y")
    return chart


def _no_axes(value) -> BadForm:
    """Why this is no chart, with what helps where the slip is a common one."""
    if callable(value):
        return BadForm("chart_not_called", name=getattr(value, "__name__", "plot"))
    return BadForm("several_axes" if _name(value) == "ndarray" else "not_axes", got=_name(value))


def _found(kind: str, series: list[dict]) -> Pair:
    """How much of one kind is drawn: 1 line."""
    many = sum(len(one["points"]) for one in series) if kind == "bars" else len(series)
    return MESSAGES.pair(f"answer_found_{kind}", count=many)


def boxes_in(value) -> str:
    """The characters of a chart that no font of theirs has, so that its reader sees boxes."""
    from matplotlib.text import Text

    figure = value if hasattr(value, "draw_without_rendering") else value.figure
    with warnings.catch_warnings(action="ignore"), suppress(Exception):
        figure.draw_without_rendering()  # tick labels exist only after a layout; what cannot be drawn says so itself
    boxes: dict[str, None] = {}
    for text in figure.findobj(Text):
        wanted = [c for c in text.get_text() if c.isprintable() and not c.isspace()]
        if wanted and text.get_visible():
            known = set().union(*(_characters_of(family) for family in text.get_fontfamily()))
            boxes |= dict.fromkeys(c for c in wanted if ord(c) not in known)
    return "".join(boxes)


def _characters_of(family: str) -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont

    return _characters_in(findfont(FontProperties(family=family)))


@cache
def _characters_in(file) -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(file).get_charmap())


_READERS = {"number": _number, "choice": _choice, "table": _table, "chart": _chart, "text": _text}


def read_answer(question: dict, value) -> object:
    """The value as the plain JSON that the question's kind asks for; raises :class:`BadForm`, saying why not.

    >>> read_answer({"id": "share", "kind": "number", "unit": "share", "minimum": 0, "maximum": 1}, 0.25)
    0.25
    """
    try:
        return _READERS[question["kind"]](value, question)
    except BadForm:
        raise
    except (
        Exception
    ) as error:  # a value that misbehaves when looked at is badly formed, not a crash of the notebook
        raise BadForm("unreadable", got=_name(value), error=_name(error)) from error
