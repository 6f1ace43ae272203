"""Trained models come back from their folders, and from the package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("equinox")

import onebit  # noqa: E402
import onebit.models  # noqa: E402
from onebit.models import made, trained  # noqa: E402


def test_a_run_comes_back_as_a_model(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = {split: (rng.random((60, 4, 3, 1)) < 0.3).astype(np.uint8) for split in ("train", "validation", "test")}
    settings = {"hidden_units": 6, "orderings": 2, "epochs": 2, "batch_size": 10}
    path = onebit.models.train("made", out=tmp_path / "run", images=images, **settings)
    model = onebit.models.load(path.parent)
    assert model.name == "made" and model.image_shape == (4, 3, 1) and model.settings["orderings"] == 2
    last = json.loads((tmp_path / "run/log.jsonl").read_text().splitlines()[-1])
    assert -np.mean(model.log_prob(images["test"])) == pytest.approx(last["test_nats"], abs=1e-3)
    assert model.params.ranks.dtype == np.int32  # masks come back as what they were
    assert model.sample(5, seed=1).shape == (5, 4, 3, 1)
    np.testing.assert_array_equal(model.sample(5, seed=1), model.sample(5, seed=1))


def test_the_generator_of_calibrated_digits_is_the_nade_of_the_package() -> None:
    model = onebit.models.load("nade")
    batch = onebit.load("calibrated_digits", split="test").take(200).arrays()
    np.testing.assert_allclose(model.log_prob(batch["image"]), batch["log_prob"], rtol=1e-5)


def test_weights_that_do_not_fit_are_refused() -> None:
    params = made.init(jax.random.key(0), np.zeros((2, 784), np.uint8), made.SETTINGS | {"hidden_units": 4})
    arrays = trained.named(params)
    settings = {"model": "made", "options": {"hidden_units": 5, "orderings": 8}}
    with pytest.raises(ValueError, match=r"first should have shape \(784, 5\), and has shape \(784, 4\)"):
        trained.restored(settings, arrays)
    del arrays["output_bias"]
    with pytest.raises(ValueError, match=r"output_bias should have shape .*, and is missing"):
        trained.restored({"model": "made", "options": {"hidden_units": 4, "orderings": 8}}, arrays)


def test_what_is_not_there_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no settings\.json and no model\.npz: it is no folder of a"):
        onebit.models.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"The weights of made are not in the package \(.*nade.*Type: onebit t"):
        onebit.models.load("made")
