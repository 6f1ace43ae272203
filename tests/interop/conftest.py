"""Tests against the real TFDS, TensorFlow, PyTorch, Grain, h5py, pyarrow and datasets: ``make test-interop``.

They are collected only where that target asks for them, in an environment of their own; there nothing is skipped. Those
for JAX, and those without any framework, run in ``make test``, and only there.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pytest

IN_MAKE_TEST = {"test_jax_arrays.py", "test_missing_frameworks.py"}
OTHERS = {path.name for path in Path(__file__).parent.glob("test_*.py")} - IN_MAKE_TEST
collect_ignore = sorted(IN_MAKE_TEST if "ONEBIT_INTEROP" in os.environ else OTHERS)

# Before TensorFlow and datasets are imported: no GPU, no chatter, no network.
os.environ |= {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "NO_GCE_CHECK": "true",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The warnings of these packages are not ours."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.path.name not in IN_MAKE_TEST:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def tfds(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """TensorFlow Datasets, with a data folder of its own."""
    import tensorflow_datasets

    assert tensorflow_datasets.__version__ == "4.9.10"  # the version that all of this is about
    tensorflow_datasets.disable_progress_bar()
    return tensorflow_datasets
