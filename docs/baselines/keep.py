"""Takes what proves a finished run into the project: ``python docs/baselines/keep.py runs/nade``.

Report, log, settings, the shapes of the trained weights and a sheet of samples; the weights themselves if they have
less than 1 MB, for `onebit.models.load`.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import evidence
import numpy as np
from numpy.typing import NDArray

from onebit import models
from onebit.evaluation.report import Report
from onebit.formats.png import write_png
from onebit.models.trained import PACKAGE

ROWS, COLUMNS, GAP, SCALE = 5, 16, 4, 2  # samples down and across, pixels between them, screen pixels to a pixel
SEED = 0
LARGEST = 1_000_000  # bytes of weights that become part of the package


def keep(run: Path) -> None:
    """Copies the evidence of a run to where the pages and the leaderboard look for it.

    Raises:
        FileNotFoundError: the run has not ended in a report.
    """
    report = Report.load(run / "report.json")
    settings = json.loads((run / evidence.SETTINGS).read_bytes())
    name, dataset = settings["model"], settings["dataset"]
    report.save(evidence.CERTIFIED / dataset / f"{name}.json")
    folder = evidence.folder_of(name, dataset)
    folder.mkdir(parents=True, exist_ok=True)
    for file in (evidence.SETTINGS, evidence.LOG):
        shutil.copyfile(run / file, folder / file)
    if dataset == evidence.DATASET and (run / "model.npz").stat().st_size < LARGEST:
        PACKAGE.mkdir(exist_ok=True)
        shutil.copyfile(run / "model.npz", PACKAGE / f"{name}.npz")
        shutil.copyfile(run / evidence.SETTINGS, PACKAGE / f"{name}.json")
    with np.load(run / "model.npz", allow_pickle=False) as arrays:
        shapes = {key: list(arrays[key].shape) for key in arrays.files if arrays[key].dtype.kind == "f"}
    (folder / evidence.WEIGHTS).write_text(json.dumps(shapes, indent=2) + "\n", encoding="utf-8")
    (folder / evidence.SAMPLES).write_bytes(write_png(1 - sheet(samples(run)), bit_depth=1))
    print(f"{name} on {dataset}: {report}")


def samples(run: Path) -> NDArray[np.uint8]:
    """Images that the model of a run draws, ``(80, 28, 28, 1)``; none chosen."""
    model = models.load(run)
    draw = getattr(model, "sample", None) or model.chains  # an RBM has chains, and no exact samples
    return np.asarray(draw(ROWS * COLUMNS, seed=SEED), np.uint8)


def sheet(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images in a grid: ``(height, width)``, ink is 1."""
    framed = np.pad(images[..., 0], ((0, 0), (GAP // 2, GAP // 2), (GAP // 2, GAP // 2)))
    side = framed.shape[1]
    grid = framed.reshape(ROWS, COLUMNS, side, side).swapaxes(1, 2).reshape(ROWS * side, COLUMNS * side)
    return grid.repeat(SCALE, axis=0).repeat(SCALE, axis=1)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        keep(Path(argument))
