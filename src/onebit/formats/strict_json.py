"""JSON as strangers may hand it over: bounded in size and depth, every name once, every number finite.

After RFC 8259, and the advice of RFC 7493 (I-JSON) on what readers disagree about.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from onebit.errors import FormatError

MAX_DEPTH = 32
# Strings whole, also one without an end, so that brackets inside of them do not count. Possessive: linear time.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


def read_json(data: bytes, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a JSON text in UTF-8.

    Args:
        data: the whole text.
        max_bytes: the most bytes that it may have.
        max_depth: the most arrays and objects inside of one another.

    Raises:
        FormatError: too long, too deep, no UTF-8, no JSON, a name twice in one object, or a number that is not
            finite.
    """
    if len(data) > max_bytes:
        raise FormatError(f"The JSON has {len(data):,} bytes; at most {max_bytes:,} are allowed here.")
    if _depth(data) > max_depth:
        raise FormatError(f"The JSON has more than {max_depth} arrays and objects inside of one another.")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_finite,
            parse_int=_whole,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        raise FormatError(f"The JSON is not in UTF-8: byte {error.start:,} is {data[error.start]:#04x}.") from error
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError(f"This is no JSON: {error}.") from error


def canonical(value: Any) -> bytes:
    """One text for each JSON value: names sorted, no spaces, ASCII. Numbers are as Python writes them."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def _depth(data: bytes) -> int:
    depth = deepest = 0
    for match in _BRACKETS.finditer(data):
        if match[0] in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in (b"]", b"}"):
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FormatError(f"The JSON has the name {twice[:80]!r} twice in one object; readers would disagree.")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise FormatError(f"The JSON has the number {text[:40]}, which is too large for a float64.")
    return number


def _whole(text: str) -> int:
    number = int(text)
    try:
        float(number)
    except OverflowError as error:
        raise FormatError(f"The JSON has the number {text[:40]}..., which is too large for a float64.") from error
    return number


def _refuse_constant(text: str) -> Any:
    raise FormatError(f"The JSON has {text} in it, which JSON does not have: every number is finite.")
