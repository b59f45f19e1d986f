"""How much a number says of where it comes from."""

import math
from fractions import Fraction

ALL_DIGITS = 9  # to so many, numbers that are the same are the same
LARGEST_PART = 100  # of a fraction that anybody may type who has given up: 1/3, 0.66667, 14.286 %
MANY_DIGITS = 7  # of a number that nobody has rounded for reading


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def rounded(number: float, digits: int) -> str:
    return f"{number:.{digits}g}"


def digits_of(number: float) -> int:
    """Significant digits.

    >>> digits_of(0.4120), digits_of(-1200)
    (3, 2)
    """
    mantissa = f"{number:.12e}".split("e")[0]
    return len(mantissa.replace(".", "").lstrip("-").rstrip("0"))


def anybody_may_type(value: float) -> bool:
    """Whether anybody may type a number: a fraction of small whole numbers, also as a percentage, or a well-known one.

    >>> anybody_may_type(1 / 3), anybody_may_type(-0.66667), anybody_may_type(3.14159), anybody_may_type(404.515)
    (True, True, True, False)
    """
    if not math.isfinite(value):
        return True
    digits = min(digits_of(value), ALL_DIGITS)
    written = rounded(abs(value), digits)
    candidates = [math.pi, math.tau, math.e]
    for share in (abs(value), abs(value) / 100):
        nearest = Fraction(share).limit_denominator(LARGEST_PART)
        if nearest.numerator <= LARGEST_PART:
            candidates.append(float(nearest) * (1 if share == abs(value) else 100))
    return any(rounded(one, digits) == written for one in candidates)
