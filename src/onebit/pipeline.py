"""`Dataset`: rows of a prepared data set and a plan of what is done with them.

A `Dataset` is a lazy sequence that never changes. Every method returns another one; nothing is read, shuffled or
computed before elements are asked for. It has no position: iterators have, and theirs is a small JSON value.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from onebit import stages
from onebit.splits import Interval, row_index
from onebit.stages import ENDLESS, Element, Indexed, Stage
from onebit.tables import LINE, Table

if TYPE_CHECKING:
    from onebit.evaluation.report import Report
    from onebit.explorer.notebook import Exploration
    from onebit.interop.grain_sources import GrainDataset
    from onebit.interop.jax_arrays import JaxDataset
    from onebit.interop.pytorch import TorchDataset

Array = NDArray[Any]

INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2


class Source:
    """Rows of a table in reading order: where every plan begins.

    Args:
        table: the opened splits.
        intervals: the terms of the split, as `onebit.splits.resolve` gives them.
        label: the split as the user wrote it, for reprs.
        order: ``"tfds"`` or ``"source"`` (upstream lines; terms one after the other).
        cycle_length: how many terms are read in turn, in TFDS's order.
        block_length: how many rows each of them gives in its turn.
        features: names of the columns that elements have; None is all.
        supervised: the columns that make ``(input, target)`` elements: a tuple of names, or of tuples and dicts of
            them. None for dicts by name.
        tfds_id: whether elements have TFDS's ``tfds_id``.
        window: which of the rows, by position.
    """

    def __init__(
        self,
        table: Table,
        intervals: tuple[Interval, ...],
        *,
        label: str = "",
        order: str = "tfds",
        cycle_length: int = 16,
        block_length: int = 16,
        features: tuple[str, ...] | None = None,
        supervised: Any = None,
        tfds_id: bool = False,
        window: range | None = None,
    ) -> None:
        self.table, self.intervals, self.label, self.order = table, intervals, label, order
        self.cycle_length, self.block_length = cycle_length, block_length
        self.features = features if features is not None else tuple(table.features)
        self.supervised, self.tfds_id = supervised, tfds_id
        total = sum(interval.stop - interval.start for interval in intervals)
        self.window = window if window is not None else range(total)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "index"}  # it is derived: stay small

    @cached_property
    def index(self) -> range | Array:
        """The table row of every position, before the window."""
        offsets = self.table.offsets
        in_turn = {"cycle_length": self.cycle_length, "block_length": self.block_length}
        if self.order == "tfds":
            return row_index(self.intervals, offsets, interleave=True, **in_turn)
        by_line = []
        for split, start, stop in self.intervals:
            lines = self.table.store.column(split, LINE)
            by_line.append(np.argsort(lines, kind="stable")[start:stop] + offsets[split])
        return np.concatenate(by_line).astype(np.int32) if by_line else np.empty(0, np.int32)

    @cached_property
    def places(self) -> dict[tuple[Any, ...], str]:
        """The column of each array in an element, by the keys that lead to it."""
        if not self.supervised:
            return {(name,): name for name in self.features}
        return dict(stages.leaves(self.supervised))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns that elements have."""
        return tuple(dict.fromkeys(self.places.values()))

    def sliced(self, part: slice) -> Source:
        """The same rows, fewer of them."""
        narrowed = Source.__new__(Source)
        narrowed.__dict__.update(self.__dict__)
        narrowed.window = self.window[part]
        return narrowed

    def window_text(self) -> str:
        """The window as a slice, ``[10:20]``; empty where it is everything."""
        start, stop, step = self.window.start, self.window.stop, self.window.step
        if self.window == range(sum(interval.stop - interval.start for interval in self.intervals)):
            return ""
        return f"[{start}:{stop}]" if step == 1 else f"[{start}:{stop}:{step}]"

    def rows(self, positions: Array | None = None) -> Array:
        """Table rows of some positions, or of all."""
        if positions is None:
            positions = np.arange(len(self.window))
        if self.window.step != 1:
            positions = positions * self.window.step
        shift = self.window.start + (self.index.start if isinstance(self.index, range) else 0)
        within = positions + shift if shift else positions  # every fetch of an epoch comes here
        return within if isinstance(self.index, range) else self.index.take(within)

    def run(self) -> slice | None:
        """The rows as a slice of the table, where they are consecutive."""
        if isinstance(self.index, range) and self.window.step == 1:
            start = self.index.start + self.window.start
            return slice(start, start + len(self.window))
        return None

    def stored(self, name: str, rows: Array | slice) -> Array:
        """Rows of one column as they are stored."""
        return self.table.stored(name, self._of_own_splits(rows))

    def _of_own_splits(self, rows: Array | slice) -> Array | slice:
        """The rows; none at all are none of an opened split, as others may not even be on the disk."""
        some = rows.stop > rows.start if isinstance(rows, slice) else rows.size > 0
        if some or not self.intervals:
            return rows
        first = self.table.offsets[self.intervals[0].split]
        return slice(first, first)

    def values(self, rows: Array | slice) -> Element:
        """The elements of some table rows, stacked."""
        rows = self._of_own_splits(rows)
        columns = self.table.values(rows, self.names)
        if self.tfds_id:
            numbers = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
            columns["tfds_id"] = self.tfds_ids(numbers)
        return stages.mapped(columns.__getitem__, self.supervised) if self.supervised else columns

    def tfds_ids(self, rows: Array) -> Array:
        """TFDS's name of each row: the file that TFDS would have put it in, and its number there."""
        ids = np.empty(len(rows), object)
        for (split, _), first in zip(self.table.splits, self.table.offsets.values(), strict=True):
            file = f"{self.table.name}-{split}.tfrecord-00000-of-00001__"
            here = np.flatnonzero((rows >= first) & (rows < first + dict(self.table.splits)[split]))
            for place in here.tolist():
                ids[place] = (file + str(rows[place] - first)).encode()
        return ids

    def indexed(self) -> Indexed:
        """The rows as the first step of a plan."""

        def rows(positions: Array, epoch: int) -> Array:
            return self.rows(positions)

        def columns(positions: Array, epoch: int) -> Element:
            return self.values(self.rows(positions))

        def elements(positions: Array, epoch: int) -> Iterator[Element]:
            return stages.unstacked(columns(positions, epoch))

        return Indexed(len(self.window), 1, elements, columns, rows)

    def describe(self) -> Any:
        """A JSON value that differs whenever other rows, or the same in another order, would come."""
        return [
            self.table.identity(),
            [list(interval) for interval in self.intervals],
            [self.order, self.cycle_length, self.block_length],
            [list(self.features), list(self.supervised or ()), self.tfds_id],
            [self.window.start, self.window.stop, self.window.step],
        ]


class Plan:
    """A source and the stages behind it, evaluated on demand."""

    def __init__(self, source: Source, steps: tuple[Stage, ...] = ()) -> None:
        self.source, self.steps = source, steps

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self.source, "steps": self.steps}

    @cached_property
    def _parts(self) -> tuple[Indexed, tuple[Stage, ...]]:
        """As much of the plan as has random access, and the steps from the first stream on."""
        sequence = self.source.indexed()
        for number, step in enumerate(self.steps):
            longer = step.indexed(sequence)
            if longer is None:
                return sequence, self.steps[number:]
            sequence = longer
        return sequence, ()

    @property
    def indexed(self) -> Indexed | None:
        """The plan as a sequence with random access; None where it is only a stream."""
        sequence, streams = self._parts
        return None if streams else sequence

    @property
    def endless(self) -> bool:
        """Whether the elements never end (a filter that lets none of them pass aside)."""
        sequence, streams = self._parts
        endless = sequence.length == ENDLESS
        for step in streams:
            endless = step.endless(endless)
        return endless

    def stream(self, epoch: int, start: int = 0) -> Iterator[Element]:
        """The elements of an epoch from number `start` on."""
        sequence, streams = self._parts
        if not streams:
            return sequence.stream(epoch, start)
        stream: stages.Stream = sequence.stream
        for step in streams:
            stream = step.stream(stream)
        return itertools.islice(stream(epoch), start, None)

    @property
    def prefetch(self) -> int:
        """How many elements a thread computes ahead: 0 without a user's function, decoding rows needs no thread."""
        if not any(isinstance(step, (stages.Map, stages.Filter)) for step in self.steps):
            return 0
        return max((step.size for step in self.steps if isinstance(step, stages.Prefetch)), default=0)

    def describe(self) -> Any:
        """A JSON value that two plans share only if they give the same elements in the same order."""
        return [self.source.describe(), [step.describe() for step in self.steps]]

    @cached_property
    def fingerprint(self) -> str:
        """A digest of `describe`: 32 hexadecimal digits."""
        import hashlib
        import json

        return hashlib.sha256(json.dumps(self.describe(), sort_keys=True).encode()).hexdigest()[:32]


class DatasetIterator(Iterator[Element]):
    """One pass over a `Dataset`. It has the position that the data set does not have."""

    def __init__(self, plan: Plan, epoch: int, position: int) -> None:
        self._plan, self.epoch, self._position = plan, epoch, position
        elements = plan.stream(epoch, position)
        self._elements = stages.ahead(elements, plan.prefetch) if plan.prefetch else elements

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Element:
        element = next(self._elements)
        self._position += 1
        return element

    def state(self) -> dict[str, Any]:
        """Where this pass is, as a JSON value; ``ds.iterate(state=...)`` goes on from there, in any process."""
        return {"plan": self._plan.fingerprint, "epoch": self.epoch, "position": self._position}


class Dataset(Sequence[Element]):
    """A lazy sequence of examples or batches, with tf.data's verbs.

    `onebit.load` makes one. ``len(ds)``, ``ds[i]`` (an example; a batch after `batch`), ``ds[a:b]`` and ``ds[[i, j]]``
    (a `Dataset`) work on every plan of known length. Each ``iter(ds)`` is the next epoch: a shuffled data set then
    comes in another order; `iterate` chooses the epoch, or goes on from a saved state. Pickles by reference to the
    files, not with the images.

        >>> import onebit
        >>> ds = onebit.load("binarized_mnist", split="train")                            # doctest: +SKIP
        >>> for batch in ds.shuffle(seed=0).batch(128):                                   # doctest: +SKIP
        ...     batch["image"]                                                            # (128, 28, 28, 1) uint8
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._epochs = itertools.count()  # next() of a count is atomic: threads get different epochs

    def __reduce__(self) -> tuple[Any, ...]:
        return Dataset, (self.plan,)

    def _then(self, step: Stage) -> Dataset:
        return Dataset(Plan(self.plan.source, (*self.plan.steps, step)))

    def _slice(self, start: int, stop: int | None, step: int = 1) -> Dataset:
        if not self.plan.steps:  # still plain rows: narrow the window, so that consecutive rows stay consecutive
            return Dataset(Plan(self.plan.source.sliced(slice(start, stop, step))))
        return self._then(stages.Slice(start, step, stop))

    # Iteration -------------------------------------------------------------------------------------------------

    def __iter__(self) -> DatasetIterator:
        return self.iterate()

    def iterate(self, *, epoch: int | None = None, state: Mapping[str, Any] | None = None) -> DatasetIterator:
        """An iterator over one epoch.

        Args:
            epoch: which one; by default the next that this object has not given out yet.
            state: what `DatasetIterator.state` said: exactly the elements that were left then are left now.

        Raises:
            ValueError: the state is of another plan, or is not a state.
        """
        if state is None:
            return DatasetIterator(self.plan, next(self._epochs) if epoch is None else operator.index(epoch), 0)
        try:
            plan, saved_epoch = state["plan"], operator.index(state["epoch"])
            position = _at_least(0, state["position"], "the position")
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{state!r} is not the state of an iterator: pass on what it.state() gave, a dict with "
                "'plan', 'epoch' and 'position'."
            ) from error
        if plan != self.plan.fingerprint:
            raise ValueError(
                f"The state belongs to another plan (its fingerprint is {plan}, this data set's is "
                f"{self.plan.fingerprint}). Build the data set as it was when the state was taken: same split, same "
                "stages in the same order, same seeds (shuffle(seed=...) without a seed draws a new one each time)."
            )
        return DatasetIterator(self.plan, saved_epoch, position)

    def as_numpy_iterator(self) -> DatasetIterator:
        """The same as ``iter(ds)``: elements are NumPy arrays already."""
        return self.iterate()

    # A sequence ------------------------------------------------------------------------------------------------

    def cardinality(self) -> int:
        """Number of elements; `INFINITE_CARDINALITY` (-1) or `UNKNOWN_CARDINALITY` (-2), as in tf.data."""
        if self.plan.endless:
            return INFINITE_CARDINALITY
        return UNKNOWN_CARDINALITY if self.plan.indexed is None else int(self.plan.indexed.length)

    def _sequence(self, wanted: str) -> Indexed:
        if self.plan.endless:
            raise TypeError(
                f"{wanted} is not defined after an endless repeat(). Write take(n) first, or repeat(count)."
            )
        sequence = self.plan.indexed
        if sequence is None:
            raise TypeError(
                f"{wanted} is not known before everything was computed, because of filter() or unbatch(). Iterate, or "
                "keep the elements: list(ds)."
            )
        return sequence

    def __len__(self) -> int:
        return int(self._sequence("The length").length)

    def __bool__(self) -> bool:
        return self.cardinality() != 0  # without this, `if ds:` would ask for a length that a filter leaves unknown

    @overload
    def __getitem__(self, item: int) -> Element: ...
    @overload
    def __getitem__(self, item: slice | Sequence[int] | Array) -> Dataset: ...
    def __getitem__(self, item: Any) -> Any:
        sequence = self._sequence("An element by its number")
        length = int(sequence.length)
        if isinstance(item, slice):
            start, stop, step = item.indices(length)
            if step > 0:
                return self._slice(start, max(stop, start), step)
            return self._then(stages.Pick(np.arange(start, stop, step)))
        if isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            return sequence.element(chosen_position(item, length), 0)
        return self._then(stages.Pick(chosen_positions(item, length)))

    def __getitems__(self, numbers: Sequence[int]) -> list[Element]:
        """Several elements in one look-up, as a list (what PyTorch's ``DataLoader`` asks for)."""
        sequence = self._sequence("An element by its number")
        return list(sequence.elements(chosen_positions(numbers, int(sequence.length)), 0))

    # tf.data's verbs -------------------------------------------------------------------------------------------

    def take(self, count: int) -> Dataset:
        """The first `count` elements; all of them for -1."""
        return self if count == -1 else self._slice(0, _at_least(0, count, "take(count)"))

    def skip(self, count: int) -> Dataset:
        """All but the first `count` elements; none for -1."""
        return self.take(0) if count == -1 else self._slice(_at_least(0, count, "skip(count)"), None)

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Every `num_shards`-th element, from number `index` on."""
        num_shards = _at_least(1, num_shards, "shard(num_shards, index): num_shards")
        index = operator.index(index)
        if not 0 <= index < num_shards:
            raise ValueError(f"shard({num_shards}, {index}): the index must be in 0..{num_shards - 1}.")
        return self._slice(index, None, num_shards)

    def concatenate(self, dataset: Dataset) -> Dataset:
        """The elements of this data set and then those of another."""
        if not isinstance(dataset, Dataset):
            raise TypeError(f"concatenate() takes a onebit.Dataset, not {type(dataset).__name__}.")
        return self._then(stages.Concatenate(dataset))

    def shuffle(
        self, buffer_size: int | None = None, seed: int | None = None, reshuffle_each_iteration: bool = True
    ) -> Dataset:
        """A full uniform permutation.

        Args:
            buffer_size: accepted for tf.data's sake; every size gives a permutation of everything.
            seed: any integer: same seed, same order, on every platform. None draws one now; it shows in the repr.
            reshuffle_each_iteration: whether each epoch has an order of its own.

        Raises:
            ValueError: there is no last element to shuffle, after an endless `repeat`.
        """
        if self.plan.endless:
            raise ValueError(
                "shuffle() after an endless repeat() has no last element to shuffle. Shuffle first: "
                "ds.shuffle(...).repeat() gives every repetition an order of its own."
            )
        if buffer_size is not None:
            _at_least(1, buffer_size, "shuffle(buffer_size)")
        if seed is None:
            import secrets

            seed = secrets.randbits(63)
        return self._then(stages.Shuffle(bool(reshuffle_each_iteration), operator.index(seed)))

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
    ) -> Dataset:
        """Batches of `batch_size` consecutive elements, stacked along a new first axis.

        Args:
            batch_size: elements per batch.
            drop_remainder: leave out the last batch if it is short.
            num_parallel_calls: accepted for tf.data's sake; batches are made in order, without threads.
            deterministic: likewise.
        """
        return self._then(stages.Batch(bool(drop_remainder), _at_least(1, batch_size, "batch(batch_size)")))

    def unbatch(self) -> Dataset:
        """The members of each batch, one by one. Undoes a `batch` just before it without any work."""
        last = self.plan.steps[-1] if self.plan.steps else None
        if not isinstance(last, stages.Batch):
            return self._then(stages.Unbatch())
        whole = Dataset(Plan(self.plan.source, self.plan.steps[:-1]))
        if not last.drop_remainder or whole.cardinality() == INFINITE_CARDINALITY:
            return whole
        if whole.cardinality() == UNKNOWN_CARDINALITY:
            return self._then(stages.Unbatch())
        return whole.take(len(self) * last.size)

    def map(
        self,
        map_func: Callable[..., Element],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
    ) -> Dataset:
        """A function of every element, called when the element is asked for.

        Elements that are tuples arrive as so many arguments. After `batch` the function sees whole batches, which is
        the fast way.

        Args:
            map_func: takes NumPy arrays, gives arrays, or dicts and tuples of them.
            num_parallel_calls: accepted for tf.data's sake; calls are made one after the other.
            deterministic: likewise.
        """
        return self._then(stages.Map(_callable(map_func, "map")))

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which a function gives a true value. Its length is then unknown."""
        return self._then(stages.Filter(_callable(predicate, "filter")))

    def repeat(self, count: int | None = None) -> Dataset:
        """The elements `count` times; endlessly for None or -1. Each repetition is an epoch of its own."""
        endless = count is None or count == -1
        return self._then(stages.Repeat(None if endless else _at_least(0, count, "repeat(count)")))  # type: ignore[arg-type]

    def enumerate(self, start: int = 0) -> Dataset:
        """Pairs ``(number, element)``; numbers are int64 and begin at `start`."""
        return self._then(stages.Enumerate(operator.index(start)))

    def prefetch(self, buffer_size: int) -> Dataset:
        """Computes up to `buffer_size` elements ahead in a thread, where the plan has a function of the user.

        Rows are decoded faster than a thread could hand them over; without such a function nothing changes.

        Args:
            buffer_size: how many; -1 (tf.data's AUTOTUNE) is 2.
        """
        size = 2 if buffer_size == -1 else _at_least(0, buffer_size, "prefetch(buffer_size)")
        return self._then(stages.Prefetch(size))

    def cache(self, filename: str = "") -> Dataset:
        """Keeps the results of the functions before it, so that they run once per element in this process.

        As in tf.data, an order that was drawn before is frozen with it: shuffle after `cache`.

        Args:
            filename: tf.data's argument; only ``""``, for memory, is possible.

        Raises:
            ValueError: a file was named.
        """
        if filename:
            raise ValueError(f"cache({filename!r}): elements are kept in memory only. Type ds.cache().")
        return self._then(stages.Cache())

    # Fast exits ------------------------------------------------------------------------------------------------

    def arrays(self, dtype: DTypeLike | None = None, flatten: bool = False) -> Element:
        """Everything as NumPy: for examples ``{'image': (n, 28, 28, 1) uint8}``, in the order of epoch 0.

        Args:
            dtype: convert array-valued columns to this dtype (columns of one number per example keep theirs).
            flatten: give array-valued columns the shape ``(n, items)``, as in ``(n, 784)``.

        Raises:
            TypeError: the plan never ends.
            ValueError: elements have different shapes, as a last short batch has.
        """
        source = self.plan.source
        if not self.plan.steps and (run := source.run()) is not None:
            stacked = source.values(run)
        elif self.plan.indexed is None and not self.plan.endless:
            stacked = stages.stacked(self.iterate(epoch=0))
        else:
            sequence = self._sequence("An array of all elements")
            stacked = sequence.columns(np.arange(int(sequence.length)), 0)

        def convert(column: Array) -> Array:
            if column.ndim > 1 and flatten:
                column = column.reshape(len(column), math.prod(column.shape[1:]))
            return column.astype(dtype, copy=False) if column.ndim > 1 and dtype is not None else column

        return stages.mapped(convert, stacked)

    def bits(self, feature: str | None = None) -> NDArray[np.uint8]:
        """Packed rows of a one-bit feature: ``(n, 98)`` uint8 for 28x28 images, most significant bit first.

        A read-only view of the stored bytes where the rows are consecutive, a copy otherwise.

        Args:
            feature: which one; by default the only one that is stored packed.

        Raises:
            TypeError: elements are not plain rows any more (after `batch`, `map`, `filter`, ...).
            ValueError: the feature is not stored as bits, or several are and none was named.
        """
        source, sequence = self.plan.source, self.plan.indexed
        if sequence is None or sequence.rows is None:
            raise TypeError("bits() gives stored rows: call it before batch(), map(), filter() and enumerate().")
        if not self.plan.steps and (run := source.run()) is not None:
            rows: Array | slice = run
        else:
            rows = sequence.rows(np.arange(int(self._sequence("An array of all rows").length)), 0)
        packed = source.table.packed_features(source.intervals[0].split)
        name = feature if feature is not None or len(packed) != 1 else packed[0]
        if name not in packed:
            raise ValueError(f"bits({feature!r}): the features that are stored as bits are {packed}; name one of them.")
        return source.stored(name, rows)

    def source_lines(self) -> NDArray[np.int32]:
        """The line of each row in the upstream file of its split, counted from 0: int32, shape ``(n,)``.

        Raises:
            TypeError: elements are not plain rows any more (after `batch`, `map`, `filter`, ...).
        """
        sequence = self.plan.indexed
        if sequence is None or sequence.rows is None:
            raise TypeError("source_lines() speaks of rows: call it before batch(), map(), filter() and enumerate().")
        rows = sequence.rows(np.arange(int(self._sequence("The line of each row").length)), 0)
        return self.plan.source.stored(LINE, rows)

    # Other frameworks ------------------------------------------------------------------------------------------

    def to_torch(self) -> TorchDataset:
        """A ``torch.utils.data.Dataset``: look-ups for PyTorch's ``DataLoader``, and ready tensors when iterated over.

        See `onebit.interop.pytorch.TorchDataset`.

        Raises:
            MissingDependencyError: PyTorch is not installed.
        """
        from onebit.interop.pytorch import to_torch  # adapters stand on top of this: import when asked for

        return to_torch(self)

    def to_jax(self, device: Any = None, dtype: Any = None, *, packed: bool | None = None) -> JaxDataset:
        """The same elements as JAX arrays on a device; images travel as bits and are unpacked there.

        See `onebit.interop.jax_arrays.JaxDataset`.

        Args:
            device: a ``jax.Device`` or ``jax.sharding.Sharding``; by default JAX's default device.
            dtype: convert pixels, that is arrays of uint8 and bool, to this dtype, on the device.
            packed: whether one-bit features are moved as bits; by default where the device is not the processor that
                unpacks them here anyway, and no function of `map` or `filter` has to see the pixels first.

        Raises:
            MissingDependencyError: JAX is not installed.
            TypeError: ``packed=True`` for a plan whose functions need the pixels.
        """
        from onebit.interop.jax_arrays import to_jax

        return to_jax(self, device, dtype, packed=packed)

    def to_tf(self) -> Any:
        """A ``tf.data.Dataset`` of the same elements, with their ``element_spec`` and cardinality.

        Every pass over it is the next epoch. Functions of `map` and `filter` stay in Python and run before;
        TensorFlow's own come behind: ``ds.shuffle(seed=0).batch(128).to_tf().map(tensorflow_function)``.

        Raises:
            MissingDependencyError: TensorFlow is not installed.
            TypeError: an array is of a dtype that TensorFlow does not have.
            ValueError: the plan has a function, and no element to find out what it gives.
        """
        from onebit.interop.tf_data import to_tf

        return to_tf(self)

    def to_grain(self) -> GrainDataset:
        """A ``grain.MapDataset`` of the same elements; also a data source for ``grain.DataLoader``.

        See `onebit.interop.grain_sources.GrainDataset`.

        Raises:
            MissingDependencyError: Grain is not installed.
            TypeError: the elements have no numbers, as after `filter`.
        """
        from onebit.interop.grain_sources import to_grain

        return to_grain(self)

    def to_hf(self, images: str = "array", *, streaming: bool = False) -> Any:
        """A ``datasets.Dataset`` of Hugging Face with the elements of epoch 0 and their features, in memory.

        Args:
            images: ``"array"`` for ``Array3D`` features, ``"png"`` for ``Image`` features: PNG files, with one bit a
                pixel where all pixels are 0 and 1.
            streaming: a ``datasets.IterableDataset`` instead, which reads as it goes and may be endless.

        Raises:
            MissingDependencyError: datasets is not installed.
            TypeError: elements are not dicts of arrays that its features can describe, or they never end.
            ValueError: `images` is something else, or the plan has a function and no element.
        """
        from onebit.interop.hugging_face import to_hf

        return to_hf(self, images, streaming=streaming)

    # Looks -----------------------------------------------------------------------------------------------------

    def contact_sheet(self, rows: int = 4, columns: int = 10, *, scale: int = 2, **options: Any) -> bytes:
        """The first images in one picture: a PNG file with one bit a pixel, white on black.

        Functions of `map` and `filter` run for as many elements as are needed. Epoch 0 is shown, and epochs go on as
        they would have without.

        Args:
            rows: rows of images; fewer where the data set ends before.
            columns: images in a row.
            scale: each pixel of an image becomes ``scale`` times ``scale`` pixels of the picture.
            **options: gap, ink and paper of `onebit.views.contact_sheets.contact_sheet`.

        Raises:
            ValueError: elements hold no image, or several, or one that is not of zeros and ones.
        """
        from onebit.views.contact_sheets import contact_sheet_of  # views stand on top of this: import when asked for

        return contact_sheet_of(self, rows=rows, columns=columns, scale=scale, **options)

    def explore(self, *, reports: Sequence[Report] = (), inline: bool | None = None, height: int = 720) -> Exploration:
        """The explorer, with these images chosen: in a notebook's cell, or in a browser with ``ds.explore().open()``.

        Order, repetitions and epochs do not show: the explorer has all images of the data set, and these are the ones
        that it opens with.

        Args:
            reports: measurements of models on this data set (`onebit.evaluate`); each gives a column of nats.
            inline: True for a page with everything inside, which needs no server; by default where Python seems to run
                on another machine than the browser (JupyterHub, Colab, SSH).
            height: of the frame in a notebook, in pixels.

        Raises:
            TypeError: elements are not plain rows any more (after `batch`, `map`, `filter`, ...).
            FileNotFoundError: this installation has no front end; the message says how to get it.
        """
        from onebit.explorer.notebook import Exploration  # stands on top of this: import when asked for

        return Exploration(self, reports=reports, inline=inline, height=height)

    def _repr_html_(self) -> str:
        from onebit.views.notebook import dataset_html  # views stand on top of this: import when asked for

        return dataset_html(self)

    def __repr__(self) -> str:
        source, cardinality = self.plan.source, self.cardinality()
        count = {INFINITE_CARDINALITY: "endless", UNKNOWN_CARDINALITY: "unknown"}.get(cardinality, f"{cardinality:,}")
        steps = "".join(f".{step!r}" for step in self.plan.steps)
        name = f"{source.table.name}:{source.table.version}"
        return f"<onebit.Dataset {name} {source.label}{source.window_text()}{steps}, {count} elements>"


def chosen_positions(numbers: ArrayLike, length: int) -> NDArray[np.int64]:
    """Positions from 0 on that numbers (counted from the end where they are negative) or a boolean mask choose.

    Raises:
        IndexError: there is no such element.
        TypeError: something else was given.
    """
    chosen = np.asarray(numbers)
    if chosen.dtype == np.bool_ and chosen.shape == (length,):
        return np.flatnonzero(chosen)
    if chosen.size == 0:
        return np.empty(0, np.int64)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        raise TypeError(
            f"{numbers!r} does not choose elements: write ds[3], ds[2:7], ds[[4, 0, 4]] or ds[mask], where mask "
            f"is a boolean array of length {length}."
        )
    outside = (chosen < -length) | (chosen >= length)
    if outside.any():
        chosen_position(chosen[outside][0], length)  # has the message
    chosen = chosen.astype(np.int64)  # before the sum: the length may be too large for the dtype that was given
    return np.where(chosen < 0, chosen + length, chosen)


def chosen_position(number: Any, length: int) -> int:
    """The position from 0 on of one number; a fraction of the time that `chosen_positions` takes.

    Raises:
        IndexError: there is no such element.
        TypeError: it is a bool, or no whole number.
    """
    wanted = whole_number(number, length)
    if not -length <= wanted < length:
        raise IndexError(f"There is no element {wanted}: the data set has {length}.")
    return wanted % length


def whole_number(number: Any, length: int) -> int:
    """The number of an element as Python's int: the length may be too large for the dtype that was given.

    Raises:
        TypeError: it is a bool, or no whole number.
    """
    if isinstance(number, (bool, np.bool_)):
        raise TypeError(f"{number!r} is no number of an element: write 0 or 1, or a mask of {length} booleans.")
    try:
        return operator.index(number)
    except TypeError as error:
        raise TypeError(
            f"{number!r} is no number of an element: write a whole one below {length}. A column of one element is "
            "ds[0]['image'], that of all elements ds.arrays()['image']."
        ) from error


def _at_least(least: int, given: int, what: str) -> int:
    number = operator.index(given)
    if number < least:
        raise ValueError(f"{what} was given {given}; the least is {least}.")
    return number


def _callable(function: Callable[..., Any], verb: str) -> Callable[..., Any]:
    if not callable(function):
        raise TypeError(f"{verb}() takes a function, not {type(function).__name__}.")
    return function
