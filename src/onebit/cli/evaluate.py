"""``onebit evaluate``: measure a generative model on a split of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onebit.cli import streams
from onebit.cli.examples import ExampleCommand
from onebit.cli.options import data_dir_option, json_option, source_dir_option

if TYPE_CHECKING:
    from onebit.evaluation.report import Report

PUBLISHED = "sm2008"


@click.command(
    cls=ExampleCommand,
    examples=[
        "onebit evaluate mymodel.py:model --split test --out nade.json",
        "onebit evaluate mymodel.py:Vae --k 5000 --trained-on train",
        "onebit evaluate mypackage.models:rbm --schedule sm2008 --chains 100",
        "onebit evaluate mymodel.py:model --dataset calibrated_digits",
        "onebit evaluate mymodel.py:model --workers 4",
        "onebit evaluate sm2008",
    ],
)
@click.argument("model", metavar="MODEL")
@click.option("--dataset", metavar="NAME", default="binarized_mnist", show_default=True, help="The data set.")
@click.option("--split", metavar="SPLIT", default="test", show_default=True, help="Which images.")
@click.option("--out", metavar="FILE.json", type=click.Path(dir_okay=False, path_type=Path), help="Save the report.")
@click.option("--protocol", metavar="NAME", help="exact, iw, elbo, ais or posterior_ais. [default: by MODEL's methods]")
@click.option("--k", metavar="N", type=click.IntRange(1), help="Samples per image, for iw and elbo. [default: 5000]")
@click.option("--schedule", metavar="NAME", help="Temperatures: sm2008, sm2008/10, linear:1000, sigmoid:1000.")
@click.option("--chains", metavar="N", type=click.IntRange(1), help="Annealed chains.")
@click.option("--base", metavar="SPLIT", help="The split that annealing's base is fitted to, for ais. [default: train]")
@click.option("--engine", metavar="NAME", help="numpy or jax, for ais. [default: numpy]")
@click.option("--seed", metavar="N", type=click.IntRange(0), default=0, show_default=True, help="Of random numbers.")
@click.option("--chunk-size", metavar="N", type=click.IntRange(1), help="Images to a call of MODEL.")
@click.option("--trained-on", metavar="SPLITS", help="What MODEL was trained on, for the report.")
@click.option("--workers", metavar="N", type=click.IntRange(1), help="Local processes that share the images out.")
@click.option("--executor", "address", metavar="dask://HOST:PORT", help="A Dask cluster that shares the images out.")
@click.option("--name", metavar="NAME", help="What MODEL is called in the report.")
@click.option(
    "--weights",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file rbm_CD25_500.mat, for sm2008. [default: it is downloaded]",
)
@source_dir_option
@data_dir_option
@json_option
def evaluate(
    *,
    model: str,
    out: Path | None,
    weights: Path | None,
    as_json: bool,
    trained_on: str | None,
    workers: int | None,
    address: str | None,
    **given: Any,
) -> None:
    """Measure a generative model, in nats per image.

    MODEL is FILE.py:NAME or package.module:NAME: an object with one of the methods log_prob, log_weights, free_energy
    or log_likelihood_and_gradient, or a class or function that makes one. Its code runs in this process, and with
    --workers or --executor in others. The numbers are the same to the last bit however many share the images out.

    sm2008 is the RBM of Salakhutdinov & Murray (2008), measured as in their paper: 86.34 nats.
    """
    if out is not None and out.suffix != ".json":
        raise click.BadParameter(f"{out.name!r} does not end in .json.", param_hint="--out")
    if weights is not None and model != PUBLISHED:
        raise click.UsageError(f"--weights belongs to the model {PUBLISHED}.")
    settings = {name: value for name, value in given.items() if value is not None}
    if trained_on is not None:
        settings["trained_on"] = trained_on
    from onebit.evaluation import ModelNotFoundError, open_executor

    if workers is not None and address is not None:
        raise click.UsageError("--workers and --executor were given: local processes or a cluster. Give one.")
    try:
        with open_executor(workers, address) as executor:
            report = _measure(model, weights, settings | ({} if executor is None else {"executor": executor}))
    except ModelNotFoundError as error:
        raise click.BadParameter(str(error), param_hint="MODEL") from error
    if as_json:
        streams.echo_json(report.to_json())
    else:
        click.echo(str(report))
    if out is not None:
        click.echo(f"Saved: {report.save(out)}", err=True)


def _measure(model: str, weights: Path | None, settings: dict[str, Any]) -> Report:
    if model == PUBLISHED:
        from onebit.evaluation import salakhutdinov_murray

        return salakhutdinov_murray.reproduce(weights, **settings)
    from onebit.evaluation.run import evaluate as measure

    try:
        return measure(model, **settings)
    except TypeError as error:  # a setting of another protocol, or an object without a method to be measured by
        raise click.UsageError(str(error)) from error
