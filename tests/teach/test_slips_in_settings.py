"""A slip in a file of settings is told with its line and what to write, in both languages;
right ones are read as ever.
"""

import pytest

from coursekit.messages import KitError
from coursekit.teach.assign.settings import _file_of
from coursekit.teach.assign.toml_file import read_toml


@pytest.mark.parametrize(
    ("text", "line", "zh", "en"),
    [
        ("[late]\nper_day = 0,1", "per_day = 0,1", "小数点写成 0.1", "decimal point"),
        ('[extensions]\n“S001” = "2026-12-08"', "“S001”", "英文半角", "English keyboard"),
        ("【late】\nper_day = 0.1", "【late】", "英文半角", "English keyboard"),
        ("[late]\nper_day ＝ 0.1", "per_day ＝ 0.1", "英文半角", "English keyboard"),
        ("[late]\nper_day = 0.1，", "0.1，", "英文半角", "English keyboard"),
        ("[late]\ndue = 2026-12-3", "2026-12-3", "加引号", "in quotes"),
        ("[late]\ndue = 2026/12/03", "2026/12/03", "加引号", "in quotes"),
        ("[letters]\nA+ = 90", "A+ = 90", '"A+" = 90', '"A+" = 90'),
        ("[late]\nper_day = 1\n[late]\nmax_days = 2", "[late]", "合成一处", "put its lines together"),
        ("[late]\nper_day = 1\nper_day = 2", "", "合成一处", "put its lines together"),
        ("[late\nper_day = 1", "line 1: [late", "第 1 行", "line 1"),
        ("a = " + "[" * 5000, "", "不是有效的 TOML", "not valid TOML"),
    ],
)
def test_a_slip_is_told_with_its_line_and_what_to_write(tmp_path, text, line, zh, en):
    path = tmp_path / "grading.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KitError) as caught:
        read_toml(path)
    said = caught.value.message_zh + caught.value.message_en
    assert "grading.toml" in said and line in said and zh in said and en in said


def test_a_file_in_another_encoding_is_to_be_saved_anew(tmp_path):
    path = tmp_path / "grading.toml"
    path.write_bytes("# 批改设置\n[late]".encode("gbk"))
    with pytest.raises(KitError) as caught:
        read_toml(path)
    assert "另存为 UTF-8" in caught.value.message_zh and "save it as UTF-8" in caught.value.message_en


@pytest.mark.parametrize(
    "text", ["[late]\nper_day = 0.1", "due = 2026-12-03", '"A+" = 90', "# 注释，有逗号：和引号“”\na = 1"]
)
def test_what_is_right_is_read(tmp_path, text):
    path = tmp_path / "grading.toml"
    path.write_text(text, encoding="utf-8")
    assert len(read_toml(path)) == 1


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[late]\nperday = 0.1", "late.perday", "per_day, "),  # the likeliest first
        ('[override]\nstudent_id = "S1"\nscore = 1', "override", "[[override]]"),
        ('[[override]]\nstudent_id = "S1"\nscore = 7\nreason = "x"', "[[override]] 1: score", "≤ 1"),
        (
            '[[override]]\nstudent_id = "S1"\nscore = 1\nreason = "x"\nask = "y"',
            "[[override]] 1: ask",
            "asked, ",
        ),
    ],
)
def test_a_wrong_key_is_told_where_it_stands_with_the_keys_of_its_own_table(tmp_path, text, place, said):
    path = tmp_path / "grading.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KitError) as caught:
        _file_of(path)
    for message in (caught.value.message_zh, caught.value.message_en):
        assert place in message and said in message
    assert "whose" not in caught.value.message_en  # a key of the file's, and of no table in it


def test_overrides_that_are_right_are_read(tmp_path):
    path = tmp_path / "grading.toml"
    path.write_text('[[override]]\nstudent_id = "S1"\nscore = 1\nreason = "x"\n' * 2, encoding="utf-8")
    assert len(_file_of(path).override) == 2
