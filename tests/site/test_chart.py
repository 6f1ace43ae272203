"""The chart: where marks, lines and labels lie."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import pytest

from onebit.leaderboard import entries
from onebit.leaderboard.entries import Entry
from onebit.site import chart as charts
from onebit.site.chart import chart


def entry(name: str, nats: float, year: int | None, **changes: Any) -> Entry:
    options = {"dataset": "d", "split": "test", "model": name, "kind": "exact", "binarization": "fixed"} | changes
    return Entry(name=name, nats=nats, year=year, **options)


def drawn(*results: Entry) -> charts.Chart:
    found = chart(results, {one.id: one.name for one in results}, "it")
    assert found is not None
    return found


SOME = (
    entry("a", 90, 2008), entry("b", 88, 2011), entry("c", 89, 2012), entry("d", 85, 2014),
    entry("e", 84, 2013, kind="upper bound"), entry("f", 83, 2014, kind="upper bound"), entry("g", 200, 2010),
)  # fmt: skip


def test_better_is_lower_and_later_is_further_right() -> None:
    marks = {mark.row: mark for mark in drawn(*SOME).marks}
    assert marks["a"].x < marks["b"].x < marks["c"].x < marks["d"].x
    assert marks["a"].y < marks["c"].y < marks["b"].y < marks["d"].y
    for mark in marks.values():
        assert charts.LEFT < mark.x < charts.RIGHT
        assert charts.TOP <= mark.y < charts.BOTTOM


def test_what_is_far_above_is_in_the_table_alone() -> None:
    found = drawn(*SOME)
    assert (found.above, found.limit) == (1, 99.0)
    assert "g" not in {mark.row for mark in found.marks}


def test_the_line_through_the_best_so_far() -> None:
    found = drawn(*SOME)
    places = {mark.row: (mark.x, mark.y) for mark in found.marks}
    line = next(line for line in found.lines if line.kind == "exact")
    numbers = [float(text) for text in re.findall(r"[\d.]+", line.path)]
    (ax, ay), (bx, by), (dx, dy) = (places[name] for name in "abd")
    assert numbers == [ax, ay, bx, by, dx, dy, charts.RIGHT]  # c was never the best
    assert line.path.startswith("M") and line.path.endswith(f"H{charts.RIGHT}")
    assert [label.text for label in found.labels] == ["d 85.00", "f ≤ 83.00"]


def test_marks_do_not_lie_on_one_another() -> None:
    found = drawn(*(entry(f"m{number}", 80 + number % 3 / 10, 2016) for number in range(20)), *SOME)
    for one, other in itertools.combinations(found.marks, 2):
        assert math.hypot(one.x - other.x, one.y - other.y) > 10


def test_the_results_of_the_package() -> None:
    fixed = [one for one in entries.read_folder(entries.PACKAGE) if one.binarization == "fixed"]
    fixed = [one for one in fixed if one.dataset == "binarized_mnist"]
    found = chart(fixed, {one.id: one.name for one in fixed}, "fixed")
    assert found is not None
    assert len(found.marks) + found.above == len([one for one in fixed if one.year])
    assert "the lowest is Ladder VAE 12 layers (addtt) with <= 78.30 nats" in found.words
    assert {tick.text for tick in found.years} >= {"2008", "2016"}


@pytest.mark.parametrize("years", [[2016, 2016], [2016, 2017], [None, None]])
def test_too_few_years_for_a_chart(years: list[int | None]) -> None:
    results = [entry(f"m{number}", 80, year) for number, year in enumerate(years)]
    assert chart(results, {one.id: one.name for one in results}, "it") is None
