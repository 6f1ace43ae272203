"""The leaderboard in a browser: filters with and without a script, links to rows, two models compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from certified_coins import write_results

import onebit
from onebit.evaluation import Comparison, Report
from onebit.site import building
from onebit.site.entries import Entry

if TYPE_CHECKING:
    from playwright.sync_api import Page

BOARD = "leaderboard/index.html"
PHONE = {"width": 360, "height": 740}
DYNAMIC = "binarized_mnist.locally-masked-pixelcnn-8-orders-dynamic-2020"

Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def results(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write_results(folder, data_dir)
    return folder


@pytest.fixture(scope="module")
def site(data_dir: Path, results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with three more certified results, one of them with a hostile title."""
    builders = [onebit.builder(name, data_dir=data_dir) for name in onebit.list_builders()]
    out = tmp_path_factory.mktemp("board") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEBIT_LEADERBOARD_DIR", str(results))
        building.write_site(building.site_files([Entry(builder) for builder in builders]), out)
    return out


@pytest.fixture(scope="session")
def axe() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def visible_rows(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('tr[data-level]')].filter(row => row.offsetParent).map(row => row.id)"
    )
    return found


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 900}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible(theme: Any, viewport: Any, open_page: Open, axe: str) -> None:
    page = open_page(BOARD, color_scheme=theme, viewport=viewport)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    for name in ("dynamic", "not stated"):
        page.get_by_label(name, exact=True).first.check()
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_a_phone_shows_the_numbers(open_page: Open) -> None:
    page = open_page(BOARD, viewport=PHONE)
    row = page.locator("tr[id='binarized_mnist.pixelrnn-1-layer-2016']")
    for shown in (row.locator("td.number strong"), row.get_by_text("second-hand")):
        box = shown.bounding_box()
        assert box is not None and box["x"] + box["width"] <= PHONE["width"]
        assert box["width"] > 20  # a text that is kept for readers of screens has one pixel


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_filters(script: bool, open_page: Open) -> None:
    page = open_page(BOARD, java_script_enabled=script)
    fixed, dynamic = page.locator("[data-binarization=fixed]").first, page.locator("[data-binarization=dynamic]")
    assert fixed.is_visible() and not dynamic.is_visible()
    page.get_by_label("dynamic", exact=True).check()
    assert dynamic.is_visible()
    page.get_by_label("fixed", exact=True).uncheck()
    assert not fixed.is_visible()
    page.get_by_label("exact", exact=True).uncheck()
    assert not page.get_by_text("Locally Masked PixelCNN (8 orders)", exact=True).is_visible()
    page.get_by_label("fixed", exact=True).check()
    page.get_by_label("exact", exact=True).check()
    page.get_by_label("1 consistent", exact=True).check()
    assert not page.locator("tr[id='binarized_mnist.iaf-vae-2016']").is_visible()
    assert page.locator("tr[id='calibrated_digits.coins']").is_visible()
    page.get_by_label("binarized_mnist", exact=True).check()
    assert not page.locator("tr[id='calibrated_digits.coins']").is_visible()


def test_filters_are_kept_in_the_address(open_page: Open) -> None:
    page = open_page(BOARD)
    everything = page.locator("#count").text_content()
    page.get_by_label("dynamic", exact=True).check()
    page.get_by_label("estimate", exact=True).uncheck()
    page.get_by_label("1 consistent", exact=True).check()
    assert page.url.partition("#")[2] == "binarization=fixed,dynamic&kind=exact,upper%20bound&level=1"
    shown = visible_rows(page)
    assert page.locator("#count").text_content() != everything
    assert page.locator("#count").text_content() == page.locator("#said").text_content()
    page.reload()
    assert visible_rows(page) == shown
    page.get_by_label("dynamic", exact=True).uncheck()
    page.get_by_label("estimate", exact=True).check()
    page.get_by_label("0 reported", exact=True).check()
    assert "#" not in page.url
    assert page.locator("#count").text_content() == everything


def test_the_link_of_a_data_set(open_page: Open) -> None:
    page = open_page("calibrated_digits/index.html")
    page.locator(".buttons").get_by_role("link", name="Leaderboard").click()
    page.wait_for_url("**/leaderboard/index.html#dataset=calibrated_digits")
    assert page.get_by_label("calibrated_digits", exact=True).is_checked()
    assert all(row.startswith("calibrated_digits.") for row in visible_rows(page))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_link_to_a_row_shows_it_whatever_is_filtered(script: bool, open_page: Open, site: Path) -> None:
    page = open_page(BOARD, java_script_enabled=script, reduced_motion="reduce")
    row = page.locator(f"tr[id='{DYNAMIC}']")
    assert not row.is_visible()
    page.goto(f"{(site / BOARD).as_uri()}#{DYNAMIC}")
    assert row.is_visible()
    box = row.bounding_box()
    assert box is not None and -1 <= box["y"] < 720


def test_dots_lead_to_their_rows(open_page: Open) -> None:
    page = open_page(BOARD)
    mark = page.locator("[data-row='binarized_mnist.nade-2016']")
    mark.click()
    assert page.url.endswith("#binarized_mnist.nade-2016")
    assert page.locator("tr:target").get_attribute("id") == "binarized_mnist.nade-2016"
    assert "NADE, 2016: 88.33 nats" in (mark.locator("title").text_content() or "")


def test_two_models_are_compared(open_page: Open, results: Path) -> None:
    page = open_page(BOARD)
    home = results / "certified" / "calibrated_digits"
    first, second = (Report.load(home / f"{name}.json") for name in ("coins", "smooth-coins"))
    comparison = Comparison(first, second)
    tool = page.locator(".compare[data-dataset=calibrated_digits]")
    tool.get_by_label("First model").select_option("Independent coins")
    tool.get_by_label("Second model").select_option("Smooth coins")
    words = tool.locator("output").text_content() or ""
    assert f"−{abs(comparison.mean):.3f} ± {comparison.stderr:.3f} nats" in words
    low, high = comparison.interval
    assert f"95 % interval [−{abs(low):.3f}, −{abs(high):.3f}]. Independent coins is better." in words
    canvases = tool.locator("canvas")
    assert canvases.count() == 12
    best = int(comparison.differences.argmin())
    assert canvases.first.get_attribute("aria-label") == f"Image {best} of test"
    tool.get_by_label("First model").select_option("Smooth coins")
    assert "Choose two different models." in (tool.locator("output").text_content() or "")
    tool.get_by_label("Second model").select_option("Independent coins")
    assert f"+{abs(comparison.mean):.3f} ± " in (tool.locator("output").text_content() or "")


def test_the_images_are_those_of_the_data_set(open_page: Open, data_dir: Path) -> None:
    page = open_page(BOARD, color_scheme="light")
    canvas = page.locator(".compare[data-dataset=calibrated_digits] canvas").first
    number = int((canvas.get_attribute("aria-label") or "").split()[1])
    ink = canvas.evaluate(
        "it => [...it.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, place) => place % 4 == 3)"
    )
    image = onebit.load("calibrated_digits", split="test", data_dir=data_dir)[number]["image"]
    assert [int(value > 0) for value in ink] == image.reshape(-1).tolist()


def test_titles_of_strangers_are_text(open_page: Open) -> None:
    page = open_page(BOARD)
    tool = page.locator(".compare[data-dataset=calibrated_digits]")
    tool.get_by_label("Second model").select_option("</script><img src=x onerror=alert(1)>&amp;")
    tool.get_by_label("First model").select_option("Independent coins")
    assert "<img src=x onerror=alert(1)>" in (tool.locator("output").text_content() or "")
    assert page.locator("main img").count() == 0
    assert "is an upper bound: its true number is lower" in (tool.locator("output").text_content() or "")


def test_without_a_script_it_is_a_table(open_page: Open) -> None:
    page = open_page(BOARD, java_script_enabled=False)
    assert page.locator("tr[id='binarized_mnist.iaf-vae-2016']").is_visible()
    assert not page.locator(".compare-tool").first.is_visible()
    page.locator(".compare[data-dataset=calibrated_digits] summary").click()
    assert page.locator(".compare[data-dataset=calibrated_digits] .pairs").is_visible()
    page.locator("tr[id='binarized_mnist.iaf-vae-2016'] summary").click()
    assert page.get_by_text("the paper headline 79.10 is DYNAMIC").is_visible()


def test_downloads(open_page: Open, site: Path) -> None:
    page = open_page(BOARD)
    addresses = page.evaluate("[...document.querySelectorAll('a[download]')].map(one => one.href)")
    assert len(addresses) >= 9
    for address in addresses:
        assert Path(address.removeprefix("file://")).is_file()


def test_into_the_explorer(open_page: Open, site: Path) -> None:
    """The images on which one model beats another are a selection there; each leads to its item."""
    page = open_page(BOARD)
    tool = page.locator(".compare[data-dataset=calibrated_digits]")
    tool.get_by_label("First model").select_option("Independent coins")
    tool.get_by_label("Second model").select_option("Smooth coins")
    explorer = f"{(site / 'explorer' / 'index.html').as_uri()}#dataset=calibrated_digits&"
    addresses = tool.locator("output a").evaluate_all("links => links.map(link => link.href)")
    items = [address for address in addresses if "item=" in address]
    assert len(items) == 12 and items[0].startswith(f"{explorer}tab=ITEM&item=test/")
    chosen = tool.get_by_role("link", name="Open 50 of them in the explorer").first.get_attribute("href") or ""
    assert len(re.findall(r"test/\d+", chosen)) == 50
    assert addresses[-1] == f"{explorer}tab=STATS&filter=split:test&layout=scatter&x=nats_coins&y=nats_smooth_coins"
    assert (site / "explorer" / "index.html").is_file()
