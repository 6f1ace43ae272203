"""The Chow-Liu tree (Chow & Liu, IEEE Trans. Inf. Theory 1968): each pixel depends on one other, in closed form.

Of all distributions in which the pixels form a tree, the one of the largest likelihood: the maximum spanning tree of
the mutual information between pixels, with the frequencies of the train split as its conditional probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

SETTINGS: dict[str, Any] = {"pseudo_count": 0.5}
TRAINING = {"epochs": 1}


class Parameters(NamedTuple):
    """A tree of D pixels, with the log-odds of each pixel given the one it hangs on."""

    parents: jax.Array  # (D,) int32; the root is its own
    log_odds: jax.Array  # (2, D), by the value of the parent; the two are the same at the root
    order: jax.Array  # (D,) int32: all pixels, each after its parent


def init(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> Parameters:
    """Fair coins, all of them hung on the first pixel."""
    del key, settings
    pixels = train_pixels.shape[1]
    order = jnp.arange(pixels, dtype=jnp.int32)
    return Parameters(jnp.zeros(pixels, jnp.int32), jnp.zeros((2, pixels)), order)


def fit(
    params: Parameters, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any], key: jax.Array
) -> tuple[Parameters, float]:
    """The tree of the largest likelihood, wherever one starts; see `onebit.models.training.Model`.

    ``settings["pseudo_count"]``, above 0, is added to each of the four counts of a pair of pixels. The nats are those
    of the new weights.
    """
    del params, key
    joint = pair_frequencies(train_pixels, float(settings["pseudo_count"]))
    parents, order = spanning_tree(mutual_information(joint))
    root, child = order[0], np.arange(len(parents))
    # Frequencies by (value of the pixel, value of its parent); the root's own, which has no parent, twice.
    pair = joint[:, :, child, parents]
    pair[:, :, root] = pair[:, :, root].sum(axis=1, keepdims=True)
    odds = np.log(pair[1]) - np.log(pair[0])
    found = Parameters(jnp.asarray(parents), jnp.asarray(odds, jnp.float32), jnp.asarray(order))
    given = odds[train_pixels[:, parents], child]
    return found, float(np.sum(np.logaddexp(0.0, given) - train_pixels * given) / len(train_pixels))


def pair_frequencies(pixels: NDArray[np.uint8], pseudo_count: float) -> NDArray[np.float64]:
    """How often pixel i has value a while pixel j has value b: ``(2, 2, D, D)`` by a, b, i, j; sums of 1 over a, b."""
    # Counts up to 2^24 are exact in float32, whose products are twice as fast.
    floats = pixels.astype(np.float32)
    both = (floats.T @ floats).astype(np.float64)
    ones = np.diag(both)
    first, second = ones[:, np.newaxis], ones[np.newaxis, :]
    counts = np.array([[len(pixels) - first - second + both, second - both], [first - both, both]])
    return (counts + pseudo_count) / (len(pixels) + 4 * pseudo_count)


def mutual_information(joint: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each pair of pixels, in nats: ``(D, D)``, for frequencies as `pair_frequencies` gives them."""
    first = joint.sum(axis=1, keepdims=True)
    second = joint.sum(axis=0, keepdims=True)
    information: NDArray[np.float64] = np.sum(joint * (np.log(joint) - np.log(first) - np.log(second)), axis=(0, 1))
    return information


def spanning_tree(weights: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The spanning tree of the largest total weight, by Prim's algorithm, from the pixel in the middle.

    Args:
        weights: ``(D, D)``, symmetric.

    Returns:
        The parent of each pixel, ``(D,)``, and the pixels in the order in which they joined the tree: the root, which
        is its own parent, comes first.
    """
    root = len(weights) // 2
    parents = np.full(len(weights), root, np.int32)
    best = weights[root].copy()  # of the edges from the tree to each pixel outside
    best[root] = -np.inf
    order = [root]
    for _ in range(len(weights) - 1):
        joined = int(np.argmax(best))
        order.append(joined)
        best[joined] = -np.inf
        better = (weights[joined] > best) & (best > -np.inf)
        best[better], parents[better] = weights[joined][better], joined
    return parents, np.array(order, np.int32)


def log_prob(params: Parameters, images: jax.Array) -> jax.Array:
    """Exact log-probability of each image, in nats: ``(n,)`` for ``(n, D)`` zeros and ones."""
    pixels = jnp.asarray(images, jnp.int32)
    odds = jnp.where(pixels[:, params.parents] == 1, params.log_odds[1], params.log_odds[0])
    return jnp.sum(pixels * odds - jax.nn.softplus(odds), axis=1)


def sample(params: Parameters, count: int, key: jax.Array) -> jax.Array:
    """Draws images, ``(count, D)`` zeros and ones, from the root to the leaves."""

    def draw(images: jax.Array, pixel: jax.Array) -> tuple[jax.Array, None]:
        odds = params.log_odds[images[:, params.parents[pixel]], pixel]
        drawn = jax.random.bernoulli(jax.random.fold_in(key, pixel), jax.nn.sigmoid(odds))
        return images.at[:, pixel].set(drawn.astype(jnp.int32)), None

    images, _ = jax.lax.scan(draw, jnp.zeros((count, len(params.parents)), jnp.int32), params.order)
    return images
