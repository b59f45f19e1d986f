"""How files are put in place, and how text gets into a spreadsheet."""

import os

import pytest

from crmkit.core import files
from crmkit.core.cells import csv_cell
from crmkit.core.files import put


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|'/c calc'!A0",
        "@SUM(A1)",
        "+1+cmd",
        "-2+3",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\x00=1",
        "\ufeff=1",
        "＝1+1",
        "－HYPERLINK(1)",
        "＠SUM(1)",
        "\tplain",
    ],
)
def test_what_a_spreadsheet_takes_for_a_formula_is_kept_as_text(text):
    # OWASP, CSV Injection, with the characters in full width that it names
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["-12.50", "+8613800138000", "-1,5", "张三", "a=b", "", -3.5, 7, None, True]
)
def test_what_is_no_formula_stays_as_it_is(value):
    assert csv_cell(value) is value


def test_a_file_is_put_whole_and_nothing_is_left_beside_it(tmp_path):
    there = put(tmp_path / "new" / "客户.txt", "一\n二\n")
    assert there.read_bytes() == "一\n二\n".encode()  # lines end as given, on Windows too
    put(there, b"\xff")
    assert there.read_bytes() == b"\xff"
    assert [path.name for path in there.parent.iterdir()] == ["客户.txt"]


def test_a_file_that_cannot_be_put_leaves_the_old_one_and_no_rest(tmp_path, monkeypatch):
    there = put(tmp_path / "kept.txt", "old")

    def refuse(*_):
        raise OSError("no space")

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(OSError, match="no space"):
        put(there, "new")
    assert there.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_a_file_that_another_program_holds_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    # Windows: a scanner or an open preview makes the rename fail once or twice
    refused, replace = [], os.replace

    def busy(*paths):
        if len(refused) < 2:
            refused.append(paths)
            raise PermissionError("held open")
        replace(*paths)

    monkeypatch.setattr(files.os, "replace", busy)
    monkeypatch.setattr(files, "PAUSE", 0)
    assert put(tmp_path / "a.txt", "x").read_text() == "x" and len(refused) == 2


def test_a_file_that_stays_held_open_is_an_error_in_the_end(tmp_path, monkeypatch):
    def held(*_):
        raise PermissionError("held open")

    monkeypatch.setattr(files.os, "replace", held)
    monkeypatch.setattr(files, "PAUSE", 0)
    with pytest.raises(PermissionError):
        put(tmp_path / "a.txt", "x")
    assert list(tmp_path.iterdir()) == []
