"""``onebit prepare``, ``path`` and ``remove``: data sets on this disk."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onebit.cli import streams
from onebit.cli.examples import ExampleCommand
from onebit.cli.options import data_dir_option, json_option, name_argument, source_dir_option, typed
from onebit.errors import DamagedStoreError, NotPreparedError, OnebitError

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder
    from onebit.metadata import Size


class NotOursError(OnebitError):
    """Something that was to be deleted was not written by onebit."""


@click.command(
    cls=ExampleCommand,
    examples=[
        "onebit prepare binarized_mnist",
        "onebit prepare binarized_mnist --from ~/Downloads",
    ],
)
@name_argument
@source_dir_option
@click.option("--force", is_flag=True, help="Prepare it again even if it is there.")
@data_dir_option
@json_option
def prepare(name: str, source_dir: Path | None, force: bool, data_dir: Path | None, as_json: bool) -> None:
    """Get a data set, verify it, put it on this disk; prints its folder.

    Files are taken from the folder of --from, then from the mirrors of the data set. Wherever they come from, only
    the published images are accepted. What is on this disk already is checked, and prepared again if it is damaged.
    """
    from onebit.loading import builder

    found = builder(name, data_dir=data_dir)
    there = found.is_prepared() and not force
    damaged = there and not _is_sound(found)
    if damaged:
        found.repair(source_dir=source_dir)
    elif not there:
        found.download_and_prepare(source_dir=source_dir, force=force)
    about = found.info
    if as_json:
        streams.echo_json(
            _whereabouts(found) | {"store_size": int(about.store_size), "was_there": there and not damaged}
        )
        return
    examples = f"{about.splits.total_num_examples:,} examples, {about.store_size}"
    said = "is there already" if there and not damaged else "is ready"
    click.echo(f"{found.name}:{found.version} {said} ({examples}), in", err=True)
    click.echo(found.data_dir)
    click.echo(f"Next, type: {typed('show', name, data_dir)}", err=True)


@click.command(
    cls=ExampleCommand,
    examples=[
        "onebit path binarized_mnist",
        'ls "$(onebit path binarized_mnist)"',
    ],
)
@name_argument
@data_dir_option
@json_option
def path(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Print the folder of a prepared data set; exit code 1 where it is not prepared."""
    from onebit.loading import builder

    found = builder(name, data_dir=data_dir)
    if not found.is_prepared():
        raise NotPreparedError(
            f"{found.name}:{found.version} is not prepared in {found.data_dir_root}. "
            f"Type: {typed('prepare', name, data_dir)}"
        )
    if as_json:
        streams.echo_json(_whereabouts(found))
    else:
        click.echo(found.data_dir)


def _is_sound(found: DatasetBuilder) -> bool:
    """Whether every file has its SHA-256; says so where one has not."""
    from onebit import progress

    try:
        found.store.verify()
    except DamagedStoreError as damage:
        progress.note(f"{damage} Preparing it again.")
        return False
    return True


def _whereabouts(found: DatasetBuilder) -> dict[str, object]:
    return {"name": found.name, "version": str(found.version), "data_dir": found.data_dir}


@click.command(
    cls=ExampleCommand,
    examples=[
        "onebit remove binarized_mnist",
        "onebit remove binarized_mnist --downloads --yes",
    ],
)
@name_argument
@click.option("--downloads", is_flag=True, help="Delete the downloads that were kept for it as well.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option
def remove(name: str, downloads: bool, yes: bool, data_dir: Path | None, as_json: bool) -> None:
    """Delete a prepared data set from this disk.

    Only files that onebit wrote are deleted, and no symbolic link is followed. Prints the folders that were removed.
    """
    from onebit.loading import builder
    from onebit.metadata import Size

    found = builder(name, data_dir=data_dir)
    prepared = _prepared_files(found)
    kept = _downloaded_files(found) if downloads else []
    size = Size(sum(file.lstat().st_size for file in (*prepared, *kept)))
    folders = list(dict.fromkeys(str(file.parent) for file in (*prepared, *kept)))
    if folders:
        _confirm(folders, size, yes)
        _delete(found, kept, prepared=bool(prepared))
    if as_json:
        streams.echo_json({"name": found.name, "version": str(found.version), "removed": folders, "freed": int(size)})
        return
    for folder in folders:
        click.echo(folder)
    if folders:
        click.echo(f"Removed; {size} are free again.", err=True)
    else:
        click.echo(f"Nothing to remove: {found.name}:{found.version} is not in {found.data_dir_root}.", err=True)


def _prepared_files(found: DatasetBuilder) -> list[Path]:
    """The files of the prepared version; empty where there is none.

    Raises:
        NotOursError: the folder, or something in it, is not what onebit writes.
    """
    from onebit import store

    folder = found.data_path
    _refuse_links((folder.parent, folder))
    try:
        about = store.read_info(folder)
    except DamagedStoreError as error:
        raise NotOursError(
            f"{error} So nothing shows that onebit wrote this folder. If it did, delete it by hand."
        ) from error
    if about is None:
        if folder.exists():
            raise NotOursError(f"{folder} has no {store.INFO_FILE}, so onebit did not write it. It was not touched.")
        return []
    if not store.is_ours(about):
        raise NotOursError(f"{folder} was prepared by TFDS, not by onebit. It was not touched.")
    ours = {store.INFO_FILE, *about.get("sha256", ())}
    files = sorted(folder.iterdir())
    foreign = [file.name for file in files if file.name not in ours or file.is_symlink() or not file.is_file()]
    if foreign:
        raise NotOursError(
            f"{folder} also holds what onebit did not write: {', '.join(foreign)}. Move it elsewhere, and type the "
            "command again."
        )
    return files


def _downloaded_files(found: DatasetBuilder) -> list[Path]:
    """The kept downloads: files with the names that the cache gives to addresses, and what was unpacked of them."""
    folder = found.downloads
    _refuse_links((folder.parent, folder))
    names = found.download_names()
    parts = [part for name in names for part in folder.glob(f".{name}.*.part")]  # of killed processes
    files = [folder / name for name in names] + parts
    unpacked = [made for name in names for made in (folder / "extracted").glob(f"*.{name}") if not made.is_symlink()]
    files += [file for made in unpacked for file in (made, *made.rglob("*"))]
    return sorted(file for file in files if file.is_file() and not file.is_symlink())


def _refuse_links(folders: Iterable[Path]) -> None:
    for folder in folders:
        if folder.is_symlink():
            raise NotOursError(
                f"{folder} is a symbolic link, which is not followed here. If it is meant, delete what it leads to, "
                f"{folder.resolve()}, by hand."
            )


def _confirm(folders: list[str], size: Size, yes: bool) -> None:
    """Asks, where there is somebody to ask.

    Raises:
        OnebitError: the answer was no.
        click.UsageError: there is nobody, and ``--yes`` was not given.
    """
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError(
            f"This would delete {', '.join(folders)} ({size}). To do so without a question, add --yes."
        )
    for folder in folders:
        click.echo(folder, err=True)
    if not click.confirm(f"Delete ({size})?", err=True):
        raise OnebitError("Nothing was removed.")


def _delete(found: DatasetBuilder, downloads: Iterable[Path], *, prepared: bool) -> None:
    """Deletes while no other process prepares the same; the prepared folder vanishes at once, not file by file."""
    import uuid

    from onebit import store

    with found.lock():
        if prepared and _prepared_files(found):  # another process may have removed it in the meantime
            found.data_path.rename(found.data_path.parent / f".incomplete-{found.version}-{uuid.uuid4().hex}")
            store.remove_leftovers(found.data_path)
        for file in downloads:
            file.unlink(missing_ok=True)
            for folder in file.parents:
                if not folder.is_relative_to(found.downloads) or any(folder.iterdir()):
                    break
                folder.rmdir()
