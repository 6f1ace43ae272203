"""The number of every image under every certified model, as columns beside the images of a data set."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.leaderboard import entries


class Vector(NamedTuple):
    """The numbers of one model for the images of one split.

    Attributes:
        name: of the result, unique within the data set.
        title: of the model.
        split: the whole split that was measured.
        nll: ``(n,)`` float64: the negative log-likelihood of each image in nats, or the bound on it or estimate of it;
            in TFDS's order of the split, which is that of `onebit.load`.
        kind: ``"exact"``, ``"upper bound"`` or ``"estimate"``.
    """

    name: str
    title: str
    split: str
    nll: NDArray[np.float64]
    kind: str


def vectors(dataset: str, *, folder: str | os.PathLike[str] | None = None) -> list[Vector]:
    """The numbers of every certified result on a data set, best first.

    They come with the package and from the user's folder; each has the SHA-256 that its certificate names. Reading one
    takes about a millisecond.

    Args:
        dataset: name of a data set.
        folder: of the user's results; by default that of `onebit.locations.leaderboard_dir`.

    Returns:
        None of them for a data set that has no certified results.

    Raises:
        FormatError: a certificate is damaged; the message names it.
    """
    from onebit.locations import leaderboard_dir

    roots = [(entries.PACKAGE, False), (leaderboard_dir(folder), True)]
    found = {
        path.stem: entries.read_certified(path, own=own)
        for root, own in roots
        for path in entries.certified_files(root, dataset)
    }
    return [
        Vector(entry.name, entry.model, entry.split, entry.report.nll, entry.kind)
        for entry in sorted(found.values(), key=lambda entry: entry.nats)
        if entry.report is not None
    ]
