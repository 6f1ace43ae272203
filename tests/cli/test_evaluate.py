"""``onebit evaluate``."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from onebit.evaluation import Report

Invoke = Callable[..., Result]

MODELS = '''
"""Models for the command line."""

import numpy as np

from onebit.evaluation import RBM

from neighbour import FAIR


class Coins:
    def log_prob(self, x):
        return np.full(len(x), x[0].size * np.log(FAIR))


class Latent:
    name = "one sample as good as another"

    def log_weights(self, x, k, rng):
        return -540 + rng.standard_normal((len(x), k))


coins = Coins()


def make():
    return coins


def rbm():
    return RBM(np.zeros((784, 3)), np.zeros(784), np.zeros(3))


number = 3
'''


@pytest.fixture
def models(
    registered: str, small_sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[str, ...]]:
    """The beginning of a command line for a model of that file, on small_digits."""
    monkeypatch.setenv("ONEBIT_SOURCE_DIR", str(small_sources))
    file = tmp_path / "command_line_models.py"
    file.write_text(MODELS)
    (tmp_path / "neighbour.py").write_text("FAIR = 0.5\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "neighbour", raising=False)
    return lambda name: ("evaluate", f"{file}:{name}", "--dataset", registered)


@pytest.mark.parametrize("name", ["coins", "Coins", "make"])
def test_an_object_a_class_or_a_function(invoke: Invoke, models: Callable[..., tuple[str, ...]], name: str) -> None:
    result = invoke(*models(name))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "543.43 ± 0.00 nats/image (exact), 1.0000 bits/pixel, n = 50, small_digits:1.2.3 test sha256:"
    )


def test_out(invoke: Invoke, models: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    out = tmp_path / "coins.json"
    result = invoke(*models("coins"), "--split", "validation", "--out", out, "--trained-on", "train", "--name", "fair")
    assert result.exit_code == 0, result.output
    assert f"Saved: {out}" in result.stderr
    report = Report.load(out)
    assert (report.model, report.trained_on) == ("fair", "train")
    assert report.dataset["num_examples"] == 70
    np.testing.assert_allclose(np.load(out.with_suffix(".npy")), 784 * math.log(2))


def test_json(invoke: Invoke, models: Callable[..., tuple[str, ...]]) -> None:
    found = json.loads(invoke(*models("Latent"), "--k", "40", "--seed", "3", "--chunk-size", "20", "--json").stdout)
    assert found["settings"] == {"k": 40, "chunk_size": 20, "block_size": 40}
    assert (found["kind"], found["seed"]) == ("upper bound", 3)
    assert found["model"] == "one sample as good as another"
    assert 539 < found["summary"]["mean_nats"] < 540


def test_annealing(invoke: Invoke, models: Callable[..., tuple[str, ...]]) -> None:
    result = invoke(*models("rbm"), "--schedule", "linear:4", "--chains", "5", "--base", "validation")
    assert result.exit_code == 0, result.output
    first, *lines = result.stdout.splitlines()
    assert "(estimate, AIS, 4 temperatures, 5 chains; errs low)" in first
    assert lines[0].startswith("log Z: 54")  # that of 787 coins is 545.5
    assert lines[1].startswith("log Z in reverse: 54")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("coins", "--k", "5"), "protocol 'exact' has no setting 'k'"),
        (("number",), "int has none of the methods that a model is measured by"),
        (("nobody",), "has no 'nobody'"),
        (("coins", "--out", "report.txt"), "'report.txt' does not end in .json"),
        (("coins", "--weights", __file__), "--weights belongs to the model sm2008"),
    ],
)
def test_command_lines_that_are_not_understood(
    invoke: Invoke, models: Callable[..., tuple[str, ...]], arguments: tuple[str, ...], text: str
) -> None:
    result = invoke(*models(arguments[0]), *arguments[1:])
    assert result.exit_code == 2
    assert text in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("nade", "'nade' names no model. Write FILE.py:NAME"),
        ("nowhere.py:model", "There is no file nowhere.py"),
        ("onebit_nowhere.models:model", "There is no module onebit_nowhere.models"),
        ("onebit.evaluation:nobody", "has no 'nobody'"),
    ],
)
def test_models_that_are_not_there(invoke: Invoke, model: str, text: str) -> None:
    result = invoke("evaluate", model)
    assert result.exit_code == 2
    assert text in " ".join(result.stderr.split())


def test_a_wrong_answer_is_a_message(invoke: Invoke, models: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("FAIR = 2.0\n")
    result = invoke(*models("coins"))
    assert result.exit_code == 1
    assert "for image 0. Rule: the probability of an image is at most 1" in " ".join(result.stderr.split())


@pytest.mark.real_data
def test_the_published_machine(
    invoke: Invoke, real_data: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = real_data / "rbm" / "rbm_CD25_500.mat"
    arguments = ("--weights", weights, "--data-dir", prepared, "--schedule", "sm2008/500", "--chains", "5")
    result = invoke("evaluate", "sm2008", *arguments)
    assert result.exit_code == 0, result.output
    assert "AIS, 30 temperatures, 5 chains; errs low" in result.stdout
    assert "train+validation images" in result.stdout


def test_workers_share_the_images_out(models: Callable[[str], tuple[str, ...]], invoke: Invoke) -> None:
    alone = json.loads(invoke(*models("coins"), "--json").stdout)
    shared = json.loads(invoke(*models("coins"), "--json", "--workers", "2").stdout)
    assert shared["summary"] == alone["summary"]
    assert shared["hardware"]["shared_out_to"] == "2 local processes"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--workers", "2", "--executor", "dask://127.0.0.1:1"), "local processes or a cluster. Give one."),
        (("--workers", "0"), "0 is not in the range x>=1"),
        (("--executor", "127.0.0.1:1"), "Write dask://HOST:PORT"),
    ],
)
def test_workers_that_are_none(
    options: tuple[str, ...], message: str, models: Callable[[str], tuple[str, ...]], invoke: Invoke
) -> None:
    result = invoke(*models("coins"), *options)
    assert result.exit_code != 0
    assert message in result.stderr + str(result.exception)
