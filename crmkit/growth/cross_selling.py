"""Growth of existing customers (F25): which products go together, what to offer next, and where growth came from."""

import numpy as np
import pandas as pd

from crmkit.core.schema import (
    require_between,
    require_columns,
    require_known,
    require_numbers,
    require_unique,
)
from crmkit.data.engine import open_log
from crmkit.data.frames import Transactions

_RULE_COLUMNS = [
    "product_id",
    "next_product_id",
    "baskets",
    "rule_support",
    "rule_confidence",
    "rule_lift",
    "expected_baskets",
    "p_value",
    "p_adjusted",
]


def cross_sell_rules(lines: Transactions, *, min_support: float = 0.01) -> pd.DataFrame:
    """Find which products are bought together more often than chance would have it, with care for the many tests.

    In: ``order_id``, ``product_id``, a row per product in a basket (for what customers own, put the customer's id in
    ``order_id``), as a frame or Parquet as for ``customer_summary``. Products and pairs in fewer than ``min_support``
    of the baskets are left out. Out, a row per rule "who buys ``product_id`` also buys ``next_product_id``":
    ``baskets`` with both, ``rule_support``, ``rule_confidence``, ``rule_lift`` (Agrawal & Srikant 1994; Brin et al.
    1997), ``expected_baskets``, how many would hold both by chance, ``p_value`` of at least as many, and
    ``p_adjusted``, Benjamini & Hochberg's (1995) over all pairs of products with the support, seen together or not: of
    the rules with p_adjusted ≤ 0.05 at most about one in twenty is false. Surest first.

    Chance keeps what each product sells and how large each basket is: a large basket holds everything more often, so
    that lift is above 1 even for products which have nothing to do with each other. In baskets of one size the chance
    of both is Hájek's (1964) for drawing without replacement, and the variance Mantel & Haenszel's (1959); the tail is
    that of the binomial distribution with the same mean and variance.
    Errors: CrmkitError for missing columns or values, ``min_support`` outside 0 … 1.

    >>> import pandas as pd
    >>> baskets = [("tea", "cup")] * 20 + [("soap", "comb")] * 20 + [("tea", "comb")] * 2 + [("soap", "cup")] * 2
    >>> lines = pd.DataFrame([(n, p) for n, basket in enumerate(baskets) for p in basket],
    ...                      columns=["order_id", "product_id"])
    >>> cross_sell_rules(lines)[["product_id", "next_product_id", "baskets", "rule_confidence"]].head(2).round(2)
      product_id next_product_id  baskets  rule_confidence
    0       comb            soap       20             0.91
    1        cup             tea       20             0.91
    """
    from scipy.special import betainc
    from scipy.stats import false_discovery_control

    require_between(min_support, 1e-9, 1, name="min_support")
    with open_log(lines, required=["order_id", "product_id"], what="cross_sell_rules") as log:
        sizes = log.ask("baskets")
        total = int(sizes["baskets"].sum())
        least = min_support * total
        products = log.ask("basket_products", least=least)
        pairs = log.ask("basket_pairs", least=least)
    if pairs.empty:
        return pd.DataFrame(columns=_RULE_COLUMNS)

    held = products.groupby("product_id")["baskets"].sum()
    names = held.index
    both_ways = [
        pairs,
        pairs.rename(columns={"product_id": "next_product_id", "next_product_id": "product_id"}),
    ]
    rules = pd.concat(both_ways, ignore_index=True)
    one = names.get_indexer(rules["product_id"])
    other = names.get_indexer(rules["next_product_id"])
    together = rules["baskets"].to_numpy()
    expected, variance = _chance(sizes, products, names, one, other)
    spread = np.clip(1 - variance / np.maximum(expected, 1e-300), 1e-9, 1 - 1e-9)
    trials = np.maximum(expected / spread, together)  # of the binomial distribution with chance spread
    confidence = together / held.to_numpy()[one]
    rules = rules.assign(
        rule_support=together / total,
        rule_confidence=confidence,
        rule_lift=confidence / (held.to_numpy()[other] / total),
        expected_baskets=expected,
        p_value=betainc(together, trials - together + 1, spread),
    )
    # pairs below the support were candidates, with p at most 1
    tested = len(names) * (len(names) - 1) / len(rules)
    rules["p_adjusted"] = np.minimum(false_discovery_control(rules["p_value"]) * tested, 1)
    return rules.sort_values(["p_value", "product_id", "next_product_id"], ignore_index=True)[_RULE_COLUMNS]


def _chance(
    sizes: pd.DataFrame, products: pd.DataFrame, names: pd.Index, one: np.ndarray, other: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the number of baskets with both products of each pair, if chance alone put them together.

    ``sizes``: size, baskets; ``products``: size, product_id, baskets; ``one`` and ``other``: places in ``names``.
    """
    expected = np.zeros(len(one))
    variance = np.zeros(len(one))
    held = products.pivot(index="size", columns="product_id", values="baskets")
    held = held.reindex(columns=names).fillna(0)
    baskets_of = sizes.set_index("size")["baskets"]
    for size, counts in held.iterrows():
        baskets = baskets_of[size]
        share = counts.to_numpy() / baskets
        # products below the support fill the baskets too; each is rare, so that share·(1 − share) is the share
        room = (share * (1 - share)).sum() + size - share.sum()
        rest = (1 - share[one]) * (1 - share[other])
        independent = baskets * share[one] * share[other]
        both = independent * np.maximum(1 - rest / max(room, 1e-12), 0)
        expected += both
        variance += np.minimum(independent * rest * baskets / max(baskets - 1, 1), both)
    return expected, variance


def next_product(owned: pd.DataFrame, *, rules: pd.DataFrame, margins: pd.DataFrame) -> pd.DataFrame:
    """The one product to offer each customer next: not bought yet, with the highest confidence × margin.

    In: ``customer_id``, ``product_id``, what each has bought; ``rules`` from ``cross_sell_rules`` (keep those that you
    trust, ``rules[rules["p_adjusted"] <= 0.05]``); ``margins``: ``product_id``, ``margin``, currency.
    Out: ``customer_id``, ``next_product_id``, ``because_of``, ``rule_confidence``, ``expected_margin``; customers to
    whom no rule applies are not in it, and products without a margin are not offered.
    Errors: CrmkitError for missing columns or values, a product with two margins.

    >>> import pandas as pd
    >>> rules = pd.DataFrame({"product_id": ["tea", "tea"], "next_product_id": ["cup", "pot"],
    ...                       "rule_confidence": [0.5, 0.2]})
    >>> margins = pd.DataFrame({"product_id": ["cup", "pot"], "margin": [2.0, 9.0]})
    >>> owned = pd.DataFrame({"customer_id": ["a"], "product_id": ["tea"]})
    >>> next_product(owned, rules=rules, margins=margins)["next_product_id"].tolist()
    ['pot']
    """
    require_known(owned, ["customer_id", "product_id"], what="next_product")
    require_columns(rules, ["product_id", "next_product_id", "rule_confidence"], what="next_product(rules=)")
    (margin,) = require_numbers(margins, ["margin"], what="next_product(margins=)")
    require_unique(margins, "product_id", what="next_product(margins=)", code="product_not_unique")

    def text(ids):  # the price list may hold numbers where the log holds the same in text
        return ids.astype(str)

    owned = owned[["customer_id", "product_id"]].drop_duplicates()
    offers = (
        owned.assign(key=text(owned["product_id"]))
        .rename(columns={"product_id": "because_of"})
        .merge(rules[["next_product_id", "rule_confidence"]].assign(key=text(rules["product_id"])), on="key")
    )
    new, price = text(offers["next_product_id"]), pd.Series(margin, text(margins["product_id"]))
    offers["expected_margin"] = offers["rule_confidence"] * new.map(price).astype(float)
    has = pd.MultiIndex.from_arrays([owned["customer_id"], text(owned["product_id"])])
    offers = offers[~pd.MultiIndex.from_arrays([offers["customer_id"], new]).isin(has)].dropna()
    offers = offers.sort_values(
        ["customer_id", "expected_margin", "next_product_id", "because_of"],
        ascending=[True, False, True, True],
    )
    return offers.drop_duplicates("customer_id", ignore_index=True)[
        ["customer_id", "next_product_id", "because_of", "rule_confidence", "expected_margin"]
    ]


def growth_split(before: pd.DataFrame, *, after: pd.DataFrame) -> pd.DataFrame:
    """Where the change in revenue between two periods came from, to the cent.

    In: ``customer_id``, ``product_id``, ``amount`` (currency) of each period. Out, a row per ``source``, adding up to
    the change: ``new_customer`` and ``lost_customer``; of those who stayed, ``volume_growth`` (products bought in both
    periods), ``cross_selling`` (products new to the customer) and ``dropped_products``; with ``customers`` and
    ``revenue_change``. Errors: CrmkitError for missing columns or values.

    >>> import pandas as pd
    >>> first, second = (pd.DataFrame({"customer_id": ["a", "a"], "product_id": products, "amount": amounts})
    ...                  for products, amounts in ((["tea", "soap"], [50.0, 10.0]), (["tea", "cup"], [60.0, 15.0])))
    >>> growth_split(first, after=second)[["source", "revenue_change"]].query("revenue_change != 0")
                 source  revenue_change
    2     volume_growth            10.0
    3     cross_selling            15.0
    4  dropped_products           -10.0
    """
    keys = ["customer_id", "product_id"]
    amounts = {}
    for name, frame in (("then", before), ("now", after)):
        require_known(frame, keys, what="growth_split")
        (amount,) = require_numbers(frame, ["amount"], what="growth_split")
        lines = frame[keys].assign(amount=amount).reset_index(drop=True)
        amounts[name] = lines.groupby(keys)["amount"].sum()
    both = pd.concat(amounts, axis=1).reset_index()
    bought = both[["then", "now"]].notna()
    stayed = bought.groupby(both["customer_id"]).transform("any")
    sources = ["new_customer", "lost_customer", "volume_growth", "cross_selling", "dropped_products"]
    both["source"] = np.select(
        [~stayed["then"], ~stayed["now"], bought.all(axis=1), ~bought["then"]], sources[:4], sources[4]
    )
    both["revenue_change"] = both["now"].fillna(0) - both["then"].fillna(0)
    return (
        both.groupby("source")
        .agg(customers=("customer_id", "nunique"), revenue_change=("revenue_change", "sum"))
        .reindex(sources, fill_value=0)
        .reset_index()
    )
