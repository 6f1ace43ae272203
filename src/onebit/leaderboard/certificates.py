"""Certificates: a report, and who measured what, and how.

A certificate is the JSON file of a report with one more section, ``certificate``, and the report's ``.npy`` files
beside it: `onebit.evaluation.Report.load` reads it as it reads any report. Its seal, the SHA-256 of everything else in
it, shows that nobody has edited it by accident; it is no signature.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit.errors import FormatError
from onebit.evaluation.report import Report, check_report
from onebit.formats import numpy_files
from onebit.formats.strict_json import canonical, read_json
from onebit.leaderboard import untrusted_files

SCHEMA = 1
SECTION = "certificate"
MAX_JSON = 1 << 20  # bytes
MAX_EXAMPLES = 1_000_000
MAX_ARRAYS = 16
_MAX_ARRAY = 16 << 20  # bytes of an array that is not one number for each image
_NPY_HEADER = 1 << 10
_LONGEST_TEXT = 2_000
_ADDRESS = re.compile(r"https?://[^\s<>\"'\\^`{|}]+", re.ASCII)
_DATE = re.compile(r"(?:19|20)\d{2}-\d{2}-\d{2}", re.ASCII)

_ARRAY_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}", re.ASCII)

_TEXTS = ("title", "description", "paper", "paper_url", "code_url", "command", "date")


@dataclasses.dataclass(frozen=True)
class About:
    """Who measured what, and how: what a report does not know by itself.

    Attributes:
        title: of the model, as a table shows it: "MADE, 16 orderings".
        authors: who made the certificate.
        description: the model in a few words.
        parameters: how many numbers were trained.
        paper: the paper of the model, as one cites it in a line.
        paper_url: its address.
        code_url: where the code is, at best with a commit.
        command: what was typed to train and measure it.
        date: of the measurement, ``YYYY-MM-DD``.
    """

    title: str
    authors: tuple[str, ...]
    description: str = ""
    parameters: int | None = None
    paper: str = ""
    paper_url: str = ""
    code_url: str = ""
    command: str = ""
    date: str = ""

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
                raise FormatError(
                    f"certificate.{name} is {str(value)[:80]!r}; a text of at most {_LONGEST_TEXT:,} "
                    "characters is expected."
                )
        if not self.title.strip():
            raise FormatError("certificate.title is empty. Say what the model is: --title 'MADE, 16 orderings'.")
        if not self.authors or not all(isinstance(name, str) and name.strip() for name in self.authors):
            raise FormatError("certificate.authors has no names. Say who made the certificate: --author NAME.")
        if not self.command and not self.code_url:
            raise FormatError(
                "The certificate does not say how the number came about. Give what was typed, or where the code is: "
                "--command TEXT or --code URL."
            )
        if self.parameters is not None and (type(self.parameters) is not int or not 0 <= self.parameters < 1 << 63):
            raise FormatError(f"certificate.parameters is {self.parameters!r}; a whole number is expected.")
        for name in ("paper_url", "code_url"):
            check_address(getattr(self, name), f"certificate.{name}")
        if self.date and not _is_date(self.date):
            raise FormatError(f"certificate.date is {self.date!r}; write it as 2026-11-25.")

    @classmethod
    def from_json(cls, content: Any) -> About:
        """What a JSON object says.

        Raises:
            FormatError: it is no object, has other names, or says too little.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(content, dict):
            raise FormatError(f"certificate is {type(content).__name__}; an object is expected.")
        unknown = sorted(content.keys() - names)
        if unknown:
            raise FormatError(f"certificate.{unknown[0][:80]} is not known. Known are {', '.join(sorted(names))}.")
        missing = sorted({"title", "authors"} - content.keys())
        if missing:
            raise FormatError(f"certificate.{missing[0]} is missing.")
        authors = content["authors"]
        if not isinstance(authors, list):
            raise FormatError(f"certificate.authors is {str(authors)[:80]!r}; a list of names is expected.")
        return cls(**{**content, "authors": tuple(authors)})

    def to_json(self) -> dict[str, Any]:
        """As `from_json` takes it; what is empty is left out."""
        found = dataclasses.asdict(self) | {"authors": list(self.authors)}
        return {name: value for name, value in found.items() if value not in ("", None)}


@dataclasses.dataclass(frozen=True, eq=False)
class Certificate:
    """A report and what its author says about it.

    Attributes:
        report: what was measured.
        about: who measured what, and how.
    """

    report: Report
    about: About

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes ``NAME.json`` and the arrays of the report beside it, as `Report.save` does.

        Raises:
            ValueError: the name does not end in ``.json``.
            FormatError: a text has characters that cannot be printed.
        """
        target = Path(path)
        if not untrusted_files.is_plain(target.name):
            raise FormatError(
                f"A certificate was to be saved as {target.name!r}. Its name is made of letters, digits, - _ and dots."
            )
        check_texts(self.report.to_json())
        check_texts(self.about.to_json())
        self.report.save(target)
        content = json.loads(target.read_bytes())
        content[SECTION] = {"schema": SCHEMA, **self.about.to_json()}
        content[SECTION]["seal"] = seal(content)
        temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf-8")
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        return target


def today() -> str:
    """The date of today as `About.date` has it."""
    return datetime.datetime.now(tz=datetime.UTC).date().isoformat()


def seal(content: Mapping[str, Any]) -> str:
    """SHA-256 of all that the JSON of a certificate says, the seal aside."""
    section = {name: value for name, value in content[SECTION].items() if name != "seal"}
    return hashlib.sha256(canonical({**content, SECTION: section})).hexdigest()


# Reading --------------------------------------------------------------------------------------------------------------


def read_content(path: Path) -> dict[str, Any]:
    """The JSON of a certificate or a report, from whomever it comes: nothing in it has been believed yet.

    Raises:
        FormatError: it is no report, or has texts that cannot be printed.
        OSError: the file cannot be read.
    """
    data = untrusted_files.read_regular(path, max_bytes=MAX_JSON)
    try:
        content = read_json(data, max_bytes=MAX_JSON)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
    check_report(content, path)
    check_texts(content, path)
    examples = content["dataset"]["num_examples"]
    if not 1 <= examples <= MAX_EXAMPLES:
        raise FormatError(f"{path}: it is about {str(examples)[:20]} images; from 1 to {MAX_EXAMPLES:,} are expected.")
    found: dict[str, Any] = content
    return found


def read_about(content: Mapping[str, Any], path: Path) -> About | None:
    """The section ``certificate`` of what `read_content` gave; None where it is a plain report.

    Raises:
        FormatError: the section is there and not as it has to be.
    """
    if SECTION not in content:
        return None
    section = content[SECTION]
    if not isinstance(section, dict) or section.get("schema") != SCHEMA:
        raise FormatError(
            f"{path}: the section {SECTION!r} is not of schema {SCHEMA}, which this version of onebit reads."
        )
    try:
        return About.from_json({name: value for name, value in section.items() if name not in ("schema", "seal")})
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def read_arrays(content: Mapping[str, Any], path: Path) -> dict[str, NDArray[Any]]:
    """The arrays that a certificate names, from the files beside it, with the SHA-256 that it says.

    Raises:
        FormatError: a name is not plain, a file is too large, is not what was hashed, or is no array of numbers.
        FileNotFoundError: a file is not there.
    """
    listed = content.get("arrays")
    if not isinstance(listed, dict) or "nll" not in listed or len(listed) > MAX_ARRAYS:
        raise FormatError(f"{path}: arrays has to name the file of nll, and at most {MAX_ARRAYS - 1} others.")
    examples = content["dataset"]["num_examples"]
    arrays = {}
    for name, entry in listed.items():
        if not _ARRAY_NAME.fullmatch(name):  # it will be a part of file names
            raise FormatError(f"{path}: arrays has the name {name[:80]!r}; small letters, digits and _ are expected.")
        if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
            raise FormatError(f"{path}: arrays.{name[:80]} has to have file and sha256.")
        most = 8 * examples if name == "nll" else max(8 * examples, _MAX_ARRAY)
        data = untrusted_files.read_beside(path, entry.get("file"), max_bytes=most + _NPY_HEADER)
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise FormatError(
                f"{path.with_name(entry['file'])} does not have the SHA-256 that {path.name} names: it was changed, or "
                "belongs to another."
            )
        try:
            arrays[name] = np.array(numpy_files.read_npy(data, max_bytes=most))
        except FormatError as error:
            raise FormatError(f"{path.with_name(entry['file'])}: {error}") from error
    return arrays


def read(path: str | os.PathLike[str]) -> Certificate:
    """Reads a certificate, and checks that what it says follows from its arrays; see `onebit.leaderboard.checks`.

    Raises:
        FormatError: it is no certificate, or does not agree with itself.
        OSError: a file cannot be read.
    """
    source = Path(path)
    content = read_content(source)
    about = read_about(content, source)
    if about is None:
        raise FormatError(
            f"{source} is a report and no certificate: nobody says who measured what, and how. Type: onebit certify "
            f"make {source.name} --title TEXT --author NAME --command TEXT"
        )
    return Certificate(Report.from_json(content, read_arrays(content, source), source), about)


def check_address(text: str, what: str) -> None:
    """Refuses what is no address of the web; an empty text is none at all.

    Raises:
        FormatError: it is none.
    """
    if text and not _ADDRESS.fullmatch(text):
        raise FormatError(f"{what} is {text[:80]!r}; an address that begins with https:// or http:// is expected.")


def check_texts(content: Any, source: str | Path = "The certificate") -> None:
    """Refuses texts that would do something to a terminal or a page: control characters, marks of direction, ...

    Raises:
        FormatError: there is one, the message names the character; or a text that is as long as a book.
    """
    for text in _texts(content):
        if len(text) > _LONGEST_TEXT:
            raise FormatError(
                f"{source}: the text that begins with {text[:60]!a} has {len(text):,} characters; at most "
                f"{_LONGEST_TEXT:,} are allowed."
            )
        for character in text:
            if not character.isprintable():
                raise FormatError(
                    f"{source}: the text {text[:60]!a} has the character U+{ord(character):04X}, which is not "
                    "printed. Texts are of one line, and made of letters, signs and spaces."
                )


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for name, value in content.items():
            yield name
            yield from _texts(value)
    elif isinstance(content, (list, tuple)):
        for value in content:
            yield from _texts(value)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
