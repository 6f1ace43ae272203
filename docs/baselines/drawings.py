"""Drawings of the study, as SVG that is readable on light and on dark ground. Text stays text."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from evidence import Evidence
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from onebit.evaluation.measurements import ESTIMATE, EXACT, UPPER_BOUND
from onebit.evaluation.report import Comparison

INK = "#010203"  # stands for the colour of the text around, which the theme decides
COLOURS = {EXACT: "#2f7fd6", UPPER_BOUND: "#c2691a", ESTIMATE: "#8a63d2"}
MARKS = {EXACT: "o", UPPER_BOUND: "<", ESTIMATE: ">"}  # which way the truth lies
WORDS = {EXACT: "exact", UPPER_BOUND: "upper bound: the truth is to the left", ESTIMATE: "estimate that errs low"}
_Z = 1.96
_THEMES = "<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6edf3}}</style>"
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "onebit", "font.family": "sans-serif", "font.size": 10,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip


def figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A drawing of so many inches and its only axes."""
    drawing = Figure(figsize=(width, height), layout="constrained")
    drawing.patch.set_alpha(0)
    axes = drawing.subplots()
    axes.patch.set_alpha(0)
    return drawing, axes


def write(drawing: Figure, path: Path, title: str) -> None:
    """Writes it as SVG: the same drawing is the same file, with one version of matplotlib."""
    buffer = io.StringIO()
    drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    text = buffer.getvalue().replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"(<svg[^>]*>)", lambda found: f"{found[1]}\n {_THEMES}", text, count=1)
    path.write_text(re.sub(r"[ \t]+$", "", text[text.index("<svg") :], flags=re.MULTILINE), encoding="utf-8")


def curve(one: Evidence, path: Path) -> None:
    """Nats of training and validation over the epochs, and where the kept weights are from."""
    log = one.log
    epochs = [line["epoch"] for line in log]
    validation = [line["validation_nats"] for line in log]
    with mpl.rc_context(_STYLE):
        drawing, axes = figure(7, 3.2)
        if not one.name.startswith("rbm"):  # what an RBM minimises is a difference, not nats of the images
            axes.plot(epochs, [line["train_nats"] for line in log], color="#888888", label="train, during the epoch")
        axes.plot(epochs, validation, color=COLOURS[EXACT], label="validation, after it")
        best = int(np.argmin(validation))
        axes.plot(epochs[best], validation[best], "o", color=COLOURS[EXACT])
        axes.annotate(f"{validation[best]:.2f}", (epochs[best], validation[best]), (7, -4), textcoords="offset points")
        axes.margins(x=0.08)
        shown = [value for line in log for value in (line["train_nats"], line["validation_nats"]) if value > 0]
        low, high = min(validation), float(np.quantile(validation, 0.9 if len(validation) > 10 else 1.0))
        axes.set_ylim(min(low, min(shown) if not one.name.startswith("rbm") else low) - 1, max(high, low + 5) + 2)
        axes.set_xlabel("epoch")
        axes.set_ylabel("nats per image")
        axes.legend(frameon=False)
        write(drawing, path, f"{one.title}: nats over the epochs")


def numbers(found: Sequence[Evidence], path: Path) -> None:
    """Each baseline's nats with its 95 % interval; kinds apart, on a logarithmic scale."""
    with mpl.rc_context(_STYLE):
        drawing, axes = figure(7.5, 1.2 + 0.32 * len(found))
        for row, one in enumerate(reversed(found)):
            kind, report = one.report.kind, one.report
            axes.errorbar(
                report.mean, row, xerr=_Z * report.stderr, fmt=MARKS[kind], color=COLOURS[kind], capsize=3,
                label=WORDS[kind],
            )  # fmt: skip
            axes.annotate(f"{report.mean:.2f}", (report.mean, row), (9, -3.5), textcoords="offset points")
        axes.set_xscale("log")
        axes.set_xticks([80, 90, 100, 120, 150, 200], ["80", "90", "100", "120", "150", "200"])
        axes.minorticks_off()
        axes.set_xlim(76, 235)
        axes.set_yticks(range(len(found)), [one.title for one in reversed(found)])
        axes.set_ylim(-0.7, len(found) - 0.3)
        axes.set_xlabel("nats per test image, with 95 % intervals (logarithmic)")
        handles, labels = axes.get_legend_handles_labels()
        unique = dict(zip(reversed(labels), reversed(handles), strict=True))
        axes.legend(
            unique.values(), unique.keys(), frameon=False, loc="lower right" if len(found) < 4 else "upper right"
        )
        write(drawing, path, "Baselines on the test split")


def pairs(found: Sequence[Evidence], path: Path) -> None:
    """The mean difference of each two baselines, row minus column, as a field of colours with the numbers in it."""
    size = len(found)
    differences = np.zeros((size, size))
    for row, one in enumerate(found):
        for column, other in enumerate(found):
            differences[row, column] = Comparison(one.report, other.report).mean
    shown = np.sign(differences) * np.log1p(np.abs(differences))
    with mpl.rc_context(_STYLE):
        drawing, axes = figure(8.6, 0.9 + 0.5 * size)
        most = np.abs(shown).max() or 1
        axes.imshow(shown, cmap=mpl.colormaps["RdBu_r"], vmin=-most, vmax=most, aspect="auto")
        for row in range(size):
            for column in range(size):
                dark = abs(shown[row, column]) > 0.62 * most
                text = "" if row == column else f"{differences[row, column]:+.1f}"
                axes.text(column, row, text, ha="center", va="center", fontsize=8.5, color="#fff" if dark else "#111")
        marks = {EXACT: "", UPPER_BOUND: "≤ ", ESTIMATE: "≈ "}
        names = [marks[one.report.kind] + one.title for one in found]
        axes.set_xticks(range(size), names, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(size), names)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        write(drawing, path, "Differences of the baselines, row minus column, in nats per image")


def floor(found: Sequence[Evidence], path: Path) -> None:
    """How far each is from the generator of the images, on a logarithmic scale, with 95 % intervals."""
    with mpl.rc_context(_STYLE):
        drawing, axes = figure(7.5, 1.2 + 0.32 * len(found))
        for row, one in enumerate(reversed(found)):
            gap, error = one.report.gap or (np.nan, np.nan)
            kind = one.report.kind
            axes.errorbar(gap, row, xerr=_Z * error, fmt=MARKS[kind], color=COLOURS[kind], capsize=3)
            axes.annotate(f"{gap:.2f}", (gap, row), (9, -3.5), textcoords="offset points")
        axes.set_xscale("log")
        ticks = (0.5, 1, 2, 5, 10, 20, 50, 100)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        gaps = [one.report.gap[0] for one in found if one.report.gap]
        axes.set_xlim(min(gaps) / 1.5, max(gaps) * 1.5)
        axes.set_yticks(range(len(found)), [one.title for one in reversed(found)])
        axes.set_ylim(-0.7, len(found) - 0.3)
        axes.set_xlabel("nats above the generator, on the images of the test split (logarithmic)")
        write(drawing, path, "Distance from the truth on calibrated_digits")
