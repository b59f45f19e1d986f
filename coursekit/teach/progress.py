"""Work that others do, as it ends: with a bar that tells the time left on a terminal."""

from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from coursekit.messages import MESSAGES


def as_they_end(waiting: Collection[Future], *, shown: bool) -> Iterator[Future]:
    """The futures in the order in which they end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    still_open = set(waiting)
    with Progress(*columns, disable=not shown or not waiting) as progress:
        task = progress.add_task(MESSAGES.say("grade_running", between=" "), total=len(waiting))
        while still_open:
            done, still_open = wait(still_open, return_when=FIRST_COMPLETED)
            for one in done:
                yield one
                progress.advance(task)
