"""What an audit found, in words: a title and a sentence or two, as the page of the data set shows them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_SIGNIFICANT = 0.01


def findings(made: Json) -> list[Json]:
    """The findings of an audit.

    Returns:
        ``{"kind": "duplicates" | "leak" | "drift", "good": whether nothing is wrong, "title": ..., "text": ...}`` each.
    """
    return [*_duplicates(made), *_leaks(made), *_drifts(made)]


def _finding(kind: str, good: bool, title: str, text: str) -> Json:
    return {"kind": kind, "good": good, "title": title, "text": text}


def _duplicates(made: Json) -> Iterator[Json]:
    found = made["duplicates"]
    across, within = found["across_splits"], found["within"]
    blank = {name: count for name, count in found["blank"].items() if count}
    if across:
        listed = "; ".join(" = ".join(rows) for rows in found["listed"][:3])
        yield _finding(
            "duplicates",
            False,
            f"{_count(across, 'image')} in more than one split",
            f"Bit for bit the same: {listed}{' and others' if across > 3 else ''}.",
        )
    elif len(made["splits"]) > 1:
        yield _finding(
            "duplicates",
            True,
            "No image is in two splits",
            f"All {_images(made):,} images were compared bit for bit.",
        )
    twice = {name: count for name, count in within.items() if count}
    if twice:
        parts = ", ".join(f"{_count(count, 'image')} of {name}" for name, count in twice.items())
        yield _finding(
            "duplicates", False, "Images are there more than once", f"More than once within a split: {parts}."
        )
    if blank:
        parts = ", ".join(f"{count:,} in {name}" for name, count in blank.items())
        yield _finding("duplicates", False, "Some images are blank", f"Images without any ink: {parts}.")


def _leaks(made: Json) -> Iterator[Json]:
    """More close neighbours than train has of its own kind: as a binomial test at the threshold."""
    if not made["nearest"]:
        return
    *others, own = made["nearest"]
    limit = made["threshold"]["distance"]
    below = made["threshold"]["images_at_or_below"]
    share = max(below[own["query"]], 1) / own["images"]
    for each in others:
        close, expected = below[each["query"]], share * each["images"]
        p = _poisson_tail(close, expected)
        medians = f"{each['quantiles']['0.5']} pixels, {own['quantiles']['0.5']} among {own['to']}'s own"
        text = (
            f"{close:,} of {each['images']:,} images have an image of {each['to']} within {_count(limit, 'pixel')}; of "
            f"as many images of {own['to']} itself, each left out in turn, {expected:.0f} have (medians: {medians}). "
            f"The closest pair differs in {_count(each['quantiles']['0'], 'pixel')}."
        )
        if p < _SIGNIFICANT and close > 2 * expected:
            yield _finding("leak", False, f"Images of {each['query']} are suspiciously close to {each['to']}", text)
        else:
            yield _finding("leak", True, f"No sign that images of {each['query']} are in {each['to']}", text)


def _drifts(made: Json) -> Iterator[Json]:
    for each in made["drift"]:
        pair = f"{each['from']} and {each['to']}"
        pixels, whole = each["pixels"], each["whole"]
        different = {name: test for name, test in each["numbers"].items() if test["adjusted_p"] <= _SIGNIFICANT}
        strongest = sorted(different, key=lambda name: -different[name]["statistic"])[:3]
        numbers = "; ".join(f"{name.replace('_', ' ')}, KS {different[name]['statistic']:.3f}" for name in strongest)
        most = f" (most of all {numbers})" if numbers else ""
        text = (
            f"{pixels['different']} of {made['pixels']} pixels have another share of ink (false discovery rate "
            f"{pixels['false_discovery_rate']:.0%}); {len(different)} of {len(each['numbers'])} numbers of an image "
            f"are distributed differently{most}. The energy distance of the two is {whole['energy_distance']:.3f} "
            f"pixels, p = {whole['p']:.3f} by {whole['permutations']} permutations."
        )
        pair = pair[:1].upper() + pair[1:]  # the names of splits stay as they are
        if whole["p"] <= _SIGNIFICANT:
            yield _finding("drift", False, f"{pair} are not draws from one distribution", text)
        else:
            yield _finding("drift", True, f"{pair} look like draws from one distribution", text)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _images(made: Json) -> int:
    return sum(each["num_examples"] for each in made["splits"])


def _poisson_tail(count: int, expected: float) -> float:
    """The probability of `count` events or more where `expected` (above 0) are, summed up from its largest terms on."""
    # Logarithms: e to the power of -1000 is no number any more.
    log_term = -expected + sum(math.log(expected / number) for number in range(1, count + 1))
    total, number = 0.0, count
    while True:
        term = math.exp(log_term)
        total += term
        if number > expected and term <= 1e-17 * total:
            return min(total, 1.0)
        number += 1
        log_term += math.log(expected / number)
