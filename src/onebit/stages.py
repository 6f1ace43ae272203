"""The stages of a `Dataset`'s plan, and how a plan is evaluated.

A plan that only selects, orders, batches and maps is *indexed*: its n-th element can be computed without the ones
before it. `filter`, and `unbatch` of batches that a function has seen, end that: from there on a plan is a *stream*.
Every stage says how it acts on both.

Positions are int64 arrays of element numbers. ``epoch`` is the number of the pass over the data: it reaches every
`Shuffle`, and `Repeat` gives each repetition an epoch of its own.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.permutations import permute

Array = NDArray[Any]
Positions = NDArray[np.int64]
Element = Any  # what a user sees: an array, or dicts and tuples of arrays
Stream = Callable[[int], Iterator[Element]]  # an epoch -> its elements

ENDLESS = math.inf
# Rows that are decoded at once when a plan is walked through: enough to make NumPy's cost per call vanish, and little
# enough (400 kB of 28x28 images) to stay in the cache and not to pin much memory when one element is kept.
ROWS_PER_CHUNK = 512


class Indexed(NamedTuple):
    """A sequence of elements, any of which can be computed on its own."""

    length: int | float  # ENDLESS after an endless repeat
    rows_per_element: int
    elements: Callable[[Positions, int], Iterator[Element]]  # lazily, one by one
    columns: Callable[[Positions, int], Element]  # all of them, stacked along a new first axis
    rows: Callable[[Positions, int], Array] | None = None  # table rows, where elements are plain rows

    def element(self, position: int, epoch: int) -> Element:
        """One element."""
        positions = np.array([position])
        if self.rows is None:
            return next(self.elements(positions, epoch))
        return mapped(_first, self.columns(positions, epoch))

    def stream(self, epoch: int, start: int = 0) -> Iterator[Element]:
        """The elements of an epoch from number `start` on."""
        chunk = max(1, ROWS_PER_CHUNK // max(1, self.rows_per_element))
        while start < self.length:
            stop = int(min(start + chunk, self.length))
            yield from self.elements(np.arange(start, stop), epoch)
            start = stop


class Stage:
    """One step of a plan. The default is a step that maps positions of its own to positions of its parent."""

    __slots__: tuple[str, ...] = ()

    def length(self, parent: int | float) -> int | float:
        """Number of elements, from that of the parent."""
        return parent

    def endless(self, parent: bool) -> bool:
        """Whether the elements never end, from whether those of the parent, a stream, do."""
        return parent

    def positions(self, positions: Positions, epoch: int, parent: int | float) -> Positions:
        """The parent's positions behind these."""
        return positions

    def indexed(self, parent: Indexed) -> Indexed | None:
        """This stage on an indexed plan; None where the result is only a stream."""

        def through(fetch: Callable[[Positions, int], Any]) -> Callable[[Positions, int], Any]:
            return lambda positions, epoch: fetch(self.positions(positions, epoch, parent.length), epoch)

        return Indexed(
            self.length(parent.length),
            parent.rows_per_element,
            through(parent.elements),
            through(parent.columns),
            through(parent.rows) if parent.rows else None,
        )

    def stream(self, parent: Stream) -> Stream:
        """This stage on a stream."""
        raise NotImplementedError

    def describe(self) -> Any:
        """A JSON value that differs whenever the stage does something else."""
        return [type(self).__name__, *(getattr(self, name) for name in self.__slots__)]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in self.__slots__)

    def __repr__(self) -> str:
        return f"{type(self).__name__.lower()}({self.shown()})"

    def shown(self) -> str:
        """What the repr says in its parentheses."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)


class Slice(Stage):
    """Every `step`-th element from `start` to `stop`: take, skip, shard and ``ds[a:b]``."""

    __slots__ = ("start", "step", "stop")

    def __init__(self, start: int, step: int, stop: int | None) -> None:
        self.start, self.step, self.stop = start, step, stop

    def within(self, length: int | float) -> range:
        """The positions that are chosen out of so many (not for endless ones without a stop)."""
        end = self.stop if self.stop is not None else length
        return range(self.start, int(min(end, length)), self.step)

    def length(self, parent: int | float) -> int | float:
        if parent == ENDLESS and self.stop is None:
            return ENDLESS
        return len(self.within(parent))

    def positions(self, positions: Positions, epoch: int, parent: int | float) -> Positions:
        return self.start + positions * self.step

    def endless(self, parent: bool) -> bool:
        return parent and self.stop is None

    def stream(self, parent: Stream) -> Stream:
        return lambda epoch: itertools.islice(parent(epoch), self.start, self.stop, self.step)

    def shown(self) -> str:
        return f"{self.start}, {self.stop}, {self.step}"


class Pick(Stage):
    """Chosen positions in a chosen order: ``ds[[4, 2]]`` and slices with a negative step."""

    __slots__ = ("chosen",)

    def __init__(self, chosen: Positions) -> None:
        self.chosen = chosen

    def length(self, parent: int | float) -> int | float:
        return len(self.chosen)

    def positions(self, positions: Positions, epoch: int, parent: int | float) -> Positions:
        return self.chosen.take(positions)

    def describe(self) -> Any:
        import hashlib

        return ["Pick", len(self.chosen), hashlib.sha256(self.chosen.astype("<i8").tobytes()).hexdigest()]

    def shown(self) -> str:
        return f"{len(self.chosen)} positions"


class Shuffle(Stage):
    """A uniform permutation of the whole parent, another one in each epoch unless told otherwise."""

    __slots__ = ("reshuffle", "seed")

    def __init__(self, reshuffle: bool, seed: int) -> None:
        self.reshuffle, self.seed = reshuffle, seed

    def positions(self, positions: Positions, epoch: int, parent: int | float) -> Positions:
        return permute(positions, int(parent), self.seed, epoch if self.reshuffle else 0)

    def stream(self, parent: Stream) -> Stream:
        def run(epoch: int) -> Iterator[Element]:
            kept = [detached(element) for element in parent(epoch)]
            for position in self.positions(np.arange(len(kept)), epoch, len(kept)):
                yield kept[position]

        return run


class Repeat(Stage):
    """The parent again and again, `count` times or endlessly; every repetition is an epoch of its own."""

    __slots__ = ("count",)

    def __init__(self, count: int | None) -> None:
        self.count = count

    def length(self, parent: int | float) -> int | float:
        if self.count is None:
            return ENDLESS if parent else 0
        return parent * self.count if self.count else 0

    def endless(self, parent: bool) -> bool:
        return self.count is None or (parent and self.count > 0)

    def inner_epoch(self, epoch: int, repetition: int) -> int:
        """Repetitions of a finite repeat number on through its epochs; an endless one leaves room for 2^32 each."""
        return (epoch << 32) + repetition if self.count is None else epoch * self.count + repetition

    def indexed(self, parent: Indexed) -> Indexed | None:
        if self.count == 0:
            return Slice(0, 1, 0).indexed(parent)
        if parent.length == ENDLESS:
            return parent

        def pieces(positions: Positions, epoch: int) -> Iterator[tuple[Positions, int]]:
            repetition, inner = np.divmod(positions, int(parent.length))
            cuts = np.flatnonzero(np.diff(repetition)) + 1
            for piece, first in zip(np.split(inner, cuts), [0, *cuts], strict=True):
                if piece.size:
                    yield piece, self.inner_epoch(epoch, int(repetition[first]))

        def elements(positions: Positions, epoch: int) -> Iterator[Element]:
            for piece, inner in pieces(positions, epoch):
                yield from parent.elements(piece, inner)

        def columns(positions: Positions, epoch: int) -> Element:
            found = [parent.columns(piece, inner) for piece, inner in pieces(positions, epoch)]
            return joined(found) if found else parent.columns(positions, epoch)

        def rows(positions: Positions, epoch: int) -> Array:
            found = [parent.rows(piece, inner) for piece, inner in pieces(positions, epoch)]  # type: ignore[misc]
            return np.concatenate(found) if found else np.empty(0, np.int64)

        return Indexed(
            self.length(parent.length),
            parent.rows_per_element,
            elements,
            columns,
            rows if parent.rows else None,
        )

    def stream(self, parent: Stream) -> Stream:
        def run(epoch: int) -> Iterator[Element]:
            for repetition in itertools.count() if self.count is None else range(self.count):
                empty = True
                for element in parent(self.inner_epoch(epoch, repetition)):
                    empty = False
                    yield element
                if empty and self.count is None:
                    return  # nothing passed the filter in a whole pass: without this the loop would never end

        return run


class Batch(Stage):
    """`size` consecutive elements stacked along a new first axis; the last batch may be short."""

    __slots__ = ("drop_remainder", "size")

    def __init__(self, drop_remainder: bool, size: int) -> None:
        self.drop_remainder, self.size = drop_remainder, size

    def length(self, parent: int | float) -> int | float:
        if parent == ENDLESS:
            return ENDLESS
        return int(parent) // self.size if self.drop_remainder else -(-int(parent) // self.size)

    def indexed(self, parent: Indexed) -> Indexed | None:
        size = self.size
        within = np.arange(size)

        def elements(positions: Positions, epoch: int) -> Iterator[Element]:
            # Neighbouring batches of rows are fetched in one go and handed out as parts of it. Other elements may have
            # another shape in the next batch.
            per_fetch = max(1, ROWS_PER_CHUNK // size) if parent.rows else 1
            for first in range(0, len(positions), per_fetch):
                starts = positions[first : first + per_fetch] * size
                members = (starts[:, None] + within).reshape(-1)
                if starts.max() <= parent.length - size:
                    stops = range(size, len(members) + 1, size)
                else:  # the last batch of all is short, wherever it is among these
                    members = members[members < parent.length]
                    stops = np.minimum(size, int(parent.length) - starts).cumsum().tolist()
                fetched, first_of_batch = parent.columns(members, epoch), 0
                for stop in stops:
                    yield sliced(fetched, first_of_batch, stop)
                    first_of_batch = stop

        def columns(positions: Positions, epoch: int) -> Element:
            return stacked(elements(positions, epoch))

        return Indexed(self.length(parent.length), size * max(1, parent.rows_per_element), elements, columns)

    def stream(self, parent: Stream) -> Stream:
        def run(epoch: int) -> Iterator[Element]:
            elements = parent(epoch)
            while members := list(itertools.islice(elements, self.size)):
                if len(members) < self.size and self.drop_remainder:
                    return
                yield stacked(members)

        return run


class Unbatch(Stage):
    """The members of each element along its first axis."""

    __slots__ = ()

    def indexed(self, parent: Indexed) -> Indexed | None:
        return None

    def stream(self, parent: Stream) -> Stream:
        return lambda epoch: (member for element in parent(epoch) for member in unstacked(element))


class Map(Stage):
    """A function of every element; a tuple is handed over as so many arguments, as tf.data does."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Element]) -> None:
        self.function = function

    def apply(self, element: Element) -> Element:
        """The function of one element."""
        return self.function(*element) if type(element) is tuple else self.function(element)

    def indexed(self, parent: Indexed) -> Indexed | None:
        def elements(positions: Positions, epoch: int) -> Iterator[Element]:
            # Not map(): it would take a StopIteration of the function for the end.
            return (self.apply(element) for element in parent.elements(positions, epoch))

        def columns(positions: Positions, epoch: int) -> Element:
            return stacked(elements(positions, epoch))

        return Indexed(parent.length, parent.rows_per_element, elements, columns)

    def stream(self, parent: Stream) -> Stream:
        return lambda epoch: (self.apply(element) for element in parent(epoch))

    def describe(self) -> Any:
        return ["Map", described(self.function)]

    def shown(self) -> str:
        return named(self.function)


class Filter(Stage):
    """The elements for which a function gives a true value."""

    __slots__ = ("predicate",)

    def __init__(self, predicate: Callable[..., Any]) -> None:
        self.predicate = predicate

    def indexed(self, parent: Indexed) -> Indexed | None:
        return None

    def stream(self, parent: Stream) -> Stream:
        test = Map(self.predicate).apply
        return lambda epoch: (detached(element) for element in parent(epoch) if test(element))

    def describe(self) -> Any:
        return ["Filter", described(self.predicate)]

    def shown(self) -> str:
        return named(self.predicate)


class Enumerate(Stage):
    """Pairs of a running number (int64) and the element."""

    __slots__ = ("start",)

    def __init__(self, start: int) -> None:
        self.start = start

    def indexed(self, parent: Indexed) -> Indexed | None:
        def elements(positions: Positions, epoch: int) -> Iterator[Element]:
            return zip(positions + self.start, parent.elements(positions, epoch))  # noqa: B905 - lazy on both sides

        def columns(positions: Positions, epoch: int) -> Element:
            return positions + self.start, parent.columns(positions, epoch)

        return Indexed(parent.length, parent.rows_per_element, elements, columns)

    def stream(self, parent: Stream) -> Stream:
        return lambda epoch: ((np.int64(number), element) for number, element in enumerate(parent(epoch), self.start))


class Concatenate(Stage):
    """The parent's elements and then those of another plan."""

    __slots__ = ("other",)

    def __init__(self, other: Any) -> None:
        self.other = other  # a Dataset

    def indexed(self, parent: Indexed) -> Indexed | None:
        second: Indexed | None = self.other.plan.indexed
        if second is None or parent.length == ENDLESS:
            return parent if second else None
        cut = int(parent.length)

        def sides(positions: Positions) -> Iterator[tuple[Indexed, Positions]]:
            cuts = np.flatnonzero(np.diff(positions >= cut)) + 1
            for piece in np.split(positions, cuts):
                if piece.size:
                    yield (second, piece - cut) if piece[0] >= cut else (parent, piece)

        def elements(positions: Positions, epoch: int) -> Iterator[Element]:
            for side, piece in sides(positions):
                yield from side.elements(piece, epoch)

        def columns(positions: Positions, epoch: int) -> Element:
            found = [side.columns(piece, epoch) for side, piece in sides(positions)]
            return joined(found) if found else parent.columns(positions, epoch)

        rows_per_element = max(parent.rows_per_element, second.rows_per_element)
        return Indexed(parent.length + second.length, rows_per_element, elements, columns)

    def stream(self, parent: Stream) -> Stream:
        def run(epoch: int) -> Iterator[Element]:
            yield from parent(epoch)
            yield from self.other.plan.stream(epoch)

        return run

    def endless(self, parent: bool) -> bool:
        return parent or bool(self.other.plan.endless)

    def describe(self) -> Any:
        return ["Concatenate", self.other.plan.describe()]

    def shown(self) -> str:
        return repr(self.other)


class Cache(Stage):
    """Elements are computed once (of epoch 0, whichever epoch asks) and kept; every use gets a copy."""

    __slots__ = ("_all", "_known")

    def __init__(self) -> None:
        self._known: dict[int, Element] = {}  # by position, of an indexed parent
        self._all: list[Element] | None = None  # of a stream, once it ran to its end

    def __reduce__(self) -> tuple[Any, ...]:
        return Cache, ()

    def describe(self) -> Any:
        return ["Cache"]

    def shown(self) -> str:
        return ""

    def indexed(self, parent: Indexed) -> Indexed | None:
        if parent.rows:  # rows are in memory anyway, packed; but their order must freeze as the cache would freeze it
            rows = parent.rows
            return parent._replace(
                elements=lambda positions, epoch: parent.elements(positions, 0),
                columns=lambda positions, epoch: parent.columns(positions, 0),
                rows=lambda positions, epoch: rows(positions, 0),
            )

        def elements(positions: Positions, epoch: int) -> Iterator[Element]:
            for position in positions.tolist():
                if position not in self._known:
                    self._known[position] = copied(parent.element(position, 0))
                yield copied(self._known[position])

        def columns(positions: Positions, epoch: int) -> Element:
            return stacked(elements(positions, epoch))

        return Indexed(parent.length, parent.rows_per_element, elements, columns)

    def stream(self, parent: Stream) -> Stream:
        def run(epoch: int) -> Iterator[Element]:
            if self._all is None:
                seen = []
                for element in parent(0):
                    seen.append(copied(element))
                    yield element
                self._all = seen
            else:
                yield from map(copied, self._all)

        return run


class Prefetch(Stage):
    """Up to `size` elements are computed ahead by a thread when the plan is walked through; see `ahead`."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size

    def indexed(self, parent: Indexed) -> Indexed | None:
        return parent

    def stream(self, parent: Stream) -> Stream:
        return parent


def ahead(elements: Iterator[Element], size: int) -> Iterator[Element]:
    """The same elements, up to `size` of them computed ahead by a thread, which ends when the consumer does."""
    import queue
    import threading

    ready: queue.Queue[tuple[Element, BaseException | None]] = queue.Queue(maxsize=size)
    finished = threading.Event()

    def put(item: tuple[Element, BaseException | None]) -> None:
        while not finished.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def fill() -> None:
        try:
            for element in elements:
                put((element, None))
                if finished.is_set():
                    return
            put((None, StopIteration()))
        except BaseException as error:  # whatever the user's function raises belongs to the consumer
            put((None, error))

    threading.Thread(target=fill, name="onebit-prefetch", daemon=True).start()
    try:
        while True:
            element, error = ready.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield element
    finally:
        finished.set()


def described(function: Callable[..., Any], depth: int = 3) -> Any:
    """A JSON value that names a function and changes with its code and what it was made with; for fingerprints.

    It is the same in every process. Values in defaults, closures and partials count if they are immutable (others may
    have changed when the plan is built again); objects with a ``__call__`` are known by their class.
    """
    if isinstance(function, functools.partial):
        arguments = (*function.args, *sorted(function.keywords.items()))
        return ["partial", described(function.func, depth), _held(arguments, depth)]
    module = str(getattr(function, "__module__", "")).replace("__mp_main__", "__main__")  # of a spawned worker
    name = f"{module}.{named(function)}"
    code = getattr(function, "__code__", None)
    if code is None:
        return [name]
    defaults = (function.__defaults__ or (), *sorted((function.__kwdefaults__ or {}).items()))
    cells = tuple(map(_cell_contents, function.__closure__ or ()))
    return [name, code_digest(code), *([_held((defaults, cells), depth)] if depth else [])]


def named(function: Callable[..., Any]) -> str:
    """The name of a function, or of an object's class."""
    return str(
        getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__qualname__
    )


def _cell_contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a name that has no value yet
        return None


def _held(value: Any, depth: int) -> Any:
    if isinstance(value, tuple):
        return [_held(part, depth) for part in value]
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, frozenset)):
        return _constant(value)
    # A function may hold itself: hence the depth.
    return described(value, depth - 1) if callable(value) and depth else type(value).__qualname__


def _constant(value: Any) -> str:
    """The repr of a constant, also of a set of texts, whose order depends on the process."""
    return f"frozenset({sorted(map(_constant, value))})" if isinstance(value, frozenset) else repr(value)


def code_digest(code: Any) -> str:
    """A short digest of what a function's bytecode does, its constants and inner functions included."""
    import hashlib

    constants = [code_digest(part) if hasattr(part, "co_code") else _constant(part) for part in code.co_consts]
    text = repr((code.co_code, code.co_names, code.co_varnames, constants))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mapped(function: Callable[[Any], Any], element: Element) -> Element:
    """A function of every array in an element."""
    if isinstance(element, dict):
        return {name: mapped(function, value) for name, value in element.items()}
    if isinstance(element, tuple):
        return tuple(mapped(function, value) for value in element)
    return function(element)


def _first(column: Array) -> Any:
    return column[0]


def leaves(element: Element, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The arrays in an element, each with the keys that lead to it."""
    if isinstance(element, (dict, tuple)):
        for key, value in element.items() if isinstance(element, dict) else enumerate(element):
            yield from leaves(value, (*place, key))
    else:
        yield place, element


def sliced(columns: Element, start: int, stop: int) -> Element:
    """Rows `start` to `stop` of stacked elements, as views."""
    if isinstance(columns, dict):
        return {name: sliced(value, start, stop) for name, value in columns.items()}
    if isinstance(columns, tuple):
        return tuple(sliced(value, start, stop) for value in columns)
    return columns[start:stop]


def unstacked(columns: Element) -> Iterator[Element]:
    """The elements that were stacked, one by one, as views."""
    if isinstance(columns, dict):
        names = list(columns)
        if len(names) == 1:  # the usual case, and the fast one
            name = names[0]
            for value in unstacked(columns[name]):
                yield {name: value}
        else:
            for values in zip(*map(unstacked, columns.values()), strict=True):
                yield dict(zip(names, values, strict=True))
    elif isinstance(columns, tuple):
        yield from zip(*map(unstacked, columns), strict=True)
    elif np.ndim(columns) == 0:
        raise TypeError(
            f"unbatch() takes elements apart along their first axis, but {columns!r} has none. Call it after batch()."
        )
    else:
        yield from columns


def stacked(elements: Iterable[Element]) -> Element:
    """Elements of one structure and one shape, stacked along a new first axis.

    Raises:
        ValueError: the elements differ in structure or shape, or there are none.
    """
    members = list(elements)
    if not members:
        raise ValueError("There are no elements to stack.")
    _check_structure(members)
    first = members[0]
    if isinstance(first, dict):
        return {name: stacked([member[name] for member in members]) for name in first}
    if isinstance(first, tuple):
        return tuple(stacked(parts) for parts in zip(*members, strict=True))
    if isinstance(first, bytes):  # NumPy's own arrays of bytes lose zeros at the end
        objects = np.empty(len(members), object)
        objects[:] = members
        return objects
    arrays = [np.asarray(member) for member in members]
    _check_shapes({array.shape for array in arrays})
    return np.stack(arrays)


def joined(parts: list[Element]) -> Element:
    """Stacked elements one after the other.

    Raises:
        ValueError: the elements differ in structure or shape.
    """
    if len(parts) == 1:
        return parts[0]
    _check_structure(parts)
    first = parts[0]
    if isinstance(first, dict):
        return {name: joined([part[name] for part in parts]) for name in first}
    if isinstance(first, tuple):
        return tuple(joined(list(values)) for values in zip(*parts, strict=True))
    _check_shapes({part.shape[1:] for part in parts})
    return np.concatenate(parts)


def _check_structure(elements: list[Element]) -> None:
    found = {frozenset(e) if isinstance(e, dict) else len(e) if isinstance(e, tuple) else None for e in elements}
    if len(found) > 1:
        raise ValueError(
            "Elements of different structure cannot be batched: "
            f"{' and '.join(sorted(map(_structure_name, found)))}. Give them the same columns in map()."
        )


def _structure_name(structure: frozenset[str] | int | None) -> str:
    if isinstance(structure, frozenset):
        return f"a dict of {sorted(structure)}"
    return "an array" if structure is None else f"a tuple of {structure}"


def _check_shapes(shapes: set[tuple[int, ...]]) -> None:
    if len(shapes) > 1:
        first, second, *_ = sorted(shapes)
        raise ValueError(
            f"Elements of different shapes cannot be batched: {first} and {second}. "
            "Make them equal in map(), or use drop_remainder=True where the last batch is the short one."
        )


def detached(element: Element) -> Element:
    """The element without views: keeping it does not keep the chunk that it was decoded in."""
    return mapped(
        lambda value: value.copy() if isinstance(value, np.ndarray) and value.base is not None else value,
        element,
    )


def copied(element: Element) -> Element:
    """A copy that shares no array with the element."""
    return mapped(lambda value: value.copy() if isinstance(value, np.ndarray) else value, element)
