"""How much a number says of where it comes from."""

from fractions import Fraction

ALL_DIGITS = 9  # to so many, numbers that are the same are the same
LARGEST_DENOMINATOR = 12  # of a fraction that anybody may type who has given up
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


def is_simple_fraction(number: float) -> bool:
    """Whether a number, or a hundredth of it, is a fraction of small whole numbers: many people hit upon 1/3.

    >>> is_simple_fraction(0.333333333333), is_simple_fraction(66.6666666667), is_simple_fraction(0.3334)
    (True, True, False)
    """
    for one in (number, number / 100):
        near = float(Fraction(one).limit_denominator(LARGEST_DENOMINATOR))
        if rounded(near, ALL_DIGITS) == rounded(one, ALL_DIGITS):
            return True
    return False
