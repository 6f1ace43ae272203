"""A column of the explorer: one number for every image, and how it is stored in ``features.bin``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_INTEGERS = tuple(np.dtype(name) for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32"))
_ALIGNMENT = 4  # bytes: a browser can only look at 32-bit numbers that begin at a multiple of four


@dataclasses.dataclass(frozen=True, eq=False)
class Column:
    """One number for every image.

    Attributes:
        name: what filters and permalinks call it.
        title: what people read.
        kind: ``"integer"``, ``"category"``, ``"real"`` or ``"nats"``.
        stored: ``(n,)`` integers, or floats of which NaN stands for none.
        unit: what it counts; empty for a pure number.
        doc: one line.
        scale: the number is what is stored times this.
        categories: for the kind ``"category"``: the names by number.
        reference: for the kind ``"nats"``: whose numbers these are.
    """

    name: str
    title: str
    kind: str
    stored: Array
    unit: str = ""
    doc: str = ""
    scale: float = 1
    categories: tuple[str, ...] = ()
    reference: str = ""

    def encoded(self) -> Array:
        """The stored numbers in the smallest type of the format that holds them; little-endian.

        Raises:
            ValueError: they need more than 32 bits.
        """
        if self.stored.dtype.kind == "f":
            return self.stored.astype("<f4")
        least, most = (int(self.stored.min()), int(self.stored.max())) if self.stored.size else (0, 0)
        for dtype in _INTEGERS:
            if np.iinfo(dtype).min <= least and most <= np.iinfo(dtype).max:
                return self.stored.astype(dtype.newbyteorder("<"))
        raise ValueError(f"The column {self.name!r} has numbers from {least} to {most}; 32 bits hold none so large.")

    def described(self, encoded: Array, offset: int) -> dict[str, Any]:
        """Its entry in the manifest."""
        shown = encoded[np.isfinite(encoded)] if encoded.dtype.kind == "f" else encoded
        least, most = (shown.min().item(), shown.max().item()) if shown.size else (0, 0)
        entry = {
            "name": self.name,
            "title": self.title,
            "kind": self.kind,
            "dtype": encoded.dtype.name,
            "offset": offset,
            "length": len(encoded),
            "min": least * self.scale,
            "max": most * self.scale,
            "unit": self.unit,
            "doc": self.doc,
            "scale": self.scale,
        }
        if self.kind == "category":
            entry["categories"] = list(self.categories)
        if self.reference:
            entry["reference"] = self.reference
        return entry


def written(columns: Iterable[Column]) -> tuple[bytes, list[dict[str, Any]]]:
    """The bytes of ``features.bin``, and what the manifest says of its columns."""
    content = bytearray()
    entries = []
    for column in columns:
        encoded = column.encoded()
        entries.append(column.described(encoded, len(content)))
        content += encoded.tobytes()
        content += bytes(-len(content) % _ALIGNMENT)
    return bytes(content), entries


def without_repeated_names(columns: Sequence[Column]) -> list[Column]:
    """The columns; one whose name an earlier one has gets a number at its end."""
    names: set[str] = set()
    found = []
    for column in columns:
        name, number = column.name, 2
        while name in names:
            name, number = f"{column.name}_{number}", number + 1
        names.add(name)
        found.append(dataclasses.replace(column, name=name))
    return found
