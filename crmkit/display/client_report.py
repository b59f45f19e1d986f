"""What a client report says and keeps: sentences from client_report.toml filled with numbers, and the tables behind them.

Every number that a sentence says is kept as well, so that a page can be checked against its tables.
"""

import json
import re
from datetime import date
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

from crmkit.core.catalogue import Catalogue
from crmkit.core.columns import column_kind
from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import glossary_entry, has_term, named
from crmkit.core.language import get_language, in_language
from crmkit.core.messages import MESSAGES

from .numbers import currency_sign, day, decimal, money, month, percent, significant

if TYPE_CHECKING:
    import pandas as pd

    from .tables import Table

SENTENCES = Catalogue(Path(__file__).with_name("client_report.toml"))
# how a column's kind is written in a sentence; of a kind that is not here a sentence says the format
_BY_KIND = {"share": "share", "money": "money", "count": "count", "date": "date", "slug": "term"}


# the type of an output that holds sentences with their figures, and the file that names the tables kept
FINDINGS = "application/vnd.crmkit.findings+json"
TABLES = "tables.json"


class Words(Formatter):
    """``str.format`` with the formats of one language: money, exact, count, share, rate, number, times, date, span, period,
    term, name. A field without a format is written as the kind of the column of its name asks.

    ``{n:count order orders}`` and ``{n:plural is|are}`` choose between the English singular and plural. Texts are
    escaped, since they may come from a client's file.

    >>> Words("en", "€").format("{n:count order orders} of {m:money}, {customer_share}", n=1, m=1234.5, customer_share=0.256)
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
        one, _, many = nouns.partition("|" if "|" in nouns else " ")
        return one if value == 1 else many

    def _money(self, value, _) -> str:
        digits = 0 if abs(value) >= 1000 and not self.cents else 2
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

    ``findings`` are the sentences one by one, each in both languages with the figures that it rests on; a caption says in
    which ``table`` lies what its figure draws.
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


class Report:
    """The sentences, tables and numbers of one report; ``cents`` says that amounts above 1,000 keep their cents.

    >>> import crmkit; crmkit.set_language("en")
    >>> report = Report(currency="€")
    >>> print(report.say("customers", customers=3, revenue=60.0, average=20.0))
    3 customers spent €60.00 in all, €20.00 each on average.
    >>> report.numbers()["number"].tolist()
    [3.0, 60.0, 20.0]
    """

    def __init__(self, *, currency: str = "", cents: bool = False) -> None:
        self.currency, self.cents = currency, cents
        self.tables: dict[str, pd.DataFrame] = {}
        self._numbers: list[dict] = []

    @staticmethod
    def sign(code: str | None) -> str:
        """How a currency is written before an amount: ``"USD"`` is $, an unknown code stands for itself, None is nothing."""
        return currency_sign(code)

    def say(self, key: str, *, role: str = "", table: str = "", **values: Any) -> Sentence:
        """The sentence ``key`` of client_report.toml in the language in force (both: one below the other)."""
        if key not in SENTENCES:
            raise CrmkitError("not_a_choice", value=key, name="key", allowed=", ".join(sorted(SENTENCES)))
        sentence = SENTENCES.entry(key)
        zh, en = (
            Words(lang, self.currency, cents=self.cents).format(sentence[lang], **values)
            for lang in ("zh", "en")
        )
        figures = {name: _figure(value) for name, value in values.items()}
        for name, figure in figures.items():
            number = figure if isinstance(figure, float) else None
            text = figure if isinstance(figure, str) else None
            self._numbers.append({"finding": key, "figure": name, "number": number, "text": text})
        return Sentence([{"key": key, "zh": zh, "en": en, "figures": figures}], role=role, table=table)

    def pair(self, texts: tuple[str, str]) -> Sentence:
        """A sentence that a model made, as its (zh, en) pair."""
        zh, en = texts
        return Sentence([{"key": "", "zh": zh, "en": en, "figures": {}}])

    def caption(self, key: str, *, table: str = "", **values: Any) -> Sentence:
        """The caption, and alternative text, of the figure that the same cell draws; ``table`` holds what it draws."""
        return self.say(key, role="caption", table=table, **values)

    def bullets(self, *sentences: Sentence) -> Sentence:
        """Sentences as a list of points."""
        findings = [finding for sentence in sentences for finding in sentence.findings]
        return Sentence(findings, bullets=True)

    def table(self, name: str, frame: "pd.DataFrame", **options) -> "Table":
        """Keep ``frame`` under ``name`` for ``save`` and show it with headers in the language."""
        from .tables import show

        self.tables[name] = frame
        return show(frame, **options)

    def numbers(self) -> "pd.DataFrame":
        """Every value that the sentences said: finding, figure, number or text."""
        import pandas as pd

        rows = pd.DataFrame(self._numbers, columns=["finding", "figure", "number", "text"])
        return rows.astype({"number": float}).drop_duplicates(ignore_index=True)

    def save(self, folder: str | Path, *, lang: str | None = None) -> list[Path]:
        """Write all tables as Parquet, CSV and one XLSX into ``folder``; what was set aside, and the numbers said, last."""
        from .tables import save_tables

        return save_tables(self._all_tables(), folder, lang=lang or get_language())

    def keep(self, folder: str | Path) -> None:
        """Write all tables into ``folder`` as they are, for a program that makes the client's files from them."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        files = {}
        for number, (name, frame) in enumerate(self._all_tables().items(), 1):
            files[name] = f"{number:02d}.parquet"
            frame.to_parquet(folder / files[name])
        (folder / TABLES).write_text(json.dumps(files, ensure_ascii=False), encoding="utf-8")

    def _all_tables(self) -> dict:
        """Table by name; what was set aside, and the numbers said, last."""
        ordered = dict(sorted(self.tables.items(), key=lambda table: table[0].startswith("set_aside")))
        return {**ordered, "numbers": self.numbers()}


def _figure(value) -> float | str:
    """A value that a sentence says: a number, or a text; days are written as such, two of them with a stroke between."""
    if isinstance(value, (int, float)) or hasattr(value, "dtype"):
        return float(value)
    days = value if isinstance(value, tuple) else (value,)
    if all(isinstance(day, date) for day in days):
        return "/".join(day.isoformat()[:10] for day in days)
    return str(value)
