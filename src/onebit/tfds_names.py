"""The names that code written for TFDS reads from ``tfds.core`` and ``tfds.download``: ``import onebit as tfds``.

They are names of onebit's own objects, gathered under TFDS's headings; nothing is defined here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from onebit.builders import DatasetBuilder
from onebit.downloads import DownloadConfig, DownloadManager, GenerateMode, Resource
from onebit.errors import DatasetNotFoundError
from onebit.formats.archives import ExtractMethod, iter_archive
from onebit.generation import BuilderConfig, GeneratorBasedBuilder, SplitGenerator
from onebit.metadata import DatasetInfo, SplitDict, SplitInfo
from onebit.splits import ReadInstruction, Split
from onebit.versions import Version


class Names(SimpleNamespace):
    """Names under a heading; another name is an error that lists them.

    Args:
        heading: how the heading is written.
        names: what it has.
    """

    def __init__(self, heading: str, names: Mapping[str, Any]) -> None:
        super().__init__(**names)
        self.__doc__ = f"The names of {heading}: {', '.join(sorted(names))}."
        self._heading = heading

    def __getattr__(self, name: str) -> Any:
        served = ", ".join(sorted(key for key in vars(self) if not key.startswith("_")))
        raise AttributeError(f"{self.__dict__.get('_heading')} has no {name!r} in onebit. It has: {served}.")

    def __repr__(self) -> str:
        return f"<the names of {self._heading}>"


core = Names(
    "onebit.core",
    {
        "BuilderConfig": BuilderConfig,
        "DatasetBuilder": DatasetBuilder,
        "DatasetInfo": DatasetInfo,
        "DatasetNotFoundError": DatasetNotFoundError,
        "GeneratorBasedBuilder": GeneratorBasedBuilder,
        "MetadataDict": dict,
        "Path": Path,
        "ReadInstruction": ReadInstruction,
        "Split": Split,
        "SplitDict": SplitDict,
        "SplitGenerator": SplitGenerator,
        "SplitInfo": SplitInfo,
        "Version": Version,
    },
)

download = Names(
    "onebit.download",
    {
        "DownloadConfig": DownloadConfig,
        "DownloadManager": DownloadManager,
        "ExtractMethod": ExtractMethod,
        "GenerateMode": GenerateMode,
        "Resource": Resource,
        "iter_archive": iter_archive,
    },
)
