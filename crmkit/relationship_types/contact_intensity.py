"""Contact intensity (F9): how the response rises with contacts, levels off and turns, and how many contacts pay.

Three readings of the same table, for heavy buyers are contacted more: contacts given out at random, contacts given out
by what is recorded of the customer, and one customer's periods compared with each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.glossary import named
from crmkit.core.intervals import turning_point
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_between, require_columns, require_frame, require_known, require_numbers


def _shape(x) -> np.ndarray:
    """The logarithm of the response is linear in these: steep at first, and free to turn early, late or not at all."""
    return np.column_stack([np.log1p(x), x, x * x])


@dataclass(frozen=True, kw_only=True)
class ContactResponse(NearestName):
    """Response by contacts per customer and period, with the contacts that pay best and those that begin to annoy."""

    segments: pd.DataFrame  # a row per segment: contacts today, annoyance point and best contacts
    curve: pd.DataFrame  # the fitted response and the profit over the contacts seen
    bins: pd.DataFrame  # the mean response by contacts, as recorded and among like customers
    confidence: float  # of the intervals, such as 0.95
    notes: tuple[
        tuple[str, str], ...
    ]  # what the reading assumes, and where no turn is seen; Chinese and English


def fit_contact_response(
    contacts: pd.DataFrame, *, margin_per_response: float, cost_per_contact: float, confidence: float = 0.95
) -> ContactResponse:
    """Fit the response to contacts that were given out at random, and find the number of contacts that pays best.

    In: a row per customer and period with ``customer_id``, ``contacts`` and ``response`` (purchases, or margin in
    currency; neither negative), and ``segment`` if the optimum is to be found for each. ``margin_per_response``:
    currency per purchase (1 where the response is margin already); ``cost_per_contact`` in currency.

    Out: ``ContactResponse``. ``segments``: ``segment``, ``customers``, ``contacts_today`` (mean), ``annoyance_point``
    (response is highest), ``annoyance_point_low``, ``annoyance_point_high``, ``best_contacts`` (profit is highest),
    ``best_contacts_low``, ``best_contacts_high``, ``profit_today`` and ``profit_at_best`` (currency per customer and
    period, contacts paid).
    ``curve``: ``segment``, ``contacts``, ``response``, ``response_low``, ``response_high``, ``break_even_response``,
    ``profit``. ``bins``: ``segment``, ``contacts``, ``rows``, ``response`` as recorded, and ``adjusted_response``: what
    it would be had these rows been those of the mean customer; the curve follows this one.
    A point that the data do not show is infinite: nothing is extrapolated beyond the contacts seen.

    Model: E(response) = exp(a + b₁·log(1+x) + b₂·x + b₃·x²) of x contacts, by Poisson quasi-likelihood, which holds for
    any response that is not negative (Gourieroux, Monfort & Trognon 1984), with errors clustered by customer. It nests
    both x^b·e^(−cx) and the parabola: choosing between those two on the data left the annoyance point's intervals too
    narrow (88 of 100 held the truth, for a nominal 95). Intervals invert the test that the slope is zero, of the
    response or of the profit; 92 to 97 of 100 held the truth (tests/relationship_types/test_contact_intensity.py). A
    sharp turn is rounded off, and comes out too early.
    If contacts were NOT given at random, this is the naive reading: see ``adjusted_contact_response``.
    Errors: CrmkitError for missing columns, cells that are no numbers, a segment with fewer than four different
    numbers of contacts or no response at all.

    >>> x = np.arange(400) % 12
    >>> margin = np.round((1 + x) * np.exp(-0.2 * x), 2)
    >>> table = pd.DataFrame({"customer_id": range(400), "contacts": x, "response": margin})
    >>> found = fit_contact_response(table, margin_per_response=10, cost_per_contact=1).segments
    >>> found[["annoyance_point", "best_contacts"]].round(1).values.tolist()
    [[4.0, 3.1]]
    """
    require_frame(contacts, what="fit_contact_response")
    return _respond(contacts, (), "randomised", margin_per_response, cost_per_contact, confidence)


def adjusted_contact_response(
    contacts: pd.DataFrame,
    *,
    adjust_for: Sequence[str],
    margin_per_response: float,
    cost_per_contact: float,
    confidence: float = 0.95,
) -> ContactResponse:
    """The response to contacts that were given out by what is recorded of the customer: compared among equals.

    ``adjust_for``: the columns (numbers, not negative: prior purchases, prior revenue) by which contacts were given;
    each enters as itself and as its logarithm. All else as for ``fit_contact_response``; the curve is that of the mean
    customer. It is right only if nothing else decided both contacts and response: what is not recorded stays in.

    >>> prior = np.arange(600) % 3 * 4.0  # the more bought before, the more contacts
    >>> x = np.arange(600) % 7 + prior
    >>> margin = np.round((1 + prior) * (1 + x) * np.exp(-0.2 * x), 2)
    >>> table = pd.DataFrame({"customer_id": range(600), "contacts": x, "response": margin, "prior": prior})
    >>> money = {"margin_per_response": 10, "cost_per_contact": 1}
    >>> naive = fit_contact_response(table, **money).segments["annoyance_point"].item()
    >>> found = adjusted_contact_response(table, adjust_for=["prior"], **money).segments["annoyance_point"].item()
    >>> naive > 6, 3 < found < 5
    (True, True)
    """
    require_columns(contacts, adjust_for, what="adjusted_contact_response")
    return _respond(
        contacts, tuple(adjust_for), "adjusted", margin_per_response, cost_per_contact, confidence
    )


def within_customer_response(
    contacts: pd.DataFrame, *, margin_per_response: float, cost_per_contact: float, confidence: float = 0.95
) -> ContactResponse:
    """The response from each customer's own periods with more and with fewer contacts.

    Several rows per customer. The means of the customer's own contacts (and of their logarithm and square) stand for
    whatever stays the same of a customer, recorded or not (Mundlak 1978); what changes from period to period, such as
    contacts sent because a purchase was near, stays in. All else as for ``fit_contact_response``.

    >>> habit = np.repeat(np.arange(200) % 3 * 4.0, 3)  # of 200 customers in 3 periods each; not recorded
    >>> x = habit + np.tile([0.0, 2.0, 5.0], 200) + np.repeat(np.arange(200) % 2, 3)
    >>> margin = np.round((1 + habit) * (1 + x) * np.exp(-0.2 * x), 2)
    >>> table = pd.DataFrame({"customer_id": np.repeat(range(200), 3), "contacts": x, "response": margin})
    >>> found = within_customer_response(table, margin_per_response=10, cost_per_contact=1).segments
    >>> bool(3 < found["annoyance_point"].item() < 6)
    True
    """
    require_frame(contacts, what="within_customer_response")
    return _respond(contacts, (), "within", margin_per_response, cost_per_contact, confidence)


def _respond(contacts, adjust_for, reading, margin, cost, confidence) -> ContactResponse:
    from scipy.linalg import orth

    labels = [
        column for column in ("customer_id", "segment") if column in contacts or column == "customer_id"
    ]
    require_known(contacts, labels, what="contact response")
    y, *recorded = require_numbers(
        contacts, ["response", *adjust_for], what="contact response", low=0, high=1e12
    )
    (x,) = require_numbers(contacts, ["contacts"], what="contact response", low=0, high=10_000)
    require_between(margin, 1e-12, 1e12, name="margin_per_response")
    require_between(cost, 0, 1e12, name="cost_per_contact")
    customer = pd.factorize(contacts["customer_id"])[0]
    alike = [f for z in recorded for f in (np.log1p(z), z)]
    if reading == "within":
        alike = [pd.Series(f).groupby(customer).transform("mean") for f in _shape(x).T]
    segment = (
        contacts["segment"].astype(str).to_numpy()
        if "segment" in contacts
        else np.full(len(x), "all_customers")
    )
    notes, parts = [MESSAGES.pair(f"assumption_contacts_{reading}")], []
    for name in sorted(set(segment)):
        own = segment == name
        others = np.column_stack([np.ones(len(x)), *alike])[own]
        others = orth(
            others / np.maximum(np.linalg.norm(others, axis=0), 1e-300)
        )  # what repeats a column falls out
        design = np.column_stack([_shape(x[own]), others])
        seen = np.linalg.matrix_rank(design / np.maximum(np.linalg.norm(design, axis=0), 1e-300))
        if seen < design.shape[1] or not y[own].any() or len(set(customer[own])) < 3:
            raise CrmkitError("contacts_do_not_vary", column="contacts", value=name)
        tables = _optimum(x[own], y[own], design, customer[own], margin, cost, confidence)
        parts.append([table.assign(segment=name) for table in tables])
        notes += [
            MESSAGES.pair(f"note_{point}_not_seen", segment=named(name), most=f"{x[own].max():g}")
            for point, column in (("annoyance", "annoyance_point_high"), ("best", "best_contacts_high"))
            if tables[0][column].item() == np.inf
        ]
    segments, curve, bins = (pd.concat(tables, ignore_index=True) for tables in zip(*parts))
    first = ["segment", *segments.columns.drop("segment")]
    return ContactResponse(
        segments=segments[first], curve=curve, bins=bins, confidence=confidence, notes=tuple(notes)
    )


def _optimum(
    x, y, design, customer, margin, cost, confidence
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """One segment: its row, its curve over the contacts seen, and the means as recorded."""
    from scipy.stats import norm
    from statsmodels.api import GLM, families

    others = design[:, 3:]
    try:
        fit = GLM(y, design, family=families.Poisson()).fit(cov_type="cluster", cov_kwds={"groups": customer})
    except ValueError as error:  # one row beside which all others are nothing
        raise CrmkitError(
            "response_cannot_be_fitted", column="response", value=y.max(), mean=np.median(y)
        ) from error
    base = np.exp(
        others @ fit.params[3:]
    )  # the curve is that of the mean customer: its level and that one's gradient
    at = np.linspace(x.min(), x.max(), 2001)
    by = np.column_stack([_shape(at), np.tile(base @ others / base.sum(), (len(at), 1))])
    response = base.mean() * np.exp(_shape(at) @ fit.params[:3])
    profit = margin * response - cost * at

    def error_of(gradient):
        return np.sqrt(np.einsum("ij,jk,ik->i", gradient, fit.cov_params(), gradient))

    annoyance, best = (
        turning_point(
            at,
            np.gradient(height, at),
            error_of(np.gradient(by_parameters, at, axis=0)),
            confidence=confidence,
        )
        for height, by_parameters in ((np.log(response), by), (profit, margin * response[:, None] * by))
    )
    wide = np.exp(norm.ppf((1 + confidence) / 2) * error_of(by))
    row = pd.DataFrame(
        [
            {
                "customers": len(set(customer)),
                "contacts_today": x.mean(),
                "annoyance_point": annoyance.value,
                "annoyance_point_low": annoyance.low,
                "annoyance_point_high": annoyance.high,
                "best_contacts": best.value,
                "best_contacts_low": best.low,
                "best_contacts_high": best.high,
                "profit_today": margin * y.mean() - cost * x.mean(),
                "profit_at_best": np.interp(best.value, at, profit, right=np.nan),
            }
        ]
    )
    curve = pd.DataFrame(
        {
            "contacts": at,
            "response": response,
            "response_low": response / wide,
            "response_high": response * wide,
            "profit": profit,
            "break_even_response": response[0] + cost / margin * (at - at[0]),
        }
    )[::20]
    raw = pd.DataFrame({"contacts": x, "response": y, "rows": 1, "base": base})
    groups = raw.groupby(x if len(np.unique(x)) <= 20 else pd.qcut(x, 12, labels=False, duplicates="drop"))
    bins = groups.agg({"contacts": "mean", "rows": "size", "response": "mean", "base": "mean"})
    return row, curve, bins.assign(adjusted_response=bins["response"] / bins.pop("base") * base.mean())
