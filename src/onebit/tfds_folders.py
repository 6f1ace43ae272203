"""Folders that TensorFlow Datasets prepared, opened without TensorFlow; they are read and never written to.

The examples of a split are read from all its shards in turn, every checksum is compared, images are decoded, and what
is one-bit is packed. From then on a split costs what a prepared data set of onebit costs.
"""

from __future__ import annotations

import os
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onebit import stages, store
from onebit.builders import DatasetBuilder, check_file_format, check_not_empty
from onebit.decoding import EncodedFeature, decoded_features
from onebit.errors import DamagedStoreError, NotPreparedError
from onebit.features import FeaturesDict, Tensor
from onebit.metadata import DatasetInfo, SplitDict, SplitInfo
from onebit.pipeline import Dataset, Plan, Source
from onebit.splits import Interval, resolve
from onebit.store import Store
from onebit.tables import Table
from onebit.tfds_records import FolderRecord
from onebit.tfds_stores import TFDS_ID, FolderStore
from onebit.versions import Version

if TYPE_CHECKING:
    from onebit.reading import ReadConfig


class FolderSplit(SplitInfo):
    """A split, or a part of one, with the files that hold it.

    Args:
        name: the split's name, or the text of the part.
        shard_lengths: examples that each file has of it.
        num_bytes: bytes as TFDS counts them.
        read_instruction: what it stands for.
    """

    def __init__(self, name: str, shard_lengths: list[int], num_bytes: int = 0, read_instruction: Any = None) -> None:
        super().__init__(name, sum(shard_lengths), num_bytes, read_instruction)
        self._lengths = shard_lengths
        self.num_shards = len(shard_lengths)

    @property
    def shard_lengths(self) -> list[int]:
        """Examples per file."""
        return list(self._lengths)


class FolderSplits(SplitDict):
    """The splits of a folder.

    Args:
        record: what the folder says.
    """

    def __init__(self, record: FolderRecord) -> None:
        splits = record.sharded.values()
        super().__init__(FolderSplit(s.record.name, list(s.shard_lengths), s.record.tfds_num_bytes) for s in splits)
        self._shards = {s.record.name: s.shard_lengths for s in splits}

    def intervals(self, spec: Any) -> tuple[Interval, ...]:
        """The rows that a split text or instruction stands for, cut where one file ends and the next begins."""
        cut = []
        for split, start, stop in resolve(spec, self.sizes, self._shards):
            for begin, end in pairwise((0, *accumulate(self._shards[split]))):
                if max(start, begin) < min(stop, end):
                    cut.append(Interval(split, max(start, begin), min(stop, end)))
        return tuple(cut)

    def __getitem__(self, spec: Any) -> SplitInfo:
        if isinstance(spec, str) and spec in self._splits:
            return self._splits[spec]
        return FolderSplit(str(spec), [stop - start for _, start, stop in self.intervals(spec)], 0, spec)


class FolderInfo(DatasetInfo):
    """What is known about a data set that TFDS prepared."""

    record: FolderRecord

    @cached_property
    def splits(self) -> SplitDict:
        """The splits, with their files."""
        return FolderSplits(self.record)

    @property
    def file_format(self) -> str:
        """The format of the files, in TFDS's words."""
        return self.record.file_format


class FolderBuilder(DatasetBuilder):
    """A folder that TFDS prepared, as a builder: it is prepared already, and nothing is written.

    Args:
        folder: the folder of one version.
        file_format: which of the formats that it has; by default the main one.
    """

    record: FolderRecord  # given here, found by class there

    def __init__(self, folder: str | os.PathLike[str], file_format: str | None = None) -> None:
        path = Path(folder).expanduser().absolute()
        check_file_format(file_format)
        self.record = FolderRecord(path, getattr(file_format, "value", file_format))
        nested = path.parts[-2:] == (self.record.name, str(self.record.version))
        self._data_dir_root = path.parent.parent if nested else path.parent

    def __reduce__(self) -> tuple[Any, ...]:
        return FolderBuilder, (str(self.data_path), self.record.file_format)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.record.name

    @property
    def data_path(self) -> Path:
        """The folder."""
        return self.record.folder

    def __repr__(self) -> str:
        return f"<onebit read-only builder {self.name}:{self.version} of {self.data_path}>"

    def is_prepared(self) -> bool:
        """True: TFDS did it."""
        return True

    def download_and_prepare(
        self,
        *,
        download_dir: str | os.PathLike[str] | None = None,
        source_dir: str | os.PathLike[str] | None = None,
        file_format: str | None = None,
        force: bool = False,
    ) -> None:
        """Nothing is left to do.

        Raises:
            NotPreparedError: `force` was given.
        """
        check_file_format(file_format)
        if force:
            self.repair()

    def repair(
        self,
        *,
        download_dir: str | os.PathLike[str] | None = None,
        source_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        """Refused, as the folder is not written to.

        Raises:
            NotPreparedError: always.
        """
        raise NotPreparedError(
            f"{self.data_path} was prepared by TFDS, and onebit does not write there. Prepare it again with TFDS, or "
            "choose another folder: data_dir=..., or set ONEBIT_DATA_DIR."
        )

    @cached_property
    def store(self) -> Store:
        """The files, as columns."""
        return FolderStore(self.record, tuple(self.record.features))

    @property
    def info(self) -> DatasetInfo:
        """What is known about the data set."""
        try:
            size = self.store.nbytes()
        except OSError:  # a file is missing: that is reported when it is read
            size = 0
        return FolderInfo.of_record(self.record, self.data_path, size)

    def _open(self, spec: Any, config: ReadConfig, as_supervised: bool, order: str, decoders: Any = None) -> Dataset:
        splits = FolderSplits(self.record)
        intervals = splits.intervals(spec)
        check_not_empty(spec, intervals, splits.sizes)
        features = decoded_features(self.record.features, decoders)
        names = tuple(features)
        encoded = frozenset(name for name in names if isinstance(features[name], EncodedFeature))
        if config.add_tfds_id:
            features = FeaturesDict({**features, TFDS_ID: Tensor(shape=(), dtype=object)})
        table = Table(
            self.name,
            str(self.version),
            FolderStore(self.record, names, encoded),
            features,
            tuple(splits.sizes.items()),
        )
        table.open([interval.split for interval in intervals])
        source = Source(
            table,
            intervals,
            label=str(spec),
            order=order,
            cycle_length=config.interleave_cycle_length or (1 if self.record.ordered else 16),
            block_length=config.interleave_block_length or 16,
            supervised=self._supervised(features) if as_supervised else None,
        )
        return Dataset(Plan(source))

    def _supervised(self, features: FeaturesDict) -> Any:
        keys = DatasetInfo.of_record(self.record, self.data_path).supervised_keys
        needed = [name for _, name in stages.leaves(keys)]
        if not all(name in features for name in needed):
            raise ValueError(f"as_supervised=True needs {needed}; decoders leave {list(features)}.")
        return keys


def builder_from_directory(directory: str | os.PathLike[str], *, file_format: str | None = None) -> FolderBuilder:
    """Opens a folder that TFDS prepared, without TensorFlow.

        >>> builder = onebit.builder_from_directory("~/tensorflow_datasets/mnist/3.0.1")  # doctest: +SKIP
        >>> ds = builder.as_dataset("train[:10%]")                                        # doctest: +SKIP

    Args:
        directory: the folder of one version, with ``dataset_info.json`` and ``features.json``.
        file_format: which of the formats that the folder has (``"tfrecord"``, ``"parquet"`` or ``"array_record"``);
            by default the main one.

    Raises:
        NotPreparedError: it is no such folder; the message says what was found.
        FormatError: the folder describes something that onebit does not support.
    """
    return FolderBuilder(directory, file_format)


def is_tfds_folder(folder: Path) -> bool:
    """Whether a folder has a ``dataset_info.json`` that onebit did not write."""
    try:
        info = store.read_info(folder)
    except DamagedStoreError:
        return False
    return info is not None and not store.is_ours(info)


def find_folder(folder: Path, version: str | None) -> Path | None:
    """The folder of the newest matching version in a data set's folder, if TFDS prepared one there."""
    found = []
    for path in folder.glob("*.*.*"):
        try:
            number = Version(path.name)
        except ValueError:
            continue
        if (version is None or number.match(version)) and is_tfds_folder(path):
            found.append((number, path))
    return max(found)[1] if found else None
