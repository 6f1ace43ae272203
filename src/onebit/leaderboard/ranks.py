"""Rankings: results that can be compared, best first.

Two results share a ranking if they are on the same split of the same data set, on the same binarization, and of one
kind: an upper bound below an exact value shows nothing about which model is better.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from onebit.leaderboard.entries import BINARIZATIONS, KINDS, Entry

_DECIMALS = 2  # as numbers are printed: what looks the same has the same rank

TITLES = {
    "exact": "Exact negative log-likelihoods",
    "upper bound": "Upper bounds: the truth is at or below",
    "estimate": "Estimates with an annealed normalising constant: they err low",
    "lower bound": "Lower bounds: the truth is at or above",
    "not stated": "Kind not stated by the source",
}


class Row(NamedTuple):
    """A result and its rank; results that print the same share one."""

    rank: int
    entry: Entry


class Ranking(NamedTuple):
    """Results that can be compared.

    Attributes:
        dataset: name of the data set.
        split: of it.
        binarization: see `Entry.binarization`.
        kind: see `Entry.kind`.
        rows: best first.
    """

    dataset: str
    split: str
    binarization: str
    kind: str
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """What is in it, in words."""
        return TITLES[self.kind]


def rankings(entries: Iterable[Entry]) -> list[Ranking]:
    """Results sorted into rankings: by data set and split, then binarization (fixed first), then kind (exact first)."""
    groups: dict[tuple[str, str, str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.dataset, entry.split, entry.binarization, entry.kind), []).append(entry)

    def place(key: tuple[str, str, str, str]) -> tuple[str, str, int, int]:
        return key[0], key[1], BINARIZATIONS.index(key[2]), KINDS.index(key[3])

    return [Ranking(*key, ranked(groups[key])) for key in sorted(groups, key=place)]


def ranked(entries: Sequence[Entry]) -> tuple[Row, ...]:
    """Results of one ranking with their ranks: 1, 2, 2, 4."""
    rows: list[Row] = []
    for number, entry in enumerate(sorted(entries, key=lambda one: (one.nats, one.name)), start=1):
        same = rows and round(rows[-1].entry.nats, _DECIMALS) == round(entry.nats, _DECIMALS)
        rows.append(Row(rows[-1].rank if same else number, entry))
    return tuple(rows)


def records(entries: Iterable[Entry]) -> list[Entry]:
    """The results that were the best so far in their year, in the order of years: the stairs of a chart.

    Of one year only the best counts; results without a year are left out.
    """
    found: list[Entry] = []
    dated = [entry for entry in entries if entry.year is not None]
    for entry in sorted(dated, key=lambda one: (one.year or 0, one.nats)):
        if not found or entry.nats < found[-1].nats:
            if found and found[-1].year == entry.year:
                continue
            found.append(entry)
    return found
