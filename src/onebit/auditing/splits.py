"""`Rows`: which rows of all images are those of a split."""

from __future__ import annotations

from typing import NamedTuple


class Rows(NamedTuple):
    """A split as rows of all images, which lie split after split.

    Attributes:
        name: the split.
        start: its first row.
        stop: one past its last.
        sha256: of the stored images.
    """

    name: str
    start: int
    stop: int
    sha256: str

    def __len__(self) -> int:
        return self.stop - self.start
