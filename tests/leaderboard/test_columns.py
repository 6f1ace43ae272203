"""Certified vectors beside the images."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from certified_coins import ABOUT, Pixels

import onebit
from onebit import leaderboard
from onebit.evaluation import Report
from onebit.leaderboard.certificates import Certificate


@pytest.fixture
def folder(report: Report, tmp_path: Path) -> Path:
    home = tmp_path / "certified" / "calibrated_digits"
    Certificate(report, ABOUT).save(home / "coins.json")
    worse = dataclasses.replace(report, nll=report.nll + 1)
    worse.save(home / "worse.json")
    return tmp_path


def test_every_certified_vector_is_a_column(folder: Path, report: Report, coins: Pixels, digits_dir: Path) -> None:
    found = {vector.name: vector for vector in leaderboard.vectors("calibrated_digits", folder=folder)}
    assert (found["coins"].title, found["coins"].split, found["coins"].kind) == ("Independent coins", "test", "exact")
    np.testing.assert_array_equal(found["worse"].nll, report.nll + 1)
    # In the order in which onebit.load gives the images.
    images = onebit.load("calibrated_digits", split="test", batch_size=-1, data_dir=digits_dir)["image"]
    np.testing.assert_allclose(found["coins"].nll, -coins.log_prob(images))


def test_best_first(folder: Path) -> None:
    means = [vector.nll.mean() for vector in leaderboard.vectors("calibrated_digits", folder=folder)]
    assert means == sorted(means)


@pytest.mark.parametrize("dataset", ["nothing", "../certified", "*"])
def test_a_data_set_without_results(dataset: str, folder: Path) -> None:
    assert leaderboard.vectors(dataset, folder=folder) == []
