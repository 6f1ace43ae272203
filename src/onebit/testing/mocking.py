"""`mock_data`: data sets whose rows are made up, for tests that shall not wait for real ones."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from onebit.builders import DatasetBuilder
from onebit.decoding import decoded_features
from onebit.features import ClassLabel, Feature, FeaturesDict
from onebit.pipeline import Dataset, Plan, Source
from onebit.reading import ReadConfig
from onebit.splits import Interval
from onebit.store import Store
from onebit.tables import LINE, Table
from onebit.tfds_folders import FolderBuilder

Array = NDArray[Any]

_MOST_INTEGER = 127  # unless `max_value` says otherwise: every integer type holds it


class MockedFile(NamedTuple):
    """One made-up column: everything that its values depend on."""

    key: str
    feature: Feature
    rows: int
    max_value: int | None

    def values(self) -> Array:
        """``(rows, *shape)``; the same in every process."""
        seed = int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:8], "big")
        random = np.random.default_rng(seed)
        shape, dtype = (self.rows, *self.feature.shape), self.feature.dtype
        if isinstance(self.feature, ClassLabel):
            return random.integers(0, max(self.feature.num_classes, 1), shape, dtype)
        if dtype.kind in "fc":
            return (random.random(shape) * (self.max_value or 1)).astype(dtype)
        return random.integers(0, self._most(), shape, endpoint=True).astype(dtype)

    def _most(self) -> int:
        if self.feature.dtype.kind == "b":
            return 1
        largest = int(np.iinfo(self.feature.dtype).max)
        if self.max_value is not None:
            return min(self.max_value, largest)
        one_bit = self.feature.dtype == np.uint8 and self.feature.items > 1  # what onebit packs: images are one-bit
        return 1 if one_bit else min(_MOST_INTEGER, largest)


class MockedStore(Store):
    """A store whose columns are made up as they are read.

    Args:
        name: the data set.
        features: its columns, as they are stored.
        rows: examples in each split.
        max_value: the largest value; None for what suits the feature.
    """

    def __init__(self, name: str, features: FeaturesDict, rows: int, max_value: int | None) -> None:
        super().__init__(Path("onebit-mocked-data") / name, {"mocked": f"{name} {rows} {max_value}"}, "")
        self._made = (name, features, rows, max_value)
        self._columns: dict[tuple[str, str], Array] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return MockedStore, self._made

    def column(self, split: str, name: str) -> Array:
        """A made-up column in its stored form."""
        if (split, name) not in self._columns:
            dataset, features, rows, most = self._made
            if name == LINE:
                stored = np.arange(rows, dtype=np.int32)
            else:
                made = MockedFile(f"{dataset}/{split}/{name}", features[name], rows, most)
                stored = features[name].pack(made.values())
            stored.flags.writeable = False
            self._columns[split, name] = stored
        return self._columns[split, name]

    def verify(self) -> None:
        """Nothing is stored, and nothing can be damaged."""

    def nbytes(self) -> int:
        """Nothing is stored."""
        return 0


class MockPolicy(enum.Enum):
    """Where TFDS's `mock_data` takes its information from; onebit takes the words, and always asks the builder."""

    AUTO = enum.auto()
    USE_CODE = enum.auto()
    USE_FILES = enum.auto()


@contextmanager
def mock_data(
    num_examples: int = 1,
    num_sub_examples: int = 1,
    max_value: int | None = None,
    *,
    policy: MockPolicy = MockPolicy.AUTO,
    as_dataset_fn: Callable[..., Any] | None = None,
    as_data_source_fn: Callable[..., Any] | None = None,
    data_dir: Any = None,
) -> Iterator[None]:
    """Within this block data sets have made-up rows: nothing is downloaded, read or written.

        >>> with onebit.testing.mock_data(num_examples=5):
        ...     ds = onebit.load("binarized_mnist", split="train")
        >>> len(ds), ds.arrays()["image"].max()
        (5, 1)

    Every split has `num_examples` rows, and so has every part of one (``train[:10%]``), whose name is still checked.
    Rows have the shapes, dtypes and values of the features: images (of uint8) and bool are 0 and 1, labels are classes,
    other integers lie in 0 to 127, floats in [0, 1). They are the same in each run, and differ between splits. What
    `info` says stays as it is. A data set that was opened in the block goes on after it, also in other processes.

    Args:
        num_examples: rows of each split.
        num_sub_examples: TFDS's argument for data sets in a data set; accepted, and without effect.
        max_value: the largest value of images and other integers, and the bound of floats; None and 0 are the values
            that the features allow.
        policy: TFDS's argument; accepted, and without effect.
        as_dataset_fn: replaces `DatasetBuilder.as_dataset`; it is called with the builder first.
        as_data_source_fn: likewise `DatasetBuilder.as_data_source`.
        data_dir: TFDS's folder of metadata; accepted, and without effect.

    Raises:
        ValueError: a negative number.
    """
    if num_examples < 0:
        raise ValueError(f"num_examples={num_examples}: give 0 or more.")
    if max_value is not None and max_value < 0:
        raise ValueError(f"max_value={max_value}: give 1 or more, or None for the values that the features allow.")

    def opened(*asked: Any) -> Dataset:
        return _mocked(_Asked(*asked), num_examples, max_value or None)

    def nothing(self: DatasetBuilder, **kwargs: Any) -> None:
        pass

    with ExitStack() as patches:
        for builder in _all_builders():
            for name, replacement in _replacements(opened, nothing, as_dataset_fn, as_data_source_fn).items():
                if name in vars(builder):
                    patches.enter_context(mock.patch.object(builder, name, replacement))
        yield


def _replacements(opened: Any, nothing: Any, as_dataset_fn: Any, as_data_source_fn: Any) -> dict[str, Any]:
    found = {"_open": opened, "is_prepared": lambda self: True, "download_and_prepare": nothing, "repair": nothing}
    given = {"as_dataset": as_dataset_fn, "as_data_source": as_data_source_fn}
    return found | {name: function for name, function in given.items() if function is not None}


def _all_builders() -> list[type[DatasetBuilder]]:
    """The base class and every class under it that has a say of its own in these methods."""
    found: list[type[DatasetBuilder]] = []
    waiting: list[type[DatasetBuilder]] = [DatasetBuilder, FolderBuilder]
    while waiting:
        builder = waiting.pop()
        found.append(builder)
        waiting += builder.__subclasses__()
    return list(dict.fromkeys(found))


class _Asked(NamedTuple):
    """What a builder is asked to open."""

    builder: DatasetBuilder
    spec: Any
    config: ReadConfig
    as_supervised: bool
    order: str
    decoders: Any = None


def _mocked(asked: _Asked, rows: int, max_value: int | None) -> Dataset:
    builder, info = asked.builder, asked.builder.info
    intervals = info.splits.intervals(asked.spec) if info.splits else ()
    split = intervals[0].split if intervals else str(asked.spec)
    features = info.features if asked.decoders is None else decoded_features(info.features, asked.decoders)
    store = MockedStore(builder.name, info.features, rows, max_value)
    table = Table(builder.name, str(builder.version), store, features, ((split, rows),))
    source = Source(
        table,
        (Interval(split, 0, rows),),
        label=str(asked.spec),
        order=asked.order,
        supervised=info.supervised_keys if asked.as_supervised else None,
        tfds_id=asked.config.add_tfds_id,
    )
    return Dataset(Plan(source))
