"""A mixture of Bernoulli distributions, by EM (Dempster, Laird & Rubin, 1977): an image has one of K templates.

A component is drawn, then every pixel is a coin of its own, with the odds of that component. Each epoch is one
iteration of EM over the whole train split: never less likely than the one before, up to the pseudo-counts, whose prior
(a Beta and a Dirichlet distribution) is part of what EM increases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

SETTINGS: dict[str, Any] = {"components": 500, "pseudo_count": 0.1}
TRAINING = {"epochs": 60, "patience": 3}

BATCH = 1000  # images at a time


class Parameters(NamedTuple):
    """A mixture of K components over D pixels."""

    log_odds: jax.Array  # (K, D)
    log_weights: jax.Array  # (K,), nats: the log-probabilities of the components


def init(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> Parameters:
    """Components around images of the train split that are drawn at random, all of the same weight.

    Args:
        key: a JAX random key.
        train_pixels: ``(n, D)`` zeros and ones.
        settings: ``components``.
    """
    components = int(settings["components"])
    chosen = jax.random.choice(key, len(train_pixels), (components,), replace=components > len(train_pixels))
    frequency = 0.25 + 0.5 * train_pixels[np.asarray(chosen)].astype(np.float32)
    log_odds = jnp.asarray(np.log(frequency) - np.log1p(-frequency))
    return Parameters(log_odds, jnp.full(components, -jnp.log(components)))


def fit(
    params: Parameters, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any], key: jax.Array
) -> tuple[Parameters, float]:
    """One iteration of EM.

    Args:
        params: the mixture so far.
        train_pixels: ``(n, D)`` zeros and ones.
        settings: ``pseudo_count``, of zeros and of ones of each pixel of each component, and of images of each
            component; above 0.
        key: not used.

    Returns:
        The new mixture, and the mean nats of the train split under the old one.
    """
    del key
    ones = np.zeros(params.log_odds.shape)
    counts = np.zeros(len(params.log_weights))
    nats = 0.0
    for first in range(0, len(train_pixels), BATCH):
        batch_ones, batch_counts, batch_nats = _expectation(params, train_pixels[first : first + BATCH])
        ones += batch_ones
        counts += batch_counts
        nats += float(batch_nats)
    return _maximum(ones, counts, float(settings["pseudo_count"])), nats / len(train_pixels)


@jax.jit
def _expectation(params: Parameters, images: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The expected number of ones of each pixel by component, of images by component, and the sum of the nats."""
    pixels = jnp.asarray(images, jnp.float32)
    joint = _joint(params, pixels)
    log_probs = jax.nn.logsumexp(joint, axis=1)
    responsibilities = jnp.exp(joint - log_probs[:, jnp.newaxis])
    return responsibilities.T @ pixels, responsibilities.sum(axis=0), -jnp.sum(log_probs)


def _maximum(ones: NDArray[np.float64], counts: NDArray[np.float64], pseudo_count: float) -> Parameters:
    zeros = counts[:, np.newaxis] - ones
    weights = counts + pseudo_count
    return Parameters(
        log_odds=jnp.asarray(np.log(ones + pseudo_count) - np.log(np.maximum(zeros, 0) + pseudo_count), jnp.float32),
        log_weights=jnp.asarray(np.log(weights) - np.log(weights.sum()), jnp.float32),
    )


def _joint(params: Parameters, pixels: jax.Array) -> jax.Array:
    """The log-probability of each image together with each component: ``(n, K)``."""
    return pixels @ params.log_odds.T + (params.log_weights - jax.nn.softplus(params.log_odds).sum(axis=1))


def log_prob(params: Parameters, images: jax.Array) -> jax.Array:
    """Exact log-probability of each image, in nats: ``(n,)`` for ``(n, D)`` zeros and ones."""
    return jax.nn.logsumexp(_joint(params, jnp.asarray(images, jnp.float32)), axis=1)


def sample(params: Parameters, count: int, key: jax.Array) -> jax.Array:
    """Draws images, ``(count, D)`` zeros and ones."""
    which, coins = jax.random.split(key)
    component = jax.random.categorical(which, params.log_weights, shape=(count,))
    return jax.random.bernoulli(coins, jax.nn.sigmoid(params.log_odds[component]))
