"""Hugging Face's own `Dataset` and `IterableDataset` of onebit's data sets: features, formats, the same pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from small_digits import IMAGES, stored_labels

import onebit
from onebit import Dataset, features
from onebit.builders import DatasetBuilder
from onebit.decoding import SkipDecoding

TRAIN = stored_labels("train")
IMAGE = datasets.Array3D((28, 28, 1), "uint8")


@pytest.fixture
def train(prepared: DatasetBuilder) -> Dataset:
    """300 examples; the label of each tells which image belongs to it."""
    return prepared.as_dataset("train")


def labels(rows: Any) -> list[int]:
    """The labels of rows, once the pixels were found to be theirs."""
    found = []
    for row in rows:
        image = np.asarray(row["image"])
        assert np.array_equal(image.reshape(28, 28, 1), IMAGES[row["label"]])
        found.append(int(row["label"]))
    return found


def test_a_table_of_arrays(train: Dataset) -> None:
    data = train.to_hf()
    assert isinstance(data, datasets.Dataset)
    assert data.features == {"image": IMAGE, "label": datasets.Value("int64")}
    assert (len(data), data.split, data.info.dataset_name) == (300, "train", "small_digits")
    assert labels(data) == TRAIN
    batch = data.with_format("torch", dtype=torch.uint8)[5:8]
    assert (batch["image"].shape, batch["image"].dtype) == ((3, 28, 28, 1), torch.uint8)
    assert np.array_equal(batch["image"], IMAGES[TRAIN[5:8]])
    assert np.array_equal(data.with_format("numpy")[:]["image"], IMAGES[TRAIN])
    assert labels(data.shuffle(seed=1).filter(lambda e: e["label"] < 10)) != sorted(TRAIN)[:10]
    assert data.map(lambda e: {"ones": np.sum(e["image"])})[3]["ones"] == IMAGES[TRAIN[3]].sum()


def test_it_is_what_datasets_would_make_itself(train: Dataset, tmp_path: Path) -> None:
    ours = train.to_hf()
    theirs = datasets.Dataset.from_dict(train.arrays(), features=ours.features)
    assert ours.data.table.equals(theirs.data.table)
    ours.save_to_disk(tmp_path / "saved")
    assert labels(datasets.load_from_disk(tmp_path / "saved")) == TRAIN
    ours.to_parquet(tmp_path / "it.parquet")
    again = datasets.Dataset.from_parquet(str(tmp_path / "it.parquet"), cache_dir=str(tmp_path / "cache"))
    assert again.features == ours.features
    assert labels(again) == TRAIN


def test_images_as_files(train: Dataset) -> None:
    data = train.to_hf(images="png")
    assert data.features == {"image": datasets.Image(), "label": datasets.Value("int64")}
    assert (data[0]["image"].size, data[0]["image"].mode) == ((28, 28), "1")
    assert labels(data) == TRAIN
    with pytest.raises(ValueError) as caught:
        train.to_hf("jpeg")
    assert str(caught.value) == "to_hf(images='jpeg'): images come as 'array' or as 'png'."


def test_encoded_images(prepared: DatasetBuilder) -> None:
    data = prepared.as_dataset("train", decoders={"image": SkipDecoding()}).to_hf()
    assert data.features["image"] == datasets.Image()
    assert labels(data) == TRAIN


def test_classes_keep_their_names(train: Dataset) -> None:
    table = train.plan.source.table
    digits = features.ClassLabel(names=["even", "odd"])
    parity = features.FeaturesDict({"image": table.features["image"], "label": digits})
    train.plan.source.table = table._replace(features=parity)
    data = train.to_hf()
    assert data.features["label"] == datasets.ClassLabel(names=["even", "odd"])
    assert data.features["label"].int2str(1) == "odd"
    changed = train.map(lambda e: e | {"label": e["label"].astype(np.int32)}).to_hf()
    assert changed.features["label"] == datasets.Value("int32")


def test_the_order_is_that_of_epoch_0(train: Dataset) -> None:
    plan = train.shuffle(seed=4).take(200)
    for data in (plan.to_hf(), plan.to_hf(streaming=True)):
        assert labels(data) == [int(example["label"]) for example in plan.iterate(epoch=0)]


def test_columns_of_functions(train: Dataset) -> None:
    def columns(e: Any) -> Any:
        image = e["image"]
        return {
            "flat": image.reshape(-1).astype(np.float32),
            "plane": image[..., 0] > 0,
            "stack": np.stack([image, image]),
            "sum": image.sum(),
            "text": str(e["label"]),
            "raw": image.tobytes(),
            "half": np.float16(0.5),
        }

    data = train.map(columns).to_hf()
    assert data.features == {
        "flat": datasets.List(datasets.Value("float32"), length=784),
        "plane": datasets.Array2D((28, 28), "bool"),
        "stack": datasets.Array4D((2, 28, 28, 1), "uint8"),
        "sum": datasets.Value("uint64"),
        "text": datasets.Value("string"),
        "raw": datasets.Value("binary"),
        "half": datasets.Value("float16"),
    }
    row, image = data.with_format("numpy")[9], IMAGES[TRAIN[9]]
    assert np.array_equal(row["flat"], image.reshape(-1))
    assert np.array_equal(row["plane"], image[..., 0] > 0)
    assert np.array_equal(row["stack"], np.stack([image, image]))
    assert (row["sum"], row["text"], row["half"]) == (image.sum(), str(TRAIN[9]), 0.5)
    assert [row["raw"] for row in data] == [IMAGES[label].tobytes() for label in TRAIN]
    stream = train.filter(lambda e: e["label"] < 40).to_hf()
    assert labels(stream) == [label for label in TRAIN if label < 40]


def test_pairs_get_the_names_of_their_features(prepared: DatasetBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(prepared.info), "supervised_keys", ("image", "label"))
    pairs = prepared.as_dataset("train", as_supervised=True)
    assert labels(pairs.to_hf()) == labels(pairs.to_hf(streaming=True)) == TRAIN


@pytest.mark.parametrize("count", [1, 5])
def test_big_endian_arrays(train: Dataset, count: int) -> None:
    data = train.take(count).map(lambda e: {"label": e["label"].astype(">i4"), "two": np.full(2, e["label"], ">f4")})
    for made in (data.to_hf(), data.to_hf(streaming=True)):
        assert made.features["two"] == datasets.List(datasets.Value("float32"), length=2)
        assert [(row["label"], list(row["two"])) for row in made] == [(label, [label] * 2) for label in TRAIN[:count]]


def test_pictures_and_arrays_are_told_apart(train: Dataset, tmp_path: Path) -> None:
    """datasets keeps what a function made beside the data, by a fingerprint: it must not keep that of other columns."""
    kinds = []
    for images in ("array", "png"):
        train.take(5).to_hf(images).save_to_disk(tmp_path / "saved")
        saved = datasets.load_from_disk(tmp_path / "saved")
        kinds.append(saved.map(lambda example: {"kind": type(example["image"]).__name__})[0]["kind"])
    assert kinds[0] != kinds[1]


@pytest.mark.parametrize("images", ["array", "png"])
def test_a_stream(train: Dataset, images: str) -> None:
    data = train.to_hf(images, streaming=True)
    assert isinstance(data, datasets.IterableDataset)
    assert data.features == train.to_hf(images).features
    assert labels(data) == labels(data) == TRAIN
    passing = iter(data)
    for _ in range(120):
        next(passing)
    state = data.state_dict()
    data.load_state_dict(state)
    assert labels(data) == TRAIN[120:]
    assert labels(train.repeat().to_hf(images, streaming=True).take(310)) == (TRAIN * 2)[:310]


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (
            lambda ds: ds.batch(7),
            "ds.to_hf() makes one row of each element, but these are batches, and the last one may be short. Leave "
            "batch() out, and batch behind it: ds.to_hf().iter(128)",
        ),
        (
            lambda ds: ds.repeat(),
            "ds.to_hf() makes a table of all elements, which never end after repeat(). Write take(n) first, or type "
            "ds.to_hf(streaming=True).",
        ),
        (
            lambda ds: ds.map(lambda e: (e["image"], e["label"])),
            "ds.to_hf() makes columns with names, but elements are tuples. Name them: "
            "ds.map(lambda image, label: {'image': image, 'label': label})",
        ),
        (
            lambda ds: ds.map(lambda e: {"date": np.datetime64("2020-01-01")}),
            "ds.to_hf(): datasets has no feature for column 'date' of shape () and dtype datetime64[D]. It has bool, "
            "integers, floats of up to 64 bits, bytes and texts, in up to five dimensions of one or more: convert the "
            "values in ds.map(), or leave them out there.",
        ),
        (
            lambda ds: ds.map(lambda e: {"none": np.ones((0, 3))}),
            "ds.to_hf(): datasets has no feature for column 'none' of shape (0, 3) and dtype float64. It has bool, "
            "integers, floats of up to 64 bits, bytes and texts, in up to five dimensions of one or more: convert the "
            "values in ds.map(), or leave them out there.",
        ),
        (
            lambda ds: ds.map(lambda e: {"long": np.longdouble(1)}),
            f"ds.to_hf(): datasets has no feature for column 'long' of shape () and dtype {np.dtype(np.longdouble)}. "
            "It has bool, integers, floats of up to 64 bits, bytes and texts, in up to five dimensions of one or more: "
            "convert the values in ds.map(), or leave them out there.",
        ),
    ],
)
def test_what_it_cannot_describe(train: Dataset, plan: Any, text: str) -> None:
    with pytest.raises(TypeError) as caught:
        plan(train).to_hf()
    assert str(caught.value) == text


@pytest.mark.real_data
def test_the_real_images(real_prepared: Path) -> None:
    test = onebit.load("binarized_mnist", split="test", data_dir=real_prepared, download=False)
    expected = test.arrays()["image"]
    assert np.array_equal(test.to_hf().with_format("numpy")[:]["image"], expected)
    pictures = test.take(500).to_hf("png")
    assert np.array_equal(np.stack([np.asarray(row["image"]) for row in pictures]), expected[:500, ..., 0])
