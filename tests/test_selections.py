"""Selections from the explorer come back as data sets, or with a sentence that says what is wrong with them."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_digits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import onebit
from onebit import selections
from onebit.builders import DatasetBuilder
from onebit.errors import FormatError, WrongDataError

INDICES = {"test": [40, 41, 7], "train": [0, 299, 3]}


@pytest.fixture
def write(prepared: DatasetBuilder, tmp_path: Path) -> Callable[..., Path]:
    """Writes a sound selection of small_digits, or one with changes; None takes a key away."""

    def written(**changes: Any) -> Path:
        table = prepared.as_dataset("train").plan.source.table
        content: dict[str, Any] = {
            "onebit_selection": 1,
            "dataset": "small_digits",
            "version": "1.2.3",
            "split": "train[0:1]+train[3:4]+train[299:]+test[7:8]+test[40:42]",
            "indices": INDICES,
            "sha256": {split: table.digest(split, "image") for split in small_digits.SIZES},
            "permalink": "#tab=STATS",
        }
        content = {key: value for key, value in (content | changes).items() if value is not ...}
        path = tmp_path / "slice.json"
        path.write_text(json.dumps(content))
        return path

    return written


@pytest.fixture
def load(registered: str, prepared: DatasetBuilder) -> Callable[..., Any]:
    def loaded(path: Path, **arguments: Any) -> Any:
        data_dir = prepared.data_dir_root
        return onebit.load(registered, data_dir=data_dir, download=False, select=path, **arguments)

    return loaded


def labels(dataset: Any) -> list[int]:
    return [int(element["label"]) for element in dataset]


def wanted(indices: dict[str, list[int]]) -> list[int]:
    return [small_digits.stored_labels(split)[index] for split, chosen in indices.items() for index in chosen]


def test_the_images_come_in_the_order_of_the_selection(write: Callable[..., Path], load: Callable[..., Any]) -> None:
    path = write()
    assert len(selections.read_selection(path)) == 6
    dataset = load(path)
    assert labels(dataset) == wanted(INDICES)
    for element in dataset:
        np.testing.assert_array_equal(element["image"], small_digits.IMAGES[element["label"]])


def test_without_a_split_text(write: Callable[..., Path], load: Callable[..., Any]) -> None:
    assert labels(load(write(split=None))) == labels(load(write(split=...))) == wanted(INDICES)


def test_nothing_chosen(write: Callable[..., Path], load: Callable[..., Any]) -> None:
    assert labels(load(write(split=None, indices={}))) == labels(load(write(split="", indices={}))) == []


def test_with_a_split_those_that_are_in_it(write: Callable[..., Path], load: Callable[..., Any]) -> None:
    path = write()
    assert labels(load(path, split="test")) == wanted({"test": [40, 41, 7]})
    assert labels(load(path, split="train[1:]")) == wanted({"train": [299, 3]})
    assert labels(load(path, split="validation")) == []
    parts = load(path, split={"a": "test[:10]", "b": ["train"]})
    assert labels(parts["a"]) == wanted({"test": [7]}) and labels(parts["b"][0]) == wanted({"train": [0, 299, 3]})
    assert labels(load(path, order="source")) == wanted(INDICES)


def test_with_everything_else_that_load_does(write: Callable[..., Path], load: Callable[..., Any]) -> None:
    path = write()
    assert [len(batch["label"]) for batch in load(path, batch_size=4)] == [4, 2]
    assert load(path, batch_size=-1)["label"].tolist() == wanted(INDICES)
    images, targets = load(path, batch_size=-1, as_supervised=True)
    assert images.shape == (6, 28, 28, 1) and targets.tolist() == wanted(INDICES)
    dataset, info = load(path, with_info=True)
    assert len(dataset) == 6 and info.name == "small_digits"
    assert len(load(path, as_dataset_kwargs={"batch_size": 5})) == 2


def test_the_pipeline_goes_on(write: Callable[..., Path], load: Callable[..., Any]) -> None:
    dataset = load(write()).shuffle(seed=3).batch(2)
    passed = dataset.iterate(epoch=0)
    first = next(passed)["label"].tolist()
    resumed = pickle.loads(pickle.dumps(dataset)).iterate(state=passed.state())
    rest = [label for batch in resumed for label in batch["label"].tolist()]
    assert sorted(first + rest) == sorted(wanted(INDICES))
    again = load(write(indices={"test": [40, 41, 7], "train": [0, 299, 4]}, split=None)).shuffle(seed=3).batch(2)
    with pytest.raises(ValueError, match="another plan"):
        again.iterate(state=passed.state())


WRONG = [
    ({"onebit_selection": 2}, FormatError, r"onebit_selection is 2; this version of onebit reads 1. Export it"),
    ({"onebit_selection": ...}, FormatError, r"onebit_selection is None; this version"),
    ({"dataset": 3}, FormatError, r"dataset is 3; expected a text"),
    ({"version": None}, FormatError, r"version is None; expected a text"),
    ({"dataset": "binarized_mnist"}, WrongDataError, r"of binarized_mnist:1.2.3, not of small_digits:1.2.3. Type: "),
    ({"version": "9.0.0"}, WrongDataError, r"a selection of small_digits:9.0.0, not of small_digits:1.2.3"),
    ({"version": "9.0.0"}, WrongDataError, r"Type: onebit.load\('small_digits:9.0.0', select=...\)"),
    ({"dataset": "a\x1b]0;b\ud800"}, WrongDataError, r"a selection of a\\x1b\]0;b\\ud800:1.2.3, not of"),
    ({"indices": {"\x1b[2J": 1}}, FormatError, r"indices.\\x1b\[2J is 1; .* again: Export, Save slice.json"),
    ({"split": 4}, FormatError, r"split is 4; expected a split text or null"),
    ({"split": "test[:"}, FormatError, r"split cannot be read: "),
    ({"split": "test[:3]"}, FormatError, r"split and indices are not the same images"),
    ({"split": ""}, FormatError, r"split and indices are not the same images"),
    ({"indices": ...}, FormatError, r"indices is None; expected an object by split"),
    ({"indices": [1]}, FormatError, r"indices is \[1\]; expected an object"),
    ({"indices": {"test": 3}}, FormatError, r"indices.test is 3; expected whole numbers from 0 on, each once"),
    ({"indices": {"test": [1.0]}}, FormatError, r"indices.test is \[1.0\]; expected whole numbers"),
    ({"indices": {"test": [True]}}, FormatError, r"indices.test is \[True\]; expected whole numbers"),
    ({"indices": {"test": [-1]}}, FormatError, r"indices.test has -1 to -1; expected whole numbers from 0 on"),
    ({"indices": {"test": [10**30]}}, FormatError, r"expected whole numbers"),
    ({"indices": {"test": [3, 3]}}, FormatError, r"indices.test has a number twice"),
    ({"indices": {"test": [50]}}, FormatError, r"indices.test has 50, but test has 50 images: 0 to 49"),
    ({"indices": {"tset": [5]}}, FormatError, r"sha256.tset is None"),
    ({"indices": {"t": [5]}, "sha256": {"t": "0"}}, FormatError, r"split .t.; small_digits has train, valid"),
    ({"sha256": {}}, FormatError, r"sha256.test is None; expected 64 digits"),
    ({"sha256": {"test": "0" * 64, "train": "0" * 64}}, WrongDataError, r"made from other images of test: its SHA-256"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "error", "message"), WRONG)
def test_what_is_wrong_is_said(
    write: Callable[..., Path],
    load: Callable[..., Any],
    changes: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        load(write(**changes))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1]",
        b"\xff",
        b"[" * 100_000,
        b'{"onebit_selection": 1, "onebit_selection": 1}',
        b"NaN",
        b"0" * 5000,
    ],
)
def test_what_is_no_selection(tmp_path: Path, load: Callable[..., Any], text: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text)
    with pytest.raises(FormatError, match=r"x.json.*Export it from the explorer again"):
        load(path)


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.touch()
    os.truncate(path, selections.LARGEST_FILE + 1)
    with pytest.raises(FormatError, match="has 67,108,865 bytes; a selection has at most 67,108,864"):
        selections.read_selection(path)
    with pytest.raises(FileNotFoundError):
        selections.read_selection(tmp_path / "none.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["test", "train", "x"]), inner),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from(["onebit_selection", "dataset", "version", "split", "indices", "sha256"]), JSON, min_size=1
    )
)
def test_no_file_makes_another_error(
    write: Callable[..., Path], load: Callable[..., Any], changes: dict[str, Any]
) -> None:
    path = write(**changes)
    try:
        dataset = load(path)
    except (FormatError, WrongDataError):
        return
    assert len(dataset) <= 420


@pytest.mark.real_data
def test_real_data_as_onebit_and_tfds_prepared_it(real_data: Path, real_prepared: Path, tmp_path: Path) -> None:
    """The digest is of the images: a selection holds whoever prepared them."""
    source = onebit.load("binarized_mnist", split="test", data_dir=real_prepared, download=False).plan.source
    digest = source.table.digest("test", "image")
    foreign = onebit.builder_from_directory(real_data / "binarized_mnist" / "tfds_1.0.0")
    assert foreign.as_dataset("test").plan.source.table.digest("test", "image") == digest
    content = {"onebit_selection": 1, "dataset": "binarized_mnist", "version": "1.0.0", "split": None}
    content |= {"indices": {"test": [9999, 5]}, "sha256": {"test": digest}}
    path = tmp_path / "slice.json"
    path.write_text(json.dumps(content))
    dataset = onebit.load("binarized_mnist", data_dir=real_prepared, download=False, select=path)
    whole = onebit.load("binarized_mnist", split="test", data_dir=real_prepared, download=False)
    np.testing.assert_array_equal(dataset.bits(), whole.bits()[[9999, 5]])
