"""NADE, the neural autoregressive distribution estimator (Larochelle & Murray, AISTATS 2011), in JAX.

The pixels of an image are taken in a fixed order, here the rows from top to bottom; each is a coin whose odds a
hidden layer reads off the pixels before it::

    h_d = sigmoid(c + W_1 x_1 + ... + W_{d-1} x_{d-1})          p(x_d = 1 | x_1 ... x_{d-1}) = sigmoid(b_d + V_d . h_d)

so ``log p(x)`` is a plain sum of 784 terms: exact, in nats. The argument of the hidden sigmoid changes by one term
from one pixel to the next, which is why all 784 hidden layers of an image cost no more than ``784 x H`` sigmoids.

The same model in float64 NumPy, with its sampler, is `onebit.models.ancestral`; it needs no JAX.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from onebit.models import ancestral

SETTINGS: dict[str, Any] = {"hidden_units": 500}


class Parameters(NamedTuple):
    """The weights of a NADE with D pixels and H hidden units."""

    input_weights: jax.Array  # W, (D, H)
    output_weights: jax.Array  # V, (D, H)
    output_bias: jax.Array  # b, (D,)
    hidden_bias: jax.Array  # c, (H,)


def init(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> Parameters:
    """Weights to start from: small random ones, and output biases that give each pixel its frequency.

    Args:
        key: a JAX random key.
        train_pixels: ``(n, D)`` zeros and ones.
        settings: ``hidden_units``.
    """
    pixels, hidden = train_pixels.shape[1], int(settings["hidden_units"])
    first, second = jax.random.split(key)
    scale = pixels**-0.5
    frequency = (train_pixels.mean(axis=0) * len(train_pixels) + 0.5) / (len(train_pixels) + 1)
    return Parameters(
        input_weights=scale * jax.random.normal(first, (pixels, hidden)),
        output_weights=scale * jax.random.normal(second, (pixels, hidden)),
        output_bias=jnp.asarray(np.log(frequency) - np.log1p(-frequency), jnp.float32),
        hidden_bias=jnp.zeros(hidden),
    )


def loss(params: Parameters, images: jax.Array, key: jax.Array) -> jax.Array:
    """What training minimises: minus the mean of `log_prob`. A NADE needs no random numbers for it.

    Args:
        params: the weights.
        images: ``(n, D)`` zeros and ones.
        key: not used.
    """
    del key
    return -jnp.mean(log_prob(params, images))


def log_prob(params: Parameters, images: jax.Array) -> jax.Array:
    """Exact log-probability of each image, in nats: ``(n,)`` for ``(n, D)`` zeros and ones."""
    columns = jnp.asarray(images, jnp.float32).T
    odds = _logits(params, columns)
    return jnp.sum(columns * odds - jnp.logaddexp(0.0, odds), axis=0)


def sample(params: Parameters, count: int, key: jax.Array) -> NDArray[np.uint8]:
    """Draws images, ``(count, D)`` zeros and ones, in float64 NumPy; the key gives the seed."""
    weights = ancestral.Weights(*(np.asarray(array, np.float64) for array in params))
    return ancestral.sample(weights, count, seed=int(jax.random.bits(key))).pixels


@jax.custom_vjp
def _logits(params: Parameters, columns: jax.Array) -> jax.Array:
    """The log-odds of each pixel given those before it, ``(D, n)``, for pixels ``(D, n)``."""
    return _forward(params, columns)[0]


def _forward(params: Parameters, columns: jax.Array) -> tuple[jax.Array, Any]:
    def pixel(activation: jax.Array, inputs: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
        w, v, b, x = inputs
        return activation + x[:, None] * w, _sigmoid(activation) @ v + b

    start = jnp.broadcast_to(params.hidden_bias, (columns.shape[1], len(params.hidden_bias)))
    last, odds = jax.lax.scan(pixel, start, (params.input_weights, params.output_weights, params.output_bias, columns))
    return odds, (params, columns, last)


def _backward(saved: Any, d_odds: jax.Array) -> tuple[Parameters, None]:
    """Walks the pixels backwards and takes back what each added to the activations.

    JAX's own derivative of the scan would keep the 784 hidden layers of every image: 1.6 MB an image, through memory
    twice. Here they are computed again from the last activations, which stay in the cache.
    """
    params, columns, last = saved

    def pixel(
        carry: tuple[jax.Array, jax.Array], inputs: tuple[jax.Array, ...]
    ) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]:
        activation, d_activation = carry
        w, v, x, d = inputs
        d_w = x @ d_activation
        activation = activation - x[:, None] * w
        hidden = _sigmoid(activation)
        d_activation = d_activation + d[:, None] * v * (hidden * (1 - hidden))
        return (activation, d_activation), (d_w, d @ hidden)

    start = (last, jnp.zeros_like(last))
    inputs = (params.input_weights, params.output_weights, columns, d_odds)
    (_, d_activation), (d_w, d_v) = jax.lax.scan(pixel, start, inputs, reverse=True)
    return Parameters(d_w, d_v, d_odds.sum(axis=1), d_activation.sum(axis=0)), None


_logits.defvjp(_forward, _backward)


def _sigmoid(x: jax.Array) -> jax.Array:
    return 0.5 * jnp.tanh(0.5 * x) + 0.5  # XLA has a faster tanh than exp on CPUs
