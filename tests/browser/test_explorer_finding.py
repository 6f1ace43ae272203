"""The explorer's second half in a real browser: neighbours, audit, comparison, samples, order; against NumPy, SciPy."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from explorer_reading import wait_for_count
from scipy import special, stats

import onebit
from onebit.auditing.neighbours import Corpus
from onebit.auditing.report import FILE, images_of
from onebit.explorer import shapes
from onebit.formats.png import write_png
from onebit.views.contact_sheets import contact_sheet

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Explorers

Open = Callable[..., "Page"]
SLOW = 240_000  # milliseconds: a busy machine
NEAR = ".near button"


@pytest.fixture(scope="module")
def digits(explorers: Explorers) -> np.ndarray:
    """All images of calibrated_digits, packed, split after split."""
    return images_of(explorers.builder("calibrated_digits")).packed


@pytest.fixture(scope="module")
def real(explorers: Explorers) -> np.ndarray:
    return images_of(explorers.builder("binarized_mnist")).packed


def distances(query: np.ndarray, corpus: np.ndarray) -> np.ndarray:
    return np.unpackbits(corpus ^ query, axis=1).sum(axis=1)


def shown(page: Page) -> list[tuple[int, int]]:
    """Distance and row of each neighbour on the page."""
    page.wait_for_selector(NEAR, timeout=SLOW)
    return [
        (int(each.get_attribute("data-distance") or ""), int(each.get_attribute("data-row") or ""))
        for each in page.locator(NEAR).all()
    ]


@pytest.mark.real_data
@pytest.mark.parametrize("form", ["server", "file"])
def test_neighbours_of_an_image_are_numpys(open_explorer: Open, real: np.ndarray, form: str) -> None:
    page = open_explorer("#tab=ITEM&item=test/42", form=form)
    row = 60_000 + 42
    expected = distances(real[row], real)
    expected[row] = 9999
    order = np.argsort(expected, kind="stable")[:24]
    assert shown(page) == [(int(expected[each]), int(each)) for each in order]
    page.locator(NEAR).first.click()
    split, index = ("train", order[0]) if order[0] < 50_000 else ("validation", order[0] - 50_000)
    if order[0] >= 60_000:
        split, index = "test", order[0] - 60_000
    page.wait_for_selector(f"text={split} {index}")


def test_neighbours_among_train_and_with_moves(open_explorer: Open, digits: np.ndarray) -> None:
    page = open_explorer("#tab=ITEM&item=test/7&among=train&shift=1", name="calibrated_digits")
    image = np.unpackbits(digits[60_007]).reshape(28, 28)
    best = np.full(50_000, 9999)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            moved = np.zeros_like(image)
            rows, columns = (slice(max(0, by), 28 + min(0, by)) for by in (down, right))
            from_rows, from_columns = (slice(max(0, -by), 28 + min(0, -by)) for by in (down, right))
            moved[rows, columns] = image[from_rows, from_columns]
            best = np.minimum(best, distances(np.packbits(moved), digits[:50_000]))
    order = np.argsort(best, kind="stable")[:24]
    assert shown(page) == [(int(best[each]), int(each)) for each in order]


def test_a_drawing_finds_its_neighbours_with_pointer_and_keyboard(
    open_explorer: Open, digits: np.ndarray, until: Callable[..., None]
) -> None:
    page = open_explorer("#tab=DRAW", name="calibrated_digits")
    pad = page.get_by_role("application")
    pad.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    one = np.zeros((28, 28), np.uint8)
    one[13, 14] = 1
    expected = distances(np.packbits(one), digits)
    order = np.argsort(expected, kind="stable")[:24]
    assert shown(page) == [(int(expected[each]), int(each)) for each in order]
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 40, steps=8)
    page.mouse.up()
    until(page, f"Number(document.querySelector('{NEAR}').dataset.distance) > 3")
    page.get_by_role("button", name="Clear").click()
    page.wait_for_selector(NEAR, state="detached")


def test_a_drawing_is_a_filter(open_explorer: Open, digits: np.ndarray) -> None:
    page = open_explorer("#tab=DRAW&filter=split:test,ink@0.0:1", name="calibrated_digits")
    pad = page.get_by_role("application")
    pad.focus()
    place = [14, 14]
    drawn = []
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
        page.keyboard.press("Space")
        place = [place[0] - (key == "ArrowLeft"), place[1] - (key == "ArrowUp")]
        drawn.append(place)
    page.get_by_role("button", name="Images with this ink").click()
    bits = np.unpackbits(digits[60_000:], axis=1).reshape(-1, 28, 28)
    wait_for_count(page, int(np.all([bits[:, y, x] for x, y in drawn], axis=0).sum()))
    chips = page.locator("li.filter span").all_inner_texts()
    assert chips == ["Split: test", *(f"Pixel {x}, {y}: ink" for x, y in sorted(drawn, key=lambda one: one[::-1]))]


@pytest.mark.real_data
def test_the_audit_is_that_of_the_command_line(open_explorer: Open, tmp_path: Path) -> None:
    page = open_explorer("#tab=AUDIT")
    page.get_by_role("button", name="Compare all splits").click()
    page.wait_for_selector("[data-pairs]", timeout=SLOW)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the audit").click()
    download.value.save_as(tmp_path / "audit.json")
    found = json.loads((tmp_path / "audit.json").read_bytes())
    known = json.loads((onebit.builder("binarized_mnist").folder / FILE).read_bytes())
    assert found["splits"] == known["splits"]
    for ours, theirs in zip(found["nearest"], known["nearest"], strict=True):
        assert ours.pop("mean") == pytest.approx(theirs.pop("mean"), abs=1e-9)
        assert ours == theirs
    assert found["threshold"]["distance"] == known["threshold"]["distance"]
    assert found["threshold"]["images_at_or_below"] == known["threshold"]["images_at_or_below"]
    assert found["duplicates"]["groups"] == known["duplicates"]["groups"]
    words = [{name: each[name] for name in ("good", "title", "text")} for each in known["findings"]]
    assert found["findings"] == [each for each in words if "draws from one" not in each["title"]]
    page.get_by_label("Close means").fill("12")
    cells = page.locator("tr[data-query=test] td").last
    assert cells.inner_text() == f"{sum(known['nearest'][1]['histogram'][:13]):,}"


def test_the_audit_can_be_stopped(open_explorer: Open) -> None:
    page = open_explorer("#tab=AUDIT", name="calibrated_digits")
    page.get_by_role("button", name="Compare all splits").click()
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector("text=Compare all splits", timeout=SLOW)


@pytest.mark.real_data
def test_a_comparison_of_splits_is_scipys(open_explorer: Open, real: np.ndarray) -> None:
    page = open_explorer("#tab=COMPARE&first=split train&second=split test")
    page.wait_for_selector("[data-energy]", timeout=SLOW)
    pixels = np.unpackbits(real, axis=1)
    train, test = pixels[:50_000], pixels[60_000:]
    difference = test.mean(axis=0) - train.mean(axis=0)
    pooled = np.concatenate([train, test]).mean(axis=0)
    variance = pooled * (1 - pooled) * (1 / 50_000 + 1 / 10_000)
    z = np.divide(difference, np.sqrt(variance), out=np.zeros(784), where=variance > 0)
    adjusted = stats.false_discovery_control(2 * stats.norm.sf(np.abs(z)))
    table = page.locator("[data-energy]")
    assert int(table.get_attribute("data-pixels-different") or "") == (adjusted <= 0.05).sum()
    assert float(table.get_attribute("data-energy") or "") == pytest.approx(2 * (difference**2).sum(), rel=1e-9)
    numbers = shapes.measured(real, 28, 28)
    ps = {}
    for name in ("ink", "holes", "perimeter", "symmetry_lr", "row_transitions"):
        row = page.locator(f"tr[data-column={name}]")
        a, b = numbers[name][:50_000], numbers[name][60_000:]
        expected = stats.ks_2samp(a, b, method="asymp").statistic
        assert float(row.get_attribute("data-statistic") or "") == pytest.approx(expected, abs=1e-6)
        ps[name] = float(row.get_attribute("data-p") or "")
        assert ps[name] == pytest.approx(special.kolmogorov(expected * np.sqrt(50_000 * 10_000 / 60_000)), abs=1e-6)
    everything = page.locator("tr[data-column]").all()
    p = [float(each.get_attribute("data-p") or "") for each in everything]
    shown_adjusted = [float(each.get_attribute("data-adjusted") or "") for each in everything]
    assert shown_adjusted == pytest.approx(stats.false_discovery_control(p), abs=1e-6)
    page.get_by_role("button", name="Test the whole").click()
    page.wait_for_selector("text=p = 0.005 by 199 permutations", timeout=SLOW)
    assert "Train and test are not draws from one distribution" in page.locator(".verdict").inner_text()


def test_slices_that_are_alike_are_found_alike(open_explorer: Open) -> None:
    page = open_explorer("#tab=COMPARE&first=split validation&second=split test", name="calibrated_digits")
    page.wait_for_selector("[data-energy]", timeout=SLOW)
    assert "look like draws from one distribution" in page.locator(".verdict").inner_text()
    page.locator(".panel select").first.select_option("chosen")
    page.wait_for_selector("text=No image is in the chosen images: filter or choose some first.")


def test_sets_that_share_images_are_not_tested_as_a_whole(open_explorer: Open) -> None:
    """A permutation deals every image to one of two sets: it cannot deal out those that are in both."""
    fragment = "#tab=COMPARE&first=split test&second=selection&filter=ink:100..140"
    page = open_explorer(fragment, name="calibrated_digits")
    page.wait_for_selector("text=in both sets", timeout=SLOW)
    assert page.get_by_role("button", name="Test the whole").count() == 0
    page.locator(".panel select").first.select_option("rest")
    page.get_by_role("button", name="Test the whole").click()
    page.wait_for_selector("text=by 199 permutations", timeout=SLOW)
    assert page.locator("text=in both sets").count() == 0


def test_a_selection_with_a_name_is_compared(open_explorer: Open, digits: np.ndarray) -> None:
    page = open_explorer("#tab=COMPARE&filter=rows:test/0..2999", name="calibrated_digits")
    page.get_by_role("button", name="Export selection").click()
    page.get_by_label("Name").fill("mine")
    page.get_by_role("button", name="Keep in this browser").click()
    page.keyboard.press("Escape")
    for number, part in enumerate(("named mine", "split train")):
        page.locator(".panel select").nth(number).select_option(part)
    pixels = np.unpackbits(digits, axis=1)
    difference = pixels[60_000:63_000].mean(axis=0) - pixels[:50_000].mean(axis=0)
    page.locator(".verdict", has_text="“mine” and train").wait_for(timeout=SLOW)
    energy = float(page.locator("[data-energy]").get_attribute("data-energy") or "")
    assert energy == pytest.approx(2 * (difference**2).sum(), rel=1e-9)


def drop(page: Page, name: str, content: bytes) -> None:
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "application/octet-stream", "buffer": content})


def npy(array: np.ndarray, **more: Any) -> bytes:
    target = io.BytesIO()
    np.save(target, array, **more)
    return target.getvalue()


def test_samples_that_copy_train_are_found_out(open_explorer: Open, digits: np.ndarray) -> None:
    page = open_explorer("#tab=SAMPLES", name="calibrated_digits")
    images = np.unpackbits(digits[100:400], axis=1).reshape(300, 28, 28, 1)
    drop(page, "copies.npy", npy(images))
    page.wait_for_selector(".verdict", timeout=SLOW)
    assert "The model copies images of train" in page.locator(".verdict").inner_text()
    assert "300 samples are an exact copy" in page.locator(".verdict").inner_text()
    # Images that were drawn for nobody: the validation split is as far from train as test is.
    fresh = np.unpackbits(digits[50_000:50_500], axis=1).reshape(500, 784).astype(np.float32)
    target = io.BytesIO()
    np.savez_compressed(target, labels=np.arange(500), images=fresh)
    drop(page, "fresh.npz", target.getvalue())
    page.wait_for_selector("[data-count='500']", timeout=SLOW)
    page.wait_for_selector("text=No sign that the model copies", timeout=SLOW)
    expected = Corpus(digits[:50_000]).nearest(digits[50_000:50_500]).distance
    cells = page.locator("tr[data-query=samples] td").all_inner_texts()
    order = np.sort(expected)
    least, hundredth, median, most = (str(order[at]) for at in (0, 4, 249, -1))
    assert cells[:5] == ["500", f"{expected.mean():.2f}", least, hundredth, median] and cells[6] == most


def test_a_sheet_of_samples_is_cut_into_images(open_explorer: Open, digits: np.ndarray) -> None:
    page = open_explorer("#tab=SAMPLES", name="calibrated_digits")
    images = np.unpackbits(digits[:10], axis=1).reshape(10, 28, 28)
    drop(page, "sheet.png", contact_sheet(images, columns=5, gap=1))
    page.wait_for_selector("[data-count='10']", timeout=SLOW)
    page.wait_for_selector("text=10 samples are an exact copy", timeout=SLOW)


def torn_archive() -> bytes:
    """An archive of one array; what is packed is spoilt in its middle."""
    target = io.BytesIO()
    np.savez_compressed(target, images=np.random.default_rng(0).integers(2, size=(40, 784), dtype=np.uint8))
    content = bytearray(target.getvalue())
    content[200:300] = b"\xff" * 100
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.txt", b"no images", "notes.txt is none of these. Drop an .npy"),
        ("objects.npy", npy(np.array([{}], object), allow_pickle=True), "Python objects are not read"),
        ("small.npy", npy(np.zeros((3, 5, 5), np.uint8)), "images of this data set are 28 by 28"),
        ("short.npy", npy(np.zeros((9, 784), np.uint8))[:-1], "cut short"),
        (
            "complex.npy",
            npy(np.zeros((9, 784), np.complex64)),
            "type '<c8'; allowed are booleans, integers, and floats of",
        ),
        ("early.png", write_png(np.zeros((28, 28), np.uint8))[:20], "The picture is cut short"),
        ("torn.png", write_png(np.zeros((28, 28), np.uint8))[:45], "torn.png cannot be decoded"),
        ("torn.npz", torn_archive(), "The archive holds more than it says"),
        ("page.png", write_png(np.zeros((30, 31), np.uint8)), "no whole number of images of 28 by 28"),
        ("<img src=x>.npy", b"\x93NUMPY", "It is no .npy file"),
    ],
)
def test_files_that_are_no_samples(open_explorer: Open, name: str, content: bytes, message: str) -> None:
    page = open_explorer("#tab=SAMPLES", name="calibrated_digits")
    drop(page, name, content)
    page.locator("[role=alert]", has_text=message).wait_for()
    assert page.locator("input[type=file]").input_value() == ""  # so that the same file, mended, can be chosen again


def test_samples_in_half_precision(open_explorer: Open, digits: np.ndarray) -> None:
    page = open_explorer("#tab=SAMPLES", name="calibrated_digits")
    drop(page, "half.npy", npy(np.unpackbits(digits[:30], axis=1).astype(np.float16)))
    page.wait_for_selector("text=30 samples are an exact copy", timeout=SLOW)


def test_a_file_that_falls_beside_its_place_does_not_replace_the_page(open_explorer: Open) -> None:
    page = open_explorer("#tab=SAMPLES", name="calibrated_digits")
    dropped = """place => {
      const carried = new DataTransfer();
      carried.items.add(new File(["x"], "x.npy"));
      return ["dragover", "drop"].map(kind => {
        const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: carried });
        document.querySelector(place).dispatchEvent(event);
        return event.defaultPrevented;
      });
    }"""
    assert page.evaluate(dropped, ".stage") == [True, True]  # the browser does nothing of its own
    assert page.locator("[role=alert]").count() == 0
    assert page.evaluate(dropped, ".dropping") == [True, True]
    page.locator("[role=alert]", has_text="x.npy is none of these").wait_for()


@pytest.mark.real_data
def test_the_order_of_a_number_that_a_split_does_not_have(open_explorer: Open) -> None:
    page = open_explorer("#tab=ORDER&ordercolumn=nats_made&ordersplit=train")
    page.wait_for_selector("text=No image of train has a number in Nats: MADE")
    assert page.locator("[data-outside]").count() == 0
    page.locator(".panel select").nth(1).select_option("test")
    page.wait_for_selector("text=The order looks random")


@pytest.mark.real_data
def test_the_upstream_order_of_test_is_not_random(open_explorer: Open) -> None:
    page = open_explorer("#tab=ORDER&orderby=line&ordersplit=test")
    assert float(page.locator("[data-outside]").get_attribute("data-outside") or "") > 0.5
    page.locator(".panel select").nth(2).select_option("index")
    page.wait_for_selector("text=The order looks random")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tab", ["COMPARE", "DRAW", "SAMPLES", "ORDER", "ITEM&item=test/3"])
def test_the_new_panels_are_accessible(open_explorer: Open, tab: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = open_explorer(f"#tab={tab}", name="calibrated_digits", color_scheme=scheme)
    page.wait_for_selector(".panel :is(figure, .pad, .dropping, .near li)", timeout=SLOW)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
