"""Keras trained on a tf.data.Dataset: onebit chooses and shuffles, TensorFlow's own functions come behind.

The model is a fully visible sigmoid belief network: the log-odds of each pixel are linear in the pixels before it.

python examples/train_tf.py                              # on calibrated_digits, whose true nats are known
python examples/train_tf.py binarized_mnist --train train --epochs 20
"""

from __future__ import annotations

import argparse

import numpy as np
import tensorflow as tf

import onebit
from onebit.evaluation import Report, evaluate


class Fvsbn(tf.keras.Model):
    def __init__(self, pixels: int) -> None:
        super().__init__()
        before = np.triu(np.ones((pixels, pixels), np.float32), 1)
        # A weight is zero unless it leads from a pixel to a later one.
        self.log_odds = tf.keras.layers.Dense(
            pixels, kernel_initializer="zeros", kernel_constraint=lambda weights: weights * before
        )

    def call(self, pixels: tf.Tensor) -> tf.Tensor:
        return self.log_odds(pixels)

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """What `onebit.evaluate` asks for."""
        pixels = x.reshape(len(x), -1).astype(np.float32)
        return -nats(pixels, self(pixels)).numpy()


def nats(pixels: tf.Tensor, log_odds: tf.Tensor) -> tf.Tensor:
    """``-log p(x)`` of each image."""
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(pixels, log_odds), axis=1)


def as_target(batch: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """TensorFlow runs this, not Python: it belongs behind to_tf()."""
    image = batch["image"]
    pixels = tf.cast(tf.reshape(image, (-1, np.prod(image.shape[1:]))), tf.float32)
    return pixels, pixels


def main(arguments: list[str] | None = None) -> Report:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="?", default="calibrated_digits")
    parser.add_argument("--train", default="train[:5000]")
    parser.add_argument("--test", default="test[:1000]")
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args(arguments)
    train = onebit.load(given.dataset, split=given.train)
    batches = train.shuffle(seed=0).batch(100).to_tf().map(as_target).prefetch(tf.data.AUTOTUNE)
    model = Fvsbn(train[0]["image"].size)
    model.compile(tf.keras.optimizers.Adam(1e-2), loss=nats)
    model.fit(batches, epochs=given.epochs, verbose=2)
    report = evaluate(model, given.dataset, split=given.test, trained_on=given.train)
    print(report)
    return report


if __name__ == "__main__":
    main()
