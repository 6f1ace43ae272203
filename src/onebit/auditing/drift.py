"""Whether two splits look like draws from one distribution: pixel by pixel, number by number, and as a whole.

- Each pixel: the two-proportion z-test with the pooled proportion, two-sided by the normal distribution; over all
  pixels the false discovery rate is controlled by the procedure of Benjamini & Hochberg (J. R. Statist. Soc. B, 1995).
- Each number that the explorer knows of an image: the two-sample Kolmogorov-Smirnov statistic, and its p-value by
  Kolmogorov's limit distribution. Numbers with ties make it err towards no difference.
- The images as a whole: the energy distance with the Hamming distance, ``2 E d(a, b) - E d(a, a') - E d(b, b')``, which
  for one-bit images is twice the squared distance of the two mean images; its p-value by permutation of the images.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FALSE_DISCOVERY_RATE = 0.05
PERMUTATIONS = 199
_AT_ONCE = 4096  # images whose pixels are floats at one time
_SMALL = 1.18  # below it, the other series of Kolmogorov's distribution converges faster


class PixelTests(NamedTuple):
    """Each pixel tested.

    Attributes:
        z: ``(pixels,)``: above 0 where the second split has more ink; 0 where neither or both have ink in every image.
        p: ``(pixels,)``: two-sided.
        adjusted: ``(pixels,)``: the smallest false discovery rate at which the pixel counts as different.
    """

    z: Floats
    p: Floats
    adjusted: Floats


class NumberTest(NamedTuple):
    """One number of the images tested: the Kolmogorov-Smirnov statistic and its p-value."""

    statistic: float
    p: float


class PermutationTest(NamedTuple):
    """The images as a whole tested.

    Attributes:
        energy_distance: pixels.
        p: the share of permutations, the one that was seen included, with as large a distance.
        permutations: how many were drawn.
        seed: of their draw.
    """

    energy_distance: float
    p: float
    permutations: int
    seed: int


def pixel_tests(first: NDArray[np.integer], n_first: int, second: NDArray[np.integer], n_second: int) -> PixelTests:
    """Tests each pixel.

    Args:
        first: ``(pixels,)``: in how many images of the first split the pixel is ink.
        n_first: images of the first split.
        second: the same of the second split.
        n_second: images of the second split.
    """
    pooled = (first + second) / (n_first + n_second)
    variance = pooled * (1 - pooled) * (1 / n_first + 1 / n_second)
    difference = second / n_second - first / n_first
    z = np.divide(difference, np.sqrt(variance), out=np.zeros(len(first)), where=variance > 0)
    p = np.array([math.erfc(abs(value) / math.sqrt(2)) for value in z])
    return PixelTests(z, p, adjusted_for_discoveries(p))


def adjusted_for_discoveries(p: Floats) -> Floats:
    """P-values adjusted for the false discovery rate, after Benjamini & Hochberg."""
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.minimum.accumulate(scaled[::-1])[::-1])
    return adjusted


def kolmogorov_smirnov(first: NDArray[Any], second: NDArray[Any]) -> NumberTest:
    """Tests whether two samples of numbers come from one distribution; NaN is left out.

    Raises:
        ValueError: a sample is empty.
    """
    a, b = (np.sort(sample[~np.isnan(sample)]) for sample in (np.asarray(first, float), np.asarray(second, float)))
    if not len(a) or not len(b):
        raise ValueError("The Kolmogorov-Smirnov test needs numbers in both samples.")
    both = np.concatenate([a, b])
    gap = np.searchsorted(a, both, side="right") / len(a) - np.searchsorted(b, both, side="right") / len(b)
    statistic = float(np.abs(gap).max())
    return NumberTest(statistic, kolmogorov(statistic * math.sqrt(len(a) * len(b) / (len(a) + len(b)))))


def kolmogorov(x: float) -> float:
    """The probability that Kolmogorov's limit distribution gives to numbers above x."""
    if x <= 0:
        return 1.0
    if x < _SMALL:
        below = sum(math.exp(-((2 * k - 1) ** 2) * math.pi**2 / (8 * x * x)) for k in range(1, 6))
        return 1 - math.sqrt(2 * math.pi) / x * below
    above: float = sum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 6))
    return min(1.0, 2 * above)


def permutation_test(
    first: NDArray[np.uint8], second: NDArray[np.uint8], *, permutations: int = PERMUTATIONS, seed: int = 0
) -> PermutationTest:
    """Tests whether two sets of images come from one distribution.

    Args:
        first: ``(n, row_bytes)`` packed images.
        second: ``(m, row_bytes)`` others.
        permutations: of the images over the two sets.
        seed: of the draws.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    total = len(first) + len(second)
    # Row 0 is what was seen; each other row puts as many images, drawn at random, into the second set.
    chosen = np.zeros((permutations + 1, total), np.float32)
    chosen[0, len(first) :] = 1
    for row in chosen[1:]:
        row[rng.permutation(total)[: len(second)]] = 1
    ink, of_chosen = np.zeros(first.shape[1] * 8), np.zeros((permutations + 1, first.shape[1] * 8))
    both = np.concatenate([first, second])
    for start in range(0, total, _AT_ONCE):
        pixels = np.unpackbits(both[start : start + _AT_ONCE], axis=1).astype(np.float32)
        ink += pixels.sum(axis=0)
        of_chosen += chosen[:, start : start + _AT_ONCE] @ pixels  # counts below 2**24: exact in float32
    difference = of_chosen / len(second) - (ink - of_chosen) / len(first)
    distances = 2 * (difference**2).sum(axis=1)
    as_large = int((distances[1:] >= distances[0] * (1 - 1e-12)).sum())
    return PermutationTest(float(distances[0]), (1 + as_large) / (1 + permutations), permutations, seed)


def number_tests(
    first: Mapping[str, NDArray[Any]], second: Mapping[str, NDArray[Any]]
) -> dict[str, tuple[NumberTest, float]]:
    """Tests of several numbers, each with its p-value adjusted for their number."""
    tests = {name: kolmogorov_smirnov(first[name], second[name]) for name in first}
    adjusted = adjusted_for_discoveries(np.array([test.p for test in tests.values()]))
    return {name: (test, float(value)) for (name, test), value in zip(tests.items(), adjusted, strict=True)}


def ink_counts(packed: NDArray[np.uint8]) -> NDArray[np.int64]:
    """In how many images each pixel is ink."""
    counts = np.zeros(packed.shape[1] * 8, np.int64)
    for start in range(0, len(packed), _AT_ONCE):
        counts += np.unpackbits(packed[start : start + _AT_ONCE], axis=1).sum(axis=0, dtype=np.int64)
    return counts
