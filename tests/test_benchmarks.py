"""The benchmark's results have the form that is described, and the tables are what is made from them."""

from __future__ import annotations

import copy
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
MODULES = (
    "results",
    "table",
    "measures",
    "processes",
    "machine",
    "environments",
    "run",
    "frameworks",
    "workers",
    "explorer",
    "beside",
)


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The modules of the benchmark, which is a folder of scripts and not a package."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    for name in MODULES:  # a folder of tests may have a file of the same name, which is put back afterwards
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def committed(modules: dict[str, ModuleType]) -> Any:
    return json.loads((BENCHMARKS / "results.json").read_text(encoding="utf-8"))


def test_results_have_their_form(modules: dict[str, ModuleType], committed: Any) -> None:
    assert list(modules["results"].check(committed)) == []
    assert set(committed["measures"]) >= {*modules["measures"].PROGRAMS, *modules["measures"].TASKS}


def test_every_target_is_in_the_results(modules: dict[str, ModuleType], committed: Any) -> None:
    measures = modules["measures"]
    known = measures.PROGRAMS | measures.TASKS | {"installed": measures.INSTALLED, "growth": measures.GROWTH}
    for name, measure in known.items():
        stored = committed["measures"][name]
        assert [target["text"] for target in stored["targets"]] == [target.text for target in measure.targets]
        for target, found in zip(measure.targets, stored["targets"], strict=True):
            assert modules["run"].reached(target, stored["contestants"]) == found


@pytest.mark.parametrize("place", [0, 1], ids=["README.md", "performance.md"])
def test_tables_come_from_the_results(modules: dict[str, ModuleType], committed: Any, place: int) -> None:
    page, make = modules["table"].PAGES[place]
    text = page.read_text(encoding="utf-8")
    assert modules["table"].with_table(text, make(committed)) == text, "type: python benchmarks/table.py"


def test_frameworks(modules: dict[str, ModuleType]) -> None:
    """Their results have the same form, name the same contestants and ratios, and make the table of the guide."""
    stored = json.loads((BENCHMARKS / "frameworks.json").read_text(encoding="utf-8"))
    assert list(modules["results"].check(stored)) == []
    for name, found in stored["measures"].items():
        measure = modules["frameworks"].MEASURES[name]
        assert {key: each["title"] for key, each in found["contestants"].items()} == {
            key: each.title for key, each in measure.contestants.items()
        }
        assert [(each["quantity"], each["over"], each["under"]) for each in found["ratios"]] == list(measure.ratios)
    page, make = modules["table"].FRAMEWORKS_PAGE
    text = page.read_text(encoding="utf-8")
    assert modules["table"].with_table(text, make(stored)) == text, "type: python benchmarks/table.py"


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda results: results.update(schema=0), "schema is not 1"),
        (lambda results: results["measures"]["load"].update(run="never"), "refers to run never"),
        (lambda results: results["measures"]["load"].update(floor="nobody"), "its floor nobody is no contestant"),
        (lambda results: results["measures"]["load"].pop("targets"), "lacks ['targets']"),
        (lambda results: results["measures"]["load"]["ratios"][0].update(median=1e9), "is not that of their values"),
        (
            lambda results: results["measures"]["load"]["contestants"]["onebit"]["quantities"]["time"].update(min=0),
            "median, min and max are not those of its values",
        ),
    ],
)
def test_results_that_were_changed_by_hand_are_found(
    modules: dict[str, ModuleType], committed: Any, damage: Any, problem: str
) -> None:
    changed = copy.deepcopy(committed)
    damage(changed)
    assert any(problem in sentence for sentence in modules["results"].check(changed))


def test_merging_replaces_a_measure_and_forgets_its_run(modules: dict[str, ModuleType], committed: Any) -> None:
    results = modules["results"]
    merged = results.empty()
    run = next(iter(committed["runs"].values()))
    measure = {key: value for key, value in committed["measures"]["load"].items() if key != "run"}
    results.merge(merged, "first", run, "load", measure)
    results.merge(merged, "second", run, "load", measure)
    assert list(merged["runs"]) == ["second"]
    assert list(results.check(merged)) == []


def test_ratios_are_formed_within_a_turn(modules: dict[str, ModuleType]) -> None:
    results = modules["results"]
    contestants = {
        "slow": {"quantities": {"time": results.summary([10, 40, 90], "s")}},
        "fast": {"quantities": {"time": results.summary([1, 2, 3], "s")}},
    }
    found = results.ratio(contestants, "time", "slow", "fast")
    assert found["values"] == [10, 20, 30]
    assert (found["median"], found["min"], found["max"]) == (20, 10, 30)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0000124, "s", "12.4 µs"),
        (0.01, "s", "10.0 ms"),
        (12.06, "s", "12.1 s"),
        (5_031_000, "images/s", "5.03 M/s"),
        (9786, "images/s", "9,790/s"),
        (36 * 2**20, "bytes", "36.0 MiB"),
        (1771 * 2**20, "bytes", "1,770 MiB"),
    ],
)
def test_figures_have_three_digits(modules: dict[str, ModuleType], value: float, unit: str, text: str) -> None:
    assert modules["table"].figure(value, unit) == text


@pytest.mark.skipif(sys.platform == "win32", reason="wait4 is not there")
def test_usage_of_a_process_is_its_own(modules: dict[str, ModuleType], tmp_path: Path) -> None:
    """Not that of the process that started it, which has as much memory as pytest."""
    code = "import time; block = bytearray(b'1') * (40 << 20); time.sleep(0.2); print(len(block))"
    small = modules["processes"].run_program([sys.executable, "-c", "pass"], tmp_path)
    large = modules["processes"].run_program([sys.executable, "-c", code], tmp_path)
    assert small.memory < 25 << 20
    assert 40 << 20 < large.memory < 80 << 20
    assert large.seconds > 0.2
    assert large.output.strip() == str(40 << 20)
    with pytest.raises(RuntimeError, match="ended with status 3"):
        modules["processes"].run_program([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)


def test_the_page_on_workers_comes_from_its_results(modules: dict[str, ModuleType]) -> None:
    workers = modules["workers"]
    content = json.loads(workers.RESULTS.read_text(encoding="utf-8"))
    text = workers.PAGE.read_text(encoding="utf-8")
    assert modules["table"].with_table(text, workers.page_table(content)) == text, (
        "type: python benchmarks/workers.py --only-page"
    )


def test_the_page_on_the_explorer_comes_from_its_results(modules: dict[str, ModuleType]) -> None:
    explorer, beside = modules["explorer"], modules["beside"]
    text = explorer.PAGE.read_text(encoding="utf-8")
    content = json.loads(explorer.RESULTS.read_text(encoding="utf-8"))
    assert modules["table"].with_table(text, explorer.page_table(content)) == text, (
        "type: python benchmarks/explorer.py --only-page"
    )
    assert beside.page_table(json.loads(beside.RESULTS.read_text(encoding="utf-8"))) in text, (
        "type: python benchmarks/beside.py --only-page"
    )
