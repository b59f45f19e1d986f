"""The study of a company's transactions: facts, tables, and the sentences that the facts bear, section by section."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from crmkit.core.language import get_language, in_language
from crmkit.core.schema import require_between, require_choice
from crmkit.data.datasets import resolve
from crmkit.data.frames import Transactions
from crmkit.display.numbers import currency_sign
from crmkit.display.tables import save_tables, show
from crmkit.intake.check import CheckReport
from crmkit.intake.door import check_transactions
from crmkit.intake.reading.columns import MappingGiven

from . import describing, listing, one_large, weighing, years
from .conditions import first_failing, may_say
from .describing import Log
from .kept import CHECKED, STUDY, kept_or_made
from .layout import SECTIONS, SEGMENT_SENTENCES, Bullets, Drawing, ShownTable, sentences_by_section
from .sentences import SENTENCES, Sentence, outline, sentence
from .weighing import Assumptions

FEW = 100  # customers; of fewer the largest are listed
TABLES = "tables.json"  # names the tables that were kept in a folder


@dataclass(frozen=True, kw_only=True)
class ClientStudy:
    """What a file of transactions shows, made by ``study_client``: facts, tables, and the report's sections."""

    facts: dict  # every figure of the report, once
    tables: dict[str, pd.DataFrame]
    customers: pd.DataFrame  # the customer summary
    checked: CheckReport = field(repr=False)  # what the door has found in the file
    currency: str = ""  # the sign before an amount
    drawn: dict = field(default_factory=dict, repr=False)  # caption → what its figure draws

    @property
    def cents(self) -> bool:
        """Whether amounts above 1,000 keep their cents."""
        return abs(self.facts["total"]) < 10_000

    def may_say(self, key: str) -> bool:
        """Whether the facts bear the sentence ``key`` of sentences.toml."""
        require_choice(key, SENTENCES, name="key")
        return may_say(key, self.facts)

    def say(self, key: str, **how) -> Sentence:
        """The sentence ``key``, whether or not the facts bear it; ``section`` asks that first."""
        require_choice(key, SENTENCES, name="key")
        return self._filled(key, self.facts, **how)

    def section(self, name: str) -> list:
        """What a section of the report shows: its sentences that may be said, its tables, its figures.

        ``name``: data, sales, customers, concentration, pyramid, segments, reallocation, migration, monday, methods,
        brief. In a notebook: ``display(*study.section("sales"))``.
        """
        require_choice(name, SECTIONS, name="name")
        return [shown for part in SECTIONS[name] for shown in self._shown(part)]

    def said(self) -> list[str]:
        """The keys of all sentences that the facts bear, in the order of the report."""
        return [key for key in _every_key() if may_say(key, self.facts)]

    def withheld(self) -> pd.DataFrame:
        """What the report does not say, and why: ``finding`` (its name), how the ``sentence`` begins, the first
        ``condition`` that fails, the ``value`` found.

        What is only said in the place of another sentence, and that one was said, is not listed.
        """
        rows = []
        for key in _every_key():
            failing = first_failing(key, self.facts)
            if failing is not None:
                words = in_language(*failing.words)
                begins = in_language(*outline(key), between=" · ")
                rows.append((key, begins, words, self.facts.get(failing.fact)))
        frame = pd.DataFrame(rows, columns=["finding", "sentence", "condition", "value"])
        return frame.astype({"value": float})

    def suppose(self, *, assumed: Assumptions, seed: int = 1) -> dict:
        """What a reallocation would change if this were assumed: its facts, for a try that no report shows.

        Empty where the data allow no tiers, or where something is left unsaid.
        """
        if not assumed.complete or not self.may_say("pyramid"):
            return {}
        better = weighing.better_spread(self.customers, assumed, seed=seed)
        return weighing.reallocation_facts(better, assumed)

    def numbers(self) -> pd.DataFrame:
        """Every value that the report's sentences say: finding, figure, number or text."""
        shown = [part for name in SECTIONS for part in self.section(name) if isinstance(part, Sentence)]
        findings = [finding for one in shown for finding in one.findings]
        rows: dict[tuple, None] = {}
        for finding in findings:
            for name, value in finding["figures"].items():
                number = value if isinstance(value, float) else None
                rows[finding["key"], name, number, None if number is not None else value] = None
        frame = pd.DataFrame(list(rows), columns=["finding", "figure", "number", "text"])
        return frame.astype({"number": float})

    def save(self, folder: str | Path, *, lang: str | None = None) -> list[Path]:
        """Write all tables as Parquet, CSV and one XLSX into ``folder``; what was set aside, and the numbers said,
        last.
        """
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
        ordered = dict(sorted(self.tables.items(), key=lambda table: table[0].startswith("set_aside")))
        return {**ordered, "numbers": self.numbers()}

    # ---- parts of a section

    def _shown(self, part) -> Iterator[object]:
        if isinstance(part, Bullets):
            yield from self._bullets(part)
        elif isinstance(part, ShownTable):
            yield from self._table(part)
        elif isinstance(part, Drawing):
            yield from self._figure(part)
        elif part == "notes":
            for note in self.checked.notes:
                said = {"key": "", "zh": note["message_zh"], "en": note["message_en"], "figures": {}}
                yield Sentence([said])
        elif part == "segment_actions":
            yield from self._actions()
        elif may_say(part, self.facts):
            yield self._filled(part, self.facts)

    def _bullets(self, part: Bullets) -> Iterator[Sentence]:
        said = [self._filled(key, self.facts) for key in part.keys if may_say(key, self.facts)]
        findings = [finding for one in said for finding in one.findings]
        if findings:
            yield Sentence(findings, bullets=True)

    def _table(self, part: ShownTable) -> Iterator[object]:
        if part.name not in self.tables:
            return
        frame = self.tables[part.name]
        rows = self.facts["call_customers"] if part.name == "call_list" else part.rows
        shown = frame.tail(rows) if part.latest else frame
        yield show(shown, rows=rows, digits=2 if self.cents else 0)

    def _figure(self, part: Drawing) -> Iterator[object]:
        if not may_say(part.key, self.facts):
            return
        from .plots_report import FIGURES, drawn

        yield self._filled(part.key, self.facts, role="caption", table=part.table)
        yield drawn(FIGURES[part.key], self.drawn[part.key])

    def _actions(self) -> Iterator[Sentence]:
        """A sentence for each segment, by the facts of that segment."""
        if "segments" not in self.tables:
            return
        findings = []
        for row in self.tables["segments"].itertuples():
            facts = self.facts | listing.row_facts(row, gap=self.facts["gap"])
            said = [key for key in SEGMENT_SENTENCES if may_say(key, facts)]
            for key in said:
                findings += self._filled(key, facts).findings
        yield Sentence(findings, bullets=True)

    def _filled(self, key: str, facts: dict, **how) -> Sentence:
        return sentence(key, facts, currency=self.currency, cents=self.cents, **how)


def _every_key() -> list[str]:
    """The sentences that rest on the facts of the whole file, in the order of the report."""
    every = [key for keys in sentences_by_section().values() for key in keys]
    return [key for key in every if key not in SEGMENT_SENTENCES]


def study_client(
    data: Transactions | CheckReport,
    *,
    mapping: MappingGiven = None,
    sheet: str | None = None,
    drop_duplicates: bool = False,
    as_of: date | str | None = None,
    currency: str = "",
    top: float = 0.2,
    claim: float = 0.8,
    bins: int = 5,
    chance: float = 0.05,
    calls: int = 20,
    assumed: Assumptions | None = None,
    seed: int = 1,
    kept: str = "",
) -> ClientStudy:
    """Study a company's transactions: every figure of its report, computed once, and what may be said of them.

    In: a path, a frame or the name of an embedded data set, read as ``check_transactions`` does with ``mapping``,
    ``sheet``, ``drop_duplicates`` and ``as_of``; or what ``check_transactions`` has found. ``as_of`` is the last day
    observed (None: that of the check, else the last in the file). ``top`` customers are claimed to bring ``claim`` of
    revenue; ``bins`` grades of RFM; a silence is unusual when its ``chance`` is smaller than this; ``calls``: customers
    whom the report lists at most (the table holds all). ``assumed``: an ``Assumptions``; without one, nothing is
    computed that rests on assumptions. ``kept``: where `run` keeps what it has read. Out: a ``ClientStudy``. Errors:
    CrmkitError for a file that cannot be used, missing columns, shares outside 0 … 1.

    >>> rows = [(f"c{i % 40}", f"2024-{i % 12 + 1:02}-{i % 27 + 1:02}", 10 + i % 7) for i in range(600)]
    >>> log = pd.DataFrame(rows, columns=["customer_id", "date", "amount"]).astype({"date": "datetime64[us]"})
    >>> study = study_client(log)
    >>> study.facts["customers"], study.may_say("even"), study.may_say("pyramid")
    (40, True, False)
    """
    for name, share in (("top", top), ("claim", claim), ("chance", chance)):
        require_between(share, 0, 1, name=name)

    def read() -> CheckReport:
        if isinstance(data, CheckReport):
            return data
        return check_transactions(
            resolve(data), mapping=mapping, as_of=as_of, sheet=sheet, drop_duplicates=drop_duplicates
        )

    def study() -> ClientStudy:
        checked = kept_or_made(kept, CHECKED, read)
        if checked.problem is not None:
            raise checked.problem
        sign = currency or currency_sign(checked.currency)
        making = _Making(checked, as_of or checked.as_of, assumed or Assumptions())
        return making.study(
            currency=sign, top=top, claim=claim, bins=bins, chance=chance, calls=calls, seed=seed
        )

    return kept_or_made(kept, STUDY, study)


class _Making:
    """A study while it is made: each step adds facts and tables,
    and looks at the facts so far for whether it is due.
    """

    def __init__(self, checked: CheckReport, as_of: date | str | None, assumed: Assumptions):
        self.log = Log.of(checked, as_of=as_of)
        self.assumed = assumed
        self.facts: dict = {"assumed": int(assumed.complete)}
        self.tables: dict[str, pd.DataFrame] = {}
        self.drawn: dict = {}

    def study(self, *, currency, top, claim, bins, chance, calls, seed) -> ClientStudy:
        self._describe()
        self._weigh(top=top, claim=claim, seed=seed)
        self._list(top=top, bins=bins, chance=chance, calls=calls)
        self._keep_customers()
        return ClientStudy(
            facts=self.facts,
            tables=self.tables,
            customers=self.log.customers,
            checked=self.log.checked,
            currency=currency,
            drawn=self.drawn,
        )

    def _state(self, found: dict) -> None:
        """Add facts; one name never stands for two things."""
        known = {name: self.facts[name] for name in found if name in self.facts}
        twice = [name for name, value in known.items() if value != found[name] and value == value]
        if twice:
            raise ValueError(twice)
        self.facts |= found

    def _describe(self) -> None:
        log = self.log
        self._state(describing.file_facts(log))
        if log.checked.rows_set_aside:
            self.tables["set_aside"] = log.checked.set_aside
            self.tables["set_aside_reasons"] = describing.set_aside_table(log)
        sales = describing.sales_table(log)
        self._state(describing.sales_facts(log, sales))
        whole = describing.whole_periods(log, sales.set_index("period"))
        self._state(years.year_facts(log, whole))
        self.tables["sales"] = sales.astype({"period": str})
        self.drawn["sales_figure"] = sales
        self._state(describing.customer_facts(log))
        self.tables["purchase_days"] = describing.purchase_days_table(log)
        self.spread = describing.interval_spread(log)
        self._state(describing.regular_facts(log, self.spread))
        self._state(one_large.silence_facts(log, whole))

    def _weigh(self, *, top: float, claim: float, seed: int) -> None:
        log = self.log
        self.facts["top"] = top
        if log.total <= 0:
            return
        self._state(weighing.half_facts(log))
        self._state(weighing.largest_facts(log, top=top))
        if len(log.customers) < FEW:
            self.tables["largest"] = weighing.largest_table(log)
        if len(log.customers) < 30:
            return
        self._state(weighing.concentration_facts(log, top=top, claim=claim, seed=seed))
        if may_say("pareto", self.facts):
            self.tables["lorenz"] = self.drawn["lorenz_figure"] = weighing.lorenz_table(log)
            self.tables["concentration"] = weighing.concentration_table(self.facts)
        self.tiers = weighing.tiers_of(log)
        self._state(weighing.tier_facts(self.tiers))
        if may_say("pyramid", self.facts):
            self._tiers(seed)

    def _tiers(self, seed: int) -> None:
        """What only a pyramid that means something allows."""
        log = self.log
        self.tables["tiers"] = self.drawn["pyramid_figure"] = weighing.tiers_table(self.tiers)
        if self.assumed.complete:
            better = weighing.better_spread(log.customers, self.assumed, seed=seed)
            self._state(weighing.reallocation_facts(better, self.assumed))
            self.tables["reallocation"] = better.tiers
            self.drawn["reallocate_figure"] = better
        halves = weighing.halves_of(log)
        if halves is None:
            return
        moves = weighing.moves_of(halves)
        self._state(weighing.migration_facts(moves, halves, log))
        if may_say("migration", self.facts):
            self.tables["migration"] = moves.counts
            self.drawn["migration_figure"] = moves

    def _list(self, *, top: float, bins: int, chance: float, calls: int) -> None:
        log = self.log
        if may_say("segments", {**self.facts, "unnamed_share": 0.0}):
            self.scores = listing.scores_of(log, bins=bins, gap=self.facts["gap"])
            self._state(listing.unnamed_facts(self.scores))
        if may_say("segments", self.facts):
            segments = listing.segments_table(log, self.scores)
            self._state({"bins": bins, **listing.segment_facts(segments)})
            self._state(one_large.segment_of_first(log, self.scores, segments))
            self.tables["segments"] = self.drawn["rfm_figure"] = segments
        seen = listing.looked_at(log, top=top)
        self._state(listing.call_facts(seen, chance=chance, calls=calls))
        if "half_customers" in self.facts:
            half = self.facts["half_customers"]
            self._state(listing.silent_half_facts(log, seen, half=half, chance=chance))
        if may_say("pyramid", self.facts):
            self._state(listing.silent_top_facts(self.tiers, seen, chance=chance))
        if may_say("call", self.facts) or may_say("call_chance", self.facts):
            self.tables["call_list"] = listing.call_table(log, seen, chance=chance)
        if may_say("regular", self.facts):
            late = listing.late_payers(log, self.spread)
            self._state(listing.late_facts(late))
            if len(late):
                self.tables["late"] = listing.late_table(log, late)

    def _keep_customers(self) -> None:
        """All customers with their contact columns, and the segment and tier where there are any."""
        customers = self.log.customers.merge(describing.contacts_of(self.log), on="customer_id", how="left")
        if "segments" in self.tables:
            customers = customers.merge(self.scores, on="customer_id", how="left")
        if "tiers" in self.tables:
            tiers = self.tiers.assignments[["customer_id", "tier"]]
            customers = customers.merge(tiers, on="customer_id", how="left")
        self.tables["customers"] = customers
