"""``onebit explore``: every image of a data set in the browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onebit.cli.examples import ExampleCommand
from onebit.cli.options import data_dir_option, name_argument, source_dir_option

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder
    from onebit.evaluation.report import Report
    from onebit.explorer.columns import Column


@click.command(
    cls=ExampleCommand,
    examples=[
        "onebit explore binarized_mnist",
        "onebit explore binarized_mnist --export explorer/",
        "onebit explore binarized_mnist --export binarized_mnist.html",
        "onebit explore binarized_mnist --nats nade.json",
        "onebit explore binarized_mnist --nearest",
    ],
)
@name_argument
@click.option(
    "--export",
    metavar="DIR|FILE.html",
    type=click.Path(path_type=Path),
    help="Write a folder for any web server, or one file that opens from a disk, offline.",
)
@click.option(
    "--nats",
    metavar="FILE.json",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A report of onebit evaluate: its nats of each image become a column. More than once.",
)
@click.option(
    "--nearest",
    is_flag=True,
    help="Columns of the nearest other image of train: how far it is, which it is. Minutes at first, then kept.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen. [default: any free one]")
@click.option("--no-browser", is_flag=True, help="Print the address, open nothing.")
@source_dir_option
@data_dir_option
def explore(
    name: str,
    *,
    export: Path | None,
    nats: tuple[Path, ...],
    nearest: bool,
    port: int,
    no_browser: bool,
    source_dir: Path | None,
    data_dir: Path | None,
) -> None:
    """Show every image of a data set in the browser, at once.

    Serves the explorer on this machine alone until Ctrl-C; prints its address.
    """
    from onebit.explorer import bundle, local
    from onebit.explorer.contents import opened
    from onebit.loading import builder

    if export is not None and (port or no_browser):
        raise click.UsageError("--export writes files: --port and --no-browser are for the server.")
    bundle.read()  # what is missing is said before anything takes long
    reports = _reports(nats)
    found = builder(name, data_dir=data_dir)
    found.download_and_prepare(source_dir=source_dir)
    table = opened(found)
    more = _nearest(found) if nearest else []
    if export is not None:
        from onebit.explorer import exports

        click.echo(exports.export(table, export, reports=reports, more=more), err=True)
        click.echo(export)
        return
    with local.server([table, *local.prepared_beside(found)], port, reports=reports, more=more) as server:
        server.body(f"{table.name}/manifest.json")  # what cannot be shown is said here, not in the browser
        click.echo(server.address)
        click.echo("Stop with Ctrl-C.", err=True)
        if not no_browser and not webbrowser.open(server.address):
            click.echo("No browser was found: open the address in one.", err=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("\nStopped.", err=True)


def _nearest(builder: DatasetBuilder) -> list[Column]:
    """The columns of the nearest images."""
    from onebit.auditing.nearest_columns import nearest_columns

    return nearest_columns(builder)


def _reports(paths: tuple[Path, ...]) -> list[Report]:
    """Reports from files."""
    if not paths:
        return []
    from onebit.evaluation.report import Report

    return [Report.load(path) for path in paths]
