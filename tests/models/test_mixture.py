"""The mixture of Bernoullis: EM never goes down, and finds the templates that images were made from."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("equinox")

import onebit.models  # noqa: E402
from onebit.models import mixture  # noqa: E402

SETTINGS = {"components": 6, "pseudo_count": 0.1, "image_shape": [4, 4, 1]}


def images(rows: int = 3_000) -> np.ndarray:
    """Three templates with noise."""
    rng = np.random.default_rng(0)
    templates = rng.random((3, 16)) < 0.5
    return (templates[rng.integers(3, size=rows)] ^ (rng.random((rows, 16)) < 0.1)).astype(np.uint8)


def log_prior(params: mixture.Parameters, pseudo_count: float) -> float:
    """What the pseudo-counts stand for: EM increases the likelihood times this."""
    odds = np.asarray(params.log_odds, np.float64)
    pixels = np.sum(-np.logaddexp(0, -odds) - np.logaddexp(0, odds))
    return pseudo_count * (pixels + np.sum(np.asarray(params.log_weights, np.float64)))


def test_em_never_goes_down() -> None:
    pixels = images()
    params = mixture.init(jax.random.key(1), pixels, SETTINGS)
    reached = []
    for _ in range(25):
        before = log_prior(params, SETTINGS["pseudo_count"])
        params, nats = mixture.fit(params, pixels, SETTINGS, jax.random.key(0))
        reached.append(before - nats * len(pixels))
    steps = np.diff(reached)
    assert (steps > -0.05).all()  # of thousands of nats, in float32
    assert steps[:5].sum() > 100
    # The three templates are found: images of one with 10 % noise have 16 H(0.1) + log 3 nats.
    expected = -16 * (0.1 * np.log(0.1) + 0.9 * np.log(0.9)) + np.log(3)
    assert -np.mean(mixture.log_prob(params, pixels)) == pytest.approx(expected, abs=0.1)


def test_one_iteration_is_that_of_the_formulas() -> None:
    pixels = images(50)
    params = mixture.init(jax.random.key(1), pixels, SETTINGS)
    found, nats = mixture.fit(params, pixels, SETTINGS, jax.random.key(0))
    chance = 1 / (1 + np.exp(-np.asarray(params.log_odds, np.float64)))
    weight = np.exp(np.asarray(params.log_weights, np.float64))
    joint = np.array(
        [[w * np.prod(np.where(x, p, 1 - p)) for p, w in zip(chance, weight, strict=True)] for x in pixels]
    )
    assert nats == pytest.approx(-np.log(joint.sum(axis=1)).mean(), rel=1e-5)
    share = joint / joint.sum(axis=1, keepdims=True)
    expected = (share.T @ pixels + 0.1) / (share.sum(axis=0)[:, None] + 0.2)
    np.testing.assert_allclose(1 / (1 + np.exp(-np.asarray(found.log_odds))), expected, rtol=1e-3)
    weights = (share.sum(axis=0) + 0.1) / (50 + 0.6)
    np.testing.assert_allclose(np.exp(found.log_weights), weights, rtol=1e-4)


def test_a_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = images(600).reshape(-1, 4, 4, 1)
    splits = {"train": pixels[:400], "validation": pixels[400:500], "test": pixels[500:]}
    given = {"images": splits, "components": 4, "epochs": 6, "checkpoint_seconds": 0}
    onebit.models.train("mixture", out=tmp_path / "unbroken", **given)
    fit, calls = mixture.fit, itertools.count()

    def breaking(*args: object) -> object:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return fit(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(mixture, "fit", breaking)
        with pytest.raises(KeyboardInterrupt):
            onebit.models.train("mixture", out=tmp_path / "run", **given)
    onebit.models.train("mixture", out=tmp_path / "run", **given)
    with np.load(tmp_path / "unbroken/model.npz") as a, np.load(tmp_path / "run/model.npz") as b:
        assert a.files == b.files == ["log_odds", "log_weights"]
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name])
    assert len((tmp_path / "run/log.jsonl").read_text().splitlines()) == 7
