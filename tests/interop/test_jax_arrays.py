"""JAX arrays: the same pixels, packed on the way or not, on one device, on several, in several processes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_digits import IMAGES, stored_labels

import onebit
from onebit import Dataset
from onebit.builders import DatasetBuilder
from onebit.decoding import SkipDecoding, make_decoder
from onebit.interop import jax_arrays

TRAIN = stored_labels("train")
BOTH = pytest.mark.parametrize("packed", [False, True])


@pytest.fixture
def train(prepared: DatasetBuilder) -> Dataset:
    """300 examples; the label of each tells which image belongs to it."""
    return prepared.as_dataset("train")


def labels(batches: Any) -> list[int]:
    """The labels of some batches, once the pixels were found to be theirs."""
    found = []
    for batch in batches:
        assert isinstance(batch["image"], jax.Array)
        assert batch["image"].dtype == jnp.uint8
        assert batch["label"].dtype == jnp.int32
        assert np.array_equal(batch["image"], IMAGES[np.asarray(batch["label"])])
        found += batch["label"].tolist()
    return found


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each array that is put on a device."""
    sizes: list[int] = []
    put = jax_arrays._put

    def noted(array: np.ndarray, device: Any) -> Any:
        sizes.append(array.nbytes)
        return put(array, device)

    monkeypatch.setattr(jax_arrays, "_put", noted)
    return sizes


# The same elements --------------------------------------------------------------------------------------------------


@BOTH
def test_epochs_of_batches(train: Dataset, packed: bool) -> None:
    data = train.shuffle(seed=1).batch(64).to_jax(packed=packed)
    assert (data.packed, len(data)) == (packed, 5)
    epochs = [labels(data), labels(data)]
    assert epochs[0] != epochs[1]
    assert epochs == [labels(data.iterate(epoch=epoch)) for epoch in range(2)]
    assert [sorted(epoch) for epoch in epochs] == [sorted(TRAIN)] * 2
    assert repr(data) == f"<JaxDataset of {data.dataset!r}>"


def test_an_eighth_of_the_bytes(train: Dataset, moved: list[int]) -> None:
    for packed in (False, True):
        labels(train.batch(300).to_jax(packed=packed))
    label = 300 * 4
    assert moved == [300 * 784, label, 300 * 98, label]


@BOTH
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, jnp.bfloat16, bool])
def test_pixels_are_converted_on_the_device(train: Dataset, packed: bool, dtype: Any, moved: list[int]) -> None:
    batch = train.to_jax(dtype=dtype, packed=packed)[:50]
    assert batch["image"].dtype == dtype
    assert batch["label"].dtype == jnp.int32
    assert np.array_equal(batch["image"].astype(np.uint8), IMAGES[TRAIN[:50]])
    assert moved == [50 * (98 if packed else 784), 50 * 4]


@BOTH
def test_look_ups(train: Dataset, packed: bool) -> None:
    data = train.to_jax(packed=packed)
    one = data[7]
    assert (one["image"].shape, one["label"].shape, int(one["label"])) == ((28, 28, 1), (), TRAIN[7])
    assert np.array_equal(one["image"], IMAGES[TRAIN[7]])
    assert labels([data[:], data[[4, -1]], data[jnp.arange(2)]]) == [*TRAIN, TRAIN[4], TRAIN[-1], *TRAIN[:2]]
    assert [int(example["label"]) for example in train.take(3).to_jax(packed=packed)] == TRAIN[:3]
    with pytest.raises(IndexError, match="There is no element 300"):
        data[300]


@BOTH
def test_every_plan_that_only_chooses_and_orders(train: Dataset, packed: bool) -> None:
    for plan in (
        train.skip(3).take(200).shard(2, 1),
        train[[5, 5, 1]].repeat(2),
        train.cache().shuffle(seed=3).prefetch(2),
        train.batch(10, drop_remainder=True).shuffle(seed=3).cache(),
    ):
        data = plan.to_jax(packed=packed)
        assert data.packed == packed
        for epoch in (0, 1):
            for element, plain in zip(data.iterate(epoch=epoch), plan.iterate(epoch=epoch), strict=True):
                assert np.array_equal(element["label"], plain["label"])
                assert np.array_equal(element["image"], plain["image"])
                assert element["image"].shape == plain["image"].shape


@BOTH
def test_pairs(prepared: DatasetBuilder, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(prepared.info), "supervised_keys", ("image", "label"))
    train = prepared.as_dataset("train", as_supervised=True).batch(100).to_jax(packed=packed)
    image, label = next(iter(train))
    assert (image.shape, label.tolist()) == ((100, 28, 28, 1), TRAIN[:100])
    assert np.array_equal(image, IMAGES[TRAIN[:100]])


@BOTH
def test_states_are_those_of_the_data_set(train: Dataset, packed: bool) -> None:
    plan = train.shuffle(seed=9).batch(32)
    passing = iter(plan.to_jax(packed=packed))
    for _ in range(3):
        next(passing)
    state = json.loads(json.dumps(passing.state()))
    left = labels(passing)
    assert left == labels(plan.to_jax(packed=not packed).iterate(state=state))
    assert left == [label for batch in plan.iterate(state=state) for label in batch["label"].tolist()]
    with pytest.raises(ValueError, match="The state belongs to another plan"):
        train.to_jax(packed=packed).iterate(state=state)


def test_functions_come_before_the_device(train: Dataset) -> None:
    plan = train.map(lambda e: {"pair": (1 - e["image"], e["label"] + 1)}).batch(4)
    data = plan.to_jax()
    assert not data.packed
    image, label = data[0]["pair"]
    assert np.array_equal(image, 1 - IMAGES[TRAIN[:4]])
    assert (label - 1).tolist() == TRAIN[:4]
    assert len(list(train.filter(lambda e: e["label"] < 10).to_jax())) == 10


def test_a_function_may_use_one_buffer_again_and_again(train: Dataset) -> None:
    memory = np.zeros(784 + 64, np.uint8)
    start = -memory.ctypes.data % 64  # JAX could use memory that is aligned like its own without a copy
    buffer = memory[start : start + 784].reshape(28, 28, 1)

    def into_buffer(example: Any) -> Any:
        buffer[:] = example["image"]
        return buffer

    arrays = list(train.take(20).map(into_buffer).to_jax())
    assert np.array_equal(np.stack(arrays), IMAGES[TRAIN[:20]])


# Bits on the device -------------------------------------------------------------------------------------------------


def test_pack_and_unpack_inside_jit(train: Dataset) -> None:
    bits = jax.device_put(train.bits())

    @jax.jit
    def there_and_back(bits: jax.Array, rows: jax.Array) -> Any:
        pixels = jax_arrays.unpack(bits[rows], (28, 28, 1), jnp.float32)
        return pixels, jax_arrays.pack(pixels)

    pixels, packed = there_and_back(bits, jnp.array([5, 0]))
    assert np.array_equal(pixels, IMAGES[[TRAIN[5], TRAIN[0]]].astype(np.float32))
    assert np.array_equal(packed, bits[jnp.array([5, 0])])


@pytest.mark.parametrize("items", [1, 7, 8, 9, 783])
def test_packing_is_that_of_numpy(items: int) -> None:
    pixels = np.random.default_rng(items).integers(0, 2, (5, items), np.uint8)
    packed = jax_arrays.pack(jnp.asarray(pixels))
    assert np.array_equal(packed, np.packbits(pixels, axis=1))
    assert np.array_equal(jax_arrays.unpack(packed, (items,)), pixels)


# What JAX does not have ---------------------------------------------------------------------------------------------


def test_bytes_are_refused(prepared: DatasetBuilder) -> None:
    files = prepared.as_dataset("train", decoders={"image": SkipDecoding()}).batch(2).to_jax()
    with pytest.raises(TypeError) as caught:
        next(iter(files))
    assert str(caught.value) == (
        "ds.to_jax(): element['image'] is of dtype object, of which JAX has no arrays. It has bool, integers, floats "
        "and complex numbers: convert the values in ds.map(), or leave them out there."
    )


def test_large_integers_are_refused_not_wrapped(train: Dataset) -> None:
    large = train.map(lambda e: e["label"] + 2**40).batch(2).to_jax()
    with pytest.raises(ValueError) as caught:
        next(iter(large))
    assert str(caught.value) == (
        "ds.to_jax(): element has values that int32 cannot hold, and JAX has no int64 as it is configured. "
        "Type: jax.config.update('jax_enable_x64', True)"
    )
    with jax.enable_x64(True):
        assert next(iter(large)).tolist() == [TRAIN[0] + 2**40, TRAIN[1] + 2**40]


def test_numbers_too_large_for_float32_are_refused(train: Dataset) -> None:
    large = train.map(lambda e: e["label"] * 1e300).batch(2).to_jax()
    with pytest.raises(ValueError, match=r"element has values that float32 cannot hold, and JAX has no float64 as it"):
        next(iter(large))
    infinite = train.map(lambda e: np.float64("-inf") + e["label"]).to_jax()
    assert float(infinite[0]) == -np.inf


def test_big_endian_arrays(train: Dataset) -> None:
    assert [int(label) for label in train.map(lambda e: e["label"].astype(">i4")).to_jax()] == TRAIN


@pytest.mark.parametrize("far", [False, True])
def test_decoders_are_not_passed_over(prepared: DatasetBuilder, monkeypatch: pytest.MonkeyPatch, far: bool) -> None:
    """What a decoder makes of an image does not travel as the bits that are stored."""
    monkeypatch.setattr(jax_arrays, "_is_far", lambda device: far)  # as on a GPU
    inverted = prepared.as_dataset("train", decoders={"image": inverting()})
    assert np.array_equal(inverted.to_jax()[:4]["image"], 1.0 - IMAGES[TRAIN[:4]])
    files = prepared.as_dataset("train", decoders={"image": SkipDecoding()})
    with pytest.raises(TypeError, match=r"element\['image'\] is of dtype \|S\d+, of which JAX has no arrays"):
        files.to_jax()[0]
    for decoded in (inverted, files):
        with pytest.raises(TypeError) as caught:
            decoded.to_jax(packed=True)
        assert str(caught.value) == (
            "to_jax(packed=True) moves stored bits, but there are none to move: of image, label no column is stored as "
            "bits in all of these splits and served as it is, without decoders and add_tfds_id. Leave packed out."
        )


@make_decoder(output_dtype=np.float32)
def inverting(example: bytes, feature: Any) -> Any:
    return 1.0 - feature.decode_example(example)


def test_packed_is_refused_where_functions_see_pixels(train: Dataset) -> None:
    with pytest.raises(TypeError) as caught:
        train.map(abs).batch(2).to_jax(packed=True)
    assert str(caught.value) == (
        "to_jax(packed=True) moves stored bits, but map(abs) needs the pixels before. Leave packed out, or do that to "
        "the arrays on the device; only take, skip, shard, shuffle, repeat, batch, cache and prefetch can come before."
    )


def test_look_ups_in_a_stream_are_refused(train: Dataset) -> None:
    with pytest.raises(TypeError, match=r"ds.to_jax\(\) looks elements up by their number, which they have no longer"):
        train.filter(bool).to_jax()[0]
    with pytest.raises(TypeError, match=r"ds.to_jax\(\) looks elements up by their number, of which there is no end"):
        len(train.repeat().to_jax())


# Several devices, several processes ---------------------------------------------------------------------------------

DEVICES = """
import jax, numpy as np, onebit
from onebit.interop import jax_arrays
from jax.sharding import Mesh, NamedSharding, PartitionSpec
mesh = Mesh(np.array(jax.devices()), ("data",))
sharding = NamedSharding(mesh, PartitionSpec("data"))
ds = onebit.load("calibrated_digits", split="test[:64]").batch(32)
only = onebit.decode.PartialDecoding(["image"])  # the numbers beside them have one axis
pixels = onebit.load("calibrated_digits", split="test[:64]", decoders=only).batch(32)
for packed in (False, True):
    for batch, plain in zip(ds.to_jax(sharding, packed=packed), ds, strict=True):
        assert batch["image"].sharding.is_equivalent_to(sharding, 4), batch["image"].sharding
        assert batch["image"].addressable_shards[1].data.shape == (8, 28, 28, 1)
        assert np.array_equal(batch["image"], plain["image"])
# As a sharding of images is mostly written, axis by axis; bits and numbers have fewer of them.
for spec in (PartitionSpec("data", None, None, None), PartitionSpec(None, None, None, None), PartitionSpec()):
    spread = NamedSharding(mesh, spec)
    for packed in (False, True):
        for batch, plain in zip(ds.to_jax(spread, packed=packed), ds, strict=True):
            assert batch["image"].sharding.is_equivalent_to(spread, 4), batch["image"].sharding
            assert np.array_equal(batch["image"], plain["image"])
            assert batch["log_prob"].sharding.is_equivalent_to(NamedSharding(mesh, PartitionSpec(*spec[:1])), 1)
rows = NamedSharding(mesh, PartitionSpec(None, "data"))
jax_arrays._is_far = lambda device: True  # as on GPUs
assert np.array_equal(next(iter(pixels.to_jax(rows)))["image"], ds[0]["image"])
try:
    pixels.to_jax(rows, packed=True)
except TypeError as error:
    assert "shares other axes of the images than the first" in str(error), error
    assert str(error).endswith("Leave packed out, or share the first alone: PartitionSpec('data').")
else:
    raise AssertionError("bits were shared along the pixels")
one = ds.to_jax(jax.devices()[2], packed=True)[0]["image"]
assert one.devices() == {jax.devices()[2]}
"""

PROCESSES = """
import sys, jax, numpy as np, onebit
jax.distributed.initialize(sys.argv[1], 2, int(sys.argv[2]))
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec
split = onebit.split_for_jax_process("test[:80]")
own = onebit.load("calibrated_digits", split=split)
assert len(own) == 40
everything = onebit.load("calibrated_digits", split="test[:80]").arrays()["image"]
sharding = NamedSharding(Mesh(np.array(jax.devices()), ("data",)), PartitionSpec("data"))
ones = jax.jit(lambda image: image.astype(int).sum())
for packed in (False, True):
    total = 0
    for batch in own.batch(10).to_jax(sharding, packed=packed):
        assert batch["image"].shape == (20, 28, 28, 1)  # ten of each process
        total += int(ones(batch["image"]))  # over both processes
    assert total == everything.sum()
    whole = multihost_utils.process_allgather(own.batch(40).to_jax(sharding, packed=packed)[0]["image"], tiled=True)
    assert np.array_equal(whole, everything)
"""


def started(code: str, *arguments: str, devices: int = 1) -> subprocess.Popen[str]:
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
    }
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stderr=subprocess.PIPE, text=True
    )


def test_several_devices() -> None:
    process = started(DEVICES, devices=4)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def test_several_processes() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    onebit.load("calibrated_digits")  # once, not in both
    processes = [started(PROCESSES, address, str(number)) for number in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors


@pytest.mark.parametrize("resident", [False, True])
def test_the_example_learns(resident: bool, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(__file__).parents[2] / "examples" / "train_jax.py"
    spec = importlib.util.spec_from_file_location("train_jax", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    short = ["--train", "train[:1000]", "--test", "test[:100]", "--epochs", "2"]
    report = module.main([*short, "--resident"] if resident else short)
    first, second = (float(found) for found in re.findall(r"epoch \d: ([\d.]+)", capsys.readouterr().out))
    assert second < first < 28 * 28 * np.log(2)
    assert (report.kind, report.flags) == ("exact", ())
    assert report.nll.mean() < first


@pytest.mark.real_data
@BOTH
def test_the_real_images(real_prepared: Path, packed: bool) -> None:
    train = onebit.load("binarized_mnist", split="train", data_dir=real_prepared, download=False)
    expected = train.arrays()["image"]
    assert np.array_equal(train.to_jax(packed=packed)[:]["image"], expected)
    batches = [np.asarray(batch["image"]) for batch in train.batch(1000).to_jax(packed=packed)]
    assert np.array_equal(np.concatenate(batches), expected)


@pytest.mark.parametrize("device", ["cpu", 0])
def test_devices_are_those_of_jax(train: Dataset, device: Any) -> None:
    with pytest.raises(TypeError, match=rf"to_jax\(device={device!r}\): give a jax\.Device, such as jax\.devices"):
        train.to_jax(device)


def test_dtypes_that_pixels_cannot_have(train: Dataset) -> None:
    for wrong in ("flot", "str", "datetime64[s]"):
        with pytest.raises(TypeError, match=rf"dtype='{re.escape(wrong)}'\): pixels can be bool, integers or floats"):
            train.to_jax(dtype=wrong)
    with pytest.raises(ValueError, match=r"JAX has no float64 as it is configured\. Take 'float32', or type: jax\."):
        train.to_jax(dtype="float64")
    assert train.to_jax(dtype=jnp.bfloat16)[0]["image"].dtype == jnp.bfloat16


def test_supervised_elements_travel_packed(tmp_path: Path, prepared: DatasetBuilder) -> None:
    source = prepared.as_dataset("train").plan.source
    source.supervised = ({"pixels": "image"}, "label")
    supervised = Dataset(onebit.pipeline.Plan(source))
    moved = supervised.batch(7).to_jax(packed=True)
    for ours, theirs in zip(supervised.batch(7), moved, strict=True):
        assert theirs[0]["pixels"].dtype == np.uint8
        np.testing.assert_array_equal(theirs[0]["pixels"], ours[0]["pixels"])
        np.testing.assert_array_equal(theirs[1], ours[1])
