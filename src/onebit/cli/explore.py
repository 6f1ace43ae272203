"""``onebit explore``: every image of a data set in the browser."""

from __future__ import annotations

from pathlib import Path

import click

from onebit.cli.examples import ExampleCommand
from onebit.cli.options import data_dir_option, name_argument, source_dir_option


@click.command(
    cls=ExampleCommand,
    examples=[
        "onebit explore binarized_mnist",
        "onebit explore binarized_mnist --export explorer/",
        "onebit explore binarized_mnist --export binarized_mnist.html",
        "onebit explore binarized_mnist --nats nade.json",
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
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen. [default: any free one]")
@click.option("--no-browser", is_flag=True, help="Print the address, open nothing.")
@source_dir_option
@data_dir_option
def explore(
    name: str,
    *,
    export: Path | None,
    nats: tuple[Path, ...],
    port: int,
    no_browser: bool,
    source_dir: Path | None,
    data_dir: Path | None,
) -> None:
    """Show every image of a data set in the browser, at once.

    Serves the explorer on this machine alone until Ctrl-C; prints its address.
    """
    from onebit.evaluation.report import Report
    from onebit.explorer import bundle, folder
    from onebit.loading import builder
    from onebit.site.serving import SiteServer

    bundle.read()  # said first, before anything takes long
    reports = [Report.load(path) for path in nats]
    found = builder(name, data_dir=data_dir)
    found.download_and_prepare(source_dir=source_dir)
    if export is not None:
        from onebit.explorer import exports

        for line in exports.export(found, export, reports=reports):
            click.echo(line, err=True)
        click.echo(export)
        return
    with SiteServer(folder.files([found], found.name, reports=reports), port) as server:
        click.echo(server.address)
        click.echo("Stop with Ctrl-C.", err=True)
        if not no_browser:
            import webbrowser

            webbrowser.open(server.address)
        server.serve_forever()
