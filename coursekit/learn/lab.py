"""``crmkit open``: JupyterLab on the working copy, with the kit's settings in the copy and not in the user's home.

Defaults of the kit (no news pop-up, menus in Chinese) are *overrides* in the copy's .kit folder, written anew each
time; what a user then changes in JupyterLab's own dialogs goes to .kit/lab/user-settings and wins over them.
"""

import json
import os
import secrets
import socket
import sys
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from crmkit.core.files import put
from crmkit.core.language import system_language

from . import workspace

START = "notebooks/00_start_here.ipynb"
EXTENSIONS = Path(__file__).parent / "labextension"
FIRST_PORT, PORTS = 8888, 100


def open_lab(
    folder: Path | None = None, *, lang: str | None = None, browser: bool = True, port: int | None = None
) -> int:
    """Lay the course into ``folder`` and serve it on this machine only, until Ctrl+C."""
    number = claim_port(port)
    laid = workspace.lay(folder, lang=lang)
    for line in news_of(laid):
        print(line)
    # another program may take the port meanwhile: one that nobody asked for may be another one then
    retries = 0 if port else PORTS
    return serve(laid.folder, laid.lang, browser=browser, port=number, retries=retries)


def news_of(laid: workspace.Laid) -> list[str]:
    """What the user should know about the working copy."""
    lines = [MESSAGES.say("open_laid", folder=laid.folder, count=len(laid.new))]
    if laid.upgraded:
        key = "open_upgraded" if laid.archive else "open_upgraded_untouched"
        lines.append(MESSAGES.say(key, count=len(laid.upgraded), kept=laid.archive))
    if laid.kept:
        lines.append(
            MESSAGES.say("open_kept", names=", ".join(laid.kept), example=laid.kept[0].removesuffix(".ipynb"))
        )
    return lines


def claim_port(port: int | None) -> int:
    """``port`` if this machine can listen on it, or the first free one from 8888 on."""
    for number in [port] if port else range(FIRST_PORT, FIRST_PORT + PORTS):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                if os.name != "nt":  # on Windows this option would let two programs share a port
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", number))
                probe.listen()
            return number
        except PermissionError as error:
            if port:
                raise KitError("port_refused", value=port, detail=error.strerror) from error
        except OSError as error:
            if port:
                raise KitError("port_in_use", value=port) from error
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings(lang: str) -> dict:
    """JupyterLab's settings as this course starts with them."""
    chinese = lang == "zh" or (lang == "both" and system_language() == "zh")
    return {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/translation-extension:plugin": {"locale": "zh_CN" if chinese else "default"},
    }


def prepare(folder: Path, lang: str, environ: dict) -> dict[str, str]:
    """Write the kit's Jupyter settings into ``folder``/.kit; the variables that make Jupyter read them."""
    kit = folder / workspace.KIT
    kernel = {  # found before any other kernel called python3, e.g. one that another course left in the user's home
        "argv": [sys.executable, "-m", "ipykernel_launcher", "--log-level=ERROR", "-f", "{connection_file}"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "metadata": {"debugger": True, "supported_encryption": ["curve"]},
    }
    for path, value in (
        (kit / "config" / "labconfig" / "default_setting_overrides.json", settings(lang)),
        (kit / "data" / "kernels" / "python3" / "kernel.json", kernel),
    ):
        put(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))

    def first(name: str, path: Path) -> str:
        return os.pathsep.join(filter(None, [str(path), environ.get(name, "")]))

    return {
        "JUPYTER_CONFIG_PATH": first("JUPYTER_CONFIG_PATH", kit / "config"),
        "JUPYTER_PATH": first("JUPYTER_PATH", kit / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(kit / "lab" / "user-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(kit / "lab" / "workspaces"),
        "PYTHONUTF8": "1",  # for the kernels
    }


def serve(folder: Path, lang: str, *, browser: bool, port: int, retries: int) -> int:
    """Run JupyterLab in this process; its address is printed once it listens."""
    os.environ.update(prepare(folder, lang, os.environ))
    import zmq
    from jupyterlab.labapp import LabApp  # reads the environment while it is imported

    token = secrets.token_hex(24)
    start = START if (folder / START).is_file() else ""
    options = {
        "ServerApp.root_dir": str(folder),
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": retries,
        "ServerApp.open_browser": browser,
        "ServerApp.answer_yes": True,  # one Ctrl+C is enough; notebooks save themselves
        "ServerApp.log_level": "ERROR",  # its warnings are for who runs servers, and hide the address from a student
        "LabApp.log_level": "ERROR",
        "IdentityProvider.token": token,  # never in the environment: kernels and terminals would inherit it
        "LabApp.default_url": f"/lab/tree/{start}" if start else "/lab",
        "LabApp.extra_labextensions_path": str(EXTENSIONS),
    }
    if zmq.has("curve"):  # what passes between page and kernel is for this account alone
        options["KernelManager.transport_encryption"] = "auto"
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # containers; we listen on this machine only
        options["ServerApp.allow_root"] = True
    server = LabApp.initialize_server(argv=[f"--{name}={value}" for name, value in options.items()])
    address = f"http://127.0.0.1:{server.port}{options['LabApp.default_url']}?token={token}"
    ready = MESSAGES.say("open_ready", url=address)
    # after the callback that opens the port, so who reads the address can use it at once
    server.io_loop.add_callback(lambda: print(ready, flush=True))
    server.start()
    return 0
