"""``onebit page`` and ``onebit site``: the catalog as pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onebit.cli.examples import ExampleCommand
from onebit.cli.options import data_dir_option, name_argument

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder
    from onebit.site.entries import Entry

_FORMATS = ("html", "markdown", "tfds-markdown", "croissant")  # those of onebit.site.pages, which needs more to import

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

base_url_option: _Decorator = click.option(
    "--base-url", metavar="URL", default="", help="The address that the site will have, for links in metadata."
)
mirror_option: _Decorator = click.option(
    "--mirror", metavar="URL", default="", help="A site mirror that upstream files are said to be at: URL/HOST/PATH."
)
without_data_option: _Decorator = click.option(
    "--without-data", is_flag=True, help="Leave out figures and statistics even where the data is prepared."
)


@click.command(
    cls=ExampleCommand,
    examples=[
        "onebit page binarized_mnist --out binarized_mnist.html",
        "onebit page binarized_mnist --format markdown",
        "onebit page binarized_mnist --format tfds-markdown",
        "onebit page binarized_mnist --format croissant --out croissant.json",
    ],
)
@name_argument
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), default="html", show_default=True, help="What to write."
)
@click.option(
    "--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output."
)
@base_url_option
@mirror_option
@without_data_option
@data_dir_option
def page(
    name: str, *, format_: str, out: Path | None, base_url: str, mirror: str, without_data: bool, data_dir: Path | None
) -> None:
    """Print the page of a data set: one file with everything that it shows inside.

    Figures and statistics are there where the data set is prepared.
    """
    from onebit.site import pages
    from onebit.site.entries import Entry

    entry = Entry(_builder(name, data_dir), base_url=base_url, mirror=mirror, with_data=not without_data)
    # Bytes: a page says that it is UTF-8, and a line ends as it does everywhere.
    content = pages.page(entry, format_).encode()
    if out is None:
        click.echo(content, nl=False)
        return
    out.write_bytes(content)
    click.echo(out)


def _builder(name: str, data_dir: Path | None) -> DatasetBuilder:
    """The builder with our own record, whoever prepared the data: TFDS's folders have no words for a page."""
    from onebit.loading import builder
    from onebit.registry import find_builder_class, packaged_names

    found = builder(name, data_dir=data_dir)
    if found.name in packaged_names() and found.has_foreign_folder():
        return find_builder_class(found.name)(data_dir=data_dir)
    return found


class ExampleGroup(ExampleCommand, click.Group):
    """A group whose help shows examples."""


@click.group(
    cls=ExampleGroup,
    examples=[
        "onebit site build --out site/",
        "onebit site serve",
    ],
    invoke_without_command=True,
)
@click.pass_context
def site(ctx: click.Context) -> None:
    """The catalog as a web site of plain files: every data set, the guide, the reference."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@site.command(
    cls=ExampleCommand,
    examples=[
        "onebit site build --out site/",
        "onebit site build --out site/ --base-url https://example.org/catalog/",
    ],
)
@click.option("--out", metavar="DIR", required=True, type=click.Path(path_type=Path), help="Where the site goes.")
@base_url_option
@mirror_option
@without_data_option
@data_dir_option
def build(out: Path, base_url: str, mirror: str, without_data: bool, data_dir: Path | None) -> None:
    """Write the site, whole or not at all; prints its first page.

    A folder that holds such a site is replaced, any other one is left alone. The same records and data give the same
    files, byte for byte.
    """
    from onebit.site import building

    entries = building.entries_of_catalog(
        data_dir=data_dir, base_url=base_url, mirror=mirror, with_data=not without_data
    )
    _note_what_is_missing(entries, without_data)
    files = building.site_files(entries)
    building.write_site(files, out)
    size = sum(map(len, files.values()))
    click.echo(f"{len(files)} files, {size / 1e6:.1f} MB. First page:", err=True)
    click.echo(out / "index.html")


@site.command(
    cls=ExampleCommand,
    examples=[
        "onebit site serve",
        "onebit site serve --port 0",
    ],
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any free one.")
@without_data_option
@data_dir_option
def serve(port: int, without_data: bool, data_dir: Path | None) -> None:
    """Show the site on this machine, until Ctrl-C; prints its address.

    It is made anew, and nothing is written. Only this machine can reach it.
    """
    from onebit.site import building
    from onebit.site.serving import SiteServer

    entries = building.entries_of_catalog(data_dir=data_dir, with_data=not without_data)
    _note_what_is_missing(entries, without_data)
    with SiteServer(building.site_files(entries), port) as server:
        click.echo(server.address)
        click.echo("Stop with Ctrl-C.", err=True)
        server.serve_forever()


def _note_what_is_missing(entries: list[Entry], without_data: bool) -> None:
    from onebit.explorer import bundle

    if not bundle.is_there():
        click.echo(f"The site goes without the explorer. {bundle.missing_text()}", err=True)
    for entry in entries:
        if not entry.with_data and not without_data:
            click.echo(
                f"{entry.name} is not prepared: its page has no figures and statistics. Type: onebit prepare "
                f"{entry.name}",
                err=True,
            )
