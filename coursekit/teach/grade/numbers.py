"""How much a number says of where it comes from."""

ALL_DIGITS = 9  # to so many, numbers that are the same are the same
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
