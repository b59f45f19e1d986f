"""A scene: what an explorer shows, as plain JSON; drawn by explorer.js, and by ``to_svg`` where no widget runs."""

from html import escape

# what explorer.css says, for an SVG that stands alone
_STYLE = (
    "text{font:13px 'Noto Sans SC','Microsoft YaHei','PingFang SC',sans-serif;dominant-baseline:central;fill:#222}"
    ".crm-strong{font-weight:600}.crm-small{font-size:11.5px;fill:#555}.crm-on-dark{fill:#fff}"
    ".crm-edge{stroke:#555;stroke-width:.8}.crm-rule{stroke:#d55e00;stroke-width:3}.crm-faint{stroke:#bbb}"
    ".crm-ghost{fill:none;stroke:#222;stroke-width:1.2;stroke-dasharray:4 3}"
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

    def as_dict(self, *, values: dict, shown: dict[str, str], said: dict[str, str]) -> dict:
        """``values`` of the controls, how they are ``shown``, and the finding ``said`` under the picture."""
        return {
            "width": self.width,
            "height": self.height,
            "title": self.title,
            "marks": self.marks,
            "values": values,
            "shown": shown,
            "said": said,
            "reply": ["", 0],
        }


def words(text: "str | dict[str, str]", lang: str) -> list[str]:
    """The lines of a text in a language: one, or two in both."""
    if isinstance(text, str):
        return [text]
    return [text[lang]] if lang != "both" else list(dict.fromkeys((text["zh"], text["en"])))


def to_svg(scene: dict, lang: str) -> str:
    """The scene as one SVG text that needs nothing else."""
    title = escape(" ".join(words(scene["title"], lang)))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {scene["width"]} {scene["height"]}" '
        f'width="{scene["width"]}" height="{scene["height"]}" role="img"><style>{_STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/><title>{title}</title>'
    ]
    for mark in scene["marks"]:
        if mark["kind"] != "text":
            rest = " ".join(f'{k}="{escape(str(v))}"' for k, v in mark.items() if k != "kind")
            out.append(f"<{mark['kind']} {rest}/>")
            continue
        lines = words(mark["text"], lang)
        if not mark["lines"]:
            lines = [" ".join(lines)]
        start = {"up": -15, "middle": -7.5}.get(mark["lines"], 0) * (len(lines) - 1)
        for i, line in enumerate(lines):
            y = round(mark["y"] + start + 15 * i, 1)
            out.append(
                f'<text x="{mark["x"]}" y="{y}" text-anchor="{mark["anchor"]}" class="{mark["class"]}">'
                f"{escape(line)}</text>"
            )
    return "".join(out) + "</svg>"
