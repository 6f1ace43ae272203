"""How well work is shared out: ``python benchmarks/workers.py`` writes workers.json and the table of docs/workers.md.

Annealing of an RBM with 784 pixels and 500 hidden units in groups of 100 chains, by one and two local processes, by one
and two Dask workers, and by two processes that each do half of the groups and know nothing of one another: what the
machine gives at best. Contestants take turns; an efficiency is formed within a turn, so that other work on the machine
weighs on both sides. ``--check`` only compares the page with workers.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, wait
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import machine
import numpy as np
import table

from onebit.evaluation import RBM, FactorialBase, chunks, executors, open_executor, partition, schedules

ROOT = Path(__file__).parent.parent
RESULTS, PAGE = Path(__file__).with_name("workers.json"), ROOT / "docs" / "workers.md"
PIXELS, HIDDEN, GROUPS = 784, 500, 8
SMALL = 20  # temperatures, for getting ready


def work(temperatures: int) -> partial[Any]:
    """What is done for one group of chains."""
    rng = np.random.default_rng(0)
    rbm = RBM(rng.normal(0, 0.1, (PIXELS, HIDDEN)), rng.normal(-2, 1, PIXELS), rng.normal(-1, 1, HIDDEN))
    base = FactorialBase(rng.normal(-2, 1, PIXELS))
    return partial(
        partition._forward, partition.Walk(rbm, base, (28, 28, 1), schedules.linear(temperatures), "numpy", 0)
    )


def shared(executor: Executor, temperatures: int, groups: int) -> float:
    """Seconds that an executor takes for some groups."""
    started = time.perf_counter()
    sharing = executors.sharing(executor, None, None)
    chunks.share_out(work(temperatures), range(groups), groups, title="", executor=sharing)
    return time.perf_counter() - started


def several(task: partial[Any], groups: list[int]) -> None:
    for group in groups:
        task(group)


def apart(pool: ProcessPoolExecutor, temperatures: int, groups: int) -> float:
    """Seconds that two processes take which each get their half once, and have nothing else to do with one another."""
    task, started = work(temperatures), time.perf_counter()
    halves = [list(range(first, groups, 2)) for first in range(2)]
    done = wait([pool.submit(several, task, half) for half in halves]).done
    for each in done:
        each.result()
    return time.perf_counter() - started


def measure(turns: int, temperatures: int) -> dict[str, Any]:
    sys.path.insert(0, str(ROOT))
    from tests.evaluation.cluster import cluster

    starting = {}

    def opened(stack: ExitStack, key: str, **arguments: Any) -> Callable[[], float]:
        started = time.perf_counter()
        executor = stack.enter_context(open_executor(**arguments))
        assert executor is not None
        shared(executor, SMALL, GROUPS)
        starting[key] = time.perf_counter() - started
        return lambda: shared(executor, temperatures, GROUPS)

    with ExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contestants: dict[str, Callable[[], float]] = {}
        for count in (1, 2):
            contestants[f"local_{count}"] = opened(stack, f"local_{count}", workers=count)
        for count in (1, 2):
            folder = room / str(count)
            folder.mkdir()
            made = stack.enter_context(cluster(folder, count))
            contestants[f"dask_{count}"] = opened(stack, f"dask_{count}", address=made.address)
        pool = stack.enter_context(ProcessPoolExecutor(2, executors._OneThreadContext()))
        apart(pool, SMALL, GROUPS)
        contestants["apart"] = lambda: apart(pool, temperatures, GROUPS)
        seconds: dict[str, list[float]] = {key: [] for key in contestants}
        for turn in range(turns):
            order = list(contestants.items())
            for key, run in order if turn % 2 == 0 else reversed(order):
                seconds[key].append(run())
            print({key: round(times[-1], 2) for key, times in seconds.items()}, file=sys.stderr, flush=True)
    return {
        "schema": 1,
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine.describe(),
        "load": machine.load(),
        "groups": GROUPS,
        "chains_in_a_group": partition.CHAINS_AT_ONCE,
        "temperatures": temperatures,
        "seconds": seconds,
        "first_answer_seconds": starting,
    }


TITLES = {
    "local_1": "`--workers 1`",
    "local_2": "`--workers 2`",
    "dask_1": "Dask, one worker",
    "dask_2": "Dask, two workers",
    "apart": "two processes that share nothing (the most that this machine gives)",
}
_REFERENCE = {"local_2": "local_1", "dask_2": "dask_1", "apart": "local_1"}


def page_table(content: dict[str, Any]) -> str:
    """The table of the page."""
    seconds = content["seconds"]
    lines = ["| | seconds | times as fast as one | efficiency |", "|---|---:|---:|---:|"]
    for key, title in TITLES.items():
        taken = f"{statistics.median(seconds[key]):.2f} ({min(seconds[key]):.2f} to {max(seconds[key]):.2f})"
        if key not in _REFERENCE:
            lines.append(f"| {title} | {taken} | | |")
            continue
        gains = [one / two for one, two in zip(seconds[_REFERENCE[key]], seconds[key], strict=True)]
        low, middle, high = min(gains), statistics.median(gains), max(gains)
        lines.append(f"| {title} | {taken} | {middle:.2f} ({low:.2f} to {high:.2f}) | {middle / 2:.0%} |")
    first = content["first_answer_seconds"]
    lines += [
        "",
        f"{content['groups']} groups of {content['chains_in_a_group']} chains, {content['temperatures']:,} "
        f"temperatures; medians and ranges of {len(seconds['local_1'])} turns. "
        f"{machine.words(content, content['machine']['python'])}; {machine.words_of_load(content)}. "
        "Until the first small answer, with everything that is imported: two local processes "
        f"{first['local_2']:.1f} s, two Dask workers that run already {first['dask_2']:.1f} s.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--temperatures", type=int, default=400)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only-page", action="store_true")
    given = parser.parse_args()
    if not given.check and not given.only_page:
        RESULTS.write_text(json.dumps(measure(given.turns, given.temperatures), indent=1) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    new = table.with_table(text, page_table(json.loads(RESULTS.read_text(encoding="utf-8"))))
    if given.check and new != text:
        sys.exit(f"{PAGE.name} is not what workers.json makes: type python benchmarks/workers.py --only-page")
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
