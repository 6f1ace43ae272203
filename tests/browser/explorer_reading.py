"""What the tests of the explorer read: the numbers on the page, and the same numbers in NumPy."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from onebit.explorer.contents import contents, opened

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class Truth(NamedTuple):
    """A data set as the page gets it: values shown by column name, names of categories, bits ``(n, h, w)``, splits."""

    values: dict[str, Any]
    categories: dict[str, list[str]]
    bits: Any
    splits: dict[str, tuple[int, int]]

    def split(self, name: str) -> Any:
        """Whether a row is in a split."""
        return self.values["split"] == self.categories["split"].index(name)


_read: dict[tuple[str, str], Truth] = {}


def truth(explorers: Any, name: str = "binarized_mnist") -> Truth:
    """The data set, read once a session."""
    key = (str(explorers.data_dir), name)
    if key not in _read:
        _read[key] = _truth(explorers.builder(name))
    return _read[key]


def _truth(builder: Any) -> Truth:
    manifest, pixels, features = contents(opened(builder))
    n, height, width = manifest["n"], manifest["height"], manifest["width"]
    values = {
        entry["name"]: np.frombuffer(features, "<" + np.dtype(entry["dtype"]).str[1:], n, entry["offset"])
        * entry["scale"]
        for entry in manifest["columns"]
    }
    packed = np.frombuffer(pixels, np.uint8).reshape(n, -1)
    bits = np.unpackbits(packed, axis=1)[:, : height * width].reshape(n, height, width)
    categories = {entry["name"]: entry["categories"] for entry in manifest["columns"] if "categories" in entry}
    splits = {entry["name"]: (entry["start"], entry["stop"]) for entry in manifest["splits"]}
    return Truth(values, categories, bits, splits)


@cache
def axe() -> str:
    """The source of axe-core."""
    from pathlib import Path

    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def count(page: Page) -> int:
    """How many images the filters let pass, as the status line says it."""
    text = page.locator("#status").inner_text()
    found = re.match(r"([\d,]+) of ", text)
    assert found, text
    return int(found[1].replace(",", ""))


def wait_for_count(page: Page, images: int) -> None:
    """Waits until so many images pass."""
    page.locator("#status").filter(has_text=re.compile(f"^{images:,} of ")).wait_for()


def summed(page: Page) -> None:
    """Waits until the panel follows the filters: it does so when the images have been drawn."""
    page.locator("#panel[aria-busy=false]").wait_for()


def chart(page: Page, column: str) -> Locator:
    """The histogram of a column."""
    return page.locator(f"figure[data-column='{column}']")


def chart_table(page: Page, column: str) -> list[tuple[str, int, int]]:
    """The table of a histogram: label, all, selected."""
    summed(page)
    figure = chart(page, column)
    if not figure.locator("details").evaluate("one => one.open"):
        figure.locator("summary").click()
    figure.locator("tbody tr").first.wait_for()
    rows = figure.locator("tbody tr").evaluate_all("all => all.map(row => [...row.cells].map(cell => cell.innerText))")
    return [(label.strip(), *(int(number.replace(",", "")) for number in numbers)) for label, *numbers in rows]


def link_state(page: Page) -> dict[str, str]:
    """The keys and values of the address, when it has come to rest."""
    page.wait_for_timeout(250)
    fragment = page.evaluate("location.hash.slice(1)")
    return dict(pair.split("=", 1) for pair in fragment.split("&"))


def violations(page: Page) -> list[Any]:
    """What axe-core finds wrong."""
    page.evaluate(axe())
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 20
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]
