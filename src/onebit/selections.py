"""Selections: which images of a data set somebody chose, as a JSON file that the explorer writes.

    {"onebit_selection": 1,
     "dataset": "binarized_mnist", "version": "1.0.0",
     "split": "test[17:18]+test[40:42]",
     "indices": {"test": [40, 41, 17]},
     "sha256": {"test": "..."}}

``indices`` has the positions in each split, in the order in which the images are to come, and ``sha256`` the digest of
each split's stored images, so that a selection cannot be applied to other ones. ``split`` is a text of the split
language for the same images, or null where it would be long. Further keys are ignored.

A selection is data from a stranger: every value of it is checked before an image is read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.errors import FormatError, WrongDataError
from onebit.features import Image
from onebit.formats.strict_json import read_json
from onebit.pipeline import Dataset
from onebit.splits import SplitError, resolve

if TYPE_CHECKING:
    from onebit.tables import Table

SCHEMA = 1
LARGEST_FILE = 64 * 2**20  # bytes; the 70,000 indices of binarized_mnist take 0.5 MB
_LONGEST_SPLIT = 100_000  # characters
_WRITE = "Export it from the explorer again: Export, Save slice.json."


class Selection(NamedTuple):
    """Chosen images of one data set.

    Attributes:
        dataset: its name.
        version: its version.
        indices: positions in each split, int64, in the order in which the images are to come.
        sha256: digest of the stored images of each split.
        split: the same images as a split text, or None.
        origin: where it was read.
    """

    dataset: str
    version: str
    indices: Mapping[str, NDArray[np.int64]]
    sha256: Mapping[str, str]
    split: str | None
    origin: str

    def __len__(self) -> int:
        return sum(map(len, self.indices.values()))


def read_selection(path: str | os.PathLike[str]) -> Selection:
    """Reads a selection, and checks its form.

    Raises:
        FormatError: it is not as the explorer writes it; the message says where.
        OSError: the file cannot be read.
    """
    source = Path(path)
    size = source.stat().st_size
    if size > LARGEST_FILE:
        raise FormatError(f"{source} has {size:,} bytes; a selection has at most {LARGEST_FILE:,}.")
    try:
        content = read_json(source.read_bytes(), max_bytes=LARGEST_FILE)
    except FormatError as error:
        raise FormatError(f"{source}: {error} {_WRITE}") from error
    if not isinstance(content, dict) or content.get("onebit_selection") != SCHEMA:
        found = content.get("onebit_selection") if isinstance(content, dict) else None
        raise FormatError(
            f"{source}: onebit_selection is {_short(found)}; this version of onebit reads {SCHEMA}. {_WRITE}"
        )
    for key in ("dataset", "version"):
        if not isinstance(content.get(key), str):
            raise FormatError(f"{source}: {key} is {_short(content.get(key))}; expected a text. {_WRITE}")
    split = content.get("split")
    if split is not None and (not isinstance(split, str) or len(split) > _LONGEST_SPLIT):
        raise FormatError(f"{source}: split is {_short(split)}; expected a split text or null. {_WRITE}")
    indices = {name: _positions(source, name, value) for name, value in _object(content, "indices", source).items()}
    digests = _object(content, "sha256", source)
    for name in indices:
        if not isinstance(digests.get(name), str):
            raise FormatError(
                f"{source}: sha256.{_plain(name)} is {_short(digests.get(name))}; expected 64 digits. {_WRITE}"
            )
    return Selection(content["dataset"], content["version"], indices, digests, split, str(source))


def applied(selection: Selection, dataset: Dataset) -> Dataset:
    """The chosen images among those of a data set, in the order of the selection.

    Args:
        selection: what `read_selection` gives.
        dataset: plain rows, as `onebit.load` gives.

    Raises:
        WrongDataError: the selection is of another data set, of another version, or of other images.
        FormatError: it names a split that is not there or positions beyond its end.
    """
    source = dataset.plan.source
    rows = _rows(selection, source.table)
    have = source.rows()
    order = np.argsort(have, kind="stable")
    if not len(have):
        return dataset
    place = np.minimum(np.searchsorted(have, rows, sorter=order), len(have) - 1)
    found = order[place]
    chosen: Dataset = dataset[found[have[found] == rows]]
    return chosen


def _rows(selection: Selection, table: Table) -> NDArray[np.int64]:
    """The rows of a table that are chosen, checked."""
    if (selection.dataset, selection.version) != (table.name, table.version):
        wanted = _plain(f"{selection.dataset}:{selection.version}")
        raise WrongDataError(
            f"{selection.origin} is a selection of {wanted}, not of {table.name}:{table.version}. Type: "
            f"onebit.load('{wanted}', select=...)"
        )
    sizes = dict(table.splits)
    image = next((name for name, feature in table.features.items() if isinstance(feature, Image)), None)
    parts = [np.empty(0, np.int64)]
    for name, positions in selection.indices.items():
        if name not in sizes:
            raise FormatError(
                f"{selection.origin}: indices names the split {_short(name)}; {table.name} has {', '.join(sizes)}."
            )
        if positions.size and positions.max() >= sizes[name]:
            raise FormatError(
                f"{selection.origin}: indices.{name} has {positions.max():,}, but {name} has {sizes[name]:,} images: 0 "
                f"to {sizes[name] - 1:,}."
            )
        digest = table.digest(name, image) if image is not None else ""
        if selection.sha256[name] != digest:
            raise WrongDataError(
                f"{selection.origin} was made from other images of {name}: its SHA-256 is "
                f"{_short(selection.sha256[name])}, that of {table.name}:{table.version} is {digest!r}. Select again."
            )
        parts.append(positions + table.offsets[name])
    rows = np.concatenate(parts)
    _check_split(selection, rows, table)
    return rows


def _check_split(selection: Selection, rows: NDArray[np.int64], table: Table) -> None:
    """The split text, where there is one, has to say the same."""
    if selection.split is None:
        return
    try:
        intervals = resolve(selection.split, dict(table.splits)) if selection.split else ()
    except SplitError as error:
        raise FormatError(f"{selection.origin}: split cannot be read: {error}") from error
    offsets = table.offsets
    named = [np.arange(start, stop) + offsets[split] for split, start, stop in intervals]
    if not np.array_equal(np.sort(rows), np.sort(np.concatenate([np.empty(0, np.int64), *named]))):
        raise FormatError(
            f"{selection.origin}: split and indices are not the same images. Delete one: set split to null. {_WRITE}"
        )


def _positions(source: Path, name: str, value: Any) -> NDArray[np.int64]:
    wanted = "expected whole numbers from 0 on, each once"
    if not isinstance(value, list) or any(type(number) is not int for number in value):  # True is none
        raise FormatError(f"{source}: indices.{_plain(name)} is {_short(value)}; {wanted}. {_WRITE}")
    if value and (min(value) < 0 or max(value) >= 2**62):
        raise FormatError(
            f"{source}: indices.{_plain(name)} has {_short(min(value))} to {_short(max(value))}; {wanted}."
        )
    positions = np.array(value, np.int64)
    if len(np.unique(positions)) != len(positions):
        raise FormatError(f"{source}: indices.{_plain(name)} has a number twice; {wanted}. {_WRITE}")
    return positions


def _object(content: Mapping[str, Any], key: str, source: Path) -> dict[str, Any]:
    value = content.get(key)
    if not isinstance(value, dict):
        raise FormatError(f"{source}: {key} is {_short(value)}; expected an object by split. {_WRITE}")
    return value


def _plain(text: str) -> str:
    """A name from the file as it can be printed: what steers a terminal, or is no text, stands as an escape."""
    shown = text.encode("unicode_escape").decode()
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
