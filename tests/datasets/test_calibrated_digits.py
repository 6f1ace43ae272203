"""calibrated_digits: the package holds all of it, and every log-probability in it is the truth."""

from __future__ import annotations

import hashlib
import json
import lzma
import math
import socket
from pathlib import Path

import numpy as np
import pytest

import onebit
from onebit.datasets import calibrated_digits
from onebit.metadata import Record
from onebit.models import ancestral
from onebit.testing import DatasetBuilderTestCase

FOLDER = Path(calibrated_digits.__file__).parent
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module", autouse=True)
def no_network() -> None:
    """Nothing here may ask for a connection."""

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("calibrated_digits asked for the network")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    onebit.load("calibrated_digits", data_dir=folder)
    return folder


def packaged(name: str) -> np.ndarray:
    """A packaged array, read without the code under test."""
    with lzma.open(FOLDER / f"{name}.npy.xz") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def packaged_image(row_numbers: np.ndarray) -> list[int]:
    """The 784 pixels of an image, by arithmetic."""
    return [int(number) >> (31 - column) & 1 for number in row_numbers for column in range(28)]


def slow_log_prob(image: list[int]) -> float:
    """The sum of the log-probabilities of the pixels, written down as in the paper: nothing is kept between pixels."""
    w, v, b, c = (packaged(f"generator-{name}") / 512.0 for name in calibrated_digits.WEIGHTS)
    x = np.array(image, np.float64)
    nats = []
    for d in range(784):
        hidden = 1 / (1 + np.exp(-(c + x[:d] @ w[:d])))
        chance = 1 / (1 + math.exp(-(b[d] + float(np.dot(v[d], hidden)))))
        nats.append(math.log(chance if image[d] else 1 - chance))
    return math.fsum(nats)


def test_it_loads_without_any_other_file(prepared: Path) -> None:
    ds, info = onebit.load("calibrated_digits", split="test", with_info=True, data_dir=prepared)
    example = ds[0]
    assert list(example) == ["image", "log_prob"]
    assert example["image"].shape == (28, 28, 1) and example["image"].dtype == np.uint8
    assert example["log_prob"].shape == () and example["log_prob"].dtype == np.float64
    assert info.splits.sizes == {"train": 50_000, "validation": 10_000, "test": 10_000}
    assert info.license == "CC0-1.0"
    assert "not handwriting" in info.description
    assert 0 < info.metadata["entropy_stderr_nats"] < 0.2 < info.metadata["entropy_nats"]


def test_every_stored_column_has_its_pinned_sha256(prepared: Path) -> None:
    record = Record(FOLDER)
    for split in SPLITS:
        assert set(record.splits[split].digests) == {"image", "log_prob", "line"}
        for column, digest in record.splits[split].digests.items():
            content = (prepared / f"calibrated_digits/1.0.0/{split}-{column}.npy").read_bytes()
            assert hashlib.sha256(content).hexdigest() == digest, (split, column)


@pytest.mark.parametrize("split", SPLITS)
def test_shipped_log_probabilities_are_those_of_the_shipped_generator(split: str) -> None:
    images, nats = packaged(f"{split}-image"), packaged(f"{split}-log_prob")
    assert len(images) == len(nats)
    for line in range(0, len(images), len(images) // 20):
        assert nats[line] == pytest.approx(slow_log_prob(packaged_image(images[line])), abs=1e-6)


@pytest.mark.parametrize("split", SPLITS)
def test_three_hundred_more_of_each_split_by_a_faster_way(split: str, prepared: Path) -> None:
    part = onebit.load("calibrated_digits", split=f"{split}[:300]", batch_size=-1, data_dir=prepared)
    weights = ancestral.Weights(**calibrated_digits.generator())
    np.testing.assert_allclose(part["log_prob"], ancestral.log_prob(weights, part["image"]), rtol=0, atol=1e-6)


@pytest.mark.long
@pytest.mark.parametrize("split", SPLITS)
def test_all_of_each_split(split: str, prepared: Path) -> None:
    part = onebit.load("calibrated_digits", split=split, batch_size=-1, data_dir=prepared)
    weights = ancestral.Weights(**calibrated_digits.generator())
    np.testing.assert_allclose(part["log_prob"], ancestral.log_prob(weights, part["image"]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("stream", range(3))
def test_the_recorded_seed_draws_the_shipped_images(stream: int, prepared: Path) -> None:
    ds, info = onebit.load("calibrated_digits", split=SPLITS[stream], with_info=True, order="source", data_dir=prepared)
    weights = ancestral.Weights(**calibrated_digits.generator())
    drawn = ancestral.sample(weights, 100, seed=info.metadata["draw"]["seed"], stream=stream)
    first = ds.take(100).arrays()
    np.testing.assert_array_equal(first["image"].reshape(100, 784), drawn.pixels)
    np.testing.assert_allclose(first["log_prob"], drawn.log_prob, rtol=0, atol=1e-9)


def test_log_probabilities_and_entropy_agree_within_their_errors(prepared: Path) -> None:
    metadata = Record(FOLDER).content["metadata"]
    entropy, error = metadata["entropy_nats"], metadata["entropy_stderr_nats"]
    for split in SPLITS:
        nats = onebit.load("calibrated_digits", split=split, batch_size=-1, data_dir=prepared)["log_prob"]
        mean, mean_error = nats.mean(), nats.std(ddof=1) / len(nats) ** 0.5
        assert abs(mean + entropy) < 3 * math.hypot(mean_error, error), split
        assert metadata["mean_log_prob_nats"][split] == pytest.approx(mean, abs=1e-9)
        assert metadata["mean_log_prob_stderr_nats"][split] == pytest.approx(mean_error, rel=1e-9)


def test_fresh_draws_have_the_recorded_entropy() -> None:
    metadata = Record(FOLDER).content["metadata"]
    fresh = ancestral.sample(ancestral.Weights(**calibrated_digits.generator()), 500, seed=1).path_entropy
    error = math.hypot(fresh.std() / 500**0.5, metadata["entropy_stderr_nats"])
    assert abs(fresh.mean() - metadata["entropy_nats"]) < 4 * error


def test_pixels_log_probabilities_and_weights_are_below_four_megabytes() -> None:
    files = sorted(FOLDER.glob("*.xz"))
    assert len(files) == 2 * 3 + 4
    assert sum(file.stat().st_size for file in files) < 4_000_000


def test_the_generator_is_the_recorded_one() -> None:
    recorded = Record(FOLDER).content["metadata"]["generator"]["weights_sha256"]
    from onebit.formats import numpy_files

    for name, digest in recorded.items():
        assert hashlib.sha256(numpy_files.write_npy(packaged(f"generator-{name}"))).hexdigest() == digest
    weights = calibrated_digits.generator()
    assert {name: array.shape for name, array in weights.items()} == {
        "input_weights": (784, 500),
        "output_weights": (784, 500),
        "output_bias": (784,),
        "hidden_bias": (500,),
    }
    assert all(array.dtype == np.float64 for array in weights.values())


def test_rows_of_pixels_are_packed_and_unpacked() -> None:
    images = np.random.default_rng(0).integers(0, 2, (5, 28, 28, 1), np.uint8)
    rows = calibrated_digits.pack_rows(images)
    assert rows.shape == (5, 28) and rows.dtype == np.uint32
    assert [packaged_image(row) for row in rows] == images.reshape(5, 784).tolist()
    np.testing.assert_array_equal(calibrated_digits.unpack_rows(rows), images)


def test_images_are_all_different_but_for_the_likely_ones() -> None:
    """Equal images that are not likely would be a mistake of the random numbers."""
    rows = np.concatenate([packaged(f"{split}-image") for split in SPLITS])
    nats = np.concatenate([packaged(f"{split}-log_prob") for split in SPLITS])
    _, first, counts = np.unique(rows, axis=0, return_index=True, return_counts=True)
    # Two of 70,000 draws are a certain image with probability below 70,000^2 p^2 / 2.
    assert all(nats[first[counts > 1]] > -22)
    assert len(counts) > 69_900


def test_the_documentation_has_the_recorded_numbers() -> None:
    docs = Path(__file__).parents[2] / "docs"
    page = (docs / "calibrated_digits.md").read_text(encoding="utf-8")
    metadata = Record(FOLDER).content["metadata"]
    on_binarized_mnist = metadata["generator"]["binarized_mnist_nats"]
    numbers = [metadata["entropy_nats"], metadata["entropy_stderr_nats"], *on_binarized_mnist.values()]
    numbers += [-mean for mean in metadata["mean_log_prob_nats"].values()]
    numbers += metadata["mean_log_prob_stderr_nats"].values()
    for number in numbers:
        assert f"{number:.3f}" in page
    assert f"{sum(file.stat().st_size for file in FOLDER.glob('*.xz')):,}" in page
    # The log is that of the generator: its last line was written by JAX in float32.
    last = json.loads((docs / "calibrated_digits/log.jsonl").read_text().splitlines()[-1])
    assert last["test_nats"] == pytest.approx(on_binarized_mnist["test_before_rounding"], abs=1e-3)
    assert last["best_validation_nats"] == pytest.approx(on_binarized_mnist["validation_before_rounding"], abs=1e-3)


@pytest.mark.real_data
def test_the_generator_has_the_recorded_nats_on_binarized_mnist(real_data: Path) -> None:
    images = onebit.load(
        "binarized_mnist", split="test", batch_size=-1, source_dir=real_data / "binarized_mnist/upstream"
    )["image"][::10]
    nats = ancestral.log_prob(ancestral.Weights(**calibrated_digits.generator()), images)
    recorded = Record(FOLDER).content["metadata"]["generator"]["binarized_mnist_nats"]["test"]
    assert -nats.mean() == pytest.approx(recorded, abs=3 * nats.std() / len(nats) ** 0.5)
    assert recorded < 90


class CalibratedDigitsTest(DatasetBuilderTestCase):
    """The contract of data sets."""

    DATASET_CLASS = calibrated_digits.Builder
    SPLITS = {"train": 50_000, "validation": 10_000, "test": 10_000}
