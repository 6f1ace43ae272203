"""The order in which TFDS stores examples; the constants were measured with TFDS 4.9.10 on the real files."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from onebit.orders import DuplicateKeyError, key_order, number_order, tfds_order


@pytest.mark.parametrize(
    ("split", "size", "first", "last", "sha"),
    [
        ("train", 50_000, [16399, 1680, 47917, 17307, 27051, 48736, 26263, 1456], 32842, "4b69f5cd2d2dbc98"),
        ("validation", 10_000, [2308, 3547, 2313, 9597, 878, 1610, 4024, 3136], 8478, "b7c27e52321664c2"),
        ("test", 10_000, [9933, 5669, 163, 6686, 4747, 131, 9167, 1579], 4202, "e933bc8e2430a242"),
    ],
)
def test_the_order_of_binarized_mnist(split: str, size: int, first: list[int], last: int, sha: str) -> None:
    order = tfds_order(split, size)
    assert order[:8].tolist() == first
    assert order[-1] == last
    assert hashlib.sha256(",".join(map(str, order.tolist())).encode()).hexdigest()[:16] == sha


@pytest.mark.parametrize("split", ["train", "valid_01", "prüfung", ""])
@pytest.mark.parametrize("size", [0, 1, 2, 11, 500])
def test_is_the_sort_by_md5(split: str, size: int) -> None:
    def key(line: int) -> int:
        return int(hashlib.md5(split.encode() + str(line).encode()).hexdigest(), 16)

    order = tfds_order(split, size)
    assert order.tolist() == sorted(range(size), key=key)
    assert order.dtype == np.int32


# Keys of any kind ----------------------------------------------------------------------------------------------------


def plainly(split: str, keys: list[Any]) -> list[int]:
    """TFDS's order, in the plainest way."""

    def text(key: Any) -> bytes:
        return key if isinstance(key, bytes) else str(key).replace("\\", "/").encode()

    return sorted(range(len(keys)), key=lambda number: hashlib.md5(split.encode() + text(keys[number])).digest())


@pytest.mark.parametrize(
    "keys",
    [
        list(range(300)),
        [f"dir\\{n}.png" for n in range(50)],
        [b"%d" % n for n in range(50)],
        [True, "False", b"x", -3, 10**30],
    ],
)
def test_keys_of_any_kind(keys: list[Any]) -> None:
    for split in ("train", "validation"):
        assert key_order(split, keys).tolist() == plainly(split, keys)


def test_numbers_of_lines_are_keys() -> None:
    assert key_order("train", range(1000)).tolist() == tfds_order("train", 1000).tolist()
    assert key_order("train", [np.array(7), np.array([8])]).tolist() == key_order("train", [7, 8]).tolist()


def test_equal_keys() -> None:
    for keys in ([1, 2, "1"], ["a\\b", 2, "a/b"], [b"x", 0, "x"]):
        with pytest.raises(DuplicateKeyError, match=r"Examples 0 and 2 of 'test', counted from 0, have the keys"):
            key_order("test", keys)


def test_keys_as_the_order_itself() -> None:
    assert number_order("train", [5, -1, 10**30]).tolist() == [1, 0, 2]
    assert number_order("train", [4]).tolist() == [0]
    with pytest.raises(DuplicateKeyError, match=r"Examples 1 and 2 of 'train', counted from 0, have the keys 4 and 4"):
        number_order("train", [1, 4, 4])
