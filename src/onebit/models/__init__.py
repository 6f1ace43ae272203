"""Baselines: models that are trained here by one command each, and measured. Training needs the extra ``models``.

    onebit train nade           # or, in Python, onebit.models.train("nade")

`onebit.models.baselines` is the table of them, `onebit.models.training` what happens when one is trained.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onebit.errors import MissingDependencyError

if TYPE_CHECKING:
    from types import ModuleType

    from onebit.evaluation.report import Report

_EXTRA = ("jax", "jaxlib", "optax", "equinox")


def train(model: str, *, out: str | os.PathLike[str] | None = None, **settings: Any) -> Path:
    """Trains a model, keeps the run in a folder, measures the result on the test split.

        >>> onebit.models.train("nade")  # doctest: +SKIP

    Args:
        model: one of `onebit.models.baselines.BASELINES`.
        out: the folder of the run, by default ``runs/<model>``; an unfinished run in it is continued.
        **settings: as `onebit.models.training.train` takes them: ``dataset="calibrated_digits"``, ``epochs=5``, ...

    Returns:
        The path of the trained weights, ``model.npz``. Beside it lie ``report.json`` (see `report_of`) and the log.

    Raises:
        MissingDependencyError: JAX, Equinox or Optax is missing; the message has the line that installs them.
        ValueError: no such model or setting, or the folder has a run with other settings.
    """
    from onebit.models.baselines import baseline

    baseline(model)  # a wrong name is told before a missing package
    return _with_extra("training", f"Training {model}").train(model, out=out, **settings)  # type: ignore[no-any-return]


def load(run: str | os.PathLike[str]) -> Any:
    """A trained model, ready to be measured by `onebit.evaluate` and to draw images.

        >>> model = onebit.models.load("runs/nade")  # doctest: +SKIP
        >>> onebit.evaluate(model)  # doctest: +SKIP
        >>> model.sample(16, seed=0).shape  # doctest: +SKIP
        (16, 28, 28, 1)

    Args:
        run: the folder of a finished run of `train`; or the name of a model whose weights are in the package.

    Returns:
        An object with the method that the model is measured by (``log_prob`` for exact ones; see
        `onebit.evaluation.contracts`), ``sample(n, seed=0)``, ``name`` and ``settings``.

    Raises:
        MissingDependencyError: JAX, Equinox or Optax is missing.
        FileNotFoundError: the folder has no finished run.
    """
    return _with_extra("trained", f"Loading {os.fspath(run)}").load(run)


def report_of(run: str | os.PathLike[str]) -> Report:
    """The report of a finished run on the test split of its data set; it needs NumPy alone.

    Raises:
        FileNotFoundError: the folder has none.
    """
    from onebit.evaluation.report import Report

    return Report.load(Path(run) / "report.json")


def _with_extra(module: str, purpose: str) -> ModuleType:
    """A module of this package that needs the extra ``models``."""
    import importlib

    try:
        return importlib.import_module(f"onebit.models.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise MissingDependencyError(
            f"{purpose} needs {error.name}, which is not installed. Type: pip install 'onebit[models]'"
        ) from error
