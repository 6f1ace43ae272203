"""The plan of the house: who may import whom. docs/architecture.md draws the same floors."""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import onebit

SOURCES = Path(onebit.__file__).parent

# A module imports from its own floor and from floors below. A package's floor is that of all modules in it.
FLOORS = {
    8: ["", "__main__", "cli"],
    7: ["site", "explorer", "auditing"],
    6: ["leaderboard", "models"],
    5: [
        "views", "comparison", "verdicts", "identification", "verification", "exporting", "interop", "evaluation",
        "compat", "mlpython", "testing", "tfds_names", "timing",
    ],
    4: ["selections", "registry", "loading"],
    3: ["builders", "datasets", "generation", "tfds_folders"],
    2: [
        "store", "tables", "stages", "pipeline", "reading", "transfers", "sources", "downloads", "canonical",
        "decoding", "tfds_records", "tfds_stores",
    ],
    1: [
        "formats", "features", "versions", "splits", "orders", "permutations", "metadata", "descriptions", "checksums",
        "example_columns",
    ],
    0: ["errors", "late_imports", "locations", "logspace", "progress", "__about__"],
}  # fmt: skip

# What an object shows of itself is drawn by the views above it; the reference of the public names, and what stands in
# for those of TFDS, ask the package for them. These imports wait until somebody looks.
LOOKING_UP = {
    ("compat", ""),
    ("metadata", "views.notebook"),
    ("pipeline", "interop.grain_sources"),
    ("pipeline", "interop.hugging_face"),
    ("pipeline", "explorer.notebook"),
    ("pipeline", "interop.jax_arrays"),
    ("pipeline", "interop.pytorch"),
    ("pipeline", "interop.tf_data"),
    ("pipeline", "views.contact_sheets"),
    ("pipeline", "views.notebook"),
    ("site.api_reference", ""),
}

# Above this floor a module may need a dependency as a whole; below, the one function that needs it imports it.
HIGHEST_WITHOUT_DEPENDENCIES = 5
WHOLE = {"evaluation.fused": {"jax"}}  # and these, which are imported only when they are used


class Import(NamedTuple):
    """One import statement's target. `eager` ones run when the importing module is imported."""

    module: str
    eager: bool
    for_types: bool


@functools.cache
def modules() -> dict[str, Path]:
    """Name without ``onebit.`` ("" for the package itself) and file of each module."""
    found = {}
    for path in sorted(SOURCES.rglob("*.py")):
        parts = path.relative_to(SOURCES).with_suffix("").parts
        found[".".join(parts).removesuffix("__init__").rstrip(".")] = path
    return found


def imports(path: Path) -> Iterator[Import]:
    def walk(node: ast.AST, eager: bool, for_types: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, eager, for_types) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path.name} has a relative import"
                for alias in child.names:
                    full = f"{child.module}.{alias.name}"
                    known = full.removeprefix("onebit.") in modules()
                    yield Import(full if known else str(child.module), eager, for_types)
            inner = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            yield from walk(child, eager and not inner and not typing, for_types or typing)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), True, False)


def own(module: str) -> str | None:
    """The name without ``onebit.`` of a module of ours, else None."""
    if module == "onebit":
        return ""
    return module.removeprefix("onebit.") if module.startswith("onebit.") else None


def floor(module: str) -> int:
    top = module.partition(".")[0]
    found = [number for number, rooms in FLOORS.items() if top in rooms]
    assert found, f"onebit.{module} has no floor yet: give it one here and in docs/architecture.md."
    return found[0]


def test_the_documentation_draws_these_floors() -> None:
    drawn = (SOURCES.parent.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {int(n): re.split(r"\s{4,}", text)[0].split() for n, text in re.findall(r"^    (\d)  (\S.*)$", drawn, re.M)}
    assert rooms.keys() >= {0, 1, 2, 3, 4, 5, 6, 8}
    for number, names in rooms.items():
        known = {room or "__init__" for room in FLOORS[number]}
        assert {name.partition("/")[0] for name in names} <= known


@pytest.mark.parametrize("module", modules())
def test_no_import_goes_up(module: str) -> None:
    for target, _, for_types in imports(modules()[module]):
        ours = own(target)
        if ours is None or for_types:  # a type that is only named is no dependency
            continue
        assert floor(ours) <= floor(module) or (module, ours) in LOOKING_UP, (
            f"onebit.{module} (floor {floor(module)}) imports onebit.{ours} (floor {floor(ours)}), which is above it."
        )


def test_looking_up_is_late_and_still_needed() -> None:
    for module, above in LOOKING_UP:
        found = [found for found in imports(modules()[module]) if own(found.module) == above]
        assert found, f"onebit.{module} no longer imports onebit.{above}: strike it from the list."
        assert not any(one.eager for one in found)


def test_no_import_goes_round() -> None:
    """Of imports that run when a module is imported; packages are imported with the modules in them."""
    graph = {
        module: {own(found.module) for found in imports(path) if found.eager and own(found.module)} - {module}
        for module, path in modules().items()
        if module
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"these modules import each other: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("module", modules())
def test_dependencies_are_imported_where_they_are_needed(module: str) -> None:
    if floor(module) > HIGHEST_WITHOUT_DEPENDENCIES:
        return
    allowed = {*sys.stdlib_module_names, "numpy", "onebit", *WHOLE.get(module, ())}
    eager = {found.module for found in imports(modules()[module]) if found.eager}
    assert {name for name in eager if name.partition(".")[0] not in allowed} == set()


def test_no_file_has_a_name_that_says_nothing() -> None:
    nothing = {"utils", "util", "common", "core", "misc", "helpers", "helper", "base"}
    assert not {name for name in modules() if set(name.split(".")) & nothing}


def test_no_two_test_files_have_the_same_name() -> None:
    """pytest imports them by their names alone, and stops at the second one."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert {name for name in names if names.count(name) > 1} == set()


def test_no_module_has_the_name_of_a_public_function() -> None:
    """``onebit.load`` must not turn from a function into a module when somebody imports the latter."""
    public = {name for name in dir(onebit) if callable(getattr(onebit, name))}
    assert not public & {name for name in modules() if "." not in name}


def test_data_sets_know_no_other_data_set() -> None:
    """Adding one adds one folder under datasets/ and edits no other file."""
    names = {path.parent.name for path in (SOURCES / "datasets").glob("*/record.json")}
    assert names
    for module, path in modules().items():
        home = module.split(".")[1] if module.startswith("datasets.") else None
        for found in imports(path):
            target = (own(found.module) or "").split(".")
            if target[0] == "datasets" and len(target) > 1 and floor(module) <= 4:
                assert target[1] == home, f"onebit.{module} imports the data set {target[1]}"
