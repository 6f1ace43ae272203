"""Which data set answers to a name: a folder of ``onebit.datasets``, or a class that was defined elsewhere."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from onebit.builders import PACKAGED, REGISTERED, DatasetBuilder, snake_case
from onebit.errors import DatasetNotFoundError

_DATASETS = PACKAGED
_NAME = re.compile(
    r"(?:(?P<namespace>\w+):(?!experimental_latest\b))?(?P<name>\w+)(?:/(?P<config>(?!\.+(?:[:/]|$))[\w.\-]+))?"
    r"(?::(?P<version>(?:\d+|\*)(?:\.(?:\d+|\*)){2}|experimental_latest))?"
    r"(?:/(?P<arguments>\w+=[^,/]+(?:,\w+=[^,/]+)*))?",
    re.ASCII,
)
_LONGEST_NAME = 500


class ParsedName(NamedTuple):
    """A data set's name as users write it, taken apart."""

    name: str
    config: str | None
    version: str | None
    arguments: dict[str, Any]


def parse_name(text: str | os.PathLike[str]) -> ParsedName:
    """Takes ``name[/config][:version][/key=value,...]`` apart; ``CamelCase`` becomes ``snake_case``.

    Raises:
        ValueError: the text is no such name.
        TypeError: it is not a text.
        DatasetNotFoundError: it has a namespace, which onebit has none of.
    """
    if not isinstance(text, str):
        raise TypeError(
            f"The name of a data set is a text such as 'binarized_mnist', not {text!r} (a {type(text).__name__})."
        )
    match = _NAME.fullmatch(text) if len(text) <= _LONGEST_NAME else None
    if match is None:
        raise ValueError(
            f"Parsing builder name string {text[:_LONGEST_NAME]!r} failed. A name is like 'binarized_mnist' or, with a "
            "version of three parts, 'binarized_mnist:1.0.0' or 'binarized_mnist:1.*.*'. For a data set of your own "
            "give the file or the folder of its code, such as './my_dataset'; here there is none."
        )
    if match["namespace"]:
        raise DatasetNotFoundError(
            f"{text!r} asks for {match['name']!r} in the namespace {match['namespace']!r}; onebit has no namespaces. "
            f"For a version, write three parts: {match['namespace']}:1.0.0"
        )
    pairs = (pair.split("=", 1) for pair in (match["arguments"] or "").split(",") if pair)
    return ParsedName(
        snake_case(match["name"]),
        match["config"],
        match["version"],
        {key: _cast(value) for key, value in pairs},
    )


def _cast(value: str) -> bool | int | float | str:
    if value in ("True", "False"):
        return value == "True"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def list_builders() -> list[str]:
    """The names of all data sets, sorted: those of the package, and those whose classes have been defined."""
    return sorted({*packaged_names(), *REGISTERED})


def packaged_names() -> list[str]:
    """The names of the data sets of the package, sorted."""
    return sorted(record.parent.name for record in _DATASETS.glob("*/record.json"))


def find_builder_class(name: str) -> type[DatasetBuilder]:
    """The class of a data set.

    Raises:
        DatasetNotFoundError: no data set has this name.
    """
    if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and (_DATASETS / name / "record.json").is_file():
        packaged: type[DatasetBuilder] = importlib.import_module(f"onebit.datasets.{name}").Builder
        return packaged
    if name in REGISTERED:
        return REGISTERED[name]
    import difflib

    names = list_builders()
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean: {name} -> {close[0]} ?" if close else ""
    raise DatasetNotFoundError(
        f"Dataset {name} not found.{hint} Available datasets: {', '.join(names)}. A data set of your own is known once "
        "its module is imported; or give its path, such as ./my_dataset."
    )


# Code that is found by its path --------------------------------------------------------------------------------------


def code_at(name: Any) -> Path | None:
    """The file with a data set's code, where what was given for a name is the path of one, such as ``./my_dataset``.

    Args:
        name: a path that begins with ``/``, ``./``, ``../`` or ``~``, or ends with ``.py``. It may lead to a file; or
            to a folder ``my_dataset`` with ``my_dataset_dataset_builder.py``, ``my_dataset.py``, or ``record.json`` and
            ``__init__.py``.

    Returns:
        The file, or None where there is none: then it is a name after all, or a mistake.
    """
    text = os.fspath(name) if isinstance(name, (str, os.PathLike)) else b""
    if not isinstance(text, str) or not (
        isinstance(name, os.PathLike) or text.endswith(".py") or text.startswith((".", "~", "/"))
    ):
        return None
    try:
        path = Path(text).expanduser().absolute()
        names = [f"{path.name}_dataset_builder.py", f"{path.name}.py"]
        if (path / "record.json").is_file():
            names.insert(0, "__init__.py")
        files = [path] if path.suffix == ".py" else [path / file for file in names]
        return next((file for file in files if file.is_file()), None)
    except (OSError, RuntimeError, ValueError):  # too long for a path, a user that there is not, a zero byte
        return None


def class_in(file: Path) -> type[DatasetBuilder]:
    """The class of a data set in a file. The code runs, as it does when it is imported.

    Raises:
        DatasetNotFoundError: it has none, or several.
    """
    module = _import_file(file)
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, DatasetBuilder) and value.__module__ == module.__name__
    ]
    named = [value for value in found if value.__name__ == "Builder"] or found
    if len(named) != 1:
        has = f"has {', '.join(value.__name__ for value in named)}" if named else "has no class of a data set"
        raise DatasetNotFoundError(
            f"{file} {has}; it must have one: a class Builder, or one that is a onebit.GeneratorBasedBuilder."
        )
    return named[0]


def _import_file(file: Path) -> ModuleType:
    """Imports a file as a module of a package that stands for its folder, so that relative imports work."""
    import hashlib
    import sys
    from importlib.util import module_from_spec, spec_from_file_location

    from onebit.generation import taken_names_allowed

    folder = file.parent
    package = f"_onebit_{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    module = package if file.name == "__init__.py" else f"{package}.{file.stem}"
    before = sys.modules.pop(module, None)  # it may have been edited since
    with taken_names_allowed():
        try:
            if package not in sys.modules:
                init = folder / "__init__.py"
                spec = spec_from_file_location(package, init, submodule_search_locations=[str(folder)])
                assert spec is not None
                assert spec.loader is not None
                sys.modules[package] = module_from_spec(spec)
                if init.is_file():
                    spec.loader.exec_module(sys.modules[package])
            return importlib.import_module(module)
        except BaseException:
            sys.modules.pop(module, None)
            sys.modules.pop(package, None)
            if before is not None:
                sys.modules[module] = before
            raise
