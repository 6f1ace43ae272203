"""Components of many bitmaps at once: which bitmap each is of, and its size."""

from __future__ import annotations

from collections import Counter

import numpy as np
import reference_shapes
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from onebit.explorer.components import ink_components


@given(
    st.tuples(st.integers(0, 4), st.integers(1, 8), st.integers(1, 8)).flatmap(
        lambda shape: arrays.arrays(np.bool_, shape)
    )
)
def test_components_and_their_sizes(bitmaps: NDArray[np.bool_]) -> None:
    found = ink_components(bitmaps)
    assert (np.diff(found.image) >= 0).all()
    for number, bitmap in enumerate(bitmaps):
        pieces = reference_shapes.components(bitmap.astype(int).tolist(), 1, reference_shapes.NEAR_8)
        assert Counter(found.size[found.image == number].tolist()) == Counter(map(len, pieces))


def test_neighbouring_bitmaps_are_not_joined() -> None:
    found = ink_components(np.ones((3, 2, 2), np.bool_))
    assert found.image.tolist() == [0, 1, 2] and found.size.tolist() == [4, 4, 4]
