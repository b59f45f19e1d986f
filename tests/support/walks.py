"""What the three users do, in short, told as figures that must be the same on every machine:
python walks.py NAME FOLDER.

Prints one JSON object. Paths, times and machines are left out of it, whatever else comes out is in.
"""

import hashlib
import json
import os
import random
import shutil
import sys
import zipfile
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def sha(data: bytes | str) -> str:
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()[:16]


def of_frame(frame) -> str:
    return sha(frame.to_csv(index=False))


def shuffle_fonts() -> None:
    """The list of fonts as another machine may have it, where LISTINGS asks for another order."""
    asked = os.environ.get("LISTINGS")
    if not asked:
        return
    from matplotlib import font_manager

    faces = sorted(font_manager.fontManager.ttflist, key=lambda face: (str(face.fname), face.name))
    if asked == "reversed":
        faces.reverse()
    else:
        random.Random(asked).shuffle(faces)
    font_manager.fontManager.ttflist = faces


def load(folder: Path) -> dict:
    """A client's folder of Parquet files, a pattern of them, and the kit's own data."""
    import pandas as pd

    import crmkit

    parts = folder / "客户 parts"
    for number in range(6):
        dates = pd.date_range("2024-01-01", periods=20, freq="D") + pd.Timedelta(days=20 * number)
        frame = pd.DataFrame(
            {
                "customer_id": [f"c{(7 * i + number) % 13}" for i in range(20)],
                "date": dates,
                "amount": [float(10 + i + number) for i in range(20)],
            }
        )
        place = parts / f"month={number}"
        place.mkdir(parents=True)
        frame.to_parquet(place / f"part-{number}.parquet", index=False)
    log = crmkit.read_transactions(parts)
    again = crmkit.read_transactions(str(parts / "*" / "*.parquet"))
    summary = crmkit.customer_summary(log, as_of="2024-12-31")
    sample = crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1998-07-01")
    tiers = crmkit.pyramid(sample).tiers
    return {
        "log": of_frame(log),
        "pattern": of_frame(again[list(log.columns)]),
        "summary": of_frame(summary),
        "cdnow": of_frame(sample),
        "pyramid": of_frame(tiers),
        "report": sha(json.dumps(crmkit.check_transactions(parts).to_dict(), default=str, sort_keys=True)),
    }


def build(folder: Path) -> dict:
    """The course's notebooks from their sources, and which lesson teaches what."""
    import nbformat

    from coursekit.lessons.build import coverage, notebooks, read_lessons

    lessons = read_lessons(ROOT / "lessons")
    made = {str(path): sha(nbformat.writes(notebook)) for path, notebook in notebooks(lessons).items()}
    return {"made": made, "order": [lesson.slug for lesson in lessons], "taught": coverage(lessons)}


def intake(folder: Path) -> dict:
    """A pile of hand-ins: folders, archives, archives in archives, the same name twice, and what is no notebook."""
    from coursekit.teach.handed_in.intake import take_in

    def archive(names: list[str], inner: bytes | None = None) -> bytes:
        stream = BytesIO()
        with zipfile.ZipFile(stream, "w") as opened:
            for name in names:
                opened.writestr(name, json.dumps({"name": name}))
            if inner:
                opened.writestr("again.zip", inner)
        return stream.getvalue()

    pile = folder / "交来的 pile"
    for student in ("b", "a", "C", "张三", "é"):
        (pile / student / "deep").mkdir(parents=True)
        (pile / student / "work.ipynb").write_text(f'{{"of": "{student}"}}', encoding="utf-8")
        (pile / student / "deep" / "work.ipynb").write_text("{}", encoding="utf-8")
        (pile / student / "notes.docx").write_bytes(b"x")
    (pile / "all.zip").write_bytes(archive(["x/2.ipynb", "x/1.ipynb", "y.exe"], archive(["z.ipynb"])))
    (pile / "broken.zip").write_bytes(b"PK nothing")
    found = take_in(pile)
    return {
        "notebooks": [[one.label, one.sha256] for one in found.found],
        "refused": found.refused,
    }


def plots(folder: Path) -> dict:
    """Pictures of several rooms to the pixel, with nothing said about fonts or glyphs."""
    import matplotlib

    matplotlib.use("agg")
    shuffle_fonts()
    sys.path[:0] = [str(HERE)]
    from gallery import draw
    from glyphs import listening
    from matplotlib import pyplot as plt

    import crmkit

    crmkit.set_language("both")
    pixels = {}
    with listening() as heard:
        for name in ("plot_pyramid", "plot_lorenz", "plot_rfm", "plot_pdca"):
            figure = draw(name).figure
            figure.canvas.draw()
            pixels[name] = sha(bytes(figure.canvas.buffer_rgba()))
            plt.close(figure)
    return {"pixels": pixels, "heard": heard}


def run(folder: Path) -> dict:
    """The workshop on a client's data, as ``crmkit run`` does it: its tables,
    and the page without its pictures' bytes.
    """
    from coursekit.client.run import run as run_workshop

    shuffle_fonts()
    out = folder / "结果 out"
    code = run_workshop("cdnow_sample", lang="en", out=out)
    files = {}
    for path in sorted(out.rglob("*.csv")):
        files[path.relative_to(out).as_posix()] = sha(path.read_bytes())
    page = next(iter(sorted(out.glob("report_*.html")))).read_text(encoding="utf-8")
    return {"code": code, "files": files, "page": sha(page.replace(str(folder), ""))}


WALKS = {walk.__name__: walk for walk in (load, build, intake, plots, run)}


def main(name: str, folder: str) -> None:
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    try:
        print(json.dumps(WALKS[name](place), ensure_ascii=False, sort_keys=False))
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
