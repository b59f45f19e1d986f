"""The levels of relationship marketing (F11–F12)."""
