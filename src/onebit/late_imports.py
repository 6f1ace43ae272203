"""Names of a package that are imported when they are first asked for, so that importing the package costs little."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping
from typing import Any


def late_names(
    package: str, places: Mapping[str, str], *, modules: Collection[str] = (), instead: Mapping[str, str] | None = None
) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package (PEP 562).

    Args:
        package: its name.
        places: public names, and the full name of the module that each is imported from.
        modules: modules of the package that are themselves public names.
        instead: what to write in place of names that it has not, for the error.

    Returns:
        A function that gives the object of a name, and raises `AttributeError` for any other name.
    """

    def found(name: str) -> Any:
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        if name not in places:
            hint = (instead or {}).get(name)
            raise AttributeError(f"module {package!r} has no attribute {name!r}{f'. {hint}' if hint else ''}")
        return getattr(importlib.import_module(places[name]), name)

    return found
