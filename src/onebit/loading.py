"""`load` and its relatives: data sets by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onebit import locations
from onebit.builders import DatasetBuilder, check_file_format
from onebit.errors import DamagedStoreError, DatasetNotFoundError
from onebit.pipeline import Dataset
from onebit.reading import ReadConfig
from onebit.registry import ParsedName, class_in, code_at, find_builder_class, parse_name
from onebit.selections import applied, read_selection
from onebit.splits import map_nested


def builder(
    name: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    try_gcs: bool = False,
    **builder_kwargs: Any,
) -> DatasetBuilder:
    """The builder of a data set; a read-only one where TFDS has prepared it in `data_dir`.

    Args:
        name: ``"binarized_mnist"``, or with a version ``"binarized_mnist:1.0.0"`` (``*`` stands for any number); or the
            path of the code of a data set of one's own, ``"./my_dataset"``, which then runs.
        data_dir: folder for prepared data sets; by default ``ONEBIT_DATA_DIR``, else the platform's cache folder.
        try_gcs: accepted for TFDS's sake; there is no bucket with prepared data, and TFDS itself ignores it now.
        **builder_kwargs: further arguments of the builder's class.

    Raises:
        DatasetNotFoundError: no data set has this name.
        VersionNotFoundError: the data set does not have this version.
        ValueError: the name cannot be read.
    """
    if try_gcs:
        from onebit import progress

        progress.note("try_gcs=True is ignored: onebit gets data from its published sources.")
    file = code_at(name)
    if file is not None:
        return _built(class_in(file), str(file), data_dir, builder_kwargs)
    parsed = parse_name(name)
    arguments: dict[str, Any] = parsed.arguments | builder_kwargs
    if parsed.version is not None:
        arguments.setdefault("version", parsed.version)
    if parsed.config is not None:
        arguments.setdefault("config", parsed.config)
    try:
        found = find_builder_class(parsed.name)
    except DatasetNotFoundError:
        # TFDS may have prepared there what onebit does not know by name.
        folder = _tfds_folder(data_dir, parsed)
        if folder is None:
            raise
        return _folder_builder(folder)
    return _built(found, parsed.name, data_dir, arguments)


def _built(
    found: type[DatasetBuilder], name: str, data_dir: str | os.PathLike[str] | None, arguments: Mapping[str, Any]
) -> DatasetBuilder:
    try:
        made = found(data_dir=data_dir, **arguments)
    except TypeError as error:
        raise ValueError(f"{name} cannot be built with {sorted(arguments)}: {error}.") from error
    return _folder_builder(made.data_path) if made.has_foreign_folder() else made


def _tfds_folder(data_dir: str | os.PathLike[str] | None, parsed: ParsedName) -> Path | None:
    from onebit.tfds_folders import find_folder

    place = locations.data_dir_root(data_dir) / parsed.name
    return find_folder(place / parsed.config if parsed.config else place, parsed.version)


def _folder_builder(folder: Path) -> DatasetBuilder:
    from onebit.tfds_folders import FolderBuilder

    return FolderBuilder(folder)


def builder_cls(name: str | os.PathLike[str]) -> type[DatasetBuilder]:
    """The class behind `builder`.

    Raises:
        DatasetNotFoundError: no data set has this name.
        ValueError: the name has a version, a configuration or arguments, which belong to an object, not to a class.
    """
    file = code_at(name)
    if file is not None:
        return class_in(file)
    parsed = parse_name(name)
    if parsed.version or parsed.config or parsed.arguments:
        raise ValueError(f"builder_cls takes a plain name such as {parsed.name!r}, not {name!r}; see onebit.builder.")
    return find_builder_class(parsed.name)


def load(
    name: str | os.PathLike[str],
    *,
    split: Any = None,
    data_dir: str | os.PathLike[str] | None = None,
    batch_size: int | None = None,
    shuffle_files: bool = False,
    download: bool = True,
    as_supervised: bool = False,
    read_config: ReadConfig | None = None,
    with_info: bool = False,
    builder_kwargs: Mapping[str, Any] | None = None,
    download_and_prepare_kwargs: Mapping[str, Any] | None = None,
    as_dataset_kwargs: Mapping[str, Any] | None = None,
    try_gcs: bool = False,
    file_format: str | None = None,
    source_dir: str | os.PathLike[str] | None = None,
    order: str | None = None,
    decoders: Any = None,
    select: str | os.PathLike[str] | None = None,
) -> Any:
    """Loads a data set; gets and prepares it first if it is not on this disk.

        >>> ds = onebit.load("binarized_mnist", split="train[:90%]")          # doctest: +SKIP
        >>> ds, info = onebit.load("binarized_mnist", split="test", with_info=True)  # doctest: +SKIP

    Args:
        name: ``"binarized_mnist"``, or with a version ``"binarized_mnist:1.0.0"``; or a path, as for `builder`.
        split: ``"train"``, ``"train[:10%]+test[5:]"``, a `ReadInstruction`; a list, tuple or dict of these gives the
            same structure; None gives a dict of all splits.
        data_dir: folder for prepared data sets; by default ``ONEBIT_DATA_DIR``, else the platform's cache folder.
        batch_size: None for examples, a number for batches, -1 for everything as arrays.
        shuffle_files: shuffles the order of a split's files, as in TFDS; every split has one, so nothing changes.
            For examples in random order: ``ds.shuffle()``.
        download: whether missing (or damaged) data may be fetched and prepared.
        as_supervised: ``(input, target)`` tuples, where the data set has such a form.
        read_config: see `ReadConfig`.
        with_info: also return the `DatasetInfo`.
        builder_kwargs: further arguments for `builder`.
        download_and_prepare_kwargs: further arguments for `DatasetBuilder.download_and_prepare`.
        as_dataset_kwargs: further arguments for `DatasetBuilder.as_dataset`; they win over the arguments here.
        try_gcs: accepted for TFDS's sake, ignored.
        file_format: a format of TFDS; accepted and ignored, onebit has one of its own.
        source_dir: a folder with upstream files that are tried first; by default ``ONEBIT_SOURCE_DIR``.
        order: ``"tfds"`` (default), or ``"source"`` for the order of the upstream lines.
        decoders: what is decoded otherwise, or not at all (``{"image": SkipDecoding()}``): see `onebit.decoding`.
        select: a selection that was exported from the explorer (JSON): only its images, in its order. Without a split
            all of them, as one `Dataset`; with one, those that are in the split.

    Returns:
        A `Dataset` (see `split` and `batch_size` for its variations); with ``with_info=True`` a pair of that and the
        `DatasetInfo`.

    Raises:
        DatasetNotFoundError, VersionNotFoundError: no such data set, or not in this version.
        NotPreparedError: it is not on this disk and ``download=False``.
        SourcesExhaustedError: no source gave the published data; the message says how to put it there by hand.
        DamagedStoreError: stored files are damaged and ``download=False``.
        NotWrittenError: the folder cannot be written to.
        FormatError: the file of `select` is no selection.
        WrongDataError: it is a selection of other images.
        ValueError: an argument that is not allowed; the message says what is.
    """
    check_file_format(file_format)
    selection = read_selection(select) if select is not None else None  # said before anything is fetched
    found = builder(name, data_dir=data_dir, try_gcs=try_gcs, **(builder_kwargs or {}))
    preparing = {"file_format": file_format, "source_dir": source_dir, **(download_and_prepare_kwargs or {})}
    opening = {
        "split": split,
        "batch_size": batch_size,
        "shuffle_files": shuffle_files,
        "read_config": read_config,
        "as_supervised": as_supervised,
        "order": order,
        "decoders": decoders,
        **(as_dataset_kwargs or {}),
    }
    batching = opening["batch_size"]
    if selection is not None:
        opening |= {"split": opening["split"] or "+".join(found.info.splits), "batch_size": None}
    if download:
        found.download_and_prepare(**preparing)
    try:
        dataset = found.as_dataset(**opening)
    except DamagedStoreError as damage:
        if not download:
            raise
        from onebit import progress

        progress.note(f"{damage} Preparing it again.")
        found.repair(download_dir=preparing.get("download_dir"), source_dir=preparing["source_dir"])
        dataset = found.as_dataset(**opening)
    if selection is not None:
        dataset = map_nested(lambda opened: _batched(applied(selection, opened), batching), dataset)
    return (dataset, found.info) if with_info else dataset


def _batched(dataset: Dataset, batch_size: int | None) -> Any:
    if not batch_size:
        return dataset
    return dataset.arrays() if batch_size == -1 else dataset.batch(batch_size)


def data_source(
    name: str,
    *,
    split: Any = None,
    data_dir: str | os.PathLike[str] | None = None,
    download: bool = True,
    builder_kwargs: Mapping[str, Any] | None = None,
    download_and_prepare_kwargs: Mapping[str, Any] | None = None,
    try_gcs: bool = False,
    decoders: Any = None,
) -> Any:
    """Loads splits for random access; see `load`. A `Dataset` is a sequence, so this is what `load` gives."""
    return load(
        name,
        split=split,
        data_dir=data_dir,
        download=download,
        builder_kwargs=builder_kwargs,
        download_and_prepare_kwargs=download_and_prepare_kwargs,
        try_gcs=try_gcs,
        decoders=decoders,
    )


def as_numpy(dataset: Any) -> Any:
    """NumPy out of data sets, and of structures of them.

    Elements of onebit's data sets are NumPy already: a `Dataset` comes back as it is (an iterable with a length),
    arrays and dicts, lists and tuples of these likewise. A ``tf.data.Dataset``, as `Dataset.to_tf` gives it, becomes an
    iterable of NumPy elements, a tensor an array.

    Raises:
        TypeError: something else.
    """
    import numpy as np

    if isinstance(dataset, Mapping):
        return {key: as_numpy(value) for key, value in dataset.items()}
    if isinstance(dataset, (list, tuple)):
        return type(dataset)(as_numpy(value) for value in dataset)
    if isinstance(dataset, (Dataset, np.ndarray, np.generic)):
        return dataset
    if isinstance(dataset, Iterator):
        return dataset
    if hasattr(dataset, "as_numpy_iterator"):
        return _NumpyElements(dataset)
    if hasattr(dataset, "numpy"):
        return dataset.numpy()
    raise TypeError(
        f"as_numpy takes what onebit.load gives (data sets, arrays, and dicts and lists of these). Got: {dataset!r}."
    )


class _NumpyElements:
    """The elements of a ``tf.data.Dataset`` as NumPy, again and again."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        elements: Iterator[Any] = self._dataset.as_numpy_iterator()
        return elements

    def __len__(self) -> int:
        return len(self._dataset)
