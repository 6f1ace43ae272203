"""A NumPy model trained on Grain's pipelines, which may have workers and checkpoints of their own.

The model is a fully visible sigmoid belief network: the log-odds of each pixel are linear in the pixels before it.

python examples/train_grain.py                           # on calibrated_digits, whose true nats are known
python examples/train_grain.py binarized_mnist --train train --epochs 20
"""

from __future__ import annotations

import argparse
from typing import Any

import grain
import numpy as np

import onebit
from onebit.evaluation import Report, evaluate


class Fvsbn:
    def __init__(self, pixels: int) -> None:
        self.weights = np.zeros((pixels, pixels), np.float32)
        self.bias = np.zeros(pixels, np.float32)
        self.squares = 1e-8  # sum of squared gradients, for Adagrad

    def learn(self, pixels: np.ndarray, rate: float) -> float:
        """One step of Adagrad with one scale for all; gives the nats per image before it."""
        log_odds = pixels @ self.weights + self.bias
        error = pixels - 1 / (1 + np.exp(-log_odds))
        up, up_bias = np.triu(pixels.T @ error, 1) / len(pixels), error.mean(axis=0)
        self.squares += float((up**2).sum() + (up_bias**2).sum())
        self.weights += rate * up / self.squares**0.5
        self.bias += rate * up_bias / self.squares**0.5
        return float(-self._log_prob(pixels, log_odds).mean())

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """What `onebit.evaluate` asks for."""
        pixels = x.reshape(len(x), -1).astype(np.float32)
        return self._log_prob(pixels, pixels @ self.weights + self.bias)

    @staticmethod
    def _log_prob(pixels: np.ndarray, log_odds: np.ndarray) -> np.ndarray:
        return (pixels * log_odds - np.logaddexp(0, log_odds)).sum(axis=1)


def as_pixels(batch: dict[str, np.ndarray]) -> np.ndarray:
    image = batch["image"]
    return image.reshape(len(image), -1).astype(np.float32)


def main(arguments: list[str] | None = None) -> Report:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="?", default="calibrated_digits")
    parser.add_argument("--train", default="train[:5000]")
    parser.add_argument("--test", default="test[:1000]")
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args(arguments)
    train = onebit.load(given.dataset, split=given.train)
    # Shuffled and batched in the plan, an element of Grain's is a ready batch; each repetition has another order.
    ready = train.shuffle(seed=0).batch(100).to_grain()
    batches: Any = ready.repeat(given.epochs).map(as_pixels).to_iter_dataset(grain.ReadOptions(num_threads=1))
    model = Fvsbn(train[0]["image"].size)
    losses = [model.learn(pixels, rate=5.0) for pixels in batches]
    for epoch in range(given.epochs):
        print(f"epoch {epoch}: {np.mean(losses[epoch * len(ready) : (epoch + 1) * len(ready)]):.2f} nats/image")
    report = evaluate(model, given.dataset, split=given.test, trained_on=given.train)
    print(report)
    return report


if __name__ == "__main__":
    main()
