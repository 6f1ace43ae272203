"""Trains each baseline whose report is missing, and keeps what proves it: ``make baselines``.

Each is one ``onebit train NAME`` of at most 100 minutes on two cores. What was stopped goes on where it was.
"""

from __future__ import annotations

import sys
from pathlib import Path

import evidence
import keep

from onebit import models
from onebit.models.baselines import BASELINES

RUNS = evidence.ROOT / "runs"


def missing() -> list[tuple[str, str]]:
    """Name and data set of the baselines without a report."""
    wanted = [(name, data) for data in evidence.DATASETS for name in BASELINES]
    return [(name, data) for name, data in wanted if not (evidence.CERTIFIED / data / f"{name}.json").is_file()]


def folder_of(name: str, dataset: str) -> Path:
    """Where a run is."""
    return RUNS / evidence.folder_of(name, dataset).name


def main() -> None:
    """Trains what is missing; with ``--dry-run`` says what that is."""
    for name, dataset in missing():
        if "--dry-run" in sys.argv:
            print(f"onebit train {name} --dataset {dataset} --out {folder_of(name, dataset)}")
            continue
        weights = models.train(name, dataset=dataset, out=folder_of(name, dataset))
        keep.keep(weights.parent)


if __name__ == "__main__":
    main()
