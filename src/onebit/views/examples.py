"""The parts of a data set's elements by name, and which of them is the image: what every view asks first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit import stages
from onebit.features import ClassLabel, Feature, FeaturesDict, Image
from onebit.metadata import DatasetInfo
from onebit.pipeline import Dataset, Plan

Array = NDArray[Any]


class Examples:
    """The elements of a data set as flat dicts, in the order of epoch 0.

    Looking at a data set must not change what training sees: the counter of its epochs stays as it is.

    Args:
        dataset: a `Dataset` of finite length.
        info: whose features to go by; by default those that the data set itself has.
        wanted: what the user called, for messages.

    Raises:
        TypeError: not a data set, not an info, or without an end.
    """

    def __init__(self, dataset: Any, info: Any = None, *, wanted: str) -> None:
        self.dataset = _checked(dataset, info, wanted)
        source = self.dataset.plan.source
        self.features: FeaturesDict = source.table.features if info is None else info.features
        self.supervised: Any = source.supervised

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (named(element, self.supervised) for element in self.dataset.iterate(epoch=0))

    def feature(self, name: str) -> Feature | None:
        """The feature of a named part: that of its last component (``1/image``, after `Dataset.enumerate`)."""
        last = name.rsplit("/", 1)[-1]
        return self.features.get(last)

    def image_key(self, example: Mapping[str, Any], key: str | None = None) -> str:
        """The name of the image among the parts of an example.

        Args:
            example: one of these examples.
            key: the user's choice.

        Raises:
            ValueError: there is no such part, no image, or several.
        """
        if key is not None:
            if key not in example:
                raise ValueError(f"image_key={key!r} is not in the examples; they have {list(example)}.")
            return key
        found = [name for name in example if isinstance(self.feature(name), Image)]
        found = found or [name for name, value in example.items() if _looks_like_image(value)]
        if len(found) != 1:
            what = f"The examples have several images: {found}." if found else f"No image among {list(example)}."
            raise ValueError(f"{what} Name the one to show: image_key=...")
        return found[0]

    def label_key(self, example: Mapping[str, Any], key: str | None = None) -> str | None:
        """The name of the label among the parts of an example; None where there is none, or several.

        Args:
            example: one of these examples.
            key: the user's choice.

        Raises:
            ValueError: there is no such part.
        """
        if key is not None and key not in example:
            raise ValueError(f"label_key={key!r} is not in the examples; they have {list(example)}.")
        found = [name for name in example if isinstance(self.feature(name), ClassLabel)]
        return key if key is not None else found[0] if len(found) == 1 else None

    def class_name(self, name: str, value: Any) -> str | None:
        """The name of the class that a part says; None where it says none."""
        feature, label = self.feature(name), np.asarray(value)
        if not isinstance(feature, ClassLabel) or label.shape or label.dtype.kind not in "iu":
            return None
        return feature.names[int(label)] if 0 <= label < feature.num_classes else None

    def first_images(self, count: int) -> Array:
        """Up to `count` images, ``(n, height, width[, channels])``; batches are opened."""
        images: list[Array] = []
        key: str | None = None
        for example in self:
            key = key or self.image_key(example)
            image = np.asarray(example[key])
            images += list(image) if image.ndim == 4 else [image]
            if len(images) >= count:
                break
        return np.stack(images[:count]) if images else np.empty((0, 1, 1), np.uint8)


def _checked(dataset: Any, info: Any, wanted: str) -> Dataset:
    if isinstance(dataset, Mapping):
        splits = list(dataset)
        raise TypeError(f"{wanted} shows one data set, and got a dict of {splits}. Choose one: ds[{splits[0]!r}].")
    if not isinstance(dataset, Dataset):
        raise TypeError(f"{wanted} shows a onebit.Dataset, as onebit.load gives it; got {type(dataset).__name__}.")
    if info is not None and not isinstance(info, DatasetInfo):
        raise TypeError(f"{wanted}: ds_info is a onebit.DatasetInfo or None; got {type(info).__name__}.")
    return dataset


def _looks_like_image(value: Any) -> bool:
    shape = np.shape(value)
    return len(shape) in (3, 4) and shape[-1] in (1, 3, 4)


def named(element: Any, supervised: Any = None) -> dict[str, Any]:
    """An element as a flat dict.

    Dicts are taken in the order of their sorted keys and tuples by number, and the names of nested ones are joined by
    ``/``, all of it as TFDS does for its data frames. A pair of arrays of a supervised data set gets the names of its
    features; an element that is a single array is called ``value``.
    """
    if not isinstance(element, (dict, tuple)):
        return {"value": element}
    parts: list[tuple[Any, Any]]
    if isinstance(element, dict):
        parts = sorted(element.items(), key=lambda item: str(item[0]))
    elif _of_names(supervised, element):
        parts = list(zip(supervised, element, strict=True))
    else:
        parts = list(enumerate(element))
    flat: dict[str, Any] = {}
    for key, value in parts:
        if isinstance(value, (dict, tuple)):
            flat |= {f"{key}/{name}": inner for name, inner in named(value, supervised).items()}
        else:
            flat[str(key)] = value
    return flat


def _of_names(supervised: Any, element: tuple[Any, ...]) -> bool:
    """Whether an element is a tuple of arrays for which a data set has so many names."""
    if not supervised or len(supervised) != len(element) or not all(isinstance(name, str) for name in supervised):
        return False
    return not any(isinstance(part, (dict, tuple)) for part in element)


def runs_user_code(plan: Plan) -> bool:
    """Whether elements of a plan come out of functions that the user gave."""
    return any(
        isinstance(step, (stages.Map, stages.Filter))
        or (isinstance(step, stages.Concatenate) and runs_user_code(step.other.plan))
        for step in plan.steps
    )
