"""PyTorch: elements as tensors, looked up by a ``DataLoader`` or ready-made in batches."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit.errors import import_optional
from onebit.interop.look_ups import LookUps
from onebit.pipeline import Dataset, DatasetIterator
from onebit.stages import Element, mapped

CALL = "ds.to_torch()"


class TorchDataset:
    """The elements of a `Dataset` as tensors. `to_torch` makes one that is also a ``torch.utils.data.Dataset``.

    Look-ups are what a ``DataLoader`` makes: ``len(data)``, ``data[i]``, and ``data.__getitems__([i, j])`` for a batch
    in one go; ``data[[i, j]]`` and ``data[a:b]`` are stacked. They are of epoch 0, or of that which `set_epoch` chose.
    Workers get it by reference to the files, forked or spawned.

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

    def __getitems__(self, numbers: Sequence[int]) -> list[Element]:
        """Several elements in one look-up, as a list; ``default_collate`` gives the look-up's own tensors for it."""
        if self._look_ups.sequence.rows is None:
            return [tensors(element) for element in self._look_ups.elements(numbers, self.epoch)]
        stacked = tensors(self._look_ups.stacked(numbers, self.epoch))
        if isinstance(stacked, dict) and not any(isinstance(column, list) for column in stacked.values()):
            return LookedUp(stacked)
        return list(_unbound(stacked))

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


class Example(dict[str, Any]):
    """One of the dicts of a look-up. ``default_collate`` hands a batch of them to `_collated`."""


class LookedUp(list[Example]):
    """Examples out of one look-up: views of its tensors, which need not be stacked once more.

    Args:
        stacked: the tensors, by name.
    """

    def __init__(self, stacked: dict[str, Any]) -> None:
        self.stacked = stacked
        self.views = {name: column.unbind(0) for name, column in stacked.items()}
        if len(stacked) == 1:  # the usual case, and the fast one
            ((name, views),) = self.views.items()
            super().__init__([Example({name: view}) for view in views])
        else:
            rows = zip(*self.views.values(), strict=True)
            super().__init__([Example(zip(stacked, row, strict=True)) for row in rows])

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    def untouched(self) -> bool:
        """Whether these are still the examples that were looked up, all of them, in their order, and nothing else."""
        return all(
            len(self) == len(views) and all(map(operator.is_, map(operator.methodcaller("get", name), self), views))
            for name, views in self.views.items()
        ) and all(len(example) == len(self.stacked) for example in self)


def _collated(batch: Any, *, collate_fn_map: Any = None) -> Any:
    """What ``default_collate`` makes of examples: the tensors that they are views of, or what it makes of any dicts."""
    if isinstance(batch, LookedUp) and batch.untouched():
        return batch.stacked
    plain = [dict(example) for example in batch]
    return _torch().utils.data._utils.collate.collate(plain, collate_fn_map=collate_fn_map)


class TorchIterator(Iterator[Element]):
    """One pass, as tensors."""

    def __init__(self, elements: DatasetIterator) -> None:
        self._elements = elements

    def __next__(self) -> Element:
        return tensors(next(self._elements))

    def state(self) -> dict[str, Any]:
        """Where this pass is, as a JSON value; see `DatasetIterator.state`."""
        return self._elements.state()


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
    # PyTorch's way to extend default_collate, for a class that nobody else has.
    _torch().utils.data._utils.collate.default_collate_fn_map[Example] = _collated
    known = (TorchDataset, _torch().utils.data.Dataset)
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
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):  # PyTorch has no such memory
        array = array.copy()
    try:
        return torch.from_numpy(array)
    except TypeError as error:
        raise TypeError(
            f"{CALL}: PyTorch has no tensors of {array.dtype}. It has bool, integers, floats and complex numbers; "
            "convert the values in ds.map(), or leave them out there."
        ) from error


def _unbound(stacked: Element) -> Iterator[Element]:
    """The elements that were stacked, one by one, as views. PyTorch takes its own tensors apart fastest."""
    if isinstance(stacked, dict):
        for values in zip(*map(_unbound, stacked.values()), strict=True):
            yield dict(zip(stacked, values, strict=True))
    elif isinstance(stacked, tuple):
        yield from zip(*map(_unbound, stacked), strict=True)
    else:
        yield from stacked if isinstance(stacked, list) else stacked.unbind(0)
