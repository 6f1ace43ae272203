"""PyTorch trained on a Hugging Face data set: a table with features, and with what datasets itself can do.

The model is a mixture of independent pixels.

python examples/train_hf.py                              # on calibrated_digits, whose true nats are known
python examples/train_hf.py binarized_mnist --train train --epochs 20
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import nn

import onebit
from onebit.evaluation import Report, evaluate


class Mixture(nn.Module):
    """``p(x) = sum_k weight_k prod_d p(x_d | k)``."""

    def __init__(self, pixels: int, components: int, ones: torch.Tensor) -> None:
        super().__init__()
        noise = torch.randn(components, pixels, generator=torch.Generator().manual_seed(0))
        self.log_weights = nn.Parameter(torch.zeros(components))
        self.log_odds = nn.Parameter(torch.logit(ones.clamp(0.01, 0.99)) + 0.3 * noise)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        on = pixels @ self.log_odds.T - nn.functional.softplus(self.log_odds).sum(dim=1)
        return torch.logsumexp(on + self.log_weights.log_softmax(dim=0), dim=1)

    def log_prob(self, x: np.ndarray) -> torch.Tensor:
        """What `onebit.evaluate` asks for."""
        return self(torch.from_numpy(x).flatten(1).float())


def main(arguments: list[str] | None = None) -> Report:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="?", default="calibrated_digits")
    parser.add_argument("--train", default="train[:5000]")
    parser.add_argument("--test", default="test[:1000]")
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args(arguments)
    table = onebit.load(given.dataset, split=given.train).to_hf()
    print(table)
    rows = table.with_format("torch", dtype=torch.float32)
    mean = torch.cat([batch["image"].flatten(1) for batch in rows.iter(1000)]).mean(dim=0)
    model = Mixture(len(mean), 30, mean)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for epoch in range(given.epochs):
        total = 0.0
        for batch in rows.shuffle(seed=epoch).iter(batch_size=100):
            loss = -model(batch["image"].flatten(1))
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
            total += float(loss.detach().sum())
        print(f"epoch {epoch}: {total / len(rows):.2f} nats/image")
    report = evaluate(model.eval(), given.dataset, split=given.test, trained_on=given.train)
    print(report)
    return report


if __name__ == "__main__":
    main()
