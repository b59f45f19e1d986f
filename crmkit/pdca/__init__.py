"""PDCA, control charts and indicators (F30–F31)."""
