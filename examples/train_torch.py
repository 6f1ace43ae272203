"""PyTorch trained on ready batches, and going on in the middle of an epoch where it was stopped.

The model is a fully visible sigmoid belief network: the log-odds of each pixel are linear in the pixels before it.

python examples/train_torch.py                           # on calibrated_digits, whose true nats are known
python examples/train_torch.py binarized_mnist --train train --epochs 20 --checkpoint fvsbn.pt
python examples/train_torch.py --workers 2               # the same batches, made by a DataLoader's workers
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader

import onebit
from onebit.evaluation import Report, evaluate


class Fvsbn(nn.Module):
    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(pixels, pixels))
        self.bias = nn.Parameter(torch.zeros(pixels))
        self.register_buffer("before", torch.ones(pixels, pixels).triu(1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits = pixels @ (self.weights * self.before) + self.bias
        return -binary_cross_entropy_with_logits(logits, pixels, reduction="none").sum(dim=1)

    def log_prob(self, x: np.ndarray) -> torch.Tensor:
        """What `onebit.evaluate` asks for."""
        return self(torch.from_numpy(x).flatten(1).float())


class Training:
    """A model, its optimizer, and where in the data it is: all that a checkpoint has to hold."""

    def __init__(self, batches: onebit.Dataset, checkpoint: Path | None) -> None:
        self.data, self.checkpoint = batches.to_torch(), checkpoint
        self.model = Fvsbn(self.data[0]["image"][0].numel())
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-2)
        self.state = self.data.state(0)  # of epoch 0, before its first batch
        if checkpoint is not None and checkpoint.exists():
            saved = torch.load(checkpoint)
            self.model.load_state_dict(saved["model"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.state = saved["data"]
            print(f"goes on in epoch {self.state['epoch']} after {self.state['position']} batches")

    def batches(self, workers: int) -> Iterator[dict[str, torch.Tensor]]:
        """What is left of the epoch. Without workers the batches are ready-made, with them a DataLoader's."""
        if workers:
            left = self.data.resume(self.state)
            return iter(DataLoader(self.data, batch_size=None, sampler=left, num_workers=workers))
        return self.data.iterate(state=self.state)

    def run(self, epochs: int, workers: int = 0, stop_after: int | None = None) -> None:
        done = 0
        for epoch in range(self.state["epoch"], epochs):
            total = images = 0.0
            for batch in self.batches(workers):
                loss = -self.model(batch["image"].flatten(1).float())
                self.optimizer.zero_grad()
                loss.mean().backward()
                self.optimizer.step()
                total, images, done = total + float(loss.detach().sum()), images + len(loss), done + 1
                self.state["position"] += 1
                if done == stop_after:
                    self.save()
                    return
            print(f"epoch {epoch}: {total / max(images, 1):.2f} nats/image")
            self.state = {**self.state, "epoch": epoch + 1, "position": 0}
            self.save()

    def save(self) -> None:
        if self.checkpoint is not None:
            saved: dict[str, Any] = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
            torch.save(saved | {"data": self.state}, self.checkpoint)


def main(arguments: list[str] | None = None) -> Report:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="?", default="calibrated_digits")
    parser.add_argument("--train", default="train[:5000]")
    parser.add_argument("--test", default="test[:1000]")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--stop-after", type=int, help="stop after so many batches, to be continued")
    given = parser.parse_args(arguments)
    batches = onebit.load(given.dataset, split=given.train).shuffle(seed=0).batch(100)
    training = Training(batches, given.checkpoint)
    training.run(given.epochs, given.workers, given.stop_after)
    report = evaluate(training.model.eval(), given.dataset, split=given.test, trained_on=given.train)
    print(report)
    return report


if __name__ == "__main__":
    main()
