"""A bundle → one HTML page for a client: self-contained, offline, printable, in one language.

Whatever a page needs is inside it: figures as data URIs, formulas as MathML, and the characters of a CJK font that
occur on it, so that it reads on a machine that has none.
"""

import base64
import re
from functools import cache
from io import BytesIO
from pathlib import Path

from markupsafe import Markup

from coursekit.lessons.defined_terms import in_page
from coursekit.messages import MESSAGES
from coursekit.pages import environment
from crmkit.core.setting import using

from .bundle import Bundle, Item

LANG_ATTRIBUTE = {"zh": "zh-CN", "en": "en"}

# what a table may bring along; everything else (scripts, links, images from elsewhere) is taken out of HTML outputs
TAGS = {
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "colgroup", "col"),
    *("div", "span", "p", "ul", "ol", "li", "br"),
    *("b", "strong", "i", "em", "small", "sub", "sup", "code"),
}
ATTRIBUTES = {
    "*": ["class", "lang", "title"],
    "th": ["scope", "colspan", "rowspan"],
    "td": ["colspan", "rowspan"],
}
# whose terms a reader of the page may want explained
EXPLAINED = (
    "segmentation",
    "customer-pyramid",
    "pareto-and-long-tail",
    "lifetime-value",
    "retention-economics",
)
READ_BY_BROWSER = {"script", "style"}  # their text is not content


def page(bundle: Bundle, lang: str) -> str:
    """The page of a bundle in one language, as one text."""
    import crmkit

    template = environment("coursekit.client.deliver").get_template("page.html")
    contents: list[dict] = []
    with using(lang):
        frame = {
            "lang": LANG_ATTRIBUTE[lang],
            "title": MESSAGES.say("run_title"),
            "client": bundle.client,
            "facts": {MESSAGES.say(f"run_{name}"): value for name, value in bundle.facts.items()},
            "contents_word": MESSAGES.say("run_contents"),
            "contents": contents,
            "items": _explained([_filled(item, lang, contents) for item in bundle.items], lang),
            "made_with": MESSAGES.say("run_made_with", version=crmkit.__version__),
            "css": Markup((Path(__file__).parent / "page.css").read_text(encoding="utf-8")),
        }
    without_fonts = template.render(frame, fonts="")
    return template.render(frame, fonts=font_faces(without_fonts, lang))


def _filled(item: Item, lang: str, contents: list[dict]) -> dict:
    """An item as the template takes it: text that is HTML is marked as such, everything else is escaped there."""
    filled: dict = {"kind": item.kind}
    if item.kind == "figure":
        caption = markdown(findings_text(item, lang), contents) if item.findings else Markup()
        image = item.images[lang]
        filled["caption"] = caption
        filled["alt"] = image["about"] or caption.striptags() or MESSAGES.say("run_figure")
        filled["source"] = image_address(image)
        filled["width"] = image["width"]
    elif item.kind == "findings":
        filled["html"] = markdown(findings_text(item, lang), contents)
    elif item.kind == "prose":
        filled["html"] = markdown(item.texts.get(lang, ""), contents)
    elif item.kind == "table":
        filled["html"] = Markup(clean(item.texts[lang]))
    else:
        filled["text"] = item.texts[lang]
    return filled


def _explained(items: list[dict], lang: str) -> list[dict]:
    """The items, each term of the glossary marked with its definition where the page's prose first says it."""
    told: set[str] = set()
    for item in items:
        if item["kind"] in ("findings", "prose"):
            item["html"] = Markup(in_page(item["html"], lang, EXPLAINED, told))
    return items


def findings_text(item: Item, lang: str) -> str:
    """The sentences of an item as Markdown."""
    sentences = [finding[lang] for finding in item.findings]
    if item.bullets:
        return "\n".join(f"- {sentence}" for sentence in sentences)
    return "\n\n".join(sentences)


# ---- text


def markdown(text: str, contents: list[dict] | None = None) -> Markup:
    """Markdown → HTML: no raw HTML, no images, no links out; $…$ and $$…$$ as MathML.

    Headings get ids that count on from those of ``contents``, to which they are added with their level and text.
    """
    return Markup(_markdown().render(text, {"contents": contents if contents is not None else []}))


@cache
def _markdown():
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    # html=False: a customer's name that looks like a tag is shown as it is; validateLink keeps links inside the page
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    dollarmath_plugin(reader, allow_space=False, double_inline=True)
    rules = reader.renderer.rules
    rules["math_inline"] = lambda tokens, place, *_: maths(tokens[place].content, display=False)
    for rule in ("math_block", "math_inline_double", "math_block_label"):
        rules[rule] = lambda tokens, place, *_: maths(tokens[place].content, display=True)
    rules["heading_open"] = lambda *arguments: _open_heading(reader.renderer, *arguments)
    reader.validateLink = lambda url: url.startswith("#")
    return reader


def _open_heading(renderer, tokens, place: int, options, env) -> str:
    """Give a heading an id and enter it into the page's contents."""
    heading, inline = tokens[place], tokens[place + 1]
    contents = env["contents"]
    shown = Markup(renderer.render([inline], options, env)).striptags()
    entry = {"id": f"s{len(contents) + 1}", "level": int(heading.tag[1:]), "text": shown}
    contents.append(entry)
    heading.attrSet("id", entry["id"])
    return renderer.renderToken(tokens, place, options, env)


def maths(latex: str, *, display: bool) -> str:
    """A formula as MathML, which browsers draw by themselves; its source stays as alternative text."""
    from latex2mathml.converter import convert

    element = convert(latex.strip(), display="block" if display else "inline")
    # HTML knows <math> without its namespace, and a page without any http:// is easier to vouch for
    element = element.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "", 1)
    with_source = Markup('<math alttext="{}"').format(latex.strip())
    return element.replace("<math", with_source, 1)


def clean(html: str) -> str:
    """HTML of an output without anything that could run, fetch or leave the page."""
    return _cleaner().clean(html)


@cache
def _cleaner():
    from bleach.sanitizer import Cleaner

    # let through, so that they reach the filter as elements: stripped, they would leave their text behind
    return Cleaner(
        tags=TAGS | READ_BY_BROWSER, attributes=ATTRIBUTES, strip=True, filters=[_without_what_browsers_read]
    )


def _without_what_browsers_read(source):
    """A filter for bleach: scripts and style sheets go with all that is in them."""
    inside = None
    for token in source:
        if inside is not None:
            if token["type"] == "EndTag" and token["name"] == inside:
                inside = None
        elif token["type"] in ("StartTag", "EmptyTag") and token["name"] in READ_BY_BROWSER:
            inside = token["name"] if token["type"] == "StartTag" else None
        else:
            yield token


# ---- figures


def image_address(image: dict) -> str:
    """An image as a data URI; in <img>, an SVG can neither run scripts nor fetch anything."""
    if image["type"] == "svg":
        encoded = base64.b64encode(same_svg(image["data"]).encode()).decode()
        return f"data:image/svg+xml;base64,{encoded}"
    return f"data:image/png;base64,{image['data']}"


def same_svg(svg: str) -> str:
    """matplotlib's SVG without its date, and with its random ids numbered: the same figure, the same bytes."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    names = dict.fromkeys(re.findall(r'id="([a-z][0-9a-f]{10})"', svg))
    for number, name in enumerate(names):
        svg = svg.replace(name, f"id{number}")
    return svg


# ---- fonts


# from where on: in a Chinese page signs and quotation marks are as wide as a character, and in no other
BEYOND_LATIN = {"zh": 0x2000, "en": 0x2E80}


def font_faces(html: str, lang: str) -> Markup:
    """A @font-face rule with the characters of ``html`` that are beyond Latin, from our own font;
    empty if there are none.
    """
    from crmkit.display import fonts

    wanted = {character for character in html if ord(character) >= BEYOND_LATIN[lang]}
    if not wanted:
        return Markup()
    data = base64.b64encode(subset(fonts.FILE, frozenset(wanted))).decode()
    return Markup(
        '@font-face{{font-family:"Kit CJK";font-weight:400;font-display:block;'
        'src:url(data:font/woff;base64,{}) format("woff")}}'
    ).format(data)


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
