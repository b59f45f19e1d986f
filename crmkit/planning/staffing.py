"""Staffing the contact centre of a busy day (F28): how long customers wait, and how many agents that takes."""

import numpy as np
import pandas as pd

from crmkit.core.schema import require_between, require_numbers

# 80 in 100 within 20 seconds: what contact centres commonly promise
TARGET, WITHIN_SECONDS = 0.8, 20.0

_MOST_CONTACTS, _LONGEST = 1e6, 600.0  # contacts an hour; minutes
_LOAD = {"contacts_per_hour": (1e-6, _MOST_CONTACTS), "handling_minutes": (1e-3, _LONGEST)}


def waiting_times(hours: pd.DataFrame, *, within_seconds: float = WITHIN_SECONDS) -> pd.DataFrame:
    """How long customers wait for one of so many agents, by Erlang's C formula (F28).

    In, a row per hour or any other stretch of even load: ``contacts_per_hour`` (calls, or chats), ``handling_minutes``
    (mean, with the notes written afterwards) and ``agents`` on duty, who take one customer at a time.
    Assumed (Erlang 1917): customers come independently of each other, handling times are exponential, nobody hangs up,
    and the hour is long against a handling time.

    Out: the table with ``offered_load`` (erlangs: agents who would be busy without a pause), ``occupancy`` (share of
    their time that agents are busy), ``wait_probability``, ``answered_in_time`` (share of customers answered
    ``within_seconds``) and ``mean_wait_seconds``, of all customers. Agents who are no more than the load never catch
    up: occupancy 1, everybody waits, the mean is infinite. Errors: CrmkitError for a number out of its range.

    >>> import pandas as pd
    >>> hour = pd.DataFrame({"contacts_per_hour": [200], "handling_minutes": 3.0, "agents": 14})
    >>> waiting_times(hour)[["offered_load", "wait_probability", "answered_in_time"]].round(3).values.tolist()
    [[10.0, 0.174, 0.888]]
    """
    limits = {**_LOAD, "agents": (1, _MOST_CONTACTS)}
    contacts, minutes, agents = require_numbers(hours, limits, what="waiting_times")
    require_between(within_seconds, 0, 3600, name="within_seconds")
    load = contacts * minutes / 60
    probability = _wait_probability(load, agents)
    keeps_up = agents > load
    spare = np.where(keeps_up, agents - load, 1.0)
    answered = 1 - probability * np.exp(-spare * within_seconds / (60 * minutes))
    mean_wait = probability * 60 * minutes / spare
    return hours.assign(
        offered_load=load,
        occupancy=np.where(keeps_up, load / agents, 1.0),
        wait_probability=probability,
        answered_in_time=np.where(keeps_up, answered, 0.0),
        mean_wait_seconds=np.where(keeps_up, mean_wait, np.inf),
    )


def required_agents(
    hours: pd.DataFrame, *, target: float = TARGET, within_seconds: float = WITHIN_SECONDS
) -> pd.DataFrame:
    """The fewest agents with whom a share ``target`` of customers is answered ``within_seconds`` (F28).

    In: as for ``waiting_times``, without ``agents``. Out: the table with ``agents`` and the columns of
    ``waiting_times``. Errors: CrmkitError for a number out of its range, a ``target`` outside 0.01 … 0.9999.

    >>> import pandas as pd
    >>> day = pd.DataFrame({"contacts_per_hour": [60, 600], "handling_minutes": 4.0})
    >>> required_agents(day)["agents"].tolist()
    [7, 46]
    """
    contacts, minutes = require_numbers(hours, _LOAD, what="required_agents")
    require_between(target, 0.01, 0.9999, name="target")
    require_between(within_seconds, 0, 3600, name="within_seconds")
    fewest = []
    for per_hour, each in zip(contacts, minutes):
        load = per_hour * each / 60
        first = int(np.floor(load)) + 1
        # the share who wait falls faster than that of a normal distribution so many deviations out
        agents = np.arange(first, first + 20 + int(6 * np.sqrt(load)))
        tried = pd.DataFrame({"contacts_per_hour": per_hour, "handling_minutes": each, "agents": agents})
        reached = waiting_times(tried, within_seconds=within_seconds)["answered_in_time"] >= target
        fewest.append(int(agents[reached.to_numpy().argmax()]))
    return waiting_times(hours.assign(agents=fewest), within_seconds=within_seconds)


def _wait_probability(load: np.ndarray, agents: np.ndarray) -> np.ndarray:
    """Erlang C from Erlang B, the share that would be lost if nobody could wait."""
    from scipy.stats import poisson

    lost = poisson.pmf(agents, load) / poisson.cdf(agents, load)
    occupancy = np.minimum(load / agents, 1.0)
    return np.where(agents > load, lost / (1 - occupancy * (1 - lost)), 1.0)
