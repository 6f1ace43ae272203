"""TFDS's headings."""

from __future__ import annotations

import pytest

import onebit as tfds
from onebit import downloads, generation, metadata


def test_names_under_tfds_headings_are_onebits_own() -> None:
    assert tfds.core.GeneratorBasedBuilder is generation.GeneratorBasedBuilder is tfds.GeneratorBasedBuilder
    assert tfds.core.DatasetInfo is metadata.DatasetInfo is tfds.DatasetInfo
    assert tfds.core.SplitGenerator is tfds.SplitGenerator
    assert tfds.core.Version is tfds.Version
    assert tfds.download.DownloadManager is downloads.DownloadManager
    assert tfds.download.ExtractMethod.ZIP.name == "ZIP"
    assert "GeneratorBasedBuilder" in str(tfds.core.__doc__)
    assert repr(tfds.core) == "<the names of onebit.core>"


def test_other_names_are_refused_with_the_list() -> None:
    with pytest.raises(
        AttributeError, match=r"^onebit\.core has no 'FileFormat' in onebit\. It has: BuilderConfig, Da"
    ):
        _ = tfds.core.FileFormat
    with pytest.raises(
        AttributeError, match=r"does not run Apache Beam: derive from GeneratorBasedBuilder.* It has: Bu"
    ):
        _ = tfds.core.BeamBasedBuilder
    with pytest.raises(AttributeError, match=r"^onebit\.download has no 'kaggle' in onebit\. It has: ComputeStats"):
        _ = tfds.download.kaggle


def test_packages_that_a_builder_asks_for() -> None:
    import os

    assert tfds.core.lazy_imports.os is os
    assert tfds.core.lazy_imports.PIL_Image.__name__ == "PIL.Image"
    assert "scipy" in dir(tfds.core.lazy_imports)
    with pytest.raises(tfds.MissingDependencyError, match=r"\.cv2 needs 'cv2'.*pip install 'opencv-python-"):
        _ = tfds.core.lazy_imports.cv2
    with pytest.raises(AttributeError, match=r"has no 'apache_beam'\. It has: PIL_Image, .* Import others in the fun"):
        _ = tfds.core.lazy_imports.apache_beam


def test_decoders_by_their_names_in_tfds() -> None:
    ds = tfds.load("calibrated_digits", split="test[:2]", decoders={"image": tfds.decode.SkipDecoding()})
    assert ds[0]["image"].startswith(b"\x89PNG")
