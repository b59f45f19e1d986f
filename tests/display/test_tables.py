"""Tables: what is on the screen and in the files is what is in the frame."""

import datetime as dt
import zipfile
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

import crmkit
from crmkit.display.tables import _sheet_name, save_tables, show

HOSTILE = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "<script>alert(1)</script>",
    "喆珺犇 & Söhne",
    "+8613800138000",
]


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "tier": ["platinum", "gold", "iron", "lead"] * 2,
            "customer_id": HOSTILE,
            "customers": [1, 23, 456, 1234567, 0, 1, 2, 3],
            "customer_share": [0.01, 0.04, 0.15, 0.8, 0, -0.05, np.nan, 1],
            "value": [1234567.891, -0.5, 0, 3, 4, 5, 6, np.nan],
            "date": pd.to_datetime(["2024-02-29", None, *["1997-01-01"] * 6]),
            "active": [True, False] * 4,
        }
    )


class _Cells(HTMLParser):
    """The text of every cell, and every tag that is there."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.tags, self._in = [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._in = True

    def handle_endtag(self, tag):
        self._in = self._in and tag not in ("td", "th")

    def handle_data(self, data):
        if self._in:
            self.rows[-1][-1] += data


@pytest.mark.parametrize(
    ("lang", "tier", "share"),
    [
        ("zh", "铂金", "客户占比"),
        ("en", "platinum", "customer share"),
        ("both", "铂金 platinum", "客户占比 customer share"),
    ],
)
def test_show_heads_columns_and_names_tiers_in_the_language(frame, lang, tier, share):
    crmkit.set_language(lang)
    table = _Cells(show(frame)._repr_html_())
    assert table.rows[0][3] == share
    assert table.rows[1][0].replace("\xa0", " ") == tier
    assert share in repr(show(frame)) and tier in repr(show(frame))


def test_show_writes_shares_as_percent_money_with_separators_and_iso_dates(frame):
    crmkit.set_language("en")
    rows = _Cells(show(frame)._repr_html_()).rows[1:]
    assert [r[3] for r in rows] == ["1.0%", "4.0%", "15.0%", "80.0%", "0.0%", "−5.0%", "–", "100.0%"]
    assert rows[0][4] == "1,234,567.89" and rows[1][4] == "−0.50" and rows[7][4] == "–"
    assert rows[3][2] == "1,234,567"
    assert [r[5] for r in rows[:3]] == ["2024-02-29", "–", "1997-01-01"]
    assert [r[6] for r in rows[:2]] == ["yes", "no"]
    assert _Cells(show(frame, digits=0, percent=["value"])._repr_html_()).rows[1][3:5] == [
        "0",
        "123456789.1%",
    ]


def test_show_escapes_what_a_client_wrote(frame):
    crmkit.set_language("both")
    table = _Cells(show(frame.rename(columns={"value": "<b>x</b>"}))._repr_html_())
    assert "script" not in table.tags and "b" not in table.tags
    assert [r[1] for r in table.rows[1:]] == HOSTILE
    assert table.rows[0][4] == "<b>x</b>"


def test_show_says_how_many_rows_it_leaves_out(frame):
    crmkit.set_language("en")
    many = pd.concat([frame] * 200, ignore_index=True)
    assert len(_Cells(show(many, rows=5)._repr_html_()).rows) == 6
    assert "5 of 1,600" in show(many, rows=5)._repr_html_() and "5 of 1,600" in repr(show(many, rows=5))
    assert "crm-note" not in show(frame)._repr_html_().split("</style>")[1]


def test_show_aligns_chinese_in_plain_text():
    crmkit.set_language("zh")
    lines = repr(show(pd.DataFrame({"tier": ["platinum", "gold"], "customers": [5, 12345]}))).splitlines()
    from crmkit.display.tables import _width

    assert len({_width(line) for line in lines}) == 1


def test_show_keeps_an_index_that_says_something_and_its_input_untouched():
    crmkit.set_language("zh")
    counts = pd.DataFrame([[3, 1]], index=pd.Index(["gold"], name="from_tier"), columns=["gold", "iron"])
    before = counts.copy()
    assert _Cells(show(counts)._repr_html_()).rows[1] == ["黄金", "3", "1"]
    assert _Cells(show(counts, percent=True)._repr_html_()).rows[1] == ["黄金", "300.0%", "100.0%"]
    pd.testing.assert_frame_equal(counts, before)


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_saved_parquet_gives_the_frame_back(frame, tmp_path, lang):
    save_tables({"客户": frame}, tmp_path, lang=lang)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "客户.parquet"), frame, check_dtype=False)


def test_saved_csv_opens_in_a_spreadsheet_with_bom_headings_and_no_formula(frame, tmp_path):
    save_tables({"t": frame}, tmp_path, lang="zh")
    raw = (tmp_path / "t.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    assert back.columns[3] == "客户占比"
    ids = back.iloc[:, 1].tolist()
    assert [i[1:] if i.startswith("'") else i for i in ids] == HOSTILE
    assert not any(i.lstrip().startswith(("=", "@", "-")) for i in ids)
    assert ids[-1] == "+8613800138000"  # a phone number is no formula
    assert back.iloc[0, 5] == "2024-02-29"
    assert float(back.iloc[0, 4]) == 1234567.891


def test_saved_xlsx_keeps_values_types_and_formulas_as_text(frame, tmp_path):
    save_tables({"tiers": frame, "empty": frame.head(0)}, tmp_path, lang="both")
    book = CalamineWorkbook.from_path(tmp_path / "tables.xlsx")
    assert book.sheet_names == ["各层客户 tiers", "empty"]
    head, *rows = book.get_sheet_by_name("各层客户 tiers").to_python()
    assert head[3] == "客户占比 customer share"
    assert [r[1] for r in rows] == HOSTILE
    assert rows[0][2:7] == [1, 0.01, 1234567.891, dt.date(2024, 2, 29), True]
    assert rows[0][0] == "铂金 platinum"
    assert rows[1][5] == "" and rows[6][3] == ""
    with zipfile.ZipFile(tmp_path / "tables.xlsx") as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        styles = parts.read("xl/styles.xml").decode()
    assert "<f>" not in sheet and 'state="frozen"' in sheet
    assert "0.0%" in styles and "yyyy\\-mm\\-dd" in styles.replace("yyyy-mm-dd", "yyyy\\-mm\\-dd")
    # Chinese takes two columns a character: the heading above its column is not cut
    assert 'customWidth="1"' in sheet


def test_sheet_names_are_what_excel_takes():
    taken = set()
    names = [_sheet_name(n, taken) for n in ["a/b:c", "A_b_c", "x" * 40, "x" * 50, "'q'", "History", ""]]
    assert names[:2] == ["a_b_c", "A_b_c_2"]
    assert all(0 < len(n) <= 31 and not set(n) & set("[]:*?/\\") for n in names)
    assert len({n.lower() for n in names}) == len(names)
    assert names[4] == "q" and names[5] != "History"


def test_save_tables_refuses_an_unknown_language(tmp_path):
    with pytest.raises(crmkit.CrmkitError, match="fr"):
        save_tables({}, tmp_path, lang="fr")
