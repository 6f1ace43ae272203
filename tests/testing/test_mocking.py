"""Made-up rows."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stripes
import tfds_writer

import onebit
from onebit.builders import DatasetBuilder
from onebit.decoding import SkipDecoding
from onebit.errors import NotPreparedError
from onebit.testing import mock_data


def test_nothing_is_there_and_rows_come(own_cache: Path) -> None:
    with mock_data(num_examples=5):
        ds, info = onebit.load("binarized_mnist", split="train", with_info=True)
        parts = onebit.load("binarized_mnist", split=["train[:10%]", "validation+test"])
    assert len(ds) == 5
    images = ds.arrays()["image"]
    assert (images.shape, images.dtype, sorted(set(images.flat))) == ((5, 28, 28, 1), np.uint8, [0, 1])
    assert [len(part) for part in parts] == [5, 5]
    assert info.splits["train"].num_examples == 50_000
    assert not list(own_cache.iterdir())
    with pytest.raises(NotPreparedError):
        onebit.load("binarized_mnist", split="train", download=False)


def test_all_ways_of_reading() -> None:
    with mock_data(num_examples=7):
        everything = onebit.load("calibrated_digits")
        batches = onebit.load("calibrated_digits", split="test", batch_size=3)
        whole = onebit.load("calibrated_digits", split="test", batch_size=-1)
        source = onebit.data_source("calibrated_digits", split="test")
        by_line = onebit.load("calibrated_digits", split="test", order="source")
        named = onebit.load("calibrated_digits", split="test", read_config=onebit.ReadConfig(add_tfds_id=True))
        files = onebit.load("calibrated_digits", split="test", decoders={"image": SkipDecoding()})
    assert list(everything) == ["train", "validation", "test"]
    assert [len(batch["image"]) for batch in batches] == [3, 3, 1]
    assert whole["log_prob"].shape == (7,)
    assert ((whole["log_prob"] >= 0) & (whole["log_prob"] < 1)).all()
    for other in (source, by_line):
        np.testing.assert_equal(other.arrays(), whole)
    assert named[6]["tfds_id"].endswith(b"__6")
    assert files[0]["image"].startswith(b"\x89PNG")
    assert len(batches.shuffle(seed=0).repeat(2)) == 6


def test_what_is_asked_for_is_still_checked() -> None:
    with mock_data(num_examples=5):
        for arguments, text in (
            ({"split": "trian"}, "Unknown split 'trian'"),
            ({"split": "train", "as_supervised": True}, "does not support a supervised structure"),
            ({"split": "train", "order": "random"}, "choose one of"),
        ):
            with pytest.raises(ValueError, match=text):
                onebit.load("binarized_mnist", **arguments)
    with pytest.raises(ValueError, match="num_examples=-1: give 0 or more"):
        mock_data(num_examples=-1).__enter__()


def test_rows_are_the_same_everywhere_and_differ_between_splits() -> None:
    with mock_data(num_examples=20):
        train, test = onebit.load("binarized_mnist", split=["train", "test"])
        again = onebit.load("binarized_mnist", split="train")
    assert (train.bits() == again.bits()).all()
    assert (train.bits() != test.bits()).any()
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).bits().tobytes().hex())"
    run = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(train), capture_output=True, check=True)
    assert bytes.fromhex(run.stdout.decode()) == train.bits().tobytes()


def my_stripes(folder: Path) -> Any:
    (folder / "my_stripes.py").write_text(stripes.source())
    return onebit.builder_cls(folder / "my_stripes.py")


def test_values_that_the_features_allow(tmp_path: Path) -> None:
    my_stripes(tmp_path)
    with mock_data(num_examples=300):
        ds = onebit.load("my_stripes", split="whatever")  # before it is prepared, nobody knows its splits
        supervised = onebit.load("my_stripes", split="train", as_supervised=True)
    columns = ds.arrays()
    assert {name: (values.shape[1:], str(values.dtype)) for name, values in columns.items()} == {
        "image": ((8, 6, 1), "uint8"), "colour": ((4, 5, 3), "uint8"), "label": ((), "int64"), "phase": ((), "int32"),
        "size": ((), "float32"), "inked": ((), "bool"), "code": ((3,), "float32"), "mask": ((2, 3), "bool"),
    }  # fmt: skip
    for name in ("image", "label", "inked", "mask", "colour"):
        assert sorted(set(columns[name].flat)) == [0, 1]
    assert columns["phase"].min() >= 0
    assert 100 < columns["phase"].max() <= 127
    assert len(supervised[0]) == 2
    with mock_data(num_examples=300, max_value=255):
        columns = onebit.load("my_stripes", split="train").arrays()
    assert 200 < columns["colour"].max() <= 255
    assert 200 < columns["code"].max() <= 255
    assert sorted(set(columns["label"].flat)) == [0, 1]


def test_a_folder_of_tfds(tmp_path: Path) -> None:
    folder = tfds_writer.write_two_splits(tmp_path / "tiny" / "1.0.0")
    with mock_data(num_examples=4):
        assert len(onebit.builder_from_directory(folder).as_dataset("test")) == 4
        assert len(onebit.load("tiny", split="train", data_dir=tmp_path)) == 4
    assert len(onebit.builder_from_directory(folder).as_dataset("test")) == 47


def test_functions_of_ones_own() -> None:
    def rows(self: DatasetBuilder, split: Any = None, **arguments: Any) -> Any:
        return [self.name, split]

    with mock_data(as_dataset_fn=rows, as_data_source_fn=rows):
        assert onebit.load("binarized_mnist", split="train") == ["binarized_mnist", "train"]
        assert onebit.builder("binarized_mnist").as_data_source("test") == ["binarized_mnist", "test"]


def test_everything_is_as_before_also_after_an_error() -> None:
    before = dict(vars(DatasetBuilder))
    with pytest.raises(KeyError, match="inside"), mock_data():
        raise KeyError("inside")
    assert dict(vars(DatasetBuilder)) == before


def test_no_rows() -> None:
    with mock_data(num_examples=0):
        ds = onebit.load("binarized_mnist", split="train")
    assert list(ds) == []


def test_arguments_of_tfds() -> None:
    from onebit.testing import MockPolicy

    with mock_data(2, 3, 0, policy=MockPolicy.USE_CODE, data_dir="nowhere"):
        assert onebit.load("binarized_mnist", split="train").arrays()["image"].max() == 1
    with pytest.raises(
        ValueError, match="max_value=-1: give 1 or more, or None for the values that the features allow"
    ):
        mock_data(max_value=-1).__enter__()
