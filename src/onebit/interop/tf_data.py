"""tf.data: a data set as a real ``tf.data.Dataset``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from onebit import stages
from onebit.errors import import_optional
from onebit.interop.element_specs import element_spec, with_shapes
from onebit.pipeline import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset, Plan
from onebit.stages import Element

CALL = "ds.to_tf()"
# A block costs TensorFlow some 300 microseconds, whatever is in it. Functions run for a whole block before its first
# element is there, so that theirs are smaller.
ROWS_PER_BLOCK = 2048
COMPUTED_ROWS_PER_BLOCK = 64
MOST_BYTES_IN_MEMORY = 128 * 1024**2


def to_tf(dataset: Dataset) -> Any:
    """The data set as a ``tf.data.Dataset`` of the same elements, with their ``element_spec`` and cardinality.

    Every pass over it is the next epoch of the data set, in another order where the plan shuffles. Rows whose order
    does not change are tensors in memory, up to 128 MiB of them: TensorFlow can shuffle, look up and checkpoint them.
    Everything else comes from a generator, which lives in this process and cannot be saved.

    Raises:
        MissingDependencyError: TensorFlow is not installed.
        TypeError: an array is of a dtype that TensorFlow does not have.
        ValueError: the plan has a function, and no element to find out what it gives.
    """
    tf = import_optional("tensorflow", purpose=CALL, install="tensorflow")
    spec = element_spec(dataset)
    if _fits_in_memory(dataset, spec):
        return tf.data.Dataset.from_tensor_slices(dataset.arrays())
    blocks = _blocks(dataset)
    yielded = spec if blocks is None else with_shapes(lambda shape: (None, *shape), spec)
    signature = stages.mapped(lambda leaf: tf.TensorSpec(leaf.shape, _dtype(tf, leaf.dtype)), yielded)
    made = tf.data.Dataset.from_generator(_checked(blocks or dataset.iterate, yielded), output_signature=signature)
    made = made if blocks is None else made.unbatch()
    cardinality = dataset.cardinality()
    if cardinality == UNKNOWN_CARDINALITY:
        return made
    return made.apply(tf.data.experimental.assert_cardinality(cardinality))


def _checked(elements: Callable[[], Iterator[Element]], spec: Any) -> Callable[[], Iterator[Element]]:
    """The same elements, each of which must have the dtypes of the first: TensorFlow would convert them silently."""
    dtypes = {place: leaf.dtype for place, leaf in stages.leaves(spec) if leaf.dtype.kind not in "OSU"}

    def checked() -> Iterator[Element]:
        for element in elements():
            for place, value in stages.leaves(element):
                found, expected = np.asarray(value).dtype.newbyteorder("="), dtypes.get(place)
                if expected is not None and found != expected:
                    raise TypeError(
                        f"{CALL}: the first element{_keys(place)} is of dtype {expected}, and another one of {found}. "
                        "Give all the same dtype in ds.map()."
                    )
            yield element

    return checked


def _keys(place: tuple[Any, ...]) -> str:
    return "".join(f"[{key!r}]" for key in place)


def _fits_in_memory(dataset: Dataset, spec: Any) -> bool:
    """Whether the elements are rows in an order that no epoch changes, and few enough to be tensors.

    TensorFlow then walks through them without Python, can look them up, and save where it was.
    """
    plan = dataset.plan
    examples = plan.indexed
    if examples is None or examples.rows is None or plan.endless or not examples.length:
        return False
    if any(isinstance(step, stages.Shuffle) for step in plan.steps):
        return False
    columns = [leaf for _, leaf in stages.leaves(spec)]
    if any(column.dtype.kind in "OSUMmg" for column in columns):
        return False
    per_row = sum(math.prod(size or 0 for size in column.shape) * column.dtype.itemsize for column in columns)
    return bool(per_row * examples.length <= MOST_BYTES_IN_MEMORY)


def _blocks(dataset: Dataset) -> Callable[[], Iterator[Element]] | None:
    """Many elements at a time, stacked: TensorFlow takes a block apart faster than it takes one element from Python.

    None for elements that may differ in shape, or that are large anyway.
    """
    plan, size = dataset.plan, 1
    if plan.steps and isinstance(plan.steps[-1], stages.Batch):
        size = plan.steps[-1].size
        plan = Plan(plan.source, plan.steps[:-1])
    examples = plan.indexed
    if examples is None or examples.rows_per_element != 1:
        return None
    rows = ROWS_PER_BLOCK if examples.rows else COMPUTED_ROWS_PER_BLOCK
    elements = dataset.cardinality()
    per_block = max(1, rows // size)

    def blocks() -> Iterator[Element]:
        epoch, first = dataset.iterate().epoch, 0
        while elements == INFINITE_CARDINALITY or first < elements:
            stop = first + per_block if elements == INFINITE_CARDINALITY else min(first + per_block, elements)
            if stop * size > examples.length and stop - first > 1:
                stop -= 1  # the last batch is short, and comes alone
            numbers = np.arange(first * size, min(stop * size, examples.length), dtype=np.int64)
            block = examples.columns(numbers, epoch)
            yield _in_batches(block, stop - first) if dataset.plan is not plan else block
            first = stop

    return blocks


def _in_batches(columns: Element, count: int) -> Element:
    """Examples as so many batches of one size."""
    return stages.mapped(lambda column: column.reshape(count, len(column) // count, *column.shape[1:]), columns)


def _dtype(tf: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.kind in "OSU":
        return tf.string
    try:
        return tf.as_dtype(dtype)
    except TypeError as error:
        raise TypeError(
            f"{CALL}: TensorFlow has no tensors of {dtype}. It has bool, integers, floats, complex numbers and bytes; "
            "convert the values in ds.map(), or leave them out there."
        ) from error
