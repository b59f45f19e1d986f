"""What lateness costs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from coursekit.messages import KitError
from coursekit.records import EXACT

from .assignment import DATES, read_due

YEARS = 100
Minutes = Annotated[float, Field(ge=0, le=YEARS * 366 * 24 * 60, allow_inf_nan=False)]
Days = Annotated[float, Field(ge=0, le=YEARS * 366, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def known_zone(name: str) -> str:
    """The name of a time zone. Errors: ValueError with some that there are."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError("UTC, Asia/Shanghai, America/New_York …") from None
    return name


def known_date(text: str) -> str:
    """A date as `read_due` gives it. Errors: ValueError with how one may be written."""
    try:
        return read_due(text)
    except KitError:
        raise ValueError(DATES) from None


Zone = Annotated[str, AfterValidator(known_zone)]
Date = Annotated[str, AfterValidator(known_date)]


@dataclass(frozen=True)
class LatePolicy:
    """What lateness costs: per day begun after the grace, a share of what was earned; nothing after ``max_days``.

    ``due``: for everybody, in place of the date with which the assignment was given out.
    ``archive_zone``: of the times in an archive that do not say theirs; this computer's where it is None.
    """

    __pydantic_config__ = EXACT

    due: Date | None = None
    grace_minutes: Minutes = 0
    per_day: Share = 0.0
    max_days: Days | None = None
    archive_zone: Zone | None = None

    @property
    def zone(self) -> ZoneInfo | None:
        return ZoneInfo(self.archive_zone) if self.archive_zone else None

    def open_after_due(self) -> timedelta:
        """How long after it is due something may come in that still earns: the grace, or the days that are accepted.

        Where lateness costs nothing and no day is the last, that is without end, and the grace alone is reckoned.
        """
        grace = timedelta(minutes=self.grace_minutes)
        days = [self.max_days] if self.max_days is not None else []
        if self.per_day:
            days.append(ceil(1 / self.per_day) - 1)  # on the next day nothing is left of what was earned
        return max(grace, timedelta(days=min(days, default=0)))

    def factor(self, when: datetime | None, due: datetime | None) -> tuple[float, timedelta]:
        """(the share that is kept, how late)."""
        if when is None or due is None or when <= due + timedelta(minutes=self.grace_minutes):
            return 1.0, timedelta(0)
        late = when - due
        if self.max_days is not None and late / timedelta(days=1) > self.max_days:
            return 0.0, late
        days_begun = ceil(late / timedelta(days=1))
        return max(0.0, 1 - self.per_day * days_begun), late
