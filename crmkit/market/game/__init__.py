"""The game of PDCA played on a simulated market."""
