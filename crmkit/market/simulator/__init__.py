"""Customers with hidden traits, and the firm's own books; knows no game."""
