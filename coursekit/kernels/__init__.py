"""Kernels that we start, and the one that an installation lays: what passes between them and us is private."""
