"""`Finding`: one thing that was looked at in a certificate; `Checked`: all of them, and the level that they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from onebit.evaluation.report import Report
from onebit.leaderboard.certificates import About

PASSED, FAILED, NOT_CHECKED = "passed", "failed", "not checked"
NOT_SHOWN = "not shown"  # nothing is wrong, but the level cannot be reached without it
WORDS = ("reported", "consistent", "replayed", "probed")


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        level: the level that it belongs to.
        name: what was looked at, in a word or two.
        outcome: ``"passed"``, ``"failed"``, ``"not checked"``, or ``"not shown"`` where that keeps from the level.
        text: what was found, in a sentence.
    """

    level: int
    name: str
    outcome: str
    text: str


class Checked(NamedTuple):
    """The outcome of a check.

    Attributes:
        path: the file.
        report: what it reports; None where its parts do not make a report.
        about: what its author says; None where it is a plain report.
        seal: SHA-256 of what it says, None where it is a plain report.
        findings: what was looked at, in order.
    """

    path: Path
    report: Report | None
    about: About | None
    seal: str | None
    findings: tuple[Finding, ...]

    @property
    def level(self) -> int:
        """The highest level all of whose findings, and those of the levels below, passed."""
        reached = 0
        for level in (1, 2, 3):
            outcomes = [finding.outcome for finding in self.findings if finding.level == level]
            if FAILED in outcomes or NOT_SHOWN in outcomes or PASSED not in outcomes:
                break
            reached = level
        return reached

    @property
    def failed(self) -> list[Finding]:
        """What did not pass."""
        return [finding for finding in self.findings if finding.outcome == FAILED]

    @property
    def problem(self) -> Finding | None:
        """What keeps the file off a leaderboard: the first that failed, else what keeps it from level 1."""
        missing = [finding for finding in self.findings if finding.level == 1 and finding.outcome == NOT_SHOWN]
        return next(iter([*self.failed, *missing]), None)

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {
            "level": self.level,
            "word": WORDS[self.level],
            "seal": self.seal,
            "findings": [finding._asdict() for finding in self.findings],
        }
