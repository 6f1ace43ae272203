"""Item: an image's features, picture, neighbours in the order, link and code."""

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


def test_the_picture_is_the_image(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    page = open_explorer("#tab=ITEM&item=test/42", color_scheme="light")
    for inverted in (False, True):
        drawn = page.locator(".portrait > canvas").evaluate(
            "one => [...one.getContext('2d').getImageData(0, 0, one.width, one.height).data]"
        )
        grey = np.array(drawn).reshape(28, 28, 4)[..., 0]
        assert np.array_equal(grey > 128 if inverted else grey < 128, data.bits[60042] == 1)
        page.get_by_role("button", name="Invert").click()


def test_the_nats_of_its_pixels_are_those_of_the_baseline(open_explorer: Open, explorers: Any) -> None:
    """Independent pixels, as often ink as in train; orange is ink, blue is blank, full colour is what takes most."""
    data = truth(explorers)
    page = open_explorer("#tab=ITEM&item=test/42", color_scheme="light")
    share = (data.bits[:50_000].sum(0, dtype=np.int64) + 0.5) / 50_001
    ink = data.bits[60_042] == 1
    nats = -np.log(np.where(ink, share, 1 - share))
    figure = page.locator(".surprise")
    assert float(figure.get_attribute("data-nats") or "") == pytest.approx(nats.sum(), rel=1e-9)
    assert nats.sum() == pytest.approx(data.values["nats_bernoulli"][60_042], abs=1e-3)
    drawn = figure.locator("canvas").evaluate(
        "one => [...one.getContext('2d').getImageData(0, 0, one.width, one.height).data]"
    )
    colours = np.array(drawn).reshape(28, 28, 4)[..., :3].astype(float)
    strongest = np.where(ink[..., None], [213, 94, 0], [0, 114, 178])
    assert np.abs(colours - (255 + (nats / nats.max())[..., None] * (strongest - 255))).max() <= 0.51


def test_features_and_places(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    page = open_explorer("#tab=ITEM&item=test/42")
    for name in ("ink", "holes", "perimeter", "symmetry_lr", "line"):
        cells = page.locator(f"tr[data-column={name}] td").all_inner_texts()
        values, own = data.values[name], data.values[name][60042]
        assert int(cells[0].split()[0].replace(",", "")) == own
        below = ((values < own).sum() + (values == own).sum() / 2) / len(values)
        assert float(cells[1].removesuffix(" %")) == pytest.approx(100 * below, abs=0.051)


def test_next_and_previous_follow_the_order(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    order = np.argsort(-data.values["ink"][60000:], kind="stable")
    page = open_explorer("#tab=ITEM&filter=split:test&sort=-ink")
    page.get_by_role("button", name="Show the first image").click()
    for step in range(3):
        assert page.locator(".item-head h3").inner_text() == f"test {order[step]}"
        assert f"{step + 1} of 10,000" in page.locator(".item-head").inner_text()
        page.get_by_role("button", name="Next").click()
    assert link_state(page)["item"] == f"test/{order[3]}"
    page.keyboard.press("k")
    assert page.locator(".item-head h3").inner_text() == f"test {order[2]}"


def test_the_code_gives_the_image(open_explorer: Open, explorers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = truth(explorers)
    page = open_explorer("#tab=ITEM&item=validation/9999")
    code = page.locator("#panel pre.code").text_content()
    monkeypatch.setenv("ONEBIT_DATA_DIR", str(explorers.data_dir))
    names: dict[str, Any] = {}
    exec(code, names)
    assert np.array_equal(names["image"][..., 0], data.bits[59999])


def test_a_value_leads_to_those_like_it(open_explorer: Open, explorers: Any) -> None:
    data = truth(explorers)
    page = open_explorer("#tab=ITEM&item=test/42")
    page.locator("tr[data-column=holes] button").click()
    holes = data.values["holes"]
    assert page.locator("#status b").inner_text() == f"{(holes == holes[60042]).sum():,}"


def test_go_to_an_image(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS")
    page.wait_for_selector("#status")
    page.keyboard.press("/")
    field = page.get_by_label("Split and position")
    field.fill("test/10000")
    page.keyboard.press("Enter")
    assert "test/0 to test/9999" in page.get_by_role("alert").inner_text()
    field.fill("test 123")
    page.keyboard.press("Enter")
    assert page.locator(".item-head h3").inner_text() == "test 123"
