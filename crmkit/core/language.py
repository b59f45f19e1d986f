"""The language in force, which plots, tables, explorers and messages read: zh, en or both. 当前的语言设置。

What chooses it is in ``setting``: errors speak in the language in force, so this file raises none.
"""

import locale
import os

WRITTEN = ("zh", "en")  # what texts are written in, Chinese first as in every pair
LANGUAGES = (*WRITTEN, "both")  # what a reader may choose
_chosen: str | None = None


def choose(lang: str | None) -> str | None:
    """Put a language in force (None: whatever the environment says); what was chosen before comes back."""
    global _chosen
    before, _chosen = _chosen, lang
    return before


def get_language() -> str:
    """The language in force: what ``set_language`` said, else ``CRMKIT_LANG``, else the system's."""
    if _chosen:
        return _chosen
    asked = os.environ.get("CRMKIT_LANG", "")
    return asked if asked in LANGUAGES else system_language()


def system_language() -> str:
    """``zh`` on a machine that is set to Chinese, else ``en``; LC_ALL and LANG come before the system's own answer."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "zh" if os.environ[name].lower().startswith("zh") else "en"
    name = (locale.getlocale()[0] or "").lower()
    return "zh" if name.startswith(("zh", "chinese")) else "en"


def in_language(zh: str, en: str, *, between: str = " ") -> str:
    """The Chinese text, the English one, or both with ``between`` in between, as the language setting asks.

    >>> import crmkit; crmkit.set_language("both"); in_language("客户占比", "customer share")
    '客户占比 customer share'
    """
    lang = get_language()
    if lang == "both":
        return zh if zh == en else f"{zh}{between}{en}"
    return zh if lang == "zh" else en


def minus_sign(text: str) -> str:
    """A written number with the minus sign of print (U+2212) in place of the hyphen that programs write.

    >>> minus_sign("-1,250.5")
    '−1,250.5'
    """
    return text.replace("-", "\u2212")
