"""The leaderboard as a part of the site: one page, the results in formats of others, the certificates.

Everything on the page is made here; its script only hides rows and compares what the page brings along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.evaluation.report import Comparison, Report
from onebit.leaderboard import exchange
from onebit.leaderboard.entries import BINARIZATIONS, KINDS, Entry, all_entries
from onebit.leaderboard.ranks import Ranking, rankings, records
from onebit.site import chart as charts
from onebit.site import places
from onebit.site.entries import Entry as SiteEntry
from onebit.site.pages import framed, safe
from onebit.site.structured_data import as_script

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder

WORDS = {
    "fixed": "The published bits themselves, drawn once: every model is measured on the same images.",
    "dynamic": "Pixels drawn anew from the grey values, in training and often for the test too: one to two nats lower, "
    "and on other images.",
    "threshold": "Grey values cut at a threshold: other images, with less to explain.",
    "not stated": "The source does not say which binarization it is, or contradicts itself.",
}
LEVELS = ("reported", "consistent", "replayed", "probed")
_SHOWN_IMAGES = 6  # on which one model beats another most
_LISTED_IMAGES = 50  # that the explorer opens
_EXPLORER = "../explorer/index.html"


class Line(NamedTuple):
    """A row of a table.

    Attributes:
        rank: within its ranking.
        entry: the result.
        anchor: of the row.
        record: whether it was the best of its time.
        files: addresses of its certificate and numbers, empty without.
        explorer: where the explorer shows the images that it finds hardest, empty where there is none.
    """

    rank: int
    entry: Entry
    anchor: str
    record: bool
    files: list[tuple[str, str]]
    explorer: str


class Table(NamedTuple):
    """A ranking as it is shown."""

    kind: str
    title: str
    with_gap: bool
    lines: list[Line]


class Board(NamedTuple):
    """The results of one binarization: a chart and a table for each kind."""

    binarization: str
    words: str
    chart: charts.Chart | None
    tables: list[Table]


class DatasetSection(NamedTuple):
    """The results on one data set."""

    name: str
    split: str
    boards: list[Board]
    source: str
    models: list[str]
    pairs: list[list[str]]


def files(builders: Sequence[DatasetBuilder]) -> dict[str, bytes]:
    """The files of the leaderboard by their path in its folder.

    Args:
        builders: the data sets of the site; results on others are in the files alone.
    """
    known = {builder.name: builder for builder in builders}
    entries = [entry for entry in all_entries() if entry.dataset in known]
    found = {
        "index.html": page(entries, known).encode(),
        "leaderboard.json": exchange.to_json(entries).encode(),
        "leaderboard.csv": exchange.to_csv(entries).encode(),
        "evaluation-tables.json": exchange.to_evaluation_tables(entries).encode(),
    }
    for entry in entries:
        found |= _evidence(entry)
    return found


def _evidence(entry: Entry) -> dict[str, bytes]:
    """The certificate of a result and its arrays, as they lie in its folder."""
    if entry.path is None or entry.report is None:
        return {}
    listed = json.loads(entry.path.read_bytes())["arrays"]
    names = [entry.path.name, *(array["file"] for array in listed.values())]
    return {f"certified/{entry.dataset}/{name}": entry.path.with_name(name).read_bytes() for name in names}


def page(entries: Sequence[Entry], builders: Mapping[str, DatasetBuilder]) -> str:
    """The page as HTML."""
    ranked = rankings(entries)
    explored = _explored(builders)
    sections = [
        _section(name, split, list(group), explored)
        for (name, split), group in groupby(ranked, lambda one: (one[0], one[1]))
    ]
    present = {(one.binarization, one.kind) for one in ranked}
    return framed(
        "leaderboard.html.j2",
        title="Leaderboard · onebit",
        summary="Generative models of one-bit images by negative log-likelihood: published results with their sources, "
        "and certified ones that carry the number of every image.",
        root="../",
        here="leaderboard",
        extra="leaderboard",
        sections=sections,
        chips=_chips(entries),
        binarizations=[name for name in BINARIZATIONS if any(name == one for one, _ in present)],
        kinds=[name for name in KINDS if any(name == one for _, one in present)],
        levels=list(enumerate(LEVELS)),
        size=(charts.WIDTH, charts.HEIGHT, charts.LEFT, charts.RIGHT, charts.TOP, charts.BOTTOM),
        comparisons=safe(as_script(_comparisons(entries, builders, explored))),
    )


def _chips(entries: Sequence[Entry]) -> list[str]:
    certified = sum(entry.level > 0 for entry in entries)
    return [f"{len(entries) - certified} reported", f"{certified} certified", "nats per image", "lower is better"]


def _explored(builders: Mapping[str, DatasetBuilder]) -> set[str]:
    """The data sets that the explorer of the site shows."""
    explorer = next(place for place in places.PLACES if place.key == "explorer")
    return {name for name, builder in builders.items() if places.shows(explorer, SiteEntry(builder))}


def _column(entry: Entry) -> str:
    """The column of the explorer that has the numbers of a certified result."""
    from onebit.explorer.nats import slug

    return f"nats_{slug(entry.name)}"


def _section(name: str, split: str, ranked: Sequence[Ranking], explored: set[str]) -> DatasetSection:
    entries = [row.entry for ranking in ranked for row in ranking.rows]
    anchors = {entry.id: anchor(entry) for entry in entries}
    boards = [
        _board(binarization, list(group), anchors, explored)
        for binarization, group in groupby(ranked, lambda one: one.binarization)
    ]
    certified = comparable(entries, name)
    pairs = [[_difference(first, second) for second in certified] for first in certified]
    return DatasetSection(name, split, boards, _source(certified), [entry.model for entry in certified], pairs)


def anchor(entry: Entry) -> str:
    """The anchor of a result's row: ``binarized_mnist.nade-2016``."""
    return f"{entry.dataset}.{entry.name}"


def _board(binarization: str, ranked: Sequence[Ranking], anchors: Mapping[str, str], explored: set[str]) -> Board:
    title = f"{ranked[0].dataset}, {binarization} binarization"
    entries = [row.entry for ranking in ranked for row in ranking.rows]
    best = {entry.id for ranking in ranked for entry in _best_of_their_time([row.entry for row in ranking.rows])}
    tables = [
        Table(
            ranking.kind,
            ranking.title,
            any(row.entry.gap is not None for row in ranking.rows),
            [
                Line(
                    row.rank,
                    row.entry,
                    anchors[row.entry.id],
                    row.entry.id in best,
                    _addresses(row.entry),
                    _hardest(row.entry) if row.entry.report is not None and row.entry.dataset in explored else "",
                )
                for row in ranking.rows
            ],
        )
        for ranking in ranked
    ]
    return Board(binarization, WORDS[binarization], charts.chart(entries, anchors, title), tables)


def _best_of_their_time(entries: Sequence[Entry]) -> list[Entry]:
    """Those that were it; none where all are of one year."""
    return records(entries) if len({entry.year for entry in entries if entry.year}) > 1 else []


def _addresses(entry: Entry) -> list[tuple[str, str]]:
    if entry.report is None or entry.path is None:
        return []
    stem = f"certified/{entry.dataset}/{entry.path.stem}"
    return [("certificate" if entry.about is not None else "report", f"{stem}.json"), ("numbers", f"{stem}.npy")]


def _hardest(entry: Entry) -> str:
    return f"{_EXPLORER}#tab=STATS&dataset={entry.dataset}&filter=split:{entry.split}&sort=-{_column(entry)}"


def _source(certified: Sequence[Entry]) -> str:
    """What is known of the truth, in a sentence; empty where nothing is."""
    for entry in certified:
        if entry.report is not None and "reference" in entry.report.arrays:
            reference = entry.report.arrays["reference"]
            error = reference.std(ddof=1) / np.sqrt(len(reference))
            return (
                f"The source of these images is known: it takes {-reference.mean():.2f} ± {error:.2f} nats itself, and "
                "no model can take less on average."
            )
    return ""


# Comparing two --------------------------------------------------------------------------------------------------------


def comparable(entries: Sequence[Entry], dataset: str) -> list[Entry]:
    """The certified results on one and the same images, best first."""
    found = sorted((entry for entry in entries if entry.dataset == dataset and entry.report), key=lambda one: one.nats)
    if not found:
        return []
    images = _report(found[0]).dataset["images_sha256"]
    return [entry for entry in found if _report(entry).dataset["images_sha256"] == images]


def _report(entry: Entry) -> Report:
    assert entry.report is not None
    return entry.report


def _difference(first: Entry, second: Entry) -> str:
    if first is second:
        return ""
    found = Comparison(_report(first), _report(second))
    return f"{found.mean:+.2f} ± {found.stderr:.2f}"


def _comparisons(
    entries: Sequence[Entry], builders: Mapping[str, DatasetBuilder], explored: set[str]
) -> dict[str, Any]:
    """What the script compares: names, pairs, and the images on which one model beats the other most."""
    found: dict[str, Any] = {}
    for name, builder in builders.items():
        certified = comparable(entries, name)
        if len(certified) < 2:
            continue
        pairs, wanted = [], set()
        for number, second in enumerate(certified):
            for first in certified[:number]:
                comparison = Comparison(_report(first), _report(second))
                order = comparison.differences.argsort(kind="stable")
                best, worst = order[:_SHOWN_IMAGES].tolist(), order[::-1][:_SHOWN_IMAGES].tolist()
                wanted |= {*best, *worst}
                shown = [[row, round(float(comparison.differences[row]), 1)] for row in (*best, *worst)]
                ends = order[:_LISTED_IMAGES], order[::-1][:_LISTED_IMAGES]
                listed = [
                    np.sort(rows[_beaten(comparison, rows, sign)]).tolist()
                    for rows, sign in zip(ends, (-1, 1), strict=True)
                ]
                pairs.append([round(comparison.mean, 4), round(comparison.stderr, 5), shown, listed])
        found[name] = {
            "models": [entry.model for entry in certified],
            "kinds": [entry.kind for entry in certified],
            "rows": [anchor(entry) for entry in certified],
            "split": certified[0].split,
            "n": len(_report(certified[0]).nll),
            "shape": _report(certified[0]).dataset["image_shape"],
            "explorer": _EXPLORER if name in explored else None,
            "columns": [_column(entry) for entry in certified],
            "pairs": pairs,
            "images": _pictures(builder, certified[0].split, sorted(wanted)),
        }
    return found


def _beaten(comparison: Comparison, rows: NDArray[np.intp], sign: int) -> NDArray[np.bool_]:
    """Which of some images one model is better on: the first for sign -1."""
    better: NDArray[np.bool_] = comparison.differences[rows] * sign > 0
    return better


def _pictures(builder: DatasetBuilder, split: str, rows: Sequence[int]) -> dict[str, str]:
    """Some images as their stored bits in base64, by row; none where the data set is not on this disk."""
    import base64

    if not builder.is_prepared():
        return {}
    bits = builder.as_dataset(split=split).bits()
    return {str(row): base64.b64encode(bits[row].tobytes()).decode() for row in rows}
