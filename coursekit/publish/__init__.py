"""What is printed from the sources: reference pages."""
