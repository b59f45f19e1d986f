"""What the tests of display share."""

from glyphs import bare_machine

__all__ = ["bare_machine"]
