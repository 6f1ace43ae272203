"""``onebit leaderboard``: published and certified results, compared fairly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onebit.cli import streams
from onebit.cli.certify import model_named, model_option
from onebit.cli.examples import ExampleCommand
from onebit.cli.options import data_dir_option, json_option
from onebit.cli.site import ExampleGroup

if TYPE_CHECKING:
    from onebit.evaluation.report import Report
    from onebit.leaderboard.entries import Entry
    from onebit.leaderboard.ranks import Ranking

_BINARIZATIONS = ("fixed", "dynamic", "threshold", "not stated")  # those of onebit.leaderboard.entries
_KINDS = ("exact", "upper bound", "estimate", "lower bound", "not stated")
_FORMATS = ("json", "csv", "pwc")
_EXTENSIONS = {".csv": "csv", ".json": "pwc"}

dir_option = click.option(
    "--dir",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Your own results. [default: $ONEBIT_LEADERBOARD_DIR, else the data folder of the platform]",
)
dataset_option = click.option("--dataset", metavar="NAME", default="binarized_mnist", show_default=True)


@click.group(
    cls=ExampleGroup,
    examples=[
        "onebit leaderboard",
        "onebit leaderboard --binarization all --level 1",
        "onebit leaderboard show pixelrnn-1-layer-2016",
        "onebit leaderboard compare nade made",
        "onebit leaderboard add my-nade.certificate.json --model mymodel.py:model",
        "onebit leaderboard export --format pwc --out evaluation-tables.json",
    ],
    invoke_without_command=True,
)
@dataset_option
@click.option(
    "--binarization", type=click.Choice((*_BINARIZATIONS, "all")), default="fixed", show_default=True,
    help="Which pixels; never ranked together.",
)  # fmt: skip
@click.option("--kind", type=click.Choice(_KINDS), help="Exact values, bounds or estimates alone.")
@click.option("--level", metavar="N", type=click.IntRange(0, 3), default=0, help="At least this level of evidence.")
@click.option("--top", metavar="N", type=click.IntRange(1), help="The best of each ranking alone.")
@dir_option
@json_option
@click.pass_context
def leaderboard(
    ctx: click.Context, *, dataset: str, binarization: str, kind: str | None, level: int, top: int | None,
    folder: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Results of generative models, best first: <= stands before upper bounds, ~ before estimates.

    Results on other binarizations are never ranked together, nor are exact values and bounds. Levels of evidence: 0
    reported by a source, 1 consistent with the number of every image, 2 replayed, 3 probed.
    """
    if ctx.invoked_subcommand is not None:
        return
    from onebit.leaderboard.entries import all_entries
    from onebit.leaderboard.ranks import rankings
    from onebit.registry import list_builders

    everything = all_entries(folder)
    entries = [entry for entry in everything if entry.dataset == dataset]
    if not entries and dataset not in list_builders():
        known = sorted({entry.dataset for entry in everything})
        raise click.BadParameter(
            f"There are no results on {dataset!r}, but on {', '.join(known)}.", param_hint="--dataset"
        )
    shown = [
        entry
        for entry in entries
        if binarization in ("all", entry.binarization) and kind in (None, entry.kind) and entry.level >= level
    ]
    found = [ranking._replace(rows=ranking.rows[:top]) for ranking in rankings(shown)]
    if as_json:
        streams.echo_json([row.entry.to_json() | {"rank": row.rank} for one in found for row in one.rows])
        return
    for ranking in found:
        _print(ranking)
    if not found:
        click.echo(f"No result on {dataset} is of that kind and level.", err=True)
    others = len(entries) - len([entry for entry in entries if binarization in ("all", entry.binarization)])
    if others:
        click.echo(f"{others} more results on other binarizations: --binarization all", err=True)


def _print(ranking: Ranking) -> None:
    from rich.table import Table

    console = streams.console()
    title = f"{ranking.dataset} {ranking.split}, {ranking.binarization} binarization. {ranking.title}"
    console.print(title, style="bold")
    with_gap = any(row.entry.gap is not None for row in ranking.rows)
    table = Table(box=None, pad_edge=False)
    for name, options in _columns(with_gap):
        table.add_column(name, **options)
    for row in ranking.rows:
        table.add_row(*_cells(row.rank, row.entry, with_gap))
    console.print(table)
    console.print()


def _columns(with_gap: bool) -> list[tuple[str, dict[str, Any]]]:
    right: dict[str, Any] = {"justify": "right", "no_wrap": True}
    # Where the truth is known, the distance from it says more than bits.
    third = ("from the source", right) if with_gap else ("bits/pixel", right)
    return [
        ("#", right),
        ("model", {"overflow": "fold", "min_width": 16}),
        ("nats/image", right),
        third,
        ("how", {"overflow": "fold"}),
        ("year", right),
        ("level", {"min_width": len("1 consistent,")}),
    ]


def _cells(rank: int, entry: Entry, with_gap: bool) -> list[str]:
    if with_gap:
        third = "" if entry.gap is None else _number(entry.sign, *entry.gap)
    else:
        third = "" if entry.bits_per_pixel is None else f"{entry.bits_per_pixel:.4f}"
    second = ", second-hand" if entry.second_hand else ""
    doubt = ", in doubt" if entry.doubts else ""
    return [
        str(rank),
        f"{entry.model}{' (yours)' if entry.own else ''}",
        _number(entry.sign, entry.nats, entry.stderr),
        third,
        entry.note,
        str(entry.year or ""),
        f"{entry.level} {entry.word}{second}{doubt}",
    ]


def _number(sign: str, value: float, error: float | None) -> str:
    text = f"{sign} {value:.2f}".strip()
    return text if error is None else f"{text} ± {error:.2f}"


@leaderboard.command(cls=ExampleCommand, examples=["onebit leaderboard show pixelrnn-1-layer-2016"])
@click.argument("name", metavar="NAME")
@dataset_option
@dir_option
@json_option
def show(name: str, *, dataset: str, folder: Path | None, as_json: bool) -> None:
    """All that is known of a result: its sources, or its certificate.

    NAME is that of a result, or DATASET/NAME; where several data sets have one, that on --dataset is shown. Without an
    exact match, those that contain it are listed.
    """
    from onebit.leaderboard.entries import all_entries, find

    everything = all_entries(folder)
    if not any(name in (entry.id, entry.name) for entry in everything):
        near = [entry for entry in everything if name.lower() in f"{entry.name} {entry.model}".lower()]
        if near:
            click.echo("\n".join(f"{entry.id}  {entry.model}" for entry in near))
            return
    entry = find(everything, name, dataset)
    if as_json:
        streams.echo_json(entry.to_json())
        return
    for label, value in entry.to_json().items():
        for line in _shown(label, value):
            click.echo(line)


def _shown(label: str, value: Any) -> list[str]:
    if value is None or value in ("", []):
        return []
    if isinstance(value, dict):
        return [line for name, inner in value.items() for line in _shown(f"{label} {name}", inner)]
    if isinstance(value, list):
        return [line for inner in value for line in _shown(label, inner)]
    return [f"{label.replace('_', ' ')}: {value}"]


@leaderboard.command(
    cls=ExampleCommand,
    examples=[
        "onebit leaderboard add my-nade.certificate.json",
        "onebit leaderboard add my-nade.certificate.json --model mymodel.py:model --name my-second-nade",
    ],
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@model_option
@click.option("--name", metavar="NAME", help="What it is called there. [default: the name of FILE]")
@click.option("--replace", is_flag=True, help="Replace a result of that name.")
@dir_option
@data_dir_option
def add(
    file: Path, *, model: str | None, name: str | None, replace: bool, folder: Path | None, data_dir: Path | None
) -> None:
    """Check a certificate and, if all of it holds, add it to your own results.

    With --model it is replayed and probed first, and the level that it reaches is kept.
    """
    from onebit.leaderboard import additions

    entry = additions.add(
        file,
        model_named(model),
        folder=folder,
        name=name,
        replace=replace,
        data_dir=data_dir,
    )
    click.echo(f"Level {entry.level}, {entry.word}: {entry.id}", err=True)
    click.echo(entry.path)


@leaderboard.command(
    cls=ExampleCommand,
    examples=["onebit leaderboard compare nade made", "onebit leaderboard compare nade mine.json --images 5"],
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--images", metavar="N", type=click.IntRange(0), default=0, help="Name the N images that differ most.")
@dataset_option
@dir_option
@json_option
def compare(first: str, second: str, *, images: int, dataset: str, folder: Path | None, as_json: bool) -> None:
    """The difference of two models on the same images, image by image, with its 95 % interval.

    A and B are names of certified results, or files of reports and certificates. Where several data sets have a result
    of a name, that on --dataset is meant.
    """
    from onebit.evaluation.report import Comparison

    comparison = Comparison(*(_report(text, folder, dataset) for text in (first, second)))
    order = comparison.differences.argsort()
    best, worst = order[:images].tolist(), order[::-1][:images].tolist()
    names = comparison.first.model, comparison.second.model
    if as_json:
        low, high = comparison.interval
        streams.echo_json(
            {
                "first": names[0], "second": names[1], "mean": comparison.mean, "stderr": comparison.stderr,
                "interval": [low, high], "n": len(order), "caveats": comparison.caveats,
                "first_is_best_on": best, "second_is_best_on": worst,
            }
        )  # fmt: skip
        return
    click.echo(str(comparison))
    for name, rows, sign in ((names[0], best, -1), (names[1], worst, 1)):
        if images:
            by = ", ".join(f"{row} ({sign * comparison.differences[row]:+.1f})" for row in rows)
            click.echo(f"Images on which {name} is better, most first (nats): {by}")


def _report(text: str, folder: Path | None, dataset: str) -> Report:
    """The report that a name or a file stands for, under the title of its certificate."""
    import dataclasses

    from onebit.leaderboard.entries import all_entries, find, read_certified

    path = Path(text)
    is_file = path.suffix == ".json" and path.is_file()
    entry = read_certified(path) if is_file else find(all_entries(folder), text, dataset)
    if entry.report is None:
        raise click.ClickException(
            f"{entry.model} is known by its mean alone ({entry.word}): there are no numbers of images to compare. "
            "Certified results have them: onebit leaderboard --level 1"
        )
    return dataclasses.replace(entry.report, model=entry.model)


@leaderboard.command(
    cls=ExampleCommand,
    examples=[
        "onebit leaderboard export --format csv",
        "onebit leaderboard export --format pwc --out evaluation-tables.json",
    ],
)
@click.option("--format", "format_", type=click.Choice(_FORMATS), required=True, help="pwc is Papers With Code's.")
@click.option("--dataset", metavar="NAME", help="Results on this data set alone.")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Else standard output.")
@dir_option
def export(*, format_: str, dataset: str | None, out: Path | None, folder: Path | None) -> None:
    """Write all results in a format of others: JSON, CSV, or the evaluation-tables of Papers With Code."""
    from onebit.leaderboard import exchange
    from onebit.leaderboard.entries import all_entries

    entries = [entry for entry in all_entries(folder) if dataset in (None, entry.dataset)]
    write = {"json": exchange.to_json, "csv": exchange.to_csv, "pwc": exchange.to_evaluation_tables}[format_]
    content = write(entries).encode()
    if out is None:
        click.echo(content, nl=False)
        return
    out.write_bytes(content)
    click.echo(out)


@leaderboard.command(
    "import",
    cls=ExampleCommand,
    examples=[
        "onebit leaderboard import evaluation-tables.json",
        "onebit leaderboard import results.csv --source 'our internal table'",
    ],
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "format_", type=click.Choice(("pwc", "csv")), help="[default: by the extension of FILE]")
@click.option("--source", metavar="TEXT", help="Where the numbers come from. [default: the name of FILE]")
@dataset_option
@click.option("--replace", is_flag=True, help="Replace results of the same names.")
@dir_option
def import_(
    file: Path, *, format_: str | None, source: str | None, dataset: str, replace: bool, folder: Path | None
) -> None:
    """Add results that others reported to your own, at level 0: from CSV, or evaluation-tables of Papers With Code.

    What a row does not say, its binarization above all, is "not stated", and ranked apart.
    """
    from onebit.leaderboard import additions, exchange

    chosen = format_ or _EXTENSIONS.get(file.suffix.lower())
    if chosen is None:
        raise click.BadParameter(f"{file.name} ends neither in .json nor in .csv. Type: --format pwc, or csv.")
    data, origin = file.read_bytes(), source or file.name
    if chosen == "csv":
        results = exchange.from_csv(data, origin)
    else:
        results = exchange.from_evaluation_tables(data, origin, dataset)
    if not results:
        raise click.ClickException(f"{file.name} has no results on {dataset} in nats.")
    paths: Sequence[Path] = additions.add_reported(results, folder=folder, replace=replace)
    click.echo(f"{len(paths)} results, level 0, in {paths[0].parent}", err=True)
    if len(paths) < len(results):
        click.echo(f"{len(results) - len(paths)} more are certified here, and were left out", err=True)
