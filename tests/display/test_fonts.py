"""Fonts: no label is a box on a machine without a Chinese font, whatever mix of scripts and formulas it holds."""

import random
import subprocess
import sys
import warnings

import matplotlib
import pytest
from glyphs import listening, register

matplotlib.use("agg")
from matplotlib import font_manager
from matplotlib import pyplot as plt

import crmkit
from crmkit.display import fonts

MIXED = "客户 customer $R^2 = \\frac{1}{2}$ 喆珺犇 −5 ≥ ≤ × ÷ ± % ‰ ① ¥ € →"


def _draw(text, **style):
    figure, ax = plt.subplots()
    with listening() as heard:
        ax.set_title(text, **style)
        figure.canvas.draw()
    plt.close(figure)
    return heard


@pytest.mark.parametrize(
    "style", [{}, {"fontweight": "bold"}, {"fontweight": "semibold"}, {"style": "italic"}]
)
def test_mixed_text_draws_every_glyph_on_a_bare_machine(bare_machine, style):
    assert _draw(MIXED, **style) == []
    assert _draw(MIXED.replace("$", ""), **style) == []


@pytest.mark.parametrize("order", ["as listed", "reversed", "oblique first", 1, 2, 3])
def test_the_order_in_which_a_machine_lists_its_fonts_changes_nothing(bare_machine, monkeypatch, order):
    listed = list(font_manager.fontManager.ttflist)
    if order == "reversed":
        listed.reverse()
    elif order == "oblique first":
        listed.sort(key=lambda face: face.style == "normal")
    elif isinstance(order, int):
        random.Random(order).shuffle(listed)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", listed)
    register()
    for weight in ("regular", "medium", "semibold", "bold"):
        for family in (fonts.NAME, "DejaVu Sans"):
            with listening() as heard:
                found = font_manager.fontManager.findfont(
                    font_manager.FontProperties(family=family, weight=weight)
                )
            assert heard == [] and "Oblique" not in found, (family, weight, found)
        assert _draw(MIXED, fontweight=weight) == []


def test_latin_letters_that_noto_sc_lacks_come_from_dejavu(bare_machine):
    assert _draw("Łódź, Kraków, Dvořák, Šiauliai, Gāņi; čeština 客户 Őŕŵ") == []


@pytest.mark.parametrize("family", ["serif", "monospace", "Times New Roman", "DejaVu Serif"])
def test_a_text_that_names_its_own_family_has_its_chinese_too(bare_machine, family):
    assert _draw(MIXED, fontfamily=family) == []


def test_a_chosen_family_draws_what_it_has(bare_machine):
    for family, file in (("DejaVu Serif", "DejaVuSerif.ttf"), ("monospace", "DejaVuSansMono.ttf")):
        chosen = font_manager.FontProperties(family=family)
        first = font_manager.fontManager._find_fonts_by_props(chosen)[0]
        assert str(first).endswith(file)


RARE = "\U00030ede"  # of a noodle; in no font that the tests know


@pytest.mark.parametrize("text", [f"客户{RARE}", f"客户{RARE} $x$"])
@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_a_character_that_no_font_has_is_named_in_the_readers_language_with_what_to_do(
    bare_machine, text, lang
):
    crmkit.set_language(lang)
    with listening() as heard, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        figure, ax = plt.subplots()
        ax.set_title(text)
        figure.canvas.draw()
    said = {str(w.message) for w in warned}
    [line] = said
    assert heard == [], "nothing in matplotlib's English"
    assert RARE in line and "U+30EDE" in line
    assert ("装一种有这个字的字体" in line) == (lang != "en")
    assert ("install a font that has it" in line) == (lang != "zh")


# --- in fresh kernels: whatever is loaded and themed, in whichever order ----------------------------------------------

FRESH = f"""
import logging, sys, warnings
import crmkit
assert not [m for m in sys.modules if m.startswith("matplotlib")], "importing crmkit loads no matplotlib"
heard = []
handler = logging.Handler(logging.WARNING)
handler.emit = lambda record: heard.append(record.getMessage())
logging.getLogger("matplotlib").addHandler(handler)
warnings.simplefilter("always")
warnings.showwarning = lambda message, *rest: heard.append(str(message))
{{steps}}
import matplotlib
matplotlib.use("agg")
from matplotlib import pyplot as plt
figure, (left, right) = plt.subplots(2) if "figure" not in globals() else (figure, figure.axes)
left.set_title({MIXED!r})
left.set_xlabel("客户占比")
right.set_title("金字塔", fontweight="bold")
right.set_ylabel({MIXED.replace("$", "")!r})
from io import BytesIO
for form in ("png", "svg", "pdf"):
    figure.savefig(BytesIO(), format=form)
print([line for line in heard if "lyph" in line or "font" in line.lower()])
"""
LOAD = "import matplotlib\nmatplotlib.use('agg')\nfrom matplotlib import pyplot as plt"
STEPS = {
    "language": "crmkit.set_language('zh')",
    "drawn": f"{LOAD}\nfigure, _ = plt.subplots(2)\nfigure.axes[0].set_title('先画的图')",
    "theme": "import seaborn as sns\nsns.set_theme()",
    "theme's own font": "import seaborn as sns\nsns.set_theme(font='Arial')",
    "recipe": f"{LOAD}\nplt.rcParams['font.sans-serif'] = ['SimHei']\nplt.style.use('ggplot')",
    "the kit's plots": "import crmkit.plots\ncrmkit.plots.axes",
}
ORDERS = [
    ("language",),
    ("theme", "language"),
    ("language", "theme"),
    ("theme's own font", "language"),
    ("theme", "language", "theme's own font"),
    ("drawn", "language"),
    ("recipe", "language"),
    ("language", "recipe"),
    ("the kit's plots", "language"),
]


def fresh_kernel(steps: str) -> str:
    """What a fresh Python hears about fonts when it draws Chinese labels after these steps."""
    done = subprocess.run(
        [sys.executable, "-c", FRESH.replace("{steps}", steps)],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.executed
@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
def test_after_set_language_no_chart_has_boxes_in_a_fresh_kernel(order):
    assert fresh_kernel("\n".join(STEPS[step] for step in order)) == "[]"


@pytest.mark.executed
def test_without_set_language_the_boxes_are_heard():
    assert "Glyph" in fresh_kernel(LOAD), "or the test above could not fail"


def test_every_hanzi_of_gb2312_and_every_character_listed_is_in_the_font():
    from fontTools.ttLib import TTFont

    have = set(TTFont(fonts.FILE).getBestCmap())
    gb2312 = set()
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                gb2312.add(ord(bytes([high, low]).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    assert len(gb2312) == 6763 and gb2312 <= have
    assert set(map(ord, (fonts.FILE.parent / "characters.txt").read_text(encoding="utf-8"))) <= have
    assert set(map(ord, "−≥≤×÷±%‰①⑩￥¥$€£→←↑↓–—…“”‘’《》（），。！？：；、·々㎡★☆喆珺犇翀昇垚淼")) <= have


def test_font_is_small_and_carries_its_licence():
    assert fonts.FILE.stat().st_size < 2_000_000
    licence = (fonts.FILE.parent / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence and "Adobe" in licence


def test_the_systems_chinese_font_serves_characters_beyond_ours(bare_machine, monkeypatch):
    from dataclasses import replace

    manager = font_manager.fontManager
    entry = replace(manager.ttflist[0], name="SimHei", weight=400)
    monkeypatch.setattr(manager, "ttflist", [*manager.ttflist, entry])
    assert fonts._register(manager) == ("SimHei",)
    bold = font_manager.FontProperties(family="SimHei", weight="bold")
    with listening() as heard:
        assert manager.findfont(bold) == entry.fname and heard == []  # SimHei has no bold either
