"""How a number is written, in the language in force."""

from crmkit.core.language import get_language


def percent(share: float, digits: int = 1) -> str:
    """
    >>> percent(0.1234), percent(-0.05)
    ('12.3%', '−5.0%')
    """
    return f"{share:.{digits}%}".replace("-", "−")


def number(value: float, lang: str | None = None, *, exact: bool = False) -> str:
    """A short number: 1.2万 in Chinese, 12k in English and where both are shown.

    ``exact``: with as many digits as it takes, up to six, for what stands at a place of its own, as a tick does.

    >>> import crmkit; crmkit.set_language("zh"); number(12345), number(250_000_000)
    ('1.2万', '2.5亿')
    >>> crmkit.set_language("en"); number(12345), number(-1_500_000), number(999)
    ('12.3k', '−1.5M', '999')
    >>> number(1_250_000), number(1_250_000, exact=True), number(0.25, exact=True)
    ('1.2M', '1.25M', '0.25')
    """
    units = (
        ((1e8, "亿"), (1e4, "万"))
        if (lang or get_language()) == "zh"
        else ((1e9, "B"), (1e6, "M"), (1e3, "k"))
    )
    size, unit = next(((s, u) for s, u in units if abs(value) >= s), (1, ""))
    digits = 1 if abs(value) < 100 * size and (unit or abs(value) < 10) else 0
    if exact:
        digits = next((d for d in range(digits, 6) if abs(round(value / size, d) - value / size) < 1e-7), 6)
    return (f"{value / size:,.{digits}f}".removesuffix(".0") + unit).replace("-", "−")
