"""The student's and the consultant's path where nothing of POSIX is there: python without_posix.py FOLDER, prints JSON.

Other people's packages are imported first, for they choose by os.name what they need; ours are imported afterwards.
"""

import importlib
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import sources  # beside this file

MODULES = ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty")
GONE = {
    os: (
        "fork forkpty getuid geteuid getgid getegid setsid killpg wait4 memfd_create sched_getaffinity mkfifo chown "
        "O_NOFOLLOW O_NONBLOCK WNOHANG"
    ),
    signal: "SIGKILL SIGALRM SIGHUP setitimer alarm",
    socket: "AF_UNIX SOCK_SEQPACKET recv_fds send_fds",
}
OURS = ("crmkit", "coursekit")


def take_away() -> None:
    for name in MODULES:
        sys.modules[name] = None  # importing it is an ImportError from now on
    for owner, names in GONE.items():
        for name in names.split():
            if hasattr(owner, name):
                delattr(owner, name)


def load_others() -> None:
    """Every module from outside that a file of ours imports, at its top or later."""
    for package in OURS:
        for path in sources.files(package):
            for module in sources.imports(path):
                if module.split(".")[0] not in (*OURS, *MODULES, ""):
                    with suppress(ImportError):
                        importlib.import_module(module)


def student(folder: Path) -> dict:
    """Load, summarise, the pyramid, pictures, explorers, answers recorded and handed in."""
    import matplotlib

    matplotlib.use("agg")
    import crmkit
    from crmkit.answers.sheet import AnswerSheet

    crmkit.set_language("both")
    summary = crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1998-07-01")
    pyramid = crmkit.pyramid(summary)
    picture = folder / "pyramid.png"
    crmkit.plots.plot_pyramid(pyramid).figure.savefig(picture)
    explorer = crmkit.explore_pyramid(summary)
    questions = [
        {
            "id": "share",
            "kind": "number",
            "unit": "share",
            "minimum": 0,
            "maximum": 1,
            "zh": "份额？",
            "en": "Share?",
        }
    ]
    answer = AnswerSheet("06_sample", questions, seed=1)
    answer("share", 0.25)
    notebook = folder / "我的 work.ipynb"
    cells = [{"cell_type": "code", "source": 'answer("share", share)', "metadata": {}, "outputs": []}]
    notebook.write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8"
    )
    receipt = answer.hand_in(notebook)
    kept = folder / "game.jsonl"
    game = crmkit.market.Game("household_hotline", seed=3, customers=200, quarters=1, path=kept)
    game.plan(game.standard, quarter=1, hypothesis="as before", target=20)
    game.do(quarter=1)
    return {
        "customers": len(summary),
        "tiers": len(pyramid.tiers),
        "picture": picture.stat().st_size > 1000,
        "marks": len(explorer.scene["marks"]),
        "handed_in": Path(receipt.file).is_file(),
        "game": len(kept.read_text("utf-8").splitlines()),
    }


def consultant(folder: Path) -> dict:
    """Check a client's file and read it as `run` does, with its parameters."""
    from coursekit.client.check import check
    from coursekit.client.run import data_source, find_notebook, parameter_values, read

    client = folder / "客户.csv"
    rows = [f"c{i % 9},2024-0{1 + i % 6}-1{i % 7},{10 + i}.50" for i in range(60)]
    client.write_text("\n".join(["customer_id,date,amount", *rows, "合计,,9"]), encoding="utf-8")
    code = check(client, out=folder / "checked", as_json=True)
    name, source = data_source(client)
    checked = read(source)
    values = parameter_values(find_notebook(), ["client=健身房"])
    return {"code": code, "name": name, "last": str(checked.last_date), "parameters": values}


def instructor() -> dict:
    """What needs a process of its own for each submission says so, and how to go on."""
    from coursekit.messages import KitError
    from coursekit.sandbox.warm import Warm

    said = {}
    import crmkit

    for lang in ("zh", "en"):
        crmkit.set_language(lang)
        try:
            Warm(tier="trust").start()
        except KitError as error:
            said[lang] = str(error)
    return said


def main(folder: str) -> None:
    load_others()
    take_away()
    imported = [
        importlib.import_module(sources.name_of(path)).__name__ for o in OURS for path in sources.files(o)
    ]
    place = Path(folder)
    told = {"imported": len(imported), "student": student(place), "consultant": consultant(place)}
    print(json.dumps(told | {"instructor": instructor()}, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1])
