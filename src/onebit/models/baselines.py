"""The table of the baselines: a name, the module that is the model, what it is in a few words.

A baseline is a module of `onebit.models` (see `onebit.models.training.Model` for what it offers) and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Baseline(NamedTuple):
    """A line of the table.

    Attributes:
        module: the module of `onebit.models` that is the model.
        words: what the model is, for ``onebit train --help``.
        settings: defaults that differ from the module's own, where two names share a module.
    """

    module: str
    words: str
    settings: Mapping[str, Any] = MappingProxyType({})


BASELINES: dict[str, Baseline] = {
    "bernoulli": Baseline("bernoulli", "each pixel a coin of its own: the frequencies of the train split"),
    "chow_liu": Baseline("chow_liu", "Chow-Liu tree: each pixel from one other, the best tree of them"),
    "mixture": Baseline("mixture", "mixture of 500 Bernoulli distributions, by EM"),
    "fvsbn": Baseline("fvsbn", "logistic autoregression: each pixel from the pixels before it, without a hidden layer"),
    "nade": Baseline("nade", "NADE: each pixel from the pixels before it, by a hidden layer they all share"),
    "made": Baseline("made", "MADE: a masked network with several orderings of the pixels; probabilities averaged"),
    "pixelcnn": Baseline("pixelcnn", "PixelCNN: each pixel from those before it, by gated convolutions"),
    "rbm": Baseline("rbm", "restricted Boltzmann machine by persistent contrastive divergence (method=pcd)"),
    "rbm_cd": Baseline(
        "rbm",
        "the same by CD-k, k = sweeps (method=cd)",
        {"method": "cd", "sweeps": 5, "epochs": 10, "learning_rate": 0.1},
    ),
    "vae": Baseline("vae", "variational autoencoder: 50 Gaussian codes, one sample of them an image (samples=1)"),
    "iwae": Baseline("vae", "importance-weighted autoencoder: the same with the bound of 10 samples", {"samples": 10}),
}


def baseline(name: str) -> Baseline:
    """The line of a name.

    Raises:
        ValueError: there is none; the message has the names that there are.
    """
    if name not in BASELINES:
        raise ValueError(f"There is no model {name!r}. Choose one of: {', '.join(BASELINES)}.")
    return BASELINES[name]
