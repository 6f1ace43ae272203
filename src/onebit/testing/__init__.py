"""What tests of programs that use onebit, and of data sets of one's own, need."""

from __future__ import annotations

from onebit.testing.contract import DatasetBuilderTestCase
from onebit.testing.mocking import MockPolicy, mock_data

__all__ = ["DatasetBuilderTestCase", "MockPolicy", "mock_data", "test_main"]


def test_main() -> None:
    """Runs the tests of the file that calls this, as ``python my_dataset_test.py``."""
    import unittest

    unittest.main()


test_main.__test__ = False  # type: ignore[attr-defined]  # for pytest: it is no test
