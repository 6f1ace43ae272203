"""The three files that the explorer reads of a data set: pixels, columns, and a manifest that describes both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.__about__ import __version__
from onebit.errors import OnebitError
from onebit.explorer import nats, shapes
from onebit.explorer.columns import Column, without_repeated_names, written
from onebit.features import ClassLabel, Feature, Image, Scalar
from onebit.store import column_file
from onebit.tables import LINE

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder
    from onebit.evaluation.report import Report
    from onebit.tables import Table

Array = NDArray[Any]

SCHEMA = 1
_WHAT = {
    "exact": "Exact",
    "upper bound": "Upper bound on the",
    "lower bound": "Lower bound on the",
    "estimate": "Estimate of the",
}
MANIFEST, PIXELS, FEATURES = "manifest.json", "pixels.bin", "features.bin"


class NotOneBitError(OnebitError, ValueError):
    """The data set has no images of zeros and ones, which is all that the explorer shows."""


class Contents(NamedTuple):
    """What the explorer reads of one data set.

    Attributes:
        manifest: described in docs/explorer.md.
        pixels: the packed images, split after split: ``n * row_bytes`` bytes.
        features: the columns, one after the other.
    """

    manifest: dict[str, Any]
    pixels: bytes
    features: bytes

    @property
    def name(self) -> str:
        """The data set's name."""
        return str(self.manifest["name"])

    def files(self) -> dict[str, bytes]:
        """The files by name."""
        return {MANIFEST: manifest_text(self.manifest), PIXELS: self.pixels, FEATURES: self.features}


def manifest_text(manifest: dict[str, Any]) -> bytes:
    """A manifest as it is written."""
    return (json.dumps(manifest, indent=1) + "\n").encode()


def opened(builder: DatasetBuilder) -> Table:
    """All splits of a prepared data set.

    Raises:
        NotPreparedError: it is not on this disk.
        DamagedStoreError: a stored file is damaged.
    """
    table: Table = builder.as_dataset(next(iter(builder.info.splits))).plan.source.table
    return table


def contents(table: Table, reports: Sequence[Report] = (), more: Sequence[Column] = ()) -> Contents:
    """Reads a data set and measures its images (70,000 of 28 by 28 take less than a second).

    Args:
        table: all splits of the data set.
        reports: measurements of models on it, each of which becomes a column of nats.
        more: columns that were made elsewhere, as `onebit.auditing.nearest_columns` makes them.

    Raises:
        NotOneBitError: it has no images of one bit, or several.
        DamagedStoreError: a stored file is damaged.
        ValueError: a report is of other images.
    """
    table.open([split for split, _ in table.splits])
    name, image = image_column(table)
    height, width = image.shape[:2]
    packed = _packed(table, name, image)
    splits, start = [], 0
    for split, rows in table.splits:
        splits.append({"name": split, "start": start, "stop": start + rows, "sha256": table.digest(split, name)})
        start += rows
    columns = without_repeated_names([*_columns(table, name, packed, reports), *more])
    features, entries = written(columns)
    pixels = packed.tobytes()
    manifest = {
        "schema": SCHEMA,
        "onebit": __version__,
        "name": table.name,
        "version": table.version,
        "n": len(packed),
        "height": height,
        "width": width,
        "row_bytes": packed.shape[1],
        "bit_order": "big",
        "splits": splits,
        "pixels": _file(PIXELS, pixels),
        "features": _file(FEATURES, features),
        "columns": entries,
    }
    return Contents(manifest, pixels, features)


def image_column(table: Table) -> tuple[str, Feature]:
    """The column of images and what it holds.

    Raises:
        NotOneBitError: there is none of one channel, or there are several.
    """
    found = [(name, feature) for name, feature in table.features.items() if isinstance(feature, Image)]
    images = [(name, feature) for name, feature in found if feature.shape[2] == 1]
    if len(images) != 1:
        what = f"the images {', '.join(repr(name) for name, _ in found)}" if found else "no images"
        raise NotOneBitError(
            f"{table.name} has {what}. The explorer shows data sets with one image of one channel to an example, "
            "shape (height, width, 1)."
        )
    return images[0]


def _packed(table: Table, name: str, image: Feature) -> NDArray[np.uint8]:
    """The packed images of all splits."""
    parts = []
    for split, _ in table.splits:
        stored = table.store.column(split, name)
        if not image.is_packed(stored):
            raise NotOneBitError(
                f"The images of {table.name} are not all zeros and ones (in {split}). The explorer shows one-bit "
                "images; make a data set with a threshold, or with a draw, first: see docs/adding.md."
            )
        parts.append(stored)
    return np.concatenate(parts)


def _file(name: str, content: bytes) -> dict[str, Any]:
    return {"url": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


# Columns -----------------------------------------------------------------------------------------------------------


def _columns(
    table: Table,
    image: str,
    packed: NDArray[np.uint8],
    reports: Sequence[Report],
) -> Iterator[Column]:
    yield from _places(table)
    measured = shapes.measured(packed, *table.features[image].shape[:2])
    for name, title, unit, doc, scale in shapes.DEFINITIONS:
        stored = measured[name]
        yield Column(
            name, title, "real" if stored.dtype.kind == "f" or scale != 1 else "integer", stored, unit, doc, scale
        )
    yield from _own(table)
    for vector in nats.vectors(table, image, reports):
        yield Column(
            f"nats_{vector.name}",
            f"Nats: {vector.title}",
            "nats",
            vector.nats,
            "nats per image",
            f"{_WHAT.get(vector.kind, vector.kind)} negative log-likelihood of the image under {vector.title}.",
            reference=vector.title,
        )


def _places(table: Table) -> Iterator[Column]:
    """Where an image stands."""
    names = tuple(split for split, _ in table.splits)
    sizes = [rows for _, rows in table.splits]
    split = np.repeat(np.arange(len(names)), sizes)
    yield Column("split", "Split", "category", split, doc="The split that the image is in.", categories=names)
    index = np.concatenate([np.arange(rows) for rows in sizes])
    doc = "Position in its split, counted from 0, in the default order: load(..., split=...)[index]."
    yield Column("index", "Index", "integer", index, doc=doc)
    if all(column_file(name, LINE) in table.store.digests for name in names):
        lines = _joined(table, LINE)
        yield Column("line", "Upstream line", "integer", lines, doc="Line in the upstream file of its split, from 0.")


def _own(table: Table) -> Iterator[Column]:
    """The columns that the data set itself has beside its images: classes and single numbers."""
    for name, feature in table.features.items():
        if isinstance(feature, ClassLabel):
            categories = tuple(feature.names)
            yield Column(name, _title(name), "category", _joined(table, name), doc=feature.doc, categories=categories)
        elif isinstance(feature, Scalar) and name != nats.LOG_PROB and feature.dtype.kind in "iufb":
            stored = _joined(table, name)
            kind = "real" if feature.dtype.kind == "f" else "integer"
            if kind == "integer" and stored.size and (stored.min() < -(2**31) or stored.max() >= 2**32):
                continue  # a number of more than 32 bits tells images apart; it measures nothing
            yield Column(name, _title(name), kind, stored, doc=feature.doc)


def _joined(table: Table, name: str) -> Array:
    """A stored column of single numbers, of all splits."""
    stored: Iterable[Array] = (table.store.column(split, name) for split, _ in table.splits)
    joined = np.concatenate(list(stored)).reshape(-1)
    return joined.astype(np.int64) if joined.dtype.kind == "b" else joined


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
