"""Contact intensity (F9): how the response rises with contacts, levels off and turns, and how many contacts pay.

Three readings of the same table, for heavy buyers are contacted more: contacts given out at random, contacts given out
by what is recorded of the customer, and one customer's periods compared with each other.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .intervals import turning_point
from .schema import CrmkitError, require_between, require_columns, require_numbers
from .terms import has_term, message_pair, term_pair

# the logarithm of the response is linear in two functions of the contacts x: each with its derivative
_FORMS = (
    (lambda x: np.column_stack([np.log1p(x), x]), lambda x: np.column_stack([1 / (1 + x), np.ones_like(x)])),
    (lambda x: np.column_stack([x, x * x]), lambda x: np.column_stack([np.ones_like(x), 2 * x])),
)


@dataclass(frozen=True, kw_only=True)
class ContactResponse:
    """Response by contacts per customer and period, with the contacts that pay best and those that begin to annoy."""

    segments: pd.DataFrame              # a row per segment: contacts today, annoyance point and best contacts
    curve: pd.DataFrame                 # the fitted response and the profit over the contacts seen
    bins: pd.DataFrame                  # the mean response as recorded, by contacts
    notes: tuple[tuple[str, str], ...]  # what the reading assumes, and where no turn is seen; Chinese and English


def fit_contact_response(
    contacts: pd.DataFrame, *, margin_per_response: float, cost_per_contact: float, level: float = 0.95
) -> ContactResponse:
    """Fit the response to contacts that were given out at random, and find the number of contacts that pays best.

    In: a row per customer and period with ``customer_id``, ``contacts`` and ``response`` (purchases, or margin in
    currency; neither negative), and ``segment`` if the optimum is to be found for each. ``margin_per_response``:
    currency per purchase (1 where the response is margin already); ``cost_per_contact`` in currency.

    Out: ``ContactResponse``. ``segments``: ``segment``, ``customers``, ``contacts_today`` (mean), ``annoyance_point``
    (response is highest), ``annoyance_low``, ``annoyance_high``, ``best_contacts`` (profit is highest), ``best_low``,
    ``best_high``, ``profit_today`` and ``profit_at_best`` (currency per customer and period, contacts paid).
    ``curve``: ``segment``, ``contacts``, ``response``, ``response_low``, ``response_high``, ``break_even_response``,
    ``profit``. ``bins``: ``segment``, ``contacts``, ``rows``, ``response``.
    A point that the data do not show is infinite: nothing is extrapolated beyond the contacts seen.

    Model: E(response) = exp(a + f(contacts)), f = b₁·log(1+x) + b₂·x or b₁·x + b₂·x², whichever leaves less deviance,
    by Poisson quasi-likelihood, which holds for any response that is not negative (Gourieroux, Monfort & Trognon
    1984), with errors clustered by customer. Intervals invert the test that the slope is zero, of the response or of
    the profit. If contacts were NOT given at random, this is the naive reading: see ``adjusted_contact_response``.
    Errors: CrmkitError for missing columns, cells that are no numbers, a segment with fewer than three different
    numbers of contacts or no response at all.

    >>> x = np.arange(400) % 12
    >>> table = pd.DataFrame({"customer_id": range(400), "contacts": x, "response": (np.exp(np.log1p(x) - 0.2 * x)).round(2)})
    >>> found = fit_contact_response(table, margin_per_response=10, cost_per_contact=1).segments
    >>> found[["annoyance_point", "best_contacts"]].round(1).values.tolist()
    [[4.0, 3.1]]
    """
    return _respond(contacts, (), _pooled, "randomised", margin_per_response, cost_per_contact, level)


def adjusted_contact_response(
    contacts: pd.DataFrame, *, adjust_for, margin_per_response: float, cost_per_contact: float, level: float = 0.95
) -> ContactResponse:
    """The response to contacts that were given out by what is recorded of the customer: compared among equals.

    ``adjust_for``: the columns (numbers, not negative: prior purchases, prior revenue) by which contacts were given;
    each enters as itself and as its logarithm. All else as for ``fit_contact_response``; the curve is that of the mean
    customer. It is right only if nothing else decided both contacts and response: what is not recorded stays in.
    """
    return _respond(contacts, tuple(adjust_for), _pooled, "adjusted", margin_per_response, cost_per_contact, level)


def within_customer_response(
    contacts: pd.DataFrame, *, margin_per_response: float, cost_per_contact: float, level: float = 0.95
) -> ContactResponse:
    """The response from each customer's own periods with more and with fewer contacts (fixed effects).

    Several rows per customer. Whatever stays the same of a customer, recorded or not, drops out (conditional Poisson
    likelihood; Hausman, Hall & Griliches 1984); what changes from period to period, such as contacts sent because a
    purchase was under way, does not. All else as for ``fit_contact_response``.
    """
    return _respond(contacts, (), _within, "within", margin_per_response, cost_per_contact, level)


def _respond(contacts, adjust_for, estimate, reading, margin, cost, level) -> ContactResponse:
    columns = ["contacts", "response", *adjust_for]
    require_columns(contacts, ["customer_id", *columns], what="contact response")
    x, y, *recorded = require_numbers(contacts, columns, what="contact response", low=0)
    require_between(margin, 1e-12, 1e12, name="margin_per_response")
    require_between(cost, 0, 1e12, name="cost_per_contact")
    require_between(level, 0.5, 0.999, name="level")
    if contacts["customer_id"].isna().any():
        raise CrmkitError("missing_values", column="customer_id", count=int(contacts["customer_id"].isna().sum()),
                          row=int(contacts["customer_id"].isna().argmax()))
    others = np.column_stack([np.ones(len(x)), *(f for z in recorded for f in (np.log1p(z), z))])
    segment = contacts["segment"].astype(str).to_numpy() if "segment" in contacts else np.full(len(x), "all_customers")
    notes, parts = [message_pair(f"assumption_contacts_{reading}")], []
    for name in sorted(set(segment)):
        own = segment == name
        customer = pd.factorize(contacts["customer_id"][own])[0]
        if len(np.unique(x[own])) < 3 or not y[own].any() or customer.max() < 2:
            raise CrmkitError("contacts_do_not_vary", column="contacts", value=name)
        parts.append(_optimum(x[own], y[own], others[own], customer, estimate, margin, cost, level))
        zh, en = term_pair(name) if has_term(name) else (name, name)
        notes += [message_pair(f"note_{point}_not_seen", segment_zh=zh, segment_en=en, most=f"{x[own].max():g}")
                  for point in ("annoyance", "best") if parts[-1][0][f"{point}_high"] == np.inf]
        for frame in parts[-1][1:]:
            frame.insert(0, "segment", name)
    found = pd.DataFrame([part[0] for part in parts])
    found.insert(0, "segment", sorted(set(segment)))
    curve, bins = (pd.concat([part[k] for part in parts], ignore_index=True) for k in (1, 2))
    return ContactResponse(segments=found, curve=curve, bins=bins, notes=tuple(notes))


def _optimum(x, y, others, customer, estimate, margin, cost, level) -> tuple[dict, pd.DataFrame, pd.DataFrame]:
    """One segment: its row, its curve over the contacts seen, and the means as recorded."""
    from scipy.stats import norm

    (b, covariance, _), (form, slope_of) = min(
        ((estimate(x, y, others, customer, form), (form, slope)) for form, slope in _FORMS), key=lambda fit: fit[0][2])
    at = np.linspace(x.min(), x.max(), 2001)
    by = np.column_stack([np.ones_like(at), form(at)])             # d log response / d parameters
    steep = np.column_stack([np.zeros_like(at), slope_of(at)])     # d slope of log response / d parameters
    log_response, slope = by @ b, steep @ b
    response = np.exp(log_response)
    profit, to_profit = margin * response - cost * at, (margin * response)[:, None] * (steep + slope[:, None] * by)

    def error(gradient):
        return np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient))

    annoyance = turning_point(at, slope, error(steep), level=level)
    best = turning_point(at, margin * response * slope - cost, error(to_profit), level=level)
    wide = norm.ppf((1 + level) / 2) * error(by)
    row = {"customers": int(customer.max()) + 1, "contacts_today": x.mean(), "annoyance_point": annoyance.value,
           "annoyance_low": annoyance.low, "annoyance_high": annoyance.high, "best_contacts": best.value,
           "best_low": best.low, "best_high": best.high, "profit_today": margin * y.mean() - cost * x.mean(),
           "profit_at_best": np.interp(best.value, at, profit, right=np.nan)}
    thin = slice(None, None, 20)
    curve = pd.DataFrame({
        "contacts": at, "response": response, "response_low": np.exp(log_response - wide),
        "response_high": np.exp(log_response + wide), "profit": profit,
        "break_even_response": response[0] + cost / margin * (at - at[0])})[thin].reset_index(drop=True)
    raw = pd.DataFrame({"contacts": x, "response": y})
    groups = x if len(np.unique(x)) <= 20 else pd.qcut(x, 12, labels=False, duplicates="drop")
    bins = raw.groupby(groups).agg(contacts=("contacts", "mean"), rows=("response", "size"),
                                   response=("response", "mean")).reset_index(drop=True)
    return row, curve, bins


def _pooled(x, y, others, customer, form):
    """(log of the mean customer's response without contacts, b₁, b₂), their covariance, and the deviance."""
    from statsmodels.api import GLM, families

    design = np.column_stack([form(x), others])
    fit = GLM(y, design, family=families.Poisson()).fit(cov_type="cluster", cov_kwds={"groups": customer})
    base = np.exp(others @ fit.params[2:])
    level = np.concatenate([[0, 0], base @ others / base.sum()])
    to = np.vstack([level, np.eye(2, len(level))])
    return np.array([np.log(base.mean()), *fit.params[:2]]), to @ fit.cov_params() @ to.T, fit.deviance


def _within(x, y, others, customer, form):
    """As ``_pooled``, by the conditional likelihood; statsmodels has it too, but neither its Hessian nor such errors."""
    features, total = form(x), np.bincount(customer, y)
    scale = np.abs(features).max(axis=0)
    features, b = features / scale, np.zeros(2)
    for _ in range(50):
        e = np.exp(features @ b)
        share = e / np.bincount(customer, e)[customer]
        centred = features - np.column_stack([np.bincount(customer, share * f) for f in features.T])[customer]
        score = (y - total[customer] * share)[:, None] * centred
        information = (centred * (total[customer] * share)[:, None]).T @ centred
        if np.linalg.cond(information) > 1e10:  # nobody was contacted more in one period than in another
            raise CrmkitError("contacts_do_not_vary", column="contacts", value="within_customer_response")
        step = np.linalg.solve(information, score.sum(axis=0))
        b = b + step
        if np.abs(step).max() < 1e-10:
            break
    on_b = np.linalg.solve(information, score.T).T
    on_level = (y - y.sum() / e.sum() * e) / y.sum() - on_b @ (e @ features / e.sum())
    influence = np.column_stack([np.bincount(customer, part) for part in (on_level, *on_b.T)])
    shrink = np.array([1, *(1 / scale)])
    return (np.array([np.log(y.sum() / e.sum()), *b]) * shrink, influence.T @ influence * np.outer(shrink, shrink),
            -2 * (y @ np.log(share)))
