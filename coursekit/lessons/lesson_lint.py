"""Rules for code in lessons: no natural language in shared code, bilingual comments, parameters that papermill reads,
questions whose solution assigns the variable of the question.
"""

import ast
import io
import re
import tokenize

from crmkit.core.glossary import has_term

from .cells import CJK, Cell, is_bilingual

# calls whose text is read by a program: a query, an expression, SQL, a path
READ_BY_PROGRAM = {
    "query",
    "eval",
    "sql",
    "execute",
    "read_csv",
    "read_parquet",
    "read_transactions",
    "strftime",
}
# calls and keywords whose text is read by a person: here a single word is prose already
READ_BY_PERSON = {
    "print",
    "set_title",
    "set_xlabel",
    "set_ylabel",
    "suptitle",
    "title",
    "xlabel",
    "ylabel",
    "annotate",
    "text",
    "legend",
    "Markdown",
    "HTML",
    "description",
    "ValueError",
}
READ_BY_PERSON_KEYWORDS = {"label", "title", "xlabel", "ylabel", "suptitle", "description", "caption"}
SQL = re.compile(r"^\s*(select|with|from|create|copy|insert|pivot|describe|summarize)\b", re.IGNORECASE)
SQL_WORD = re.compile(r"\b(select|where|group by|order by|asc|desc|limit|using|over|join)\b", re.IGNORECASE)
PHRASE = re.compile(r"[A-Za-z]{2,}[,;:.!?'’]?\s+[A-Za-z]{2,}")


def code_problems(cells: list[Cell], report) -> None:
    """Report what is wrong in the code cells of one part."""
    codes = [c for c in cells if c.kind == "code"]
    parameters = [c for c in codes if "parameters" in c.tags]
    if len(parameters) != 1:
        where = (parameters[1:] or cells or [None])[0]
        report(where.line if where else 1, "parameters_count", count=len(parameters))
    for cell in codes:
        try:
            tree = ast.parse(cell.source)
        except SyntaxError as error:
            report(cell.body + (error.lineno or 1) - 1, "syntax", why=error.msg)
            continue
        for node in ast.walk(tree):
            slug = _term_slug(node)
            if slug and not has_term(slug):
                report(cell.body + node.lineno - 1, "unknown_term", slug=slug)
        if "parameters" in cell.tags:
            _check_parameters(cell, tree, report)
        if cell.lang is None:
            _check_words(cell, tree, report)


def _term_slug(node) -> str | None:
    if (
        isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == "term"
        and node.args
    ):
        first = node.args[0]
        return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
    return None


def _check_words(cell: Cell, tree: ast.Module, report) -> None:
    for token in tokenize.generate_tokens(io.StringIO(cell.source).readline):
        line = cell.body + token.start[0] - 1
        if token.type == tokenize.NAME and CJK.search(token.string):
            report(line, "name_in_chinese", name=token.string)
        elif token.type == tokenize.COMMENT and not _comment_fits(token.string.lstrip("#").strip()):
            report(line, "comment", text=token.string[:60])
    docstrings, exempt, shown = contexts(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        line = cell.body + node.lineno - 1
        if node in docstrings:
            if not is_bilingual(node.value) or "\n" in node.value.strip():
                report(line, "docstring", text=node.value.strip()[:60])
        elif CJK.search(node.value) or (node not in exempt and is_prose(node.value, node in shown)):
            report(line, "words_in_code", text=" ".join(node.value.split())[:60])


def _comment_fits(text: str) -> bool:
    if is_bilingual(text) or not (CJK.search(text) or re.search(r"[A-Za-z]{2,}", text)):
        return True
    if CJK.search(text):
        return False
    try:  # code that is switched off may stand in a comment
        tree = ast.parse(text)
    except SyntaxError:
        return bool(re.match(r"(noqa|type:)", text))
    value = getattr(tree.body[0], "value", None) if len(tree.body) == 1 else None
    return not isinstance(value, (ast.Name, ast.Compare, ast.BoolOp))


def contexts(tree: ast.Module) -> tuple[set, set, set]:
    """The string nodes that are docstrings, that a program reads, and that a person reads."""
    docstrings, exempt, shown = set(), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)) and ast.get_docstring(
            node
        ):
            docstrings.add(node.body[0].value)
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            for argument in [*node.args, *node.keywords]:
                inside = {n for n in ast.walk(argument) if isinstance(n, ast.Constant)}
                if name in READ_BY_PROGRAM:
                    exempt |= inside
                elif isinstance(argument, ast.keyword):
                    # text asked of the catalogue, xlabel=term("tier"), is not prose
                    literal = isinstance(argument.value, (ast.Constant, ast.JoinedStr))
                    shown |= inside if literal and argument.arg in READ_BY_PERSON_KEYWORDS else set()
                elif name in READ_BY_PERSON and isinstance(argument, (ast.Constant, ast.JoinedStr)):
                    shown |= inside
        elif isinstance(node, ast.FormattedValue) and node.format_spec:
            exempt |= set(ast.walk(node.format_spec))
    return docstrings, exempt, shown


def is_prose(text: str, read_by_person: bool) -> bool:
    """Two English words in a row, or one where a person reads it; identifiers, SQL and expressions are not prose."""
    text = text.strip()
    if read_by_person:
        return bool(re.search(r"(?<![\w_])[A-Za-z]{2,}(?![\w_])", re.sub(r"\$[^$]*\$|\b\w+_\w+\b", "", text)))
    if not PHRASE.search(text) or (SQL.match(text) and SQL_WORD.search(text)):
        return False
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return True
    return False


def _check_parameters(cell: Cell, tree: ast.Module, report) -> None:
    """One annotated literal a line, each with its bilingual comment, so that papermill shows type and help."""
    from papermill.translators import PythonTranslator

    names = []
    for node in tree.body:
        line = cell.body + node.lineno - 1
        if not isinstance(node, ast.AnnAssign) or node.value is None or node.lineno != node.end_lineno:
            report(line, "parameter_form")
            continue
        names.append(node.target.id)
        text = cell.source.splitlines()[node.lineno - 1]
        if not is_bilingual(text.partition("#")[2]):
            report(line, "parameter_help", name=node.target.id)
    seen = {p.name for p in PythonTranslator.inspect({"source": cell.source})}
    for name in names:
        if name not in seen:
            report(cell.body, "parameter_unreadable", name=name)
    if "lang" not in names:
        report(cell.body, "parameter_missing", name="lang")


def names_assigned(tree: ast.Module) -> set[str]:
    """The names that code assigns or defines at its top level, at whatever depth of its statements."""
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored | {n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}


def names_read(tree: ast.Module) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def exercise_problems(cells: list[Cell], line: int, report) -> None:
    """Report what is wrong in the exercise part: generate(seed), and questions whose code does not fit them."""
    codes = [c for c in cells if c.kind == "code"]
    trees = {}
    for cell in codes:
        try:
            trees[cell.line] = ast.parse(cell.source)
        except SyntaxError:  # reported already
            return
    generate = [c for c in codes if "generate" in c.tags]
    defined = {n.name for c in generate for n in trees[c.line].body if isinstance(n, ast.FunctionDef)}
    if len(generate) != 1 or "generate" not in defined:
        report(generate[0].line if generate else line, "no_generate")
    if not any("parameters" in c.tags and "seed" in names_assigned(trees[c.line]) for c in codes):
        report(line, "parameter_missing", name="seed")
    if not any(c.question for c in codes):
        report(line, "no_questions")
    asked: set[str] = set()
    for cell in codes:
        tree, question = trees[cell.line], cell.question
        reads = names_read(tree) & asked
        if question is None:
            if reads and not {"check", "solution"} & set(cell.tags):
                report(cell.line, "reads_answer", names=", ".join(sorted(reads)))
            continue
        name, depends = question.get("id"), set(question.get("depends_on", []))
        if question.get("kind") == "text":
            if cell.source.strip():
                report(cell.body, "text_body", id=name)
        else:
            if name not in names_assigned(tree):
                report(cell.body, "not_assigned", id=name)
            reads -= {name}
            if reads - depends:
                report(cell.body, "dependence_unlisted", id=name, names=", ".join(sorted(reads - depends)))
            if (depends & asked) - reads:
                report(
                    cell.line,
                    "dependence_unread",
                    id=name,
                    names=", ".join(sorted((depends & asked) - reads)),
                )
        asked.add(name)
