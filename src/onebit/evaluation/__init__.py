"""The ruler: generative models measured on one-bit images, one protocol for each kind of model.

An estimator takes a model and images, and returns one float64 number per image, in nats. `evaluate` brings a model and
a data set together and keeps the evidence in a `Report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onebit.evaluation.annealing import MetropolisFlips
    from onebit.evaluation.answers import WrongAnswerError
    from onebit.evaluation.bases import FactorialBase
    from onebit.evaluation.exact import check_mass, total_mass
    from onebit.evaluation.executors import WorkersLostError, open_executor
    from onebit.evaluation.model_sources import ModelNotFoundError, ModelSource
    from onebit.evaluation.rbm import RBM
    from onebit.evaluation.report import Comparison, Report
    from onebit.evaluation.run import evaluate

_NAMES = {
    "Comparison": "report",
    "FactorialBase": "bases",
    "MetropolisFlips": "annealing",
    "ModelNotFoundError": "model_sources",
    "ModelSource": "model_sources",
    "RBM": "rbm",
    "Report": "report",
    "WorkersLostError": "executors",
    "WrongAnswerError": "answers",
    "check_mass": "exact",
    "evaluate": "run",
    "open_executor": "executors",
    "total_mass": "exact",
}

__all__ = [
    "RBM",
    "Comparison",
    "FactorialBase",
    "MetropolisFlips",
    "ModelNotFoundError",
    "ModelSource",
    "Report",
    "WorkersLostError",
    "WrongAnswerError",
    "check_mass",
    "evaluate",
    "open_executor",
    "total_mass",
]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'onebit.evaluation' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"onebit.evaluation.{_NAMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
