"""The language in force, which plots, tables, explorers and messages read: zh, en or both. 当前的语言设置。

What chooses it is in ``setting``: errors speak in the language in force, so this file raises none.
"""

import locale
import os

WRITTEN = ("zh", "en")  # what texts are written in, Chinese first as in every pair
LANGUAGES = (*WRITTEN, "both")  # what a reader may choose
_MOST_JOINED = 5_000
_chosen: str | None = None
_joined: dict[str, tuple[str, str]] = {}  # what was said in both languages → in each; the latest ones


def written_in(lang: str) -> tuple[str, ...]:
    """The languages of an edition: of ``both`` each of them."""
    return WRITTEN if lang == "both" else (lang,)


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
        return zh if zh == en else _both(zh, en, between)
    return zh if lang == "zh" else en


def _both(zh: str, en: str, between: str) -> str:
    joined = f"{zh}{between}{en}"
    _joined.pop(joined, None)
    _joined[joined] = (zh, en)
    if len(_joined) > _MOST_JOINED:
        del _joined[next(iter(_joined))]
    return joined


def in_one(text: str, lang: str) -> str:
    """A text with whatever ``in_language`` has said in both languages in it said in one, zh or en.

    >>> import crmkit; crmkit.set_language("both"); in_one(in_language("客户占比", "customer share") + " 16%", "en")
    'customer share 16%'
    """
    place = WRITTEN.index(lang)
    if text in _joined:
        return _joined[text][place]
    if text.isascii():  # a number, say
        return text
    for joined in sorted((known for known in _joined if known in text), key=len, reverse=True):
        text = text.replace(joined, _joined[joined][place])
    return text


def minus_sign(text: str) -> str:
    """A written number with the minus sign of print (U+2212) in place of the hyphen that programs write.

    >>> minus_sign("-1,250.5")
    '−1,250.5'
    """
    return text.replace("-", "\u2212")
