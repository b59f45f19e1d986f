"""Rows in = rows used + rows set aside, counted by a second reader that knows nothing of cells, whatever the format."""

import json

import pytest
from messy.other_books import write_ods, write_xls, write_xlsb

import crmkit
from crmkit.intake.reading import files

HEAD = ["订单号", "客户编号", "下单日期", "金额"]
ROWS = [[f"N{i:03d}", f"C{i % 5}", f"2024-03-{i + 1:02d}", 10 + i] for i in range(24)]
BOOKS = {".xls": write_xls, ".xlsb": write_xlsb, ".ods": write_ods}


@pytest.fixture(params=BOOKS)
def book(request, tmp_path):
    path = tmp_path / f"f{request.param}"
    BOOKS[request.param](
        path, "销售", [["三月", "", "", ""], HEAD, *ROWS, ["", "", "", ""], ["合计", "", "", 516]]
    )
    return path


def test_the_rows_of_other_workbooks_are_counted_twice(book):
    report = crmkit.check_transactions(book)
    assert (report.amount_total, report.rows_in, report.physical_lines) == ("516.00", 25, 27)


def test_a_row_that_the_reader_of_cells_loses_is_missed(book, monkeypatch):
    whole = files._sheet_rows
    # a reader of cells that loses two rows in the middle
    monkeypatch.setattr(
        files, "_sheet_rows", lambda *given: iter([r for r in whole(*given) if r[0] not in ("N003", "N004")])
    )
    assert [error["code"] for error in crmkit.check_transactions(book).errors] == ["records_lost"]


def test_the_objects_of_a_json_list_are_counted_by_their_brackets(tmp_path, monkeypatch):
    rows = [dict(zip(HEAD, row)) | {"note": 'a "{" in \\ text', "more": [{"x": 1}, {"y": 2}]} for row in ROWS]
    path = tmp_path / "f.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    report = crmkit.check_transactions(path)
    assert (report.usable, report.rows_in, report.physical_lines) == (True, 24, 24)
    whole = files.json.loads
    monkeypatch.setattr(files.json, "loads", lambda text: whole(text)[:-1])
    assert [error["code"] for error in crmkit.check_transactions(path).errors] == ["records_lost"]
