"""Stand-ins for TFDS's modules: what they serve, what they refuse, and that they are gone afterwards."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import onebit
from onebit import compat

# The imports, and the calls, of TFDS's own builder of binarized_mnist; the data is another.
CODE = '''
import numpy as np
from six.moves import urllib
from tensorflow_datasets.core.utils.lazy_imports_utils import tensorflow as tf
from tensorflow_datasets.image_classification import mnist
import tensorflow_datasets.public_api as tfds

_URL = "http://127.0.0.1:9/rows/"


class Builder(tfds.core.GeneratorBasedBuilder):
    """Rows of numbers."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Initial Release"}

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"image": tfds.features.Image(shape=mnist.MNIST_IMAGE_SHAPE)}),
            homepage="http://example.org",
        )

    def _split_generators(self, dl_manager):
        files = dl_manager.download({"train": urllib.parse.urljoin(_URL, "rows.txt")})
        return [tfds.core.SplitGenerator(name=tfds.Split.TRAIN, gen_kwargs=dict(data_path=files["train"]))]

    def _generate_examples(self, data_path):
        with tf.io.gfile.GFile(data_path, "rb") as f:
            images = np.loadtxt(f, delimiter=" ").astype(np.uint8).reshape((-1,) + mnist.MNIST_IMAGE_SHAPE)
        for index, image in enumerate(images):
            yield index, {"image": image}
'''


@pytest.fixture(autouse=True)
def without_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever other tests have imported."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tensorflow_datasets", "tensorflow")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """The folder of a builder written for TFDS, named as one of onebit's own data sets."""
    folder = tmp_path / "binarized_mnist"
    folder.mkdir()
    (folder / "binarized_mnist_dataset_builder.py").write_text(CODE)
    (folder / "README.md").write_text("Rows.\n")
    return folder


def stand_ins() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "tensorflow_datasets"]


def test_a_builder_written_for_tfds_runs(rows: Path, tmp_path: Path) -> None:
    with compat.tensorflow_datasets():
        builder = onebit.builder(rows, data_dir=tmp_path / "data")
    assert not stand_ins()
    images = np.random.default_rng(0).integers(0, 2, (7, 784))
    (tmp_path / "files").mkdir()
    np.savetxt(tmp_path / "files" / "rows.txt", images)
    builder.download_and_prepare(source_dir=tmp_path / "files")  # after the block
    assert (builder.name, builder.info.description) == ("binarized_mnist", "Rows.")
    assert (builder.as_dataset("train", order="source").arrays()["image"] == images.reshape(7, 28, 28, 1)).all()
    assert onebit.builder_cls("binarized_mnist").__module__ == "onebit.datasets.binarized_mnist"


def test_public_names_are_onebits() -> None:
    with compat.tensorflow_datasets():
        import tensorflow_datasets as tfds
        import tensorflow_datasets.public_api
        from tensorflow_datasets.core import GeneratorBasedBuilder
        from tensorflow_datasets.image_classification.mnist import MNIST_IMAGE_SHAPE

        assert tfds.load is tfds.public_api.load is onebit.load
        assert tfds.core.GeneratorBasedBuilder is GeneratorBasedBuilder is onebit.GeneratorBasedBuilder
        assert tfds.features is onebit.features
        assert tfds.testing is onebit.testing
        assert MNIST_IMAGE_SHAPE == (28, 28, 1)
        assert not hasattr(tfds, "compat")
        assert importlib.util.find_spec("tensorflow_datasets") is not None


SERVED = (
    r"^onebit\.compat does not serve '{name}'\. It serves the public .*MNIST_IMAGE_SHAPE; .* `import onebit as tfds`\.$"
)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("from tensorflow_datasets.core import dataset_utils", "tensorflow_datasets.core.dataset_utils"),
        ("from tensorflow_datasets.core.utils import lazy_imports", "tensorflow_datasets.core.utils.lazy_imports"),
        (
            "from tensorflow_datasets.image_classification import cifar",
            "tensorflow_datasets.image_classification.cifar",
        ),
        (
            "from tensorflow_datasets.image_classification.mnist import MNIST",
            "tensorflow_datasets.image_classification.mnist.MNIST",
        ),
        ("import tensorflow_datasets.text", "tensorflow_datasets.text"),
        ("import tensorflow_datasets.core.utils.py_utils", "tensorflow_datasets.core.utils.py_utils"),
        ("from tensorflow_datasets import folder_dataset", "tensorflow_datasets.folder_dataset"),
    ],
)
def test_other_names_are_refused(code: str, name: str) -> None:
    with compat.tensorflow_datasets(), pytest.raises(ImportError, match=SERVED.format(name=name.replace(".", r"\."))):
        exec(code, {})
    assert not stand_ins()


def test_other_attributes_are_refused() -> None:
    with compat.tensorflow_datasets():
        import tensorflow_datasets as tfds
        from tensorflow_datasets.image_classification import mnist

        for module, name in ((tfds, "ImageFolder"), (mnist, "MNIST"), (tfds.core.utils, "gcs_path")):
            full = f"{module.__name__}.{name}".replace(".", r"\.")
            with pytest.raises(AttributeError, match=SERVED.format(name=full)):
                getattr(module, name)


def test_modules_are_as_they_were_also_after_an_error() -> None:
    before, finders = dict(sys.modules), list(sys.meta_path)

    def use() -> None:
        with compat.tensorflow_datasets():
            assert stand_ins()
            raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        use()
    assert sys.meta_path == finders
    assert not stand_ins()
    assert {name: module for name, module in sys.modules.items() if name in before} == before


def test_a_module_that_fails_inside_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "my_dataset.py").write_text("import tensorflow_datasets as tfds\ntfds.core.BeamBasedBuilder\n")
    before = set(sys.modules)
    with (
        pytest.raises(AttributeError, match=r"does not serve 'tensorflow_datasets\.core\.BeamBasedBuilder'"),
        compat.tensorflow_datasets(),
    ):
        onebit.builder(tmp_path / "my_dataset.py")
    assert not {name for name in set(sys.modules) - before if "my_dataset" in name or "tensorflow_datasets" in name}


def test_the_real_one_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ModuleType("tensorflow_datasets")
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", real)
    with pytest.raises(RuntimeError, match="is imported in this process already, and nothing may stand in for it now"):
        compat.tensorflow_datasets().__enter__()
    assert sys.modules["tensorflow_datasets"] is real


def test_one_block_at_a_time() -> None:
    with compat.tensorflow_datasets():
        with pytest.raises(RuntimeError) as caught:
            compat.tensorflow_datasets().__enter__()
        assert str(caught.value) == (
            "Another block of onebit.compat.tensorflow_datasets() is open in this process. Define the builder in that "
            "one, or close it before."
        )
        assert stand_ins()


def test_tensorflow_where_it_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("real = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    with compat.tensorflow_datasets():
        from tensorflow_datasets.core.utils import lazy_imports_utils

        assert "tensorflow" not in sys.modules  # until it is asked for
        assert lazy_imports_utils.tensorflow.real
    del sys.modules["tensorflow"]  # monkeypatch would put it back


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is not None, reason="TensorFlow is installed here")
def test_without_tensorflow_there_is_gfile_alone(tmp_path: Path) -> None:
    with compat.tensorflow_datasets():
        from tensorflow_datasets.core.utils.lazy_imports_utils import tensorflow as tf
    path = tmp_path / "x.txt"
    with tf.io.gfile.GFile(path, "w") as file:
        file.write("größer")
    with tf.io.gfile.GFile(str(path)) as file:
        assert file.read() == "größer"
    with tf.io.gfile.GFile(path, "rb") as file:
        assert file.read() == "größer".encode()
    for owner, name in ((tf, "data"), (tf.io, "decode_png"), (tf.io.gfile, "exists")):
        with pytest.raises(AttributeError, match=r"type: pip install tensorflow\) has no .* in onebit\. It has: "):
            getattr(owner, name)


def test_six_where_it_is_not_installed(rows: Path) -> None:
    """In a process that cannot find six."""
    code = f"""
import importlib.util, json, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "six" else found(name, package)
import onebit
from onebit import compat
before = set(sys.modules)
with compat.tensorflow_datasets():
    inside = onebit.builder({str(rows)!r})
    import six.moves.urllib.parse
    from six.moves.urllib.parse import urlsplit
    try:
        from six.moves import range
    except ImportError as error:
        said = str(error)
left = [name for name in sys.modules if name.partition(".")[0] in ("six", "tensorflow_datasets")]
print(json.dumps([inside.name, left, said]))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    name, left, said = json.loads(run.stdout)
    assert (name, left) == ("binarized_mnist", [])
    assert said.startswith("onebit.compat does not serve 'six.moves.range'.")
