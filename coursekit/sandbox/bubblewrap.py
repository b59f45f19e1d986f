"""The command line of bubblewrap: a read-only system with crmkit and without coursekit, no network,
no other processes.
"""

import os
import sys
from pathlib import Path

import crmkit

INSIDE_AT = "/kit/grader"  # the package that runs inside; without the wall it is coursekit.sandbox
INSIDE = ("in_sandbox.py", "memory_used.py", "calls.py", "calls.json")
PACK_FILES = "/kit/files"
SCRATCH = "/scratch"  # the one place where a submission may write; its own, and gone with it
SYSTEM = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/alternatives",
    "/usr/share/zoneinfo",
]
ENVIRONMENT = {  # of a submission behind any wall
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": f"{SCRATCH}/mpl",
    "IPYTHONDIR": f"{SCRATCH}/ipython",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/kit",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def readable_paths() -> dict[str, str]:
    """What a submission may read, path inside → path here: the system, this Python with its packages, crmkit,
    its data.
    """
    paths = {path: path for path in [*SYSTEM, sys.prefix, sys.base_prefix] if os.path.exists(path)}
    from crmkit.data.datasets import datasets_folder  # loads pandas, which an import of this module need not

    package = Path(crmkit.__file__).resolve().parent
    paths["/kit/crmkit"] = str(package)
    data = datasets_folder()
    if data.is_dir() and package not in data.parents:  # in a checkout; a wheel has them inside the package
        paths["/kit/datasets"] = str(data)
    return paths


def bubblewrap(command: list[str], files: Path | None = None) -> list[str]:
    """The command inside bubblewrap; ``files``: the pack's own data, to be read at ``PACK_FILES``."""
    paths = readable_paths()
    if files:
        paths[PACK_FILES] = str(files)
    return [
        *["bwrap", *_apart()],
        *["--tmpfs", "/", "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", SCRATCH],
        *[
            "--dev-bind",
            "/dev/null",
            "/dev/zero",
        ],  # of which pages could be shared that no process is counted for
        *_folders_above(paths),
        *_bound(paths),
        *_hidden(),
        *_program(),
        *["--chdir", SCRATCH],
        # nothing may stay behind that the next submission could find
        *["--remount-ro", "/", "--remount-ro", "/dev"],
        *_environment(),
        *["--", *command],
    ]


def _apart() -> list[str]:
    """Namespaces of its own, and no more rights than it takes to give the rest up."""
    arguments = [
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--hostname",
        "sandbox",
    ]
    if os.getuid() == 0:  # a real drop to nobody follows inside, for which these two are needed
        return [*arguments, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [*arguments, "--unshare-user"]


def _folders_above(paths: dict[str, str]) -> list[str]:
    """The folders that lead to what is bound; bubblewrap would make them for root alone."""
    above = {str(parent) for path in paths for parent in Path(path).parents} - {"/", *SYSTEM}
    arguments = []
    for parent in sorted(above):
        arguments += ["--perms", "0755", "--dir", parent]
    if "/tmp" not in above:  # nothing that is needed lies below it
        arguments += ["--symlink", SCRATCH.lstrip("/"), "/tmp"]
    return arguments


def _bound(paths: dict[str, str]) -> list[str]:
    arguments = []
    for path, source in paths.items():
        if os.path.islink(source) and not os.path.isabs(os.readlink(source)):
            arguments += ["--symlink", os.readlink(source), path]
        else:
            arguments += ["--ro-bind", os.path.realpath(source), path]
    return arguments


def _program() -> list[str]:
    """What runs in there, file by file: coursekit stays outside."""
    arguments = ["--perms", "0755", "--dir", INSIDE_AT]
    for name in INSIDE:
        arguments += ["--ro-bind", str(Path(__file__).with_name(name)), f"{INSIDE_AT}/{name}"]
    return arguments


def _hidden() -> list[str]:
    """Both packages of an installed wheel: its course holds the solutions."""
    arguments = []
    for packages in sorted({path for path in sys.path if path.startswith(sys.prefix)}):
        for name in ("coursekit", "crmkit"):
            if os.path.isdir(os.path.join(packages, name)):
                arguments += ["--tmpfs", os.path.join(packages, name)]
    return arguments


def _environment() -> list[str]:
    arguments = []
    for name, value in {"PATH": "/usr/bin:/bin", **ENVIRONMENT}.items():
        arguments += ["--setenv", name, value]
    return arguments
