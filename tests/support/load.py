"""How long a lesson takes, reckoned from what there is to read, to follow and to look at.

200 Chinese characters or 150 English words a minute, 20 seconds for a line of code that is not folded away, a minute
for each output, two minutes for each task whose answer is folded away. A lesson's exercise has minutes of its own.
"""

import ast
import io
import math
import re
import tokenize

from coursekit.lessons.cells import CJK, Cell

CHARACTERS_A_MINUTE = 200
WORDS_A_MINUTE = 150
SECONDS_A_CODE_LINE = 20
MINUTES_A_TASK = 2
NOT_FOLLOWED = {"parameters", "hide-input", "explorer"}
WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
BESIDE_THE_WORDS = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|<[^>]*>", re.DOTALL)
NO_CODE = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
)


def code_lines(source: str) -> int:
    """Lines of code: no blanks, no comments, and a text over several lines is one.

    >>> code_lines("total = 0  # the sum\\n\\nfor x in [1, 2]:\\n    total += x")
    3
    """
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    inside_texts: set[int] = set()
    for token in tokens:
        if token.type == tokenize.STRING:
            inside_texts |= set(range(token.start[0] + 1, token.end[0] + 1))
    lines = {token.start[0] for token in tokens if token.type not in NO_CODE}
    return len(lines - inside_texts)


def reckoned_minutes(cells: tuple[Cell, ...]) -> int:
    """Minutes for the slower of the two languages, rounded up to tens."""
    return math.ceil(max(_minutes(cells, lang) for lang in ("zh", "en")) / 10) * 10


def _minutes(cells: tuple[Cell, ...], lang: str) -> float:
    seen = [cell for cell in cells if cell.lang in (None, lang)]
    prose = "\n".join(cell.source for cell in seen if cell.kind == "markdown")
    tasks = prose.count("<details>")
    prose = BESIDE_THE_WORDS.sub(" ", prose)
    if lang == "zh":
        reading = len(CJK.findall(prose)) / CHARACTERS_A_MINUTE
    else:
        reading = len(WORD.findall(prose)) / WORDS_A_MINUTE
    codes = [cell for cell in seen if cell.kind == "code"]
    lines = sum(code_lines(cell.source) for cell in codes if not NOT_FOLLOWED & set(cell.tags))
    outputs = sum(_shows(cell) for cell in codes)
    return reading + lines * SECONDS_A_CODE_LINE / 60 + outputs + tasks * MINUTES_A_TASK


def _shows(cell: Cell) -> bool:
    """Whether a cell ends in something that is shown: an expression, or a plot whose line ends in a semicolon."""
    body = ast.parse(cell.source).body
    return bool(body) and isinstance(body[-1], ast.Expr) and "write_text" not in cell.source
