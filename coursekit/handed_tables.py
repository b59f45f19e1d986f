"""A table that somebody handed us (a roster, parameters), tried under each row that might be its header."""

from collections.abc import Iterator
from pathlib import Path

from crmkit.core.errors import CrmkitError
from crmkit.intake.reading.columns import Mapping
from crmkit.intake.reading.files import open_table
from crmkit.intake.reading.table import Table

DEEPEST_HEADER = 20  # rows searched; what stands above the header is title


def under_each_header(path: Path, sheet: str | None) -> Iterator[Table]:
    """The table with its first row as header, then its second and so on: the caller knows which columns are wanted.

    Read by the data door's readers, so that encodings, delimiters and workbooks are handled in one place.
    """
    for row in range(1, DEEPEST_HEADER + 1):
        try:
            yield open_table(path, Mapping(header_row=row, sheet=sheet))
        except CrmkitError as error:
            if error.code == "empty_file" and row > 1:  # fewer rows than this
                return
            raise
