"""Both renderers draw the same pixels; the page takes the one that is faster, and the other where that fails."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]

# From all images at once to a few bits on the whole screen; every layout, colours, both polarities.
FRAGMENTS = [
    "#tab=TABLE",
    "#tab=TABLE&group=holes&color=holes",
    "#tab=TABLE&layout=columns&x=ink&sort=stroke&color=split&ink=inverted",
    "#tab=TABLE&layout=scatter&x=ink&y=centroid_x&color=stroke",
    *[
        f"#tab=TABLE&sort=-ink&color=split&view=10.37,20.21,{scale}"
        for scale in (1.3, 4.4, 7.1, 13.3, 14.2, 27.9, 28, 39.9, 61.7)
    ],
    "#tab=TABLE&filter=ink:60..90&view=3.5,2.25,1033",
    "#tab=TABLE&filter=ink:0..3",
]


def seen(page: Page) -> NDArray[np.uint8]:
    """What the canvas shows, without what lies over it."""
    page.evaluate(
        """() => {
          const [style] = document.styleSheets;
          const hidden = '.room > :not(.stage), .ring { visibility: hidden !important; }';
          if (style.cssRules[0].cssText.includes('.room') === false) style.insertRule(hidden, 0);
        }"""
    )
    return np.asarray(Image.open(io.BytesIO(page.locator(".pixels").screenshot())).convert("RGB"))


def go(page: Page, fragment: str) -> None:
    """Goes to another state of the page, and waits until it is drawn."""
    page.evaluate(
        """async (fragment) => {
          const frame = () => new Promise(requestAnimationFrame);
          performance.clearMeasures('frame');
          location.hash = fragment;
          for (let at = 0; at < 300 && performance.getEntriesByName('frame').length === 0; at++) await frame();
          for (let at = 0; at < 4; at++) await frame();
        }""",
        fragment,
    )


def opened(open_explorer: Open, renderer: str, **more: Any) -> Page:
    page = open_explorer("#tab=TABLE", query=f"?renderer={renderer}", viewport={"width": 1100, "height": 600}, **more)
    page.wait_for_selector("html[data-ready]")
    assert page.get_attribute(".pixels", "data-renderer") == renderer
    return page


@pytest.mark.real_data
def test_the_renderers_draw_the_same_pixels(open_explorer: Open) -> None:
    pages = [opened(open_explorer, renderer, color_scheme="dark") for renderer in ("cpu", "webgl")]
    pictures = []
    for fragment in FRAGMENTS:
        drawn = []
        for page in pages:
            go(page, fragment)
            drawn.append(seen(page))
        assert drawn[0].shape == drawn[1].shape
        assert np.array_equal(*drawn), f"{fragment}: {(drawn[0] != drawn[1]).any(axis=2).sum()} pixels differ"
        pictures.append(drawn[0])
    different = [len(np.unique(picture[2:-2, 2:-2].reshape(-1, 3), axis=0)) > 1 for picture in pictures]
    assert different == [True] * (len(FRAGMENTS) - 1) + [False]  # no image has so little ink
    assert len({picture.tobytes() for picture in pictures}) == len(FRAGMENTS)


def test_imitated_graphics_are_not_used(open_explorer: Open) -> None:
    page = open_explorer(name="calibrated_digits")
    page.wait_for_selector("html[data-ready]")
    assert page.get_attribute(".pixels", "data-renderer") == "cpu"


def test_a_lost_graphics_card_is_done_without(open_explorer: Open, watch: Any) -> None:
    page = opened(open_explorer, "webgl", name="calibrated_digits")
    before = seen(page)
    page.evaluate(
        "document.querySelector('.pixels').getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()"
    )
    page.wait_for_selector(".pixels[data-renderer=cpu]")
    page.wait_for_selector("html[data-ready]")
    assert np.array_equal(seen(page), before)
    assert all("CONTEXT_LOST" in text for text in watch.complaints)
    watch.complaints.clear()


def test_all_sizes_of_screen_pixels(open_explorer: Open) -> None:
    """With two device pixels to a CSS pixel both renderers draw twice as finely, and the same."""
    pages = [
        opened(open_explorer, renderer, name="calibrated_digits", device_scale_factor=2)
        for renderer in ("cpu", "webgl")
    ]
    width, height = pages[0].evaluate("(({width, height}) => [width, height])(document.querySelector('.pixels'))")
    box = pages[0].locator(".room").bounding_box()
    assert box is not None and (width, height) == (round(2 * box["width"]), round(2 * box["height"]))
    assert np.array_equal(*[seen(page) for page in pages])
