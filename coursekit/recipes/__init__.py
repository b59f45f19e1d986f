"""How the data sets were made."""
