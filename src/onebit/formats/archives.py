"""Archives: ``tar`` (plain or compressed), ``zip``, and single files under gzip or bzip2; read within bounds.

Members whose names would lead out of a folder, and hidden ones, are passed over, as TFDS does (``core/download/
extractor.py`` of TFDS 4.9.10); so are links and devices. Nothing is ever written outside of the folder that is given.
"""

from __future__ import annotations

import enum
import os
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from onebit.errors import FormatError

MOST_BYTES = 1 << 36
"""The most bytes that an archive may expand to."""
_BLOCK_BYTES = 1 << 20


class ExtractMethod(enum.Enum):
    """What kind of archive a file is. The names are TFDS's."""

    NO_EXTRACT = 1
    TAR = 2
    TAR_GZ = 3
    GZIP = 4
    ZIP = 5
    BZIP2 = 6
    TAR_STREAM = 7
    TAR_GZ_STREAM = 8


_ENDINGS = (
    (ExtractMethod.TAR_GZ, (".tar.gz", ".tgz")),
    (ExtractMethod.TAR, (".tar", ".tar.bz2", ".tbz2", ".tbz", ".tb2")),
    (ExtractMethod.ZIP, (".zip",)),
    (ExtractMethod.GZIP, (".gz",)),
    (ExtractMethod.BZIP2, (".bz2",)),
)


def guess_method(name: str) -> ExtractMethod:
    """The kind of archive that a file's name tells."""
    return next((method for method, endings in _ENDINGS if name.endswith(endings)), ExtractMethod.NO_EXTRACT)


def iter_archive(path: str | os.PathLike[str], method: ExtractMethod | None = None) -> Iterator[tuple[str, BinaryIO]]:
    """The files in an archive, one after the other; read each before the next is asked for.

    Args:
        path: the archive.
        method: what kind it is; by default what its name tells.

    Yields:
        The path of a member, with ``/`` between its parts (empty for gzip and bzip2, which hold one file), and its
        content as a binary file.

    Raises:
        ValueError: it is no archive, by name or by `method`.
        FormatError: it is damaged.
    """
    path = Path(path)
    kind = method if method is not None else guess_method(path.name)
    if kind is ExtractMethod.NO_EXTRACT:
        known = ", ".join(ending for _, endings in _ENDINGS for ending in endings)
        raise ValueError(
            f"Cannot `iter_archive` over {path}. Invalid or unrecognised archive: known endings are {known}. If it is "
            "one of another name, say which: Resource(path=..., extract_method=ExtractMethod.ZIP)."
        )
    with _damage_told(path, kind):
        yield from _members(path, kind)


@contextmanager
def _damage_told(path: Path, kind: ExtractMethod) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the system; gzip's and bz2's own have none
            raise
        raise FormatError(f"{path} is no sound {kind.name} archive: {error or type(error).__name__}.") from error


def _members(path: Path, kind: ExtractMethod) -> Iterator[tuple[str, BinaryIO]]:
    with path.open("rb") as file:
        match kind:
            case ExtractMethod.GZIP:
                import gzip

                with gzip.GzipFile(fileobj=file) as content:
                    yield "", cast(BinaryIO, content)
            case ExtractMethod.BZIP2:
                import bz2

                with bz2.BZ2File(file) as content:
                    yield "", cast(BinaryIO, content)
            case ExtractMethod.ZIP:
                yield from _zip_members(file)
            case _:
                stream = kind in (ExtractMethod.TAR_STREAM, ExtractMethod.TAR_GZ_STREAM)
                yield from _tar_members(file, stream)


def _zip_members(file: IO[bytes]) -> Iterator[tuple[str, BinaryIO]]:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            name = _safe_name(member.filename)
            if name and not member.is_dir():
                with archive.open(member) as content:
                    yield name, cast(BinaryIO, content)


def _tar_members(file: IO[bytes], stream: bool) -> Iterator[tuple[str, BinaryIO]]:
    with tarfile.open(fileobj=file, mode="r|*" if stream else "r:*") as archive:
        for member in archive:
            name = _safe_name(member.name)
            if not name or not member.isfile():
                continue
            content = archive.extractfile(member)
            if content is not None:
                with content:
                    yield name, cast(BinaryIO, content)


def _safe_name(name: str) -> str | None:
    """A member's name as a path below a folder; None where it is none, or hidden."""
    path = posixpath.normpath(name.replace("\\", "/"))
    parts = path.split("/")
    if path.startswith((".", "/")) or path.endswith("~") or ":" in parts[0] or parts[-1].startswith("."):
        return None
    return path


def extract(path: Path, method: ExtractMethod, target: Path) -> None:
    """Writes what an archive holds: a folder, or one file for gzip and bzip2. The target appears whole or not at all.

    Args:
        path: the archive.
        method: what kind it is.
        target: what to make; it must not be there.

    Raises:
        FormatError: the archive is damaged, or expands to more than `MOST_BYTES`.
    """
    import shutil
    import uuid

    part = target.with_name(f".incomplete-{uuid.uuid4().hex}-{target.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    left = MOST_BYTES
    try:
        if method not in (ExtractMethod.GZIP, ExtractMethod.BZIP2):
            part.mkdir()
        with _damage_told(path, method):
            for name, content in iter_archive(path, method):
                file = part / name if name else part
                file.parent.mkdir(parents=True, exist_ok=True)
                left -= _copy(content, file, left, path)
        try:
            part.rename(target)
        except OSError:
            if not target.exists():  # else another process has just made it
                raise
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _copy(content: BinaryIO, file: Path, most: int, archive: Path) -> int:
    size = 0
    with file.open("wb") as copy:
        while block := content.read(_BLOCK_BYTES):
            size += len(block)
            if size > most:
                raise FormatError(f"{archive} expands to more than the {MOST_BYTES:,} bytes that are allowed.")
            copy.write(block)
    return size
