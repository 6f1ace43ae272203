"""``onebit new``: what is made works as it is, and nothing that is there is touched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


def test_what_is_made_works_as_it_is(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = invoke("new", "MyDataset")
    assert made.stdout == "my_dataset\n"
    assert made.stderr.splitlines() == [
        "Next, type: onebit prepare ./my_dataset --from ./my_dataset/dummy_data",
        "and to test it: python -m pytest ./my_dataset",
    ]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "my_dataset/CITATIONS.bib", "my_dataset/README.md", "my_dataset/TAGS.txt", "my_dataset/__init__.py",
        "my_dataset/checksums.tsv", "my_dataset/dummy_data/my_dataset.npz", "my_dataset/my_dataset_dataset_builder.py",
        "my_dataset/my_dataset_dataset_builder_test.py",
    ]  # fmt: skip
    invoke("prepare", "./my_dataset", "--from", "my_dataset/dummy_data")
    assert "What the images show" in invoke("info", "./my_dataset").stdout
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "my_dataset"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "4 passed" in run.stdout, run.stdout + run.stderr


def test_nothing_that_is_there_is_touched(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    refused = invoke("new", "mine", "--dir", str(tmp_path))
    assert f"{tmp_path / 'mine'} is there already. Choose another name, or another folder with --dir." in " ".join(
        refused.stderr.split()
    )
    assert not list((tmp_path / "mine").iterdir())
    refused = invoke("new", "binarized_mnist", "--dir", str(tmp_path))
    assert refused.exit_code == 1
    assert "onebit has a data set called binarized_mnist. Choose another name." in " ".join(refused.stderr.split())
    for name in ("my-dataset", "../x", "1st", ""):
        refused = invoke("new", name, "--dir", str(tmp_path))
        assert refused.exit_code == 2
        assert "is no name of a data set: write letters, digits and underscores, as in my_dataset." in " ".join(
            refused.stderr.split()
        )
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
