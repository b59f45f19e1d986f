"""An example for every plot: what the tests draw,
and what `python tests/support/gallery` puts on one sheet to be looked at.

Each module holds EXAMPLES: "plot_x", or "plot_x/what is special", → a function that gives the result and the plot's
keyword arguments. Drawn from known generators, with fixed seeds.
"""

from functools import cache
from importlib import import_module
from pathlib import Path

_MAKERS = {
    name: make
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
    for name, make in import_module(f"gallery.{path.stem}").EXAMPLES.items()
}
NAMES = sorted(_MAKERS)


@cache
def example(name: str):
    """(result, keyword arguments) of the example; made once."""
    return _MAKERS[name]()


def draw(name: str, **more):
    """The example's plot; returns its Axes."""
    from crmkit import plots

    result, with_ = example(name)
    return getattr(plots, name.split("/")[0])(result, **with_, **more)
