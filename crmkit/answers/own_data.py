"""What a notebook's names hold now, against what its exercise made:
a line copied from a lesson may have changed them.
"""

import sys
from numbers import Real

from crmkit.core.catalogue import Pair
from crmkit.core.messages import MESSAGES, listed


def changed_since(seed: int) -> Pair | None:
    """What to say where the notebook's names no longer hold the data of ``seed``; None where they do,
    or outside of one.

    An exercise keeps its data in the dict ``mine`` and gives them names of their own.
    """
    names = _names_of_the_notebook()
    now = names.get("seed", seed)
    if now is not seed and repr(now) != repr(seed):
        return MESSAGES.pair("answer_other_seed", now=repr(now)[:40], seed=seed)
    mine = names.get("mine")
    made = mine if isinstance(mine, dict) else {}
    lost = [name for name, value in made.items() if name in names and _is_another(names[name], value)]
    return MESSAGES.pair("answer_not_own_data", names=listed(lost)) if lost else None


def _names_of_the_notebook() -> dict:
    if "IPython" not in sys.modules:
        return {}
    from IPython import get_ipython

    shell = get_ipython()
    return {} if shell is None else shell.user_ns


def _is_another(now, made) -> bool:
    if isinstance(made, (Real, str)) and isinstance(now, (Real, str)):
        return now is not made and now != made
    columns = list(getattr(made, "columns", []))
    if columns and set(columns) <= set(getattr(now, "columns", [])):  # further columns may be a student's own
        return not now[columns].equals(made)
    return now is not made
