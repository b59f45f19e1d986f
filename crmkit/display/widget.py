"""The widget around a scene: takes the reader's settings, lets Python compute, hands the new scene to the drawing.

What every widget of the kit shares is here too: ``watched`` and ``KernelWatch`` let it say in the page that its kernel
is gone, for after a restart it looks alive and answers nothing.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import anywidget
import traitlets
from IPython.display import display

from crmkit.core.language import get_language
from crmkit.core.messages import MESSAGES

from .scene import to_html, to_svg, words

_HERE = Path(__file__).parent


def watched(file: Path) -> str:
    """A widget's script or style sheet, with ``watchKernel`` or its style in front of it."""
    shared = _HERE / f"kernel_watch{file.suffix}"
    return shared.read_text(encoding="utf-8") + file.read_text(encoding="utf-8")


class KernelWatch(anywidget.AnyWidget):
    """A widget whose script calls ``watchKernel({model, root, words: model.get("notices"), lang})``."""

    notices = traitlets.Dict().tag(sync=True)

    @traitlets.default("notices")
    def _both_languages(self):
        return {"lost": MESSAGES.texts("widget_lost"), "waiting": MESSAGES.texts("widget_waiting")}


def slider(name: str, start: float, *, low: float, high: float, step: float, label: dict[str, str]) -> dict:
    """A control that takes any value from ``low`` to ``high`` in steps, and begins at ``start``."""
    return {
        "name": name,
        "kind": "range",
        "min": low,
        "max": high,
        "step": step,
        "value": start,
        "label": label,
    }


class Explorer(KernelWatch):
    """``controls`` describe the sliders and choices; ``compute(values)`` gives the scene for what they are set to."""

    _esm = watched(_HERE / "explorer.js")
    _css = watched(_HERE / "explorer.css")
    lang = traitlets.Unicode("both").tag(sync=True)
    controls: traitlets.List = traitlets.List().tag(sync=True)
    scene = traitlets.Dict().tag(sync=True)
    still = traitlets.Unicode().tag(sync=True)

    def __init__(self, controls: list[dict], compute: Callable[[dict], dict]):
        values = {control["name"]: control["value"] for control in controls}
        scene = compute(values)
        begun = json.dumps([controls, scene], sort_keys=True).encode()
        still = hashlib.sha256(begun).hexdigest()[:16]
        super().__init__(lang=get_language(), controls=controls, scene=scene, still=still)
        self._compute = compute
        self.on_msg(self._asked)

    @property
    def values(self) -> dict:
        """What the controls are set to now."""
        return dict(self.scene["values"])

    def move(self, **values) -> "Explorer":
        """Set controls from code, as the reader would by hand."""
        self.scene = self._compute(self._allowed(values))
        return self

    def _allowed(self, values: dict) -> dict:
        """The settings with each one inside its control's range; what is not a control's is left out."""
        known = self.values
        for control in self.controls:
            value = values.get(control["name"], known[control["name"]])
            if control["kind"] == "choice":
                offered = [option["value"] for option in control["options"]]
                known[control["name"]] = value if value in offered else control["value"]
            else:
                known[control["name"]] = min(max(float(value), control["min"]), control["max"])
        return known

    def _asked(self, _widget, content, _buffers) -> None:
        scene = self._compute(self._allowed(content["values"]))
        self.scene = {**scene, "reply": content["reply"]}

    def _repr_mimebundle_(self, **kwargs):
        """The live widget, and its finding as text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/plain": self._finding()}, metadata

    def _ipython_display_(self) -> None:
        """The live widget, and after it the same picture without one, which a live widget hides.

        Two outputs: with one, converters that find a widget's state in the notebook show the widget alone, and that is
        nothing where no script may be fetched.
        """
        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        still = {
            "text/html": to_html(self.scene, self.lang, key=self.still),
            "image/svg+xml": to_svg(self.scene, self.lang),
            "text/plain": self._finding(),
        }
        display(still, raw=True)

    def _finding(self) -> str:
        return "\n".join(words(self.scene["said"], self.lang))
