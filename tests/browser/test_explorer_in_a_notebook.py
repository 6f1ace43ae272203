"""``ds.explore()`` in the page of a notebook: a frame of the local server, or a page inside the page."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class Notebook(BaseHTTPRequestHandler):
    """Another server of this machine, as Jupyter is one; with its headers."""

    cell = ""

    def do_GET(self) -> None:
        page = f"<!doctype html><link rel=icon href=data:,><body>{self.cell}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Content-Security-Policy", "frame-ancestors 'self'")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def notebook() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Notebook) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("inline", [False, True], ids=["local server", "page in the page"])
def test_the_cell_shows_the_chosen_images(
    inline: bool, notebook: str, browser: Browser, explorers: Any, watch: Any
) -> None:
    explored = explorers.builder("calibrated_digits").as_dataset("test")[:100].explore(inline=inline)
    Notebook.cell = explored._repr_html_()
    watch.allowed += [notebook] if inline else [notebook, explored.address]
    context = browser.new_context()
    context.on("request", lambda request: watch.asked.append(request.url))
    context.on("console", lambda message: watch.complaints.append(message.text))
    context.on("weberror", lambda error: watch.complaints.append(str(error.error)))
    try:
        page = context.new_page()
        page.goto(notebook)
        inside = page.frame_locator("iframe")
        inside.get_by_role("status").filter(has_text=re.compile(r"\b100\s+of 70,000")).first.wait_for()
        explored.close()
        watch.asked = [url for url in watch.asked if url != "about:srcdoc"]
    finally:
        context.close()
