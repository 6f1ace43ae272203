"""Every number of every image, against a slow reference."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import reference_shapes
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

import onebit
from onebit.explorer import shapes

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))
SCALES = {definition.name: definition.scale for definition in shapes.DEFINITIONS}


def measured(bitmaps: NDArray[np.bool_]) -> dict[str, NDArray]:
    """As shown, by name."""
    n, height, width = bitmaps.shape
    packed = np.packbits(bitmaps.reshape(n, height * width), axis=1)
    return {name: stored * SCALES[name] for name, stored in shapes.measured(packed, height, width).items()}


def check(bitmaps: NDArray[np.bool_]) -> None:
    found = measured(bitmaps)
    for row, bitmap in enumerate(bitmaps):
        for name, expected in reference_shapes.numbers(bitmap).items():
            assert found[name][row] == pytest.approx(expected, abs=0, rel=1e-7, nan_ok=True), f"{name} of\n{bitmap * 1}"


@given(SHAPES.flatmap(lambda shape: arrays.arrays(np.bool_, shape)))
def test_any_bitmap(bitmaps: NDArray[np.bool_]) -> None:
    check(bitmaps)


@pytest.mark.parametrize("density", [0.1, 0.4, 0.55, 0.7, 0.95])
@pytest.mark.parametrize("shape", [(28, 28), (1, 40), (33, 7), (64, 70)])
def test_random_bitmaps(shape: tuple[int, int], density: float) -> None:
    check(np.random.default_rng(7).random((3, *shape)) < density)


def test_every_bitmap_of_three_by_four() -> None:
    """All 4,096 of them, in more than one chunk."""
    check((np.arange(4096)[:, None] >> np.arange(12) & 1).astype(np.bool_).reshape(-1, 3, 4))


def spiral(size: int) -> NDArray[np.bool_]:
    """One component as long as can be: a line that turns before it would touch itself or the frame."""
    bitmap = np.zeros((size + 4, size + 4), np.bool_)  # a frame of two, taken for ink that is there already
    bitmap[[0, -1]] = bitmap[:, [0, -1]] = True
    y, x, dy, dx = 2, 2, 0, 1
    while True:
        bitmap[y, x] = True
        if bitmap[y + 2 * dy, x + 2 * dx]:
            dy, dx = dx, -dy
            if bitmap[y + 2 * dy, x + 2 * dx]:
                return bitmap[2:-2, 2:-2]
        y, x = y + dy, x + dx


def test_long_and_nested_components() -> None:
    rings = np.maximum(*np.abs(np.indices((31, 31)) - 15)) % 2 == 1
    comb = np.zeros((31, 31), np.bool_)
    comb[::2] = True
    comb[:, 0] = True
    board = np.indices((31, 31)).sum(axis=0) % 2 == 0
    check(np.stack([spiral(31), ~spiral(31), rings, ~rings, comb, comb.T, comb[::-1], board, ~board]))


def test_blank_and_full() -> None:
    found = measured(np.stack([np.zeros((5, 6), np.bool_), np.ones((5, 6), np.bool_)]))
    assert {name: values[0] for name, values in found.items() if values[0] != 0} == {
        "left": -1, "top": -1, "right": -1, "bottom": -1, "centroid_x": -1, "centroid_y": -1,
        "stroke": pytest.approx(np.nan, nan_ok=True),
    }  # fmt: skip
    assert [found[name][1] for name in ("ink", "components", "holes", "perimeter")] == [30, 1, 0, 22]


def test_a_few_by_hand() -> None:
    """An 8 that touches the frame, with a speck: 2 components, 2 holes."""
    picture = ["###.#", "#.#..", "###..", "#.#..", "###.."]
    found = measured(np.array([[[pixel == "#" for pixel in row] for row in picture]]))
    expected = {"ink": 14, "left": 0, "right": 4, "box_width": 5, "components": 2, "holes": 2, "euler": 0, "speckle": 1}
    assert {name: int(found[name][0]) for name in expected} == expected


def test_no_image() -> None:
    found = shapes.measured(np.empty((0, 98), np.uint8), 28, 28)
    assert set(found) == set(SCALES) and all(len(values) == 0 for values in found.values())


def test_definitions_are_one_line() -> None:
    names = [definition.name for definition in shapes.DEFINITIONS]
    assert len(set(names)) == len(names)
    for definition in shapes.DEFINITIONS:
        assert definition.doc.endswith(".") and "\n" not in definition.doc and len(definition.doc) < 80


def test_the_guide_has_every_definition() -> None:
    """To write the table anew: ``python tests/explorer/test_shapes.py``."""
    found = TABLE.search(GUIDE.read_text(encoding="utf-8"))
    assert found is not None and found[2] == guide_table()


GUIDE = Path(__file__).parents[2] / "docs" / "explorer.md"
TABLE = re.compile(r"(<!-- columns:begin -->\n)(.*?)(<!-- columns:end -->)", re.DOTALL)


def guide_table() -> str:
    lines = ["| column | unit | what it is |", "|---|---|---|"]
    lines += [f"| `{found.name}` | {found.unit} | {found.doc} |" for found in shapes.DEFINITIONS]
    return "\n".join([*lines, ""])


@pytest.mark.real_data
def test_real_images(real_prepared: Path) -> None:
    dataset = onebit.load("binarized_mnist", split="train+validation+test", data_dir=real_prepared, download=False)
    chosen = dataset[np.random.default_rng(0).choice(70_000, 150, replace=False)]
    check(chosen.arrays()["image"][..., 0].astype(np.bool_))


@pytest.mark.long
@pytest.mark.real_data
def test_every_real_test_image(real_prepared: Path) -> None:
    dataset = onebit.load("binarized_mnist", split="test", data_dir=real_prepared, download=False)
    check(dataset.arrays()["image"][..., 0].astype(np.bool_))


if __name__ == "__main__":
    GUIDE.write_text(TABLE.sub(lambda found: found[1] + guide_table() + found[3], GUIDE.read_text()))
