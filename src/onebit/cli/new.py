"""``onebit new``: the folder of a data set of one's own, to begin with."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from string import Template
from typing import Any

import click

from onebit.cli.examples import ExampleCommand
from onebit.errors import OnebitError

_TEMPLATES = Path(__file__).parent / "new_dataset"
_SMALL = {"train": 12, "test": 5}  # examples in dummy_data, as the test says


class NameTakenError(OnebitError):
    """The folder is there already, or a data set of that name."""


@click.command(
    cls=ExampleCommand,
    examples=["onebit new my_dataset", "onebit new my_dataset --dir datasets"],
)
@click.argument("name", metavar="NAME")
@click.option(
    "--dir",
    "parent",
    metavar="DIR",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to make the folder. [default: here]",
)
def new(name: str, parent: Path) -> None:
    """Begin a data set of your own: a folder with its code, its test, its words and a few small files.

    What is made works as it is: change it step by step. Prints the folder; nothing that is there is written to.
    """
    from onebit.builders import snake_case

    name = snake_case(name)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise click.BadParameter(
            f"{name!r} is no name of a data set: write letters, digits and underscores, as in my_dataset.",
            param_hint="NAME",
        )
    folder = parent / name
    _refuse_taken(name, folder)
    _write(name, folder)
    click.echo(folder)
    place = shlex.quote(str(folder if folder.is_absolute() else f"./{folder}"))
    click.echo(f"Next, type: onebit prepare {place} --from {place}/dummy_data", err=True)
    click.echo(f"and to test it: python -m pytest {place}", err=True)


def _refuse_taken(name: str, folder: Path) -> None:
    from onebit.registry import packaged_names

    if name in packaged_names():
        raise NameTakenError(f"onebit has a data set called {name}. Choose another name.")
    if folder.exists():
        raise NameTakenError(f"{folder} is there already. Choose another name, or another folder with --dir.")


def _write(name: str, folder: Path) -> None:
    import numpy as np

    small = folder / "dummy_data"
    small.mkdir(parents=True)
    texts = {
        "__init__.py": "",
        f"{name}_dataset_builder.py": _filled("builder.txt", name),
        f"{name}_dataset_builder_test.py": _filled("test.txt", name),
        "README.md": "What the images show, who made them, and how.\n",
        "CITATIONS.bib": f"@misc{{{name}, title={{What to cite}}}}\n",
        "TAGS.txt": "content.data-type.image\n",
        "checksums.tsv": "",
    }
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    np.savez_compressed(small / f"{name}.npz", **_small_arrays())


def _filled(template: str, name: str) -> str:
    return Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(name=name)


def _small_arrays() -> dict[str, Any]:
    """Blobs of ink, small and large: images ``(n, 8, 8, 1)`` uint8 and labels ``(n,)`` int64 for each split."""
    import numpy as np

    random = np.random.default_rng(0)
    rows, columns = np.indices((8, 8)) - 3.5
    arrays: dict[str, Any] = {}
    for split, count in _SMALL.items():
        labels = random.integers(0, 2, count)
        near = np.hypot(rows, columns) < 2 + labels[:, None, None]
        arrays[f"{split}_labels"] = labels
        arrays[f"{split}_images"] = (near ^ (random.random((count, 8, 8)) < 0.1)).astype(np.uint8)[..., None]
    return arrays
