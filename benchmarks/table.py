"""Makes the tables of the README and of docs/performance.md from ``results.json``, and that of docs/frameworks.md from
``frameworks.json``; ``--check`` only compares.

A table stands between ``<!-- benchmarks:begin -->`` and ``<!-- benchmarks:end -->``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import results

ROOT = Path(__file__).parent.parent
BETWEEN = re.compile(r"(<!-- benchmarks:begin -->\n).*?(<!-- benchmarks:end -->)", re.DOTALL)
Json = dict[str, Any]

# The README's rows: label, measure, quantity, onebit's key, the peer and its key, the ratio's direction.
ROWS = (
    ("Prepare from local files, verified", "prepare", "time", "onebit", "TFDS", "tfds"),
    ("Import, load, first four images", "load", "time", "onebit", "TFDS", "tfds"),
    ("… peak memory", "load", "memory", "onebit", "TFDS", "tfds"),
    ("Shuffled epoch, batches of 128", "shuffled", "rate", "onebit", "TFDS, first epoch", "tfds_first"),
    ("", "shuffled", "rate", "onebit", "TFDS, cached epoch", "tfds_cached"),
    ("", "shuffled", "rate", "onebit", "PyTorch DataLoader", "torch"),
    ("", "shuffled", "rate", "onebit", "NumPy, unpacked in memory", "floor"),
    ("Single examples", "single", "rate", "onebit", "TFDS, cached", "tfds"),
    ("All of train as one array", "whole", "time", "onebit_load", "TFDS", "tfds"),
    ("… of a data set that is open", "whole", "time", "onebit", "copy in memory", "floor"),
    ("Installed, with all that is required", "installed", "size", "onebit", "TFDS", "tfds"),
)


def figure(value: float, unit: str) -> str:
    """A number for people: three digits and a unit."""
    if unit == "images/s":
        return f"{_digits(value / 1e6)} M/s" if value >= 1e6 else f"{_rounded(value):,}/s"
    if unit == "bytes":
        return f"{_digits(value / 2**20)} MiB"
    if unit == "s":
        for scale, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
            if value >= scale or name == "µs":
                return f"{_digits(value / scale)} {name}"
    return _digits(value)


def _digits(value: float) -> str:
    if value >= 100:
        return f"{_rounded(value):,}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _rounded(value: float) -> int:
    """Three significant digits; more would be noise."""
    return int(float(f"{value:.3g}"))


def spread(found: Json) -> str:
    """A ratio with its range over the turns."""
    if len(found["values"]) == 1:
        return f"{_digits(found['median'])}×"
    return f"{_digits(found['median'])}× ({_digits(found['min'])}–{_digits(found['max'])})"


def readme_table(content: Json) -> str:
    """The README's table: onebit, a peer, how many times better onebit is."""
    lines = ["| | onebit | | what you would use instead | onebit is better by |", "|---|---:|---|---:|---:|"]
    for label, name, quantity, own, peer, key in ROWS:
        if name not in content["measures"]:
            continue
        contestants = content["measures"][name]["contestants"]
        mine, theirs = (contestants[each]["quantities"][quantity] for each in (own, key))
        more_is_better = quantity == "rate"
        better = results.ratio(contestants, quantity, *((own, key) if more_is_better else (key, own)))
        shown = figure(mine["median"], mine["unit"]) if label else ""
        lines.append(f"| {label} | {shown} | {peer} | {figure(theirs['median'], theirs['unit'])} | {spread(better)} |")
    last = max(content["runs"].values(), key=lambda run: run["date"])
    return "\n".join([*lines, "", circumstances(last), ""])


def circumstances(run: Json) -> str:
    """When, on what, with which versions."""
    versions = {name: version for packages in run["packages"].values() for name, version in packages.items()}
    wanted = (("onebit", "onebit"), ("numpy", "NumPy"), ("tensorflow-datasets", "TFDS"), ("torch", "PyTorch"))
    named = [f"{title} {versions[name]}" for name, title in wanted if name in versions]
    about = run["machine"]
    text = (
        f"Medians, and the range of the ratios over the turns of one run in which the contestants alternated. "
        f"{run['date'][:10]}, {about['processor']}, {about['cores']} cores, {about['memory'] / 2**30:.0f} GiB, "
        f"{about['python']}; {', '.join(named)}."
    )
    return text + (" A quick run, with two turns each." if run["quick"] else "")


def full_tables(content: Json) -> str:
    """Everything that was measured, measure by measure."""
    parts = [*_runs(content), ""]
    for measure in content["measures"].values():
        parts += [f"### {measure['title']}", "", measure["what"], ""]
        contestants = measure["contestants"]
        quantities = list(dict.fromkeys(name for each in contestants.values() for name in each["quantities"]))
        parts += ["| | " + " | ".join(quantities) + " |", "|---|" + "---:|" * len(quantities)]
        for key, each in contestants.items():
            cells = [_cell(each["quantities"].get(name)) for name in quantities]
            title = each["title"] + (" (floor)" if key == measure["floor"] else "")
            parts.append(f"| {title} | " + " | ".join(cells) + " |")
        parts.append("")
        parts += ["| ratio | of | median | range |", "|---|---|---:|---:|"]
        for found in measure["ratios"]:
            over, under = contestants[found["over"]]["title"], contestants[found["under"]]["title"]
            span = f"{_digits(found['min'])}–{_digits(found['max'])}"
            parts.append(f"| {over} / {under} | {found['quantity']} | {_digits(found['median'])} | {span} |")
        parts.append("")
        for target in measure["targets"]:
            verdict = "reached" if target["met"] else "**not reached**"
            parts.append(f"- {target['text']}: {verdict} ({figure(target['reached'], target['unit'])})")
        parts += [""] if measure["targets"] else []
    return "\n".join(parts)


def _cell(found: Json | None) -> str:
    if found is None:
        return ""
    middle = figure(found["median"], found["unit"])
    if len(found["values"]) == 1:
        return middle
    return f"{middle} ({figure(found['min'], found['unit'])} to {figure(found['max'], found['unit'])})"


def _runs(content: Json) -> Iterable[str]:
    """Where and when, run by run, for measures may come from several."""
    for key, run in content["runs"].items():
        titles = [each["title"] for each in content["measures"].values() if each["run"] == key]
        load = ", ".join(str(value) for value in run["load"])
        yield f"{circumstances(run)} Load averages at the end: {load}. Measures: {'; '.join(titles)}."


def frameworks_table(content: Json) -> str:
    """Each adapter beside the usual ways of its framework."""
    lines = ["| | with onebit | | without | | onebit is faster by |", "|---|---|---:|---|---:|---:|"]
    for measure in content["measures"].values():
        for number, found in enumerate(measure["ratios"]):
            mine, theirs = (measure["contestants"][found[side]] for side in ("over", "under"))
            cells = [measure["title"] if number == 0 else ""]
            for each in (mine, theirs):
                rate = each["quantities"]["rate"]
                cells += [_as_code(each["title"])]
                cells += [figure(rate["median"], rate["unit"])]
            lines.append(f"| {' | '.join(cells)} | {spread(found)} |")
    parts = ["\n".join(lines), ""]
    for measure in content["measures"].values():
        parts.append(f"- {measure['title']}: {measure['what']}")
    parts += ["", "Medians of images per second, and of the ratios with their range over the turns of a run:", ""]
    for key, run in content["runs"].items():
        titles = [each["title"] for each in content["measures"].values() if each["run"] == key]
        parts.append(f"- {', '.join(titles)}: {_framework_circumstances(run)}")
    return "\n".join([*parts, ""])


def _as_code(title: str) -> str:
    """A title in code type, if it is nothing but code."""
    return f"`{title}`" if "(" in title and " " not in title.partition("(")[0] else title


def _framework_circumstances(run: Json) -> str:
    versions = {name.lower().replace("_", "-"): version for name, version in run["packages"]["frameworks"].items()}
    named = [f"{title} {versions[name]}" for name, title in FRAMEWORKS if name in versions]
    about, load = run["machine"], ", ".join(str(value) for value in run["load"])
    quick = " A quick run, with two turns." if run["quick"] else ""
    return (
        f"{run['date'][:10]}, {about['processor']}, {about['cores']} cores, "
        f"{about['memory'] / 2**30:.0f} GiB, {about['python']}; {', '.join(named)}. Load averages at the "
        f"end: {load}.{quick}"
    )


FRAMEWORKS = (
    ("onebit", "onebit"),
    ("numpy", "NumPy"),
    ("torch", "PyTorch"),
    ("jax", "JAX"),
    ("tensorflow-cpu", "TensorFlow"),
    ("tensorflow-datasets", "TFDS"),
    ("grain", "Grain"),
    ("datasets", "datasets"),
)
PAGES = ((ROOT / "README.md", readme_table), (ROOT / "docs" / "performance.md", full_tables))
FRAMEWORKS_PAGE = (ROOT / "docs" / "frameworks.md", frameworks_table)
FRAMEWORKS_RESULTS = results.PATH.with_name("frameworks.json")


def with_table(text: str, table: str) -> str:
    """A page with the table between its markers.

    Raises:
        ValueError: the page has no markers.
    """
    if not BETWEEN.search(text):
        raise ValueError("has no lines <!-- benchmarks:begin --> and <!-- benchmarks:end -->")
    return BETWEEN.sub(lambda found: found[1] + table + found[2], text)


def main() -> None:
    """Rewrites the pages; with ``--check`` fails where that would change one."""
    content, stale = results.load(), []
    made = [(*page, content) for page in PAGES]
    made.append((*FRAMEWORKS_PAGE, results.load(FRAMEWORKS_RESULTS)))
    for page, make, content in made:
        text = page.read_text(encoding="utf-8")
        try:
            new = with_table(text, make(content))
        except ValueError as problem:
            stale.append(f"{page.name} {problem}")
            continue
        if new != text and "--check" in sys.argv:
            stale.append(f"{page.name} is not what the results make: type python benchmarks/table.py")
        elif new != text:
            page.write_text(new, encoding="utf-8")
    if stale:
        sys.exit("\n".join(stale))


if __name__ == "__main__":
    main()
