"""What matplotlib says about fonts and glyphs that it does not find, and a machine that has none but its own."""

import logging
import warnings
from contextlib import contextmanager

import matplotlib
import pytest
from matplotlib import font_manager
from matplotlib import pyplot as plt

from crmkit.display import fonts


@contextmanager
def listening():
    """What matplotlib's logger and Python's warnings say meanwhile about fonts and glyphs."""
    heard: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())
    logger = logging.getLogger("matplotlib")
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            warnings.simplefilter(
                "ignore", ResourceWarning
            )  # of font files that earlier tests left to the collector
            yield heard
    finally:
        logger.removeHandler(handler)
        heard += [
            str(w.message) for w in warned if "lyph" in str(w.message) or "font" in str(w.message).lower()
        ]


@pytest.fixture
def bare_machine(monkeypatch):
    """matplotlib as it is where no font but its own is installed, and ours served to it."""
    fonts.serve()
    manager = font_manager.fontManager
    own = [f for f in manager.ttflist if str(f.fname).startswith(matplotlib.get_data_path())]
    monkeypatch.setattr(manager, "ttflist", own)
    with matplotlib.rc_context():
        matplotlib.rcParams.update(matplotlib.rcParamsDefault)
        matplotlib.use("agg")
        register()
        yield
        plt.close("all")
    manager._findfont_cached.cache_clear()


def register():
    """Let matplotlib find our font and the system's anew, after its list of fonts was changed."""
    fonts._register(font_manager.fontManager)
    font_manager.fontManager._findfont_cached.cache_clear()
