"""What is handed to a client."""
