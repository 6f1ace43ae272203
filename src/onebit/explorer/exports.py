"""Writes the explorer: a folder for any web server, or one file that opens from a disk."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from onebit.explorer import folder, page
from onebit.explorer.contents import contents
from onebit.site.folders import FolderNotWrittenError, Kind, write_folder

if TYPE_CHECKING:
    from onebit.evaluation.report import Report
    from onebit.explorer.columns import Column
    from onebit.tables import Table

MARKER = ".onebit-explorer"  # says that a folder holds an explorer, which may be replaced
_KIND = Kind(MARKER, "explorer", "--export DIR")
_OURS = b'<meta name="generator" content="onebit'  # near the beginning of a file that may be replaced


def is_single_file(out: Path) -> bool:
    """Whether an export under this name is one file with everything inside."""
    return out.suffix.lower() in (".html", ".htm")


def export(
    table: Table,
    out: Path,
    *,
    reports: Sequence[Report] = (),
    more: Sequence[Column] = (),
    rows: Sequence[Sequence[int]] | None = None,
) -> str:
    """Writes the explorer of a data set, whole or not at all.

    Args:
        table: all splits of the data set.
        out: a file whose name ends in ``.html``, for one file with everything inside; else a folder. What the explorer
            wrote there before is replaced, anything else is left alone.
        reports: measurements of models on it.
        more: further columns of it.
        rows: chosen when the page opens; see `onebit.explorer.page.configuration`.

    Returns:
        What was written, and how to look at it.

    Raises:
        FolderNotWrittenError: `out` is something else, or cannot be written.
        BundleMissingError: the front end was not built.
    """
    if is_single_file(out):
        _refuse_foreign(out)
        content = page.single(contents(table, reports, more), rows)
        _write(out, content)
        return f"{len(content) / 1e6:.1f} MB. Open it in a browser: it needs no server and no network."
    made = dict(folder.files([table], reports=reports, more=more, rows=rows))
    made[MARKER] = b"Made by onebit explore --export; the next export replaces this folder.\n"
    write_folder(made, out, _KIND)
    size = sum(map(len, made.values()))
    look = f"python -m http.server --bind 127.0.0.1 --directory {shlex.quote(str(out))}"
    return f"{len(made)} files, {size / 1e6:.1f} MB, for any web server. To look at it: {look}"


def _refuse_foreign(out: Path) -> None:
    """Refuses a file that is none of ours."""
    if not os.path.lexists(out):
        return
    ours = stat.S_ISREG(out.lstat().st_mode)
    if ours:
        with out.open("rb") as file:
            ours = _OURS in file.read(4096)
    if not ours:
        raise FolderNotWrittenError(
            f"{out} is there and is no file that onebit explore wrote; it is left as it is. Choose another name: "
            "--export FILE.html."
        )


def _write(out: Path, content: bytes) -> None:
    temporary = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(out)
    except OSError as error:
        raise FolderNotWrittenError(
            f"{out} could not be written: {error.strerror or error}. Make room there and make it writable, or choose "
            "another name: --export FILE.html."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
