"""JAX: onebit's adapter, and batches of a NumPy array that are put on the device, in one process."""

from __future__ import annotations

import jax
import numpy as np
from passes import Pass

import onebit

BATCH = 128


def setup(data_dir: str) -> dict[str, Pass]:
    train = onebit.load("binarized_mnist", split="train", data_dir=data_dir)
    batches = train.shuffle(seed=0).batch(BATCH)
    plain, packed = batches.to_jax(packed=False), batches.to_jax(packed=True)
    pixels = train.arrays()["image"]
    generator = np.random.default_rng(0)

    def usual(put):
        order = generator.permutation(len(pixels))
        for start in range(0, len(order), BATCH):
            yield put(pixels[order[start : start + BATCH]])

    def arrived(batch):
        return jax.block_until_ready(batch["image"])

    return {
        "plain": Pass(lambda: plain, image=arrived),
        "packed": Pass(lambda: packed, image=arrived),
        "usual": Pass(lambda: usual(jax.device_put), image=jax.block_until_ready),
        "asarray": Pass(lambda: usual(jax.numpy.asarray), image=jax.block_until_ready),
    }
