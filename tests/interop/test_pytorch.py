"""PyTorch's own `DataLoader`, samplers and tensors over onebit's data sets, with the same pixels at the end."""

from __future__ import annotations

import json
import pickle
from collections.abc import MutableSequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_digits import IMAGES, stored_labels
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    RandomSampler,
    StackDataset,
    Subset,
    default_collate,
    random_split,
)
from torch.utils.data.distributed import DistributedSampler

import onebit
from onebit import Dataset
from onebit.builders import DatasetBuilder
from onebit.decoding import SkipDecoding
from onebit.interop.pytorch import TorchDataset, tensors

TRAIN = stored_labels("train")


@pytest.fixture
def train(prepared: DatasetBuilder) -> Dataset:
    """300 examples; the label of each tells which image belongs to it."""
    return prepared.as_dataset("train")


def labels(batches: Any) -> list[int]:
    """The labels of some batches, once the pixels were found to be theirs."""
    found = []
    for batch in batches:
        assert batch["image"].dtype == torch.uint8
        assert torch.equal(batch["image"], torch.from_numpy(IMAGES[batch["label"].numpy()]))
        found += batch["label"].tolist()
    return found


# Look-ups -----------------------------------------------------------------------------------------------------------


def test_it_is_a_data_set_of_pytorch(train: Dataset) -> None:
    data = train.to_torch()
    assert isinstance(data, torch.utils.data.Dataset)
    assert isinstance(data, TorchDataset)
    assert len(data) == 300
    assert repr(data) == f"<TorchDataset of {train!r}>"
    assert len(data + data) == len(ConcatDataset([data, data])) == 600
    parts = random_split(data, [200, 100])
    assert sorted(labels(DataLoader(parts[0], 64)) + labels(DataLoader(parts[1], 64))) == sorted(TRAIN)
    assert labels(DataLoader(Subset(data, [5, 2, 290]), 2)) == [TRAIN[5], TRAIN[2], TRAIN[290]]


def test_elements_and_stacked_elements(train: Dataset) -> None:
    data = train.to_torch()
    one = data[7]
    assert (one["image"].shape, one["image"].dtype) == ((28, 28, 1), torch.uint8)
    assert (one["label"].shape, one["label"].dtype, one["label"].item()) == ((), torch.int64, TRAIN[7])
    assert labels([data[-3:], data[[9, 0]], data[torch.tensor([4, -1])]]) == [
        *TRAIN[-3:],
        TRAIN[9],
        TRAIN[0],
        TRAIN[4],
        TRAIN[-1],
    ]
    assert labels([data[np.arange(300) < 2]]) == TRAIN[:2]
    batch = data.__getitems__([3, 3, 1])
    assert [each["label"].item() for each in batch] == [TRAIN[3], TRAIN[3], TRAIN[1]]
    with pytest.raises(IndexError, match="There is no element 300: the data set has 300"):
        data[300]


def test_a_batch_is_one_look_up(train: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    values = type(train.plan.source).values
    monkeypatch.setattr(
        type(train.plan.source), "values", lambda self, rows: asked.append(len(rows)) or values(self, rows)
    )
    assert len(labels(DataLoader(train.to_torch(), batch_size=128, shuffle=True))) == 300
    assert asked == [128, 128, 44]


@pytest.mark.parametrize(("workers", "method"), [(0, None), (2, "fork"), (2, "spawn")])
def test_loader_with_workers(train: Dataset, workers: int, method: str | None) -> None:
    torch.manual_seed(3)
    context: dict[str, Any] = {"num_workers": workers, "multiprocessing_context": method}
    loader = DataLoader(train.to_torch(), 64, shuffle=True, persistent_workers=workers > 0, **context)
    first, second = labels(loader), labels(loader)
    assert first != second != TRAIN
    assert sorted(first) == sorted(second) == sorted(TRAIN)

    ready = train.shuffle(seed=5).batch(64).to_torch()
    ready.set_epoch(4)
    order = labels(DataLoader(ready, batch_size=None, **context))
    assert order == labels(ready.iterate(epoch=4)) != labels(ready.iterate(epoch=0))


def test_bulk_look_ups_by_a_batch_sampler(train: Dataset) -> None:
    data = train.to_torch()
    sampler = BatchSampler(RandomSampler(data), 100, drop_last=False)
    assert sorted(labels(DataLoader(data, batch_size=None, sampler=sampler))) == sorted(TRAIN)


def test_collated_is_what_pytorch_would_make(prepared: DatasetBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without taking the batch apart; of dicts, of tuples, of tuples in dicts and of bytes."""
    files = {"image": SkipDecoding()}
    keys = [None, ("image", "label"), (("label", {"of": "image"}), "label")]
    for supervised, decoders in [(keys[0], None), (keys[0], files), (keys[1], None), (keys[2], files)]:
        monkeypatch.setattr(type(prepared.info), "supervised_keys", supervised)
        data = prepared.as_dataset("train", as_supervised=bool(supervised), decoders=decoders).to_torch()
        batch = data.__getitems__([7, 7, 250])
        made = default_collate(batch)
        plain = default_collate([data[7], data[7], data[250]])
        assert str(made) == str(plain)
        assert type(made) is type(plain)
        assert batch.whole() is not None
        assert len(batch) == len(list(batch)) == 3
        assert batch.whole() is None
        assert str(default_collate(batch)) == str(default_collate(list(batch))) == str(plain)
        assert str(batch[2]) == str(batch[-1]) == str(batch[1:][1])


def test_what_is_changed_before_it_is_collated_stays_changed(train: Dataset) -> None:
    def second(batch: Any) -> None:
        batch[1]["label"] = torch.tensor(-5)

    def first(batch: Any) -> None:
        batch[0]["label"] = torch.tensor(-5)

    def dropped(batch: Any) -> None:
        for example in batch:
            del example["image"]

    def in_place(batch: Any) -> None:
        batch[0]["label"].fill_(-5)

    for change, expected in (
        (second, [TRAIN[0], -5, TRAIN[2]]),
        (first, [-5, *TRAIN[1:3]]),
        (dropped, TRAIN[:3]),
        (in_place, [-5, *TRAIN[1:3]]),
    ):
        batch = train.to_torch().__getitems__([0, 1, 2])
        batch[0]
        change(batch)
        collated = default_collate(batch)
        assert collated["label"].tolist() == expected
        assert ("image" in collated) == (change is not dropped)


@pytest.mark.parametrize("workers", [0, 2])
def test_functions_that_collate_get_examples(train: Dataset, workers: int) -> None:
    for batch in DataLoader(train.to_torch(), 100, collate_fn=list, num_workers=workers):
        assert len(labels([default_collate(batch)])) == len(batch) == 100
        assert isinstance(batch[5], dict)
    stacked = StackDataset(first=train.to_torch(), second=train.to_torch())
    batch = next(iter(DataLoader(stacked, 50)))
    assert labels([batch["first"]]) == labels([batch["second"]]) == TRAIN[:50]


def test_distributed_sampler(train: Dataset) -> None:
    data, seen = train.to_torch(), []
    for rank in range(3):
        sampler = DistributedSampler(data, num_replicas=3, rank=rank, shuffle=True, seed=1)
        sampler.set_epoch(4)
        seen += labels(DataLoader(data, 32, sampler=sampler))
    assert len(seen) == 300
    assert sorted(seen) == sorted(TRAIN)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_goes_on_in_the_middle_of_an_epoch(train: Dataset, workers: int) -> None:
    plan = train.shuffle(seed=2).batch(32)
    data = plan.to_torch()
    data.set_epoch(6)
    whole = labels(DataLoader(data, batch_size=None))
    saved = json.dumps(data.state(4))

    again = pickle.loads(pickle.dumps(plan)).to_torch()
    rest = DataLoader(again, batch_size=None, sampler=again.resume(json.loads(saved)), num_workers=workers)
    assert labels(rest) == whole[4 * 32 :]
    assert len(rest) == 6
    assert labels(again.iterate(state=json.loads(saved))) == whole[4 * 32 :]
    with pytest.raises(ValueError, match="The state belongs to another plan"):
        train.to_torch().resume(json.loads(saved))


def test_ranks_by_shards_resume(train: Dataset) -> None:
    """Without PyTorch's sampler: the plan shuffles, each rank takes its part, and a state says where it was."""
    seen = []
    for rank in range(2):
        data = train.shuffle(seed=0).shard(2, rank).batch(50).to_torch()
        passing = iter(data)
        seen += labels([next(passing)])
        state = json.loads(json.dumps(passing.state()))
        seen += labels(DataLoader(data, batch_size=None, sampler=data.resume(state)))
    assert sorted(seen) == sorted(TRAIN)


def test_pickled_with_its_epoch(train: Dataset) -> None:
    data = train.shuffle(seed=0).to_torch()
    data.set_epoch(3)
    again = pickle.loads(pickle.dumps(data))
    assert isinstance(again, torch.utils.data.Dataset)
    assert len(pickle.dumps(data)) < 5000  # by reference to the files
    assert again[0]["label"] == data[0]["label"]
    assert again.epoch == 3


# Ready-made batches -------------------------------------------------------------------------------------------------


def test_ready_batches(train: Dataset) -> None:
    data = train.shuffle(seed=1).batch(64).to_torch()
    epochs = [labels(data), labels(data)]
    assert epochs[0] != epochs[1]
    assert epochs == [labels(data.iterate(epoch=epoch)) for epoch in range(2)]
    assert [sorted(epoch) for epoch in epochs] == [sorted(TRAIN)] * 2


def test_batches_are_not_copied(train: Dataset) -> None:
    array = next(iter(train.batch(16)))["image"]
    tensor = tensors({"image": array})["image"]
    array[0, 0, 0, 0] = 7
    assert tensor[0, 0, 0, 0] == 7


def test_states_are_those_of_the_data_set(train: Dataset) -> None:
    plan = train.shuffle(seed=9).batch(32)
    passing = iter(plan.to_torch())
    for _ in range(3):
        next(passing)
    state = json.loads(json.dumps(passing.state()))
    left = labels(passing)
    assert left == labels(plan.to_torch().iterate(state=state))
    assert left == [label for batch in plan.iterate(state=state) for label in batch["label"].tolist()]
    assert state == plan.to_torch().state(3)


def test_streams_and_endless_plans_are_iterated_over(train: Dataset) -> None:
    odd = train.filter(lambda example: example["label"] % 2 == 1).batch(32).to_torch()
    assert labels(odd) == [label for label in TRAIN if label % 2]
    endless = iter(train.repeat().batch(200).to_torch())
    assert labels([next(endless), next(endless)]) == (TRAIN * 2)[:400]


# What there is no tensor of -----------------------------------------------------------------------------------------


def test_structures_and_strange_arrays(train: Dataset) -> None:
    pairs = train.map(lambda e: (e["image"][::-1], {"label": e["label"], "name": str(e["label"])})).to_torch()
    image, rest = pairs[0]
    assert torch.equal(image, torch.from_numpy(IMAGES[TRAIN[0]][::-1].copy()))
    assert rest["name"] == str(TRAIN[0])
    image, rest = next(iter(DataLoader(pairs, 3)))
    assert (tuple(image.shape), rest["name"]) == ((3, 28, 28, 1), [str(label) for label in TRAIN[:3]])
    read_only = train.map(lambda e: np.broadcast_to(e["label"], 3)).to_torch()[0]
    read_only[0] = -1
    assert read_only.tolist() == [-1, TRAIN[0], TRAIN[0]]


def test_big_endian_arrays(train: Dataset) -> None:
    """As files of MNIST have them: PyTorch has no such memory."""
    data = train.map(lambda e: e["label"].astype(">i4")).to_torch()
    assert data[3].dtype == torch.int32
    assert [int(label) for label in data] == TRAIN
    assert torch.cat(list(DataLoader(data, 50))).tolist() == TRAIN


def test_bytes_stay_bytes(prepared: DatasetBuilder) -> None:
    files = prepared.as_dataset("train", decoders={"image": SkipDecoding()})
    assert files.to_torch()[0]["image"].startswith(b"\x89PNG")
    assert [type(each) for each in next(iter(files.batch(2).to_torch()))["image"]] == [bytes, bytes]
    assert next(iter(DataLoader(files.to_torch(), 2)))["image"][0].startswith(b"\x89PNG")


def test_a_dtype_without_tensors(train: Dataset) -> None:
    dates = train.map(lambda e: np.full(2, "2020-01-01", "datetime64[D]")).to_torch()
    with pytest.raises(TypeError) as caught:
        dates[0]
    assert str(caught.value) == (
        "ds.to_torch(): PyTorch has no tensors of datetime64[D]. It has bool, integers, floats and complex numbers; "
        "convert the values in ds.map(), or leave them out there."
    )


@pytest.mark.parametrize("wrong", ["image", 1.5, None])
def test_what_is_no_number_is_refused(train: Dataset, wrong: Any) -> None:
    with pytest.raises(TypeError) as caught:
        train.to_torch()[wrong]
    assert str(caught.value) == (
        f"{wrong!r} is no number of an element: write a whole one below 300. A column of one element is "
        "ds[0]['image'], that of all elements ds.arrays()['image']."
    )


def test_look_ups_in_a_stream_are_refused(train: Dataset) -> None:
    stream = train.filter(bool).to_torch()
    for look_up in (lambda: next(iter(DataLoader(stream))), lambda: stream[0], lambda: len(stream)):
        with pytest.raises(TypeError) as caught:
            look_up()
        assert str(caught.value) == (
            "ds.to_torch() looks elements up by their number, which they have no longer after filter(), or after "
            "unbatch() behind map(). Iterate over what ds.to_torch() gives: that needs no numbers. Or choose the "
            "elements by number: ds[[4, 0, 2]], or ds[mask] with a boolean array."
        )
    with pytest.raises(TypeError) as caught:
        len(train.repeat().to_torch())
    assert str(caught.value) == (
        "ds.to_torch() looks elements up by their number, of which there is no end after repeat(). Leave repeat() out "
        "and go through the epochs of the data set. Iterate over what ds.to_torch() gives: that needs no numbers."
    )


@pytest.mark.real_data
def test_the_real_images(real_prepared: Path) -> None:
    train = onebit.load("binarized_mnist", split="train", data_dir=real_prepared, download=False)
    expected = train.arrays()["image"]
    loaded = torch.cat([batch["image"] for batch in DataLoader(train.to_torch(), 1000, num_workers=2)])
    assert np.array_equal(loaded.numpy(), expected)
    ready = torch.cat([batch["image"] for batch in train.batch(1000).to_torch()])
    assert np.array_equal(ready.numpy(), expected)
    assert torch.equal(train.to_torch()[:]["image"], ready)


# Batches out of one look-up ------------------------------------------------------------------------------------------


def test_a_look_up_is_not_stacked_once_more(train: Dataset) -> None:
    found = train.to_torch().__getitems__([5, 3, 5])
    assert isinstance(found, MutableSequence)
    collated = torch.utils.data.default_collate(found)
    assert collated["image"].data_ptr() == found[0]["image"].data_ptr()
    assert type(collated) is dict
    found[1]["image"].fill_(7)  # the examples are views: what is done to them is in the batch
    assert (collated["image"][1] == 7).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda batch: batch.reverse(),
        lambda batch: batch.pop(),
        lambda batch: batch.append(batch[0]),
        lambda batch: batch[1].update(label=torch.tensor(99)),
        lambda batch: [example.update(more=torch.tensor(1)) for example in batch],
        lambda batch: [example.pop("image") for example in batch],
    ],
)
def test_a_look_up_that_was_changed_is_stacked_anew(train: Dataset, change: Any) -> None:
    found = train.to_torch().__getitems__([5, 3, 5])
    change(found)
    plain = torch.utils.data.default_collate([dict(example) for example in found])
    collated = torch.utils.data.default_collate(found)
    assert collated.keys() == plain.keys()
    for name, column in plain.items():
        assert torch.equal(collated[name], column)


def test_a_look_up_can_do_what_a_list_can(train: Dataset) -> None:
    """A collate_fn of one's own may sort its examples, or add others."""
    found = train.to_torch().__getitems__([5, 3, 9])
    found.sort(key=lambda example: int(example["label"]), reverse=True)
    expected = sorted((TRAIN[5], TRAIN[3], TRAIN[9]), reverse=True)
    assert [int(example["label"]) for example in found] == expected
    assert torch.utils.data.default_collate(found)["label"].tolist() == expected
    for more in (found + found[:1], found[2:] + found.copy(), [found[1]] + found):  # noqa: RUF005 - the sum is tested
        assert type(more) is list
        assert len(more) == 4
    assert int((found[2:] + found)[0]["label"]) == expected[2]


def test_examples_of_a_look_up_are_dicts_everywhere(train: Dataset) -> None:
    found = train.to_torch().__getitems__([2, 1])
    assert all(isinstance(example, dict) for example in found)
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is list
    assert torch.equal(again[1]["image"], found[1]["image"])
    inverted = [{**example, "image": 1 - example["image"]} for example in found]
    assert torch.equal(torch.utils.data.default_collate(inverted)["image"][0], 1 - found[0]["image"])


@pytest.mark.parametrize("position", [-1, 301])
def test_states_of_positions_that_are_not(train: Dataset, position: int) -> None:
    with pytest.raises(ValueError, match=rf"state\({position}\): ds\.to_torch\(\) has 300 elements, so that 0 to 300"):
        train.to_torch().state(position)
