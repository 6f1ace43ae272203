"""onebit: one-bit images. Gets them, proves they are the right ones, serves them fast, shows them.

import onebit

ds = onebit.load("binarized_mnist", split="train")
for ex in ds.take(4):
    print(ex)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onebit import features
from onebit.__about__ import __version__
from onebit.errors import (
    DamagedStoreError,
    DatasetNotFoundError,
    FormatError,
    MissingDependencyError,
    NotPreparedError,
    NotWrittenError,
    OnebitError,
    SourcesExhaustedError,
    TransferError,
    VersionNotFoundError,
    WrongDataError,
)
from onebit.late_imports import late_names
from onebit.loading import as_numpy, builder, builder_cls, data_source, load
from onebit.metadata import DatasetInfo
from onebit.pipeline import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset
from onebit.reading import ReadConfig
from onebit.registry import list_builders
from onebit.splits import ReadInstruction, Split, even_splits, split_for_jax_process
from onebit.versions import Version

if TYPE_CHECKING:
    from onebit.auditing.report import audit
    from onebit.evaluation.run import evaluate
    from onebit.exporting import export
    from onebit.generation import BuilderConfig, GeneratorBasedBuilder, SplitGenerator
    from onebit.progress import disable_progress_bar, display_progress_bar, enable_progress_bar
    from onebit.tfds_folders import builder_from_directory
    from onebit.tfds_names import core, decode, download
    from onebit.timing import BenchmarkResult, benchmark
    from onebit.verification import verify
    from onebit.views.figures import show_examples
    from onebit.views.frames import as_dataframe

# Public names that a first `load` does not need, and the module that each is imported from when it is first asked for.
_LATER = {
    "BenchmarkResult": "onebit.timing",
    "BuilderConfig": "onebit.generation",
    "GeneratorBasedBuilder": "onebit.generation",
    "SplitGenerator": "onebit.generation",
    "as_dataframe": "onebit.views.frames",
    "audit": "onebit.auditing.report",
    "benchmark": "onebit.timing",
    "builder_from_directory": "onebit.tfds_folders",
    "core": "onebit.tfds_names",
    "decode": "onebit.tfds_names",
    "disable_progress_bar": "onebit.progress",
    "display_progress_bar": "onebit.progress",
    "download": "onebit.tfds_names",
    "enable_progress_bar": "onebit.progress",
    "evaluate": "onebit.evaluation.run",
    "export": "onebit.exporting",
    "show_examples": "onebit.views.figures",
    "verify": "onebit.verification",
}

# Names of TFDS that onebit has not, and what to write in their place.
_INSTEAD = {
    "GenerateMode": "Write onebit.download.GenerateMode.",
    "ImageFolder": "For images in folders write a GeneratorBasedBuilder; type: onebit new my_dataset",
    "TranslateFolder": "There is no text in onebit.",
    "beam": "onebit does not run Apache Beam: derive from onebit.GeneratorBasedBuilder.",
    "builder_from_directories": "Open each folder with onebit.builder_from_directory, and write ds.concatenate(other).",
    "dataset_builders": "Derive from onebit.GeneratorBasedBuilder.",
    "dataset_collection": "Give each data set its own onebit.load.",
    "folder_dataset": "For files in folders write a GeneratorBasedBuilder; type: onebit new my_dataset",
    "is_dataset_on_gcs": "Files come from a folder of yours, a mirror or the upstream address.",
    "list_dataset_collections": "Write onebit.list_builders().",
    "show_statistics": "Type: onebit audit NAME",
    "transform": "Write ds.map(function).",
    "visualization": "Write onebit.show_examples(ds, info).",
}

_MODULES = ("compat", "leaderboard", "testing")  # public names that are modules

__all__ = [
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "BenchmarkResult",
    "BuilderConfig",
    "DamagedStoreError",
    "Dataset",
    "DatasetInfo",
    "DatasetNotFoundError",
    "FormatError",
    "GeneratorBasedBuilder",
    "MissingDependencyError",
    "NotPreparedError",
    "NotWrittenError",
    "OnebitError",
    "ReadConfig",
    "ReadInstruction",
    "SourcesExhaustedError",
    "Split",
    "SplitGenerator",
    "TransferError",
    "Version",
    "VersionNotFoundError",
    "WrongDataError",
    "__version__",
    "as_dataframe",
    "as_numpy",
    "audit",
    "benchmark",
    "builder",
    "builder_cls",
    "builder_from_directory",
    "compat",
    "core",
    "data_source",
    "decode",
    "disable_progress_bar",
    "display_progress_bar",
    "download",
    "enable_progress_bar",
    "evaluate",
    "even_splits",
    "export",
    "features",
    "leaderboard",
    "list_builders",
    "load",
    "show_examples",
    "split_for_jax_process",
    "testing",
    "verify",
]


__getattr__ = late_names("onebit", _LATER, modules=_MODULES, instead=_INSTEAD)


def __dir__() -> list[str]:
    return __all__
