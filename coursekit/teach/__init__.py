"""For instructors: assign, grade, game."""
