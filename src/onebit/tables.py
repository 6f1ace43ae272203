"""The opened splits of a prepared data set as one run of rows."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.errors import DamagedStoreError
from onebit.features import FeaturesDict
from onebit.formats.numpy_files import write_npy
from onebit.store import NO_DIGEST, Store, column_file

Array = NDArray[Any]

LINE = "line"  # the stored column with the upstream line of each row; not a feature


class Table(NamedTuple):
    """Splits of one data set in the order of its record; row numbers run through them without a gap.

    A table is a small description: columns are read from the store when rows are asked for, and the store keeps what
    it has read. So a table pickles by reference.
    """

    name: str
    version: str
    store: Store
    features: FeaturesDict
    splits: tuple[tuple[str, int], ...]  # (name, number of rows)

    @property
    def offsets(self) -> dict[str, int]:
        """The first row of each split."""
        return {split: first for split, first, _ in _extents(self.splits)}

    def open(self, splits: Sequence[str], also: Sequence[str] = ()) -> None:
        """Reads and checks all columns of some splits now, so that damage shows before the first row is used.

        Args:
            splits: names of splits.
            also: columns that are no features and will be used.

        Raises:
            DamagedStoreError: a file is missing, was changed, or has the wrong number of rows.
        """
        for split, rows in self.splits:
            if split in splits:
                for name in (*self.features, *also):
                    column = self.store.column(split, name)
                    if len(column) != rows:  # cannot happen while the SHA-256 is pinned
                        raise DamagedStoreError(
                            f"{self.store.folder / column_file(split, name)} is damaged: it has {len(column)} rows, "
                            f"not {rows}. {self.store.rebuild}"
                        )

    def stored(self, name: str, rows: Array | slice) -> Array:
        """Stored rows (packed bits stay packed) of one column; a read-only view for a slice within one split.

        Args:
            name: a feature, or ``"line"``.
            rows: row numbers of the table: an integer array of shape ``(k,)``, or a slice without a step.
        """
        return self._read(name, rows, lambda stored: stored)

    def _read(self, name: str, rows: Array | slice, convert: Callable[[Array], Array]) -> Array:
        """Rows of one column; those of each split are converted on their own, as one may be packed and another not."""
        if isinstance(rows, slice):
            for split, first, stop in _extents(self.splits):
                if first <= rows.start < stop and rows.stop <= stop:
                    return convert(self.store.column(split, name)[rows.start - first : rows.stop - first])
            rows = np.arange(rows.start, rows.stop)
        least, most = (rows.min(), rows.max()) if rows.size else (0, 0)
        for split, first, stop in _extents(self.splits):
            if first <= least and most < stop:
                return convert(self.store.column(split, name).take(rows - first if first else rows, axis=0))
        return self._gather(name, rows, convert)

    def _gather(self, name: str, rows: Array, convert: Callable[[Array], Array]) -> Array:
        gathered: Array | None = None
        missing = len(rows)
        for split, first, stop in _extents(self.splits):
            here = np.flatnonzero((rows >= first) & (rows < stop))
            if here.size:
                part = convert(self.store.column(split, name).take(rows[here] - first, axis=0))
                if gathered is None:
                    gathered = np.empty((len(rows), *part.shape[1:]), part.dtype)
                if part.shape[1:] != gathered.shape[1:]:
                    raise ValueError(f"{name!r} is stored as bits in some of these splits only: use arrays().")
                gathered[here] = part
                missing -= here.size
        if gathered is None or missing:
            raise IndexError(f"rows {rows} are outside of the table")
        return gathered

    def packed_features(self, split: str) -> list[str]:
        """The features that a split stores as bits."""
        return [name for name in self.features if self.features[name].is_packed(self.store.column(split, name))]

    def values(self, rows: Array | slice, names: Sequence[str]) -> dict[str, Array]:
        """Rows of some features as fresh arrays of shape ``(k, *feature.shape)``."""
        if not isinstance(rows, slice) and len(rows) == 1:  # a look-up: a slice needs no search for the least and most
            rows = slice(int(rows[0]), int(rows[0]) + 1)
        return {name: self._read(name, rows, self.features[name].unpack) for name in names}

    def digest(self, split: str, name: str) -> str:
        """The SHA-256 of a stored column as a ``.npy`` file: the same for the same values, whoever prepared them."""
        recorded = self.store.digests.get(column_file(split, name))
        if recorded is not None and recorded != NO_DIGEST:
            return recorded
        return hashlib.sha256(write_npy(self.store.column(split, name))).hexdigest()

    def identity(self) -> Mapping[str, Any]:
        """What makes this table's content what it is, for fingerprints."""
        files, features = dict(self.store.digests), self.features.to_json()  # features: a decoder may be one's own
        return {"name": self.name, "version": self.version, "files": files, "features": features}


@functools.lru_cache(maxsize=64)  # every fetch asks
def _extents(splits: tuple[tuple[str, int], ...]) -> list[tuple[str, int, int]]:
    """Name, first row and the row after the last of each split."""
    stops = itertools.accumulate(rows for _, rows in splits)
    return [(split, stop - rows, stop) for (split, rows), stop in zip(splits, stops, strict=True)]
