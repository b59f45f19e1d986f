"""`batch`: a notebook for every row of a table, resumed after a stop at any moment."""

import csv
import io
import re
import sys
import time
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest
from killing import killed_when

from coursekit.client.batch import batch
from coursekit.client.batch_table import cell_value, safe_label
from coursekit.client.parameters import Parameter, declared
from coursekit.messages import KitError
from crmkit import set_language

pytestmark = pytest.mark.executed

PARAMETERS = """n: int = 3  # how many
rate: float = 0.5
client = "x"
strict = False
tiers: list = [1, 2]
top: int | None = None
free = None"""
BODY = """import time
time.sleep(n / 1000)
if strict:
    raise ValueError(f"n = {n} is not allowed")
(n, rate, client, strict, tiers, top, free)"""


@pytest.fixture(autouse=True)
def english():
    set_language("en")
    yield
    set_language("both")


@pytest.fixture
def notebook(tmp_path):
    path = tmp_path / "note {book}.ipynb"
    cells = [v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}), v4.new_code_cell(BODY)]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(v4.new_notebook(cells=cells, metadata=about), path)
    return path


def table(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8-sig")
    return path


def run(notebook, rows, out, jobs=1):
    said = []
    return batch(notebook, table=rows, out=out, jobs=jobs, say=said.append), "\n".join(said)


def results(out: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO((out / "results.csv").read_text(encoding="utf-8-sig"))))


def result_of(path: Path) -> tuple:
    """What the last cell of an executed notebook showed."""
    return eval(nbformat.read(path, 4).cells[-1].outputs[0]["data"]["text/plain"])


def test_every_row_runs_with_its_own_values_and_only_what_failed_or_changed_runs_again(notebook, tmp_path):
    rows = table(
        tmp_path, 'id,n,rate,client,strict,tiers\na/1,1,0.25,=甲,,\n,,,,,\n王 二,2,,007,true,"[3, 4]"\n'
    )
    out = tmp_path / "结果 {x}"
    done, said = run(notebook, rows, out)
    assert [(r.number, r.state) for r in done] == [(2, "done"), (4, "failed")] and "row 4" in said
    assert result_of(out / "00002_a_1.ipynb") == (1, 0.25, "=甲", False, [1, 2], None, None)
    first, second = results(out)
    assert (first["state"], first["n"], first["client"], first["output"]) == (
        "done",
        "1",
        "'=甲",
        "00002_a_1.ipynb",
    )
    assert (
        second["error"] == "ValueError: n = 2 is not allowed"
        and second["output"] == "00004_王_二.failed.ipynb"
    )
    assert float(first["seconds"]) > 0 and second["strict"] == "True"
    assert (out / second["output"]).is_file() and not (out / "00004_王_二.ipynb").exists()
    assert {p.name for p in out.iterdir()} == {"00002_a_1.ipynb", second["output"], "results.csv"}

    stamp = (out / "00002_a_1.ipynb").stat().st_mtime_ns
    rows = table(
        tmp_path, 'id,n,rate,client,strict,tiers\na/1,1,0.25,=甲,,\n,,,,,\n王 二,2,,007,false,"[3, 4]"\n'
    )
    done, said = run(notebook, rows, out)
    assert "1 row run, 1 done before" in said and {r.state for r in done} == {"done"}
    assert (out / "00002_a_1.ipynb").stat().st_mtime_ns == stamp and not list(out.glob("*.failed.ipynb"))
    assert result_of(out / "00004_王_二.ipynb") == (2, 0.5, "007", False, [3, 4], None, None)
    assert float(results(out)[0]["seconds"]) > 0  # of the run that made it

    # what somebody wrote into is never replaced
    own = nbformat.read(out / "00002_a_1.ipynb", 4)
    own.cells.append(v4.new_markdown_cell("my remark"))
    nbformat.write(own, out / "00002_a_1.ipynb")
    assert run(notebook, rows, out)[1].startswith("0 rows run")
    rows.write_text(rows.read_text(encoding="utf-8").replace("a/1,1", "a/1,9"), encoding="utf-8")
    with pytest.raises(KitError, match="00002_a_1.ipynb is not as an earlier run left it"):
        run(notebook, rows, out)
    assert "my remark" in (out / "00002_a_1.ipynb").read_text(encoding="utf-8")


def test_a_workbook_with_a_title_gives_the_same_rows(notebook, tmp_path):
    import datetime

    import xlsxwriter

    path = tmp_path / "table.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["参数表"])
        sheet.write_row(2, 0, ["编号", "n", "rate", "strict", "client"])
        sheet.write_row(3, 0, [7, 5, 2, False, 12345])
        sheet.write_row(4, 0, ["", "", "", "否"])
        sheet.write_datetime(4, 4, datetime.datetime(2026, 3, 1), day)
    (one, two), _ = run(notebook, path, tmp_path / "out")
    assert (
        one.values == {"n": 5, "rate": 2.0, "strict": False, "client": "12345"}
        and one.output == "00004_7.ipynb"
    )
    assert two.values == {"strict": False, "client": "2026-03-01"} and two.output == "00005.ipynb"
    assert result_of(tmp_path / "out" / one.output)[:4] == (5, 2.0, "12345", False)


def test_papermill_by_hand_gives_the_same_cells(notebook, tmp_path):
    import papermill

    (row,), _ = run(notebook, table(tmp_path, "n,client\n4,甲\n"), tmp_path / "out")
    node = nbformat.read(notebook, 4)
    papermill.execute_notebook(
        node, str(tmp_path / "hand.ipynb"), parameters={"n": 4, "client": "甲"}, progress_bar=False
    )
    hand, ours = (nbformat.read(p, 4).cells for p in (tmp_path / "hand.ipynb", tmp_path / "out" / row.output))
    assert [c.source for c in hand] == [c.source for c in ours] and any("n = 4" in c.source for c in ours)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("n,rat\n1,2\n", "batch_unknown", ["“rat”", "rate: float = 0.5", "top: int = None"]),
        ("x,y\n1,2\n", "batch_unknown", ["“x, y”"]),
        ("n,n\n1,2\n", "batch_twice", ["“n”"]),
        ("n\n", "batch_no_rows", []),
        ("n,client\n1,a,b\n", "batch_surplus", ["Row 2"]),
        (
            "n,rate\n1,0.5\n2.5,\n3,ten\n4,nan\n",
            "batch_cells",
            ["Row 3, n: “2.5” is no int", "Row 4, rate: “ten” is no float", "Row 5, rate: “nan”", "3 cells"],
        ),
        ("strict\nmaybe\n", "batch_cells", ["“maybe” is no bool"]),
        ("tiers\n3\n", "batch_cells", ["is no list"]),
        ("top\nmany\n", "batch_cells", ["is no int"]),
    ],
)
def test_a_table_that_does_not_fit_is_refused_before_anything_runs(notebook, tmp_path, text, code, says):
    with pytest.raises(KitError) as refused:
        run(notebook, table(tmp_path, text), tmp_path / "out")
    assert refused.value.code == code and all(word in refused.value.message_en for word in says)
    assert re.search("[\u3400-\u9fff]", refused.value.message_zh) and not (tmp_path / "out").exists()


def test_what_is_no_parameterised_notebook_is_refused(notebook, tmp_path):
    rows = table(tmp_path, "n\n1\n")
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("n = 1")]), tmp_path / "plain.ipynb")
    (tmp_path / "text.ipynb").write_text("no notebook")
    for name, code in (
        ("plain", "batch_no_parameters"),
        ("text", "batch_unreadable"),
        ("absent", "batch_no_notebook"),
    ):
        with pytest.raises(KitError) as refused:
            run(tmp_path / f"{name}.ipynb", rows, tmp_path / "out")
        assert refused.value.code == code
    with pytest.raises(KitError) as refused:
        run(notebook, tmp_path / "absent.csv", tmp_path / "out")
    assert refused.value.code == "batch_no_table"


def test_types_are_those_that_the_notebook_declares_or_shows_by_its_defaults(notebook):
    kinds = {name: p.kind for name, p in declared(notebook).items()}
    assert kinds == {
        "n": "int",
        "rate": "float",
        "client": "str",
        "strict": "bool",
        "tiers": "list",
        "top": "int",
        "free": None,
    }
    free = Parameter("free", None, "None")
    assert [cell_value(free, c) for c in ("3", "0.5", "007", "True", "a b", 4.0)] == [
        3,
        0.5,
        "007",
        True,
        "a b",
        4,
    ]


@pytest.mark.parametrize(
    "text",
    ["../../etc", "a\0b\u202e", "CON.", " . ", "甲" * 200, 'a:b*c?"<>|', "=1+1{x}", "e\u0301", "😀" * 60],
)
def test_names_are_such_as_every_file_system_takes(text):
    label = safe_label(text)
    assert not re.search(r'[\\/:*?"<>|\x00-\x1f\u202e{} ]', label) and len(label.encode()) <= 150
    assert not label.startswith(".") and not label.endswith((".", " ")) and label == safe_label(label)


HOLD = """import os, time
from pathlib import Path
with open({pids!r}, "a") as stream:
    stream.write(f"{{os.getpid()}}\\n")
while n >= {first_held} and not Path({gate!r}).exists():
    time.sleep(0.05)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="survivors are looked for in /proc")
def test_kill_9_in_the_middle_leaves_whole_outputs_no_survivor_and_a_rerun_does_the_rest(notebook, tmp_path):
    pids, gate = tmp_path / "pids", tmp_path / "gate"
    node = nbformat.read(notebook, 4)
    hold = HOLD.format(
        pids=str(pids), gate=str(gate), first_held=3
    )  # rows from the third on never end by themselves
    node.cells.insert(1, v4.new_code_cell(hold))
    nbformat.write(node, notebook)
    rows = table(tmp_path, "n\n1\n2\n3\n4\n5\n")
    out = tmp_path / "out"
    command = ["-m", "coursekit.cli", "batch", str(notebook), "--table", str(rows), "--out", str(out)]
    killed_when(lambda: outputs(out) == ["00002.ipynb", "00003.ipynb"] and len(lines(pids)) >= 3, *command)
    kernels = lines(pids)
    wait_until(lambda: not any(running(pid) for pid in kernels))  # they look for their parent once a second
    assert outputs(out) == ["00002.ipynb", "00003.ipynb"]
    stamp = (out / "00003.ipynb").stat().st_mtime_ns
    (out / "00002.ipynb").write_text('{"cells": [')  # no whole notebook any more: made again
    gate.touch()
    again, said = run(notebook, rows, out, jobs=2)
    assert "4 rows run, 1 done before" in said and len(again) == 5
    assert [result_of(out / row.output)[0] for row in again] == [1, 2, 3, 4, 5]
    assert (out / "00003.ipynb").stat().st_mtime_ns == stamp
    assert not list(out.glob(".*.part*")) and {row["state"] for row in results(out)} == {"done"}


def outputs(out: Path) -> list[str]:
    return sorted(path.name for path in out.glob("[0-9]*.ipynb"))


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def wait_until(ready) -> None:
    """Until it is so; the bound only ends a test that would hang."""
    end = time.monotonic() + 300
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.1)


def running(pid: str) -> bool:
    """Whether the process goes on; one that has ended and that nobody has asked for does not."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_process_that_dies_fails_its_row_and_no_other(notebook, tmp_path):
    node = nbformat.read(notebook, 4)
    node.cells.append(
        v4.new_code_cell(
            "import os, signal\nif n == 2:\n    os.kill(os.getppid(), signal.SIGKILL); time.sleep(30)"
        )
    )
    node.cells.append(v4.new_code_cell("if n == 3:\n    os._exit(9)"))
    nbformat.write(node, notebook)
    done, _ = run(notebook, table(tmp_path, "n\n1\n2\n3\n4\n"), tmp_path / "out")
    assert [r.state for r in done] == ["done", "failed", "failed", "done"]
    assert "the process that ran it ended" in done[1].error and "DeadKernel" in done[2].error
