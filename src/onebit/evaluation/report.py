"""`Report`: what was measured, with the number of every image, and how; `Comparison`: two reports, image by image.

A report is a JSON file and ``.npy`` files beside it. Means, standard errors and bits per pixel are computed from the
numbers of the images whenever they are asked for. The JSON has them for readers, and a file in which they do not agree
with the numbers is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit.errors import FormatError
from onebit.evaluation.measurements import EXACT, KIND_OF, UPPER_BOUND
from onebit.formats import numpy_files
from onebit.formats.strict_json import read_json

Floats = NDArray[np.float64]

SCHEMA = 1
_LARGEST_JSON = 16 << 20
_LARGEST_ARRAY = 1 << 30
_NORMAL_95 = 1.959963984540054  # quantile of the normal distribution
_SUMMARY_TOLERANCE = 1e-9
_MOST_NATS = 1e100  # of an image: squares of larger numbers overflow
_MOST_DIMENSIONS, _LONGEST_SIDE = 4, 100_000  # of images

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "model": str, "trained_on": (str, type(None)), "dataset": dict, "protocol": str, "kind": str,
    "errs": (str, type(None)), "note": str, "settings": dict, "details": dict, "flags": list, "seed": int,
    "seconds": (int, float), "versions": dict, "hardware": dict,
}  # fmt: skip
_DATASET_FIELDS: dict[str, type | tuple[type, ...]] = {
    "name": str, "version": str, "split": str, "order": str, "num_examples": int, "image_shape": list,
    "columns": list, "images_sha256": str,
}  # fmt: skip


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Report:
    """One model measured on one split.

    Attributes:
        nll: ``(n,)`` float64: the negative log-likelihood of each image, or the bound on it or estimate of it, in nats.
        model: name of the model.
        trained_on: what it was trained on, as its owner says; None where nothing was said.
        dataset: ``name``, ``version``, ``split``, ``order``, ``num_examples``, ``image_shape``; ``columns``, the stored
            columns that the images come from with their SHA-256; ``images_sha256``, that of the packed images as they
            were measured.
        protocol: how it was measured.
        kind: ``"exact"``, ``"upper bound"``, ``"lower bound"`` or ``"estimate"``.
        errs: the direction in which the numbers err in expectation: ``"low"`` (too good), ``"high"``, None if exact.
        note: the protocol in a few words.
        settings: k, schedule, chains, chunk size ...: what the numbers depend on beside model, images and seed.
        details: what else was found.
        flags: sentences about what makes the numbers doubtful; empty is good.
        seed: of the random numbers.
        seconds: how long it took.
        versions: of Python and the packages that took part.
        hardware: the machine.
        arrays: evidence beside `nll`: log-weights of chains, effective sample sizes; ``reference`` is the true
            log-probability of each image, for data sets that know it.
    """

    nll: Floats
    model: str
    trained_on: str | None
    dataset: Mapping[str, Any]
    protocol: str
    kind: str
    errs: str | None
    note: str
    settings: Mapping[str, Any]
    details: Mapping[str, Any]
    flags: tuple[str, ...]
    seed: int
    seconds: float
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = KIND_OF.get(self.protocol)
        if expected is None:
            raise FormatError(f"A report has the protocol {_shown(self.protocol)}; allowed are {', '.join(KIND_OF)}.")
        if (self.kind, self.errs) != expected:
            raise FormatError(
                f"A report by protocol {self.protocol!r} says that its numbers are {_shown(self.kind)}, erring "
                f"{_shown(self.errs)}. By that protocol they are {expected[0]!r}, erring {expected[1]!r}, and nothing "
                "else."
            )
        if self.nll.shape != (self.dataset["num_examples"],) or self.nll.dtype != np.float64:
            raise FormatError(
                f"A report on {self.dataset['num_examples']:,} images has numbers of shape {self.nll.shape} and type "
                f"{self.nll.dtype}; one float64 for each image is expected."
            )
        if not np.isfinite(self.nll).all():
            raise FormatError(f"The number of image {int(np.argmin(np.isfinite(self.nll))):,} is not finite.")
        if len(self.nll) and np.abs(self.nll).max() > _MOST_NATS:
            raise FormatError(f"The number of image {int(np.abs(self.nll).argmax()):,} is above {_MOST_NATS:g} nats.")
        reference = self.arrays.get("reference")
        if reference is not None and (
            reference.shape != self.nll.shape or reference.dtype != np.float64 or not np.isfinite(reference).all()
        ):
            raise FormatError("The array reference does not have one finite float64 for each image.")

    # What follows from the numbers -----------------------------------------------------------------------------

    @property
    def mean(self) -> float:
        """Mean over the images, nats per image."""
        return float(self.nll.mean())

    @property
    def stderr(self) -> float:
        """Standard error of `mean` as an estimate for images that were not drawn; NaN for one image."""
        return _standard_error(self.nll)

    @property
    def pixels(self) -> int:
        """Pixels of an image."""
        return math.prod(self.dataset["image_shape"])

    @property
    def bits_per_pixel(self) -> float:
        """``mean / (pixels * log 2)``. One-bit pixels need no ``log 256``: fair coins have 1 bit."""
        return self.mean / (self.pixels * math.log(2))

    @property
    def gap(self) -> tuple[float, float] | None:
        """How far the model is from the truth, where the truth is known: nats per image, and the standard error.

        The mean of ``log p_source(x) + nll(x)`` over images drawn from the source: KL(source || model) for exact
        numbers, at least that for upper bounds. None for data sets that do not know their log-probabilities.
        """
        if "reference" not in self.arrays:
            return None
        differences = self.arrays["reference"] + self.nll
        return float(differences.mean()), _standard_error(differences)

    @property
    def doubts(self) -> list[str]:
        """What numbers and training give away, in sentences; `flags` has them, but a stranger may take them out."""
        found = []
        trained = (self.trained_on or "").replace(" ", "").split("+")
        own = {part.partition("[")[0] for part in self.dataset["split"].replace(" ", "").split("+")}
        seen = sorted(own & {part.partition("[")[0] for part in trained})
        if seen:
            found.append(f"The model was trained on {' and '.join(seen)}, on which it was measured: this is no test.")
        if self.gap is not None and self.kind in (EXACT, UPPER_BOUND) and self.gap[0] < -4 * self.gap[1]:
            found.append(
                f"The model gives the images {-self.gap[0]:.2f} nats more than the source that they were drawn from. "
                "No probability distribution can do that (Gibbs' inequality), unless it has seen them: log_prob is no "
                "log-likelihood."
            )
        return found

    def __sub__(self, other: Report) -> Comparison:
        if not isinstance(other, Report):
            return NotImplemented
        return Comparison(self, other)

    # Words -----------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        data = self.dataset
        columns = [column["sha256"] for column in data["columns"]]
        digest = columns[0] if len(columns) == 1 else data["images_sha256"]
        kind = self.kind if self.kind == EXACT else f"{self.kind}, {self.note}"
        if self.kind not in (EXACT, UPPER_BOUND):
            kind += f"; errs {self.errs}"
        lines = [
            f"{self.mean:.2f} ± {self.stderr:.2f} nats/image ({kind}), {self.bits_per_pixel:.4f} bits/pixel, "
            f"n = {len(self.nll):,}, {data['name']}:{data['version']} {data['split']} sha256:{digest[:12]}"
        ]
        if self.gap is not None:
            sign = {EXACT: "=", UPPER_BOUND: "<="}.get(self.kind, "~")
            gap = round(self.gap[0], 3) + 0.0  # no -0.000
            lines.append(f"KL(source || model) {sign} {gap:.3f} ± {self.gap[1]:.3f} nats/image")
        lines += [f"{name}: {text}" for name, text in self.details.get("lines", {}).items()]
        lines += [f"Warning: {flag}" for flag in self.flags]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<onebit report {self.model}: {str(self).splitlines()[0]}>"

    # Files -----------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """All but the arrays, with a summary."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        fields["flags"] = list(self.flags)
        return {"onebit_report": SCHEMA} | fields | {"summary": self._summary()}

    def _summary(self) -> dict[str, float | None]:
        summary: dict[str, float | None] = {
            "mean_nats": self.mean,
            "stderr_nats": _or_none(self.stderr),
            "bits_per_pixel": self.bits_per_pixel,
        }
        if self.gap is not None:
            summary |= {"gap_nats": self.gap[0], "gap_stderr_nats": _or_none(self.gap[1])}
        return summary

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes ``NAME.json``, ``NAME.npy`` (`nll`) and ``NAME.<array>.npy`` for each further array.

        Args:
            path: the JSON file; its name ends in ``.json``. What is there is replaced.

        Returns:
            The path.

        Raises:
            ValueError: the name does not end in ``.json``.
        """
        target = Path(path)
        if target.suffix != ".json":
            raise ValueError(f"A report was to be saved as {target.name!r}. Give a name that ends in .json.")
        target.parent.mkdir(parents=True, exist_ok=True)
        listed = {}
        for name, array in {"nll": self.nll, **self.arrays}.items():
            content = numpy_files.write_npy(np.ascontiguousarray(array))
            file = target.with_suffix(".npy" if name == "nll" else f".{name}.npy")
            _replace(file, content)
            listed[name] = {"file": file.name, "sha256": hashlib.sha256(content).hexdigest()}
        text = json.dumps(self.to_json() | {"arrays": listed}, indent=2, allow_nan=False)
        _replace(target, (text + "\n").encode())
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Report:
        """Reads a saved report, and checks it: fields, SHA-256 of the arrays, summary against the numbers.

        Raises:
            FormatError: it is not as `save` wrote it; the message says where.
            OSError: a file cannot be read.
        """
        source = Path(path)
        content = _read_json(source)
        check_report(content, source)
        arrays = {name: _read_array(source, name, entry) for name, entry in _listed(content, source).items()}
        return cls.from_json(content, arrays, source)

    @classmethod
    def from_json(cls, content: Any, arrays: Mapping[str, NDArray[Any]], source: str | Path) -> Report:
        """A report from the JSON of its file and from its arrays, which were read and hashed elsewhere.

        Args:
            content: the value of the JSON file.
            arrays: by name, ``nll`` among them.
            source: what it is called in messages.

        Raises:
            FormatError: fields are missing or wrong, or the summary does not agree with the numbers.
        """
        check_report(content, source)
        others = {name: array for name, array in arrays.items() if name != "nll"}
        fields = {name: content[name] for name in _FIELDS} | {"flags": tuple(content["flags"])}
        try:
            report = cls(nll=arrays["nll"], arrays=others, **fields)
        except FormatError as error:
            raise FormatError(f"{source}: {error}") from error
        report._check_summary(content.get("summary"), source)
        return report

    def _check_summary(self, summary: Any, source: str | Path) -> None:
        for name, value in self._summary().items():
            found = summary.get(name) if isinstance(summary, dict) else None
            same = found is value is None or (
                isinstance(found, (int, float)) and value is not None and abs(found - value) <= _SUMMARY_TOLERANCE
            )
            if not same:
                raise FormatError(
                    f"{source}: summary.{name} is {_shown(found)}, but the numbers of the images give {value!r}. A "
                    "summary is never edited: evaluate again. (Bits per pixel of one-bit images "
                    "are nats / (pixels * log 2), without log 256.)"
                )


class Comparison:
    """Two models on the same images: the differences of their numbers, image by image.

    The images are hard or easy for both; in the differences that cancels, and much smaller ones can be told from 0 than
    the standard errors of the reports would let.

    Args:
        first: a report.
        second: another on the same images.

    Attributes:
        differences: ``(n,)``: first minus second, nats; below 0 the first model is better.

    Raises:
        ValueError: the images are not the same.
    """

    def __init__(self, first: Report, second: Report) -> None:
        a, b = first.dataset, second.dataset
        if a["images_sha256"] != b["images_sha256"]:
            places = [f"{d['name']}:{d['version']} {d['split']} (n = {d['num_examples']:,})" for d in (a, b)]
            raise ValueError(
                f"{first.model} was measured on {places[0]}, {second.model} on {places[1]}: these are not the same "
                "images in the same order. Evaluate both on one split."
            )
        self.first, self.second = first, second
        self.differences: Floats = first.nll - second.nll

    @property
    def mean(self) -> float:
        """Mean difference, nats per image."""
        return float(self.differences.mean())

    @property
    def stderr(self) -> float:
        """Standard error of `mean`, from the differences; NaN for one image."""
        return _standard_error(self.differences)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of `mean`, by the normal distribution."""
        return self.mean - _NORMAL_95 * self.stderr, self.mean + _NORMAL_95 * self.stderr

    @property
    def caveats(self) -> list[str]:
        """What the interval leaves out, where not both are exact."""
        found = []
        for report in (self.first, self.second):
            if report.kind == UPPER_BOUND:
                found.append(f"{report.model} is an upper bound ({report.note}): its true number is lower, or the same")
            elif report.kind != EXACT:
                found.append(
                    f"{report.model} is an estimate that errs {report.errs} ({report.note}): the error of its log Z is "
                    "common to all images and not in the interval"
                )
        return found

    def __str__(self) -> str:
        low, high = self.interval
        if low > 0 or high < 0:
            # A bound or an estimate beside another number shows less than an exact value would.
            verb = "is better" if self.first.kind == self.second.kind == EXACT else "has the lower number"
            verdict = f"{(self.second if low > 0 else self.first).model} {verb}"
        else:
            verdict = "they cannot be told apart"
        text = (
            f"{self.first.model} - {self.second.model} = {self.mean:+.3f} ± {self.stderr:.3f} nats/image, "
            f"95% interval [{low:+.3f}, {high:+.3f}], n = {len(self.differences):,}: {verdict}"
        )
        return "\n".join([text, *(f"Note: {caveat}." for caveat in self.caveats)])

    def __repr__(self) -> str:
        return f"<onebit comparison {str(self).splitlines()[0]}>"


def _standard_error(values: NDArray[Any]) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def _shown(value: Any) -> str:
    """A value in a message, shortened: it may be a stranger's."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read_json(source: Path) -> Any:
    if source.stat().st_size > _LARGEST_JSON:
        raise FormatError(f"{source} has more than {_LARGEST_JSON:,} bytes: it is no report.")
    try:
        content = read_json(source.read_bytes(), max_bytes=_LARGEST_JSON)
    except FormatError as error:
        raise FormatError(f"{source} is no JSON: {error} Give the .json file of a report.") from error
    return content


def check_report(content: Any, source: str | Path) -> None:
    """Refuses a JSON value that is not that of a report: another schema, fields that are missing or of another type.

    Raises:
        FormatError: it is not; the message names the field.
    """
    if not isinstance(content, dict) or content.get("onebit_report") != SCHEMA:
        found = content.get("onebit_report") if isinstance(content, dict) else None
        raise FormatError(
            f"{source}: onebit_report is {_shown(found)}; this version of onebit reads {SCHEMA}. Give the .json file "
            "that Report.save or onebit evaluate --out wrote."
        )
    _check_fields(content, _FIELDS, source, "")
    _check_fields(content["dataset"], _DATASET_FIELDS, source, "dataset.")
    _check_inside(content, source)


def _check_inside(content: Mapping[str, Any], source: str | Path) -> None:
    """Refuses lists and objects that hold something else than what is printed of them."""
    shape, columns = content["dataset"]["image_shape"], content["dataset"]["columns"]
    lines = content["details"].get("lines", {})
    fits = {
        "dataset.image_shape": 1 <= len(shape) <= _MOST_DIMENSIONS
        and all(type(length) is int and 1 <= length <= _LONGEST_SIDE for length in shape),
        "dataset.columns": all(isinstance(one, dict) and isinstance(one.get("sha256"), str) for one in columns),
        "flags": all(isinstance(flag, str) for flag in content["flags"]),
        "details.lines": isinstance(lines, dict) and all(isinstance(text, str) for text in lines.values()),
    }
    for name, fine in fits.items():
        if not fine:
            raise FormatError(f"{source}: {name} holds something else than a report does. Evaluate again.")


def _check_fields(
    content: Mapping[str, Any], fields: Mapping[str, type | tuple[type, ...]], source: str | Path, prefix: str
) -> None:
    for name, wanted in fields.items():
        if name not in content:
            raise FormatError(f"{source}: {prefix}{name} is missing.")
        value = content[name]
        if not isinstance(value, wanted) or isinstance(value, bool):
            names = [kind.__name__ for kind in (wanted if isinstance(wanted, tuple) else (wanted,))]
            raise FormatError(f"{source}: {prefix}{name} is {_shown(value)}; expected {' or '.join(names)}.")


def _listed(content: Mapping[str, Any], source: Path) -> dict[str, Any]:
    listed = content.get("arrays")
    if not isinstance(listed, dict) or "nll" not in listed:
        raise FormatError(f"{source}: arrays is {listed!r}; expected the files of nll and of what else there is.")
    return listed


def _read_array(source: Path, name: str, entry: Any) -> NDArray[Any]:
    file = entry.get("file") if isinstance(entry, dict) else None
    if not isinstance(file, str) or Path(file).name != file or file in ("", ".", ".."):
        raise FormatError(f"{source}: arrays.{name} names the file {file!r}; expected one beside the report.")
    path = source.with_name(file)
    if path.stat().st_size > _LARGEST_ARRAY:
        raise FormatError(f"{path} has more than {_LARGEST_ARRAY:,} bytes: it belongs to no report.")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry.get("sha256"):
        raise FormatError(
            f"{path} does not have the SHA-256 that {source.name} names: it was changed, or is another's."
        )
    return numpy_files.read_npy(data, max_bytes=_LARGEST_ARRAY)
