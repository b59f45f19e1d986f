"""``crmkit run``: the main job without a browser. DATA → executed workshop notebook, page per language, tables.

The notebook is executed by papermill in each language asked; from what it found one bundle is made, and from the bundle
the page, the workbook and the CSV files of each language. (Two executions, because two notebooks are handed over, each
with its outputs in one language; they must find the same, or nothing is made of it.)
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from coursekit.learn.workspace import course_root
from coursekit.lessons.one_language import in_one_language
from coursekit.messages import MESSAGES, KitError
from crmkit.core.errors import CrmkitError
from crmkit.core.language import written_in
from crmkit.core.setting import require_language
from crmkit.data.datasets import DATASETS, is_embedded, resolve
from crmkit.report.kept import CHECKED, keep

from .output_folder import claim, publish, safe_name
from .parameters import SET_BY_RUN, declared, parameter_values
from .questions import answers_of, at_a_terminal, keep_choices, settle

WORKSHOP = "14_client_workshop.ipynb"
KEPT = ".kept"  # in the staging folder: what was read and computed once, for the notebooks of both languages
BUNDLE = "bundle"  # the folder of the bundle, and the part of the manifest that lists it


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
    answers=(),
) -> int:
    """Execute the workshop on ``data`` and write notebook, page and tables for each language asked; 0,
    or 1 with a reason.

    ``parameters`` are texts NAME=VALUE, or a dict; ``notebook`` is another notebook with the same parameters;
    ``answers`` are texts CODE=READING, for what the file leaves open.
    """
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True)
    try:
        languages = languages_of(lang)
        notebook = Path(notebook) if notebook else find_notebook()
        values = parameter_values(notebook, parameters)
        name, source = data_source(data)
        how = {"mapping": mapping, "as_of": as_of, "sheet": sheet, "drop_duplicates": drop_duplicates}
        checked = read(source, answers=answers_of(answers), console=console, **how)
        # the notebook reads the file as it was settled here
        choices = keep_choices(checked, mapping, choices_folder(source), safe_name(name))
        if choices is not None:
            mapping = choices
            console.print(f"{MESSAGES.say('check_choices_file', between=' ')}: {choices}", markup=False)
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
        claim(folder, patterns_of(languages))
        Run(notebook, values, checked, folder, console).deliver(languages)
    except CrmkitError as error:
        console.print(str(error), style="bold red", markup=False, highlight=False)
        return 1
    console.print(MESSAGES.say("run_done", folder=folder), style="green", markup=False, highlight=False)
    for path in sorted(folder.glob("report_*.html")):
        console.print(f"  {path}", markup=False, highlight=False)
    return 0


def languages_of(lang: str) -> tuple[str, ...]:
    require_language(lang)
    return written_in(lang)


def patterns_of(languages) -> list[str]:
    """Where in its folder a run writes."""
    patterns = [f"{BUNDLE}/*"]
    for lang in languages:
        patterns += [f"workshop_{lang}.ipynb", f"report_{lang}.html", f"tables/{lang}/*"]
    return patterns


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
        name = "CDNOW" if str(data) == "cdnow" else str(data)
        return name, str(data)
    path = Path(os.path.abspath(data))
    several = path.is_dir() or set("*?[") & set(path.name)
    return (path.name if several else path.stem), str(path)


def read(source: str, *, answers: dict[str, str] | None = None, console=None, **how):
    """What the data door says of ``source``, asking what it leaves open; its own message when it cannot be used."""
    from crmkit.intake.door import check_transactions

    def report_under(chosen: dict):
        return check_transactions(resolve(source), answers=chosen, **how)

    report = settle(report_under, answers or {}, ask=at_a_terminal(), console=console)
    if not report.usable:
        why_zh = "\n".join(error["message_zh"] for error in report.errors)
        why_en = "\n".join(error["message_en"] for error in report.errors)
        raise KitError("run_unusable", data=source, why_zh=why_zh, why_en=why_en)
    return report


def choices_folder(source: str) -> Path:
    """Where a mapping file with the choices is put: beside the data, or here where nobody may write there."""
    beside = Path(source).parent
    return beside if os.access(beside, os.W_OK) else Path.cwd()


@dataclass(frozen=True)
class Run:
    """A notebook, the values of its parameters, and the folder where the results go."""

    notebook: Path
    values: dict
    checked: object  # what the door has read: the notebooks take it from there
    folder: Path
    console: object

    def deliver(self, languages: tuple[str, ...]) -> None:
        """Execute the notebook in each language, and make the client's files of what it found."""
        staging = Path(tempfile.mkdtemp(prefix=".run-", dir=self.folder))
        try:
            self._fill(staging, languages)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _fill(self, staging: Path, languages: tuple[str, ...]) -> None:
        import nbformat

        from .deliver.bundle import kept_tables
        from .execution import empty, one_kernel

        bilingual = nbformat.read(self.notebook, as_version=4)
        (staging / KEPT).mkdir()
        keep(self.checked, staging / KEPT, CHECKED)
        executed = {}
        tables = {}
        with one_kernel(bilingual.metadata.kernelspec.name) as kernel:
            for lang in languages:
                if executed:
                    empty(kernel)
                executed[lang] = self._execute(bilingual, lang, staging / lang, kernel)
                tables = tables or kept_tables(tables_folder(staging, lang))
        bundle = make_bundle(bilingual, executed, tables, self.values)
        bundle.save(staging / BUNDLE / BUNDLE)
        publish(staging / BUNDLE, self.folder, BUNDLE)
        for lang in languages:
            write_deliverables(bundle, lang, staging / lang)
            publish(staging / lang, self.folder, lang)

    def _execute(self, bilingual, lang: str, staging: Path, kernel):
        """The edition in ``lang``, executed and saved below ``staging``;
        one that fails is handed over as far as it came.
        """
        import nbformat

        from .execution import execute

        out = tables_folder(staging.parent, lang)
        known = declared(self.notebook)
        ours = {"spreadsheets": False, "kept": str((staging.parent / KEPT).resolve())}
        values = self.values | {name: ours[name] for name in SET_BY_RUN if name in known}
        values |= {"lang": lang, "out": str(out.resolve())}
        staging.mkdir()
        name = f"workshop_{lang}.ipynb"
        node = in_one_language(bilingual, lang)
        done, failure = execute(node, staging / name, values, lang, self.console, kernel=kernel)
        forget(done, [*ours, "out"])
        nbformat.write(done, staging / name)
        if failure is not None:
            step, why = failure
            publish(staging, self.folder, lang)
            raise KitError("run_cell_failed", step=step, why=why, notebook=self.folder / name)
        return done


def forget(notebook, names) -> None:
    """Take from the parameters that were set in an executed notebook those that hold for this run alone."""
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            lines = cell.source.splitlines()
            kept = [line for line in lines if line.partition(" = ")[0] not in names]
            cell.source = "\n".join(kept)


def tables_folder(staging: Path, lang: str) -> Path:
    """Where the notebook in ``lang`` writes its tables."""
    return staging / lang / "tables" / lang


def make_bundle(bilingual, executed: dict, tables: dict, values: dict):
    """The bundle of a notebook executed in one language or both."""
    from .deliver.bundle import Bundle, page_items

    facts = {"as_of": str(values["as_of"])}
    if values["data"] not in DATASETS:
        facts["data"] = Path(values["data"]).name
    return Bundle(values["client"], facts, page_items(bilingual, executed), tables)


def write_deliverables(bundle, lang: str, staging: Path) -> None:
    """The client's files in one language, beside the executed notebook."""
    from crmkit.display.tables import save_tables

    from .deliver.page import page

    text = page(bundle, lang)
    (staging / f"report_{lang}.html").write_text(text, encoding="utf-8", newline="\n")
    if bundle.tables:
        folder = tables_folder(staging.parent, lang)
        shutil.rmtree(folder)  # the tables as the notebook kept them, from which the bundle was made
        save_tables(bundle.tables, folder, lang=lang)
