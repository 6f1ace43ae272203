"""PyTorch: onebit's adapter, and what PyTorch's own guides recommend, in one process."""

from __future__ import annotations

import numpy as np
import tensorflow_datasets as tfds
import torch
from passes import Pass
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

import onebit

BATCH = 128


def setup(data_dir: str, tfds_dir: str) -> dict[str, Pass]:
    torch.manual_seed(0)
    train = onebit.load("binarized_mnist", split="train", data_dir=data_dir)
    ready = train.shuffle(seed=0).batch(BATCH).to_torch()
    in_memory = TensorDataset(torch.from_numpy(np.array(train.arrays()["image"])))
    source = tfds.data_source("binarized_mnist", split="train", data_dir=tfds_dir, download=False)
    looked_up = {
        workers: DataLoader(train.to_torch(), BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
        for workers in (0, 2)
    }
    theirs = {
        workers: DataLoader(in_memory, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
        for workers in (0, 2)
    }
    in_bulk = train.to_torch()
    numbers = BatchSampler(RandomSampler(in_bulk), BATCH, drop_last=False)
    return {
        "ready": Pass(lambda: ready),
        "loader": Pass(lambda: looked_up[0]),
        "loader_2": Pass(lambda: looked_up[2]),
        "bulk": Pass(lambda: DataLoader(in_bulk, batch_size=None, sampler=numbers)),
        "usual": Pass(lambda: theirs[0], image=lambda batch: batch[0]),
        "usual_2": Pass(lambda: theirs[2], image=lambda batch: batch[0]),
        "tfds": Pass(lambda: DataLoader(source, BATCH, shuffle=True)),
    }
