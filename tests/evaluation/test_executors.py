"""Workers: local processes and a real Dask cluster give the numbers that one process gives, whoever dies."""

from __future__ import annotations

import functools
import operator
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import onebit
from onebit.evaluation import ModelFailedError, WorkersLostError, executors, open_executor
from onebit.evaluation.executors import LocalProcesses, Parcel, pack
from onebit.evaluation.model_sources import ModelSource
from tests.evaluation.cluster import Cluster, cluster

MODEL = '''
"""A model that leaves the number of its process behind, and takes its time."""

import os
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


class Patient:
    def __init__(self):
        rng = np.random.default_rng(7)
        self.weights, self.bias = rng.normal(0, 0.3, (784, 20)), rng.normal(-1, 1, 784)
        self.hidden = rng.normal(0, 1, 20)

    def log_prob(self, x):
        (HERE / f"{os.getpid()}-{time.monotonic_ns()}.seen").touch()
        time.sleep(float(os.environ.get("PATIENCE", "0.02")))
        pixels = x.reshape(len(x), -1).astype(np.float64)
        more = 1e-9 * np.tanh(pixels @ self.weights + self.hidden).sum(axis=1) ** 2
        return pixels @ self.bias - np.logaddexp(0, self.bias).sum() - more


class Deadly:
    """Ends the process that asks it."""

    def log_prob(self, x):
        os.kill(os.getpid(), 9)


model = Patient()
'''


def seen(folder: Path) -> set[int]:
    """The processes that worked on a chunk."""
    return {int(path.name.partition("-")[0]) for path in folder.glob("*.seen")}


@pytest.fixture
def patient(tmp_path: Path) -> str:
    """A reference to a model in a file."""
    file = tmp_path / "patient_models.py"
    file.write_text(MODEL)
    return f"{file}:model"


@pytest.fixture
def data(registered: str, small_sources: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ONEBIT_SOURCE_DIR", str(small_sources))
    onebit.load(registered)
    return registered


def nll(model: object, data: str, executor: Executor | None, chunk_size: int = 10) -> np.ndarray:
    return onebit.evaluate(model, data, split="train", chunk_size=chunk_size, executor=executor).nll


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_local_processes_give_the_same_bits(workers: int, patient: str, data: str, tmp_path: Path) -> None:
    alone = nll(patient, data, None)
    before = seen(tmp_path)
    with open_executor(workers=workers) as executor:
        assert np.array_equal(nll(patient, data, executor), alone)
    assert 1 <= len(seen(tmp_path) - before) <= workers


def test_a_killed_process_changes_nothing(
    patient: str, data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = nll(patient, data, None)
    ours = seen(tmp_path)

    def kill_one() -> None:
        while not seen(tmp_path) - ours:
            time.sleep(0.01)
        os.kill(next(iter(seen(tmp_path) - ours)), signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with open_executor(workers=2) as executor:
        assert np.array_equal(nll(patient, data, executor), alone)
    killer.join()
    assert "A worker process died; its chunks are done again." in capsys.readouterr().err


def test_work_that_kills_every_process_ends_in_one_sentence(patient: str, data: str) -> None:
    deadly = patient.replace(":model", ":Deadly")
    with (
        open_executor(workers=1) as executor,
        pytest.raises(WorkersLostError, match=r"died 3 times in a row.*a smaller --workers or --chunk-size"),
    ):
        nll(deadly, data, executor)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split(") ")[-1][0] != "Z" if sys.platform == "linux" else True


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_who_asked_it(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "asks.py"
    script.write_text(
        "import os, time\nfrom onebit.evaluation import open_executor\n"
        "if __name__ == '__main__':\n"
        "    with open_executor(workers=2) as executor:\n"
        "        waiting = [executor.submit(time.sleep, 60) for _ in range(4)]\n"
        "        print(*executor._pool._processes, flush=True)\n"
        "        waiting[0].result()\n"
    )
    asks = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert asks.stdout is not None
    workers = [int(word) for word in asks.stdout.readline().split()]
    assert len(workers) == 2
    time.sleep(1)  # until they have imported what they need and sleep
    assert all(map(alive, workers))
    asks.send_signal(how)
    asks.wait(10)
    asks.stdout.close()
    end = time.monotonic() + 10
    while any(map(alive, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, workers))


def test_what_the_code_of_a_model_raises_in_a_worker(patient: str, data: str, tmp_path: Path) -> None:
    """One sentence that names the line, whatever the exception; its traceback is the cause."""
    file = tmp_path / "raising_models.py"
    file.write_text("class Model:\n    def log_prob(self, x):\n        raise TypeError('no such thing')\n")
    for executor in (None, LocalProcesses(1)):
        with pytest.raises(ModelFailedError, match=r"^raising_models\.py, line 3: TypeError: no such thing$") as caught:
            nll(f"{file}:Model", data, executor)
        assert isinstance(caught.value.__cause__, TypeError)
        if executor is not None:
            executor.shutdown()


RAISING = """
import threading

class Unsendable(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} {second}")

class Model:
    def log_prob(self, x):
        raise Unsendable("two", "arguments")

class Locked(Exception):
    def __init__(self):
        super().__init__("a lock")
        self.lock = threading.Lock()

class LockedModel:
    def log_prob(self, x):
        raise Locked

class LeavingModel:
    def log_prob(self, x):
        raise SystemExit(3)
"""
RAISED = [
    ("Model", "line 10: Unsendable: two arguments"),
    ("LockedModel", "line 19: Locked: a lock"),
    ("LeavingModel", "line 23: SystemExit: 3"),
]


@pytest.mark.parametrize(("name", "said"), RAISED)
def test_an_exception_that_cannot_be_sent_is_said_as_well(data: str, tmp_path: Path, name: str, said: str) -> None:
    """It cannot be pickled, or not made again, or would end the process where it arrives."""
    file = tmp_path / "unsendable_models.py"
    file.write_text(RAISING)
    with (
        open_executor(workers=1) as executor,
        pytest.raises(ModelFailedError, match=rf"^unsendable_models\.py, {said}$"),
    ):
        nll(f"{file}:{name}", data, executor)


def test_processes_do_their_arithmetic_in_one_thread() -> None:
    with open_executor(workers=1) as executor:
        assert executor is not None
        assert executor.submit(os.getenv, "OPENBLAS_NUM_THREADS").result() == "1"
        assert "multi_thread_eigen=false" in executor.submit(os.getenv, "XLA_FLAGS").result()
        assert str(executor) == "1 local process"
    assert "OPENBLAS_NUM_THREADS" not in os.environ or os.environ["OPENBLAS_NUM_THREADS"] != "1"


def test_a_report_says_who_shared_the_work(patient: str, data: str) -> None:
    with open_executor(workers=2) as executor:
        report = onebit.evaluate(patient, data, split="test", executor=executor)
    assert report.hardware["shared_out_to"] == "2 local processes"
    with ThreadPoolExecutor(1) as threads:
        assert onebit.evaluate(patient, data, split="test", executor=threads).hardware["shared_out_to"] == (
            "ThreadPoolExecutor"
        )
    assert "shared_out_to" not in onebit.evaluate(patient, data, split="test").hardware


def test_any_executor_of_the_standard_library_will_do(patient: str, data: str) -> None:
    alone = nll(patient, data, None)
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        assert np.array_equal(nll(patient, data, executor), alone)


class Local:
    """A model that no worker could import: it is sent by value."""

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), -784 * np.log(2))


def test_models_of_scripts_are_sent_by_value(data: str) -> None:
    def anywhere(chance: float) -> object:
        class Inner:
            def log_prob(self, x: np.ndarray) -> np.ndarray:
                return np.full(len(x), x[0].size * np.log(chance))

        return Inner()

    with open_executor(workers=1) as executor:
        assert np.allclose(nll(anywhere(0.5), data, executor, 100), 784 * np.log(2))


def test_what_cannot_be_sent_is_said_with_what_to_type(data: str) -> None:
    model = Local()
    model.lock = threading.Lock()  # type: ignore[attr-defined]
    with open_executor(workers=1) as executor, pytest.raises(TypeError, match=r"cannot be sent.*FILE\.py:NAME"):
        nll(model, data, executor)


def test_without_cloudpickle_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(TypeError, match=r"pip install 'onebit\[cluster\]'"):
        pack(lambda: None)


def test_the_same_work_is_unpacked_once_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    content = pack(os.path.basename)
    loads = []
    monkeypatch.setattr(pickle, "loads", lambda data: loads.append(1) or os.path.basename)
    assert [pickle_free(content), pickle_free(content)] == ["b", "b"]
    assert loads == [1]


def pickle_free(content: bytes) -> str:
    found: str = Parcel(content)("a/b")
    return found


def test_the_code_of_the_file_is_sent_not_its_path(tmp_path: Path) -> None:
    file = tmp_path / "sent_models.py"
    file.write_text(
        "class Model:\n    def __call__(self, x):\n        return len(x)\n    log_prob = __call__\nmodel = Model()\n"
    )
    source = ModelSource.parse(f"{file}:model")
    model = source.load()
    content = pack(functools.partial(operator.call, model), {id(model): source})
    file.unlink()
    asked = "import sys, pickle; print(pickle.loads(sys.stdin.buffer.read())([1, 2]))"
    ran = subprocess.run([sys.executable, "-c", asked], input=content, capture_output=True, check=False, cwd="/")
    assert (ran.stdout, ran.stderr) == (b"2\n", b"")


def test_no_workers_are_none() -> None:
    with open_executor() as executor:
        assert executor is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "workers=0 was given; the least is 1"),
        ({"workers": 1, "address": "dask://127.0.0.1:1"}, "Give one"),
        ({"address": "127.0.0.1:8786"}, r"no address of a cluster. Write dask://HOST:PORT"),
        ({"address": "dask://somewhere"}, r"no address of a cluster. Write dask://HOST:PORT"),
    ],
)
def test_what_opens_no_executor(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message), open_executor(**arguments):  # type: ignore[arg-type]
        pass


def test_dask_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(onebit.MissingDependencyError, match=r"pip install 'onebit\[cluster\]'"),
        open_executor(address="dask://127.0.0.1:1"),
    ):
        pass


def test_processes_stop_when_the_reader_stops(patient: str, data: str) -> None:
    with LocalProcesses(1) as processes:
        results = processes.map(time.sleep, [0.01] * 50)
        next(results)
        results.close()  # type: ignore[attr-defined]
        assert processes.submit(os.getpid).result() > 0


# A real cluster ------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_workers(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PATIENCE", "0.1")
    with cluster(tmp_path_factory.mktemp("cluster"), 2) as made:
        yield made


def test_a_cluster_gives_the_same_bits_though_a_worker_is_killed(
    two_workers: Cluster, patient: str, data: str, tmp_path: Path
) -> None:
    alone = nll(patient, data, None)
    ours = seen(tmp_path)
    numbers = {worker.pid for worker in two_workers.workers}
    with open_executor(address=two_workers.address) as executor:
        assert str(executor) == "Dask, 2 threads of workers"
        assert np.array_equal(nll(patient, data, executor), alone)
        assert seen(tmp_path) - ours == numbers  # both took part

        def kill_one() -> None:
            while len(list(tmp_path.glob(f"{two_workers.workers[0].pid}-*.seen"))) < before + 2:
                time.sleep(0.01)
            two_workers.kill(0)

        before = len(list(tmp_path.glob(f"{two_workers.workers[0].pid}-*.seen")))
        killer = threading.Thread(target=kill_one)
        killer.start()
        assert np.array_equal(nll(patient, data, executor), alone)
        killer.join()


def test_what_a_model_raises_leaves_the_workers_of_a_cluster_alive(
    two_workers: Cluster, data: str, tmp_path: Path
) -> None:
    """They are not ours: a model that exits does not end them."""
    file = tmp_path / "unsendable_models.py"
    file.write_text(RAISING)
    with open_executor(address=two_workers.address) as executor:
        for name, said in RAISED:
            with pytest.raises(ModelFailedError, match=rf"^unsendable_models\.py, {said}$"):
                nll(f"{file}:{name}", data, executor)
    assert [worker.poll() for worker in two_workers.workers] == [None, None]


@pytest.mark.parametrize("who", ["worker", "scheduler"])
def test_one_that_hangs_is_named(
    two_workers: Cluster, who: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is waited for: when it goes on, or another takes its chunks, the results are all there."""
    monkeypatch.setattr(executors, "_PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(executors, "_SILENCE_SECONDS", 2)
    hanging = two_workers.workers[0] if who == "worker" else two_workers.scheduler
    said = "shows no sign of life" if who == "worker" else f"The scheduler of {two_workers.address} does not answer"
    with open_executor(address=two_workers.address) as executor:
        assert executor is not None
        results = executor.map(time.sleep, [0.05] * 60)
        found = [next(results) for _ in range(3)]
        hanging.send_signal(signal.SIGSTOP)
        reader = threading.Thread(target=lambda: found.extend(results))
        reader.start()
        try:
            text = ""
            while said not in text and reader.is_alive():
                text += capfd.readouterr().err
                time.sleep(0.05)
        finally:
            hanging.send_signal(signal.SIGCONT)
            reader.join()
    assert said in text
    assert len(found) == 60


def test_a_scheduler_that_goes_away_ends_in_one_sentence(two_workers: Cluster, patient: str, data: str) -> None:
    with open_executor(address=two_workers.address) as executor:
        assert executor is not None
        results = executor.map(time.sleep, [0.05] * 60)
        next(results)
        two_workers.scheduler.kill()
        two_workers.scheduler.wait()
        with pytest.raises(WorkersLostError, match=r"The scheduler of dask://.* went away, or lost a chunk\. Start it"):
            list(results)


def test_a_chunk_that_kills_workers_ends_in_one_sentence(patient: str, data: str, tmp_path: Path) -> None:
    deadly = patient.replace(":model", ":Deadly")
    with (
        cluster(tmp_path, 1, allowed_failures=0) as made,
        open_executor(address=made.address) as executor,
        pytest.raises(WorkersLostError, match=r"A chunk was lost with every worker.*a smaller --chunk-size"),
    ):
        nll(deadly, data, executor)


def test_a_cluster_without_workers_says_how_to_start_one(tmp_path: Path) -> None:
    made = Cluster(tmp_path)
    try:
        with (
            pytest.raises(WorkersLostError, match=rf"has no workers\. .*dask worker tcp://{made.place} --nthreads 1"),
            open_executor(address=made.address),
        ):
            pass
    finally:
        made.close()


def test_somebody_who_listens_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port of something else, or a scheduler that hangs."""
    monkeypatch.setattr(executors, "_CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        with (
            pytest.raises(WorkersLostError, match=f"No Dask scheduler answers at dask://{place}"),
            open_executor(address=f"dask://{place}"),
        ):
            pass


def test_a_port_that_there_is_not() -> None:
    with (
        pytest.raises(WorkersLostError, match=r"No Dask scheduler answers at dask://127\.0\.0\.1:99999"),
        open_executor(address="dask://127.0.0.1:99999"),
    ):
        pass


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "_CONNECT_SECONDS", 1)
    with (
        pytest.raises(WorkersLostError, match=r"No Dask scheduler answers at dask://127\.0\.0\.1:1\. Start one"),
        open_executor(address="dask://127.0.0.1:1"),
    ):
        pass
