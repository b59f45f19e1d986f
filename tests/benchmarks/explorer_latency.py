"""From a key on a slider to the new picture on the screen: the kit's explorer against ``interact`` + ``plt.show``.

    python tests/benchmarks/explorer_latency.py [ROUNDS]

Starts JupyterLab on a free loopback port and a real Chromium on it (playwright), opens one notebook with both, on
CDNOW's 23,570 customers, and presses an arrow key on the one and on the other in turn. Times run from ``keydown`` to
the animation frame that shows the new picture. Prints median and 95th percentile in ms, and the ratio of the medians.
"""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SETUP = """\
import crmkit
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, interact
from crmkit import plots
crmkit.set_language("both")
customers = crmkit.customer_summary(crmkit.load("cdnow"), as_of="1998-06-30")"""
OURS = "crmkit.explore_pyramid(customers)"
PEER = """\
@interact(platinum=FloatSlider(0.01, min=0.002, max=0.1, step=0.002))
def draw(platinum):
    rule = crmkit.ByCustomerShare({"platinum": platinum, "gold": 0.04, "iron": 0.15, "lead": 0.81 - platinum})
    plots.plot_pyramid(crmkit.pyramid(customers, tiers=rule))
    plt.show()"""

# notes when the key went down, and the frame in which our scene or the peer's image had changed
LISTEN = """
window.crmBench = {down: 0, painted: []};
const painted = () => requestAnimationFrame(() => window.crmBench.painted.push(performance.now()));
document.addEventListener('keydown', () => { window.crmBench.down = performance.now(); }, true);
const image = (node) =>
  node.complete && node.naturalWidth ? painted() : node.addEventListener('load', painted, {once: true});
new MutationObserver((changes) => {
  for (const change of changes) {
    if (change.type === 'attributes') {
      if (change.attributeName === 'data-frame') painted();
      else if (change.target.tagName === 'IMG') image(change.target);
      continue;
    }
    for (const node of change.addedNodes) {
      if (node.nodeType === 1) (node.tagName === 'IMG' ? [node] : node.querySelectorAll('img')).forEach(image);
    }
  }
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['src', 'data-frame']});
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_lab(folder: Path) -> tuple[subprocess.Popen, str]:
    """JupyterLab over ``folder``, without a token, reachable from this machine only; its process and address."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    own = {
        "JUPYTER_CONFIG_DIR": str(folder / ".config"),
        "JUPYTER_DATA_DIR": str(folder / ".data"),
        "JUPYTER_RUNTIME_DIR": str(folder / ".runtime"),
        "IPYTHONDIR": str(folder / ".ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / ".workspaces"),
    }
    log = open(folder / "lab.log", "w")
    lab = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--ip=127.0.0.1",
            f"--port={port}",
            "--IdentityProvider.token=",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={folder}",
            "--ServerApp.allow_root=True",
            "--LabApp.expose_app_in_browser=True",
        ],
        env=os.environ | own,
        stdout=log,
        stderr=log,
        cwd=folder,
    )
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=2).read()
            return lab, address
        except OSError:
            if lab.poll() is not None:
                break
            time.sleep(0.2)
    lab.kill()
    raise RuntimeError("JupyterLab did not start:\n" + (folder / "lab.log").read_text()[-2000:])


def notebook(cells: list[str]) -> str:
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                "language_info": {"name": "python"},
            },
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"c{i}",
                    "metadata": {},
                    "source": text,
                    "outputs": [],
                    "execution_count": None,
                }
                for i, text in enumerate(cells)
            ],
        }
    )


def open_and_run(page, address: str, name: str, selector: str) -> None:
    """Open a notebook, run all its cells, wait for ``selector``."""
    page.goto(f"{address}/doc/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(
        "() => window.jupyterapp && [...window.jupyterapp.shell.widgets('main')].some("
        "w => w.context?.sessionContext?.session?.kernel?.status === 'idle')",
        timeout=60_000,
    )
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(selector, timeout=60_000)


def press(page, handle, key: str) -> tuple[float, float]:
    """One key on a slider: ms to the first and to the last frame that it caused."""
    handle.focus()
    page.evaluate("window.crmBench.painted = []")
    page.keyboard.press(key)
    page.wait_for_function("window.crmBench.painted.length > 0", timeout=5_000, polling=10)
    page.wait_for_timeout(500)  # until nothing more is drawn
    down, painted = page.evaluate("[window.crmBench.down, window.crmBench.painted]")
    return painted[0] - down, painted[-1] - down


def measure(rounds: int = 30, *, warm_up: int = 3) -> dict[str, dict[str, float]]:
    """Median and 95th percentile (ms) of ours and of the peer, to the last frame that a key caused."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    times: dict[str, list[float]] = {"explorer": [], "interact": []}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, sync_playwright() as play:
        Path(folder, "bench.ipynb").write_text(notebook([SETUP, OURS, PEER]), encoding="utf-8")
        lab, address = start_lab(Path(folder))
        try:
            browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1200, "height": 1400})
            page.add_init_script(LISTEN)
            open_and_run(page, address, "bench.ipynb", ".noUi-handle")
            page.wait_for_timeout(2_000)
            handles = {
                "explorer": page.locator(".crm-explorer input[type=range]").first,
                "interact": page.locator(".noUi-handle").first,
            }
            for n in range(warm_up + rounds):
                for name, handle in handles.items():
                    _, last = press(page, handle, "ArrowLeft" if n % 2 else "ArrowRight")
                    if n >= warm_up:
                        times[name].append(last)
            browser.close()
        finally:
            lab.terminate()
            lab.wait(20)
    return {
        name: {"median": statistics.median(t), "p95": sorted(t)[round(0.95 * (len(t) - 1))]}
        for name, t in times.items()
    }


def main() -> bool:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
    for name, t in found.items():
        print(f"{name:10s} median {t['median']:6.1f} ms   p95 {t['p95']:6.1f} ms")
    ratio = found["interact"]["median"] / found["explorer"]["median"]
    print(
        f"ratio      interact takes {ratio:.1f} times as long (at least 6) -> {'pass' if ratio >= 6 else 'FAIL'}"
    )
    return ratio >= 6


if __name__ == "__main__":
    sys.exit(not main())
