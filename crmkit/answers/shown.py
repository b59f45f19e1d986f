"""How an answer is shown: in a few words, and as a display that follows the language switch."""

from collections import Counter

from crmkit.core.catalogue import Pair
from crmkit.core.columns import column_kind
from crmkit.core.language import WRITTEN, get_language
from crmkit.core.messages import MESSAGES, listed
from crmkit.display.numbers import significant

from .forms import CHARTS, count_words, short

MOST_NAMES = 6  # of the rows of a table


def preview(question: dict, value) -> Pair:
    """A recorded value in a few words, in both languages."""
    kind = question["kind"]
    if kind == "number" and question.get("unit") == "share":
        return MESSAGES.pair("answer_value_share", value=short(value), percent=significant(value, 4, "%"))
    if kind == "number":
        if question.get("unit") in (None, "ratio"):  # 0.503 is a ratio without saying so
            return Pair(short(value), short(value))
        written = _to_the_cent(value) if question["unit"] == "money" else short(value)
        return MESSAGES.pair(
            "answer_value_unit", value=written, unit=MESSAGES.pair(f"unit_{question['unit']}")
        )
    if kind == "choice":
        option = next(o for o in question["options"] if o["id"] == value)
        return Pair(option["zh"], option["en"])
    if kind == "table":
        return _of_table(value)
    if kind == "chart":
        drawn = {
            k: [series for series in value[k] if series["points"]] for k in CHARTS
        }  # an error bar's line has none
        parts = [_of_series(k, series) for k, series in drawn.items() if series]
        return listed(parts, between="clauses")
    return MESSAGES.pair("answer_value_text", words=count_words(value))


def _to_the_cent(money: float) -> str:
    """Money from 1,000 on with both decimals, if it has any: six digits would not tell 207758.54 from 207759."""
    return f"{money:.2f}" if 1e3 <= abs(money) < 1e6 and not money.is_integer() else short(money)


def _of_table(value: dict) -> Pair:
    """How many rows, and the first of them cell by cell: a slip, such as per cent for shares, is seen there."""
    names = [c["name"] for c in value["columns"]]
    cells = [short(cell) if isinstance(cell, float) else cell for cell in value["rows"][0]]
    first = listed([f"{name} = {'—' if cell is None else cell}" for name, cell in zip(names, cells)])
    named = Pair("", "")
    if len(value["rows"]) > 1 and value["columns"][0]["type"] == "text":
        names = [str(row[0]) for row in value["rows"][:MOST_NAMES]] + ["…"] * (
            len(value["rows"]) > MOST_NAMES
        )
        named = MESSAGES.pair("answer_value_names", names=listed(names))
    return MESSAGES.pair("answer_value_table", rows=len(value["rows"]), named=named, first=first)


def _of_series(kind: str, series: list[dict]) -> Pair:
    """How much is drawn and between which numbers: a slip, such as per cent for shares, is seen there."""
    ends = [point[-1] for one in series for point in one["points"]]
    low, high = short(min(ends)), short(max(ends))
    return MESSAGES.pair(f"answer_value_{kind}", count=len(ends), series=len(series), low=low, high=high)


def doubt(question: dict, value) -> Pair | None:
    """What may have been meant instead of a number that was recorded; None where nothing speaks for it."""
    if question["kind"] == "table":
        return _doubtful_share_of(value) or _many_rows_of_each(value)
    if question["kind"] != "number":
        return None
    unit = question.get("unit")
    said = {"value": short(value), "meant": short(value / 100)}
    if unit == "share" and 1 < abs(value) <= 100:
        return MESSAGES.pair("answer_large_share", **said)
    if unit == "ratio" and 20 <= value <= 1000:
        return MESSAGES.pair("answer_large_ratio", **said)
    if unit not in ("percent", "points") or not 0 < abs(value) < 1:
        return None
    named = MESSAGES.pair(f"unit_{unit}")
    return MESSAGES.pair("answer_small_points", value=short(value), meant=short(100 * value), unit=named)


def _doubtful_share_of(table: dict) -> Pair | None:
    """The first share of a table that is more than the whole, or a part below nothing."""
    for place, column in enumerate(table["columns"]):
        if column["type"] != "number" or column_kind(column["name"]) != "share":
            continue
        for share in [row[place] for row in table["rows"] if row[place] is not None]:
            said = {"column": column["name"], "value": short(share), "meant": short(share / 100)}
            if abs(share) > 1:
                words = "answer_large_share_in" if abs(share) <= 100 else "answer_whole_exceeded_in"
                return MESSAGES.pair(words, **said)
            if share < 0 and column["name"].endswith("share"):
                return MESSAGES.pair("answer_negative_share_in", **said)
    return None


def _many_rows_of_each(table: dict) -> Pair | None:
    """Numbers or days that all stand in several rows, as where more than one plan's years were handed in."""
    first, *others = table["columns"]
    counts = set(Counter(row[0] for row in table["rows"]).values())
    if (
        first["type"] == "text"
        or any(c["type"] == "text" for c in others)
        or len(counts) > 1
        or counts == {1}
    ):
        return None
    return MESSAGES.pair("answer_many_rows_of_each", column=first["name"], count=counts.pop())


class Shown:
    """A display in the language in force; in both, the two stand in elements that the language switch can hide.

    What is shown gives ``_pair()`` and ``_html(index)``.
    """

    def _pair(self) -> Pair:
        """The text in Chinese and in English."""
        raise NotImplementedError

    def _html(self, index: int) -> str:
        """One of the two texts as HTML: 0 Chinese, 1 English."""
        raise NotImplementedError

    def __repr__(self) -> str:
        lang, (zh, en) = get_language(), self._pair()
        return {"zh": zh, "en": en}.get(lang, f"{zh}\n{en}")

    def _repr_mimebundle_(self, include=None, exclude=None):
        wanted = [i for i, lang in enumerate(WRITTEN) if get_language() in (lang, "both")]
        html = "".join(f'<div lang="{WRITTEN[i]}">{self._html(i)}</div>' for i in wanted)
        return {"text/plain": repr(self), "text/html": html}
