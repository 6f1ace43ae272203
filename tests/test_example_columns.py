"""Values of examples become rows: what is taken, what is refused; the other refusals are in test_generation."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from onebit.example_columns import ExampleError, SplitRows, encode_value
from onebit.features import ClassLabel, FeaturesDict, Image, Scalar, Tensor

GRAY = np.random.default_rng(0).integers(0, 256, (5, 6, 1), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (4, 3, 3), np.uint8)


@pytest.mark.parametrize("pixels", [GRAY, COLOUR], ids=["gray", "colour"])
def test_images_in_every_form(tmp_path: Path, pixels: np.ndarray) -> None:
    feature = Image(shape=pixels.shape)
    picture = PIL.Image.fromarray(pixels.squeeze())
    path = tmp_path / "x.png"
    picture.save(path)
    forms = [pixels, pixels.tolist(), picture, path, str(path), io.BytesIO(path.read_bytes()), path.read_bytes()]
    for form in forms:
        assert (encode_value(feature, form) == pixels).all()


def test_images_that_do_not_fit(tmp_path: Path) -> None:
    PIL.Image.fromarray(GRAY.squeeze()).save(tmp_path / "x.png")
    PIL.Image.fromarray(GRAY.squeeze()).save(tmp_path / "x.jpg")
    with pytest.raises(ValueError, match=r"x\.png is not an 8-bit PNG image of shape \(5, 6, 3\)"):
        encode_value(Image(shape=(5, 6, 3)), tmp_path / "x.png")
    with pytest.raises(
        ValueError, match=r"Other files are decoded in _generate_examples: np\.asarray\(PIL\.Image\.open"
    ):
        encode_value(Image(shape=(5, 6, 1)), tmp_path / "x.jpg")
    with pytest.raises(FileNotFoundError):
        encode_value(Image(shape=(5, 6, 1)), tmp_path / "no.png")


@pytest.mark.parametrize(
    ("feature", "value", "stored"),
    [
        (Scalar(np.int32), 7, 7),
        (Scalar(np.int64), "7", 7),
        (Tensor(shape=(2,), dtype=np.int32), np.array([1, 2], ">i4"), [1, 2]),
        (Tensor(shape=(2,), dtype=">f4"), np.array([1, 2], ">f4"), [1, 2]),
        (Scalar(np.float32), "0.5", 0.5),
        (Scalar(np.float32), np.float64(0.5), 0.5),
        (Scalar(np.bool_), True, True),
        (Scalar(np.uint8), np.int64(255), 255),
        (ClassLabel(names=["a", "b"]), "b", 1),
        (ClassLabel(names=["a", "b"]), b"b", 1),
        (ClassLabel(num_classes=3), np.uint8(2), 2),
        (ClassLabel(num_classes=3), np.array(2, np.int32), 2),
        (ClassLabel(num_classes=3), -1, -1),
        (Tensor(shape=(2,), dtype=np.float64), [1, 2.5], [1, 2.5]),
        (Tensor(shape=(0,), dtype=np.uint8), np.empty(0, np.uint8), []),
    ],
)
def test_values_that_are_taken(feature: Any, value: Any, stored: Any) -> None:
    encoded = encode_value(feature, value)
    assert (encoded.tolist(), encoded.dtype) == (stored, feature.dtype)


@pytest.mark.parametrize(
    ("feature", "value", "text"),
    [
        (Scalar(np.uint8), 256, "cannot hold"),
        (Scalar(np.int64), 0.5, "cannot hold"),
        (Scalar(np.int64), "half", "invalid literal"),
        (Scalar(np.bool_), "False", "cannot hold"),
        (Scalar(np.int32), [1], r"given a value of shape \(1,\)"),
        (Scalar(np.float32), np.array(0.5), r"write array\.astype\(np\.float32\)"),
        (ClassLabel(num_classes=3), 3, "3 is not a label; labels go from 0 to 2"),
        (ClassLabel(num_classes=3), -2, "-2 is not a label"),
        (Tensor(shape=(2,), dtype=np.float32), [1], r"given a value of shape \(1,\)"),
    ],
)
def test_values_that_are_refused(feature: Any, value: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        encode_value(feature, value)


def test_a_buffer_that_is_written_again_does_no_harm() -> None:
    def examples() -> Any:
        buffer = np.zeros(3, np.uint8)
        for number in range(3000):  # more than are stacked at a time
            buffer[:] = number % 251
            yield number, {"x": buffer}

    rows = SplitRows("it", "train", FeaturesDict({"x": Tensor(shape=(3,), dtype=np.uint8)}))
    rows.extend(examples())
    assert rows.columns()["x"].tolist() == [[number % 251] * 3 for number in range(3000)]


def test_the_error_names_the_example() -> None:
    rows = SplitRows("it", "train", FeaturesDict({"label": ClassLabel(names=["a"])}))
    with pytest.raises(
        ExampleError, match=r"^it: example 1 of 'train' \(key 'k'\): its 'label', 'z', does not fit\. 'z' is"
    ):
        rows.extend([("j", {"label": "a"}), ("k", {"label": "z"})])
