"""The packages read as text: what each file imports and how much code it holds, nothing of it run."""

import ast
import io
import tokenize
from functools import cache
from pathlib import Path

from places import ROOT

# tokens that hold no code
EMPTY = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def files(package: str) -> list[Path]:
    """The Python files of a package, sorted."""
    return sorted((ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    """``crmkit.core.errors``; a package for its ``__init__`` file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> frozenset[str]:
    """Every module and package of crmkit and coursekit."""
    return frozenset(name_of(path) for package in ("crmkit", "coursekit") for path in files(package))


@cache
def imports(path: Path, *, loaded_only: bool = False) -> dict[str, int]:
    """Module → the line that imports it; ``loaded_only``: as the file itself is imported, not later in a function.

    ``from package import module`` counts as the module, ``from module import name`` as the module.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    later = set()
    if loaded_only:
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        for function in ast.walk(tree):
            if isinstance(function, functions):
                later |= {id(node) for node in ast.walk(function)}
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if id(node) in later:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.setdefault(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _base(path, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.setdefault(inner if inner in modules() else base, node.lineno)
    return found


def _base(path: Path, node: ast.ImportFrom) -> str:
    """The absolute name of what stands between ``from`` and ``import``."""
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parent.parts
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def code_lines(path: Path) -> int:
    """Lines that hold code: a limit on all lines would be a limit on docstrings, which the house asks to be full."""
    text = path.read_text(encoding="utf-8")
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node, clean=False
        ):
            documented |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    held: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in EMPTY:
            held |= set(range(token.start[0], token.end[0] + 1))
    return len(held - documented)


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The groups of nodes that all reach one another (Tarjan's strongly connected components, two nodes and more)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(arrows.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return found
