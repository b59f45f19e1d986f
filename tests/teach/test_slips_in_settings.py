"""A slip in a file of settings is told with its line and what to write, in both languages;
right ones are read as ever.
"""

import pytest

from coursekit.messages import KitError
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
