"""The order in which TFDS stores the examples of a split.

TFDS sorts examples by the MD5 of the split's name followed by the example's key (``core/hashing.py`` and
``core/shuffle.py`` of TFDS 4.9.10); for files of lines the key is the line number, counted from 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit.errors import OnebitError


class DuplicateKeyError(OnebitError, AssertionError):
    """Two examples of a split have the same key."""


def tfds_order(split: str, num_examples: int) -> NDArray[np.int32]:
    """The line number of each row in TFDS's order: ``order[row] == line``, shape ``(num_examples,)``."""
    salt = split.encode()
    md5 = hashlib.md5  # of names, not of secrets
    digests = b"".join(md5(salt + b"%d" % line, usedforsecurity=False).digest() for line in range(num_examples))
    keys = np.frombuffer(digests, ">u8").reshape(num_examples, 2).astype(np.uint64)
    first = np.sort(keys[:, 0])
    # The first half of a digest decides, unless two of them are equal; sorting by one key is ten times as fast.
    decided = not (first[1:] == first[:-1]).any()
    return (np.argsort(keys[:, 0]) if decided else np.lexsort((keys[:, 1], keys[:, 0]))).astype(np.int32)


def key_order(split: str, keys: Sequence[Any]) -> NDArray[np.int32]:
    """The number of the example in each row in TFDS's order, for examples with keys of any kind.

    Args:
        split: the name of the split.
        keys: one key an example: an int, a text or bytes. ``1`` and ``"1"`` are the same key.

    Returns:
        ``order[row] == example``, shape ``(len(keys),)``.

    Raises:
        DuplicateKeyError: two examples have the same key.
        TypeError: a key of another kind.
    """
    salted = hashlib.md5(split.encode(), usedforsecurity=False)
    digests = []
    for key in keys:
        md5 = salted.copy()
        md5.update(_key_bytes(key))
        digests.append(md5.digest())
    halves = np.frombuffer(b"".join(digests), ">u8").reshape(len(keys), 2).astype(np.uint64)
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    rows = halves[order]
    _refuse_equal(split, keys, order, (rows[1:] == rows[:-1]).all(axis=1))
    return order.astype(np.int32)


def number_order(split: str, numbers: Sequence[int]) -> NDArray[np.int32]:
    """The number of the example in each row where the keys themselves are the order (TFDS: ``disable_shuffling``).

    Raises:
        DuplicateKeyError: two examples have the same number.
    """
    order = np.asarray(sorted(range(len(numbers)), key=numbers.__getitem__), np.int64)
    equal = [numbers[first] == numbers[second] for first, second in pairwise(order)]
    _refuse_equal(split, numbers, order, np.asarray(equal, np.bool_))
    return order.astype(np.int32)


def _key_bytes(key: Any) -> bytes:
    if isinstance(key, bytes):
        return key
    if isinstance(key, str):
        return key.replace("\\", "/").encode()  # a path of Windows is that of other systems
    if isinstance(key, int):
        return str(key).encode()
    if isinstance(key, np.ndarray) and key.size == 1:
        return _key_bytes(key.item())
    raise TypeError(
        f"{key!r} (a {type(key).__name__}) is not a key; a key is an int, a str or bytes. For a number of NumPy write "
        "int(key)."
    )


def _refuse_equal(split: str, keys: Sequence[Any], order: NDArray[Any], equal: NDArray[np.bool_]) -> None:
    if equal.any():
        row = int(equal.argmax())
        first, second = sorted((int(order[row]), int(order[row + 1])))
        raise DuplicateKeyError(
            f"Two examples share the same hashed key! Examples {first} and {second} of {split!r}, counted from 0, have "
            f"the keys {keys[first]!r} and {keys[second]!r}. The key decides the place of an example: let "
            "_generate_examples give each one its own, such as its number or the name of its file."
        )
