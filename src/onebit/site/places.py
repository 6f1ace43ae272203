"""Parts of the site that other modules make: the explorer and the leaderboard. What does not exist is not linked.

A part exists where its module does. The module has a function ``files(builders)``: it takes the data sets and gives
the contents of files by their path inside the part's folder, ``index.html`` among them. It may have a function
``shows(entry)``, which says whether it has something about a data set or, for None, whether it can be made at all.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder
    from onebit.site.entries import Entry


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


def existing(entry: Entry | None = None) -> list[Place]:
    """The parts whose modules are there and, where a data set is given, that show something of it."""
    return [place for place in PLACES if shows(place, entry)]


def shows(place: Place, entry: Entry | None = None) -> bool:
    """Whether there is such a part, and whether it has something about a data set."""
    import importlib.util

    try:
        spec = importlib.util.find_spec(place.module)
    except ModuleNotFoundError:  # the package around it is not there
        return False
    if spec is None:
        return False
    decides = getattr(importlib.import_module(place.module), "shows", None)
    return decides is None or bool(decides(entry))


def files_of(place: Place, builders: Sequence[DatasetBuilder]) -> dict[str, bytes]:
    """The files of a part, by their path in the site.

    Raises:
        ValueError: there is no ``index.html`` among them.
    """
    made: Mapping[str, bytes] = importlib.import_module(place.module).files(builders)
    if "index.html" not in made:
        raise ValueError(f"{place.module}.files() gave no index.html, only {sorted(made)}.")
    return {f"{place.key}/{path}": content for path, content in made.items()}
