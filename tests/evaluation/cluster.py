"""A real Dask cluster on the loopback address: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_SECONDS = 60


class Cluster:
    """A scheduler and its workers, which have one thread each and nobody who starts them again.

    Args:
        room: a folder for their files.
        allowed_failures: how many workers a chunk may take with it, before Dask gives it up.
    """

    def __init__(self, room: Path, allowed_failures: int = 3) -> None:
        self._failures = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(allowed_failures)}
        self._room = room
        self._processes: list[subprocess.Popen[bytes]] = []
        self._file = room / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(self._file)
        )
        self.place = self._when_there()["address"].removeprefix("tcp://")
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"dask://{self.place}"

    def add_worker(self) -> None:
        """Starts a worker; it introduces itself when it is ready."""
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--memory-limit", "0")
        room = self._room / f"worker-{len(self.workers)}"
        started = self._start("worker", f"tcp://{self.place}", *options, "--local-directory", str(room))
        self.workers.append(started)

    def kill(self, number: int) -> None:
        """Kills a worker: it can say nothing to anybody."""
        self.workers[number].send_signal(signal.SIGKILL)
        self.workers[number].wait()

    def close(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self._room / f"log-{len(self._processes)}").open("wb")
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | one_thread | self._failures,
                cwd=self._room,
            )
        self._processes.append(process)
        return process

    def _when_there(self) -> dict[str, str]:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):
                found: dict[str, str] = json.loads(self._file.read_text())
                return found
            time.sleep(0.05)
        raise TimeoutError((self._room / "log-0").read_text())


@contextlib.contextmanager
def cluster(room: Path, workers: int, allowed_failures: int = 3) -> Iterator[Cluster]:
    """A cluster whose workers are all there."""
    import distributed

    made = Cluster(room, allowed_failures)
    try:
        for _ in range(workers):
            made.add_worker()
        with distributed.Client(f"tcp://{made.place}", set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=_SECONDS)
        yield made
    finally:
        made.close()
