"""What a certificate is worth: everything in it that can be recomputed is, and the level that it reaches is said.

=====  ===========  ==================================================================================================
level  word         what it means
=====  ===========  ==================================================================================================
0      reported     a number somebody gives; the evidence is missing or does not fit
1      consistent   the number of every image is there, and gives the mean, its error and the hashes; the images are
                    those of the data set
2      replayed     a model that the user named gives these numbers again
3      probed       and behaves like a probability distribution where that can be seen from outside
=====  ===========  ==================================================================================================

A certificate is data from a stranger. Nothing that is named in it is imported, run, fetched, or opened by a path.
Levels 2 and 3 need a model of the user's own; without one level 1 is the most.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.errors import FormatError, NotPreparedError
from onebit.evaluation.report import Report
from onebit.leaderboard import certificates
from onebit.leaderboard.certificates import About
from onebit.logspace import log_mean_exp
from onebit.registry import find_builder_class, list_builders

PASSED, FAILED, NOT_CHECKED = "passed", "failed", "not checked"
NOT_SHOWN = "not shown"  # nothing is wrong, but the level cannot be reached without it
WORDS = ("reported", "consistent", "replayed", "probed")
ORDER = "tfds"
_REFERENCE_TOLERANCE = 1e-9  # nats
_NOT_FROM_ARRAYS = "The numbers do not follow from the arrays beside them."


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

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {
            "level": self.level,
            "word": WORDS[self.level],
            "seal": self.seal,
            "findings": [finding._asdict() for finding in self.findings],
        }


def check(
    path: str | os.PathLike[str],
    model: Any = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    probe_images: int = 200,
) -> Checked:
    """Checks a certificate, or a plain report.

    Args:
        path: its JSON file.
        model: the model, if you have it, or where its code is (``"mymodel.py:model"``): it is measured again as the
            report says, and probed. Levels 2 and 3 are reached with it alone.
        data_dir: as in `onebit.load`.
        probe_images: images of each kind that the model is probed with.

    Raises:
        FormatError: the file cannot be read safely, or is no report.
        OSError: the file cannot be read.
        NotPreparedError: a model is to be replayed, and the data set is not on this disk.
    """
    checked = consistency(path)
    if checked.report is None:
        return checked
    findings = list(checked.findings)
    images = _images(checked.report, data_dir)
    findings.append(_check_images(checked.report, images))
    if "reference" in checked.report.arrays:
        findings.append(_check_reference(checked.report, images))
    if model is not None and not any(finding.outcome == FAILED for finding in findings):
        from onebit.evaluation.model_sources import ModelSource
        from onebit.leaderboard import probes, replays

        if isinstance(model, str):
            model = ModelSource.parse(model).load()
        if images is None:
            name = checked.report.dataset["name"]
            raise NotPreparedError(
                f"To replay, {name} has to be on this disk; nothing is fetched. Type: onebit prepare {name}"
            )
        findings += replays.replay(checked.report, model, data_dir=data_dir)
        if findings[-1].outcome == PASSED:  # else it is another model, and says nothing about this certificate
            findings += probes.probe(checked.report, model, count=probe_images, data_dir=data_dir)
    return checked._replace(findings=tuple(findings))


def consistency(path: str | os.PathLike[str]) -> Checked:
    """The part of `check` that needs the files alone, and no data set on the disk.

    Raises:
        FormatError: the file cannot be read safely, or is no report.
        OSError: the file cannot be read.
    """
    source = Path(path)
    content = certificates.read_content(source)
    about = certificates.read_about(content, source)
    found = certificates.seal(content) if about is not None else None
    findings = [] if about is None else [_check_seal(content[certificates.SECTION].get("seal"), found)]
    report, of_numbers = _check_numbers(content, source)
    findings += of_numbers
    findings.append(_check_identity(content["dataset"]))
    return Checked(source, report, about, found, tuple(findings))


def _check_seal(claimed: Any, found: str | None) -> Finding:
    if claimed == found:
        return Finding(1, "seal", PASSED, f"SHA-256 of what the certificate says is {found}.")
    return Finding(
        1, "seal", FAILED, f"The seal is {str(claimed)[:80]}, but SHA-256 of the rest is {found}: it has been edited."
    )


def _check_numbers(content: Mapping[str, Any], source: Path) -> tuple[Report | None, list[Finding]]:
    """Whether the arrays give what the JSON says."""
    try:
        arrays = certificates.read_arrays(content, source)
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        return None, [Finding(1, "evidence", FAILED, f"{missing} is not beside {source.name}: bring both files.")]
    except FormatError as error:
        return None, [Finding(1, "evidence", FAILED, str(error))]
    hashed = Finding(1, "evidence", PASSED, f"{len(arrays)} arrays have the SHA-256 that is named.")
    try:
        report = Report.from_json(content, arrays, source.name)
    except FormatError as error:
        return None, [hashed, Finding(1, "numbers", FAILED, str(error))]
    findings = [
        hashed,
        Finding(
            1,
            "numbers",
            PASSED,
            f"The {len(report.nll):,} numbers give mean {report.mean:.4f}, standard error {report.stderr:.4f} and "
            f"{report.bits_per_pixel:.5f} bits/pixel; by protocol {report.protocol} they are "
            f"{'exact' if report.kind == 'exact' else report.kind + ', erring ' + str(report.errs)}.",
        ),
        _check_signs(report),
        *_check_evidence(report),
    ]
    return report, findings


def _check_evidence(report: Report) -> list[Finding]:
    """Whether the numbers follow from the further arrays, by the formula of the protocol."""
    arrays, details = report.arrays, report.details
    if report.protocol in ("iw", "elbo") and {"elbo", "iw_bound"} <= arrays.keys():
        bound = arrays["iw_bound" if report.protocol == "iw" else "elbo"]
        fits = bound.shape == report.nll.shape and np.array_equal(-bound, report.nll)
        tight = arrays["elbo"].shape == bound.shape and bool((arrays["elbo"] <= arrays["iw_bound"] + 1e-6).all())
        text = "The numbers are those of the bound, which no ELBO is above."
        return [Finding(1, "bound", PASSED if fits and tight else FAILED, text if fits and tight else _NOT_FROM_ARRAYS)]
    if report.protocol == "ais" and "forward_log_weights" in arrays:
        log_z = _number(details.get("log_z_base")) + float(log_mean_exp(arrays["forward_log_weights"].ravel(), 0))
        mean = _number(details.get("mean_free_energy_nats")) + log_z
        fits = abs(mean - report.mean) <= 1e-6
        text = f"log Z = {log_z:.4f} follows from the weights of {arrays['forward_log_weights'].size} chains."
        return [Finding(1, "log Z", PASSED if fits else FAILED, text if fits else _NOT_FROM_ARRAYS)]
    return []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def _check_signs(report: Report) -> Finding:
    """A probability is at most 1. An estimate of log Z may be so far off that some numbers say otherwise."""
    worst = int(np.argmin(report.nll))
    if report.nll[worst] < -1e-3 and report.kind != "estimate":
        return Finding(
            1,
            "probabilities",
            FAILED,
            f"Image {worst:,} has {report.nll[worst]:.4f} nats: a probability above 1. It is a density, or has the "
            "other sign.",
        )
    return Finding(1, "probabilities", PASSED, "No image has a probability above 1.")


def _check_identity(claimed: Mapping[str, Any]) -> Finding:
    """Whether the columns are those of a data set of onebit: the record in the package says, nothing is opened."""
    wrong = _identity_problem(claimed)
    what = f"{claimed['name']}:{claimed['version']} {claimed['split']}"[:120]
    if wrong:
        return Finding(1, "images", FAILED, f"{what}: {wrong}")
    return Finding(1, "images", PASSED, f"The images are {what}, by the SHA-256 in the record of the data set.")


def _identity_problem(claimed: Mapping[str, Any]) -> str:
    if claimed["name"] not in list_builders():
        return f"onebit has no such data set; it has {', '.join(list_builders())}."
    record = find_builder_class(claimed["name"])().record  # of our own package: the name is one of its folders
    if claimed["version"] != str(record.version):
        return f"onebit knows version {record.version} of it."
    split = record.splits.get(claimed["split"])
    if split is None:
        return f"a certificate is about a whole split: {', '.join(record.splits)}."
    if claimed["order"] != ORDER:
        return f"the order is {str(claimed['order'])[:40]!r}; the numbers of a certificate are in the order {ORDER!r}."
    if claimed["num_examples"] != split.num_examples:
        return f"it has {split.num_examples:,} images, and not {claimed['num_examples']:,}."
    columns = claimed["columns"]
    whole = {"split": split.name, "start": 0, "stop": split.num_examples}
    if not any(columns == [{**whole, "sha256": digest}] for digest in split.digests.values()):
        return "the SHA-256 of its columns is not the published one: these are other images."
    return ""


# With the images ------------------------------------------------------------------------------------------------------


class Known(NamedTuple):
    """What this machine has of a split."""

    digest: str
    reference: NDArray[np.float64] | None


def _images(report: Report, data_dir: str | os.PathLike[str] | None) -> Known | None:
    """What the data set on this disk says, if it is there or part of the package. Nothing is fetched."""
    from onebit.evaluation.run import open_split

    about = report.dataset
    if about["name"] not in list_builders() or _identity_problem(about):
        return None
    builder = find_builder_class(about["name"])(data_dir=data_dir)
    in_package = all(split.upstream is None for split in builder.record.splits.values())
    if not builder.is_prepared() and not in_package:
        return None
    found = open_split(about["name"], about["split"], data_dir=data_dir)
    return Known(found.about["images_sha256"], found.reference)


def _check_images(report: Report, known: Known | None) -> Finding:
    name = report.dataset["name"]
    if known is None:
        return Finding(
            1, "packed images", NOT_CHECKED, f"{name} is not on this disk. For this check too: onebit prepare {name}"
        )
    if known.digest != report.dataset["images_sha256"]:
        return Finding(1, "packed images", FAILED, "The images that were measured have another SHA-256 than the split.")
    return Finding(1, "packed images", PASSED, f"SHA-256 of the images as they were measured: {known.digest}.")


def _check_reference(report: Report, known: Known | None) -> Finding:
    given = report.arrays["reference"]
    if known is None:
        return Finding(1, "source", NOT_CHECKED, "The log-probabilities of the source are not on this disk.")
    if known.reference is None:
        return Finding(
            1, "source", FAILED, f"{report.dataset['name']} does not know the log-probabilities of its images."
        )
    if given.shape != known.reference.shape or np.abs(given - known.reference).max() > _REFERENCE_TOLERANCE:
        return Finding(1, "source", FAILED, "The log-probabilities of the source are not those of the data set.")
    return Finding(1, "source", PASSED, "The log-probabilities of the source are those of the data set.")
