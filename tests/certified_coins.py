"""An honest model on calibrated_digits, what the author of its certificate says, and a folder of such certificates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import onebit
from onebit.evaluation import Report
from onebit.leaderboard.certificates import About, Certificate

Edit = Callable[..., Path]

ABOUT = About(
    title="Independent coins",
    authors=("A. Author",),
    description="Every pixel is a coin of its own.",
    parameters=784,
    paper="Nobody 1999",
    paper_url="https://example.org/paper",
    code_url="https://example.org/code",
    command="onebit evaluate coins.py:model",
    date="2026-11-25",
)


class Pixels:
    """Each pixel is a coin whose chance is its share of ink; `at_shape` builds it small."""

    name = "coins"

    def __init__(self, chance: Any) -> None:
        chance = np.asarray(chance, np.float64).reshape(-1)
        self.on, self.off = np.log(chance), np.log1p(-chance)

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        return self.log_conditionals(x).sum(axis=1)

    def log_conditionals(self, x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), -1)
        return np.where(flat == 1, self.on, self.off)

    def at_shape(self, shape: tuple[int, ...]) -> Pixels:
        return Pixels(np.linspace(0.1, 0.9, int(np.prod(shape))))


def measured_coins(data_dir: Path, pseudo_count: float = 0.5) -> Report:
    """A report of the shares of ink of the train split, on the test split of calibrated_digits."""
    images = onebit.load("calibrated_digits", split="train", batch_size=-1, data_dir=data_dir)["image"]
    ones = images.reshape(len(images), -1).sum(axis=0)
    model = Pixels((ones + pseudo_count) / (len(images) + 2 * pseudo_count))
    return onebit.evaluate(model, "calibrated_digits", split="test", trained_on="train", data_dir=data_dir)


def write_results(folder: Path, data_dir: Path) -> None:
    """A user's folder of results: two exact ones, a bound and a hostile title."""
    home = folder / "certified" / "calibrated_digits"
    report = measured_coins(data_dir)
    Certificate(report, ABOUT).save(home / "coins.json")
    smooth = dataclasses.replace(ABOUT, title="Smooth coins", description="With 500 pseudo-counts.", parameters=None)
    Certificate(measured_coins(data_dir, 500.0), smooth).save(home / "smooth-coins.json")
    noise = np.random.default_rng(0).normal(3, 1, len(report.nll))
    bound = dataclasses.replace(
        report, nll=report.nll + noise, protocol="iw", kind="upper bound", errs="high", note="k = 5,000",
        flags=("Something makes these numbers doubtful.",), details={"lines": {"ELBO": "-201.00"}},
        arrays={**report.arrays, "elbo": -report.nll - noise - 1, "iw_bound": -report.nll - noise},
    )  # fmt: skip
    hostile = dataclasses.replace(ABOUT, title="</script><img src=x onerror=alert(1)>&amp;")
    Certificate(bound, hostile).save(home / "bound.json")
