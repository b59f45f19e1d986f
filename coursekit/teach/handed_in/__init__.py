"""What students hand in, however a platform gives it back: the files, what is in them, whose they are."""
