"""The sentences of the report: texts of sentences.toml in both languages, filled with facts."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from string import Formatter

from crmkit.core.catalogue import Catalogue, Pair, word_for
from crmkit.core.columns import column_kind
from crmkit.core.glossary import glossary_entry, has_term, named
from crmkit.core.language import WRITTEN, in_language
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import calendar_month, day, decimal, money, month, percent, significant

SENTENCES = Catalogue(Path(__file__).with_name("sentences.toml"))
# how a column's kind is written in a sentence; of a kind that is not here a sentence says the format
_BY_KIND = {"share": "share", "money": "money", "count": "count", "date": "date", "slug": "term"}
# the type of an output that holds sentences with their figures
FINDINGS = "application/vnd.crmkit.findings+json"


class Words(Formatter):
    """``str.format`` with the formats of one language: money, exact, count, share, rate, number, times, date, span,
    period, calendar (the month of a period), term, name. A field without a format is written as the kind of the column
    of its name asks.

    ``{n:count order orders}`` and ``{n:plural is|are}`` choose between the English singular and plural. Texts are
    escaped, since they may come from a client's file.

    >>> sentence = "{n:count order orders} of {m:money}, {customer_share}"
    >>> Words("en", "€").format(sentence, n=1, m=1234.5, customer_share=0.256)
    '1 order of €1,234, 25.6%'
    """

    def __init__(self, lang: str, currency: str = "", *, cents: bool = False):
        self.lang, self.currency, self.cents = lang, currency, cents

    def parse(self, text: str):
        for literal, field, spec, conversion in super().parse(text):
            yield literal, field, spec or _BY_KIND.get(column_kind(field) or "", ""), conversion

    def format_field(self, value, spec: str) -> str:
        kind, _, nouns = spec.partition(" ")
        return getattr(self, f"_{kind}")(value, nouns) if kind else escape_markdown(str(value))

    def _count(self, value, nouns: str) -> str:
        return f"{decimal(value, 0)} {self._plural(value, nouns)}".rstrip()

    def _plural(self, value, nouns: str) -> str:
        return word_for(value, nouns if "|" in nouns else nouns.replace(" ", "|", 1))

    def _money(self, value, _) -> str:
        whole = value == 0 or abs(value) >= 100
        digits = 0 if whole and not self.cents else 2
        return money(value, escape_markdown(self.currency), digits=digits)

    def _exact(self, value, _) -> str:
        return money(value, escape_markdown(self.currency), digits=2)

    def _share(self, value, _) -> str:
        return percent(value)

    def _rate(self, value, _) -> str:
        return significant(value, 4, "%")

    def _number(self, value, _) -> str:
        return decimal(value)

    def _times(self, value, _) -> str:
        return decimal(value, 0 if value >= 10 else 1)

    def _date(self, value, _) -> str:
        return day(value, self.lang)

    def _span(self, value, _) -> str:
        """Two days, or the one day that they both are."""
        first, last = (day(one, self.lang) for one in value)
        return self._phrase("one_day" if first == last else "from_to", first=first, last=last)

    def _period(self, value, _) -> str:
        """A pandas Period: a month, a week or a day."""
        first = value.start_time
        if value.freqstr.startswith("M"):
            return month(first, self.lang)
        return (
            day(first, self.lang)
            if value.freqstr == "D"
            else self._phrase("week_of", day=day(first, self.lang))
        )

    def _calendar(self, value, _) -> str:
        """The month of a pandas Period, without its year."""
        return calendar_month(value.start_time, self.lang)

    def _phrase(self, key: str, **fields) -> str:
        return getattr(MESSAGES.pair(f"period_{key}", **fields), self.lang)

    def _term(self, slug: str, _) -> str:
        text = getattr(named(slug), self.lang)
        return text if has_term(slug) else escape_markdown(text)  # a tier or segment of the client's own

    def _name(self, slug: str, _) -> str:
        """A term at the beginning of a sentence."""
        text = self._term(slug, _)
        return text[:1].upper() + text[1:]

    def _definition(self, slug: str, _) -> str:
        return self._of_term(slug, "definition")

    def _action(self, slug: str, _) -> str:
        return self._of_term(slug, "action")

    def _of_term(self, slug: str, what: str) -> str:
        return glossary_entry(slug).get(f"{what}_{self.lang}", "")


def escape_markdown(text: str) -> str:
    r"""``text`` so that Markdown shows it as it is.

    >>> print(escape_markdown("A*B <b>"))
    A\*B \<b\>
    """
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~&-])", r"\\\1", text.replace("\n", " ").replace("\r", " "))


class Sentence:
    """One sentence or several that a notebook shows as Markdown; ``role`` says whether they are a figure's caption.

    ``findings`` are the sentences one by one, each in both languages with the figures that it rests on; a caption says
    in which ``table`` lies what its figure draws.
    """

    def __init__(self, findings: list[dict], *, role: str = "", bullets: bool = False, table: str = ""):
        self.findings, self.role, self.bullets, self.table = findings, role, bullets, table

    def __str__(self) -> str:
        texts = [in_language(finding["zh"], finding["en"], between="\n\n") for finding in self.findings]
        if self.bullets:
            texts = ["- " + text.replace("\n\n", "\n\n  ") for text in texts]
        return "\n".join(texts)

    __repr__ = __str__

    def _repr_mimebundle_(self, include=None, exclude=None):
        text = str(self)
        return {"text/markdown": text, "text/plain": text, FINDINGS: vars(self)}


def sentence(
    key: str, facts: Mapping[str, object], *, currency: str = "", cents: bool = False, **how
) -> Sentence:
    """The sentence ``key`` in both languages, with the facts that it names; ``how`` as for ``Sentence``.

    >>> print(sentence("brief_few", {"customers": 1}).findings[0]["en"])
    With only 1 customer, shares and tiers are not computed; look at the list of customers itself.
    """
    entry = SENTENCES.entry(key)
    texts = {
        lang: Words(lang, currency, cents=cents).format(entry[lang].strip(), **facts) for lang in WRITTEN
    }
    figures = {name: figure(facts[name]) for name in fields_of(key)}
    return Sentence([{"key": key, **texts, "figures": figures}], **how)


def outline(key: str) -> Pair:
    """How a sentence begins, with … where its figures would stand: for a list of what is not said.

    >>> outline("brief_few").en
    'With only … customers, shares and tiers are not computed'
    """
    return Pair(*(_first_clause(SENTENCES.entry(key)[lang]) for lang in WRITTEN))


def _first_clause(text: str) -> str:
    text = re.sub(r"\{\w+:plural [^{}|]*\|([^{}]*)\}", r"\1", text.replace("**", "").strip())
    text = re.sub(r"\{\w+:count (?:[^{}|]*\||\w+ )([^{}]+)\}", r"… \1", text)
    text = re.sub(r"\{\{|\}\}|\{[^{}]*\}", "…", text)
    return re.split(r"[。；：]|[.;:](?:\s|$)", text, maxsplit=1)[0]


def fields_of(key: str) -> list[str]:
    """The facts that a sentence names, in either language."""
    entry = SENTENCES.entry(key)
    parts = [part for lang in WRITTEN for part in Formatter().parse(entry[lang])]
    return list(dict.fromkeys(field for _, field, _, _ in parts if field))


def figure(value) -> float | str:
    """A value that a sentence says: a number, or a text; days are written as such,
    two of them with a stroke between.
    """
    if isinstance(value, (int, float)) or hasattr(value, "dtype"):
        return float(value)
    days = value if isinstance(value, tuple) else (value,)
    if all(isinstance(day, date) for day in days):
        return "/".join(day.isoformat()[:10] for day in days)
    return str(value)
