"""A data set of one's own, small, with every kind of feature; written as for TFDS, and run by TFDS too."""

from __future__ import annotations

SOURCE = '''
import numpy as np
{imports}


class MyStripes(tfds.core.GeneratorBasedBuilder):
    """Noisy diagonal stripes."""

    VERSION = tfds.core.Version("1.2.0")
    RELEASE_NOTES = {{"1.2.0": "With noise.", "1.0.0": "First."}}

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description="""
            Diagonal stripes,
            two pixels wide.
            """,
            features=tfds.features.FeaturesDict({{
                "image": tfds.features.Image(shape=(8, 6, 1)),
                "colour": tfds.features.Image(shape=(4, 5, 3), doc="not one-bit"),
                "label": tfds.features.ClassLabel(names=["left", "right"]),
                "phase": tfds.features.Scalar(dtype=np.int32),
                "size": np.float32,
                "inked": np.bool_,
                "code": tfds.features.Tensor(shape=(3,), dtype=np.float32),
                "mask": tfds.features.Tensor(shape=(2, 3), dtype=np.bool_),
            }}),
            supervised_keys=("image", "label"),
            homepage="https://example.org/stripes",
            citation="""
                @misc{{stripes, title={{Stripes}}}}
                """,
        )

    def _split_generators(self, dl_manager):
        return {splits}

    def _generate_examples(self, first, count):
        for number in range(first, first + count):
            random = np.random.default_rng(number)
            yield {key}, {{
                "image": ((np.indices((8, 6, 1)).sum(0) + number) // 2 % 2).astype(np.uint8)
                ^ (random.random((8, 6, 1)) < 0.1).astype(np.uint8),
                "colour": random.integers(0, 256, (4, 5, 3), dtype=np.uint8),
                "label": ["left", "right"][number % 2],
                "phase": number % 4,
                "size": number / 3,
                "inked": bool(number % 3),
                "code": [number, 0.5, -1],
                "mask": random.random((2, 3)) < 0.5,
            }}
'''

TFDS, ONEBIT = "import tensorflow_datasets as tfds", "import onebit as tfds"
AS_DICT = '{"train": self._generate_examples(0, 60), "test": self._generate_examples(60, 9)}'
AS_LIST = (
    "[tfds.core.SplitGenerator(name=tfds.Split.TRAIN, gen_kwargs=dict(first=0, count=60)), "
    'tfds.core.SplitGenerator(name="test", gen_kwargs={"first": 60, "count": 9})]'
)
KEYS = {"numbers": "number", "texts": 'f"dir\\\\{number}.png"', "bytes": 'b"%d" % number'}
SIZES = {"train": 60, "test": 9}


def source(imports: str = ONEBIT, *, splits: str = AS_DICT, key: str = "number") -> str:
    """The code of the data set."""
    return SOURCE.format(imports=imports, splits=splits, key=key)
