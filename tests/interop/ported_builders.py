"""Data sets in the style of TFDS's own, as text: ``import onebit as tfds`` is what a user changes in them.

Each has what upstream files it reads (made by a function of a folder), and the names of its configurations.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Ported(NamedTuple):
    """A builder and its upstream files by the ends of their addresses."""

    text: str
    name: str
    files: Callable[[], dict[str, bytes]]
    configs: tuple[str | None, ...] = (None,)


HEAD = """
import collections
import csv
import dataclasses
import os

import numpy as np
import onebit as tfds

URL = "http://example.org/"
"""

GLYPHS = (
    HEAD
    + '''
class Glyphs(tfds.core.GeneratorBasedBuilder):
    """Binary images and labels in the files of MNIST; names of classes that stand in a file of the archive."""

    VERSION = tfds.core.Version("2.0.1")
    SUPPORTED_VERSIONS = [tfds.core.Version("1.0.0")]
    RELEASE_NOTES = {"2.0.1": "Bug fix.", "2.0.0": "New split API."}

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(6, 5, 1)),
            "label": tfds.features.ClassLabel(num_classes=3),
        }
        if self.version > "2.0.0":
            features["index"] = tfds.features.Scalar(np.int32)
        return tfds.core.DatasetInfo(
            builder=self,
            description="""
            Glyphs.

              Indented.
            """,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            homepage=URL,
            citation="@misc{glyphs}",
        )

    def _split_generators(self, dl_manager):
        folder = dl_manager.download_and_extract(URL + "glyphs.tar.gz")
        images = dl_manager.download_and_extract({"train": URL + "train.gz", "test": URL + "test.gz"})
        with open(os.path.join(folder, "glyphs", "names.txt")) as names:
            self.info.features["label"].names = [line.strip() for line in names if line.strip()]
        return [
            tfds.core.SplitGenerator(
                name=split,
                gen_kwargs=dict(labels=os.path.join(folder, "glyphs", split + "-labels"), images=images[split]),
            )
            for split in (tfds.Split.TRAIN, tfds.Split.TEST)
        ]

    def _generate_examples(self, labels, images):
        with open(labels, "rb") as file:
            label = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
        with open(images, "rb") as file:
            image = np.frombuffer(file.read(), np.uint8, offset=16).reshape(len(label), 6, 5, 1)
        for index, pair in enumerate(zip(image, label)):
            record = dict(zip(("image", "label"), pair))
            if self.version > "2.0.0":
                record["index"] = index
            yield index, record
'''
)


def glyph_files() -> dict[str, bytes]:
    random = np.random.default_rng(1)
    buffer = io.BytesIO()
    found = {}
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:

        def add(name: str, data: bytes) -> None:
            member = tarfile.TarInfo(f"glyphs/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

        add("names.txt", b"circle\nsquare\ntriangle\n\n")
        for split, count in (("train", 40), ("test", 17)):
            add(f"{split}-labels", bytes(8) + random.integers(0, 3, count, np.uint8).tobytes())
            found[f"{split}.gz"] = gzip.compress(bytes(16) + random.integers(0, 2, count * 30, np.uint8).tobytes())
    return found | {"glyphs.tar.gz": buffer.getvalue()}


BIRDS = (
    HEAD
    + '''
@dataclasses.dataclass
class BirdConfig(tfds.core.BuilderConfig):
    """What of a bird is told."""

    columns: tuple = ()


class Birds(tfds.core.GeneratorBasedBuilder):
    """Numbers and classes out of a table; supervised by a dict of them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Initial release."}
    BUILDER_CONFIGS = [
        BirdConfig(name="all", description="Everything.", columns=("island", "bill", "mass")),
        BirdConfig(name="numbers", version=tfds.core.Version("1.1.0"), columns=("bill", "mass"), tags=["numbers"]),
    ]

    def _info(self):
        known = collections.OrderedDict([
            ("island", tfds.features.ClassLabel(names=collections.OrderedDict(b="Biscoe", d="Dream").values())),
            ("bill", np.float32),
            ("mass", tfds.features.Tensor(shape=[], dtype=np.float64, encoding=tfds.features.Encoding.NONE)),
        ])
        inputs = {name: name for name in self.builder_config.columns}
        return tfds.core.DatasetInfo(
            builder=self,
            description="Birds.",
            homepage=URL,
            features=tfds.features.FeaturesDict(
                {name: known[name] for name in inputs} | {"species": tfds.features.ClassLabel(names=["A", "C", "G"])}
            ),
            supervised_keys=(inputs, "species"),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        return {tfds.Split.TRAIN: self._generate_examples(dl_manager.download(URL + "birds.csv"))}

    def _generate_examples(self, path):
        with tfds.core.as_path(path).open() as file:
            for number, row in enumerate(csv.DictReader(file)):
                yield "bird %d" % number, {name: row[name] for name in (*self.builder_config.columns, "species")}
'''
)


def bird_files() -> dict[str, bytes]:
    rows = [f"{'ACG'[n % 3]},{('Biscoe', 'Dream')[n % 2]},{n / 7},{4000 - n / 4}\n" for n in range(30)]
    return {"birds.csv": ("species,island,bill,mass\n" + "".join(rows)).encode()}


SPRITES = (
    HEAD
    + '''
class Sprites(tfds.core.GeneratorBasedBuilder):
    """Images, arrays and several labels out of HDF5; three parts when supervised, in the order of their keys."""

    VERSION = "0.1.0"

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({
                "image": tfds.features.Image(shape=(4, 4, 3), encoding_format="png"),
                "mask": tfds.features.Tensor(shape=(4, 4), dtype=np.bool_, minimum=0, maximum=1),
                "position": tfds.features.Tensor(shape=(2,), dtype=np.float32),
                "shape": tfds.features.ClassLabel(num_classes=4),
                "known": np.bool_,
                "weight": tfds.features.Scalar(dtype=np.float64),
            }),
            supervised_keys=(("image", {"of": "mask"}), ("shape", "position"), "weight"),
            homepage=URL,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        path, = dl_manager.download([URL + "sprites.h5"])
        return {
            "train": self._generate_examples(path, range(0, 20)),
            "validation": self._generate_examples(path, range(20, 26)),
            tfds.Split("unlabelled"): self._generate_examples(path, range(26, 30)),
        }

    def _generate_examples(self, path, rows):
        with tfds.core.lazy_imports.h5py.File(path, "r") as file:
            columns = {name: np.array(file[name]) for name in file}
        for row in rows:
            yield row, {name: column[row] for name, column in columns.items()}
'''
)


def sprite_files() -> dict[str, bytes]:
    import h5py

    random = np.random.default_rng(2)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["image"] = random.integers(0, 256, (30, 4, 4, 3), np.uint8)
        file["mask"] = random.random((30, 4, 4)) < 0.5
        file["position"] = random.random((30, 2)).astype(np.float32)
        file["shape"] = random.integers(-1, 4, 30)  # -1: no label
        file["known"] = random.random(30) < 0.5
        file["weight"] = random.integers(0, 9, 30) / 8  # what the float32 of TFDS holds
    return {"sprites.h5": buffer.getvalue()}


PORTED = (
    Ported(GLYPHS, "Glyphs", glyph_files),
    Ported(BIRDS, "Birds", bird_files, ("all", "numbers")),
    Ported(SPRITES, "Sprites", sprite_files),
)
