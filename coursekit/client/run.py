"""``crmkit run``: the main job without a browser. DATA → executed workshop notebook, page per language, tables.

The notebook is executed by papermill in the language asked; what a run writes is listed, with a hash of each file, in
``.crmkit-run.json``, so that the next run replaces its own files and never one that somebody made or edited.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from coursekit.learn.workspace import course_root
from coursekit.lessons.lesson_lint import half
from coursekit.lessons.one_language import edition
from coursekit.messages import MESSAGES, KitError
from crmkit.core.errors import CrmkitError
from crmkit.core.language import get_language
from crmkit.core.setting import set_language
from crmkit.data.datasets import DATASETS, is_embedded, resolve

WORKSHOP = "14_client_workshop.ipynb"
MANIFEST = ".crmkit-run.json"
# what options of `run` set, so that -p need not: parameter -> option
OPTIONS = {
    "data": "DATA",
    "lang": "--lang",
    "out": "--out",
    "mapping": "--mapping",
    "as_of": "--as-of",
    "sheet": "--sheet",
    "drop_duplicates": "--drop-duplicates",
}
TYPES = {"str": str, "int": int, "float": float, "bool": bool}


def say(key: str, **fields) -> str:
    return MESSAGES.say(f"run_{key}", **fields)


def run(
    data: str | Path | None = None,
    lang: str = "both",
    out: str | Path | None = None,
    mapping: Path | None = None,
    as_of: str | None = None,
    parameters=(),
    sheet: str | None = None,
    drop_duplicates: bool = False,
    notebook: Path | None = None,
) -> int:
    """Execute the workshop on ``data`` and write notebook, page and tables for each language asked; 0, or 1 with a reason.

    ``parameters`` are texts NAME=VALUE, or a dict; ``notebook`` is another notebook with the same parameters.
    """
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True)
    try:
        languages = languages_of(lang)
        notebook = Path(notebook) if notebook else find_notebook()
        values = parameter_values(notebook, parameters)
        name, source = data_source(data)
        checked = read(source, mapping=mapping, as_of=as_of, sheet=sheet, drop_duplicates=drop_duplicates)
        values |= {
            "data": source,
            "mapping": str(Path(mapping).resolve()) if mapping else "",
            "sheet": sheet or "",
            "as_of": as_of or checked.last_date,
            "drop_duplicates": drop_duplicates,
        }
        values.setdefault("client", name)
        if source.startswith("cdnow"):
            values.setdefault("currency", "$")
        folder = Path(out) if out else Path("run-output") / safe_name(name)
        claim(folder, languages)
        for language in languages:
            one_language(notebook, language, folder, values, console)
    except CrmkitError as error:
        console.print(str(error), style="bold red", markup=False, highlight=False)
        return 1
    console.print(say("done", folder=folder), style="green", markup=False, highlight=False)
    for path in sorted(folder.glob("report_*.html")):
        console.print(f"  {path}", markup=False, highlight=False)
    return 0


def languages_of(lang: str) -> tuple[str, ...]:
    if lang not in ("zh", "en", "both"):
        raise CrmkitError("unknown_language", value=lang, allowed="zh, en, both")
    return ("zh", "en") if lang == "both" else (lang,)


def find_notebook() -> Path:
    """The built workshop notebook, of the checkout or of the installed wheel."""
    place = course_root() / "notebooks" / WORKSHOP
    if not place.is_file():
        raise KitError("run_no_notebook", place=place)
    return place


def data_source(data: str | Path | None) -> tuple[str, str]:
    """The data's name, and what the notebook is to read: an embedded data set's name or an absolute path."""
    data = "cdnow" if data is None else data
    if is_embedded(data):
        return {"cdnow": "CDNOW"}.get(str(data), str(data)), str(data)
    path = Path(os.path.abspath(data))
    return (path.name if path.is_dir() or set("*?[") & set(path.name) else path.stem), str(path)


def read(source: str, **how):
    """What the data door says of ``source``; its own message when the file cannot be used."""
    from crmkit.data.transactions.door import check_transactions

    report = check_transactions(resolve(source), **how)
    if not report.usable:
        why = {lang: "\n".join(error[f"message_{lang}"] for error in report.errors) for lang in ("zh", "en")}
        raise KitError("run_unusable", data=source, why_zh=why["zh"], why_en=why["en"])
    return report


def safe_name(name: str) -> str:
    """``name`` without what file systems refuse; Chinese stays."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", name).strip(" ._") or "data"


# ---- parameters


def parameter_values(notebook: Path, given) -> dict:
    """``given`` (NAME=VALUE texts or a dict) as typed values, checked against the notebook's parameters cell."""
    from papermill import inspect_notebook

    known = inspect_notebook(str(notebook))
    free = {name: p["inferred_type_name"] for name, p in known.items() if name not in OPTIONS}
    allowed = "\n".join(f"  {n}: {free[n]} = {known[n]['default']}   {_help(known[n]['help'])}" for n in free)
    values = {}
    for name, text in pairs(given):
        if name in OPTIONS:
            raise KitError("run_parameter_is_option", name=name, option=OPTIONS[name])
        if name not in free:
            raise KitError("run_unknown_parameter", name=name, allowed=allowed)
        values[name] = typed(name, text, free[name])
    return values


def _help(text: str) -> str:
    return text if get_language() == "both" else half(text, get_language())


def pairs(given):
    if isinstance(given, dict):
        yield from given.items()
        return
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise KitError("run_parameter_form", text=text)
        yield name.strip(), value.strip()


def typed(name: str, value, type_name: str):
    """``value`` as the declared type; a text that is not of that type is refused, naming it."""
    wanted = TYPES.get(type_name, str)
    if not isinstance(value, str):
        if isinstance(value, bool) == (wanted is bool) and isinstance(
            value, (wanted, int) if wanted is float else wanted
        ):
            return wanted(value)
        raise KitError("run_parameter_type", name=name, value=value, type=type_name)
    try:
        if wanted is bool:
            return {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}[
                value.lower()
            ]
        result = wanted(value)
        if wanted is float and not abs(result) < float("inf"):
            raise ValueError
        return result
    except (ValueError, KeyError):
        raise KitError("run_parameter_type", name=name, value=value, type=type_name) from None


# ---- the folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest(folder: Path) -> dict[str, dict[str, str]]:
    """Language → {file: hash} of what earlier runs wrote into ``folder``."""
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def ours(folder: Path) -> set[Path]:
    """The files of ``folder`` that earlier runs wrote and nobody changed since."""
    listed = {name: sha for files in manifest(folder).values() for name, sha in files.items()}
    return {
        folder / name
        for name, sha in listed.items()
        if (folder / name).is_file() and digest(folder / name) == sha
    }


def claim(folder: Path, languages) -> None:
    """Refuse, before any work, a folder where this run would replace a file that is not ours."""
    if folder.exists() and not folder.is_dir():
        raise KitError("run_out_is_file", folder=folder)
    mine = ours(folder)
    for language in languages:
        for path in (
            folder / f"workshop_{language}.ipynb",
            folder / f"report_{language}.html",
            *(folder / "tables" / language).glob("*"),
        ):
            if path.is_file() and path not in mine:
                raise KitError("run_not_ours", path=path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise KitError("run_cannot_write", folder=folder, why=error.strerror or error) from None


def publish(staging: Path, folder: Path, language: str) -> None:
    """Move what a run made in ``staging`` into ``folder``, and take away what its last run made and this one did not."""
    listed, mine = manifest(folder), ours(folder)
    made = {
        path.relative_to(staging).as_posix(): path for path in sorted(staging.rglob("*")) if path.is_file()
    }
    for name in listed.get(language, {}):
        if name not in made and folder / name in mine:
            (folder / name).unlink()
    for name, path in made.items():
        if (folder / name).exists() and folder / name not in mine:
            raise KitError("run_not_ours", path=folder / name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, folder / name)
    listed[language] = {name: digest(folder / name) for name in made}
    (folder / MANIFEST).write_text(json.dumps(listed, indent=1, ensure_ascii=False), encoding="utf-8")


# ---- one language


def one_language(notebook: Path, language: str, folder: Path, values: dict, console) -> None:
    """Execute the notebook's edition in ``language`` and write notebook, page and tables."""
    import nbformat

    node = edition(nbformat.read(notebook, as_version=4), language)
    staging = Path(tempfile.mkdtemp(prefix=".run-", dir=folder))
    try:
        values = values | {"lang": language, "out": str((staging / "tables" / language).resolve())}
        executed, failure = execute(node, staging / f"workshop_{language}.ipynb", values, language, console)
        if failure is None:
            (staging / f"report_{language}.html").write_text(
                html(executed, language, values), encoding="utf-8", newline="\n"
            )
        publish(staging, folder, language)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if failure:
        step, why = failure
        raise KitError("run_cell_failed", step=step, why=why, notebook=folder / f"workshop_{language}.ipynb")


def execute(node, path: Path, values: dict, language: str, console):
    """The executed notebook, saved to ``path``, and None or (step, reason) of the cell that failed."""
    import nbformat
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    comment = MESSAGES.texts("run_parameters")[language]
    node = parameterize_notebook(load_notebook_node(node), values, comment=comment)
    steps = headings(node)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(language, total=len(node.cells))

        class Engine(NBClientEngine):  # papermill's own engine, telling the bar which cell begins
            @classmethod
            def execute_managed_notebook(cls, manager, kernel_name, **kwargs):
                start = manager.cell_start

                def cell_start(cell, cell_index=None, **more):
                    progress.update(
                        task, completed=cell_index, description=f"{language} · {steps[cell_index]}"
                    )
                    start(cell, cell_index, **more)

                manager.cell_start = cell_start
                return super().execute_managed_notebook(manager, kernel_name, **kwargs)

        papermill_engines.register("crmkit", Engine)
        try:
            done = papermill.execute_notebook(
                node,
                str(path),
                engine_name="crmkit",
                progress_bar=False,
                cwd=str(Path.cwd()),
                extra_arguments=[
                    "--log-level=CRITICAL"
                ],  # the kernel's own remarks are not the user's concern
            )
            failure = None
        except PapermillExecutionError as error:
            why = re.sub(r"\x1b\[[0-9;]*m", "", error.evalue).strip()
            failure = steps[error.cell_index], f"{why or error.ename}"
            done = nbformat.read(path, as_version=4)
        progress.update(task, completed=len(node.cells))
    # papermill's own notes about the failure are English and point at what the message above says
    done.cells = [c for c in done.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", [])]
    nbformat.write(done, path)
    return done, failure


def headings(node) -> list[str]:
    """For each cell, the heading that it stands under."""
    under, current = [], ""
    for cell in node.cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#{1,6} +(.+)$", cell.source, flags=re.M)
            current = found[-1] if found else current
        under.append(current)
    return under


def html(executed, language: str, values: dict) -> str:
    """The client's page of an executed notebook."""
    import crmkit
    from coursekit.client.deliver.page import PageTitle, page

    before = get_language()
    set_language(language)
    try:
        title = say("title")
        facts = [(say("as_of"), str(values["as_of"]))]
        if values["data"] not in DATASETS:
            facts.append((say("data"), Path(values["data"]).name))
        words = {
            "contents": say("contents"),
            "figure": say("figure"),
            "made_with": say("made_with", version=crmkit.__version__),
        }
        return page(
            executed, language, PageTitle(title=title, client=values["client"], facts=tuple(facts)), words
        )
    finally:
        set_language(before)
