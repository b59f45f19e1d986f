"""The client's page: nothing leaves it, nothing of the client's data can act in it, and it reads in its language."""

import re
from html.parser import HTMLParser

import nbformat.v4 as v4
import pytest

from coursekit.client.deliver.bundle import Bundle, page_items
from coursekit.client.deliver.page import clean, font_faces, markdown, maths, page
from crmkit.core.glossary import TERMS
from crmkit.report.sentences import FINDINGS

ONE_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class Seen(HTMLParser):
    """What a browser would make of the page: its tags with attributes, and its text by tag."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self._open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        self.texts.append((self._open[-1] if self._open else "", data))

    def addresses(self):
        return [
            v
            for _, attrs in self.tags
            for k, v in attrs.items()
            if k in ("src", "href", "srcset", "action", "data", "poster")
        ]


def notebook(*cells):
    return v4.new_notebook(cells=list(cells))


def prose(text, *tags):
    return v4.new_markdown_cell(text, metadata={"tags": ["report", *tags]})


def shown(*outputs, tags=("report",), source="secret_code()"):
    return v4.new_code_cell(source, metadata={"tags": list(tags)}, outputs=list(outputs))


def output(data, metadata=None):
    return v4.new_output("display_data", data=data, metadata=metadata or {})


def caption(text):
    finding = {"key": "a_figure", "zh": text, "en": text, "figures": {}}
    said = {"role": "caption", "bullets": False, "table": "sales", "findings": [finding]}
    return output({"text/markdown": text, FINDINGS: said})


def made(*cells, lang="en", client="Example"):
    node = notebook(*cells)
    return page(Bundle(client, {"as_of": "2024-01-31"}, page_items(node, {lang: node})), lang)


@pytest.mark.parametrize("lang, said", [("en", "customer pyramid"), ("zh", "客户金字塔")])
def test_a_term_on_the_page_shows_its_definition_once_in_the_language_of_the_page(lang, said):
    definition = TERMS.entry("customer_pyramid")[f"definition_{lang}"]
    html = made(prose(f"## {said}\n\n{said}: `{said}`\n\n**{said}**"), lang=lang)
    marks = [(tag, a) for tag, a in Seen(html).tags if tag == "abbr"]
    assert marks == [("abbr", {"class": "crm-term", "title": definition})]
    assert f'<h2 id="s1">{said}</h2>' in html and f"<code>{said}</code>" in html
    written = {"zh": "definition_en", "en": "definition_zh"}[lang]
    assert TERMS.entry("customer_pyramid")[written] not in html


def test_only_cells_tagged_report_are_shown_and_never_their_code():
    html = made(
        prose("# Seen"),
        v4.new_markdown_cell("# Unseen"),
        shown(output({"text/markdown": "**figure** 5"})),
        shown(output({"text/markdown": "not this"}), tags=()),
    )
    assert "Seen" in html and "<strong>figure</strong> 5" in html
    assert "Unseen" not in html and "not this" not in html and "secret_code" not in html


def test_cells_of_the_other_language_are_left_out():
    cells = (prose("# 中文", "lang-zh"), prose("# English", "lang-en"))
    assert "中文</h1>" in made(*cells, lang="zh") and "English</h1>" not in made(*cells, lang="zh")
    assert "English</h1>" in made(*cells, lang="en") and "中文</h1>" not in made(*cells, lang="en")


def test_cells_tagged_report_first_come_first():
    html = made(prose("## Sales"), v4.new_markdown_cell("## In brief", metadata={"tags": ["report-first"]}))
    assert html.index(">In brief</h2>") < html.index(">Sales</h2>")


def test_maths_is_mathml_and_no_dollar_is_left():
    html = made(prose("The index $G = \\frac{1}{n}$ and\n\n$$\\sum_{i=1}^{n} i\\,x_i$$\n\nworth 5 dollars."))
    tags = [tag for tag, _ in Seen(html).tags]
    assert tags.count("math") == 2 and "mfrac" in tags and any(t in tags for t in ("munderover", "msubsup"))
    assert "$" not in html.partition("<main>")[2]


def test_display_maths_within_a_paragraph_is_mathml_too():
    assert markdown("so $$G = 1$$ holds").count("<math") == 1


def test_amounts_with_a_dollar_sign_are_no_maths():
    html = markdown(r"from \$5 to \$7")
    assert "<math" not in html and "$5 to $7" in html


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src="http://example.com/x.png">',
        "<iframe src=//example.com></iframe>",
        '<a href="javascript:alert(1)">x</a>',
        '<table><tr><td style="background:url(http://example.com)" onclick="a()">x</td></tr></table>',
        "<link rel=stylesheet href=https://example.com/a.css>",
        "<style>@import 'https://example.com/a.css'</style>",
        "<svg><image href='https://example.com/a.png'/></svg>",
        "![x](http://example.com/x.png)",
        "[x](http://example.com)",
        "<http://example.com/auto>",
    ],
)
def test_hostile_client_data_neither_runs_nor_fetches(attack):
    html = made(
        prose(f"Client {attack}\n\n{attack}"),
        shown(output({"text/html": f"<div>{attack}</div>"})),
        shown(output({"text/markdown": attack})),
        shown(output({"text/plain": attack})),
        client=attack,
    )
    seen = Seen(html)
    assert all(a.startswith(("#", "data:")) for a in seen.addresses())
    assert not {"script", "iframe", "link", "svg", "object", "form"} & {tag for tag, _ in seen.tags}
    assert not [k for _, attrs in seen.tags for k in attrs if k.startswith("on") or k == "style"]
    css = "".join(text for tag, text in seen.texts if tag == "style")
    assert "example.com" not in css and "@import" not in css


def test_client_name_is_escaped_in_title_and_heading():
    html = made(prose("# T"), client='A & B <b>"')
    texts = Seen(html).texts
    assert ("title", 'A & B <b>" · Customer report') in texts and ("p", 'A & B <b>"') in texts
    assert "<b>" not in html


def test_table_keeps_its_cells_and_loses_its_style_sheet():
    html = clean(
        '<style>.x{color:red}</style><table class="crm-table"><thead><tr><th scope="col">a &lt; b</th></tr></thead></table>'
    )
    assert html == '<table class="crm-table"><thead><tr><th scope="col">a &lt; b</th></tr></thead></table>'


def test_figures_are_embedded_with_caption_as_alternative_text():
    html = made(
        shown(
            caption('Sales "rose"'),
            output({"image/png": ONE_PIXEL}, {"image/png": {"width": 80}}),
        )
    )
    images = [attrs for tag, attrs in Seen(html).tags if tag == "img"]
    assert images == [{"alt": 'Sales "rose"', "src": f"data:image/png;base64,{ONE_PIXEL}", "width": "80"}]
    assert "<figcaption>" in html and html.count("Sales") == 2


def test_what_a_figure_tells_of_its_data_stands_in_its_place_beside_the_caption():
    told = {"image/png": {"alt": "Figure “Sales”; bars: 2023 5, 2024 8."}}
    html = made(shown(caption("Sales rose"), output({"image/png": ONE_PIXEL}, told)))
    (image,) = [attrs for tag, attrs in Seen(html).tags if tag == "img"]
    assert image["alt"] == told["image/png"]["alt"]
    assert "<figcaption>" in html and html.count("Sales rose") == 1


def test_svg_figures_lose_what_changes_from_run_to_run():
    def svg(date, salt):
        return (
            f'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><metadata><date>{date}</date></metadata>'
            f'<clipPath id="p{salt}"/><path clip-path="url(#p{salt})"/></svg>'
        )

    pages = {
        made(shown(output({"image/svg+xml": svg(d, s)})))
        for d, s in (("2024", "0123456789"), ("2025", "abcdef9876"))
    }
    assert len(pages) == 1


def test_figure_without_caption_still_has_alternative_text():
    html = made(shown(output({"image/png": ONE_PIXEL})))
    assert [attrs["alt"] for tag, attrs in Seen(html).tags if tag == "img"] == ["Figure"]


def test_widgets_are_left_to_the_static_figure_beside_them():
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "Explorer()"}
    assert "Explorer" not in made(shown(output(widget)))


def test_the_picture_beside_a_widget_is_kept_with_what_it_finds_as_alternative_text():
    widget = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "x"},
        "text/plain": "12 gold customers",
    }
    still = {
        "text/html": "<svg></svg>",
        "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg"/>',
        "text/plain": "12 gold customers",
    }
    seen = Seen(made(shown(output(widget), output(still))))
    (image,) = [attrs for tag, attrs in seen.tags if tag == "img"]
    assert image["alt"] == "12 gold customers" and image["src"].startswith("data:image/svg+xml;base64,")


@pytest.mark.parametrize("lang, attribute", [("zh", "zh-CN"), ("en", "en")])
def test_language_attribute(lang, attribute):
    assert dict(Seen(made(prose("# x"), lang=lang)).tags)["html"]["lang"] == attribute


def test_font_holds_the_characters_of_the_page_and_only_these():
    from base64 import b64decode
    from io import BytesIO

    from fontTools.ttLib import TTFont

    html = made(prose("# 客户金字塔：“占比”−5"), lang="zh")
    fonts = re.findall(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", html)
    held = set(TTFont(BytesIO(b64decode(fonts[0]))).getBestCmap())
    assert {ord(c) for c in "客户金字塔：“”占比−"} <= held
    assert ord("购") not in held and len(html) < 100_000


def test_page_in_latin_letters_carries_no_font():
    assert font_faces("plain letters, é and ü", "zh") == ""


def test_quotation_marks_of_an_english_page_are_those_of_its_letters():
    assert font_faces("so-called “first” purchases − 5 …", "en") == ""
    assert font_faces("王芳’s", "en") != "" != font_faces("“首次”", "zh")


def test_same_notebook_gives_the_same_bytes():
    cells = [prose("# 客户"), shown(output({"image/png": ONE_PIXEL}))]
    assert made(*cells, lang="zh") == made(*cells, lang="zh")


def test_contents_link_to_headings_of_the_second_level():
    seen = Seen(made(prose("## Sales"), prose("### detail"), prose("## Customers")))
    links = [a for a in seen.addresses() if a.startswith("#")]
    ids = {attrs["id"]: tag for tag, attrs in seen.tags if "id" in attrs}
    assert len(links) == 2 and all(ids[a[1:]] == "h2" for a in links)


def test_formula_keeps_its_source_as_text():
    assert 'alttext="a &lt; b"' in maths("a < b", display=False) and "http" not in maths(
        "a < b", display=True
    )
