"""The number that decides a student's data: whole, and not negative."""

import sys
from numbers import Integral

from crmkit.core.errors import CrmkitError


def checked_seed(seed: object) -> int:
    """``seed`` itself, where it is a whole number from 0 on; CrmkitError, which says how to write it, otherwise.

    >>> checked_seed(20230101)
    20230101
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise CrmkitError("seed_not_whole", value=repr(seed))
    return int(seed)


def seed_in_notebook() -> object:
    """What the notebook's variable ``seed`` holds by now; None outside of a notebook, and where there is none."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return None if shell is None else shell.user_ns.get("seed")
