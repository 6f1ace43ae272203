"""PyTorch: elements as tensors, looked up by a ``DataLoader`` or ready-made in batches."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit.errors import import_optional
from onebit.interop.element_specs import native
from onebit.interop.look_ups import LookUps
from onebit.pipeline import Dataset, DatasetIterator
from onebit.stages import Element, leaves, mapped

CALL = "ds.to_torch()"


class TorchDataset:
    """The elements of a `Dataset` as tensors. `to_torch` makes one that is also a ``torch.utils.data.Dataset``.

    Look-ups are what a ``DataLoader`` makes: ``len(data)``, ``data[i]``, and ``data.__getitems__([i, j])`` for a batch
    in one go, which PyTorch's ``default_collate`` takes as it is, without putting its elements together again;
    ``data[[i, j]]`` and ``data[a:b]`` are stacked. They are of epoch 0, or of that which `set_epoch` chose. Workers get
    it by reference to the files, forked or spawned.

    Iterating is the fast way: the elements of the next epoch, batches if the plan makes batches, as tensors that share
    their memory with the NumPy arrays that the plan gives.

        >>> data = onebit.load("binarized_mnist", split="train").shuffle(seed=0).batch(128).to_torch()  # doctest: +SKIP
        >>> for batch in data:                                                            # doctest: +SKIP
        ...     batch["image"]                               # tensor of shape (128, 28, 28, 1), dtype torch.uint8

    Values keep their dtypes and shapes. Bytes and texts stay what they are, as in PyTorch's ``default_collate``: a
    batch of them is a list.

    Args:
        dataset: the data set.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.epoch = 0
        self._look_ups = LookUps(dataset, CALL)

    def __reduce__(self) -> tuple[Any, ...]:
        return _in_epoch, (self.dataset, self.epoch)

    def __repr__(self) -> str:
        return f"<TorchDataset of {self.dataset!r}>"

    # Look-ups --------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._look_ups)

    def __getitem__(self, item: Any) -> Element:
        if isinstance(item, slice) or np.ndim(item):
            return tensors(self._look_ups.stacked(item, self.epoch))
        return tensors(self._look_ups.element(item, self.epoch))

    def __getitems__(self, numbers: Sequence[int]) -> MutableSequence[Element]:
        """Several elements in one look-up; ``default_collate`` gives the look-up's own tensors for them."""
        if self._look_ups.sequence.rows is None:
            return [tensors(element) for element in self._look_ups.elements(numbers, self.epoch)]
        return Stacked(tensors(self._look_ups.stacked(numbers, self.epoch)))

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch that is looked up from now on: another order, where the plan shuffles.

        Call it before ``iter(loader)``, as for PyTorch's ``DistributedSampler``. Persistent workers keep the epoch that
        they were started with.
        """
        self.epoch = operator.index(epoch)

    def state(self, position: int) -> dict[str, Any]:
        """The state after so many elements of this epoch: a JSON value like that of ``iter(ds).state()``."""
        return self._look_ups.state(self.epoch, position)

    def resume(self, state: Mapping[str, Any]) -> range:
        """Chooses the epoch of a state; gives the numbers that were left, which a ``DataLoader`` takes as ``sampler``.

        Raises:
            ValueError: the state is of another plan, or is not a state.
        """
        self.epoch, left = self._look_ups.left(state)
        return left

    # Ready-made ------------------------------------------------------------------------------------------------

    def __iter__(self) -> TorchIterator:
        return self.iterate()

    def iterate(self, *, epoch: int | None = None, state: Mapping[str, Any] | None = None) -> TorchIterator:
        """An iterator over one epoch; see `Dataset.iterate`, whose states it takes and gives."""
        return TorchIterator(self.dataset.iterate(epoch=epoch, state=state))


class TorchIterator(Iterator[Element]):
    """One pass, as tensors."""

    def __init__(self, elements: DatasetIterator) -> None:
        self._elements = elements

    def __next__(self) -> Element:
        return tensors(next(self._elements))

    def state(self) -> dict[str, Any]:
        """Where this pass is, as a JSON value; see `DatasetIterator.state`."""
        return self._elements.state()


class Example(dict[str, Any]):
    """An element of a `Stacked` batch: a dict of a type by which ``default_collate`` finds `_collated`."""


class Pair(tuple[Any, ...]):
    """A supervised element of a `Stacked` batch, likewise."""

    __slots__ = ()


class Stacked(MutableSequence[Element]):
    """Elements that are stacked already, and are taken apart only for those who look at them.

    Args:
        columns: the stacked elements: a dict or tuple of tensors whose first axis counts them.
    """

    def __init__(self, columns: Element) -> None:
        self._columns = columns
        self._length = next((len(value) for _, value in leaves(columns)), 0)
        self._first: Element = None  # as it was given out
        self._first_values: list[Any] = []
        self._elements: list[Element] | None = None

    def __len__(self) -> int:
        return self._length if self._elements is None else len(self._elements)

    def __getitem__(self, item: Any) -> Any:
        if self._elements is not None or type(item) is not int or item != 0 or not self._length:
            return self._apart()[item]
        if self._first is None:  # default_collate looks at it, and at no other
            first = _each(lambda value: value[0], self._columns)
            self._first, self._first_values = _of_own_type(first), list(leaves(first))
        return self._first

    def __setitem__(self, item: Any, value: Any) -> None:
        self._apart()[item] = value

    def __delitem__(self, item: Any) -> None:
        del self._apart()[item]

    def __iter__(self) -> Iterator[Element]:
        return iter(self._apart())

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    def insert(self, index: int, value: Element) -> None:
        """Puts an element before another one, as a list does."""
        self._apart().insert(index, value)

    def sort(self, *, key: Callable[[Element], Any] | None = None, reverse: bool = False) -> None:
        """Sorts the elements, as a list does: by length, say, in a ``collate_fn``."""
        self._apart().sort(key=key, reverse=reverse)

    def copy(self) -> list[Element]:
        """The elements as a list."""
        return list(self)

    def __add__(self, others: Iterable[Element]) -> list[Element]:
        return [*self, *others]

    def __radd__(self, others: Iterable[Element]) -> list[Element]:
        return [*others, *self]

    def _apart(self) -> list[Element]:
        if self._elements is None:
            self._elements = [_of_own_type(element) for element in _unbound(self._columns)]
            if self._first is not None:
                self._elements[0] = self._first
        return self._elements

    def whole(self) -> Element:
        """The stacked elements; None once somebody has had them one by one, and may have put others in their place."""
        if self._elements is not None:
            return None
        given, now = self._first_values, list(leaves(self._first)) if self._first is not None else []
        same = len(given) == len(now) and all(
            place == there and value is found for (place, value), (there, found) in zip(given, now, strict=True)
        )
        return self._columns if same else None


def _collated(batch: Sequence[Element], *, collate_fn_map: Any = None) -> Any:
    """What ``default_collate`` makes of a batch of `Example` or `Pair`: what it would, of plain dicts and tuples."""
    whole = batch.whole() if isinstance(batch, Stacked) else None
    if whole is not None:
        return _each(lambda value: value, whole, list)  # PyTorch makes lists of tuples
    plain = [dict(element) if isinstance(element, dict) else tuple(element) for element in batch]
    return _torch().utils.data._utils.collate.collate(plain, collate_fn_map=collate_fn_map)


def to_torch(dataset: Dataset) -> TorchDataset:
    """The data set for PyTorch; see `TorchDataset`.

    Raises:
        MissingDependencyError: PyTorch is not installed.
    """
    made: TorchDataset = _torch_class()(dataset)
    return made


@functools.cache
def _torch_class() -> Any:
    """`TorchDataset` as a class that PyTorch knows as its own. It pickles by `_in_epoch`, not by its name."""
    data = _torch().utils.data
    # PyTorch's way to extend default_collate, for classes that nobody else has.
    data._utils.collate.default_collate_fn_map.update({Example: _collated, Pair: _collated})
    known = (TorchDataset, data.Dataset)
    return type("TorchDataset", known, {"__doc__": TorchDataset.__doc__, "__module__": __name__})


def _in_epoch(dataset: Dataset, epoch: int) -> TorchDataset:
    made = to_torch(dataset)
    made.epoch = epoch
    return made


def tensors(element: Element) -> Element:
    """The arrays of an element as tensors, which share their memory where PyTorch can.

    Raises:
        TypeError: an array of a dtype that PyTorch does not have.
    """
    return mapped(_tensor, element)


@functools.cache
def _torch() -> Any:
    return import_optional("torch", purpose=CALL, install="torch")


def _tensor(value: Any) -> Any:
    torch = _torch()
    if isinstance(value, (bytes, str, torch.Tensor)):
        return value
    array: NDArray[Any] = np.asarray(value)
    if array.dtype.kind in "OSU":
        return array.tolist()
    array = native(array)
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):  # PyTorch has no such memory
        array = array.copy()
    try:
        return torch.from_numpy(array)
    except TypeError as error:
        raise TypeError(
            f"{CALL}: PyTorch has no tensors of {array.dtype}. It has bool, integers, floats and complex numbers; "
            "convert the values in ds.map(), or leave them out there."
        ) from error


def _of_own_type(element: Element) -> Element:
    return Example(element) if isinstance(element, dict) else Pair(element)


def _each(function: Callable[[Any], Any], element: Element, of_parts: Any = tuple) -> Element:
    """A function of every value of an element; lists that stand for arrays of bytes are values."""
    if isinstance(element, dict):
        return {name: _each(function, value, of_parts) for name, value in element.items()}
    if isinstance(element, tuple):
        return of_parts(_each(function, value, of_parts) for value in element)
    return function(element)


def _unbound(stacked: Element) -> Iterator[Element]:
    """The elements that were stacked, one by one, as views. PyTorch takes its own tensors apart fastest."""
    if isinstance(stacked, dict):
        for values in zip(*map(_unbound, stacked.values()), strict=True):
            yield dict(zip(stacked, values, strict=True))
    elif isinstance(stacked, tuple):
        yield from zip(*map(_unbound, stacked), strict=True)
    else:
        yield from stacked if isinstance(stacked, list) else stacked.unbind(0)
