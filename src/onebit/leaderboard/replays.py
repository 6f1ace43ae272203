"""Level 2: a model that the user names is measured again as a report says, and has to give its numbers.

*Exact* numbers are a function of model and image: each has to come out again within 0.001 nats and 1e-5 of its size,
which is what other machines make of floating-point sums.

Numbers from *random samples* are the same, bit for bit, on one kind of machine with one set of versions. Elsewhere
other samples may be drawn, and the numbers agree statistically: their mean difference is within four standard errors
(of the differences, image by image), and they follow the same images (correlation of at least 0.95). An *annealed*
log Z is common to all images: the free energies have to agree as exact numbers do, log Z within four of its own
standard errors, as the chains of the replay show them.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit.errors import OnebitError
from onebit.evaluation import answers
from onebit.evaluation.report import Report
from onebit.leaderboard.findings import FAILED, PASSED, Finding
from onebit.logspace import log_mean_exp

Floats = NDArray[np.float64]

SIGMAS = 4
LEAST_CORRELATION = 0.95
_RELATIVE = 1e-5

# What a replay takes over from the settings of a report, and what each may be: they are a stranger's.
_WHOLE = ("k", "block_size", "chunk_size", "chains", "leapfrog_steps")
_MOST, _LEAST_MOST = 1_000_000, 10_000
_PATTERNS = {
    "schedule": re.compile(r"sm2008(?:/\d{1,5})?|(?:linear|sigmoid):\d{1,6}"),
    "engine": re.compile(r"numpy|jax"),
    "base": re.compile(r"[a-z]{1,20}(?:\[[\d:%]{1,20}\])?(?:\+[a-z]{1,20}(?:\[[\d:%]{1,20}\])?){0,3}"),
}
_PATTERNS["tune_on"] = _PATTERNS["base"]
_SETTINGS = {
    "exact": ("chunk_size",),
    "iw": ("k", "block_size", "chunk_size"),
    "elbo": ("k", "block_size", "chunk_size"),
    "ais": ("schedule", "chains", "base", "engine", "chunk_size"),
    "posterior_ais": ("schedule", "chains", "leapfrog_steps", "tune_on", "chunk_size"),
}


def replay(
    report: Report,
    model: Any,
    *,
    data_dir: str | os.PathLike[str] | None = None,
) -> list[Finding]:
    """Measures a model as a report says, and compares.

    Args:
        report: what is claimed.
        model: an object as `onebit.evaluate` takes it.
        data_dir: as in `onebit.load`.
    """
    from onebit.evaluation.run import evaluate

    try:
        again = evaluate(
            model,
            report.dataset["name"],
            split=report.dataset["split"],
            protocol=report.protocol,
            seed=report.seed,
            data_dir=data_dir,
            **settings_of(report),
        )
    except (Exception, SystemExit) as error:  # whatever the code of a model raises is an answer, too
        return [Finding(2, "replay", FAILED, f"The model could not be measured as the report says: {in_words(error)}")]
    return [compare(report, again)]


def in_words(error: BaseException) -> str:
    """What onebit says of an error; of any other the class, too."""
    return str(error) if isinstance(error, OnebitError) else f"{type(error).__name__}: {error}"


def settings_of(report: Report) -> dict[str, Any]:
    """The settings of a report as arguments of `onebit.evaluate`.

    Raises:
        ValueError: one is not what a setting can be.
    """
    found = {name: report.settings[name] for name in _SETTINGS[report.protocol] if name in report.settings}
    # Arrays are made of these sizes, whatever the number of images is.
    most = {"chunk_size": max(len(report.nll), _LEAST_MOST), "block_size": _LEAST_MOST}
    for name, value in found.items():
        if name in _WHOLE:
            fits = type(value) is int and 1 <= value <= most.get(name, _MOST)
        else:
            fits = (name == "base" and value is None) or (isinstance(value, str) and _fits(name, value))
        if not fits:
            raise ValueError(f"settings.{name} is {str(value)[:80]!r}, which cannot be replayed.")
    return found


def _fits(name: str, value: str) -> bool:
    return _PATTERNS[name].fullmatch(value) is not None


def compare(claimed: Report, again: Report) -> Finding:
    """Whether a report has come out again."""
    differences = again.nll - claimed.nll
    allowed = answers.SAME_ANSWER + _RELATIVE * np.abs(claimed.nll)
    worst = int(np.argmax(np.abs(differences) - allowed))
    means = f"mean {again.mean:.4f} nats, {claimed.mean:.4f} in the report"
    if abs(differences[worst]) <= allowed[worst]:
        return Finding(
            2,
            "replay",
            PASSED,
            f"The model gives these numbers again, each within 0.001 nats and 1e-5 of its size ({means}).",
        )
    if claimed.protocol == "exact":
        return Finding(
            2,
            "replay",
            FAILED,
            f"The model gives image {worst:,} {again.nll[worst]:.4f} nats, the report {claimed.nll[worst]:.4f}; exact "
            f"numbers come out again within 0.001 nats ({means}).",
        )
    if claimed.protocol == "ais":
        return _compare_annealed(differences, allowed, again, means)
    return _compare_samples(differences, claimed, again, means)


def _compare_annealed(differences: Floats, allowed: Floats, again: Report, means: str) -> Finding:
    shift = float(differences.mean())
    energies = np.abs(differences - shift)
    worst = int(np.argmax(energies - 2 * allowed))
    if energies[worst] > 2 * allowed[worst]:
        return Finding(
            2,
            "replay",
            FAILED,
            f"The free energy of image {worst:,} differs by {differences[worst] - shift:+.4f} nats from the report's, "
            f"log Z aside: it is another model ({means}).",
        )
    error = math.sqrt(2) * _error_of_log_mean(again.arrays["forward_log_weights"])
    limit = SIGMAS * error + answers.SAME_ANSWER
    outcome = PASSED if abs(shift) <= limit else FAILED
    return Finding(
        2,
        "replay",
        outcome,
        f"The free energies come out again; log Z differs by {shift:+.3f} nats, where {limit:.3f} are allowed "
        f"({SIGMAS} standard errors; {means}).",
    )


def _compare_samples(differences: Floats, claimed: Report, again: Report, means: str) -> Finding:
    shift = float(differences.mean())
    limit = SIGMAS * float(differences.std(ddof=1)) / math.sqrt(len(differences)) + answers.SAME_ANSWER
    correlation = float(np.corrcoef(claimed.nll, again.nll)[0, 1])
    outcome = PASSED if abs(shift) <= limit and correlation >= LEAST_CORRELATION else FAILED
    return Finding(
        2,
        "replay",
        outcome,
        f"With other random numbers the mean differs by {shift:+.4f} nats, where {limit:.4f} are allowed ({SIGMAS} "
        f"standard errors), and the correlation over the images is {correlation:.4f}, where {LEAST_CORRELATION} is the "
        f"least ({means}).",
    )


def _error_of_log_mean(log_weights: Floats) -> float:
    """Standard error of the logarithm of the mean of some weights, to first order; infinite for one weight."""
    if len(log_weights) < 2:
        return math.inf
    relative = np.exp(log_weights - log_mean_exp(log_weights, 0))
    return float(relative.std(ddof=1)) / math.sqrt(len(log_weights))


def scores(report: Report, model: Any, images: NDArray[np.uint8], settings: Mapping[str, Any]) -> Floats:
    """How bad a model finds images, nats: by the protocol of a report, but only up to a constant for ``ais``.

    Args:
        report: says the protocol and its settings.
        model: the model.
        images: ``(n, height, width, channels)``.
        settings: that replace those of the report: a smaller ``k``, say.

    Raises:
        WrongAnswerError: what the model gives cannot be such numbers.
    """
    from onebit.evaluation import chunks, importance, posterior

    chosen: dict[str, Any] = settings_of(report) | dict(settings)
    size = min(chosen.get("chunk_size", 500), len(images))
    if report.protocol == "exact":
        parts = [
            answers.numbers(model.log_prob(chunk.images), chunk, "log_prob", (size,))
            for chunk in chunks.cut(images, size)
        ]
        return -np.concatenate(parts)
    if report.protocol == "ais":
        parts = [
            answers.numbers(model.free_energy(chunk.images), chunk, "free_energy", (size,))
            for chunk in chunks.cut(images, size)
        ]
        return np.concatenate(parts)
    if report.protocol == "posterior_ais":
        chosen.pop("tune_on", None)
        return posterior.measure(model, images, tuning_images=images[:20], seed=report.seed, **chosen).nll
    return importance.measure(model, images, protocol=report.protocol, seed=report.seed, **chosen).nll
