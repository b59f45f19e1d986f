"""``crmkit open``: JupyterLab on the working copy, with the kit's settings in the copy and not in the user's home.

Defaults of the kit (no news pop-up, menus in Chinese) are *overrides* in the copy's .kit folder, written anew each
time; what a user then changes in JupyterLab's own dialogs goes to .kit/lab/user-settings and wins over them.
"""

import json
import os
import secrets
import socket
import sys
import webbrowser
from pathlib import Path
from typing import NoReturn

from coursekit.messages import MESSAGES, KitError, command
from crmkit.core.files import put
from crmkit.core.language import system_language

from . import workspace

START = "notebooks/00_start_here.ipynb"
EXTENSIONS = Path(__file__).parent / "labextension"
EXPORT = Path(__file__).parent / "export"  # the page that JupyterLab saves of a notebook
FIRST_PORT, PORTS = 8888, 100


def open_lab(
    folder: Path | None = None, *, lang: str | None = None, browser: bool = True, port: int | None = None
) -> int:
    """Lay the course into ``folder`` and serve it on this machine only, until Ctrl+C.

    Where a JupyterLab already serves this folder, its address is shown instead of a second one being started.
    """
    folder = workspace.working_folder(folder, workspace.course_root())
    address = already_open(folder)
    number = None if address else claim_port(port)  # nothing is laid where it cannot be opened
    before = workspace.language_of(folder)
    laid = workspace.lay(folder, lang=lang)
    for line in news_of(laid):
        print(line)
    if address:
        print(MESSAGES.say("open_already", url=address))
        if lang not in (None, before):  # the page that is served has been told already which it begins with
            print(MESSAGES.say("open_already_lang"))
        if browser:
            webbrowser.open(address)
        return 0
    # another program may take the port meanwhile: one that nobody asked for may be another one then
    retries = 0 if port else PORTS
    serve(laid, browser=browser, port=number, retries=retries)


def already_open(folder: Path) -> str | None:
    """The address of the JupyterLab of this account that serves ``folder``; None where none does."""
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        root = server.get("root_dir")
        if root and os.path.realpath(root) == os.path.realpath(folder) and answers(server["port"]):
            return f"{server['url']}lab{page_of(folder)}?token={server['token']}"
    return None


def answers(port: int) -> bool:
    """Whether somebody listens at this port of this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


def page_of(folder: Path) -> str:
    """What JupyterLab shows first: the start of the course, if it is still there."""
    return f"/tree/{START}" if (folder / START).is_file() else ""


def news_of(laid: workspace.Laid) -> list[str]:
    """What the user should know about the working copy."""
    lines = [MESSAGES.say("open_laid", folder=laid.folder, count=len(laid.new))]
    if laid.upgraded:
        key = "open_upgraded" if laid.archive else "open_upgraded_untouched"
        lines.append(MESSAGES.say(key, count=len(laid.upgraded), kept=laid.archive))
    if laid.kept:
        example = f"{command()} reset {laid.kept[0].removesuffix('.ipynb')}"
        lines.append(MESSAGES.say("open_kept", names=", ".join(laid.kept), example=example))
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


def settings(lang: str | None) -> dict:
    """JupyterLab's settings as this course starts with them; its menus have one language: with both, the system's."""
    chinese = lang == "zh" or (lang != "en" and system_language() == "zh")
    return {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/translation-extension:plugin": {"locale": "zh_CN" if chinese else "default"},
    }


def prepare(laid: workspace.Laid, environ: dict) -> dict[str, str]:
    """Write the kit's Jupyter settings into the copy's .kit; the variables that make Jupyter read them."""
    kit = laid.folder / workspace.KIT
    switch = {"crmkitLang": laid.lang or "", "crmkitAsked": laid.asked}  # read by the extension crmkit-lang
    kernel = {  # found before any other kernel called python3, e.g. one that another course left in the user's home
        "argv": [sys.executable, "-m", "ipykernel_launcher", "--log-level=ERROR", "-f", "{connection_file}"],
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "metadata": {"debugger": True, "supported_encryption": ["curve"]},
    }
    for path, value in (
        (kit / "config" / "labconfig" / "default_setting_overrides.json", settings(laid.lang)),
        (kit / "config" / "labconfig" / "page_config.json", switch),
        (kit / "data" / "kernels" / "python3" / "kernel.json", kernel),
    ):
        put(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    for file in EXPORT.iterdir():
        page = file.read_text(encoding="utf-8").replace("CRMKIT_ASKED", laid.lang or "")
        put(kit / "data" / "nbconvert" / "templates" / "crmkit" / file.name, page.encode("utf-8"))

    def first(name: str, path: Path) -> str:
        return os.pathsep.join(filter(None, [str(path), environ.get(name, "")]))

    return {
        "JUPYTER_CONFIG_PATH": first("JUPYTER_CONFIG_PATH", kit / "config"),
        "JUPYTER_PATH": first("JUPYTER_PATH", kit / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(kit / "lab" / "user-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(kit / "lab" / "workspaces"),
        "PYTHONUTF8": "1",  # for the kernels
    }


def serve(laid: workspace.Laid, *, browser: bool, port: int, retries: int) -> NoReturn:
    """Run JupyterLab in this process, which ends with it; its address is printed once it listens."""
    os.environ.update(prepare(laid, os.environ))
    import zmq
    from jupyterlab.labapp import LabApp  # reads the environment while it is imported

    token = secrets.token_hex(24)
    options = {
        "ServerApp.root_dir": str(laid.folder),
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": retries,
        "ServerApp.open_browser": browser,
        "ServerApp.answer_yes": True,  # one Ctrl+C is enough; notebooks save themselves
        "ServerApp.log_level": "ERROR",  # its warnings are for who runs servers, and hide the address from a student
        "LabApp.log_level": "ERROR",
        "IdentityProvider.token": token,  # never in the environment: kernels and terminals would inherit it
        "LabApp.default_url": f"/lab{page_of(laid.folder)}",
        "LabApp.extra_labextensions_path": str(EXTENSIONS),
        "HTMLExporter.template_name": "crmkit",  # of the copy's .kit, which prepare() has put on Jupyter's path
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
    # Files are read by threads of anyio that wait for good where tornado has started the loop: leaving in the ordinary
    # way would wait for them, and Ctrl+C would seem not to work. What the server does at exit is done here.
    server.remove_server_info_file()
    server.remove_browser_open_files()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
