"""An honest model, and what the author of its certificate says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from onebit.leaderboard.certificates import About

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
