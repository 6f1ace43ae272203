"""By keyboard alone, for screen readers, on a phone, in both themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from explorer_reading import count, link_state, violations, wait_for_count

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.real_data

Open = Callable[..., "Page"]

TABS = ["DATASETS", "STATS", "ITEM", "RELATIONS", "COMPARE", "AUDIT", "DRAW", "SAMPLES", "ORDER", "TABLE"]
WITH_PICTURES = {"STATS", "ITEM", "COMPARE", "DRAW", "TABLE"}  # before anything is asked for
PHONE = {"width": 360, "height": 740}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_explorer: Open, theme: Any) -> None:
    page = open_explorer("#tab=STATS&filter=ink:80..120&item=test/42", color_scheme=theme)
    for tab in TABS:
        page.get_by_role("tab", name=tab.capitalize()).click()
        page.evaluate("for (const one of [...document.querySelectorAll('details')].slice(0, 3)) one.open = true")
        assert (tab, violations(page)) == (tab, [])
    for key in ("?", "Control+k", "f", "e", "/"):
        page.keyboard.press(key)
        page.get_by_role("dialog").wait_for()
        assert (key, violations(page)) == (key, [])
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="detached")


def test_a_tour_by_keyboard_alone(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS")
    page.wait_for_selector("#status")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the images"
    tabs = page.get_by_role("tab").all_inner_texts()
    for title in tabs[2:5]:
        page.keyboard.press("]")
        assert page.get_by_role("tab", selected=True).inner_text() == title
    assert link_state(page)["tab"] == tabs[4].upper()
    for _ in range(3):
        page.keyboard.press("[")
    slider = page.get_by_role("slider", name="Holes: choose bars")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert slider.get_attribute("aria-valuetext").startswith("1 to 2: ")
    page.keyboard.press("Enter")
    assert link_state(page)["filter"] == "holes:1..2"
    page.keyboard.press("Delete")
    assert count(page) == 70000
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("combobox").or_(page.locator("dialog input")).first.wait_for()
    page.keyboard.type("only test")
    page.keyboard.press("Enter")
    wait_for_count(page, 10000)
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("#chosen").inner_text() == "1 chosen"
    page.keyboard.press("Escape")
    assert page.locator("#chosen").count() == 0
    page.keyboard.press("i")
    assert link_state(page)["ink"] == "inverted"
    page.keyboard.press("s")
    assert page.evaluate("document.activeElement.id") == "sort"


def test_every_key_of_the_list_is_listed_once(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS")
    page.wait_for_selector("#status")
    page.keyboard.press("?")
    keys = page.locator("dialog table").first.locator("kbd").all_inner_texts()
    assert len(keys) == len(set(keys)) and {"J", "K", "X", "F", "E", "S", "G", "I", "D", "/", "?", "Enter"} <= set(keys)
    page.get_by_label("Keys of a single letter act").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    assert "ink" not in link_state(page)


PARTS = {
    "On the images": ".stage",
    "On a histogram": "[data-column=ink] .plot",
    "On the mean image": ".pixel-grid",
    "On the tabs": ".tabs",
}
ACTED = """(element, wanted) => wanted.filter(([key, ctrlKey, shiftKey, altKey]) =>
  !element.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, shiftKey, altKey, cancelable: true })))"""
MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]
KEYS = [*MOVES, "Enter", " ", "Delete", "Backspace", "Escape", "Tab", *map(chr, range(33, 127))]


def listed(lines: list[str]) -> set[tuple[str, bool, bool]]:
    """The keys that lines of the list name: key, with Ctrl, with Shift."""
    names = {"Arrows": MOVES[:4], "Space": [" "], "Page Up": ["PageUp"], "Page Down": ["PageDown"]}
    names |= {"Arrow Left": ["ArrowLeft"], "Arrow Right": ["ArrowRight"]}
    found: set[tuple[str, bool, bool]] = set()
    for line in lines:
        if line == "Shift + one of these":
            found |= {(key, False, True) for key, ctrl, _ in found if not ctrl}
            continue
        for text in line.split(", "):
            key = text.removeprefix("Ctrl + ")
            found |= {(name, key != text, False) for name in names.get(key, [key])}
    return found


@pytest.mark.parametrize("part", PARTS)
def test_parts_act_on_the_keys_of_the_list_and_on_no_others(open_explorer: Open, part: str) -> None:
    page = open_explorer("#tab=STATS", name="calibrated_digits")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.keyboard.press("?")
    table = page.locator("dialog table").filter(has=page.locator("caption", has_text=part))
    wanted = listed(table.locator("kbd").all_inner_texts())
    page.keyboard.press("Escape")
    element = page.locator(PARTS[part]).first
    element.focus()
    tried = [[key, ctrl, False, False] for ctrl in (False, True) for key in KEYS]
    tried += [[key, False, True, False] for key in MOVES] + [[key, False, False, True] for key in KEYS]
    acted = {tuple(key[:3]) if not key[3] else tuple(key) for key in element.evaluate(ACTED, tried)}
    if part not in ("On the images", "On a histogram"):  # there Shift changes nothing
        acted = {(key, ctrl, False) for key, ctrl, _ in acted}
    if part == "On the mean image":  # Escape acts while a pixel is looked at
        page.keyboard.press("ArrowLeft")
        acted |= {tuple(key[:3]) for key in element.evaluate(ACTED, [["Escape", False, False, False]])}
    assert acted == wanted


def test_n_shows_the_nearest_images(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS")
    page.wait_for_selector("html[data-ready]", state="attached")
    page.focus(".stage")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("n")
    page.locator(".neighbours button[data-distance]").first.wait_for()
    assert link_state(page)["item"] == "train/1"
    assert page.evaluate("document.activeElement.className") == "neighbours"


def test_forced_colours(open_explorer: Open) -> None:
    """The images keep their own colours, what marks them and what is pressed takes those of the system."""
    page = open_explorer("#tab=STATS&filter=ink:80..120", forced_colors="active", color_scheme="light")
    page.wait_for_selector("html[data-ready]", state="attached")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    shades = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, 200, 200).data).size"
    assert page.locator("canvas.pixels").evaluate(shades) > 20
    page.focus(".stage")
    page.keyboard.press("ArrowRight")
    highlight = page.evaluate(
        "() => { const one = document.body.appendChild(document.createElement('p')); one.style.color = 'Highlight';"
        " const found = getComputedStyle(one).color; one.remove(); return found; }"
    )

    def style(place: str, what: str) -> str:
        return str(page.locator(place).first.evaluate(f"one => getComputedStyle(one).{what}"))

    assert style("#active-image", "borderTopColor") == highlight and style("#active-image", "opacity") == "1"
    assert style("button[aria-pressed=true]", "backgroundColor") == highlight
    for place in ("button[aria-pressed=false]", ".zoom button", "#sort", ".filter"):
        assert style(place, "borderTopStyle") == "solid" and style(place, "borderTopWidth") != "0px"
    selected, every = style("path.selected", "fill"), style("path.all", "fill")
    assert selected != every
    page.keyboard.press("Space")
    assert page.locator("#chosen").inner_text() == "1 chosen"
    assert violations(page) == []


@pytest.mark.parametrize("tab", TABS)
def test_forced_colours_of_every_tab(open_explorer: Open, tab: str) -> None:
    """What is open and pressed is told apart from what is not, pictures keep their shades, axe finds nothing."""
    fragment = f"#tab={tab}&filter=ink:80..120&item=test/42&sort=ink"
    page = open_explorer(fragment, forced_colors="active", color_scheme="dark")
    page.wait_for_selector("html[data-ready]", state="attached")
    if tab == "DRAW":
        page.get_by_role("button", name="Begin with the item").click()
    if tab in ("ITEM", "DRAW"):
        page.locator(".near button").first.wait_for()
    pictures = page.locator(".panel canvas:visible")
    shades = pictures.evaluate_all(
        "all => all.map(one => new Set(one.getContext('2d').getImageData(0, 0, one.width, one.height).data).size)"
    )
    assert all(number >= 2 for number in shades) and (len(shades) > 0) == (tab in WITH_PICTURES)
    background = "all => all.map(one => getComputedStyle(one).backgroundColor)"
    opened, others = (
        set(page.locator(f"[role=tab][aria-selected={is_open}]").evaluate_all(background))
        for is_open in ("true", "false")
    )
    assert len(opened) == 1 and not opened & others
    pressed, free = (
        set(page.locator(f"button[aria-pressed={is_pressed}]:visible").evaluate_all(background))
        for is_pressed in ("true", "false")
    )
    assert len(pressed) == 1 and not pressed & free
    assert violations(page) == []


@pytest.mark.parametrize("tab", TABS)
def test_nothing_moves_by_itself_in_any_tab(open_explorer: Open, tab: str) -> None:
    page = open_explorer(f"#tab={tab}&filter=ink:80..120&item=test/42", reduced_motion="reduce")
    page.wait_for_selector("html[data-ready]", state="attached")
    for key in ("", "?", "Control+k", "f", "e", "/"):
        if key:
            page.keyboard.press(key)
            page.get_by_role("dialog").wait_for()
        assert page.evaluate(MOVING) == []
        if key:
            page.keyboard.press("Escape")
            page.locator("dialog").wait_for(state="detached")


MOVING = """[...document.querySelectorAll("*")].filter(one => {
  const style = getComputedStyle(one);
  return style.transitionDuration !== "0s" || style.animationName !== "none" || style.scrollBehavior === "smooth";
}).map(one => one.outerHTML.slice(0, 80)).concat(document.getAnimations().map(one => one.constructor.name))"""


def test_reduced_motion(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS", reduced_motion="reduce")
    page.wait_for_selector("html[data-ready]", state="attached")
    box = page.locator(".stage").bounding_box()
    assert box is not None
    seen = """() => new Promise(done => {
      const places = new Set(), ring = document.getElementById("active-image");
      let left = 12;
      const look = () => { places.add(ring.style.transform); --left ? requestAnimationFrame(look) : done(places.size) };
      document.querySelector(".stage").dispatchEvent(new MouseEvent("dblclick", {
        bubbles: true, clientX: %d, clientY: %d, view: window }));
      look();
    })"""
    assert page.evaluate(seen % (box["x"] + 300, box["y"] + 200)) <= 2  # there at once: before and after
    assert page.evaluate(MOVING) == []


def test_fingers_move_zoom_and_open(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS", has_touch=True)
    page.wait_for_selector("html[data-ready]", state="attached")
    box = page.locator(".stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": left, "y": top, "id": number} for number, (left, top) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    def view() -> list[float]:
        return [float(number) for number in link_state(page)["view"].split(",")]

    touch("touchStart", (x - 20, y), (x + 20, y))
    for apart in range(30, 130, 10):
        touch("touchMove", (x - apart, y), (x + apart, y))
    touch("touchEnd")
    left, _, scale = view()
    across = int(page.get_attribute(".stage", "aria-colcount") or 0)
    assert scale == pytest.approx(6 * box["width"] / across, rel=0.1)  # from 40 to 240 pixels apart
    touch("touchStart", (x, y))
    for step in range(1, 11):
        touch("touchMove", (x - 8 * step, y))
    touch("touchEnd")
    moved, _, same = view()
    assert same == scale and moved - left == pytest.approx(80 / scale, rel=0.02)
    page.click("[aria-label='Drag to choose images']")
    touch("touchStart", (x, y))
    for step in range(1, 11):
        touch("touchMove", (x + 6 * step, y + 6 * step))
    page.wait_for_timeout(200)  # a finger lifted at full speed throws, and Chromium takes the next tap as what stops it
    touch("touchEnd")
    assert page.locator("#chosen").is_visible()
    page.click("[aria-label='Drag to choose images']")
    page.touchscreen.tap(x, y)
    page.locator(".item-head").wait_for()


@pytest.mark.parametrize("tab", TABS)
def test_fits_a_phone(open_explorer: Open, tab: str) -> None:
    page = open_explorer(f"#tab={tab}&filter=ink:80..120&item=test/42", viewport=PHONE)
    page.wait_for_selector("#status")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    cut = page.locator("button:visible, select:visible, input:visible, summary:visible").evaluate_all(
        "all => all.filter(one => !one.closest('.scroll-x, .table-box, .toolbar')"  # these scroll
        " && one.getBoundingClientRect().right > innerWidth).map(one => one.outerHTML.slice(0, 120))"
    )
    assert cut == []


def test_on_a_phone_what_is_opened_comes_into_sight(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS", viewport=PHONE, has_touch=True)
    page.wait_for_selector("html[data-ready]", state="attached")
    top = "document.querySelector('.panel').getBoundingClientRect().top"
    assert page.evaluate(top) > PHONE["height"] / 2  # the images come first
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + 100, box["y"] + 100)
    page.locator(".item-head").wait_for()
    assert page.evaluate(top) < PHONE["height"] / 4


def test_targets_are_large_enough(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS&filter=ink:80..120&item=test/42")
    for tab in TABS:
        page.get_by_role("tab", name=tab.capitalize()).click()
        small = page.locator("button:visible, select:visible, input:visible, summary:visible").evaluate_all(
            "all => all.map(one => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])"
            ".filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"
        )
        assert (tab, small) == (tab, [])


def test_the_theme_is_kept_and_is_not_the_ink(open_explorer: Open) -> None:
    page = open_explorer("#tab=STATS", color_scheme="light")
    page.wait_for_selector("#status")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 254, 251)"
    page.keyboard.press("d")
    assert page.evaluate(paper) == "rgb(19, 19, 22)"
    assert "ink" not in link_state(page)
    page.reload()
    page.wait_for_selector("#status")
    assert page.evaluate(paper) == "rgb(19, 19, 22)"


def test_names_of_strangers_are_text(open_explorer: Open) -> None:
    page = open_explorer("#tab=%3Cimg%20src=x%3E&dataset=%3Cscript%3E&filter=%3Cb%3E:1", name="calibrated_digits")
    page.wait_for_selector("#status")
    assert page.locator("#onebit-explorer script, #onebit-explorer img").count() == 0
