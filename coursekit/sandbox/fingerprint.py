"""Which code is this? Asked on both sides of a container's wall, so this file stands alone."""

import hashlib
from pathlib import Path

# what a result depends on: programs, and the texts and tables that they read
SOURCES = (".py", ".sql", ".toml", ".json", ".csv", ".parquet")
DATASETS = "_datasets"  # a wheel carries the data in the package, a checkout and the image beside it: asked for by themselves


def fingerprint(*packages: Path) -> str:
    """A hash of the sources of one or more folders. Line ends are as git left them and are not counted."""
    found = hashlib.sha256()
    for package in packages:
        sources = {}
        for path in package.rglob("*"):
            name = path.relative_to(package).as_posix()
            if path.suffix in SOURCES and path.is_file() and not name.startswith(f"{DATASETS}/"):
                sources[name] = path
        for name, path in sorted(sources.items()):
            found.update(name.encode() + b"\0")
            found.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return found.hexdigest()
