"""The names that code written for TFDS reads from ``tfds.core``, ``tfds.download`` and ``tfds.decode``.

They are names of onebit's own objects, gathered under TFDS's headings; nothing is defined here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from onebit.builders import DatasetBuilder
from onebit.decoding import PartialDecoding, SkipDecoding, make_decoder
from onebit.downloads import ComputeStatsMode, DownloadConfig, DownloadManager, GenerateMode, Resource
from onebit.errors import DatasetNotFoundError, import_optional
from onebit.formats.archives import ExtractMethod, iter_archive
from onebit.generation import BuilderConfig, GeneratorBasedBuilder, SplitGenerator
from onebit.metadata import DatasetInfo, SplitDict, SplitInfo
from onebit.splits import ReadInstruction, Split
from onebit.versions import Version

# Names of TFDS that onebit has not, and what to write in their place.
_INSTEAD = {
    "BeamBasedBuilder": "onebit does not run Apache Beam: derive from GeneratorBasedBuilder, and yield pairs of a key "
    "and an example from _generate_examples.",
    "ShardBasedBuilder": "Derive from GeneratorBasedBuilder.",
    "tfds_path": "It names a file of TFDS's own package: write pathlib.Path(__file__).parent / 'name'.",
    "gcs_path": "Name the file, and its address, yourself.",
}


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
        instead = f" {_INSTEAD[name]}" if name in _INSTEAD else ""
        raise AttributeError(f"{self.__dict__.get('_heading')} has no {name!r} in onebit.{instead} It has: {served}.")

    def __repr__(self) -> str:
        return f"<the names of {self._heading}>"


# What TFDS imports on behalf of a builder: the modules, of which the last one is handed out, and what pip calls them.
_LAZY = {
    "PIL_Image": (("PIL.TiffImagePlugin", "PIL.Image"), "pillow"),
    "PIL_ImageDraw": (("PIL.ImageDraw",), "pillow"),
    "bs4": (("bs4",), "beautifulsoup4"),
    "cv2": (("cv2",), "opencv-python-headless"),
    "h5py": (("h5py",), "h5py"),
    "jax": (("jax",), "jax"),
    "lxml": (("lxml",), "lxml"),
    "matplotlib": (("matplotlib.pyplot", "matplotlib"), "matplotlib"),
    "networkx": (("networkx",), "networkx"),
    "os": (("os",), ""),
    "pandas": (("pandas",), "pandas"),
    "scipy": (("scipy.io", "scipy.io.wavfile", "scipy.ndimage", "scipy"), "scipy"),
    "skimage": (("skimage.color", "skimage.filters", "skimage"), "scikit-image"),
    "tifffile": (("tifffile",), "tifffile"),
    "zarr": (("zarr",), "zarr"),
}


class LazyImports:
    """Packages that a builder's ``_generate_examples`` may need, imported as they are asked for.

    ``tfds.core.lazy_imports.h5py.File(path)`` is ``h5py.File(path)``.

    Raises:
        MissingDependencyError: the package is not installed.
        AttributeError: it is none of those that are served; import it in the builder.
    """

    def __getattr__(self, name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(
                f"onebit.core.lazy_imports has no {name!r}. It has: {', '.join(sorted(_LAZY))}. Import others in the "
                "function that needs them."
            )
        modules, install = _LAZY[name]
        return [
            import_optional(module, purpose=f"tfds.core.lazy_imports.{name}", install=install) for module in modules
        ][-1]

    def __dir__(self) -> list[str]:
        return sorted(_LAZY)

    def __repr__(self) -> str:
        return "<onebit.core.lazy_imports>"


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
        "as_path": Path,
        "lazy_imports": LazyImports(),
    },
)

decode = Names(
    "onebit.decode",
    {"PartialDecoding": PartialDecoding, "SkipDecoding": SkipDecoding, "make_decoder": make_decoder},
)

download = Names(
    "onebit.download",
    {
        "ComputeStatsMode": ComputeStatsMode,
        "DownloadConfig": DownloadConfig,
        "DownloadManager": DownloadManager,
        "ExtractMethod": ExtractMethod,
        "GenerateMode": GenerateMode,
        "Resource": Resource,
        "iter_archive": iter_archive,
    },
)
