"""A real ``tf.data.Dataset`` of every plan: the same elements, element_spec and cardinality."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_digits import IMAGES, stored_labels

import onebit
from onebit import Dataset
from onebit.builders import DatasetBuilder
from onebit.decoding import SkipDecoding
from onebit.interop import tf_data

TRAIN = stored_labels("train")
IMAGE, LABEL = tf.TensorSpec((28, 28, 1), tf.uint8), tf.TensorSpec((), tf.int64)


@pytest.fixture
def train(prepared: DatasetBuilder) -> Dataset:
    """300 examples; the label of each tells which image belongs to it."""
    return prepared.as_dataset("train")


def labels(elements: Any) -> list[int]:
    """The labels of elements, once the pixels were found to be theirs."""
    found = []
    for element in elements:
        assert np.array_equal(element["image"].numpy(), IMAGES[element["label"].numpy()])
        found += np.atleast_1d(element["label"].numpy()).tolist()
    return found


def same(structure: Any, other: Any) -> None:
    """Whether two elements are the same, of the same structure."""
    tf.nest.assert_same_structure(structure, other)
    for one, two in zip(tf.nest.flatten(structure), tf.nest.flatten(other), strict=True):
        assert np.array_equal(one, two)


def test_examples(train: Dataset) -> None:
    data = train.to_tf()
    assert isinstance(data, tf.data.Dataset)
    assert data.element_spec == {"image": IMAGE, "label": LABEL}
    assert (data.cardinality().numpy(), len(data)) == (300, 300)
    assert labels(data) == TRAIN


@pytest.mark.parametrize(
    ("drop_remainder", "size", "count"), [(False, None, 5), (True, 64, 4)], ids=["short last batch", "dropped"]
)
def test_batches(train: Dataset, drop_remainder: bool, size: int | None, count: int) -> None:
    data = train.shuffle(seed=0).batch(64, drop_remainder).to_tf()
    assert data.element_spec == {
        "image": tf.TensorSpec((size, 28, 28, 1), tf.uint8),
        "label": tf.TensorSpec((size,), tf.int64),
    }
    assert len(data) == count
    first, second = labels(data), labels(data)
    assert first != second  # the next epoch
    assert len(set(first)) == len(set(second)) == (300 if size is None else 256)


@pytest.mark.parametrize("size", [1, 7, 100, 299, 300, 301, 3000])
def test_every_batch_size(train: Dataset, size: int) -> None:
    data = train.batch(size).to_tf()
    assert [len(batch["label"]) for batch in data] == [len(batch["label"]) for batch in train.batch(size)]
    assert labels(data) == TRAIN


def test_epochs_are_those_of_the_data_set(train: Dataset) -> None:
    for plan in (train.shuffle(seed=3), train.shuffle(seed=3).batch(7)):
        data = plan.to_tf()
        for epoch in range(3):
            expected = [np.atleast_1d(element["label"]).tolist() for element in plan.iterate(epoch=epoch)]
            assert labels(data) == list(itertools.chain(*expected))


def test_cardinalities_are_those_of_tf_data(train: Dataset) -> None:
    assert train.repeat().to_tf().cardinality() == tf.data.INFINITE_CARDINALITY
    assert train.repeat().batch(7).to_tf().cardinality() == tf.data.INFINITE_CARDINALITY
    assert train.filter(lambda e: e["label"] < 5).to_tf().cardinality() == tf.data.UNKNOWN_CARDINALITY
    assert train.take(0).to_tf().cardinality() == 0
    assert train.repeat(2).batch(100, drop_remainder=True).skip(1).to_tf().cardinality() == 5


def test_endless_and_unknown_ones_give_their_elements(train: Dataset) -> None:
    assert labels(train.repeat().to_tf().take(650)) == (TRAIN * 3)[:650]
    assert labels(train.repeat().batch(128).to_tf().take(5)) == (TRAIN * 3)[:640]
    assert labels(train.filter(lambda e: e["label"] % 2 == 1).batch(32).to_tf()) == [n for n in TRAIN if n % 2]
    assert labels(train.take(0).to_tf()) == []


def test_structures(train: Dataset, prepared: DatasetBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    nested = train.map(lambda e: {"a": (e["image"][..., 0] / np.float32(2), {"b": e["label"]}), "c": "text"})
    data = nested.to_tf()
    assert data.element_spec == {
        "a": (tf.TensorSpec((28, 28), tf.float32), {"b": LABEL}),
        "c": tf.TensorSpec((), tf.string),
    }
    element = next(iter(data))
    assert element["c"].numpy() == b"text"
    same(element["a"], nested[0]["a"])
    number, rest = next(iter(train.enumerate(5).to_tf()))
    assert (number.numpy(), rest["label"].numpy()) == (5, TRAIN[0])
    monkeypatch.setattr(type(prepared.info), "supervised_keys", ("image", "label"))
    pairs = prepared.as_dataset("train", as_supervised=True).batch(10).to_tf()
    assert pairs.element_spec == (tf.TensorSpec((None, 28, 28, 1), tf.uint8), tf.TensorSpec((None,), tf.int64))
    image, label = next(iter(pairs))
    assert np.array_equal(image, IMAGES[label.numpy()])


def test_shapes_behind_functions(train: Dataset) -> None:
    def shape(plan: Dataset) -> Any:
        return plan.to_tf().element_spec.shape.as_list()

    flat = train.batch(64).map(lambda e: e["image"].reshape(len(e["image"]), -1))
    assert shape(flat) == [None, 784]
    assert [len(batch) for batch in flat.to_tf()] == [64, 64, 64, 64, 44]
    assert shape(train.batch(64, drop_remainder=True).map(lambda e: e["image"])) == [64, 28, 28, 1]
    assert shape(train.batch(64).map(lambda e: e["image"].sum(axis=0))) == [28, 28, 1]
    assert shape(train.batch(64).map(lambda e: e["image"]).unbatch()) == [28, 28, 1]
    assert shape(train.map(lambda e: e["image"]).batch(7)) == [None, 28, 28, 1]
    assert shape(train.map(lambda e: e["label"]).batch(10, drop_remainder=True).batch(4)) == [None, 10]


def test_tensorflow_functions_come_behind(train: Dataset) -> None:
    data = train.batch(100).to_tf().map(lambda e: tf.cast(e["image"], tf.float32) / 2).prefetch(tf.data.AUTOTUNE)
    assert np.array_equal(np.concatenate(list(data.as_numpy_iterator())), IMAGES[TRAIN].astype(np.float32) / 2)
    data = train.to_tf().shuffle(300, seed=1).cache().repeat(2).batch(64)
    assert sorted(labels(data)) == sorted(TRAIN * 2)


def test_as_numpy_takes_it_back(train: Dataset) -> None:
    data = train.batch(100).to_tf()
    elements = onebit.as_numpy({"train": data, "one": tf.constant([1, 2])})
    assert (len(elements["train"]), elements["one"].tolist()) == (3, [1, 2])
    for _ in range(2):
        assert [batch["label"].tolist() for batch in elements["train"]] == [TRAIN[:100], TRAIN[100:200], TRAIN[200:]]


def test_keras_trains_on_it(train: Dataset) -> None:
    pairs = train.map(lambda e: (e["image"].astype("float32"), np.float32(e["label"] % 2))).batch(50).to_tf()
    model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(pairs, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert model.predict(pairs, verbose=0).shape == (300, 1)


def test_bytes(prepared: DatasetBuilder) -> None:
    files = prepared.as_dataset("train", decoders={"image": SkipDecoding()})
    for data in (files.to_tf(), files.batch(3).to_tf().unbatch()):
        assert data.element_spec["image"] == tf.TensorSpec((), tf.string)
        for element in data.take(5):
            assert np.array_equal(tf.io.decode_png(element["image"]), IMAGES[element["label"].numpy()])


def test_a_dtype_without_tensors(train: Dataset) -> None:
    with pytest.raises(TypeError) as caught:
        train.map(lambda e: np.full(2, "2020-01-01", "datetime64[D]")).to_tf()
    assert str(caught.value) == (
        "ds.to_tf(): TensorFlow has no tensors of datetime64[D]. It has bool, integers, floats, complex numbers and "
        "bytes; convert the values in ds.map(), or leave them out there."
    )


def test_big_endian_arrays(train: Dataset) -> None:
    data = train.map(lambda e: e["label"].astype(">i4"))
    for made in (data.to_tf(), data.batch(7).to_tf().unbatch()):
        assert made.element_spec == tf.TensorSpec((), tf.int32)
        assert [int(label) for label in made] == TRAIN


def test_nobody_knows_what_a_function_gives_for_no_element(train: Dataset) -> None:
    with pytest.raises(ValueError) as caught:
        train.take(0).map(abs).to_tf()
    assert str(caught.value) == (
        "<onebit.Dataset small_digits:1.2.3 train[0:0].map(abs), 0 elements> has no elements, so that nobody can know "
        "what map(abs) gives. Leave out the function, or the empty selection."
    )


def test_functions_and_epochs_are_not_used_up(train: Dataset) -> None:
    calls = []
    plan = train.shuffle(seed=1).map(lambda e: calls.append(1) or e)
    plan.to_tf()
    assert len(calls) == 1
    assert plan.iterate().epoch == 0


@pytest.mark.real_data
def test_the_real_images_are_those_of_tfds(real_prepared: Path, real_data: Path, tfds: ModuleType) -> None:
    ours = onebit.load("binarized_mnist", split="test", data_dir=real_prepared, download=False).to_tf()
    theirs = tfds.builder_from_directory(real_data / "binarized_mnist" / "tfds_1.0.0").as_dataset(split="test")
    assert ours.element_spec == theirs.element_spec
    assert ours.cardinality() == theirs.cardinality()
    for one, two in zip(ours.batch(1000), theirs.batch(1000), strict=True):
        assert np.array_equal(one["image"], two["image"])


def test_rows_are_tensors_in_memory(train: Dataset, tmp_path: Path) -> None:
    """TensorFlow looks them up, and saves where it was."""
    data = train.skip(7).take(100).to_tf()
    assert int(tf.data.experimental.at(data, 3)["label"]) == train[10]["label"]
    iterator = iter(data)
    next(iterator)
    saved = tf.train.Checkpoint(it=iterator).save(str(tmp_path / "state"))
    rest = [int(next(iterator)["label"]) for _ in range(5)]
    other = iter(data)
    tf.train.Checkpoint(it=other).restore(saved)
    assert [int(next(other)["label"]) for _ in range(5)] == rest


def test_many_rows_come_from_a_generator(train: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [int(example["label"]) for example in train.to_tf()]
    monkeypatch.setattr(tf_data, "MOST_BYTES_IN_MEMORY", 1000)
    assert [int(example["label"]) for example in train.to_tf()] == expected
    assert train.to_tf().element_spec["image"].shape == (28, 28, 1)


@pytest.mark.parametrize("value", [None, object(), [1, [2, 3]]])
def test_functions_that_give_no_array(train: Dataset, value: Any) -> None:
    with pytest.raises(TypeError, match=r"which is no array\. Elements are arrays, numbers, texts and bytes, and"):
        train.map(lambda example: value).to_tf()


def test_another_dtype_in_the_middle_is_told(train: Dataset) -> None:
    data = train.enumerate().map(lambda number, example: {"x": np.zeros(2, np.float32 if number < 70 else np.float64)})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"first element\['x'\] is of dtype float32, and another"):
        list(data.to_tf())
