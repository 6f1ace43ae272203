"""Tests of drift against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats
from scipy.spatial.distance import cdist

from onebit.auditing import drift


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_pixels_are_tested_as_in_the_textbook(rng: np.random.Generator) -> None:
    n, m = 500, 300
    first, second = rng.binomial(n, 0.3, 100), rng.binomial(m, rng.uniform(0.2, 0.4, 100))
    found = drift.pixel_tests(first, n, second, m)
    for k in range(100):
        table = [[first[k], n - first[k]], [second[k], m - second[k]]]
        expected = stats.chi2_contingency(table, correction=False)  # z squared, with one degree of freedom
        assert found.z[k] ** 2 == pytest.approx(expected.statistic, rel=1e-9)
        assert found.p[k] == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-300)
        assert np.sign(found.z[k]) == np.sign(second[k] / m - first[k] / n)
    assert found.adjusted == pytest.approx(stats.false_discovery_control(found.p), rel=1e-12)


def test_pixels_that_never_change_are_not_different() -> None:
    found = drift.pixel_tests(np.array([0, 10, 5]), 10, np.array([0, 20, 10]), 20)
    assert found.z.tolist() == [0, 0, 0]
    assert found.p.tolist() == [1, 1, 1]


@pytest.mark.parametrize("sizes", [(1000, 1000), (300, 70), (10000, 40)])
def test_kolmogorov_and_smirnov_are_scipys(sizes: tuple[int, int], rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 50, sizes[0]), rng.integers(2, 52, sizes[1])  # with ties
    found = drift.kolmogorov_smirnov(a, b)
    assert found.statistic == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1e-12)
    scaled = found.statistic * np.sqrt(sizes[0] * sizes[1] / sum(sizes))
    assert found.p == pytest.approx(special.kolmogorov(scaled), rel=1e-6, abs=1e-15)


@pytest.mark.parametrize("x", [0, 1e-3, 0.2, 0.5, 1, 1.17, 1.18, 1.19, 2, 5, 20])
def test_kolmogorovs_distribution(x: float) -> None:
    assert drift.kolmogorov(x) == pytest.approx(special.kolmogorov(x), rel=1e-6, abs=1e-14)


def test_numbers_that_are_none_are_left_out() -> None:
    a, b = np.array([1.0, np.nan, 2.0]), np.array([1.0, 2.0])
    assert drift.kolmogorov_smirnov(a, b).statistic == 0
    with pytest.raises(ValueError, match="needs numbers in both samples"):
        drift.kolmogorov_smirnov(np.array([np.nan]), b)


def test_energy_distance_is_that_of_its_definition(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 2, (30, 16), np.uint8), (rng.random((20, 16)) < 0.7).astype(np.uint8)
    pixels = 16
    mean = lambda x, y: cdist(x, y, "hamming").mean() * pixels  # noqa: E731
    expected = 2 * mean(a, b) - mean(a, a) - mean(b, b)
    found = drift.permutation_test(np.packbits(a, axis=1), np.packbits(b, axis=1), permutations=99)
    assert found.energy_distance == pytest.approx(expected, abs=1e-9)
    assert found.p == 0.01


def test_p_values_of_the_permutation_test_are_uniform_without_drift(rng: np.random.Generator) -> None:
    values = []
    for seed in range(200):
        images = rng.integers(0, 256, (40, 4), np.uint8)
        values.append(drift.permutation_test(images[:25], images[25:], permutations=19, seed=seed).p)
    assert stats.kstest(np.array(values) - rng.random(200) / 20, "uniform").pvalue > 1e-3


def test_permutations_follow_the_seed(rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (60, 4), np.uint8)
    runs = [drift.permutation_test(images[:30], images[30:], permutations=49, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0].energy_distance == runs[2].energy_distance


def test_numbers_are_adjusted_for_their_number(rng: np.random.Generator) -> None:
    a = {name: rng.random(200) for name in "abc"}
    b = {"a": rng.random(100), "b": rng.random(100) + 1, "c": rng.random(100)}
    found = drift.number_tests(a, b)
    assert found["b"][0].statistic == 1
    p = [test.p for test, _ in found.values()]
    assert [adjusted for _, adjusted in found.values()] == pytest.approx(stats.false_discovery_control(p))


def test_ink_is_counted_pixel_by_pixel(rng: np.random.Generator) -> None:
    images = rng.integers(0, 2, (9000, 16), np.uint8)
    assert (drift.ink_counts(np.packbits(images, axis=1)) == images.sum(axis=0)).all()
