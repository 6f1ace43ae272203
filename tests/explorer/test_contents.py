"""Pixels, columns and manifest, read back as the browser reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_digits

import onebit
from onebit.builders import DatasetBuilder
from onebit.explorer import shapes
from onebit.explorer.contents import Contents, NotOneBitError, contents, opened
from onebit.metadata import SplitRecord
from onebit.tables import Table


def column(found: Contents, name: str) -> np.ndarray:
    """A column of all rows, as shown."""
    entry = next(entry for entry in found.manifest["columns"] if entry["name"] == name)
    dtype = np.dtype(entry["dtype"]).newbyteorder("<")
    return np.frombuffer(found.features, dtype, entry["length"], entry["offset"]) * entry["scale"]


def test_pixels_are_the_images_split_after_split(table: Table) -> None:
    found = contents(table)
    manifest = found.manifest
    assert (manifest["n"], manifest["height"], manifest["width"], manifest["row_bytes"]) == (420, 28, 28, 98)
    assert (manifest["schema"], manifest["bit_order"], manifest["name"]) == (1, "big", "small_digits")
    bits = np.unpackbits(np.frombuffer(found.pixels, np.uint8)).reshape(420, 28, 28, 1)
    stored = [label for split in small_digits.SIZES for label in small_digits.stored_labels(split)]
    np.testing.assert_array_equal(bits, small_digits.IMAGES[stored])
    assert [(s["name"], s["start"], s["stop"]) for s in manifest["splits"]] == [
        ("train", 0, 300), ("validation", 300, 370), ("test", 370, 420),
    ]  # fmt: skip


def test_files_are_as_the_manifest_says(table: Table, prepared: DatasetBuilder) -> None:
    found = contents(table)
    for name, content in (("pixels", found.pixels), ("features", found.features)):
        entry = found.manifest[name]
        assert entry == {
            "url": f"{name}.bin",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    for split in found.manifest["splits"]:
        file = prepared.data_path / f"{split['name']}-image.npy"
        assert split["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_columns(table: Table) -> None:
    found = contents(table)
    assert column(found, "split").tolist() == [0] * 300 + [1] * 70 + [2] * 50
    assert found.manifest["columns"][0]["categories"] == ["train", "validation", "test"]
    assert column(found, "index").tolist() == [*range(300), *range(70), *range(50)]
    labels = column(found, "label")  # the data set's own
    assert labels.tolist() == [label for split in small_digits.SIZES for label in small_digits.stored_labels(split)]
    lines = column(found, "line")
    assert (lines == labels % 1000).all()
    np.testing.assert_array_equal(column(found, "ink"), small_digits.IMAGES[labels].sum(axis=(1, 2, 3)))
    names = [entry["name"] for entry in found.manifest["columns"]]
    assert {definition.name for definition in shapes.DEFINITIONS} < set(names) and len(set(names)) == len(names)


def test_the_same_data_gives_the_same_bytes(table: Table, prepared: DatasetBuilder) -> None:
    again = opened(type(prepared)(data_dir=prepared.data_dir_root))
    assert contents(table).files() == contents(again).files()


def made(folder: Path, features: dict[str, Any], columns: Mapping[str, Any]) -> DatasetBuilder:
    """A prepared data set of one split."""
    rows = len(next(iter(columns.values())))

    class Builder(DatasetBuilder):
        def read_split(self, split: SplitRecord, sources: Any) -> tuple[Mapping[str, Any], str]:
            return columns, "made here"

    splits = {"train": {"num_examples": rows}}
    Builder.folder = small_digits.write_record(folder / "made", features=features, splits=splits, supervised_keys=None)
    builder = Builder(data_dir=folder / "data")
    builder.download_and_prepare()
    return builder


IMAGE = {"class": "Image", "shape": [3, 5, 1], "dtype": "uint8"}


def test_other_shapes_classes_and_numbers(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 2, (7, 3, 5, 1), np.uint8)
    features = {
        "picture": IMAGE,
        "kind": {"class": "ClassLabel", "shape": [], "dtype": "int64", "names": ["</script>", "b"], "doc": "A kind."},
        "weight": {"class": "Scalar", "shape": [], "dtype": "float64"},
        "ink": {"class": "Scalar", "shape": [], "dtype": "int64"},
        "identity": {"class": "Scalar", "shape": [], "dtype": "int64"},
        "flag": {"class": "Scalar", "shape": [], "dtype": "bool"},
    }
    columns = {
        "picture": images,
        "kind": np.arange(7) % 2,
        "weight": np.array([np.nan, 1, 2, 3, 4, 5, np.inf]),
        "ink": np.arange(7),
        "identity": np.arange(7) + 2**40,
        "flag": np.arange(7) > 3,
    }
    builder = made(tmp_path, features, columns)
    found = contents(opened(builder))
    assert found.manifest["row_bytes"] == 2 and len(found.pixels) == 14
    bits = np.unpackbits(np.frombuffer(found.pixels, np.uint8).reshape(7, 2), axis=1)[:, :15]
    line = column(found, "line").astype(int)
    np.testing.assert_array_equal(bits.reshape(7, 3, 5, 1), images[line])
    assert column(found, "kind").tolist() == (line % 2).tolist()
    np.testing.assert_array_equal(column(found, "weight"), columns["weight"][line])
    assert column(found, "ink_2").tolist() == line.tolist()  # its own, beside the one that is measured
    np.testing.assert_array_equal(column(found, "ink"), images[line].sum(axis=(1, 2, 3)))
    assert column(found, "flag").tolist() == (line > 3).tolist()
    entries = {entry["name"]: entry for entry in found.manifest["columns"]}
    assert "identity" not in entries and entries["kind"]["categories"] == ["</script>", "b"]
    assert (entries["weight"]["min"], entries["weight"]["max"], entries["weight"]["kind"]) == (1, 5, "real")


def test_log_probabilities_are_a_column_of_nats(tmp_path: Path) -> None:
    features = {"image": IMAGE, "log_prob": {"class": "Scalar", "shape": [], "dtype": "float64"}}
    log_prob = -np.arange(1.0, 5)
    builder = made(
        tmp_path, features, {"image": np.eye(4, 15, dtype=np.uint8).reshape(4, 3, 5, 1), "log_prob": log_prob}
    )
    found = contents(opened(builder))
    entry = found.manifest["columns"][-1]
    assert (entry["name"], entry["kind"], entry["unit"]) == ("nats_generator", "nats", "nats per image")
    np.testing.assert_array_equal(column(found, "nats_generator"), -log_prob[column(found, "line").astype(int)])
    assert "log_prob" not in [entry["name"] for entry in found.manifest["columns"]]


GREY = np.full((2, 3, 5, 1), 7, np.uint8)


def test_what_cannot_be_explored(tmp_path: Path) -> None:
    grey = made(tmp_path / "a", {"image": IMAGE}, {"image": GREY})
    with pytest.raises(NotOneBitError, match=r"images of made are not all zeros and ones \(in train\). The explorer"):
        contents(opened(grey))
    none = made(tmp_path / "b", {"x": {"class": "Scalar", "shape": [], "dtype": "int64"}}, {"x": np.arange(3)})
    with pytest.raises(NotOneBitError, match=r"made has no images. The explorer shows data sets with one image"):
        contents(opened(none))
    bits = np.zeros((2, 3, 5, 1), np.uint8)
    two = made(tmp_path / "c", {"a": IMAGE, "b": IMAGE}, {"a": bits, "b": bits})
    with pytest.raises(NotOneBitError, match="made has the images 'a', 'b'"):
        contents(opened(two))
    colour = {"class": "Image", "shape": [3, 5, 3], "dtype": "uint8"}
    three = made(tmp_path / "d", {"image": colour}, {"image": np.zeros((2, 3, 5, 3), np.uint8)})
    with pytest.raises(NotOneBitError, match="made has the images 'image'"):
        contents(opened(three))


@pytest.mark.real_data
def test_real_data_as_onebit_and_tfds_prepared_it(real_data: Path, real_prepared: Path) -> None:
    found = contents(opened(onebit.builder("binarized_mnist", data_dir=real_prepared)))
    assert found.manifest["n"] == 70_000 and len(found.pixels) == 6_860_000
    foreign = contents(opened(onebit.builder_from_directory(real_data / "binarized_mnist" / "tfds_1.0.0")))
    assert foreign.pixels == found.pixels and foreign.manifest["splits"] == found.manifest["splits"]
    record = onebit.builder("binarized_mnist").record
    pins = [split.digests["image"] for split in record.splits.values()]
    assert [split["sha256"] for split in found.manifest["splits"]] == pins
