"""Two columns for the explorer: how far the nearest image of train is from each image, and which one it is.

Every image is compared with every other one of train. That takes minutes for 70,000 images, so the columns are made
when somebody asks for them; what was found is kept as an audit is, and valid for exactly these images.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from onebit.auditing.neighbours import Corpus
from onebit.auditing.report import Images, images_of, keep, place_of, roles
from onebit.explorer.columns import Column

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder

_SUFFIX = "-nearest.npy"
_HEADER = 1024  # bytes that the header of an .npy file may take, and more


def nearest_columns(builder: DatasetBuilder) -> list[Column]:
    """The columns ``nearest`` and ``nearest_index`` of a prepared data set; none where train has less than two images.

    Raises:
        NotPreparedError, DamagedStoreError, NotOneBitError: see `onebit.explorer.contents.contents`.
    """
    images = images_of(builder)
    reference, _ = roles(images.splits)
    if len(reference) < 2:
        return []
    place = place_of(builder, {split.name: split.sha256 for split in images.splits}, _SUFFIX)
    found = _kept(place, len(images.packed))
    if found is None:
        found = nearest_of(images)
        content = io.BytesIO()
        np.save(content, found)
        keep(place, content.getvalue(), "The nearest images")
    near = f"the nearest other image of {reference.name}"
    return [
        Column("nearest", "Nearest", "integer", found[0], "pixels", f"Pixels that differ from {near}."),
        Column("nearest_index", "Nearest: index", "integer", found[1], doc=f"Position in its split of {near}."),
    ]


def nearest_of(images: Images) -> NDArray[np.int32]:
    """Shape (2, n): how far each image is from the nearest other one of train, or of the largest split; which it is."""
    reference, _ = roles(images.splits)
    own = np.arange(len(images.packed)) - reference.start
    without = np.where((own >= 0) & (own < len(reference)), own, -1)
    title = f"Nearest images in {reference.name}"
    found = Corpus(images.of(reference)).nearest(images.packed, without=without, title=title)
    return np.stack([found.distance, found.row])


def _kept(place: Path, n: int) -> NDArray[np.int32] | None:
    """What was found before, if it is there and whole."""
    try:
        if place.stat().st_size > 8 * n + _HEADER:
            return None
        found = np.load(io.BytesIO(place.read_bytes()), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.dtype == np.int32 and found.shape == (2, n) else None
