"""Hugging Face ``datasets``: onebit's adapter, and ``from_dict`` of a NumPy array, in one process."""

from __future__ import annotations

import itertools

import datasets
from passes import Pass, Whole

import onebit

BATCH = 128


def setup(data_dir: str) -> dict[str, Pass | Whole]:
    train = onebit.load("binarized_mnist", split="train", data_dir=data_dir)
    pixels = train.arrays()["image"]
    columns = datasets.Features({"image": datasets.Array3D((28, 28, 1), "uint8")})
    ours = train.to_hf().with_format("numpy")
    seeds = itertools.count(1)

    def usual():
        return datasets.Dataset.from_dict({"image": pixels}, features=columns)

    theirs = usual().with_format("numpy")
    return {
        "made": Whole(train.to_hf, array=lambda made: made.with_format("numpy")[:]["image"]),
        "usual_made": Whole(usual, array=lambda made: made.with_format("numpy")[:]["image"]),
        "shuffled": Pass(lambda: ours.shuffle(seed=next(seeds)).iter(BATCH)),
        "shuffled_before": Pass(lambda: train.shuffle(seed=next(seeds)).to_hf().with_format("numpy").iter(BATCH)),
        "usual_shuffled": Pass(lambda: theirs.shuffle(seed=next(seeds)).iter(BATCH)),
    }
