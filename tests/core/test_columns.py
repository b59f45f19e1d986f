"""What a column is: its kind and its heading, from the catalogue or, for a column of one's own, from its name."""

import pytest

from crmkit.core.columns import KINDS, cell_words, column_heading, column_kind
from crmkit.core.glossary import TERMS, has_term

CATALOGUED = [slug for slug in TERMS if "kind" in TERMS.entry(slug)]


def test_the_catalogue_knows_only_kinds_that_tables_can_write():
    assert {TERMS.entry(slug)["kind"] for slug in CATALOGUED} <= set(KINDS)


def test_a_name_that_says_share_is_catalogued_as_one():
    # else a column would be written one way in the kit and another way once a client renames it
    odd = [
        s for s in CATALOGUED if s.endswith(("share", "_rate", "probability")) and column_kind(s) != "share"
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("value_share", "share"),
        ("revenue", "money"),
        ("days_since_last", "days"),
        ("purchases", "count"),
        ("tier", "slug"),
        ("last_purchase", "date"),
        ("agree", "yes_no"),
        ("customer_id", "text"),
        # the ends of an interval, and another time, are of the column's own kind
        ("repeat_rate_low", "share"),
        ("profit_high", "money"),
        ("resource_share_change", "share"),
        # columns of a client's own
        ("newsletter_open_rate", "share"),
        ("open_rate_before", "share"),
        ("share_of_wallet", None),
        ("rated", None),
        ("客单价", None),
        (3, None),
        # labels of an index without a name
        ("", "slug"),
    ],
)
def test_kind_of_a_column(column, kind):
    assert column_kind(column) == kind


def test_a_heading_is_the_term_and_a_column_of_ones_own_is_headed_by_its_name():
    assert column_heading("value_share") == ("价值占比", "value share")
    assert column_heading("value_share_low") == ("价值占比（下限）", "value share, low")
    assert column_heading("客单价") == ("客单价", "客单价") and column_heading(3) == ("3", "3")


def test_a_value_beside_a_measure_is_the_value_of_an_indicator():
    assert column_heading("value", beside=["tier", "value"]).en == "value"
    assert column_heading("value", beside=["measure", "value"]).en == "indicator value"


def test_what_a_column_points_to_is_there():
    for slug in CATALOGUED:
        entry = TERMS.entry(slug)
        for named in [*entry.get("values", {}).values(), *entry.get("beside", {}).values()]:
            assert has_term(named), f"{slug}: {named}"


def test_contacts_among_the_items_of_costs_are_money_and_no_number_of_contacts():
    assert cell_words("item", "contacts") == TERMS.pair("contact_cost")
    assert cell_words("item", "care") == TERMS.pair("care")
    assert cell_words("customer_id", "gold") is None and cell_words("tier", "VIP 2026") is None
