"""The variational autoencoder (Kingma & Welling, ICLR 2014), and the importance-weighted one (Burda et al., ICLR 2016).

An image is drawn by a decoder from a code z, and an encoder guesses the code from the image::

    p(z)      standard normal
    p(x | z)  independent pixels, their log-odds = decoder(z)
    q(z | x)  normal, means and standard deviations = encoder(x)

A code of q gives the weight ``w = p(x, z) / q(z | x)``, whose mean over q is p(x). Training maximises
``log((w_1 + ... + w_k) / k)``, on average at most log p(x): with ``samples`` k = 1 that is the evidence lower bound of
the VAE, with more of them the tighter one of the IWAE (Burda, Grosse & Salakhutdinov, "Importance weighted
autoencoders"), from whose one-layer model the sizes are taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from onebit.models.trained import Trained

SETTINGS: dict[str, Any] = {"codes": 50, "hidden_units": 200, "samples": 1}
TRAINING: dict[str, Any] = {"epochs": 60, "batch_size": 100, "learning_rate": 2e-3, "averaging": 0.999}
_MEASURING_SAMPLES = 20  # codes for each validation image, when the best epoch is chosen
_FACTORS = 16  # of 1 + exp(-|odds|), at most 2 each, whose logarithm is taken at once: 16 of them keep every digit


class Layer(eqx.Module):
    """``x @ weight + bias``."""

    weight: jax.Array  # (inputs, outputs)
    bias: jax.Array  # (outputs,)

    def __init__(self, inputs: int, outputs: int, key: jax.Array) -> None:
        of_weight, of_bias = jax.random.split(key)
        most = inputs**-0.5
        self.weight = jax.random.uniform(of_weight, (inputs, outputs), minval=-most, maxval=most)
        self.bias = jax.random.uniform(of_bias, (outputs,), minval=-most, maxval=most)


class Network(eqx.Module):
    """Layers one after the other, tanh between them."""

    layers: tuple[Layer, ...]

    def __init__(self, sizes: Sequence[int], key: jax.Array) -> None:
        keys = jax.random.split(key, len(sizes) - 1)
        pairs = zip(sizes[:-1], sizes[1:], keys, strict=True)
        self.layers = tuple(Layer(inputs, outputs, key) for inputs, outputs, key in pairs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """``(..., inputs)`` to ``(..., outputs)``."""
        for number, layer in enumerate(self.layers):
            x = (jnp.tanh(x) if number else x) @ layer.weight + layer.bias
        return x


class VAE(eqx.Module):
    """Encoder and decoder.

    Attributes:
        encoder: pixels to the means of q and the logarithms of its standard deviations, ``(..., 2 * codes)``.
        decoder: codes to the log-odds of the pixels, ``(..., pixels)``.
        samples: codes for each image in training.
    """

    encoder: Network
    decoder: Network
    samples: int = eqx.field(static=True)


def init(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> VAE:
    """Random weights, and output biases that give each pixel its frequency; see `onebit.models.training.Model`."""
    pixels, codes, hidden = train_pixels.shape[1], int(settings["codes"]), int(settings["hidden_units"])
    first, second = jax.random.split(key)
    encoder = Network((pixels, hidden, hidden, 2 * codes), first)
    decoder = Network((codes, hidden, hidden, pixels), second)
    frequency = (train_pixels.mean(axis=0) * len(train_pixels) + 0.5) / (len(train_pixels) + 1)
    odds = jnp.asarray(np.log(frequency) - np.log1p(-frequency), jnp.float32)
    decoder = eqx.tree_at(lambda net: net.layers[-1].bias, decoder, odds)
    return VAE(encoder, decoder, int(settings["samples"]))


def loss(model: VAE, images: jax.Array, key: jax.Array) -> jax.Array:
    """The mean over images ``(n, pixels)`` of minus the bound with ``samples`` codes, in nats: a scalar."""
    return -jnp.mean(bound(model, images, key, model.samples))


def bound(model: VAE, images: jax.Array, key: jax.Array, k: int) -> jax.Array:
    """``log(mean(w))`` over k codes for each image, ``(n,)`` nats: in expectation at most log p(x)."""
    weights: jax.Array = log_weights(model, images, key, k)
    return jax.nn.logsumexp(weights, axis=1) - jnp.log(k)


def log_weights(model: VAE, images: jax.Array, key: jax.Array, k: int) -> jax.Array:
    """``log p(x, z) - log q(z | x)`` for k codes z of q for each image, ``(n, k)`` nats, for ``(n, pixels)``."""
    images = jnp.asarray(images, jnp.float32)
    mean, log_sd = jnp.split(model.encoder(images), 2, axis=1)
    noise = jax.random.normal(key, (len(images), k, mean.shape[1]))
    codes = mean[:, None] + jnp.exp(log_sd)[:, None] * noise
    prior_over_q = jnp.sum(0.5 * (noise**2 - codes**2), axis=2) + jnp.sum(log_sd, axis=1, keepdims=True)
    return prior_over_q + log_likelihood(model, images[:, None], codes)


def log_likelihood(model: VAE, images: jax.Array, codes: jax.Array) -> jax.Array:
    """``log p(x | z)`` in nats, ``(...)`` for images ``(..., pixels)`` and codes ``(..., codes)``."""
    odds = model.decoder(codes)
    # softplus(odds) is (odds + |odds|) / 2 plus the logarithm of 1 + exp(-|odds|). These factors are multiplied with
    # one another first: their logarithms would take as long as the matrix products of the decoder.
    size = jnp.abs(odds)
    parts = 1 + jnp.exp(-size)
    short = -parts.shape[-1] % _FACTORS
    parts = jnp.pad(parts, [(0, 0)] * (parts.ndim - 1) + [(0, short)], constant_values=1)
    products = jnp.prod(parts.reshape(*parts.shape[:-1], -1, _FACTORS), axis=-1)
    return jnp.sum((images - 0.5) * odds - 0.5 * size, axis=-1) - jnp.sum(jnp.log(products), axis=-1)


def validation_nats(model: VAE, images: jax.Array, key: jax.Array) -> jax.Array:
    """Minus the bound with 20 codes for each image, ``(n,)`` nats: what the best epoch is chosen by."""
    return -bound(model, images, key, _MEASURING_SAMPLES)


def sample(model: VAE, count: int, key: jax.Array) -> jax.Array:
    """Draws codes of the prior, and images from them: ``(count, pixels)`` zeros and ones."""
    of_codes, of_pixels = jax.random.split(key)
    codes = jax.random.normal(of_codes, (count, len(model.decoder.layers[0].weight)))
    odds = model.decoder(codes)
    return (jax.random.uniform(of_pixels, odds.shape) < jax.nn.sigmoid(odds)).astype(jnp.uint8)


class TrainedVAE(Trained):
    """A trained model, as `onebit.evaluate` takes it: by the importance-weighted bound, or the ELBO."""

    def __init__(self, name: str, module: Any, params: VAE, settings: Mapping[str, Any]) -> None:
        super().__init__(name, module, params, settings)
        self._log_weights = eqx.filter_jit(log_weights)

    def log_weights(self, x: NDArray[np.uint8], k: int, rng: np.random.Generator) -> jax.Array:
        """See `onebit.evaluation.contracts.LatentModel`: ``(n, k)`` nats."""
        key = jax.random.key(int(rng.integers(2**31)))
        weights: jax.Array = self._log_weights(self.params, jnp.asarray(x, jnp.uint8).reshape(len(x), -1), key, k)
        return weights


def measurable(name: str, module: Any, params: VAE, settings: Mapping[str, Any]) -> TrainedVAE:
    """See `onebit.models.training.Model`."""
    return TrainedVAE(name, module, params, settings)
