"""Workers: local processes or a Dask cluster, behind the interface of `concurrent.futures`.

The chunks of the ruler (see `onebit.evaluation.chunks`) are the same for any number of workers, and so are the numbers.
A worker that dies gives its chunks back: others do them again, with the same random numbers.

A worker gets the work once, as bytes: the code of the model's file where the model was given as ``FILE.py:NAME``, else
the model pickled by value. It is unpacked once in each thread of a worker, as models may keep buffers, and compiled
ones would be compiled again for every chunk.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import math
import os
import pickle
import platform
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from onebit import progress
from onebit.__about__ import __version__
from onebit.errors import OnebitError, import_optional
from onebit.evaluation.model_sources import ModelSource, RemoteError

MOST_DEATHS = 3  # of local workers, without a chunk done in between
_SCHEME = "dask://"
_LEAST_AHEAD = 16  # chunks that are at a cluster at once, at least
_KEPT = 4  # pieces of work that a thread of a worker keeps unpacked
_CONNECT_SECONDS = 10
_PATIENCE_SECONDS = 5  # without a result, before a cluster is asked how it is
_SILENCE_SECONDS = 30  # without a sign of life of a worker, before that is said

# One thread of arithmetic a worker: as many workers as cores then keep all cores busy, and sums are added up in the
# same order however many workers there are.
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


class WorkersLostError(OnebitError, RuntimeError):
    """Workers died, or a cluster went away, more often than work is done again."""


@contextlib.contextmanager
def open_executor(workers: int | None = None, address: str | None = None) -> Iterator[Executor | None]:
    """An executor for `onebit.evaluate`, closed at the end of the ``with`` block.

        >>> with open_executor(workers=2) as executor:                                     # doctest: +SKIP
        ...     report = onebit.evaluate("mymodel.py:model", executor=executor)

    Args:
        workers: local processes (started afresh, not forked), each with one thread of arithmetic.
        address: of the scheduler of a Dask cluster, ``"dask://HOST:PORT"``; needs the extra ``cluster``.

    Yields:
        The executor; None where neither was given.

    Raises:
        ValueError: both were given, a number below 1, or an address that cannot be read.
        MissingDependencyError: Dask is not installed.
        WorkersLostError: no scheduler answers there, or it has no workers, or they have no onebit.
    """
    if workers is not None and address is not None:
        raise ValueError("workers and an address were given: chunks go to local processes or to a cluster. Give one.")
    if workers is not None:
        if workers < 1:
            raise ValueError(f"workers={workers} was given; the least is 1.")
        with LocalProcesses(workers) as processes:
            yield processes
    elif address is not None:
        with DaskCluster(address) as cluster:
            yield cluster
    else:
        yield None


class LocalProcesses(Executor):
    """Processes of this machine. Unlike `ProcessPoolExecutor` it survives the death of one of them.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = self._started()

    def __str__(self) -> str:
        return f"{self.count} local {'process' if self.count == 1 else 'processes'}"

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.count, _OneThreadContext(), initializer=_settle_in)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor`."""
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenExecutor:
            self._renew()
            return self._pool.submit(fn, *args, **kwargs)

    def map(
        self, fn: Callable[..., Any], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[Any]:
        """Results in order. What a process that died was doing is done again.

        Raises:
            WorkersLostError: processes died `MOST_DEATHS` times in a row.
        """
        calls = list(zip(*iterables, strict=False))
        futures = [self.submit(fn, *call) for call in calls]
        return self._results(fn, calls, futures, timeout)

    def _results(
        self, fn: Callable[..., Any], calls: list[Any], futures: list[Future[Any]], timeout: float | None
    ) -> Iterator[Any]:
        deaths = number = 0
        try:
            while number < len(calls):
                try:
                    result = futures[number].result(timeout)
                except BrokenExecutor as error:
                    deaths += 1
                    if deaths >= MOST_DEATHS:
                        raise WorkersLostError(
                            f"Worker processes died {deaths} times in a row: out of memory, perhaps, or killed by the "
                            "model's own code. Type a smaller --workers or --chunk-size, or leave --workers out."
                        ) from error
                    progress.note("A worker process died; its chunks are done again.")
                    self._renew()
                    for later in range(number, len(calls)):
                        if _lost(futures[later]):
                            futures[later] = self.submit(fn, *calls[later])
                    continue
                deaths, number = 0, number + 1
                yield result
        finally:
            for future in futures[number:]:
                future.cancel()

    def _renew(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._started()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor`."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _settle_in() -> None:
    """The first that a local worker does."""
    progress.disable_progress_bar()
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """Ends this process when its parent is gone, also one that was killed: it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _lost(future: Future[Any]) -> bool:
    """Whether there is nothing to be had from a future of a pool that broke."""
    return not future.done() or future.cancelled() or isinstance(future.exception(), BrokenExecutor)


class _OneThreadProcess(SpawnProcess):
    """A fresh process that is told to do its arithmetic in one thread, before it imports what does arithmetic."""

    def start(self) -> None:
        before = {name: os.environ.get(name) for name in _ONE_THREAD}
        flags = " ".join(filter(None, [before["XLA_FLAGS"], _ONE_THREAD["XLA_FLAGS"]]))
        os.environ.update(_ONE_THREAD | {"XLA_FLAGS": flags})
        try:
            super().start()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


class _OneThreadContext(SpawnContext):
    Process = _OneThreadProcess


class DaskCluster(Executor):
    """The workers of a Dask cluster. Dask itself gives the chunks of a worker that died to others.

    Args:
        address: ``"dask://HOST:PORT"``, that of the scheduler.
    """

    def __init__(self, address: str) -> None:
        distributed = import_optional("distributed", purpose=f"The executor {address}", install="onebit[cluster]")
        place = address.removeprefix(_SCHEME)
        if not address.startswith(_SCHEME) or not place.rpartition(":")[2].isdigit():
            raise ValueError(
                f"{address!r} is no address of a cluster. Write dask://HOST:PORT, as in dask://10.0.0.1:8786."
            )
        self.address = address
        self._killed = distributed.KilledWorker
        self._last_signs: dict[str, tuple[float, float]] = {}  # of each worker: by its cluster's clock, and by ours
        self._told: set[str] = set()  # workers whose silence was said
        try:
            _hear(place)
            self._client = distributed.Client(f"tcp://{place}", timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise WorkersLostError(
                f"No Dask scheduler answers at {address}. Start one there with: dask scheduler; and on each machine: "
                f"dask worker tcp://{place} --nthreads 1"
            ) from error
        try:
            self._threads = self._introduced(place)
        except BaseException:
            self._client.close()
            raise

    def __str__(self) -> str:
        return f"Dask, {self._threads} threads of workers"

    def _introduced(self, place: str) -> int:
        """Asks every worker who it is, and gives the number of their threads."""
        threads: dict[str, int] = self._client.nthreads()
        if not threads:
            raise WorkersLostError(
                f"The cluster {self.address} has no workers. Type on each machine: "
                f"dask worker tcp://{place} --nthreads 1"
            )
        try:
            about = self._client.run(_about_this_machine)
        except (ImportError, AttributeError) as error:
            raise WorkersLostError(
                f"A worker of {self.address} has no onebit {__version__}, or another one: {error}. Install the same "
                f"version there: pip install onebit=={__version__}"
            ) from error
        if len(set(about.values())) > 1 or _about_this_machine() not in about.values():
            found = "; ".join(sorted({", ".join(one) for one in about.values()}))
            progress.note(
                f"Workers and this machine differ ({found}; here {', '.join(_about_this_machine())}): numbers agree to "
                "rounding, and are the same to the last bit only where these are the same."
            )
        return sum(threads.values())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor`."""
        future: Future[Any] = self._client.get_executor().submit(fn, *args, **kwargs)
        return future

    def map(
        self, fn: Callable[..., Any], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[Any]:
        """Results in order. A few chunks a thread are at the cluster at once: no others take memory there.

        Raises:
            WorkersLostError: a chunk was on every worker that died, or the scheduler went away.
        """
        calls = zip(*iterables, strict=False)
        # The work goes to the cluster once, as the result of a task: it can be made again when its worker dies.
        with _large_messages():
            work = self._client.submit(_as_it_is, fn, pure=False)
        ahead = max(_LEAST_AHEAD, 4 * self._threads)
        waiting: deque[Any] = deque()
        try:
            for call in calls:
                waiting.append(self._client.submit(_call, work, *call, pure=False))
                if len(waiting) >= ahead:
                    yield self._next(waiting, timeout)
            while waiting:
                yield self._next(waiting, timeout)
        finally:
            for future in waiting:
                future.release()  # unlike cancel() it asks nobody, who may not answer

    def _next(self, waiting: deque[Any], timeout: float | None) -> Any:
        """The result of the first of some futures; looks after the others, too, while it takes long."""
        first = waiting[0]
        try:
            while timeout is None:
                try:
                    result = first.result(_PATIENCE_SECONDS)
                    break
                except TimeoutError:
                    self._look_after(waiting)
            else:
                result = first.result(timeout)
        except self._killed as error:
            raise WorkersLostError(
                f"A chunk was lost with every worker of {self.address} that took it: out of memory, perhaps. Type a "
                f"smaller --chunk-size. Dask says: {error}"
            ) from error
        except CancelledError as error:
            raise WorkersLostError(
                f"The scheduler of {self.address} went away, or lost a chunk. Start it and its workers again, and type "
                f"the same command. Dask says: {error}"
            ) from error
        waiting.popleft()
        return result

    def _look_after(self, waiting: deque[Any]) -> None:
        """Raises what a later chunk has raised: with its workers gone, the first one may never come."""
        for future in waiting:
            if future.status == "error":
                future.result()
        try:
            threads = self._client.sync(self._client.scheduler.ncores, callback_timeout=_PATIENCE_SECONDS)
        except (TimeoutError, OSError):
            progress.note(f"The scheduler of {self.address} does not answer; waiting for it. Ctrl-C gives up.")
            return
        if not threads:
            progress.note(f"{self.address} has no workers left; waiting for one. Ctrl-C gives up.")
        for worker in self._silent_workers() - self._told:
            self._told.add(worker)
            progress.note(
                f"The worker {worker} shows no sign of life for {_SILENCE_SECONDS} seconds: it hangs, or its model "
                "lets nothing else run there. Others do its chunks once it ends; Dask gives it up within ten minutes."
            )

    def _silent_workers(self) -> set[str]:
        """Workers that have given no sign of life for a while, by the clock of this process."""
        now, silent = time.monotonic(), set()
        for worker, about in self._client.scheduler_info()["workers"].items():
            sign, heard = self._last_signs.get(worker, (math.nan, now))
            if about["last_seen"] != sign:
                heard = now
            self._last_signs[worker] = about["last_seen"], heard
            if now - heard >= _SILENCE_SECONDS:
                silent.add(worker)
        return silent

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leaves the cluster; it goes on."""
        self._client.close()


def _hear(place: str) -> None:
    """Waits until whoever listens at ``HOST:PORT`` says something, as a scheduler does: Dask would wait for ever.

    Raises:
        OSError: nobody listens there, or whoever does says nothing.
    """
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS) as line:
            if not line.recv(1):
                raise ConnectionError(f"{place} hung up.")
    except OverflowError as error:  # a port that there is not
        raise ConnectionError(str(error)) from error


@contextlib.contextmanager
def _large_messages() -> Iterator[None]:
    """A model of more than 10 MB is sent without Dask's advice on large graphs: it is sent once."""
    import dask

    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
        yield


def _about_this_machine() -> tuple[str, ...]:
    import numpy as np

    return f"onebit {__version__}", f"NumPy {np.__version__}", f"Python {platform.python_version()}", platform.machine()


def _as_it_is(work: Any) -> Any:
    return work


def _call(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


# Sending work ------------------------------------------------------------------------------------------------------


class Parcel:
    """Work as bytes, to be called like the work itself.

    Args:
        content: what `pack` made.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.digest = hashlib.sha256(content).hexdigest()

    def __call__(self, *arguments: Any) -> Any:
        """Unpacks the work, where this thread has not done so yet, and calls it.

        What it raises arrives where the answer would have; it does not end the worker.
        """
        try:
            return self._work()(*arguments)
        except (Exception, SystemExit) as error:
            if _can_be_sent(error):
                raise
            stand_in = RemoteError(f"{type(error).__name__}: {error}")
            stand_in.add_note("".join(traceback.format_exception(error)))
        raise stand_in  # here it has no context: Dask would send that too

    def _work(self) -> Callable[..., Any]:
        kept: dict[str, Any] = _unpacked.__dict__  # this thread's
        if self.digest not in kept:
            work = pickle.loads(self.content)  # our own bytes: `pack` made them in the process that asks
            while len(kept) >= _KEPT:
                del kept[next(iter(kept))]
            kept[self.digest] = work
        found: Callable[..., Any] = kept[self.digest]
        return found


def _can_be_sent(error: BaseException) -> bool:
    """Whether an exception can be pickled, and made again of that; one that ends a process does so where it arrives."""
    if not isinstance(error, Exception):
        return False
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    except Exception:  # whatever a class of somebody's raises
        return False


_unpacked = threading.local()


class Sharing(Executor):
    """An executor whose `map` sends parcels.

    Args:
        executor: who does the work.
        sources: where the code of models is, by ``id`` of the model; every other model is pickled by value.
    """

    def __init__(self, executor: Executor, sources: Mapping[int, ModelSource]) -> None:
        self._executor, self._sources = executor, sources

    def map(
        self, fn: Callable[..., Any], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[Any]:
        """See `concurrent.futures.Executor`."""
        return self._executor.map(Parcel(pack(fn, self._sources)), *iterables, timeout=timeout, chunksize=chunksize)


def sharing(executor: Executor, model: Any, source: ModelSource | None) -> Executor:
    """The executor as `onebit.evaluation.chunks.share_out` takes it: threads as they are, others with parcels."""
    if isinstance(executor, ThreadPoolExecutor):
        return executor
    return Sharing(executor, {} if source is None else {id(model): source})


def pack(work: Callable[..., Any], sources: Mapping[int, ModelSource] | None = None) -> bytes:
    """Work as bytes, for `Parcel`.

    Raises:
        TypeError: it cannot be pickled; the message says what to type.
    """
    target = io.BytesIO()
    try:
        _pickler(sources or {})(target).dump(work)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        by_value = "" if _cloudpickle() else ", or install what pickles by value: pip install 'onebit[cluster]'"
        raise TypeError(
            f"The model cannot be sent to other processes: {error}. Put it into a file and give it as FILE.py:NAME"
            f"{by_value}."
        ) from error
    return target.getvalue()


def _pickler(sources: Mapping[int, ModelSource]) -> Any:
    """A class of picklers: cloudpickle's where it is installed, which takes what scripts and notebooks define."""
    cloudpickle = _cloudpickle()
    base: Any = cloudpickle.Pickler if cloudpickle else pickle.Pickler

    class Pickler(base):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if id(obj) in sources:
                return sources[id(obj)].load, ()
            return super().reducer_override(obj) if cloudpickle else NotImplemented

    return functools.partial(Pickler, protocol=pickle.HIGHEST_PROTOCOL)


def _cloudpickle() -> Any:
    try:
        import cloudpickle  # type: ignore[import-untyped]
    except ImportError:
        return None
    return cloudpickle
