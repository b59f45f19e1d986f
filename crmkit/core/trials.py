"""One form of a trial for all chapters: a row per customer with ``group``, treated or control, drawn by chance."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from .errors import CrmkitError
from .schema import (
    refuse_rows,
    require_choice,
    require_columns,
    require_known,
    require_numbers,
    require_unique,
)

GROUPS = ("treated", "control")


def trial_frame(
    customers: pd.DataFrame, *, treated: Collection | None = None, control: Collection | None = None
) -> pd.DataFrame:
    """The customers with their ``group`` in a trial, from the lists of those treated, those held out, or both.

    In: ``customer_id``, and whatever was measured; ``treated`` and ``control``: customer_ids. Of one list given,
    everybody else is the other group; of two, whoever is in neither is left out. Out: the rows with ``group``, treated
    or control: what ``uplift``, ``offer_effect``, ``keeping_pays`` and ``loyalty_programme`` take.
    Errors: CrmkitError for a customer twice, in both lists, or in a list and not among the customers, for no list.

    >>> people = pd.DataFrame({"customer_id": list("abcd"), "outcome": [3, 1, 0, 2]})
    >>> trial_frame(people, control=["b", "c"])["group"].tolist()
    ['treated', 'control', 'control', 'treated']
    """
    require_unique(customers, what="trial_frame")
    if treated is None and control is None:
        raise CrmkitError("trial_without_groups")
    known = customers["customer_id"]
    treated = None if treated is None else list(treated)
    control = None if control is None else list(control)
    for name, listed in (("treated", treated), ("control", control)):
        missing = pd.Index(listed or []).difference(pd.Index(known))
        if len(missing):
            raise CrmkitError("trial_unknown_customer", column="customer_id", value=missing[0], name=name)
    is_treated = ~known.isin(control or []) if treated is None else known.isin(treated)
    is_control = ~is_treated if control is None else known.isin(control)
    refuse_rows((is_treated & is_control).to_numpy(), "trial_in_both_groups", known)
    trial = customers.assign(group=np.where(is_treated, *GROUPS))
    return trial[(is_treated | is_control).to_numpy()]


def trial_from_counts(counts: pd.DataFrame, *, outcome: str) -> pd.DataFrame:
    """A trial that was written down as counts, a row per customer again.

    In: a row per ``segment`` (one row needs none) with ``customers_treated`` and ``customers_control``, and how many of
    each had the outcome: of ``outcome="kept"``, ``kept_treated`` and ``kept_control``. Out: ``segment`` where it was
    given, ``group``, and the outcome, 0 or 1. Errors: CrmkitError for fractions, and more with it than there were.

    >>> counted = pd.DataFrame({"customers_treated": [3], "kept_treated": [2]})
    >>> counted = counted.assign(customers_control=2, kept_control=1)
    >>> trial_from_counts(counted, outcome="kept").groupby("group")["kept"].agg(["size", "sum"]).values.tolist()
    [[2, 1], [3, 2]]
    """
    sizes = [f"customers_{group}" for group in GROUPS]
    hits = [f"{outcome}_{group}" for group in GROUPS]
    of = require_numbers(counts, sizes, low=1, whole=True, what="trial_from_counts")
    had = require_numbers(counts, hits, low=0, whole=True, what="trial_from_counts")
    for many, group_size, column in zip(had, of, hits):
        refuse_rows(many > group_size, "more_than_customers", counts[column], of=sizes[hits.index(column)])
    parts = []
    for group, many, group_size in zip(GROUPS, had, of):
        for value, repeats in ((1, many), (0, group_size - many)):
            rows = np.repeat(np.arange(len(counts)), repeats.astype(int))
            parts.append(pd.DataFrame({"row": rows, "group": group, outcome: value}))
    trial = pd.concat(parts).sort_values("row", kind="stable", ignore_index=True)
    row = trial.pop("row").to_numpy()
    if "segment" in counts:
        trial.insert(0, "segment", counts["segment"].to_numpy()[row])
    elif len(counts) > 1:
        require_columns(counts, ["segment"], what="trial_from_counts")
    return trial


def is_treated(trial: pd.DataFrame, *, what: str) -> np.ndarray:
    """Who was treated; refuses a frame without ``group``, and any other group than treated and control."""
    require_known(trial, ["group"], what=what)
    for group in trial["group"].unique():
        require_choice(group, GROUPS, name="group")
    return (trial["group"] == "treated").to_numpy()
