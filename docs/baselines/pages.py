"""Makes the pages of the baselines from their reports and logs: ``python docs/baselines/pages.py``.

Texts between ``<!-- baselines:NAME:begin -->`` and ``end`` in docs/baselines.md, the page of each baseline, and the
drawings. With ``--check`` it only compares the texts.
"""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

from evidence import CALIBRATED, CURVE, DATASET, HERE, ROOT, SAMPLES, SETTINGS, Collection, Evidence, words_of

from onebit.evaluation.measurements import ESTIMATE, EXACT, UPPER_BOUND
from onebit.evaluation.report import Comparison
from onebit.leaderboard.entries import PACKAGE, read_published
from onebit.models.baselines import BASELINES

STUDY = ROOT / "docs" / "baselines.md"
BETWEEN = r"(<!-- baselines:{}:begin -->\n).*?(<!-- baselines:{}:end -->)"
PUBLISHED = {  # what the same kind of model has been reported to reach, by its record on the leaderboard
    "nade": "nade-2016",
    "pixelcnn": "pixelcnn-2016",
    "rbm": "rbm-cd25-500-2008",
    "rbm_cd": "rbm-cd25-500-2008",
    "vae": "vae-no-flow-200-is-2015",
    "iwae": "iwae-k-50-1-layer-fixed-binarization-2015",
}
GROUPS = {EXACT: "Exact", UPPER_BOUND: "Upper bounds", ESTIMATE: "Estimates that err low"}
_Z = 1.959963984540054


def numbers_table(found: list[Evidence]) -> str:
    """All baselines: nats, error, bits, size, time; each kind on its own, for they cannot be ranked together."""
    lines = ["| | nats per image | bits per pixel | weights | training | measured |", "|---|---:|---:|---:|---:|---|"]
    for kind, words in GROUPS.items():
        group = [one for one in found if one.report.kind == kind]
        lines += [f"| **{words}** | | | | | |"] if group else []
        for one in group:
            report = one.report
            lines.append(
                f"| [{one.title}](baselines/{one.name}.md) | {one.sign}{report.mean:.2f} ± {report.stderr:.2f} | "
                f"{one.sign}{report.bits_per_pixel:.4f} | {_count(one.parameters)} | {_time(one)} | "
                f"{report.note or kind} |"
            )
    return "\n".join(lines) + "\n"


def pairs_table(found: list[Evidence]) -> str:
    """Row minus column, with half the width of the 95 % interval; each pair once."""
    names = [one.sign + one.title for one in found]
    lines = ["| row − column | " + " | ".join(names[:-1]) + " |", "|---|" + "---:|" * (len(found) - 1)]
    for row, one in enumerate(found[1:], 1):
        cells = []
        for other in found[:row]:
            compared = Comparison(one.report, other.report)
            cells.append(f"{compared.mean:+.2f} ± {_Z * compared.stderr:.2f}")
        lines.append(f"| {names[row]} | " + " | ".join(cells + [""] * (len(found) - 1 - row)) + " |")
    return "\n".join(lines) + "\n"


def closest_sentence(found: list[Evidence]) -> str:
    """The pairs whose interval has 0 in it, in words."""
    together = [
        f"{other.title} and {one.title}"
        for row, one in enumerate(found)
        for other in found[:row]
        if Comparison(one.report, other.report).interval[0] <= 0 <= Comparison(one.report, other.report).interval[1]
    ]
    exact = [one for one in found if one.report.kind == EXACT]
    text = "All intervals exclude 0" if not together else f"The intervals of {_listed(together)} have 0 in them"
    if len(exact) < 2:
        return text + ".\n"
    compared = Comparison(exact[1].report, exact[0].report)
    return (
        f"{text}. The two best of the exact ones, {exact[0].title} and {exact[1].title}, are {compared.mean:.2f} nats "
        f"apart; the standard error of that is {compared.stderr:.2f}, where the errors of the two numbers would make "
        f"{math.hypot(exact[0].report.stderr, exact[1].report.stderr):.2f}: the images are hard or easy for both, and "
        "in the differences that cancels.\n"
    )


def floor_table(found: list[Evidence]) -> str:
    """On calibrated_digits: nats, and how many of them are the model's fault."""
    lines = ["| | nats per image | above the generator | trained on |", "|---|---:|---:|---|"]
    for kind, words in GROUPS.items():
        group = [one for one in found if one.report.kind == kind]
        lines += [f"| **{words}** | | | |"] if group else []
        for one in group:
            gap, error = one.report.gap or (math.nan, math.nan)
            lines.append(
                f"| {one.title} | {one.sign}{one.report.mean:.2f} ± {one.report.stderr:.2f} | "
                f"{one.sign}{gap:.2f} ± {error:.2f} | calibrated_digits, {one.report.trained_on} |"
            )
    return "\n".join(lines) + "\n"


def absent_sentence(found: list[Evidence], everywhere: list[Evidence]) -> str:
    """Which baselines were not trained on calibrated_digits."""
    names = [one.title for one in everywhere if one.name not in {here.name for here in found}]
    return (f"Not trained on calibrated_digits, and so not in this table: {_listed(names)}.\n") if names else ""


def page(one: Evidence, calibrated: Evidence | None) -> str:
    """The page of one baseline."""
    parts = [f"# {one.title}", _prose(words_of(one.name)), "## The number", _number(one)]
    parts += [_published(one)] if one.name in PUBLISHED else []
    parts += [_calibrated(calibrated)] if calibrated is not None else []
    if (one.folder / SAMPLES).is_file():
        parts += ["## Samples", f"![80 images drawn by {one.title}]({one.folder.name}/{SAMPLES})", _samples(one)]
    if len(one.log) > 1:
        parts += ["## The curve", f"![Nats over the epochs]({one.folder.name}/{CURVE})", _curve(one)]
    parts += ["## Again", _again(one)]
    return "\n\n".join(parts) + "\n"


def _prose(docstring: str) -> str:
    """A docstring as Markdown: its first sentence opens, code blocks stay indented."""
    text = re.sub(r"::$", ":", docstring, flags=re.MULTILINE)
    return text.replace("``", "`")


def _number(one: Evidence) -> str:
    report = one.report
    text = [f"- {line}" for line in str(report).splitlines()]
    about = f"{_count(one.parameters)} numbers" if one.parameters else "Weights"
    options = (one.json(SETTINGS) or {}).get("options", {})
    about += "".join(f", {name.replace('_', ' ')} {value}" for name, value in options.items())
    text += ["", f"{about}; trained on the {report.trained_on} split, measured on all {len(report.nll):,} test images "]
    text[-1] += "with one number each, which are kept beside the report."
    return "\n".join(text)


def _published(one: Evidence) -> str:
    entry = read_published(PACKAGE / "published" / f"{PUBLISHED[one.name]}.json")
    return (
        f"For comparison, reported: {entry.model}, {entry.sign.replace('<=', '≤').replace('~', '≈ ')}"
        f"{entry.nats:.2f} nats ({entry.paper}; read in {entry.sources[0]})."
    )


def _calibrated(one: Evidence) -> str:
    gap, error = one.report.gap or (math.nan, math.nan)
    return (
        f"Trained and measured on [calibrated_digits](../calibrated_digits.md): {one.sign}{one.report.mean:.2f} ± "
        f"{one.report.stderr:.2f} nats, {one.sign}{gap:.2f} ± {error:.2f} above the generator of these images."
    )


def _samples(one: Evidence) -> str:
    if one.name.startswith("rbm"):
        return "After 2,000 sweeps of Gibbs sampling that began at independent pixels; none chosen."
    return "None chosen."


def _curve(one: Evidence) -> str:
    log = one.log
    best = min(log, key=lambda line: line["validation_nats"])
    text = (
        f"The weights are those after epoch {best['epoch']} of {log[-1]['epoch']}, the best on the validation split. "
        f"Training took {_time(one)} on {one.report.hardware.get('cores')} cores that had other work too. "
    )
    if one.name.startswith("rbm"):
        text += "Validation nats rest on log Z from short annealing: they err low. "
    elif one.report.kind == UPPER_BOUND:
        text += "Both lines are bounds: with few samples they lie above the number of the report. "
    return text + f"[Log]({one.folder.name}/log.jsonl), [settings]({one.folder.name}/{SETTINGS})."


def _again(one: Evidence) -> str:
    module = BASELINES[one.name].module
    return "\n".join(
        [
            "```text",
            "pip install 'onebit[models]'",
            f"onebit train {one.name}",
            "```",
            "",
            f"The code: [{module}.py](../../src/onebit/models/{module}.py). [All baselines](../baselines.md).",
        ]
    )


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _time(one: Evidence) -> str:
    if not one.log:
        return ""
    seconds = one.log[-1]["seconds"]
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def texts() -> dict[Path, str]:
    """Every page with what its reports make of it."""
    found, calibrated = Collection(DATASET), Collection(CALIBRATED)
    study = STUDY.read_text(encoding="utf-8")
    blocks = {
        "numbers": numbers_table(found.all),
        "pairs": pairs_table(found.all),
        "closest": closest_sentence(found.all),
        "floor": floor_table(calibrated.all),
        "absent": absent_sentence(calibrated.all, found.all),
    }
    for name, block in blocks.items():
        pattern = re.compile(BETWEEN.format(name, name), re.DOTALL)
        if not pattern.search(study):
            raise ValueError(f"{STUDY.name} has no lines <!-- baselines:{name}:begin --> and end.")
        study = pattern.sub(lambda match, block=block: match[1] + block + match[2], study)
    return {STUDY: study} | {HERE / f"{one.name}.md": page(one, calibrated.of(one.name)) for one in found.all}


def draw() -> None:
    """Every drawing."""
    import drawings

    found, calibrated = Collection(DATASET).all, Collection(CALIBRATED).all
    drawings.numbers(found, HERE / "numbers.svg")
    drawings.pairs(found, HERE / "pairs.svg")
    drawings.floor(calibrated, HERE / "floor.svg")
    for one in found:
        if len(one.log) > 1:
            drawings.curve(one, one.folder / CURVE)


def main() -> None:
    """Rewrites pages and drawings; with ``--check`` fails where a page would change."""
    stale = [path for path, text in texts().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        if stale:
            sys.exit(f"{', '.join(path.name for path in stale)}: type python docs/baselines/pages.py")
        return
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
    draw()


if __name__ == "__main__":
    main()
