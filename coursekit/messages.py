"""What coursekit says, in both languages (messages.toml), and its errors."""

import os
from pathlib import Path

from crmkit.core.catalogue import Catalogue
from crmkit.core.errors import CrmkitError

MESSAGES = Catalogue(Path(__file__).parent / "messages.toml")


def command() -> str:
    """How the user calls this program: kit.py says so, and an installed one is called crmkit."""
    return os.environ.get("CRMKIT_COMMAND", "crmkit")


class KitError(CrmkitError):
    """A CrmkitError whose sentence is among coursekit's messages; ``status`` is the exit code of the command."""

    def __init__(self, code: str, *, value=None, status: int = 1, **fields):
        self.code, self.row, self.column, self.value, self.status = code, None, None, value, status
        self.message_zh, self.message_en = MESSAGES.pair(f"error_{code}", value=value, **fields)
        ValueError.__init__(self, self.message_en)
