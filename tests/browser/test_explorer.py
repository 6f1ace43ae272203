"""The explorer opens in each of its forms, asks for nothing elsewhere, and obeys its own policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from onebit.explorer.local import BackgroundServer
from onebit.site.serving import SiteServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.mark.parametrize("form", ["server", "folder", "file"])
def test_opens(open_explorer: Callable[..., Page], form: str) -> None:
    page = open_explorer(name="calibrated_digits", form=form)
    assert page.title() == "calibrated_digits · onebit explorer"


@pytest.mark.real_data
@pytest.mark.parametrize("form", ["server", "folder", "file"])
def test_opens_the_real_data(open_explorer: Callable[..., Page], form: str) -> None:
    page = open_explorer("#tab=STATS&dataset=binarized_mnist", form=form)
    assert page.title() == "binarized_mnist · onebit explorer"


@pytest.mark.real_data
def test_every_data_set_has_its_own_title_and_its_own_page(browser: Browser, site: Path) -> None:
    """On the site, where the explorer shows several."""
    files = {str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    server = BackgroundServer(SiteServer(files, 0))
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{server.address}explorer/index.html#tab=DATASETS&dataset=calibrated_digits")
        for name in ("calibrated_digits", "binarized_mnist"):
            page.locator(".datasets").get_by_role("button", name=name).click()
            page.get_by_role("heading", name=name).wait_for()
            assert page.title() == f"{name} · onebit explorer"
            for link in (page.get_by_role("link", name="Page of the data set"), page.locator("a.home")):
                assert link.get_attribute("href") == f"../{name}/index.html"
    finally:
        context.close()
        server.close()


@pytest.mark.parametrize("form", ["server", "file"])
def test_the_policy_lets_no_foreign_script_run(open_explorer: Callable[..., Page], watch: Any, form: str) -> None:
    """A script that somebody manages to put into the page does not run, and nothing goes out."""
    page = open_explorer(name="calibrated_digits", form=form)
    blocked = page.evaluate(
        """async () => {
          const blocked = [];
          document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
          const script = document.createElement("script");
          script.textContent = "document.title = 'taken'";
          document.body.append(script);
          await fetch("https://example.invalid/x").catch(() => {});
          await new Promise((done) => setTimeout(done, 50));
          return [...new Set(blocked)].sort();
        }"""
    )
    assert blocked == ["connect-src", "script-src-elem"]
    assert watch.complaints and all("Content Security Policy" in text for text in watch.complaints)
    watch.complaints.clear()
    assert page.title() == "calibrated_digits · onebit explorer"
