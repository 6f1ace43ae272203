"""Rankings: what shares one, ties, and the best so far."""

from __future__ import annotations

from typing import Any

import pytest

from onebit.leaderboard import entries
from onebit.leaderboard.entries import Entry
from onebit.leaderboard.ranks import rankings, records


def entry(name: str, nats: float, **changes: Any) -> Entry:
    options = {"dataset": "d", "split": "test", "model": name, "kind": "exact", "binarization": "fixed"} | changes
    return Entry(name=name, nats=nats, **options)


def test_what_cannot_be_compared_is_never_ranked_together() -> None:
    found = rankings(
        [
            entry("a", 80),
            entry("b", 79, kind="upper bound"),
            entry("c", 70, binarization="dynamic"),
            entry("d", 60, dataset="e"),
            entry("e", 50, split="validation"),
            entry("f", 81),
            entry("g", 40, kind="not stated", binarization="not stated"),
        ]
    )
    assert [(*one[:4], [row.entry.name for row in one.rows]) for one in found] == [
        ("d", "test", "fixed", "exact", ["a", "f"]),
        ("d", "test", "fixed", "upper bound", ["b"]),
        ("d", "test", "dynamic", "exact", ["c"]),
        ("d", "test", "not stated", "not stated", ["g"]),
        ("d", "validation", "fixed", "exact", ["e"]),
        ("e", "test", "fixed", "exact", ["d"]),
    ]  # fmt: skip


def test_the_rankings_of_the_package() -> None:
    found = rankings(entries.read_folder(entries.PACKAGE))
    for ranking in found:
        assert {(row.entry.binarization, row.entry.kind) for row in ranking.rows} == {
            (ranking.binarization, ranking.kind)
        }
        assert [row.entry.nats for row in ranking.rows] == sorted(row.entry.nats for row in ranking.rows)
    best = {(one.dataset, one.binarization, one.kind): one.rows[0].entry.name for one in found}
    assert best["binarized_mnist", "fixed", "exact"] == "pixelrnn-diagonal-bilstm-7-layers-2016"
    assert best["binarized_mnist", "dynamic", "exact"] == "locally-masked-pixelcnn-8-orders-dynamic-2020"
    assert found[0].title == "Exact negative log-likelihoods"


def test_what_prints_the_same_has_the_same_rank() -> None:
    found = rankings([entry("a", 80.001), entry("b", 80.004), entry("c", 79.0), entry("d", 81.0)])[0]
    assert [(row.rank, row.entry.name) for row in found.rows] == [(1, "c"), (2, "a"), (2, "b"), (4, "d")]


@pytest.mark.parametrize(
    ("results", "names"),
    [
        ([("a", 90, 2008), ("b", 88, 2011), ("c", 89, 2012), ("d", 85, 2014)], "abd"),
        ([("a", 90, 2008), ("b", 85, 2008), ("c", 86, 2009)], "b"),
        ([("a", 90, None), ("b", 95, 2010)], "b"),
        ([], ""),
    ],
)
def test_the_best_so_far(results: list[tuple[str, float, int | None]], names: str) -> None:
    found = records(entry(name, nats, year=year) for name, nats, year in results)
    assert "".join(one.name for one in found) == names
