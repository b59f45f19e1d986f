"""The explorer of Check: its market does what it says, its readings are the kit's own, its picture fits everywhere."""

import itertools
import json
from collections import Counter

import numpy as np
import pytest
from explorers import assert_in_both_languages, sweep
from matplotlib import pyplot as plt

import crmkit
from crmkit.display.numbers import number
from crmkit.display.widget import Explorer
from crmkit.pdca import cycles as pdca
from crmkit.pdca.explorer import check, control_limits, explore_pdca, looks_at, two_years

START = explore_pdca().values
FLAT = START | {"market_trend": 0}
CORNERS = [
    dict(zip(START, ends))
    for ends in itertools.product(*((c["min"], c["max"]) for c in explore_pdca().controls))
]


def anywhere(count):
    """Settings drawn at random, each on a step of its slider."""
    rng = np.random.default_rng(5)
    steps = {
        c["name"]: np.arange(c["min"], c["max"] + c["step"] / 2, c["step"]) for c in explore_pdca().controls
    }
    return [{name: float(rng.choice(step)) for name, step in steps.items()} for _ in range(count)]


def marks(scene, kind, css=None):
    return [m for m in scene["marks"] if m["kind"] == kind and css in (None, m["class"])]


# --- the market -----------------------------------------------------------------------------------------------------


def test_the_market_has_the_means_and_the_spread_that_its_docstring_states():
    values = FLAT | {"true_effect": 20, "market_trend": 12, "market_swings": 0, "group_customers": 3.5}
    spending = np.concatenate([two_years(values | {"luck": luck}) for luck in range(1, 9)])
    rising = 100 + np.arange(24.0)
    error = rising * 1.1 / np.sqrt(len(spending))
    assert (abs(spending[:, 1].mean(axis=0) - rising) < 4.5 * error).all()
    treated = rising + 20 * (np.arange(24) >= 12)
    assert (abs(spending[:, 0].mean(axis=0) - treated) < 4.5 * 1.2 * error).all()
    relative = spending / np.array([treated, rising])
    # gamma of shape 9 times an exponential: (1 + 1/9) · 2 − 1 in a month; 1/9 + (1 + 1/9)/12 in a year
    assert relative.std() == pytest.approx(np.sqrt(11 / 9), rel=0.02)
    assert relative[:, 1, :12].mean(axis=1).std() == pytest.approx(np.sqrt(1 / 9 + 10 / 108), rel=0.03)


def test_swings_have_the_deviation_and_the_correlation_that_are_set():
    values = FLAT | {"market_swings": 8, "carried_over": 0.6, "group_customers": 1.5}
    calm = values | {"market_swings": 0}
    ratio = [(two_years(values | {"luck": k}) / two_years(calm | {"luck": k}))[0, 1] for k in range(1, 101)]
    swings = (
        100 * np.array(ratio) - 100
    )  # customer by customer the chance is the same, and what is left is the market
    assert swings.std() == pytest.approx(8, rel=0.06)
    assert np.corrcoef(swings[:, :-1].ravel(), swings[:, 1:].ravel())[0, 1] == pytest.approx(0.6, abs=0.05)


def test_a_slider_changes_what_it_says_and_no_other_draw():
    few, many = two_years(FLAT | {"group_customers": 2}), two_years(FLAT | {"group_customers": 3})
    np.testing.assert_array_equal(few, many[:100])
    better = two_years(FLAT | {"group_customers": 2, "true_effect": 10})
    np.testing.assert_array_equal(few[:, 1], better[:, 1])
    np.testing.assert_array_equal(few[:, 0, :12], better[:, 0, :12])
    assert (few[:, 0, 12:] < better[:, 0, 12:]).all()
    assert (few != two_years(FLAT | {"group_customers": 2, "luck": 8})).all()


# --- the readings ---------------------------------------------------------------------------------------------------


@pytest.mark.pictures
def test_limits_and_signals_are_those_of_control_chart():
    told = 0
    for values in anywhere(40):
        series = two_years(values)[:, 0].mean(axis=0)
        limits, signals = control_limits(series)
        chart = crmkit.control_chart(series, baseline_points=12)
        np.testing.assert_allclose(limits, chart.phases[["lower_limit", "centre", "upper_limit"]].iloc[0])
        of_level = chart.signals.query("reason != 'range_beyond_limit'")["period"].unique()
        assert (np.flatnonzero(signals) + 1).astype(str).tolist() == of_level.tolist()
        told += len(of_level)
    assert told > 50


def test_estimates_are_those_of_the_pdca_check():
    values = START | {"true_effect": 4, "group_customers": 2.3}
    spending, found = two_years(values), check(values)
    means = spending[:, :, 12:].mean(axis=2)
    for estimate, expected in (
        (found["looks"][0], pdca.difference(means[:, 0], means[:, 1])),
        (found["months"], pdca.difference(found["treated"][12:], found["treated"][:12])),
    ):
        np.testing.assert_allclose(estimate.numbers, expected.numbers)
    np.testing.assert_allclose(
        found["treated"] - found["control"], np.diff(spending.mean(axis=0)[::-1], axis=0)[0]
    )
    third = looks_at(spending, looks=4)[-2:][0]  # 3, 6, 9 and 12 months
    np.testing.assert_allclose(third.numbers, pdca.difference(*spending[:, :, 12:21].mean(axis=2).T).numbers)


@pytest.mark.simulated
def test_the_control_group_errs_in_one_luck_of_twenty_and_looking_ten_times_in_many_more():
    wrong = {
        looks: sum(
            check(FLAT | {"looks": looks, "luck": luck, "group_customers": 2.5})["verdicts"][2] == "chance"
            for luck in range(1, 101)
        )
        for looks in (1, 10)
    }
    assert wrong[1] <= 12 and wrong[10] >= wrong[1] + 5, wrong


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"true_effect": 0, "market_trend": 24}, ["market", "market", "right"]),
        ({"true_effect": 15, "market_trend": 0}, ["right", "right", "right"]),
        ({"true_effect": 30, "market_trend": 24}, ["right", "size", "right"]),
        ({"true_effect": 12, "market_trend": -12}, [None, "missed", "right"]),
        ({"true_effect": 4, "market_trend": 0, "group_customers": 1.5}, [None, "missed", "missed"]),
    ],
)
def test_most_lucks_read_what_the_truth_makes_likely(setting, expected):
    read = [check(START | setting | {"luck": luck})["verdicts"] for luck in range(1, 21)]
    for k, verdict in enumerate(expected):
        assert verdict is None or Counter(r[k] for r in read).most_common(1)[0][0] == verdict, (k, verdict)


def test_the_year_it_opens_with_shows_what_the_lesson_tells():
    assert check(START)["verdicts"] == ["market", "market", "right"]
    assert check(FLAT)["verdicts"] == ["right"] * 3
    assert check(FLAT | {"looks": 10})["verdicts"][2] == "chance"
    late = [check(FLAT | {"true_effect": size})["seen_in"][0] for size in (20, 14, 8)]
    assert late == sorted(late) and late[0] < late[-1]


def test_a_verdict_weighs_the_reading_against_the_truth():
    for values in anywhere(60):
        found, effect = check(values), values["true_effect"]
        for way, verdict in zip(found["ways"], found["verdicts"]):
            if verdict in ("right", "size"):
                assert way == np.sign(effect)
            else:
                assert way != np.sign(effect) and (verdict == "missed") == (way == 0)
        assert found["verdicts"][2] != "market", "the groups do not differ by the market"
        assert (found["verdicts"][2] == "size") == (
            effect != 0 and found["ways"][2] == np.sign(effect) and not found["looks"][-1].contains(effect)
        )
        assert len(found["looks"]) == values["looks"] or found["ways"][2] != 0
        assert not any(abs(np.sign(e.low) + np.sign(e.high)) == 2 for e in found["looks"][:-1]), (
            "it stops at the first"
        )


# --- the picture ----------------------------------------------------------------------------------------------------


def test_the_picture_shows_the_readings():
    crmkit.set_language("en")
    values = START | {"true_effect": 8, "looks": 4}
    found, scene = check(values), explore_pdca().move(**values).scene
    bars = [m for m in marks(scene, "rect") if m["height"] == 6 and m["width"] > 6]
    estimates = [found["months"], *found["looks"]]
    ticks = [m for m in marks(scene, "text") if m["y"] == max(t["y"] for t in marks(scene, "text"))]
    [zero] = [t["x"] for t in ticks if t["text"] == "0"]
    [five] = [t["x"] for t in ticks if t["text"] == "5"]
    unit = (five - zero) / 5
    np.testing.assert_allclose(
        [(bar["x"] - zero) / unit for bar in bars], [e.low for e in estimates], atol=0.03
    )
    np.testing.assert_allclose(
        [bar["width"] / unit for bar in bars], [e.high - e.low for e in estimates], atol=0.03
    )
    [truth] = marks(scene, "line", "crm-rule")
    assert (truth["x1"] - zero) / unit == pytest.approx(8, abs=0.03)
    points = [
        m for m in marks(scene, "rect") if m.get("fill") in ("#0072b2", "#d55e00") and m["width"] in (6, 12)
    ][:24]
    assert [p["fill"] == "#d55e00" for p in points] == found["signals"].tolist()
    np.testing.assert_array_equal(
        np.argsort([-p["y"] - p["height"] / 2 for p in points]), np.argsort(found["treated"])
    )
    texts = [m["text"]["en"] for m in marks(scene, "text") if isinstance(m["text"], dict)]
    assert f"rise seen in month {found['seen_in'][0]}" in texts
    said = scene["said"]["en"]
    assert f"{found['months'].value:.1f}" in said and f"true effect is {number(8)}" in said


@pytest.mark.pictures
def test_every_setting_gives_a_small_scene_in_both_languages():
    explorer = explore_pdca()
    for values in [*CORNERS[::5], *anywhere(20)]:
        scene = explorer.move(**values).scene
        assert (
            len(json.dumps(scene)) < 30_000
            and set(scene["shown"]) == set(START)
            and scene["values"] == values
        )
        pairs = [m["text"] for m in marks(scene, "text") if isinstance(m["text"], dict)]
        for pair in [*pairs, scene["said"], scene["title"], *(c["label"] for c in explorer.controls)]:
            assert any("一" <= c <= "鿿" for c in pair["zh"]) and not any(
                "一" <= c <= "鿿" for c in pair["en"]
            )
            assert not {"_", "{"} & set(pair["zh"] + pair["en"]), values
            assert "nan" not in pair["en"] and "−0.0" not in pair["en"], values


@pytest.mark.pictures
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_stop_of_every_control_shows_what_the_check_computes(lang):
    crmkit.set_language(lang)
    explorer = explore_pdca()
    for scene in sweep(explorer):
        found = check(scene["values"])
        groups = found["looks"][-1]
        for estimate in (found["months"], groups):
            told = f"{estimate.value:z.1f}".replace("-", "−")
            assert told in scene["said"]["zh"] and told in scene["said"]["en"], scene["values"]
        for k, language in enumerate(("zh", "en")):
            for verdict in found["verdicts"]:
                assert crmkit.core.glossary.term_pair(f"verdict_{verdict}")[k] in scene["said"][language]
        assert_in_both_languages(explorer, scene)


def test_it_begins_with_the_static_figure_beside_it():
    scene = explore_pdca().scene
    spending = two_years(scene["values"])[:, 0].mean(axis=0)
    figure = crmkit.plots.plot_control_chart(crmkit.control_chart(spending, baseline_points=12))
    [curve] = [line.get_ydata() for line in figure.lines if np.array_equal(line.get_ydata(), spending)]
    points = [m for m in marks(scene, "rect") if m.get("fill") in ("#0072b2", "#d55e00")]
    middles = np.array([m["y"] + m["height"] / 2 for m in points if m["width"] in (6, 12)][:24])
    assert np.corrcoef(-middles, curve)[0, 1] == pytest.approx(1, abs=1e-4)
    plt.close("all")


def test_the_finding_says_why_a_reading_is_wrong():
    said = explore_pdca().scene["said"]
    assert "市场一年自己变 12" in said["zh"] and "both groups have it" in said["en"]
    explorer = explore_pdca().move(market_trend=0)
    assert "both groups have it" not in explorer.scene["said"]["en"]
    assert "another go with every look" in explorer.move(looks=10).scene["said"]["en"]
    assert (
        "With 32 customers in each group"
        in explorer.move(group_customers=1.5, true_effect=5).scene["said"]["en"]
    )
    carried = [
        explore_pdca().move(market_trend=0, market_swings=8, carried_over=0.8, luck=luck)
        for luck in range(1, 9)
    ]
    told = ["With 0.8 of a swing carried over" in e.scene["said"]["en"] for e in carried]
    assert told == ["chance" in check(e.values)["verdicts"][:2] for e in carried] and any(told)


BOXES = """async ([lang, controls, scene]) => {
    const {default: explorer} = await import("/explorer.js");
    document.body.innerHTML = "<div id=here></div>";
    const model = {get: (name) => ({lang, controls, scene, still: "x", notices: {}})[name], on() {}, off() {}};
    explorer.render({model, el: document.getElementById("here")});
    const box = (n) => { const b = n.getBBox(); return [n.textContent, b.x, b.y, b.x + b.width, b.y + b.height]; };
    return ["text", "rect"].map((kind) => [...document.querySelectorAll(`svg.crm-scene ${kind}`)].map(box)); }"""


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 900, "height": 900})
    blank = f"<!doctype html><style>{Explorer._css}</style><body></body>"
    page.route(
        "**/*",
        lambda route: route.fulfill(
            body=Explorer._esm if route.request.url.endswith(".js") else blank,
            content_type="text/javascript"
            if route.request.url.endswith(".js")
            else "text/html; charset=utf-8",
        ),
    )
    page.goto("http://explorer.test/")
    yield page
    page.close()


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_in_a_browser_no_text_runs_into_another_or_into_a_mark_at_any_setting(page, lang):
    explorer = explore_pdca()
    for values in [START, *CORNERS[::3], *anywhere(20)]:
        scene = explorer.move(**values).scene
        texts, rects = page.evaluate(BOXES, [lang, explorer.controls, scene])
        assert len(texts) > 20 and len(rects) > 50
        for name, left, top, right, bottom in texts:
            assert left >= 0 and top >= 0 and right <= scene["width"] and bottom <= scene["height"], (
                values,
                name,
            )
        for (name, *a), (other, *b) in [*itertools.combinations(texts, 2), *itertools.product(texts, rects)]:
            apart = a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 2 or b[3] <= a[1] + 2
            assert apart, (values, name, other, a, b)
