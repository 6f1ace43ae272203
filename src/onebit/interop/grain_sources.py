"""Grain: a data set as a ``grain.MapDataset``, whose every index is a look-up."""

from __future__ import annotations

import functools
from typing import Any

from onebit.errors import import_optional
from onebit.interop.look_ups import LookUps
from onebit.pipeline import Dataset, whole_number
from onebit.stages import Element

CALL = "ds.to_grain()"


class GrainDataset:
    """The elements of a `Dataset`, for Grain. `to_grain` makes one that is also a ``grain.MapDataset``.

    As everywhere in Grain, indices beyond the length are those of the next epochs: element ``i`` of epoch ``e`` is
    ``data[e * len(data) + i]``, in another order in each epoch where the plan shuffles. Its repr says all about the
    plan, which is how ``grain.DataLoader`` recognises the data of a checkpoint.

    Args:
        dataset: the data set.
    """

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()  # of grain.MapDataset
        self.dataset = dataset
        self._look_ups = LookUps(dataset, CALL, "Grain can do it: ds.to_grain() has repeat() and filter().")
        self._length = len(self._look_ups)

    def __reduce__(self) -> tuple[Any, ...]:
        return to_grain, (self.dataset,)

    def __repr__(self) -> str:
        return f"<GrainDataset of {self.dataset!r}, {self.dataset.plan.fingerprint}>"

    def __str__(self) -> str:
        return repr(self)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Element:
        if isinstance(index, slice):
            return self.slice(index)  # type: ignore[attr-defined]  # Grain's own
        if not self._length:
            raise IndexError(f"There is no element {index}: the data set has 0.")
        epoch, number = divmod(whole_number(index, self._length), self._length)
        return self._look_ups.element(number, epoch)


def to_grain(dataset: Dataset) -> GrainDataset:
    """The data set for Grain; see `GrainDataset`.

    Raises:
        MissingDependencyError: Grain is not installed.
        TypeError: the elements have no numbers, as after `filter`.
    """
    made: GrainDataset = _grain_class()(dataset)
    return made


@functools.cache
def _grain_class() -> Any:
    """`GrainDataset` as a class that Grain knows as its own. It pickles by `to_grain`, not by its name."""
    base = import_optional("grain", purpose=CALL, install="grain").MapDataset
    return type(base)("GrainDataset", (GrainDataset, base), {"__doc__": GrainDataset.__doc__, "__module__": __name__})
