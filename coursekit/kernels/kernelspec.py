"""The kernel python3 of an environment, private whoever starts it: papermill by hand, nbconvert, JupyterLab.

``python -m coursekit.kernels.kernelspec`` writes it over the one that ipykernel brings. The two differ in one entry:
the provisioner, which is what jupyter_client offers to those who want a say in how a kernel is started.
"""

import json
import sys
from pathlib import Path

from crmkit.core.files import put

PROVISIONER = "crmkit-private"  # as pyproject.toml enters coursekit.kernels.private.PrivateProvisioner


def private_kernel(argv: list[str]) -> dict:
    """The kernelspec of a kernel that ``argv`` starts."""
    return {
        "argv": argv,
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "metadata": {
            "debugger": True,
            "supported_encryption": ["curve"],
            "kernel_provisioner": {"provisioner_name": PROVISIONER},
        },
    }


def install(prefix: Path) -> Path:
    """Write the kernelspec into an environment; the file that it is in."""
    kernel = private_kernel(["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    path = prefix / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    put(path, (json.dumps(kernel, indent=1) + "\n").encode("utf-8"))
    return path


if __name__ == "__main__":
    install(Path(sys.prefix))
