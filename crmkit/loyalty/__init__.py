"""Loyalty, satisfaction, recovery and programmes (F19–F22)."""
