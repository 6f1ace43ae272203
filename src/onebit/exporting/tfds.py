"""A data set as TFDS 4.9.10 prepares it: TFRecord files, ``dataset_info.json`` and ``features.json``, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit import store
from onebit.exporting.jobs import Job
from onebit.features import ClassLabel, Feature, Image
from onebit.formats import tfds_info
from onebit.metadata import SplitRecord

Array = NDArray[Any]


def write(job: Job, folder: Path) -> None:
    """Writes all files of a TFDS folder; what TFDS expects below ``<data_dir>/<name>/<version>``."""
    sizes = {split.name: _write_split(job, split, folder) for split in job.splits}
    (folder / "features.json").write_bytes(tfds_info.features_text(job.features))
    (folder / store.INFO_FILE).write_bytes(tfds_info.info_text(_info(job, sizes)))
    for name, feature in job.features.items():
        if isinstance(feature, ClassLabel) and feature.names != [str(label) for label in range(feature.num_classes)]:
            (folder / f"{name}.labels.txt").write_text("\n".join(feature.names) + "\n", encoding="utf-8")
    if job.info.license:
        (folder / "LICENSE").write_text(job.info.license, encoding="utf-8")


def expected_digests(job: Job) -> dict[str, str]:
    """The SHA-256 of the files that TFDS writes, where the record has them: for one shard in TFDS's order."""
    if job.shards != 1 or job.order != "tfds":
        return {}
    digests: dict[str, str] = job.info.record.content.get("tfds", {}).get("sha256", {})
    return digests


def shard_bounds(examples: int, shards: int) -> list[int]:
    """Where each shard begins, and the end: TFDS's rounding, halves to even.

    Raises:
        ValueError: fewer examples than shards.
    """
    if not 1 <= shards <= examples:
        raise ValueError(f"{shards} shards of {examples} examples: give from 1 to {examples}.")
    return [round(examples * shard / shards) for shard in range(shards + 1)]


def _write_split(job: Job, split: SplitRecord, folder: Path) -> tuple[int, list[int]]:
    """Writes the files of one split; gives the bytes of its examples, and how many are in each file."""
    from onebit.formats import tf_example, tfrecord

    rows = job.dataset(split.name)
    bounds = shard_bounds(len(rows), job.shards)
    total = 0
    for shard in range(job.shards):
        columns = rows[bounds[shard] : bounds[shard + 1]].arrays()
        encoded = {name: _encoded(job, job.features[name], values) for name, values in columns.items()}
        examples = tf_example.write(encoded)
        if not any(isinstance(feature, Image) for feature in job.features.values()):
            job.advance(len(examples))
        total += int(examples.lengths.sum())
        name = tfds_info.shard_file(
            "", dataset=job.name, split=split.name, file_format="tfrecord", shard=shard, shards=job.shards
        )
        (folder / name).write_bytes(tfrecord.write(examples))
    return total, np.diff(bounds).tolist()


def _encoded(job: Job, feature: Feature, values: Array) -> Any:
    from onebit.formats import png_batches, tfrecord

    if isinstance(feature, Image):
        return tfrecord.joined(png_batches.encode(values, job.advance))
    if tfds_info.encoding_of(feature) == "bytes":
        little = np.ascontiguousarray(values, feature.dtype.newbyteorder("<"))
        return tfrecord.joined([value.tobytes() for value in little])
    return values.reshape(len(values), feature.items)


def _info(job: Job, sizes: Mapping[str, tuple[int, list[int]]]) -> dict[str, Any]:
    """The content of ``dataset_info.json``."""
    info, content = job.info, job.info.record.content
    keys = info.supervised_keys
    return {
        "citation": info.citation,
        "description": info.description,
        "disableShuffling": job.order != "tfds",
        "downloadSize": str(int(info.download_size)) if info.download_size else "",
        "fileFormat": "tfrecord",
        "location": {"urls": [info.homepage] if info.homepage else []},
        "moduleName": content.get("tfds", {}).get("module_name", f"onebit.datasets.{info.name}"),
        "name": info.name,
        "redistributionInfo": {"license": info.license},
        "releaseNotes": info.release_notes,
        "splits": [
            {
                "filepathTemplate": tfds_info.FILE_TEMPLATE,
                "name": name,
                "numBytes": str(num_bytes),
                "shardLengths": [str(length) for length in lengths],
            }
            for name, (num_bytes, lengths) in sizes.items()
        ],
        "supervisedKeys": _supervised_keys(keys or ()),
        "version": str(info.version),
    }


def _supervised_keys(keys: Any) -> dict[str, Any]:
    """Tuples, dicts and names as TFDS's message has them."""
    if isinstance(keys, tuple):
        return {"tuple": {"items": [_supervised_keys(key) for key in keys]} if keys else {}}
    if isinstance(keys, dict):
        return {"dict": {"dict": {name: _supervised_keys(key) for name, key in keys.items()}}}
    return {"featureKey": keys}
