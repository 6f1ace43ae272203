"""``checksums.tsv``: the size and SHA-256 of each file that a data set downloads, in the format of TFDS.

A line is the address, the size in bytes, the SHA-256 and the file's name, with tabs between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from onebit.errors import FormatError

FILE_NAME = "checksums.tsv"


class UrlInfo(NamedTuple):
    """What is known about the file at an address.

    Attributes:
        size: bytes.
        checksum: SHA-256 in hexadecimal digits.
        filename: its name; None where the list does not say.
    """

    size: int
    checksum: str
    filename: str | None


def url_info(data: bytes, filename: str) -> UrlInfo:
    """What is to be known about some bytes."""
    return UrlInfo(len(data), hashlib.sha256(data).hexdigest(), filename)


def read_checksums(path: Path) -> dict[str, UrlInfo]:
    """Reads a list; empty where there is no such file.

    Raises:
        FormatError: a line that is none of a list.
    """
    if not path.is_file():
        return {}
    return parse_checksums(path.read_text(encoding="utf-8"), str(path))


def parse_checksums(text: str, where: str) -> dict[str, UrlInfo]:
    """Reads the lines of a list.

    Args:
        text: the lines.
        where: what to call the list in an error.

    Raises:
        FormatError: a line that is none of a list.
    """
    found = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) == 1:  # before TFDS 4.3 there were spaces
            parts = line.rsplit(" ", 2)
        if not 3 <= len(parts) <= 4 or not parts[1].isdecimal() or len(parts[2]) != 64:
            raise FormatError(
                f"{where}, line {number}: {line!r} is not an address, a size, a SHA-256 and a file name with tabs "
                "between them."
            )
        url, size, checksum, *name = parts
        found[url] = UrlInfo(int(size), checksum.lower(), (name[0] or None) if name else None)
    return found


def write_checksums(path: Path, infos: Mapping[str, UrlInfo]) -> None:
    """Adds lines to a list, or replaces those of the same addresses; the others stay."""
    known = read_checksums(path) | dict(infos)
    lines = (f"{url}\t{info.size}\t{info.checksum}\t{info.filename or ''}\n" for url, info in sorted(known.items()))
    path.write_text("".join(lines), encoding="utf-8")
