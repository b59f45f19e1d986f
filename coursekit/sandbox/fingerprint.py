"""Which crmkit is this? Asked on both sides of a container's wall, so this file stands alone."""

import hashlib
from pathlib import Path


def fingerprint(package: Path) -> str:
    """A hash of the package's Python sources. Line ends are as git left them and are not counted."""
    found = hashlib.sha256()
    for path in sorted(package.rglob("*.py"), key=lambda p: p.relative_to(package).as_posix()):
        found.update(
            path.relative_to(package).as_posix().encode()
            + b"\0"
            + path.read_bytes().replace(b"\r\n", b"\n")
            + b"\0"
        )
    return found.hexdigest()
