"""A scene: what an explorer shows, as plain JSON; drawn by explorer.js, and by ``to_svg`` where no widget runs."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape

from .fonts import is_chinese, web_font

_LINE = 15  # from one line of a text to the next
# what explorer.css says, for an SVG that stands alone; of this class, for on a page a style holds for every SVG
_STYLE = "".join(
    f"svg.crm-still {rule}"
    for rule in (
        "text{font:13px crm-still,'Noto Sans SC','Microsoft YaHei','PingFang SC',sans-serif;dominant-baseline:central;fill:#222}",
        "text.crm-strong{font-weight:600}",
        "text.crm-small{font-size:11.5px;fill:#555}",
        "text.crm-on-dark{fill:#fff}",
        "text.crm-of-rule{fill:#c25400}",
        ".crm-edge{stroke:#555;stroke-width:.8}",
        ".crm-rule{stroke:#d55e00;stroke-width:3}",
        ".crm-faint{stroke:#bbb}",
        ".crm-ghost{fill:none;stroke:#222;stroke-width:1.2;stroke-dasharray:4 3}",
    )
)


class Scene:
    """Marks on a page of ``width`` by ``height`` (pixels at full size)."""

    def __init__(self, width: float, height: float, *, title: dict[str, str]):
        self.width, self.height, self.title = width, height, title
        self.marks: list[dict] = []

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str | None = None,
        css: str = "crm-edge",
    ):
        mark = {
            "kind": "rect",
            "x": round(x, 1),
            "y": round(y, 1),
            "width": round(max(0, width), 1),
            "height": round(height, 1),
            "class": css,
        }
        self.marks.append(mark if fill is None else {**mark, "fill": fill})

    def line(self, x1: float, y1: float, x2: float, y2: float, *, css: str = "crm-rule"):
        self.marks.append(
            {
                "kind": "line",
                "x1": round(x1, 1),
                "y1": round(y1, 1),
                "x2": round(x2, 1),
                "y2": round(y2, 1),
                "class": css,
            }
        )

    def text(
        self,
        x: float,
        y: float,
        text: "str | dict[str, str]",
        *,
        anchor: str = "start",
        css: str = "",
        lines: str | None = None,
    ):
        """``lines``: in both languages, two lines that grow "down" or "up" from y, or lie around it ("middle")."""
        self.marks.append(
            {
                "kind": "text",
                "x": round(x, 1),
                "y": round(y, 1),
                "text": text,
                "anchor": anchor,
                "class": css,
                "lines": lines,
            }
        )

    def as_dict(
        self,
        *,
        values: Mapping,
        shown: Mapping[str, str | dict[str, str]],
        said: dict[str, str],
        most: dict[str, float] | None = None,
    ) -> dict:
        """``values`` of the controls, how they are ``shown``, and the finding ``said`` under the picture.

        ``most``: how far a control goes where another one holds it back.
        """
        return {
            "width": self.width,
            "height": self.height,
            "title": self.title,
            "marks": self.marks,
            "values": values,
            "shown": shown,
            "said": said,
            "most": most or {},
            "reply": ["", 0],
        }


def words(text: "str | dict[str, str]", lang: str) -> list[str]:
    """The lines of a text in a language: one, or two in both unless the text itself says what stands there."""
    if isinstance(text, str):
        return [text]
    return [text[lang]] if lang in text else list(dict.fromkeys((text["zh"], text["en"])))


def to_svg(scene: dict, lang: str) -> str:
    """The scene as one SVG text that needs nothing else, with its title and its finding for whoever cannot see it."""
    title, finding = (
        escape(" ".join(words(scene["title"], lang))),
        escape("\n".join(words(scene["said"], lang))),
    )
    width, height = scene["width"], scene["height"]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="crm-still" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{title}">'
    )
    drawn = []
    for mark in scene["marks"]:
        drawn += _text_lines(mark, lang) if mark["kind"] == "text" else [_shape(mark)]
    marks = "".join(drawn)
    paper = '<rect width="100%" height="100%" fill="#fff"/>'
    style = f"<style>{_font_face(marks)}{_STYLE}</style>"
    return f"{head}<title>{title}</title><desc>{finding}</desc>{style}{paper}{marks}</svg>"


def _font_face(text: str) -> str:
    """The Chinese characters of the text as a font inside the picture."""
    characters = frozenset(filter(is_chinese, text))
    if not characters:
        return ""
    font = b64encode(web_font(characters)).decode()
    return f"@font-face{{font-family:crm-still;src:url(data:font/woff;base64,{font})}}"


def to_html(scene: dict, lang: str, *, key: str) -> str:
    """The picture and its finding for a page without widgets; a live view finds it by ``key``, and hides it."""
    picture = b64encode(to_svg(scene, lang).encode()).decode()
    title = escape(" ".join(words(scene["title"], lang)))
    finding = "<br>".join(escape(line) for line in words(scene["said"], lang))
    return (
        f'<figure data-crm-still="{escape(key)}" style="margin:0"><img alt="{title}" style="max-width:100%" '
        f'src="data:image/svg+xml;base64,{picture}"><figcaption>{finding}</figcaption></figure>'
    )


def _shape(mark: dict) -> str:
    attributes = " ".join(f'{name}="{escape(str(value))}"' for name, value in mark.items() if name != "kind")
    return f"<{mark['kind']} {attributes}/>"


def _text_lines(mark: dict, lang: str) -> list[str]:
    lines = words(mark["text"], lang)
    if not mark["lines"]:
        lines = [" ".join(lines)]
    above = {"up": 1, "middle": 0.5}.get(mark["lines"], 0) * (len(lines) - 1)
    return [
        f'<text x="{mark["x"]}" y="{round(mark["y"] + _LINE * (i - above), 1)}" '
        f'text-anchor="{mark["anchor"]}" class="{mark["class"]}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    ]
