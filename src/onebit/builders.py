"""`DatasetBuilder`: gets a data set onto this disk and opens it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray

from onebit import locations, store
from onebit.__about__ import __version__
from onebit.errors import (
    DamagedStoreError,
    NotPreparedError,
    NotWrittenError,
    VersionNotFoundError,
    WrongDataError,
)
from onebit.metadata import DatasetInfo, Record, SplitRecord
from onebit.orders import tfds_order
from onebit.pipeline import Dataset, Plan, Source
from onebit.reading import ReadConfig
from onebit.splits import Interval, map_nested
from onebit.store import Store
from onebit.tables import LINE, Table
from onebit.versions import Version

if TYPE_CHECKING:
    from onebit.sources import Sources

Array = NDArray[Any]

ORDERS = ("tfds", "source")
PACKAGED = Path(__file__).parent / "datasets"
"""The folder with the data sets of the package, each in a folder of its name."""

REGISTERED: dict[str, type[DatasetBuilder]] = {}
"""Data sets of one's own by name: a class is entered when it is defined; see `onebit.generation`."""

FILE_FORMATS = ("tfrecord", "riegeli", "array_record", "parquet")  # the names that TFDS takes


class DatasetBuilder:
    """One data set on one disk: whether it is there, how it gets there, and its rows.

    A data set is a folder with the files of `onebit.metadata.Record` and a subclass named ``Builder``, which names the
    folder and says how the columns of a split are read.

    Args:
        data_dir: folder for prepared data sets; by default ``ONEBIT_DATA_DIR``, else the platform's cache folder.
        version: the version wanted, ``"1.0.0"`` or with wildcards ``"1.*.*"``; by default the current one.
        config: data sets of onebit have no configurations; None.
    """

    folder: ClassVar[Path]

    def __init__(
        self,
        *,
        data_dir: str | os.PathLike[str] | None = None,
        version: str | Version | None = None,
        config: str | None = None,
    ) -> None:
        self._data_dir_root = locations.data_dir_root(data_dir)
        if config is not None:
            hint = f" For a version, type {self.name}:{config}." if config[:1].isdigit() else ""
            raise ValueError(f"BuilderConfig {config} not found: {self.name} has no configurations.{hint}")
        wanted = None if version in (None, "experimental_latest") else str(version)
        if wanted is not None and not self.record.version.match(wanted):
            raise VersionNotFoundError(
                f"Dataset {self.name} cannot be loaded at version {wanted}, only: {self.record.version}."
            )

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), str(self._data_dir_root))

    # What a data set implements --------------------------------------------------------------------------------

    def read_split(self, split: SplitRecord, sources: Sources) -> tuple[Mapping[str, Array], str]:
        """The columns of one split, verified.

        Args:
            split: what the record says of it.
            sources: gets upstream files.

        Returns:
            Arrays of shape ``(n, *feature.shape)`` by column name, in the order of the upstream lines, and a line of
            text that says where they came from.
        """
        raise NotImplementedError

    # Names and places ------------------------------------------------------------------------------------------

    @cached_property
    def record(self) -> Record:
        """The data set's record."""
        return Record(self.folder)

    @property
    def name(self) -> str:
        """Name of the data set: that of its folder."""
        return self.folder.name

    @property
    def version(self) -> Version:
        """Version of the data set."""
        return self.record.version

    @property
    def canonical_version(self) -> Version:
        """The version that a plain name stands for."""
        return self.record.version

    @property
    def supported_versions(self) -> list[Version]:
        """Further versions that can be asked for."""
        return []

    @property
    def versions(self) -> list[Version]:
        """All versions."""
        return [self.canonical_version, *self.supported_versions]

    @property
    def release_notes(self) -> dict[str, str]:
        """What each version changed."""
        return self.info.release_notes

    @property
    def builder_config(self) -> None:
        """None: data sets of onebit have no configurations."""
        return None

    @property
    def data_dir_root(self) -> str:
        """The folder that holds all prepared data sets."""
        return str(self._data_dir_root)

    @property
    def data_path(self) -> Path:
        """The folder of this version."""
        return self._data_dir_root / self.name / str(self.version)

    @property
    def data_dir(self) -> str:
        """The folder of this version, as text."""
        return str(self.data_path)

    def __repr__(self) -> str:
        return f"<onebit builder {self.name}:{self.version} in {self.data_dir_root}>"

    # Preparing -------------------------------------------------------------------------------------------------

    def is_prepared(self) -> bool:
        """Whether the data set is on this disk (its files are checked when they are read)."""
        try:
            info = store.read_info(self.data_path)
        except DamagedStoreError:
            return False
        return info is not None and info.get("onebit_layout") == store.LAYOUT

    def download_and_prepare(
        self,
        *,
        download_dir: str | os.PathLike[str] | None = None,
        source_dir: str | os.PathLike[str] | None = None,
        file_format: str | None = None,
        force: bool = False,
    ) -> None:
        """Gets the upstream files, verifies them and writes the prepared data set; does nothing if it is there.

        Many processes may call this at once: one works, the others wait for it.

        Args:
            download_dir: where verified downloads are kept; by default ``downloads`` in the data folder.
            source_dir: a folder with upstream files that are tried first; by default ``ONEBIT_SOURCE_DIR``.
            file_format: a format of TFDS; accepted and ignored, onebit has one of its own.
            force: prepare again even if it is there.

        Raises:
            SourcesExhaustedError: no source has the published data.
            NotPreparedError: the folder was prepared by TFDS; it is not written to.
            NotWrittenError: the folder cannot be written to; what was there before is still there.
        """
        check_file_format(file_format)
        if self.is_prepared() and not force:
            self._clear_leftovers()
            return
        with self.lock():
            if force or not self.is_prepared():  # another process may have done it in the meantime
                self._prepare(download_dir, source_dir)

    def repair(
        self,
        *,
        download_dir: str | os.PathLike[str] | None = None,
        source_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        """Prepares again if a stored file is missing or differs; see `download_and_prepare`."""
        with self.lock():
            try:
                if self.is_prepared():
                    self.store.verify()
                    return
            except DamagedStoreError:
                pass
            self.__dict__.pop("store", None)
            self._prepare(download_dir, source_dir)

    @contextmanager
    def lock(self, *, wait: bool = True) -> Iterator[None]:
        """Nobody else writes to the folder of this version, and what killed processes left there is gone."""
        import filelock

        self._refuse_foreign_folder()
        with ExitStack() as held:
            with store.writing(self.data_path):
                self.data_path.parent.mkdir(parents=True, exist_ok=True)
                lock = filelock.FileLock(self.data_path.parent / f".{self.version}.lock")
                held.enter_context(lock.acquire(blocking=wait))
                store.remove_leftovers(self.data_path)
            yield

    def _clear_leftovers(self) -> None:
        """Clears away what a process left that was killed while it replaced what is there, if nobody is at it now."""
        if not store.has_leftovers(self.data_path):
            return
        from onebit.sources import remove_parts

        with suppress(NotWrittenError), self.lock(wait=False):
            remove_parts(self.downloads)

    @property
    def downloads(self) -> Path:
        """The folder that keeps verified downloads."""
        return self._data_dir_root / "downloads" / self.name

    def download_names(self) -> set[str]:
        """The file names under which downloads may lie in `downloads`."""
        from onebit.sources import cache_name

        return {cache_name(mirror.url) for split in self.record.splits.values() for mirror in split.mirrors}

    def has_foreign_folder(self) -> bool:
        """Whether the folder of this version was prepared by TFDS: it is read, and never written to."""
        try:
            info = store.read_info(self.data_path)
        except DamagedStoreError:
            return False
        return info is not None and not store.is_ours(info)

    def _refuse_foreign_folder(self) -> None:
        if self.has_foreign_folder():
            raise NotPreparedError(
                f"{self.data_path} was prepared by TFDS, and onebit does not write there. Choose another folder: "
                "data_dir=..., or set ONEBIT_DATA_DIR."
            )

    def _prepare(self, download_dir: str | os.PathLike[str] | None, source_dir: str | os.PathLike[str] | None) -> None:
        from onebit import progress
        from onebit.sources import Sources

        progress.note(f"Preparing {self.name}:{self.version} in {self.data_path}")
        downloads = Path(download_dir) if download_dir is not None else self.downloads
        sources = Sources(
            self.name,
            source_dir=locations.source_dir(source_dir),
            site_mirror=locations.site_mirror(),
            cache_dir=downloads,
        )
        with sources, store.new_folder(self.data_path) as folder:
            digests: dict[str, str] = {}
            origins = {}
            for split in self.record.splits.values():
                columns, origins[split.name] = self.read_split(split, sources)
                with store.writing(self.data_path):
                    digests |= self._write_split(folder, split, columns)
            with store.writing(self.data_path):
                self._write_info(folder, self.info, digests, origins)
        self.__dict__.pop("store", None)

    def _write_split(self, folder: Path, split: SplitRecord, columns: Mapping[str, Array]) -> dict[str, str]:
        self._check_columns(split, columns)
        digests = self._write_rows(folder, split.name, columns, tfds_order(split.name, split.num_examples))
        for column, expected in split.digests.items():
            found = digests[store.column_file(split.name, column)]
            if found != expected:
                raise WrongDataError(
                    f"{self.name}: the column {column!r} of {split.name!r} would have the SHA-256 {found}, but "
                    f"version {self.version} has {expected}. Nothing was written."
                )
        return digests

    def _write_rows(self, folder: Path, split: str, columns: Mapping[str, Array], order: Array) -> dict[str, str]:
        """Packs columns and writes their rows, ``order[row]`` first to last; gives the SHA-256 of each file."""
        stored = [
            (name, feature.pack(columns[name]).take(order, axis=0)) for name, feature in self.record.features.items()
        ]
        return store.write_columns(folder, split, [*stored, (LINE, order)])

    def _check_columns(self, split: SplitRecord, columns: Mapping[str, Array]) -> None:
        for name in self.record.features:
            if name not in columns:
                raise WrongDataError(f"{self.name}: the reader of {split.name!r} gave no column {name!r}.")
            if len(columns[name]) != split.num_examples:
                raise WrongDataError(
                    f"{self.name}: the column {name!r} of {split.name!r} has {len(columns[name])} rows, but version "
                    f"{self.version} has {split.num_examples}. Nothing was written."
                )

    def _write_info(
        self, folder: Path, info: DatasetInfo, digests: Mapping[str, str], origins: Mapping[str, str]
    ) -> None:
        about = info.as_dict()
        for place in ("data_dir", "store_size"):  # they are facts of a disk, not of the data
            del about[place]
        head = {"onebit_layout": store.LAYOUT, "onebit_version": __version__, "order": "tfds"}
        content = head | about | {"sha256": dict(digests), "origins": dict(origins)}
        store.write_synced(folder / store.INFO_FILE, (json.dumps(content, indent=2) + "\n").encode())

    # Opening ---------------------------------------------------------------------------------------------------

    @cached_property
    def store(self) -> Store:
        """The prepared files; SHA-256 from the record where it pins them, else from the folder."""
        pins, largest = {}, {}
        for split in self.record.splits.values():
            for column, width in self._widths.items():
                file = store.column_file(split.name, column)
                pins[file] = split.digests.get(column, "")
                largest[file] = split.num_examples * width + store.LARGEST_HEADER
        recorded = {} if all(pins.values()) else (store.read_info(self.data_path) or {}).get("sha256")
        if not isinstance(recorded, dict):
            recorded = {}
        digests = {file: pin or str(recorded.get(file, store.NO_DIGEST)) for file, pin in pins.items()}
        return Store(self.data_path, digests, self._rebuild, largest)

    @cached_property
    def _widths(self) -> dict[str, int]:
        """The most bytes that a row of each stored column takes."""
        features = {name: feature.items * feature.dtype.itemsize for name, feature in self.record.features.items()}
        return features | {LINE: 8}

    @property
    def _rebuild(self) -> str:
        return f"Type: onebit prepare {self.name} --force"

    @property
    def info(self) -> DatasetInfo:
        """What is known about the data set."""
        size = 0
        if self.is_prepared():
            try:
                size = self.store.nbytes()
            except OSError:  # a file is missing: that is reported when it is read
                size = 0
        return DatasetInfo.of_record(self.record, self.data_path, size)

    def as_dataset(
        self,
        split: Any = None,
        *,
        batch_size: int | None = None,
        shuffle_files: bool = False,
        read_config: ReadConfig | None = None,
        as_supervised: bool = False,
        order: str | None = None,
        decoders: Any = None,
    ) -> Any:
        """Opens splits.

        Args:
            split: a text of the split language, a `ReadInstruction`, or lists, tuples and dicts of these, which give
                the same structure of results; None gives a dict of all splits.
            batch_size: None for examples; a number for batches of that size, the last one perhaps short; -1 for
                everything at once, as a dict of arrays.
            shuffle_files: shuffles the order of a split's files, as in TFDS; every split has one, so nothing changes.
            read_config: how rows are read.
            as_supervised: ``(input, target)`` tuples instead of dicts.
            order: ``"tfds"`` (default) or ``"source"``, the order of the upstream lines.
            decoders: what is decoded otherwise, or not at all: see `onebit.decoding`.

        Returns:
            A `Dataset`, arrays for ``batch_size=-1``, or a structure of these.

        Raises:
            NotPreparedError: the data set is not on this disk.
            DamagedStoreError: a stored file is damaged.
            ValueError: no such split, an empty one, no supervised form, or an unknown order.
        """
        config = read_config if read_config is not None else ReadConfig()
        check_file_format(config.file_format)
        if order not in (None, *ORDERS):
            raise ValueError(f"order={order!r}: choose one of {ORDERS}.")
        if batch_size is not None and batch_size < -1:
            raise ValueError(f"batch_size={batch_size}: give a positive number, -1 for everything at once, or None.")
        if as_supervised and self.record.content.get("supervised_keys") is None:
            raise ValueError(f"as_supervised=True but {self.name} does not support a supervised structure.")
        if not self.is_prepared():
            if self.has_foreign_folder():
                from onebit.tfds_folders import FolderBuilder

                return FolderBuilder(self.data_path).as_dataset(
                    split,
                    batch_size=batch_size,
                    shuffle_files=shuffle_files,
                    read_config=read_config,
                    as_supervised=as_supervised,
                    order=order,
                    decoders=decoders,
                )
            self._check_readable()
            raise NotPreparedError(
                f"Dataset {self.name}: could not find data in {self.data_dir_root}. Type: onebit prepare {self.name} "
                f"(in Python: onebit.builder({self.name!r}).download_and_prepare()), or pass download=True to "
                "onebit.load."
            )

        def open_one(spec: Any) -> Any:
            dataset = self._open(spec, config, as_supervised, order or "tfds", decoders)
            if not batch_size:
                return dataset
            return dataset.arrays() if batch_size == -1 else dataset.batch(batch_size)

        return map_nested(open_one, {name: name for name in self.record.splits} if split is None else split)

    def _check_readable(self) -> None:
        """Tells a folder that is there, and damaged, from one that is not there.

        Raises:
            DamagedStoreError: its ``dataset_info.json`` is not one that this version of onebit reads.
        """
        try:
            info = store.read_info(self.data_path)
        except DamagedStoreError as error:
            raise DamagedStoreError(f"{error} {self._rebuild}") from error
        if info is not None:
            raise DamagedStoreError(
                f"{self.data_path / store.INFO_FILE} has the layout {info.get('onebit_layout')!r}; this version of "
                f"onebit reads {store.LAYOUT}. {self._rebuild}"
            )

    def _open(self, spec: Any, config: ReadConfig, as_supervised: bool, order: str, decoders: Any) -> Dataset:
        info = DatasetInfo.of_record(self.record, self.data_path)
        intervals = tuple(interval for interval in info.splits.intervals(spec) if interval.stop > interval.start)
        check_not_empty(spec, intervals, info.splits.sizes)
        features = info.features
        if decoders is not None:
            from onebit.decoding import decoded_features

            features = decoded_features(features, decoders)
        splits = tuple((name, size) for name, size in info.splits.sizes.items())
        table = Table(self.name, str(self.version), self.store, features, splits)
        table.open([interval.split for interval in intervals], [LINE] if order == "source" else [])
        source = Source(
            table,
            intervals,
            label=str(spec),
            order=order,
            cycle_length=config.interleave_cycle_length or 16,
            block_length=config.interleave_block_length or 16,
            supervised=info.supervised_keys if as_supervised else None,
            tfds_id=config.add_tfds_id,
        )
        return Dataset(Plan(source))

    def as_data_source(self, split: Any = None, *, decoders: Any = None) -> Any:
        """Opens splits for random access: the same `Dataset` objects, which are sequences.

        Args:
            split: as in `as_dataset`.
            decoders: likewise.
        """
        return self.as_dataset(split, decoders=decoders)


def snake_case(name: str) -> str:
    """The name of a data set from that of its class: ``CamelCase`` becomes ``snake_case``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def check_file_format(file_format: Any) -> None:
    """Accepts the names of TFDS's formats, so that scripts run as they are.

    Raises:
        ValueError: another name.
    """
    name = getattr(file_format, "value", file_format)
    if name is not None and name not in (*FILE_FORMATS, "npy"):
        raise ValueError(
            f"{name} is not a valid FileFormat! Valid file formats: {list(FILE_FORMATS)}. onebit keeps data sets in "
            "a format of its own, whichever of these is given."
        )


def check_not_empty(spec: Any, intervals: Sequence[Interval], sizes: Mapping[str, int]) -> None:
    """Refuses a split without a single example, as TFDS does.

    Raises:
        ValueError: there is no interval.
    """
    if not intervals:
        raise ValueError(
            f"Instruction [] corresponds to no data! {str(spec)!r} selects none of the examples in {dict(sizes)}. For "
            "an empty data set, type ds.take(0)."
        )


def _restored(builder: type[DatasetBuilder], data_dir: str) -> DatasetBuilder:
    return builder(data_dir=data_dir)
