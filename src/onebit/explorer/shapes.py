"""Numbers that say what a bitmap looks like, for many bitmaps at once. Everything is exact; the frame is blank.

What each number means is written in `DEFINITIONS`, in one line, as the explorer shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.explorer.components import ink_components

Array = NDArray[Any]
Bitmaps = NDArray[np.bool_]

SPECKLE = 2  # pixels of the largest component that is one
CENTROID_STEPS = 256  # stored centroids are whole numbers of 1/256 pixel
_CHUNK = 2048  # bitmaps at a time: their arrays stay in the processor's cache


class Definition(NamedTuple):
    """What a number means.

    Attributes:
        name: its column.
        title: what the explorer calls it.
        unit: what it counts; empty for a pure number.
        doc: one line.
        scale: the number is what is stored times this.
    """

    name: str
    title: str
    unit: str
    doc: str
    scale: float = 1


DEFINITIONS = (
    Definition("ink", "Ink", "pixels", "Pixels that are ink."),
    Definition("left", "Left", "pixels", "The leftmost column with ink, counted from 0; -1 without ink."),
    Definition("top", "Top", "pixels", "The topmost row with ink, counted from 0; -1 without ink."),
    Definition("right", "Right", "pixels", "The rightmost column with ink, counted from 0; -1 without ink."),
    Definition("bottom", "Bottom", "pixels", "The lowest row with ink, counted from 0; -1 without ink."),
    Definition("box_width", "Box width", "pixels", "Columns from the leftmost with ink to the rightmost."),
    Definition("box_height", "Box height", "pixels", "Rows from the topmost with ink to the lowest."),
    *(
        Definition(
            f"centroid_{axis}",
            f"Centroid {axis}",
            "pixels",
            f"Mean {line} of the ink, to the next 1/{CENTROID_STEPS} pixel; -1 without ink.",
            1 / CENTROID_STEPS,
        )
        for axis, line in (("x", "column"), ("y", "row"))
    ),
    Definition("components", "Components", "", "Pieces of ink; pixels that share a corner are of one piece."),
    Definition("holes", "Holes", "", "Pieces of background that ink encloses; pixels of one piece share an edge."),
    Definition("euler", "Euler number", "", "Components minus holes."),
    Definition("speckle", "Speckle", "", "Components of one or two pixels."),
    Definition("perimeter", "Perimeter", "edges", "Edges of pixels between ink and blank; outside is blank."),
    Definition("stroke", "Stroke width", "pixels", "Twice the ink divided by the perimeter; none without ink."),
    Definition("symmetry_lr", "Asymmetry left-right", "pixels", "Pixels that change when it is mirrored left-right."),
    Definition("symmetry_tb", "Asymmetry top-bottom", "pixels", "Pixels that change when it is mirrored top-bottom."),
    Definition("symmetry_180", "Asymmetry half turn", "pixels", "Pixels that change when it is turned by 180 degrees."),
    Definition("row_transitions", "Row transitions", "", "Changes between ink and blank along rows; outside is blank."),
    Definition(
        "column_transitions",
        "Column transitions",
        "",
        "Changes between ink and blank along columns; outside is blank.",
    ),
)


def measured(packed: NDArray[np.uint8], height: int, width: int) -> dict[str, Array]:
    """Every number of `DEFINITIONS` for some images.

    Args:
        packed: ``(n, ceil(height * width / 8))`` uint8: rows of bits, most significant first.
        height: rows of an image.
        width: columns of an image.

    Returns:
        One array of shape ``(n,)`` by name, as stored: integers, but for ``stroke``, which is float32.
    """
    parts = [_measured_chunk(bitmaps) for bitmaps in _unpacked(packed, height, width)]
    return {definition.name: np.concatenate([part[definition.name] for part in parts]) for definition in DEFINITIONS}


def _unpacked(packed: NDArray[np.uint8], height: int, width: int) -> Iterator[Bitmaps]:
    for first in range(0, max(len(packed), 1), _CHUNK):
        part = packed[first : first + _CHUNK]
        bits = np.unpackbits(part, axis=1, count=height * width)
        yield bits.reshape(len(part), height, width).view(np.bool_)


def _measured_chunk(bitmaps: Bitmaps) -> dict[str, Array]:
    n = len(bitmaps)
    by_column, by_row = _counts(bitmaps, 1), _counts(bitmaps, 2)
    ink = by_row.sum(axis=1)
    left, right = _extent(by_column)
    top, bottom = _extent(by_row)
    rows = _transitions(bitmaps, 2)
    columns = _transitions(bitmaps, 1)
    euler = _euler(bitmaps)
    found = ink_components(bitmaps)
    components = np.bincount(found.image, minlength=n)
    perimeter = rows + columns
    with np.errstate(invalid="ignore"):
        stroke = (2 * ink / perimeter).astype(np.float32)  # NaN without ink
    return {
        "ink": ink,
        "left": left,
        "top": top,
        "right": right,
        "bottom": bottom,
        "box_width": np.where(ink > 0, right - left + 1, 0),
        "box_height": np.where(ink > 0, bottom - top + 1, 0),
        "centroid_x": _centroid(by_column, ink),
        "centroid_y": _centroid(by_row, ink),
        "components": components,
        "holes": components - euler,
        "euler": euler,
        "speckle": np.bincount(found.image[found.size <= SPECKLE], minlength=n),
        "perimeter": perimeter,
        "stroke": stroke,
        "symmetry_lr": _differing(bitmaps, bitmaps[:, :, ::-1]),
        "symmetry_tb": _differing(bitmaps, bitmaps[:, ::-1, :]),
        "symmetry_180": _differing(bitmaps, bitmaps[:, ::-1, ::-1]),
        "row_transitions": rows,
        "column_transitions": columns,
    }


def _counts(bitmaps: Bitmaps, axis: int) -> Array:
    """Ink along an axis: by column for axis 1, by row for axis 2; int64."""
    return np.asarray(np.add.reduce(bitmaps.view(np.uint8), axis=axis, dtype=np.uint16)).astype(np.int64)


def _extent(counts: Array) -> tuple[Array, Array]:
    """First and last place with ink; -1 where there is none."""
    some = counts > 0
    any_ink = some.any(axis=1)
    first = np.where(any_ink, some.argmax(axis=1), -1)
    last = np.where(any_ink, counts.shape[1] - 1 - some[:, ::-1].argmax(axis=1), -1)
    return first, last


def _centroid(counts: Array, ink: Array) -> Array:
    """The mean place in steps of 1/256, halves up; -1 (in steps: -256) where there is no ink."""
    moment = counts @ np.arange(counts.shape[1])
    divisor = np.maximum(ink, 1)
    return np.where(ink > 0, (2 * CENTROID_STEPS * moment + divisor) // (2 * divisor), -CENTROID_STEPS)


def _transitions(bitmaps: Bitmaps, axis: int) -> Array:
    """Changes along an axis, with those at the frame, where outside is no ink."""
    ahead, behind, first, last = [slice(None)] * 3, [slice(None)] * 3, [slice(None)] * 3, [slice(None)] * 3
    ahead[axis], behind[axis], first[axis], last[axis] = slice(1, None), slice(None, -1), slice(1), slice(-1, None)
    inside = _differing(bitmaps[tuple(ahead)], bitmaps[tuple(behind)])
    return inside + _ink(bitmaps[tuple(first)]) + _ink(bitmaps[tuple(last)])


def _differing(a: Bitmaps, b: Bitmaps) -> Array:
    return _ink(a != b)


def _ink(bitmaps: Bitmaps) -> Array:
    n, height, width = bitmaps.shape
    flat = bitmaps.reshape(n, height * width).view(np.uint8)
    return np.asarray(np.add.reduce(flat, axis=1, dtype=np.uint32)).astype(np.int64)


def _euler(bitmaps: Bitmaps) -> Array:
    """Components minus holes, from the windows of 2 by 2 pixels (Gray 1971, "Local properties of binary images")."""
    n, height, width = bitmaps.shape
    framed = np.zeros((n, height + 2, width + 2), np.uint8)
    framed[:, 1:-1, 1:-1] = bitmaps
    nw, ne, sw, se = framed[:, :-1, :-1], framed[:, :-1, 1:], framed[:, 1:, :-1], framed[:, 1:, 1:]
    total = nw + ne + sw + se
    diagonal = (total == 2) & (nw == se)
    euler: Array = (_ink(total == 1) - _ink(total == 3) - 2 * _ink(diagonal)) // 4
    return euler
