"""`run`: parameters, folders and failures on a small notebook;
the real workshop on CDNOW and on files that few would expect.
"""

import html
import json
import re
from base64 import b64decode
from copy import deepcopy
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pandas as pd
import pytest
from places import ROOT

from coursekit.client.deliver.bundle import Bundle
from coursekit.client.deliver.page import page as page_of
from coursekit.client.output_folder import MANIFEST
from coursekit.client.parameters import parameter_values
from coursekit.client.run import WORKSHOP, data_source, make_bundle, read, run
from coursekit.lessons.notebooks import lesson_notebook
from coursekit.lessons.one_language import in_one_language
from coursekit.lessons.source import read_lesson
from coursekit.messages import KitError
from crmkit import load, set_language
from crmkit.data.datasets import DATASETS
from crmkit.display.tables import save_tables
from crmkit.report.sentences import FINDINGS

pytestmark = pytest.mark.executed

CJK = re.compile(r"[\u3400-\u9fff]")


def md(text, *tags):
    return v4.new_markdown_cell(text, metadata={"tags": list(tags)})


def code(text, *tags):
    return v4.new_code_cell(text, metadata={"tags": list(tags)})


SMALL = [
    md("# 小课", "lang-zh"),
    md("# Small", "lang-en"),
    code(
        'lang: str = "both"  # 语言 | language\ndata: str = "cdnow"  # 数据 | data\nmapping: str = ""  # 对照 | mapping\n'
        'sheet: str = ""  # 表 | sheet\ndrop_duplicates: bool = False  # 去重 | drop\nas_of: str = ""  # 日期 | date\n'
        'client: str = ""  # 企业 | client\ncurrency: str = ""  # 货币 | currency\nn: int = 3  # 个数 | how many\n'
        'rate: float = 0.1  # 比率 | rate\nstrict: bool = False  # 严格 | strict\nout: str = ""  # 文件夹 | folder',
        "parameters",
    ),
    md("## 第一步", "lang-zh", "report"),
    md("## Step one", "lang-en", "report"),
    code(
        "import pandas as pd\nfrom pathlib import Path\nPath(out).mkdir(parents=True)\n"
        'pd.DataFrame({"n": [n]}).to_csv(Path(out) / "n.csv")\ndisplay({"text/markdown": f"n is {n}, {client}"}, raw=True)',
        "report",
    ),
    md("## 第二步", "lang-zh"),
    md("## Step two", "lang-en"),
    code('if strict:\n    raise ValueError(f"n = {n} <b>")'),
]


KERNELSPEC = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.ipynb"
    nbformat.write(v4.new_notebook(cells=deepcopy(SMALL), metadata=KERNELSPEC), path)
    return path


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date,amount\na,2024-01-01,10\nb,2024-01-05,20\n")
    return path


@pytest.fixture(autouse=True)
def english():
    set_language("en")
    yield
    set_language("both")


# ---- parameters


def test_unknown_parameter_is_refused_with_the_allowed_ones(small):
    with pytest.raises(KitError) as refused:
        parameter_values(small, ["nn=4"])
    assert (
        "“nn”" in refused.value.message_en
        and "n: int = 3" in refused.value.message_en
        and "“nn”" in refused.value.message_zh
    )
    assert "drop_duplicates" not in refused.value.message_en


def test_values_take_the_type_that_the_notebook_declares(small):
    given = ["n=5", "rate=1e-3", "strict=true", "client=甲=乙"]
    assert parameter_values(small, given) == {"n": 5, "rate": 0.001, "strict": True, "client": "甲=乙"}


def test_run_and_batch_read_an_optional_parameter_and_a_list_alike(tmp_path):
    place = tmp_path / "optional.ipynb"
    cell = code("top: int | None = None\nsegments = ['a']", "parameters")
    nbformat.write(v4.new_notebook(cells=[cell], metadata=KERNELSPEC), place)
    assert parameter_values(place, ["top=5", "segments=['b', 'c']"]) == {"top": 5, "segments": ["b", "c"]}
    with pytest.raises(KitError, match="top is of type int"):
        parameter_values(place, ["top=five"])


@pytest.mark.parametrize(
    "name, text, kind",
    [
        ("n", "5.5", "int"),
        ("n", "", "int"),
        ("rate", "ten", "float"),
        ("rate", "nan", "float"),
        ("rate", "inf", "float"),
        ("strict", "maybe", "bool"),
        ("n", True, "int"),
    ],
)
def test_value_of_the_wrong_type_is_refused_naming_the_type(small, name, text, kind):
    with pytest.raises(KitError, match=f"{name} is of type {kind}"):
        parameter_values(small, {name: text})


@pytest.mark.parametrize(
    "given, says", [(["lang=zh"], "--lang"), (["out=x"], "--out"), (["n"], "NAME=VALUE")]
)
def test_parameters_that_are_options_or_no_pairs_are_refused(small, given, says):
    with pytest.raises(KitError, match=says):
        parameter_values(small, given)


def test_refusals_come_before_anything_is_written(small, log, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(log, out=out, notebook=small, parameters=["zzz=1"]) == 1
    assert run(tmp_path / "absent.csv", out=out, notebook=small) == 1
    assert run(log, out=out, notebook=small, lang="fr") == 1
    said = capsys.readouterr().err
    assert "zzz" in said and "absent.csv" in said and "fr" in said and "Traceback" not in said
    assert not out.exists()


# ---- what is written, and what is left alone


def test_run_writes_notebook_page_and_tables_and_replaces_only_its_own(small, log, tmp_path, capsys):
    out = tmp_path / "结果"
    assert run(log, lang="zh", out=out, notebook=small, parameters=["n=7"]) == 0
    files = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    made = {"workshop_zh.ipynb", "report_zh.html", "tables/zh/n.csv", "bundle/bundle.json"}
    assert files == made | {MANIFEST}
    page = (out / "report_zh.html").read_text(encoding="utf-8")
    assert (
        "n is 7, log" in page
        and "第一步" in page
        and "Step one" not in page
        and "第二步" not in page
        and "2024-01-05" in page
    )
    cells = nbformat.read(out / "workshop_zh.ipynb", 4).cells
    assert not any("Step" in c.source for c in cells) and any("n = 7" in c.source for c in cells)

    assert run(log, lang="zh", out=out, notebook=small, parameters=["n=8"]) == 0  # ours: replaced
    assert "n is 8" in (out / "report_zh.html").read_text(encoding="utf-8")
    (out / "mine.txt").write_text("keep")
    (out / "report_zh.html").write_text("my own words")
    assert run(log, lang="zh", out=out, notebook=small) == 1
    assert (out / "report_zh.html").read_text() == "my own words" and (out / "mine.txt").exists()
    assert "report_zh.html" in capsys.readouterr().err
    assert not list(out.glob(".run-*"))


def test_failing_cell_leaves_the_notebook_so_far_and_names_step_and_reason(small, log, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(log, lang="en", out=out, notebook=small, parameters=["strict=yes", "n=9"]) == 1
    said = capsys.readouterr().err
    assert "“Step two” failed: n = 9 <b>" in said and "Traceback" not in said and "第二步" not in said
    cells = nbformat.read(out / "workshop_en.ipynb", 4).cells
    assert any(o.output_type == "error" for c in cells if c.cell_type == "code" for o in c.outputs)
    assert not any("papermill" in c.source for c in cells) and not (out / "report_en.html").exists()


def test_unusable_file_is_refused_with_the_doors_own_message(small, tmp_path, capsys):
    set_language("en")
    bad = tmp_path / "bad.csv"
    bad.write_text("customer_id,date,amount\na,01/02/2024,5\nb,03/04/2024,6\n")
    assert run(bad, out=tmp_path / "out", notebook=small) == 1
    from crmkit.intake.door import check_transactions

    said, error = capsys.readouterr().err.replace("\n", " "), check_transactions(bad).errors[0]
    assert error["message_en"] in said and error["message_zh"] not in said and "{" not in said


@pytest.mark.parametrize("name", [name for name in DATASETS if name != "complete_journey"])
def test_every_embedded_data_set_is_read_by_its_name(name):
    shown, source = data_source(name)
    assert source == name and shown.lower() == name
    report = read(source)
    assert report.usable and report.rows_in == len(load(name))


READS = code(
    "import crmkit\n"
    "crmkit.set_language(lang)\n"
    "study = crmkit.study_client(data, as_of=as_of, kept=kept)\n"
    "display(*study.section('data'))",
    "report",
)


def test_the_file_is_read_once_for_the_check_and_both_languages(small, log, tmp_path, monkeypatch):
    """Taken away as soon as it has been read: nothing of the run asks for it again."""
    from coursekit.client import run as running

    def read_and_take_away(source, **how):
        report = read(source, **how)
        Path(source).unlink()
        return report

    node = nbformat.read(small, 4)
    parameters = next(cell for cell in node.cells if "parameters" in cell.metadata.tags)
    parameters.source += '\nkept: str = ""  # 读好的 | what was read'
    node.cells = [cell for cell in node.cells if "n is" not in cell.source] + [deepcopy(READS)]
    nbformat.write(node, small)
    monkeypatch.setattr(running, "read", read_and_take_away)
    out = tmp_path / "out"
    assert run(log, lang="both", out=out, notebook=small) == 0
    for lang, total in (("zh", "合计"), ("en", "add up to")):
        assert total in (out / f"report_{lang}.html").read_text(encoding="utf-8")
        handed_over = nbformat.read(out / f"workshop_{lang}.ipynb", 4)
        assert not any(".run-" in cell.source for cell in handed_over.cells), "no place that is gone"
        counts = [cell.execution_count for cell in handed_over.cells if cell.cell_type == "code"]
        assert counts == list(range(1, len(counts) + 1))


def test_the_second_notebook_knows_no_name_of_the_first(small, log, tmp_path):
    node = nbformat.read(small, 4)
    node.cells.append(code("assert 'left_behind' not in globals()\nleft_behind = lang"))
    nbformat.write(node, small)
    assert run(log, lang="both", out=tmp_path / "out", notebook=small) == 0


# ---- the workshop itself


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    path = tmp_path_factory.mktemp("workshop") / WORKSHOP
    nbformat.write(lesson_notebook(read_lesson(ROOT / "lessons" / "14_client_workshop.md")), path)
    return path


@pytest.fixture(scope="module")
def opened_by_hand(workshop):
    """The workshop as somebody opens it, up to the cell that reads the data: data → what that cell fails with."""

    def run_to_the_data(data) -> str:
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError

        from coursekit.kernels.private import PrivateKernelManager

        notebook = nbformat.read(workshop, as_version=4)
        reads = next(
            i
            for i, cell in enumerate(notebook.cells)
            if "study_client(data" in cell.source and cell.cell_type == "code"
        )
        notebook.cells = notebook.cells[: reads + 1]
        parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
        parameters.source += f"\ndata = {str(data)!r}"
        try:
            NotebookClient(
                notebook, kernel_name="python3", kernel_manager_class=PrivateKernelManager, timeout=600
            ).execute()
        except CellExecutionError as error:
            return error.evalue
        return ""

    return run_to_the_data


def test_an_unusable_file_opened_in_the_notebook_says_why_in_both_languages(opened_by_hand, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("customer_id,date,amount\na,01/02/2024,5\nb,03/04/2024,6\n")
    from crmkit.intake.door import check_transactions

    problem, said = check_transactions(bad).problem, opened_by_hand(bad)
    assert problem.message_zh in said and problem.message_en in said


def test_a_market_is_read_in_the_notebook_by_its_name(opened_by_hand):
    assert opened_by_hand("telecom") == ""


@pytest.fixture(scope="session")
def cdnow(workshop, tmp_path_factory):
    out = tmp_path_factory.mktemp("cdnow")
    assert run(None, lang="both", out=out, notebook=workshop) == 0
    return out


def words(page: str) -> str:
    """The text that a reader sees, formulas aside."""
    body = re.sub(r"<(style|math|script)\b.*?</\1>|<[^>]+>", " ", page, flags=re.S)
    return html.unescape(re.sub(r"\s+", " ", body))


def test_page_is_self_contained_small_and_without_code(cdnow):
    pages = list(cdnow.glob("report_*.html"))
    assert len(pages) == 2
    for page in pages:
        text = page.read_text(encoding="utf-8")
        addresses = re.findall(r'\b(?:src|href|action)\s*=\s*"([^"]*)"', text)
        assert len(addresses) > 14 and all(a.startswith(("data:", "#")) for a in addresses)
        assert "http" not in re.sub(r"base64,[^\"')]+", "", text).replace("http-equiv", "")
        assert (
            "<script" not in text
            and "report.say" not in text
            and text.count("<math") >= 10
            and len(text) < 2_000_000
        )


def test_each_page_speaks_one_language(cdnow):
    english = words((cdnow / "report_en.html").read_text(encoding="utf-8"))
    assert not CJK.search(english)
    chinese = words((cdnow / "report_zh.html").read_text(encoding="utf-8"))
    allowed = {"CDNOW", "Schmittlein", "GDPR"}
    assert set(re.findall(r"[A-Za-z]{2,}", chinese)) <= allowed


def test_labels_in_figures_speak_the_language_of_the_page(cdnow):
    for lang in ("zh", "en"):
        page = (cdnow / f"report_{lang}.html").read_text(encoding="utf-8")
        figures = [
            b64decode(code).decode() for code in re.findall(r"image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page)
        ]
        labels = "\n".join(
            label for svg in figures for label in re.findall(r"<!-- (.*?) -->", svg)
        )  # matplotlib notes each text
        assert len(figures) == 5 and "%" in labels
        assert not CJK.search(labels) if lang == "en" else not re.search(r"[A-Za-z]{2,}", labels)


def test_totals_reconcile_with_pandas_on_the_published_log(cdnow):
    log = load("cdnow")
    said = (
        pd.read_parquet(cdnow / "tables/en/numbers.parquet")
        .set_index(["finding", "figure"])["number"]
        .astype(float)
    )
    spend = log.groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    days = log.drop_duplicates(["customer_id", "date"]).groupby("customer_id").size()
    assert said["rows_all", "rows_in"] == 69659
    assert said["total", "total"] == round(log["amount"].sum(), 2) == 2500315.63
    assert said["zero", "zero_rows"] == 80 and said["duplicates", "duplicate_rows"] == 255
    assert said["pareto", "share_top"] == pytest.approx(spend.head(4714).sum() / spend.sum())
    assert said["pyramid", "top_two_share"] == pytest.approx(spend.head(1179).sum() / spend.sum())
    assert said["repeat", "repeat_buyers"] == (days > 1).sum()
    assert said["spend", "median"] == pytest.approx(spend.median())
    monthly = log.groupby(log["date"].dt.to_period("M"))["amount"].sum()
    assert said["sales_peak", "best_revenue"] == pytest.approx(monthly.max())


def test_tables_reconcile_with_each_other_and_with_the_total(cdnow):
    table = {p.stem: pd.read_parquet(p) for p in (cdnow / "tables/en").glob("*.parquet")}
    assert table["sales"]["revenue"].sum() == pytest.approx(2500315.63)
    assert table["tiers"]["revenue"].sum() == pytest.approx(2500315.63)
    assert table["segments"]["revenue"].sum() == pytest.approx(2500315.63)
    assert table["customers"]["revenue"].sum() == pytest.approx(2500315.63)
    assert (
        table["tiers"]["customers"].sum()
        == table["segments"]["customers"].sum()
        == len(table["customers"])
        == 23570
    )
    assert "reallocation" not in table and "resources" not in table["tiers"], "nobody has set an assumption"
    lost = table["migration"].set_index("from_tier")
    assert lost.to_numpy().sum() == 23570


def test_numbers_of_both_languages_are_the_same(cdnow):
    zh, en = (pd.read_parquet(cdnow / f"tables/{lang}/numbers.parquet") for lang in ("zh", "en"))
    pd.testing.assert_frame_equal(zh, en)


def test_page_and_tables_are_made_from_the_bundle_and_from_nothing_else(cdnow, tmp_path):
    bundle = Bundle.read(cdnow / "bundle")
    for lang in ("zh", "en"):
        assert page_of(bundle, lang) == (cdnow / f"report_{lang}.html").read_text(encoding="utf-8")
        save_tables(bundle.tables, tmp_path / lang, lang=lang)
        tables = list((cdnow / "tables" / lang).glob("*.csv"))
        assert tables
        for path in tables:
            assert (tmp_path / lang / path.name).read_bytes() == path.read_bytes()


def test_each_sentence_of_the_bundle_is_there_in_both_languages_with_the_figures_that_it_rests_on(cdnow):
    bundle = Bundle.read(cdnow / "bundle")
    findings = [finding for item in bundle.items for finding in item.findings]
    assert len(findings) > 40 and all(CJK.search(f["zh"]) and not CJK.search(f["en"]) for f in findings)
    numbers = bundle.tables["numbers"].set_index(["finding", "figure"])["number"]
    for finding in findings:
        for name, value in finding["figures"].items():
            if isinstance(value, float):
                assert value in numbers.loc[[(finding["key"], name)]].tolist()
    drawn = [item.table for item in bundle.items if item.kind == "figure"]
    assert drawn == ["sales", "lorenz", "tiers", "segments", "migration"]
    assert set(drawn) <= set(bundle.tables), "what a figure draws is data of the bundle"


def test_a_notebook_whose_editions_find_different_things_makes_no_page(small, log, tmp_path, capsys):
    node = nbformat.read(small, 4)
    source = "display({'text/markdown': lang, %r: {'role': '', 'bullets': False, 'findings': [{'key': lang}]}}, raw=True)"
    node.cells.append(code(source % FINDINGS, "report"))
    nbformat.write(node, small)
    assert run(log, out=tmp_path / "out", notebook=small) == 1
    assert "“Step two”" in capsys.readouterr().err and not list((tmp_path / "out").glob("report_*"))


def test_every_number_in_the_brief_is_in_the_tables(cdnow):
    page = (cdnow / "report_en.html").read_text(encoding="utf-8")
    brief = words(page.partition(">In brief</h2>")[2].partition("<h2")[0])
    said = pd.read_parquet(cdnow / "tables/en/numbers.parquet")["number"].dropna().abs()
    forms = {f"{v:,.0f}" for v in said} | {f"{100 * v:.1f}" for v in said} | {f"{100 * v:.4g}" for v in said}
    forms |= {f"{v:.2f}" for v in said}
    brief = re.sub(r"\d{1,2} [A-Z][a-z]+ \d{4}", "", brief)
    assert set(re.findall(r"\d[\d,]*(?:\.\d+)?", brief)) <= forms


def test_csv_and_workbook_are_there_for_excel(cdnow):
    assert (cdnow / "tables/zh/tiers.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert CJK.search((cdnow / "tables/zh/tiers.csv").read_text(encoding="utf-8-sig").splitlines()[0])
    assert not CJK.search((cdnow / "tables/en/tiers.csv").read_text(encoding="utf-8-sig"))
    tabs = {
        lang: pd.ExcelFile(cdnow / f"tables/{lang}/tables.xlsx", engine="calamine").sheet_names
        for lang in ("zh", "en")
    }
    assert {"tiers", "customers"} <= set(tabs["en"]) and tabs["en"][-1] == "numbers"
    assert not [tab for tab in tabs["zh"] if re.search("[a-z]", tab)]


def odd_file(name: str, folder: Path) -> Path:
    """Usable files that stretch the workshop."""
    path = folder / f"{name}.csv"
    rows = {
        "three_customers": [
            ("a", "2024-01-01", 5),
            ("b", "2024-02-01", 7),
            ("c", "2024-03-01", 1),
            ("a", "2024-03-09", 2),
        ],
        "one_row": [("only", "2024-01-01", 0.01)],
        "single_day": [(f"c{i}", "2024-01-01", i + 1) for i in range(40)],
        "only_returns": [(f"c{i}", f"2024-01-{i % 28 + 1:02}", -i - 1) for i in range(30)],
        "all_zero": [(f"c{i}", f"2024-0{i % 6 + 1}-01", 0) for i in range(30)],
        "huge_amounts": [(f"c{i % 60}", f"2024-{i % 12 + 1:02}-15", 1e12 + i) for i in range(300)],
        "returns_in_the_second_half": [(f"c{i}", "2023-01-10", 100) for i in range(50)]
        + [(f"c{i}", "2023-12-01", -10) for i in range(50)],
        "hostile_names": [
            (f"<script>alert({i})</script>|*x*_y_$1$", f"2024-{i % 12 + 1:02}-{d}", 50 * (i + 1))
            for i in range(30)
            for d in ("03", "09")
        ],
    }[name]
    pd.DataFrame(rows, columns=["customer_id", "date", "amount"]).to_csv(path, index=False)
    return path


def in_this_process(notebook: Path, data: Path, lang: str, mapping: Path | str = "") -> str:
    """The page of the workshop on ``data``, its cells run here one by one:
    a kernel for each odd file would take minutes.
    """
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    from matplotlib import pyplot

    matplotlib.use("agg")
    bilingual = nbformat.read(notebook, as_version=4)
    shell, node = InteractiveShell(), in_one_language(bilingual, lang)
    for cell in node.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code":
            more = (
                f"\ndata, out = {str(data)!r}, {str(data.parent / 'tables')!r}\nmapping = {str(mapping)!r}"
                if "parameters" in tags
                else ""
            )
            with capture_output() as caught:
                shell.run_cell(cell.source + more).raise_error()
            cell.outputs = [
                v4.new_output("display_data", data=o.data, metadata=o.metadata) for o in caught.outputs
            ]
    pyplot.close("all")
    values = {"as_of": "", "data": str(data), "client": data.stem}
    return page_of(make_bundle(bilingual, {lang: node}, {}, values), lang)


@pytest.mark.parametrize(
    "name",
    [
        "three_customers",
        "one_row",
        "single_day",
        "only_returns",
        "all_zero",
        "huge_amounts",
        "returns_in_the_second_half",
        "hostile_names",
    ],
)
def test_any_usable_file_makes_a_page(workshop, tmp_path, name):
    answered = tmp_path / "answered.toml"  # amounts that are all below zero are asked about
    answered.write_text('as_read = ["turned"]\n', encoding="utf-8")
    page = in_this_process(workshop, odd_file(name, tmp_path), "zh", answered)
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b|NaT", words(page)) and "<script" not in page
    assert page.count("<h2") == 12 and (tmp_path / "tables" / "tables.xlsx").stat().st_size > 5000
    if name in ("three_customers", "one_row", "only_returns", "all_zero"):
        assert "无法计算" in page or "这一步不计算" in page
    assert "platinum" not in page and "铂金层" not in page, "none of these files bears a pyramid"


def test_manifest_names_every_file_of_a_run(cdnow):
    listed = json.loads((cdnow / MANIFEST).read_text(encoding="utf-8"))
    files = {p.relative_to(cdnow).as_posix() for p in cdnow.rglob("*") if p.is_file()} - {MANIFEST}
    assert {name for entry in listed.values() for name in entry} == files
