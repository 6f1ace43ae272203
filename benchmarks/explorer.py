"""How fast the explorer is: ``python benchmarks/explorer.py`` writes explorer.json and the table of docs/explorer.md.

The real data in a real browser (Debian's chromium, or that of ONEBIT_CHROMIUM; without a window, without a graphics
card) at 1280 by 720 pixels. In every turn a new browser opens the page from the local server and from one file; filters
are set one after the other by the page's address, from which on the time runs until all charts and the canvas are
drawn; the wheel zooms in and out. The data set has to be prepared (``onebit prepare binarized_mnist``), and the front
end built (``make explorer``). ``--only-page`` makes the table again, ``--check`` only compares it with explorer.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import machine
import table

import onebit
from onebit.explorer import bundle, exports, local
from onebit.explorer.contents import contents, opened
from onebit.explorer.local import BackgroundServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).parent.parent
RESULTS, PAGE = Path(__file__).with_name("explorer.json"), ROOT / "docs" / "explorer.md"
CHROMIUM = os.environ.get("ONEBIT_CHROMIUM", "/usr/bin/chromium")
SCREEN = {"width": 1280, "height": 720}
SOFTWARE_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")

# Set one after the other: ranges of one column, of several, one split, everything again.
FILTERS = (
    "filter=ink:80..120",
    "filter=ink:80..120,holes:1..2",
    "filter=ink:80..120,holes:1..2,split:test",
    "filter=split:train,left:4..9,top:3..6,perimeter:90..140,euler:0..1,symmetry_lr:60..160",
    "filter=components:2..9",
    "filter=",
)
ZOOMS = (-240,) * 12 + (240,) * 12  # of the wheel, in pixels

FILTER = """async (state) => {
  const began = performance.now();
  location.hash = state;
  for (;;) {
    await new Promise((done) => requestAnimationFrame(done));
    const drawn = performance.getEntriesByName("filter", "measure").filter((one) => one.startTime >= began).pop();
    if (drawn) {
      await new Promise((done) => setTimeout(done));
      return performance.now() - began;
    }
    if (performance.now() - began > 10000) throw new Error(`nothing was drawn for ${state}`);
  }
}"""
FIRST_PICTURE = "performance.getEntriesByName('first-picture')[0].startTime"
FRAMES = "performance.getEntriesByName('frame', 'measure').map((one) => one.duration)"

Samples = dict[str, list[float]]


def launched(driver: Playwright) -> Browser:
    return driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *SOFTWARE_GL])


def ready(browser: Browser, address: str) -> Page:
    """The page with its first picture drawn."""
    page = browser.new_page(viewport=SCREEN)
    page.goto(address)
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    return page


def resident(browser: Browser) -> float:
    """Bytes of memory that the process of the page has to itself and its share of what it has in common with others."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pids = [process["id"] for process in processes if process["type"] == "renderer"]
    return max(map(_share, pids))


def _share(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024


class MainThread:
    """Processor time of a page's main thread, which other work on the machine does not lengthen as it does a wait."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    def during(self, function: Callable[[], Any]) -> float:
        before = self.seconds()
        function()
        return self.seconds() - before


def turn(driver: Playwright, addresses: dict[str, str], samples: Samples) -> None:
    """Everything once, in a new browser for each page."""
    for form, address in addresses.items():
        with launched(driver) as browser:
            page = ready(browser, f"{address}#tab=STATS")
            samples[f"open_{form}"].append(page.evaluate(FIRST_PICTURE) / 1000)
    for renderer in ("cpu", "webgl"):
        with launched(driver) as browser:
            page = ready(browser, f"{addresses['server']}?renderer={renderer}#tab=STATS")
            if renderer == "cpu":
                thread = MainThread(page)
                samples["filter"] += [page.evaluate(FILTER, state) / 1000 for state in FILTERS]
                samples["filter_processor"] += [
                    thread.during(partial(page.evaluate, FILTER, state)) for state in FILTERS
                ]
            page.evaluate("performance.clearMeasures('frame')")
            box = page.locator(f"canvas.pixels[data-renderer={renderer}]").bounding_box()
            assert box is not None
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            for pixels in ZOOMS:
                page.mouse.wheel(0, pixels)
                page.wait_for_timeout(60)
            samples[f"frame_{renderer}"] += [milliseconds / 1000 for milliseconds in page.evaluate(FRAMES)]
            if renderer == "cpu":
                heap = page.context.new_cdp_session(page).send("Runtime.getHeapUsage")
                samples["heap"].append(heap["usedSize"] + heap.get("backingStorageSize", 0))
                samples["resident"].append(resident(browser))


def measure(turns: int, data_dir: Path | None) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    builder = onebit.builder("binarized_mnist", data_dir=data_dir)
    samples: Samples = {key: [] for key in TITLES}
    with tempfile.TemporaryDirectory() as room, sync_playwright() as driver:
        one = Path(room) / "one.html"
        exports.export(opened(builder), one)
        serving = local.server([opened(builder)])
        serving.body("binarized_mnist/manifest.json")  # as onebit explore does before it prints the address
        server = BackgroundServer(serving)
        try:
            for _ in range(turns):
                taken, processor = _timed(lambda: contents(opened(builder)))
                samples["columns"].append(taken)
                samples["columns_processor"].append(processor)
                turn(driver, {"server": server.address, "file": one.as_uri()}, samples)
                medians = {key: float(f"{statistics.median(values):.3g}") for key, values in samples.items() if values}
                print(medians, file=sys.stderr, flush=True)
            with launched(driver) as browser:
                version = browser.version
        finally:
            server.close()
        size = one.stat().st_size
    return {
        "schema": 1,
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine.describe(),
        "load": machine.load(),
        "chromium": version,
        "bundle": sum(map(_packed, bundle.read().values())),
        "file": size,
        "turns": turns,
        "samples": samples,
    }


def _timed(function: Callable[[], Any]) -> tuple[float, float]:
    """Seconds that a function takes, and seconds of a processor."""
    started, worked = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - started, time.process_time() - worked


def _packed(content: bytes) -> int:
    import gzip

    return len(gzip.compress(content, 9, mtime=0))


# The table ---------------------------------------------------------------------------------------------------------

TITLES = {
    "columns": "Read the data set, measure all images (Python)",
    "columns_processor": "… processor time of it",
    "open_server": "Open until the first picture, from the local server",
    "open_file": "… from one file, offline",
    "filter": "Filter until charts and canvas are drawn",
    "filter_processor": "… processor time of the page's main thread",
    "frame_cpu": "A frame while zooming, drawn by the processor",
    "frame_webgl": "… by WebGL without a graphics card",
    "heap": "Memory of the page's script, arrays included",
    "resident": "Memory of the page's process",
}
TARGETS = {"open_server": "< 3 s", "open_file": "", "filter": "< 50 ms", "frame_cpu": "<= 25 ms", "heap": "< 150 MiB"}


def page_table(content: dict[str, Any]) -> str:
    """The table of the page."""
    lines = ["| | median | nine of ten below | most | aimed at |", "|---|---:|---:|---:|---:|"]
    for key, title in TITLES.items():
        values = sorted(content["samples"][key])
        unit = "bytes" if key in ("heap", "resident") else "s"
        shown = [table.figure(value, unit) for value in (statistics.median(values), _nine_of_ten(values), values[-1])]
        lines.append(f"| {title} | {' | '.join(shown)} | {TARGETS.get(key, '')} |")
    about = content["machine"]
    lines += [
        "",
        f"binarized_mnist, 70,000 images, {SCREEN['width']} by {SCREEN['height']} pixels; {content['turns']} turns, "
        f"each in new browsers. Front end {content['bundle'] / 1000:.0f} kB after gzip; one file "
        f"{content['file'] / 1e6:.1f} MB. {content['date']}, {about['processor']}, {about['cores']} cores, "
        f"{about['python']}, Chromium {content['chromium']} without a window and without a graphics card; load "
        f"averages at the end {', '.join(str(value) for value in content['load'])}.",
        "",
    ]
    return "\n".join(lines)


def _nine_of_ten(ordered: list[float]) -> float:
    return ordered[min(len(ordered) - 1, (9 * len(ordered)) // 10)]


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--data-dir", type=Path, help="where binarized_mnist is prepared")
    parser.add_argument("--only-page", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args(None if arguments is None else list(arguments))
    if not given.only_page and not given.check:
        content = measure(given.turns, given.data_dir)
        RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    new = table.with_table(text, page_table(json.loads(RESULTS.read_text(encoding="utf-8"))))
    if given.check and new != text:
        sys.exit("docs/explorer.md is not what explorer.json makes: type python benchmarks/explorer.py --only-page")
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
