"""Random access to the elements of one epoch of a plan: what PyTorch, JAX, Grain and Hugging Face ask for."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit.pipeline import Dataset, chosen_position, chosen_positions
from onebit.stages import Element, Indexed

Array = NDArray[Any]


class LookUps:
    """Elements by their number, in an epoch that is chosen.

    Args:
        dataset: whose elements.
        call: what the user wrote, for messages: ``"ds.to_torch()"``.
        remedy: what to do about a plan without numbers; by default to iterate.
    """

    def __init__(self, dataset: Dataset, call: str, remedy: str = "") -> None:
        self.dataset, self.call = dataset, call
        self.remedy = remedy or f"Iterate over what {call} gives: that needs no numbers."

    @property
    def sequence(self) -> Indexed:
        """The plan as a sequence.

        Raises:
            TypeError: its elements have no numbers.
        """
        plan = self.dataset.plan
        if plan.endless:
            raise TypeError(
                f"{self.call} looks elements up by their number, of which there is no end after repeat(). Leave "
                f"repeat() out and go through the epochs of the data set. {self.remedy}"
            )
        sequence = plan.indexed
        if sequence is None:
            raise TypeError(
                f"{self.call} looks elements up by their number, which they have no longer after filter(), or after "
                f"unbatch() behind map(). {self.remedy} Or choose the elements by number: ds[[4, 0, 2]], or ds[mask] "
                "with a boolean array."
            )
        return sequence

    def __len__(self) -> int:
        return int(self.sequence.length)

    def positions(self, numbers: Any) -> NDArray[np.int64]:
        """Numbers, a slice or a mask as element numbers from 0 on.

        Raises:
            IndexError: there is no such element.
            TypeError: something else was given.
        """
        if isinstance(numbers, slice):
            return np.arange(*numbers.indices(len(self)))
        return chosen_positions(numbers, len(self))

    def element(self, number: Any, epoch: int) -> Element:
        """One element."""
        sequence = self.sequence
        return sequence.element(chosen_position(number, int(sequence.length)), epoch)

    def elements(self, numbers: Any, epoch: int) -> Iterator[Element]:
        """Several elements, one by one."""
        return self.sequence.elements(self.positions(numbers), epoch)

    def stacked(self, numbers: Any, epoch: int) -> Element:
        """Several elements in one look-up, stacked along a new first axis."""
        return self.sequence.columns(self.positions(numbers), epoch)

    def state(self, epoch: int, position: int) -> dict[str, Any]:
        """The state of an iterator that has given `position` elements of an epoch.

        Raises:
            ValueError: an epoch has fewer elements.
        """
        given = operator.index(position)
        if not 0 <= given <= len(self):
            raise ValueError(
                f"state({given}): {self.call} has {len(self)} elements, so that 0 to {len(self)} are given."
            )
        return {"plan": self.dataset.plan.fingerprint, "epoch": epoch, "position": given}

    def left(self, state: Mapping[str, Any]) -> tuple[int, range]:
        """The epoch of a state, and the numbers of the elements that were left.

        Raises:
            ValueError: the state is of another plan, or is not a state.
        """
        there = self.dataset.iterate(state=state).state()  # it knows what a state must be like
        return there["epoch"], range(there["position"], len(self))
