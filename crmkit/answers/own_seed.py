"""The number that decides a student's data: whole, and not negative."""

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
