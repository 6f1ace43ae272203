"""The mean image of a selection, and the mean of those with ink at a pixel, equal NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onebit.explorer.contents import contents, opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
Until = Callable[["Page", str], None]
pytestmark = pytest.mark.real_data

PAPER, INK = 255, 23  # of the light page's images, red


@pytest.fixture(scope="module")
def bits(explorers: Any) -> NDArray[np.uint8]:
    found = contents(opened(explorers.builder("binarized_mnist")))
    return np.unpackbits(np.frombuffer(found.pixels, np.uint8).reshape(-1, 98), axis=1)


def ready(open_explorer: Open, fragment: str) -> Page:
    page = open_explorer(fragment, color_scheme="light")
    page.wait_for_selector("html[data-ready]")
    return page


def drawn(page: Page) -> NDArray[np.int64]:
    """The shades of the image, as they are on the canvas."""
    read = "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data.filter((_, at) => at % 4 === 0)]"
    return np.array(page.locator(".pixel-grid canvas").evaluate(read))


def shade(mean: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.floor(PAPER + (INK - PAPER) * mean + 0.5).astype(np.int64)


def point_at(page: Page, x: int, y: int) -> tuple[float, float]:
    box = page.locator(".pixel-grid canvas").bounding_box()
    assert box is not None
    place = box["x"] + (x + 0.5) * box["width"] / 28, box["y"] + (y + 0.5) * box["height"] / 28
    page.mouse.move(*place)
    return place


def numbers(page: Page) -> NDArray[np.float64]:
    cells = page.locator(".mean-image .numbers tbody td").all_inner_texts()
    return np.array([float(text) for text in cells])


def test_statistics_of_a_selection(open_explorer: Open, bits: NDArray[np.uint8]) -> None:
    page = ready(open_explorer, "#tab=STATS&filter=split:test,ink:80..120")
    test = bits[60_000:]
    ink = test.sum(axis=1)
    mean = test[(ink >= 80) & (ink <= 120)].mean(axis=0)
    assert np.array_equal(drawn(page), shade(mean))
    page.click(".mean-image summary")
    page.wait_for_selector(".mean-image .numbers")
    assert np.abs(numbers(page) - mean).max() <= 0.0005 + 1e-9
    page.get_by_role("button", name="Entropy").click()
    inside = np.clip(mean, 1e-300, 1 - 1e-16)
    entropy = -(mean * np.log2(inside) + (1 - mean) * np.log2(1 - inside))
    assert np.abs(numbers(page) - entropy).max() <= 0.0005 + 1e-9
    page.get_by_role("button", name="Variance").click()
    assert np.abs(numbers(page) - mean * (1 - mean)).max() <= 0.0005 + 1e-9


def test_pointing_at_a_pixel_shows_the_mean_given_its_ink(
    open_explorer: Open, until: Until, bits: NDArray[np.uint8]
) -> None:
    page = ready(open_explorer, "#tab=STATS")
    assert np.array_equal(drawn(page), shade(bits.mean(axis=0)))
    for x, y in [(14, 14), (9, 20), (20, 7)]:
        given = bits[bits[:, 28 * y + x] == 1]
        point_at(page, x, y)
        until(page, f"document.querySelector('.mean-image .line').textContent.includes('{len(given):,} images')")
        assert np.array_equal(drawn(page), shade(given.mean(axis=0)))
    page.mouse.move(0, 0)
    until(page, "!document.querySelector('.mean-image .line').textContent.includes('Given')")
    assert np.array_equal(drawn(page), shade(bits.mean(axis=0)))


def test_a_click_makes_the_pixel_a_filter(open_explorer: Open, until: Until, bits: NDArray[np.uint8]) -> None:
    page = ready(open_explorer, "#tab=STATS")
    plane = bits[:, 28 * 14 + 14] == 1
    place = point_at(page, 14, 14)
    for text, count in [("ink@14.14:1", plane.sum()), ("ink@14.14:0", (~plane).sum()), (None, len(bits))]:
        page.mouse.click(*place)
        until(page, f"document.querySelector('#status b').textContent === '{count:,}'")
        until(page, f"location.hash.includes('{text}')" if text else "!location.hash.includes('ink@')")
    page.mouse.move(0, 0)
    assert np.array_equal(drawn(page), shade(bits.mean(axis=0)))


def test_pixels_by_keyboard(open_explorer: Open, until: Until, bits: NDArray[np.uint8]) -> None:
    page = ready(open_explorer, "#tab=STATS")
    page.focus(".pixel-grid")
    for key in ["ArrowUp", "ArrowUp", "ArrowRight"]:
        page.keyboard.press(key)
    plane = bits[:, 28 * 12 + 15]
    expected = f"Column 15, row 12: ink in {plane.sum():,} of 70,000 images, {100 * plane.mean():.1f} %"
    assert page.get_attribute("#active-pixel", "aria-label") == expected
    assert np.array_equal(drawn(page), shade(bits[plane == 1].mean(axis=0)))
    page.keyboard.press("Enter")
    until(page, "location.hash.includes('ink@15.12:1')")
    assert (page.get_attribute("#active-pixel", "aria-label") or "").endswith("100.0 %, must be ink")
