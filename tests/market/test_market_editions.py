"""The embedded editions of the simulated markets: made again, and compared by the contents' hashes."""

import pandas as pd
import pytest
from places import ROOT

import crmkit
from coursekit.recipes.markets import CUSTOMERS, OBSERVED_MONTHS, SEED, edition, make, table_hash
from crmkit.core.errors import CrmkitError
from crmkit.data.datasets import EDITIONS, LEDGERS
from crmkit.market import scenarios
from crmkit.market.simulator.ledgers import COLUMNS

FOLDER = ROOT / "datasets" / "market"
SUMS = dict(
    reversed(line.split()) for line in (FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
)


@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_made_again_has_the_hash_and_the_contents_of_the_embedded_one(name):
    books = edition(name).ledgers
    for ledger in COLUMNS:
        embedded, made = crmkit.load(name, ledger=ledger), getattr(books, ledger)
        assert table_hash(made) == table_hash(embedded) == SUMS[f"{name}/{ledger}"], f"{name}/{ledger}"
        assert list(embedded.columns) == list(COLUMNS[ledger]) and len(embedded) or ledger == "complaints"


def test_the_list_of_hashes_is_the_list_of_files():
    files = {path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.parquet")}
    assert files == set(SUMS) == {f"{name}/{ledger}" for name in EDITIONS for ledger in LEDGERS}
    assert set(EDITIONS) == set(scenarios()["name"]) - {"record_shop"} and LEDGERS[:1] == tuple(COLUMNS)[:1]
    assert sum(path.stat().st_size for path in FOLDER.rglob("*.parquet")) < 4e6


def test_the_command_writes_what_is_embedded(tmp_path, monkeypatch):
    monkeypatch.setattr("coursekit.recipes.markets.EDITIONS", ("industrial_group",))
    sums = make(tmp_path)
    assert sums == {key: value for key, value in SUMS.items() if key.startswith("industrial_group/")}
    assert (tmp_path / "SHA256SUMS").read_text(encoding="utf-8").split()[0] == sums[
        "industrial_group/customers"
    ]


def test_a_hash_sees_a_cent_a_day_and_a_name():
    frame = pd.DataFrame(
        {"amount": [1.0, 2.0], "date": pd.to_datetime(["2024-01-01", None]), "tier": ["gold", None]}
    )
    others = [
        frame.assign(amount=[1.01, 2.0]),
        frame.assign(date=pd.to_datetime(["2024-01-02", None])),
        frame.assign(tier=["iron", None]),
        frame.iloc[::-1],
        frame.rename(columns={"tier": "segment"}),
    ]
    assert len({table_hash(frame), table_hash(frame.copy()), *map(table_hash, others)}) == 1 + len(others)
    assert table_hash(frame.assign(amount=[1.0 + 1e-12, 2.0])) == table_hash(frame)  # cents, not float bytes


def test_in_the_first_eighteen_months_good_customers_are_contacted_more_and_then_by_lot():
    for name in ("household_hotline", "supplement_maker"):
        contacts = crmkit.load(name, ledger="contacts")
        span = contacts.groupby("policy")["date"].agg(["min", "max"])
        assert set(span.index) == {"by_value", "randomised"}
        change = pd.Timestamp(2024, 1, 1) + pd.DateOffset(months=OBSERVED_MONTHS)
        assert span.loc["by_value", "max"] < change <= span.loc["randomised", "min"]
        assert (contacts.loc[contacts["policy"] == "randomised", "arm"] == "control").mean() > 0.1


def test_the_readme_gives_the_command_the_seed_and_the_columns():
    text = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert "python -m coursekit.recipes.markets" in text and f"`SEED = {SEED}`" in text
    assert all(f"`{column}`" in text for columns in COLUMNS.values() for column in columns)
    for name in EDITIONS:
        rows, customers = len(crmkit.load(name)), len(crmkit.load(name, ledger="customers"))
        row = f"| `{name}` | {rows:,} | {customers:,} |"
        assert row in text, row
    assert set(CUSTOMERS) <= set(EDITIONS)


@pytest.mark.parametrize("name, ledger", [("telecom", "truth"), ("cdnow", "contacts")])
def test_a_ledger_that_is_not_there_lists_those_that_are(name, ledger):
    with pytest.raises(CrmkitError, match="transactions") as error:
        crmkit.load(name, ledger=ledger)
    assert ledger in error.value.message_zh
