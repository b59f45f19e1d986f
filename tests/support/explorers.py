"""What the explorers' tests share: every control over its whole range, and what a scene says."""

from collections.abc import Iterator

import numpy as np

from crmkit.core.language import get_language


def stops(control: dict) -> list:
    """Every value that a control can be set to, both ends among them."""
    if control["kind"] == "choice":
        return [option["value"] for option in control["options"]]
    inside = np.arange(control["min"], control["max"], control["step"]).tolist()
    return [*inside, control["max"]]


def sweep(explorer) -> Iterator[dict]:
    """The scene at every stop of every control, the others left where they began."""
    begun = explorer.values
    for control in explorer.controls:
        for value in stops(control):
            scene = explorer.move(**{**begun, control["name"]: value}).scene
            assert scene["values"][control["name"]] == value, "what is set is what is shown"
            yield scene
    explorer.move(**begun)


def marks(scene: dict, kind: str) -> list[dict]:
    return [mark for mark in scene["marks"] if mark["kind"] == kind]


def texts(scene: dict) -> list:
    """Words ({zh, en}) and numbers (str, or {zh, en, both}) of a scene, in the order in which they are drawn."""
    return [mark["text"] for mark in marks(scene, "text")]


def numbers(scene: dict) -> list[str]:
    """The numbers as the language in force writes them."""
    written = [text for text in texts(scene) if isinstance(text, str) or "both" in text]
    return [text if isinstance(text, str) else text[get_language()] for text in written]


def assert_in_both_languages(explorer, scene: dict) -> None:
    """Chinese where Chinese is asked for, no Chinese in English, nothing unfilled, unnamed or not a number."""
    pairs = [text for text in texts(scene) if isinstance(text, dict) and "both" not in text]
    pairs += [scene["title"], scene["said"], *(control["label"] for control in explorer.controls)]
    for pair in pairs:
        assert any("一" <= c <= "鿿" for c in pair["zh"]), pair
        assert not any("一" <= c <= "鿿" for c in pair["en"]), pair
        for text in pair.values():
            assert not {"_", "{"} & set(text) and "nan" not in text.split(), pair
    assert not [text for text in numbers(scene) if "nan" in text]
    written = [shown for shown in [*texts(scene), *scene["shown"].values()] if "both" in shown]
    for number in written:
        assert not set(number["zh"]) & set("kMBT") and not set(number["en"]) & set("万亿"), number
    assert set(scene["shown"]) >= {c["name"] for c in explorer.controls if c["kind"] == "range"}
