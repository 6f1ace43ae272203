"""How fast the explorer is: ``python benchmarks/explorer.py`` writes explorer.json and the table of docs/explorer.md.

The real data in a real browser (Debian's chromium, or that of ONEBIT_CHROMIUM; without a window, without a graphics
card) at 1280 by 720 pixels. In every turn a new browser opens the page from the local server and from one file; bars,
splits and pixels are clicked with the mouse to filter; the wheel zooms in and out.

A filter is timed by what the browser itself records of every frame (its trace): from when the button of the mouse
comes up to when the frame is presented that shows the canvas with the new filter, and to the frame with all charts,
those that are scrolled away among them. The page says by ``performance.measure`` inside which frame it drew what. The
same press where only the colour of a heading changes shows how much of that is the browser's own.

The data set has to be prepared (``onebit prepare binarized_mnist``), and the front end built (``make explorer``).
Then what is found among all images: the nearest images of one, those of a drawing after every stroke, the mean of
the images with ink where one points, how 1,000 samples lie to train, the whole audit. Frames are counted there to
when the page has handed them over.

``--only-page`` makes the table again, ``--check`` only compares it with explorer.json.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import machine
import numpy as np
import table

import onebit
from onebit.explorer import bundle, exports, local
from onebit.explorer.contents import contents, opened
from onebit.explorer.local import BackgroundServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page, Playwright

ROOT = Path(__file__).parent.parent
RESULTS, PAGE = Path(__file__).with_name("explorer.json"), ROOT / "docs" / "explorer.md"
CHROMIUM = os.environ.get("ONEBIT_CHROMIUM", "/usr/bin/chromium")
SCREEN = {"width": 1280, "height": 720}
SOFTWARE_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")

# Clicked one after the other; every filter acts with those before it until all are cleared. Of a plot, where along it.
CLICKS: tuple[tuple[str, float], ...] = (
    ("[data-column=ink] .plot", 0.35),
    ("[data-column=holes] .plot", 0.12),
    (".splits button:last-child", 0.5),
    (".splits button:last-child", 0.5),
    ("[data-column=symmetry_lr] .plot", 0.4),
    (".filters > button:last-of-type", 0.5),  # clear all
    ("[data-column=nats_made] .plot", 0.3),
    (".pixel-grid", 0.52),
    (".filters > button:last-of-type", 0.5),
)
HEADING = """for (const one of document.querySelectorAll("h1")) {
  one.addEventListener("click", () => { one.style.color = one.style.color === "teal" ? "" : "teal"; });
}"""
REST = 400  # milliseconds before and after a press
TRACED = ["benchmark", "cc", "input", "blink.user_timing", "devtools.timeline.frame"]
TEST_PAIRS = 10_000 * 50_000
ZOOMS = (-240,) * 12 + (240,) * 12  # of the wheel, in pixels

FIRST_PICTURE = "performance.getEntriesByName('first-picture')[0].startTime"
FRAMES = "performance.getEntriesByName('frame', 'measure').map((one) => one.duration)"

Samples = dict[str, list[float]]


def launched(driver: Playwright, *more: str) -> Browser:
    return driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *more])


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


# Filters -----------------------------------------------------------------------------------------------------------


def pressed(page: Page, place: str, along: float = 0.5, thread: MainThread | None = None) -> float:
    """Presses the mouse on an element when the page has come to rest there; processor seconds of the main thread."""
    element = page.locator(place).first
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * along, box["y"] + box["height"] / 2)
    page.wait_for_timeout(REST)

    def press() -> None:
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(REST)

    return (thread or MainThread(page)).during(press)


def filtering(browser: Browser, page: Page, layout: str, samples: Samples) -> None:
    """Filters by presses in a layout; in the grid, as many presses on the heading come after."""
    page.locator(".segments button", has_text=layout.capitalize()).first.click()
    page.wait_for_timeout(3 * REST)
    thread = MainThread(page)
    browser.start_tracing(page=page, categories=TRACED)
    work = [pressed(page, place, along, thread) for place, along in CLICKS]
    if layout == "grid":
        page.evaluate(HEADING)
        for _ in CLICKS:
            pressed(page, "h1")
    found = presses(json.loads(browser.stop_tracing())["traceEvents"])
    filters = [press for press in found if press.canvas is not None]
    if len(filters) != len(CLICKS) or not all(press.charts for press in filters):
        raise RuntimeError(f"{len(CLICKS)} filters were set, and {filters} were seen in the trace")
    suffix = "" if layout == "grid" else f"_{layout}"
    samples[f"filter{suffix}"] += [press.canvas for press in filters if press.canvas]
    samples[f"charts{suffix}"] += [press.charts for press in filters if press.charts]
    if layout == "grid":
        samples["filter_processor"] += work
        samples["heading"] += [press.shown for press in found if press.canvas is None]


class Press(NamedTuple):
    """A press of the mouse: seconds until a frame was presented that shows what it did."""

    shown: float  # the first frame after it
    canvas: float | None  # the frame that the canvas was drawn in; none where it was not
    charts: float | None


def presses(events: list[dict[str, Any]]) -> list[Press]:
    """What a trace says of the presses of the mouse: their begin and end, and the frames with the page's measures."""
    begun: dict[tuple[Any, ...], int] = {}
    frames: list[tuple[int, int, int]] = []  # main thread's part from, to; presented; microseconds
    committed: dict[tuple[Any, ...], tuple[int, int]] = {}
    released: list[tuple[int, int]] = []
    ends: dict[str, list[int]] = {"filter": [], "charts": []}
    for event in sorted(events, key=lambda event: event.get("ts", 0)):
        name, phase, at = event["name"], event["ph"], event.get("ts", 0)
        key = (event["pid"], name, *sorted(event.get("id2", {}).items()))
        if phase == "b":
            begun[key] = at
            kind = event.get("args", {}).get("event_latency", {}).get("event_type")
            if name == "EventLatency" and kind != "MOUSE_RELEASED":
                del begun[key]
        elif phase == "e" and name in ends:
            ends[name].append(at)
        elif phase == "e" and key in begun:
            start, reporter = begun.pop(key), (event["pid"], "PipelineReporter", *key[2:])
            if name == "SendBeginMainFrameToCommit":
                committed[reporter] = (start, at)
            elif name == "PipelineReporter" and key in committed:
                frames.append((*committed.pop(key), at))
            elif name == "EventLatency":
                released.append((start, at))
    found = []
    for (start, shown), following in zip(released, [*(at for at, _ in released[1:]), 2**63], strict=True):
        times = []
        for name in ("filter", "charts"):
            drawn = next((at for at in ends[name] if start < at < following), None)
            frame = next((end for first, last, end in frames if drawn is not None and first <= drawn <= last), None)
            times.append(None if frame is None else (frame - start) / 1e6)
        found.append(Press((shown - start) / 1e6, *times))
    return found


# Finding -----------------------------------------------------------------------------------------------------------

# From the first move of the pointer to when the frame is made in which an element has changed.
WATCH = """([place, changing]) => {
  window.answered = [];
  let begun = null;
  document.querySelector(place).addEventListener("pointermove", () => void (begun ??= performance.now()), true);
  const seen = () => {
    if (begun === null) return;
    const [since, { port1, port2 }] = [begun, new MessageChannel()];
    begun = null;
    port1.onmessage = () => window.answered.push(performance.now() - since);
    requestAnimationFrame(() => port2.postMessage(null));
  };
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(seen).observe(document.querySelector(changing), all);
}"""
SEARCHED = "Number(document.querySelector('[data-milliseconds]').dataset.milliseconds)"
MEASURED = "performance.getEntriesByName('onebit %s', 'measure')[0].duration"
ITEMS = range(0, 10_000, 500)
MOVES = 24


def answers(page: Page, place: str, changing: str, held: bool = False) -> list[float]:
    """Seconds until an element has changed, for moves of the mouse across another."""
    page.evaluate(WATCH, [place, changing])
    box = page.locator(place).bounding_box()
    assert box is not None
    x, y = (box["x"] + box["width"] / 2, box["y"])
    page.mouse.move(x, y + 0.2 * box["height"])
    if held:
        page.mouse.down()
        page.wait_for_timeout(REST)
    for step in range(MOVES):
        page.mouse.move(x, y + (0.2 + 0.6 * (step + 1) / MOVES) * box["height"])
        page.wait_for_timeout(REST / 4)
    if held:
        page.mouse.up()
    return [float(milliseconds) / 1000 for milliseconds in page.evaluate("window.answered")]


def finding(browser: Browser, address: str, samples: Samples) -> None:
    """What is found among all images, each in a page of its own."""
    page = ready(browser, f"{address}#tab=ITEM&item=test/0")
    for shift, key in (("0", "near"), ("2", "near_moved")):
        page.get_by_label("May move by").select_option(shift)
        for item in ITEMS:
            page.evaluate(f"location.hash = 'tab=ITEM&item=test/{item}&shift={shift}'")
            page.wait_for_timeout(REST / 2)
            samples[key].append(page.evaluate(SEARCHED) / 1000)
    page.close()
    page = ready(browser, f"{address}#tab=DRAW")
    samples["stroke"] += answers(page, ".pad", ".neighbours", held=True)
    page.close()
    page = ready(browser, f"{address}#tab=STATS")
    samples["hover"] += answers(page, ".pixel-grid", ".beside-mean .line")
    page.close()
    page = ready(browser, f"{address}#tab=SAMPLES")
    drawn = io.BytesIO()
    np.save(drawn, onebit.load("calibrated_digits", split="test[:1000]").arrays()["image"])
    file: FilePayload = {"name": "samples.npy", "mimeType": "application/octet-stream", "buffer": drawn.getvalue()}
    page.locator(".dropping input").set_input_files(files=[file])
    page.wait_for_selector(".verdict", timeout=300_000)
    samples["samples"].append(page.evaluate(MEASURED % "compare") / 1000)
    page.close()
    page = ready(browser, f"{address}#tab=AUDIT")
    page.get_by_role("button", name="Compare all splits").click()
    pairs = page.wait_for_selector("[data-pairs]", timeout=600_000).get_attribute("data-pairs")
    samples["audit"].append(page.evaluate(MEASURED % "audit") / 1000)
    samples["audit_test"].append(samples["audit"][-1] * TEST_PAIRS / int(pairs or 0))
    page.close()


# One turn ----------------------------------------------------------------------------------------------------------


def turn(driver: Playwright, addresses: dict[str, str], samples: Samples) -> None:
    """Everything once, in a new browser for each page."""
    for form, address in addresses.items():
        with launched(driver) as browser:
            page = ready(browser, f"{address}#tab=STATS")
            samples[f"open_{form}"].append(page.evaluate(FIRST_PICTURE) / 1000)
            if form == "server":
                page.wait_for_timeout(3 * REST)
                for layout in ("grid", "scatter"):
                    filtering(browser, page, layout, samples)
    with launched(driver) as browser:
        finding(browser, addresses["server"], samples)
    for renderer, flags in (("cpu", ()), ("webgl", SOFTWARE_GL)):
        with launched(driver, *flags) as browser:
            page = ready(browser, f"{addresses['server']}?renderer={renderer}#tab=STATS")
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
    "filter": "Press that filters, until the canvas is on the screen",
    "charts": "… until all charts are too",
    "filter_scatter": "… in the scatter layout, the canvas",
    "charts_scatter": "… all charts too",
    "heading": "… the same press where a heading changes its colour",
    "filter_processor": "… processor time of the page's main thread",
    "frame_cpu": "A frame while zooming, drawn by the processor",
    "frame_webgl": "… by WebGL without a graphics card",
    "near": "The images nearest to one, of 70,000",
    "near_moved": "… that may move by 2 pixels (25 searches)",
    "stroke": "Move of the pen, until its nearest images are shown",
    "hover": "Pixel pointed at, until the mean of the images with ink there is shown",
    "samples": "The nearest image of train for 1,000 samples",
    "audit": "The whole audit: 1,500 million pairs",
    "audit_test": "… the 500 million of test and train, a third of it",
    "heap": "Memory of the page's script, arrays included",
    "resident": "Memory of the page's process",
}
TARGETS = {
    "open_server": "< 3 s",
    "filter": "< 50 ms",
    "charts": "< 50 ms",
    "filter_scatter": "< 50 ms",
    "frame_cpu": "<= 25 ms",
    "near": "1.3 ms",
    "near_moved": "33 ms",
    "stroke": "< 16 ms",
    "hover": "< 16 ms",
    "samples": "1.1 s",
    "audit_test": "<= 15 s",
    "heap": "< 150 MiB",
}


def page_table(content: dict[str, Any]) -> str:
    """The table of the page."""
    lines = ["| | median | nine of ten below | most | aimed at |", "|---|---:|---:|---:|---:|"]
    for key, title in TITLES.items():
        values = sorted(content["samples"][key])
        unit = "bytes" if key in ("heap", "resident") else "s"
        shown = [table.figure(value, unit) for value in (statistics.median(values), _nine_of_ten(values), values[-1])]
        lines.append(f"| {title} | {' | '.join(shown)} | {TARGETS.get(key, '')} |")
    about = content["machine"]
    busy = " Other work ran at the same time, and lengthens every wait." if content["load"][0] > about["cores"] else ""
    lines += [
        "",
        f"binarized_mnist, 70,000 images, {SCREEN['width']} by {SCREEN['height']} pixels; {content['turns']} turns, "
        f"each in new browsers. Front end {content['bundle'] / 1000:.0f} kB after gzip; one file "
        f"{content['file'] / 1e6:.1f} MB. {machine.words(content, about['python'])}, "
        f"Chromium {content['chromium']} without a window and without a graphics card; "
        f"{machine.words_of_load(content)}.{busy}",
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
