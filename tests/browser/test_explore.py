"""Explorers: the scene shows the tested functions' numbers in both languages; a real browser draws it and keeps up."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit.core.glossary import term_texts
from crmkit.customer_pyramid.explorer_pyramid import explore_pyramid, pyramid_scene
from crmkit.customer_pyramid.explorer_rfm import Cells, explore_rfm, rfm_scene, rules
from crmkit.customer_pyramid.pyramid import rank_customers
from crmkit.customer_pyramid.segments import check_rules
from crmkit.display import scene as scenes
from crmkit.display import widget
from crmkit.display.numbers import number, percent
from crmkit.relationship_types.explorer import explore_relationship_types, types_scene


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(3)
    n = 500
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "revenue": np.round(rng.pareto(1.4, n) * 50, 2),
            "days_since_last": rng.integers(0, 500, n).astype(float),
            "frequency": rng.geometric(0.4, n) - 1,
        }
    )


SEGMENT = pd.DataFrame(
    {"customers": [2000], "unit_margin": [300.0], "purchases_per_year": [2.0], "retention_rate": [0.6]}
)


@pytest.fixture(params=[explore_pyramid, explore_relationship_types, explore_rfm])
def explorer(request, customers):
    crmkit.set_language("both")
    return request.param(SEGMENT if request.param is explore_relationship_types else customers)


def _texts(scene):
    return [m["text"] for m in scene["marks"] if m["kind"] == "text"]


def test_scene_is_small_plain_json_with_words_in_both_languages(explorer):
    scene = explorer.scene
    assert len(json.dumps(scene)) < 40_000
    pairs = [t for t in _texts(scene) if isinstance(t, dict)] + [scene["title"], scene["said"]]
    pairs += [control["label"] for control in explorer.controls]
    for pair in pairs:
        assert any("一" <= c <= "鿿" for c in pair["zh"]) and not any("一" <= c <= "鿿" for c in pair["en"])
        assert "_" not in pair["zh"] + pair["en"]
    assert set(scene["shown"]) == {c["name"] for c in explorer.controls}


def test_pyramid_scene_shows_the_pyramids_numbers(customers):
    values = {"platinum": 0.02, "gold": 0.1, "iron": 0.3, "elasticity": 0.3}
    rule = crmkit.ByCustomerShare({"platinum": 0.02, "gold": 0.1, "iron": 0.3, "lead": 0.58})
    tiers = crmkit.pyramid(customers, tiers=rule).tiers
    better = crmkit.reallocate(crmkit.pyramid(customers, tiers=rule), elasticity=0.3, margin_rate=0.3)
    scene = pyramid_scene(rank_customers(customers), values)
    texts = _texts(scene)
    shown = [
        *tiers["customer_share"],
        *tiers["value_share"],
        *tiers["resource_share"],
        *better.tiers["resource_share_after"],
    ]
    assert [t for t in texts if isinstance(t, str)] == [percent(s) for s in shown]
    bars = np.array([m["width"] for m in scene["marks"] if m["kind"] == "rect"])
    np.testing.assert_allclose(bars / bars.max(), np.array(shown) / max(shown), atol=0.001)


def test_pyramid_explorer_offers_the_bases_of_value_that_the_data_allow(customers):
    assert "by" not in [c["name"] for c in explore_pyramid(customers).controls]
    costs = pd.DataFrame({"customer_id": customers["customer_id"], "cost": 30.0})
    explorer = explore_pyramid(customers, cost_to_serve=costs)
    choice = next(c for c in explorer.controls if c["name"] == "by")
    assert [o["value"] for o in choice["options"]] == ["revenue", "profit"]
    before = _texts(explorer.scene)
    assert _texts(explorer.move(by="profit").scene) != before


def test_rfm_scene_counts_every_customer_once(customers):
    scene = rfm_scene(Cells(customers), {"bins": 4, "recent_from": 3, "frequent_from": 3, "big_from": 3})
    counts = [int(t.replace(",", "")) for t in _texts(scene)[:16] if isinstance(t, str)]
    assert sum(counts) == len(customers)


def test_rfm_scene_agrees_with_segments_named_customer_by_customer(customers):
    named = crmkit.name_segments(crmkit.rfm_scores(customers, bins=6), rules=rules(4, 3, 5), bins=6).merge(
        customers
    )
    scene = rfm_scene(Cells(customers), {"bins": 6, "recent_from": 4, "frequent_from": 3, "big_from": 5})
    texts = _texts(scene)
    for slug in named["segment"].unique():
        at = texts.index(term_texts(slug))
        inside = named[named["segment"] == slug]
        revenue = inside["revenue"].sum() / named["revenue"].sum()
        assert texts[at + 1 : at + 3] == [percent(len(inside) / len(named)), percent(revenue)]


def test_types_scene_shows_the_comparisons_profits_break_evens_and_both_picks():
    crmkit.set_language("en")
    values = {
        "customers": 4,
        "unit_margin": 2.5,
        "purchases_per_year": 0.3,
        "retention_rate": 0.6,
        "need": 0.8,
        "cost_factor": 1.0,
    }
    row = pd.DataFrame(
        {
            "segment": ["x"],
            "customers": [10_000.0],
            "unit_margin": [10**2.5],
            "need": [0.8],
            "purchases_per_year": [10**0.3],
            "retention_rate": [0.6],
        }
    )
    result = crmkit.compare_relationship_types(row)
    scene, best = types_scene(values), result.best.iloc[0]
    texts = [t for t in _texts(scene) if isinstance(t, str)]
    shown = [t for t in texts if t != "◆"]
    assert shown[::2] == [number(profit) for profit in result.profits["profit"]]
    assert shown[1::2] == ["–", *(number(even) for even in result.profits["break_even_margin"][1:])]
    rects = [m for m in scene["marks"] if m["kind"] == "rect"]
    dark = [i for i, m in enumerate(rects) if m.get("fill") == "#0072b2"]
    assert dark == [result.profits["profit"].argmax()] and texts.count("◆") == 1
    assert best["best_type"] in scene["said"]["en"] and best["published_type"] in scene["said"]["en"]
    assert scene["shown"]["customers"] == "10k" and scene["shown"]["cost_factor"] == "× 1.0"
    cheaper = types_scene(values | {"cost_factor": 0.1})
    assert cheaper["said"] != scene["said"]


def test_types_explorer_begins_at_the_segment_and_answers_within_a_frame():
    from time import perf_counter

    for wrong in (SEGMENT.iloc[:0], SEGMENT.assign(need=2), SEGMENT.drop(columns="unit_margin")):
        with pytest.raises(crmkit.CrmkitError):
            explore_relationship_types(wrong)
    explorer = explore_relationship_types(SEGMENT)
    assert (
        explorer.values["customers"] == pytest.approx(np.log10(2000))
        and explorer.values["retention_rate"] == 0.6
    )
    took = []
    for margin in np.linspace(0, 5, 21):
        began = perf_counter()
        explorer._compute(explorer.values | {"unit_margin": margin})
        took.append(perf_counter() - began)
    assert min(took) < 0.010, (
        "the Python step of a frame"
    )  # the quickest of 21: others may be using the machine


@pytest.mark.parametrize("bins", range(3, 8))
def test_rfm_rules_cover_every_combination(bins):
    for r in range(2, bins + 1):
        for f in range(2, bins + 1):
            assert check_rules(rules(r, f, 2), bins=bins).complete


def test_every_setting_of_every_control_gives_a_scene(explorer):
    for control in explorer.controls:
        for value in (control.get("min"), control.get("max")):
            assert explorer.move(**{control["name"]: value}).scene["marks"]
    lowest = explorer.move(**{c["name"]: c["min"] for c in explorer.controls})
    assert lowest.values == {c["name"]: c["min"] for c in explorer.controls}


def test_a_message_from_the_page_is_answered_with_its_number_and_kept_in_range(explorer):
    name = explorer.controls[0]["name"]
    explorer._asked(explorer, {"values": {name: 1e9, "__class__": "x"}, "reply": ["v1", 7]}, [])
    assert explorer.scene["reply"] == ["v1", 7]
    assert explorer.values[name] == explorer.controls[0]["max"] and "__class__" not in explorer.values


def test_without_widgets_there_is_a_picture_and_the_finding(explorer):
    data, _ = explorer._repr_mimebundle_()
    svg = ET.fromstring(data["image/svg+xml"])
    words = " ".join(svg.itertext())
    assert scenes.words(explorer.scene["title"], "zh")[0] in words and "href" not in data["image/svg+xml"]
    assert data["text/plain"].splitlines() == [explorer.scene["said"]["zh"], explorer.scene["said"]["en"]]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_language_setting_is_handed_to_the_page(customers):
    for lang in ("zh", "en", "both"):
        crmkit.set_language(lang)
        assert explore_rfm(customers).lang == lang


# --- the drawing, in Chromium, with a stand-in for the kernel -----------------------------------------------

PAGE = """<!doctype html><html><body><div id="here"></div><script type="module">
import explorer from "/explorer.js";
const state = %s, listeners = {};
window.sent = [];
window.model = {
  get: (name) => state[name],
  on: (name, call) => { (listeners[name] ||= []).push(call); },
  off: (name, call) => { listeners[name] = listeners[name].filter((c) => c !== call); },
  send: (content) => { window.sent.push(content); },
};
// the kernel's answer to the oldest question that has none yet
window.answer = (n) => {
  const asked = window.sent[n];
  state.scene = {...state.scene, values: asked.values, reply: asked.reply,
                 shown: Object.fromEntries(Object.entries(asked.values).map(([k, v]) => [k, String(v)]))};
  listeners["change:scene"].forEach((call) => call());
};
window.stop = explorer.render({model: window.model, el: document.getElementById("here")});
window.ready = true;
</script></body></html>"""


@pytest.fixture
def page(browser, customers):
    crmkit.set_language("both")
    explorer = explore_rfm(customers)
    state = json.dumps({"lang": "both", "controls": explorer.controls, "scene": explorer.scene})
    here = Path(widget.__file__).parent
    page = browser.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.route(
        "**/*",
        lambda route: route.fulfill(
            body=(here / "explorer.js").read_text() if route.request.url.endswith(".js") else PAGE % state,
            content_type="text/javascript"
            if route.request.url.endswith(".js")
            else "text/html; charset=utf-8",
        ),
    )
    page.goto("http://explorer.test/")
    page.wait_for_function("window.ready")
    page.state = json.loads(state)
    yield page
    assert page.errors == []
    page.close()


def test_browser_draws_every_mark_and_names_every_control(page):
    assert page.locator("svg.crm-scene > *").count() == len(page.state["scene"]["marks"])
    for i, control in enumerate(page.state["controls"]):
        slider = page.locator("input[type=range]").nth(i)
        assert slider.get_attribute("aria-label") == f"{control['label']['zh']} {control['label']['en']}"
        assert slider.get_attribute("data-lm-suppress-shortcuts") == "true"
        assert slider.get_attribute("aria-valuetext") == page.state["scene"]["shown"][control["name"]]
    assert page.locator("svg").get_attribute("aria-label")


def test_browser_arrow_key_asks_for_a_new_frame_and_shows_its_value(page):
    page.locator("input[name=bins]").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.sent[0].values.bins") == 6
    page.evaluate("window.answer(0)")
    assert page.locator("output").first.inner_text() == "6"
    assert page.locator(".crm-explorer").get_attribute("data-frame") == "1"


def test_browser_keeps_only_the_newest_setting_while_a_frame_is_under_way(page):
    page.evaluate("""() => { const slider = document.querySelector('input[name=bins]');
        for (const v of [3, 4, 6, 7, 6, 5, 4]) { slider.value = v; slider.dispatchEvent(new Event('input')); } }""")
    assert page.evaluate("window.sent.map((s) => s.values.bins)") == [3]
    page.evaluate("window.answer(0)")
    assert page.evaluate("window.sent.map((s) => s.values.bins)") == [3, 4]  # those between are skipped
    page.evaluate("window.answer(1)")
    assert page.evaluate("window.sent.length") == 2


def test_browser_gives_up_a_frame_that_does_not_come(page):
    page.locator("input[name=bins]").focus()
    page.keyboard.press("ArrowRight")
    page.evaluate("performance.now = ((now) => () => now() + 10_000)(performance.now.bind(performance))")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.sent.length") == 2


def test_browser_follows_the_language_switch_at_once(page):
    title = page.state["controls"][0]["label"]
    for lang, words in (("zh", title["zh"]), ("en", title["en"]), ("both", f"{title['zh']} {title['en']}")):
        page.evaluate(f"document.body.dataset.crmLang = '{lang}'")
        page.wait_for_function(f"document.querySelector('.crm-explorer').dataset.lang === '{lang}'")
        assert page.locator(".crm-name").first.inner_text() == words
        chinese = any("一" <= c <= "鿿" for c in page.locator(".crm-explorer").inner_text())
        assert chinese == (lang != "en")


def test_browser_stops_listening_when_the_output_is_cleared(page):
    page.evaluate("window.stop(); document.body.dataset.crmLang = 'en'")
    page.wait_for_timeout(50)
    assert page.locator(".crm-explorer").get_attribute("data-lang") == "both"
