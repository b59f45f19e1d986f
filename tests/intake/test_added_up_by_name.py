"""Months whose columns are not quite the same, what lies beside them, and ledgers with all signs turned."""

import zipfile

from messy import asked, check, codes, csv_text, workbook

import crmkit

HEAD = ["Order ID", "Date", "Customer ID", "Amount"]


def month(number):
    """Eight sales of 10.00 … 17.00 (108.00) of four customers in a month."""
    return [[f"N{number}{n}", f"2024-{number:02d}-{10 + n}", f"C{n % 4}", float(10 + n)] for n in range(8)]


def with_voucher(rows):
    return [[*row[:3], "V1", row[3]] for row in rows]


def test_sheets_of_months_with_a_column_more_are_added_up_by_the_names(tmp_path):
    wider = [*HEAD[:3], "Voucher", "Amount"]
    sheets = {"Jan": [HEAD, *month(1)], "Feb": [HEAD, *month(2)], "Mar": [wider, *with_voucher(month(3))]}
    workbook(tmp_path / "f.xlsx", sheets)
    question = asked(crmkit.check_transactions(tmp_path / "f.xlsx"))["ambiguous_sheet"]
    assert next(iter(question)) == "all" and question["all"] == "324.00"
    report = crmkit.check_transactions(tmp_path / "f.xlsx", answers={"ambiguous_sheet": "all"})
    assert (report.rows_used, report.amount_total, report.mapping_patch) == (24, "324.00", {"sheets": "all"})
    assert "columns_matched" in codes(report)
    same = {name: [HEAD, *month(number)] for number, name in enumerate(("Jan", "Feb"), 1)}
    workbook(tmp_path / "g.xlsx", same)
    assert crmkit.check_transactions(tmp_path / "g.xlsx").questions == ()


def test_sheets_that_hold_something_else_are_not_offered_together(tmp_path):
    payments = [["Receipt", "Paid on", "Account", "Bank", "Reference", "Total"]]
    payments += [[n, row[1], row[2], "B", "R", row[3]] for n, row in enumerate(month(2))]
    workbook(tmp_path / "f.xlsx", {"Sales": [HEAD, *month(1)], "Bank": payments})
    assert "all" not in asked(crmkit.check_transactions(tmp_path / "f.xlsx")).get("ambiguous_sheet", {})


def test_files_with_a_column_more_are_added_up_on_request_and_with_other_words_at_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.csv").write_text(csv_text(HEAD, month(1)), encoding="utf-8")
    more = csv_text([*HEAD[:3], "Voucher", "Amount"], with_voucher(month(2)))
    (tmp_path / "a" / "2.csv").write_text(more, encoding="utf-8")
    report = crmkit.check_transactions(tmp_path / "a")
    assert [error["code"] for error in report.errors] == ["headers_differ"]
    assert asked(report) == {"headers_differ": {"all": "216.00"}}
    (question,) = report.questions
    assert question["message_en"].startswith(report.errors[0]["message_en"])
    assert question["message_zh"].startswith(report.errors[0]["message_zh"])
    assert (
        crmkit.check_transactions(tmp_path / "a", answers={"headers_differ": "all"}).amount_total == "216.00"
    )
    other = csv_text(["Order No", "Order Date", "Client", "Total"], month(2))
    (tmp_path / "a" / "2.csv").write_text(other, encoding="utf-8")
    known = crmkit.check_transactions(tmp_path / "a")
    assert (known.usable, known.amount_total, known.customers) == (True, "216.00", 4)
    assert "columns_matched" in codes(known)


def test_amounts_of_two_currencies_are_not_matched(tmp_path):
    (tmp_path / "a").mkdir()
    for name, currency in (("1.csv", "EUR"), ("2.csv", "USD")):
        text = csv_text([*HEAD[:3], f"Amount ({currency})"], month(1))
        (tmp_path / "a" / name).write_text(text, encoding="utf-8")
    report = crmkit.check_transactions(tmp_path / "a")
    assert [error["code"] for error in report.errors] == ["headers_differ"] and report.questions == ()


def test_documents_and_pictures_beside_the_data_are_left_out_and_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("export/sales.csv", csv_text(HEAD, month(1)))
        archive.writestr("export/summary.pdf", b"%PDF-1.4")
        archive.writestr("export/logo.png", b"\x89PNG")
    report = crmkit.check_transactions(tmp_path / "f.zip")
    assert (report.usable, report.amount_total) == (True, "108.00")
    (said,) = [note["message_en"] for note in report.notes if note["code"] == "files_left_out"]
    assert "summary.pdf" in said and "logo.png" in said
    with zipfile.ZipFile(tmp_path / "g.zip", "w") as archive:
        archive.writestr("summary.pdf", b"%PDF-1.4")
    assert not crmkit.check_transactions(tmp_path / "g.zip").usable


def test_amounts_that_are_all_below_zero_are_asked_about(tmp_path):
    below = [[*row[:3], -row[3]] for row in month(1)]
    assert asked(check(tmp_path, below, *HEAD)) == {"turned": {"turn": "108.00", "as_it_stands": "-108.00"}}
    returns = [*month(1), *[[*row[:3], -row[3]] for row in month(2)[:3]]]
    assert check(tmp_path, returns, *HEAD).questions == ()
