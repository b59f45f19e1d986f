"""For consultants: check, run, batch."""
