"""Bold that Markdown would leave as stars: its rules look for spaces, which Chinese does not put between words."""

import re
import unicodedata

_CODE = r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$"
_BOLD = re.compile(rf"{_CODE}|\*\*(?P<bold>[^*\n]+)\*\*", re.DOTALL)


def shown_bold(source: str) -> str:
    """The prose with ``<strong>`` where two stars would be shown as such; everything else as it is written.

    Stars open bold if what follows them is no punctuation, or what stands before them is a space or punctuation, and
    the same the other way round for the end (CommonMark 0.31, 6.2): 就是**“试点”**。 is no bold by these rules.

    >>> shown_bold("结论是**“先试点”**。"), shown_bold("**利润** rises")
    ('结论是<strong>“先试点”</strong>。', '**利润** rises')
    """

    def shown(found: re.Match) -> str:
        bold = found["bold"]
        if bold is None:
            return found.group()
        before, after = source[found.start() - 1 : found.start()], source[found.end() : found.end() + 1]
        opens = not _is_mark(bold[0]) or _is_edge(before)
        closes = not _is_mark(bold[-1]) or _is_edge(after)
        return found.group() if opens and closes else f"<strong>{bold}</strong>"

    return _BOLD.sub(shown, source)


def _is_mark(character: str) -> bool:
    """Punctuation and symbols, as CommonMark counts them."""
    return unicodedata.category(character)[0] in "PS"


def _is_edge(character: str) -> bool:
    """The beginning or end of the text, a space or a mark."""
    return not character or character.isspace() or _is_mark(character)
