"""``onebit train``: trains a baseline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from onebit.cli.examples import ExampleCommand
from onebit.cli.options import data_dir_option, source_dir_option
from onebit.models.baselines import BASELINES

_NO_SETTINGS = ("model", "out", "data_dir", "source_dir", "images", "checkpoint_seconds")  # but arguments of train


class TrainCommand(ExampleCommand):
    """A command whose help has the table of the baselines."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The last lines of the help: the models."""
        with formatter.section("Models"):
            formatter.write_dl([(name, line.words) for name, line in BASELINES.items()])


@click.command(
    cls=TrainCommand,
    examples=[
        "onebit train nade",
        "onebit train nade --dataset calibrated_digits --out runs/nade-calibrated",
        "onebit train nade --out runs/small --set epochs=5 --set hidden_units=100",
    ],
)
@click.argument("model", metavar="MODEL")
@click.option(
    "--out", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="The run. [default: runs/MODEL]"
)
@click.option("--dataset", metavar="NAME", default="binarized_mnist", show_default=True, help="The data set.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A setting of the training or the model.")
@source_dir_option
@data_dir_option
def train(
    model: str,
    *,
    out: Path | None,
    dataset: str,
    settings: Sequence[str],
    source_dir: Path | None,
    data_dir: Path | None,
) -> None:
    """Train a baseline, measure it on the test split, and print the report and the path of the weights.

    DIR keeps checkpoints, a log, the weights and the report. The same command goes on where a run was stopped or
    killed. Training needs the extra models: pip install 'onebit[models]'.
    """
    from onebit.models import report_of
    from onebit.models import train as run

    chosen = {"dataset": dataset} | dict(_setting(text) for text in settings)
    weights = run(model, out=out, data_dir=data_dir, source_dir=source_dir, **chosen)
    click.echo(str(report_of(weights.parent)))
    click.echo(weights)


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if name in _NO_SETTINGS:
        raise click.BadParameter(
            f"{name!r} is no setting. Where things are is said with --out, --data-dir and --from.", param_hint="--set"
        )
    if not equals:
        raise click.BadParameter(f"{text!r} has no value; write it as in --set epochs=60", param_hint="--set")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
