"""Makes certificates of the reports of our own baselines: ``python -m onebit.leaderboard.baselines [NAME ...]``.

A baseline's report lies in ``certified/DATASET/NAME.json`` as `Report.save` wrote it; ``certified/about.json`` says
what the model is. Where the trained model is at hand, in the package or in the folder of its run, ``--check`` replays
and probes it, and the level that it reaches is kept beside the certificate.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onebit.evaluation.report import Report
from onebit.leaderboard import additions, certificates, checks, entries, findings
from onebit.leaderboard.certificates import SECTION, About, Certificate

AUTHORS = ("The onebit authors",)
ABOUT = entries.PACKAGE / entries.CERTIFIED / "about.json"


def certify(path: Path, model: Any = None) -> Path:
    """Makes a certificate of a report, in its place; one that is there already stays as it is.

    Args:
        path: the report of a baseline.
        model: the trained model, if it is at hand.

    Raises:
        KeyError: ``about.json`` has no such baseline.
    """
    if SECTION in certificates.read_content(path):
        return path
    report = Report.load(path)
    words: Mapping[str, Any] = json.loads(ABOUT.read_bytes())[path.stem]
    dataset = "" if report.dataset["name"] == "binarized_mnist" else f" --dataset {report.dataset['name']}"
    about = About(
        **words,
        authors=AUTHORS,
        parameters=parameters_of(model),
        command=f"onebit train {path.stem}{dataset}",
        date=certificates.today(),
    )
    return Certificate(report, about).save(path)


def parameters_of(model: Any) -> int | None:
    """How many numbers were trained, which are those of floating point; None where the model is not at hand."""
    if model is None:
        return None
    import equinox
    import jax

    return sum(int(leaf.size) for leaf in jax.tree.leaves(model.params) if equinox.is_inexact_array_like(leaf))


def trained(name: str, dataset: str, runs: Path) -> Any:
    """The trained model of a name: from the folder of its run, else from the package; None where there is none."""
    from onebit import models

    places: list[str | Path] = [runs / f"{name}-{dataset}"]
    if dataset == "binarized_mnist":
        places += [runs / name, name]
    for place in places:
        try:
            return models.load(place)
        except (FileNotFoundError, ValueError):
            continue
    return None


def main(arguments: list[str] | None = None) -> None:
    """Certifies what is not certified yet, and checks what can be."""
    parser = argparse.ArgumentParser(prog="python -m onebit.leaderboard.baselines")
    parser.add_argument("names", nargs="*", help="of baselines; all, if none is named")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="the folder with the runs of onebit train")
    parser.add_argument("--check", action="store_true", help="replay and probe the models that are at hand")
    chosen = parser.parse_args(arguments)
    for path in entries.certified_files(entries.PACKAGE):
        if chosen.names and path.stem not in chosen.names:
            continue
        model = trained(path.stem, path.parent.name, chosen.runs)
        certify(path, model)
        if not chosen.check:
            continue
        checked = checks.check(path, model)
        print(f"{path.parent.name}/{path.stem}: level {checked.level}, {findings.WORDS[checked.level]}")
        for finding in checked.failed:
            print(f"  {finding.name}: {finding.text}")
        if not checked.failed and checked.level > 1:
            additions.record(checked, path)


if __name__ == "__main__":
    main()
