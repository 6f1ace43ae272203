"""PNG pictures in shades of gray or two colours: written small and reproducibly, read within bounds.

The PNG files inside TFDS's records, many at once and as libpng writes them, are the business of `png_batches`.

After "Portable Network Graphics (PNG) Specification (Third Edition)", W3C. A file is a signature and a row of chunks:
IHDR (size and kind), PLTE and tRNS (colours), IDAT (a zlib stream of the lines), IEND. Each line begins with the number
of a filter, which says what was subtracted from its bytes: nothing, the byte to the left, the one above, the mean of
these two, or the one of left, above and above left that is closest to left + above - above left (Paeth's).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from onebit.errors import FormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Colour = tuple[int, int, int] | tuple[int, int, int, int]
"""Red, green, blue and, where it is not 255, opacity; each from 0 to 255."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _PALETTE = 0, 3
_KINDS = {_GRAY: "gray", 2: "RGB", _PALETTE: "palette", 4: "gray with opacity", 6: "RGB with opacity"}
_LONGEST_SIDE = 1_000_000  # libpng's own bound; it also bounds the time that hostile filters can take
_LEVEL = 6  # measured on 10,000 digits: level 9 takes ten times as long and saves 7 %
_NONE, _SUB, _UP, _AVERAGE, _PAETH = range(5)


def write_png(image: NDArray[Any], *, bit_depth: Literal[1, 8] = 8, palette: Sequence[Colour] | None = None) -> bytes:
    """Writes one picture. The bytes are a function of the arguments and of the zlib that Python was built with.

    Args:
        image: ``(height, width)``, an integer type or bool. 0 to 255 (black to white) for 8 bits a pixel; 0 and 1 for
            one bit a pixel.
        bit_depth: 8, or 1: eight pixels to a byte.
        palette: the colours of 0, 1, ...: two for one bit a pixel, up to 256 for eight; by default black and white, and
            shades of gray. A colour of four numbers ends with its opacity.

    Raises:
        ValueError: another shape, other values, or a palette that cannot be.
    """
    pixels = _as_pixels(image, bit_depth)
    height, width = pixels.shape
    kind = _GRAY if palette is None else _PALETTE
    chunks = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bit_depth, kind, 0, 0, 0))]
    if palette is not None:
        chunks += _palette_chunks(palette, bit_depth, int(pixels.max()))
    lines = np.packbits(pixels, axis=1) if bit_depth == 1 else pixels
    # No filter: differences of neighbours do not compress better than the bits themselves do.
    unfiltered = np.pad(lines, ((0, 0), (1, 0)))
    chunks += [_chunk(b"IDAT", zlib.compress(unfiltered.tobytes(), _LEVEL)), _chunk(b"IEND", b"")]
    return _SIGNATURE + b"".join(chunks)


def read_png(data: bytes | memoryview, *, max_bytes: int) -> NDArray[np.uint8]:
    """Reads a gray picture of 8 bits or 1 bit a pixel.

    Args:
        data: the whole file.
        max_bytes: the most bytes that the array may have, one for each pixel. The size is checked before memory is
            asked for.

    Returns:
        ``(height, width)`` uint8: 0 to 255 as stored, or 0 and 1 for one bit a pixel. Fresh and writeable.

    Raises:
        FormatError: no such file, interlaced, cut short or damaged, or larger than ``max_bytes``.
    """
    picture = _parse(memoryview(data))
    if picture.height * picture.width > max_bytes:
        raise FormatError(
            f"The PNG file declares {picture.height:,} x {picture.width:,} pixels; at most {max_bytes:,} are allowed "
            "here. It is not the expected file, or max_bytes is too small."
        )
    values = _unfiltered(_inflated(picture))
    return np.unpackbits(values, axis=1, count=picture.width) if picture.bit_depth == 1 else values


class _Picture(NamedTuple):
    """What the chunks of a file say."""

    height: int
    width: int
    bit_depth: int
    stream: bytes  # of IDAT, still deflated

    @property
    def line_bytes(self) -> int:
        return -(-self.width * self.bit_depth // 8)


def _as_pixels(image: NDArray[Any], bit_depth: int) -> NDArray[np.uint8]:
    if bit_depth not in (1, 8):
        raise ValueError(f"bit_depth={bit_depth}: choose 1 or 8.")
    array = np.asarray(image)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "biu":
        raise ValueError(
            f"A PNG picture is made of an array of shape (height, width) and an integer type or bool; this one has "
            f"shape {array.shape} and dtype {array.dtype}."
        )
    largest = 2**bit_depth - 1
    if array.min() < 0 or array.max() > largest:
        raise ValueError(
            f"Pixels of {bit_depth} bit{'s' if bit_depth > 1 else ''} go from 0 to {largest}; these go from "
            f"{array.min()} to {array.max()}."
        )
    return array.astype(np.uint8, copy=False)


def _palette_chunks(palette: Sequence[Colour], bit_depth: int, largest: int) -> list[bytes]:
    allowed = len(palette) == 2 if bit_depth == 1 else largest < len(palette) <= 256
    if not allowed or any(
        len(colour) not in (3, 4) or not all(0 <= part <= 255 for part in colour) for colour in palette
    ):
        count = "two colours" if bit_depth == 1 else f"more than {largest} and up to 256 colours"
        raise ValueError(
            f"palette={palette!r}: give {count}, each of three or four numbers from 0 to 255: "
            "((0, 0, 0), (255, 255, 255)), or ((0, 0, 0, 0), (255, 255, 255)) for zeros that are transparent."
        )
    chunks = [_chunk(b"PLTE", b"".join(bytes(colour[:3]) for colour in palette))]
    opacity = bytes(colour[3] if len(colour) == 4 else 255 for colour in palette)
    return [*chunks, _chunk(b"tRNS", opacity)] if min(opacity) < 255 else chunks


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


def _parse(view: memoryview) -> _Picture:
    """Takes a file apart, checks every chunk, and leaves the pixels deflated."""
    if bytes(view[:8]) != _SIGNATURE:
        raise FormatError(f"A PNG file begins with {_SIGNATURE!r}; this one begins with {bytes(view[:8])!r}.")
    position, size = 8, len(view)
    header: tuple[int, int, int] | None = None
    stream: list[memoryview] = []
    kind = b""
    while kind != b"IEND":
        if size - position < 12:
            raise FormatError("The PNG file is cut short: it has no IEND chunk. Get it again.")
        length, kind = struct.unpack_from(">I4s", view, position)
        end = position + 12 + length
        if end > size:
            raise FormatError(f"The PNG file is cut short inside its {_shown(kind)} chunk. Get it again.")
        body = view[position + 8 : end - 4]
        if zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise FormatError(f"The PNG file is damaged: the {_shown(kind)} chunk has another CRC. Get it again.")
        if header is None:
            header = _header(kind, body)
        elif kind == b"IDAT":
            stream.append(body)
        elif kind != b"IEND" and not kind[0] & 0x20:  # a small first letter: it may be passed over
            raise FormatError(f"The PNG file has a {_shown(kind)} chunk, which a gray picture cannot have here.")
        position = end
    if position != size:
        raise FormatError(f"The PNG file has {size - position:,} bytes after its end. Get it again.")
    assert header is not None  # the loop ran, and the first chunk makes it or raises
    return _Picture(*header, b"".join(stream))


def _header(kind: bytes, body: memoryview) -> tuple[int, int, int]:
    """Height, width and bit depth."""
    if kind != b"IHDR" or len(body) != 13:
        raise FormatError("The PNG file does not begin with an IHDR chunk of 13 bytes: it is damaged.")
    width, height, depth, colours, compression, filters, interlace = struct.unpack(">IIBBBBB", body)
    if colours != _GRAY or depth not in (1, 8):
        raise FormatError(
            f"The PNG file is {_KINDS.get(colours, f'of colour type {colours}')} with {depth} bits; gray pictures of "
            "8 bits or 1 bit are read here. Convert it."
        )
    if interlace or compression or filters:
        raise FormatError(
            "The PNG file is interlaced, or compressed or filtered by an unknown method; plain ones are read here. "
            "Save it again without interlacing."
        )
    if not (0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE):
        raise FormatError(
            f"The PNG file declares {height:,} x {width:,} pixels; a side has from 1 to {_LONGEST_SIDE:,}."
        )
    return height, width, depth


def _shown(kind: bytes) -> str:
    return kind.decode("ascii", "backslashreplace")


def _inflated(picture: _Picture) -> NDArray[np.uint8]:
    """The lines of a picture, each with its filter in front, ``(height, 1 + line_bytes)``."""
    shape = picture.height, 1 + picture.line_bytes
    expected = shape[0] * shape[1]
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(picture.stream, expected + 1)  # never more, whatever a bomb would become
    except zlib.error as error:
        raise FormatError(f"The PNG file is damaged: {error}. Get it again.") from error
    if len(content) != expected or not stream.eof:
        raise FormatError(
            f"The PNG file's pixels do not fill {picture.height} lines of {picture.width} and then end: it is damaged. "
            "Get it again."
        )
    lines = np.frombuffer(content, np.uint8).reshape(shape)
    if lines[:, 0].max() > _PAETH:
        raise FormatError(f"The PNG file has a line with filter {lines[:, 0].max()}; filters go from 0 to 4.")
    return lines


def _unfiltered(lines: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undoes the filters of ``(height, 1 + line_bytes)`` lines that have one byte a pixel, or less.

    A byte depends on those to its left and above, so the bytes of a rising diagonal do not depend on each other and are
    computed together. In an array with a border of zeros on top and at the left, whose lines thus have ``width + 1``
    bytes, one step down a diagonal is a step of ``width`` bytes: each diagonal is a plain slice.
    """
    height, width = lines.shape[0], lines.shape[1] - 1
    filters = lines[:, 0]
    if not filters.any():
        return lines[:, 1:].copy()
    bordered = np.zeros((height + 1, width + 1), np.int16)
    bordered[1:, 1:] = lines[:, 1:]
    flat = bordered.reshape(-1)
    masks = {kind: (filters == kind).astype(np.int16) for kind in np.unique(filters[filters > 0]).tolist()}
    for diagonal in range(2, height + width + 1):
        top, bottom = max(1, diagonal - width), min(height, diagonal - 1)
        start, stop = top * width + diagonal, bottom * width + diagonal + 1
        # The pixels of the diagonal, and their neighbours to the left, above, and above left.
        here, left, above, corner = (flat[start - back : stop - back : width] for back in (0, 1, width + 1, width + 2))
        for kind, mask in masks.items():
            here += _prediction(kind, left, above, corner) * mask[top - 1 : bottom]
        here &= 255
    return bordered[1:, 1:].astype(np.uint8)


def _prediction(
    kind: int, left: NDArray[np.int16], above: NDArray[np.int16], corner: NDArray[np.int16]
) -> NDArray[np.int16]:
    """What a filter has subtracted."""
    if kind == _SUB:
        return left
    if kind == _UP:
        return above
    if kind == _AVERAGE:
        return (left + above) >> 1
    to_left, to_above = np.abs(above - corner), np.abs(left - corner)
    to_corner = np.abs(left + above - 2 * corner)
    closest = np.where(to_above <= to_corner, above, corner)
    return np.where((to_left <= to_above) & (to_left <= to_corner), left, closest)
