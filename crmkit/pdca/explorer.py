"""The explorer of Check: one action, a market and chance; three ways to look at the same two years, and the truth."""

import numpy as np
import pandas as pd

from crmkit.core.glossary import term_texts
from crmkit.core.intervals import Estimate, difference_of_means
from crmkit.core.language import minus_sign
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import number
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .control_chart import D2, broken_rules

# what a slider sets → lowest, highest, step, first setting; the number of customers is a power of ten
_SLIDERS = {
    "true_effect": (-10, 30, 1, 0),
    "market_trend": (-12, 24, 1, 12),
    "market_swings": (0, 8, 0.5, 2),
    "carried_over": (0, 0.9, 0.1, 0),
    "group_customers": (1.5, 3.5, 0.05, 3),
    "looks": (1, 10, 1, 1),
    "luck": (1, 100, 1, 7),
}  # a year in which each of these things can be seen; others differ
_MONTHS, _BEFORE = 24, 12
_BLUE, _PALE, _RED = "#0072b2", "#c4c9cd", "#d55e00"
_LEFT, _MONTH, _TOP, _FOOT = 52, 30.5, 70, 236  # the chart
_FROM, _TO, _SAYS, _VERDICT, _LOOK, _END = (
    172,
    450,
    470,
    630,
    8,
    492,
)  # the readings: columns, a look's height, foot
_ROWS = {"control_chart": 338, "before_and_after": 376, "treated_less_control": 444}


def explore_pdca() -> Explorer:
    """Sliders for an action's true effect, the market, chance, the groups and the looks; three readings against truth.

    Two groups are alike for twelve months, then one is treated. The control chart of the treated group (limits from
    the first twelve months), its months before and after (Welch), and treated less control customers over the months
    since (Welch; with several looks, the first whose interval leaves out 0) each say whether the action works.
    Spending per customer and month starts at 100; ``market_trend`` is its rise in a year; ``move`` takes
    ``group_customers`` as a power of ten, as the slider does: 3 is 1,000. ``luck`` draws another two years.

    >>> explorer = explore_pdca().move(true_effect=0, market_trend=24)  # a rising market, an action that does nothing
    >>> explorer.scene["said"]["en"].count("wrong: the market")
    2
    """
    return Explorer(
        [
            slider(name, first, low=low, high=high, step=step, label=term_texts(name))
            for name, (low, high, step, first) in _SLIDERS.items()
        ],
        pdca_scene,
    )


def two_years(values: dict) -> np.ndarray:
    """Every customer's spending in every month: customers × groups (treated, control) × months.

    The mean is 100, plus the trend, plus swings of the market that both groups share (their standard deviation is the
    same in every month, their correlation from month to month is ``carried_over``), plus the effect in the treated
    group's last twelve months. A customer's part in it is a gamma habit (shape 9) times an exponential month: the
    coefficient of variation is 1.1 in a month, 0.45 in a year. One luck gives the same draws at every other setting,
    and more customers are the fewer ones and others. ``values``: the explorer's controls, customers of a group as a
    power of ten.

    >>> calm = {"market_trend": 0, "market_swings": 0, "carried_over": 0}
    >>> calm |= {"true_effect": 10, "group_customers": 3, "luck": 1}
    >>> two_years(calm).shape, float(two_years(calm)[:, 0, 12:].mean().round())
    ((1000, 2, 24), 112.0)
    """
    market, habit, chance = np.random.default_rng(int(values["luck"])).spawn(3)
    swings, carried, months = market.standard_normal(_MONTHS), values["carried_over"], np.arange(_MONTHS)
    for month in months[1:]:
        swings[month] = carried * swings[month - 1] + np.sqrt(1 - carried**2) * swings[month]
    mean = 100 + values["market_trend"] * months / 12 + values["market_swings"] * swings
    means = np.array([mean + values["true_effect"] * (months >= _BEFORE), mean])
    size = round(10 ** values["group_customers"]), 2, 1
    return means * (habit.standard_gamma(9, size) / 9) * chance.standard_exponential((*size[:2], _MONTHS))


def control_limits(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower limit, centre and upper limit from the months before, and whether a month breaks a rule.

    As ``control_chart`` with its ``baseline_points``, but without its tables: a moving hand asks for many a second.
    """
    away = 3 / D2 * np.abs(np.diff(series[:_BEFORE])).mean()
    limits = series[:_BEFORE].mean() + away * np.array([-1, 0, 1])
    return limits, broken_rules(pd.Series((series - limits[1]) / (away / 3))).any(axis=1).to_numpy()


def looks_at(spending: np.ndarray, *, looks: int = 1) -> list[Estimate]:
    """Treated less control customers at each look, evenly through the months since; none after the first without 0."""
    found: list[Estimate] = []
    since = spending[:, :, _BEFORE:].cumsum(axis=2)
    while len(found) < looks and not (found and _way(found[-1])):
        months = -(-(len(found) + 1) * since.shape[2] // looks)
        found.append(difference_of_means(*since[:, :, months - 1].T / months))
    return found


def check(values: dict) -> dict:
    """Both groups' months, limits and signals, and three readings: their estimates, which way they point, the verdicts.

    ``ways``: 1 up, −1 down, 0 nothing seen, in the months ``seen_in``. A verdict is ``right``, ``missed``, ``market``
    or ``chance`` (which was taken for the action), or ``size``: the right way, but the interval leaves out the true
    effect.
    """
    spending, effect, rise = two_years(values), values["true_effect"], np.sign(values["market_trend"])
    (treated, control), looks = spending.mean(axis=0), looks_at(spending, looks=int(values["looks"]))
    limits, signals = control_limits(treated)
    months, groups = difference_of_means(treated[_BEFORE:], treated[:_BEFORE]), looks[-1]
    alarm = next((month for month in range(_BEFORE, _MONTHS) if signals[month]), None)
    ways = [0 if alarm is None else int(np.sign(treated[alarm] - limits[1])), _way(months), _way(groups)]
    verdicts = []
    for way, found, market in zip(
        ways, (None, months, groups), (rise, rise, 0)
    ):  # the groups do not differ by it
        fits = "right" if effect == 0 or found is None or found.contains(effect) else "size"
        verdicts.append(
            fits
            if way == np.sign(effect)
            else "missed"
            if way == 0
            else "market"
            if way == market
            else "chance"
        )
    seen_in = [alarm and alarm + 1, _MONTHS, _BEFORE - int(-len(looks) * _BEFORE // values["looks"])]
    return {
        "treated": treated,
        "control": control,
        "limits": limits,
        "signals": signals,
        "months": months,
        "looks": looks,
        "ways": ways,
        "seen_in": seen_in,
        "verdicts": verdicts,
    }


def pdca_scene(values: dict) -> dict:
    """The scene for what the controls are set to: both groups on the chart, and below it the readings and the truth."""
    found, scene = check(values), Scene(800, _END + 24, title=term_texts("pdca_check"))
    _draw_chart(scene, found)
    _draw_estimates(scene, found, values["true_effect"])
    groups, (_, before, difference) = found["looks"][-1], found["verdicts"]
    shown = {name: number(value) for name, value in values.items()}
    shown["group_customers"] = f"{10 ** values['group_customers']:,.0f}"
    words = shown | {"months": found["months"], "groups": groups, "width": groups.high - groups.low}
    for (name, y), way, month, verdict in zip(
        _ROWS.items(), found["ways"], found["seen_in"], found["verdicts"]
    ):
        says = MESSAGES.texts(f"explore_pdca_{('nothing', 'up', 'down')[way]}", month=month)
        for x, text in (
            (8, term_texts(name)),
            (_SAYS, says),
            (_VERDICT, judged := term_texts(f"verdict_{verdict}")),
        ):
            scene.text(
                x, y, text, css="crm-strong" if x == _VERDICT and verdict != "right" else "", lines="middle"
            )
        words |= {f"{name}_{lang}": [says[lang], judged[lang]] for lang in says}
    why = {
        "said": True,
        "trend": values["market_trend"] and before != "right",
        "small": difference == "missed",
        "looked": values["looks"] > 1 and difference in ("chance", "size"),
        "carried": values["carried_over"] and "chance" in found["verdicts"][:2],
    }
    parts = [MESSAGES.texts(f"explore_pdca_{key}", **words) for key, due in why.items() if due]
    said = {
        lang: minus_sign(space.join(part[lang] for part in parts))
        for lang, space in (("zh", ""), ("en", " "))
    }
    return scene.as_dict(values=values, shown=shown, said=said)


def _draw_chart(scene: Scene, found: dict) -> None:
    place, ticks = _axis(85, 115, *found["treated"], *found["control"], *found["limits"], onto=(_FOOT, _TOP))
    x, change = (_LEFT + _MONTH * np.arange(0.5, _MONTHS)).tolist(), _LEFT + _MONTH * _BEFORE
    scene.text(8, 14, term_texts("monthly_spending"), css="crm-strong")
    for left, slug, fill in (
        (_LEFT, "treated", _BLUE),
        (222, "control", "#fff"),
        (392, "control_signal", _RED),
        (562, "natural_limits", None),
    ):
        scene.rect(left, 37, 10, 10, fill=fill, css="crm-edge" if fill else "crm-ghost")
        scene.text(left + 18, 42, term_texts(slug), css="crm-small", lines="middle")
    for tick, y in ticks:
        scene.text(_LEFT - 8, y, number(tick), anchor="end", css="crm-small")
    for y, css in zip(place(found["limits"]), ("crm-ghost", "crm-edge", "crm-ghost")):
        scene.line(_LEFT, y, _LEFT + _MONTH * _MONTHS, y, css=css)
    scene.line(change, _TOP - 6, change, _FOOT + 8, css="crm-ghost")
    for group, css, colour in (("control", "crm-faint", "#fff"), ("treated", "crm-edge", _BLUE)):
        y = place(found[group])
        for m, signal in enumerate(found["signals"]):
            scene.line(x[m], y[m], x[min(m + 1, _MONTHS - 1)], y[min(m + 1, _MONTHS - 1)], css=css)
            half, fill = (6, _RED) if signal and group == "treated" else (3, colour)
            scene.rect(x[m] - half, y[m] - half, 2 * half, 2 * half, fill=fill)
    for month in (1, 6, 12, 18, 24):
        scene.text(x[month - 1], _FOOT + 18, str(month), anchor="middle", css="crm-small")
    scene.text(change, _FOOT + 36, MESSAGES.texts("explore_pdca_begins", month=_BEFORE + 1), anchor="middle")


def _draw_estimates(scene: Scene, found: dict, effect: float) -> None:
    estimates, (chart, before, groups) = [found["months"], *found["looks"]], _ROWS.values()
    place, ticks = _axis(
        -8, 12, effect, *(end for e in estimates for end in (e.low, e.high)), onto=(_FROM, _TO)
    )
    for x, slug in ((_FROM, "spending_change"), (_SAYS, "it_says"), (_VERDICT, "against_the_truth")):
        scene.text(x, 296, term_texts(slug), css="crm-strong", lines="down")
    for tick, x in ticks:
        scene.text(x, _END + 12, number(tick), anchor="middle", css="crm-small")
    zero, truth = place([0, effect])
    scene.line(zero, before - 18, zero, _END, css="crm-edge")
    scene.line(truth, before - 18, truth, _END)
    scene.text(
        min(max(truth, _FROM + 84), _TO - 84),
        chart,
        term_texts("true_effect"),
        anchor="middle",
        css="crm-of-rule",
        lines="middle",
    )
    for i, estimate in enumerate(estimates):
        y = (
            groups + _LOOK * (i - len(estimates) / 2) if i else before
        )  # the looks lie around the middle of their row
        low, middle, high = place([estimate.low, estimate.value, estimate.high])
        scene.rect(low, y - 3, high - low, 6, fill=_BLUE if i in (0, len(estimates) - 1) else _PALE)
        scene.rect(middle - 1.5, y - 3, 3, 6, fill="#fff")


def _axis(*numbers: float, onto: tuple[float, float]):
    """Where numbers lie, with a margin beside the outermost; and round numbers with their places."""
    low, high = min(numbers), max(numbers)
    step = next(step for step in (5, 10, 20, 50, 100) if high - low <= 7 * step)
    ticks = step * np.arange(np.ceil(low / step), high / step) + 0.0

    def place(values):
        return np.interp(values, (1.04 * low - 0.04 * high, 1.04 * high - 0.04 * low), onto).tolist()

    return place, list(zip(ticks.tolist(), place(ticks)))


def _way(found: Estimate) -> int:
    """1: the whole interval lies above 0; −1: below it; 0: 0 is in it."""
    low, high = found.low or 0.0, found.high or 0.0
    return int(low > 0) - int(high < 0)
