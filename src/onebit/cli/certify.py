"""``onebit certify``: make a certificate of a report, and say what one is worth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onebit.cli import streams
from onebit.cli.examples import ExampleCommand
from onebit.cli.options import data_dir_option, json_option
from onebit.cli.site import ExampleGroup

if TYPE_CHECKING:
    from onebit.leaderboard.findings import Checked

_MARKS = {"passed": "ok", "failed": "FAILED", "not checked": "not checked", "not shown": "not shown"}

model_option = click.option(
    "--model", metavar="MODEL", help="Your own copy of the model, FILE.py:NAME: replay and probe it. Its code runs."
)


def model_named(reference: str | None) -> Any:
    """The model of ``--model``, if it was given. Its code runs.

    Raises:
        click.BadParameter: there is none.
    """
    from onebit.evaluation import ModelNotFoundError, ModelSource

    try:
        return None if reference is None else ModelSource.parse(reference).load()
    except ModelNotFoundError as error:
        raise click.BadParameter(str(error), param_hint="--model") from error


@click.group(
    cls=ExampleGroup,
    examples=[
        "onebit certify make nade.json --title 'NADE, 500 units' --author 'A. Author' --command 'onebit train nade'",
        "onebit certify check nade.certificate.json",
        "onebit certify check nade.certificate.json --model mymodel.py:model",
    ],
    invoke_without_command=True,
)
@click.pass_context
def certify(ctx: click.Context) -> None:
    """Certificates: a report and who measured what, and how; anybody can check them."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@certify.command(
    cls=ExampleCommand,
    examples=[
        "onebit certify make nade.json --title 'NADE, 500 units' --author 'A. Author' --command 'onebit train nade'",
        "onebit certify make nade.json --about about.json --out nade.certificate.json",
    ],
)
@click.argument("report", metavar="REPORT", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--title", metavar="TEXT", help="What the model is, as a table shows it.")
@click.option("--author", "authors", metavar="NAME", multiple=True, help="Who makes the certificate; several times.")
@click.option("--description", metavar="TEXT", help="The model in a few words.")
@click.option("--parameters", metavar="N", type=click.IntRange(0), help="How many numbers were trained.")
@click.option("--paper", metavar="TEXT", help="The paper of the model, as one cites it in a line.")
@click.option("--paper-url", metavar="URL", help="Its address.")
@click.option("--code", "code_url", metavar="URL", help="Where the code is, at best with a commit.")
@click.option("--command", metavar="TEXT", help="What was typed to train and measure it.")
@click.option("--date", metavar="YYYY-MM-DD", help="Of the measurement. [default: today]")
@click.option(
    "--about",
    metavar="FILE.json",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON object with these; options win over it.",
)
@click.option(
    "--out", metavar="FILE.json", type=click.Path(dir_okay=False, path_type=Path),
    help="The certificate; may be REPORT itself. [default: NAME.certificate.json]",
)  # fmt: skip
@click.option("--replace", is_flag=True, help="Write over another file that is there.")
def make(report: Path, *, about: Path | None, out: Path | None, replace: bool, **given: Any) -> None:
    """Make a certificate of a report.

    REPORT is the JSON file that onebit evaluate --out or Report.save wrote. The certificate is the same file with one
    more section; the numbers of the images lie beside it.
    """
    from onebit.errors import FormatError
    from onebit.evaluation.report import Report
    from onebit.formats.strict_json import read_json
    from onebit.leaderboard import certificates

    try:
        said = {} if about is None else read_json(about.read_bytes(), max_bytes=certificates.MAX_JSON)
    except FormatError as error:
        raise click.BadParameter(f"{about}: {error}", param_hint="--about") from error
    if not isinstance(said, dict):
        raise click.BadParameter(f"{about} is no JSON object.", param_hint="--about")
    given["authors"] = list(given["authors"])
    said = {"date": certificates.today()} | said | {name: value for name, value in given.items() if value}
    for name, option in (("title", "--title TEXT"), ("authors", "--author NAME")):
        if not said.get(name):
            raise click.UsageError(f"Who measured what? Give {option}.")
    target = out if out is not None else report.with_name(f"{report.stem}.certificate.json")
    if target.exists() and not replace and not target.samefile(report):
        raise click.UsageError(f"{target} is there. Type: --replace, or choose another --out FILE.json")
    certificate = certificates.Certificate(Report.load(report), certificates.About.from_json(said))
    click.echo(certificate.save(target))


@certify.command(
    cls=ExampleCommand,
    examples=[
        "onebit certify check nade.certificate.json",
        "onebit certify check nade.certificate.json --model mymodel.py:model",
        "onebit certify check nade.certificate.json --json",
    ],
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@model_option
@click.option("--record", is_flag=True, help="Keep what was found in NAME.check.json, for your own leaderboard.")
@data_dir_option
@json_option
def check(file: Path, *, model: str | None, record: bool, data_dir: Path | None, as_json: bool) -> None:
    """Say what a certificate is worth.

    Levels: 0 reported; 1 consistent, the number of every image gives what is claimed, on the right images; 2 replayed,
    your copy of the model gives these numbers again; 3 probed, it behaves like a probability distribution. Without
    --model level 1 is the most. Nothing that FILE names is imported, run, fetched or opened.

    The exit code is 1 if something does not hold.
    """
    from onebit.leaderboard import additions, checks

    checked = checks.check(file, model_named(model), data_dir=data_dir)
    if as_json:
        streams.echo_json(checked.to_json())
    else:
        click.echo("\n".join(_lines(checked)))
    if record:
        if checked.failed or checked.seal is None:
            raise click.ClickException("Nothing was recorded: only a certificate that passes is.")
        click.echo(f"Recorded: {additions.record(checked, file)}", err=True)
    if checked.failed:
        raise SystemExit(1)


def _lines(checked: Checked) -> Sequence[str]:
    from onebit.leaderboard.findings import WORDS

    lines = [f"Level {checked.level}, {WORDS[checked.level]}: {checked.path.name}"]
    if checked.about is not None:
        lines.append(f"{checked.about.title}, by {', '.join(checked.about.authors)}")
    if checked.report is not None:
        lines.append(str(checked.report))
    lines += [f"  {_MARKS[one.outcome]:<11}  level {one.level}  {one.name}: {one.text}" for one in checked.findings]
    if checked.level == 1 and not any(one.level > 1 for one in checked.findings):
        lines.append("Levels 2 and 3 need the model: --model mymodel.py:model")
    return lines
