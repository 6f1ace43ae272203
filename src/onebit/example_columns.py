"""Examples that a generator gives one by one, gathered to columns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit.errors import FormatError, OnebitError
from onebit.features import ClassLabel, Feature, FeaturesDict, Image

Array = NDArray[Any]

_BLOCK = 1024  # examples that are stacked at a time
_SHOWN = 200  # characters of a value in an error


class ExampleError(OnebitError, ValueError):
    """An example does not fit the features of its data set; the message says which one, and why."""


class SplitRows:
    """The examples of one split: their keys, and a column for each feature.

    Args:
        dataset: the name of the data set, for errors.
        split: the name of the split, likewise.
        features: the columns.
        ignore_duplicates: of examples with the same key keep the first.

    Attributes:
        keys: one an example, in the order in which they came.
    """

    def __init__(self, dataset: str, split: str, features: FeaturesDict, *, ignore_duplicates: bool = False) -> None:
        self._where = (dataset, split)
        self._features = features
        self._seen: set[str] | None = set() if ignore_duplicates else None
        self.keys: list[Any] = []
        self._pending: dict[str, list[Array]] = {name: [] for name in features}
        self._blocks: dict[str, list[Array]] = {name: [] for name in features}

    def extend(self, examples: Iterable[Any], advance: Callable[[int], object] = lambda count: None) -> None:
        """Adds pairs of a key and an example.

        Args:
            examples: the pairs.
            advance: is told how many came, now and then.

        Raises:
            ExampleError: something else, or an example that does not fit the features.
        """
        for number, pair in enumerate(examples):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise ExampleError(
                    f"{self._place(number)} is {_shown(pair)}. _generate_examples yields pairs: a key, and a dict of "
                    "values by feature."
                )
            self._add(number, *pair)
            if (number + 1) % _BLOCK == 0:
                self._stack()
                advance(_BLOCK)
        if not self.keys:
            dataset, split = self._where
            raise ExampleError(
                f"{dataset}: No examples were yielded for {split!r}. Check what _generate_examples reads, or leave the "
                "split out."
            )

    def columns(self) -> dict[str, Array]:
        """Arrays of shape ``(n, *feature.shape)`` by feature, rows in the order in which they came."""
        self._stack()
        return {name: np.concatenate(self._blocks.pop(name)) for name in self._features}

    def _add(self, number: int, key: Any, example: Any) -> None:
        if self._seen is not None:
            text = str(key)
            if text in self._seen:
                return
            self._seen.add(text)
        if not isinstance(example, Mapping) or example.keys() != self._features.keys():
            raise ExampleError(f"{self._place(number, key)} {_differences(example, self._features)}")
        for name, value in example.items():
            try:
                encoded = encode_value(self._features[name], value)
            except (ValueError, TypeError, OverflowError, KeyError, OSError) as error:
                reason = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
                raise ExampleError(
                    f"{self._place(number, key)}: its {name!r}, {_shown(value)}, does not fit. {reason}"
                ) from error
            self._pending[name].append(encoded)
        self.keys.append(key)

    def _stack(self) -> None:
        for name, values in self._pending.items():
            if values:
                self._blocks[name].append(np.stack(values))
                values.clear()

    def _place(self, number: int, key: Any = None) -> str:
        dataset, split = self._where
        named = f" (key {key!r})" if key is not None else ""
        return f"{dataset}: example {number} of {split!r}{named}"


def encode_value(feature: Feature, value: Any) -> Array:
    """One value of an example as an array of its feature's shape and dtype; a copy where it could change later.

    Args:
        feature: the feature.
        value: an array of the feature's dtype, a number, lists of numbers, the name of a class; for an image also a
            PNG file as bytes, its path, an open one, or a picture of Pillow.

    Raises:
        ValueError: another shape or dtype, or a value that the dtype cannot hold.
    """
    if isinstance(feature, Image) and not isinstance(value, (np.ndarray, list, tuple)):
        value = _pixels(feature, value)
    strict = isinstance(value, np.ndarray) and not isinstance(feature, ClassLabel)
    if strict and value.dtype.newbyteorder("=") != feature.dtype:
        raise ValueError(
            f"The array has the dtype {value.dtype}, and {feature!r} takes {feature.dtype}: write "
            f"array.astype(np.{feature.dtype}), if that loses nothing."
        )
    encoded = feature.encode(value)
    return encoded.copy() if encoded is value else encoded  # the generator may go on writing into it


def _pixels(feature: Image, value: Any) -> Array:
    if isinstance(value, (str, os.PathLike)):
        return _png_pixels(feature, Path(value).read_bytes(), str(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _png_pixels(feature, bytes(value), "the value")
    if hasattr(value, "read"):
        return _png_pixels(feature, value.read(), "the file")
    array: Array = np.asarray(value)
    return array[..., np.newaxis] if array.ndim == 2 and feature.shape[2] == 1 else array


def _png_pixels(feature: Image, data: bytes, where: str) -> Array:
    from onebit.formats import png_batches, tfrecord

    try:
        height, width, channels = feature.shape
        pixels: Array = png_batches.decode(tfrecord.joined([data]), (height, width, channels))[0]
        return pixels
    except FormatError as error:
        raise ValueError(
            f"{where} is not an 8-bit PNG image of shape {feature.shape} ({error}). Other files are decoded in "
            "_generate_examples: np.asarray(PIL.Image.open(path))."
        ) from error


def _differences(example: Any, features: FeaturesDict) -> str:
    if not isinstance(example, Mapping):
        return f"is {_shown(example)}; it must be a dict of values with the keys {list(features)}."
    missing = [name for name in features if name not in example]
    extra = [name for name in example if name not in features]
    said = [f"lacks {missing}"] * bool(missing) + [f"has {extra}, which is no feature"] * bool(extra)
    return f"{' and '.join(said)}. The features are {list(features)}."


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    text = " ".join(repr(value).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
