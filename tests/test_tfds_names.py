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
        AttributeError, match=r"^onebit\.core has no 'BeamBasedBuilder' in onebit\. It has: BuilderConfig, Da"
    ):
        _ = tfds.core.BeamBasedBuilder
    with pytest.raises(AttributeError, match=r"^onebit\.download has no 'kaggle' in onebit\. It has: DownloadConfig"):
        _ = tfds.download.kaggle
