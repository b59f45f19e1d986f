"""Examples of the plots of customer lifetime value: CDNOW's sample, and Fader and Hardie's High End cohort."""

from functools import cache

import crmkit

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]


@cache
def validation():
    return crmkit.validate_holdout(crmkit.load("cdnow_sample"), calibration_end="1997-09-30")


EXAMPLES = {
    "plot_tracking": lambda: (validation(), {}),
    "plot_frequency_fit": lambda: (validation(), {}),
    "plot_conditional_expectation": lambda: (validation(), {}),
    "plot_p_alive": lambda: (validation().model.p_alive_grid(T=273), {}),
    "plot_p_alive_path": lambda: (validation().model.p_alive_path([0, 20, 45, 90], until=273), {}),
    "plot_survival": lambda: (crmkit.fit_sbg(HIGH_END[:8]).compare(HIGH_END), {}),
}
