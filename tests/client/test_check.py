"""The verb ``check``: one JSON object, an exit code,
the rows set aside and a drafted mapping that works once filled in.
"""

import csv
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import crmkit
from coursekit.client.check import check
from crmkit import load
from crmkit.data.datasets import DATASETS

PROMISED = [
    "usable",
    "rows_in",
    "rows_used",
    "rows_set_aside",
    "reasons",
    "zero_amount_rows",
    "negative_amount_rows",
    "duplicate_rows",
    "customers",
    "amount_total",
    "first_date",
    "last_date",
    "encoding",
    "mapping",
    "errors",
]
GOOD = "客户编号,下单时间,实付金额\n007,2024-03-05,5\n007,2024-03-06,-2\n,2024-03-07,1\n合计,,4\n"


@pytest.fixture(autouse=True)
def _english():
    crmkit.set_language("en")
    yield
    crmkit.set_language("both")


def test_json_is_the_only_thing_on_stdout_and_the_exit_code_says_usable(tmp_path):
    path = tmp_path / "销售 明细.csv"
    path.write_text(GOOD, encoding="gb18030")
    done = subprocess.run(
        [sys.executable, "-c", "from coursekit.cli import main; main()", "check", str(path), "--json"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": "", "CRMKIT_LANG": "zh"},
    )
    report = json.loads(done.stdout.decode("utf-8"))
    assert done.returncode == 0 and done.stdout.count(b"\n") == 1
    assert list(report)[: len(PROMISED)] == PROMISED
    assert (report["rows_in"], report["rows_used"], report["amount_total"], report["encoding"]) == (
        4,
        2,
        "3.00",
        "gb18030",
    )
    with open(report["set_aside_file"], encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(r["line"], r["reason"], r["explanation"], r["original"]) for r in rows] == [
        ("4", "missing_customer", "没有客户编号", ",2024-03-07,1"),
        ("5", "total_row", "合计行", "合计,,4"),
    ]
    assert open(report["set_aside_file"], "rb").read(3) == b"\xef\xbb\xbf"


def test_a_refused_file_gets_a_mapping_that_reads_it_once_filled_in(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("Kuka,Milloin,Paljonko\na,03/04/2024,5\n", encoding="utf-8")
    assert check(str(path), as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert [e["code"] for e in report["errors"]] == ["missing_column"] * 3
    draft = open(report["mapping_file"], encoding="utf-8").read()
    assert tomllib.loads(draft) == {"columns": {}}
    assert "Kuka | Milloin | Paljonko" in draft
    for name, column in {"customer_id": "Kuka", "date": "Milloin", "amount": "Paljonko"}.items():
        draft = draft.replace(f'# {name} = ""', f'{name} = "{column}"')
    (tmp_path / "m.toml").write_text(draft, encoding="utf-8")
    assert check(str(path), mapping=tmp_path / "m.toml", as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert [e["code"] for e in report["errors"]] == ["ambiguous_dates"]
    (tmp_path / "m.toml").write_text('date_format = "dmy"\n' + draft, encoding="utf-8")
    assert check(str(path), mapping=tmp_path / "m.toml", as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["first_date"] == "2024-04-03"


@pytest.mark.parametrize(
    "lang, word", [("zh", "可以使用"), ("en", "usable"), ("both", "可以使用：a.csv usable: a.csv")]
)
def test_the_report_for_people_is_in_the_language_in_force(tmp_path, capsys, lang, word):
    crmkit.set_language(lang)
    (tmp_path / "a.csv").write_text(GOOD, encoding="utf-8")
    assert check(str(tmp_path / "a.csv"), out=tmp_path / "out") == 0
    text = capsys.readouterr().out
    assert word in text and "3.00" in text
    assert (tmp_path / "out" / "a.set_aside.csv").exists() and not (tmp_path / "a.set_aside.csv").exists()


def test_a_draft_keeps_what_was_recognised_and_names_the_likeliest_column_for_what_was_not(tmp_path, capsys):
    path = tmp_path / "sales.csv"
    people = ["ana", "bo", "cem", "dia"] * 6
    rows = [f"{who},2024-03-{day:02d},{10 + day}.50" for day, who in enumerate(people, 1)]
    path.write_text("\n".join(["Kuka,Date,Amount", *rows]) + "\n", encoding="utf-8")
    assert check(str(path)) == 1
    draft = (tmp_path / "sales.mapping.toml").read_text(encoding="utf-8")
    assert 'date = "Date"' in draft and 'amount = "Amount"' in draft
    assert '# customer_id = "Kuka"' in draft
    assert check(str(path), answers=["column_customer_id=column_1"]) == 0


def test_a_new_draft_keeps_the_columns_of_the_mapping_that_was_given(tmp_path, capsys):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        for name in ("North", "South"):
            sheet = book.add_worksheet(name)
            for i, row in enumerate(
                [("Cliente", "Fecha", "Importe", name), ("a", "2024-01-31", 5), ("b", "2024-02-28", 6)]
            ):
                sheet.write_row(i, 0, row)
    columns = {"customer_id": "Cliente", "date": "Fecha", "amount": "Importe"}
    (tmp_path / "m.toml").write_text(
        "[columns]\n" + "\n".join(f'{k} = "{v}"' for k, v in columns.items()), encoding="utf-8"
    )
    assert check(str(tmp_path / "a.xlsx"), mapping=tmp_path / "m.toml", as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert [e["code"] for e in report["errors"]] == ["ambiguous_sheet"]
    assert tomllib.loads(open(report["mapping_file"], encoding="utf-8").read()) == {
        "sheet": "North",
        "columns": columns,
    }
    assert check(str(tmp_path / "a.xlsx"), mapping=report["mapping_file"], as_json=True) == 0


def test_an_edited_mapping_is_never_overwritten(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    (tmp_path / "a.mapping.toml").write_text("# mine", encoding="utf-8")
    check(str(tmp_path / "a.csv"), as_json=True)
    assert (tmp_path / "a.mapping.toml").read_text(encoding="utf-8") == "# mine"
    assert json.loads(capsys.readouterr().out)["mapping_file"].endswith("a.mapping.proposal.toml")


def test_cdnow_by_name_totals_to_its_publication(capsys):
    assert check("cdnow", as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows_in"], report["customers"], report["duplicate_rows"]) == (69_659, 23_570, 255)


@pytest.mark.parametrize("name", [name for name in DATASETS if name != "complete_journey"])
def test_every_embedded_data_set_is_checked_by_its_name(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check(name, as_json=True) == 0
    report, log = json.loads(capsys.readouterr().out), load(name)
    assert report["rows_in"] == len(log)
    assert report["customers"] == log["customer_id"].nunique()


def test_a_file_that_bears_the_name_of_a_data_set_goes_first(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("telecom").write_text("customer_id,date,amount\na,2024-01-05,10\n", encoding="utf-8")
    assert check("telecom", as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["rows_in"] == 1


def test_a_row_set_aside_is_no_formula_to_a_spreadsheet(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "customer_id,date,amount\n7,2024-03-05,5\n=cmd|' /c calc'!A0,no date,1\n", encoding="utf-8"
    )
    assert check(path) == 0
    with open(tmp_path / "a.set_aside.csv", encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["original"] == "'=cmd|' /c calc'!A0,no date,1"
