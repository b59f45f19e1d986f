"""Showing: numbers, tables, pictures, explorers, fonts."""
