"""A PixelCNN (van den Oord et al., ICML 2016), with gated residual blocks, in JAX and Equinox: exact likelihood.

Each pixel, in rows from top to bottom, is a coin whose odds a convolutional network reads off the pixels before it.
No kernel is masked here. An image is one long row of its pixels, and a convolution adds up shifted copies of it: a
pixel looks back by ``28 * rows + columns`` places, always to pixels before it, whatever the numbers. At the edges it
looks round the corner, to the other end of the row above or below that one: the image is wound up as a helix, nothing
is padded but its beginning. Each pixel has a row's and a column's own weights to know where it is.

The first layer looks at a large window of pixels, strictly before the one in question. Each block after that looks at
eight places of 32 features, now with the place itself, which are one step apart or two. The gates are those of the
Gated PixelCNN (van den Oord et al., NeurIPS 2016): ``tanh(a) * sigmoid(b)``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import equinox
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from onebit.models import autoregression

SETTINGS: dict[str, Any] = {"channels": 64, "gates": 32, "blocks": 6, "window": 6}
# By the clock: without units for half precision an epoch takes many times as long.
TRAINING = {
    "epochs": 10,
    "minutes": 46,
    "batch_size": 32,
    "learning_rate": 2e-3,
    "warmup_steps": 200,
    "averaging": 0.999,
}

FAST = jnp.bfloat16  # what processors with units for it multiply many times as fast as float32; sums are float32


class Block(equinox.Module):
    """One gated residual block with C channels and G gates."""

    down: jax.Array  # (G, C)
    look: jax.Array  # (2 G, 8 G), the second axis by place, then feature
    look_bias: jax.Array  # (2 G,)
    up: jax.Array  # (C, G)


class Parameters(equinox.Module):
    """The weights of a PixelCNN for images of D pixels in H rows of W."""

    window: jax.Array  # (C, places of the window)
    rows: jax.Array  # (C, H)
    columns: jax.Array  # (C, W)
    blocks: list[Block]
    hidden: jax.Array  # (C, C)
    hidden_bias: jax.Array  # (C,)
    output: jax.Array  # (1, C)
    output_bias: jax.Array  # (D,)
    width: int = equinox.field(static=True)
    reach: int = equinox.field(static=True)


def init(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> Parameters:
    """Weights to start from: random ones, an output of 0, and biases that give each pixel its frequency.

    Args:
        key: a JAX random key.
        train_pixels: ``(n, D)`` zeros and ones.
        settings: ``channels``, ``gates``, ``blocks``, ``window`` (how many rows up and columns to both sides the
            first layer looks), ``image_shape``.
    """
    channels, gates, reach = (int(settings[name]) for name in ("channels", "gates", "window"))
    height, width = settings["image_shape"][:2]
    keys = iter(jax.random.split(key, 8 + 3 * int(settings["blocks"])))

    def weights(out: int, inputs: int) -> jax.Array:
        drawn: jax.Array = jax.random.normal(next(keys), (out, inputs)) * inputs**-0.5
        return drawn

    return Parameters(
        window=weights(channels, len(_window(reach, width))),
        rows=0.1 * jax.random.normal(next(keys), (channels, height)),
        columns=0.1 * jax.random.normal(next(keys), (channels, width)),
        blocks=[
            Block(
                down=weights(gates, channels),
                look=weights(2 * gates, 8 * gates),
                look_bias=jnp.zeros(2 * gates),
                up=0.5 * weights(channels, gates),
            )
            for _ in range(int(settings["blocks"]))
        ],
        hidden=weights(channels, channels),
        hidden_bias=jnp.zeros(channels),
        output=jnp.zeros((1, channels)),
        output_bias=autoregression.log_odds_of_frequencies(train_pixels),
        width=width,
        reach=reach,
    )


def _window(reach: int, width: int) -> tuple[int, ...]:
    """How far before a pixel the places lie that the first layer looks at."""
    before = list(range(1, reach + 1))
    above = [row * width + column for row in range(1, reach + 1) for column in range(-reach, reach + 1)]
    return tuple(sorted({place for place in before + above if place > 0}))


def _places(step: int, width: int) -> tuple[int, ...]:
    """How far before a pixel the eight places lie that a block looks at: 0 is the pixel's own."""
    left = [0, step, 2 * step]
    above = [max(0, step * width + column * step) for column in (-2, -1, 0, 1, 2)]
    return tuple(left + above)


def logits(params: Parameters, images: jax.Array, dtype: Any = jnp.float32) -> jax.Array:
    """The log-odds of each pixel given those before it, ``(n, D)``, for ``(n, D)`` zeros and ones."""
    width = params.width
    pixels = jnp.asarray(images, dtype)[np.newaxis]
    where = (params.rows[:, :, np.newaxis] + params.columns[:, np.newaxis, :]).reshape(len(params.rows), 1, -1)
    x = _look(params.window, pixels, _window(params.reach, width), dtype) + where
    for number, block in enumerate(params.blocks):
        seen = _look(block.down, jax.nn.relu(x), (0,), dtype)
        seen = (
            _look(block.look, seen, _places(1 + number % 2, width), dtype) + block.look_bias[:, np.newaxis, np.newaxis]
        )
        value, gate = jnp.split(seen, 2)
        x = x + _look(block.up, jnp.tanh(value) * jax.nn.sigmoid(gate), (0,), dtype)
    x = _look(params.hidden, jax.nn.relu(x), (0,), dtype) + params.hidden_bias[:, np.newaxis, np.newaxis]
    return _look(params.output, jax.nn.relu(x), (0,), dtype)[0] + params.output_bias


def loss(params: Parameters, images: jax.Array, key: jax.Array) -> jax.Array:
    """What training minimises: minus the mean of `log_prob`, with products of half precision."""
    return jnp.mean(validation_nats(params, images, key))


def validation_nats(params: Parameters, images: jax.Array, key: jax.Array) -> jax.Array:
    """Minus `log_prob`, with products of half precision."""
    del key
    return -autoregression.log_prob_of(logits(params, images, FAST), images)


def log_prob(params: Parameters, images: jax.Array) -> jax.Array:
    """Exact log-probability of each image, in nats: ``(n,)`` for ``(n, D)`` zeros and ones; all of it in float32."""
    return autoregression.log_prob_of(logits(params, images), images)


def sample(params: Parameters, count: int, key: jax.Array) -> jax.Array:
    """Draws images, ``(count, D)`` zeros and ones, pixel by pixel."""
    return autoregression.sample(functools.partial(logits, params), count, len(params.output_bias), key)


# A convolution ------------------------------------------------------------------------------------------------------


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _look(weights: jax.Array, features: jax.Array, places: tuple[int, ...], dtype: Any) -> jax.Array:
    """The features at places before each pixel, times weights.

    The axes are (feature, image, pixel): pixels lie side by side in memory, so that a shift is a copy.

    Args:
        weights: ``(C, places * F)``.
        features: ``(F, n, D)``.
        places: how far before the pixel they lie, each 0 or more.
        dtype: of the factors.

    Returns:
        ``(C, n, D)`` float32.
    """
    return _forward(weights, features, places, dtype)[0]


def _forward(weights: jax.Array, features: jax.Array, places: tuple[int, ...], dtype: Any) -> tuple[jax.Array, Any]:
    seen = _shifted(features.astype(dtype), places)
    product = _dot(weights.astype(dtype), seen, 0)
    return product.reshape(-1, *features.shape[1:]), (weights, seen, jnp.zeros((), features.dtype))


def _backward(places: tuple[int, ...], dtype: Any, saved: Any, d_product: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Written out because the products that JAX would take are slow on CPUs."""
    weights, seen, like = saved
    out = len(d_product)
    half = d_product.astype(dtype)
    d_weights = _dot(half.reshape(out, -1), seen, 1)
    # The convolution the other way round: what comes from places after each pixel.
    turned = weights.astype(dtype).reshape(out, len(places), -1).transpose(2, 1, 0).reshape(-1, len(places) * out)
    d_features = _dot(turned, _shifted(half, [-place for place in places]), 0)
    return d_weights, d_features.reshape(-1, *d_product.shape[1:]).astype(like.dtype)


_look.defvjp(_forward, _backward)


def _shifted(features: jax.Array, places: Sequence[int]) -> jax.Array:
    """``(places * F, n * D)``: the features so many pixels before, or after if it is less than 0; zeros beyond."""
    pixels, before, after = features.shape[2], max(0, *places), -min(0, *places)
    # Copied as whole numbers: XLA would take half precision through float32 on its way.
    bits = jax.lax.bitcast_convert_type(features, f"uint{8 * features.dtype.itemsize}")
    padded = jnp.pad(bits, ((0, 0), (0, 0), (before, after)))
    padded = jax.lax.optimization_barrier(padded)  # type: ignore[no-untyped-call]
    copies = [padded[:, :, before - place : before - place + pixels] for place in places]
    together = jax.lax.bitcast_convert_type(jnp.concatenate(copies), features.dtype)
    return together.reshape(-1, math.prod(features.shape[1:]))


def _dot(a: jax.Array, b: jax.Array, axis: int) -> jax.Array:
    return jax.lax.dot_general(a, b, (((1,), (axis,)), ((), ())), preferred_element_type=jnp.float32)
