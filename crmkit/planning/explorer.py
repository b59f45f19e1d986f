"""The budget's explorer: change the budget and what is believed of the elasticities, see where the money goes."""

import numpy as np
import pandas as pd

from crmkit.core.glossary import named, term_texts
from crmkit.core.language import WRITTEN
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_between, require_frame, require_numbers
from crmkit.display.numbers import number, number_texts, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .planning import BudgetPlan, plan_budget

_TOP, _ROW = 58, 52
_LEFT, _FULL, _SHARE, _RETURN = 150, 330, 610, 780
_MOST_ELASTICITY = 0.9


def explore_budget(options: pd.DataFrame, *, budget: float) -> Explorer:
    """Sliders for the budget and for all elasticities together; the best plan, its profit and its risk follow.

    ``options``: as for ``plan_budget``, with ``elasticity_sd`` where uses differ in it; limits are heeded, groups are
    not.
    ``budget``: currency, where its slider begins; it runs from 0 to twice as much. ``elasticity_factor`` multiplies
    every elasticity (at most to 0.9). Errors: as for ``plan_budget``.

    >>> import pandas as pd
    >>> uses = pd.DataFrame({"option": ["gold", "lead"], "resources": [10.0, 40.0], "margin": [80.0, 20.0],
    ...                      "elasticity": 0.5})
    >>> explore_budget(uses, budget=50).move(budget=20).values
    {'budget': 20.0, 'elasticity_factor': 1.0}
    """
    require_frame(options, what="explore_budget")
    require_between(budget, 1e-9, 1e12, name="budget")
    plan_budget(options, budget=budget)  # refuses what no slider could show
    controls = [
        slider(
            "budget",
            float(budget),
            low=0.0,
            high=float(2 * budget),
            step=float(budget / 20),
            label=term_texts("budget"),
        ),
        slider(
            "elasticity_factor",
            1.0,
            low=0.0,
            high=2.0,
            step=0.05,
            label=term_texts("elasticity_factor"),
        ),
    ]
    return Explorer(controls, lambda values: budget_scene(values, options))


def budget_scene(values: dict, options: pd.DataFrame) -> dict:
    """The scene for a budget: a pair of bars per use, today and the best plan, its share and its marginal return."""
    (elasticity,) = require_numbers(options, ["elasticity"], what="explore_budget")
    believed = np.minimum(elasticity * values["elasticity_factor"], _MOST_ELASTICITY)
    # the same draws at every setting: what changes in the picture is what the reader changed
    plan = plan_budget(
        options.assign(elasticity=believed), budget=values["budget"], rng=np.random.default_rng(0)
    )
    scene = Scene(800, _TOP + _ROW * len(options) + 10, title=term_texts("budget_plan"))
    _draw(scene, plan)
    shown: dict[str, str | dict[str, str]] = {
        "budget": number_texts(values["budget"]),
        "elasticity_factor": f"× {values['elasticity_factor']:.2f}",
    }
    return scene.as_dict(values=values, shown=shown, said=_finding(plan))


def _draw(scene: Scene, plan: BudgetPlan) -> None:
    rows = plan.options.to_dict("records")
    most = max(max(row["resources_before"], row["resources_after"]) for row in rows)
    spent = max(plan.options["resources_after"].sum(), 1e-9)
    headings = (
        (_LEFT, "resources_after", "start"),
        (_SHARE, "resource_share", "end"),
        (_RETURN, "marginal_return", "end"),
    )
    for place, slug, side in headings:
        scene.text(place, 20, term_texts(slug), anchor=side, css="crm-strong", lines="down")
    for i, row in enumerate(rows):
        y = _TOP + _ROW * (i + 0.5)
        zh, en = named(row["option"])
        scene.text(8, y, {"zh": zh, "en": en}, lines="middle")
        before = _FULL * row["resources_before"] / most
        after = _FULL * row["resources_after"] / most
        scene.rect(_LEFT, y - 14, after, 28, fill="#0072b2")
        scene.rect(_LEFT, y - 18, before, 36, css="crm-ghost")
        scene.text(_LEFT + max(before, after) + 8, y, number_texts(row["resources_after"]), css="crm-small")
        scene.text(_SHARE, y, percent(row["resources_after"] / spent, 0), anchor="end")
        back = row["marginal_return"]
        scene.text(_RETURN, y, f"{back:.2f}" if np.isfinite(back) else "–", anchor="end")


def _finding(plan: BudgetPlan) -> dict[str, str]:
    kept = plan.unspent > 1e-6 * max(plan.options["resources_before"].sum(), 1.0)
    found = {}
    for lang in WRITTEN:
        said = [
            MESSAGES.texts("explore_budget_profit", profit=_profit(plan, lang), change=_change(plan, lang))
        ]
        if kept:
            said.append(MESSAGES.texts("explore_budget_unspent", unspent=number(plan.unspent, lang)))
        said.append(MESSAGES.texts("explore_budget_today"))
        found[lang] = (" " if lang == "en" else "").join(part[lang] for part in said)
    return found


def _profit(plan: BudgetPlan, lang: str) -> str:
    """The profit, and between what it may lie where that is more than one number."""
    profit, low, high = (number(end, lang) for end in (plan.profit.value, *plan.profit.ends))
    if low == high:
        return profit
    return MESSAGES.texts("explore_budget_range", profit=profit, low=low, high=high)[lang]


def _change(plan: BudgetPlan, lang: str) -> str:
    """How much more or less than with today's spending."""
    change = plan.profit_change.value
    words = "explore_budget_less" if change < 0 else "explore_budget_more"
    return MESSAGES.texts(words, change=number(abs(change), lang))[lang]
