"""The PixelCNN: every convolution looks back only, far enough, and its hand-made derivative is the true one."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("equinox")
jnp = jax.numpy

from onebit.models import pixelcnn  # noqa: E402
from onebit.models.trained import ExactTrained  # noqa: E402

SETTINGS = {"channels": 8, "gates": 5, "blocks": 2, "window": 3, "image_shape": [7, 6, 1]}


def parameters() -> pixelcnn.Parameters:
    start = pixelcnn.init(jax.random.key(0), np.zeros((2, 42), np.uint8), SETTINGS)
    return ExactTrained("pixelcnn", pixelcnn, start, SETTINGS).at_shape((7, 6, 1)).params


def test_a_pixel_depends_on_pixels_before_it_alone() -> None:
    params = parameters()
    odds = jax.jit(lambda x: pixelcnn.logits(params, x[None])[0])
    slopes = np.asarray(jax.jacobian(odds)(np.full(42, 0.5, np.float32)))
    assert (slopes[np.triu_indices(42)] == 0).all()
    # The last pixel sees what lies within its window of three rows, and what the blocks bring from further up.
    assert (slopes[41, 41 - 3 * 6 : 41] != 0).all() and (slopes[41, 6:] != 0)[:-1].mean() > 0.9


@pytest.mark.parametrize("places", [(0,), (1, 4, 5), (0, 2, 19, 60)])
def test_the_convolution_and_its_derivative_are_those_of_the_formula(places: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    features = jnp.asarray(rng.normal(size=(3, 2, 20)), jnp.float32)
    weights = jnp.asarray(rng.normal(size=(4, 3 * len(places))), jnp.float32)
    into = jnp.asarray(rng.normal(size=(4, 2, 20)), jnp.float32)

    def plain(weights: jax.Array, features: jax.Array) -> jax.Array:
        total = jnp.zeros((4, 2, 20))
        for number, place in enumerate(places):
            for pixel in range(place, 20):
                part = weights[:, 3 * number : 3 * number + 3]
                total = total.at[:, :, pixel].add(jnp.einsum("cf,fn->cn", part, features[:, :, pixel - place]))
        return total

    def ours(weights: jax.Array, features: jax.Array) -> jax.Array:
        return pixelcnn._look(weights, features, places, jnp.float32)

    np.testing.assert_allclose(ours(weights, features), jax.jit(plain)(weights, features), atol=1e-5)
    found = jax.grad(lambda *given: jnp.sum(into * ours(*given)), argnums=(0, 1))(weights, features)
    wanted = jax.jit(jax.grad(lambda *given: jnp.sum(into * plain(*given)), argnums=(0, 1)))(weights, features)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)
        assert np.abs(other).max() > 0.1


def test_half_precision_gives_nearly_the_same_nats() -> None:
    params = jax.tree.map(lambda array: 0.3 * array, parameters())
    images = (np.random.default_rng(1).random((20, 42)) < 0.4).astype(np.uint8)
    exact = np.asarray(pixelcnn.log_prob(params, images))
    half = -np.asarray(pixelcnn.validation_nats(params, images, jax.random.key(0)))
    assert 0 < np.abs(exact - half).max() < 0.3
    assert abs(np.mean(exact - half)) < 0.05


def test_training_lowers_the_nats_of_stripes(tmp_path: object) -> None:
    import onebit.models

    rng = np.random.default_rng(0)
    pixels = (rng.random((400, 1, 6)) < 0.5) ^ (rng.random((400, 7, 6)) < 0.03)
    pixels = pixels[..., None].astype(np.uint8)
    splits = {"train": pixels[:300], "validation": pixels[300:350], "test": pixels[350:]}
    given = {name: value for name, value in SETTINGS.items() if name != "image_shape"}
    given |= {"epochs": 8, "warmup_steps": 5, "batch_size": 10, "averaging": 0.9, "learning_rate": 0.01}
    out = f"{tmp_path}/run"
    onebit.models.train("pixelcnn", out=out, images=splits, **given)
    model = onebit.models.load(out)
    nats = -np.asarray(model.log_prob(splits["test"])).mean()
    # Fair coins have 29 nats; one who copies the row above has 4.2 for the first row, 36 H(0.06) for the others.
    assert nats < 20
