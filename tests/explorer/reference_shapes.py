"""The numbers of `onebit.explorer.shapes`, one bitmap at a time, in the plainest way there is."""

from __future__ import annotations

import itertools
import math

from numpy.typing import NDArray

Bitmap = list[list[int]]

NEAR_4 = [(0, 1), (0, -1), (1, 0), (-1, 0)]
NEAR_8 = [*NEAR_4, (1, 1), (1, -1), (-1, 1), (-1, -1)]


def numbers(array: NDArray) -> dict[str, float]:
    """Every number of one bitmap, as shown (centroids in pixels)."""
    bitmap: Bitmap = [[int(pixel) for pixel in row] for row in array]
    height, width = len(bitmap), len(bitmap[0])
    ink = [(y, x) for y in range(height) for x in range(width) if bitmap[y][x]]
    rows, columns = [y for y, _ in ink], [x for _, x in ink]
    pieces = components(bitmap, 1, NEAR_8)
    holes = [piece for piece in components(framed(bitmap), 0, NEAR_4) if (0, 0) not in piece]
    along_rows = sum(changes(row) for row in bitmap)
    along_columns = sum(changes([row[x] for row in bitmap]) for x in range(width))
    edges = sum(at(bitmap, y + dy, x + dx) == 0 for y, x in ink for dy, dx in NEAR_4)
    return {
        "ink": len(ink),
        "left": min(columns, default=-1),
        "top": min(rows, default=-1),
        "right": max(columns, default=-1),
        "bottom": max(rows, default=-1),
        "box_width": max(columns) - min(columns) + 1 if ink else 0,
        "box_height": max(rows) - min(rows) + 1 if ink else 0,
        "centroid_x": rounded(sum(columns), len(ink)),
        "centroid_y": rounded(sum(rows), len(ink)),
        "components": len(pieces),
        "holes": len(holes),
        "euler": len(pieces) - len(holes),
        "speckle": sum(len(piece) <= 2 for piece in pieces),
        "perimeter": edges,
        "stroke": 2 * len(ink) / edges if ink else math.nan,
        "symmetry_lr": unlike(bitmap, [row[::-1] for row in bitmap]),
        "symmetry_tb": unlike(bitmap, bitmap[::-1]),
        "symmetry_180": unlike(bitmap, [row[::-1] for row in bitmap[::-1]]),
        "row_transitions": along_rows,
        "column_transitions": along_columns,
    }


def at(bitmap: Bitmap, y: int, x: int) -> int:
    return bitmap[y][x] if 0 <= y < len(bitmap) and 0 <= x < len(bitmap[0]) else 0


def framed(bitmap: Bitmap) -> Bitmap:
    blank = [0] * (len(bitmap[0]) + 2)
    return [blank, *([0, *row, 0] for row in bitmap), blank]


def components(bitmap: Bitmap, value: int, near: list[tuple[int, int]]) -> list[set[tuple[int, int]]]:
    """The sets of pixels of a value that are connected."""
    left = {(y, x) for y, row in enumerate(bitmap) for x, pixel in enumerate(row) if pixel == value}
    found = []
    while left:
        piece, border = set(), [left.pop()]
        while border:
            y, x = border.pop()
            piece.add((y, x))
            for dy, dx in near:
                if (y + dy, x + dx) in left:
                    left.remove((y + dy, x + dx))
                    border.append((y + dy, x + dx))
        found.append(piece)
    return found


def changes(line: list[int]) -> int:
    """Places where a line with a blank before and after it changes."""
    outside = [0, *line, 0]
    return sum(a != b for a, b in itertools.pairwise(outside))


def unlike(a: Bitmap, b: Bitmap) -> int:
    return sum(p != q for row, other in zip(a, b, strict=True) for p, q in zip(row, other, strict=True))


def rounded(total: int, count: int) -> float:
    """A mean to the next 1/256, halves up."""
    return math.floor(256 * total / count + 0.5) / 256 if count else -1.0
