"""Examples of the control chart, of PDCA's cycles and of the indicator sheet."""

import numpy as np
import pandas as pd

import crmkit
from crmkit.display.numbers import percent


def kpi(shift_at=(), steps=()):
    drawn = np.random.default_rng(8).normal(0.24, 0.012, 30)
    for at, step in zip(shift_at, steps):
        drawn[at:] += step
    return pd.Series(drawn, index=pd.period_range("2022-01", periods=30, freq="M").astype(str))


def in_phases():
    chart = crmkit.control_chart(kpi((10, 20), (0.05, 0.04)), phase_starts=["2022-11", "2023-09"])
    return chart, {"kpi": "repeat_rate", "show": percent}


def with_signals():
    chart = crmkit.control_chart(kpi((14, 24, 29), (0.014, 0.02, 0.03)) * 10_000, baseline_points=14)
    return chart, {"kpi": "sales"}


def cycles():
    rng = np.random.default_rng(4)
    everybody = pd.DataFrame({"customer_id": [f"c{i}" for i in range(1200)]})
    book = crmkit.PDCA.start(rng.random(1200) < 0.22, kpi="repeat_rate", question="Why do few come back?")
    for quarter, (method, effect) in enumerate([("calls", 0.09), ("vouchers", 0.0), ("club", 0.1)]):
        starts = pd.Timestamp("2024-01-01") + pd.DateOffset(months=3 * quarter)
        book = book.plan(
            everybody,
            hypothesis="contact",
            method=method,
            target=book.now.baseline.value + 0.04,
            starts=starts,
            ends=starts + pd.DateOffset(months=3, days=-1),
            rng=rng,
        )
        treated = everybody["customer_id"].isin(book.now.treated)
        bought = rng.random(1200) < book.now.baseline.value + effect * treated
        book = book.do(done=method, cost=900).check(everybody.assign(value=bought), as_of=book.now.ends)
        book = book.act(decision=book.now.recommendation, standard=method, next_question="And then?")
    return book, {"show": percent}


def sheet():
    rng = np.random.default_rng(7)
    day = np.sort(rng.integers(0, 600, 3000))
    dates = pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")
    log = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 300 + day, 3000).astype(str),
            "date": dates,
            "amount": rng.gamma(2, 30, 3000).round(2),
        }
    )
    survey = pd.DataFrame({"date": dates[::10], "score": rng.integers(1, 6, 300)})
    return crmkit.indicators(log, as_of="2024-08-15", margin_rate=0.3, satisfaction=survey, top_score=5), {}


EXAMPLES = {
    "plot_control_chart": in_phases,
    "plot_control_chart/signals": with_signals,
    "plot_pdca": cycles,
    "plot_indicators": sheet,
}
