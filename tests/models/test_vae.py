"""VAE and IWAE against integrals over the code: with one code they can be done on a grid."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("equinox")

import equinox as eqx
import jax
import jax.numpy as jnp

import onebit.models
from onebit.evaluation import importance
from onebit.models import vae

SHAPE = [2, 3, 1]
SETTINGS = vae.SETTINGS | {"codes": 1, "hidden_units": 5, "image_shape": SHAPE}
ALL = np.array(list(itertools.product((0, 1), repeat=6)), np.uint8)

log_likelihood = jax.jit(vae.log_likelihood)
log_weights, bound = (jax.jit(function, static_argnums=3) for function in (vae.log_weights, vae.bound))


def model(samples: int = 1) -> vae.VAE:
    """A model in which the code matters, with proposals that are wider than the posteriors but not those."""
    start = vae.init(jax.random.key(0), ALL, SETTINGS | {"samples": samples})
    rng = np.random.default_rng(3)
    decoder = jax.tree.map(lambda array: jnp.asarray(array + rng.normal(size=array.shape), jnp.float32), start.decoder)
    wider = start.encoder.layers[-1].bias + jnp.asarray([0.0, 0.3])
    start = eqx.tree_at(lambda net: net.encoder.layers[-1].bias, start, wider)
    return eqx.tree_at(lambda net: net.decoder, start, decoder)


def exact(params: vae.VAE, images: np.ndarray = ALL) -> np.ndarray:
    """log p(x), by the trapezoidal rule over the code: for a smooth integrand that vanishes at both ends, exact."""
    grid = np.linspace(-12, 12, 4001)
    codes = jnp.asarray(grid[None, :, None], jnp.float32)
    likelihood = np.asarray(log_likelihood(params, jnp.asarray(images, jnp.float32)[:, None], codes), np.float64)
    prior = -0.5 * grid**2 - 0.5 * np.log(2 * np.pi)
    return np.logaddexp.reduce(likelihood + prior, axis=1) + np.log(grid[1] - grid[0])


def test_likelihoods_keep_their_digits_at_784_pixels() -> None:
    """Products of 16 factors instead of 784 logarithms: extreme odds, and sizes that 16 does not divide."""
    rng = np.random.default_rng(0)
    for pixels in (784, 25):
        params = vae.init(jax.random.key(0), np.zeros((2, pixels), np.uint8), SETTINGS)
        odds = jnp.asarray(rng.normal(size=pixels) * 30, jnp.float32).at[:40].set(0.0)
        params = jax.tree.map(jnp.zeros_like, params)
        biases = params.decoder.layers[-1]
        params = eqx.tree_at(lambda net: net.decoder.layers[-1].bias, params, odds)
        assert biases.bias.shape == (pixels,)
        image = (rng.random(pixels) < 0.5).astype(np.float32)
        wide = np.asarray(odds, np.float64)
        wanted = (image * wide - np.logaddexp(0, wide)).sum()
        found = float(log_likelihood(params, jnp.asarray(image), jnp.zeros(1)))
        assert found == pytest.approx(wanted, rel=1e-6)
        gradient = jax.jit(jax.grad(vae.log_likelihood))(params, jnp.asarray(image), jnp.zeros(1))
        slope = image - 1 / (1 + np.exp(-wide))
        slope[:40] = image[:40] - 0.5
        np.testing.assert_allclose(gradient.decoder.layers[-1].bias, slope, atol=1e-6)


def test_probabilities_sum_to_one() -> None:
    assert np.exp(exact(model())).sum() == pytest.approx(1, abs=1e-5)


def test_weights_are_unbiased() -> None:
    params, images = model(), ALL[::9]
    weights = np.exp(np.asarray(log_weights(params, images, jax.random.key(1), 200_000), np.float64))
    wanted = np.exp(exact(params, images))
    errors = (weights.mean(axis=1) - wanted) / (weights.std(axis=1) / np.sqrt(200_000))
    assert np.abs(errors).max() < 5
    assert (weights.std(axis=1) > 0.01 * wanted).all()  # the proposal is not the posterior: there is something to prove


def test_bounds_rise_with_the_number_of_codes_to_the_truth() -> None:
    params, rows = model(), np.repeat(ALL[5:6], 4000, axis=0)
    means, errors = {}, {}
    for k in (1, 10, 100):
        found = np.asarray(bound(params, rows, jax.random.key(k), k), np.float64)
        means[k], errors[k] = found.mean(), found.std() / np.sqrt(len(rows))
    truth = exact(params, ALL[5:6])[0]
    assert means[1] + 4 * errors[1] < means[10] < means[10] + 4 * errors[10] < means[100]
    assert means[100] < truth + 4 * errors[100]
    assert truth - means[100] < 0.1 * (truth - means[1])


def test_the_ruler_comes_to_the_truth() -> None:
    params = model()
    trained = vae.measurable("vae", vae, params, SETTINGS)
    images = ALL.reshape(-1, *SHAPE)
    found = importance.measure(trained, images, k=5000)
    np.testing.assert_allclose(found.nll, -exact(params), atol=0.15)
    assert found.nll.mean() == pytest.approx(-exact(params).mean(), abs=0.02)
    again = importance.measure(trained, images, k=5000)
    np.testing.assert_array_equal(found.nll, again.nll)


def test_the_gradient_is_that_of_the_loss() -> None:
    from jax.test_util import check_grads

    params, images = model(samples=3), jnp.asarray(ALL[:8], jnp.float32)
    arrays, static = eqx.partition(params, eqx.is_array)
    check_grads(
        jax.jit(lambda arrays: vae.loss(eqx.combine(arrays, static), images, jax.random.key(0))),
        (arrays,),
        order=1,
        modes=["rev"],
        atol=2e-2,
        rtol=2e-2,
    )


@pytest.mark.parametrize("name", ["vae", "iwae"])
def test_it_learns_a_small_distribution(name: str, tmp_path: Path) -> None:
    """An image and its inverse: independent pixels cannot have them, one code can."""
    two = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], np.uint8)
    pixels = two[np.random.default_rng(0).integers(2, size=1200)].reshape(-1, *SHAPE)
    images = {"train": pixels[:800], "validation": pixels[800:1000], "test": pixels[1000:]}
    settings = {"codes": 1, "hidden_units": 20, "batch_size": 40, "epochs": 20, "learning_rate": 1e-2}
    onebit.models.train(name, out=tmp_path / "run", images=images, warmup_steps=0, weight_decay=0.0, **settings)
    model = onebit.models.load(tmp_path / "run")
    assert model.params.samples == (10 if name == "iwae" else 1)
    found = importance.measure(model, images["test"], k=500)
    entropy = np.log(2)
    assert entropy - 0.05 < found.nll.mean() < entropy + 0.3  # independent pixels have 6 log 2 = 4.16
    drawn = model.sample(100, seed=1).reshape(100, 6)
    assert np.mean([tuple(row) in set(map(tuple, two.tolist())) for row in drawn.tolist()]) > 0.7
