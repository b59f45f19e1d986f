"""The kit's own Chinese font for matplotlib: no label is a box on a machine that has none. 自带的中文字体。

The font is a subset of Noto Sans SC (noto_sans_sc/README.md says how it was made). It has one weight: a bold label
is drawn in the regular one, and matplotlib is told so instead of warning.

A theme sets rcParams anew and a text may name a family of its own, so the font is put in where every text passes:
where matplotlib asks it for its families. Modules of matplotlib that are not loaded yet are changed when they are.
"""

import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache, wraps
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from types import ModuleType

from crmkit.core.messages import MESSAGES

FILE = Path(__file__).parent / "noto_sans_sc" / "NotoSansSC-subset.otf"
NAME, LATIN = "Noto Sans SC", "DejaVu Sans"
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


class MissingGlyph(UserWarning):
    """A character that no font on the machine has: it is drawn as a box."""

    def __init__(self, character: str):
        self.character = character
        super().__init__(MESSAGES.say("missing_glyph", character=character, code=f"U+{ord(character):04X}"))


@cache
def serve() -> None:
    """Let every text of matplotlib fall back on our font from here on, loaded already or not.

    >>> serve()
    >>> from matplotlib.font_manager import FontProperties
    >>> FontProperties().get_family()[0], FontProperties(family="serif").get_family()[:2]
    ('Noto Sans SC', ['serif', 'Noto Sans SC'])
    """
    for name, change in _CHANGES.items():
        if name in sys.modules:
            change(sys.modules[name])
        else:
            sys.meta_path.insert(0, _Awaited(name, change))


@cache
def web_font(characters: frozenset[str]) -> bytes:
    """A WOFF file of ours with these characters, for a picture that must be read where no Chinese font is installed."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(FILE, lazy=True, recalcTimestamp=False)
    subsetter = Subsetter(
        Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[1, 2, 13, 14])
    )
    subsetter.populate(text="".join(sorted(characters)))
    subsetter.subset(font)
    font.flavor = "woff"
    file = BytesIO()
    font.save(file)
    return file.getvalue()


def is_chinese(character: str) -> bool:
    """Whether a character may need a Chinese font: nothing earlier in Unicode does."""
    return ord(character) >= 0x2E80


class _Awaited(MetaPathFinder):
    """Changes a module as soon as it has been loaded, once."""

    def __init__(self, name: str, change: Callable[[ModuleType], None]):
        self.name, self.change = name, change

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        load = spec.loader.exec_module

        def load_and_change(module):
            load(module)
            self.change(module)

        spec.loader.exec_module = load_and_change
        return spec


def _add_to_families(font_manager: ModuleType) -> None:
    """Every text's families, with ours behind them; without a choice of its own ours comes first."""
    ours = [NAME, LATIN, *_register(font_manager.fontManager)]
    named = font_manager.FontProperties.get_family

    @wraps(named)
    def get_family(self):
        families = list(named(self))
        if families == ["sans-serif"]:
            return list(ours)
        return families + [name for name in ours if name not in families]

    font_manager.FontProperties.get_family = get_family


def _add_to_formulas(mathtext: ModuleType) -> None:
    """Chinese words beside ``$formulas$`` in ours: there matplotlib uses a single font for all words."""
    parse = mathtext.MathTextParser.parse

    @wraps(parse)
    def parse_with_ours(self, text, dpi=72, prop=None, **how):
        if prop is not None and any(map(is_chinese, text)):
            prop = prop.copy()
            prop.set_family(NAME)
        return parse(self, text, dpi, prop, **how)

    mathtext.MathTextParser.parse = parse_with_ours
    logging.getLogger("matplotlib.mathtext").addFilter(_warn_instead)


def _warn_instead(record: logging.LogRecord) -> bool:
    """Whether a line of matplotlib's log stands; that a formula lacks a glyph is said in the reader's language."""
    if "does not have a glyph" not in str(record.msg):
        return True
    if isinstance(record.args, tuple) and isinstance(record.args[-1], int):
        warnings.warn(MissingGlyph(chr(record.args[-1])), stacklevel=2)
    return False


def _say_missing(helpers: ModuleType) -> None:
    def warn_on_missing_glyph(codepoint, fontnames):
        warnings.warn(MissingGlyph(chr(codepoint)), stacklevel=2)

    vars(helpers)["warn_on_missing_glyph"] = warn_on_missing_glyph


_CHANGES = {
    "matplotlib.font_manager": _add_to_families,
    "matplotlib.mathtext": _add_to_formulas,
    "matplotlib._text_helpers": _say_missing,
}


def _register(manager) -> tuple[str, ...]:
    """Give our file to matplotlib; the system's Chinese family that serves beyond it, where there is one."""
    manager.addfont(FILE)
    listed = {face.name for face in manager.ttflist}
    found = tuple(name for name in SYSTEM_CJK if name in listed)[:1]
    for name in (NAME, LATIN, *found):
        faces = [face for face in manager.ttflist if face.name == name]
        regular = min(faces, key=_distance_from_regular)
        upright = {face.weight for face in faces if face.style == regular.style}
        # findfont warns at every ask for a weight that a family lacks: answer it with the regular face
        for weight in {500, 600, 700} - upright:
            manager.ttflist.append(replace(regular, weight=weight))
    return found


def _distance_from_regular(face) -> tuple:
    """How far a face is from upright, weight 400 and normal width; the file's name breaks ties.

    A machine lists its fonts in any order, and an oblique face has the same weight as the regular one.
    """
    weight = face.weight if isinstance(face.weight, int) else 400
    slanted = face.style != "normal"
    narrowed = str(face.stretch) not in ("normal", "400")
    return slanted, narrowed, abs(weight - 400), str(face.fname)
