"""The command ``onebit``.

Data goes to standard output, messages go to standard error. A command is one function in a module of this folder, and
one line of `COMMANDS`; the module is imported when the command is called.
"""

from __future__ import annotations

import click

from onebit.__about__ import __version__
from onebit.cli.lazy_group import Entry, LazyGroup

COMMANDS = {
    "list": Entry("onebit.cli.catalog:list_datasets", "The data sets, and which of them are on this disk."),
    "info": Entry("onebit.cli.catalog:info", "What a data set is: splits, features, sizes, citation."),
    "prepare": Entry("onebit.cli.folders:prepare", "Get a data set, verify it, put it on this disk."),
    "verify": Entry("onebit.cli.verify:verify", "Say whether files are the true data set, or what else."),
    "audit": Entry("onebit.cli.audit:audit", "Look for duplicates, leaks between splits, and drift."),
    "evaluate": Entry("onebit.cli.evaluate:evaluate", "Measure a generative model, in nats per image."),
    "certify": Entry("onebit.cli.certify:certify", "Make a certificate of a report; say what one is worth."),
    "leaderboard": Entry("onebit.cli.leaderboard:leaderboard", "Published and certified results, compared fairly."),
    "train": Entry("onebit.cli.train:train", "Train a baseline; goes on where it was stopped."),
    "show": Entry("onebit.cli.drawing:show", "Draw images in the terminal."),
    "explore": Entry("onebit.cli.explore:explore", "See every image in the browser, at once."),
    "export": Entry("onebit.cli.export:export", "Write a data set in a format of others: TFDS, .amat, Parquet."),
    "page": Entry("onebit.cli.site:page", "Print the page of a data set: HTML, Markdown, Croissant."),
    "site": Entry("onebit.cli.site:site", "Build or serve the catalog as a web site."),
    "path": Entry("onebit.cli.folders:path", "Print the folder of a prepared data set."),
    "new": Entry("onebit.cli.new:new", "Begin a data set of your own: its code, its test, its words."),
    "remove": Entry("onebit.cli.folders:remove", "Delete a prepared data set from this disk."),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    examples=[
        "onebit show binarized_mnist --split test --take 12",
        "onebit info binarized_mnist",
    ],
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="onebit", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def commands(ctx: click.Context, debug: bool) -> None:
    """One-bit images: gets them, proves they are the right ones, shows them.

    Every command explains itself: onebit COMMAND --help.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Runs the command line of this process, and exits with its code."""
    commands(prog_name="onebit")
