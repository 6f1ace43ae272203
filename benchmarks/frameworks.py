"""Each adapter beside what its framework's users would do instead, on the real data.

    python benchmarks/frameworks.py --data DIR [--only torch ...] [--quick] [--python PATH]

Measures are merged into frameworks.json, from which ``table.py`` makes the table of docs/frameworks.md. How it is
measured is said in docs/performance.md; here all frameworks are in one environment, and a framework's contestants in
one process, a fresh one in each turn.
"""

from __future__ import annotations

import argparse
import datetime
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import machine
import results
from environments import Environments
from measures import Measure, Task
from processes import Worker
from run import Folders, Run, assembled, note, titles_of

PATH = Path(__file__).parent / "frameworks.json"
ENVIRONMENT = "frameworks"
_WHAT = "All 50,000 images of train in random order, another one in each epoch, in batches of 128"

MEASURES = {
    "torch": Measure(
        "PyTorch",
        f"{_WHAT}, as tensors of uint8.",
        {
            "ready": Task("ds.shuffle().batch(128).to_torch()", "torch", "ready", 9),
            "loader": Task("DataLoader over ds.to_torch()", "torch", "loader", 3),
            "bulk": Task("DataLoader over ds.to_torch(), BatchSampler", "torch", "bulk", 3),
            "usual": Task("DataLoader over TensorDataset", "torch", "usual", 3),
            "tfds": Task("DataLoader over tfds.data_source", "torch", "tfds"),
            "loader_2": Task("DataLoader over ds.to_torch(), 2 workers", "torch", "loader_2"),
            "usual_2": Task("DataLoader over TensorDataset, 2 workers", "torch", "usual_2"),
        },
        5,
        (
            ("rate", "ready", "usual"),
            ("rate", "bulk", "usual"),
            ("rate", "loader", "usual"),
            ("rate", "loader", "tfds"),
            ("rate", "loader_2", "usual_2"),
        ),
        (),
        None,
    ),
    "jax": Measure(
        "JAX",
        f"{_WHAT}, as arrays of uint8 on the device, which here is the processor: moving bits saves nothing there, and "
        "costs the unpacking.",
        {
            "plain": Task("ds.shuffle().batch(128).to_jax()", "jax", "plain", 9),
            "packed": Task("ds.shuffle().batch(128).to_jax(packed=True)", "jax", "packed", 9),
            "usual": Task("device_put of x[order[a:b]]", "jax", "usual", 9),
            "asarray": Task("jnp.asarray of x[order[a:b]]", "jax", "asarray", 9),
        },
        5,
        (("rate", "plain", "usual"), ("rate", "plain", "asarray"), ("rate", "packed", "usual")),
        (),
        None,
    ),
    "tf": Measure(
        "tf.data",
        f"{_WHAT}, as tensors of uint8, with prefetch.",
        {
            "ready": Task("ds.shuffle().batch(128).to_tf()", "tf", "ready", 3),
            "examples": Task("ds.to_tf().shuffle(50000).batch(128)", "tf", "examples", 3),
            "slices": Task("from_tensor_slices(x).shuffle(50000).batch(128)", "tf", "slices", 3),
            "tfds_cached": Task("tfds.load, a cached epoch", "tf", "tfds_cached", 3),
            "tfds_first": Task("tfds.load, its first epoch", "tf", "tfds_first"),
        },
        5,
        (
            ("rate", "ready", "slices"),
            ("rate", "ready", "tfds_cached"),
            ("rate", "ready", "tfds_first"),
            ("rate", "examples", "tfds_cached"),
        ),
        (),
        None,
    ),
    "grain": Measure(
        "Grain",
        f"{_WHAT}, as NumPy arrays.",
        {
            "ready": Task("ds.shuffle().batch(128).to_grain()", "grain", "ready", 5),
            "examples": Task("ds.to_grain().shuffle().batch(128)", "grain", "examples"),
            "usual": Task("MapDataset.source(x).shuffle().batch(128)", "grain", "usual"),
        },
        5,
        (("rate", "ready", "usual"), ("rate", "examples", "usual")),
        (),
        None,
    ),
    "hf_made": Measure(
        "Hugging Face datasets: making the table",
        "A datasets.Dataset of the 50,000 images with an Array3D feature.",
        {
            "made": Task("ds.to_hf()", "hf", "made"),
            "usual": Task("Dataset.from_dict({'image': x})", "hf", "usual_made"),
        },
        5,
        (("rate", "made", "usual"),),
        (),
        None,
    ),
    "hf": Measure(
        "Hugging Face datasets",
        f"{_WHAT}, as NumPy arrays, from such a table. The second way makes a new table in each epoch.",
        {
            "shuffled": Task("ds.to_hf().shuffle()", "hf", "shuffled"),
            "before": Task("ds.shuffle().to_hf()", "hf", "shuffled_before"),
            "usual": Task("Dataset.from_dict({'image': x}).shuffle()", "hf", "usual_shuffled"),
        },
        5,
        (("rate", "shuffled", "usual"), ("rate", "before", "usual")),
        (),
        None,
    ),
}


class FrameworkRun(Run):
    """All contestants have one environment, and each framework a process."""

    def __init__(self, folders: Folders, environments: Environments, quick: bool) -> None:
        super().__init__(folders, environments, quick)
        self.used = {ENVIRONMENT}

    def python(self, environment: str) -> Path:
        """The one interpreter."""
        return self.environments.python(ENVIRONMENT)

    def random_access_folder(self) -> str:
        """The data set as TFDS prepares it for ``tfds.data_source``."""
        folder = self.folders.root / "tfds_array_record"
        if not folder.exists():
            folder.mkdir()
            code = (
                "import sys, tensorflow_datasets as tfds; tfds.disable_progress_bar(); "
                "tfds.builder('binarized_mnist', data_dir=sys.argv[1], file_format='array_record')"
                ".download_and_prepare(download_dir=sys.argv[2])"
            )
            self.run_code(ENVIRONMENT, code, str(folder), str(self.folders.downloads()))
        return str(folder)

    @contextmanager
    def workers(self, environments: Iterable[str]) -> Iterator[dict[str, Worker]]:
        """A fresh worker for each framework."""
        setups: dict[str, dict[str, Any]] = {name: {"data_dir": self.prepared("onebit")} for name in environments}
        if "torch" in setups:
            setups["torch"]["tfds_dir"] = self.random_access_folder()
        if "tf" in setups:
            setups["tf"]["tfds_dir"] = self.prepared("tfds")
        with ExitStack() as stack:
            found = {}
            for name, setup in setups.items():
                found[name] = Worker(self.python(name), f"adapter_{name}", setup, self.folders.root)
                stack.callback(found[name].close)
            yield found


def main(arguments: list[str] | None = None) -> None:
    """Measures, and merges what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("ONEBIT_TEST_DATA"), help="the real files")
    parser.add_argument("--only", action="append", choices=MEASURES, help="measure this; may be given often")
    parser.add_argument("--quick", action="store_true", help="two turns each, marked as such in the results")
    parser.add_argument("--environments", type=Path, default=Path(__file__).parent.parent / ".venv-bench")
    parser.add_argument("--output", type=Path, default=PATH, help="where measures are merged in")
    parser.add_argument("--python", type=Path, help="an interpreter with onebit and all frameworks")
    options = parser.parse_args(arguments)
    if options.data is None or not Path(options.data).is_dir():
        parser.error("Type --data DIR, or set ONEBIT_TEST_DATA: the folder with binarized_mnist/upstream/*.amat.xz.")
    given = {ENVIRONMENT: options.python.absolute()} if options.python else {}
    environments = Environments(options.environments.absolute(), given)
    start = datetime.datetime.now(datetime.UTC)
    stored = results.load(options.output)
    chosen = {name: MEASURES[name] for name in options.only or MEASURES}
    with tempfile.TemporaryDirectory(prefix="onebit-bench-") as temporary:
        run = FrameworkRun(Folders(Path(temporary), Path(options.data)), environments, options.quick)
        for name, measure in chosen.items():
            quantities = run.tasks({name: measure})[name]
            about = {
                "date": start.isoformat(timespec="seconds"),
                "quick": options.quick,
                "machine": machine.describe(),
                "load": machine.load(),
                "packages": {ENVIRONMENT: environments.versions(ENVIRONMENT)},
            }
            found = assembled(measure, titles_of(measure), quantities)
            results.merge(stored, start.strftime("%Y%m%dT%H%M%SZ"), about, name, found)
            results.save(stored, options.output)
            for ratio in found["ratios"]:
                spread = f"{ratio['min']:.2f} to {ratio['max']:.2f}"
                note(f"{measure.title}: {ratio['over']} / {ratio['under']}: {ratio['median']:.2f} ({spread})")


if __name__ == "__main__":
    main()
