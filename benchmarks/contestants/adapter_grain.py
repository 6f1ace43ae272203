"""Grain: onebit's adapter, and a ``MapDataset`` over a NumPy array, in one process."""

from __future__ import annotations

import itertools

import grain
import numpy as np
from passes import Pass

import onebit

BATCH = 128


def setup(data_dir: str) -> dict[str, Pass]:
    train = onebit.load("binarized_mnist", split="train", data_dir=data_dir)
    pixels = train.arrays()["image"]
    seeds = itertools.count(1)
    return {
        "ready": Pass(lambda: train.shuffle(seed=next(seeds)).batch(BATCH).to_grain()),
        "examples": Pass(lambda: train.to_grain().shuffle(seed=next(seeds)).batch(BATCH)),
        "usual": Pass(lambda: grain.MapDataset.source(pixels).shuffle(seed=next(seeds)).batch(BATCH), image=np.asarray),
    }
