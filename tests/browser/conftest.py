"""A real browser, and a site for it to show, as files: ``make test-browser``.

The tests are collected only where that target asks for them; there nothing is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import onebit
from onebit.builders import DatasetBuilder
from onebit.explorer import exports, local
from onebit.explorer.contents import opened
from onebit.explorer.local import BackgroundServer
from onebit.site import building
from onebit.site.entries import Entry

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

if "ONEBIT_BROWSER" not in os.environ:
    collect_ignore_glob = ["test_*.py"]

CHROMIUM = os.environ.get("ONEBIT_CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window: Debian's, or that of ``ONEBIT_CHROMIUM``."""
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).is_file():
        pytest.fail(f"There is no browser at {CHROMIUM}. Install Debian's chromium, or set ONEBIT_CHROMIUM.")
    with sync_playwright() as driver:
        software_gl = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]  # WebGL without a graphics card
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *software_gl])
        yield started
        started.close()


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with calibrated_digits prepared and, where the real files are there, binarized_mnist."""
    folder = tmp_path_factory.mktemp("data")
    for name in onebit.list_builders():
        builder = onebit.builder(name, data_dir=folder)
        if builder.name != "binarized_mnist":
            builder.download_and_prepare()
        elif "ONEBIT_TEST_DATA" in os.environ:
            upstream = Path(os.environ["ONEBIT_TEST_DATA"]) / "binarized_mnist" / "upstream"
            builder.download_and_prepare(source_dir=upstream)
    return folder


@pytest.fixture(scope="session")
def site(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with one prepared data set and, where the real files are there, the other."""
    builders = [onebit.builder(name, data_dir=data_dir) for name in onebit.list_builders()]
    out = tmp_path_factory.mktemp("out") / "site"
    building.write_site(building.site_files([Entry(builder) for builder in builders]), out)
    return out


@pytest.fixture
def open_page(browser: Browser, site: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page of the site from the disk, offline; at the end nothing was asked for, nothing complained.

    Keyword arguments are those of a browser's context: ``color_scheme``, ``viewport``, ``java_script_enabled``...
    """
    contexts: list[Any] = []
    asked: list[str] = []
    complaints: list[str] = []

    def opened(path: str, **options: Any) -> Page:
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((site / path).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert complaints == []


# The explorer ------------------------------------------------------------------------------------------------------


class Explorers:
    """The explorer of a data set in its three forms, each made when it is first asked for.

    Args:
        data_dir: the prepared data sets.
        room: a folder for files.
    """

    def __init__(self, data_dir: Path, room: Path) -> None:
        self.data_dir, self.room = data_dir, room
        self._made: dict[tuple[str, str], str] = {}
        self._servers: list[BackgroundServer] = []

    def builder(self, name: str) -> DatasetBuilder:
        return onebit.builder(name, data_dir=self.data_dir)

    def address(self, name: str, form: str) -> str:
        """Where a data set's explorer is: ``"server"``, ``"folder"`` (on a plain web server) or ``"file"``."""
        if (name, form) not in self._made:
            self._made[name, form] = getattr(self, f"_{form}")(self.builder(name))
        return self._made[name, form]

    def _server(self, builder: DatasetBuilder) -> str:
        serving = local.server([opened(builder), *local.prepared_beside(builder)])
        self._servers.append(BackgroundServer(serving))
        return self._servers[-1].address

    def _folder(self, builder: DatasetBuilder) -> str:
        out = self.room / builder.name
        exports.export(opened(builder), out)
        handler = partial(QuietHandler, directory=str(out))
        self._servers.append(BackgroundServer(ThreadingHTTPServer(("127.0.0.1", 0), handler)))
        return self._servers[-1].address

    def _file(self, builder: DatasetBuilder) -> str:
        out = self.room / f"{builder.name}.html"
        exports.export(opened(builder), out)
        return out.as_uri()

    def close(self) -> None:
        for server in self._servers:
            server.close()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


@pytest.fixture(scope="session")
def explorers(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorers]:
    """The explorer of every data set, in every form."""
    made = Explorers(data_dir, tmp_path_factory.mktemp("explorers"))
    yield made
    made.close()


class Watch:
    """What the pages of a test asked for, and what they complained of.

    Attributes:
        asked: addresses, in order.
        allowed: what an address may begin with.
        complaints: messages of the console and errors. A test that provokes some takes them out.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.allowed = ["data:", "blob:"]
        self.complaints: list[str] = []


@pytest.fixture
def watch() -> Iterator[Watch]:
    """At the end of a test nothing was asked for elsewhere, and nothing complained."""
    watching = Watch()
    yield watching
    assert [url for url in watching.asked if not url.startswith(tuple(watching.allowed))] == []
    assert watching.complaints == []


@pytest.fixture
def open_explorer(browser: Browser, explorers: Explorers, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Opens the explorer of a data set in a page that is watched.

    ``open_explorer("#tab=STATS")`` opens binarized_mnist on the server (such tests are marked ``real_data``). Keyword
    arguments: ``name`` of the data set, ``form`` (``"server"``, ``"folder"``, ``"file"``; the last one is offline),
    ``query`` (``"?renderer=cpu"``), and those of a browser's context: ``color_scheme``, ``viewport``...
    """
    contexts: list[Any] = []

    def opened_page(
        fragment: str = "", *, name: str = "binarized_mnist", form: str = "server", query: str = "", **options: Any
    ) -> Page:
        address = explorers.address(name, form)
        watch.allowed.append(address)
        context = browser.new_context(offline=form == "file", **options)
        contexts.append(context)
        context.on("request", lambda request: watch.asked.append(request.url))
        context.on("console", lambda message: watch.complaints.append(message.text))
        context.on("weberror", lambda error: watch.complaints.append(str(error.error)))
        page = context.new_page()
        page.goto(address + query + fragment)
        page.wait_for_selector("#status, [role=alert]")  # the images are there, or it says why not
        return page

    yield opened_page
    for context in contexts:
        context.close()


@pytest.fixture
def until() -> Callable[[Page, str], None]:
    """``until(page, "location.hash === ''")`` waits for a JavaScript expression to hold, at most ten seconds.

    Playwright's own way needs ``eval`` in the page, which its policy forbids.
    """

    def waits(page: Page, expression: str) -> None:
        for _ in range(200):
            if page.evaluate(expression):
                return
            page.wait_for_timeout(50)
        pytest.fail(f"This did not come to hold: {expression}. The address is {page.url}.")

    return waits
