"""Vectors of per-image nats at hand: of the data set itself, of certified models, of a user's own reports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit import leaderboard
from onebit.evaluation.measurements import EXACT
from onebit.features import Scalar
from onebit.pipeline import Source
from onebit.splits import resolve

if TYPE_CHECKING:
    from onebit.evaluation.report import Report
    from onebit.tables import Table

LOG_PROB = "log_prob"  # the column of a data set that knows the log-probability of its images


class Vector(NamedTuple):
    """Negative log-likelihoods of images under one model.

    Attributes:
        name: letters, digits and ``_``.
        title: the model's name.
        nats: ``(n,)`` float64 for all rows of the data set, NaN where the model was not measured.
        kind: ``"exact"``, ``"upper bound"``...
    """

    name: str
    title: str
    nats: NDArray[np.float64]
    kind: str


def vectors(table: Table, image: str, reports: Sequence[Report] = ()) -> Iterator[Vector]:
    """Every vector for a data set.

    Args:
        table: all splits of the data set.
        image: the column of its images.
        reports: a user's own measurements.

    Raises:
        ValueError: a report is of another data set, or of other images.
    """
    if isinstance(table.features.get(LOG_PROB), Scalar):
        log_prob = np.concatenate([table.store.column(split, LOG_PROB) for split, _ in table.splits])
        yield Vector("generator", "the generator itself", -log_prob.astype(np.float64), EXACT)
    yield from _certified(table)
    for report in reports:
        yield _of_report(table, image, report)


def _certified(table: Table) -> Iterator[Vector]:
    """The vectors of the leaderboard."""
    sizes = dict(table.splits)
    for found in leaderboard.vectors(table.name):
        if sizes.get(found.split) != len(found.nll):  # of another version of the data set
            continue
        nats = np.full(sum(sizes.values()), np.nan)
        first = table.offsets[found.split]
        nats[first : first + len(found.nll)] = found.nll
        yield Vector(slug(found.name), found.title, nats, found.kind)


def _of_report(table: Table, image: str, report: Report) -> Vector:
    about = report.dataset
    measured = f"{report.model} was measured on {about['name']}:{about['version']} {about['split']}"
    if about["name"] != table.name:
        raise ValueError(f"{measured}, not on {table.name}. Explore that data set: onebit explore {about['name']}")
    rows = Source(table, resolve(about["split"], dict(table.splits)), order=about["order"])
    if hashlib.sha256(table.stored(image, rows.rows()).tobytes()).hexdigest() != about["images_sha256"]:
        raise ValueError(
            f"{measured}, but on other images than {table.name}:{table.version} has there (their SHA-256 is "
            f"{about['images_sha256'][:12]}...). Evaluate the model again: onebit evaluate."
        )
    nats = np.full(sum(rows for _, rows in table.splits), np.nan)
    nats[rows.rows()] = report.nll
    return Vector(slug(report.model), report.model, nats, report.kind)


def slug(title: str) -> str:
    """A model's name as part of a column's name."""
    return re.sub(r"[^0-9A-Za-z]+", "_", title).strip("_").lower()[:40] or "model"
