"""The explorer opens in each of its forms, asks for nothing elsewhere, and obeys its own policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("form", ["server", "folder", "file"])
def test_opens(open_explorer: Callable[..., Page], form: str) -> None:
    page = open_explorer(name="calibrated_digits", form=form)
    assert page.title() == "calibrated_digits · onebit explorer"


@pytest.mark.real_data
@pytest.mark.parametrize("form", ["server", "folder", "file"])
def test_opens_the_real_data(open_explorer: Callable[..., Page], form: str) -> None:
    page = open_explorer("#tab=STATS&dataset=binarized_mnist", form=form)
    assert page.title() == "binarized_mnist · onebit explorer"


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
