"""How learning platforms name a student's files in an archive, and the archives that they take."""

import io
import zipfile
from collections.abc import Mapping

from coursekit.sandbox.cleaning import clean_text

from .assignment import Variant

PLATFORMS = ("moodle", "canvas")

PARTICIPANT = ("Participant", "参与者")  # stands before the number in Moodle's lists


def platform_name(variant: Variant, platform: str, name: str) -> str:
    """A student's file as the platform names it in an archive of everybody's.

    Moodle takes it under “upload multiple feedback files in a zip”: a folder ``Name_number_assignsubmission_file_`` a
    student. Canvas names a file ``name_number_file``. The number is the platform's where the roster held it.
    """
    number = variant.platform.get(f"{platform}_id", variant.student_id)
    number = "".join(c for c in number if c.isalnum() or c in "-_") or variant.folder
    for word in PARTICIPANT:
        number = number.removeprefix(word)
    if platform == "moodle":
        label = (variant.name or variant.student_id).replace("/", "_").replace("\\", "_")
        return f"{label}_{number}_assignsubmission_file_/{name}"
    label = "".join(c for c in variant.name.casefold() if c.isalnum()) or variant.folder
    return f"{label}_{number}_{name}"


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A ZIP that is the same bytes every time: no dates of today; names in UTF-8, and said to be."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, raw in members.items():
            entry = zipfile.ZipInfo(clean_text(name), (2000, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, raw)
    return held.getvalue()
