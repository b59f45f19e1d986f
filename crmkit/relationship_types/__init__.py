"""The five relationship types, how much contact is right, and the three defects (F6–F10)."""
