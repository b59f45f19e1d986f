"""Questions at the command line: shown, answered by one key or by --answer, and kept so that nothing is asked again."""

import json
import tomllib

import pytest

import crmkit
from coursekit.client import questions
from coursekit.client.check import check
from coursekit.client.questions import answers_of
from coursekit.messages import KitError

HEAD = "会员ID,下单时间,金额,订单状态,退款金额\n"
ROWS = "a,2024-03-05,10,已完成,0\na,2024-03-06,20,已取消,20\nb,2024-03-07,30,已完成,5\n"


@pytest.fixture(autouse=True)
def _english():
    crmkit.set_language("en")
    yield
    crmkit.set_language("both")


@pytest.fixture
def data(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + ROWS, encoding="utf-8")
    return tmp_path / "a.csv"


def told(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def at_the_keyboard(monkeypatch, keys: str) -> None:
    """Somebody sits at the terminal and presses these keys, one after the other."""
    pressed = iter(keys)
    monkeypatch.setattr(questions, "at_a_terminal", lambda: True)
    monkeypatch.setattr("coursekit.client.check.at_a_terminal", lambda: True)
    monkeypatch.setattr("typer.getchar", lambda: next(pressed))


def test_without_a_terminal_it_exits_1_with_the_questions_in_json(data, capsys):
    assert check(data, as_json=True) == 1
    report = told(capsys)
    assert [q["code"] for q in report["questions"]] == ["status", "refund"]
    for question in report["questions"]:
        for reading in question["readings"]:
            assert {"id", "zh", "en", "rows", "amount_total", "customers", "top_share"} <= reading.keys()


def test_answers_settle_it_and_are_kept_for_next_month(data, capsys):
    assert check(data, as_json=True, answers=["status=usual", "refund=subtract"]) == 0
    report = told(capsys)
    assert report["amount_total"] == "35.00"
    kept = tomllib.loads(open(report["choices_file"], encoding="utf-8").read())
    assert kept == {
        "columns": {"customer_id": "会员ID", "date": "下单时间", "amount": "金额"},
        "keep": {"订单状态": ["已完成"]},
        "drop": {"订单状态": ["已取消"]},
        "subtract": ["退款金额"],
    }
    data.write_text(HEAD + ROWS.replace("10", "40"), encoding="utf-8")
    assert check(data, as_json=True, mapping=report["choices_file"]) == 0
    assert told(capsys)["amount_total"] == "65.00"


def test_the_columns_that_were_used_are_kept_too(data, capsys):
    check(data, as_json=True, answers=["status=usual", "refund=subtract"])
    mapping = told(capsys)["choices_file"]
    lines = (HEAD + ROWS).splitlines()
    more = "\n".join([f"应付金额,{lines[0]}", *(f"99,{line}" for line in lines[1:])]) + "\n"
    data.write_text(more, encoding="utf-8")
    assert check(data, as_json=True, mapping=mapping) == 0
    assert told(capsys)["amount_total"] == "35.00"


def test_one_key_answers_and_the_readings_stand_side_by_side(data, capsys, monkeypatch):
    at_the_keyboard(monkeypatch, "x11")  # x is no key here
    assert check(data) == 0
    shown = capsys.readouterr().out
    assert "40.00" in shown and "60.00" in shown and "35.00" in shown
    assert (data.parent / "a.mapping.toml").exists()


def test_whoever_will_not_decide_leaves_it_open(data, capsys, monkeypatch):
    at_the_keyboard(monkeypatch, "q")
    assert check(data) == 1
    assert not (data.parent / "a.mapping.toml").exists()


def test_choices_go_into_the_mapping_file_that_was_given(data, capsys):
    mapping = data.parent / "mine.toml"
    mapping.write_text('# by hand\ncurrency = "CNY"\n\n[columns]\namount = "金额"\n', encoding="utf-8")
    assert check(data, as_json=True, mapping=mapping, answers=["status=usual", "refund=subtract"]) == 0
    text = mapping.read_text(encoding="utf-8")
    assert text.startswith("# by hand\n")
    kept = tomllib.loads(text)
    columns = {"amount": "金额", "customer_id": "会员ID", "date": "下单时间"}
    assert (kept["currency"], kept["columns"], kept["subtract"]) == ("CNY", columns, ["退款金额"])
    assert check(data, as_json=True, mapping=mapping) == 0


def test_an_answer_must_name_its_question(data):
    assert answers_of(["a=b", " c = d "]) == {"a": "b", "c": "d"}
    for text in ("usual", "=usual", "status="):
        with pytest.raises(KitError) as refused:
            answers_of([text])
        assert refused.value.code == "check_answer_form"


def test_run_asks_the_same_way(data, monkeypatch, capsys):
    from coursekit.client.run import read

    with pytest.raises(KitError) as refused:
        read(str(data))
    assert "--answer status=usual" in refused.value.message_en
    assert read(str(data), answers={"status": "usual", "refund": "subtract"}).amount_total == "35.00"
    at_the_keyboard(monkeypatch, "21")
    monkeypatch.setattr("coursekit.client.run.at_a_terminal", lambda: True)
    assert read(str(data)).amount_total == "35.00"
