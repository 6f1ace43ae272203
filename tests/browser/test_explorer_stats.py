"""Stats: filters by bars, by hand, by split; every number equals NumPy's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from explorer_reading import chart, chart_table, count, link_state, truth, wait_for_count

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.real_data

Open = Callable[..., "Page"]


def test_filters_count_as_numpy_does(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    ink, holes, stroke, x = (data.values[name] for name in ("ink", "holes", "stroke", "centroid_x"))
    expected = {
        "ink:80..120": (ink >= 80) & (ink <= 120),
        "!ink:80..120": ~((ink >= 80) & (ink <= 120)),
        "ink:80..<120,split:test": (ink >= 80) & (ink < 120) & data.split("test"),
        "holes:0;3,split:train;validation": np.isin(holes, [0, 3]) & ~data.split("test"),
        "stroke:2.5..,centroid_x:..13.5": (stroke >= 2.5) & (x <= 13.5),
        "ink@14.20:1,ink@3.4:0": (data.bits[:, 20, 14] == 1) & (data.bits[:, 4, 3] == 0),
        "rows:test/10..19;train/0,!ink:0..90": np.isin(np.arange(len(ink)), [0, *range(60010, 60020)]) & (ink > 90),
    }
    page = open_explorer("#tab=STATS")
    for text, passing in expected.items():
        page.evaluate("text => { location.hash = text }", f"tab=STATS&filter={text}")
        wait_for_count(page, passing.sum())
        assert page.locator("li.filter").count() == len(text.split(","))


def test_bars_filter_and_all_charts_follow(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    holes, components = data.values["holes"], data.values["components"]
    page = open_explorer("#tab=STATS")
    plot = chart(page, "holes").locator(".plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    bars = int(holes.max() - holes.min()) + 1
    page.mouse.click(box["x"] + box["width"] * 1.5 / bars, box["y"] + box["height"] / 2)
    assert count(page) == (holes == 1).sum()
    assert link_state(page)["filter"] == "holes:1"  # a step of its own to come back to
    expected = [
        (str(value), int((components == value).sum()), int(((components == value) & (holes == 1)).sum()))
        for value in range(int(components.min()), int(components.max()) + 1)
    ]
    assert chart_table(page, "components") == expected
    page.mouse.move(box["x"] + box["width"] * 1.5 / bars, box["y"] + 20)  # over bars 1 to 3
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 2.5 / bars, box["y"] + 20)
    page.mouse.move(box["x"] + box["width"] * 3.5 / bars, box["y"] + 20)
    page.mouse.up()
    assert count(page) == ((holes >= 1) & (holes <= 3)).sum()
    assert link_state(page)["filter"] == "holes:1..3"
    page.go_back()
    wait_for_count(page, (holes == 1).sum())
    assert link_state(page)["filter"] == "holes:1" and count(page) == (holes == 1).sum()
    chart(page, "holes").get_by_role("button", name="Remove the filters on Holes").click()
    assert count(page) == 70000


def test_histograms_equal_numpy(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    passing = (data.values["ink"] >= 100) & (data.values["ink"] <= 110)
    page = open_explorer("#tab=STATS&filter=ink:100..110")
    for column in ("holes", "euler", "ink", "symmetry_lr", "box_width"):
        values = data.values[column]
        rows = chart_table(page, column)
        for label, every, selected in rows:
            low, high = (int(text) for text in (re.findall(r"-?\d+", label) * 2)[:2])
            inside = (values >= low) & (values <= high)
            assert (every, selected) == (inside.sum(), (inside & passing).sum()), (column, label)
        assert sum(row[1] for row in rows) == 70000


def test_chips_turn_round_and_go(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    ink, test = data.values["ink"], data.split("test")
    page = open_explorer("#tab=STATS&filter=ink:80..120,split:test")
    page.get_by_role("button", name="Turn round: Ink: 80 to 120").click()
    assert count(page) == (~((ink >= 80) & (ink <= 120)) & test).sum()
    page.get_by_role("button", name="Remove: Split: test").click()
    assert count(page) == (~((ink >= 80) & (ink <= 120))).sum()
    page.get_by_role("button", name="Clear all").click()
    assert count(page) == 70000


def test_splits_in_the_header(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS")
    splits = page.get_by_role("group", name="Splits")
    splits.get_by_role("button", name="train").click()
    assert count(page) == 20000
    splits.get_by_role("button", name="test").click(modifiers=["Alt"])
    assert count(page) == 10000
    assert splits.locator("[aria-pressed=true]").all_inner_texts() == ["test"]


def test_add_a_filter_by_hand(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    page = open_explorer("#tab=STATS")
    page.get_by_role("button", name="Add filter").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Feature").select_option("perimeter")
    dialog.get_by_label("From").fill("100")
    dialog.get_by_label("To", exact=True).fill("60")
    assert "no image would pass" in dialog.get_by_role("status").inner_text()
    assert dialog.get_by_role("button", name="Add").is_disabled()
    dialog.get_by_label("To", exact=True).fill("104")
    perimeter = data.values["perimeter"]
    passing = int(((perimeter >= 100) & (perimeter <= 104)).sum())
    assert f"{passing:,} of all images pass" in dialog.get_by_role("status").inner_text()
    dialog.get_by_role("button", name="Add").click()
    assert count(page) == passing and not dialog.is_visible()


def test_images_on_which_one_model_beats_another(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    one, other = data.values["nats_made"], data.values["nats_rbm"]
    both = ~np.isnan(one) & ~np.isnan(other)
    difference = np.where(both, one.astype(np.float32) - other.astype(np.float32), np.nan)
    won = both & (difference < 0)
    assert both.sum() == 10_000 and 0 < won.sum() < 10_000
    page = open_explorer("#tab=STATS")
    page.get_by_text("Two models, image by image").click()
    section = page.locator(".differences")
    section.get_by_label("Model").select_option("nats_made")
    section.get_by_label("beside").select_option("nats_rbm")
    section.get_by_role("button", name="Add the difference").click()
    found = section.locator("[data-difference=nats_made-nats_rbm]")
    assert f"on {won.sum():,} of 10,000 images" in found.inner_text()
    found.get_by_role("button", name="Show these").click()
    wait_for_count(page, won.sum())
    found.get_by_role("button", name="Sort by the difference").click()
    name = "nats_made-nats_rbm"
    state = link_state(page)
    assert (state["difference"], state["sort"]) == ("nats_made:nats_rbm", name)
    assert state["filter"] == f"{name}:..%3C0"
    rows = chart_table(page, name)
    assert sum(row[1] for row in rows) == 10_000 and sum(row[2] for row in rows) == won.sum()
    page.locator("#colour").select_option(name)
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_label("Along x").select_option(name)
    page.get_by_role("tab", name="Table").click()
    assert page.locator("#status").inner_text().startswith(f"{won.sum():,} of ")
    first = int(np.lexsort((np.arange(len(one)), np.where(won, difference, np.inf)))[0])
    assert page.locator("table.items tbody tr[aria-rowindex] th").first.inner_text().strip() == f"test {first - 60_000}"
    address = page.evaluate("() => new Promise(done => setTimeout(() => done(location.hash), 300))")
    again = open_explorer(address)
    wait_for_count(again, won.sum())
    assert link_state(again) == link_state(page)
    again.get_by_role("tab", name="Stats").click()
    again.locator(".differences").get_by_label(re.compile("^Remove ")).click()
    wait_for_count(again, 70_000)
    assert "difference" not in link_state(again) and link_state(again)["x"] == "nats_made"
