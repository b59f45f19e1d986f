"""The one kind of error that the kit raises at its users, in the user's language."""

from .language import in_language
from .messages import MESSAGES


class CrmkitError(ValueError):
    """What was wrong, where, what was allowed and what to do, in the user's language.

    ``code`` names the message in messages.toml (``error_<code>``); ``row``, ``column`` and ``value`` say where, and
    are None where they do not apply. ``str(error)`` follows the language setting; ``message_zh`` and ``message_en``
    are always there. Of a client's file that cannot be used, ``report`` is the CheckReport.
    """

    report: object | None = None

    def __init__(
        self,
        code: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        **fields: object,
    ) -> None:
        self.code, self.row, self.column, self.value = code, row, column, value
        self.message_zh, self.message_en = MESSAGES.pair(
            f"error_{code}", row=row, column=column, value=value, **fields
        )
        super().__init__(self.message_en)

    def __str__(self) -> str:
        return in_language(self.message_zh, self.message_en, between="\n")

    def __reduce__(self):
        # made again as it is, not by its own arguments: those are gone once the sentence stands
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(kind: type[CrmkitError], args: tuple, fields: dict) -> CrmkitError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error
