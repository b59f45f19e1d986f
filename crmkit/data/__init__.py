"""Data: the door, data sets, and what is computed over transactions."""
