"""A link opens the page as it was; Back works; what makes no sense is ignored."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from explorer_reading import count, link_state, truth, wait_for_count

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.real_data

Open = Callable[..., "Page"]

FILTERS = [
    "ink:80..120",
    "!split:test",
    "holes:0;2",
    "ink@14.20:1",
    "rows:test/17..42",
    "stroke:2.5..%3C3",
    "!euler:-2",
]
COLUMNS = ["ink", "holes", "stroke", "split", "line", "symmetry_lr"]


def random_fragment(chance: random.Random) -> str:
    """A state, in the order in which the page writes its keys."""
    layout = chance.choice(["grid", "columns", "scatter"])
    tab = chance.choice(["DATASETS", "STATS", "ITEM", "RELATIONS", "TABLE"])
    pairs = [("tab", tab), ("dataset", "binarized_mnist"), ("v", "1")]
    if filters := chance.sample(FILTERS, chance.randrange(4)):
        pairs.append(("filter", ",".join(filters)))
    for key, signs in (("sort", ["", "-"]), ("group", [""]), ("color", [""])):
        if chance.random() < 0.5:
            pairs.append((key, chance.choice(signs) + chance.choice(COLUMNS)))
    if layout != "grid":
        pairs += [("layout", layout), ("x", chance.choice(COLUMNS))]
        pairs += [("y", chance.choice(COLUMNS))] * (layout == "scatter")
    if chance.random() < 0.5:
        pairs.append(("item", f"{chance.choice(['train', 'test'])}/{chance.randrange(10000)}"))
    if chance.random() < 0.5:
        pairs.append(("ink", "inverted"))
    if chance.random() < 0.5:
        pairs += [("down", chance.choice(COLUMNS)), ("across", chance.choice(COLUMNS))]
    return "&".join(f"{key}={value}" for key, value in pairs)


def seen(page: Page) -> dict[str, object]:
    """What a reader sees of the state."""
    pressed = page.locator(".top [aria-pressed=true], .toolbar [aria-pressed=true]").all_inner_texts()
    return {
        "status": page.locator("#status").inner_text().split(" · ")[0],
        "tab": page.get_by_role("tab", selected=True).inner_text(),
        "filters": page.locator("li.filter").all_inner_texts(),
        "pressed": pressed,
        "choices": page.locator(".toolbar select").evaluate_all("all => all.map(one => one.value)"),
        "panel": page.locator("#panel").inner_text(),
    }


def test_links_open_as_they_were(open_explorer: Open) -> None:
    """Random states: the page writes the link that it was given, and a reader sees the same in a fresh page."""
    chance = random.Random(7)
    page = open_explorer("#tab=STATS")
    fresh = page.context.new_page()
    address = page.url.partition("#")[0]
    for number in range(12):
        fragment = random_fragment(chance)
        page.evaluate("text => { location.hash = text }", fragment)
        page.wait_for_timeout(50)
        assert page.evaluate("location.hash.slice(1)") == fragment
        state = link_state(page)
        assert "&".join(f"{key}={value}" for key, value in state.items()) == fragment  # the page has not changed it
        if number % 3 == 0:
            fresh.goto("about:blank")
            fresh.goto(f"{address}#{fragment}")
            fresh.wait_for_selector("#status")
            assert seen(fresh) == seen(page)


def test_back_and_forward(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS&dataset=binarized_mnist")
    page.get_by_role("tab", name="Table").click()
    page.wait_for_timeout(200)
    page.get_by_role("button", name="train", exact=True).click()
    page.wait_for_timeout(200)
    assert count(page) == 20000
    page.go_back()
    wait_for_count(page, 70000)
    assert page.get_by_role("tab", selected=True).inner_text() == "Table"
    page.go_back()
    page.get_by_role("tab", name="Stats", selected=True).wait_for()
    page.go_forward()
    page.go_forward()
    wait_for_count(page, 20000)


def test_nonsense_is_ignored(open_explorer: Open) -> None:
    page = open_explorer("#tab=%3Cb%3E&filter=none:1,ink:x,,ink:90&sort=-none&view=a&item=test/99999&x=%zz&__proto__=1")
    assert page.get_by_role("tab", selected=True).inner_text() == "Stats"
    assert page.locator("li.filter span").all_inner_texts() == ["Ink: 90"]


@pytest.mark.parametrize("view", ["1e9,1e9,50", "0,0,1e-300", "-1e300,0,1e300"])
def test_a_view_of_nothing_shows_all(open_explorer: Open, view: str) -> None:
    page = open_explorer(f"#tab=STATS&view={view}")
    page.wait_for_selector("html[data-ready]", state="attached")
    shades = "one => new Set(one.getContext('2d').getImageData(0, 0, one.width, one.height).data).size"
    assert page.locator("canvas.pixels").evaluate(shades) > 20


def test_filters_on_all_pixels_act(open_explorer: Open, explorers: Any) -> None:
    bits = truth(explorers).bits
    blank = ~bits[:40].any(axis=0)  # of the first forty images
    places = np.argwhere(blank)
    assert len(places) > 255
    fragment = "#tab=STATS&filter=" + ",".join(f"ink@{x}.{y}:0" for y, x in places)
    page = open_explorer(fragment)
    wait_for_count(page, int((~bits[:, blank].any(axis=1)).sum()))
    assert page.locator("li.filter span").all_inner_texts() == [f"{len(places)} pixels: {len(places)} blank"]
    page.get_by_role("button", name=re.compile("^Remove: ")).click()
    wait_for_count(page, 70_000)


def test_rows_chosen_in_python_do_not_come_back_with_a_link(browser: Any, explorers: Any) -> None:
    """A link that the page wrote says everything: without filters all images are shown."""
    explored = explorers.builder("calibrated_digits").as_dataset("test")[:100].explore(inline=False)
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(explored.address)
        wait_for_count(page, 100)
        page.get_by_role("button", name="Clear all").click()
        wait_for_count(page, 70_000)
        page.wait_for_timeout(250)
        assert "filter" not in page.url
        page.reload()
        wait_for_count(page, 70_000)
        page.goto("about:blank")
        page.goto(f"{explored.address}#tab=STATS&dataset=calibrated_digits")  # a link that a person wrote
        wait_for_count(page, 100)
    finally:
        context.close()
        explored.close()


def test_the_copied_link_opens_the_same(open_explorer: Open) -> None:
    page = open_explorer("#tab=TABLE&filter=ink:80..120&sort=-ink", permissions=["clipboard-read", "clipboard-write"])
    page.locator(".tools").get_by_role("button", name="Copy link").click()
    page.get_by_text("Copied the link.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    other = page.context.new_page()
    other.goto(copied)
    other.wait_for_selector("#status")
    assert seen(other) == seen(page)


@pytest.mark.parametrize("form", ["file", "folder"])
def test_links_work_without_our_server(open_explorer: Open, form: str) -> None:
    page = open_explorer("#tab=STATS&filter=split:test", form=form)
    page.wait_for_selector("#status")
    assert count(page) == 10000
    page.get_by_role("tab", name="Table").click()
    assert link_state(page) == {"tab": "TABLE", "dataset": "binarized_mnist", "v": "1", "filter": "split:test"}
