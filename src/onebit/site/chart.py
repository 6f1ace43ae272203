"""A chart of results over the years with a line through the best so far: where things lie, for a template to draw."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from onebit.leaderboard.entries import KINDS, Entry
from onebit.leaderboard.ranks import records

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 52, 742, 18, 362  # of the area that is drawn in
_SPAN = 16.0  # nats above the best: what is worse is in the table alone
_SIDE = 11.5  # by how much a mark is moved aside where it would lie on another
_LONGEST_LABEL = 40
STAIRS = ("exact", "upper bound")  # the kinds with a line through the best so far

Place = tuple[float, float]
_Z = 1.96  # of a 95 % interval


class Mark(NamedTuple):
    """A result.

    Attributes:
        row: the anchor of its row in the table.
        kind: which sign it has.
        certified: whether it has evidence.
        x: from the left.
        y: from the top.
        bar: from where to where its 95 % interval reaches, None without evidence.
        words: what it says.
    """

    row: str
    kind: str
    certified: bool
    x: float
    y: float
    bar: tuple[float, float] | None
    words: str


class Label(NamedTuple):
    """The name of the best result of a kind; it ends at x."""

    x: float
    y: float
    text: str


class Tick(NamedTuple):
    """A number beside an axis."""

    place: float
    text: str


class Line(NamedTuple):
    """The best so far of one kind: an SVG path."""

    kind: str
    path: str


class Chart(NamedTuple):
    """Everything that is drawn, and what is not."""

    marks: list[Mark]
    labels: list[Label]
    lines: list[Line]
    years: list[Tick]
    nats: list[Tick]
    above: int  # results that are too bad to be in it
    limit: float  # nats, from which on they are
    words: str


def chart(entries: Sequence[Entry], anchors: Mapping[str, str], title: str) -> Chart | None:
    """A chart of the results of one binarization; None where there are not three years to be drawn.

    Args:
        entries: the results, of any kind.
        anchors: the anchor of each result's row, by its id.
        title: what it is about, for its description.
    """
    dated = [entry for entry in entries if entry.year is not None]
    if len({entry.year for entry in dated}) < 3:
        return None
    least = min(entry.nats for entry in dated)
    limit = math.ceil(min(max(entry.nats for entry in dated), least + _SPAN))
    low = math.floor(least) - 1
    shown = [entry for entry in dated if entry.nats <= limit]
    years = [entry.year or 0 for entry in shown]
    first, last = min(years), max(years)

    def x_of(year: float) -> float:
        return round(LEFT + 20 + (RIGHT - LEFT - 40) * (year - first) / max(last - first, 1), 1)

    def y_of(nats: float) -> float:
        return round(TOP + (BOTTOM - TOP) * (limit - nats) / (limit - low), 1)

    places = _places(shown, x_of, y_of)
    marks = [_mark(entry, places[entry.id], anchors[entry.id], y_of) for entry in shown]
    lines, labels = [], []
    for kind in STAIRS:
        best = records(entry for entry in shown if entry.kind == kind)
        if best:
            lines.append(Line(kind, _stairs([places[entry.id] for entry in best])))
            rivals = [entry.nats for entry in shown if entry.kind in STAIRS and entry.kind != kind]
            below = bool(rivals) and best[-1].nats < min(rivals)
            labels.append(_label(best[-1], places[best[-1].id][1], below))
    return Chart(
        sorted(marks, key=lambda mark: mark.certified),
        labels,
        lines,
        [Tick(x_of(year), str(year)) for year in range(first, last + 1) if (year - first) % 2 == 0],
        [Tick(y_of(nats), str(nats)) for nats in range(low + 1, limit + 1) if nats % 2 == 0],
        len(dated) - len(shown),
        float(limit),
        _description(shown, title),
    )


def _places(
    entries: Sequence[Entry], x_of: Callable[[float], float], y_of: Callable[[float], float]
) -> dict[str, Place]:
    """Where each result lies: in its year, moved aside as far as it has to be not to lie on another."""
    first = {entry.id for kind in KINDS for entry in records(one for one in entries if one.kind == kind)}
    found: dict[str, Place] = {}
    for entry in sorted(entries, key=lambda one: (one.id not in first, one.nats, one.name)):
        x, y = x_of(entry.year or 0), y_of(entry.nats)
        aside = (x + _SIDE * step * sign for step in range(len(entries)) for sign in (1, -1))
        taken = found.values()
        x = next(x for x in aside if all(math.hypot(x - other[0], y - other[1]) >= _SIDE - 1 for other in taken))
        found[entry.id] = round(x, 1), y
    return found


def _mark(entry: Entry, place: Place, row: str, y_of: Callable[[float], float]) -> Mark:
    bar = None
    if entry.stderr is not None and math.isfinite(entry.stderr):
        bar = y_of(entry.nats + _Z * entry.stderr), y_of(entry.nats - _Z * entry.stderr)
    error = f" ± {entry.stderr:.2f}" if entry.stderr is not None else ""
    words = f"{entry.model}, {entry.year}: {entry.sign} {entry.nats:.2f}{error} nats".replace(":  ", ": ")
    return Mark(row, entry.kind, entry.level > 0, *place, bar, words)


def _stairs(places: Sequence[Place]) -> str:
    """From one best to the next: along, then down; at the end to the right edge."""
    (x, y), *others = places
    return f"M{x} {y}" + "".join(f"H{x}V{y}" for x, y in others) + f"H{RIGHT}"


def _label(entry: Entry, y: float, below: bool) -> Label:
    name = entry.model if len(entry.model) <= _LONGEST_LABEL else entry.model[: _LONGEST_LABEL - 1].rstrip() + "…"
    return Label(
        RIGHT,
        round(y + 16 if below else y - 8, 1),
        f"{name} {entry.sign} {entry.nats:.2f}".replace("  ", " ").replace("<=", "≤"),
    )


def _description(entries: Sequence[Entry], title: str) -> str:
    best = min(entries, key=lambda entry: entry.nats)
    years = [entry.year or 0 for entry in entries]
    return (
        f"{title}: {len(entries)} results from {min(years)} to {max(years)}, lower is better; the lowest is "
        f"{best.model} with {best.sign} {best.nats:.2f} nats. The same numbers are in the tables below."
    )
