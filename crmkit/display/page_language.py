"""A figure in the one language that its page shows, where the setting is both.

Tables and sentences carry both languages and follow the page's switch; a picture cannot. So JupyterLab's extension
crmkit-lang says with each cell that it runs which language is shown, and the figures of that cell are drawn in it. Only
the picture is: the figure itself, and an answer read off it, keep both.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from crmkit.core.language import WRITTEN, get_language, in_one
from crmkit.core.setting import using

from .numbers import with_chinese_units

ASKED = "crmkitLang"  # in the metadata of a request to run a cell


def shown_language() -> str | None:
    """The single language of the page on which the running cell stands; None where both are shown or nobody says."""
    if get_language() != "both" or "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    if not hasattr(shell, "get_parent"):  # no kernel
        return None
    said = shell.get_parent().get("metadata", {}).get(ASKED)
    return said if said in WRITTEN else None


@contextmanager
def drawn_in(lang: str | None) -> Iterator[None]:
    """For a while every text that a figure draws is in this language alone; None: as it is."""
    if lang is None:
        yield
        return
    from matplotlib.text import Text

    whole = Text.get_text

    @cache
    def half(text: str) -> str:
        said = in_one(text, lang)
        return with_chinese_units(said) if lang == "zh" else said

    Text.get_text = lambda self: half(whole(self))  # type: ignore[method-assign]
    try:
        with using(lang):
            yield
    finally:
        Text.get_text = whole  # type: ignore[method-assign]
