"""MADE: each ordering is a distribution in its own order, and the model is the mean of their probabilities."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("equinox")

from onebit.evaluation import WrongAnswerError, check_mass  # noqa: E402
from onebit.evaluation.exact import all_images  # noqa: E402
from onebit.models import autoregression, made  # noqa: E402
from onebit.models.trained import ExactTrained  # noqa: E402

SETTINGS = {"hidden_units": 8, "orderings": 4, "image_shape": [3, 3, 1]}
EVERY_IMAGE = all_images((3, 3, 1))


def model() -> ExactTrained:
    start = made.init(jax.random.key(0), np.zeros((2, 9), np.uint8), SETTINGS)
    return ExactTrained("made", made, start, SETTINGS).at_shape((3, 3, 1))


def under(params: made.Parameters, ordering: int) -> np.ndarray:
    pixels = EVERY_IMAGE.reshape(-1, 9)
    nats = autoregression.log_prob_of(made.logits(params, pixels, ordering), pixels)
    return np.asarray(nats, np.float64)


def test_probabilities_are_averaged_over_orderings() -> None:
    params = model().params
    each = np.exp([under(params, ordering) for ordering in range(4)])
    np.testing.assert_allclose(each.sum(axis=1), 1, atol=1e-5)
    assert np.abs(each[0] - each[1]).max() > 1e-3  # they are different distributions
    found = np.asarray(made.log_prob(params, EVERY_IMAGE.reshape(-1, 9)), np.float64)
    np.testing.assert_allclose(np.exp(found), each.mean(axis=0), rtol=1e-4)


def test_averaged_logits_would_be_found_out() -> None:
    class Averaged:
        def log_prob(self, x: np.ndarray) -> jax.Array:
            pixels = x.reshape(len(x), -1)
            odds = [made.logits(params, pixels, ordering) for ordering in range(4)]
            return autoregression.log_prob_of(sum(odds) / 4, pixels)

    params = model().params
    with pytest.raises(WrongAnswerError, match=r"add up to .* log_mean_exp over the models"):
        check_mass(Averaged())


def test_a_pixel_depends_on_those_before_it_in_each_ordering_and_on_all_of_them() -> None:
    params = model().params
    ranks = np.asarray(params.ranks)
    assert (ranks[0] == np.arange(9)).all() and len({tuple(row) for row in ranks}) == 4
    for ordering, rank in enumerate(ranks):
        assert sorted(rank) == list(range(9))
        odds = jax.jit(lambda x, o=ordering: made.logits(params, x[None], o)[0])
        slopes = np.asarray(jax.jacobian(odds)(np.full(9, 0.5, np.float32)))  # by odds, then pixel
        before = rank[None, :] < rank[:, None]
        assert (slopes[~before] == 0).all()
        assert (slopes[before] != 0).all()


def test_any_number_of_orderings_from_one_on() -> None:
    single = made.init(jax.random.key(0), np.zeros((2, 9), np.uint8), SETTINGS | {"orderings": 1})
    np.testing.assert_allclose(made.log_prob(single, EVERY_IMAGE.reshape(-1, 9)), under(single, 0), rtol=1e-5)
