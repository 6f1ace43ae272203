"""The explorer beside embedding-atlas: ``python benchmarks/beside.py --atlas VENV`` writes beside.json and a table.

The same 70,000 images in the same browser, in turns: from asking for the address of a local server that runs already to
images on the screen (for embedding-atlas, whose map needs WebGPU, to its table of images), and from choosing a split to
the count of what is left. VENV is an environment with ``embedding-atlas``, ``pandas`` and ``pyarrow``; what it takes on
the disk is measured as well. ``--only-page`` makes the table of docs/explorer.md again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import explorer
import machine
import numpy as np
import table

import onebit
from onebit.explorer import local
from onebit.explorer.contents import contents, opened
from onebit.explorer.local import BackgroundServer
from onebit.formats.png import write_png

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parent.parent
RESULTS, PAGE = Path(__file__).with_name("beside.json"), ROOT / "docs" / "explorer.md"
PORT = 5155
COLUMNS = ("split", "ink", "holes", "stroke", "components", "perimeter", "speckle")

TO_PARQUET = """
import sys, numpy, pandas
data = dict(numpy.load(sys.argv[1]))
ends = data.pop("png_ends").tolist()
png = data.pop("png").tobytes()
starts = [0, *ends[:-1]]
data["image"] = [{"bytes": png[a:b]} for a, b in zip(starts, ends)]
pandas.DataFrame(data).to_parquet(sys.argv[2])
"""

# From a change to the frame in which the count is another one.
ONEBIT_FILTER = """async (hash) => {
  const count = () => document.querySelector('#status').textContent.split(' of ')[0];
  const [before, began] = [count(), performance.now()];
  location.hash = hash;
  while (count() === before) await new Promise((done) => requestAnimationFrame(done));
  await new Promise((done) => requestAnimationFrame(done));
  return performance.now() - began;
}"""
ATLAS_READY = "document.querySelectorAll('img').length > 3 && /70,000 points/.test(document.body.innerText)"
ATLAS_FILTER = """async (name) => {
  const text = () => document.body.innerText.match(/[\\d,]+ \\/ 70,000 points/)?.[0];
  const leaves = [...document.querySelectorAll('*')].filter((one) => one.childElementCount === 0);
  const chart = (one) => one.getBoundingClientRect().left > 860; // the table of images is left of the charts
  const rows = leaves.filter((one) => one.textContent.trim() === name && chart(one));
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const [before, began] = [text(), performance.now()];
  for (const row of rows) {
    row.click();
    for (let wait = 0; wait < 120 && text() === before; wait++) await frame();
    if (text() !== before) return performance.now() - began;
  }
  return -1;
}"""


def parquet(python: Path, room: Path) -> Path:
    """The images and some of their columns as embedding-atlas reads them."""
    found = contents(opened(onebit.builder("binarized_mnist")))
    packed = np.frombuffer(found.pixels, np.uint8).reshape(-1, found.manifest["row_bytes"])
    pictures = [write_png(np.unpackbits(row).reshape(28, 28), bit_depth=1) for row in packed]
    data: dict[str, Any] = {
        "png": np.frombuffer(b"".join(pictures), np.uint8),
        "png_ends": np.cumsum([len(one) for one in pictures]),
        "x": np.random.default_rng(0).random(len(packed)),
        "y": np.random.default_rng(1).random(len(packed)),
    }
    for column in found.manifest["columns"]:
        if column["name"] in COLUMNS:
            stored = np.frombuffer(found.features, column["dtype"], column["length"], column["offset"])
            names = column.get("categories")
            data[column["name"]] = np.array(names)[stored] if names else stored * column["scale"]
    np.savez(room / "images.npz", **data)
    out = room / "binarized_mnist.parquet"
    subprocess.run([python, "-c", TO_PARQUET, room / "images.npz", out], check=True)
    return out


def until(page: Page, expression: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise TimeoutError(expression)
        page.wait_for_timeout(20)


def size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def measure(atlas: Path, turns: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    samples: dict[str, list[float]] = {"onebit_first": [], "atlas_first": [], "onebit_filter": [], "atlas_filter": []}
    site = next((atlas / "lib").glob("python*/site-packages"))
    with tempfile.TemporaryDirectory() as room:
        file = parquet(atlas / "bin" / "python", Path(room))
        arguments = ["--x", "x", "--y", "y", "--disable-projection", "--host", "127.0.0.1", "--port", str(PORT)]
        server = subprocess.Popen(
            [atlas / "bin" / "embedding-atlas", file, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        own = BackgroundServer(local.server([opened(onebit.builder("binarized_mnist"))]))
        try:
            time.sleep(20)  # until it listens
            with sync_playwright() as driver:
                for _ in range(turns):
                    with explorer.launched(driver, *explorer.SOFTWARE_GL) as browser:
                        began = time.perf_counter()
                        page = explorer.ready(browser, own.address)
                        samples["onebit_first"].append(time.perf_counter() - began)
                        page.wait_for_timeout(1500)
                        for hash_ in ("#tab=STATS&filter=split:train", "#tab=STATS&filter=split:test"):
                            samples["onebit_filter"].append(page.evaluate(ONEBIT_FILTER, hash_) / 1000)
                    with explorer.launched(driver, *explorer.SOFTWARE_GL) as browser:
                        page = browser.new_page(viewport=explorer.SCREEN)
                        began = time.perf_counter()
                        page.goto(f"http://127.0.0.1:{PORT}/")
                        until(
                            page,
                            ATLAS_READY,
                        )
                        samples["atlas_first"].append(time.perf_counter() - began)
                        page.wait_for_timeout(3000)
                        for name in ("train", "test"):
                            taken = page.evaluate(ATLAS_FILTER, name)
                            if taken > 0:
                                samples["atlas_filter"].append(taken / 1000)
                    print({key: [round(one, 3) for one in values] for key, values in samples.items()}, file=sys.stderr)
        finally:
            own.close()
            server.terminate()
            server.wait()
    version = subprocess.run(
        [atlas / "bin" / "embedding-atlas", "--version"], capture_output=True, text=True, check=True
    )
    return {
        "schema": 1,
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine.describe(),
        "load": machine.load(),
        "turns": turns,
        "samples": samples,
        "atlas": version.stdout.split()[-1],
        "atlas_bytes": size_of(atlas),
        "atlas_packages": len(list(site.glob("*.dist-info"))),
    }


def page_table(content: dict[str, Any]) -> str:
    installed = json.loads((RESULTS.parent / "results.json").read_text(encoding="utf-8"))["measures"]["installed"]
    own = installed["contestants"]["onebit"]["quantities"]["size"]["median"]
    lines = ["| | onebit | embedding-atlas | ratio |", "|---|---:|---:|---:|"]
    for key, title in (("first", "Address to first images"), ("filter", "A split chosen, until the count has changed")):
        ours, theirs = (content["samples"][f"{who}_{key}"] for who in ("onebit", "atlas"))
        if not theirs:
            continue
        cells = [table.figure(statistics.median(values), "s") for values in (ours, theirs)]
        ratios = sorted(other / one for one, other in zip(ours, theirs, strict=False))
        spread = f"{statistics.median(ratios):.1f}× ({ratios[0]:.1f}–{ratios[-1]:.1f})"
        lines.append(f"| {title} | {cells[0]} | {cells[1]} | {spread} |")
    sizes = [table.figure(value, "bytes") for value in (own, content["atlas_bytes"])]
    lines.append(f"| Installed, Python environment | {sizes[0]} | {sizes[1]} | {content['atlas_bytes'] / own:.0f}× |")
    lines += [
        "",
        f"embedding-atlas {content['atlas']} with {content['atlas_packages']} packages, PyTorch for the processor "
        "among them; its map was not drawn, as it needs WebGPU. "
        f"{content['turns']} turns, medians and ranges; "
        f"{machine.words(content, machine.words_of_load(content))}.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--atlas", type=Path, help="an environment with embedding-atlas")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only-page", action="store_true")
    given = parser.parse_args()
    if not given.only_page:
        if given.atlas is None:
            parser.error("give --atlas VENV, an environment with embedding-atlas, pandas and pyarrow")
        RESULTS.write_text(json.dumps(measure(given.atlas, given.turns), indent=1) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- beside:begin -->\n", "<!-- beside:end -->"
    head, _, rest = text.partition(begin)
    PAGE.write_text(
        head + begin + page_table(json.loads(RESULTS.read_text(encoding="utf-8"))) + end + rest.partition(end)[2],
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
