"""`Entry`: one result, reported by a paper or certified, read from a file of its own.

A folder of results has ``published/NAME.json``, each as `SCHEMA` says, and ``certified/DATASET/NAME.json`` with the
arrays beside it: certificates, or plain reports. The package has such a folder, a user may have another.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from onebit.errors import FormatError
from onebit.evaluation.measurements import ESTIMATE, EXACT, LOWER_BOUND, UPPER_BOUND
from onebit.evaluation.report import Report
from onebit.formats.strict_json import read_json
from onebit.leaderboard import certificates, consistency, findings, untrusted_files
from onebit.leaderboard.certificates import About

PACKAGE = Path(__file__).parent
PUBLISHED, CERTIFIED = "published", "certified"
RECORD = ".check.json"  # what a check beyond level 1 has found, beside the certificate

NOT_STATED = "not stated"
KINDS = (EXACT, UPPER_BOUND, ESTIMATE, LOWER_BOUND, NOT_STATED)  # of negative log-likelihoods
BINARIZATIONS = ("fixed", "dynamic", "threshold", NOT_STATED)
CONFIDENCES = ("high", "medium", "low")
SIGNS = {EXACT: "", UPPER_BOUND: "<=", ESTIMATE: "~", LOWER_BOUND: ">=", NOT_STATED: "?"}

SCHEMA = 1
_OPTIONAL_TEXT = (str, type(None))
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "onebit_result": int, "dataset": str, "split": str, "model": str, "nats": (int, float), "kind": str,
    "binarization": str, "note": str, "year": (int, type(None)), "paper": _OPTIONAL_TEXT, "paper_url": _OPTIONAL_TEXT,
    "code_url": _OPTIONAL_TEXT, "sources": list, "second_hand": bool, "confidence": str,
}  # fmt: skip
_CHOICES = {"kind": KINDS, "binarization": BINARIZATIONS, "confidence": CONFIDENCES}
_LONGEST = 100_000  # bytes of a published result
_MOST_NATS = 1e6  # of an image
YEARS = range(1900, 2100)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """A result on the leaderboard.

    Attributes:
        name: unique within the data set; made of letters, digits, - and _.
        dataset: name of the data set.
        split: the images.
        model: what was measured.
        nats: the negative log-likelihood, or the bound on it or estimate of it: nats per image, mean over the split.
        kind: ``"exact"``, ``"upper bound"``, ``"estimate"``, ``"lower bound"`` or ``"not stated"``.
        binarization: ``"fixed"`` (the published bits), ``"dynamic"`` (drawn anew), ``"threshold"``, ``"not stated"``.
        level: what the result is worth, 0 to 3: see `onebit.leaderboard.checks`.
        note: how it was measured.
        year: of the paper or the measurement.
        paper: as one cites it in a line.
        paper_url: its address.
        code_url: where the code is.
        sources: where a reported number was read.
        second_hand: whether others than the authors of the number were read.
        confidence: in a reported number: ``"high"``, ``"medium"``, ``"low"``.
        own: whether it is from the user's folder.
        path: its file.
        about: what the author of a certificate says.
        report: the evidence, for levels above 0.
        pixels: of an image, where known.
    """

    name: str
    dataset: str
    split: str
    model: str
    nats: float
    kind: str
    binarization: str
    level: int = 0
    note: str = ""
    year: int | None = None
    paper: str = ""
    paper_url: str = ""
    code_url: str = ""
    sources: tuple[str, ...] = ()
    second_hand: bool = False
    confidence: str = ""
    own: bool = False
    path: Path | None = None
    about: About | None = None
    report: Report | None = None
    pixels: int | None = None

    @property
    def id(self) -> str:
        """``DATASET/NAME``."""
        return f"{self.dataset}/{self.name}"

    @property
    def stderr(self) -> float | None:
        """Standard error of `nats`; None without evidence."""
        return self.report.stderr if self.report is not None else None

    @property
    def gap(self) -> tuple[float, float] | None:
        """See `Report.gap`."""
        return self.report.gap if self.report is not None else None

    @property
    def doubts(self) -> list[str]:
        """What makes a certified number doubtful: what its report says, and what follows from it."""
        return [] if self.report is None else list(dict.fromkeys([*self.report.flags, *self.report.doubts]))

    @property
    def bits_per_pixel(self) -> float | None:
        """``nats / (pixels * log 2)``."""
        return self.nats / (self.pixels * math.log(2)) if self.pixels else None

    @property
    def sign(self) -> str:
        """What stands before the number: ``<=`` for an upper bound, ``~`` for an estimate."""
        return SIGNS[self.kind]

    @property
    def word(self) -> str:
        """The word for its level."""
        return findings.WORDS[self.level]

    def to_json(self) -> dict[str, Any]:
        """All that is known, as a JSON value."""
        found: dict[str, Any] = {
            "id": self.id, "dataset": self.dataset, "split": self.split, "model": self.model, "nats": self.nats,
            "stderr": self.stderr, "bits_per_pixel": self.bits_per_pixel, "kind": self.kind,
            "binarization": self.binarization, "level": self.level, "note": self.note, "year": self.year,
            "paper": self.paper or None, "paper_url": self.paper_url or None, "code_url": self.code_url or None,
            "sources": list(self.sources), "second_hand": self.second_hand, "confidence": self.confidence or None,
        }  # fmt: skip
        if self.report is not None:
            found |= {
                "trained_on": self.report.trained_on,
                "protocol": self.report.protocol,
                "flags": self.doubts,
                "images_sha256": self.report.dataset["images_sha256"],
                "gap": None if self.gap is None else {"nats": self.gap[0], "stderr": self.gap[1]},
            }
        if self.about is not None:
            found["certificate"] = self.about.to_json()
        return found


# Reading --------------------------------------------------------------------------------------------------------------


def all_entries(folder: str | os.PathLike[str] | None = None) -> list[Entry]:
    """Every result of the package, and of a user's folder.

    Args:
        folder: the user's folder; None for that of `onebit.locations.leaderboard_dir`.

    Raises:
        FormatError: a file is not as it has to be; the message names it.
    """
    from onebit.locations import leaderboard_dir

    found = [*read_folder(PACKAGE), *read_folder(leaderboard_dir(folder), own=True)]
    return list({entry.id: entry for entry in found}.values())


def read_folder(folder: Path, *, own: bool = False) -> list[Entry]:
    """The results of one folder, sorted by name; none where it does not exist.

    Raises:
        FormatError: a file is not as it has to be; the message names it.
    """
    published = [read_published(path, own=own) for path in sorted((folder / PUBLISHED).glob("*.json"))]
    return published + [read_certified(path, own=own) for path in certified_files(folder)]


def certified_files(folder: Path, dataset: str | None = None) -> list[Path]:
    """The files of a folder's certified results, sorted; only those on one data set, if it is named."""
    if dataset is not None and not untrusted_files.is_plain(dataset):
        return []
    found = (folder / CERTIFIED).glob(f"{dataset or '*'}/*.json")
    return sorted(path for path in found if not path.name.endswith(RECORD))


def read_published(path: Path, *, own: bool = False) -> Entry:
    """A reported result from its file.

    Raises:
        FormatError: it is not as `SCHEMA` says; the message names the field.
    """
    content = _read_small(path)
    check_published(content, str(path))
    return Entry(
        name=path.stem,
        dataset=content["dataset"],
        split=content["split"],
        model=content["model"],
        nats=float(content["nats"]),
        kind=content["kind"],
        binarization=content["binarization"],
        note=content["note"],
        year=content["year"],
        paper=content["paper"] or "",
        paper_url=content["paper_url"] or "",
        code_url=content["code_url"] or "",
        sources=tuple(content["sources"]),
        second_hand=content["second_hand"],
        confidence=content["confidence"],
        own=own,
        path=path,
        pixels=pixels_of(content["dataset"]),
    )


def _read_small(path: Path) -> Any:
    data = untrusted_files.read_regular(path, max_bytes=_LONGEST)
    try:
        return read_json(data, max_bytes=_LONGEST)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def check_published(content: Any, source: str) -> None:
    """Refuses a JSON value that is no reported result: this is the schema of ``published/*.json``.

    Raises:
        FormatError: it is not; the message names the field.
    """
    if not isinstance(content, dict) or content.get("onebit_result") != SCHEMA:
        raise FormatError(f"{source}: onebit_result is not {SCHEMA}; a reported result is expected.")
    for name, wanted in _FIELDS.items():
        value = content.get(name)
        if name not in content or not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise FormatError(
                f"{source}: {name} is {str(value)[:80]!r}; see docs/leaderboard.md for what it has to be."
            )
    unknown = sorted(content.keys() - _FIELDS.keys())
    if unknown:
        raise FormatError(f"{source}: {unknown[0][:80]!r} is not known. Known are {', '.join(_FIELDS)}.")
    for name, choices in _CHOICES.items():
        if content[name] not in choices:
            raise FormatError(f"{source}: {name} is {content[name][:80]!r}; allowed are {', '.join(choices)}.")
    if not content["model"].strip() or not math.isfinite(content["nats"]):
        raise FormatError(f"{source}: a result has the name of a model, and a finite number of nats.")
    _check_ranges(content, source)
    if not content["sources"] or not all(isinstance(text, str) and text.strip() for text in content["sources"]):
        raise FormatError(f"{source}: sources is empty. A number without a source stays out: say where it was read.")
    for name in ("paper_url", "code_url"):
        certificates.check_address(content[name] or "", f"{source}: {name}")
    certificates.check_texts(content, source)


def _check_ranges(content: Mapping[str, Any], source: str) -> None:
    """Refuses numbers that cannot be: they would be first in their ranking, or stretch a chart over all time."""
    if not untrusted_files.is_plain(content["dataset"]):
        raise FormatError(f"{source}: dataset is {content['dataset'][:80]!r}; the name of a data set is expected.")
    if not 0 <= content["nats"] <= _MOST_NATS:
        raise FormatError(
            f"{source}: nats is {content['nats']!r}. A negative log-likelihood of one-bit images is from 0 to "
            f"{_MOST_NATS:,.0f} nats; of a log-likelihood, take the sign away."
        )
    if content["year"] is not None and content["year"] not in YEARS:
        raise FormatError(
            f"{source}: year is {str(content['year'])[:20]}; from {YEARS[0]} to {YEARS[-1]}, or none, are expected."
        )


def read_certified(path: Path, *, own: bool = False) -> Entry:
    """A certified result from its file; its arrays are read, and what follows from them is compared.

    Raises:
        FormatError: it is not consistent: it would not reach level 1.
    """
    checked = consistency.of_files(path)
    if checked.problem is not None:
        raise FormatError(
            f"{path} is not consistent: {checked.problem.text} Type: onebit certify check {path}, or move it away."
        )
    return entry_of(checked, name=path.stem, level=_recorded_level(path, checked), own=own)


def entry_of(checked: findings.Checked, *, name: str, level: int, own: bool = False) -> Entry:
    """The entry that a certificate makes."""
    report, about = checked.report, checked.about
    assert report is not None
    date = about.date if about is not None else ""
    return Entry(
        name=name,
        dataset=report.dataset["name"],
        split=report.dataset["split"],
        model=about.title if about is not None else report.model,
        nats=report.mean,
        kind=report.kind,
        binarization="fixed",  # the bits are those of a data set, by their SHA-256
        level=level,
        note=report.note,
        year=int(date[:4]) if date else None,
        paper=about.paper if about is not None else "",
        paper_url=about.paper_url if about is not None else "",
        code_url=about.code_url if about is not None else "",
        own=own,
        path=checked.path,
        about=about,
        report=report,
        pixels=report.pixels,
    )


def _recorded_level(path: Path, checked: findings.Checked) -> int:
    """The level that whoever keeps the folder has found, by the record beside the certificate; else 1."""
    file = path.with_name(path.stem + RECORD)
    if not file.is_file() or checked.seal is None:
        return 1
    content = _read_small(file)
    level = content.get("level") if isinstance(content, Mapping) else None
    if not isinstance(content, Mapping) or level not in (1, 2, 3):
        raise FormatError(f"{file}: level is {level!r}; 1, 2 or 3 is expected. Type: onebit certify check {path}")
    return int(level) if content.get("seal") == checked.seal else 1


@functools.lru_cache(maxsize=64)
def pixels_of(dataset: str) -> int | None:
    """Pixels of an image of a data set of onebit; None for any other."""
    shape = consistency.image_shape(dataset)
    return math.prod(shape) if shape else None


def find(entries: Iterable[Entry], text: str, dataset: str | None = None) -> Entry:
    """The entry of an id, or of a name.

    Args:
        entries: to look among.
        text: the id or the name.
        dataset: whose entry is meant where several data sets have one of that name.

    Raises:
        ValueError: none has, or several have; the message says which.
    """
    everything = list(entries)
    found = [entry for entry in everything if text in (entry.id, entry.name)]
    found = [entry for entry in found if entry.dataset == dataset] or found
    if len(found) == 1:
        return found[0]
    import difflib

    names = [entry.id for entry in found] or difflib.get_close_matches(
        text, [name for entry in everything for name in (entry.id, entry.name)], n=3
    )
    hint = f" Did you mean {' or '.join(names)}?" if names else ""
    raise ValueError(f"{'Several results have' if found else 'No result has'} the name {text!r}.{hint}")
