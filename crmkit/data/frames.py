"""What the functions that scan transactions take: a frame of any kind, or where the Parquet files are."""

from pathlib import Path
from typing import Protocol, TypeAlias

import pandas as pd


class ArrowTable(Protocol):
    """A table that hands itself over as a stream of Arrow's: pyarrow's, polars', DuckDB's."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


Transactions: TypeAlias = pd.DataFrame | ArrowTable | str | Path
