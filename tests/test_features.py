"""Columns: what they print, hold and store."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onebit.features
from onebit.features import (
    ClassLabel,
    Encoding,
    Feature,
    FeaturesDict,
    Image,
    Scalar,
    Tensor,
    UnsupportedFeatureError,
    features_from_json,
)  # fmt: skip

PAGE = """FeaturesDict({
    'image': Image(shape=(28, 28, 1), dtype=uint8),
})"""


def test_the_block_of_the_catalog_page() -> None:
    assert repr(FeaturesDict({"image": Image(shape=(28, 28, 1), dtype=np.uint8)})) == PAGE
    assert repr(FeaturesDict({"image": Image(shape=(28, 28, 1))})) == PAGE


def test_reprs_in_alphabetical_order() -> None:
    features = FeaturesDict(
        {"z": np.int64, "label": ClassLabel(num_classes=10), "a": Tensor(shape=(3,), dtype="float32"), "flag": np.bool_}
    )
    assert repr(features).splitlines() == [
        "FeaturesDict({",
        "    'a': Tensor(shape=(3,), dtype=float32),",
        "    'flag': Scalar(shape=(), dtype=bool),",
        "    'label': ClassLabel(shape=(), dtype=int64, num_classes=10),",
        "    'z': Scalar(shape=(), dtype=int64),",
        "})",
    ]
    assert list(features) == ["z", "label", "a", "flag"]
    assert features.shape == {"z": (), "label": (), "a": (3,), "flag": ()}
    assert features.dtype["a"] == np.float32


def test_a_mapping() -> None:
    features = FeaturesDict({"image": Image(shape=(28, 28, 1)), "label": Scalar()})
    assert len(features) == 2
    assert "image" in features
    with pytest.raises(KeyError, match=r"'img' is not a feature; the features are \['image', 'label'\]"):
        features["img"]
    with pytest.raises(ValueError, match="'nested' is itself a dict; onebit's columns have one level"):
        FeaturesDict({"nested": {"a": Scalar()}})


def test_equality() -> None:
    one = FeaturesDict({"image": Image(shape=(28, 28, 1)), "label": ClassLabel(names=["a", "b"])})
    other = FeaturesDict({"label": ClassLabel(names=["a", "b"]), "image": Image(shape=(28, 28, 1))})
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != FeaturesDict({"image": Image(shape=(28, 28, 1)), "label": ClassLabel(names=["a", "c"])})
    assert Image(shape=(28, 28, 1)) != Tensor(shape=(28, 28, 1), dtype="uint8")
    assert Image(shape=(28, 28, 1)) != "Image"
    assert Image(shape=(28, 28, 1)) == Image(shape=(28, 28, 1))
    assert Tensor(shape=(2,), dtype="uint8") != Tensor(shape=(2,), dtype="int8")


def test_json_and_back() -> None:
    features = FeaturesDict(
        {
            "image": Image(shape=(2, 3, 4), doc="A picture."),
            "label": ClassLabel(names=["no", "yes"]),
            "weight": Scalar(np.float32),
            "box": Tensor(shape=(2, 2), dtype="int16"),
        }
    )
    text = json.dumps(features.to_json())
    back = features_from_json(json.loads(text))
    assert back == features
    assert list(back) == list(features)
    assert back["image"].doc == "A picture."
    with pytest.raises(
        ValueError, match="'Video' is not a feature of onebit; these are: Image, Tensor, Scalar, ClassLabel"
    ):
        features_from_json({"v": {"class": "Video", "shape": [], "dtype": "uint8"}})


@pytest.mark.parametrize("shape", [(None, 28, 1), (28, -1, 1), (2.0, 2, 1), ("2", 2, 1)])
def test_shapes_that_are_not_fixed(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"every dimension must be known, as in \(28, 28, 1\)"):
        Image(shape=shape)


def test_an_image_has_three_dimensions() -> None:
    with pytest.raises(
        ValueError, match=r"Image\(shape=\(28, 28\)\): an image has three dimensions, \(height, width, ch"
    ):
        Image(shape=(28, 28))


def test_encode() -> None:
    image = Image(shape=(2, 2, 1))
    assert image.encode([[[0], [1]], [[1], [0]]]).dtype == np.uint8
    assert Scalar(np.float32).encode(0.1).dtype == np.float32
    assert Scalar(np.int64).encode(3.0) == 3
    with pytest.raises(
        ValueError, match=r"Image\(shape=\(2, 2, 1\), dtype=uint8\) was given a value of shape \(2, 2\)"
    ):
        image.encode(np.zeros((2, 2)))
    for wrong in (256, -1, 0.5, np.nan):
        with pytest.raises(ValueError, match="that uint8 cannot hold"):
            image.encode(np.full((2, 2, 1), wrong))


def test_class_label(tmp_path: Path) -> None:
    label = ClassLabel(names=["cat", "dog"])
    assert (label.num_classes, label.names) == (2, ["cat", "dog"])
    assert label.str2int("dog") == 1
    assert label.int2str(0) == "cat"
    assert (label.encode("dog"), label.encode(0), label.encode("dog").dtype) == (1, 0, np.int64)
    assert ClassLabel(num_classes=3).names == ["0", "1", "2"]
    (tmp_path / "names.txt").write_text("cat\ndog\n\n")
    assert ClassLabel(names_file=tmp_path / "names.txt") == label
    with pytest.raises(KeyError, match="'cow' is not a class; the classes are"):
        label.str2int("cow")
    for wrong in (2, -1):
        with pytest.raises(ValueError, match=rf"{wrong} is not a label; labels go from 0 to 1"):
            label.int2str(wrong)
    with pytest.raises(ValueError, match="2 is not a label"):
        label.encode(2)
    assert (label.encode(-1), label.encode(b"dog")) == (-1, 1)  # -1 is no label at all, as in TFDS
    with pytest.raises(ValueError, match="takes one of num_classes, names and names_file"):
        ClassLabel(names=["a"], num_classes=1)
    with pytest.raises(ValueError, match="two classes have the same name"):
        ClassLabel(names=["a", "a"])


# Storing ------------------------------------------------------------------------------------------------------------

SHAPES = st.lists(st.integers(0, 5), max_size=3).map(tuple)


@settings(max_examples=300, deadline=None)
@given(SHAPES, st.integers(0, 6), st.sampled_from(["uint8", "bool", "int8", "int64", "float32"]), st.integers(1, 4))
def test_packing_and_back(shape: tuple[int, ...], n: int, dtype: str, most: int) -> None:
    feature = Feature(shape, dtype)
    values = np.random.default_rng(n + most).integers(0, most + 1, (n, *shape)).astype(dtype)
    stored = feature.pack(values)
    back = feature.unpack(stored)
    assert (back.shape, back.dtype) == (values.shape, values.dtype)
    np.testing.assert_array_equal(back, values)
    assert back.flags.writeable
    assert feature.is_packed(stored) == (dtype in ("uint8", "bool") and feature.items > 1 and bool((values <= 1).all()))
    if feature.is_packed(stored):
        assert stored.nbytes == n * -(-feature.items // 8)


def test_bits_are_stored_most_significant_first() -> None:
    stored = Image(shape=(1, 10, 1)).pack(np.array([[1, 0, 0, 0, 0, 0, 0, 1, 1, 0]], np.uint8).reshape(1, 1, 10, 1))
    assert stored.tolist() == [[0b10000001, 0b10000000]]


def test_unpacked_values_are_the_callers_own() -> None:
    feature = Tensor(shape=(3,), dtype="int16")
    stored = feature.pack(np.arange(6, dtype=np.int16).reshape(2, 3))
    stored.flags.writeable = False
    for view in (stored, stored[:1], stored[::2]):
        back = feature.unpack(view)
        assert not np.shares_memory(back, stored)
        assert back.flags.writeable


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((5, 28, 28), np.int64),  # would be stored, and served, in another dtype
        np.full((5, 784), -1, np.int8),  # "at most 1"
        np.zeros((5, 784), np.float32),
        np.zeros((5, 783), np.uint8),
        np.zeros(5, np.uint8),
    ],
)
def test_pack_takes_this_features_values_only(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"Image\(shape=\(28, 28, 1\), dtype=uint8\) cannot store .* of dtype"):
        Image(shape=(28, 28, 1)).pack(values)


def test_pack_takes_flat_rows() -> None:
    """Readers of .amat files have images as rows of pixels."""
    assert Image(shape=(28, 28, 1)).pack(np.ones((5, 784), np.uint8)).shape == (5, 98)
    assert Image(shape=(28, 28, 1)).pack(np.full((5, 784), 7, np.uint8)).shape == (5, 28, 28, 1)


# What comes over from TFDS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Text", "Sequence", "Dataset", "Video", "Audio", "BBoxFeature", "LabeledImage", "Translation", "Optional"]
)
def test_features_that_onebit_has_not_say_what_to_write(name: str) -> None:
    with pytest.raises(
        UnsupportedFeatureError, match=rf"onebit\.features has no '{name}'\. A column of onebit has values of"
    ):
        getattr(onebit.features, name)
    assert not hasattr(onebit.features, name)


@pytest.mark.parametrize("column", [None, [np.int32], 3])
def test_what_is_no_column(column: Any) -> None:
    with pytest.raises(UnsupportedFeatureError) as caught:
        FeaturesDict({"x": column})
    assert str(caught.value) == (
        f"FeaturesDict: 'x' is {column!r}, which is no column. Give it a feature, such as Tensor(shape=(3,), "
        "dtype=np.float32), or the dtype of a single number, such as np.int64."
    )


def test_arguments_of_tfds_that_say_how_it_stores() -> None:
    tensor = Tensor(shape=(np.int64(2), np.prod([3])), dtype=np.uint8, serialized_dtype=np.int32, serialized_shape=(6,))
    assert (tensor.shape, tensor.items) == ((2, 3), 6)
    assert all(type(size) is int for size in tensor.shape)  # as JSON has them
    assert list(FeaturesDict({"x": tensor}, doc="Words.")) == ["x"]
    for optional in (
        lambda: Tensor(shape=(2,), dtype=np.uint8, optional=True),
        lambda: Scalar(np.uint8, optional=True),
    ):
        with pytest.raises(
            UnsupportedFeatureError, match=r"\(optional=True\): every example of onebit has every value\. M"
        ):
            optional()
    with pytest.raises(ValueError, match=r"ClassLabel\(num_classes=-1\): give the number of classes, 1 or more"):
        ClassLabel(num_classes=-1)


def test_words_about_a_feature_in_the_form_of_tfds() -> None:
    words = onebit.features.Documentation(desc="the digit", value_range="0 to 9")
    label = ClassLabel(num_classes=10, doc=words)
    assert label.doc == "the digit (0 to 9)"
    text = json.dumps(FeaturesDict({"label": label}).to_json())
    assert features_from_json(json.loads(text))["label"].doc == label.doc
    assert Scalar(doc=onebit.features.Documentation(value_range="1 or 2")).doc == "(1 or 2)"
    assert Scalar(doc=onebit.features.Documentation()).doc == ""


def test_other_names_are_no_names() -> None:
    with pytest.raises(AttributeError, match=r"onebit\.features has no 'Imge'\. It has: ClassLabel, Documentation, "):
        _ = onebit.features.Imge


def test_arguments_of_tfds() -> None:
    assert Image(shape=(2, 3, 1), encoding_format="png", use_colormap=True) == Image(shape=(2, 3, 1))
    assert Tensor(shape=(2,), dtype=np.int32, encoding="zlib") == Tensor(shape=(2,), dtype=np.int32)
    assert Tensor(shape=[2], dtype=np.int32, encoding=Encoding.BYTES, maximum=3) == Tensor(shape=(2,), dtype=np.int32)  # type: ignore[arg-type]
    assert Tensor(shape=(2,), dtype=np.int32).np_dtype == np.int32
    with pytest.raises(UnsupportedFeatureError, match=r"JPEG would change them\. Leave it out, or give 'png'"):
        Image(shape=(2, 3, 1), encoding_format="jpeg")
    with pytest.raises(
        UnsupportedFeatureError, match=r"every dimension must be known.* Crop or pad the values in _gen"
    ):
        Image(shape=(None, None, 3))
    with pytest.raises(UnsupportedFeatureError, match=r"^Image\(shape=\(None, None, 3\)\): every dimension must"):
        Image()  # which means the same in TFDS
    with pytest.raises(
        UnsupportedFeatureError, match=r"'meta' is itself a dict; .* Give each of \['a', 'b'\] a column"
    ):
        FeaturesDict({"meta": {"a": np.int64, "b": np.int64}})  # type: ignore[dict-item]


class TensorFlowDtype:
    """What TensorFlow's dtypes are like."""

    as_numpy_dtype = np.uint8


def test_dtypes_of_tensorflow() -> None:
    assert Tensor(shape=(2,), dtype=TensorFlowDtype()).dtype == np.uint8  # type: ignore[arg-type]


def test_names_of_classes_that_come_later() -> None:
    label = ClassLabel(num_classes=2)
    assert not label.is_named
    label.names = ["cat", "dog"]
    label.names = ["cat", "dog"]
    assert (label.is_named, label.str2int("dog"), label.num_classes) == (True, 1, 2)
    with pytest.raises(ValueError, match=r"the classes have the names \['cat', 'dog'\] already, and cannot get"):
        label.names = ["dog", "cat"]
    with pytest.raises(ValueError, match=r"there are 3 classes, and 1 names: \['a'\]"):
        ClassLabel(num_classes=3).names = ["a"]
    unknown = ClassLabel()
    assert (unknown.num_classes, unknown.names) == (0, [])
    with pytest.raises(ValueError, match=r"The classes are not known: write ClassLabel\(num_classes=\.\.\.\)"):
        unknown.encode(0)
    unknown.names = ["a", "b", "c"]
    assert unknown.encode("c") == 2
