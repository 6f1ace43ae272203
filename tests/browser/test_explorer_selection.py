"""Selections leave the page as split text, Python, JSON, .npy and PNG, and Python reads the same images."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from explorer_reading import count, truth

import onebit

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.real_data

Open = Callable[..., "Page"]

FRAGMENT = "#tab=TABLE&filter=ink:80..82,split:test&sort=-stroke"


def images(dataset: Any) -> Any:
    return np.stack([example["image"] for example in dataset])[..., 0]


def saved(page: Page, name: str, room: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Save {name}").click()
    assert waiting.value.suggested_filename == name
    waiting.value.save_as(room / name)
    return room / name


def test_files(open_explorer: Open, explorers: Any, tmp_path: Path) -> None:
    data = truth(explorers)
    ink, stroke = data.values["ink"], data.values["stroke"]
    rows = np.flatnonzero((ink >= 80) & (ink <= 82) & data.split("test"))
    rows = rows[np.argsort(-stroke[rows], kind="stable")]
    page = open_explorer(FRAGMENT, accept_downloads=True)
    page.get_by_role("button", name="Export selection").click()

    path = saved(page, "slice.json", tmp_path)
    written = json.loads(path.read_text())
    assert written["indices"] == {"test": (rows - 60000).tolist()}
    loaded = onebit.load("binarized_mnist", select=path, data_dir=explorers.data_dir)
    assert np.array_equal(images(loaded), data.bits[rows])

    array = np.load(saved(page, "slice.npy", tmp_path), allow_pickle=False)
    assert array.dtype == np.uint8 and np.array_equal(array[..., 0], data.bits[rows])

    from PIL import Image

    picture = Image.open(io.BytesIO(saved(page, "slice.png", tmp_path).read_bytes()))
    sheet = np.asarray(picture)
    across = int(np.ceil(np.sqrt(len(rows))))
    assert picture.mode == "1" and sheet.shape[1] == 2 + 30 * across
    for number in (0, 1, across, len(rows) - 1):
        top, left = 2 + 30 * (number // across), 2 + 30 * (number % across)
        assert np.array_equal(~sheet[top : top + 28, left : left + 28], data.bits[rows[number]] == 1)


def test_texts(open_explorer: Open, explorers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = truth(explorers)
    page = open_explorer("#tab=TABLE&filter=rows:test/17;test/40..42;train/5")
    page.get_by_role("button", name="Export selection").click()
    split = page.get_by_label("Split text").input_value()
    assert split == "train[5:6]+test[17:18]+test[40:43]"
    expected = data.bits[[5, 60017, 60040, 60041, 60042]]
    assert np.array_equal(images(onebit.load("binarized_mnist", split=split, data_dir=explorers.data_dir)), expected)
    monkeypatch.setenv("ONEBIT_DATA_DIR", str(explorers.data_dir))
    names: dict[str, Any] = {}
    exec(page.get_by_label("Python").input_value(), names)
    assert np.array_equal(images(names["ds"]), expected)
    assert page.get_by_label("Positions").input_value().split() == [
        "train/5",
        *(f"test/{number}" for number in (17, 40, 41, 42)),
    ]


def test_choosing_and_names(open_explorer: Open) -> None:
    page = open_explorer("#tab=TABLE&filter=split:test")
    for number in (3, 1):
        page.get_by_role("checkbox", name=f"Choose test {number}", exact=True).check()
    assert page.locator("#chosen").inner_text() == "2 chosen"
    page.get_by_role("button", name="Export chosen").click()
    assert page.get_by_label("Split text").input_value() == "test[1:2]+test[3:4]"
    page.get_by_label("Name").fill("odd ones <b>")
    page.get_by_role("button", name="Keep in this browser").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show only these").click()
    assert count(page) == 2 and page.locator("#chosen").count() == 0
    page.get_by_role("button", name="Clear all").click()
    page.reload()
    page.wait_for_selector("#status")
    page.get_by_role("button", name="Export selection").click()
    page.get_by_role("button", name="odd ones <b>", exact=True).click()
    assert count(page) == 2
