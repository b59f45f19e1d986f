"""Choosing the language of everything that is shown, and making matplotlib able to write it. 选择语言。"""

import sys

from crmkit.core import language
from crmkit.core.setting import require_language

from . import fonts


def set_language(lang: str) -> None:
    """Show everything in Chinese (``"zh"``), in English (``"en"``) or in both (``"both"``).

    From then on no chart has boxes for Chinese characters, whatever draws it and however it is themed, and in a
    notebook every figure carries a text alternative.
    Errors: CrmkitError for another language.

    >>> set_language("zh"); language.get_language()
    'zh'
    """
    require_language(lang)
    language.choose(lang)
    fonts.serve()
    if "IPython" in sys.modules:  # only where figures are shown is what writes their numbers loaded
        from . import alternative

        alternative.serve()
