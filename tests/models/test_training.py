"""A run goes on after a kill as if nothing had happened, and says what is wrong with its settings."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("optax")

import onebit.models
from onebit.errors import FormatError
from onebit.models import training

SMALL = {"hidden_units": 8, "batch_size": 10, "epochs": 4, "warmup_steps": 10, "seed": 3}


def images(rows: int = 200) -> dict[str, np.ndarray]:
    """Stripes with noise, 5x5: something that can be learned."""
    rng = np.random.default_rng(0)
    pixels = (rng.random((2 * rows, 1, 5)) < 0.5) ^ (rng.random((2 * rows, 5, 5)) < 0.05)
    return {
        "train": pixels[:rows, ..., None].astype(np.uint8),
        "validation": pixels[rows : rows + 50, ..., None].astype(np.uint8),
        "test": pixels[rows + 50 : rows + 100, ..., None].astype(np.uint8),
    }


def log_without_times(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    for line in lines:
        assert line.pop("seconds") >= 0
    return lines


def assert_same_run(first: Path, second: Path) -> None:
    with np.load(first / "model.npz") as a, np.load(second / "model.npz") as b:
        assert a.files == b.files == ["input_weights", "output_weights", "output_bias", "hidden_bias"]
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name])
    assert log_without_times(first) == log_without_times(second)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "unbroken"
    assert onebit.models.train("nade", out=folder, images=images(), **SMALL) == folder / "model.npz"
    return folder


def test_it_learns_and_logs(unbroken: Path) -> None:
    log = log_without_times(unbroken)
    assert [line.get("epoch") for line in log] == [1, 2, 3, 4, None]
    assert [line["step"] for line in log[:-1]] == [20, 40, 60, 80]
    assert log[3]["validation_nats"] < log[0]["validation_nats"] < 25
    assert log[-1]["best_validation_nats"] == min(line["validation_nats"] for line in log[:-1])
    # The last line is the truth about the weights on disk.
    from onebit.models import ancestral

    with np.load(unbroken / "model.npz") as arrays:
        weights = ancestral.Weights(**{name: arrays[name].astype(np.float64) for name in arrays.files})
    assert log[-1]["test_nats"] == pytest.approx(-ancestral.log_prob(weights, images()["test"]).mean(), abs=1e-3)


@pytest.mark.parametrize("stop", [7, 40, 53])
def test_a_stopped_run_goes_on_exactly(
    unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    take_step = training._Run._take_step

    def breaking(self: training._Run, state: training.State) -> training.State:
        if state.step == stop:
            raise KeyboardInterrupt
        return take_step(self, state)

    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "_take_step", breaking)
        with pytest.raises(KeyboardInterrupt):
            onebit.models.train("nade", out=tmp_path / "run", images=images(), checkpoint_seconds=0.02, **SMALL)
    onebit.models.train("nade", out=tmp_path / "run", images=images(), **SMALL)
    assert_same_run(unbroken, tmp_path / "run")


def test_a_killed_process_goes_on_exactly(unbroken: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, onebit.models\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_training import SMALL, images\n"
        f"onebit.models.train('nade', out={str(tmp_path / 'run')!r}, images=images(), checkpoint_seconds=0, **SMALL)\n"
    )
    process = subprocess.Popen([sys.executable, script], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (tmp_path / "run/checkpoint.npz").exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()
    assert not (tmp_path / "run/model.npz").exists(), "it finished before it was killed"
    assert (tmp_path / "run/checkpoint.npz").exists()
    onebit.models.train("nade", out=tmp_path / "run", images=images(), **SMALL)
    assert_same_run(unbroken, tmp_path / "run")


@pytest.mark.parametrize("tick", [0.5, 0.7, 1.1])
def test_a_run_by_the_clock_measures_where_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tick: float
) -> None:
    """Wherever between two looks at the clock the time is over."""
    now = itertools.count(0, tick)
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: next(now)))
    onebit.models.train("nade", out=tmp_path / "run", images=images(), minutes=1, **SMALL)
    log = log_without_times(tmp_path / "run")
    with np.load(tmp_path / "run" / "checkpoint.npz") as saved:
        steps = saved[saved.files[-2]]
    assert log[-2]["step"] == steps < 80
    assert log[-1]["best_validation_nats"] == min(line["validation_nats"] for line in log[:-1])


def test_a_run_whose_time_ran_out_while_it_was_stopped_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_step = training._Run._take_step

    def breaking(self: training._Run, state: training.State) -> training.State:
        if state.step == 33:
            raise KeyboardInterrupt
        return take_step(self, state)

    timed = SMALL | {"minutes": 60}
    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "_take_step", breaking)
        with pytest.raises(KeyboardInterrupt):
            onebit.models.train("nade", out=tmp_path / "run", images=images(), checkpoint_seconds=0, **timed)
    with np.load(tmp_path / "run" / "checkpoint.npz") as saved:
        arrays = dict(saved)
    np.savez(tmp_path / "run" / "checkpoint.npz", **arrays | {"seconds": np.asarray(3601.0)})
    onebit.models.train("nade", out=tmp_path / "run", images=images(), **timed)
    assert [line.get("step") for line in log_without_times(tmp_path / "run")] == [20, 33, None]


def test_a_run_ends_early_when_it_does_not_improve(tmp_path: Path) -> None:
    """Without learning nothing improves after the first epoch."""
    settings = SMALL | {"epochs": 50, "patience": 3, "learning_rate": 0.0}
    onebit.models.train("nade", out=tmp_path / "run", images=images(), **settings)
    assert [line.get("epoch") for line in log_without_times(tmp_path / "run")] == [1, 2, 3, 4, None]
    (tmp_path / "run/model.npz").unlink()  # as if it had been killed just before the end
    onebit.models.train("nade", out=tmp_path / "run", images=images(), **settings)
    assert [line.get("epoch") for line in log_without_times(tmp_path / "run")] == [1, 2, 3, 4, None]


def test_a_finished_run_is_left_as_it_is(unbroken: Path) -> None:
    before = (unbroken / "model.npz").stat().st_mtime_ns, (unbroken / "log.jsonl").read_bytes()
    onebit.models.train("nade", out=unbroken, images=images(), **SMALL)
    assert before == ((unbroken / "model.npz").stat().st_mtime_ns, (unbroken / "log.jsonl").read_bytes())


def test_a_folder_keeps_one_run(unbroken: Path) -> None:
    with pytest.raises(ValueError, match=r"holds a run with epochs=4, not 5\. Give the settings in .*settings\.json"):
        onebit.models.train("nade", out=unbroken, images=images(), **(SMALL | {"epochs": 5}))


def test_another_seed_gives_another_run(unbroken: Path, tmp_path: Path) -> None:
    onebit.models.train("nade", out=tmp_path / "run", images=images(), **(SMALL | {"seed": 4}))
    assert log_without_times(unbroken) != log_without_times(tmp_path / "run")


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no model 'nad'. Choose one of: .*nade"):
        onebit.models.train("nad", out=tmp_path)
    with pytest.raises(
        ValueError, match=r"nade has no setting 'hidden'. Choose from: averaging, batch_size, .*hidden_units"
    ):
        onebit.models.train("nade", out=tmp_path, hidden=3)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("epochs", "abc", "a whole number of 1 or more is allowed, as in --set epochs=40"),
        ("epochs", 0, "a whole number of 1 or more"),
        ("epochs", -1, "a whole number of 1 or more"),
        ("epochs", 2.5, "a whole number of 1 or more"),
        ("epochs", True, "a whole number of 1 or more"),
        ("epochs", None, "a whole number of 1 or more"),
        ("batch_size", 0, "a whole number of 1 or more"),
        ("batch_size", 201, "the train split has 200 images, and a batch no more"),
        ("learning_rate", float("nan"), "a number of 0 or more"),
        ("learning_rate", -1, "a number of 0 or more"),
        ("decay_fraction", 2, "a number from 0 to 1"),
        ("seed", -1, "a whole number from 0 to 4294967295"),
        ("seed", 2**32, "a whole number from 0 to 4294967295"),
        ("minutes", -1, "a number above 0, or null, is allowed, as in --set minutes=null"),
        ("hidden_units", 0, "a whole number of 1 or more is allowed, as in --set hidden_units=500"),
        ("hidden_units", "many", "a whole number of 1 or more"),
        ("dataset", 5, "a text"),
        ("image_shape", [3, 3, 1], "nade has no setting 'image_shape'"),
    ],
)
def test_settings_that_cannot_be_leave_the_folder_to_those_that_can(
    tmp_path: Path, name: str, value: object, allowed: str
) -> None:
    said = "nade has" if name == "image_shape" else f"{name}={value!r} was given; "
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        onebit.models.train("nade", out=tmp_path, images=images(), **(SMALL | {name: value}))
    assert allowed in str(caught.value)
    assert not (tmp_path / "settings.json").exists()


def test_without_pseudo_counts_what_was_not_seen_would_be_impossible(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pseudo_count=0 was given; a number above 0 is allowed"):
        onebit.models.train("bernoulli", out=tmp_path, images=images(), pseudo_count=0)


def test_what_only_the_model_refuses_leaves_the_folder_free_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="method='x'"):
        onebit.models.train("rbm", out=tmp_path, images=images(), method="x")
    with pytest.raises(ValueError, match="Dataset nosuch not found"):
        onebit.models.train("nade", out=tmp_path, dataset="nosuch")
    assert not (tmp_path / "settings.json").exists()


def test_a_training_that_diverges_ends_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(training.DivergedError, match=r"After the first epoch of nade .* nan nats.* learning_rate"):
        onebit.models.train("nade", out=tmp_path, images=images(), **(SMALL | {"learning_rate": 1e30}))
    assert not (tmp_path / "model.npz").exists()


def test_damaged_files_of_a_run_are_named_with_what_to_do(unbroken: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(unbroken, run)
    (run / "model.npz").write_bytes(b"")
    with pytest.raises(FormatError, match=r"run is damaged .*model\.npz.* Delete model\.npz, and onebit train"):
        onebit.models.load(run)
    (run / "model.npz").unlink()
    onebit.models.train("nade", out=run, images=images(), **SMALL)
    assert_same_run(run, unbroken)
    (run / "model.npz").unlink()
    whole = (run / "checkpoint.npz").read_bytes()
    for content in (b"", whole[:500], b"x" * 500):
        (run / "checkpoint.npz").write_bytes(content)
        with pytest.raises(FormatError, match=r"checkpoint\.npz is damaged .* Delete it, and the same command trains"):
            onebit.models.train("nade", out=run, images=images(), **SMALL)
    for content in ("{", "[]", ""):
        (run / "settings.json").write_text(content)
        with pytest.raises(FormatError, match=r"settings\.json is damaged .* Delete the folder"):
            onebit.models.train("nade", out=run, images=images(), **SMALL)


def test_one_process_at_a_time_trains_in_a_folder(tmp_path: Path) -> None:
    with training._alone(tmp_path):
        with pytest.raises(training.RunTakenError, match=r"Another process trains in .* give another --out"):
            onebit.models.train("nade", out=tmp_path, images=images(), **SMALL)
        assert not (tmp_path / "settings.json").exists()
    onebit.models.train("nade", out=tmp_path, images=images(), **SMALL)


def test_a_missing_package_is_named_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "onebit.models.training")
    monkeypatch.delattr(onebit.models, "training")
    monkeypatch.setitem(sys.modules, "optax", None)
    with pytest.raises(ImportError, match=r"Training nade needs optax.*pip install 'onebit\[models\]'"):
        onebit.models.train("nade", out=tmp_path)


def test_images_of_a_last_short_batch_count_once() -> None:
    pixels = images()["train"][:23].reshape(23, -1)
    sizes = []

    def ink(batch: np.ndarray) -> np.ndarray:
        sizes.append(len(batch))
        return batch.sum(axis=1)

    np.testing.assert_array_equal(training.numbers(ink, pixels, batch=10), pixels.sum(axis=1))
    assert sizes == [10, 10, 10]
