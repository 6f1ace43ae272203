"""Shapes and dtypes of a plan's elements, known before the elements are: frameworks want them in advance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit import stages
from onebit.pipeline import Dataset, Plan, Source
from onebit.stages import Element, Stage


@dataclass(frozen=True)
class ArraySpec:
    """Shape and dtype of an array.

    Attributes:
        shape: None stands for a size that differs between elements.
        dtype: object for bytes, that of NumPy's strings for texts; numbers have this machine's byte order.
    """

    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]


def element_spec(dataset: Dataset) -> Any:
    """The structure of an element, with an `ArraySpec` for each array.

    What a function gives is found by calling it for the first element of epoch 0. The first axis of a batch has an
    unknown size unless it was made with ``drop_remainder=True``.

    Raises:
        ValueError: there is a function, and no element to call it for.
        TypeError: a function gives something that is no array.
    """
    source, steps = dataset.plan.source, dataset.plan.steps
    functions = [number for number, step in enumerate(steps) if isinstance(step, stages.Map)]
    if not functions:
        return _after(_of_rows(source), steps)
    last = functions[-1]
    return _after(_of_result(source, steps[:last], steps[last], dataset), steps[last + 1 :])


def _of_rows(source: Source) -> Any:
    none = source.values(np.empty(0, np.int64))
    return stages.mapped(lambda column: ArraySpec(column.shape[1:], column.dtype), none)


def _of_result(source: Source, before: tuple[Stage, ...], step: Any, dataset: Dataset) -> Any:
    given = next(Plan(source, before).stream(0), None)
    if given is None:
        raise ValueError(
            f"{dataset!r} has no elements, so that nobody can know what {step!r} gives. Leave out the function, or the "
            "empty selection."
        )
    size = _short_batch_size(before, given)

    def spec(value: Any) -> ArraySpec:
        array = _as_array(value, step)
        shape = array.shape
        dtype = array.dtype.newbyteorder("=")
        return ArraySpec((None, *shape[1:]) if shape and shape[0] == size else shape, dtype)

    return stages.mapped(spec, step.apply(given))


def _as_array(value: Any, step: Any) -> Any:
    try:
        array: Any = np.asarray(value, object if isinstance(value, bytes) else None)
    except ValueError:  # a list of unequal things
        array = np.array(None, object)
    if array.dtype == object and not all(isinstance(member, bytes) for member in array.flat):
        raise TypeError(
            f"{step!r} gives {_shown(value)}, which is no array. Elements are arrays, numbers, texts and bytes, and "
            "dicts and tuples of these; a list would have to be an array."
        )
    return array


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:80]}..."


def _short_batch_size(steps: tuple[Stage, ...], batch: Element) -> int | None:
    """The size of a batch, if another one may be shorter."""
    groups = [step for step in steps if isinstance(step, (stages.Batch, stages.Unbatch))]
    if not groups or not isinstance(groups[-1], stages.Batch) or groups[-1].drop_remainder:
        return None
    return len(_first_leaf(batch))


def _first_leaf(element: Element) -> Any:
    while isinstance(element, (dict, tuple)):
        element = next(iter(element.values())) if isinstance(element, dict) else element[0]
    return element


def _after(spec: Any, steps: tuple[Stage, ...]) -> Any:
    """The spec behind stages that are no functions."""
    for step in steps:
        if isinstance(step, stages.Batch):
            size = step.size if step.drop_remainder else None
            spec = with_shapes(lambda shape, size=size: (size, *shape), spec)
        elif isinstance(step, stages.Unbatch):
            spec = with_shapes(lambda shape: shape[1:], spec)
        elif isinstance(step, stages.Enumerate):
            spec = (ArraySpec((), np.dtype(np.int64)), spec)
    return spec


def native(array: NDArray[Any]) -> NDArray[Any]:
    """The same values in this machine's byte order: big-endian files make arrays that most frameworks refuse."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def with_shapes(change: Callable[..., tuple[int | None, ...]], spec: Any) -> Any:
    """A spec with other shapes."""
    return stages.mapped(lambda leaf: ArraySpec(change(leaf.shape), leaf.dtype), spec)
