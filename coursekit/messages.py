"""What coursekit says, in both languages (messages.toml), and its errors."""

from pathlib import Path

from crmkit.core.catalogue import read_catalogue
from crmkit.core.errors import CrmkitError
from crmkit.core.language import in_language

CATALOGUE = Path(__file__).parent / "messages.toml"


def message(key: str, /, *, between: str = "\n", **fields) -> str:
    """A message of coursekit in the language in force, its {fields} filled in."""
    return in_language(*message_pair(key, **fields), between=between)


def message_pair(key: str, /, **fields) -> tuple[str, str]:
    """The message in Chinese and in English."""
    entry = read_catalogue(CATALOGUE)[key]
    return entry["zh"].format(**fields), entry["en"].format(**fields)


class KitError(CrmkitError):
    """A CrmkitError whose sentence is among coursekit's messages; ``status`` is the exit code of the command."""

    def __init__(self, code: str, *, value=None, status: int = 1, **fields):
        self.code, self.row, self.column, self.value, self.status = code, None, None, value, status
        self.message_zh, self.message_en = message_pair(f"error_{code}", value=value, **fields)
        ValueError.__init__(self, self.message_en)
