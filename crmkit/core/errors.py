"""The one kind of error that the kit raises at its users, in the user's language."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

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


def refusal(code: str, words: str, **where) -> CrmkitError:
    """An error whose ``code`` several sentences share: ``error_<words>`` of messages.toml is the one said."""
    error = CrmkitError(words, **where)
    error.code = code
    return error


def unknown_name(room: str, name: str, known: Iterable[str]) -> AttributeError:
    """What a room of the kit says of a name that it does not have: the nearest one that it has, where one is near."""
    near = [] if name.startswith("_") else get_close_matches(name, list(known), n=1, cutoff=0.7)
    words = "unknown_name_near" if near else "unknown_name"
    pair = MESSAGES.pair(f"error_{words}", room=room, name=name, near="".join(near))
    return AttributeError(in_language(*pair, between="\n"), name=name)


class NearestName:
    """What a result answers of a part that it does not have: the nearest one that it has."""

    if not TYPE_CHECKING:  # or every name would pass there

        def __getattr__(self, name):
            raise unknown_name(type(self).__name__, name, [part for part in dir(self) if part[0] != "_"])


def _made_again(kind: type[CrmkitError], args: tuple, fields: dict) -> CrmkitError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error
