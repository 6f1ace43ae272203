"""The leaderboard: results of generative models on one-bit images, and certificates, which carry their own evidence.

A result is an `Entry`: what a paper or a repository reports (level 0), or a `Certificate`, a report with the number of
every image that anybody can check (levels 1 to 3, see `onebit.leaderboard.checks`). Results on different
binarizations are never ranked together, nor are exact values, bounds and estimates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onebit.late_imports import late_names

if TYPE_CHECKING:
    from onebit.leaderboard.additions import NotAddedError, add
    from onebit.leaderboard.certificates import About, Certificate
    from onebit.leaderboard.checks import check
    from onebit.leaderboard.columns import Vector, vectors
    from onebit.leaderboard.entries import Entry, all_entries
    from onebit.leaderboard.findings import Checked, Finding
    from onebit.leaderboard.ranks import Ranking, rankings

_NAMES = {
    "About": "onebit.leaderboard.certificates",
    "Certificate": "onebit.leaderboard.certificates",
    "Checked": "onebit.leaderboard.findings",
    "Entry": "onebit.leaderboard.entries",
    "Finding": "onebit.leaderboard.findings",
    "NotAddedError": "onebit.leaderboard.additions",
    "Ranking": "onebit.leaderboard.ranks",
    "Vector": "onebit.leaderboard.columns",
    "add": "onebit.leaderboard.additions",
    "all_entries": "onebit.leaderboard.entries",
    "check": "onebit.leaderboard.checks",
    "rankings": "onebit.leaderboard.ranks",
    "vectors": "onebit.leaderboard.columns",
}

__all__ = [
    "About",
    "Certificate",
    "Checked",
    "Entry",
    "Finding",
    "NotAddedError",
    "Ranking",
    "Vector",
    "add",
    "all_entries",
    "check",
    "rankings",
    "vectors",
]


__getattr__ = late_names("onebit.leaderboard", _NAMES)


def __dir__() -> list[str]:
    return __all__
