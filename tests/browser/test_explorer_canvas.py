"""The canvas of all images: what it shows is what NumPy has, and pointer and keyboard go where they should."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from onebit.explorer import shapes
from onebit.explorer.contents import contents, opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
Until = Callable[["Page", str], None]
pytestmark = pytest.mark.real_data


class Real(NamedTuple):
    """The real data as the page gets them."""

    bits: NDArray[np.uint8]  # n, 28, 28
    measured: dict[str, NDArray[Any]]
    splits: list[dict[str, Any]]

    def name(self, row: int) -> str:
        split = next(split for split in self.splits if row < split["stop"])
        ink, holes = self.measured["ink"][row], self.measured["holes"][row]
        return f"{split['name']} {row - split['start']:,}, ink {ink}, {holes} hole{'' if holes == 1 else 's'}"


@pytest.fixture(scope="module")
def real(explorers: Any) -> Real:
    found = contents(opened(explorers.builder("binarized_mnist")))
    packed = np.frombuffer(found.pixels, np.uint8).reshape(-1, 98)
    bits = np.unpackbits(packed, axis=1).reshape(-1, 28, 28)
    return Real(bits, shapes.measured(packed, 28, 28), found.manifest["splits"])


def ready(open_explorer: Open, fragment: str, **more: Any) -> Page:
    page = open_explorer(fragment, **more)
    page.wait_for_selector("html[data-ready]")
    return page


def settled(page: Page) -> None:
    page.evaluate("(async () => { for (let at = 0; at < 4; at++) await new Promise(requestAnimationFrame) })()")


def label(page: Page) -> str:
    return page.get_attribute("#active-image", "aria-label") or ""


def ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def middle_of(page: Page) -> tuple[float, float]:
    box = page.locator(".stage").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("form", ["server", "file"])
def test_an_enlarged_image_is_that_of_the_data(open_explorer: Open, real: Real, form: str) -> None:
    """Three device pixels to a bit; the middle one of each is compared, for the images around one that is known."""
    page = ready(
        open_explorer, "#tab=TABLE&sort=-ink&view=100,50,84", form=form, query="?renderer=cpu", color_scheme="light"
    )
    settled(page)
    order = np.argsort(-real.measured["ink"].astype(int), kind="stable")
    across = int(page.get_attribute(".stage", "aria-colcount") or 0)
    pixels = np.asarray(Image.open(io.BytesIO(page.locator(".pixels").screenshot())).convert("L"))
    for line in range(3):
        for column in range(4):
            image = real.bits[order[(50 + line) * across + 100 + column]]
            seen = pixels[84 * line + 1 : 84 * line + 84 : 3, 84 * column + 1 : 84 * column + 84 : 3]
            assert np.array_equal(seen < 128, image == 1)


def test_keys_go_from_image_to_image(open_explorer: Open, until: Until, real: Real) -> None:
    page = ready(open_explorer, "#tab=STATS")
    across, down = (int(page.get_attribute(".stage", f"aria-{which}count") or 0) for which in ("col", "row"))
    assert across * (down - 1) < 70_000 <= across * down

    def at(row: int) -> str:
        return f"{real.name(row)}, {ordinal(row + 1)} of 70,000"

    page.focus(".stage")
    assert label(page) == at(0)
    for key, row in [
        ("ArrowRight", 1),
        ("ArrowDown", across + 1),
        ("ArrowLeft", across),
        ("ArrowLeft", across - 1),  # the end of the line before
        ("ArrowUp", across - 1),
        ("Home", 0),
        ("End", across - 1),
        ("Control+End", 69_999),
        ("PageUp", 69_999 - 69_999 // across * across),
    ]:
        page.keyboard.press(key)
        assert label(page) == at(row), key
    page.keyboard.press("Space")
    assert page.text_content("#chosen") == "1 chosen"
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert page.text_content("#chosen") == "3 chosen"
    page.keyboard.press("Enter")
    until(page, "location.hash.includes('tab=ITEM') && location.hash.includes('item=train/')")


def test_keys_zoom_and_the_active_image_stays_in_sight(open_explorer: Open, until: Until) -> None:
    page = ready(open_explorer, "#tab=STATS&filter=split:test")
    page.focus(".stage")
    for key in ["ArrowDown"] * 3 + ["+"] * 6:
        page.keyboard.press(key)
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    settled(page)
    ring, stage = page.locator("#active-image").bounding_box(), page.locator(".stage").bounding_box()
    assert ring is not None and stage is not None
    assert stage["y"] <= ring["y"] and ring["y"] + ring["height"] <= stage["y"] + stage["height"]
    assert ring["height"] > 60
    until(page, "location.hash.includes('view=')")
    page.keyboard.press("0")
    until(page, "!location.hash.includes('view=')")


def test_the_pointer_shows_and_opens_the_image_under_it(open_explorer: Open, until: Until, real: Real) -> None:
    page = ready(open_explorer, "#tab=STATS&view=0,0,50")
    across = int(page.get_attribute(".stage", "aria-colcount") or 0)
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 125, box["y"] + 75)
    assert page.text_content(".tooltip p") == real.name(across + 2)
    page.mouse.click(box["x"] + 125, box["y"] + 75)
    until(page, f"location.hash.includes('item=train/{across + 2}')")
    page.mouse.move(0, 0)
    assert page.locator(".tooltip").count() == 0


def test_ranges_and_bands_are_chosen(open_explorer: Open) -> None:
    page = ready(open_explorer, "#tab=STATS&view=0,0,50")
    box = page.locator(".stage").bounding_box()
    assert box is not None
    x, y = box["x"], box["y"]
    page.keyboard.down("Control")
    page.mouse.click(x + 25, y + 25)
    page.keyboard.up("Control")
    assert page.text_content("#chosen") == "1 chosen"
    page.keyboard.down("Shift")
    page.mouse.click(x + 225, y + 25)
    assert page.text_content("#chosen") == "5 chosen"
    page.mouse.move(x + 60, y + 110)
    page.mouse.down()
    page.mouse.move(x + 240, y + 240, steps=4)
    assert page.locator(".band").is_visible()
    page.mouse.up()
    page.keyboard.up("Shift")
    assert page.text_content("#chosen") == f"{5 + 4 * 3} chosen"
    page.click("[aria-label='Drag to choose images']")
    page.mouse.move(x + 10, y + 310)
    page.mouse.down()
    page.mouse.move(x + 90, y + 340, steps=4)
    page.mouse.up()
    assert page.text_content("#chosen") == "2 chosen"


def drawn_around(page: Page, outline: list[tuple[float, float]]) -> None:
    """Draws a line with the mouse, corners from the left top corner of the stage."""
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + outline[0][0], box["y"] + outline[0][1])
    page.mouse.down()
    for x, y in outline[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y)
    assert page.locator(".lasso").is_visible()
    page.mouse.up()


def inside(points: NDArray[Any], outline: list[tuple[float, float]]) -> NDArray[np.bool_]:
    """Which points, ``(n, 2)``, an outline encloses an odd number of times."""
    found = np.zeros(len(points), bool)
    for (x1, y1), (x2, y2) in zip(outline, outline[1:] + outline[:1], strict=True):
        crosses = (y1 > points[:, 1]) != (y2 > points[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            found ^= crosses & (points[:, 0] < x1 + (points[:, 1] - y1) / np.float64(y2 - y1) * (x2 - x1))
    return found


def test_a_line_drawn_by_hand_chooses_what_is_inside(open_explorer: Open, until: Until) -> None:
    page = ready(open_explorer, "#tab=STATS&view=20.25,30.5,4")
    page.click("[aria-label='Draw around images']")
    across = int(page.get_attribute(".stage", "aria-colcount") or 0)
    rows = np.arange(70_000)
    middles = np.stack([4 * (rows % across + 0.5 - 20.25), 4 * (rows // across + 0.5 - 30.5)], 1)
    outline = [
        (60.0, 50.0),
        (400.0, 90.0),
        (330.0, 300.0),
        (210.0, 160.0),
        (90.0, 380.0),
        (250.0, 420.0),
        (30.0, 200.0),
    ]
    drawn_around(page, outline)
    wanted = inside(middles, outline)
    assert 1000 < wanted.sum() < 10_000
    assert page.text_content("#chosen") == f"{wanted.sum():,} chosen"
    page.get_by_role("button", name="Export chosen").click()
    text = page.locator("#export-positions").input_value()
    assert text.split("\n")[:3] == [f"train/{row}" for row in np.flatnonzero(wanted)[:3]]
    page.keyboard.press("Escape")
    more = [(500.0, 300.0), (560.0, 300.0), (560.0, 360.0), (500.0, 360.0)]
    page.keyboard.down("Shift")
    drawn_around(page, more)
    page.keyboard.up("Shift")
    both = wanted | inside(middles, more)
    assert page.text_content("#chosen") == f"{both.sum():,} chosen"
    page.get_by_role("button", name="Show only these").click()
    until(page, f"document.querySelector('#status b').textContent === '{both.sum():,}'")


def places(values: NDArray[np.float32], cells: int) -> NDArray[np.int64]:
    """Along an axis of so many cells, the cell of each value: the lowest and highest stand a margin from the ends."""
    margin = cells // 25
    least, most = float(values.min()), float(values.max())
    return (margin + 0.5 + (values.astype(float) - least) * ((cells - 1 - 2 * margin) / (most - least))).astype(int)


def cells_of(
    x: NDArray[np.float32], y: NDArray[np.float32], across: int, down: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and line of every image in a scatter: its own or, where that is taken, the nearest that is free."""
    columns, lines = places(x, across), down - 1 - places(y, down)
    n = len(x)
    step = max(1, int(n * 0.618))
    while math.gcd(step, n) != 1:
        step += 1
    taken = np.zeros((down, across), bool)
    for image in np.arange(n) * step % n:  # without a sort, images that are neighbours in the data come far apart
        column, line, reach = columns[image], lines[image], 1
        while True:
            top, left = max(line - reach, 0), max(column - reach, 0)
            free = np.argwhere(~taken[top : line + reach + 1, left : column + reach + 1]) + np.array([top, left])
            away, aside = (free - np.array([line, column])).T
            squares = away**2 + aside**2
            if squares.size and squares.min() <= reach**2:
                break
            reach *= 2
        # Of equally near ones: in its own line, else below before above; to the right before to the left.
        best = free[np.lexsort((aside < 0, away < 0, abs(away), squares))[0]]
        lines[image], columns[image] = best
        taken[tuple(best)] = True
    return columns, lines


def components_of(bits: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The first two principal components, ``(n, 2)``; the largest weight of each is positive."""
    pixels = bits.reshape(len(bits), -1).astype(np.float32)
    common = (pixels.T @ pixels).astype(float)  # whole numbers below 2**24: exact
    means = pixels.mean(0, dtype=float)
    vectors = np.linalg.eigh(common / len(bits) - np.outer(means, means))[1][:, :-3:-1]
    vectors *= np.sign(vectors[abs(vectors).argmax(0), [0, 1]])
    return (pixels @ vectors.astype(np.float32)).astype(np.float32)


@pytest.mark.parametrize("layout", ["scatter", "map"])
def test_a_line_around_a_part_of_a_cloud_chooses_it(
    open_explorer: Open, until: Until, real: Real, layout: str, tmp_path: Path
) -> None:
    """What is inside is what NumPy finds there, which lays out the same 10,000 images by itself."""
    fragment = f"#tab=STATS&filter=split:test&layout={layout}" + "&x=ink&y=stroke" * (layout == "scatter")
    page = ready(open_explorer, fragment, accept_downloads=True)
    if layout == "map":
        page.wait_for_selector(".axis.beside", timeout=120_000)
    settled(page)
    across, down = (int(page.get_attribute(".stage", f"aria-{which}count") or 0) for which in ("col", "row"))
    box = page.locator(".stage").bounding_box()
    assert box is not None
    size = round(min(box["width"] / across, box["height"] / down), 4)  # pixels to a cell: all cells are on the stage
    page.evaluate("text => { location.hash = text }", f"{fragment[1:]}&view=0,0,{size}")
    until(page, f"location.hash.includes('view=0,0,{size}')")
    settled(page)
    if layout == "map":
        x, y = components_of(real.bits)[60_000:].T
    else:
        x, y = (real.measured[name][60_000:].astype(np.float32) for name in ("ink", "stroke"))
    columns, lines = cells_of(x, y, across, down)
    middles = size * np.stack([columns + 0.5, lines + 0.5], 1)
    cx, cy = np.median(middles, 0)
    outline = [(cx + dx, cy + dy) for dx, dy in ((-95, -60), (20, -75), (110, 10), (0, -20), (30, 80), (-70, 70))]
    page.click("[aria-label='Draw around images']")
    drawn_around(page, outline)
    page.get_by_role("button", name="Export chosen").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save slice.json").click()
    waiting.value.save_as(tmp_path / "slice.json")
    chosen = np.zeros(10_000, bool)
    chosen[json.loads((tmp_path / "slice.json").read_text())["indices"]["test"]] = True
    wanted = inside(middles, outline)
    assert 500 < wanted.sum() < 8000
    if layout == "scatter":
        assert np.array_equal(chosen, wanted)
        return
    # The last digit of a component may put an image into the next cell, and others beside it.
    edge = np.zeros(10_000, bool)
    for dx in (-2, 0, 2):
        for dy in (-2, 0, 2):
            edge |= inside(middles + np.array([size * dx, size * dy]), outline) != wanted
    assert (chosen == wanted)[~edge].all() and (chosen != wanted).sum() < 0.02 * wanted.sum()


def test_the_wheel_zooms_and_dragging_moves(open_explorer: Open, until: Until) -> None:
    page = ready(open_explorer, "#tab=STATS")
    x, y = middle_of(page)
    page.mouse.move(x, y)
    for _ in range(6):
        page.mouse.wheel(0, -300)
    until(page, "location.hash.includes('view=')")
    page.wait_for_timeout(300)

    def view() -> list[float]:
        found = re.search(r"view=([-\d.e,]+)", page.url)
        assert found is not None
        return [float(number) for number in found[1].split(",")]

    before = view()
    page.mouse.down()
    page.mouse.move(x - 100, y - 50, steps=4)
    page.mouse.up()
    until(page, f"!location.hash.includes('view={before[0]}')")
    page.wait_for_timeout(300)
    after = view()
    assert after[2] == before[2] > 20
    assert after[0] - before[0] == pytest.approx(100 / before[2], rel=0.02)
    assert after[1] - before[1] == pytest.approx(50 / before[2], rel=0.04)
    page.click("[aria-label='All images']")
    until(page, "!location.hash.includes('view=')")


def test_groups_have_headings_with_their_counts(open_explorer: Open, real: Real) -> None:
    page = ready(open_explorer, "#tab=TABLE&group=holes&filter=split:test")
    holes = real.measured["holes"][60_000:]
    shown = dict(
        re.findall(
            r"Holes: (\S+(?: to \S+)?) ([\d,]+)",
            " ".join(page.locator(".headings p").all_inner_texts()).replace("\n", " "),
        )
    )
    for number in range(5):
        assert shown[str(number)] == f"{(holes == number).sum():,}"


def test_a_filter_shows_the_whole_selection_again(open_explorer: Open, until: Until) -> None:
    page = ready(open_explorer, "#tab=STATS&view=10,10,50")
    page.get_by_role("button", name="test", exact=True).first.click()
    until(page, "location.hash.includes('filter=')")
    until(page, "!location.hash.includes('view=')")
