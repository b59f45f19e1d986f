"""Handing in: the saved notebook and a receipt of what was recorded, in one file."""

import hashlib
import io
import json
import os
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crmkit.core.errors import CrmkitError
from crmkit.core.files import put
from crmkit.core.messages import MESSAGES

from .shown import Shown, preview
from .statement import statement_in

LARGEST = (
    20 * 1024 * 1024
)  # bytes of a notebook that is graded; more than an exercise with its pictures holds


def find_notebook(seed: int) -> Path:
    """The file of the notebook that runs now: as Jupyter or VS Code says, else the one here that holds ``seed``."""
    from IPython import get_ipython

    shell = get_ipython()
    said = os.environ.get("JPY_SESSION_NAME") or (shell.user_ns.get("__vsc_ipynb_file__") if shell else None)
    if said and Path(said).is_file():
        return Path(said)
    mark = re.compile(rf"\bseed = {seed}\b")
    found = [
        p for p in sorted(Path.cwd().glob("*.ipynb")) if mark.search(p.read_text("utf-8", errors="replace"))
    ]
    if len(found) != 1:
        raise CrmkitError("hand_in_which", value=len(found), folder=str(Path.cwd()))
    return found[0]


def unsaved(cells: list[str], executed: list[str]) -> bool:
    """Whether the last code that ran and records an answer is not in the saved file."""
    saved = {cell.strip() for cell in cells}
    answers = [code.strip() for code in executed if re.search(r"^answer\(", code, re.MULTILINE)]
    return any(code not in saved for code in answers[-1:])


@dataclass(frozen=True, repr=False)
class Receipt(Shown):
    """What was handed in: the file, when, what was recorded, and the notebook's hash."""

    file: Path
    when: str
    sha256: str
    recorded: int
    questions: int
    answers: dict
    contracts: dict

    def _pair(self):
        head = MESSAGES.pair(
            "hand_in_receipt",
            file=self.file.name,
            when=self.when[:19].replace("T", " "),
            hash=self.sha256[:12],
            recorded=self.recorded,
            questions=self.questions,
        )
        lines = []
        if not self.recorded:
            lines.append(MESSAGES.pair("hand_in_no_answers"))
        for name, entry in self.answers.items():
            kept = (
                preview(self.contracts[name], entry["value"])
                if entry["value"] is not None
                else MESSAGES.pair("answer_none")
            )
            lines.append((f"{name}: {kept[0]}", f"{name}: {kept[1]}"))
        return tuple("\n".join([head[i], *(line[i] for line in lines)]) for i in (0, 1))

    def _html(self, index):
        from html import escape

        head, *lines = self._pair()[index].splitlines()
        rows = "".join(f"<li>{escape(line)}</li>" for line in lines)
        return f"<p><b>{escape(head)}</b></p><ul>{rows}</ul>"


def hand_in(sheet: dict, contracts: dict, notebook: str | Path | None = None) -> Receipt:
    """Write the file to hand in beside the notebook: the notebook as saved, and receipt.json.

    ``sheet`` is what ``AnswerSheet.to_json`` gives. Refuses a notebook that was not saved since the last answer.
    """
    from IPython import get_ipython

    path = Path(notebook) if notebook else find_notebook(sheet["seed"])
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise CrmkitError("hand_in_file", value=str(path), megabytes=LARGEST // 2**20)
    raw = path.read_bytes()
    try:
        stored = json.loads(raw)
        cells = ["".join(cell["source"]) for cell in stored["cells"]]
        about = dict(stored["metadata"].get("crmkit", {}))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CrmkitError("hand_in_file", value=str(path), megabytes=LARGEST // 2**20) from None
    shell = get_ipython()
    if shell and unsaved(cells, [code for code in shell.user_ns.get("In", []) if code]):
        raise CrmkitError("hand_in_unsaved", value=path.name)
    when = datetime.now().astimezone()
    receipt = {
        "format": "crmkit-receipt/1",
        "exercise": sheet["exercise"],
        "seed": sheet["seed"],
        **{key: about.get(key) for key in ("assignment", "student", "copy")},
        "when": when.isoformat(),
        "notebook": path.name,
        "sha256": hashlib.sha256(raw).hexdigest(),
        "answers": sheet["answers"],
        "statement": statement_in(cells),
    }
    out = path.with_name(f"{path.stem}_{when:%Y%m%d-%H%M%S}.zip")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path.name, raw)
        archive.writestr("receipt.json", json.dumps(receipt, ensure_ascii=False, indent=1))
    put(out, packed.getvalue())
    recorded = sum(entry["value"] is not None for entry in sheet["answers"].values())
    return Receipt(
        out, receipt["when"], receipt["sha256"], recorded, len(contracts), sheet["answers"], contracts
    )
