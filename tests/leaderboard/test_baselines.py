"""Certificates of our own baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from certified_coins import Pixels

from onebit.evaluation import Report
from onebit.leaderboard import baselines, certificates, entries
from onebit.leaderboard.certificates import About
from onebit.models.baselines import BASELINES


def test_every_baseline_has_words() -> None:
    words = json.loads(baselines.ABOUT.read_bytes())
    assert set(words) >= set(BASELINES)
    for name, content in words.items():
        about = About(**content, authors=baselines.AUTHORS, command=f"onebit train {name}")
        assert about.description.endswith(".")


def test_every_certificate_of_the_package_says_what_it_is() -> None:
    words = json.loads(baselines.ABOUT.read_bytes())
    for path in entries.certified_files(entries.PACKAGE):
        assert path.stem in words


@pytest.fixture
def home(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the package's with one report in it."""
    path = report.save(tmp_path / "certified" / "calibrated_digits" / "bernoulli.json")
    monkeypatch.setattr(entries, "PACKAGE", tmp_path)
    return path


def test_a_report_becomes_a_certificate_once(home: Path) -> None:
    baselines.main([])
    first = home.read_bytes()
    about = certificates.read(home).about
    assert (about.title, about.authors) == ("Independent Bernoulli pixels", ("The onebit authors",))
    assert about.command == "onebit train bernoulli --dataset calibrated_digits"
    baselines.main([])
    assert home.read_bytes() == first


def test_with_its_model_it_is_checked(
    home: Path, coins: Pixels, digits_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(name: str, dataset: str, runs: Path) -> Any:
        assert (name, dataset, runs) == ("bernoulli", "calibrated_digits", Path("elsewhere"))
        return coins

    coins.params = {"on": coins.on}  # type: ignore[attr-defined]
    monkeypatch.setattr(baselines, "trained", found)
    monkeypatch.setenv("ONEBIT_DATA_DIR", str(digits_dir))
    baselines.main(["--check", "--runs", "elsewhere"])
    assert "calibrated_digits/bernoulli: level 3, probed" in capsys.readouterr().out
    entry = entries.read_certified(home)
    assert (entry.level, entry.about.parameters) == (3, 784)  # type: ignore[union-attr]


def test_a_model_that_is_not_at_hand(tmp_path: Path) -> None:
    assert baselines.trained("bernoulli", "calibrated_digits", tmp_path) is None
