"""The leaderboard: results of generative models on one-bit images, and certificates, which carry their own evidence.

A result is an `Entry`: what a paper or a repository reports (level 0), or a `Certificate`, a report with the number of
every image that anybody can check (levels 1 to 3, see `onebit.leaderboard.checks`). Results on different
binarizations are never ranked together, nor are exact values, bounds and estimates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onebit.leaderboard.additions import NotAddedError, add
    from onebit.leaderboard.certificates import About, Certificate
    from onebit.leaderboard.checks import Checked, Finding, check
    from onebit.leaderboard.columns import Vector, vectors
    from onebit.leaderboard.entries import Entry, all_entries
    from onebit.leaderboard.ranks import Ranking, rankings

_NAMES = {
    "About": "certificates",
    "Certificate": "certificates",
    "Checked": "checks",
    "Entry": "entries",
    "Finding": "checks",
    "NotAddedError": "additions",
    "Ranking": "ranks",
    "Vector": "columns",
    "add": "additions",
    "all_entries": "entries",
    "check": "checks",
    "rankings": "ranks",
    "vectors": "columns",
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


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'onebit.leaderboard' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"onebit.leaderboard.{_NAMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
