"""Relations: every cell equals NumPy's, by the rule of Know Your Data."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from explorer_reading import count, link_state, truth

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.real_data

Open = Callable[..., "Page"]


def expected_factors(one: Any, other: Any) -> dict[tuple[str, str], tuple[int, float]]:
    """Observed count and strength by pair of values."""
    total = len(one)
    found = {}
    for row in np.unique(one):
        for column in np.unique(other):
            n_row, n_column = (one == row).sum(), (other == column).sum()
            observed = int(((one == row) & (other == column)).sum())
            chance = n_row * n_column / total
            spread = 1.96 * np.sqrt(chance * (1 - n_row / total) * (1 - n_column / total))
            low, high = chance - spread, chance + spread
            factor = observed / high if observed > high else observed / low if observed < low else 1.0
            found[str(int(row)), str(int(column))] = (observed, float(factor))
    return found


@pytest.mark.parametrize("split", [None, "test"])
def test_cells_equal_numpy(open_explorer: Open, explorers: Any, split: str | None) -> None:
    data = truth(explorers)
    kept = data.split(split) if split else slice(None)
    expected = expected_factors(data.values["holes"][kept], data.values["components"][kept])
    page = open_explorer(f"#tab=RELATIONS&down=holes&across=components{f'&filter=split:{split}' if split else ''}")
    cells = page.locator("table.relations td button").evaluate_all(
        "all => all.map(one => [one.ariaLabel, Number(one.dataset.observed), Number(one.dataset.factor)])"
    )
    found = {}
    for label, observed, factor in cells:
        row, column = label.partition(":")[0].split(" and ")
        found[row, column] = (observed, pytest.approx(factor, rel=1e-12))
    assert found == expected


def test_rows_are_sorted_by_their_strongest_cell(open_explorer: Open, explorers: Any) -> None:
    page = open_explorer("#tab=RELATIONS&down=holes&across=components")
    rows = page.locator("table.relations tbody tr").evaluate_all(
        "all => all.map(row => [...row.querySelectorAll('td button')].map(one => Number(one.dataset.factor)))"
    )
    rows = [max(abs(np.log2(factor)) if factor else np.inf for factor in row) for row in rows]
    assert rows == sorted(rows, reverse=True) and len(rows) > 5


def test_cells_rows_and_columns_filter(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    holes, components = data.values["holes"], data.values["components"]
    page = open_explorer("#tab=RELATIONS&down=holes&across=components")
    page.get_by_role("button", name=re.compile("^2 and 1: ")).click()
    assert count(page) == ((holes == 2) & (components == 1)).sum()
    assert link_state(page)["filter"] == "holes:2,components:1"
    page.get_by_role("button", name="Clear all").click()
    page.locator("table.relations thead button", has_text="3").first.click()
    assert count(page) == (components == 3).sum()


def test_a_cell_says_its_numbers(open_explorer: Open) -> None:
    page = open_explorer("#tab=RELATIONS&down=holes&across=components")
    cell = page.get_by_role("button", name=re.compile("^0 and 1: "))
    cell.focus()
    words = cell.get_attribute("aria-label")
    assert page.locator("#panel .line.at").inner_text() == words
    assert "images, expected" in words
