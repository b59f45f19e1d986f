"""Two parties as ``stakeholder_map`` takes them."""

import pandas as pd

PARTIES = pd.DataFrame(
    {
        "stakeholder": ["regulator", "dealers"],
        "market": ["influence_market", "distributor_market"],
        "value_at_stake": [900.0, 600.0],
        "break_probability": 0.2,
        "effort": 10.0,
        "elasticity": [0.02, 0.5],
        "importance": [5, 3],
        "strength": [2, 3],
    }
)
