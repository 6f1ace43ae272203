"""What a folder that TFDS prepared says about its data set, in the form of onebit's own records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from onebit import stages, store
from onebit.errors import FormatError, NotPreparedError
from onebit.features import FeaturesDict
from onebit.formats import tfds_info
from onebit.metadata import Record, SplitRecord
from onebit.versions import Version

_MOST_SHARDS = 1 << 20
_LARGEST_JSON = 64 << 20  # bytes


class ShardedSplit(NamedTuple):
    """One split of a folder.

    Attributes:
        record: its name, its number of examples and its bytes.
        shard_lengths: the examples of each file.
        template: how the files are named.
    """

    record: SplitRecord
    shard_lengths: tuple[int, ...]
    template: str


class FolderRecord(Record):
    """What a folder says about its data set, in the form of the records that come with onebit.

    Args:
        folder: a folder with ``dataset_info.json`` and ``features.json``.
        file_format: which of the formats that the folder has; by default the main one.

    Raises:
        NotPreparedError: the folder has no such files.
        FormatError: they cannot be read, or describe something that onebit does not support.
    """

    def __init__(self, folder: Path, file_format: str | None = None) -> None:
        self.folder = folder
        info = _read_json(folder, store.INFO_FILE)
        if store.is_ours(info):
            raise NotPreparedError(
                f"{folder} was prepared by onebit, not by TFDS. Type: onebit.load({str(info.get('name'))!r}, "
                f"data_dir={str(folder.parent.parent)!r})"
            )
        formats = [str(info.get("fileFormat") or "tfrecord"), *map(str, info.get("alternativeFileFormats") or ())]
        if file_format is not None and file_format not in formats:
            raise FormatError(f"{folder} has its examples as {' and '.join(formats)}, not as {file_format}.")
        self.file_format: str = file_format or formats[0]
        features, self.encodings = self._read_features()
        try:
            self.sharded = {split.record.name: split for split in map(_sharded_split, info["splits"])}
            self.content = _content(info, features)
            Version(self.content["version"])
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise FormatError(
                f"{folder / store.INFO_FILE} is not what TFDS writes ({type(error).__name__}: {error})."
            ) from error
        self._texts = (str(info.get("description", "")).strip(), str(info.get("citation", "")).strip())
        self.ordered = bool(info.get("disableShuffling", False))
        self.written = (folder / store.INFO_FILE).stat().st_mtime_ns  # changes when TFDS prepares it again

    def _read_features(self) -> tuple[FeaturesDict, dict[str, str]]:
        content = _read_json(self.folder, "features.json")
        try:
            return tfds_info.features_from_json(content, _read_labels(self.folder))
        except FormatError as error:
            raise FormatError(f"{self.folder}: {error}") from error

    @cached_property
    def splits(self) -> dict[str, SplitRecord]:
        """The splits in the order of the folder."""
        return {name: split.record for name, split in self.sharded.items()}

    @cached_property
    def description(self) -> str:
        """What the folder says the data set is."""
        return self._texts[0]

    @cached_property
    def citation(self) -> str:
        """BibTeX."""
        return self._texts[1]

    def files(self, split: str) -> list[Path]:
        """The files of a split, in order."""
        sharded = self.sharded[split]
        count = len(sharded.shard_lengths)
        return [
            self.folder
            / tfds_info.shard_file(
                sharded.template,
                dataset=self.name,
                split=split,
                file_format=self.file_format,
                shard=shard,
                shards=count,
            )
            for shard in range(count)
        ]


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    try:
        if not path.is_file():  # a pipe would be waited for
            raise FileNotFoundError
        if path.stat().st_size > _LARGEST_JSON:
            raise FormatError(f"{path} has {path.stat().st_size:,} bytes, which is no description of a data set.")
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise NotPreparedError(_describe_missing(folder, name)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise FormatError(f"{path} is not a JSON object.")
    return content


def _read_labels(folder: Path) -> dict[str, list[str]]:
    """The names of classes, by feature."""
    names = {}
    for path in folder.glob("*.labels.txt"):
        if path.is_file() and path.stat().st_size <= _LARGEST_JSON:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            names[path.name.removesuffix(".labels.txt")] = [line.strip() for line in lines if line.strip()]
    return names


def _describe_missing(folder: Path, name: str) -> str:
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        return f"{folder} {found}. Give the folder of one version, such as ~/tensorflow_datasets/mnist/3.0.1."
    if name == "features.json" and (folder / store.INFO_FILE).exists():
        return (
            f"{folder} has no features.json: it was prepared by a TFDS that is older than 3.2, or by something else. "
            "Prepare it again with a newer TFDS."
        )
    below = sorted(path.parent for path in folder.glob("*/" + store.INFO_FILE))
    below = below or sorted(path.parent for path in folder.glob("*/*/" + store.INFO_FILE))
    inside = ", ".join(path.name for path in sorted(folder.iterdir())[:5]) or "nothing"
    hint = f"Did you mean {below[-1]} ?" if below else f"It holds: {inside}."
    return (
        f"{folder} was not prepared by TFDS: it has no {name}. Expected is the folder of one version, with "
        f"dataset_info.json, features.json and the files of the splits. {hint}"
    )


def _sharded_split(split: Mapping[str, Any]) -> ShardedSplit:
    lengths = tuple(int(length) for length in split.get("shardLengths", ()))
    if len(lengths) > _MOST_SHARDS or any(length < 0 for length in lengths):
        raise ValueError(f"impossible shardLengths of {split['name']!r}")
    record = SplitRecord(str(split["name"]), sum(lengths), int(split.get("numBytes", 0)), None, (), {})
    return ShardedSplit(record, lengths, str(split.get("filepathTemplate", "")))


def _content(info: Mapping[str, Any], features: FeaturesDict) -> dict[str, Any]:
    """The entries of a ``record.json``."""
    keys = info.get("supervisedKeys")
    wanted = _supervised_keys(keys) if keys else None
    return {
        "name": str(info["name"]),
        "version": str(info["version"]),
        "release_notes": dict(info.get("releaseNotes", {})),
        "homepage": next(iter(info.get("location", {}).get("urls", ())), ""),
        "license": info.get("redistributionInfo", {}).get("license"),
        "supervised_keys": wanted if wanted and all(name in features for _, name in stages.leaves(wanted)) else None,
        "features": features.to_json(),
        "download_size": int(info.get("downloadSize", 0)),
    }


def _supervised_keys(keys: Mapping[str, Any]) -> Any:
    """TFDS's message of nested keys as tuples, dicts and names."""
    if "input" in keys:  # the oldest form
        return keys["input"], keys["output"]
    if "tuple" in keys:
        return tuple(_supervised_keys(item) for item in keys["tuple"].get("items", ()))
    if "dict" in keys:
        return {name: _supervised_keys(item) for name, item in sorted(keys["dict"]["dict"].items())}
    return str(keys["featureKey"])
