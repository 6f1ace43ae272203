"""The explorer as a part of the site: every prepared data set of one-bit images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from onebit.errors import OnebitError
from onebit.explorer import bundle, folder, page
from onebit.explorer.contents import image_column, opened
from onebit.site import places

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder
    from onebit.site.entries import Entry


def shows(entry: Entry | None) -> bool:
    """Whether the explorer can be made and, for a data set, whether its images are there and have one bit."""
    if not bundle.is_there():
        return False
    if entry is None:
        return True
    try:
        if not entry.with_data:
            return False
        image_column(opened(entry.builder))
    except OnebitError:
        return False
    return True


def files(builders: Sequence[DatasetBuilder]) -> Mapping[str, bytes]:
    """The explorer's folder of the site. Pages of the catalog are beside it.

    Args:
        builders: the data sets that it shows.
    """
    if not builders:
        return {folder.INDEX: page.empty()}
    has_leaderboard = any(place.key == "leaderboard" for place in places.existing())
    leaderboard = "../leaderboard/index.html" if has_leaderboard else None
    return dict(folder.files([opened(builder) for builder in builders], catalog="../", leaderboard=leaderboard))
