"""What an answer says is seen although it is not the last line of its cell: Jupyter shows that line's value alone."""

import sys

_waiting: list = []


def show_at_the_end(answer) -> None:
    """Show this when the cell has run, unless the cell shows it itself; does nothing outside of a notebook."""
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    if _show_the_rest not in shell.events.callbacks["post_run_cell"]:
        _forget()
        shell.events.register("pre_run_cell", _forget)
        shell.events.register("post_run_cell", _show_the_rest)
    _waiting.append(answer)


def _forget(info=None) -> None:
    """What was answered before this cell has been seen, or was no cell's."""
    _waiting.clear()


def _show_the_rest(result) -> None:
    from IPython.display import display

    latest = {answer.question["id"]: answer for answer in _waiting}
    _waiting.clear()
    for answer in latest.values():
        if answer is not result.result:
            display(answer)
