"""`audit`: duplicates, leaks between splits and drift, as one JSON value that says what it is about.

The nearest image of a test image in train is always close for digits that everybody writes alike. A distance alone
therefore proves no leak; it is compared with two baselines: another split's distances to train, and train's own, each
image left out in its turn. Where there are more train images than the largest other split has, as many are taken, at
even steps.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit import locations, progress
from onebit.__about__ import __version__
from onebit.auditing import drift
from onebit.auditing.duplicates import Group, groups
from onebit.auditing.findings import findings
from onebit.auditing.neighbours import Corpus, Nearest
from onebit.auditing.splits import Rows
from onebit.explorer import shapes
from onebit.explorer.contents import NotOneBitError, contents, image_column, opened
from onebit.loading import builder as builder_of
from onebit.store import column_file

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder

Json = dict[str, Any]

SCHEMA = 1
FILE = "audit.json"  # in the folder of a data set, and in the cache
GALLERY = 24  # pairs that are kept of each comparison
LISTED_GROUPS = 50  # of duplicates
THRESHOLD_SHARE = 0.001  # of train's own images, left out in turn, have a neighbour at or below the threshold;
THRESHOLD_IMAGES = 5  # or so many, where that is more
QUANTILES = (0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1)
_LARGEST = 1 << 24
_PARTS = {"duplicates", "reference", "nearest", "threshold", "drift", "findings"}


class Images(NamedTuple):
    """The images of a data set.

    Attributes:
        name: of the data set.
        version: its version.
        packed: ``(n, row_bytes)`` uint8.
        height: rows of an image.
        width: columns of an image.
        splits: which rows are whose.
    """

    name: str
    version: str
    packed: NDArray[np.uint8]
    height: int
    width: int
    splits: tuple[Rows, ...]

    def of(self, split: Rows) -> NDArray[np.uint8]:
        """The packed images of a split."""
        return self.packed[split.start : split.stop]


def audit(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    source_dir: str | os.PathLike[str] | None = None,
    again: bool = False,
) -> Json:
    """Audits a data set of one-bit images; gets and prepares it first if it is not on this disk.

        >>> onebit.audit("binarized_mnist")["findings"][0]["title"]              # doctest: +SKIP
        'No image is in two splits'

    The audit is kept, and valid for exactly the images that it was made of: the SHA-256 of each split is in it. That of
    a data set of the package comes with the package.

    Args:
        name: the data set.
        data_dir: as in `onebit.load`.
        source_dir: as in `onebit.load`.
        again: whether to do it again though it has been done.

    Returns:
        A JSON value, described in docs/audit.md: ``duplicates``, ``nearest`` (distances test -> train and their
        baselines), ``threshold``, ``drift`` and ``findings``, which say in words what was found.

    Raises:
        DatasetNotFoundError, SourcesExhaustedError, NotWrittenError: see `onebit.load`.
        NotOneBitError: the data set has no one-bit images.
    """
    builder = builder_of(name, data_dir=data_dir)
    builder.download_and_prepare(source_dir=source_dir)
    if not again:
        known = kept(builder)
        if known is not None:
            return known
    made = made_of(images_of(builder))
    digests = {each["name"]: each["sha256"] for each in made["splits"]}
    keep(place_of(builder, digests), as_json(made), "The audit")
    return made


def images_of(builder: DatasetBuilder) -> Images:
    """The images of a prepared data set.

    Raises:
        NotPreparedError, DamagedStoreError, NotOneBitError: see `onebit.explorer.contents.contents`.
    """
    found = contents(opened(builder))
    manifest = found.manifest
    packed = np.frombuffer(found.pixels, np.uint8).reshape(manifest["n"], manifest["row_bytes"])
    splits = tuple(Rows(each["name"], each["start"], each["stop"], each["sha256"]) for each in manifest["splits"])
    return Images(manifest["name"], manifest["version"], packed, manifest["height"], manifest["width"], splits)


# Kept audits ---------------------------------------------------------------------------------------------------------


def kept(builder: DatasetBuilder) -> Json | None:
    """The audit of exactly these images, if one was kept: beside the data set's record, or in the cache."""
    try:
        digests = _digests(builder)
    except NotOneBitError:
        return None
    for path in (builder.record.folder / FILE, place_of(builder, digests)):
        try:
            if path.stat().st_size > _LARGEST:
                continue
            found = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if (
            isinstance(found, dict)
            and found.get("onebit_audit") == SCHEMA
            and found.keys() >= _PARTS  # else a file that was damaged: made again
            and _of_these(found, builder.name, digests)
        ):
            return found
    return None


def _digests(builder: DatasetBuilder) -> dict[str, str]:
    """The SHA-256 of each split's images, in the order of the splits."""
    table = opened(builder)
    image, _ = image_column(table)
    return {split: table.store.digests[column_file(split, image)] for split, _ in table.splits}


def _of_these(found: Json, name: str, digests: Mapping[str, str]) -> bool:
    splits = found.get("splits")
    if found.get("dataset") != name or not isinstance(splits, list):
        return False
    return [(each.get("name"), each.get("sha256")) for each in splits if isinstance(each, dict)] == [*digests.items()]


def place_of(builder: DatasetBuilder, digests: Mapping[str, str], suffix: str = ".json") -> Path:
    """Where in the cache what was found out about some images is kept."""
    key = hashlib.sha256(json.dumps([SCHEMA, builder.name, *digests.items()]).encode()).hexdigest()
    return locations.data_dir_root(builder.data_dir_root) / "audits" / f"{builder.name}-{key[:16]}{suffix}"


def keep(target: Path, content: bytes, what: str) -> None:
    """Keeps something in the cache, whole or not at all; a disk that takes nothing is no reason to lose it."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        progress.note(f"{what} could not be kept in {target.parent}: {error}")
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def as_json(made: Json) -> bytes:
    """An audit as a file."""
    return (json.dumps(made, indent=1, allow_nan=False) + "\n").encode()


# Making one ----------------------------------------------------------------------------------------------------------


def made_of(images: Images) -> Json:
    """The audit of some images."""
    started = time.perf_counter()
    made: Json = {
        "onebit_audit": SCHEMA,
        "dataset": images.name,
        "version": images.version,
        "pixels": images.height * images.width,
        "splits": [{"name": each.name, "num_examples": len(each), "sha256": each.sha256} for each in images.splits],
        "duplicates": _duplicates(images),
    }
    reference, others = roles(images.splits)
    made["reference"] = reference.name
    made["nearest"] = _distances(images, reference, others)
    made["threshold"] = _threshold(made["nearest"])
    made["drift"] = _drifts(images, reference, others)
    made["findings"] = findings(made)
    made |= {"onebit": __version__, "numpy": np.__version__, "seconds": round(time.perf_counter() - started, 1)}
    return made


def roles(splits: Sequence[Rows]) -> tuple[Rows, list[Rows]]:
    """The split that others are compared with: train, or the largest; and the others."""
    named = {each.name: each for each in splits}
    reference = named.get("train") or max(splits, key=len)
    return reference, [each for each in splits if each is not reference and len(each)]


def _duplicates(images: Images) -> Json:
    found = groups(images.packed, images.splits)
    across = [group for group in found if len(group.splits) > 1]
    return {
        "groups": len(found),
        "images": sum(len(group.rows) for group in found),
        "across_splits": len(across),
        "within": {
            split.name: sum(sum(name == split.name for name, _ in group.rows) > 1 for group in found)
            for split in images.splits
        },
        "blank": {split.name: int((~images.of(split).any(axis=1)).sum()) for split in images.splits},
        "listed": [_listed(group) for group in [*across, *(group for group in found if group not in across)]][
            :LISTED_GROUPS
        ],
    }


def _listed(group: Group) -> list[str]:
    return [f"{split}/{row}" for split, row in group.rows]


def _distances(images: Images, reference: Rows, others: Sequence[Rows]) -> list[Json]:
    """Distances of every other split to the reference, and of the reference to itself."""
    if len(reference) < 2:
        return []
    corpus = Corpus(images.of(reference))
    found = []
    for split in others:
        title = f"{split.name} to {reference.name}"
        found.append(
            _comparison(split, reference, np.arange(len(split)), corpus.nearest(images.of(split), title=title))
        )
    most = max((len(split) for split in others), default=len(reference))
    rows = np.arange(min(most, len(reference)), dtype=np.int64) * len(reference) // min(most, len(reference))
    own = corpus.nearest(corpus.packed[rows], without=rows, title=f"{reference.name} to itself")
    return [*found, _comparison(reference, reference, rows, own)]


def _comparison(query: Rows, reference: Rows, rows: NDArray[np.int64], found: Nearest) -> Json:
    closest = np.argsort(found.distance, kind="stable")
    pairs, seen = [], set()
    for place in closest.tolist():
        pair = frozenset([(query.name, int(rows[place])), (reference.name, int(found.row[place]))])
        if pair not in seen:  # of two train images that are each other's nearest
            seen.add(pair)
            pairs.append([int(rows[place]), int(found.row[place]), int(found.distance[place])])
        if len(pairs) == GALLERY:
            break
    quantiles = np.quantile(found.distance, QUANTILES, method="inverted_cdf")
    return {
        "query": query.name,
        "to": reference.name,
        "left_out": query is reference,
        "images": len(rows),
        "mean": float(found.distance.mean()),
        "quantiles": {f"{share:g}": int(value) for share, value in zip(QUANTILES, quantiles, strict=True)},
        "histogram": np.bincount(found.distance).tolist(),
        "closest": pairs,
    }


def _threshold(nearest: Sequence[Json]) -> Json | None:
    """The distance at or below which few of the reference's own images have a neighbour, and what lies there.

    It is 0 where more than a few have one of distance 0: then the copies of the others are compared with its own.
    """
    if not nearest:
        return None
    images = nearest[-1]["images"]
    most = max(THRESHOLD_SHARE * images, THRESHOLD_IMAGES)
    distance = max(int(np.searchsorted(np.cumsum(nearest[-1]["histogram"]), most, side="right")) - 1, 0)
    below = {f"{each['query']}": int(sum(each["histogram"][: distance + 1])) for each in nearest}
    return {"distance": distance, "share_of_reference": most / images, "images_at_or_below": below}


def _part(numbers: Mapping[str, NDArray[Any]], split: Rows) -> dict[str, NDArray[Any]]:
    return {name: values[split.start : split.stop] for name, values in numbers.items()}


def _drifts(images: Images, reference: Rows, others: Sequence[Rows]) -> list[Json]:
    pixels = images.height * images.width
    numbers = shapes.measured(images.packed, images.height, images.width)
    found = []
    with progress.step_bar("Comparing splits", len(others)) as bar:
        for split in others:
            a, b = images.of(reference), images.of(split)
            tests = drift.pixel_tests(drift.ink_counts(a)[:pixels], len(a), drift.ink_counts(b)[:pixels], len(b))
            by_name = drift.number_tests(_part(numbers, reference), _part(numbers, split))
            whole = drift.permutation_test(a, b)
            strongest = int(np.abs(tests.z).argmax())
            found.append(
                {
                    "from": reference.name,
                    "to": split.name,
                    "pixels": {
                        "different": int((tests.adjusted <= drift.FALSE_DISCOVERY_RATE).sum()),
                        "false_discovery_rate": drift.FALSE_DISCOVERY_RATE,
                        "strongest": {"x": strongest % images.width, "y": strongest // images.width},
                        "z": [round(float(value), 4) for value in tests.z],
                    },
                    "numbers": {
                        name: {"statistic": test.statistic, "p": test.p, "adjusted_p": adjusted}
                        for name, (test, adjusted) in by_name.items()
                    },
                    "whole": whole._asdict(),
                }
            )
            bar.advance()
    return found
