"""Level 1: everything in a certificate that follows from its files, and from the images, is computed again."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onebit.errors import FormatError
from onebit.evaluation.measurements import EXACT, UPPER_BOUND
from onebit.evaluation.report import Report
from onebit.leaderboard import certificates
from onebit.leaderboard.findings import FAILED, NOT_CHECKED, NOT_SHOWN, PASSED, Checked, Finding
from onebit.logspace import log_mean_exp
from onebit.registry import find_builder_class, list_builders

Floats = NDArray[np.float64]

ORDER = "tfds"
_REFERENCE_TOLERANCE = 1e-9  # nats
_ROUNDING = 1e-3  # nats that float32 adds to a probability of 1
_NOT_FROM_ARRAYS = "The numbers do not follow from the arrays beside them."


def of_files(path: str | os.PathLike[str]) -> Checked:
    """What needs the files alone, and no data set on the disk.

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
    if report.protocol in ("iw", "elbo"):
        return [_check_bound(report)]
    if report.protocol == "ais":
        return [_check_log_z(report)]
    return []


def _check_bound(report: Report) -> Finding:
    name = "bound"
    elbo, bound = (_array(report, one) for one in ("elbo", "iw_bound"))
    if elbo is None or bound is None:
        return Finding(1, name, NOT_SHOWN, "The arrays elbo and iw_bound are not there, from which the bound follows.")
    own = bound if report.protocol == "iw" else elbo
    if elbo.shape != bound.shape or not np.array_equal(-own, report.nll) or (elbo > bound + 1e-6).any():
        return Finding(1, name, FAILED, _NOT_FROM_ARRAYS)
    return Finding(1, name, PASSED, "The numbers are those of the bound, which no ELBO is above.")


def _check_log_z(report: Report) -> Finding:
    name = "log Z"
    weights = _array(report, "forward_log_weights")
    if weights is None or not weights.size:
        return Finding(1, name, NOT_SHOWN, "The array forward_log_weights is not there, from which log Z follows.")
    log_z = _number(report.details.get("log_z_base")) + float(log_mean_exp(weights.ravel(), 0))
    mean = _number(report.details.get("mean_free_energy_nats")) + log_z
    if not abs(mean - report.mean) <= 1e-6:
        return Finding(1, name, FAILED, _NOT_FROM_ARRAYS)
    return Finding(1, name, PASSED, f"log Z = {log_z:.4f} follows from the weights of {weights.size} chains.")


def _array(report: Report, name: str) -> Floats | None:
    """An array of finite numbers, if there is one of that name."""
    found = report.arrays.get(name)
    return found if found is not None and found.dtype == np.float64 and np.isfinite(found).all() else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def _check_signs(report: Report) -> Finding:
    """A probability is at most 1. An estimate of log Z may be so far off that some numbers say otherwise."""
    worst = int(np.argmin(report.nll))
    if report.nll[worst] < -_ROUNDING and report.kind != "estimate":
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
    what = f"{claimed['name'][:60]}:{claimed['version']} {claimed['split']}"[:120]
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
    shape = image_shape(claimed["name"])
    if claimed["image_shape"] != [*(shape or ())]:
        return f"its images have the shape {shape}, and not {tuple(claimed['image_shape'])}."
    columns = claimed["columns"]
    whole = {"split": split.name, "start": 0, "stop": split.num_examples}
    if not any(columns == [{**whole, "sha256": digest}] for digest in split.digests.values()):
        return "the SHA-256 of its columns is not the published one: these are other images."
    return ""


def image_shape(dataset: str) -> tuple[int, ...] | None:
    """``(height, width, channels)`` of the images of a data set of onebit; None for any other."""
    from onebit.features import Image

    if dataset not in list_builders():
        return None
    features: Mapping[str, Any] = find_builder_class(dataset)().info.features
    shapes = [feature.shape for feature in features.values() if isinstance(feature, Image)]
    return shapes[0] if shapes else None


# With the images ------------------------------------------------------------------------------------------------------


class Known(NamedTuple):
    """What this machine has of a split.

    Attributes:
        digest: SHA-256 of the images as they are measured.
        distinct: a row of each image, so that no image is there twice.
        reference: ``(n,)`` nats, the log-probabilities under the source, where the data set knows them.
    """

    digest: str
    distinct: NDArray[np.intp]
    reference: Floats | None


def known_images(report: Report, data_dir: str | os.PathLike[str] | None) -> Known | None:
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
    packed = np.packbits(found.images.reshape(len(found.images), -1), axis=1)
    _, distinct = np.unique(packed.view(f"V{packed.shape[1]}").reshape(-1), return_index=True)
    return Known(found.about["images_sha256"], distinct, found.reference)


def with_images(report: Report, known: Known | None) -> list[Finding]:
    """What needs the images of the data set on this disk, None where they are not there."""
    findings = [_check_images(report, known)]
    if report.kind in (EXACT, UPPER_BOUND):
        findings.append(_check_total(report, known))
    if "reference" in report.arrays:
        findings.append(_check_reference(report, known))
    return findings


def _check_images(report: Report, known: Known | None) -> Finding:
    name = report.dataset["name"]
    if known is None:
        return Finding(
            1, "packed images", NOT_CHECKED, f"{name} is not on this disk. For this check too: onebit prepare {name}"
        )
    if known.digest != report.dataset["images_sha256"]:
        return Finding(1, "packed images", FAILED, "The images that were measured have another SHA-256 than the split.")
    return Finding(1, "packed images", PASSED, f"SHA-256 of the images as they were measured: {known.digest}.")


def _check_total(report: Report, known: Known | None) -> Finding:
    """Different images cannot have probabilities that add up to more than 1, nor can lower bounds on them.

    The mean number of n different images is therefore at least log n nats.
    """
    name = "sum over the images"
    if known is None:
        return Finding(1, name, NOT_CHECKED, "Which images are different is known where the data set is on this disk.")
    logs = -report.nll[known.distinct]
    log_total = float(log_mean_exp(logs, 0)) + math.log(len(logs))
    if log_total > _ROUNDING:
        return Finding(
            1,
            name,
            FAILED,
            f"The probabilities of the {len(logs):,} different images add up to e^{log_total:.3g}, more than 1: no "
            f"distribution gives them fewer than {math.log(len(logs)):.2f} nats on average.",
        )
    text = f"The probabilities of the {len(logs):,} different images add up to e^{log_total:.3g}, no more than 1."
    return Finding(1, name, PASSED, text)


def _check_reference(report: Report, known: Known | None) -> Finding:
    given, name = report.arrays["reference"], "source"
    if known is None:
        return Finding(1, name, NOT_CHECKED, "The log-probabilities of the source are not on this disk.")
    if known.reference is None:
        return Finding(1, name, FAILED, f"{report.dataset['name']} does not know the log-probabilities of its images.")
    off = np.abs(given - known.reference)
    if not (off <= _REFERENCE_TOLERANCE).all():
        return Finding(1, name, FAILED, "The log-probabilities of the source are not those of the data set.")
    return Finding(1, name, PASSED, "The log-probabilities of the source are those of the data set.")
