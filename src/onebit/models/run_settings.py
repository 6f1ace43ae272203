"""`Settings`: all that a run of training depends on; what each may be, and the file in the folder that keeps them.

A run is refused before its folder knows of it: what was mistyped would stand there, and refuse the right settings.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onebit.errors import FormatError
from onebit.models.baselines import baseline
from onebit.models.trained import SETTINGS_FILE, SHAPE, module_of

_SEEDS = 1 << 32  # JAX takes no more bits of a seed


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that a run depends on."""

    model: str
    dataset: str = "binarized_mnist"
    image_shape: tuple[int, ...] = SHAPE
    epochs: int = 40
    minutes: float | None = None  # of training: the run ends then, and the rate falls by the clock
    batch_size: int = 50
    learning_rate: float = 1e-3  # Adam's
    warmup_steps: int = 500  # the rate rises in a straight line
    decay_fraction: float = 0.6  # the rate falls in a straight line to 0 over this last part of the run
    weight_decay: float = 0.05  # per step, times the rate; of matrices, not of biases (AdamW)
    averaging: float = 0.9995  # decay of the average of the weights, per step
    patience: int = 10  # the run ends early when the validation split has not improved for so many epochs
    seed: int = 0
    options: dict[str, Any] = dataclasses.field(default_factory=dict)  # the model's own


_GENERAL = {field.name for field in dataclasses.fields(Settings)} - {"model", "image_shape", "options"}
# From where to where, both allowed; the other numbers, those of a model among them, are 1 or more, or 0.0 or more.
_RANGES: dict[str, tuple[float, float]] = {
    "warmup_steps": (0, math.inf), "decay_fraction": (0, 1), "averaging": (0, 1), "seed": (0, _SEEDS - 1),
}  # fmt: skip

_ABOVE_ZERO = ("minutes", "pseudo_count")  # without pseudo-counts what was not seen is impossible


def chosen(model: str, given: Mapping[str, Any], image_shape: tuple[int, ...]) -> Settings:
    """The settings of a run: those that were given, and else the defaults of the name, its module, and all models.

    Args:
        model: the name of a baseline.
        given: settings of `Settings` and of the model.
        image_shape: height, width and channels.

    Raises:
        ValueError: no such model or setting, or one that cannot be.
    """
    line, module = baseline(model), module_of(model)
    unknown = sorted(given.keys() - _GENERAL - module.SETTINGS.keys())
    if unknown:
        allowed = ", ".join(sorted(_GENERAL | module.SETTINGS.keys()))
        raise ValueError(f"{model} has no setting {unknown[0]!r}. Choose from: {allowed}.")
    asked = getattr(module, "TRAINING", {}) | dict(line.settings) | dict(given)
    options = module.SETTINGS | {name: value for name, value in asked.items() if name in module.SETTINGS}
    general = {name: value for name, value in asked.items() if name in _GENERAL}
    usual = dataclasses.asdict(Settings(model)) | module.SETTINGS
    for name, value in (general | options).items():
        _check(name, value, usual[name])
    return Settings(model, image_shape=tuple(image_shape), **general, options=options)


def _check(name: str, value: Any, usual: Any) -> None:
    """Refuses a value that is not of the kind of the usual one, or out of its range.

    Raises:
        ValueError: it is so; the message says what is allowed.
    """
    if name in _ABOVE_ZERO:
        fits = (value is None and usual is None) or (_is_number(value) and value > 0)
        allowed = f"a number above 0{', or null,' if usual is None else ''}"
    elif isinstance(usual, str):
        fits, allowed = isinstance(value, str), "a text"
    else:
        whole = type(usual) is int
        least, most = _RANGES.get(name, (1, math.inf) if whole else (0, math.inf))
        fits = (type(value) is int if whole else _is_number(value)) and least <= value <= most
        words = "a whole number" if whole else "a number"
        allowed = f"{words} of {least:g} or more" if math.isinf(most) else f"{words} from {least:g} to {most:.10g}"
    if not fits:
        raise ValueError(f"{name}={value!r} was given; {allowed} is allowed, as in --set {name}={json.dumps(usual)}")


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def check_kept(folder: Path, settings: Settings) -> None:
    """Checks that the run in a folder, if there is one, has these settings.

    Raises:
        ValueError: it has others; the message says which.
        FormatError: the file of its settings is damaged.
    """
    path = folder / SETTINGS_FILE
    if not path.exists():
        return
    wanted = _as_json(settings)
    try:
        usual = _as_json(Settings(settings.model))  # a run of an earlier version has all settings but the new ones
        found = usual | json.loads(path.read_bytes())
    except (ValueError, TypeError) as error:
        raise FormatError(
            f"{path} is damaged ({error}). Delete the folder {folder} to begin anew, or give another --out."
        ) from error
    differing = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
    if differing:
        key = differing[0]
        raise ValueError(
            f"{folder} holds a run with {key}={found.get(key)!r}, not {wanted.get(key)!r}. Give the settings in "
            f"{path} to go on with it, or another folder for a new run."
        )


def text(settings: Settings) -> str:
    """The content of the file that keeps them."""
    return json.dumps(_as_json(settings), indent=2) + "\n"


def _as_json(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(settings)))
    return found
