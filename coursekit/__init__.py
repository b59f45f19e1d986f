"""What stands around the notebooks: building lessons, opening them, working for clients, teaching."""
