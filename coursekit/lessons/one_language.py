"""A single-language edition, derived from the bilingual notebook."""

import ast
import copy
import io
import re
import tokenize

from crmkit.core.language import WRITTEN

from .cells import half, is_bilingual
from .notebooks import STABLE

LANG_DEFAULT = re.compile(r"""^(\s*lang\s*(?::[^=\n]*)?=\s*)(["'])both\2""", re.MULTILINE)


def in_one_language(notebook, lang: str):
    """A copy of the notebook for readers of ``lang`` (zh or en); ``both`` returns the notebook unchanged.

    Drops the other language's cells and its halves of comments and docstrings, and sets the parameter ``lang``. Stored
    outputs, which are bilingual, are dropped.
    """
    if lang == "both":
        return notebook
    if lang not in WRITTEN:
        raise ValueError(f"no edition {lang!r}: zh, en or both")
    other = {"zh": "lang-en", "en": "lang-zh"}[lang]
    kept = copy.deepcopy(notebook)
    kept.cells = [cell for cell in kept.cells if other not in cell.metadata.get("tags", [])]
    for cell in kept.cells:
        if cell.cell_type == "code":
            _translate_code(cell, lang)
        _drop_tags(cell, lang)
    about = kept.metadata.get("crmkit")
    if about:
        about["lang"] = lang
        kept.metadata["title"] = about["titles"][lang]
    return kept


def _translate_code(cell, lang: str) -> None:
    """A cell of code without outputs and without the other language's halves; the parameter says ``lang``."""
    tags = cell.metadata.get("tags", [])
    cell.outputs = []
    cell.execution_count = None
    if f"lang-{lang}" not in tags:
        cell.source = code_in_one_language(cell.source, lang)
    if "parameters" in tags:
        cell.source = LANG_DEFAULT.sub(rf"\g<1>\g<2>{lang}\g<2>", cell.source)


def _drop_tags(cell, lang: str) -> None:
    """Take away the tags that mean nothing in an edition."""
    kept = [tag for tag in cell.metadata.get("tags", []) if tag not in (f"lang-{lang}", STABLE)]
    cell.metadata["tags"] = kept
    if not kept:
        del cell.metadata["tags"]


def code_in_one_language(source: str, lang: str) -> str:
    """Code with only the ``lang`` half of its bilingual comments and docstrings.

    >>> code_in_one_language("n = 3  # 客户数 | number of customers", "zh")
    'n = 3  # 客户数'
    """
    lines = source.splitlines()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
        tree = ast.parse(source)
    except (SyntaxError, tokenize.TokenError):  # a cell that a student changed: leave it as it is
        return source
    for token in tokens:
        text = token.string.lstrip("#").strip()
        if token.type == tokenize.COMMENT and is_bilingual(text):
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column] + "# " + half(text, lang)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        docstring = ast.get_docstring(node) or ""
        if is_bilingual(docstring):
            row = node.body[0].lineno - 1
            lines[row] = lines[row].replace(docstring, half(docstring, lang))
    return "\n".join(lines)
