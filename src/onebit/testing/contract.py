"""`DatasetBuilderTestCase`: what every data set must hold to, as a test class that its own test inherits."""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
import unittest
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import numpy as np

from onebit import builders, registry, stages
from onebit.builders import DatasetBuilder
from onebit.checksums import FILE_NAME
from onebit.downloads import DownloadManager, Resource
from onebit.features import features_from_json
from onebit.generation import GeneratorBasedBuilder
from onebit.pipeline import Dataset
from onebit.splits import map_nested
from onebit.testing.mocking import mock_data

_LOOKED_AT = 20  # examples of each split that are compared one by one


class DatasetBuilderTestCase(unittest.TestCase):
    """Inherit from this to test a data set of your own; it is prepared from a few small files instead of the real ones.

        >>> class StripesTest(onebit.testing.DatasetBuilderTestCase):
        ...     DATASET_CLASS = Stripes
        ...     SPLITS = {"train": 100}

    The attributes are those of TFDS's class of this name:

    - ``DATASET_CLASS``: the class; ``SPLITS``: the number of examples of each split that the small files give.
    - ``EXAMPLE_DIR``: the folder of the small files; by default ``dummy_data`` beside the code. It is what every
      download gives, and what ``dl_manager.manual_dir`` is, unless ``DL_DOWNLOAD_RESULT``, ``DL_EXTRACT_RESULT`` (for
      ``download_and_extract``) or ``DL_EXTRACT_ONLY_RESULT`` (for ``extract``) name files in it, in any structure.
    - ``OVERLAPPING_SPLITS``: splits that may share examples with others.
    - ``SKIP_CHECKSUMS``: addresses need not be listed in ``checksums.tsv``.
    - ``VERSION``, ``BUILDER_CONFIG_NAMES_TO_TEST``: which version, and which configurations; by default all.

    It is tested that `onebit.load` finds the data set; that what it says of itself is complete; that it is prepared
    with the splits, shapes and dtypes that it names, twice with the same bytes; that random access, iteration, slices,
    the order of generation and pickles agree; that no example is in two splits; that addresses have checksums; and
    that `mock_data` works on it.

    A data set that is not made by a generator overrides `prepare`.
    """

    DATASET_CLASS: ClassVar[Any] = None
    SPLITS: ClassVar[Mapping[str, int]] = {}
    VERSION: ClassVar[str | None] = None
    BUILDER_CONFIG_NAMES_TO_TEST: ClassVar[list[Any] | None] = None
    DL_EXTRACT_RESULT: ClassVar[Any] = None
    DL_EXTRACT_ONLY_RESULT: ClassVar[Any] = None
    DL_DOWNLOAD_RESULT: ClassVar[Any] = None
    EXAMPLE_DIR: ClassVar[Any] = None
    OVERLAPPING_SPLITS: ClassVar[list[str]] = []
    SKIP_CHECKSUMS: ClassVar[bool] = False

    __test__ = False  # for pytest: this class itself has nothing to test

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__test__ = True

    @classmethod
    def setUpClass(cls) -> None:
        """Looks at the attributes.

        Raises:
            AssertionError: one is missing.
        """
        super().setUpClass()
        if cls is DatasetBuilderTestCase:
            raise unittest.SkipTest("a class to inherit from")
        if not (isinstance(cls.DATASET_CLASS, type) and issubclass(cls.DATASET_CLASS, DatasetBuilder)):
            raise AssertionError(f"Assign your DatasetBuilder class to {cls.__name__}.DATASET_CLASS.")
        if not cls.SPLITS:
            raise AssertionError(f"Say how many examples each split has: {cls.__name__}.SPLITS = {{'train': 3}}.")

    def setUp(self) -> None:
        """Makes a folder for prepared data, and puts the small files in the place of downloads."""
        super().setUp()
        self.tmp_dir = tempfile.mkdtemp(prefix="onebit-test-")
        self.addCleanup(shutil.rmtree, self.tmp_dir, ignore_errors=True)
        self.urls: set[str] = set()
        self._learns_checksums = False
        patches = ExitStack()
        self.addCleanup(patches.close)
        for verb, replacement in self._verbs().items():
            patches.enter_context(mock.patch.object(DownloadManager, verb, replacement))
        self.builder = self.make_builder()

    # For subclasses --------------------------------------------------------------------------------------------

    def make_builder(self, config: Any = None, folder: str = "data") -> DatasetBuilder:
        """A builder of the data set in a folder of this test's own."""
        arguments = {"config": config} if config is not None else {}
        made: DatasetBuilder = self.DATASET_CLASS(
            data_dir=Path(self.tmp_dir) / folder, version=self.VERSION, **arguments
        )
        return made

    def prepare(self, builder: DatasetBuilder) -> None:
        """Prepares the data set; override it where more has to be said."""
        builder.download_and_prepare()

    @property
    def dummy_data(self) -> Path:
        """The folder with the small files.

        Raises:
            ValueError: there is none.
        """
        home = self.DATASET_CLASS.package_folder() if issubclass(self.DATASET_CLASS, GeneratorBasedBuilder) else None
        folder = Path(self.EXAMPLE_DIR) if self.EXAMPLE_DIR is not None else (home or Path()) / "dummy_data"
        if not folder.is_dir():
            raise ValueError(
                f"Dummy data not found in: {folder}. Put a few small files there that look like the downloads, or set "
                f"{type(self).__name__}.EXAMPLE_DIR."
            )
        return folder

    # Tests -----------------------------------------------------------------------------------------------------

    def test_registered(self) -> None:
        """`onebit.load` finds the data set by its name."""
        own = self.DATASET_CLASS
        if issubclass(own, GeneratorBasedBuilder) or own.folder.parent == builders.PACKAGED:
            self.assertIs(registry.find_builder_class(self.builder.name), own)
            self.assertIn(self.builder.name, registry.list_builders())

    def test_info(self) -> None:
        """The data set says what it is, in a form that can be stored and shown."""
        info = self.builder.info
        self.assertEqual(info.name, self.builder.name)
        self.assertEqual(info.version, self.builder.version)
        self.assertTrue(info.description, "Say what the data set is: description=..., or README.md beside the code.")
        self.assertTrue(info.features, "The data set has no features.")
        self.assertEqual(features_from_json(info.features.to_json()), info.features)
        self.assertEqual(json.loads(json.dumps(info.as_dict()))["name"], info.name)
        self.assertIn(info.name, repr(info))
        for _, name in stages.leaves(info.supervised_keys or ()):
            self.assertIn(name, info.features)

    def test_download_and_prepare_as_dataset(self) -> None:
        """The data set is prepared, and reads as it says; all of its configurations."""
        configs: list[Any] = self.BUILDER_CONFIG_NAMES_TO_TEST or list(getattr(self.builder, "builder_configs", ()))
        for config in configs or [None]:
            with self.subTest(config=getattr(config, "name", config)):
                builder = self.make_builder(config)
                self.prepare(builder)
                self._check_prepared(builder)
                self._check_prepared_again(builder, config)
        if not self.SKIP_CHECKSUMS and not self._learns_checksums:
            listed = self.builder.url_infos if isinstance(self.builder, GeneratorBasedBuilder) else {}
            missing = sorted(self.urls - set(listed))
            self.assertFalse(
                missing,
                f"{FILE_NAME} beside the code does not list these. Prepare once with the real files and "
                "download_config=onebit.download.DownloadConfig(register_checksums=True), or set SKIP_CHECKSUMS.",
            )

    def test_mock_data(self) -> None:
        """Programs that use the data set can be tested without it."""
        split = next(iter(self.SPLITS))
        with mock_data(num_examples=3):
            dataset = self.builder.as_dataset(split)
        self.assertEqual(len(dataset), 3)
        self._check_examples(self.builder, dataset)

    # What they look at -----------------------------------------------------------------------------------------

    def _check_prepared(self, builder: DatasetBuilder) -> None:
        self.assertTrue(builder.is_prepared())
        sizes = {name: split.num_examples for name, split in builder.info.splits.items()}
        self.assertEqual(sizes, dict(self.SPLITS), "The splits are not those of SPLITS.")
        opened: dict[str, Dataset] = builder.as_dataset()
        for name, dataset in opened.items():
            self.assertEqual(len(dataset), self.SPLITS[name])
            self._check_examples(builder, dataset)
            half = builder.as_dataset(f"{name}[50%:]")
            np.testing.assert_equal(
                half.take(_LOOKED_AT).arrays(), dataset.skip(len(dataset) - len(half)).take(_LOOKED_AT).arrays()
            )
            generated = builder.as_dataset(name, order="source")
            self.assertEqual(_fingerprints(generated), _fingerprints(dataset), "order='source' has other examples.")
        self._check_overlap({name: _fingerprints(dataset) for name, dataset in opened.items()})

    def _check_examples(self, builder: DatasetBuilder, dataset: Dataset) -> None:
        features = builder.info.features
        few = dataset.take(_LOOKED_AT)
        for position, example in enumerate(few):
            self.assertEqual(set(example), set(features))
            for name, value in example.items():
                self.assertEqual(np.shape(value), features[name].shape, name)
                self.assertEqual(np.asarray(value).dtype, features[name].dtype, name)
            np.testing.assert_equal(dataset[position], example)
        np.testing.assert_equal(pickle.loads(pickle.dumps(few)).arrays(), few.arrays())

    def _check_prepared_again(self, builder: DatasetBuilder, config: Any) -> None:
        again = self.make_builder(config, "again")
        self.prepare(again)
        self.assertEqual(
            again.store.digests,
            builder.store.digests,
            "Prepared a second time it has other bytes: _generate_examples must give the same keys and values.",
        )

    def _check_overlap(self, examples: Mapping[str, list[bytes]]) -> None:
        names = [name for name in examples if name not in self.OVERLAPPING_SPLITS]
        for number, first in enumerate(names):
            for second in names[number + 1 :]:
                shared = len(set(examples[first]) & set(examples[second]))
                self.assertFalse(
                    shared,
                    f"{first!r} and {second!r} share {shared} examples. If that is meant, set "
                    f"OVERLAPPING_SPLITS = [{second!r}].",
                )

    def _verbs(self) -> dict[str, Callable[..., Any]]:
        """What the verbs of a download manager do in a test."""

        def files(result: Any) -> Any:
            return self.dummy_data if result is None else map_nested(lambda name: self.dummy_data / name, result)

        def note(urls: Any) -> None:
            if not self._learns_checksums:
                map_nested(lambda url: self.urls.add(str(url.url if isinstance(url, Resource) else url)), urls)

        def download(manager: DownloadManager, url_or_urls: Any) -> Any:
            note(url_or_urls)
            return files(self.DL_DOWNLOAD_RESULT if self.DL_DOWNLOAD_RESULT is not None else self.DL_EXTRACT_RESULT)

        def download_and_extract(manager: DownloadManager, url_or_urls: Any) -> Any:
            note(url_or_urls)
            return files(self.DL_EXTRACT_RESULT)

        def download_checksums(manager: DownloadManager, checksums_url: str) -> None:
            self._learns_checksums = True

        verbs: dict[str, Any] = {
            "download": download,
            "download_and_extract": download_and_extract,
            "download_checksums": download_checksums,
            "manual_dir": property(lambda manager: self.dummy_data),
        }
        if self.DL_EXTRACT_ONLY_RESULT is not None:
            verbs["extract"] = lambda manager, path_or_paths: files(self.DL_EXTRACT_ONLY_RESULT)
        return verbs


def _fingerprints(dataset: Dataset) -> list[bytes]:
    """One for each example, sorted: its columns, as bytes."""
    columns = [np.ascontiguousarray(values).reshape(len(dataset), -1) for values in dataset.arrays().values()]
    joined = np.concatenate([values.view(np.uint8).reshape(len(dataset), -1) for values in columns], axis=1)
    return sorted(map(bytes, joined))
