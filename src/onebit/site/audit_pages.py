"""The page of an audit: findings, distances beside their baselines, the closest pairs, drift pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.auditing.report import Images
from onebit.formats.png import write_png
from onebit.site.pages import framed
from onebit.site.pictures import Picture

Json = dict[str, Any]

_CHART = 640, 220  # of the distances, in units of the drawing
_STYLES = ("solid", "dashed", "dotted", "long", "mixed")  # of lines: told apart without colour
_BLUE, _ORANGE = (0, 114, 178), (213, 94, 0)  # Okabe & Ito's
_STRONG = 6.0  # standard errors that have full colour
_SHOWN_PAIRS = 12
_SHADES = 127  # of each colour


def _shade(step: int) -> tuple[int, int, int]:
    """White at 0, orange at `_SHADES`, blue at ``-_SHADES``."""
    red, green, blue = (round(255 - abs(step) / _SHADES * (255 - part)) for part in (_ORANGE if step > 0 else _BLUE))
    return red, green, blue


_PALETTE = tuple(_shade(step) for step in range(-_SHADES, _SHADES + 1))


class Curve(NamedTuple):
    """A distribution of distances as a line."""

    title: str
    path: str
    style: str


class Pair(NamedTuple):
    """Two close images and where they differ."""

    names: tuple[str, str]
    distance: int
    picture: Picture


def audit_page(made: Json, images: Images | None, root: str | None = None) -> str:
    """An audit as one HTML page with everything inside.

    Args:
        made: the audit.
        images: the images that it is of, for the pictures of pairs; None leaves these out.
        root: see `onebit.site.pages.framed`.

    Raises:
        MissingDependencyError: jinja2 is not installed.
    """
    most = max((len(each["histogram"]) for each in made["nearest"]), default=1)
    return framed(
        "audit.html.j2",
        title=f"Audit of {made['dataset']} · onebit",
        summary=f"Duplicates, leaks between splits and drift in {made['dataset']} {made['version']}.",
        root=root,
        here="index",
        made=made,
        chart=_CHART,
        curves=_curves(made["nearest"], most),
        ticks=[(share * _CHART[0] / most, share) for share in range(0, most, max(10, most // 80 * 10))],
        threshold=None if made["threshold"] is None else (made["threshold"]["distance"] + 1) * _CHART[0] / most,
        comparisons=[(each, _pairs(each, images)) for each in made["nearest"]],
        drifts=[(each, _map(each, made["pixels"], images)) for each in made["drift"]],
    )


def _curves(nearest: Sequence[Json], most: int) -> list[Curve]:
    """Each histogram as a line; the heights are shares of the images of their own comparison."""
    width, height = _CHART
    shares = [np.asarray(each["histogram"]) / each["images"] for each in nearest]
    top = max((float(share.max()) for share in shares), default=1.0) or 1.0
    found = []
    for number, (each, share) in enumerate(zip(nearest, shares, strict=True)):
        points = [
            f"{(place + 0.5) * width / most:.1f} {height - height * value / top:.1f}"
            for place, value in enumerate(share)
        ]
        left_out = ", each image left out in turn" if each["left_out"] else ""
        found.append(
            Curve(f"{each['query']} to {each['to']}{left_out}", "M" + "L".join(points), _STYLES[number % len(_STYLES)])
        )
    return found


def _pairs(comparison: Json, images: Images | None) -> list[Pair]:
    if images is None:
        return []
    starts = {split.name: split.start for split in images.splits}
    found = []
    for row, neighbour, distance in comparison["closest"][:_SHOWN_PAIRS]:
        one = _pixels(images, starts[comparison["query"]] + row)
        other = _pixels(images, starts[comparison["to"]] + neighbour)
        names = f"{comparison['query']}/{row}", f"{comparison['to']}/{neighbour}"
        found.append(Pair(names, distance, _triptych(one, other, *names)))
    return found


def _pixels(images: Images, row: int) -> NDArray[np.uint8]:
    bits = np.unpackbits(images.packed[row], count=images.height * images.width)
    return bits.reshape(images.height, images.width)


def _triptych(one: NDArray[np.uint8], other: NDArray[np.uint8], *names: str) -> Picture:
    """Both images, and both in one another: what only the first has in blue, only the second in orange."""
    difference = one * 2 + other  # 0 neither, 1 the second alone, 2 the first alone, 3 both
    gap = np.zeros((len(one), 1), np.uint8)
    indices = np.concatenate([one * 3, gap, other * 3, gap, difference], axis=1)
    png = write_png(indices, palette=((255, 255, 255), _ORANGE, _BLUE, (0, 0, 0)))
    words = f"{names[0]}, {names[1]}, and where they differ"
    return Picture(png, indices.shape[1], indices.shape[0], words)


def _map(drift: Json, pixels: int, images: Images | None) -> Picture | None:
    """The z-values of all pixels: blue where the second split has less ink, orange where it has more."""
    if images is None or images.height * images.width != pixels:
        return None
    z = np.clip(np.reshape(drift["pixels"]["z"], (images.height, images.width)) / _STRONG, -1, 1)
    picture = write_png(np.round(_SHADES * (1 + z)).astype(np.uint8), palette=_PALETTE)
    words = f"Where {drift['to']} has more ink than {drift['from']} (orange) or less (blue)"
    return Picture(picture, images.width, images.height, words)


def findings_as_issues(made: Mapping[str, Any]) -> str:
    """What an audit found that is not in order, and in one section what is, as Markdown for the known issues."""
    parts = [f"## {each['title']}\n\n{each['text']}" for each in made["findings"] if not each["good"]]
    good = [
        f"- {each['title']}: {each['text'][:1].lower()}{each['text'][1:]}" for each in made["findings"] if each["good"]
    ]
    if good:
        parts.append("## What the audit found in order\n\n" + "\n".join(good))
    return "\n\n".join(parts)
