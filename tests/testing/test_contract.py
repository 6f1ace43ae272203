"""The contract test: sound data sets pass it, each kind of unsound one fails the test that is for it."""

from __future__ import annotations

import hashlib
import itertools
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stripes

import onebit
from onebit import testing
from onebit.features import FeaturesDict, Image

URL = "https://example.org/rows.npy"


class Rows:
    """A data set that reads a downloaded file; parts are replaced by tests."""

    VERSION = "1.0.0"
    least = 0

    def _info(self) -> onebit.DatasetInfo:
        features = FeaturesDict({"image": Image(shape=(2, 4, 1))})
        return onebit.DatasetInfo(builder=self, description="Rows.", features=features)

    def _split_generators(self, dl_manager: Any) -> Any:
        path = dl_manager.download(URL)
        return {"train": self._generate_examples(path, 0), "test": self._generate_examples(path, 1)}

    def _generate_examples(self, path: Path, first: int) -> Iterator[Any]:
        for number, row in enumerate(np.load(path)[first::2]):
            yield number, {"image": row}


METHODS = {name: value for name, value in vars(Rows).items() if not name.startswith("__")}


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The folder of the code, with small files."""
    rows = np.unpackbits(np.arange(11, dtype=np.uint8)).reshape(11, 2, 4, 1)
    (tmp_path / "dummy_data").mkdir()
    np.save(tmp_path / "dummy_data" / "rows.npy", rows)
    digest = hashlib.sha256(b"whatever the real one has").hexdigest()
    (tmp_path / "checksums.tsv").write_text(f"{URL}\t100\t{digest}\trows.npy\n")
    return tmp_path


def outcome(folder: Path, test: dict[str, Any] | None = None, **parts: Any) -> dict[str, str]:
    """Runs the contract on a data set; what failed, by test."""
    data_set = type("Rows", (onebit.GeneratorBasedBuilder,), METHODS | {"pkg_dir_path": folder} | parts)
    given = {"DATASET_CLASS": data_set, "SPLITS": {"train": 6, "test": 5}, "DL_DOWNLOAD_RESULT": "rows.npy"}
    case = type("RowsTest", (testing.DatasetBuilderTestCase,), given | (test or {}))
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert result.testsRun == 4 or result.errors
    return {str(failed).split()[0]: text for failed, text in [*result.failures, *result.errors]}


def test_a_sound_one_passes(beside: Path) -> None:
    assert outcome(beside) == {}


def told(found: dict[str, str], test: str, text: str) -> None:
    assert list(found) == [test], found
    assert text in found[test]


PREPARED = "test_download_and_prepare_as_dataset"


def test_other_numbers_of_examples(beside: Path) -> None:
    told(outcome(beside, {"SPLITS": {"train": 6, "test": 6}}), PREPARED, "The splits are not those of SPLITS")


def test_examples_in_two_splits(beside: Path) -> None:
    def split_generators(self: Any, dl_manager: Any) -> Any:
        path = dl_manager.download(URL)
        return {"train": self._generate_examples(path, 0), "test": self._generate_examples(path, 2)}

    found = outcome(beside, _split_generators=split_generators)
    told(found, PREPARED, "'train' and 'test' share 5 examples. If that is meant, set OVERLAPPING_SPLITS = ['test']")
    assert outcome(beside, {"OVERLAPPING_SPLITS": ["test"]}, _split_generators=split_generators) == {}


def test_an_address_without_a_checksum(beside: Path) -> None:
    (beside / "checksums.tsv").unlink()
    told(
        outcome(beside), PREPARED, "checksums.tsv beside the code does not list these. Prepare once with the real files"
    )
    assert outcome(beside, {"SKIP_CHECKSUMS": True}) == {}

    def split_generators(self: Any, dl_manager: Any) -> Any:
        dl_manager.download_checksums("https://example.org/sums")
        return Rows._split_generators(self, dl_manager)

    assert outcome(beside, _split_generators=split_generators) == {}


def test_other_bytes_the_second_time(beside: Path) -> None:
    keys = itertools.count()

    def generate(self: Any, path: Path, first: int) -> Iterator[Any]:
        yield from ((next(keys), {"image": row}) for row in np.load(path)[first::2])

    told(outcome(beside, _generate_examples=generate), PREPARED, "Prepared a second time it has other bytes")


def test_no_description(beside: Path) -> None:
    def info(self: Any) -> onebit.DatasetInfo:
        return onebit.DatasetInfo(builder=self, features=FeaturesDict({"image": Image(shape=(2, 4, 1))}))

    told(outcome(beside, _info=info), "test_info", "Say what the data set is")


def test_a_class_that_is_not_known_by_its_name(beside: Path) -> None:
    parts = METHODS | {"pkg_dir_path": beside}
    hidden = type("Hidden", (onebit.GeneratorBasedBuilder,), parts, skip_registration=True)
    told(outcome(beside, {"DATASET_CLASS": hidden}), "test_registered", "Dataset hidden not found")


def test_no_small_files(tmp_path: Path) -> None:
    found = outcome(tmp_path)
    told(found, PREPARED, f"Dummy data not found in: {tmp_path / 'dummy_data'}. Put a few small files there")


def test_attributes_that_are_missing() -> None:
    for attributes, text in (
        ({}, "Assign your DatasetBuilder class"),
        ({"DATASET_CLASS": Stub}, "Say how many examples"),
    ):
        case = type("Some", (testing.DatasetBuilderTestCase,), attributes)
        with pytest.raises(AssertionError, match=text):
            case.setUpClass()


class Stub(onebit.GeneratorBasedBuilder):
    """Abstract: not a data set."""


def test_results_of_every_verb(beside: Path) -> None:
    seen: dict[str, Any] = {}

    def split_generators(self: Any, dl_manager: Any) -> Any:
        seen["download"] = dl_manager.download([URL])
        seen["both"] = dl_manager.download_and_extract({"a": URL})
        seen["extract"] = dl_manager.extract(Path("a.zip"))
        seen["manual"] = dl_manager.manual_dir
        return Rows._split_generators(self, dl_manager)

    small = beside / "dummy_data"
    test = {"DL_EXTRACT_RESULT": {"a": "x"}, "DL_EXTRACT_ONLY_RESULT": "y"}
    assert outcome(beside, test, _split_generators=split_generators) == {}
    assert seen == {"download": small / "rows.npy", "both": {"a": small / "x"}, "extract": small / "y", "manual": small}


def test_all_configurations_are_tested(beside: Path) -> None:
    made: list[str] = []

    def generate(self: Any, path: Path, first: int) -> Iterator[Any]:
        made.append(self.builder_config.name)
        return Rows._generate_examples(self, path, first)

    configs = [onebit.BuilderConfig(name="a"), onebit.BuilderConfig(name="b")]
    assert outcome(beside, _generate_examples=generate, BUILDER_CONFIGS=configs) == {}
    assert set(made) == {"a", "b"}
    made.clear()
    only = {"BUILDER_CONFIG_NAMES_TO_TEST": ["b"]}
    assert outcome(beside, only, _generate_examples=generate, BUILDER_CONFIGS=configs) == {}
    assert set(made) == {"b"}


def test_it_runs_as_a_test_of_ten_lines(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "my_stripes.py").write_text(stripes.source())
    (tmp_path / "my_stripes_test.py").write_text(
        "import onebit\n"
        "from onebit.testing import DatasetBuilderTestCase\n"
        "import my_stripes\n\n\n"
        "class MyStripesTest(DatasetBuilderTestCase):\n"
        "    DATASET_CLASS = my_stripes.MyStripes\n"
        '    SPLITS = {"train": 60, "test": 9}\n\n\n'
        'if __name__ == "__main__":\n'
        "    onebit.testing.test_main()\n"
    )
    for command, said in ((["-m", "pytest", "-q", "my_stripes_test.py"], "4 passed"), (["my_stripes_test.py"], "OK")):
        run = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert said in run.stdout + run.stderr
