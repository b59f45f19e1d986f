"""No sentences in code: what people read stands in the catalogues,
in both languages (the rule of lessons, for packages).
"""

import ast
import re

import pytest
from places import ROOT

from coursekit.lessons.lesson_lint import contexts, is_prose
from coursekit.lessons.source import CJK

SOURCES = sorted(path for package in ("crmkit", "coursekit") for path in (ROOT / package).rglob("*.py"))
# calls whose text is a pattern, for a program to match
PATTERNS = {"compile", "findall", "fullmatch", "match", "match_substring_regex", "search", "split", "sub"}
# calls that ask the catalogue
ASKED = {"label", "term", "term_pair", "term_texts", "named", "say", "pair", "texts"}
# what is raised at users: its fields are put into a sentence of the catalogue
RAISED = {"CrmkitError", "KitError", "refusal", "unreadable"}
SENTENCE = set("。，；：！？“”…")


def constants(tree: ast.Module) -> set[ast.AST]:
    """The nodes inside tables of data: assignments at the top of a module to a name in capitals."""
    found: set[ast.AST] = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [name for target in targets for name in getattr(target, "elts", [target])]
        if all(isinstance(name, ast.Name) and name.id.isupper() for name in names):
            found |= set(ast.walk(node))
    return found


def inside_calls(tree: ast.Module, names: set[str]) -> set[ast.AST]:
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in names:
            found |= {inner for argument in [*node.args, *node.keywords] for inner in ast.walk(argument)}
    return found


def sentences(source: str) -> list[str]:
    """``line: text`` of every literal in natural language: Chinese that is no word of a table,
    English that is shown.
    """
    tree = ast.parse(source)
    docstrings, exempt, shown = contexts(tree)
    if tree.body and isinstance(tree.body[0], ast.Expr):
        docstrings = docstrings | {tree.body[0].value}
    tables, patterns, raised = constants(tree), inside_calls(tree, PATTERNS), inside_calls(tree, RAISED)
    exempt = exempt | {
        n for at in ast.walk(tree) if isinstance(at, ast.Subscript) for n in ast.walk(at.slice)
    }
    # what a programmer did wrong is said to the programmer
    exempt = exempt | inside_calls(tree, ASKED | {"ValueError"})
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or node in docstrings:
            continue
        text = node.value
        word = node in tables and not any(c.isspace() for c in text) and not SENTENCE & set(text)
        pattern = node in patterns or (node in tables and any(c in text for c in "[(|\\"))
        chinese = CJK.search(text.strip()) and not (word or pattern)
        english = node not in exempt and (node in shown or node in raised) and is_prose(text, node in shown)
        english = english and not text.isupper()  # SQL
        if chinese or english:
            found.append(f"{node.lineno}: {' '.join(text.split())[:60]}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_code_holds_no_sentences(path):
    assert sentences(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('x = {"zh": "参数", "en": "Parameters"}', 1),
        ('def f():\n    return in_language("没有用", "not used")', 1),
        ('EXAMPLE = "# 批改设置。去掉行首的 # 即生效"', 1),
        ('raise CrmkitError("why", why="the archive is damaged")', 1),
        ('print("there are no sources")', 1),
        ('f"{a}：{b}"', 1),  # how a label stands before what it is of differs too
        ('HEADERS = {"name": ("姓名", "名字")}', 0),
        ('_DAY = re.compile(r"(?P<d>\\d+)[日号號]")', 0),
        ('def f():\n    """客户 customers."""', 0),
        ('plt.plot(x, label=term("tier"))', 0),
        ('raise CrmkitError("not_a_choice", name="level", allowed=", ".join(names))', 0),
    ],
)
def test_the_rule_finds_sentences_and_leaves_words_of_tables_and_patterns(code, found):
    assert len(sentences(code)) == found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_languages_are_named_by_their_owner(path):
    """``crmkit.core.language``: WRITTEN, what texts are written in; LANGUAGES, what a reader may choose."""
    text = re.sub(
        r"Literal\[[^\]]*\]", "", path.read_text(encoding="utf-8")
    )  # a type cannot be asked of anybody
    pairs = re.findall(r"""[(\[]\s*["']zh["'],\s*["']en["'](?:,\s*["']both["'])?\s*[)\]]""", text)
    assert not pairs or path.stem == "language"
