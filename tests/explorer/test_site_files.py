"""The explorer in the site: of data sets that are prepared, linked both ways, or left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import onebit
from onebit.builders import DatasetBuilder
from onebit.explorer import site_files
from onebit.site import building
from onebit.site.entries import Entry


@pytest.fixture
def bare(tmp_path: Path) -> Entry:
    return Entry(onebit.builder("binarized_mnist", data_dir=tmp_path))


def test_it_is_linked_where_there_is_something_to_see(
    prepared: DatasetBuilder, bare: Entry, small_bundle: dict[str, bytes]
) -> None:
    files = building.site_files([Entry(prepared), bare])
    assert {path for path in files if path.startswith("explorer/")} == {
        "explorer/index.html", "explorer/explorer.js", "explorer/explorer.css",
        "explorer/small_digits/manifest.json", "explorer/small_digits/pixels.bin", "explorer/small_digits/features.bin",
    }  # fmt: skip
    page = files["small_digits/index.html"].decode()
    assert '"../explorer/index.html#tab=STATS&amp;dataset=small_digits"' in page
    assert "explorer/index.html#" not in files["binarized_mnist/index.html"].decode()
    explorer = files["explorer/index.html"].decode()
    assert '"page": "../small_digits/index.html"' in explorer
    leaderboard = re.search(r'"leaderboard": (null|"[^"]*")', explorer)
    assert leaderboard is not None
    assert (leaderboard[1] == '"../leaderboard/index.html"') == ("leaderboard/index.html" in files)


def test_nothing_is_prepared(bare: Entry, small_bundle: dict[str, bytes]) -> None:
    files = building.site_files([bare])
    assert [path for path in files if path.startswith("explorer/")] == ["explorer/index.html"]
    assert b"nothing to explore" in files["explorer/index.html"]


def test_without_data(prepared: DatasetBuilder, small_bundle: dict[str, bytes]) -> None:
    files = building.site_files([Entry(prepared, with_data=False)])
    assert [path for path in files if path.startswith("explorer/")] == ["explorer/index.html"]


def test_without_a_front_end_it_is_left_out(prepared: DatasetBuilder, no_bundle: None) -> None:
    files = building.site_files([Entry(prepared)])
    assert not any(path.startswith("explorer/") for path in files)
    assert b"explorer/index.html" not in files["index.html"] + files["small_digits/index.html"]
    assert not site_files.shows(None) and not site_files.shows(Entry(prepared))
