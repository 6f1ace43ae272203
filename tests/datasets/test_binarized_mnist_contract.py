"""binarized_mnist keeps the contract of data sets; what is known of its content is tested in tests/survival."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onebit.builders import DatasetBuilder
from onebit.datasets import binarized_mnist
from onebit.testing import DatasetBuilderTestCase


@pytest.mark.real_data
class BinarizedMnistTest(DatasetBuilderTestCase):
    """The contract."""

    DATASET_CLASS = binarized_mnist.Builder
    SPLITS = {"train": 50_000, "validation": 10_000, "test": 10_000}

    def prepare(self, builder: DatasetBuilder) -> None:
        builder.download_and_prepare(source_dir=Path(os.environ["ONEBIT_TEST_DATA"]) / "binarized_mnist" / "upstream")
