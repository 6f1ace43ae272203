from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from onebit.errors import FormatError
from onebit.formats.png import read_png, write_png

BOUND = 1 << 20
SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY = hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20)))
BITS = hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 40)), elements=st.integers(0, 1))


def pillow(png: bytes, mode: str | None = None) -> Any:
    picture = Image.open(io.BytesIO(png))
    return np.asarray(picture.convert(mode) if mode else picture)


def saved(image: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "png", **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def assembled(
    lines: bytes,
    height: int,
    width: int,
    *,
    depth: int = 8,
    kind: int = 0,
    interlace: int = 0,
    idats: int = 1,
    extra: bytes = b"",
) -> bytes:
    stream = zlib.compress(lines)
    cut = -(-len(stream) // idats)
    idat = b"".join(chunk(b"IDAT", stream[first : first + cut]) for first in range(0, len(stream), cut))
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace)
    return SIGNATURE + chunk(b"IHDR", header) + extra + idat + chunk(b"IEND", b"")


def filtered(image: Any, kinds: list[int]) -> bytes:
    """The lines of a gray 8-bit picture, filtered one byte after the other, as the specification has it."""
    lines = bytearray()
    above = [0] * image.shape[1]
    for line, kind in zip(image.tolist(), kinds, strict=True):
        lines.append(kind)
        for x, value in enumerate(line):
            a, b, c = (line[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
            p = a + b - c
            # min() gives the first of equals, as the specification asks for: left, above, above left.
            paeth = min((a, b, c), key=lambda neighbour: abs(p - neighbour))
            lines.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
        above = line
    return bytes(lines)


# Writing -------------------------------------------------------------------------------------------------------


@given(GRAY)
def test_gray_pictures_are_what_pillow_reads(image: Any) -> None:
    np.testing.assert_array_equal(pillow(write_png(image)), image)


@given(BITS)
def test_one_bit_pictures_are_what_pillow_reads(image: Any) -> None:
    png = write_png(image, bit_depth=1)
    assert png[24:26] == b"\x01\x00"  # bit depth, gray
    np.testing.assert_array_equal(pillow(png, "L"), image * 255)
    np.testing.assert_array_equal(pillow(write_png(image.astype(bool), bit_depth=1), "L"), image * 255)


def test_a_palette_gives_bytes_their_colours() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    colours = [(number, 2 * number, 255 - number) for number in range(6)]
    with Image.open(io.BytesIO(write_png(image, palette=colours))) as read:
        assert np.asarray(read.convert("RGB")).reshape(-1, 3).tolist() == [list(colour) for colour in colours]


@given(BITS)
def test_a_palette_gives_zeros_and_ones_their_colours(image: Any) -> None:
    png = write_png(image, bit_depth=1, palette=((250, 240, 230), (1, 2, 3)))
    assert png[24:26] == b"\x01\x03"  # bit depth, palette
    np.testing.assert_array_equal(pillow(png, "RGB"), np.array([(250, 240, 230), (1, 2, 3)])[image])
    assert b"tRNS" not in png


def test_a_fourth_number_is_opacity() -> None:
    image = np.eye(9, 11, dtype=np.uint8)
    png = write_png(image, bit_depth=1, palette=((0, 0, 0, 0), (9, 8, 7)))
    np.testing.assert_array_equal(pillow(png, "RGBA"), np.array([(0, 0, 0, 0), (9, 8, 7, 255)])[image])


def test_the_bytes_are_a_function_of_the_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 2, (28, 28), np.uint8)
    assert write_png(image, bit_depth=1) == write_png(np.asfortranarray(image).astype(np.int64), bit_depth=1)


def test_one_bit_pictures_are_small() -> None:
    assert len(write_png(np.zeros((28, 28), np.uint8), bit_depth=1)) < 80
    assert len(write_png(np.random.default_rng(0).integers(0, 2, (28, 28)), bit_depth=1)) < 220  # noise


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (np.zeros((2, 2, 1)), {}, r"shape \(height, width\).*shape \(2, 2, 1\) and dtype float64"),
        (np.zeros((0, 3), np.uint8), {}, r"shape \(0, 3\)"),
        (np.array([[300]]), {}, "Pixels of 8 bits go from 0 to 255; these go from 300 to 300"),
        (np.array([[0, 2]]), {"bit_depth": 1}, "Pixels of 1 bit go from 0 to 1; these go from 0 to 2"),
        (np.array([[0]]), {"bit_depth": 4}, "bit_depth=4: choose 1 or 8"),
        (np.array([[0, 2]]), {"palette": ((0, 0, 0), (1, 1, 1))}, "give more than 2 and up to 256 colours"),
        (np.array([[0]]), {"palette": ((0, 0, 0),) * 257}, "up to 256 colours"),
        (np.array([[0]]), {"bit_depth": 1, "palette": ((0, 0), (1, 1, 1))}, "give two colours"),
        (np.array([[0]]), {"bit_depth": 1, "palette": ((0, 0, 0), (1, 1, 256))}, "from 0 to 255"),
        (np.array([[0]]), {"bit_depth": 1, "palette": ((0, 0, 0),)}, "give two colours"),
    ],
)
def test_what_cannot_be_written_is_refused(image: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_png(image, **options)


# Reading -------------------------------------------------------------------------------------------------------


@given(GRAY, st.booleans())
def test_reads_what_pillow_writes(image: Any, optimize: bool) -> None:
    found = read_png(saved(image, optimize=optimize), max_bytes=BOUND)
    np.testing.assert_array_equal(found, image)
    assert found.dtype == np.uint8 and found.flags.writeable


@given(BITS)
def test_reads_one_bit_of_pillow_and_of_our_own(image: Any) -> None:
    np.testing.assert_array_equal(read_png(saved(image.astype(bool)), max_bytes=BOUND), image)
    np.testing.assert_array_equal(read_png(write_png(image, bit_depth=1), max_bytes=BOUND), image)


@given(st.data())
def test_undoes_every_filter(data: st.DataObject) -> None:
    image = data.draw(GRAY)
    height, width = image.shape
    kinds = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    png = assembled(filtered(image, kinds), height, width)
    np.testing.assert_array_equal(pillow(png), image)  # the test's own encoder is right
    np.testing.assert_array_equal(read_png(png, max_bytes=BOUND), image)


def test_a_smooth_picture_that_uses_all_filters_is_read() -> None:
    y, x = np.mgrid[:300, :200]
    image = (128 + 60 * np.sin(x / 9) + 60 * np.cos(y * x / 3000)).astype(np.uint8)
    np.testing.assert_array_equal(read_png(saved(image), max_bytes=BOUND), image)


def test_pixels_may_come_in_many_chunks_with_others_between() -> None:
    image = np.arange(40, dtype=np.uint8).reshape(4, 10)
    png = assembled(filtered(image, [0] * 4), 4, 10, idats=7, extra=chunk(b"tEXt", b"Comment\0none"))
    np.testing.assert_array_equal(read_png(png, max_bytes=40), image)


LINES = filtered(np.zeros((2, 3), np.uint8), [0, 0])
GOOD = assembled(LINES, 2, 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "A PNG file begins with"),
        (b"GIF89a" + bytes(40), "this one begins with b'GIF89a"),
        (SIGNATURE, "cut short: it has no IEND chunk"),
        (GOOD[:-12], "cut short: it has no IEND chunk"),
        (GOOD[:45], "cut short inside its IDAT chunk"),
        (GOOD + b"x", "has 1 bytes after its end"),
        (GOOD.replace(b"\x02\x08", b"\x03\x08"), "damaged: the IHDR chunk has another CRC"),
        (SIGNATURE + chunk(b"IEND", b""), "does not begin with an IHDR chunk"),
        (assembled(LINES, 2, 3, kind=2), "is RGB with 8 bits; gray pictures of 8 bits or 1 bit are read here"),
        (assembled(LINES, 2, 3, kind=5), "is of colour type 5 with 8 bits"),
        (assembled(LINES, 2, 3, depth=16), "is gray with 16 bits"),
        (assembled(LINES, 2, 3, interlace=1), "Save it again without interlacing"),
        (assembled(LINES, 2, 0), "declares 2 x 0 pixels; a side has from 1"),
        (assembled(LINES, 2, 1 << 30), "declares 2 x 1,073,741,824 pixels"),
        (assembled(LINES, 2, 3, extra=chunk(b"PLTE", b"abc")), "has a PLTE chunk"),
        (assembled(LINES[:-1], 2, 3), "pixels do not fill 2 lines of 3"),
        (assembled(LINES + b"\0", 2, 3), "pixels do not fill 2 lines of 3"),
        (assembled(b"\x05" + LINES[1:], 2, 3), "has a line with filter 5; filters go from 0 to 4"),
        (GOOD.replace(zlib.compress(LINES), b"x" * len(zlib.compress(LINES))), "CRC"),
        (SIGNATURE + GOOD[8:33] + chunk(b"IDAT", b"nothing deflated") + chunk(b"IEND", b""), "damaged: Error -3"),
        (SIGNATURE + GOOD[8:33] + chunk(b"IEND", b""), "pixels do not fill"),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_png(data, max_bytes=BOUND)


def test_the_size_is_checked_before_memory_is_asked_for() -> None:
    huge = assembled(b"", 100_000, 100_000)
    tracemalloc.start()
    with pytest.raises(FormatError, match="declares 100,000 x 100,000 pixels; at most 6 are allowed"):
        read_png(huge, max_bytes=6)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    assert read_png(GOOD, max_bytes=6).shape == (2, 3)
    with pytest.raises(FormatError, match="at most 5 are allowed"):
        read_png(GOOD, max_bytes=5)


def test_a_bomb_is_not_inflated() -> None:
    bomb = assembled(bytes(50_000_000), 2, 3)
    tracemalloc.start()
    with pytest.raises(FormatError, match="do not fill"):
        read_png(bomb, max_bytes=BOUND)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@settings(max_examples=300)
@given(st.integers(0, len(GOOD) * 8 - 1))
def test_a_flipped_bit_is_noticed(bit: int) -> None:
    damaged = bytearray(GOOD)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(FormatError):
        read_png(bytes(damaged), max_bytes=BOUND)


@given(st.binary(max_size=200), st.integers(1, 5), st.integers(1, 5))
def test_garbage_is_refused_or_read_but_nothing_else(garbage: bytes, height: int, width: int) -> None:
    for data in (garbage, SIGNATURE + garbage, assembled(garbage, height, width)):
        with contextlib.suppress(FormatError):
            assert read_png(data, max_bytes=BOUND).shape == (height, width)
