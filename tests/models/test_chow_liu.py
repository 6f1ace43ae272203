"""The Chow-Liu tree against all trees there are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from onebit.models import chow_liu  # noqa: E402

SETTINGS = chow_liu.SETTINGS | {"image_shape": [1, 5, 1]}


def trees(pixels: int) -> list[list[tuple[int, int]]]:
    """All spanning trees, from their Pruefer sequences: n^(n-2) of them (Cayley)."""
    found = []
    for sequence in itertools.product(range(pixels), repeat=pixels - 2):
        degrees = [1 + sequence.count(pixel) for pixel in range(pixels)]
        edges = []
        for pixel in sequence:
            leaf = next(other for other in range(pixels) if degrees[other] == 1)
            edges.append((leaf, pixel))
            degrees[leaf] -= 1
            degrees[pixel] -= 1
        edges.append(tuple(pixel for pixel in range(pixels) if degrees[pixel] == 1))
        found.append(edges)
    return found


def images(seed: int, rows: int = 400) -> np.ndarray:
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(rows, 2)) @ rng.normal(size=(2, 5))
    return (hidden + 0.5 * rng.normal(size=(rows, 5)) > 0).astype(np.uint8)


@pytest.mark.parametrize("seed", range(8))
def test_no_other_tree_is_better(seed: int) -> None:
    assert len(trees(5)) == 125
    information = chow_liu.mutual_information(chow_liu.pair_frequencies(images(seed), 0.5))
    parents, order = chow_liu.spanning_tree(information)
    found = sum(information[pixel, parents[pixel]] for pixel in order[1:])
    assert found == pytest.approx(max(sum(information[edge] for edge in tree) for tree in trees(5)), abs=1e-12)
    assert sorted(order) == [0, 1, 2, 3, 4] and parents[order[0]] == order[0]
    for place, pixel in enumerate(order[1:], start=1):
        assert parents[pixel] in order[:place]


def test_mutual_information_is_that_of_the_counts() -> None:
    pixels = images(1)
    information = chow_liu.mutual_information(chow_liu.pair_frequencies(pixels, 0.5))
    counts = np.full((2, 2), 0.5)
    for first, second in pixels[:, [0, 3]]:
        counts[first, second] += 1
    joint = counts / counts.sum()
    expected = sum(
        joint[a, b] * np.log(joint[a, b] / (joint[a].sum() * joint[:, b].sum())) for a in (0, 1) for b in (0, 1)
    )
    assert information[0, 3] == pytest.approx(expected, abs=1e-12)


def test_its_nats_are_those_of_the_tree_and_no_independent_pixels_are_as_good() -> None:
    pixels = images(2)
    start = chow_liu.init(jax.random.key(0), pixels, SETTINGS)
    params, nats = chow_liu.fit(start, pixels, SETTINGS, jax.random.key(0))
    assert -np.mean(chow_liu.log_prob(params, pixels)) == pytest.approx(nats, abs=1e-5)
    # By hand, one image: the root's frequency times each pixel's given its parent.
    joint = chow_liu.pair_frequencies(pixels, 0.5)
    parents, order = np.asarray(params.parents), np.asarray(params.order)
    image = pixels[7]
    chance = joint[image[order[0]], :, order[0], order[1]].sum()
    for pixel in order[1:]:
        pair = joint[:, image[parents[pixel]], pixel, parents[pixel]]
        chance *= pair[image[pixel]] / pair.sum()
    assert float(chow_liu.log_prob(params, pixels[7:8])[0]) == pytest.approx(np.log(chance), abs=1e-3)
    frequency = pixels.mean(axis=0)
    independent = -np.sum(frequency * np.log(frequency) + (1 - frequency) * np.log(1 - frequency))
    assert nats < independent - 0.3
