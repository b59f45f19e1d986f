"""A variant for every student."""
