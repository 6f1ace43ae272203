"""Columns in ``features.bin``: read back as a browser reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit.explorer.columns import Column, without_repeated_names, written


def read(content: bytes, entry: dict[str, Any]) -> np.ndarray:
    assert entry["offset"] % 4 == 0
    return np.frombuffer(content, np.dtype(entry["dtype"]).newbyteorder("<"), entry["length"], entry["offset"])


@given(st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=3, max_size=3), max_size=5))
def test_integers_come_back(values: list[list[int]]) -> None:
    content, entries = written(Column(f"c{i}", "C", "integer", np.array(v)) for i, v in enumerate(values))
    assert [read(content, entry).tolist() for entry in entries] == values
    assert [(entry["min"], entry["max"]) for entry in entries] == [(min(v), max(v)) for v in values]
    assert len(content) % 4 == 0


@pytest.mark.parametrize(
    ("least", "most", "dtype"),
    [
        (0, 255, "uint8"), (0, 256, "uint16"), (-1, 127, "int8"), (-1, 128, "int16"), (0, 65536, "uint32"),
        (-1, 65536, "int32"), (0, 2**32 - 1, "uint32"),
    ],
)  # fmt: skip
def test_the_smallest_type(least: int, most: int, dtype: str) -> None:
    assert Column("c", "C", "integer", np.array([least, most])).encoded().dtype == dtype


def test_numbers_of_more_than_32_bits_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'c' has numbers from 0 to 4294967296; 32 bits hold none so large"):
        Column("c", "C", "integer", np.array([0, 2**32])).encoded()


def test_what_the_manifest_says() -> None:
    nats = Column("n", "N", "nats", np.array([np.nan, 1.5, 3]), "nats per image", "Doc.", reference="M")
    classes = Column("k", "K", "category", np.array([1, 0, 1]), categories=("a", "b"))
    halves = Column("h", "H", "real", np.array([-2, 0, 3]), scale=0.5)
    content, entries = written([nats, classes, halves])
    assert [entry["offset"] for entry in entries] == [0, 12, 16]
    assert entries[0] | {"offset": 0} == {
        "name": "n", "title": "N", "kind": "nats", "dtype": "float32", "offset": 0, "length": 3, "min": 1.5, "max": 3.0,
        "unit": "nats per image", "doc": "Doc.", "scale": 1, "reference": "M",
    }  # fmt: skip
    assert entries[1]["categories"] == ["a", "b"] and "reference" not in entries[1]
    assert (entries[2]["min"], entries[2]["max"], entries[2]["scale"]) == (-1.0, 1.5, 0.5)
    np.testing.assert_array_equal(read(content, entries[0]), np.array([np.nan, 1.5, 3], np.float32))


def test_no_rows_and_no_numbers() -> None:
    _, entries = written([Column("a", "A", "integer", np.empty(0, int)), Column("b", "B", "nats", np.full(2, np.nan))])
    assert [(entry["min"], entry["max"]) for entry in entries] == [(0, 0), (0, 0)]


def test_a_repeated_name_gets_a_number() -> None:
    columns = [Column(name, "", "integer", np.zeros(1, int)) for name in ("ink", "ink", "a", "ink", "ink_2")]
    assert [column.name for column in without_repeated_names(columns)] == ["ink", "ink_2", "a", "ink_3", "ink_2_2"]
