"""Customer lifetime value fitted from data (F17): how long customers stay, how often they buy, what they spend.

Non-contractual, where nobody says goodbye: ``beta_geometric`` (BG/NBD, MBG/NBD), ``pareto`` (Pareto/NBD) and
``gamma_gamma`` (spend). Contractual, where leaving is seen: ``sbg``. ``holdout`` tests them on days not seen.
"""
