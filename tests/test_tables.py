"""Tables: rows of several splits as one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onebit import store
from onebit.builders import DatasetBuilder
from onebit.errors import DamagedStoreError
from onebit.features import FeaturesDict, Image, Scalar
from onebit.store import Store
from onebit.tables import LINE, Table

FEATURES = FeaturesDict({"image": Image(shape=(2, 4, 1)), "label": Scalar(np.int16)})


def make_table(folder: Path, images: dict[str, np.ndarray]) -> Table:
    """A table of splits with these images; labels number the rows of the table."""
    digests: dict[str, str] = {}
    first = 0
    for split, values in images.items():
        labels = np.arange(first, first + len(values), dtype=np.int16)
        columns = [("image", FEATURES["image"].pack(values)), ("label", labels), (LINE, labels.astype(np.int32))]
        digests |= store.write_columns(folder, split, columns)
        first += len(values)
    sizes = tuple((split, len(values)) for split, values in images.items())
    return Table("made_up", "1.0.0", Store(folder, digests, "Type: something"), FEATURES, sizes)


def bits(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (n, 2, 4, 1), np.uint8)


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    return {"a": bits(5, 1), "empty": bits(0, 2), "b": bits(7, 3)}


@pytest.fixture(scope="module")
def table(images: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Table:
    return make_table(tmp_path_factory.mktemp("table"), images)


def test_rows_run_through_the_splits(table: Table) -> None:
    assert table.offsets == {"a": 0, "empty": 5, "b": 5}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 11), max_size=9))
def test_any_rows(table: Table, images: dict[str, np.ndarray], rows: list[int]) -> None:
    found = table.values(np.array(rows, np.int64), ["image", "label"])
    assert found["label"].tolist() == rows
    assert found["label"].dtype == np.int16
    np.testing.assert_array_equal(found["image"], np.concatenate(list(images.values()))[rows])
    assert table.stored(LINE, np.array(rows, np.int64)).tolist() == rows


@pytest.mark.parametrize("start", range(13))
def test_any_slice(table: Table, images: dict[str, np.ndarray], start: int) -> None:
    everything = np.concatenate(list(images.values()))
    for stop in range(start, 13):
        found = table.values(slice(start, stop), ["label", "image"])
        assert found["label"].tolist() == list(range(start, stop))
        np.testing.assert_array_equal(found["image"], everything[start:stop])
        within = stop <= 5 or start >= 5
        stored = table.stored("image", slice(start, stop))
        assert stored.shape == (stop - start, 1)
        if within and stop > start:
            assert not stored.flags.writeable


def test_splits_of_which_only_one_is_packed(tmp_path: Path) -> None:
    """A column of zeros and ones is packed, one with a 2 in it is not: rows of both must still be images."""
    images = {"a": bits(5, 1), "b": bits(4, 2) + 1}
    table = make_table(tmp_path, images)
    everything = np.concatenate(list(images.values()))
    for rows in ([0, 8, 1, 5], [8, 0], [3], [6, 7]):
        np.testing.assert_array_equal(table.values(np.array(rows), ["image"])["image"], everything[rows])
    np.testing.assert_array_equal(table.values(slice(2, 8), ["image"])["image"], everything[2:8])
    assert (table.packed_features("a"), table.packed_features("b")) == (["image"], [])
    with pytest.raises(ValueError, match="'image' is stored as bits in some of these splits only: use arrays"):
        table.stored("image", np.array([0, 8]))


def test_rows_outside(table: Table) -> None:
    with pytest.raises(IndexError, match="outside of the table"):
        table.stored("image", np.array([12]))
    with pytest.raises(IndexError):
        table.stored("image", np.array([0, 12, 5]))

    for row in (12, -1):
        with pytest.raises(IndexError, match="outside of the table"):
            table.values(np.array([row]), ["image"])


def test_one_row_is_a_copy_too(table: Table, images: dict[str, np.ndarray]) -> None:
    """A look-up of one row reads a slice of what is stored: what its user writes must not get there."""
    for _ in range(2):
        found = table.values(np.array([6]), ["image", "label"])
        assert found["label"].tolist() == [6]
        np.testing.assert_array_equal(found["image"][0], images["b"][1])
        for values in found.values():
            values[:] = 77


def test_open_reads_the_splits_asked_for(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    column = Store.column
    monkeypatch.setattr(Store, "column", lambda self, *names: (opened.append(names), column(self, *names))[1])
    table.open(["b"])
    assert opened == [("b", "image"), ("b", "label")]
    opened.clear()
    table.open(["a"], also=[LINE])
    assert opened == [("a", "image"), ("a", "label"), ("a", LINE)]


def test_open_counts_rows(table: Table) -> None:
    wrong = table._replace(splits=(("a", 5), ("empty", 0), ("b", 8)))
    wrong.open(["a"])
    with pytest.raises(DamagedStoreError, match=r"b-image\.npy is damaged: it has 7 rows, not 8\. Type: something"):
        wrong.open(["b"])


def test_nothing_of_other_splits_is_opened(
    small_builder: type[DatasetBuilder], small_sources: Path, tmp_path: Path
) -> None:
    """Also for no rows at all, which could be rows of any split."""
    builder = small_builder(data_dir=tmp_path)
    builder.download_and_prepare(source_dir=small_sources)
    for file in builder.data_path.glob("*.npy"):
        if not file.name.startswith("validation-"):
            file.unlink()
    dataset = builder.as_dataset("validation")
    assert len(list(dataset.shuffle(seed=1))) == 70
    for nothing in (dataset.take(0), dataset.shuffle(seed=1).take(0), dataset[[]], dataset[::-1][70:].repeat(2)):
        assert nothing.arrays()["image"].shape == (0, 28, 28, 1)
        assert nothing.bits().shape == (0, 98)
        assert nothing.source_lines().shape == (0,)
        assert list(nothing) == []
    with pytest.raises(DamagedStoreError):
        builder.as_dataset("test")
    with pytest.raises(DamagedStoreError):
        builder.as_dataset("validation+test")


def test_identity(table: Table) -> None:
    identity = table.identity()
    assert (identity["name"], identity["version"]) == ("made_up", "1.0.0")
    assert set(identity["files"]) == {f"{s}-{c}.npy" for s in ("a", "empty", "b") for c in ("image", "label", LINE)}
