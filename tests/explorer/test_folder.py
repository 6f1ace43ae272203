"""The explorer as files: those of a data set are made when the first of them is asked for."""

from __future__ import annotations

import json
import re

import pytest

from onebit.explorer import folder
from onebit.explorer.bundle import BundleMissingError
from onebit.explorer.contents import Contents, contents
from onebit.explorer.folder import LazyFiles
from onebit.tables import Table


def test_all_files(table: Table, small_bundle: dict[str, bytes]) -> None:
    made = folder.files([table])
    expected = ["explorer.css", "explorer.js", "index.html"]
    expected += [f"small_digits/{name}" for name in ("features.bin", "manifest.json", "pixels.bin")]
    assert sorted(made) == expected and len(made) == 6
    found = contents(table)
    assert made["small_digits/pixels.bin"] == found.pixels and made["small_digits/features.bin"] == found.features
    assert made["small_digits/manifest.json"] == found.files()["manifest.json"]
    assert made["explorer.js"] == small_bundle["explorer.js"]
    assert re.search(rb'id="onebit-config">.*"current": "small_digits"', made["index.html"])


def test_made_once_and_late() -> None:
    asked = []

    def make() -> Contents:
        asked.append(1)
        return Contents({"name": "a"}, b"p", b"f")

    made = LazyFiles({"index.html": b"i"}, {"a": make})
    assert "a/pixels.bin" in made and "b/pixels.bin" not in made and "a/x" not in made and asked == []
    assert (made["a/pixels.bin"], made["a/features.bin"], json.loads(made["a/manifest.json"])) == (
        b"p",
        b"f",
        {"name": "a"},
    )
    assert asked == [1]
    with pytest.raises(KeyError):
        made["a/x"]


def test_without_a_front_end(table: Table, no_bundle: None) -> None:
    with pytest.raises(BundleMissingError, match=r"make -C .* explorer"):
        folder.files([table])
