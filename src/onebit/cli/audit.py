"""``onebit audit``: duplicates, leaks between splits, drift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from onebit.cli import streams
from onebit.cli.examples import ExampleCommand
from onebit.cli.options import data_dir_option, json_option, name_argument, source_dir_option

_SUFFIXES = (".html", ".json")


@click.command(
    cls=ExampleCommand,
    examples=[
        "onebit audit binarized_mnist",
        "onebit audit binarized_mnist --out audit.html",
        "onebit audit calibrated_digits --again --json",
    ],
)
@name_argument
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the audit: a page (.html), or all numbers (.json).",
)
@click.option("--again", is_flag=True, help="Do it again though the audit of these images is known.")
@source_dir_option
@data_dir_option
@json_option
def audit(
    name: str, *, out: Path | None, again: bool, source_dir: Path | None, data_dir: Path | None, as_json: bool
) -> None:
    """Look for images that are there twice, that leaked from one split into another, and for splits that drifted.

    Every image of the other splits is compared with every image of train, pixel by pixel. The audit is kept, and
    valid for exactly these images.
    """
    if out is not None and out.suffix not in _SUFFIXES:
        raise click.BadParameter(f"{out.name!r} ends in neither .html nor .json.", param_hint="--out")
    from onebit.auditing.report import as_json as as_bytes
    from onebit.auditing.report import audit as made_by

    made = made_by(name, data_dir=data_dir, source_dir=source_dir, again=again)
    if as_json:
        streams.echo_json(made)
    else:
        for each in made["findings"]:
            click.echo(f"{'ok  ' if each['good'] else 'LOOK'}  {each['title']}\n      {each['text']}")
    if out is not None:
        content = as_bytes(made) if out.suffix == ".json" else _page(name, made, data_dir)
        out.write_bytes(content)
        click.echo(f"Saved: {out}", err=True)


def _page(name: str, made: dict[str, Any], data_dir: Path | None) -> bytes:
    from onebit.auditing.report import images_of
    from onebit.loading import builder
    from onebit.site.audit_pages import audit_page

    return audit_page(made, images_of(builder(name, data_dir=data_dir))).encode()
