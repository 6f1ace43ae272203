"""``onebit train``: settings on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import onebit.models
from onebit.cli import commands


@pytest.mark.real_data
def test_a_model_is_trained_measured_and_printed_by_one_command(
    tmp_path: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("equinox")
    monkeypatch.chdir(tmp_path)
    words = ["train", "bernoulli", "--from", str(real_data / "binarized_mnist/upstream")]
    words += ["--data-dir", str(tmp_path / "store")]
    result = CliRunner().invoke(commands, words)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("205.79 ± ") and "(exact)" in result.stdout and "n = 10,000" in result.stdout
    weights = Path("runs/bernoulli/model.npz")
    assert result.stdout.splitlines()[-1] == str(weights) and weights.is_file()
    report = onebit.models.report_of("runs/bernoulli")
    assert report.mean == pytest.approx(205.79, abs=0.01) and report.trained_on == "train"
    assert report.details["total_mass"]["sum_of_probabilities"] == pytest.approx(1, abs=1e-5)
    again = CliRunner().invoke(commands, words)
    assert again.stdout == result.stdout


def test_settings_reach_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}

    def train(model: str, **settings: object) -> Path:
        given.update(settings, model=model)
        return tmp_path / "model.npz"

    monkeypatch.setattr(onebit.models, "train", train)
    monkeypatch.setattr(onebit.models, "report_of", lambda run: f"the report in {run}")
    words = ["train", "nade", "--out", str(tmp_path), "--set", "epochs=3", "--dataset", "calibrated_digits"]
    result = CliRunner().invoke(commands, words)
    assert result.exit_code == 0, result.output
    assert given["model"] == "nade" and given["epochs"] == 3 and given["dataset"] == "calibrated_digits"
    assert given["out"] == tmp_path
    assert result.stdout == f"the report in {tmp_path}\n{tmp_path / 'model.npz'}\n"


def test_help_has_the_table_of_the_models() -> None:
    from onebit.models.baselines import BASELINES

    text = " ".join(CliRunner().invoke(commands, ["train", "--help"]).stdout.split())
    assert all(f"{name} {line.words}" in text for name, line in BASELINES.items())


def test_a_setting_without_a_value_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(commands, ["train", "nade", "--out", str(tmp_path), "--set", "epochs"])
    assert result.exit_code == 2
    assert "'epochs' has no value; write it as in --set epochs=60" in result.stderr


@pytest.mark.parametrize("name", ["out", "model", "data_dir", "source_dir", "images", "checkpoint_seconds"])
def test_what_is_no_setting_is_refused(tmp_path: Path, name: str) -> None:
    result = CliRunner().invoke(commands, ["train", "nade", "--out", str(tmp_path), "--set", f"{name}=x"])
    assert result.exit_code == 2
    assert f"{name!r} is no setting" in result.stderr


def test_an_unknown_model_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(commands, ["train", "nad", "--out", str(tmp_path)])
    assert result.exit_code == 1 and "nade" in result.stderr
