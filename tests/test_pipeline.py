"""`Dataset`: every verb against plain lists, positions, memory, pickles, processes."""

from __future__ import annotations

import inspect
import itertools
import json
import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import plan_model
import pytest
import small_digits
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from plan_model import Example, ImpossibleError, Pair
from small_digits import brief, stored_labels, touched, wanted

import onebit
from onebit import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset, pipeline, stages, store
from onebit.builders import DatasetBuilder

TESTS = Path(__file__).parent
TRAIN = stored_labels("train")


@pytest.fixture
def train(prepared: DatasetBuilder) -> Dataset:
    """300 examples; the label of each tells which it is. Made anew for each test: epochs start at 0."""
    return prepared.as_dataset("train")


def seen(elements: Any) -> list[Any]:
    return [brief(element) for element in elements]


# Against the model --------------------------------------------------------------------------------------------------

SMALL = st.integers(0, 9)
BOUND = st.none() | st.integers(-12, 12)
SLICES = st.builds(slice, BOUND, BOUND, st.sampled_from([None, 1, 2, 7, -1, -3]))
VERBS = st.one_of(
    st.tuples(st.just("take"), st.integers(-1, 12)),
    st.tuples(st.just("skip"), st.integers(-1, 5)),
    st.integers(1, 4).flatmap(lambda n: st.tuples(st.just("shard"), st.just(n), st.integers(0, n - 1))),
    st.tuples(st.just("batch"), st.integers(1, 5), st.booleans()),
    st.tuples(st.just("unbatch")),
    st.tuples(st.just("repeat"), st.integers(0, 3)),
    st.tuples(st.just("repeat_endlessly_and_take"), st.integers(0, 25)),
    st.tuples(st.just("shuffle"), st.integers(-3, 3), st.booleans()),
    st.tuples(st.just("enumerate"), st.integers(-5, 5)),
    st.tuples(st.just("map")),
    st.tuples(st.just("filter")),
    st.tuples(st.just("cache")),
    st.tuples(st.just("prefetch"), st.integers(-1, 3)),
    st.tuples(st.just("concatenate_itself")),
    st.tuples(st.just("slice"), BOUND, BOUND, st.sampled_from([None, 1, 2, 3, -1, -2])),
    st.tuples(st.just("pick"), st.lists(st.integers(-4, 3), max_size=4).map(tuple)),
)
CHUNKS = st.sampled_from([1, 5, 512])  # rows that are decoded at once: short plans have to cross chunks, too
CHAINS = st.tuples(CHUNKS, st.integers(0, 12), st.lists(VERBS, max_size=6))
many = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts back the size of chunks that `build` changes."""
    monkeypatch.setattr(stages, "ROWS_PER_CHUNK", stages.ROWS_PER_CHUNK)


def build(train: Dataset, chain: tuple[int, int, list[tuple[Any, ...]]]) -> Pair:
    """The chain's data set and its model; chains that make no sense are thrown away."""
    stages.ROWS_PER_CHUNK, size, verbs = chain
    labels = [Example(label) for label in TRAIN[:size]]
    pair = Pair(train.take(size), lambda epoch: list(labels))
    for verb, *arguments in verbs:
        if verb in ("slice", "pick") and pair.dataset.cardinality() == UNKNOWN_CARDINALITY:
            assume(False)
        if verb == "pick" and not all(-len(pair.dataset) <= place < len(pair.dataset) for place in arguments[0]):
            assume(False)
        pair = pair.then(verb, *arguments)
        try:
            assume(len(pair.model(0)) < 120)
        except ImpossibleError:
            assume(False)
    return pair


def expected(pair: Pair, epoch: int) -> list[Any]:
    try:
        return [plan_model.brief(element) for element in pair.model(epoch)]
    except ImpossibleError:
        assume(False)
        raise


@many
@pytest.mark.usefixtures("chunks")
@given(CHAINS, st.integers(1, 2**40))
def test_iterating_equals_the_model(prepared: DatasetBuilder, chain: Any, late: int) -> None:
    pair = build(prepared.as_dataset("train"), chain)
    for epoch in (0, 1, late):
        assert seen(pair.dataset.iterate(epoch=epoch)) == expected(pair, epoch), pair
    assert seen(pair.dataset) == expected(pair, 0)  # the first pass of this object
    assert seen(pair.dataset) == expected(pair, 1)


@many
@pytest.mark.usefixtures("chunks")
@given(CHAINS, SLICES, st.lists(st.integers(0, 200), max_size=6))
def test_a_sequence_like_a_list(prepared: DatasetBuilder, chain: Any, part_of_it: slice, numbers: list[int]) -> None:
    pair = build(prepared.as_dataset("train"), chain)
    dataset, model = pair.dataset, expected(pair, 0)
    if dataset.cardinality() == UNKNOWN_CARDINALITY:
        with pytest.raises(TypeError, match="filter"):
            len(dataset)
        return
    n = len(model)
    assert len(dataset) == dataset.cardinality() == n
    assert [brief(dataset[place]) for place in range(-n, n)] == model * 2
    assert seen(reversed(dataset)) == model[::-1]
    for outside in (-n - 1, n, n + 10_000):
        with pytest.raises(IndexError, match=f"There is no element {outside}: the data set has {n}"):
            dataset[outside]
    part = dataset[part_of_it]
    assert isinstance(part, Dataset)
    assert seen(part.iterate(epoch=0)) == model[part_of_it], (pair, part_of_it)
    assert len(part) == len(model[part_of_it])
    assert [brief(part[place]) for place in range(len(part))] == model[part_of_it]
    chosen = [number % (2 * n) - n for number in numbers] if n else []
    assert seen(dataset[chosen].iterate(epoch=0)) == [model[place] for place in chosen]
    assert seen(dataset.__getitems__(chosen)) == [model[place] for place in chosen]
    mask = [bool(number % 2) for number in (numbers * n)[:n]]
    if len(mask) == n:
        assert seen(dataset[np.array(mask, bool)].iterate(epoch=0)) == list(itertools.compress(model, mask))


@many
@pytest.mark.usefixtures("chunks")
@given(CHAINS, st.integers(0, 3))
def test_resuming_at_every_position(prepared: DatasetBuilder, chain: Any, epoch: int) -> None:
    pair = build(prepared.as_dataset("train"), chain)
    model = expected(pair, epoch)
    states = []
    iterator = pair.dataset.iterate(epoch=epoch)
    for element in model:
        states.append(json.loads(json.dumps(iterator.state())))
        assert brief(next(iterator)) == element
    assert next(iterator, "the end") == "the end"
    states.append(iterator.state())
    again = build(prepared.as_dataset("train"), chain).dataset  # the same plan, built anew
    for position, state in enumerate(states):
        assert state["position"] == position
        resumed = again.iterate(state=state)
        assert resumed.epoch == epoch
        assert seen(resumed) == model[position:], (pair, position)
        assert resumed.state() == states[-1]


@many
@pytest.mark.usefixtures("chunks")
@given(CHAINS, CHAINS)
def test_fingerprints(prepared: DatasetBuilder, chain: Any, other: Any) -> None:
    first, second = build(prepared.as_dataset("train"), chain), build(prepared.as_dataset("train"), chain)
    assert first.dataset.plan.fingerprint == second.dataset.plan.fingerprint
    assert pickle.loads(pickle.dumps(first.dataset)).plan.fingerprint == first.dataset.plan.fingerprint
    different = build(prepared.as_dataset("train"), other)
    if first.dataset.plan.fingerprint == different.dataset.plan.fingerprint:
        assert all(expected(first, epoch) == expected(different, epoch) for epoch in range(3))


# The verbs, one by one ----------------------------------------------------------------------------------------------


def test_examples_and_batches(train: Dataset) -> None:
    example = next(iter(train))
    assert example.keys() == {"image", "label"}
    assert (example["image"].shape, example["image"].dtype) == ((28, 28, 1), np.uint8)
    assert set(np.unique(example["image"])) == {0, 1}
    assert (type(example["label"]), example["label"]) == (np.int64, TRAIN[0])
    batch = next(iter(train.batch(128)))
    assert (batch["image"].shape, batch["label"].shape) == ((128, 28, 28, 1), (128,))
    assert [len(batch["label"]) for batch in train.batch(128)] == [128, 128, 44]
    assert [len(batch["label"]) for batch in train.batch(128, drop_remainder=True)] == [128, 128]
    assert seen(train) == TRAIN


def test_batches_of_batches_of_which_the_last_is_short(train: Dataset) -> None:
    """7 examples are batches of 3, 3, 1; pairs of these are (3, 3) and (1): each has one shape, as in tf.data."""
    pairs = train.take(7).batch(3).batch(2)
    assert seen(pairs) == [[TRAIN[:3], TRAIN[3:6]], [TRAIN[6:7]]]
    assert brief(pairs[1]) == [TRAIN[6:7]]


def test_batches_whose_shapes_change_between_batches(train: Dataset) -> None:
    def cropped(example: dict[str, Any]) -> np.ndarray:
        return np.zeros(3 if TRAIN.index(example["label"]) < 2 else 4)

    assert [batch.shape for batch in train.take(4).map(cropped).batch(2)] == [(2, 3), (2, 4)]
    with pytest.raises(ValueError, match=r"different shapes cannot be batched: \(3,\) and \(4,\)\. Make them equal in"):
        list(train.take(4).map(cropped).batch(4))


def test_concatenated_batches_of_other_shapes(train: Dataset) -> None:
    both = train.take(4).batch(4).concatenate(train.take(6).batch(2))
    assert [len(batch["label"]) for batch in both] == [4, 2, 2, 2]
    assert [batch["label"].shape for batch in both.batch(1)] == [(1, 4), (1, 2), (1, 2), (1, 2)]


def test_repeats_are_epochs(train: Dataset) -> None:
    shuffled = train.take(20).shuffle(seed=3)
    passes = [seen(shuffled.iterate(epoch=epoch)) for epoch in range(6)]
    assert len(set(map(tuple, passes))) == 6
    assert all(sorted(one) == sorted(TRAIN[:20]) for one in passes)
    assert seen(shuffled.repeat(3).iterate(epoch=1)) == passes[3] + passes[4] + passes[5]
    assert seen(shuffled.repeat().take(50).iterate(epoch=0)) == (passes[0] + passes[1] + passes[2])[:50]
    fixed = train.take(20).shuffle(seed=3, reshuffle_each_iteration=False)
    assert seen(fixed.repeat(2)) == passes[0] * 2
    assert len(set(map(tuple, (seen(shuffled.repeat().take(20).iterate(epoch=e)) for e in range(5))))) == 5


def test_endless(train: Dataset) -> None:
    endless = train.take(3).repeat()
    assert endless.cardinality() == INFINITE_CARDINALITY == -1
    iterator = iter(endless)
    assert [brief(next(iterator)) for _ in range(8)] == (TRAIN[:3] * 3)[:8]
    assert endless.batch(2).cardinality() == endless.skip(5).cardinality() == endless.shard(2, 1).cardinality() == -1
    assert seen(endless.batch(2).take(2)) == [[TRAIN[0], TRAIN[1]], [TRAIN[2], TRAIN[0]]]
    assert len(endless.take(10)) == 10
    assert train.take(0).repeat().cardinality() == 0
    assert list(train.take(0).repeat()) == []
    assert train.repeat(-1).cardinality() == -1
    assert seen(train.take(2).concatenate(endless).take(4)) == [*TRAIN[:2], *TRAIN[:2]]
    assert seen(endless.concatenate(train).take(2)) == TRAIN[:2]
    assert seen(endless.repeat(2).take(4)) == [*TRAIN[:3], TRAIN[0]]


def test_no_repetition_of_an_endless_repeat(train: Dataset) -> None:
    assert train.repeat().repeat(0).cardinality() == 0
    assert list(train.repeat().repeat(0)) == []


def test_an_endless_repeat_of_nothing_ends(train: Dataset) -> None:
    assert list(train.filter(lambda example: False).repeat()) == []


def test_shuffle_of_endless_says_what_to_do(train: Dataset) -> None:
    text = (
        r"shuffle\(\) after an endless repeat\(\) has no last element.*Shuffle first: ds\.shuffle\(\.\.\.\)\.repeat\(\)"
    )
    with pytest.raises(ValueError, match=text):
        train.repeat().shuffle(10)
    with pytest.raises(ValueError, match=text):
        train.filter(wanted).repeat().batch(3).shuffle(10)


def test_an_endless_stream_is_known_to_be_endless(train: Dataset) -> None:
    """Without that, arrays() and shuffle() would collect elements until the memory is full."""
    stream = train.filter(wanted).repeat()
    for endless in (stream, stream.batch(2), train.repeat().filter(wanted), train.filter(wanted).concatenate(stream)):
        assert endless.cardinality() == INFINITE_CARDINALITY
        assert "endless" in repr(endless)
        for ask in (len, Dataset.arrays, lambda ds: ds[0]):
            with pytest.raises(TypeError, match="endless"):
                ask(endless)
        assert endless.take(3).cardinality() == UNKNOWN_CARDINALITY
        assert len(seen(endless.take(3))) == 3
    assert stream.repeat(0).cardinality() == UNKNOWN_CARDINALITY
    assert list(stream.repeat(0)) == []


def test_shuffle_takes_any_buffer_size(train: Dataset) -> None:
    orders = [seen(train.shuffle(size, seed=5).iterate(epoch=0)) for size in (None, 1, 10, 300, 10**9)]
    assert all(order == orders[0] for order in orders)
    assert sorted(orders[0]) == sorted(TRAIN) != orders[0]
    with pytest.raises(ValueError, match=r"shuffle\(buffer_size\) was given 0; the least is 1"):
        train.shuffle(0)


def test_shuffle_without_a_seed(train: Dataset) -> None:
    first, second = train.shuffle(), train.shuffle()
    assert seen(first.iterate(epoch=0)) != seen(second.iterate(epoch=0))
    assert seen(first.iterate(epoch=0)) == seen(first.iterate(epoch=0))
    assert first.plan.fingerprint != second.plan.fingerprint
    copy = pickle.loads(pickle.dumps(first))  # workers must agree with each other
    assert seen(copy) == seen(first)
    state = next_state(first, 10)
    assert seen(copy.iterate(state=state)) == seen(first.iterate(epoch=state["epoch"]))[10:]


def test_shuffles_of_shuffles_and_of_streams(train: Dataset) -> None:
    twice = train.shuffle(seed=1).shuffle(seed=2)
    assert sorted(seen(twice)) == sorted(TRAIN)
    stream = train.take(30).filter(wanted).shuffle(seed=4)
    passes = [tuple(seen(stream.iterate(epoch=epoch))) for epoch in range(4)]
    assert len(set(passes)) == 4
    assert {tuple(sorted(one)) for one in passes} == {tuple(sorted(label for label in TRAIN[:30] if label % 3))}


def test_nothing_is_computed_before_it_is_asked_for(train: Dataset) -> None:
    calls: list[int] = []

    def noted(example: dict[str, Any]) -> dict[str, Any]:
        calls.append(int(example["label"]))
        return example

    mapped = train.map(noted)
    dataset = (
        mapped.filter(wanted).shuffle(seed=0).concatenate(mapped.filter(wanted).shuffle(seed=1)).batch(4).prefetch(2)
    )
    iterator = iter(dataset)
    repr(dataset), dataset.cardinality(), iterator.state()
    time.sleep(0.02)
    assert calls == []
    next(iterator)
    assert len(calls) >= 300
    calls.clear()
    next(iter(mapped))
    mapped[7]
    assert calls == [TRAIN[0], TRAIN[7]]


def test_take_and_skip(train: Dataset) -> None:
    assert train.take(-1) is train
    assert len(train.skip(-1)) == 0
    assert len(train.take(10**12)) == 300
    assert len(train.skip(10**12)) == 0
    for verb in ("take", "skip"):
        with pytest.raises(ValueError, match=rf"{verb}\(count\) was given -2; the least is 0"):
            getattr(train, verb)(-2)
        with pytest.raises(TypeError):
            getattr(train, verb)(2.5)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda ds: ds.batch(0), ValueError, r"batch\(batch_size\) was given 0; the least is 1"),
        (lambda ds: ds.shard(0, 0), ValueError, r"num_shards was given 0; the least is 1"),
        (lambda ds: ds.shard(4, 4), ValueError, r"shard\(4, 4\): the index must be in 0\.\.3"),
        (lambda ds: ds.shard(4, -1), ValueError, r"shard\(4, -1\): the index must be in 0\.\.3"),
        (lambda ds: ds.repeat(-2), ValueError, r"repeat\(count\) was given -2; the least is 0"),
        (lambda ds: ds.prefetch(-2), ValueError, r"prefetch\(buffer_size\) was given -2; the least is 0"),
        (
            lambda ds: ds.cache("file"),
            ValueError,
            r"cache\('file'\): elements are kept in memory only\. Type ds\.cache\(\)",
        ),
        (lambda ds: ds.map(None), TypeError, r"map\(\) takes a function, not NoneType"),
        (lambda ds: ds.filter(3), TypeError, r"filter\(\) takes a function, not int"),
        (lambda ds: ds.concatenate([1]), TypeError, r"concatenate\(\) takes a onebit\.Dataset, not list"),
        (
            lambda ds: ds["image"],
            TypeError,
            r"'image' does not choose elements: write ds\[3\], ds\[2:7\], ds\[\[4, 0, 4\]\]",
        ),
        (lambda ds: ds[1.5], TypeError, r"1\.5 does not choose elements"),
        (lambda ds: ds[True], TypeError, r"True does not choose elements"),
        (lambda ds: ds[None], TypeError, r"None does not choose elements"),
        (lambda ds: ds[[[1, 2]]], TypeError, r"does not choose elements"),
        (lambda ds: ds[[0.0, 1.0]], TypeError, r"does not choose elements"),
        (lambda ds: ds[[True, False]], TypeError, r"mask is a boolean array of length 300"),
        (lambda ds: ds[[0, 300]], IndexError, r"There is no element 300: the data set has 300"),
        (lambda ds: ds[[0, -301]], IndexError, r"There is no element -301: the data set has 300"),
        (lambda ds: ds.shuffle(seed=1.5), TypeError, "float"),
        (lambda ds: ds.take("3"), TypeError, "str"),
        (lambda ds: list(ds.enumerate().unbatch()), TypeError, "unbatch"),
    ],
)
def test_bad_arguments(train: Dataset, make: Callable[[Dataset], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make(train)


@pytest.mark.parametrize(
    "make",
    [
        lambda ds: ds.filter(wanted),
        lambda ds: ds.filter(wanted).take(3).batch(2),
        lambda ds: ds.batch(4).map(touched).unbatch(),
        lambda ds: ds.concatenate(ds.filter(wanted)),
        lambda ds: ds.filter(wanted).cache().repeat(2),
    ],
)
def test_after_filter_there_is_no_length(train: Dataset, make: Callable[[Dataset], Dataset]) -> None:
    stream = make(train)
    assert stream.cardinality() == UNKNOWN_CARDINALITY == -2
    for ask in (len, lambda ds: ds[0], lambda ds: ds[1:2], lambda ds: ds[[1]], lambda ds: ds.__getitems__([0])):
        with pytest.raises(
            TypeError, match=r"is not known before everything was computed, because of filter\(\) or unbatch"
        ):
            ask(stream)
    assert list(stream)  # list() asks for the length first, and must not mind


def test_after_an_endless_repeat_there_is_no_length(train: Dataset) -> None:
    for ask in (len, lambda ds: ds[0], lambda ds: ds[1:2], lambda ds: ds[[1]], lambda ds: ds.arrays()):
        with pytest.raises(
            TypeError, match=r"is not defined after an endless repeat\(\)\. Write take\(n\) first, or repeat\(c"
        ):
            ask(train.repeat())


def test_numpy_integers_of_every_kind(train: Dataset) -> None:
    """Indices come from argsort, uint8 arrays, torch ...: the smallest dtype must not overflow."""
    for kind in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64):
        assert seen(train[np.array([3, 0, 100], kind)]) == [TRAIN[3], TRAIN[0], TRAIN[100]]
        assert brief(train[kind(5)]) == TRAIN[5]
        assert len(train.take(kind(5))) == len(train.skip(kind(5)).batch(kind(5)).take(kind(5))) == 5
        if np.issubdtype(kind, np.signedinteger):
            assert seen(train[np.array([-1, 2], kind)]) == [TRAIN[-1], TRAIN[2]]
    with pytest.raises(IndexError, match="There is no element 18446744073709551615"):
        train[np.array([2**64 - 1], np.uint64)]
    plan = (
        train.shuffle(np.int64(3), np.int64(7))
        .shard(np.int64(3), np.int8(1))
        .repeat(np.uint8(2))
        .enumerate(np.int32(4))
    )
    plain = train.shuffle(3, 7).shard(3, 1).repeat(2).enumerate(4)
    assert plan.plan.fingerprint == plain.plan.fingerprint
    assert seen(plan) == seen(plain)
    assert len(json.dumps(plan.iterate(epoch=np.int64(2)).state())) < 200


def test_map_and_filter_get_tuples_as_arguments(train: Dataset) -> None:
    numbered = train.take(5).enumerate(10)
    assert [int(total) for total in numbered.map(lambda number, example: number + example["label"])] == [
        number + label for number, label in enumerate(TRAIN[:5], 10)
    ]
    assert [brief(element)[0] for element in numbered.filter(lambda number, example: number % 2 == 0)] == [10, 12, 14]
    assert all(type(number) is np.int64 for number, _ in numbered)
    assert all(type(number) is np.int64 for number, _ in train.filter(wanted).enumerate())


def test_a_function_that_raises_stop_iteration_is_an_error(train: Dataset) -> None:
    """Without care the rest of a chunk would be lost in silence."""
    empty: Any = iter(())
    for dataset in (train.map(lambda example: next(empty)), train.filter(wanted).map(lambda example: next(empty))):
        with pytest.raises(RuntimeError, match="StopIteration"):
            list(dataset)
        with pytest.raises(RuntimeError, match="StopIteration"):
            list(dataset.batch(3))


def test_unbatch_undoes_batch(train: Dataset) -> None:
    assert train.batch(7).unbatch().plan.fingerprint == train.plan.fingerprint
    assert len(train.batch(7, drop_remainder=True).unbatch()) == 294
    assert seen(train.take(7).batch(3).map(touched).unbatch()) == [label + 10_000 for label in TRAIN[:7]]
    assert train.filter(wanted).batch(7, drop_remainder=True).unbatch().cardinality() == UNKNOWN_CARDINALITY
    assert len(seen(train.filter(wanted).batch(7, drop_remainder=True).unbatch())) % 7 == 0


def test_cache_runs_functions_once_and_gives_copies(train: Dataset) -> None:
    calls: list[int] = []

    def noted(example: dict[str, Any]) -> dict[str, Any]:
        calls.append(int(example["label"]))
        return example

    for dataset in (train.take(6).map(noted).cache(), train.take(6).map(noted).filter(wanted).cache()):
        calls.clear()
        first = list(dataset)
        for element in first:
            element["image"][:] = 9
        second = list(dataset)
        assert seen(second) == seen(dataset)
        for element in second:
            element["image"][:] = 9
        assert seen(dataset)
        assert sorted(calls) == sorted(TRAIN[:6])


def test_cache_freezes_the_order_before_it(train: Dataset) -> None:
    for dataset in (train.shuffle(seed=1).cache(), train.shuffle(seed=1).map(touched).cache()):
        assert seen(dataset) == seen(dataset)
    assert seen(train.shuffle(seed=1).cache().shuffle(seed=2).iterate(epoch=0)) != seen(
        train.shuffle(seed=1).cache().shuffle(seed=2).iterate(epoch=1)
    )


def test_a_cache_that_was_not_filled_to_the_end(train: Dataset) -> None:
    stream = train.take(10).filter(wanted).cache()
    whole = [label for label in TRAIN[:10] if label % 3]
    for _ in range(3):
        iterator = iter(stream)
        assert brief(next(iterator)) == whole[0]
    assert seen(stream) == seen(stream) == whole


def test_prefetch_computes_ahead_and_ends(train: Dataset) -> None:
    calls: list[int] = []

    def noted(example: dict[str, Any]) -> dict[str, Any]:
        calls.append(int(example["label"]))
        return example

    def workers() -> int:
        return sum(thread.name == "onebit-prefetch" for thread in threading.enumerate())

    before = workers()
    iterator = iter(train.map(noted).prefetch(3))
    assert brief(next(iterator)) == TRAIN[0]
    deadline = time.monotonic() + 5
    while len(calls) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert 4 <= len(calls) <= 5  # one given out, three waiting, one in the thread's hands
    assert iterator.state()["position"] == 1
    assert workers() == before + 1
    del iterator
    while workers() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers() == before
    assert seen(train.map(touched).prefetch(2)) == seen(train.map(touched))
    assert workers() == before


def test_prefetch_hands_errors_over(train: Dataset) -> None:
    def broken(example: dict[str, Any]) -> dict[str, Any]:
        if example["label"] == TRAIN[2]:
            raise LookupError("the third is missing")
        return example

    iterator = iter(train.map(broken).prefetch(2))
    assert [brief(next(iterator)), brief(next(iterator))] == TRAIN[:2]
    with pytest.raises(LookupError, match="the third is missing"):
        next(iterator)


def test_truth(train: Dataset) -> None:
    """`if ds:` works on every plan, as it does in tf.data; an empty one is false, as an empty list is."""
    for dataset in (train, train.filter(wanted), train.repeat(), train.filter(wanted).repeat(), train.batch(7)):
        assert dataset
    for nothing in (train.take(0), train.skip(300), train.repeat(0), train[5:5], train.take(0).repeat()):
        assert not nothing


def test_has_tf_datas_signatures() -> None:
    """tf.data's names and order of arguments (TensorFlow 2.21), without `name` and what steers its threads."""
    signatures = {
        "take": ["count"],
        "skip": ["count"],
        "shard": ["num_shards", "index"],
        "concatenate": ["dataset"],
        "shuffle": ["buffer_size", "seed", "reshuffle_each_iteration"],
        "batch": ["batch_size", "drop_remainder", "num_parallel_calls", "deterministic"],
        "unbatch": [],
        "map": ["map_func", "num_parallel_calls", "deterministic"],
        "filter": ["predicate"],
        "repeat": ["count"],
        "enumerate": ["start"],
        "prefetch": ["buffer_size"],
        "cache": ["filename"],
        "cardinality": [],
        "as_numpy_iterator": [],
    }
    for verb, names in signatures.items():
        assert list(inspect.signature(getattr(Dataset, verb)).parameters) == ["self", *names]


def test_the_data_set_never_changes(train: Dataset) -> None:
    before = train.plan.fingerprint
    for derived in (train.shuffle(seed=1), train.batch(3), train.map(touched), train.filter(wanted), train.cache()):
        list(derived)
        assert derived is not train
    assert train.plan.fingerprint == before
    assert seen(train) == TRAIN


def test_repr(train: Dataset) -> None:
    assert repr(train) == "<onebit.Dataset small_digits:1.2.3 train, 300 elements>"
    assert repr(train[10:20]) == "<onebit.Dataset small_digits:1.2.3 train[10:20], 10 elements>"
    assert "seed" in repr(train.shuffle(seed=12345)) or "12345" in repr(train.shuffle(seed=12345))
    assert "endless" in repr(train.repeat())
    assert "unknown" in repr(train.filter(wanted))
    for dataset in (train.concatenate(train), train[[1, 2]], train.map(touched), train.enumerate().unbatch()):
        assert repr(dataset).startswith("<onebit.Dataset small_digits:1.2.3 train")
        assert len(repr(dataset)) < 300


# Epochs and positions -----------------------------------------------------------------------------------------------


def next_state(dataset: Dataset, position: int) -> dict[str, Any]:
    iterator = iter(dataset)
    for _ in range(position):
        next(iterator)
    return iterator.state()


def test_each_pass_is_the_next_epoch(train: Dataset) -> None:
    shuffled = train.shuffle(seed=0)
    assert [iter(shuffled).epoch for _ in range(3)] == [0, 1, 2]
    assert shuffled.as_numpy_iterator().epoch == 3
    assert shuffled.iterate(epoch=17).epoch == 17  # asking for one does not count
    assert iter(shuffled).epoch == 4
    assert iter(shuffled.batch(2)).epoch == 0  # another object, another count
    assert iter(pickle.loads(pickle.dumps(shuffled))).epoch == 0
    assert seen(shuffled) == seen(shuffled.iterate(epoch=5))


def test_epochs_are_given_out_once_to_threads(train: Dataset) -> None:
    with ThreadPoolExecutor(8) as pool:
        epochs = list(pool.map(lambda _: iter(train).epoch, range(2000)))
    assert sorted(epochs) == list(range(2000))


def test_threads_share_a_data_set(train: Dataset) -> None:
    shuffled = train.shuffle(seed=8).batch(16)
    whole = {epoch: seen(shuffled.iterate(epoch=epoch)) for epoch in range(16)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda epoch: seen(shuffled.iterate(epoch=epoch)), range(16)))
    assert found == list(whole.values())


def test_states_are_small_json(train: Dataset) -> None:
    state = next_state(train.shuffle(seed=0).batch(16).repeat(), 30)
    assert state.keys() == {"plan", "epoch", "position"}
    assert len(json.dumps(state)) < 200
    assert json.loads(json.dumps(state)) == state


def test_states_of_other_plans_are_refused(train: Dataset) -> None:
    state = next_state(train.shuffle(seed=0), 3)
    others = [
        train,
        train.shuffle(seed=1),
        train.shuffle(seed=0).batch(1),
        train.skip(1).shuffle(seed=0),
        train.shuffle(seed=0, reshuffle_each_iteration=False),
        train.shuffle(seed=0).map(touched),
    ]
    for other in others:
        with pytest.raises(
            ValueError, match=r"belongs to another plan \(its fingerprint is [0-9a-f]{32}, this data set's is"
        ):
            other.iterate(state=state)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"plan": "x"},
        [1, 2],
        "state",
        3,
        {"epoch": 0, "position": 0},
        {"plan": None, "epoch": None, "position": None},
        {"plan": "@", "epoch": 0, "position": -1},
        {"plan": "@", "epoch": 0, "position": 2.5},
        {"plan": "@", "epoch": float("inf"), "position": 0},
        {"plan": "@", "epoch": float("nan"), "position": 0},
        {"plan": "@", "epoch": 0, "position": "many"},
    ],
)
def test_what_is_no_state_is_refused(train: Dataset, state: Any) -> None:
    if isinstance(state, dict) and state.get("plan") == "@":
        state = state | {"plan": train.plan.fingerprint}
    with pytest.raises(ValueError, match=r"is not the state of an iterator: pass on what it\.state\(\) gave"):
        train.iterate(state=state)


def test_a_state_beyond_the_end_has_nothing_left(train: Dataset) -> None:
    state = train.iterate(epoch=0).state() | {"position": 1000}
    assert list(train.iterate(state=state)) == []


PLANS: dict[str, Callable[[Dataset], Dataset]] = {
    "shuffled batches": lambda ds: ds.shuffle(seed=1).batch(16),
    "endless": lambda ds: ds.take(20).shuffle(seed=2).repeat().batch(3).take(20),
    "functions ahead": lambda ds: ds.shuffle(seed=3).map(touched).batch(7).prefetch(2),
    "stream": lambda ds: ds.shuffle(seed=4).filter(wanted).shuffle(seed=5).batch(9).enumerate(),
    "stream of batches": lambda ds: ds.batch(10).map(touched).unbatch().filter(wanted).take(60),
    "cached": lambda ds: ds.take(30).map(touched).cache().shuffle(seed=6).repeat(2),
}

RESUME = """
import json, pickle, sys
from small_digits import brief
datasets = pickle.load(open(sys.argv[1], "rb"))
states = json.load(open(sys.argv[2]))
left = {name: [[brief(e) for e in datasets[name].iterate(state=s)] for s in states[name]] for name in states}
print(json.dumps(left))
"""


def test_resuming_in_another_process(train: Dataset, tmp_path: Path) -> None:
    datasets = {name: make(train) for name, make in PLANS.items()}
    states: dict[str, list[Any]] = {}
    left: dict[str, list[Any]] = {}
    for name, dataset in datasets.items():
        whole = seen(dataset.iterate(epoch=3))
        iterator = dataset.iterate(epoch=3)
        states[name], left[name] = [], []
        for position in range(len(whole) + 1):
            states[name].append(iterator.state())
            left[name].append(whole[position:])
            next(iterator, None)
    (tmp_path / "datasets").write_bytes(pickle.dumps(datasets))
    (tmp_path / "states").write_text(json.dumps(states))
    arguments = [sys.executable, "-c", RESUME, str(tmp_path / "datasets"), str(tmp_path / "states")]
    environment = os.environ | {"PYTHONPATH": str(TESTS), "PYTHONHASHSEED": "12345"}
    said = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    assert json.loads(said.stdout) == left


# Memory -------------------------------------------------------------------------------------------------------------


def test_bits_are_a_view_of_the_store(train: Dataset, prepared: DatasetBuilder) -> None:
    stored = prepared.store.column("train", "image")
    for dataset, part in ((train, stored), (train[10:200], stored[10:200]), (train.skip(5).take(9), stored[5:14])):
        bits = dataset.bits()
        assert np.shares_memory(bits, stored)
        assert not bits.flags.writeable
        assert (bits.dtype, bits.shape) == (np.uint8, (len(dataset), 98))
        np.testing.assert_array_equal(bits, part)
        np.testing.assert_array_equal(np.unpackbits(bits, axis=1).reshape(-1, 28, 28, 1), dataset.arrays()["image"])
    with pytest.raises(ValueError, match="read-only"):
        train.bits()[0, 0] = 1
    with pytest.raises(ValueError, match=r"WRITEABLE|writeable"):
        train.bits().flags.writeable = True


@pytest.mark.parametrize(
    "make",
    [
        lambda ds: ds[::2],
        lambda ds: ds[::-1],
        lambda ds: ds[[3, 1]],
        lambda ds: ds.shuffle(seed=1),
        lambda ds: ds.shard(3, 1),
        lambda ds: ds.repeat(2),
        lambda ds: ds.cache(),
        lambda ds: ds.prefetch(2),
        lambda ds: ds.shuffle(seed=1).take(10).cache().repeat(2),
    ],
)
def test_bits_of_scattered_rows_are_a_copy(
    train: Dataset, prepared: DatasetBuilder, make: Callable[[Dataset], Dataset]
) -> None:
    dataset = make(train)
    bits = dataset.bits()
    assert not np.shares_memory(bits, prepared.store.column("train", "image"))
    np.testing.assert_array_equal(np.unpackbits(bits, axis=1).reshape(-1, 28, 28, 1), dataset.arrays()["image"])
    assert dataset.source_lines().tolist() == dataset.arrays()["label"].tolist()
    assert dataset.source_lines().dtype == np.int32


def test_bits_of_interleaved_splits(prepared: DatasetBuilder) -> None:
    both = prepared.as_dataset("validation+test")
    images = np.unpackbits(both.bits(), axis=1).reshape(-1, 28, 28, 1)
    np.testing.assert_array_equal(images, small_digits.IMAGES[both.arrays()["label"]])
    lines = [label % 1000 for label in both.arrays()["label"].tolist()]
    assert both.source_lines().tolist() == lines


@pytest.mark.parametrize(
    "make",
    [lambda ds: ds.batch(2), lambda ds: ds.map(touched), lambda ds: ds.filter(wanted), lambda ds: ds.enumerate()],
)
def test_bits_belong_to_rows(train: Dataset, make: Callable[[Dataset], Dataset]) -> None:
    for exit_ in (Dataset.bits, Dataset.source_lines):
        with pytest.raises(TypeError, match=r"call it before batch\(\), map\(\), filter\(\) and enumerate\(\)"):
            exit_(make(train))


def test_bits_of_a_feature(train: Dataset) -> None:
    np.testing.assert_array_equal(train.bits("image"), train.bits())
    for name in ("label", "pixels"):
        with pytest.raises(
            ValueError, match=rf"bits\('{name}'\): the features that are stored as bits are \['image'\]"
        ):
            train.bits(name)
    with pytest.raises(TypeError, match="endless"):
        train.repeat().bits()


def test_arrays(train: Dataset) -> None:
    whole = train.arrays()
    assert whole.keys() == {"image", "label"}
    assert (whole["image"].shape, whole["image"].dtype) == ((300, 28, 28, 1), np.uint8)
    assert brief(whole) == TRAIN
    floats = train.arrays(dtype=np.float32, flatten=True)
    assert (floats["image"].shape, floats["image"].dtype) == ((300, 784), np.float32)
    assert (floats["label"].shape, floats["label"].dtype) == ((300,), np.int64)
    np.testing.assert_array_equal(floats["image"], whole["image"].reshape(300, 784))
    assert train.arrays(dtype="?")["image"].dtype == np.bool_
    assert brief(train.take(0).arrays()) == []
    assert train.take(0).arrays(flatten=True)["image"].shape == (0, 784)
    assert brief(train.shuffle(seed=1).arrays()) == seen(train.shuffle(seed=1).iterate(epoch=0))
    assert brief(train.take(6).batch(3).arrays()) == [TRAIN[:3], TRAIN[3:6]]
    assert brief(train.take(6).filter(wanted).arrays()) == [label for label in TRAIN[:6] if label % 3]
    assert brief(train.take(5).enumerate(2).arrays()) == [[2, 3, 4, 5, 6], TRAIN[:5]]
    assert brief(train.take(4).concatenate(train.take(2)).repeat(2).arrays()) == [*TRAIN[:4], *TRAIN[:2]] * 2
    with pytest.raises(ValueError, match="different shapes"):
        train.take(7).batch(3).arrays()


def test_arrays_are_the_callers_own(train: Dataset) -> None:
    for dataset in (train, train[3:50], train.shuffle(seed=1), train.cache(), train.take(9).map(touched).cache()):
        first = dataset.arrays()
        kept = brief(first)
        for column in first.values():
            assert column.flags.writeable
            column[:] = 77
        assert brief(dataset.arrays()) == kept


ELEMENTS = {
    "examples": lambda ds: ds,
    "batches": lambda ds: ds.batch(7),
    "shuffled": lambda ds: ds.shuffle(seed=1).batch(7),
    "large batches": lambda ds: ds.batch(200),
    "repeated": lambda ds: ds.take(5).repeat(3),
    "picked twice": lambda ds: ds[[0, 0, 1, 1]],
    "batched picks": lambda ds: ds[[0, 0, 1, 1]].batch(2),
    "picked batches": lambda ds: ds.batch(4)[[0, 0, 1, 0]],
    "concatenated": lambda ds: ds.take(3).concatenate(ds.take(3)),
    "enumerated": lambda ds: ds.enumerate().batch(3),
    "mapped": lambda ds: ds.map(touched),
    "cached": lambda ds: ds.map(touched).cache(),
    "cached rows": lambda ds: ds.cache().repeat(2),
    "cached batches": lambda ds: ds.batch(5).cache().repeat(2),
    "unbatched": lambda ds: ds.batch(5).map(touched).unbatch(),
    "filtered": lambda ds: ds.filter(wanted).shuffle(seed=2),
    "cached stream": lambda ds: ds.filter(wanted).cache().repeat(2),
    "prefetched": lambda ds: ds.map(touched).prefetch(3),
}


@pytest.mark.parametrize("name", ELEMENTS)
def test_elements_are_the_callers_own(train: Dataset, name: str) -> None:
    """Writing into an element changes no other one, now or later."""
    dataset = ELEMENTS[name](train.take(40))
    kept = seen(dataset.iterate(epoch=0))

    def spoil(element: Any) -> None:
        for part in element if isinstance(element, tuple) else [element]:
            if isinstance(part, dict):
                assert part["image"].flags.writeable
                part["image"][:] = 9
                if isinstance(part["label"], np.ndarray):
                    part["label"][:] = 9

    for _ in range(2):
        found = []
        for element in dataset.iterate(epoch=0):
            found.append(brief(element))  # checks the image as well
            spoil(element)
        assert found == kept
    if dataset.cardinality() > 0:
        spoil(dataset[0])
        assert brief(dataset[0]) == kept[0]


def test_a_kept_example_does_not_hold_its_chunk(train: Dataset) -> None:
    """Elements that a stage keeps (shuffle of a stream, filter) own their memory."""
    example = next(iter(train.filter(wanted)))
    assert example["image"].base is None or example["image"].base.nbytes == example["image"].nbytes


# Pickles and processes ----------------------------------------------------------------------------------------------


def test_pickles_are_small(prepared: DatasetBuilder) -> None:
    for split in ("train", "train[:10%]", "train+test", "train+validation[:50%]+test"):
        dataset = prepared.as_dataset(split)
        whole = seen(dataset)  # its index has been computed by now
        for plan in (dataset, dataset.shuffle(seed=1).batch(128).repeat(), dataset[10:50:3]):
            assert len(pickle.dumps(plan)) < 5000
        copy = pickle.loads(pickle.dumps(dataset))
        assert seen(copy) == whole
        assert copy.plan.fingerprint == dataset.plan.fingerprint
    by_line = prepared.as_dataset("train+test", order="source")
    assert seen(by_line)
    assert len(pickle.dumps(by_line)) < 5000


WORKERS = """
import json, multiprocessing, os, pickle, sys
from small_digits import brief

def labels_of(dataset, index):
    return os.getpid(), iter(dataset).epoch, [brief(example) for example in dataset.shard(3, index)]

if __name__ == "__main__":
    dataset = pickle.load(open(sys.argv[2], "rb"))
    list(dataset.take(3))  # fork: with columns already read
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        results = pool.starmap(labels_of, [(dataset, index) for index in range(3)])
    assert os.getpid() not in {worker for worker, _, _ in results}
    print(json.dumps([result[1:] for result in results]))
"""


def run_script(text: str, folder: Path, *arguments: object) -> str:
    """What a script of several processes says. Not in this one, which may have threads that must not be forked."""
    (folder / "script.py").write_text(text)
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, str(folder / "script.py"), *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes(prepared: DatasetBuilder, method: str, tmp_path: Path) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    dataset = prepared.as_dataset("train[:60]+test").shuffle(seed=3).map(touched)
    (tmp_path / "dataset").write_bytes(pickle.dumps(dataset))
    results = json.loads(run_script(WORKERS, tmp_path, method, tmp_path / "dataset"))
    whole = seen(dataset.iterate(epoch=0))
    assert results == [[0, whole[index::3]] for index in range(3)]


SPAWNED = """
import multiprocessing, pickle, sys

def doubled(example):
    return example["label"] * 2

def state_of(dataset):
    iterator = iter(dataset)
    next(iterator)
    return iterator.state()

if __name__ == "__main__":
    dataset = pickle.load(open(sys.argv[1], "rb")).map(doubled)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        state = pool.apply(state_of, (dataset,))
    print(len(list(dataset.iterate(state=state))))
"""


def test_a_state_from_a_spawned_worker_of_a_script(train: Dataset, tmp_path: Path) -> None:
    """In the worker the script's functions live in ``__mp_main__``, in the script itself in ``__main__``."""
    (tmp_path / "dataset").write_bytes(pickle.dumps(train))
    assert run_script(SPAWNED, tmp_path, tmp_path / "dataset").strip() == "299"


def test_columns_are_read_once_in_a_process(
    small_builder: type[DatasetBuilder], small_sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = small_builder(data_dir=tmp_path)
    builder.download_and_prepare(source_dir=small_sources)
    read: list[str] = []
    monkeypatch.setattr(
        store, "_read", lambda path, digest, read_=store._read: (read.append(path.name), read_(path, digest))[1]
    )
    for _ in range(2):
        for dataset in (builder.as_dataset("test"), small_builder(data_dir=tmp_path).as_dataset("test[:10]")):
            list(dataset.shuffle(seed=1))
            pickle.loads(pickle.dumps(dataset)).arrays()
    assert sorted(read) == ["test-image.npy", "test-label.npy"]


def test_source_lists_what_it_reads(prepared: DatasetBuilder) -> None:
    source = prepared.as_dataset("train[5:9]").plan.source
    assert source.run() == slice(5, 9)
    assert source.rows().tolist() == [5, 6, 7, 8]
    assert source.rows(np.array([3, 0])).tolist() == [8, 5]
    assert pipeline.Source(source.table, source.intervals).rows().tolist() == [5, 6, 7, 8]
    described = json.dumps(source.describe())
    assert re.search(r'"train", 5, 9', described)
    assert onebit.as_numpy(prepared.as_dataset("train")) is not None


def test_a_bool_is_no_number_of_an_element(prepared: DatasetBuilder) -> None:
    with pytest.raises(TypeError, match=r"True is no number of an element: write 0 or 1, or a mask of 3 booleans"):
        onebit.pipeline.chosen_position(True, 3)
