"""What is bold in a source is bold on the page, in Chinese too, where no spaces stand around it."""

import re

import pytest
from course import LESSONS
from markdown_it import MarkdownIt

from coursekit.lessons.bold import shown_bold
from coursekit.lessons.build import notebooks

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
BUILT = notebooks(LESSONS)
NOT_READ = re.compile(r"<(code|pre)\b.*?</\1>|<[^>]*>|\$[^$]*\$", re.DOTALL)


@pytest.mark.parametrize("path", BUILT)
def test_no_stars_are_left_where_commonmark_renders_a_notebook(path):
    for cell in BUILT[path].cells:
        if cell.cell_type == "markdown":
            assert "**" not in NOT_READ.sub("", MARKDOWN.render(cell.source)), cell.source[:200]


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("结论是**“先试点”**。", "<p>结论是<strong>“先试点”</strong>。</p>"),
        ("结论是**先试点。**然后", "<p>结论是<strong>先试点。</strong>然后</p>"),
        (
            '就是**<abbr title="x">接触强度</abbr>**。',
            '<p>就是<strong><abbr title="x">接触强度</abbr></strong>。</p>',
        ),
        ("**利润**上升", "<p><strong>利润</strong>上升</p>"),
        ("`a**b**c` 与 $a**b**c$", "<p><code>a**b**c</code> 与 $a<strong>b</strong>c$</p>"),
    ],
)
def test_bold_beside_chinese_and_its_marks_is_rendered_and_code_and_formulas_stay(source, html):
    assert MARKDOWN.render(shown_bold(source)).strip() == html


def test_what_commonmark_renders_by_itself_is_left_as_it_is_written():
    plain = "a **b** c\n**d**: 1\n（**e**）"
    assert shown_bold(plain) == plain
