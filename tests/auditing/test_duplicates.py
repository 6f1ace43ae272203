"""Equal images, found by sorting, against a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from onebit.auditing.duplicates import groups
from onebit.auditing.splits import Rows


@given(st.lists(st.binary(min_size=2, max_size=2).map(lambda b: bytes([b[0] & 1, b[1] & 3])), max_size=40))
def test_groups_are_those_of_a_dictionary(images: list[bytes]) -> None:
    packed = np.frombuffer(b"".join(images), np.uint8).reshape(-1, 2)
    middle = len(images) // 3
    splits = [Rows("train", 0, middle, ""), Rows("test", middle, len(images), "")]
    expected: dict[bytes, list[tuple[str, int]]] = {}
    for row, image in enumerate(images):
        expected.setdefault(image, []).append(("train", row) if row < middle else ("test", row - middle))
    assert [list(group.rows) for group in groups(packed, splits)] == [
        rows for rows in expected.values() if len(rows) > 1
    ]


def test_a_group_names_each_split_once() -> None:
    packed = np.zeros((3, 1), np.uint8)
    (group,) = groups(packed, [Rows("train", 0, 2, ""), Rows("test", 2, 3, "")])
    assert group.rows == (("train", 0), ("train", 1), ("test", 0))
    assert group.splits == ("train", "test")
