"""The columns of nearest images equal a comparison one by one, and are made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onebit.auditing import nearest_columns
from onebit.auditing.report import Images, images_of
from onebit.auditing.splits import Rows
from onebit.builders import DatasetBuilder
from onebit.explorer.contents import contents, opened


def slowly(images: Images) -> np.ndarray:
    reference = next(split for split in images.splits if split.name == "train")
    bits = np.unpackbits(images.packed, axis=1).astype(int)
    found = []
    for row, image in enumerate(bits):
        distances = np.abs(bits[reference.start : reference.stop] - image).sum(axis=1)
        if reference.start <= row < reference.stop:
            distances[row - reference.start] = 10**6
        found.append([distances.min(), distances.argmin()])
    return np.array(found).T


def test_they_are_those_of_a_comparison_one_by_one(prepared: DatasetBuilder) -> None:
    images = images_of(prepared)
    assert np.array_equal(nearest_columns.nearest_of(images), slowly(images))


def test_train_may_stand_anywhere() -> None:
    packed = np.random.default_rng(3).integers(256, size=(90, 3), dtype=np.uint8)
    splits = (Rows("test", 0, 20, "t"), Rows("train", 20, 70, "u"), Rows("late", 70, 90, "v"))
    images = Images("made", "1.0.0", packed, 4, 6, splits)
    assert np.array_equal(nearest_columns.nearest_of(images), slowly(images))


def test_they_are_columns_of_the_explorer_and_made_once(
    prepared: DatasetBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = slowly(images_of(prepared))
    made = nearest_columns.nearest_columns(prepared)
    manifest = contents(opened(prepared), more=made).manifest
    assert [entry["name"] for entry in manifest["columns"][-2:]] == ["nearest", "nearest_index"]
    assert manifest["columns"][-2]["max"] == expected[0].max()

    def again(images: Any) -> np.ndarray:
        pytest.fail("it was made again")

    place = next((Path(prepared.data_dir_root) / "audits").glob("*-nearest.npy"))
    with monkeypatch.context() as change:
        change.setattr(nearest_columns, "nearest_of", again)
        kept = nearest_columns.nearest_columns(prepared)
    assert np.array_equal([column.stored for column in kept], expected)
    for spoilt in (b"", place.read_bytes()[:-4], b"x" * 10_000_000):
        place.write_bytes(spoilt)
        remade = nearest_columns.nearest_columns(prepared)
        assert np.array_equal([column.stored for column in remade], expected)
