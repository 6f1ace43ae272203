"""What the autoregressive models share: pixels one after the other, each a coin with odds from those before it.

A model gives the log-odds of all pixels of an image at once, ``(n, D)``, those of pixel d from pixels 0 ... d-1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray


def log_prob_of(logits: jax.Array, images: jax.Array) -> jax.Array:
    """The log-probability of each image in nats, ``(n,)``, from the log-odds of its pixels, ``(n, D)``."""
    return jnp.sum(jnp.asarray(images, jnp.float32) * logits - jax.nn.softplus(logits), axis=1)


def log_odds_of_frequencies(train_pixels: NDArray[np.uint8]) -> jax.Array:
    """The log-odds of each pixel in ``(n, D)`` images, with half a count more of zeros and of ones: ``(D,)``."""
    ones = train_pixels.sum(axis=0, dtype=np.float64)
    return jnp.asarray(np.log(ones + 0.5) - np.log(len(train_pixels) - ones + 0.5), jnp.float32)


def sample(
    logits: Callable[[jax.Array], jax.Array], count: int, pixels: int, key: jax.Array, order: jax.Array | None = None
) -> jax.Array:
    """Draws images pixel by pixel (ancestral sampling), at the cost of an evaluation of the model for each pixel.

    Args:
        logits: gives the log-odds of the pixels of ``(count, D)`` images.
        count: how many.
        pixels: D.
        key: a JAX random key.
        order: the pixels in the order in which they are drawn, ``(D,)``; None for row by row.

    Returns:
        ``(count, D)`` uint8 zeros and ones.
    """

    def draw(step: jax.Array, images: jax.Array) -> jax.Array:
        pixel = step if order is None else order[step]
        chance = jax.nn.sigmoid(logits(images)[:, pixel])
        drawn = jax.random.bernoulli(jax.random.fold_in(key, pixel), chance)
        return images.at[:, pixel].set(drawn.astype(jnp.uint8))

    drawn = jax.jit(lambda start: jax.lax.fori_loop(0, pixels, draw, start))
    return cast(jax.Array, drawn(jnp.zeros((count, pixels), jnp.uint8)))
