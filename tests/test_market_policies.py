"""No trivial policy wins in any market: profits of simple policies, the same luck for all, over 20 seeds."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import market_policies as bench  # noqa: E402

SEEDS, CUSTOMERS = 20, 400


@pytest.fixture(scope="module")
def table():
    return {name: bench.profits(name, seeds=SEEDS, customers=CUSTOMERS) for name in bench.SELECTIVE}


@pytest.mark.parametrize("name", bench.SELECTIVE)
def test_a_sound_selective_policy_beats_every_trivial_one(table, name):
    """Paired by seed, in the mean by more than two standard errors."""
    profits = table[name]
    for policy in ("nothing", "status quo", "everything", "book"):
        gain = profits["selective"] - profits[policy]
        assert gain.mean() > 2 * gain.std(ddof=1) / SEEDS**0.5, (policy, gain.mean())


@pytest.mark.parametrize("name", bench.SELECTIVE)
def test_spending_everywhere_loses_money_and_loses_to_doing_nothing(table, name):
    assert (table[name]["everything"] < np.minimum(0, table[name]["nothing"])).all()


def test_neither_the_book_nor_doing_nothing_is_the_better_of_the_two_everywhere(table):
    book_wins = {name: (profits["book"] - profits["nothing"]).mean() > 0 for name, profits in table.items()}
    assert set(book_wins.values()) == {True, False}


def test_the_insurer_loses_by_calling_and_the_supplement_maker_by_conferences_for_all(table):
    for name in ("over_contacting_insurer", "supplement_maker"):
        assert (table[name]["status quo"] < table[name]["nothing"]).all()
