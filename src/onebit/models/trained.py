"""A trained model as an object that `onebit.evaluate` can measure."""

from __future__ import annotations

import importlib
import json
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import equinox
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from onebit.errors import FormatError
from onebit.models.baselines import BASELINES, baseline

SETTINGS_FILE, MODEL = "settings.json", "model.npz"
SHAPE = (28, 28, 1)
PACKAGE = Path(__file__).parent / "weights"  # of models whose weights have less than 1 MB
_SMALL_SAMPLE = 64  # random images that a small model is made from


class Trained:
    """A baseline with weights.

    It has further methods, which are those of its module with the weights put in: ``log_prob(x)`` where the model's
    likelihood is exact. A module whose models are measured in another way makes an heir in its ``measurable``.

    Attributes:
        name: of the baseline.
        module: that is the model.
        params: its weights.
        settings: of the model, with ``image_shape``.
    """

    def __init__(self, name: str, module: Any, params: Any, settings: Mapping[str, Any]) -> None:
        self.name, self.module, self.params, self.settings = name, module, params, dict(settings)
        self.image_shape: tuple[int, ...] = tuple(settings["image_shape"])

    def sample(self, n: int, seed: int = 0) -> NDArray[np.uint8]:
        """Draws images: ``(n, height, width, channels)`` uint8 zeros and ones."""
        drawn = self.module.sample(self.params, n, jax.random.key(seed))
        return np.asarray(drawn, np.uint8).reshape(n, *self.image_shape)

    def __repr__(self) -> str:
        return f"<onebit baseline {self.name}>"


class ExactTrained(Trained):
    """A baseline whose likelihood is exact."""

    def __init__(self, name: str, module: Any, params: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(name, module, params, settings)
        self._log_prob = jax.jit(module.log_prob)

    def log_prob(self, x: NDArray[np.uint8]) -> jax.Array:
        """The log-probability of each image, ``(n,)`` nats, for ``(n, height, width, channels)`` zeros and ones."""
        return cast(jax.Array, self._log_prob(self.params, np.asarray(x, np.uint8).reshape(len(x), -1)))

    def at_shape(self, shape: tuple[int, ...]) -> ExactTrained:
        """The same model for small images, with random weights: `onebit.evaluate` adds up all its probabilities."""
        rng = np.random.default_rng(0)
        pixels = (rng.random((_SMALL_SAMPLE, math.prod(shape))) < 0.5).astype(np.uint8)
        settings = self.settings | {"image_shape": list(shape)}
        params = self.module.init(jax.random.key(0), pixels, settings)
        if hasattr(self.module, "fit"):
            params, _ = self.module.fit(params, pixels, settings, jax.random.key(1))
        else:  # what a model starts with may be so small that it forgives every mistake
            weights, rest = equinox.partition(params, equinox.is_inexact_array)
            weights = jax.tree.map(lambda array: array + jnp.asarray(rng.normal(0, 0.5, array.shape)), weights)
            params = equinox.combine(weights, rest)
        return ExactTrained(self.name, self.module, params, settings)


def load(run: str | os.PathLike[str]) -> Trained:
    """See `onebit.models.load`."""
    folder, name = Path(run), os.fspath(run)
    files = (folder / SETTINGS_FILE, folder / MODEL)
    if name in BASELINES and not folder.exists():
        if name == "nade":
            return _generator()
        files = (PACKAGE / f"{name}.json", PACKAGE / f"{name}.npz")
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise FileNotFoundError(_advice(name, missing))
    try:
        settings = json.loads(files[0].read_bytes())
        with files[1].open("rb") as file, np.load(file, allow_pickle=False) as saved:
            arrays = dict(saved)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(
            f"The run {folder} is damaged ({files[0].name} or {files[1].name}: {error}). Delete {files[1].name}, and "
            "onebit train makes it again from the checkpoint."
        ) from error
    return restored(settings, arrays)


def _advice(name: str, missing: list[str]) -> str:
    if name in BASELINES:
        packaged = ", ".join(sorted({"nade", *(path.stem for path in PACKAGE.glob("*.npz"))}))
        return (
            f"The weights of {name} are not in the package (those of {packaged} are), and there is no folder {name}. "
            f"Type: onebit train {name}, and load runs/{name}"
        )
    return (
        f"{name} has no {' and no '.join(missing)}: it is no folder of a finished run. Type: onebit train MODEL "
        f"--out {name}"
    )


def _generator() -> Trained:
    """The NADE in the package: the generator of calibrated_digits, whose weights are whole multiples of 1/512."""
    from onebit.datasets import calibrated_digits

    weights = calibrated_digits.generator()
    options = {"hidden_units": weights["input_weights"].shape[1]}
    return restored({"model": "nade", "options": options}, weights)


def module_of(name: str) -> Any:
    """The module that is a baseline.

    Raises:
        ValueError: no such model.
    """
    return importlib.import_module(f"onebit.models.{baseline(name).module}")


def restored(settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Trained:
    """The model of a run.

    Args:
        settings: as in ``settings.json``.
        arrays: its weights by name, as in ``model.npz``.

    Raises:
        ValueError: an array is missing, or has another shape than the settings say.
    """
    name, module = settings["model"], module_of(settings["model"])
    shape = list(settings.get("image_shape", SHAPE))
    options = settings["options"] | {"image_shape": shape}
    template = module.init(jax.random.key(0), np.zeros((2, math.prod(shape)), np.uint8), options)
    return measurable(name, module, filled(template, arrays), options)


def measurable(name: str, module: Any, params: Any, options: Mapping[str, Any]) -> Trained:
    """Weights as an object: the module's own ``measurable`` if it has one."""
    make = getattr(module, "measurable", ExactTrained)
    return cast(Trained, make(name, module, params, options))


def named(params: Any) -> dict[str, NDArray[Any]]:
    """Weights by name: the path to each, ``layers.0.bias``."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(params)
    return {jax.tree_util.keystr(path, simple=True, separator="."): np.asarray(leaf) for path, leaf in leaves}


def filled(template: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The template with the arrays in the place of its own.

    Raises:
        ValueError: an array is missing, or has another shape.
    """
    wanted = named(template)
    for name, array in wanted.items():
        if name not in arrays or arrays[name].shape != array.shape:
            found = f"has shape {arrays[name].shape}" if name in arrays else "is missing"
            raise ValueError(f"Weights and settings do not agree: {name} should have shape {array.shape}, and {found}.")
    leaves = [jnp.asarray(arrays[name], array.dtype) for name, array in wanted.items()]
    return jax.tree.unflatten(jax.tree.structure(template), leaves)
