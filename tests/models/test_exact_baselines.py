"""Every exact baseline, on images of 3x3 pixels: a distribution, whose draws have its probabilities; and the table."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("equinox")

import equinox as eqx
import jax
import jax.numpy as jnp

from onebit.evaluation import total_mass
from onebit.evaluation.exact import all_images
from onebit.models import trained
from onebit.models.baselines import BASELINES, baseline
from onebit.models.trained import ExactTrained

SMALL = {"hidden_units": 7, "orderings": 3, "components": 5, "channels": 6, "gates": 4, "blocks": 3, "window": 2}
EXACT = ["bernoulli", "chow_liu", "mixture", "fvsbn", "nade", "made", "pixelcnn"]
EVERY_IMAGE = all_images((3, 3, 1))


def small_model(name: str) -> ExactTrained:
    """A model of 3x3 pixels with weights that are far from nothing."""
    module = trained.module_of(name)
    settings = {key: SMALL.get(key, value) for key, value in module.SETTINGS.items()} | {"image_shape": [3, 3, 1]}
    params = module.init(jax.random.key(0), np.zeros((2, 9), np.uint8), settings)
    return ExactTrained(name, module, params, settings).at_shape((3, 3, 1))


def test_every_baseline_is_here_or_has_no_exact_likelihood() -> None:
    exact = [name for name in BASELINES if hasattr(trained.module_of(name), "log_prob")]
    assert sorted(exact) == sorted(EXACT)


@pytest.mark.parametrize("name", EXACT)
def test_probabilities_of_all_images_add_up_to_one(name: str) -> None:
    model = small_model(name)
    assert total_mass(model) == pytest.approx(1, abs=2e-5)
    nats = np.asarray(model.log_prob(EVERY_IMAGE))
    assert nats.std() > 0.3  # not the fair coins that every model could be


def fit_of(counts: np.ndarray, chances: np.ndarray) -> float:
    """The p-value of a chi-square test of counts against chances; rare outcomes are put together."""
    from scipy import stats

    expected = chances / chances.sum() * counts.sum()
    rare = expected < 5  # the rule of thumb
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    kept = expected > 1e-3
    return float(stats.chisquare(observed[kept], expected[kept] * observed[kept].sum() / expected[kept].sum()).pvalue)


@pytest.mark.parametrize("name", EXACT)
def test_draws_have_the_probabilities_that_the_model_says(name: str) -> None:
    model = small_model(name)
    chances = np.exp(np.asarray(model.log_prob(EVERY_IMAGE), np.float64))
    drawn = model.sample(8_000, seed=1)
    assert drawn.shape == (8_000, 3, 3, 1) and drawn.dtype == np.uint8 and drawn.max() == 1
    counts = np.bincount(drawn.reshape(-1, 9) @ (1 << np.arange(9)), minlength=512)
    assert fit_of(counts, chances) > 1e-4
    # The test can fail: the probabilities of the images with their colours swapped are others.
    assert fit_of(counts, chances[::-1]) < 1e-6


def leaves(params: object) -> list[np.ndarray]:
    return [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(eqx.filter(params, eqx.is_inexact_array))]


@pytest.mark.parametrize("name", ["fvsbn", "nade", "made"])  # PixelCNN's: test_pixelcnn
def test_the_gradient_is_that_of_the_loss(name: str) -> None:
    """By differences along a random direction, in float32: a step of 1e-3 in each weight."""
    model, module = small_model(name), trained.module_of(name)
    # Smaller weights than for the sums above: there the loss is nearly a corner.
    params = jax.tree.map(lambda leaf: 0.3 * leaf if eqx.is_inexact_array(leaf) else leaf, model.params)
    images, key = jnp.asarray(EVERY_IMAGE[::5].reshape(-1, 9)), jax.random.key(2)

    gradient = eqx.filter_grad(module.loss)(params, images, key)
    rng = np.random.default_rng(0)
    along = [rng.normal(size=leaf.shape) / 10 for leaf in leaves(params)]
    weights, rest = eqx.partition(params, eqx.is_inexact_array)
    flat, structure = jax.tree.flatten(weights)

    def moved(step: float) -> float:
        to = [jnp.asarray(leaf + step * way, jnp.float32) for leaf, way in zip(flat, along, strict=True)]
        return float(module.loss(eqx.combine(jax.tree.unflatten(structure, to), rest), images, key))

    found = sum(float(np.sum(leaf * way)) for leaf, way in zip(leaves(gradient), along, strict=True))
    assert abs(found) > 1e-3
    assert found == pytest.approx((moved(0.01) - moved(-0.01)) / 0.02, rel=2e-2, abs=3e-4)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"There is no model 'nad'\. Choose one of: bernoulli, .*nade"):
        baseline("nad")
