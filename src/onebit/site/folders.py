"""Folders of pages: written whole or not at all, replaced where they are ours, and left alone where they are not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from onebit.errors import OnebitError


class FolderNotWrittenError(OnebitError, OSError):
    """The folder could not be written; what was there before is still there."""


class Kind(NamedTuple):
    """What a folder is.

    Attributes:
        marker: the file that says so; a folder that has it may be replaced.
        noun: what it is called.
        option: where the command line takes the folder.
    """

    marker: str
    noun: str
    option: str


def write_folder(files: Mapping[str, bytes], out: Path, kind: Kind) -> None:
    """Writes a folder, whole or not at all. One of the same kind is replaced; anything else is left alone.

    Args:
        files: the contents by path, the marker among them.
        out: the folder.
        kind: what it is.

    Raises:
        FolderNotWrittenError: `out` holds something else, or cannot be written.
    """
    out = Path(os.path.abspath(out))  # noqa: PTH100 - a link stays what it is
    _refuse_foreign(out, kind)
    import tempfile

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as room:
            made = Path(room) / "new"
            for path, content in files.items():
                target = made / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            _take_place(made, out, Path(room) / "old")
    except OSError as error:
        raise FolderNotWrittenError(
            f"{out} could not be written: {error.strerror or error}. Make room there and make it writable, or choose "
            f"another folder: {kind.option}."
        ) from error


def _refuse_foreign(out: Path, kind: Kind) -> None:
    if not os.path.lexists(out):
        return
    if out.is_symlink() or not out.is_dir() or (any(out.iterdir()) and not (out / kind.marker).is_file()):
        raise FolderNotWrittenError(
            f"{out} is there and is no {kind.noun} that onebit made (it has no {kind.marker}); it is left as it is. "
            f"Choose another folder: {kind.option}."
        )


def _take_place(made: Path, out: Path, old: Path) -> None:
    if not out.exists():
        made.rename(out)
        return
    out.rename(old)
    try:
        made.rename(out)
    except BaseException:
        old.rename(out)
        raise
