"""Customer value, lifetime value and what winning a customer may cost (F16, F17)."""
