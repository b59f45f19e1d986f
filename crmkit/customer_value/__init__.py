"""Customer value, lifetime value and the economics of retention (F16–F18)."""
