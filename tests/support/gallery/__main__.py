"""`python tests/support/gallery [FOLDER]`: every plot in Chinese, in English and in both on contact sheets,
to be looked at.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import matplotlib

matplotlib.use("agg")
from matplotlib import image
from matplotlib import pyplot as plt
from PIL import Image

import crmkit
from gallery import NAMES, draw

COLUMNS = 4


def sheet(folder: Path, lang: str) -> Path:
    """One picture per plot in FOLDER/LANG/, and all of them on FOLDER/LANG.png."""
    (folder / lang).mkdir(parents=True, exist_ok=True)
    crmkit.set_language(lang)
    drawn = []
    for name in NAMES:
        drawn.append(folder / lang / f"{name.replace('/', '-').replace(' ', '-')}.png")
        draw(name).figure.savefig(drawn[-1], dpi=110)
        plt.close("all")
    rows = -(-len(drawn) // COLUMNS)
    figure, places = plt.subplots(
        rows, COLUMNS, figsize=(6 * COLUMNS, 4 * rows), layout="constrained", squeeze=False
    )
    for ax in places.flat:
        ax.set_axis_off()
    for ax, path in zip(places.flat, drawn):
        ax.imshow(image.imread(path))
    whole = folder / f"{lang}.png"
    figure.savefig(whole, dpi=80)
    plt.close("all")
    with Image.open(
        whole
    ) as picture:  # 256 colours are enough to look at, and a quarter of the bytes in the repository
        small = picture.convert("RGB").quantize(256)
    small.save(whole, optimize=True)
    return whole


if __name__ == "__main__":
    for lang in ("zh", "en", "both"):
        print(sheet(Path(sys.argv[1] if len(sys.argv) > 1 else "gallery"), lang))
