"""Text on its way into a spreadsheet: what would be taken for a formula stays text."""

import re

# a formula begins so, behind whatever is not seen; in full width too, which Excel takes where it is set to Chinese.
# A number with its sign is no formula. (OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection)
_FORMULA = re.compile(r"^[\s\x00-\x1f\u200b-\u200f\ufeff]*(?:[=@＝＠]|[+\-＋－](?!\d+(?:[.,]\d+)*$))|^[\t\r]")


def csv_cell(value: object) -> object:
    """The value for a cell of a CSV file: text that a spreadsheet would take for a formula behind an apostrophe.

    Numbers, dates and what is missing come back as they are. (A workbook needs no guard where its writer keeps text as
    text.)

    >>> csv_cell("=1+1"), csv_cell("-12.50"), csv_cell(-12.5), csv_cell("－HYPERLINK(1)")
    ("'=1+1", '-12.50', -12.5, "'－HYPERLINK(1)")
    """
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value
