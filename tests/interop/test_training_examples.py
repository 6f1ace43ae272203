"""The examples that train run with their real frameworks, learn, and see the same batches. JAX's is elsewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from absl import flags

EXAMPLES = Path(__file__).parents[2] / "examples"
SHORT = ["--train", "train[:1000]", "--test", "test[:100]", "--epochs", "2"]
flags.FLAGS.mark_as_parsed()  # as absl.app.run does in a program


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def losses(printed: str) -> list[float]:
    return [float(found) for found in re.findall(r"(?:epoch \d+|loss): ([\d.]+)", printed)]


@pytest.mark.parametrize("name", ["train_torch", "train_tf", "train_grain", "train_hf"])
def test_it_learns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = example(name).main(SHORT)
    first, second = losses(capsys.readouterr().out)
    assert second < first < 28 * 28 * np.log(2)
    assert (report.kind, report.flags) == ("exact", ())
    assert report.nll.mean() < first


def test_pytorch_and_tensorflow_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """The same model and the same batches: the losses of an epoch differ in the rounding of float32."""
    seen = []
    for name in ("train_torch", "train_tf"):
        example(name).main(SHORT)
        seen.append(losses(capsys.readouterr().out))
    assert seen[0] == pytest.approx(seen[1], rel=1e-3)


def test_pytorch_goes_on_where_it_was_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = example("train_torch")
    whole = train.main(SHORT)
    stopped = [*SHORT, "--checkpoint", str(tmp_path / "model.pt")]
    train.main([*stopped, "--stop-after", "7"])
    train.main([*stopped, "--stop-after", "6", "--workers", "2"])
    assert "goes on in epoch 0 after 7 batches" in capsys.readouterr().out
    report = train.main(stopped)
    assert "goes on in epoch 1 after 3 batches" in capsys.readouterr().out
    assert np.allclose(report.nll, whole.nll, rtol=1e-4)
