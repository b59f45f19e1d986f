"""The widget around a scene: messages from the page, ranges, and what it leaves for pages without widgets."""

import xml.etree.ElementTree as ET
from base64 import b64decode
from pathlib import Path

import pytest

import crmkit
from crmkit.core.glossary import term_texts
from crmkit.core.messages import MESSAGES
from crmkit.display import widget
from crmkit.display.scene import Scene, to_svg, words
from crmkit.display.widget import Explorer, KernelWatch, watched

FILE = Path(widget.__file__).with_name("explorer.js")
CONTROLS = [
    {
        "name": "share",
        "kind": "range",
        "min": 0.1,
        "max": 0.9,
        "step": 0.1,
        "value": 0.5,
        "label": term_texts("share"),
    },
    {
        "name": "by",
        "kind": "choice",
        "value": "revenue",
        "label": MESSAGES.texts("explore_by"),
        "options": [{"value": by, "label": term_texts(by)} for by in ("revenue", "margin")],
    },
]


def compute(values):
    scene = Scene(400, 300, title=term_texts("customer_pyramid"))
    scene.rect(10, 20, 30, 40, fill="#fff")
    scene.text(10, 100, term_texts("platinum"), lines="middle")
    scene.text(10, 200, "a < b & c")
    return scene.as_dict(values=values, shown={"share": str(values["share"])}, said=term_texts("share"))


@pytest.fixture
def explorer():
    crmkit.set_language("both")
    return Explorer(CONTROLS, compute)


def test_a_message_from_the_page_is_answered_with_its_number_and_kept_in_range(explorer):
    asked = {"values": {"share": 1e9, "by": "nonsense", "__class__": "x"}, "reply": ["v1", 7]}
    explorer._asked(explorer, asked, [])
    assert explorer.scene["reply"] == ["v1", 7]
    assert explorer.values == {"share": 0.9, "by": "revenue"}


def test_moved_from_code_it_keeps_what_was_not_named(explorer):
    assert explorer.move(by="margin").move(share=0.2).values == {"share": 0.2, "by": "margin"}


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_language_setting_is_handed_to_the_page(lang):
    crmkit.set_language(lang)
    assert Explorer(CONTROLS, compute).lang == lang


@pytest.fixture
def displayed(monkeypatch):
    outputs = []
    monkeypatch.setattr(
        "crmkit.display.widget.display", lambda data, metadata=None, raw=False: outputs.append(data)
    )
    return outputs


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_it_leaves_the_live_widget_and_the_same_picture_without_one(displayed, lang):
    crmkit.set_language(lang)
    explorer = Explorer(CONTROLS, compute)
    explorer._ipython_display_()
    live, still = displayed
    assert "application/vnd.jupyter.widget-view+json" in live
    assert live["text/plain"] == still["text/plain"] == "\n".join(words(explorer.scene["said"], lang))
    title = " ".join(words(explorer.scene["title"], lang))
    assert (
        f'alt="{title}"' in still["text/html"] and f'data-crm-still="{explorer.still}"' in still["text/html"]
    )
    encoded = still["text/html"].split("base64,")[1].split('"')[0]
    assert b64decode(encoded).decode() == still["image/svg+xml"]


def test_the_picture_needs_nothing_from_outside_not_even_a_chinese_font(explorer):
    picture = to_svg(explorer.scene, "both")
    svg = ET.fromstring(picture)
    assert svg.attrib["role"] == "img" and "客户金字塔" in svg.attrib["aria-label"]
    assert "href" not in picture and picture.count("url(") == picture.count("url(data:font/woff;base64,") == 1
    assert "url(" not in to_svg(explorer.scene, "en")
    assert "a < b & c" in "".join(svg.itertext())
    lines = [
        node for node in svg.iter("{http://www.w3.org/2000/svg}text") if node.text in ("铂金", "platinum")
    ]
    assert [float(node.attrib["y"]) for node in lines] == [92.5, 107.5], "two lines around the middle"


def test_the_same_explorer_has_the_same_key_and_another_has_another(explorer):
    assert explorer.still == Explorer(CONTROLS, compute).still
    other = [CONTROLS[0] | {"value": 0.6}, CONTROLS[1]]
    assert explorer.still != Explorer(other, compute).still


def test_every_watched_script_is_joined_to_the_watch(explorer):
    assert "function watchKernel(" in explorer._esm and "crm-kernel-notice" in explorer._css
    assert watched(FILE).endswith(FILE.read_text(encoding="utf-8"))
    notices = KernelWatch().notices
    assert set(notices) == {"lost", "waiting"} and all(set(pair) == {"zh", "en"} for pair in notices.values())
