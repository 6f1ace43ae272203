"""The same builder, run by TFDS and by onebit: equal rows in equal order, equal words; an error from both or none."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import random
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import PIL.Image
import pytest
import stripes
from misbehaving_server import MisbehavingServer, content
from ported_builders import PORTED, Ported

import onebit
from onebit.orders import DuplicateKeyError, key_order

Pair = tuple[Any, Any]


def imported(path: Path, text: str) -> ModuleType:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def both(tfds: ModuleType, tmp_path: Path) -> Iterator[Callable[..., Pair]]:
    """Builders of the same class, TFDS's and onebit's, from one text with another import."""
    from tensorflow_datasets.core import registered

    made: list[str] = []

    def build(text: str, name: str = "MyStripes", beside: dict[str, str] | None = None, **arguments: Any) -> Pair:
        found = []
        for number, (who, line) in enumerate((("theirs", stripes.TFDS), ("ours", stripes.ONEBIT))):
            path = tmp_path / who / f"{name.lower()}_{len(made)}.py"
            for file, words in (beside or {}).items():
                path.parent.mkdir(parents=True, exist_ok=True)
                (path.parent / file).write_text(words)
            made.append(path.stem)
            with registered.skip_registration():
                module = imported(path, text.replace(stripes.ONEBIT, line))
            # TFDS looks for the files beside a class in a package of that name; here is none.
            module.__dict__[name].pkg_dir_path = (
                path.parent if number else __import__("etils.epath").epath.Path(path.parent)
            )
            onebit.builders.REGISTERED.clear()
            found.append(module.__dict__[name](data_dir=tmp_path / who / "data", **arguments))
        return found[0], found[1]

    yield build
    for name in made:
        sys.modules.pop(name, None)


def compare(tfds: ModuleType, pair: Pair) -> int:
    """Compares all splits of two prepared builders, row by row; gives the number of rows."""
    theirs, ours = pair
    assert list(theirs.info.splits) == list(ours.info.splits)
    rows = 0
    for split, info in theirs.info.splits.items():
        assert ours.info.splits[split].num_examples == info.num_examples
        for their, our in zip(tfds.as_numpy(theirs.as_dataset(split=split)), ours.as_dataset(split), strict=True):
            assert their.keys() == our.keys()
            for name, value in their.items():
                assert np.asarray(value).dtype == our[name].dtype, name
                np.testing.assert_array_equal(value, our[name], name)
            rows += 1
    return rows


def words(info: Any) -> dict[str, Any]:
    names = ("name", "full_name", "description", "citation", "homepage", "supervised_keys", "release_notes")
    return {name: getattr(info, name) for name in names} | {
        "version": str(info.version),
        "features": {name: (tuple(f.shape), getattr(f, "np_dtype", f.dtype)) for name, f in info.features.items()},
        "sizes": {name: split.num_examples for name, split in info.splits.items()},
        "shuffled": not info.disable_shuffling,
        "download": int(info.download_size),
    }  # fmt: skip


# Rows and words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", list(stripes.KEYS))
@pytest.mark.parametrize("splits", [stripes.AS_DICT, stripes.AS_LIST], ids=["dict", "list"])
def test_rows_order_and_words(tfds: ModuleType, both: Callable[..., Pair], key: str, splits: str) -> None:
    pair = both(stripes.source(splits=splits, key=stripes.KEYS[key]))
    for builder in pair:
        builder.download_and_prepare()
    assert compare(tfds, pair) == 69
    assert words(pair[0].info) == words(pair[1].info)
    for part in ("train[:50%]", "test[3:]+train[-5:]"):
        theirs = tfds.as_numpy(pair[0].as_dataset(split=part, as_supervised=True))
        for their, our in zip(theirs, pair[1].as_dataset(part, as_supervised=True), strict=True):
            np.testing.assert_equal(our, their)


def test_what_tfds_prepared_and_what_onebit_prepared(both: Callable[..., Pair]) -> None:
    """onebit opens TFDS's folder of a data set that it can also prepare: the same rows."""
    theirs, ours = both(stripes.source())
    for builder in (theirs, ours):
        builder.download_and_prepare()
    opened = onebit.builder_from_directory(theirs.data_dir)
    for split in stripes.SIZES:
        np.testing.assert_equal(opened.as_dataset(split).arrays(), ours.as_dataset(split).arrays())


@pytest.mark.parametrize("keys", ["[3, 1, 20, 10]", "['b', 'a', 'c', 'd']", "[b'b', b'a', b'c', b'd']"])
def test_keys_in_their_own_order(tfds: ModuleType, both: Callable[..., Pair], keys: str) -> None:
    pair = both(small(f"list(zip({keys}, values(0, 4)))", info=", disable_shuffling=True"), "Small")
    for builder in pair:
        builder.download_and_prepare()
    assert compare(tfds, pair) == 4
    assert words(pair[0].info) == words(pair[1].info)


def test_configurations(tfds: ModuleType, both: Callable[..., Pair]) -> None:
    text = "from dataclasses import dataclass\n\n@dataclass(eq=False)\n"
    text += "class Shifted(tfds.core.BuilderConfig):\n    shift: int = 0\n"
    configs = (
        'BUILDER_CONFIGS = [Shifted(name="plain", description="As it is."), '
        'Shifted(name="far", shift=100, version="2.0.0", release_notes={"2.0.0": "Far."}, tags=["far"])]'
    )
    code = small("list(zip(range(9), values(self.builder_config.shift, 9)))", before=text, attributes=configs)
    for config in ("plain", "far", None):
        pair = both(code, "Small", config=config)
        for builder in pair:
            builder.download_and_prepare()
        assert compare(tfds, pair) == 9
        assert words(pair[0].info) == words(pair[1].info)
        assert (pair[0].info.config_description or None) == pair[1].info.config_description
        assert Path(pair[0].data_dir).parts[-3:] == Path(pair[1].data_dir).parts[-3:]


# TFDS itself cannot read the uint32 that it writes.
DTYPES = ["bool_", "uint8", "int8", "uint16", "int16", "int32", "uint64", "int64", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(tfds: ModuleType, both: Callable[..., Pair], dtype: str) -> None:
    features = f"""{{{{
            "image": tfds.features.Tensor(shape=(2, 4, 1), dtype=np.{dtype}, encoding="bytes"),
            "label": tfds.features.Tensor(shape=(), dtype=np.{dtype}, encoding="zlib"),
            "x": np.float32,
        }}}}"""
    code = small("[(n, v | {'image': v['image'].astype(np.TYPE), 'label': n % 2}) for n, v in enumerate(values(0, 9))]")
    code = code.replace("TYPE", dtype)
    start, end = code.index("FeaturesDict({") + 13, code.index("})", code.index("FeaturesDict({")) + 1
    pair = both(code[:start] + features.format() + code[end:], "Small")
    for builder in pair:
        builder.download_and_prepare()
    assert compare(tfds, pair) == 9


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("form", ["path", "str(path)", "open(path, 'rb')", "path.read_bytes()", "PIL.Image.open(path)"])
def test_images_out_of_files(
    tfds: ModuleType, both: Callable[..., Pair], tmp_path: Path, channels: int, form: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 2, 4, channels), np.uint8)
    for number, image in enumerate(pixels):
        PIL.Image.fromarray(image.squeeze()).save(tmp_path / f"{number}.png")
    files = sorted(map(str, tmp_path.glob("*.png")))
    code = small(
        f"[(path.name, values(0, 1)[0] | {{'image': {form}}}) for path in map(pathlib.Path, {files})]",
        before="import pathlib\nimport PIL.Image\n",
    )
    pair = both(code.replace("shape=(2, 4, 1)", f"shape=(2, 4, {channels})"), "Small")
    for builder in pair:
        builder.download_and_prepare()
    assert compare(tfds, pair) == 5


def test_words_beside_the_code(both: Callable[..., Pair]) -> None:
    beside = {
        "README.md": "From the file.\n",
        "CITATIONS.bib": "@misc{x}",
        "TAGS.txt": "content.data-type.image # yes\n",
    }
    code = small("[(0, v) for v in values(0, 1)]").replace(
        "tfds.core.DatasetInfo(builder=self, ", "self.dataset_info_from_configs("
    )
    theirs, ours = both(code, "Small", beside)
    for attribute in ("description", "citation"):
        assert getattr(theirs.info, attribute) == getattr(ours.info, attribute)
    assert theirs.get_metadata().tags == ours.get_metadata().tags == ours.info.tags


def test_keys_are_hashed_as_tfds_hashes_them(tfds: ModuleType) -> None:
    from tensorflow_datasets.core import hashing

    source = random.Random(20261125)
    makers: list[Callable[[int], Any]] = [
        lambda n: n, lambda n: -n - 1, lambda n: f"dir\\{n}/ü.png", lambda n: b"\xff%d" % n, lambda n: np.array([n]),
    ]  # fmt: skip
    for split in ("train", "größer", ""):
        numbers = source.sample(range(10**9), 200)
        keys = [makers[number % len(makers)](number) for number in numbers]
        hasher = hashing.Hasher(split)
        assert key_order(split, keys).tolist() == sorted(range(len(keys)), key=lambda n: hasher.hash_key(keys[n]))
    for key in (1.5, None, np.int64(3), (1, 2)):
        for way in (lambda key: hashing.Hasher("x").hash_key(key), lambda key: key_order("x", [key])):
            with pytest.raises(TypeError):
                way(key)


# What both refuse ----------------------------------------------------------------------------------------------------

SMALL = '''
import os

import numpy as np
import onebit as tfds
{before}

def values(first, count):
    image = lambda n: np.unpackbits(np.uint8([n % 256])).reshape(2, 4, 1)
    return [{{"image": image(n), "label": n % 3, "x": n / 7}} for n in range(first, first + count)]


class Small(tfds.core.GeneratorBasedBuilder):
    """Numbers."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {{"1.0.0": "First."}}
    {attributes}

    def _info(self):
        home = "http://example.org"
        return tfds.core.DatasetInfo(builder=self, description="Numbers.", homepage=home, features={features}({{
            "image": tfds.features.Image(shape=(2, 4, 1)),
            "label": tfds.features.ClassLabel(num_classes=3),
            "x": np.float32,
        }}){info})

    def _split_generators(self, dl_manager):
        {split_generators}

    def _generate_examples(self, pairs):
        yield from pairs
'''


def small(
    pairs: str,
    *,
    info: str = "",
    before: str = "",
    attributes: str = "",
    split_generators: str = 'return {"train": self._generate_examples(PAIRS)}',
) -> str:
    """The code of a small data set whose only split has some pairs."""
    return SMALL.format(
        features="tfds.features.FeaturesDict",
        info=info,
        before=before,
        attributes=attributes,
        split_generators=split_generators.replace("PAIRS", pairs),
    )


@pytest.mark.parametrize(
    "pairs",
    [
        "[(n // 2, v) for n, v in enumerate(values(0, 4))]",  # equal keys
        "[(1, values(0, 1)[0]), ('1', values(1, 1)[0])]",
        "[(1.5, values(0, 1)[0])]",
        "[(np.int64(1), values(0, 1)[0])]",
        "[]",
        "[(0, values(0, 1)[0] | {'label': 3})]",
        "[(0, values(0, 1)[0] | {'label': -2})]",
        "[(0, values(0, 1)[0] | {'label': 'three'})]",
        "[(0, values(0, 1)[0] | {'x': np.float64([1.0])})]",
        "[(0, values(0, 1)[0] | {'x': np.array(1.0)})]",
        "[(0, values(0, 1)[0] | {'x': 'much'})]",
        "[(0, values(0, 1)[0] | {'image': np.zeros((2, 3, 1), np.uint8)})]",
        "[(0, values(0, 1)[0] | {'image': np.zeros((2, 4, 1), np.int64)})]",
        "[(0, values(0, 1)[0] | {'image': np.zeros((2, 4), np.uint8)})]",
        "[(0, {'label': 1, 'x': 1.0})]",
        "[(0, values(0, 1)[0] | {'more': 1})]",
        "[values(0, 1)[0]]",
    ],
)
def test_examples_that_both_refuse(both: Callable[..., Pair], pairs: str) -> None:
    for builder in both(small(pairs), "Small"):
        with pytest.raises(Exception):  # noqa: B017 - onebit's texts are tested elsewhere
            builder.download_and_prepare()
        assert not builder.is_prepared()


@pytest.mark.parametrize(
    "pairs",
    [
        "[(0, values(0, 1)[0] | {'label': -1})]",
        "[(0, values(0, 1)[0] | {'label': '2'})]",
        "[(0, values(0, 1)[0] | {'label': b'2'})]",
        "[(0, values(0, 1)[0] | {'label': np.uint8(2)})]",
        "[(0, values(0, 1)[0] | {'x': '0.25'})]",
        "[(0, values(0, 1)[0] | {'x': np.float64(0.1)})]",
        "[(0, values(0, 1)[0] | {'x': np.int64(7)})]",
        "[(True, values(0, 1)[0]), (0, values(1, 1)[0])]",
    ],
)
def test_examples_that_both_take(tfds: ModuleType, both: Callable[..., Pair], pairs: str) -> None:
    pair = both(small(pairs), "Small")
    for builder in pair:
        builder.download_and_prepare()
    assert compare(tfds, pair) > 0


@pytest.mark.parametrize(
    "split_generators",
    ['return {"all": self._generate_examples(PAIRS)}', "return 5", 'return {"train": 5}'],
)
def test_splits_that_both_refuse(both: Callable[..., Pair], split_generators: str) -> None:
    code = small("[(0, v) for v in values(0, 1)]", split_generators=split_generators)
    for builder in both(code, "Small"):
        with pytest.raises(Exception):  # noqa: B017
            builder.download_and_prepare()


def test_equal_keys_are_passed_over_alike(tfds: ModuleType, both: Callable[..., Pair]) -> None:
    pair = both(small("[(n // 2, v) for n, v in enumerate(values(0, 6))]"), "Small")
    for builder, library in zip(pair, (tfds, onebit), strict=True):
        with pytest.raises(AssertionError, match="Two examples share the same hashed key!"):
            builder.download_and_prepare()
        builder.download_and_prepare(download_config=library.download.DownloadConfig(ignore_duplicates=True))
    assert compare(tfds, pair) == 3
    assert issubclass(DuplicateKeyError, AssertionError)


# Downloads -----------------------------------------------------------------------------------------------------------


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name in ("a/1.bin", "2.bin", "../3.bin", ".hidden", "a/.hidden", "b~"):
            member = tarfile.TarInfo(name)
            member.size = 1
            made.addfile(member, io.BytesIO(name[:1].encode()))
    return buffer.getvalue()


VERBS = """files = dl_manager.download_and_extract({"tar": URL + "/all.tar.gz", "more": [URL + "/rows.txt"]})
        path = dl_manager.download(URL + "/all.tar.gz")
        inside = {name: file.read() for name, file in dl_manager.iter_archive(path)}
        text = files["more"][0].read_text()
        unpacked = sorted(name for _, _, names in os.walk(files["tar"]) for name in names)
        number = sum(map(len, [text, *inside, *unpacked]))
        self.seen = (inside, text, unpacked, dl_manager.extract(files["more"][0]) == files["more"][0])
        return {"train": self._generate_examples(zip(range(9), values(number, 9)))}"""


def test_the_verbs_of_the_download_manager(tfds: ModuleType, both: Callable[..., Pair]) -> None:
    with MisbehavingServer() as server:
        server.routes["/all.tar.gz"] = content(archive())
        server.routes["/rows.txt"] = content(b"0 1\n")
        sums = "".join(
            f"{server.url(name)}\t{len(data)}\t{hashlib.sha256(data).hexdigest()}\t{name[1:]}\n"
            for name, data in (("/all.tar.gz", archive()), ("/rows.txt", b"0 1\n"))
        )
        code = small("", before=f"URL = {server.url('')!r}", split_generators=VERBS)
        pair = both(code, "Small", {"checksums.tsv": sums})
        for builder in pair:
            builder.download_and_prepare()
    assert compare(tfds, pair) == 9
    assert pair[0].seen == pair[1].seen
    assert words(pair[0].info) == words(pair[1].info)


def test_a_wrong_file_is_refused_by_both(both: Callable[..., Pair]) -> None:
    with MisbehavingServer() as server:
        server.routes["/rows.txt"] = content(b"0 1\n")
        sums = f"{server.url('/rows.txt')}\t4\t{'0' * 64}\trows.txt\n"
        code = small("", before=f"URL = {server.url('')!r}", split_generators='dl_manager.download(URL + "/rows.txt")')
        for builder in both(code, "Small", {"checksums.tsv": sums}):
            with pytest.raises(Exception, match=r"SHA-256|checksum"):
                builder.download_and_prepare()


# onebit.compat where TensorFlow is ---------------------------------------------------------------------------------


def test_compat_refuses_beside_the_real_one(tfds: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="is imported in this process already"):
        onebit.compat.tensorflow_datasets().__enter__()
    assert sys.modules["tensorflow_datasets"] is tfds


def test_compat_hands_out_the_real_tensorflow(tmp_path: Path) -> None:
    code = """
import sys
import onebit
with onebit.compat.tensorflow_datasets():
    from tensorflow_datasets.core.utils.lazy_imports_utils import tensorflow as tf
import tensorflow
assert tf is tensorflow and "tensorflow_datasets" not in sys.modules
with tf.io.gfile.GFile("x.txt", "w") as file:
    file.write("real")
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=200)
    assert (tmp_path / "x.txt").read_text() == "real"


# Builders in the style of TFDS's own --------------------------------------------------------------------------------

WHOLE = [(ported, config) for ported in PORTED for config in ported.configs]


@pytest.mark.parametrize(("ported", "config"), WHOLE, ids=[f"{each.name}-{config}" for each, config in WHOLE])
def test_ported_builders(
    tfds: ModuleType, both: Callable[..., Pair], tmp_path: Path, ported: Ported, config: str | None
) -> None:
    """Rows, names of classes, supervised elements; also where onebit reads what TFDS prepared, and the reverse."""
    with MisbehavingServer() as server:
        for name, data in ported.files().items():
            server.routes[f"/{name}"] = content(data)
        text = ported.text.replace("http://example.org/", server.url("/"))
        pair = theirs, ours = both(text, ported.name, {"README.md": "Sprites."}, **{"config": config} if config else {})
        for builder in pair:
            builder.download_and_prepare()
    assert compare(tfds, pair) > 0
    assert words(theirs.info) == words(ours.info)
    again = type(ours)(data_dir=tmp_path / "ours" / "data", **{"config": config} if config else {})
    onebit.export(again, tmp_path / "exported", format="tfds")
    exported = next((tmp_path / "exported").rglob("dataset_info.json")).parent
    read = onebit.builder_from_directory(theirs.data_dir)
    written = tfds.builder_from_directory(exported)
    for name, feature in theirs.info.features.items():
        if isinstance(feature, tfds.features.ClassLabel):
            assert again.info.features[name].names == feature.names == written.info.features[name].names
    for split in theirs.info.splits:
        expected = list(tfds.as_numpy(theirs.as_dataset(split=split, as_supervised=True)))
        for builder in (again, read, written):
            found = builder.as_dataset(split=split, as_supervised=True).as_numpy_iterator()
            for their, our in zip(expected, found, strict=True):
                np.testing.assert_equal(our, their)


def test_names_of_classes_that_both_refuse(both: Callable[..., Pair]) -> None:
    """Set to another number, to two equal ones, or set twice."""
    for names in (
        "['a', 'b']",
        "['a', 'a', 'b']",
        "['a', 'b', 'c']; self.info.features['label'].names = ['a', 'c', 'b']",
    ):
        code = f"self.info.features['label'].names = {names}; return {{'train': self._generate_examples([])}}"
        for builder in both(small("", split_generators=code), "Small"):
            with pytest.raises(ValueError, match="name"):
                builder.download_and_prepare()


def test_some_examples_of_each_split(tfds: ModuleType, both: Callable[..., Pair]) -> None:
    pair = both(small("list(enumerate(values(0, 9)))"), "Small")
    for builder, library in zip(pair, (tfds, onebit), strict=True):
        builder.download_and_prepare(download_config=library.download.DownloadConfig(max_examples_per_split=4))
    assert compare(tfds, pair) == 4
