"""Data sets of one's own: names, versions, configurations, order, what is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import io
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import stripes
from misbehaving_server import MisbehavingServer, content

import onebit
from onebit import builders, store
from onebit.builders import DatasetBuilder
from onebit.downloads import ManualDataError
from onebit.errors import (
    DamagedStoreError,
    NotPreparedError,
    SourcesExhaustedError,
    VersionNotFoundError,
    WrongDataError,
)
from onebit.example_columns import ExampleError
from onebit.features import FeaturesDict, Image, UnsupportedFeatureError
from onebit.generation import RegistrationError, taken_names_allowed
from onebit.orders import DuplicateKeyError

DIGIT = FeaturesDict({"image": Image(shape=(2, 4, 1))})


def digit(number: int) -> dict[str, Any]:
    return {"image": np.unpackbits(np.uint8([number])).reshape(2, 4, 1)}


def imported(path: Path, text: str) -> ModuleType:
    """A module with this text, as if it had been imported."""
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def my_stripes(tmp_path: Path) -> Iterator[type[onebit.GeneratorBasedBuilder]]:
    yield imported(tmp_path / "my_stripes_module.py", stripes.source()).MyStripes
    del sys.modules["my_stripes_module"]


def digits(**attributes: Any) -> type[onebit.GeneratorBasedBuilder]:
    """A class of a data set with two splits, of which parts are replaced."""

    def info(self: Any) -> onebit.DatasetInfo:
        return onebit.DatasetInfo(builder=self, description="Numbers in binary.", features=DIGIT)

    def split_generators(self: Any, dl_manager: Any) -> Any:
        return {"train": self._generate_examples(0, 40), "test": self._generate_examples(40, 50)}

    def generate_examples(self: Any, first: int, stop: int) -> Iterator[Any]:
        yield from ((number, digit(number)) for number in range(first, stop))

    methods = {
        "_info": info, "_split_generators": split_generators, "_generate_examples": generate_examples,
        "VERSION": "1.0.0",
    }  # fmt: skip
    return type("Digits", (onebit.GeneratorBasedBuilder,), methods | attributes)


def examples(given: Any) -> type[onebit.GeneratorBasedBuilder]:
    """A data set whose only split has the given examples."""
    return digits(_split_generators=lambda self, dl_manager: {"train": given})


def prepare(cls: type[onebit.GeneratorBasedBuilder], folder: Path, **arguments: Any) -> onebit.GeneratorBasedBuilder:
    builder = cls(data_dir=folder)
    builder.download_and_prepare(**arguments)
    return builder


# A whole one ---------------------------------------------------------------------------------------------------------


def test_it_is_loaded_by_its_name(my_stripes: type[onebit.GeneratorBasedBuilder]) -> None:
    ds, info = onebit.load("my_stripes", split="train", with_info=True)
    assert len(ds) == 60
    assert "my_stripes" in onebit.list_builders()
    assert onebit.builder_cls("MyStripes") is my_stripes
    example = ds[0]
    assert {name: (value.shape, str(value.dtype)) for name, value in example.items()} == {
        "image": ((8, 6, 1), "uint8"),
        "colour": ((4, 5, 3), "uint8"),
        "label": ((), "int64"),
        "phase": ((), "int32"),
        "size": ((), "float32"),
        "inked": ((), "bool"),
        "code": ((3,), "float32"),
        "mask": ((2, 3), "bool"),
    }
    assert ds.bits("image").shape == (60, 6)
    assert info.description == "Diagonal stripes,\ntwo pixels wide."
    assert info.citation == "@misc{stripes, title={Stripes}}"
    assert (info.full_name, info.homepage) == ("my_stripes/1.2.0", "https://example.org/stripes")
    assert info.release_notes == {"1.2.0": "With noise.", "1.0.0": "First."}
    assert {name: split.num_examples for name, split in info.splits.items()} == stripes.SIZES
    image, label = next(iter(onebit.load("my_stripes", split="test", as_supervised=True)))
    assert (image.shape, label.shape) == ((8, 6, 1), ())


def test_rows_lie_in_the_order_of_the_hashes_of_their_keys(my_stripes: type[onebit.GeneratorBasedBuilder]) -> None:
    numbers = sorted(range(60), key=lambda number: hashlib.md5(f"train{number}".encode()).hexdigest())
    sizes = onebit.load("my_stripes", split="train").arrays()["size"]
    assert sizes.tolist() == np.float32([number / 3 for number in numbers]).tolist()
    generated = onebit.load("my_stripes", split="train", order="source").arrays()["size"]
    assert generated.tolist() == np.float32([number / 3 for number in range(60)]).tolist()


def test_before_it_is_prepared_splits_are_not_known(my_stripes: Any, own_cache: Path) -> None:
    builder = onebit.builder("my_stripes")
    assert (builder.is_prepared(), dict(builder.info.splits)) == (False, {})
    with pytest.raises(NotPreparedError, match="could not find data"):
        builder.as_dataset("train")
    builder.download_and_prepare()
    assert list(builder.info.splits) == ["train", "test"]
    other = onebit.builder("my_stripes")  # another process, say
    assert list(other.info.splits) == ["train", "test"]
    assert other.info.store_size > 0
    with pytest.raises(ValueError, match="Unknown split 'foo'"):
        other.as_dataset("foo")


def test_both_forms_of_split_generators_are_the_same(tmp_path: Path) -> None:
    found = []
    for number, splits in enumerate((stripes.AS_DICT, stripes.AS_LIST)):
        cls = imported(tmp_path / f"form{number}.py", stripes.source(splits=splits)).MyStripes
        builders.REGISTERED.clear()
        found.append(prepare(cls, tmp_path / str(number)).store.digests)
    assert found[0] == found[1]


def test_it_is_prepared_once_and_again_when_asked(tmp_path: Path) -> None:
    calls = []

    def generate(self: Any, first: int, stop: int) -> Iterator[Any]:
        calls.append(first)
        yield from ((number, digit(number)) for number in range(first, stop))

    cls = digits(_generate_examples=generate)
    prepare(cls, tmp_path)
    prepare(cls, tmp_path)
    assert calls == [0, 40]
    prepare(cls, tmp_path, force=True)
    mode = onebit.download.GenerateMode.REUSE_CACHE_IF_EXISTS
    prepare(cls, tmp_path, download_config=onebit.download.DownloadConfig(download_mode=mode))
    assert calls == [0, 40] * 3


def test_a_damaged_file_is_repaired(tmp_path: Path) -> None:
    digits()
    builder = onebit.builder("digits", data_dir=tmp_path)
    builder.download_and_prepare()
    before = builder.as_dataset("train").arrays()["image"].copy()
    (builder.data_path / "train-image.npy").write_bytes(b"no array")
    store._READ.clear()
    with pytest.raises(
        DamagedStoreError, match=r"Type: onebit.builder\('digits'\)\.download_and_prepare\(force=True\)"
    ):
        onebit.load("digits", split="train", data_dir=tmp_path, download=False)
    assert (onebit.load("digits", split="train", data_dir=tmp_path).arrays()["image"] == before).all()


def test_rows_and_builders_travel_to_other_processes(my_stripes: Any, tmp_path: Path) -> None:
    builder = prepare(my_stripes, tmp_path)
    again = pickle.loads(pickle.dumps(builder))
    assert (again.data_path, again.version) == (builder.data_path, builder.version)
    (tmp_path / "rows").write_bytes(pickle.dumps(builder.as_dataset("train[:5]")))
    code = (
        f"import pickle, pathlib; print(pickle.loads(pathlib.Path({str(tmp_path / 'rows')!r}).read_bytes())[4]['size'])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(run.stdout) == pytest.approx(float(builder.as_dataset("train")[4]["size"]))


def test_two_processes_prepare_it_once(tmp_path: Path) -> None:
    (tmp_path / "my_stripes_module.py").write_text(stripes.source())
    code = "import my_stripes_module, onebit; print(len(onebit.load('my_stripes', split='train', data_dir='data')))"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in started] == ["60"] * 3


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    before = prepare(digits(), tmp_path).as_dataset("train").arrays()["image"]

    def generate(self: Any, first: int, stop: int) -> Iterator[Any]:
        yield 0, digit(7)
        raise OSError("the file ends here")

    with pytest.raises(OSError, match="the file ends here"):
        prepare(digits(_generate_examples=generate), tmp_path, force=True)
    builder = digits()(data_dir=tmp_path)
    assert (builder.as_dataset("train").arrays()["image"] == before).all()
    assert sorted(path.name for path in builder.data_path.parent.iterdir()) == [".1.0.0.lock", "1.0.0"]


def test_other_features_under_the_same_version_are_told(tmp_path: Path) -> None:
    prepare(digits(), tmp_path)

    def info(self: Any) -> onebit.DatasetInfo:
        return onebit.DatasetInfo(builder=self, features=FeaturesDict({"image": Image(shape=(4, 2, 1))}))

    with pytest.raises(
        WrongDataError, match=r"was prepared with the features .*\[2, 4, 1\].* raise its VERSION\. Type: "
    ):
        digits(_info=info)(data_dir=tmp_path).as_dataset("train")


def test_a_folder_of_tfds_is_read_and_not_written(tmp_path: Path) -> None:
    onebit.export(prepare(digits(), tmp_path / "own"), tmp_path / "theirs", format="tfds")
    builder = onebit.builder("digits", data_dir=tmp_path / "theirs")
    assert len(builder.as_dataset("train")) == 40
    with pytest.raises(NotPreparedError, match="was prepared by TFDS"):
        digits()(data_dir=tmp_path / "theirs").download_and_prepare(force=True)


def test_exports_hold_the_same_rows(my_stripes: Any, tmp_path: Path) -> None:
    builder = prepare(my_stripes, tmp_path / "own")
    folder = onebit.export(builder, tmp_path / "theirs", format="tfds").folder
    again = onebit.builder_from_directory(folder)
    np.testing.assert_equal(again.as_dataset("train").arrays(), builder.as_dataset("train").arrays())
    assert again.info.description == builder.info.description


# Files from elsewhere ----------------------------------------------------------------------------------------------

DOWNLOADING = """
import numpy as np
import onebit as tfds


class MyRows(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Get more.npy from a friend."

    def _info(self):
        features = tfds.features.FeaturesDict({"x": tfds.features.Tensor(shape=(8,), dtype=np.uint8)})
        return tfds.core.DatasetInfo(builder=self, description="Rows.", features=features)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        return {"train": self._generate_examples(GET)}

    def _generate_examples(self, path):
        yield from ((number, {"x": row}) for number, row in enumerate(np.load(path)))
"""
ROWS = np.unpackbits(np.arange(30, dtype=np.uint8)).reshape(30, 8)


def my_rows(folder: Path, get: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "my_rows.py").write_text(DOWNLOADING.replace("GET", get))
    return folder / "my_rows.py"


def saved() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, ROWS)
    return buffer.getvalue()


def test_from_a_server_with_checksums(tmp_path: Path) -> None:
    with MisbehavingServer() as server:
        server.routes["/rows.npy"] = content(saved())
        url = server.url("/rows.npy")
        file = my_rows(tmp_path / "code", f"dl_manager.download({url!r})")
        register = onebit.download.DownloadConfig(register_checksums=True)
        arguments: dict[str, Any] = {"data_dir": tmp_path, "download_and_prepare_kwargs": {"download_config": register}}
        ds, info = onebit.load(file, split="train", order="source", with_info=True, **arguments)
        assert (ds.arrays()["x"] == ROWS).all()
        assert int(info.download_size) == len(saved())
        told = json.loads((Path(info.data_dir) / store.INFO_FILE).read_text())["origins"]
        assert told == {url: f"{url}, SHA-256 {hashlib.sha256(saved()).hexdigest()}"}
        assert onebit.builder(file).url_infos[url].filename == "rows.npy"
        server.routes["/rows.npy"] = content(saved()[::-1])
        with pytest.raises(SourcesExhaustedError) as caught:
            onebit.load(file, split="train", data_dir=tmp_path / "other")
    assert f"type: onebit prepare {file} --from DIR" in str(caught.value)
    assert not (tmp_path / "other" / "my_rows" / "1.0.0").exists()


def test_from_a_friend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = my_rows(tmp_path / "code", 'dl_manager.manual_dir / "more.npy"')
    with pytest.raises(
        ManualDataError, match=r"using instructions:\nGet more\.npy from a friend\.\nFor another folder set"
    ):
        onebit.load(file, split="train", data_dir=tmp_path)
    (tmp_path / "friend").mkdir()
    (tmp_path / "friend" / "more.npy").write_bytes(saved())
    monkeypatch.setenv("ONEBIT_SOURCE_DIR", str(tmp_path / "friend"))
    assert (onebit.load(file, split="train", data_dir=tmp_path, order="source").arrays()["x"] == ROWS).all()


# Order ---------------------------------------------------------------------------------------------------------------


def test_keys_in_their_own_order(tmp_path: Path) -> None:
    def info(self: Any) -> onebit.DatasetInfo:
        return onebit.DatasetInfo(builder=self, features=DIGIT, disable_shuffling=True)

    def split_generators(self: Any, dl_manager: Any) -> Any:
        return {
            "numbers": [(key, digit(key)) for key in (3, 1, 2)],
            "texts": [(key, digit(number)) for number, key in enumerate(("c", "a", "b"))],
        }

    builder = prepare(digits(_info=info, _split_generators=split_generators), tmp_path)
    values = {name: np.packbits(ds.arrays()["image"]).tolist() for name, ds in builder.as_dataset().items()}
    assert values == {"numbers": [1, 2, 3], "texts": [0, 1, 2]}
    assert builder.info.disable_shuffling


def test_equal_keys_are_refused_or_passed_over(tmp_path: Path) -> None:
    pairs = [(1, digit(1)), (2, digit(2)), ("1", digit(3))]
    text = r"^Two examples share the same hashed key! Examples 0 and 2 of 'train', .*, have the keys 1 and '1'\."
    with pytest.raises(DuplicateKeyError, match=text):
        prepare(examples(pairs), tmp_path)
    assert not (tmp_path / "digits" / "1.0.0").exists()
    config = onebit.download.DownloadConfig(ignore_duplicates=True)
    builder = prepare(examples(pairs), tmp_path, download_config=config)
    assert sorted(np.packbits(builder.as_dataset("train").arrays()["image"]).tolist()) == [1, 2]


# Configurations and versions --------------------------------------------------------------------------------------


@dataclasses.dataclass(eq=False)
class Shifted(onebit.BuilderConfig):
    """How far the numbers are shifted."""

    shift: int = 0


def shifted_digits() -> type[onebit.GeneratorBasedBuilder]:
    def generate(self: Any, first: int, stop: int) -> Iterator[Any]:
        for number in range(first, stop):
            yield number, digit(number + self.builder_config.shift)

    return digits(
        _generate_examples=generate,
        BUILDER_CONFIGS=[
            Shifted(name="plain", description="As they are."),
            Shifted(name="far", shift=100, version=onebit.Version("2.0.0"), release_notes={"2.0.0": "Farther."}),
        ],
    )


def test_configurations_have_folders_of_their_own(tmp_path: Path) -> None:
    shifted_digits()
    for name, path, least in (("digits/far", "far/2.0.0", 100), ("digits", "plain/1.0.0", 0)):
        ds, info = onebit.load(name, split="train", data_dir=tmp_path, with_info=True)
        assert np.packbits(ds.arrays()["image"]).min() == least
        assert info.full_name == f"digits/{path}"
        assert Path(info.data_dir) == tmp_path / "digits" / path
    assert info.config_description == info.as_dict()["config_description"] == "As they are."
    assert 'config_description="""\n    As they are.\n    """,\n' in repr(info)
    far = onebit.builder("digits/far", data_dir=tmp_path).info
    assert (far.release_notes, far.config_description) == ({"2.0.0": "Farther."}, None)
    assert "config_description" not in repr(far)
    own = Shifted(name="own", shift=7)
    builder = onebit.builder("digits", config=own, data_dir=tmp_path)
    builder.download_and_prepare()
    assert np.packbits(builder.as_dataset("train").arrays()["image"]).min() == 7
    assert list(builder.builder_configs) == ["plain", "far"]


def test_configurations_that_are_refused() -> None:
    cls = shifted_digits()
    with pytest.raises(ValueError, match=r"BuilderConfig near not found\. digits has plain, far\."):
        onebit.builder("digits/near")
    with pytest.raises(ValueError, match="Cannot name a custom BuilderConfig the same"):
        cls(config=Shifted(name="far"))
    cls.BUILDER_CONFIGS = [*cls.BUILDER_CONFIGS, Shifted(name="far")]
    with pytest.raises(ValueError, match=r"BUILDER_CONFIGS must not be duplicated. Got \['plain', 'far', 'far'\]"):
        cls()
    cls.BUILDER_CONFIGS = []
    with pytest.raises(ValueError, match=r"BuilderConfig 1\.0\.0 not found: .* type digits:1\.0\.0"):
        onebit.builder("digits/1.0.0")
    cls.BUILDER_CONFIGS = [Shifted(name="a"), Shifted(name="b", shift=1)]
    cls.DEFAULT_BUILDER_CONFIG_NAME = "b"
    assert cls().builder_config.shift == 1


def test_versions(tmp_path: Path) -> None:
    cls = digits(VERSION=onebit.Version("2.1.0"), SUPPORTED_VERSIONS=[onebit.Version("1.0.0"), "3.0.0"])
    for asked, got in ((None, "2.1.0"), ("1.*.*", "1.0.0"), ("experimental_latest", "3.0.0"), ("3.0.0", "3.0.0")):
        assert str(cls(version=asked).version) == got
    assert onebit.builder("digits:1.0.0", data_dir=tmp_path).data_path == tmp_path / "digits" / "1.0.0"
    with pytest.raises(VersionNotFoundError, match=r"at version 4\.0\.0, only: 2\.1\.0, 1\.0\.0, 3\.0\.0\."):
        onebit.builder("digits:4.0.0")
    with pytest.raises(ValueError, match=r"does not have a defined version\. Please add a `VERSION"):
        digits(VERSION=None)()


# Names -----------------------------------------------------------------------------------------------------------


def test_names_are_given_once() -> None:
    first = digits()
    assert digits() is not first  # the cell of a notebook ran again
    other = "class Digits(onebit.GeneratorBasedBuilder):\n    _info = _split_generators = _generate_examples = None\n"
    with pytest.raises(
        RegistrationError, match=r"Dataset with name digits already registered, by test_generation\.Dig"
    ):
        exec(other, {"onebit": onebit, "__name__": "another"})
    exec(other.replace("Builder)", "Builder, skip_registration=True)"), {"onebit": onebit, "__name__": "another"})
    taken = other.replace("Digits", "BinarizedMnist")
    with pytest.raises(RegistrationError, match="binarized_mnist already registered: onebit has one"):
        exec(taken, {"onebit": onebit, "__name__": "another"})
    with taken_names_allowed():
        exec(taken, {"onebit": onebit, "__name__": "another"})
    assert onebit.builder_cls("binarized_mnist").__module__ == "onebit.datasets.binarized_mnist"


def test_a_class_builder_has_the_name_of_its_module_or_package() -> None:
    code = "class Builder(onebit.GeneratorBasedBuilder): pass"
    for module, name in (("a.my_dots_dataset_builder", "my_dots"), ("a.dots.code", "dots")):
        space: dict[str, Any] = {"onebit": onebit, "__name__": module}
        exec(code, space)
        assert space["Builder"].name == name
        assert name not in onebit.list_builders()  # abstract: it has no methods yet
    with pytest.raises(RegistrationError, match=r"'code' is neither\. Call the class by the name of the data set"):
        exec(code, {"onebit": onebit, "__name__": "code"})


def test_code_is_found_by_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "my_stripes"
    folder.mkdir()
    file = folder / "my_stripes_dataset_builder.py"
    file.write_text("from .words import NOTE\n" + stripes.source())
    (folder / "words.py").write_text("NOTE = 'beside it'\n")
    for place in (folder, file, str(folder), str(file)):
        builder = onebit.builder(place, data_dir=tmp_path)
        assert (builder.name, builder.package_folder()) == ("my_stripes", folder)
    assert len(onebit.load(folder, split="test", data_dir=tmp_path)) == 9
    assert len(onebit.load("my_stripes", split="test", data_dir=tmp_path)) == 9
    file.write_text(stripes.source().replace("Diagonal", "Edited"))
    assert onebit.builder(folder).info.description.startswith("Edited")


def test_a_record_is_found_by_its_path(small_builder: type[DatasetBuilder], small_sources: Path) -> None:
    ds = onebit.load(small_builder.folder, split="test", source_dir=small_sources)
    assert (len(ds), ds[0]["image"].shape) == (50, (28, 28, 1))


def test_paths_without_a_data_set(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "no.py"):
        with pytest.raises((TypeError, ValueError), match=r"a data set of your own|is a text such as"):
            onebit.builder(place)
    (tmp_path / "empty.py").write_text("import onebit\n")
    with pytest.raises(ValueError, match=r"empty\.py has no class of a data set; it must have one: a class Builder"):
        onebit.builder(tmp_path / "empty.py")
    two = stripes.source() + stripes.source().replace("MyStripes", "MyDots").partition("import onebit as tfds")[2]
    (tmp_path / "two.py").write_text(two)
    with pytest.raises(ValueError, match="has MyStripes, MyDots; it must have one"):
        onebit.builder(tmp_path / "two.py")
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        onebit.builder(tmp_path / "broken.py")


# What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([], r"digits: No examples were yielded for 'train'\."),
        ([digit(1)], r"digits: example 0 of 'train' is \{'image': .*_generate_examples yields pairs"),
        (
            [(0, digit(0)), (1, 5)],
            r"example 1 of 'train' \(key 1\) is 5; it must be a dict of values with the keys \['im",
        ),
        (
            [("a", {"picture": 1})],
            r"\(key 'a'\) lacks \['image'\] and has \['picture'\], which is no feature\. The feat",
        ),
        (
            [(0, {"image": np.zeros((2, 3, 1), np.uint8)})],
            r"its 'image', an array of shape \(2, 3, 1\) .* does not fit\.",
        ),
        (
            [(0, {"image": np.zeros((2, 4, 1), np.float64)})],
            r"dtype float64, and Image.* takes uint8: write array\.astype",
        ),
        ([(0, {"image": np.full((2, 4, 1), 300).tolist()})], r"that uint8 cannot hold"),
    ],
)
def test_examples_that_do_not_fit(tmp_path: Path, given: list[Any], text: str) -> None:
    with pytest.raises(ExampleError, match=text):
        prepare(examples(given), tmp_path)


@pytest.mark.parametrize("key", [1.5, None, np.int64(3), (1, 2)])
def test_keys_of_another_kind(tmp_path: Path, key: Any) -> None:
    with pytest.raises(TypeError, match=r"is not a key; a key is an int, a str or bytes\. .* write int\(key\)\."):
        prepare(examples([(key, digit(0))]), tmp_path)


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"all": []}, ValueError, "`all` is a reserved keyword"),
        ({"../x": []}, ValueError, r"'\.\./x' is no name of a split"),
        ({"train": object()}, TypeError, "Digits: the examples of 'train' are a object. They must be a generator"),
        ({}, TypeError, r"Digits\._split_generators returned \{\}; it returns a dict of split names"),
        (None, TypeError, r"Digits\._split_generators returned None"),
    ],
)
def test_splits_that_are_refused(tmp_path: Path, given: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        prepare(digits(_split_generators=lambda self, dl_manager: given), tmp_path)


def test_beam_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="takes a pipeline of Apache Beam, which onebit does not run"):
        prepare(digits(_split_generators=lambda self, dl_manager, pipeline: {}), tmp_path)


def info_with(**arguments: Any) -> Any:
    return lambda self: onebit.DatasetInfo(builder=self, **arguments)


@pytest.mark.parametrize(
    ("info", "error", "text"),
    [
        (
            lambda self: None,
            TypeError,
            r"Digits\._info should return onebit\.DatasetInfo\(builder=self, \.\.\.\), not a N",
        ),
        (info_with(), ValueError, r"digits: features=None is a NoneType\. Give a FeaturesDict"),
        (info_with(features={"x": np.int64}), ValueError, r"is a dict\. Give a FeaturesDict, such as"),
        (
            info_with(features=DIGIT, supervised_keys=("image", "label")),
            ValueError,
            r"but the features are \['image'\]",
        ),
        (
            info_with(features=DIGIT, supervised_keys=("image",)),
            ValueError,
            r"supervised_keys=\('image',\)\. It is a tuple of two or three parts, .* or a tuple or dict of names",
        ),
        (
            info_with(features=DIGIT, supervised_keys=({"a": 1}, "image")),
            ValueError,
            r"has 1\. Its parts are names of features, and tuples and dicts of names",
        ),
        (info_with(features=FeaturesDict({"line": np.int64})), UnsupportedFeatureError, "cannot be called 'line'"),
        (info_with(features=FeaturesDict({"a/b": np.int64})), UnsupportedFeatureError, "cannot be called 'a/b'"),
        (
            info_with(features=FeaturesDict({"t": np.str_})),
            UnsupportedFeatureError,
            "'t' has the dtype <U0; .* ClassLabel",
        ),
        (
            info_with(features=FeaturesDict({"t": np.complex64})),
            UnsupportedFeatureError,
            r"'t' has the dtype complex64; values of onebit are bool, integers or floats of up to 64 b.* Convert",
        ),
    ],
)
def test_infos_that_are_refused(tmp_path: Path, info: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        prepare(digits(_info=info), tmp_path)


def test_a_folder_that_says_nothing_of_its_splits_is_damaged(tmp_path: Path) -> None:
    builder = prepare(digits(), tmp_path)
    path = builder.data_path / store.INFO_FILE
    path.write_text(path.read_text().replace('"splits"', '"slits"'))
    with pytest.raises(DamagedStoreError, match=r"does not describe the splits \(KeyError: 'splits'\)"):
        digits()(data_dir=tmp_path).as_dataset("train")


# What a builder of TFDS may do ---------------------------------------------------------------------------------------


def labelled(names: str | None, **arguments: Any) -> dict[str, Any]:
    """Parts of a data set with an image, its number and a class, the names of which come with the files."""

    def info(self: Any) -> onebit.DatasetInfo:
        label = onebit.features.ClassLabel(num_classes=2)
        features = FeaturesDict({"image": Image(shape=(2, 4, 1)), "number": np.int64, "label": label})
        return onebit.DatasetInfo(builder=self, features=features, **arguments)

    def split_generators(self: Any, dl_manager: Any) -> Any:
        if names is not None:
            self.info.features["label"].names = names.split()
        return {"train": ((n, digit(n) | {"number": n, "label": n % 2}) for n in range(20))}

    return {"_info": info, "_split_generators": split_generators}


def test_names_of_classes_are_kept_with_the_data(tmp_path: Path) -> None:
    cls = digits(**labelled("even odd"))
    prepare(cls, tmp_path)
    assert cls(data_dir=tmp_path).info.features["label"].names == ["even", "odd"]
    assert len(cls(data_dir=tmp_path).as_dataset("train")) == 20
    prepare(digits(**labelled("zero one")), tmp_path, force=True)  # they may change, as the files do
    builder = prepare(cls, tmp_path)
    assert builder.info.features["label"].names == ["zero", "one"]
    assert onebit.builder("digits", data_dir=tmp_path).info.features["label"].int2str(1) == "one"
    assert "'label': ClassLabel(shape=(), dtype=int64, num_classes=2)" in str(builder.info.features)
    with pytest.raises(ValueError, match="there are 2 classes, and 3 names"):
        prepare(digits(**labelled("a b c")), tmp_path, force=True)
    assert cls(data_dir=tmp_path).info.features["label"].names == ["zero", "one"]


def counting(**arguments: Any) -> type[onebit.GeneratorBasedBuilder]:
    """A data set whose metadata are completed while it is prepared."""

    def info(self: Any) -> onebit.DatasetInfo:
        return onebit.DatasetInfo(builder=self, features=DIGIT, metadata={"width": 4, "mean": None})

    def split_generators(self: Any, dl_manager: Any) -> Any:
        self.info.metadata.update(arguments)
        return {"train": ((n, digit(n)) for n in range(3))}

    return digits(_info=info, _split_generators=split_generators)


def test_metadata_that_are_found_while_it_is_prepared(tmp_path: Path) -> None:
    found = {"width": 4, "mean": 0.25, "writers": ["a", "b"]}
    builder = prepare(counting(mean=0.25, writers=["a", "b"]), tmp_path)
    assert builder.info.metadata == found
    again = counting()(data_dir=tmp_path)
    assert again.info.metadata == found  # out of the folder
    assert again.info.as_dict()["metadata"] == found
    assert prepare(counting(mean=1), tmp_path, force=True).info.metadata == {"width": 4, "mean": 1}
    with pytest.raises(TypeError) as caught:
        prepare(counting(mean=np.float32(1)), tmp_path, force=True)
    assert str(caught.value) == (
        "digits: info.metadata is {'width': 4, 'mean': np.float32(1.0)}, which JSON cannot hold (Object of type "
        "float32 is not JSON serializable). Numbers and arrays of NumPy become such values by x.tolist()."
    )


def test_supervised_elements_of_any_form(tmp_path: Path) -> None:
    keys = ({"of": "image", "a": ("number", "number")}, "label", "number")
    builder = prepare(digits(**labelled(None, supervised_keys=keys)), tmp_path)
    assert builder.info.supervised_keys == keys
    examples = builder.as_dataset("train").arrays()
    number, image = examples["number"], examples["image"]
    supervised = builder.as_dataset("train", as_supervised=True)
    np.testing.assert_equal(supervised.arrays(), ({"a": (number, number), "of": image}, examples["label"], number))
    np.testing.assert_equal(supervised[3], ({"a": (number[3],) * 2, "of": image[3]}, number[3] % 2, number[3]))
    assert supervised.shuffle(seed=1).plan.fingerprint != builder.as_dataset("train").shuffle(seed=1).plan.fingerprint
    onebit.export(builder, tmp_path / "theirs", format="tfds")
    again = onebit.builder_from_directory(tmp_path / "theirs" / "digits" / "1.0.0")
    assert again.info.supervised_keys == keys
    np.testing.assert_equal(again.as_dataset("train", as_supervised=True).arrays(), supervised.arrays())


def test_the_first_examples_only(tmp_path: Path) -> None:
    config = onebit.download.DownloadConfig(max_examples_per_split=3)
    builder = prepare(digits(), tmp_path, download_config=config.replace(ignore_duplicates=True))
    assert builder.info.splits.sizes == {"train": 3, "test": 3}
    assert sorted(builder.as_dataset("train").source_lines()) == [0, 1, 2]


def test_information_alone_is_never_old(tmp_path: Path) -> None:
    config = onebit.download.DownloadConfig(download_mode="update_dataset_info")  # type: ignore[arg-type]
    with pytest.raises(NotPreparedError, match=r"is not prepared, so that there is no information to update"):
        prepare(digits(), tmp_path, download_config=config)
    prepare(digits(), tmp_path)
    assert len(prepare(digits(), tmp_path, download_config=config).as_dataset("train")) == 40


def test_a_list_of_splits_has_each_once(tmp_path: Path) -> None:
    def twice(self: Any, dl_manager: Any) -> Any:
        return [onebit.SplitGenerator("train", {"first": 0, "stop": 3})] * 2

    with pytest.raises(ValueError, match=r"gives a split twice: \['train', 'train'\]"):
        prepare(digits(_split_generators=twice), tmp_path)
    with pytest.raises(TypeError, match=r"returned \['train'\]; it returns a dict of split names and generators"):
        prepare(digits(_split_generators=lambda self, dl_manager: ["train"]), tmp_path)
