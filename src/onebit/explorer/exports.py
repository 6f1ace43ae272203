"""Writes the explorer: a folder for any web server, or one file that opens from a disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from onebit.explorer import folder, page
from onebit.explorer.contents import contents

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder
    from onebit.evaluation.report import Report

MARKER = ".onebit-explorer"  # says that a folder holds an explorer, which may be replaced


def export(builder: DatasetBuilder, out: Path, *, reports: Sequence[Report] = ()) -> list[str]:
    """Writes the explorer of a data set, whole or not at all.

    Args:
        builder: the data set, prepared.
        out: a file whose name ends in ``.html``, for one file with everything inside; else a folder. A folder that
            holds an explorer is replaced, and so is such a file; everything else is left alone.
        reports: measurements of models on it.

    Returns:
        Lines that say what was written, and how to look at it.

    Raises:
        NotWrittenError: `out` is something else, or cannot be written.
        BundleMissingError: the front end was not built.
    """
    if out.suffix.lower() in (".html", ".htm"):
        content = page.single(contents(builder, reports))
        _write_file(out, content)
        return [f"{len(content) / 1e6:.1f} MB. Open it in a browser: it needs no server and no network."]
    made = dict(folder.files([builder], builder.name, reports=reports))
    made[MARKER] = b"Made by onebit explore --export; the next export replaces this folder.\n"
    _write_folder(out, made)
    size = sum(map(len, made.values()))
    return [f"{len(made)} files, {size / 1e6:.1f} MB, for a web server. To look: python -m http.server -d {out}"]


def _write_file(out: Path, content: bytes) -> None:
    temporary = out.with_name(f".{out.name}.{os.getpid()}.part")
    temporary.write_bytes(content)
    temporary.replace(out)


def _write_folder(out: Path, made: dict[str, bytes]) -> None:
    for path, content in made.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
