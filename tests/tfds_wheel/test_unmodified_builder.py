"""TFDS's own builder of binarized_mnist, unmodified out of the installed wheel, runs on onebit without TensorFlow."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import importlib.util
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from misbehaving_server import MisbehavingServer, content

import onebit
from onebit import compat
from onebit.builders import DatasetBuilder
from onebit.errors import SourcesExhaustedError

CODE = "tensorflow_datasets/datasets/binarized_mnist/binarized_mnist_dataset_builder.py"
SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}
PUBLIC = "/www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist"


@pytest.fixture(scope="session")
def code() -> Path:
    """The builder in the installed wheel."""
    [file] = [file for file in importlib.metadata.files("tensorflow-datasets") or () if str(file) == CODE]
    return Path(str(file.locate()))


@pytest.fixture
def theirs(code: Path, tmp_path: Path) -> DatasetBuilder:
    """TFDS's builder, on onebit."""
    with compat.tensorflow_datasets():
        return onebit.builder(code, data_dir=tmp_path / "theirs")


@pytest.fixture
def ours(real_prepared: Path) -> DatasetBuilder:
    """onebit's own data set, prepared from the real files."""
    return onebit.builder("binarized_mnist", data_dir=real_prepared)


def imported_of_tfds() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] in ("tensorflow_datasets", "tensorflow")]


def test_there_is_no_tensorflow_and_the_code_is_that_of_the_wheel(code: Path) -> None:
    assert importlib.util.find_spec("tensorflow") is None
    assert importlib.metadata.version("tensorflow-datasets") == "4.9.10"
    [file] = [file for file in importlib.metadata.files("tensorflow-datasets") or () if str(file) == CODE]
    assert file.hash is not None
    digest = base64.urlsafe_b64encode(hashlib.sha256(code.read_bytes()).digest()).rstrip(b"=").decode()
    assert (file.hash.mode, file.hash.value) == ("sha256", digest)


def same(theirs: DatasetBuilder, ours: DatasetBuilder) -> None:
    """All rows, in both orders; and the stored files, bit by bit."""
    assert {name: split.num_examples for name, split in theirs.info.splits.items()} == SIZES
    for split in SIZES:
        for order in ("tfds", "source"):
            rows = theirs.as_dataset(split, order=order).arrays()
            assert list(rows) == ["image"]
            assert (rows["image"] == ours.as_dataset(split, order=order).arrays()["image"]).all()
    assert theirs.as_dataset("all").arrays()["image"].shape == (70_000, 28, 28, 1)
    assert dict(theirs.store.digests) == dict(ours.store.digests)
    theirs.store.verify()


@pytest.mark.real_data
def test_it_gives_the_same_data(theirs: DatasetBuilder, ours: DatasetBuilder, real_data: Path) -> None:
    theirs.download_and_prepare(source_dir=real_data / "binarized_mnist" / "upstream")
    same(theirs, ours)
    assert imported_of_tfds() == []
    assert type(theirs).__module__.endswith(".binarized_mnist_dataset_builder")
    for part in ("train[:10%]", "validation+test[5:25]"):
        assert (theirs.as_dataset(part).bits() == ours.as_dataset(part).bits()).all()


@pytest.mark.real_data
def test_what_either_prepared_the_other_opens(code: Path, real_prepared: Path, ours: DatasetBuilder) -> None:
    with compat.tensorflow_datasets():
        theirs = onebit.builder(code, data_dir=real_prepared)
    assert theirs.is_prepared()
    same(theirs, ours)


@pytest.mark.real_data
def test_its_words_are_those_of_onebits_record(theirs: DatasetBuilder, ours: DatasetBuilder) -> None:
    for name in (
        "name",
        "full_name",
        "version",
        "features",
        "homepage",
        "citation",
        "release_notes",
        "tags",
        "license",
    ):
        assert getattr(theirs.info, name) == getattr(ours.info, name), name
    assert "".join(theirs.info.description.split()) in "".join(ours.info.description.split())


@pytest.fixture
def mirror(real_data: Path) -> Iterator[MisbehavingServer]:
    """The real files on loopback, at the paths of their public addresses."""
    with MisbehavingServer() as server:
        for path in (real_data / "binarized_mnist" / "upstream").glob("*.amat.xz"):
            server.routes[f"{PUBLIC}/{path.stem}"] = content(lzma.decompress(path.read_bytes()))
        yield server


@pytest.mark.real_data
def test_from_a_mirror_and_from_what_was_kept(
    theirs: DatasetBuilder, ours: DatasetBuilder, mirror: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEBIT_MIRROR", mirror.url(""))
    right = mirror.routes[f"{PUBLIC}/binarized_mnist_valid.amat"]
    mirror.routes[f"{PUBLIC}/binarized_mnist_valid.amat"] = mirror.routes[f"{PUBLIC}/binarized_mnist_test.amat"]
    # An address where nobody answers stands for the world.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(SourcesExhaustedError, match=r"SHA-256 e6687bfea3f8.*; checksums\.tsv has .* 1de3d397c40f"):
        theirs.download_and_prepare()
    assert not theirs.is_prepared()
    mirror.routes[f"{PUBLIC}/binarized_mnist_valid.amat"] = right
    theirs.download_and_prepare()
    same(theirs, ours)
    assert int(theirs.info.download_size) == 109_760_000
    assert [request.target for request in mirror.requests].count(f"{PUBLIC}/binarized_mnist_train.amat") == 1
