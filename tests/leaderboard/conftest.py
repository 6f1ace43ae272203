"""Certificates on calibrated_digits, which comes with the package and knows the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from certified_coins import ABOUT, Edit, Pixels

import onebit
from onebit.evaluation import Report
from onebit.leaderboard import certificates
from onebit.leaderboard.certificates import Certificate


@pytest.fixture(scope="session")
def digits_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data_dir with calibrated_digits in it."""
    folder = tmp_path_factory.mktemp("digits")
    onebit.builder("calibrated_digits", data_dir=folder).download_and_prepare()
    return folder


@pytest.fixture(scope="session")
def coins(digits_dir: Path) -> Pixels:
    """The shares of ink of the train split."""
    images = onebit.load("calibrated_digits", split="train", batch_size=-1, data_dir=digits_dir)["image"]
    return Pixels((images.reshape(len(images), -1).sum(axis=0) + 0.5) / (len(images) + 1))


@pytest.fixture(scope="session")
def report(coins: Pixels, digits_dir: Path) -> Report:
    """`coins`, measured."""
    return onebit.evaluate(coins, "calibrated_digits", split="test", trained_on="train", data_dir=digits_dir)


@pytest.fixture
def certified(report: Report, tmp_path: Path) -> Path:
    """A certificate of `coins`, in a folder of its own."""
    return Certificate(report, ABOUT).save(tmp_path / "certificate" / "coins.json")


@pytest.fixture
def edited(certified: Path) -> Edit:
    """Changes what the certificate says, and seals it again: ``edited(lambda content: ...)``."""

    def edit(change: Callable[[dict[str, Any]], Any], *, seal: bool = True) -> Path:
        content = json.loads(certified.read_bytes())
        change(content)
        if seal:
            content["certificate"]["seal"] = certificates.seal(content)
        certified.write_text(json.dumps(content))
        return certified

    return edit
