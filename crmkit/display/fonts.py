"""The kit's own Chinese font for matplotlib: no label is a box on a machine that has none. 自带的中文字体。

The font is a subset of Noto Sans SC (noto_sans_sc/README.md says how it was made). It has one weight: a bold label
is drawn in the regular one, and matplotlib is told so instead of warning.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "noto_sans_sc" / "NotoSansSC-subset.otf"
NAME = "Noto Sans SC"
# fonts that a system may have for characters beyond ours (rare names, traditional forms), the plainest first
SYSTEM_CJK = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Noto Serif CJK SC",
    "SimSun",
    "Songti SC",
    "Noto Sans CJK JP",
)


def use() -> None:
    """Make matplotlib draw Chinese, mixed with Latin text and ``$formulas$``, from here on.

    Cheap enough to be called before every plot, which mends what ``sns.set_theme`` resets
    (``sns.set_theme(font=fonts.families())`` keeps it in the first place).

    >>> import matplotlib
    >>> use(); matplotlib.rcParams["font.family"][:2]
    ['Noto Sans SC', 'DejaVu Sans']
    """
    from matplotlib import rcParams

    wanted = families()
    if rcParams["font.family"] != wanted:
        rcParams["font.family"] = wanted
    rcParams["axes.unicode_minus"] = True  # ours has U+2212; many recipes for Chinese switch it off


def families() -> list[str]:
    """The families to draw with, ours first: in second place a string with ``$…$`` in it would lose its Chinese."""
    return [NAME, "DejaVu Sans", *_register()]


@cache
def _register() -> tuple[str, ...]:
    """Give our file to matplotlib once; the system's CJK families that it found."""
    from matplotlib.font_manager import fontManager

    fontManager.addfont(FILE)
    found = tuple(name for name in SYSTEM_CJK if any(f.name == name for f in fontManager.ttflist))[:1]
    for name in (NAME, "DejaVu Sans", *found):
        faces = [f for f in fontManager.ttflist if f.name == name]
        regular = min(faces, key=_distance_from_regular)
        upright = {f.weight for f in faces if f.style == regular.style}
        # findfont warns at every ask for a weight that a family lacks: answer it with the regular face
        for weight in {500, 600, 700} - upright:
            fontManager.ttflist.append(replace(regular, weight=weight))
    return found


def _distance_from_regular(face) -> tuple:
    """How far a face is from upright, weight 400 and normal width; the file's name breaks ties.

    A machine lists its fonts in any order, and an oblique face has the same weight as the regular one.
    """
    weight = face.weight if isinstance(face.weight, int) else 400
    slanted = face.style != "normal"
    narrowed = str(face.stretch) not in ("normal", "400")
    return slanted, narrowed, abs(weight - 400), str(face.fname)
