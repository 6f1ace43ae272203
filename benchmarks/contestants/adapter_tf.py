"""tf.data: onebit's adapter, TFDS, and a NumPy array in ``from_tensor_slices``, in one process."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_datasets as tfds
from passes import Pass

import onebit

BATCH = 128


def setup(data_dir: str, tfds_dir: str) -> dict[str, Pass]:
    train = onebit.load("binarized_mnist", split="train", data_dir=data_dir)
    ready = train.shuffle(seed=0).batch(BATCH).to_tf().prefetch(tf.data.AUTOTUNE)
    examples = train.to_tf().shuffle(50_000).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    slices = tf.data.Dataset.from_tensor_slices(train.arrays()).shuffle(50_000).batch(BATCH).prefetch(tf.data.AUTOTUNE)

    def of_tfds():
        dataset = tfds.load("binarized_mnist", split="train", data_dir=tfds_dir, download=False)
        return dataset.shuffle(50_000).batch(BATCH).prefetch(tf.data.AUTOTUNE)

    cached = of_tfds()  # TFDS caches a data set of this size in memory by itself, as it is first walked through
    for _ in cached:
        pass

    def image(batch):
        return batch["image"].numpy()

    return {
        "ready": Pass(lambda: ready, image=image),
        "examples": Pass(lambda: examples, image=image),
        "slices": Pass(lambda: slices, image=image),
        "tfds_cached": Pass(lambda: cached, image=image),
        "tfds_first": Pass(of_tfds, image=image),
    }
