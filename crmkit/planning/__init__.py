"""Campaigns with a control group, and budgets (F28–F29)."""
