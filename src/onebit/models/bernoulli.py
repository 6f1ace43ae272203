"""Independent Bernoulli pixels: each pixel a coin with its own odds, in closed form.

The simplest likelihood of an image, and the number that every other model has to beat; the maximum-likelihood odds are
the frequencies of the train split. Half a count is added to zeros and to ones (the Krichevsky-Trofimov estimator,
IEEE Trans. Inf. Theory 1981), so that no image has probability 0.
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
    """The log-odds of D pixels."""

    log_odds: jax.Array  # (D,)


def init(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> Parameters:
    """Fair coins."""
    del key, settings
    return Parameters(jnp.zeros(train_pixels.shape[1]))


def fit(
    params: Parameters, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any], key: jax.Array
) -> tuple[Parameters, float]:
    """The frequencies of the train split, wherever one starts; see `onebit.models.training.Model`.

    ``settings["pseudo_count"]``, above 0, is added to the zeros and to the ones of each pixel. The nats are those of
    the new weights.
    """
    del params, key
    count = float(settings["pseudo_count"])
    ones = train_pixels.sum(axis=0, dtype=np.float64)
    odds = np.log(ones + count) - np.log(len(train_pixels) - ones + count)
    frequency = ones / len(train_pixels)
    nats = np.sum(np.logaddexp(0.0, odds) - frequency * odds)
    return Parameters(jnp.asarray(odds, jnp.float32)), float(nats)


def log_prob(params: Parameters, images: jax.Array) -> jax.Array:
    """Exact log-probability of each image, in nats: ``(n,)`` for ``(n, D)`` zeros and ones."""
    pixels = jnp.asarray(images, jnp.float32)
    return pixels @ params.log_odds - jnp.sum(jax.nn.softplus(params.log_odds))


def sample(params: Parameters, count: int, key: jax.Array) -> jax.Array:
    """Draws images, ``(count, D)`` zeros and ones."""
    return jax.random.bernoulli(key, jax.nn.sigmoid(params.log_odds), (count, len(params.log_odds)))
