"""Fonts: no label is a box on a machine without a Chinese font, whatever mix of scripts and formulas it holds."""

import random
import subprocess
import sys

import matplotlib
import pytest
from glyphs import forget, listening

matplotlib.use("agg")
from matplotlib import font_manager
from matplotlib import pyplot as plt

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
    fonts.use()
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
    forget()
    fonts.use()
    for weight in ("regular", "medium", "semibold", "bold"):
        for family in (fonts.NAME, "DejaVu Sans"):
            with listening() as heard:
                found = font_manager.fontManager.findfont(
                    font_manager.FontProperties(family=family, weight=weight)
                )
            assert heard == [] and "Oblique" not in found, (family, weight, found)
        assert _draw(MIXED, fontweight=weight) == []


def test_latin_letters_that_noto_sc_lacks_come_from_dejavu(bare_machine):
    fonts.use()
    assert _draw("Łódź, Kraków, Dvořák, Šiauliai, Gāņi; čeština 客户 Őŕŵ") == []


def test_the_same_text_without_our_font_is_heard_as_missing(bare_machine):
    assert any("lyph" in line for line in _draw("客户"))
    assert any("lyph" in line for line in _draw(MIXED))


def test_our_font_in_second_place_loses_chinese_beside_a_formula(bare_machine):
    fonts.use()
    matplotlib.rcParams["font.family"] = ["DejaVu Sans", fonts.NAME]
    assert any(
        "lyph" in line for line in _draw("客户 $x$")
    )  # why families() puts ours first; and that we listen well


def test_use_mends_what_set_theme_and_recipes_for_chinese_change(bare_machine):
    import seaborn as sns

    fonts.use()
    sns.set_theme()
    matplotlib.rcParams["axes.unicode_minus"] = False
    assert matplotlib.rcParams["font.family"][0] != fonts.NAME
    fonts.use()
    assert matplotlib.rcParams["font.family"][:2] == [fonts.NAME, "DejaVu Sans"]
    assert matplotlib.rcParams["axes.unicode_minus"] is True
    sns.set_theme(font=fonts.families())
    assert _draw(MIXED) == []


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


def test_import_opens_nothing():
    code = "import sys; from crmkit.display import fonts; sys.exit(any(m.startswith('matplotlib') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_systems_chinese_font_serves_characters_beyond_ours(bare_machine, monkeypatch):
    from dataclasses import replace

    manager = font_manager.fontManager
    entry = replace(manager.ttflist[0], name="SimHei", weight=400)
    monkeypatch.setattr(manager, "ttflist", [*manager.ttflist, entry])
    forget()
    assert fonts.families() == [fonts.NAME, "DejaVu Sans", "SimHei"]
    fonts.use()
    assert _draw("客户", fontweight="bold") == []  # SimHei has no bold either
