"""Replays: the same model passes, another one does not, and tolerance is no loophole."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from certified_coins import ABOUT, Pixels

import onebit
from onebit.errors import NotPreparedError
from onebit.evaluation import RBM, Report
from onebit.leaderboard import checks, replays
from onebit.leaderboard.certificates import Certificate


class Latent:
    """A bound that is drawn: the likelihood of coins, with noise whose exponential has mean one."""

    def __init__(self, coins: Pixels, seed: int = 0) -> None:
        self.coins, self.seed = coins, seed

    def log_weights(self, x: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
        noise = rng.normal(-0.125, 0.5, (len(x), k, self.seed + 1))[..., self.seed]
        return self.coins.log_prob(x)[:, np.newaxis] + noise


def test_the_same_model_reaches_level_three(certified: Path, coins: Pixels, digits_dir: Path) -> None:
    checked = checks.check(certified, coins, data_dir=digits_dir, probe_images=60)
    assert checked.failed == []
    assert checked.level == 3
    assert checked.to_json()["word"] == "probed"


def test_another_model_stays_consistent(certified: Path, coins: Pixels, digits_dir: Path) -> None:
    other = Pixels(np.clip(np.exp(coins.on) * 1.05, 0, 0.99))
    checked = checks.check(certified, other, data_dir=digits_dir, probe_images=20)
    assert checked.level == 1
    assert [finding.name for finding in checked.failed] == ["replay"]
    assert "exact numbers come out again within 0.001 nats" in checked.failed[0].text


def test_a_model_that_shows_nothing_is_replayed_but_not_probed(
    certified: Path, coins: Pixels, digits_dir: Path
) -> None:
    class Silent:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            return coins.log_prob(x)

    checked = checks.check(certified, Silent(), data_dir=digits_dir, probe_images=20)
    assert (checked.level, checked.failed) == (2, [])


def test_a_model_of_another_kind(certified: Path, coins: Pixels, digits_dir: Path) -> None:
    checked = checks.check(certified, Latent(coins), data_dir=digits_dir, probe_images=20)
    assert checked.level == 1
    assert "could not be measured as the report says: TypeError: Latent cannot be measured by protocol 'exact'" in (
        checked.failed[0].text
    )


def test_an_inconsistent_certificate_is_not_replayed(certified: Path, coins: Pixels, digits_dir: Path) -> None:
    class Trap:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            raise SystemExit("was called")

    certified.with_name("coins.npy").unlink()
    assert checks.check(certified, Trap(), data_dir=digits_dir).level == 0


def test_nothing_is_fetched(report: Report, coins: Pixels, tmp_path: Path) -> None:
    import json

    content = json.loads(report.save(tmp_path / "x.json").read_bytes())
    digest = onebit.builder("binarized_mnist", data_dir=tmp_path).record.splits["test"].digests["image"]
    column = {"split": "test", "start": 0, "stop": 10_000, "sha256": digest}
    content["dataset"] |= {"name": "binarized_mnist", "columns": [column]}
    content["summary"] = {name: value for name, value in content["summary"].items() if "gap" not in name}
    del content["arrays"]["reference"]
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(NotPreparedError, match=r"nothing is fetched\. Type: onebit prepare binarized_mnist"):
        checks.check(tmp_path / "x.json", coins, data_dir=tmp_path / "nothing")


# Numbers from random samples ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def bound(coins: Pixels, digits_dir: Path) -> Report:
    return onebit.evaluate(Latent(coins), "calibrated_digits", split="test", k=20, data_dir=digits_dir)


def test_bounds_with_the_same_samples(bound: Report, coins: Pixels, digits_dir: Path, tmp_path: Path) -> None:
    path = Certificate(bound, ABOUT).save(tmp_path / "bound.json")
    checked = checks.check(path, Latent(coins), data_dir=digits_dir, probe_images=40)
    assert checked.failed == []
    assert checked.level == 3  # a bound needs no sum
    assert any("each within 0.001 nats" in finding.text for finding in checked.findings)


def test_bounds_with_other_samples(bound: Report, coins: Pixels, digits_dir: Path) -> None:
    found = replays.replay(bound, Latent(coins, seed=1), data_dir=digits_dir)[0]
    assert found.outcome == "passed"
    assert "With other random numbers the mean differs by" in found.text


def test_what_the_tolerance_does_not_allow(bound: Report) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, len(bound.nll))

    def outcome(nll: np.ndarray) -> str:
        return replays.compare(dataclasses.replace(bound, nll=nll), bound).outcome

    assert outcome(bound.nll + noise) == "passed"
    assert outcome(bound.nll + noise - 0.1) == "failed"  # a tenth of a nat better
    assert outcome(bound.nll[::-1].copy()) == "failed"  # the same mean, other images
    assert outcome(np.full_like(bound.nll, bound.mean) + noise) == "failed"


def test_the_constant_of_an_energy(coins: Pixels, digits_dir: Path) -> None:
    machine = RBM(np.random.default_rng(0).normal(0, 0.05, (784, 4)), coins.on - coins.off, np.zeros(4))
    settings: dict[str, Any] = {"schedule": "linear:30", "chains": 20, "reverse": False}
    report = onebit.evaluate(machine, "calibrated_digits", split="test", data_dir=digits_dir, **settings)
    same = replays.replay(report, machine, data_dir=digits_dir)[0]
    assert "each within 0.001 nats" in same.text
    other = onebit.evaluate(machine, "calibrated_digits", split="test", seed=1, data_dir=digits_dir, **settings)
    found = replays.compare(report, other)
    assert (found.outcome, "log Z differs by" in found.text) == ("passed", True)
    shifted = dataclasses.replace(report, nll=report.nll - 5)
    assert replays.compare(shifted, other).outcome == "failed"
    energies = dataclasses.replace(report, nll=report.nll + np.random.default_rng(0).normal(0, 0.1, len(report.nll)))
    assert "it is another model" in replays.compare(energies, other).text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 10**12}, "settings.k is '1000000000000', which cannot be replayed"),
        ({"k": True}, "settings.k is 'True'"),
        ({"k": "5"}, "settings.k is '5'"),
        ({"chunk_size": 0}, "settings.chunk_size is '0'"),
    ],
)
def test_settings_of_strangers(bound: Report, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replays.settings_of(dataclasses.replace(bound, settings={**bound.settings, **settings}))


@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": "linear:99999999"}, {"schedule": "/etc/passwd"}, {"schedule": [0, 1]}, {"engine": "os"},
        {"base": "../train"}, {"base": "train[" + "9" * 99 + "]"}, {"base": 5},
    ],
)  # fmt: skip
def test_settings_of_annealing_from_strangers(bound: Report, settings: dict[str, Any]) -> None:
    annealed = dataclasses.replace(bound, protocol="ais", kind="estimate", errs="low", settings=settings, arrays={})
    with pytest.raises(ValueError, match="which cannot be replayed"):
        replays.settings_of(annealed)


def test_settings_that_are_taken_over(bound: Report) -> None:
    settings = {"schedule": "sm2008/10", "chains": 100, "base": "train+validation[:50%]", "engine": "jax", "x": 1}
    annealed = dataclasses.replace(bound, protocol="ais", kind="estimate", errs="low", settings=settings, arrays={})
    del settings["x"]
    assert replays.settings_of(annealed) == settings
