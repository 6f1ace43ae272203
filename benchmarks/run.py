"""onebit and what a user would pick instead, side by side on the real data.

    python benchmarks/run.py --data DIR [--only NAME ...] [--quick] [--more]

DIR holds ``binarized_mnist/upstream/*.amat.xz`` (or plain ``.amat`` files). Measures are merged into results.json, from
which ``table.py`` makes the tables of the README and of docs/performance.md. Contestants take turns (A B C A B C), so
that a machine that others disturb disturbs all; a ratio is formed within each turn, then summarised over the turns.
"""

from __future__ import annotations

import argparse
import datetime
import json
import lzma
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import machine
import measures
import results
from environments import Environments
from measures import Measure, Program, Target
from processes import Worker, run_program

GROWTH = Path(__file__).parent / "contestants" / "growth.py"
NUMPY = ("numpy", "numpy.libs", "numpy-*.dist-info")
Json = dict[str, Any]


class Folders:
    """The temporary folders of a run, by the names that `measures.Program` uses."""

    def __init__(self, root: Path, data: Path) -> None:
        self.root = root
        self.amat = root / "amat"
        self.amat.mkdir()
        found = sorted(data.rglob("binarized_mnist/upstream/*.amat.xz")) or sorted(data.rglob("binarized_mnist_*.amat"))
        for path in found:
            target = self.amat / path.name.removesuffix(".xz")
            with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as source, target.open("wb") as plain:
                shutil.copyfileobj(source, plain, 1 << 20)
        if len(list(self.amat.iterdir())) != 3:
            raise SystemExit(
                f"{data} does not hold binarized_mnist/upstream/binarized_mnist_{{train,valid,test}}.amat.xz"
            )

    def fresh(self, name: str) -> Path:
        """An empty folder."""
        path = self.root / name
        if path.exists():
            shutil.rmtree(path)
        path.mkdir()
        return path

    def downloads(self) -> Path:
        """A download folder of TFDS with the files where it looks for files that a user has put there."""
        path = self.fresh("downloads")
        (path / "manual").mkdir()
        for file in self.amat.iterdir():
            os.link(file, path / "manual" / file.name)
        return path

    def argument(self, name: str) -> str:
        """A folder for a program."""
        if name == "new":
            return str(self.fresh("new"))
        return str(self.downloads() if name == "downloads" else self.root / name)


class Run:
    """One run of some measures."""

    def __init__(self, folders: Folders, environments: Environments, quick: bool) -> None:
        self.folders, self.environments, self.quick = folders, environments, quick
        self.used: set[str] = {"onebit"}

    def turns(self, measure: Measure) -> int:
        """How many turns: two when it has to be quick."""
        return min(2, measure.turns) if self.quick else measure.turns

    def python(self, environment: str) -> Path:
        """The interpreter of an environment, which is then listed with the results."""
        self.used.add(environment)
        return self.environments.python(environment)

    def prepared(self, library: str) -> str:
        """The folder with the data set as one of the libraries has prepared it."""
        folder = self.folders.root / library
        if not folder.exists():
            folder.mkdir()
            program = measures.PROGRAMS["prepare"].contestants[library]
            assert isinstance(program, Program)
            self._run(program, {"new": str(folder)})
        return str(folder)

    def _run(self, program: Program, places: dict[str, str]) -> Any:
        arguments = [places.get(name) or self.folders.argument(name) for name in program.arguments]
        return self.run_code(program.environment, program.code, *arguments)

    def run_code(self, environment: str, code: str, *arguments: str) -> Any:
        """Runs a program of an environment."""
        return run_program([str(self.python(environment)), "-c", code, *arguments], self.folders.root)

    # Whole processes -------------------------------------------------------------------------------------------

    def programs(self, measure: Measure) -> Json:
        """Runs the programs in turns; the first round of all is not counted, it warms the page cache."""
        programs = {key: each for key, each in measure.contestants.items() if isinstance(each, Program)}
        places = {}
        for program in programs.values():
            places |= {name: self.prepared(name) for name in program.arguments if name in ("onebit", "tfds")}
        usages: dict[str, list[Any]] = {key: [] for key in programs}
        said = set()
        for turn in range(self.turns(measure) + 1):
            for key, program in in_turn(programs.items(), turn):
                usage = self._run(program, places)
                said |= {usage.output.strip()} if program.says else set()
                if turn:
                    usages[key].append(usage)
                note(f"{measure.title}: {program.title}: {usage.seconds:.3f} s, {usage.memory / measures.MIB:.0f} MiB")
        if len(said) > 1:
            raise RuntimeError(f"{measure.title}: the contestants did not see the same images: {said}.")
        return {
            key: {
                "time": results.summary((usage.seconds for usage in found), "s"),
                "processor time": results.summary((usage.cpu for usage in found), "s"),
                "memory": results.summary((usage.memory for usage in found), "bytes"),
            }
            for key, found in usages.items()
        }

    # Within a process ------------------------------------------------------------------------------------------

    @contextmanager
    def workers(self, environments: Iterable[str]) -> Iterator[dict[str, Worker]]:
        """Fresh workers of some environments."""
        export = str(self.folders.root / "train.npy")
        setups: dict[str, dict[str, Any]] = {
            "onebit": {"data_dir": self.prepared("onebit"), "export": export},  # writes `export`: comes first
            "torch": {"export": export},
            "more": {"export": export, "folder": str(self.folders.root)},
        }
        if "tfds" in environments:
            setups["tfds"] = {"data_dir": self.prepared("tfds")}
        with ExitStack() as stack:
            found = {}
            for name, setup in setups.items():
                if name in environments:
                    found[name] = Worker(self.python(name), f"with_{name}", setup, self.folders.root)
                    stack.callback(found[name].close)
            yield found

    def tasks(self, chosen: dict[str, Measure]) -> dict[str, Json]:
        """Runs tasks in turns, with fresh workers in each turn, for luck with memory differs between processes."""
        values: dict[str, dict[str, list[float]]] = {
            name: {key: [] for key in measure.contestants} for name, measure in chosen.items()
        }
        needed = {each.environment for measure in chosen.values() for each in measure.contestants.values()}
        for turn in range(max(self.turns(measure) for measure in chosen.values())):
            with self.workers(needed) as workers:
                for name, measure in chosen.items():
                    if turn < self.turns(measure):
                        for key, seconds in self._turn(measure, workers, turn).items():
                            values[name][key].append(seconds)
        return {
            name: {
                key: {
                    "time": results.summary(seconds, "s"),
                    "rate": results.summary((TRAIN / each for each in seconds), "images/s"),
                }
                for key, seconds in found.items()
            }
            for name, found in values.items()
        }

    def _turn(self, measure: Measure, workers: dict[str, Worker], turn: int) -> dict[str, float]:
        tasks: dict[str, Any] = dict(measure.contestants)
        if turn == 0:
            seen = {}
            for key, task in tasks.items():
                answer = workers[task.environment].ask({"task": task.task, "verify": True})
                seen[key] = (answer["images"], answer["ones"])
            if len(set(seen.values())) != 1 or next(iter(seen.values()))[0] != TRAIN:
                raise RuntimeError(f"{measure.title}: the contestants did not deliver the same images: {seen}.")
        else:
            for task in tasks.values():
                if task.repeats > 1:  # what takes seconds needs no warming up
                    workers[task.environment].ask({"task": task.task})
        passes: dict[str, list[float]] = {key: [] for key in tasks}
        for number in range(max(task.repeats for task in tasks.values())):
            for key, task in in_turn(tasks.items(), turn + number):
                if number < task.repeats:
                    passes[key].append(workers[task.environment].ask({"task": task.task})["seconds"])
        medians = {key: statistics.median(seconds) for key, seconds in passes.items()}
        for key, seconds in medians.items():
            note(f"{measure.title}: {tasks[key].title}: {seconds * 1e3:.2f} ms, {TRAIN / seconds:,.0f} images/s")
        return medians

    # The other two ---------------------------------------------------------------------------------------------

    def installed(self) -> tuple[dict[str, str], Json]:
        """Bytes beyond an empty environment."""
        titles = {"onebit": "onebit", "tfds": "TFDS and TensorFlow", "torch": "PyTorch and NumPy"}
        base = self.environments.installed_bytes("empty")
        sizes = {}
        for name in titles:
            self.python(name)
            sizes[name] = self.environments.installed_bytes(name) - base
        sizes["floor"] = self.environments.installed_bytes("onebit", NUMPY)
        for name, size in sizes.items():
            note(f"Installed size: {name}: {size / measures.MIB:,.1f} MiB")
        found = {name: {"size": results.summary([size], "bytes")} for name, size in sizes.items()}
        return titles | {"floor": "NumPy"}, found

    def growth(self) -> tuple[dict[str, str], Json]:
        """Data sets of five sizes, each in processes of its own."""
        python, values = str(self.python("onebit")), {}
        batches = "300" if self.quick else "1000"
        titles = {}
        for size, images in measures.SIZES.items():
            run_program(
                [python, str(GROWTH), "make", str(self.folders.fresh(size)), str(images), "0"], self.folders.root
            )
        for turn in range(self.turns(measures.GROWTH)):
            for size, images in in_turn(measures.SIZES.items(), turn):
                for library in ("onebit", "numpy"):
                    folder = str(self.folders.root / size)
                    command = [python, str(GROWTH), library, folder, str(images), batches]
                    found = json.loads(run_program(command, self.folders.root).output)
                    key = f"{library}_{size}"
                    titles[key] = f"{'onebit' if library == 'onebit' else 'NumPy'}, {images:,} images"
                    for quantity, value in found.items():
                        values.setdefault(key, {}).setdefault(quantity, []).append(value)
                    note(f"Growth: {titles[key]}: {found['shuffled batch'] * 1e6:.0f} µs per shuffled batch")
        for size in measures.SIZES:
            shutil.rmtree(self.folders.root / size)
        ordered = [key for library in ("onebit", "numpy") for key in values if key.startswith(library)]
        ordered.sort(key=lambda key: (key.startswith("numpy"), measures.SIZES[key.partition("_")[2]]))
        units = {"memory": "bytes"}
        return titles, {
            key: {quantity: results.summary(found, units.get(quantity, "s")) for quantity, found in values[key].items()}
            for key in ordered
        }


TRAIN = 50_000  # images


def in_turn(contestants: Iterable[Any], turn: int) -> list[Any]:
    """The contestants, backwards in every other turn: nobody always comes after the same neighbour."""
    return list(contestants)[:: -1 if turn % 2 else 1]


def note(text: str) -> None:
    """A line of progress."""
    print(text, flush=True)


def assembled(measure: Measure, titles: dict[str, str], quantities: Json) -> Json:
    """A measure as ``results.json`` has it."""
    contestants = {key: {"title": titles[key], "quantities": found} for key, found in quantities.items()}
    return {
        "title": measure.title,
        "what": measure.what,
        "contestants": contestants,
        "ratios": [results.ratio(contestants, *which) for which in measure.ratios],
        "floor": measure.floor,
        "targets": [reached(target, contestants) for target in measure.targets],
    }


def reached(target: Target, contestants: Json) -> Json:
    """What came of a target, by the median."""
    if target.under is None:
        found = contestants[target.over]["quantities"][target.quantity]
    else:
        found = results.ratio(contestants, target.quantity, target.over, target.under)
    value, unit = found["median"], found["unit"]
    met = (target.at_least is None or value >= target.at_least) and (target.at_most is None or value <= target.at_most)
    return {"text": target.text, "reached": value, "unit": unit, "met": met}


def titles_of(measure: Measure) -> dict[str, str]:
    """The contestants' titles by key."""
    return {key: each.title for key, each in measure.contestants.items()}


def measured(run: Run, names: list[str]) -> Iterator[tuple[str, Json]]:
    """The measures, one after the other."""
    for name, measure in measures.PROGRAMS.items():
        if name in names:
            yield name, assembled(measure, titles_of(measure), run.programs(measure))
    if tasks := {name: each for name, each in (measures.TASKS | measures.MORE).items() if name in names}:
        for name, quantities in run.tasks(tasks).items():
            yield name, assembled(tasks[name], titles_of(tasks[name]), quantities)
    if "installed" in names:
        yield "installed", assembled(measures.INSTALLED, *run.installed())
    if "growth" in names:
        yield "growth", assembled(measures.GROWTH, *run.growth())


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("ONEBIT_TEST_DATA"), help="the real files")
    parser.add_argument("--only", action="append", choices=measures.NAMES, help="measure this; may be given often")
    parser.add_argument("--more", action="store_true", help="also Hugging Face datasets, h5py and grain")
    parser.add_argument("--quick", action="store_true", help="two turns each, marked as such in the results")
    parser.add_argument("--environments", type=Path, default=Path(__file__).parent.parent / ".venv-bench")
    parser.add_argument("--output", type=Path, default=results.PATH, help="where measures are merged in")
    parser.add_argument("--temporary", type=Path, help="folder for temporary files (1 GB; must allow sparse files)")
    for name in ("onebit", "tfds", "torch", "more"):
        parser.add_argument(f"--{name}-python", type=Path, metavar="PATH", help=f"use this one for {name}")
    options = parser.parse_args(arguments)
    if options.data is None or not Path(options.data).is_dir():
        parser.error("Type --data DIR, or set ONEBIT_TEST_DATA: the folder with binarized_mnist/upstream/*.amat.xz.")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Measures, and merges what was measured."""
    options = parsed(arguments)
    names = options.only or [name for name in measures.NAMES if name not in measures.MORE]
    names += [name for name in measures.MORE if options.more and name not in names]
    given = {name: getattr(options, f"{name}_python") for name in ("onebit", "tfds", "torch", "more")}
    interpreters = {name: path.absolute() for name, path in given.items() if path}
    environments = Environments(options.environments.absolute(), interpreters)
    start = datetime.datetime.now(datetime.UTC)
    stored = results.load(options.output)
    with tempfile.TemporaryDirectory(prefix="onebit-bench-", dir=options.temporary) as temporary:
        run = Run(Folders(Path(temporary), Path(options.data)), environments, options.quick)
        for name, measure in measured(run, names):
            about = {
                "date": start.isoformat(timespec="seconds"),
                "quick": options.quick,
                "machine": machine.describe(),
                "load": machine.load(),
                "packages": {each: environments.versions(each) for each in sorted(run.used)},
            }
            results.merge(stored, start.strftime("%Y%m%dT%H%M%SZ"), about, name, measure)
            results.save(stored, options.output)
            for target in measure["targets"]:
                note(f"{'  met' if target['met'] else 'MISSED'}: {target['text']}: {target['reached']:.4g}")
    seconds = (datetime.datetime.now(datetime.UTC) - start).total_seconds()
    note(f"{options.output} is written ({seconds:.0f} s). Now type: {sys.executable} benchmarks/table.py")


if __name__ == "__main__":
    main()
