"""FVSBN, the fully visible sigmoid belief network (Frey, Hinton & Dayan, NIPS 1995): a logistic autoregression.

Each pixel, in rows from top to bottom, is a logistic regression on the pixels before it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from onebit.models import autoregression

SETTINGS: dict[str, Any] = {}
TRAINING = {"epochs": 20, "batch_size": 100, "learning_rate": 3e-3}


class Parameters(NamedTuple):
    """The weights of an FVSBN with D pixels. Only those from a pixel to later ones count."""

    weights: jax.Array  # (D, D), from the row's pixel to the column's
    bias: jax.Array  # (D,)


def init(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> Parameters:
    """Weights of 0, and biases that give each pixel its frequency: the loss is convex, there is no need for chance."""
    del key, settings
    pixels = train_pixels.shape[1]
    return Parameters(jnp.zeros((pixels, pixels)), autoregression.log_odds_of_frequencies(train_pixels))


def logits(params: Parameters, images: jax.Array) -> jax.Array:
    """The log-odds of each pixel given those before it, ``(n, D)``, for ``(n, D)`` zeros and ones."""
    return jnp.asarray(images, jnp.float32) @ jnp.triu(params.weights, 1) + params.bias


def loss(params: Parameters, images: jax.Array, key: jax.Array) -> jax.Array:
    """What training minimises: minus the mean of `log_prob`; the key is not used."""
    del key
    return -jnp.mean(log_prob(params, images))


def log_prob(params: Parameters, images: jax.Array) -> jax.Array:
    """Exact log-probability of each image, in nats: ``(n,)`` for ``(n, D)`` zeros and ones."""
    return autoregression.log_prob_of(logits(params, images), images)


def sample(params: Parameters, count: int, key: jax.Array) -> jax.Array:
    """Draws images, ``(count, D)`` zeros and ones, pixel by pixel."""
    return autoregression.sample(functools.partial(logits, params), count, len(params.bias), key)
