"""The restricted Boltzmann machine, trained by contrastive divergence (CD-k) or with persistent chains (PCD).

Pixels v and hidden units h, all 0 or 1, with ``p(v, h) = exp(a . v + b . h + v . W . h) / Z``. Summed over h that is
``p(v) = exp(-F(v)) / Z``, with the free energy ``F(v) = -a . v - sum(softplus(b + v . W))``. The gradient of the nats
of the data is that of ``F(data) - F(samples)``, and the samples are what a machine has no exact way to draw:

- ``method="cd"`` begins at the images of the batch and takes ``sweeps`` sweeps of block Gibbs sampling (Hinton, Neural
  Computation 2002, "Training products of experts by minimizing contrastive divergence");
- ``method="pcd"`` goes on from the samples of the step before (Tieleman, ICML 2008, "Training restricted Boltzmann
  machines using approximations to the likelihood gradient"): as the weights move slowly, the chains stay close to the
  machine.

Pixels and hidden units enter centred, by the mean of each pixel and by 1/2 (Melchior, Fischer & Wiskott, JMLR 2016,
"How to center deep Boltzmann machines"): the same family of machines (`machine` gives W, a and b), whose gradient
is far better conditioned. Plain gradient descent then does better than Adam.

log Z has to be estimated: by short annealing to choose an epoch, and for the report by the schedule of Salakhutdinov &
Murray (ICML 2008), upwards and downwards; see `onebit.evaluation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]
from numpy.typing import NDArray

from onebit.evaluation import fused, schedules
from onebit.evaluation.bases import FactorialBase
from onebit.evaluation.partition import Walk, estimate
from onebit.evaluation.rbm import RBM

METHODS = ("pcd", "cd")
SETTINGS: dict[str, Any] = {"hidden_units": 500, "method": "pcd", "sweeps": 1, "chains": 100}
TRAINING: dict[str, Any] = {
    "epochs": 80, "batch_size": 100, "learning_rate": 0.3, "weight_decay": 2e-4, "averaging": 0.999, "patience": 80,
}  # fmt: skip
EVALUATION: dict[str, Any] = {"engine": "jax"}
SCHEDULE = "sm2008/10"  # by which the constant is estimated after an epoch
SAMPLING_SWEEPS = 2000


class Machine(eqx.Module):
    """The weights of a centred machine with D pixels and H hidden units."""

    weights: jax.Array  # W, (D, H)
    pixel_bias: jax.Array  # (D,)
    hidden_bias: jax.Array  # (H,)
    pixel_means: jax.Array  # (D,), what pixels are centred by: fixed
    method: str = eqx.field(static=True)
    sweeps: int = eqx.field(static=True)


def init(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> Machine:
    """Small random weights, and biases that give each pixel its frequency; see `onebit.models.training.Model`.

    Raises:
        ValueError: ``method`` is none of `METHODS`, or ``sweeps`` below 1.
    """
    method, sweeps = settings["method"], int(settings["sweeps"])
    if method not in METHODS or sweeps < 1:
        raise ValueError(f"An RBM has method={method!r}, sweeps={sweeps}; choose from {METHODS} and 1, 2, ... sweeps.")
    pixels, hidden = train_pixels.shape[1], int(settings["hidden_units"])
    means = (train_pixels.mean(axis=0) * len(train_pixels) + 0.5) / (len(train_pixels) + 1)
    return Machine(
        weights=0.01 * jax.random.normal(key, (pixels, hidden)),
        pixel_bias=jnp.asarray(np.log(means) - np.log1p(-means), jnp.float32),
        hidden_bias=jnp.zeros(hidden),
        pixel_means=jnp.asarray(means, jnp.float32),
        method=method,
        sweeps=sweeps,
    )


def memory(key: jax.Array, train_pixels: NDArray[np.uint8], settings: Mapping[str, Any]) -> jax.Array:
    """Where the persistent chains begin: at images drawn from the train split, ``(chains, D)``."""
    rows = jax.random.randint(key, (int(settings["chains"]),), 0, len(train_pixels))
    return jnp.asarray(train_pixels[np.asarray(rows)], jnp.float32)


def optimizer(weight_decay: float) -> optax.GradientTransformation:
    """Plain gradient descent, with decay of the weights."""
    return optax.add_decayed_weights(weight_decay, lambda params: jax.tree.map(lambda array: array.ndim > 1, params))


def loss(params: Machine, images: jax.Array, key: jax.Array, memory: jax.Array) -> tuple[jax.Array, jax.Array]:
    """``F(images) - F(samples)``: its gradient is the one that is followed, its value says little.

    Args:
        params: the machine.
        images: ``(n, D)`` zeros and ones.
        key: of the sweeps.
        memory: ``(chains, D)``, the samples of the step before.

    Returns:
        A scalar in nats, and the new samples.
    """
    images = jnp.asarray(images, jnp.float32)
    starts = memory if params.method == "pcd" else images
    samples = gibbs(jax.lax.stop_gradient(params), starts, key, params.sweeps)
    value = jnp.mean(free_energy(params, images)) - jnp.mean(free_energy(params, samples))
    return value, samples if params.method == "pcd" else memory


def machine(params: Machine) -> tuple[jax.Array, jax.Array, jax.Array]:
    """W ``(D, H)``, a ``(D,)`` and b ``(H,)`` of the same machine without centring."""
    pixel_means = jax.lax.stop_gradient(params.pixel_means)
    a = params.pixel_bias - 0.5 * params.weights.sum(axis=1)
    return params.weights, a, params.hidden_bias - pixel_means @ params.weights


def free_energy(params: Machine, pixels: jax.Array) -> jax.Array:
    """The free energy of each image, ``(n,)`` nats, for ``(n, D)`` zeros and ones."""
    w, a, b = machine(params)
    return -pixels @ a - jnp.sum(jax.nn.softplus(pixels @ w + b), axis=1)


def gibbs(params: Machine, pixels: jax.Array, key: jax.Array, sweeps: int) -> jax.Array:
    """Sweeps of block Gibbs sampling, hidden units given pixels and pixels given hidden units: ``(n, D)`` float32."""
    w, a, b = machine(params)

    def sweep(number: Any, pixels: jax.Array) -> jax.Array:
        of_hidden, of_pixels = jax.random.split(jax.random.fold_in(key, number))
        hidden = jnp.asarray(jax.random.bernoulli(of_hidden, jax.nn.sigmoid(pixels @ w + b)), jnp.float32)
        return jnp.asarray(jax.random.bernoulli(of_pixels, jax.nn.sigmoid(hidden @ w.T + a)), jnp.float32)

    moved: jax.Array = jax.lax.fori_loop(0, sweeps, sweep, pixels)
    return moved


def mean_nats(params: Machine, pixels: NDArray[np.uint8], key: jax.Array) -> float:
    """The nats of a split, ``(n, D)``, with log Z from 100 chains of short annealing: too low, by more where Z is hard.

    It only has to tell epochs apart.
    """
    rbm = _as_rbm(params, "rbm")
    means = np.asarray(params.pixel_means, np.float64)
    chance = (means + 0.05) / 1.05  # as in FactorialBase.fitted
    base = FactorialBase(np.log(chance) - np.log1p(-chance))
    seed = int(jax.random.randint(key, (), 0, 1 << 30))
    walk = Walk(rbm, base, (pixels.shape[1],), schedules.resolve(SCHEDULE)[0], "jax", seed)
    log_z = estimate(fused.forward(walk, 100, 0)).value + walk.path().log_z_base
    return float(rbm.free_energy(pixels).mean()) + log_z


def sample(params: Machine, count: int, key: jax.Array) -> jax.Array:
    """Images after 2,000 sweeps from independent pixels, ``(count, D)``: close to samples of the machine, not exact."""
    of_start, of_sweeps = jax.random.split(key)
    start = jnp.asarray(
        jax.random.bernoulli(of_start, params.pixel_means, (count, len(params.pixel_means))), jnp.float32
    )
    drawn: jax.Array = jax.jit(gibbs, static_argnums=3)(params, start, of_sweeps, SAMPLING_SWEEPS)
    return drawn


def _as_rbm(params: Machine, name: str) -> RBM:
    return RBM(*machine(params), name=name)


class TrainedRBM(RBM):
    """A trained machine, as `onebit.evaluate` takes it.

    It has no ``sample``: that name would promise exact samples, from which annealing in reverse then begins.

    Attributes:
        params: the `Machine`.
        settings: of the model, with ``image_shape``.
    """

    def __init__(self, name: str, params: Machine, settings: Mapping[str, Any]) -> None:
        super().__init__(*machine(params), name=name)
        self.params, self.settings = params, dict(settings)

    def chains(self, n: int, seed: int = 0) -> NDArray[np.uint8]:
        """Images after 2,000 sweeps of Gibbs sampling, ``(n, height, width, channels)`` uint8."""
        drawn = sample(self.params, n, jax.random.key(seed))
        return np.asarray(drawn, np.uint8).reshape(n, *self.settings["image_shape"])


def measurable(name: str, module: Any, params: Machine, settings: Mapping[str, Any]) -> TrainedRBM:
    """See `onebit.models.training.Model`."""
    del module
    return TrainedRBM(name, params, settings)
