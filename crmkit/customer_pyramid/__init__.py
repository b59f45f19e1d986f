"""Segments, the customer pyramid and concentration (F13–F15)."""
