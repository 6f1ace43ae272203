"""Exact nearest neighbours among packed one-bit images, by Hamming distance: the number of pixels that differ."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit import progress

Packed = NDArray[np.uint8]

_WORD = 8  # bytes
_BLOCK = 16384  # images compared at once: their distances and one word of each stay in a core's cache
_STRETCH = 64  # queries between two steps of a progress bar
_FURTHEST = np.iinfo(np.uint16).max
_WITHOUT_COUNT = 256  # where NumPy cannot count bits, 16 times as many images are compared at once


class Nearest(NamedTuple):
    """The nearest image of each query.

    Attributes:
        distance: ``(n,)`` int32: pixels that differ.
        row: ``(n,)`` int32: which image of the corpus; the first of several.
    """

    distance: NDArray[np.int32]
    row: NDArray[np.int32]


class Corpus:
    """Images to be searched, word after word.

    Args:
        packed: ``(n, row_bytes)`` uint8: rows of bits, eight pixels to a byte; n at least 1, at most 65,535 pixels.
    """

    def __init__(self, packed: Packed) -> None:
        if not len(packed) or packed.shape[1] * 8 >= _FURTHEST:
            raise ValueError(
                f"A corpus of shape {packed.shape} was given; allowed are 1 image or more, of less than "
                f"{_FURTHEST // 8:,} bytes."
            )
        self.packed = packed
        self._words = np.ascontiguousarray(_words(packed).T)  # (words, n)

    def __len__(self) -> int:
        return len(self.packed)

    def nearest(self, queries: Packed, *, without: NDArray[np.integer] | None = None, title: str = "") -> Nearest:
        """The nearest image of each query, by comparison with every one.

        Args:
            queries: ``(n, row_bytes)`` uint8, packed like the corpus.
            without: ``(n,)``: a row of the corpus for each query that does not count: the query itself.
            title: of the progress bar.

        Raises:
            ValueError: the queries are of another size, or nothing is left to be found.
        """
        if queries.shape[1] != self.packed.shape[1]:
            raise ValueError(
                f"Images of {queries.shape[1]} bytes cannot be compared with images of {self.packed.shape[1]} bytes."
            )
        if without is not None and len(self) < 2:
            raise ValueError("Without the image itself, a corpus of one image has no neighbour for it.")
        words = _words(queries)
        stretches = [slice(first, first + _STRETCH) for first in range(0, len(queries), _STRETCH)]
        search = self._search if hasattr(np, "bitwise_count") else self._search_by_products

        def work(stretch: slice) -> Nearest:
            return search(words[stretch], None if without is None else without[stretch])

        # NumPy lets go of the interpreter while it counts: threads do.
        with progress.step_bar(title, len(stretches)) as bar, ThreadPoolExecutor(os.cpu_count() or 1) as threads:
            parts = []
            for part in threads.map(work, stretches):
                parts.append(part)
                bar.advance()
        if not parts:
            return Nearest(np.empty(0, np.int32), np.empty(0, np.int32))
        return Nearest(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def _search(self, words: NDArray[np.uint64], without: NDArray[np.integer] | None) -> Nearest:
        """Block by block; the counts of a word are at most 64 and are added up in 16 bits."""
        best = np.full(len(words), _FURTHEST, np.int32)
        rows = np.zeros(len(words), np.int32)
        size = min(_BLOCK, len(self))
        differing, counts = np.empty(size, np.uint64), np.empty(size, np.uint8)
        distances = np.empty(size, np.uint16)
        for first in range(0, len(self), size):
            block = self._words[:, first : first + size]
            found, word, count = (part[: block.shape[1]] for part in (distances, differing, counts))
            for query, bits in enumerate(words):
                found[:] = 0
                for corpus_word, query_word in zip(block, bits, strict=True):
                    np.bitwise_xor(corpus_word, query_word, out=word)
                    np.bitwise_count(word, out=count)
                    np.add(found, count, out=found)
                if without is not None and 0 <= without[query] - first < len(found):
                    found[without[query] - first] = _FURTHEST
                row = int(found.argmin())
                if found[row] < best[query]:
                    best[query], rows[query] = found[row], first + row
        return Nearest(best, rows)

    def _search_by_products(self, words: NDArray[np.uint64], without: NDArray[np.integer] | None) -> Nearest:
        """For NumPy 1, which cannot count bits: ``|a| + |b| - 2 a.b``, exact in float32."""
        queries = _pixels(words.view(np.uint8).reshape(len(words), -1))
        best, rows = np.full(len(words), np.inf, np.float32), np.zeros(len(words), np.int32)
        for first in range(0, len(self), _WITHOUT_COUNT * 16):
            block = self._words[:, first : first + _WITHOUT_COUNT * 16].T
            pixels = _pixels(np.ascontiguousarray(block).view(np.uint8).reshape(len(block), -1))
            found = pixels.sum(axis=1) - 2 * (queries @ pixels.T)
            if without is not None:
                inside = np.flatnonzero((without >= first) & (without < first + len(block)))
                found[inside, without[inside] - first] = np.inf
            nearest = found.argmin(axis=1)
            values = found[np.arange(len(found)), nearest]
            better = values < best
            best[better], rows[better] = values[better], nearest[better] + first
        return Nearest((best + queries.sum(axis=1)).astype(np.int32), rows)


def _words(packed: Packed) -> NDArray[np.uint64]:
    """Rows of bytes as rows of 64-bit words, filled up with zeros."""
    filled = np.pad(packed, ((0, 0), (0, -packed.shape[1] % _WORD)))
    return np.ascontiguousarray(filled).view(np.uint64)


def _pixels(packed: Packed) -> NDArray[np.float32]:
    return np.unpackbits(packed, axis=1).astype(np.float32)
