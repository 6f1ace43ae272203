"""The parts of plans: fingerprints of functions, structures of arrays, the prefetching thread."""

from __future__ import annotations

import functools
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onebit import stages
from onebit.stages import ahead, copied, described, detached, joined, mapped, sliced, stacked, unstacked

# Fingerprints of functions ------------------------------------------------------------------------------------------


def scaled(factor: Any) -> Callable[[Any], Any]:
    return lambda value: value * factor


def offset(factor: int, *, by: int = 0) -> Callable[[Any], Any]:
    def inner(value: Any, extra: int = factor, *, more: int = by) -> Any:
        return value + extra + more

    return inner


def composed(*functions: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: functools.reduce(lambda so_far, function: function(so_far), functions, value)


def recursive() -> Callable[[int], int]:
    def factorial(number: int) -> int:
        return number * factorial(number - 1) if number else 1

    return factorial


class Threshold:
    def __call__(self, value: Any) -> Any:
        return value > 1

    def method(self, value: Any) -> Any:
        return value + 1


DIFFERENT: list[Callable[..., Any]] = [
    lambda value: value,
    lambda value: value + 1,
    lambda value: value + 2,
    lambda value: value - 1,
    lambda value: value["a"],
    lambda value: value["b"],
    lambda value: value.sum(),
    lambda value: value.max(),
    lambda value: value in {"a", "b"},
    lambda value: value in {"a", "c"},
    lambda value: [item + 1 for item in value],
    lambda value: [item + 2 for item in value],
    scaled(1),
    scaled(2),
    scaled(1.0),
    scaled("1"),
    scaled((1, 2)),
    scaled((1, 3)),
    offset(1),
    offset(2),
    offset(1, by=1),
    composed(scaled(1), scaled(2)),
    composed(scaled(2), scaled(1)),
    functools.partial(offset, 1),
    functools.partial(offset, 2),
    functools.partial(offset, 1, by=2),
    functools.partial(offset, 1, by=3),
    np.exp,
    np.sqrt,
    abs,
    len,
    recursive(),
    Threshold(),
    Threshold().method,
    np.random.default_rng(0).permutation,
]


def test_functions_that_do_something_else_are_described_in_other_words() -> None:
    texts = [json.dumps(described(function)) for function in DIFFERENT]
    for (one, first), (other, second) in itertools.combinations(zip(DIFFERENT, texts, strict=True), 2):
        assert first != second, (one, other)


def test_the_same_function_made_twice_is_described_in_the_same_words() -> None:
    for make in (
        lambda: scaled(3),
        lambda: offset(1, by=2),
        lambda: composed(scaled(1), offset(2)),
        recursive,
        Threshold,
    ):
        assert described(make()) == described(make())
    assert described(functools.partial(scaled, 2)) == described(functools.partial(scaled, 2))
    assert described(functools.partial(offset, by=1, factor=2)) == described(functools.partial(offset, factor=2, by=1))


def test_objects_that_change_do_not_change_the_words() -> None:
    """A function that counts its calls in a list is the same function after some calls."""
    calls: list[Any] = []

    def noted(value: Any, cache: dict[Any, Any] = {}) -> Any:  # noqa: B006 - the point of the test
        calls.append(value)
        cache[value] = value
        return value

    before = described(noted)
    noted(1)
    assert described(noted) == before


def test_no_addresses_in_descriptions() -> None:
    held = scaled(object())
    assert described(held) == described(scaled(object()))
    assert "0x" not in json.dumps(
        [described(function) for function in [*DIFFERENT, held, functools.partial(len, object())]]
    )


def test_descriptions_are_the_same_in_every_process(tmp_path: Path) -> None:
    """Sets of texts have another order in each process; a fingerprint must not show that."""
    code = "import json, test_stages as t; print(json.dumps([t.described(f) for f in t.DIFFERENT]))"
    texts = set()
    for seed in ("1", "2", "3"):
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "PYTHONHASHSEED": seed}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        texts.add(run.stdout.strip())
    assert texts == {json.dumps([described(function) for function in DIFFERENT])}


def test_every_stage_describes_itself_in_json() -> None:
    made = [
        stages.Slice(1, 2, None),
        stages.Pick(np.array([1, 2])),
        stages.Shuffle(True, 3),
        stages.Repeat(None),
        stages.Batch(False, 4),
        stages.Unbatch(),
        stages.Map(abs),
        stages.Filter(abs),
        stages.Enumerate(5),
        stages.Cache(),
        stages.Prefetch(6),
    ]
    texts = [json.dumps(stage.describe()) for stage in made]
    assert len(set(texts)) == len(made)
    assert [repr(stage) for stage in made] == [
        "slice(1, None, 2)",
        "pick(2 positions)",
        "shuffle(reshuffle=True, seed=3)",
        "repeat(count=None)",
        "batch(drop_remainder=False, size=4)",
        "unbatch()",
        "map(abs)",
        "filter(abs)",
        "enumerate(start=5)",
        "cache()",
        "prefetch(size=6)",
    ]


# Structures ---------------------------------------------------------------------------------------------------------

COLUMNS = {"a": np.arange(12).reshape(4, 3), "b": (np.arange(4), {"c": np.arange(8).reshape(4, 2)})}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return np.array_equal(one, other) and np.asarray(one).dtype == np.asarray(other).dtype


def test_stacked_and_unstacked_undo_each_other() -> None:
    elements = list(unstacked(COLUMNS))
    assert len(elements) == 4
    assert same(elements[1], {"a": np.array([3, 4, 5]), "b": (np.int64(1), {"c": np.array([2, 3])})})
    assert same(stacked(elements), COLUMNS)
    assert same(joined([sliced(COLUMNS, 0, 3), sliced(COLUMNS, 3, 4)]), COLUMNS)
    assert same(stacked([1, 2]), np.array([1, 2]))
    assert same(stacked(iter([(1, 2.5), (3, 4.5)])), (np.array([1, 3]), np.array([2.5, 4.5])))


def test_stacked_bytes_keep_their_last_zeros() -> None:
    """An array of NumPy's own bytes would lose them."""
    whole = stacked([{"raw": b"a\0\0"}, {"raw": b"bc\0d\0"}])["raw"]
    assert (whole.dtype, whole.tolist()) == (object, [b"a\0\0", b"bc\0d\0"])
    assert list(unstacked(whole)) == whole.tolist()


def test_slices_and_members_are_views() -> None:
    assert np.shares_memory(sliced(COLUMNS, 1, 3)["a"], COLUMNS["a"])
    assert np.shares_memory(next(unstacked(COLUMNS))["a"], COLUMNS["a"])
    assert not np.shares_memory(copied(COLUMNS)["a"], COLUMNS["a"])
    assert same(copied(COLUMNS), COLUMNS)
    own = detached(next(unstacked(COLUMNS)))
    assert own["a"].base is None
    assert same(mapped(lambda value: value + 1, {"x": (1, 2)}), {"x": (2, 3)})


def test_what_cannot_be_stacked() -> None:
    with pytest.raises(ValueError, match="There are no elements to stack"):
        stacked([])
    with pytest.raises(ValueError, match=r"different shapes cannot be batched: \(2,\) and \(3,\)"):
        stacked([np.zeros(2), np.zeros(3)])
    for unlike in ([{"a": 1}, {"b": 1}], [{"a": 1}, 1], [(1, 2), (1,)], [1, {"a": 1}], [{"a": 1}, {"a": 1, "b": 2}]):
        with pytest.raises(ValueError, match=r"Elements of different structure cannot be batched"):
            stacked(unlike)


def test_what_cannot_be_joined() -> None:
    """Concatenated data sets of other columns: never a batch with a column left out."""
    for unlike in (
        [{"a": np.zeros(2)}, {"a": np.zeros(2), "b": np.zeros(2)}],
        [{"a": np.zeros(2), "b": np.zeros(2)}, {"a": np.zeros(2)}],
        [{"a": np.zeros(2)}, (np.zeros(2),)],
        [(np.zeros(2),), (np.zeros(2), np.zeros(2))],
        [np.zeros((2, 3)), np.zeros((2, 4))],
    ):
        with pytest.raises(ValueError, match=r"Elements of different (structure|shapes) cannot be batched"):
            joined(unlike)


def test_what_cannot_be_taken_apart() -> None:
    with pytest.raises(TypeError, match=r"unbatch\(\) takes elements apart along their first axis, but 3 has none"):
        list(unstacked({"a": 3}))
    with pytest.raises(ValueError, match="argument 2 is longer"):
        list(unstacked({"a": np.zeros(2), "b": np.zeros(3)}))


# The prefetching thread ---------------------------------------------------------------------------------------------


def waiting_threads() -> int:
    return sum(thread.name == "onebit-prefetch" for thread in threading.enumerate())


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def test_ahead_gives_the_same_elements() -> None:
    assert list(ahead(iter(range(100)), 3)) == list(range(100))
    assert list(ahead(iter(()), 1)) == []
    assert list(ahead(iter([None, StopIteration, None]), 2)) == [None, StopIteration, None]


def test_ahead_hands_errors_over_in_order() -> None:
    def broken() -> Any:
        yield 1
        raise KeyError("second")

    elements = ahead(broken(), 4)
    assert next(elements) == 1
    with pytest.raises(KeyError, match="second"):
        next(elements)
    assert next(elements, "over") == "over"


def test_ahead_ends_its_thread_when_the_consumer_stops() -> None:
    before = waiting_threads()
    elements = ahead(itertools.count(), 2)
    assert waiting_threads() == before  # nothing happens before it is asked for
    assert [next(elements), next(elements)] == [0, 1]
    assert waiting_threads() == before + 1
    elements.close()
    assert wait_until(lambda: waiting_threads() == before)


def test_ahead_computes_no_more_than_it_may() -> None:
    made: list[int] = []

    def noted() -> Any:
        for number in itertools.count():
            made.append(number)
            yield number

    elements = ahead(noted(), 3)
    next(elements)
    assert wait_until(lambda: len(made) == 5)
    time.sleep(0.05)
    assert len(made) == 5  # one taken, three waiting, one in the thread's hands
    elements.close()


def test_two_aheads_in_a_row() -> None:
    assert list(ahead(ahead(iter(range(20)), 2), 3)) == list(range(20))
