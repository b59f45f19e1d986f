"""The folder of a run: what earlier runs wrote into it is theirs to replace, whatever else lies there is left alone.

``.crmkit-run.json`` lists, for each part of a run (a language, say), the files that it wrote with a hash of each.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from coursekit.messages import KitError

MANIFEST = ".crmkit-run.json"


def safe_name(name: str) -> str:
    """``name`` without what file systems refuse; Chinese stays."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", name).strip(" ._") or "data"


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_manifest(folder: Path) -> dict[str, dict[str, str]]:
    """Part → {file: hash} of what earlier runs wrote into ``folder``."""
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def untouched_files(folder: Path) -> set[Path]:
    """The files of ``folder`` that earlier runs wrote and nobody changed since."""
    found = set()
    for files in read_manifest(folder).values():
        for name, sha in files.items():
            path = folder / name
            if path.is_file() and file_hash(path) == sha:
                found.add(path)
    return found


def claim(folder: Path, patterns: Iterable[str]) -> None:
    """Refuse, before any work, a folder where a run that writes to ``patterns`` would replace somebody's file."""
    if folder.exists() and not folder.is_dir():
        raise KitError("run_out_is_file", folder=folder)
    untouched = untouched_files(folder)
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            if path.is_file() and path not in untouched:
                raise KitError("run_not_ours", path=path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise KitError("run_cannot_write", folder=folder, why=error.strerror or error) from None


def publish(staging: Path, folder: Path, part: str) -> None:
    """Move what a run made in ``staging`` into ``folder``,
    and take away what its last run made and this one did not.
    """
    listed = read_manifest(folder)
    untouched = untouched_files(folder)
    made = {}
    for path in sorted(staging.rglob("*")):
        if path.is_file():
            made[path.relative_to(staging).as_posix()] = path
    for name in made:
        if (folder / name).exists() and folder / name not in untouched:
            raise KitError("run_not_ours", path=folder / name)
    for name in listed.get(part, {}):
        if name not in made and folder / name in untouched:
            (folder / name).unlink()
    for name, path in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, folder / name)
    listed[part] = {name: file_hash(folder / name) for name in made}
    (folder / MANIFEST).write_text(json.dumps(listed, indent=1, ensure_ascii=False), encoding="utf-8")
