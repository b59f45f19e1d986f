"""For students: open, reset."""
