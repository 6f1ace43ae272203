from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tfds_writer import TinyBuilder

from onebit.builders import DatasetBuilder
from onebit.decoding import EncodedFeature, PartialDecoding, SkipDecoding, decoded_features, make_decoder
from onebit.features import FeaturesDict, Scalar
from onebit.features import Image as ImageFeature


@pytest.fixture
def builder(tmp_path: Path) -> DatasetBuilder:
    made = TinyBuilder.at(tmp_path / "tiny")(data_dir=tmp_path / "data")
    made.download_and_prepare()
    return made


def test_skipping_gives_png_files(builder: DatasetBuilder) -> None:
    plain = builder.as_dataset("train")
    skipped = builder.as_dataset("train", decoders={"image": SkipDecoding(), "label": SkipDecoding()})
    for example, encoded in zip(plain, skipped, strict=True):
        assert isinstance(encoded["image"], bytes)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(encoded["image"]))), example["image"][..., 0])
        assert encoded["label"] == example["label"]  # numbers are not encoded
    assert skipped[4]["image"] == list(skipped)[4]["image"]
    batch = next(iter(skipped.batch(5)))
    assert batch["image"].shape == (5,)
    assert batch["image"].dtype == object
    assert np.array_equal(skipped.bits("image"), plain.bits("image"))


def test_some_features(builder: DatasetBuilder) -> None:
    for spec in (["label"], {"label"}, {"label": True, "image": False}, {"label": builder.info.features["label"]}):
        assert list(builder.as_dataset("train", decoders=PartialDecoding(spec))[0]) == ["label"]
    both = PartialDecoding({"image", "score"}, decoders={"image": SkipDecoding()})
    example = builder.as_dataset("train", decoders=both)[0]
    assert set(example) == {"image", "score"}
    assert isinstance(example["image"], bytes)


def test_ones_own_decoder(builder: DatasetBuilder) -> None:
    @make_decoder()
    def shifted(example: bytes, feature: Any, by: int, times: int = 1) -> np.ndarray:
        assert feature.shape == (5, 6, 1)
        return (feature.decode_example(example) + by) * times

    @make_decoder(output_dtype=np.float32)
    def halved(example: Any, feature: Any) -> float:
        return feature.decode_example(example) / 2

    plain = builder.as_dataset("test").arrays()
    found = builder.as_dataset("test", decoders={"image": shifted(1, times=2), "label": halved()}).arrays()
    assert np.array_equal(found["image"], (plain["image"] + 1) * 2)
    assert found["label"].dtype == np.float32
    assert np.array_equal(found["label"], plain["label"] / 2)


def test_texts_of_a_decoder(builder: DatasetBuilder) -> None:
    @make_decoder(output_dtype=str)
    def named(example: Any, feature: Any) -> str:
        return f"class {int(example)}"

    found = [example["label"] for example in builder.as_dataset("test", decoders={"label": named()})]
    assert found == [f"class {int(example['label'])}" for example in builder.as_dataset("test")]


def test_encoded_features_pickle(builder: DatasetBuilder) -> None:
    skipped = builder.as_dataset("test", decoders={"image": SkipDecoding()})
    feature = skipped.plan.source.table.features["image"]
    assert isinstance(pickle.loads(pickle.dumps(feature)), EncodedFeature)


FEATURES = FeaturesDict({"image": ImageFeature(shape=(28, 28, 1)), "label": Scalar(np.int64)})


def test_no_decoders_change_nothing() -> None:
    assert decoded_features(FEATURES, None) is FEATURES
    assert dict(decoded_features(FEATURES, {})) == dict(FEATURES)


@pytest.mark.parametrize(
    ("decoders", "message"),
    [
        ({"lbl": SkipDecoding()}, r"Unrecognized keys: \['lbl'\]. The features are \['image', 'label'\]"),
        (PartialDecoding(["image"], {"label": SkipDecoding()}), r"Unrecognized keys: \['label'\]"),
        (
            PartialDecoding(["lbl"]),
            "Provided PartialDecoding specs does not match actual features: Missing expected feature 'lbl'.",
        ),
        (PartialDecoding({"label": Scalar(np.int8)}), "Expected: Scalar.*int8.*Got: Scalar.*int64"),
        ({"image": 3}, r"3 is no decoder: give onebit\.decoding\.SkipDecoding\(\)"),
        (3, "decoders=3: give a dict"),
    ],
)
def test_what_is_no_decoder(decoders: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decoded_features(FEATURES, decoders)


def test_no_feature_at_all() -> None:
    with pytest.raises(ValueError, match="features cannot be empty"):
        PartialDecoding({"image": False})


def test_reprs() -> None:
    @make_decoder()
    def mine(example: Any, feature: Any) -> Any:
        """Nothing."""

    assert repr(SkipDecoding()) == "SkipDecoding()"
    assert repr(mine()) == "mine()"
    assert mine.__doc__ == "Nothing."
    assert "image" in repr(PartialDecoding(["image"]))
