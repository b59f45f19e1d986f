"""The contact centre: Erlang's C formula against published examples and tables,
and against queues that are played out.
"""

import heapq

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit import CrmkitError, required_agents, waiting_times


def hours(contacts_per_hour, handling_minutes, **more):
    return pd.DataFrame(
        {
            "contacts_per_hour": np.atleast_1d(contacts_per_hour),
            "handling_minutes": handling_minutes,
            **more,
        }
    )


def test_waiting_agrees_with_pyworkforces_published_example():
    """Its README: 100 calls in 30 minutes of 3 minutes each, 80 % within 20 seconds, before shrinkage."""
    found = required_agents(hours(200, 3.0)).iloc[0]
    assert found["agents"] == 14
    assert found["answered_in_time"] == pytest.approx(0.8883500191794669, rel=1e-12)
    assert found["occupancy"] == pytest.approx(0.7142857142857143, rel=1e-12)
    assert found["wait_probability"] == pytest.approx(0.1741319335950498, rel=1e-12)


def test_waiting_agrees_with_tanners_published_example():
    """Tanner, The Call Centre Primer: 360 calls in half an hour, 240 seconds, 55 agents, 15 seconds."""
    found = waiting_times(hours(720, 4.0, agents=55), within_seconds=15).iloc[0]
    assert found["offered_load"] == 48
    assert found[["wait_probability", "answered_in_time"]].astype(float).round(3).tolist() == [0.239, 0.846]
    assert round(found["mean_wait_seconds"], 1) == 8.2


@pytest.mark.parametrize("load", [0.1, 0.5, 0.95])
def test_one_and_two_agents_agree_with_their_closed_forms(load):
    one = waiting_times(hours(load * 20, 3.0, agents=1)).iloc[0]
    two = waiting_times(hours(load * 40, 3.0, agents=2)).iloc[0]
    assert one["wait_probability"] == pytest.approx(load)
    assert two["wait_probability"] == pytest.approx(2 * load**2 / (1 + load))


def test_the_loss_formula_inside_agrees_with_the_published_traffic_table_at_1_percent():
    """Erlang B at a blocking of 0.01: circuits and the erlangs that they carry, as every traffic table has them."""
    circuits = np.array([5, 10, 20, 30, 50, 100])
    erlangs = np.array([1.361, 4.461, 12.03, 20.34, 37.90, 84.06])
    found = waiting_times(hours(erlangs * 60, 1.0, agents=circuits))
    wait, busy = found["wait_probability"], found["occupancy"]
    lost = wait * (1 - busy) / (1 - busy * wait)
    np.testing.assert_allclose(lost, 0.01, rtol=0.005)


def played_out(rng, *, contacts_per_hour, handling_minutes, agents, customers):
    """Seconds that each customer waits where agents take them in the order in which they come."""
    comes = rng.exponential(3600 / contacts_per_hour, customers).cumsum()
    takes = rng.exponential(60 * handling_minutes, customers)
    free_at = [0.0] * agents
    waits = np.empty(customers)
    for i, (arrival, handling) in enumerate(zip(comes, takes)):
        begins = max(arrival, heapq.heappop(free_at))
        waits[i] = begins - arrival
        heapq.heappush(free_at, begins + handling)
    return waits[customers // 20 :]


@pytest.mark.simulated
@pytest.mark.parametrize(("contacts", "minutes", "agents"), [(60, 4.0, 6), (600, 5.0, 54)])
def test_waiting_agrees_with_a_queue_that_is_played_out(contacts, minutes, agents):
    shares, means = [], []
    for seed in range(8):
        waits = played_out(
            np.random.default_rng(seed),
            contacts_per_hour=contacts,
            handling_minutes=minutes,
            agents=agents,
            customers=40_000,
        )
        shares.append([(waits > 0).mean(), (waits <= 20).mean()])
        means.append(waits.mean())
    found = waiting_times(hours(contacts, minutes, agents=agents)).iloc[0]
    for name, seen in (
        ("wait_probability", np.array(shares)[:, 0]),
        ("answered_in_time", np.array(shares)[:, 1]),
        ("mean_wait_seconds", np.array(means)),
    ):
        error = seen.std(ddof=1) / len(seen) ** 0.5
        assert abs(seen.mean() - found[name]) < 4 * error + 1e-3 * found[name], name


def test_the_agents_are_the_fewest_that_reach_the_level():
    rng = np.random.default_rng(3)
    day = hours(rng.uniform(0.5, 3000, 200), rng.uniform(0.5, 12, 200))
    for level, seconds in ((0.8, 20), (0.95, 0), (0.9999, 60)):
        enough = required_agents(day, target=level, within_seconds=seconds)
        assert (enough["answered_in_time"] >= level).all()
        fewer = enough[enough["agents"] > 1].assign(agents=lambda found: found["agents"] - 1)
        assert (waiting_times(fewer, within_seconds=seconds)["answered_in_time"] < level).all()


def test_ten_times_the_load_takes_less_than_ten_times_the_agents_and_two_halves_more_than_one_whole():
    usual, busy, half = required_agents(hours([60, 600, 300], 4.0))["agents"]
    assert busy < 10 * usual
    assert 2 * half > busy


def test_agents_no_more_than_the_load_never_catch_up():
    found = waiting_times(hours([60, 61], 4.0, agents=4))
    assert found["answered_in_time"].tolist() == [0, 0]
    assert np.isinf(found["mean_wait_seconds"]).all() and (found["occupancy"] == 1).all()


@pytest.mark.parametrize(
    "wrong", [{"contacts_per_hour": 0}, {"handling_minutes": -1.0}, {"agents": 0}, {"agents": np.nan}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(CrmkitError):
        waiting_times(hours(60, 4.0, agents=5).assign(**wrong))


@pytest.mark.parametrize("level", [0, 1.0])
def test_a_level_that_cannot_be_promised_is_refused(level):
    with pytest.raises(CrmkitError):
        required_agents(hours(60, 4.0), target=level)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_curve_marks_the_fewest_agents(lang):
    crmkit.set_language(lang)
    table = hours([60, 600], 4.0).assign(hour=["usual_hour", "busiest_hour"])
    ax = crmkit.plots.plot_staffing(table)
    assert len(ax.lines) >= 3
    marked = {round(float(x)) for line in ax.lines for x in line.get_xdata() if line.get_marker() == "o"}
    assert marked == set(required_agents(table)["agents"])
