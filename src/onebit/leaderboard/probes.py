"""Level 3: does a model behave like a probability distribution, where that can be seen from outside?

For every model: white noise, inverted test images and test images whose pixels have changed places (all in the same
way) must look worse than the test images themselves. Two of the probes rest on Gibbs' inequality: whatever p is, as
long as it is a distribution, its mean negative log-likelihood on images of a known source is at least the entropy of
that source. White noise is such a source (log 2 a pixel); so is the generator of calibrated_digits, whose images a
model of 28x28 pixels is shown.

A model that has stored the test images looks good on them alone: on the images of the other splits it is much worse.
One that knows when it is measured (by the size of a batch, or the number of calls) gives other numbers here: some
images are asked for again, mixed, in batches of a size that is drawn, and have to take what the report says.

An exact model has to show that its probabilities add up to 1, in one of two ways:

- ``at_shape(shape)``: the same code, built small; the probabilities of all 512 images of 3x3 pixels are added up;
- ``log_conditionals(x)``: ``(n, pixels)`` nats, the log-probability of each pixel given those before it (in
  ``order``, ``(pixels,)``, by default row by row). At random places of random prefixes the two values of a pixel must
  have probabilities that sum to one, whatever comes after it; of a test image, too, the conditionals are the same
  whatever comes after; and their sum over the pixels must be ``log_prob``.

Of a model with a bound the same sum may not be above 1, where it can be built small.

Noise, permutation, places and batches are drawn anew in every check, so that nobody can prepare for them.
"""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onebit.evaluation import answers
from onebit.evaluation.conversion import to_numpy
from onebit.evaluation.exact import all_images, check_mass
from onebit.evaluation.report import Report
from onebit.leaderboard.findings import FAILED, NOT_CHECKED, NOT_SHOWN, PASSED, Finding
from onebit.leaderboard.replays import SIGMAS, in_words, scores
from onebit.registry import find_builder_class

Images = NDArray[np.uint8]
Floats = NDArray[np.float64]

SUM_TOLERANCE = 1e-3  # of probabilities, in float32
_MOST_SAMPLES = 100  # k of a bound, which is the same for test images and controls
_MOST_ANNEALED = 20  # images whose posterior is annealed
_RELATIVE = 1e-5  # of a number of nats: what the order of floating-point sums may change
_PREFIXES, _PLACES = 8, 24
_SMALL = (3, 3, 1)
_SMALL_SAMPLES = 1000  # k of a bound on each of the 512 images
_REMEMBERED = 0.1  # of its number: a model that finds test images so much better than all others has stored them
_BATCHES = (5, 50)  # images to a call where they are asked for in other batches: from, to
_CALIBRATED = "calibrated_digits"


def probe(
    report: Report,
    model: Any,
    *,
    count: int = 200,
    seed: int | None = None,
    data_dir: str | os.PathLike[str] | None = None,
) -> list[Finding]:
    """Looks at a model from outside.

    Args:
        report: says the protocol, and which images the model was measured on.
        model: an object as `onebit.evaluate` takes it.
        count: images of each kind.
        seed: of noise, permutation, places and batches; None draws one.
        data_dir: as in `onebit.load`.
    """
    from onebit.evaluation.run import open_split

    rng = np.random.default_rng(secrets.randbits(63) if seed is None else seed)
    images = open_split(report.dataset["name"], report.dataset["split"], data_dir=data_dir).images
    if report.protocol == "posterior_ais":
        count = min(count, _MOST_ANNEALED)
    rows = np.sort(rng.choice(len(images), min(count, len(images)), replace=False))
    probes: list[Callable[[], list[Finding]]] = [
        lambda: other_batches(report, model, images[rows], report.nll[rows], rng),
        lambda: controls(report, model, images[rows], report.nll[rows], rng),
        lambda: other_splits(report, model, images[rows], rng, data_dir),
        lambda: known_source(report, model, rng, count, data_dir),
    ]
    if report.protocol == "exact":
        probes.append(lambda: sums(model, images[rows], rng, report.nll[rows]))
    elif report.protocol in ("iw", "elbo") and callable(getattr(model, "at_shape", None)):
        probes.append(lambda: [_small_bounds(model, rng)])
    findings = []
    for one in probes:
        try:
            findings += one()
        except (Exception, SystemExit) as error:  # whatever the code of a model raises is an answer, too
            findings.append(Finding(3, "probe", FAILED, in_words(error)))
    return findings


# Images of the report -------------------------------------------------------------------------------------------------


def other_batches(
    report: Report, model: Any, images: Images, claimed: Floats, rng: np.random.Generator
) -> list[Finding]:
    """Whether images take the same in other company: nothing for numbers from random samples, which never do.

    Args:
        report: says the protocol.
        model: the model.
        images: some images of the report, ``(n, height, width, channels)``.
        claimed: their numbers in the report, ``(n,)`` nats.
        rng: for the order of the images and the size of the batches.
    """
    if report.protocol not in ("exact", "ais"):
        return []
    if report.protocol == "ais":  # free energies, without log Z
        claimed = claimed - (report.mean - float(report.details["mean_free_energy_nats"]))
    size, order = int(rng.integers(*_BATCHES, endpoint=True)), rng.permutation(len(images))
    found = np.empty(len(images))
    found[order] = scores(report, model, images[order], {"chunk_size": size})
    off = np.abs(found - claimed)
    what = "numbers" if report.protocol == "exact" else "free energies"
    return [
        Finding(
            3,
            "other batches",
            PASSED if (off <= answers.SAME_ANSWER + _RELATIVE * np.abs(claimed)).all() else FAILED,
            f"{len(images)} images mixed, {size} to a call: their {what} are off by at most {off.max():.2g} nats from "
            f"the report's; {answers.SAME_ANSWER} and {_RELATIVE} of its size are allowed.",
        )
    ]


# Images that are no digits --------------------------------------------------------------------------------------------


def controls(report: Report, model: Any, images: Images, claimed: Floats, rng: np.random.Generator) -> list[Finding]:
    """White noise, inverted images, images whose pixels have changed places.

    Args:
        report: says the protocol.
        model: the model.
        images: some test images, ``(n, height, width, channels)``.
        claimed: their numbers in the report, ``(n,)`` nats.
        rng: for noise and permutation.
    """
    flat = images.reshape(len(images), -1)
    shown = {
        "white noise": rng.integers(0, 2, images.shape, np.uint8),
        "inverted images": 1 - images,
        "shuffled pixels": flat[:, rng.permutation(flat.shape[1])].reshape(images.shape),
    }
    own = _scores(report, model, images)
    findings = []
    for name, control in shown.items():
        found = _scores(report, model, control)
        worse, error = _mean(found - own)
        outcome = PASSED if worse > SIGMAS * error else FAILED
        if name == "shuffled pixels" and np.abs(found - own).max() <= answers.SAME_ANSWER:
            text = "Shuffled pixels: the model does not look at where pixels lie, so that this shows nothing."
            findings.append(Finding(3, name, NOT_SHOWN, text))
            continue
        text = f"{name.capitalize()}: {worse:+.2f} ± {error:.2f} nats beside {len(images)} test images; must be worse."
        findings.append(Finding(3, name, outcome, text))
        if name == "white noise":
            constant = float((claimed - own).mean()) if report.protocol == "ais" else 0.0
            findings.append(_at_least(found + constant, flat.shape[1] * math.log(2), "entropy of white noise"))
    return findings


def other_splits(
    report: Report,
    model: Any,
    images: Images,
    rng: np.random.Generator,
    data_dir: str | os.PathLike[str] | None,
) -> list[Finding]:
    """As many images of each other split of the data set: were those that were measured seen before?

    Args:
        report: says the protocol, and which split was measured.
        model: the model.
        images: some images of that split, ``(n, height, width, channels)``.
        rng: draws the others.
        data_dir: as in `onebit.load`.
    """
    from onebit.evaluation.run import open_split

    name, dataset = "other splits", report.dataset["name"]
    splits = [split for split in find_builder_class(dataset)().record.splits if split != report.dataset["split"]]
    if not splits:
        return []
    own, parts, remembered = _scores(report, model, images), [], True
    for split in splits:
        others = open_split(dataset, split, data_dir=data_dir).images
        found = _scores(report, model, others[rng.choice(len(others), min(len(images), len(others)), replace=False)])
        worse = float(found.mean() - own.mean())
        error = math.hypot(_mean(found)[1], _mean(own)[1])
        remembered &= worse > max(SIGMAS * error, _REMEMBERED * abs(report.mean))
        parts.append(f"{split} {worse:+.2f} ± {error:.2f} nats")
    text = f"Beside {len(images)} images of {report.dataset['split']}: {', '.join(parts)}"
    if remembered:
        return [Finding(3, name, FAILED, f"{text}. So much worse on all others: the model has seen the images.")]
    return [Finding(3, name, PASSED, f"{text}; a model that has stored what was measured is much worse on all others.")]


def known_source(
    report: Report, model: Any, rng: np.random.Generator, count: int, data_dir: str | os.PathLike[str] | None
) -> list[Finding]:
    """The images of calibrated_digits, whose entropy no distribution can fall below."""
    from onebit.evaluation.run import open_split

    name = "known source"
    if report.gap is not None:  # it was measured on such images, all of them
        gap, error = report.gap
        return [_no_better(name, gap, error, len(report.nll))]
    if tuple(report.dataset["image_shape"]) != (28, 28, 1) or report.protocol == "ais":
        return [Finding(3, name, NOT_CHECKED, "It is for models of 28x28 pixels with a likelihood or a bound on it.")]
    source = open_split(_CALIBRATED, "test", data_dir=data_dir)
    assert source.reference is not None
    rows = np.sort(rng.choice(len(source.images), min(count, len(source.images)), replace=False))
    gap, error = _mean(_scores(report, model, source.images[rows]) + source.reference[rows])
    return [_no_better(name, gap, error, len(rows))]


def _no_better(name: str, gap: float, error: float, count: int) -> Finding:
    return Finding(
        3,
        name,
        PASSED if gap >= -SIGMAS * error else FAILED,
        f"On {count:,} images of {_CALIBRATED} the model is {gap:.2f} ± {error:.2f} nats worse than their source; no "
        "distribution can be better.",
    )


def _at_least(nll: Floats, entropy: float, name: str) -> Finding:
    mean, error = _mean(nll)
    return Finding(
        3,
        name,
        PASSED if mean >= entropy - SIGMAS * error else FAILED,
        f"White noise takes {mean:.2f} ± {error:.2f} nats; no distribution takes less than its entropy, {entropy:.2f}.",
    )


def _scores(report: Report, model: Any, images: Images) -> Floats:
    settings: dict[str, Any] = {}
    if "k" in report.settings:
        settings["k"] = min(int(report.settings["k"]), _MOST_SAMPLES)
    return scores(report, model, images, settings)


def _mean(values: Floats) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.inf


# Probabilities that add up --------------------------------------------------------------------------------------------


def sums(model: Any, images: Images, rng: np.random.Generator, claimed: Floats) -> list[Finding]:
    """The mass of the model built small, and the conditionals of an autoregressive one; see `conditionals`."""
    findings = []
    if callable(getattr(model, "at_shape", None)):
        findings.append(_small_mass(model))
    if callable(getattr(model, "log_conditionals", None)):
        findings += conditionals(model, images, rng, claimed)
    if not findings:
        findings.append(
            Finding(
                3,
                "sum of probabilities",
                NOT_SHOWN,
                "The model has neither at_shape(shape) nor log_conditionals(x): that its probabilities add up to 1 "
                "cannot be seen, and level 3 not be reached.",
            )
        )
    return findings


def _small_mass(model: Any) -> Finding:
    try:
        mass = check_mass(model.at_shape(_SMALL))
    except answers.WrongAnswerError as error:
        return Finding(3, "sum of probabilities", FAILED, str(error))
    text = f"Built for 3x3 pixels, the probabilities of all 512 images add up to {mass:.6f}."
    return Finding(3, "sum of probabilities", PASSED, text)


def _small_bounds(model: Any, rng: np.random.Generator) -> Finding:
    """The sum of lower bounds on probabilities, by importance sampling: of probabilities it is 1, up to sampling."""
    from onebit.evaluation import importance

    found = importance.measure(
        model.at_shape(_SMALL), all_images(_SMALL), k=_SMALL_SAMPLES, seed=int(rng.integers(1 << 62))
    )
    each, sizes = np.exp(-found.nll), found.arrays["effective_sample_size"]
    mass, error = float(each.sum()), math.sqrt(float((each**2 * (1 / sizes - 1 / _SMALL_SAMPLES)).clip(0).sum()))
    return Finding(
        3,
        "sum of probabilities",
        PASSED if mass <= 1 + SUM_TOLERANCE + SIGMAS * error else FAILED,
        f"Built for 3x3 pixels, the bounds on the probabilities of all 512 images add up to {mass:.4f} ± {error:.4f}; "
        "more than 1 is impossible.",
    )


def conditionals(model: Any, images: Images, rng: np.random.Generator, claimed: Floats) -> list[Finding]:
    """Whether the two values of a pixel have probabilities that sum to one, at random places of random prefixes.

    Args:
        model: has ``log_prob`` and ``log_conditionals``.
        images: test images, whose beginnings are the prefixes.
        rng: for prefixes, places, and what comes after.
        claimed: what the test images take by the report, ``(n,)`` nats.
    """
    shape, pixels = images.shape[1:], math.prod(images.shape[1:])
    order = np.asarray(getattr(model, "order", np.arange(pixels))).reshape(-1)
    if sorted(order.tolist()) != list(range(pixels)):
        return [Finding(3, "conditionals", FAILED, f"order is no order of the {pixels} pixels.")]
    rows = rng.choice(len(images), min(_PREFIXES, len(images)), replace=False)
    prefixes = images.reshape(len(images), -1)[rows]
    prefixes = np.concatenate([prefixes, rng.integers(0, 2, prefixes.shape, np.uint8)])
    steps = np.unique(np.concatenate([[0, pixels - 1], rng.integers(0, pixels, _PLACES)]))
    whole = _log_conditionals(model, prefixes.reshape(-1, *shape))
    worst, place, moved = 0.0, 0, float(whole.max(initial=0.0))
    for step in steps:
        pixel = order[step]
        both = []
        for value in (0, 1):
            shown = rng.integers(0, 2, prefixes.shape, np.uint8)  # what comes after is another each time
            shown[:, order[:step]] = prefixes[:, order[:step]]
            shown[:, pixel] = value
            both.append(_log_conditionals(model, shown.reshape(-1, *shape))[:, pixel])
        error = float(np.abs(np.exp(np.logaddexp(*both)) - 1).max())
        if error >= worst:
            worst, place = error, int(step)
        own = np.where(prefixes[:, pixel] == 1, both[1], both[0])
        moved = max(moved, float((np.abs(own - whole[:, pixel]) - _RELATIVE * np.abs(own)).max()))
    text = f"Over {len(steps)} places and {len(prefixes)} prefixes, p(0) + p(1) is off by at most {worst:.2g}"
    summed = Finding(
        3,
        "conditionals",
        PASSED if worst <= SUM_TOLERANCE else FAILED,
        f"{text} (pixel {place + 1} of the order), whatever comes after; {SUM_TOLERANCE} are allowed.",
    )
    causal = Finding(
        3,
        "what comes after",
        PASSED if moved <= answers.SAME_ANSWER else FAILED,
        f"With other pixels after it, the conditional of a pixel of these images moves by at most {moved:.2g} nats; "
        f"{answers.SAME_ANSWER} are allowed, and none may be above 0.",
    )
    return [summed, causal, _chain(model, prefixes.reshape(-1, *shape), whole, -claimed[rows])]


def _chain(model: Any, images: Images, conditional: Floats, measured: Floats) -> Finding:
    """The chain rule: the conditionals add up to the log-probability, of the first images to that in the report."""
    added = conditional.sum(axis=1)
    whole = np.asarray(to_numpy(model.log_prob(images.copy()), most=len(images)), np.float64)
    whole = np.concatenate([measured, whole[len(measured) :]])
    off = np.abs(added - whole) - _RELATIVE * np.abs(whole)
    worst = int(np.argmax(off))
    return Finding(
        3,
        "chain rule",
        PASSED if off[worst] <= answers.SAME_ANSWER else FAILED,
        f"The conditionals of an image add up to {added[worst]:.4f} nats, its log-probability is {whole[worst]:.4f}.",
    )


def _log_conditionals(model: Any, images: Images) -> Floats:
    found = np.asarray(to_numpy(model.log_conditionals(images.copy()), most=len(images)), np.float64)
    pixels = math.prod(images.shape[1:])
    if found.shape != (len(images), pixels) or not np.isfinite(found).all():
        raise answers.WrongAnswerError(
            f"log_conditionals returned shape {found.shape} for {len(images)} images. Rule: finite numbers of shape "
            f"({len(images)}, {pixels}), the log-probability of each pixel given those before it."
        )
    return found
