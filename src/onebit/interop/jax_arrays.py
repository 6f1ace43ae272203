"""JAX: elements as arrays on a device. One-bit images travel as bits, an eighth of the bytes, and are unpacked."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from onebit import stages
from onebit.decoding import EncodedFeature
from onebit.errors import import_optional
from onebit.features import Feature
from onebit.interop.element_specs import native
from onebit.interop.look_ups import LookUps
from onebit.pipeline import Dataset, DatasetIterator, Plan, Source
from onebit.stages import Element

Array = NDArray[Any]

CALL = "ds.to_jax()"
# Stages that choose, order and group rows, whatever is in them.
_BLIND = (stages.Slice, stages.Pick, stages.Shuffle, stages.Repeat, stages.Batch, stages.Prefetch, stages.Cache)
_WITH_FUNCTION = (stages.Map, stages.Concatenate)  # the other plan may have a function


class JaxDataset:
    """The elements of a `Dataset` as JAX arrays on a device. `to_jax` makes one.

    Iterating gives the elements of the next epoch, batches if the plan makes batches; `iterate` chooses the epoch, or
    goes on from a state, as `Dataset.iterate`. ``data[i]`` is one element; ``data[a:b]`` and ``data[[i, j]]`` are
    stacked: ``data[:]`` is everything on the device at once.

        >>> data = onebit.load("binarized_mnist", split="train").shuffle(seed=0).batch(128).to_jax()  # doctest: +SKIP
        >>> for batch in data:                                                            # doctest: +SKIP
        ...     batch["image"]                                   # jax.Array of shape (128, 28, 28, 1), dtype uint8

    JAX has 64-bit numbers only where ``jax_enable_x64`` is set: else int64 becomes int32, if the values allow it.

    Args:
        dataset: the data set.
        device: where the arrays go.
        dtype: what pixels, that is arrays of uint8 and bool, are converted to, there; None leaves them as they are.
        packed: whether one-bit features are moved as bits.
    """

    def __init__(self, dataset: Dataset, device: Any, dtype: DTypeLike | None, packed: bool) -> None:
        self.dataset, self.device, self.packed = dataset, device, packed
        self.dtype = None if dtype is None else np.dtype(dtype)
        self._moved = _left_packed(dataset) if packed else dataset
        self._look_ups = LookUps(self._moved, CALL)
        self._bits = _packed_places(dataset.plan.source) if packed else {}
        # JAX uses an array's own memory, now or until it has moved it: a function may put its next result there.
        self._copies = any(isinstance(step, _WITH_FUNCTION) for step in dataset.plan.steps)

    def __repr__(self) -> str:
        return f"<JaxDataset of {self.dataset!r}>"

    def __len__(self) -> int:
        return len(self._look_ups)

    def __getitem__(self, item: Any) -> Element:
        if isinstance(item, slice) or np.ndim(item):
            return self._on_device(self._look_ups.stacked(item, 0))
        return self._on_device(self._look_ups.element(item, 0))

    def __iter__(self) -> JaxIterator:
        return self.iterate()

    def iterate(self, *, epoch: int | None = None, state: Mapping[str, Any] | None = None) -> JaxIterator:
        """An iterator over one epoch; see `Dataset.iterate`, whose states it takes and gives."""
        if epoch is None and state is None:  # the data set counts its epochs, whoever goes through them
            epoch = self.dataset.iterate().epoch
        return JaxIterator(self._moved.iterate(epoch=epoch, state=state), self._on_device)

    def _on_device(self, value: Element, place: tuple[Any, ...] = ()) -> Any:
        """An element with its arrays on the device. A place is the keys that lead to a value."""
        if isinstance(value, dict):
            return {name: self._on_device(part, (*place, name)) for name, part in value.items()}
        if isinstance(value, tuple):
            return tuple(self._on_device(part, (*place, number)) for number, part in enumerate(value))
        kept = np.array(value) if self._copies else np.asarray(value)
        feature = self._bits.get(place)
        if feature is not None:
            return _unpacker(feature.shape, self.dtype or feature.dtype)(_put(kept, self.device))
        array = _put(_allowed(kept, place), self.device)
        if self.dtype is None or kept.dtype not in (np.uint8, np.bool_):
            return array
        return array.astype(self.dtype)


class JaxIterator(Iterator[Element]):
    """One pass, as arrays on a device."""

    def __init__(self, elements: DatasetIterator, on_device: Callable[[Element], Any]) -> None:
        self._elements, self._on_device = elements, on_device

    def __next__(self) -> Any:
        return self._on_device(next(self._elements))

    def state(self) -> dict[str, Any]:
        """Where this pass is, as a JSON value; see `DatasetIterator.state`."""
        return self._elements.state()


class PackedSource(Source):
    """Rows whose one-bit features are left packed. The same rows: it describes itself as what it was made of."""

    packed: set[str]

    @classmethod
    def of(cls, source: Source) -> PackedSource:
        """The same rows."""
        made = cls.__new__(cls)
        made.__dict__.update(source.__dict__)
        made.packed = _packed_features(source)
        return made

    def values(self, rows: Array | slice) -> Element:
        """The elements of some table rows, stacked: ``(k, 98)`` uint8 for 28x28 images."""
        columns = {
            name: self.stored(name, rows) if name in self.packed else self.table.values(rows, (name,))[name]
            for name in self.names
        }
        return stages.mapped(columns.__getitem__, self.supervised) if self.supervised else columns


def to_jax(dataset: Dataset, device: Any = None, dtype: Any = None, *, packed: bool | None = None) -> JaxDataset:
    """The data set for JAX; see `JaxDataset` and `Dataset.to_jax`.

    Raises:
        MissingDependencyError: JAX is not installed.
        TypeError: ``packed=True`` where bits cannot be moved; `device` is none of JAX's; `dtype` is none that pixels
            can have.
        ValueError: JAX has no such dtype as it is configured.
    """
    _check_device(device)
    dtype = None if dtype is None else _checked_dtype(dtype)
    obstacle = _obstacle_to_packing(dataset, device)
    if packed and obstacle:
        raise TypeError(f"to_jax(packed=True) moves stored bits, but {obstacle}")
    return JaxDataset(dataset, device, dtype, not obstacle and (_is_far(device) if packed is None else packed))


def _obstacle_to_packing(dataset: Dataset, device: Any) -> str:
    """Why images cannot be moved as bits, and what to do about it; empty where they can."""
    source = dataset.plan.source
    seeing = [step for step in dataset.plan.steps if not isinstance(step, _BLIND)]
    if seeing:
        return (
            f"{seeing[0]!r} needs the pixels before. Leave packed out, or do that to the arrays on the device; only "
            "take, skip, shard, shuffle, repeat, batch, cache and prefetch can come before."
        )
    if source.tfds_id or not _packed_features(source):
        return (
            f"there are none to move: of {', '.join(source.names)} no column is stored as bits in all of these splits "
            "and served as it is, without decoders and add_tfds_id. Leave packed out."
        )
    if not _shares_bits(device):
        return (
            f"{device} shares other axes of the images than the first, and the pixels of an image are one axis of "
            "bytes. Leave packed out, or share the first alone: PartitionSpec('data')."
        )
    return ""


def pack(pixels: Any) -> Any:
    """Zeros and ones as bits, on the device and inside ``jax.jit``.

    Args:
        pixels: ``(n, ...)`` of bool or integers.

    Returns:
        ``(n, ceil(items / 8))`` uint8, most significant bit first, each row starting a new byte; as `Dataset.bits`.
    """
    return _jax().numpy.packbits(pixels.reshape(len(pixels), math.prod(pixels.shape[1:])).astype(bool), axis=1)


def unpack(bits: Any, shape: tuple[int, ...], dtype: Any = np.uint8) -> Any:
    """Bits as zeros and ones, on the device and inside ``jax.jit``. Undoes `pack`.

    Args:
        bits: ``(..., ceil(items / 8))`` uint8, as `Dataset.bits` gives them.
        shape: the shape of one example, ``(28, 28, 1)``.
        dtype: of the result.

    Returns:
        ``(..., *shape)``.
    """
    pixels = _jax().numpy.unpackbits(bits, axis=-1, count=math.prod(shape))
    return pixels.reshape(*bits.shape[:-1], *shape).astype(dtype)


@functools.cache
def _jax() -> Any:
    return import_optional("jax", purpose=CALL, install="jax")


@functools.cache
def _unpacker(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    return _jax().jit(functools.partial(unpack, shape=shape, dtype=dtype))


def _check_device(device: Any) -> None:
    jax = _jax()
    if device is not None and not isinstance(device, (jax.Device, jax.sharding.Sharding)):
        raise TypeError(
            f"to_jax(device={device!r}): give a jax.Device, such as jax.devices('cpu')[0], or a jax.sharding.Sharding."
        )


def _checked_dtype(dtype: Any) -> np.dtype[Any]:
    """A dtype that pixels can have in JAX now."""
    jax = _jax()
    try:
        wanted: np.dtype[Any] = np.dtype(dtype)
        known = jax.numpy.issubdtype(wanted, jax.numpy.number) or wanted == np.bool_
    except TypeError:
        known = False
    if not known:
        raise TypeError(f"to_jax(dtype={dtype!r}): pixels can be bool, integers or floats, such as 'float32'.")
    allowed = jax.dtypes.canonicalize_dtype(wanted)
    if allowed != wanted:
        raise ValueError(
            f"to_jax(dtype={dtype!r}): JAX has no {wanted} as it is configured. Take '{allowed}', or type: "
            "jax.config.update('jax_enable_x64', True)"
        )
    return wanted


def _is_far(device: Any) -> bool:
    """Whether a device has a memory of its own."""
    if device is None:
        device = next(iter(_jax().numpy.zeros(()).devices()))
    devices = device.device_set if isinstance(device, _jax().sharding.Sharding) else {device}
    return any(each.platform != "cpu" for each in devices)


def _shares_bits(device: Any) -> bool:
    """Whether bits can lie as images are to lie: on one device, or shared along their first axis."""
    sharding = _jax().sharding
    if isinstance(device, sharding.NamedSharding):
        return not any(tuple(device.spec)[1:])
    return not isinstance(device, sharding.Sharding) or isinstance(device, sharding.SingleDeviceSharding)


def _with_axes_of(array: Array, sharding: Any) -> Any:
    """The sharding without axes that nobody shares and the array lacks: labels and bits have fewer than images."""
    jax = _jax().sharding
    if not isinstance(sharding, jax.NamedSharding) or any(tuple(sharding.spec)[array.ndim :]):
        return sharding
    spec = jax.PartitionSpec(*tuple(sharding.spec)[: array.ndim])
    return jax.NamedSharding(sharding.mesh, spec, memory_kind=sharding.memory_kind)


def _put(array: Array, device: Any) -> Any:
    jax = _jax()
    if isinstance(device, jax.sharding.Sharding):  # each process has its own part of the batch
        try:
            return jax.make_array_from_process_local_data(_with_axes_of(array, device), array)
        except ValueError as error:
            raise ValueError(
                f"{CALL}: an array of shape {array.shape} cannot be spread as {device} says ({error}). Where its first "
                "axis is no multiple of the devices that share it, batch(size, drop_remainder=True) makes it one."
            ) from error
    if device is None:
        return jax.numpy.asarray(array)  # the same as device_put, and quicker
    return jax.device_put(array, device)


def _allowed(array: Array, place: tuple[Any, ...]) -> Array:
    """An array in a dtype that JAX has now, with the same values.

    Raises:
        TypeError: JAX has no arrays of its dtype.
        ValueError: JAX has no 64-bit numbers now, and a value needs them.
    """
    where = "".join(f"[{key!r}]" for key in place)
    if array.dtype.kind in "OSUMm":
        raise TypeError(
            f"{CALL}: element{where} is of dtype {array.dtype}, of which JAX has no arrays. It has bool, integers, "
            "floats and complex numbers: convert the values in ds.map(), or leave them out there."
        )
    array = native(array)
    allowed = _jax().dtypes.canonicalize_dtype(array.dtype)
    if allowed == array.dtype:
        return array
    with np.errstate(over="ignore"):  # what became infinite is told below
        converted = array.astype(allowed)
    whole = array.dtype.kind in "iu"
    fits = np.array_equal(converted, array) if whole else np.array_equal(np.isinf(converted), np.isinf(array))
    if not fits:
        raise ValueError(
            f"{CALL}: element{where} has values that {allowed} cannot hold, and JAX has no {array.dtype} as it is "
            "configured. Type: jax.config.update('jax_enable_x64', True)"
        )
    return converted


def _packed_features(source: Source) -> set[str]:
    """The features of a source that are stored as bits wherever its rows are, and that no decoder makes others of."""
    splits = {split for split, start, stop in source.intervals if start < stop}
    found = [set(source.table.packed_features(split)) for split in splits]
    served = {name for name in source.names if not isinstance(source.table.features[name], EncodedFeature)}
    return set.intersection(*found) & served if found else set()


def _packed_places(source: Source) -> dict[tuple[Any, ...], Feature]:
    """Where an element has packed features."""
    packed = _packed_features(source)
    return {place: source.table.features[name] for place, name in source.places.items() if name in packed}


def _left_packed(dataset: Dataset) -> Dataset:
    """The same plan, so that states are the same, over rows that are left packed."""
    # A cache keeps elements: it must not keep these for others, nor others for these.
    steps = (stages.Cache() if isinstance(step, stages.Cache) else step for step in dataset.plan.steps)
    return Dataset(Plan(PackedSource.of(dataset.plan.source), tuple(steps)))
