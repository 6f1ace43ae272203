"""JAX trained on images that travel to the device as bits and are unpacked there.

The model is a fully visible sigmoid belief network: the log-odds of each pixel are linear in the pixels before it.

python examples/train_jax.py                             # on calibrated_digits, whose true nats are known
python examples/train_jax.py binarized_mnist --train train --epochs 20
python examples/train_jax.py --resident                  # all bits are moved once; batches are made on the device
"""

from __future__ import annotations

import argparse
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import onebit
from onebit.evaluation import Report, evaluate
from onebit.interop.jax_arrays import unpack

BATCH = 100
OPTIMIZER = optax.adam(1e-2)
Parameters = dict[str, jax.Array]


@jax.jit
def log_prob(parameters: Parameters, x: jax.Array) -> jax.Array:
    pixels = x.reshape(len(x), -1).astype(jnp.float32)
    logits = pixels @ jnp.triu(parameters["weights"], 1) + parameters["bias"]
    return -optax.sigmoid_binary_cross_entropy(logits, pixels).sum(axis=1)


@jax.jit
def step(parameters: Parameters, state: Any, x: jax.Array) -> tuple[Parameters, Any, jax.Array]:
    loss, gradient = jax.value_and_grad(lambda parameters: -log_prob(parameters, x).mean())(parameters)
    updates, state = OPTIMIZER.update(gradient, state)
    return optax.apply_updates(parameters, updates), state, loss


@jax.jit
def resident_epoch(parameters: Parameters, state: Any, bits: jax.Array, key: jax.Array) -> Any:
    """A whole epoch without the host: batches are drawn from packed rows and unpacked in the step that uses them."""
    order = jax.random.permutation(key, len(bits))[: len(bits) // BATCH * BATCH].reshape(-1, BATCH)

    def one(carry: Any, rows: jax.Array) -> Any:
        parameters, state, loss = step(*carry, unpack(bits[rows], (bits.shape[1] * 8,)))
        return (parameters, state), loss

    (parameters, state), losses = jax.lax.scan(one, (parameters, state), order)
    return parameters, state, losses


class Model:
    """What `onebit.evaluate` asks for."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def log_prob(self, x: np.ndarray) -> jax.Array:
        return log_prob(self.parameters, x)


def main(arguments: list[str] | None = None) -> Report:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="?", default="calibrated_digits")
    parser.add_argument("--train", default="train[:5000]")
    parser.add_argument("--test", default="test[:1000]")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--resident", action="store_true")
    given = parser.parse_args(arguments)
    train = onebit.load(given.dataset, split=given.train)
    pixels = train[0]["image"].size
    parameters = {"weights": jnp.zeros((pixels, pixels)), "bias": jnp.zeros(pixels)}
    state = OPTIMIZER.init(parameters)
    bits = jax.device_put(train.bits()) if given.resident else None
    batches = train.shuffle(seed=0).batch(BATCH).to_jax(packed=True)
    for epoch in range(given.epochs):
        if bits is not None:
            parameters, state, losses = resident_epoch(parameters, state, bits, jax.random.key(epoch))
        else:
            losses = []
            for batch in batches:
                parameters, state, loss = step(parameters, state, batch["image"])
                losses.append(loss)
        print(f"epoch {epoch}: {np.mean(losses):.2f} nats/image")
    report = evaluate(Model(parameters), given.dataset, split=given.test, trained_on=given.train)
    print(report)
    return report


if __name__ == "__main__":
    main()
