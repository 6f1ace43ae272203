"""MADE, the masked autoencoder for distribution estimation (Germain et al., ICML 2015), with any number of orderings.

A network from all pixels to the odds of all pixels. Each hidden unit gets a degree, and connections are masked so that
a path from pixel i to the odds of pixel j exists only where i comes before j in an ordering of the pixels. One network
is trained for several orderings at once, a random one of them for each step, and gives a distribution for each.

The model is the mixture of these distributions: ``log p(x) = log mean_o p_o(x)``. Probabilities are averaged, for each
image as a whole. The mean of logits over orderings is no distribution over images: it looks better than it is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import equinox
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from onebit.models import autoregression

SETTINGS: dict[str, Any] = {"hidden_units": 500, "orderings": 8}
TRAINING = {"epochs": 100, "batch_size": 100, "learning_rate": 3e-3}


class Parameters(equinox.Module):
    """The weights of a MADE with two hidden layers of H units, and the masks of O orderings of D pixels."""

    first: jax.Array  # (D, H)
    first_bias: jax.Array  # (H,)
    second: jax.Array  # (H, H)
    second_bias: jax.Array  # (H,)
    output: jax.Array  # (H, D)
    direct: jax.Array  # (D, D), from pixels to odds
    output_bias: jax.Array  # (D,)
    ranks: jax.Array  # (O, D) int32: the place of each pixel in each ordering, from 0 on
    degrees: jax.Array  # (O, 2, H) int32: the last place that a hidden unit sees


def init(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> Parameters:
    """Weights to start from, and orderings: the first is row by row, the others are drawn.

    Args:
        key: a JAX random key.
        train_pixels: ``(n, D)`` zeros and ones.
        settings: ``hidden_units``, in each of the two layers; ``orderings``, 1 or more.
    """
    pixels, hidden, orderings = train_pixels.shape[1], int(settings["hidden_units"]), int(settings["orderings"])
    order_key, degree_key, *keys = jax.random.split(key, 5)
    ranks = [jnp.arange(pixels, dtype=jnp.int32)]
    ranks += [jax.random.permutation(order_key, ranks[0]) for order_key in jax.random.split(order_key, orderings)[1:]]
    shapes = ((pixels, hidden), (hidden, hidden), (hidden, pixels))
    first, second, output = (
        jax.random.normal(key, shape) * shape[0] ** -0.5 for key, shape in zip(keys, shapes, strict=True)
    )
    return Parameters(
        first=first,
        first_bias=jnp.zeros(hidden),
        second=second,
        second_bias=jnp.zeros(hidden),
        output=0.1 * output,
        direct=jnp.zeros((pixels, pixels)),
        output_bias=autoregression.log_odds_of_frequencies(train_pixels),
        ranks=jnp.stack(ranks),
        degrees=jax.random.randint(degree_key, (orderings, 2, hidden), 0, max(1, pixels - 1)),
    )


def logits(params: Parameters, images: jax.Array, ordering: Any) -> jax.Array:
    """The log-odds of each pixel given those before it in an ordering, ``(n, D)``, for ``(n, D)`` zeros and ones."""
    pixels = jnp.asarray(images, jnp.float32)
    ranks, (low, high) = params.ranks[ordering], params.degrees[ordering]
    # A unit of degree d sees pixels of rank d at most; the odds of a pixel see units of a degree below its rank.
    first = params.first * (ranks[:, jnp.newaxis] <= low)
    second = params.second * (low[:, jnp.newaxis] <= high)
    output = params.output * (high[:, jnp.newaxis] < ranks)
    direct = params.direct * (ranks[:, jnp.newaxis] < ranks)
    hidden = jax.nn.relu(pixels @ first + params.first_bias)
    hidden = jax.nn.relu(hidden @ second + params.second_bias)
    odds: jax.Array = hidden @ output + pixels @ direct + params.output_bias
    return odds


def loss(params: Parameters, images: jax.Array, key: jax.Array) -> jax.Array:
    """What training minimises: the mean nats under one of the orderings, drawn by the key for the whole batch."""
    ordering = jax.random.randint(key, (), 0, len(params.ranks))
    return -jnp.mean(autoregression.log_prob_of(logits(params, images, ordering), images))


def log_prob(params: Parameters, images: jax.Array) -> jax.Array:
    """Exact log-probability of each image, in nats: ``(n,)`` for ``(n, D)`` zeros and ones."""

    def under(ordering: jax.Array) -> jax.Array:
        return autoregression.log_prob_of(logits(params, images, ordering), images)

    orderings = len(params.ranks)
    each = jax.lax.map(under, jnp.arange(orderings))
    return jax.nn.logsumexp(each, axis=0) - math.log(orderings)


def sample(params: Parameters, count: int, key: jax.Array) -> jax.Array:
    """Draws images, ``(count, D)`` zeros and ones: each ordering its share of them, pixel by pixel in its own order."""
    which, coins = jax.random.split(key)
    chosen = np.bincount(np.asarray(jax.random.randint(which, (count,), 0, len(params.ranks))))
    parts = []
    for ordering, share in enumerate(chosen):
        give = functools.partial(logits, params, ordering=ordering)
        order = jnp.argsort(params.ranks[ordering])
        part = jax.random.fold_in(coins, ordering)
        parts.append(autoregression.sample(give, int(share), params.ranks.shape[1], part, order=order))
    return jax.random.permutation(which, jnp.concatenate(parts))
