"""The data door against files whose totals are reckoned apart from it,
by plain Decimal sums over the records that made them.
"""

import json

import pytest
from messy.files import CASES

import crmkit
from crmkit.intake.check import REASONS


@pytest.mark.parametrize("name", CASES)
def test_messy_file_reconciles_with_the_records_that_made_it(name, tmp_path):
    source, expected = CASES[name](tmp_path)
    report = crmkit.check_transactions(source, **expected.check)
    assert report.usable == expected.usable, report.errors
    assert report.rows_in == report.rows_used + report.rows_set_aside
    assert set(report.reasons) == set(REASONS)
    if expected.encoding:
        assert report.encoding == expected.encoding
    if not expected.usable:
        assert [e["code"] for e in report.errors] == [expected.code]
        assert all(e["message_zh"] and e["message_en"] for e in report.errors)
        return
    got = json.loads(report.to_json())
    got["reasons"] = {r: n for r, n in got["reasons"].items() if n}
    for key, value in expected.totals().items():
        assert got[key] == value, key
    assert len(report.transactions) == report.rows_used
    assert len(report.set_aside) == report.rows_set_aside
    assert f"{report.transactions['amount'].sum():.2f}" == report.amount_total
