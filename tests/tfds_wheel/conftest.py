"""Tests in an environment with the wheel of TFDS and without TensorFlow: a part of ``make test-interop``.

They are collected only where that target asks for them.
"""

from __future__ import annotations

import os

if "ONEBIT_TFDS_WHEEL" not in os.environ:
    collect_ignore_glob = ["test_*.py"]
