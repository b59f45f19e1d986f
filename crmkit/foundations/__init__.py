"""What relationship marketing rests on (F1–F5, F26)."""
