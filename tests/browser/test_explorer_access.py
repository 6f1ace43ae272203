"""By keyboard alone, for screen readers, on a phone, in both themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from explorer_reading import count, link_state, violations, wait_for_count

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.real_data

Open = Callable[..., "Page"]

TABS = ["DATASETS", "STATS", "ITEM", "RELATIONS", "COMPARE", "AUDIT", "DRAW", "SAMPLES", "ORDER", "TABLE"]
PHONE = {"width": 360, "height": 740}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_explorer: Open, theme: Any) -> None:
    page = open_explorer("#tab=STATS&filter=ink:80..120&item=test/42", color_scheme=theme)
    for tab in TABS:
        page.get_by_role("tab", name=tab.capitalize()).click()
        page.evaluate("for (const one of [...document.querySelectorAll('details')].slice(0, 3)) one.open = true")
        assert (tab, violations(page)) == (tab, [])
    for key in ("?", "Control+k", "f", "e", "/"):
        page.keyboard.press(key)
        page.get_by_role("dialog").wait_for()
        assert (key, violations(page)) == (key, [])
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")


def test_a_tour_by_keyboard_alone(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS")
    page.wait_for_selector("#status")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the images"
    tabs = page.get_by_role("tab").all_inner_texts()
    for title in tabs[2:5]:
        page.keyboard.press("]")
        assert page.get_by_role("tab", selected=True).inner_text() == title
    assert link_state(page)["tab"] == tabs[4].upper()
    for _ in range(3):
        page.keyboard.press("[")
    slider = page.get_by_role("slider", name="Holes: choose bars")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert slider.get_attribute("aria-valuetext").startswith("1 to 2: ")
    page.keyboard.press("Enter")
    assert link_state(page)["filter"] == "holes:1..2"
    page.keyboard.press("Delete")
    assert count(page) == 70000
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("combobox").or_(page.locator("dialog input")).first.wait_for()
    page.keyboard.type("only test")
    page.keyboard.press("Enter")
    wait_for_count(page, 10000)
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("#chosen").inner_text() == "1 chosen"
    page.keyboard.press("Escape")
    assert page.locator("#chosen").count() == 0
    page.keyboard.press("i")
    assert link_state(page)["ink"] == "inverted"
    page.keyboard.press("s")
    assert page.evaluate("document.activeElement.id") == "sort"


def test_every_key_of_the_list_is_listed_once(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS")
    page.wait_for_selector("#status")
    page.keyboard.press("?")
    keys = page.locator("dialog table").first.locator("kbd").all_inner_texts()
    assert len(keys) == len(set(keys)) and {"J", "K", "X", "F", "E", "S", "G", "I", "D", "/", "?", "Enter"} <= set(keys)
    page.get_by_label("Keys of a single letter act").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    assert "ink" not in link_state(page)


@pytest.mark.parametrize("tab", TABS)
def test_fits_a_phone(open_explorer: Open, tab: str) -> None:
    page = open_explorer(f"#tab={tab}&filter=ink:80..120&item=test/42", viewport=PHONE)
    page.wait_for_selector("#status")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_targets_are_large_enough(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS&filter=ink:80..120&item=test/42")
    for tab in TABS:
        page.get_by_role("tab", name=tab.capitalize()).click()
        small = page.locator("button:visible, select:visible, input:visible, summary:visible").evaluate_all(
            "all => all.map(one => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])"
            ".filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"
        )
        assert (tab, small) == (tab, [])


def test_the_theme_is_kept_and_is_not_the_ink(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS", color_scheme="light")
    page.wait_for_selector("#status")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 254, 251)"
    page.keyboard.press("d")
    assert page.evaluate(paper) == "rgb(19, 19, 22)"
    assert "ink" not in link_state(page)
    page.reload()
    page.wait_for_selector("#status")
    assert page.evaluate(paper) == "rgb(19, 19, 22)"


def test_names_of_strangers_are_text(open_explorer: Open) -> None:
    page = open_explorer("#tab=%3Cimg%20src=x%3E&dataset=%3Cscript%3E&filter=%3Cb%3E:1", name="calibrated_digits")
    page.wait_for_selector("#status")
    assert page.locator("#onebit-explorer script, #onebit-explorer img").count() == 0
