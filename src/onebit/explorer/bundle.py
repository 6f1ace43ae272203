"""The front end: a script and a style sheet, built from ``frontend/`` and packed into wheels and source archives."""

from __future__ import annotations

from pathlib import Path

from onebit.errors import OnebitError

FOLDER = Path(__file__).parent / "bundle"
SCRIPT, STYLE = "explorer.js", "explorer.css"


class BundleMissingError(OnebitError, FileNotFoundError):
    """The front end was not built."""


def is_there() -> bool:
    """Whether the front end was built."""
    return all((FOLDER / name).is_file() for name in (SCRIPT, STYLE))


def read() -> dict[str, bytes]:
    """The files of the front end by name.

    Raises:
        BundleMissingError: it was not built.
    """
    if not is_there():
        raise BundleMissingError(missing_text())
    return {name: (FOLDER / name).read_bytes() for name in (SCRIPT, STYLE)}


def missing_text() -> str:
    """What to type where the front end is not there."""
    checkout = Path(__file__).parents[3]
    if (checkout / "frontend" / "package.json").is_file():
        return (
            f"The explorer's front end is not built. With Node.js 20 or newer, type: make -C {checkout} explorer "
            "(wheels of onebit have it inside)."
        )
    return (
        "This installation of onebit came without the explorer's front end, as it was built on a machine without "
        "Node.js. Install a wheel (pip install --force-reinstall --only-binary onebit onebit), or build from source "
        "where Node.js 20 or newer is."
    )
