"""A column of the source as it came, kept chunk by chunk: encoded only when somebody asks what is in it."""

from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .columns import LABEL_HINT
from .table import as_strings


class Raw:
    """One column. ``cells`` is all of it; ``values`` are its distinct cells, ``codes`` which of them each row holds."""

    def __init__(self):
        self._parts = []

    def add(self, column, kept: np.ndarray | None = None) -> None:
        """The next chunk's cells, of the rows that are ``kept``."""
        if isinstance(column, pd.Series):
            self._parts.append(column if kept is None else column[kept])
            return
        if isinstance(column, pa.DictionaryArray):
            column = column.dictionary_decode()
        texts = column if isinstance(column, pa.Array) else as_strings(column)
        if texts is not None:
            self._parts.append(texts if kept is None else texts.filter(pa.array(kept)))
            return
        cells = np.empty(len(column), dtype=object)
        cells[:] = column
        self._parts.append(cells if kept is None else cells[kept])

    @cached_property
    def cells(self) -> pa.Array | pd.Series:
        """All the cells, as Arrow text or as a Series."""
        if all(isinstance(part, pa.Array) for part in self._parts):
            return pa.concat_arrays([part.cast(pa.large_string()) for part in self._parts])
        if all(isinstance(part, pd.Series) for part in self._parts):
            return pd.concat(self._parts, ignore_index=True)
        loose = [part.to_pylist() if isinstance(part, pa.Array) else list(part) for part in self._parts]
        return pd.Series([cell for part in loose for cell in part], dtype=object)

    @cached_property
    def _coded(self) -> tuple[pa.Array | list, np.ndarray]:
        if isinstance(self.cells, pa.Array):
            coded = self.cells.dictionary_encode()
            lacking = len(coded.dictionary)
            return coded.dictionary, coded.indices.fill_null(lacking).to_numpy(zero_copy_only=False).astype(
                np.int64
            )
        codes, distinct = pd.factorize(self.cells)
        return distinct.tolist(), np.where(codes < 0, len(distinct), codes)

    @cached_property
    def values(self) -> list:
        """The distinct cells in the order in which they come, then None for what is lacking."""
        distinct = self._coded[0]
        return [*(distinct.to_pylist() if isinstance(distinct, pa.Array) else distinct), None]

    @property
    def size(self) -> int:
        """How many ``values`` there are."""
        return len(self._coded[0]) + 1

    @property
    def codes(self) -> np.ndarray:
        """Row by row the place of its cell among ``values``."""
        return self._coded[1]

    @cached_property
    def filled(self) -> np.ndarray:
        """Which rows hold something."""
        if isinstance(self.cells, pa.Array):
            texts = pc.utf8_trim_whitespace(self.cells)
            return pc.fill_null(pc.not_equal(texts, ""), False).to_numpy(zero_copy_only=False)
        present = [value is not None and value == value and str(value).strip() != "" for value in self.values]
        return np.array(present)[self.codes]

    @cached_property
    def labels(self) -> list[str]:
        """The distinct cells that hold a piece of a word such as 合计 or Total."""
        distinct = as_strings(self._coded[0])
        if distinct is None:
            return [value for value in self.values if isinstance(value, str) and LABEL_HINT.search(value)]
        hinted = pc.match_substring_regex(distinct, LABEL_HINT.pattern, ignore_case=True)
        return distinct.filter(pc.fill_null(hinted, False)).to_pylist()

    @cached_property
    def beginnings(self) -> tuple[list, np.ndarray]:
        """What stands before the first digit of the distinct cells, each once, and row by row its place."""
        distinct = self._coded[0]
        if not isinstance(distinct, pa.Array):
            return self.values, self.codes
        coded = pc.replace_substring_regex(distinct, "(?s)[0-9].*", "0").dictionary_encode()
        places = coded.indices.fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False)
        lacking = len(coded.dictionary)
        return [*coded.dictionary.to_pylist(), None], np.append(places, lacking)[self.codes]

    def where(self, wanted) -> np.ndarray:
        """Which rows hold a cell of which ``wanted`` says yes."""
        chosen = np.array([bool(wanted(value)) for value in self.values])
        return chosen[self.codes]

    def counts(self, rows: np.ndarray) -> np.ndarray:
        """How often each of ``values`` stands in these rows."""
        return np.bincount(self.codes[rows], minlength=self.size)


class Coded(Raw):
    """A column whose distinct cells are known already."""

    def __init__(self, values: list, codes: np.ndarray):
        super().__init__()
        self._held = values, np.where(codes < 0, len(values), codes)

    @cached_property
    def cells(self) -> pd.Series:
        values, codes = self._held
        return pd.Series([*values, None], dtype=object).take(codes).reset_index(drop=True)

    @cached_property
    def _coded(self) -> tuple[list, np.ndarray]:
        return self._held
