"""Images that are there more than once, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.auditing.splits import Rows


class Group(NamedTuple):
    """Rows that hold one and the same image.

    Attributes:
        rows: ``(split, row in it)`` of each, in the order of the data set.
    """

    rows: tuple[tuple[str, int], ...]

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that it is in, each once."""
        return tuple(dict.fromkeys(split for split, _ in self.rows))


def groups(packed: NDArray[np.uint8], splits: Sequence[Rows]) -> list[Group]:
    """Every group of equal images, in the order of their first rows.

    Args:
        packed: ``(n, row_bytes)`` uint8 of all splits, one after the other.
        splits: which rows are whose.
    """
    whole = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").reshape(-1)
    # A sort of the bytes puts equal images beside one another, and keeps their order.
    order = np.argsort(whole, kind="stable")
    same = np.flatnonzero(whole[order][1:] == whole[order][:-1])
    found: list[list[int]] = []
    last = -2
    for place in same.tolist():
        if place == last + 1:
            found[-1].append(int(order[place + 1]))
        else:
            found.append([int(order[place]), int(order[place + 1])])
        last = place
    return [Group(tuple(_named(row, splits) for row in rows)) for rows in sorted(sorted(each) for each in found)]


def _named(row: int, splits: Sequence[Rows]) -> tuple[str, int]:
    split = next(each for each in splits if each.start <= row < each.stop)
    return split.name, row - split.start
