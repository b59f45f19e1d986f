"""Choosing the one language of everything that is shown, for a while; for good: ``crmkit.set_language``."""

from collections.abc import Iterator
from contextlib import contextmanager

from . import language
from .errors import CrmkitError
from .language import LANGUAGES


def require_language(lang: str) -> None:
    """Raise CrmkitError unless there is such a language setting."""
    if lang not in LANGUAGES:
        raise CrmkitError("unknown_language", value=lang, allowed=", ".join(LANGUAGES))


@contextmanager
def using(lang: str | None) -> Iterator[None]:
    """The language ``lang`` for a while, then again what it was; None: what the environment says.

    >>> with using("zh"):
    ...     with using("en"):
    ...         language.get_language()
    ...     language.get_language()
    'en'
    'zh'
    """
    if lang is not None:
        require_language(lang)
    before = language.choose(lang)
    try:
        yield
    finally:
        language.choose(before)
