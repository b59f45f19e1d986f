"""How the small editions of the simulated markets in datasets/market/ were made:
python -m coursekit.recipes.markets [FOLDER].

An edition is what a firm would have after two years: 18 months of its usual conduct, in which good customers are
contacted more, and 6 months in which the number of contacts was drawn by lot. The truth is not written: whoever
needs it makes the market again (``edition``).
"""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from crmkit.data.datasets import EDITIONS
from crmkit.market import Market, scenario
from crmkit.market.simulator.ledgers import COLUMNS

SEED = 2024
OBSERVED_MONTHS, RANDOMISED_MONTHS = 18, 6
# where a customer makes many rows; elsewhere 1,200
CUSTOMERS = {"fast_food_chain": 400, "telecom": 700, "over_contacting_insurer": 700, "industrial_group": 320}


def edition(name: str) -> Market:
    """The market of an edition after its two years: the scenario made smaller, newcomers in proportion."""
    full = scenario(name)
    customers = CUSTOMERS.get(name, 1200)
    flows = ("acquisition_per_month", "acquisition_cap", "promotion_customers", "fixed_cost")
    share = customers / full.customers
    market = Market(
        replace(full, customers=customers, **{flow: getattr(full, flow) * share for flow in flows}),
        np.random.default_rng(SEED),
    )
    market.step(full.status_quo, months=OBSERVED_MONTHS)
    market.step(replace(full.status_quo, contact_policy="randomised"), months=RANDOMISED_MONTHS)
    return market


def table_hash(frame: pd.DataFrame) -> str:
    """SHA-256 of a table's contents, not of a file: text as it is, dates as days, numbers in hundredths."""
    total = hashlib.sha256()
    for name, values in frame.items():
        if pd.api.types.is_datetime64_dtype(values):
            cells = values.dt.strftime("%Y-%m-%d").fillna("")
        elif pd.api.types.is_numeric_dtype(values):
            cells = (values * 100).round().astype("int64").astype("str")
        else:
            cells = values.fillna("")
        total.update("\n".join([str(name), *cells]).encode())
    return total.hexdigest()


def make(folder: Path) -> dict[str, str]:
    """Write every ledger of every edition as ``folder``/name/ledger.parquet; their hashes, as in SHA256SUMS."""
    sums = {}
    for name in EDITIONS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        books = edition(name).ledgers
        for ledger in COLUMNS:
            frame = getattr(books, ledger)
            frame.to_parquet(folder / name / f"{ledger}.parquet", index=False, compression="zstd")
            sums[f"{name}/{ledger}"] = table_hash(frame)
    lines = [f"{value}  {name}\n" for name, value in sums.items()]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")
    return sums


if __name__ == "__main__":
    to = (
        Path(sys.argv[1])
        if len(sys.argv) > 1
        else Path(__file__).resolve().parents[2] / "datasets" / "market"
    )
    print(*sorted(make(to)), sep="\n")
