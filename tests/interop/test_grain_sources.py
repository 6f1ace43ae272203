"""Grain's own `MapDataset`, `DataLoader` and workers over onebit's data sets, with the same pixels at the end."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import grain
import numpy as np
import pytest
from absl import flags
from small_digits import IMAGES, stored_labels

import onebit
from onebit import Dataset
from onebit.builders import DatasetBuilder
from onebit.interop.grain_sources import GrainDataset

TRAIN = stored_labels("train")
flags.FLAGS.mark_as_parsed()  # Grain's workers read flags of absl, which absl.app.run parses in a program


@pytest.fixture
def train(prepared: DatasetBuilder) -> Dataset:
    """300 examples; the label of each tells which image belongs to it."""
    return prepared.as_dataset("train")


def labels(elements: Any) -> list[int]:
    """The labels of elements, once the pixels were found to be theirs."""
    found = []
    for element in elements:
        assert np.array_equal(element["image"], IMAGES[element["label"]])
        found += np.atleast_1d(element["label"]).tolist()
    return found


def test_it_is_a_map_dataset(train: Dataset) -> None:
    data = train.to_grain()
    assert isinstance(data, grain.MapDataset)
    assert isinstance(data, GrainDataset)
    assert isinstance(data, grain.sources.RandomAccessDataSource)
    assert len(data) == 300
    assert labels(data) == TRAIN
    assert labels([data[3], data[-1], data[np.int64(7)]]) == [TRAIN[3], TRAIN[-1], TRAIN[7]]
    assert labels(data[10:20:3]) == TRAIN[10:20:3]


def test_grain_goes_on_from_there(train: Dataset) -> None:
    data = train.to_grain().shuffle(seed=3).map(lambda e: e | {"label": e["label"]}).batch(64)
    assert sorted(labels(data)) == sorted(TRAIN)
    assert len(data) == 5
    odd = train.to_grain().filter(lambda e: e["label"] % 2 == 1).to_iter_dataset().batch(16)
    assert labels(odd) == [label for label in TRAIN if label % 2]


def test_indices_beyond_the_length_are_later_epochs(train: Dataset) -> None:
    plan = train.shuffle(seed=3).batch(64)
    data = plan.to_grain()
    for epoch in range(3):
        expected = [element["label"].tolist() for element in plan.iterate(epoch=epoch)]
        assert [data[epoch * 5 + number]["label"].tolist() for number in range(5)] == expected
    assert labels(data.repeat(3)) == labels([data[number] for number in range(15)])
    assert labels(data.repeat(2)[5:]) != labels(data)


def test_checkpoints(train: Dataset) -> None:
    data = train.shuffle(seed=3).batch(50).to_grain().repeat(2)
    passing = iter(data.to_iter_dataset())
    first = labels([next(passing) for _ in range(4)])
    state = passing.get_state()
    assert first + labels(passing) == labels(data)
    again = iter(data.to_iter_dataset())
    again.set_state(state)
    assert labels(again) == labels(data)[200:]


def test_workers(train: Dataset) -> None:
    data = train.shuffle(seed=3).batch(50).to_grain()
    assert labels(data.to_iter_dataset().mp_prefetch(grain.MultiprocessingOptions(num_workers=2))) == labels(data)


@pytest.mark.parametrize(("workers", "as_map_dataset"), [(0, False), (0, True), (2, False)])
def test_data_loader(train: Dataset, workers: int, as_map_dataset: bool) -> None:
    """A `Dataset` is a random access source as it is."""

    def loader(dataset: Dataset) -> grain.DataLoader:
        source = dataset.to_grain() if as_map_dataset else dataset
        sampler = grain.samplers.IndexSampler(300, shuffle=True, seed=5, num_epochs=1)
        batch = [grain.transforms.Batch(32)]
        return grain.DataLoader(data_source=source, sampler=sampler, operations=batch, worker_count=workers)

    passing = iter(loader(train))
    first = labels([next(passing), next(passing)])
    state = passing.get_state()
    rest = labels(passing)
    assert sorted(first + rest) == sorted(TRAIN)
    again = iter(loader(pickle.loads(pickle.dumps(train))))
    again.set_state(state)
    assert labels(again) == rest
    with pytest.raises(ValueError, match="data source"):
        iter(loader(train.skip(0).shuffle(seed=1))).set_state(state)


def test_pickled_by_reference(train: Dataset) -> None:
    data = train.shuffle(seed=0).to_grain()
    again = pickle.loads(pickle.dumps(data))
    assert isinstance(again, grain.MapDataset)
    assert len(pickle.dumps(data)) < 5000
    assert repr(again) == repr(data) == f"<GrainDataset of {data.dataset!r}, {data.dataset.plan.fingerprint}>"
    assert labels(again) == labels(data)


def test_a_stream_is_refused(train: Dataset) -> None:
    with pytest.raises(TypeError) as caught:
        train.filter(bool).to_grain()
    assert str(caught.value).startswith("ds.to_grain() looks elements up by their number, which they have no longer")
    with pytest.raises(TypeError, match=r"ds.to_grain\(\) looks elements up by their number, of which there is no end"):
        train.repeat().to_grain()


@pytest.mark.real_data
def test_the_real_images(real_prepared: Path) -> None:
    train = onebit.load("binarized_mnist", split="train", data_dir=real_prepared, download=False)
    loaded = np.concatenate([batch["image"] for batch in train.batch(1000).to_grain()])
    assert np.array_equal(loaded, train.arrays()["image"])


def test_there_is_nothing_in_an_empty_one(train: Dataset) -> None:
    with pytest.raises(IndexError, match="There is no element 0: the data set has 0"):
        train.take(0).to_grain()[0]
    for wrong in (1.5, True, "image"):
        with pytest.raises(TypeError, match=rf"{wrong!r} is no number of an element: write "):
            train.to_grain()[wrong]


def test_what_grain_does_itself_is_said(train: Dataset) -> None:
    for stream in (train.repeat(), train.filter(bool)):
        with pytest.raises(TypeError, match=r"Grain can do it: ds\.to_grain\(\) has repeat\(\) and filter\(\)\."):
            stream.to_grain()
