"""Table: real rows of the selection in its order, however far down."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from explorer_reading import link_state, truth

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.real_data

Open = Callable[..., "Page"]


def rows_seen(page: Page) -> list[tuple[int, str]]:
    """Index and name of the rows that are there."""
    return [
        (int(index), name.strip())
        for index, name in page.locator("table.items tbody tr[aria-rowindex]").evaluate_all(
            "all => all.map(row => [row.getAttribute('aria-rowindex'), row.querySelector('th').innerText])"
        )
    ]


def test_rows_are_those_of_the_order(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    order = np.argsort(-data.values["ink"][60000:], kind="stable")
    page = open_explorer("#tab=TABLE&filter=split:test&sort=-ink")
    table = page.get_by_role("table", name="10,000 images of the selection")
    assert table.get_attribute("aria-rowcount") == "10001"
    for share in (0, 0.5, 1):
        page.locator(".table-box").evaluate("(box, share) => box.scrollTo(0, share * box.scrollHeight)", share)
        page.wait_for_timeout(100)
        rows = rows_seen(page)
        assert 10 < len(rows) < 60
        assert [name for _, name in rows] == [f"test {order[index - 2]}" for index, _ in rows]
    assert rows[-1][0] == 10001


def test_heads_sort(open_explorer: Open, explorers: Any) -> None:
    page = open_explorer("#tab=TABLE")
    head = page.get_by_role("columnheader", name="Ink")
    for direction, sort in (("ascending", "ink"), ("descending", "-ink"), ("none", None)):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == direction
        assert link_state(page).get("sort") == sort


def test_a_name_opens_the_image(open_explorer: Open) -> None:
    page = open_explorer("#tab=TABLE&filter=split:test")
    page.get_by_role("button", name="test 3", exact=True).click()
    assert page.locator(".item-head h3").inner_text() == "test 3"


def test_groups_come_one_after_the_other(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    holes = data.values["holes"][60000:]
    page = open_explorer("#tab=TABLE&filter=split:test&group=holes")
    order = np.argsort(holes, kind="stable")
    assert [name for _, name in rows_seen(page)] == [f"test {row}" for row in order[: len(rows_seen(page))]]
