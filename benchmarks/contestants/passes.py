"""Passes over data, timed the same way for every contestant."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class Pass(NamedTuple):
    """One pass: something that is iterated, and what its elements are.

    Args:
        start: gives the iterable; called within the measured time.
        image: takes the images out of an element.
        batched: whether an element is a batch.
        before: called before the clock starts.
    """

    start: Callable[[], Iterable[Any]]
    image: Callable[[Any], Any] = lambda element: element["image"]
    batched: bool = True
    before: Callable[[], Any] = lambda: None

    def __call__(self) -> tuple[float, int]:
        """Seconds of a pass, and the number of its images."""
        start, image, batched = self.start, self.image, self.batched
        self.before()
        count = 0
        begin = time.perf_counter()
        if batched:
            for element in start():
                count += len(image(element))
        else:
            for element in start():
                image(element)
                count += 1
        return time.perf_counter() - begin, count

    def verify(self) -> tuple[int, int]:
        """How many images, and how many pixels that are one, a pass delivers."""
        self.before()
        images = ones = 0
        for element in self.start():
            image = self.image(element)
            images += len(image) if self.batched else 1
            ones += int(image.sum())
        return images, ones


class Whole(NamedTuple):
    """One call that gives all images, as one array or as something that `array` makes one of outside of the clock."""

    call: Callable[[], Any]
    before: Callable[[], Any] = lambda: None
    array: Callable[[Any], Any] = lambda images: images

    def __call__(self) -> tuple[float, int]:
        """Seconds of a call, and the number of its images."""
        self.before()
        begin = time.perf_counter()
        images = self.call()
        return time.perf_counter() - begin, len(images)

    def verify(self) -> tuple[int, int]:
        """How many images, and how many pixels that are one, a call delivers."""
        self.before()
        images = self.array(self.call())
        return len(images), int(images.sum())
