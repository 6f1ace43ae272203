"""The package itself: its public names, and what importing it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import onebit
from onebit.builders import DatasetBuilder

PUBLIC = {
    "audit", "BenchmarkResult", "BuilderConfig", "GeneratorBasedBuilder", "SplitGenerator", "compat", "core",
    "decode", "download", "testing", "DamagedStoreError", "Dataset", "DatasetInfo", "DatasetNotFoundError",
    "FormatError",
    "INFINITE_CARDINALITY", "MissingDependencyError", "NotPreparedError", "NotWrittenError", "OnebitError",
    "ReadConfig",
    "ReadInstruction", "SourcesExhaustedError", "Split", "TransferError", "UNKNOWN_CARDINALITY", "Version",
    "VersionNotFoundError", "WrongDataError", "__version__", "as_dataframe", "as_numpy", "benchmark",
    "builder", "builder_cls", "builder_from_directory", "data_source", "disable_progress_bar",
    "display_progress_bar", "enable_progress_bar", "evaluate",
    "even_splits", "export", "features", "leaderboard", "list_builders",
    "load", "show_examples", "split_for_jax_process", "verify",
}  # fmt: skip


def test_public_names() -> None:
    """A new name is a promise: it is added here by hand. A name that goes breaks somebody's script."""
    assert set(dir(onebit)) == PUBLIC
    assert sorted(onebit.__all__) == sorted(dir(onebit))
    assert len(onebit.__all__) == len(set(onebit.__all__))


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(onebit, name)
    if callable(value) or isinstance(value, ModuleType):
        assert value.__doc__


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"^module 'onebit' has no attribute 'beam'\. onebit does not run"):
        onebit.beam  # noqa: B018 - a name of TFDS
    with pytest.raises(AttributeError, match=r"^module 'onebit' has no attribute 'laod'$"):
        _ = onebit.laod
    with pytest.raises(ImportError):
        from onebit import laod  # noqa: F401


def test_the_namespace_has_what_the_documentation_names() -> None:
    assert onebit.__version__.count(".") == 2
    for name in ("FeaturesDict", "Image", "Scalar", "ClassLabel", "Tensor"):
        assert hasattr(onebit.features, name)


# What it costs ------------------------------------------------------------------------------------------------------

FORBIDDEN = {
    "requests",
    "urllib3",
    "rich",
    "click",
    "filelock",
    "platformdirs",
    "importlib.metadata",
    "ssl",
    "socket",
    "lzma",
}

REPORT = """
import json, os, sys
before = set(sys.modules)
{code}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def imported_by(code: str, **environment: str) -> set[str]:
    """The modules that some code imports in a fresh interpreter."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ONEBIT_")} | environment
    run = subprocess.run(
        [sys.executable, "-c", REPORT.format(code=code)], env=clean, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    found: list[str] = json.loads(run.stdout.splitlines()[-1])
    return set(found)


def check(found: set[str], allowed: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    assert not (found & FORBIDDEN) - allowed
    numpys = {"numpy", "cython_runtime"}
    others = {name.partition(".")[0] for name in found} - set(sys.stdlib_module_names) - numpys - {"onebit"} - allowed
    assert {name for name in others if not name.startswith("_cython")} == set()


NUMPY = imported_by("import numpy")


def test_importing_onebit_costs_numpy_and_a_little() -> None:
    found = imported_by("import onebit")
    check(found)
    assert "onebit.loading" in found
    assert not found & {"onebit.sources", "onebit.transfers", "onebit.formats.matlab", "onebit.progress", "onebit.cli"}
    # Modules of the standard library that cost milliseconds each, unless NumPy has paid already.
    assert not (found - NUMPY) & {
        "asyncio",
        "multiprocessing",
        "typing_extensions",
        "unittest",
        "zipfile",
        "xml",
        "tempfile",
    }


LOAD = """
import onebit
dataset = onebit.load({name!r}, split={split!r}{more})
seen = list(dataset.take(4))
batches = [batch["image"].shape for batch in dataset.shuffle(seed=0).batch(16).take(3)]
dataset.arrays(), dataset.bits(), dataset[0], len(dataset), repr(dataset)
"""


@pytest.mark.parametrize("split", ["train", "train+test", "train[:10%]"])
def test_loading_prepared_data_costs_no_dependency(small_site: str, prepared: DatasetBuilder, split: str) -> None:
    arguments: dict[str, Any] = {"name": prepared.name, "split": split}
    check(imported_by(small_site + LOAD.format(**arguments, more=f", data_dir={prepared.data_dir_root!r}")))
    check(imported_by(small_site + LOAD.format(**arguments, more=""), ONEBIT_DATA_DIR=prepared.data_dir_root))


def test_the_platforms_folder_costs_platformdirs_alone(
    small_site: str, prepared: DatasetBuilder, tmp_path: Path
) -> None:
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    root = imported_by_and_said("import onebit.locations; print(onebit.locations.data_dir_root())", **home)
    Path(root).parent.mkdir(parents=True, exist_ok=True)
    Path(root).symlink_to(prepared.data_dir_root)
    found = imported_by(small_site + LOAD.format(name=prepared.name, split="train", more=""), **home)
    assert "platformdirs" in found
    check(found, allowed={"platformdirs", "lzma"})  # it imports tempfile, and that lzma


def imported_by_and_said(code: str, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ONEBIT_")} | environment
    return subprocess.run(
        [sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.real_data
def test_loading_the_real_data_costs_no_dependency(real_prepared: Path) -> None:
    check(imported_by(LOAD.format(name="binarized_mnist", split="train", more=f", data_dir={str(real_prepared)!r}")))
