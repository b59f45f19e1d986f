"""Customer lifetime value fitted from data (F17): how long customers stay, how often they buy, what they spend.

Non-contractual, where nobody says goodbye: ``beta_geometric`` (BG/NBD, MBG/NBD), ``pareto`` (Pareto/NBD) and
``gamma_gamma`` (spend). Contractual, where leaving is seen: ``sbg``. ``holdout`` tests them on days not seen.
"""

from .beta_geometric import fit_bg_nbd, fit_mbg_nbd
from .gamma_gamma import fit_gamma_gamma
from .holdout import validate_holdout
from .pareto import fit_pareto_nbd
from .sbg import fit_sbg

__all__ = ["fit_bg_nbd", "fit_gamma_gamma", "fit_mbg_nbd", "fit_pareto_nbd", "fit_sbg", "validate_holdout"]
