"""Nearest neighbours against a plain search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onebit.auditing import neighbours
from onebit.auditing.neighbours import Corpus


def plain(queries: np.ndarray, corpus: np.ndarray, without: np.ndarray | None = None) -> list[tuple[int, int]]:
    found = []
    for number, query in enumerate(queries):
        distances = [int(np.unpackbits(query ^ other).sum()) for other in corpus]
        rows = [row for row in range(len(corpus)) if without is None or row != without[number]]
        best = min(rows, key=lambda row: (distances[row], row))
        found.append((distances[best], best))
    return found


@pytest.fixture(params=["counting", "products"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """As NumPy 2 counts bits, and as NumPy 1 has to do without."""
    if request.param == "products":
        monkeypatch.delattr(np, "bitwise_count")
    elif not hasattr(np, "bitwise_count"):
        pytest.skip("NumPy 1 cannot count bits")
    return str(request.param)


@pytest.mark.parametrize("row_bytes", [1, 7, 8, 98])
def test_nearest_is_what_a_plain_search_finds(row_bytes: int, way: str) -> None:
    rng = np.random.default_rng(row_bytes)
    corpus, queries = (rng.integers(0, 256, (count, row_bytes), np.uint8) for count in (70, 130))
    found = Corpus(corpus).nearest(queries)
    assert list(zip(found.distance.tolist(), found.row.tolist(), strict=True)) == plain(queries, corpus)


@pytest.mark.parametrize("block", [1, 16, 64])
def test_an_image_itself_can_be_left_out(block: int, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK", block)
    monkeypatch.setattr(neighbours, "_WITHOUT_COUNT", 1)
    rng = np.random.default_rng(0)
    corpus = rng.integers(0, 4, (50, 2), np.uint8)  # with many ties and duplicates
    rows = rng.permutation(50)[:40]
    found = Corpus(corpus).nearest(corpus[rows], without=rows)
    assert list(zip(found.distance.tolist(), found.row.tolist(), strict=True)) == plain(corpus[rows], corpus, rows)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 12))
def test_any_sizes(seed: int, n: int, row_bytes: int) -> None:
    rng = np.random.default_rng(seed)
    corpus, queries = rng.integers(0, 256, (n, row_bytes), np.uint8), rng.integers(0, 256, (3, row_bytes), np.uint8)
    found = Corpus(corpus).nearest(queries)
    assert list(zip(found.distance.tolist(), found.row.tolist(), strict=True)) == plain(queries, corpus)


def test_no_queries_have_no_neighbours() -> None:
    assert len(Corpus(np.zeros((2, 3), np.uint8)).nearest(np.zeros((0, 3), np.uint8)).row) == 0


def test_what_cannot_be_searched() -> None:
    with pytest.raises(ValueError, match="1 image or more"):
        Corpus(np.zeros((0, 3), np.uint8))
    with pytest.raises(ValueError, match="Images of 4 bytes cannot be compared with images of 3 bytes"):
        Corpus(np.zeros((2, 3), np.uint8)).nearest(np.zeros((1, 4), np.uint8))
    with pytest.raises(ValueError, match="a corpus of one image has no neighbour"):
        Corpus(np.zeros((1, 3), np.uint8)).nearest(np.zeros((1, 3), np.uint8), without=np.zeros(1, int))
