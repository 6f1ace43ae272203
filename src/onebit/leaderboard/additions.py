"""What comes into a user's folder of results: certificates that were checked, and results that others reported."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onebit.__about__ import __version__
from onebit.errors import OnebitError
from onebit.leaderboard import certificates, checks, entries, untrusted_files
from onebit.leaderboard.certificates import Certificate
from onebit.leaderboard.entries import CERTIFIED, PUBLISHED, RECORD, Entry
from onebit.leaderboard.findings import Checked


class NotAddedError(OnebitError, ValueError):
    """A result did not come in; what is in the folder is as it was."""


def add(
    path: str | os.PathLike[str],
    model: Any = None,
    *,
    folder: str | os.PathLike[str] | None = None,
    name: str | None = None,
    replace: bool = False,
    data_dir: str | os.PathLike[str] | None = None,
) -> Entry:
    """Checks a certificate and copies it, with its arrays, into a user's folder of results.

    Args:
        path: the JSON file of the certificate.
        model: the model, if you have it: it is replayed and probed first, and the level is kept beside the copy.
        folder: where it goes; by default `onebit.locations.leaderboard_dir`.
        name: what it is called there; by default the name of the file.
        replace: whether a result of that name is replaced.
        data_dir: as in `onebit.load`.

    Raises:
        NotAddedError: a check failed, there is a result of that name, or the certificate is there under another.
        FormatError: it is no certificate.
    """
    from onebit.locations import leaderboard_dir

    source = Path(path)
    checked = checks.check(source, model, data_dir=data_dir)
    if checked.problem is not None or checked.report is None:
        raise NotAddedError(f"{source.name} was not added: {checked.problem.text if checked.problem else ''}")
    if checked.about is None:
        certificates.read(source)  # says what a plain report lacks
    assert checked.about is not None
    # A dot would make files of it that may be the arrays of another result.
    stem = name if name is not None else source.stem.removesuffix(".certificate").replace(".", "-")
    if not untrusted_files.is_plain(f"{stem}.json") or "." in stem:
        raise NotAddedError(f"A result cannot be called {stem!r}. Use letters, digits, - and _: --name NAME")
    place = Path(CERTIFIED) / checked.report.dataset["name"] / f"{stem}.json"
    target = leaderboard_dir(folder) / place
    if not replace:
        _check_free(target, entries.PACKAGE / place, checked)
    # What was checked is written, not what may lie in the files by now; the texts are the same to the last sign.
    Certificate(checked.report, checked.about).save(target)
    record(checked, target)
    for array in target.parent.glob(f"{stem}.*.npy"):
        if array.name not in {f"{stem}.{kept}.npy" for kept in checked.report.arrays}:
            array.unlink()  # of a result that was replaced
    return entries.read_certified(target, own=True)


def _check_free(target: Path, in_package: Path, checked: Checked) -> None:
    """Refuses a name that a result has, and a certificate that is there under another name.

    Raises:
        NotAddedError: it is so; the message says what to type.
    """
    stem, home = target.stem, target.parent
    if target.exists():
        raise NotAddedError(f"There is a result of the name {stem} in {home}. Type: --replace, or --name OTHER")
    reported = [root / PUBLISHED / target.name for root in (entries.PACKAGE, home.parent.parent)]
    if in_package.exists() or any(
        path.exists() and entries.read_published(path).dataset == home.name for path in reported
    ):
        raise NotAddedError(
            f"There is a result of the name {stem} on {home.name}, which this one would hide. Type: --name OTHER, or "
            "--replace"
        )
    for other in entries.certified_files(home.parent.parent, home.name):
        if certificates.read_content(other).get(certificates.SECTION, {}).get("seal") == checked.seal:
            raise NotAddedError(f"This certificate is there already: {other}. Type: --replace to add it once more")


def record(checked: Checked, target: Path) -> Path:
    """Writes what a check found beside the certificate, for whoever keeps the folder; gives the path."""
    content = {"onebit_check": 1, "onebit": __version__, "date": certificates.today(), **checked.to_json()}
    content["seal"] = certificates.seal(json.loads(target.read_bytes())) if checked.seal else None
    path = target.with_name(target.stem + RECORD)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def add_reported(
    results: Mapping[str, Mapping[str, Any]], *, folder: str | os.PathLike[str] | None = None, replace: bool = False
) -> list[Path]:
    """Writes reported results into a user's folder, a file for each: all of them, or none.

    Those that are certified here, in the package or the folder, are left out, under whatever name: a number without
    evidence would stand in the place of one with it. So what `onebit.leaderboard.exchange` wrote can be read back.

    Args:
        results: by name, as `onebit.leaderboard.exchange` reads them.
        folder: where they go; by default `onebit.locations.leaderboard_dir`.
        replace: whether results of the same names are replaced.

    Raises:
        NotAddedError: there is a result of one of the names, the package has another one of it, or all are certified
            here.
        FormatError: one is not as it has to be.
    """
    from onebit.locations import leaderboard_dir

    home = leaderboard_dir(folder) / PUBLISHED
    for name, result in results.items():
        entries.check_published(result, name)
    certified = [entry for entry in entries.all_entries(folder) if entry.about is not None]
    names = {(entry.dataset, entry.name) for entry in certified}
    facts = {(entry.dataset, entry.model, entry.nats) for entry in certified}
    results = {
        name: result
        for name, result in results.items()
        if (result["dataset"], name) not in names
        and (result["dataset"], result["model"], float(result["nats"])) not in facts
    }
    if not results:
        raise NotAddedError("All of these results are certified here; nothing was added. Type: onebit leaderboard")
    paths = {name: home / f"{name}.json" for name in results}
    for name in results:
        if paths[name].exists() and not replace:
            raise NotAddedError(f"There is a result of the name {name} in {home}; nothing was added. Type: --replace")
        packaged = entries.PACKAGE / PUBLISHED / f"{name}.json"
        if not replace and packaged.exists() and _would_hide(packaged, results[name]):
            raise NotAddedError(
                f"There is a result of the name {name} on {results[name]['dataset']}, which this one would hide; "
                "nothing was added. Type: --replace, or give it another name"
            )
    home.mkdir(parents=True, exist_ok=True)
    for name, result in results.items():
        paths[name].write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return list(paths.values())


def _would_hide(packaged: Path, result: Mapping[str, Any]) -> bool:
    """Whether a result would stand in the place of one in the package, and says something else."""
    known = json.loads(packaged.read_bytes())
    return bool(known["dataset"] == result["dataset"] and known != result)
