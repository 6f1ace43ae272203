"""Arrays out of a file whose format is told from its content, and one-bit images out of arrays.

A mirror may serve the same pixels as text, as a MATLAB file that is named ``.amat``, as ``.npz``, compressed
or not; the name of a file is no evidence.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from onebit.errors import FormatError
from onebit.formats import amat, matlab, numpy_files

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COMPRESSIONS = ("gzip", "xz", "bzip2")
# Beginnings that tell a format. Order matters: the first that fits is taken.
_BEGINNINGS = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "npz"),
    (b"PK\x05\x06", "npz"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"MATLAB 7.3", "hdf5"),
    (b"MATLAB 5.0", "matlab"),
    (b"PAR1", "parquet"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\x00\x00\x08\x01", "idx"),
    (b"\x00\x00\x08\x03", "idx"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\x80\x02", "pickle"),
    (b"\x80\x03", "pickle"),
    (b"\x80\x04", "pickle"),
    (b"\x80\x05", "pickle"),
    (b"version https://git-lfs", "git-lfs"),
)
# What is recognised only to be refused in plain words.
_REFUSALS = {
    "empty": "The file is empty (0 bytes). A transfer that broke off leaves such a file: get it again.",
    "html": "This is an HTML page, probably an error page of the server or a sign-in page, not the file: "
    "look at the address in a browser, or use another mirror.",
    "xml": "This is an XML text, probably an error message of the server, not the file: use another mirror.",
    "json": "This is a JSON text, probably an error message of the server, not the file: use another mirror.",
    "git-lfs": "This is a Git LFS pointer, a few lines that stand for the file, not the file: get it with "
    "git lfs pull or from the address that the repository's page offers for downloading.",
    "hdf5": "This is an HDF5 or MATLAB 7.3 file, which onebit does not read. In MATLAB, save it again with "
    "save(..., '-v7'); in Python, with numpy.savez.",
    "matlab4": "This is a MATLAB Level 4 file, which onebit does not read. In MATLAB, save it again with "
    "save(..., '-v7').",
    "parquet": "This is a Parquet file, which onebit does not read here. Save its pixels with numpy.savez.",
    "zstd": "This file is compressed with Zstandard, which onebit does not read. Decompress it first: zstd -d FILE.",
    "png": "This is a PNG image, one picture; expected a file with many images (.amat, .mat, .npz or .npy).",
    "idx": "This is an IDX file, the format of the original grey-scale MNIST. It is not binarized data; "
    "binarize it and save it with numpy.save.",
    "utf-16": "This is UTF-16 text; expected one byte a character. Convert it: iconv -f UTF-16 -t ASCII FILE.",
    "pickle": "This is a pickle. Reading it could run code, so onebit never does. Save the array with numpy.save.",
}
_MARKUP = (
    (b"<!doctype html", "html"),
    (b"<html", "html"),
    (b"<head", "html"),
    (b"<?xml", "xml"),
    (b"{", "json"),
    (b"[", "json"),
)
_NUMBER_BEGINNINGS = b"0123456789+-."

_INFLATE_CHUNK = 1 << 16  # compressed bytes handed over at a time
_INFLATE_MARGIN = 1 << 16  # headers and names
_MOST_STREAMS = 1 << 16  # compressed files may be several, one after the other
_XZ_MEMORY = 128 << 20  # bytes; xz -9 needs 65 MiB to decompress

_BLOCK_PIXELS = 1 << 18  # pixels looked at in one step of as_pixels
_COUNTED_IMAGES = 256  # whose different values an error message counts


def sniff(data: bytes | memoryview) -> str:
    """Names the format of a file by its content.

    Returns:
        ``"amat"``, ``"matlab"``, ``"npy"``, ``"npz"``, ``"gzip"``, ``"xz"`` or ``"bzip2"`` for what
        `read_arrays` reads; ``"empty"``, ``"html"``, ``"xml"``, ``"json"``, ``"git-lfs"``, ``"hdf5"``,
        ``"matlab4"``, ``"parquet"``, ``"zstd"``, ``"png"``, ``"idx"``, ``"utf-16"``, ``"pickle"``, ``"text"``
        or ``"unknown"`` for what it refuses. Only the first bytes are looked at: a file may still turn out to
        be damaged.
    """
    head = bytes(data[:1024])
    if not head:
        return "empty"
    for beginning, name in _BEGINNINGS:
        if head.startswith(beginning):
            return name
    if head[124:128] in (b"\x00\x01IM", b"\x01\x00MI"):
        return "matlab"  # the text in front is free
    stripped = head.lstrip()
    for beginning, name in _MARKUP:
        if stripped[:32].lower().startswith(beginning):
            return name
    if _is_matlab4(head):
        return "matlab4"
    if not head.isascii() or b"\0" in head:
        return "unknown"
    return "amat" if not stripped or stripped[0] in _NUMBER_BEGINNINGS else "text"


def _is_matlab4(head: bytes) -> bool:
    """A Level 4 file begins with five numbers: type (digits MOPT), rows, columns, complex, length of name."""
    if len(head) < 20:
        return False
    for order in ("little", "big"):
        kind, _, _, complex_flag, name = (int.from_bytes(head[i : i + 4], order) for i in range(0, 20, 4))
        digits = (kind // 1000, kind // 100 % 10, kind // 10 % 10, kind % 10)
        if all(digit <= most for digit, most in zip(digits, (4, 0, 5, 2), strict=True)) and complex_flag <= 1:
            return 1 < name <= 64
    return False


def read_arrays(data: bytes | memoryview, *, max_bytes: int, pixels: int = 784) -> dict[str, NDArray[Any]]:
    """Reads every array of a file: text, MATLAB, ``.npz`` or ``.npy``, possibly within gzip, xz or bzip2.

    Args:
        data: the whole file.
        max_bytes: the most bytes that all arrays together may have. A compressed file is inflated to at most
            twice that (text has two bytes a pixel) and 64 KiB, and then read.
        pixels: pixels of an image, which is what a line of text has.

    Returns:
        Name to array. The name is ``""`` where the format has none (``.npy`` and text). What is stored is
        what comes back; `as_pixels` turns it into images.

    Raises:
        FormatError: a format that is not read (the message says what it is), a damaged file, one that is
            compressed twice, or one that is larger than ``max_bytes`` allows.
    """
    name = sniff(data)
    if name in _COMPRESSIONS:
        data = _decompress(data, name, 2 * max_bytes + _INFLATE_MARGIN)
        inner = sniff(data)
        if inner in _COMPRESSIONS:
            raise FormatError(f"The file is {inner} inside {name}; expected one compression. Decompress it first.")
        if inner in _REFUSALS:
            raise FormatError(f"Inside the {name} file: {_REFUSALS[inner]}")
        name = inner
    if name == "matlab":
        return matlab.read(data, max_bytes=max_bytes)
    if name == "npz":
        return numpy_files.read_npz(data, max_bytes=max_bytes)
    if name == "npy":
        return {"": numpy_files.read_npy(data, max_bytes=max_bytes)}
    if name == "amat":
        return {"": amat.decode(data, pixels=pixels, max_bytes=max_bytes)}
    if name in _REFUSALS:
        raise FormatError(_REFUSALS[name])
    raise FormatError(
        "The file is of no known format; expected .amat text, a MATLAB Level 5 file, .npz or .npy, possibly "
        f"compressed with gzip, xz or bzip2. It begins with {bytes(data[:24])!r}."
    )


def decompressed(data: bytes, *, max_bytes: int) -> bytes | memoryview:
    """The content of a gzip, xz or bzip2 file; other bytes as they are.

    Args:
        data: the whole file.
        max_bytes: the most bytes that the content may have.

    Raises:
        FormatError: a damaged file, or one with more content.
    """
    name = sniff(data)
    return _decompress(data, name, max_bytes) if name in _COMPRESSIONS else data


class _Decompressor(Protocol):
    """What `lzma.LZMADecompressor` and `bz2.BZ2Decompressor` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipDecompressor:
    """zlib's object for one gzip member, with the interface of the other two."""

    def __init__(self) -> None:
        import zlib

        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


def _new_decompressor(name: str) -> _Decompressor:
    if name == "gzip":
        return _GzipDecompressor()
    if name == "xz":
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    import bz2

    return bz2.BZ2Decompressor()


def _decompress(data: bytes | memoryview, name: str, most: int) -> memoryview:
    """The content of a gzip, xz or bzip2 file, of all streams where there are several."""
    import lzma
    import zlib

    inflated = bytearray()
    view = memoryview(data)
    position = 0
    for _ in range(_MOST_STREAMS):
        try:
            position = _decompress_stream(view, position, name, most, inflated)
        except FormatError:
            raise
        except (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, MemoryError) as error:
            raise FormatError(f"The {name} file is damaged ({error}): get it again.") from error
        if not any(view[position : position + _INFLATE_CHUNK]):
            return memoryview(inflated)  # at the end, or at the zeros that fill up a block of a tape
    raise FormatError(f"The {name} file has more than {_MOST_STREAMS:,} parts; that is not expected.")


def _decompress_stream(view: memoryview, position: int, name: str, most: int, inflated: bytearray) -> int:
    """Adds the content of the stream at ``position`` to ``inflated``; returns where the next one begins."""
    stream = _new_decompressor(name)
    while not stream.eof:
        chunk = b""
        if stream.needs_input:
            chunk = bytes(view[position : position + _INFLATE_CHUNK])
            position += len(chunk)
            if not chunk:
                raise FormatError(f"The {name} file is cut short: its end is missing. Get it again.")
        inflated += stream.decompress(chunk, most + 1 - len(inflated))
        if len(inflated) > most:
            raise FormatError(
                f"The {name} file inflates to more than {most:,} bytes, the most allowed here. It is not the "
                "expected file, or max_bytes is too small."
            )
    return position - len(stream.unused_data)


def as_pixels(array: NDArray[Any], *, pixels: int = 784) -> NDArray[np.uint8]:
    """Turns an array of one-bit images, in any of the usual shapes and dtypes, into rows of pixels.

    Nothing is guessed: values other than exactly 0 and 1 are refused, not scaled or thresholded.

    Args:
        array: ``(n, pixels)``, or, where ``pixels`` is the square of a side s, ``(n, s, s)``, ``(n, s, s,
            1)`` or ``(n, 1, s, s)``; bool, integer or float.
        pixels: pixels of an image.

    Returns:
        ``(n, pixels)`` uint8, row-major, every value 0 or 1. It is ``array`` itself where that is so already.

    Raises:
        FormatError: another shape, dtype or value (NaN among them); the message says what was found.
    """
    if array.shape not in _accepted_shapes(len(array) if array.ndim else 0, pixels):
        raise FormatError(_describe_shape(array, pixels))
    if array.dtype.kind not in "biuf":
        raise FormatError(
            f"The array has dtype {array.dtype}; expected bool, integer or float. Convert it: "
            "array.astype(numpy.uint8)."
        )
    count = len(array)
    ready = array.dtype == np.uint8 and array.flags.c_contiguous
    images: NDArray[np.uint8] = array.reshape(count, pixels) if ready else np.empty((count, pixels), np.uint8)
    step = max(1, _BLOCK_PIXELS // pixels)
    for start in range(0, count, step):
        block = array[start : start + step].reshape(-1, pixels)
        if not _is_binary(block):
            raise FormatError(_describe_values(array))
        if not ready:
            images[start : start + step] = block
    return images


def _accepted_shapes(count: int, pixels: int) -> tuple[tuple[int, ...], ...]:
    side = math.isqrt(pixels)
    flat = (count, pixels)
    if side * side != pixels:
        return (flat,)
    return flat, (count, side, side), (count, side, side, 1), (count, 1, side, side)


def _is_binary(block: NDArray[Any]) -> bool:
    if block.dtype.kind == "b":
        return True
    if block.dtype == np.uint8:
        return bool(block.max() <= 1)
    with np.errstate(invalid="ignore"):  # NaN equals nothing, which is what we want of it
        return bool(((block == 0) | (block == 1)).all())


def _describe_shape(array: NDArray[Any], pixels: int) -> str:
    shape, side = array.shape, math.isqrt(pixels)
    accepted = " or ".join(str(known).replace("-1", "n") for known in _accepted_shapes(-1, pixels))
    hint = ""
    if shape in ((pixels,), (side, side)):
        hint = " This is one image: hand array[None]."
    elif len(shape) == 2 and shape[0] == pixels:
        hint = " Its images are columns: hand array.T."
    elif len(shape) == 2 and shape[1] == pixels + 1:
        hint = " Is one of its columns a label? Leave it out, for example array[:, :-1]."
    elif len(shape) == 3 and shape[:2] == (side, side):
        hint = " Its images are along the last axis: hand numpy.moveaxis(array, -1, 0)."
    return f"The array has shape {shape}; expected {accepted}.{hint}"


def _describe_values(array: NDArray[Any]) -> str:
    """What is in an array that should hold 0 and 1: the range of all of it, the count of its first images."""
    with np.errstate(invalid="ignore"):
        low, high = np.fmin.reduce(array, axis=None), np.fmax.reduce(array, axis=None)
        missing = int(np.isnan(array).sum()) if array.dtype.kind == "f" else 0
        distinct = np.unique(array[:_COUNTED_IMAGES])
    if missing:
        hint = "NaN marks missing values; the array is damaged or was computed wrongly."
    elif low == 0 and high == 255 and np.isin(distinct, (0, 255)).all():
        hint = "White is 255 here. onebit does not divide by 255 for you: hand (array == 255)."
    elif low == -1 and high == 1 and np.isin(distinct, (-1, 1)).all():
        hint = "Black is -1 here: hand (array > 0)."
    elif low >= 0 and high <= 1:
        hint = (
            "They look like grey values or probabilities in [0, 1]. A threshold or a random draw is your "
            "choice: for example (array > 0.5)."
        )
    elif low >= 0 and high <= 255:
        hint = "They look like grey values. A threshold is your choice: for example (array > 127)."
    else:
        hint = "They are not one-bit images."
    missing_text = f", {missing:,} NaN" if missing else ""
    return (
        f"The array of shape {array.shape} and dtype {array.dtype} has values from {low} to "
        f"{high}{missing_text} ({len(distinct)} different ones in its first "
        f"{min(len(array), _COUNTED_IMAGES)} images); expected exactly 0 and 1. {hint}"
    )
