"""What is kept of each baseline: its report, the log and the settings of its training, its weights in numbers.

docs/baselines/NAME/log.jsonl, settings.json, weights.json, samples.png        (calibrated_digits: NAME-DATASET)
src/onebit/leaderboard/certified/DATASET/NAME.json and .npy
"""

from __future__ import annotations

import ast
import json
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from onebit.evaluation.measurements import ESTIMATE, EXACT, UPPER_BOUND
from onebit.evaluation.report import Report
from onebit.models.baselines import BASELINES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CERTIFIED = ROOT / "src" / "onebit" / "leaderboard" / "certified"
DATASETS = DATASET, CALIBRATED = "binarized_mnist", "calibrated_digits"
SETTINGS, LOG, WEIGHTS, SAMPLES, CURVE = "settings.json", "log.jsonl", "weights.json", "samples.png", "curve.svg"

TITLES = {
    "bernoulli": "Independent pixels",
    "chow_liu": "Chow-Liu tree",
    "mixture": "Mixture of Bernoullis",
    "fvsbn": "FVSBN",
    "nade": "NADE",
    "made": "MADE",
    "pixelcnn": "PixelCNN",
    "rbm": "RBM, PCD",
    "rbm_cd": "RBM, CD-5",
    "vae": "VAE",
    "iwae": "IWAE",
}
KINDS = (EXACT, UPPER_BOUND, ESTIMATE)  # in the order in which they are told


class Evidence(NamedTuple):
    """One baseline on one data set.

    Attributes:
        name: of the baseline.
        dataset: that it was trained and measured on.
        report: of the test split.
    """

    name: str
    dataset: str
    report: Report

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES.get(self.name, self.name)

    @property
    def folder(self) -> Path:
        """Where log, settings and pictures lie."""
        return folder_of(self.name, self.dataset)

    def json(self, file: str) -> Any:
        """A JSON file of the folder; None where there is none."""
        path = self.folder / file
        return json.loads(path.read_bytes()) if path.is_file() else None

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the epochs."""
        path = self.folder / LOG
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [line for line in map(json.loads, lines) if "epoch" in line]

    @property
    def parameters(self) -> int | None:
        """How many numbers the weights are."""
        shapes = self.json(WEIGHTS)
        return None if shapes is None else sum(int(np.prod(shape)) for shape in shapes.values())

    @property
    def sign(self) -> str:
        """What stands before the number."""
        return {EXACT: "", UPPER_BOUND: "≤ ", ESTIMATE: "≈ "}[self.report.kind]


class Collection:
    """All that is kept on one data set.

    Args:
        dataset: its name.
    """

    def __init__(self, dataset: str) -> None:
        self.dataset = dataset

    @cached_property
    def all(self) -> list[Evidence]:
        """Exact ones first, then bounds, then estimates; each kind from good to bad."""
        paths = (path for name in BASELINES if (path := CERTIFIED / self.dataset / f"{name}.json").is_file())
        found = [Evidence(path.stem, self.dataset, Report.load(path)) for path in paths]
        return sorted(found, key=lambda one: (KINDS.index(one.report.kind), one.report.mean))

    def of(self, name: str) -> Evidence | None:
        """The evidence of one baseline, None where there is none."""
        return next((one for one in self.all if one.name == name), None)


def folder_of(name: str, dataset: str) -> Path:
    """Where log, settings and pictures of a baseline lie."""
    return HERE / (name if dataset == DATASET else f"{name}-{dataset}")


def words_of(name: str) -> str:
    """What the module of a baseline says of it; read without JAX."""
    source = ROOT / "src" / "onebit" / "models" / f"{BASELINES[name].module}.py"
    return ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
