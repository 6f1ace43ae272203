"""The ruler: generative models measured on one-bit images, one protocol for each kind of model.

An estimator takes a model and images, and returns one float64 number per image, in nats. `evaluate` brings a model and
a data set together and keeps the evidence in a `Report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onebit.late_imports import late_names

if TYPE_CHECKING:
    from onebit.evaluation.annealing import MetropolisFlips
    from onebit.evaluation.answers import WrongAnswerError
    from onebit.evaluation.bases import FactorialBase
    from onebit.evaluation.exact import check_mass, total_mass
    from onebit.evaluation.executors import WorkersLostError, open_executor
    from onebit.evaluation.model_sources import ModelFailedError, ModelNotFoundError, ModelSource
    from onebit.evaluation.rbm import RBM
    from onebit.evaluation.report import Comparison, Report
    from onebit.evaluation.run import evaluate

_NAMES = {
    "Comparison": "onebit.evaluation.report",
    "FactorialBase": "onebit.evaluation.bases",
    "MetropolisFlips": "onebit.evaluation.annealing",
    "ModelFailedError": "onebit.evaluation.model_sources",
    "ModelNotFoundError": "onebit.evaluation.model_sources",
    "ModelSource": "onebit.evaluation.model_sources",
    "RBM": "onebit.evaluation.rbm",
    "Report": "onebit.evaluation.report",
    "WorkersLostError": "onebit.evaluation.executors",
    "WrongAnswerError": "onebit.evaluation.answers",
    "check_mass": "onebit.evaluation.exact",
    "evaluate": "onebit.evaluation.run",
    "open_executor": "onebit.evaluation.executors",
    "total_mass": "onebit.evaluation.exact",
}

__all__ = [
    "RBM",
    "Comparison",
    "FactorialBase",
    "MetropolisFlips",
    "ModelFailedError",
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


__getattr__ = late_names("onebit.evaluation", _NAMES)


def __dir__() -> list[str]:
    return __all__
