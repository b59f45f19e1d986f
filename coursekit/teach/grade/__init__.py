"""Marks from what is handed in."""
