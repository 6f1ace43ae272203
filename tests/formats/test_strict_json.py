"""JSON of strangers."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit.errors import FormatError
from onebit.formats.strict_json import canonical, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_json_writes_is_read(value: object) -> None:
    assert read_json(json.dumps(value).encode(), max_bytes=1 << 20) == value
    assert read_json(canonical(value), max_bytes=1 << 20) == value


def test_one_text_for_each_value() -> None:
    assert canonical({"b": [1.5, "é"], "a": None}) == b'{"a":null,"b":[1.5,"\\u00e9"]}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[" * 33 + b"]" * 33, "more than 32 arrays and objects inside of one another"),
        (b'{"a":' * 100_000, "more than 32 arrays and objects"),
        (b'{"a": 1, "b": 2, "a": 3}', "the name 'a' twice in one object"),
        (b"[NaN]", "has NaN in it"),
        (b"[-Infinity]", "has -Infinity in it"),
        (b"[1e999]", "1e999, which is too large"),
        (b"[" + b"9" * 5000 + b"]", "This is no JSON: Exceeds the limit"),
        (b'["\xff"]', "not in UTF-8: byte 2 is 0xff"),
        (b"[1", "This is no JSON: Expecting"),
        (b"", "This is no JSON"),
        (b" " * 2000, "has 2,000 bytes; at most 1,000"),
    ],
)
def test_what_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_json(text, max_bytes=1_000 if text == b" " * 2000 else 1 << 20)


def test_brackets_in_strings_do_not_count() -> None:
    assert read_json(json.dumps(["[" * 99, '\\"[[[' * 99]).encode(), max_bytes=10_000)[0] == "[" * 99


@pytest.mark.parametrize("text", [b'"' * 1_000_000, b'"\\' * 500_000, b"[" * 1_000_000, b'"a' * 500_000])
def test_hostile_texts_are_refused_in_linear_time(text: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(FormatError):
        read_json(text, max_bytes=1 << 20)
    assert time.monotonic() - started < 5  # a quadratic scan of a million characters takes minutes
