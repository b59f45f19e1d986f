"""Choosing the one language of everything that is shown: for good, or for a while. 选择语言。"""

from collections.abc import Iterator
from contextlib import contextmanager

from . import language
from .errors import CrmkitError
from .language import LANGUAGES


def set_language(lang: str) -> None:
    """Show everything in Chinese (``"zh"``), in English (``"en"``) or in both (``"both"``).

    >>> set_language("zh"); language.get_language()
    'zh'
    """
    if lang not in LANGUAGES:
        raise CrmkitError("unknown_language", value=lang, allowed=", ".join(LANGUAGES))
    language.choose(lang)


@contextmanager
def using(lang: str | None) -> Iterator[None]:
    """The language ``lang`` for a while, then again what it was; None: what the environment says.

    >>> set_language("zh")
    >>> with using("en"):
    ...     language.get_language()
    'en'
    >>> language.get_language()
    'zh'
    """
    if lang is not None and lang not in LANGUAGES:
        raise CrmkitError("unknown_language", value=lang, allowed=", ".join(LANGUAGES))
    before = language.choose(lang)
    try:
        yield
    finally:
        language.choose(before)
