"""Parts of the site that other modules make: the explorer and the leaderboard. What does not exist is not linked.

A part exists where its module does. The module has one function, ``files(builders)``: it takes the data sets and gives
the contents of files by their path inside the part's folder, ``index.html`` among them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder


class Place(NamedTuple):
    """A part of the site.

    Attributes:
        key: its folder.
        title: the text of links to it.
        module: what makes it.
        fragment: what a link from the page of a data set ends with; ``{name}`` is the data set.
    """

    key: str
    title: str
    module: str
    fragment: str


PLACES = (
    Place("explorer", "Explore", "onebit.explorer.site_files", "#tab=STATS&dataset={name}"),
    Place("leaderboard", "Leaderboard", "onebit.site.leaderboard_page", "#dataset={name}"),
)


def existing() -> list[Place]:
    """The parts whose modules are there."""
    import importlib.util

    found = []
    for place in PLACES:
        try:
            spec = importlib.util.find_spec(place.module)
        except ModuleNotFoundError:  # the package around it is not there
            continue
        if spec is not None:
            found.append(place)
    return found


def files_of(place: Place, builders: Sequence[DatasetBuilder]) -> dict[str, bytes]:
    """The files of a part, by their path in the site.

    Raises:
        ValueError: there is no ``index.html`` among them.
    """
    made: Mapping[str, bytes] = importlib.import_module(place.module).files(builders)
    if "index.html" not in made:
        raise ValueError(f"{place.module}.files() gave no index.html, only {sorted(made)}.")
    return {f"{place.key}/{path}": content for path, content in made.items()}
