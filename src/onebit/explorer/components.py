"""Connected components of many small bitmaps at once.

A component is found by its runs: maximal rows of ink. Two runs of neighbouring rows touch where the columns of one,
widened by one to both sides, meet those of the other (8-connection). Runs that touch get one label: in every round each
root takes the smallest label that it touches, then all labels are followed to their roots, until nothing changes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Components(NamedTuple):
    """The components of some bitmaps.

    Attributes:
        image: ``(k,)``: which bitmap each component is of, ascending.
        size: ``(k,)``: its pixels.
    """

    image: NDArray[np.int64]
    size: NDArray[np.int64]


def ink_components(pixels: NDArray[np.bool_]) -> Components:
    """The 8-connected components of ink.

    Args:
        pixels: ``(n, height, width)`` bool, true where there is ink.
    """
    n, height, width = pixels.shape
    # One blank column after each row and one blank row after each bitmap: no run touches one of another bitmap.
    framed = np.zeros((n, height + 1, width + 1), np.bool_)
    framed[:, :height, :width] = pixels
    edges = np.flatnonzero(np.diff(framed.reshape(-1), prepend=False))
    first, last = edges[::2], edges[1::2]  # of each run in the flat array: its first pixel, and the blank after it
    label = _joined(len(first), *_touching(first, last, width + 1))
    size = np.bincount(label, weights=last - first, minlength=len(first)).astype(np.int64)
    roots = np.flatnonzero(label == np.arange(len(first)))
    return Components(first[roots] // ((height + 1) * (width + 1)), size[roots])


def _touching(first: NDArray[Any], last: NDArray[Any], row: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of runs that touch: numbers of a run and of one in the row below."""
    begin = np.searchsorted(last, first + row, side="left")
    end = np.searchsorted(first, last + row, side="right")
    counts = np.maximum(end - begin, 0)
    upper = np.repeat(np.arange(len(first)), counts)
    within = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, np.repeat(begin, counts) + within


def _joined(count: int, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """The smallest number of each one's component, for `count` runs of which ``a[i]`` and ``b[i]`` touch."""
    label = np.arange(count)
    while True:
        low, high = np.minimum(label[a], label[b]), np.maximum(label[a], label[b])
        apart = low != high
        if not apart.any():
            return label
        a, b = a[apart], b[apart]
        np.minimum.at(label, high[apart], low[apart])
        while True:
            further = label[label]
            if np.array_equal(further, label):
                break
            label = further
