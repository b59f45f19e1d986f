"""How an answer is shown: in a few words, and as a display that follows the language switch."""

from crmkit.core.catalogue import message_pair
from crmkit.core.language import get_language

from .forms import CHARTS, count_words, say, short


def preview(question: dict, value) -> tuple[str, str]:
    """A recorded value in a few words, in both languages."""
    kind = question["kind"]
    if kind == "number" and question.get("unit") == "share":
        return f"{short(value)}（{100 * value:.4g}%）", f"{short(value)} ({100 * value:.4g}%)"
    if kind == "number":
        unit = message_pair(f"unit_{question['unit']}") if question.get("unit") else ("", "")
        return f"{short(value)} {unit[0]}".strip(), f"{short(value)} {unit[1]}".strip()
    if kind == "choice":
        option = next(o for o in question["options"] if o["id"] == value)
        return option["zh"], option["en"]
    if kind == "table":
        names = [c["name"] for c in value["columns"]]
        return say(
            "answer_value_table", rows=len(value["rows"]), columns=("、".join(names), ", ".join(names))
        )
    if kind == "chart":
        drawn = {
            k: [series for series in value[k] if series["points"]] for k in CHARTS
        }  # an error bar's line has none
        parts = [
            say(f"answer_value_{k}", count=sum(len(s["points"]) for s in series), series=len(series))
            for k, series in drawn.items()
            if series
        ]
        return "，".join(p[0] for p in parts), ", ".join(p[1] for p in parts)
    return say("answer_value_text", words=count_words(value))


class Shown:
    """A display in the language in force; in both, the two stand in elements that the language switch can hide.

    What is shown gives ``_pair()``, its text in Chinese and in English, and ``_html(index)``, one of them as HTML.
    """

    def __repr__(self) -> str:
        lang, (zh, en) = get_language(), self._pair()
        return {"zh": zh, "en": en}.get(lang, f"{zh}\n{en}")

    def _repr_mimebundle_(self, include=None, exclude=None):
        wanted = [i for i, lang in enumerate(("zh", "en")) if get_language() in (lang, "both")]
        html = "".join(f'<div lang="{("zh", "en")[i]}">{self._html(i)}</div>' for i in wanted)
        return {"text/plain": repr(self), "text/html": html}
