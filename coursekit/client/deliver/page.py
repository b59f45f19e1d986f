"""An executed notebook → one HTML page for a client: self-contained, offline, printable, in one language.

Only cells tagged ``report`` are shown, never their code. Whatever a page needs is inside it: figures as data URIs,
formulas as MathML, and the characters of a CJK font that occur on it, so that it reads on a machine that has none.
"""

import base64
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from io import BytesIO
from pathlib import Path
from string import Template

_HERE = Path(__file__).parent
LANG_ATTRIBUTE = {"zh": "zh-CN", "en": "en"}
REPORT_TAG = "report"
FIRST_TAG = "report-first"  # the executive summary: written last, read first
CAPTION = "crmkit_caption"  # metadata of an output that is a figure's caption and alternative text

# what a table may bring along; everything else (scripts, links, images from elsewhere) is taken out of HTML outputs
_TAGS = (
    "table thead tbody tfoot tr th td caption colgroup col div span p ul ol li b strong i em small sub sup br code"
).split()
_ATTRIBUTES = {
    "*": ["class", "lang", "title"],
    "th": ["scope", "colspan", "rowspan"],
    "td": ["colspan", "rowspan"],
}


@dataclass(frozen=True, kw_only=True)
class PageTitle:
    """The title block: what the page is, and ``facts`` below it as (label, value) pairs."""

    title: str
    client: str
    facts: tuple[tuple[str, str], ...] = ()


def page(notebook, lang: str, heading: PageTitle, words: dict[str, str]) -> str:
    """The page as one text; ``words`` holds the few words of the frame: contents, figure, made_with."""
    first, rest = [], []
    for cell in report_cells(notebook, lang):
        (first if FIRST_TAG in cell.metadata.get("tags", []) else rest).append(cell)
    body = "\n".join(_cell(cell, words) for cell in first + rest)
    body, contents = _number_headings(body)
    facts = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in heading.facts)
    text = Template((_HERE / "page.html").read_text(encoding="utf-8")).substitute(
        lang=LANG_ATTRIBUTE[lang],
        head_title=escape(f"{heading.client} · {heading.title}"),
        title=escape(heading.title),
        client=escape(heading.client),
        facts=facts,
        contents_word=escape(words["contents"]),
        contents=contents,
        body=body,
        made_with=escape(words["made_with"]),
        css=(_HERE / "page.css").read_text(encoding="utf-8"),
        fonts="@fonts@",
    )
    return text.replace("@fonts@", font_faces(text))


def report_cells(notebook, lang: str):
    """The cells of ``notebook`` that belong on the page in ``lang``: tagged report, and not of the other language."""
    other = {"zh": "lang-en", "en": "lang-zh"}[lang]
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if (REPORT_TAG in tags or FIRST_TAG in tags) and other not in tags:
            yield cell


@cache
def _markdown():
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    # html=False: a customer's name that looks like a tag is shown as it is; validateLink keeps only links inside the page
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    dollarmath_plugin(reader, allow_space=False, double_inline=True)
    reader.renderer.rules["math_inline"] = lambda tokens, i, *_: maths(tokens[i].content, display=False)
    for rule in ("math_block", "math_inline_double", "math_block_label"):
        reader.renderer.rules[rule] = lambda tokens, i, *_: maths(tokens[i].content, display=True)
    reader.validateLink = lambda url: url.startswith("#")
    return reader


def markdown(text: str) -> str:
    """Markdown → HTML: no raw HTML, no images, no links out; $…$ and $$…$$ as MathML."""
    return _markdown().render(text)


def maths(latex: str, *, display: bool) -> str:
    """A formula as MathML, which browsers draw by themselves; its source stays as alternative text."""
    from latex2mathml.converter import convert

    element = convert(latex.strip(), display="block" if display else "inline")
    # HTML knows <math> without its namespace, and a page without any http:// is easier to vouch for
    said = f'<math alttext="{escape(latex.strip(), quote=True)}"'
    return element.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1).replace("<math", said, 1)


def _cell(cell, words) -> str:
    if cell.cell_type == "markdown":
        return markdown(cell.source)
    outputs = [o for o in cell.get("outputs", []) if o.output_type in ("display_data", "execute_result")]
    captions = [o for o in outputs if o.get("metadata", {}).get(CAPTION)]
    shown = []
    for output in outputs:
        if output in captions:
            continue
        data = output.data
        if "image/svg+xml" in data or "image/png" in data:
            # the inline backend draws after everything else that the cell displayed: match captions by their order
            shown.append(_figure(output, captions.pop(0) if captions else None, words))
        elif "text/html" in data:
            shown.append(f'<div class="table">{clean(_text(data["text/html"]))}</div>')
        elif "text/markdown" in data:
            shown.append(markdown(_text(data["text/markdown"])))
        elif "application/vnd.jupyter.widget-view+json" not in data and "text/plain" in data:
            shown.append(f"<pre>{escape(_text(data['text/plain']))}</pre>")
    return "\n".join(shown)


def _text(value) -> str:
    return value if isinstance(value, str) else "".join(value)


def _figure(output, caption, words) -> str:
    if "image/svg+xml" in output.data:  # in <img>, an SVG can neither run scripts nor fetch anything
        image = base64.b64encode(_same_svg(_text(output.data["image/svg+xml"])).encode()).decode()
        source, width = f"data:image/svg+xml;base64,{image}", ""
    else:
        source = "data:image/png;base64," + _text(output.data["image/png"]).replace("\n", "")
        size = output.get("metadata", {}).get("image/png", {}).get("width")
        width = f' width="{int(size)}"' if size else ""
    said = markdown(_text(caption.data["text/markdown"])) if caption else ""
    alt = re.sub(r"<[^>]+>", "", said).strip() or escape(words["figure"])
    shown = f"<figcaption>{said}</figcaption>" if caption else ""
    return f'<figure>{shown}<img alt="{alt.replace(chr(34), "&quot;")}" src="{source}"{width}></figure>'


def _same_svg(svg: str) -> str:
    """matplotlib's SVG without its date, and with its random ids numbered: the same figure, the same bytes."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    for n, name in enumerate(dict.fromkeys(re.findall(r'id="([a-z][0-9a-f]{10})"', svg))):
        svg = svg.replace(name, f"id{n}")
    return svg


def clean(html: str) -> str:
    """HTML of an output without anything that could run, fetch or leave the page."""
    import bleach

    html = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", "", html)  # their text is not content
    return bleach.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, strip=True)


def _number_headings(body: str) -> tuple[str, str]:
    """Headings get ids; the list of contents links to those of the second level."""
    contents, count = [], 0

    def mark(match):
        nonlocal count
        count += 1
        level, text = match[1], match[2]
        if level == "2":
            contents.append(f'<li><a href="#s{count}">{re.sub("<[^>]+>", "", text)}</a></li>')
        return f'<h{level} id="s{count}">{text}</h{level}>'

    return re.sub(r"<h([1-6])>(.*?)</h\1>", mark, body, flags=re.S), "".join(contents)


def font_faces(html: str) -> str:
    """@font-face rules with the characters of ``html`` that are beyond Latin, from crmkit's own font; "" if there are none."""
    wanted = {c for c in html if ord(c) > 0x2000}
    if not wanted:
        return ""
    faces = []
    for weight, path in font_files().items():
        data = subset(path, frozenset(wanted))
        faces.append(
            f'@font-face{{font-family:"Kit CJK";font-weight:{weight};font-display:block;'
            f'src:url(data:font/woff;base64,{base64.b64encode(data).decode()}) format("woff")}}'
        )
    return "".join(faces)


@cache
def font_files() -> dict[str, Path]:
    """Weight → file of the font that crmkit carries."""
    import crmkit

    found = {}
    for path in sorted((Path(crmkit.__file__).parent / "fonts").glob("*.[ot]tf")):
        found["700" if "bold" in path.stem.lower() else "400"] = path
    return found


def subset(path: Path, characters: frozenset[str]) -> bytes:
    """A WOFF file with only ``characters``; the same bytes for the same characters."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(path, lazy=True, recalcTimestamp=False)
    options = Options(
        layout_features=["kern", "locl"], hinting=False, notdef_outline=True, name_IDs=[1, 2, 13, 14]
    )
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(characters)))
    subsetter.subset(font)
    font.flavor = "woff"
    out = BytesIO()
    font.save(out)
    return out.getvalue()
