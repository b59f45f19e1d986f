"""Marks over several assignments."""
