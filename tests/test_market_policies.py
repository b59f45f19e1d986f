"""No trivial policy wins in any market: profits of simple policies, the same luck for all, over 20 seeds."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import market_policies as bench  # noqa: E402

SEEDS, CUSTOMERS = 20, 400


@cache
def profits(name: str) -> dict[str, np.ndarray]:
    return bench.profits(name, seeds=SEEDS, customers=CUSTOMERS)


@pytest.mark.parametrize("name", bench.SELECTIVE)
def test_a_sound_selective_policy_beats_every_trivial_one_and_spending_everywhere_loses(name):
    """Paired by seed, in the mean by more than two standard errors; spending everywhere loses money with every seed."""
    table = profits(name)
    for policy in ("nothing", "status quo", "everything", "book"):
        gain = table["selective"] - table[policy]
        assert gain.mean() > 2 * gain.std(ddof=1) / SEEDS**0.5, (policy, gain.mean())
    assert (table["everything"] < np.minimum(0, table["nothing"])).all()


def test_neither_the_book_nor_doing_nothing_is_the_better_of_the_two_everywhere():
    assert (profits("appliance_club")["book"] - profits("appliance_club")["nothing"]).mean() < 0
    assert (profits("supplement_maker")["book"] - profits("supplement_maker")["nothing"]).mean() > 0


@pytest.mark.parametrize("name", ["over_contacting_insurer", "supplement_maker"])
def test_calling_everybody_and_conferences_for_all_earn_less_than_doing_nothing(name):
    assert (profits(name)["status quo"] < profits(name)["nothing"]).all()
