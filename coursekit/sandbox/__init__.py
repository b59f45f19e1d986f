"""The wall around code that is not ours, used by grade and game."""
