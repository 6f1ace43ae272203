"""The RBM against sums over all states: its gradient, what it learns, and what the ruler makes of it."""

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
from onebit.evaluation.rbm import RBM, EnumeratedRBM
from onebit.models import rbm, training

SHAPE = [2, 3, 1]
SETTINGS = rbm.SETTINGS | {"hidden_units": 4, "image_shape": SHAPE}
ALL = np.array(list(itertools.product((0, 1), repeat=6)), np.uint8)
# Bars: a row that is lit in all of its pixels, or no row; of the eight images in turn four are possible.
BARS = np.array([row for row in ALL if len(set(row[:3])) == 1 and len(set(row[3:])) == 1])


def machine(method: str = "cd", sweeps: int = 1, scale: float = 0.7) -> rbm.Machine:
    start = rbm.init(jax.random.key(0), np.repeat(BARS, 3, axis=0), SETTINGS | {"method": method, "sweeps": sweeps})
    rng = np.random.default_rng(3)
    noisy = jax.tree.map(lambda array: jnp.asarray(array + scale * rng.normal(size=array.shape), jnp.float32), start)
    return eqx.tree_at(lambda found: found.pixel_means, noisy, start.pixel_means)


def exact(params: rbm.Machine) -> EnumeratedRBM:
    return RBM(*rbm.machine(params)).enumerated()


def test_uncentred_it_is_the_machine_of_the_ruler() -> None:
    params = machine()
    ours = np.asarray(jax.jit(rbm.free_energy)(params, jnp.asarray(ALL, jnp.float32)))
    np.testing.assert_allclose(ours, exact(params).free_energy(ALL), rtol=0, atol=1e-4)
    # Pixels and hidden units enter by their distance from their means: the energy of the centred machine, in full.
    w, a, b, means = (np.asarray(x, np.float64) for x in jax.tree.leaves(params))
    hidden = np.array(list(itertools.product((0, 1), repeat=4)))
    energy = ALL @ a + (hidden @ b)[:, None] + ((hidden - 0.5) @ w.T) @ (ALL - means).T
    log_p = np.logaddexp.reduce(energy, axis=0)
    np.testing.assert_allclose(ours + log_p, (ours + log_p).mean(), rtol=0, atol=1e-4)  # up to what cancels in Z


def test_the_gradient_of_cd_k_comes_to_the_exact_one_as_k_grows() -> None:
    """A machine with all four bars, data with two of them: from there it takes sweeps to come to the others."""
    coupled = jnp.zeros((6, 4)).at[:3, 0].set(6.0).at[3:, 1].set(6.0)
    data = BARS[[0, 1]]
    batch = jnp.asarray(np.repeat(data, 5_000, axis=0))

    def nats(params: rbm.Machine) -> jax.Array:
        log_z = jax.nn.logsumexp(-rbm.free_energy(params, jnp.asarray(ALL, jnp.float32)))
        return jnp.mean(rbm.free_energy(params, jnp.asarray(data, jnp.float32))) + log_z

    def found_and_wanted(sweeps: int) -> tuple[np.ndarray, np.ndarray]:
        start = machine(sweeps=sweeps, scale=0.1)
        params = eqx.tree_at(lambda found: found.weights, start, start.weights + coupled)
        wanted = jax.jit(jax.grad(nats))(params)
        found, _ = jax.jit(jax.grad(rbm.loss, has_aux=True))(params, batch, jax.random.key(0), jnp.zeros((1, 6)))
        assert not np.asarray(found.pixel_means).any()  # what pixels are centred by stays
        return np.asarray(found.weights), np.asarray(wanted.weights)

    distances = []
    for sweeps in (1, 10, 500):
        found, wanted = found_and_wanted(sweeps)
        distances.append(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
    assert distances[0] > 0.3
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.06  # noise: means of 10,000 samples


def test_sweeps_leave_the_machine_as_it_is() -> None:
    params = machine()
    rng = np.random.default_rng(0)
    start = exact(params).sample(200_000, rng)
    moved = np.asarray(
        jax.jit(rbm.gibbs, static_argnums=3)(params, jnp.asarray(start, jnp.float32), jax.random.key(1), 3)
    )
    counts = np.bincount(moved.astype(int) @ (1 << np.arange(5, -1, -1)), minlength=64)
    chances = np.exp(exact(params).log_prob(ALL))
    errors = (counts - 200_000 * chances) / np.sqrt(200_000 * chances)
    assert np.abs(errors).max() < 5


@pytest.mark.parametrize(("name", "settings"), [("rbm", {}), ("rbm_cd", {"sweeps": 5})])
def test_it_learns_a_small_distribution(
    name: str, settings: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rbm, "SCHEDULE", "linear:300")
    pixels = BARS[np.random.default_rng(0).integers(4, size=600)].reshape(-1, *SHAPE)
    images = {"train": pixels[:400], "validation": pixels[400:500], "test": pixels[500:]}
    training = {"hidden_units": 12, "chains": 40, "batch_size": 40, "epochs": 60, "learning_rate": 0.3}
    onebit.models.train(
        name, out=tmp_path / "run", images=images, warmup_steps=0, weight_decay=0.0, **training, **settings
    )
    model = onebit.models.load(tmp_path / "run")
    nats = -model.enumerated().log_prob(BARS).mean()
    assert np.log(4) < nats < np.log(4) + 0.35  # the entropy is log 4; independent pixels have 6 log 2 = 4.16
    drawn = model.chains(200, seed=1)
    assert drawn.shape == (200, *SHAPE) and drawn.dtype == np.uint8
    possible = {tuple(row) for row in BARS.tolist()}
    assert np.mean([tuple(row) in possible for row in drawn.reshape(200, 6).tolist()]) > 0.7
    np.testing.assert_array_equal(drawn, model.chains(200, seed=1))


def test_a_stopped_run_goes_on_with_its_chains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rbm, "SCHEDULE", "linear:10")
    images = dict.fromkeys(("train", "validation", "test"), np.repeat(BARS, 10, axis=0).reshape(-1, *SHAPE))
    settings = {"images": images, "hidden_units": 4, "chains": 7, "batch_size": 10, "epochs": 3, "seed": 5}
    onebit.models.train("rbm", out=tmp_path / "unbroken", **settings)
    take_step = training._Run._take_step

    def breaking(self: training._Run, state: training.State) -> training.State:
        if state.step == 6:
            raise KeyboardInterrupt
        return take_step(self, state)

    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "_take_step", breaking)
        with pytest.raises(KeyboardInterrupt):
            onebit.models.train("rbm", out=tmp_path / "run", checkpoint_seconds=0, **settings)
    onebit.models.train("rbm", out=tmp_path / "run", **settings)
    with np.load(tmp_path / "unbroken/model.npz") as a, np.load(tmp_path / "run/model.npz") as b:
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name])


def test_the_nats_of_an_epoch_are_those_of_the_exact_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rbm, "SCHEDULE", "linear:2000")
    params = machine(scale=0.4)
    found = rbm.mean_nats(params, BARS, jax.random.key(0))
    assert found == pytest.approx(-exact(params).log_prob(BARS).mean(), abs=0.05)


def test_a_trained_machine_promises_no_exact_samples() -> None:
    model = rbm.measurable("rbm", rbm, machine(), SETTINGS)
    assert isinstance(model, RBM) and not hasattr(model, "sample")
    assert model.name == "rbm"


def test_another_method_is_refused(tmp_path: Path) -> None:
    images = dict.fromkeys(("train", "validation", "test"), BARS.reshape(-1, *SHAPE))
    with pytest.raises(
        ValueError, match=r"method='cd-1', sweeps=1; choose from \('pcd', 'cd'\) and 1, 2, \.\.\. sweeps"
    ):
        onebit.models.train("rbm", out=tmp_path / "run", images=images, method="cd-1", batch_size=2)
