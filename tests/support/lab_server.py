"""JupyterLab as ``crmkit open`` starts it for a user, asked over its own interface."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from urllib.request import Request, urlopen

import pytest


class Lab:
    """`crmkit open` as a user starts it, with a home of its own in which another course left things."""

    def __init__(self, folder: Path, home: Path, *options: str):
        kernel = home / ".local" / "share" / "jupyter" / "kernels" / "python3"
        kernel.mkdir(parents=True, exist_ok=True)
        (kernel / "kernel.json").write_text(
            json.dumps(
                {
                    "argv": ["/nowhere/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                    "display_name": "another course",
                    "language": "python",
                }
            ),
            encoding="utf-8",
        )
        env = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
        env |= {"HOME": str(home), "LANG": "C.UTF-8"}
        self.environment = env
        self.process = subprocess.Popen(
            [sys.executable, "-m", "coursekit.cli", "open", str(folder), "--no-browser", *options],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        timer = threading.Timer(600, self.process.kill)  # of one that never says where it is
        timer.start()
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if found := re.search(r"(http://127\.0\.0\.1:\d+)(/lab\S*)\?token=(\w+)", line):
                self.base, self.page, self.token = found.groups()
                timer.cancel()
                return
        pytest.fail(self.said)

    def ask(self, path: str, method: str = "GET", body: dict | None = None):
        request = Request(
            self.base + path,
            json.dumps(body).encode() if body else None,
            {"Authorization": f"token {self.token}"},
            method=method,
        )
        with urlopen(request, timeout=600) as answer:
            text = answer.read().decode()
        return json.loads(text) if text[:1] in "{[" and text else text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=600)  # it ends its kernels first
