"""The page: what it is told, what it may do, and that no name gets out of its place."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from typing import Any

import pytest

from onebit.explorer import page
from onebit.explorer.contents import contents, manifest_text
from onebit.site.links import foreign_requests, html_problems
from onebit.tables import Table

HOSTILE = "</script><script>alert(1)</script><!-- \"'&"


def block(text: str, name: str) -> str:
    """The text of a data block."""
    found = re.search(rf'<script type="[^"]*" id="{re.escape(name)}">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return found[1]


def policy(text: str) -> dict[str, list[str]]:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert found is not None
    words = [part.split() for part in found[1].replace("&#x27;", "'").split(";")]
    return {name: values for name, *values in words}


def config(**names: Any) -> dict[str, Any]:
    return page.configuration([page.listed("a", "1.0.0", "../"), page.listed("b", "2.0.0")], **names)


def test_what_the_page_is_told() -> None:
    told = json.loads(block(page.index(config(rows=[(0, 3)], leaderboard="../l.html")).decode(), "onebit-config"))
    assert told == {
        "datasets": [
            {"name": "a", "version": "1.0.0", "manifest": "a/manifest.json", "page": "../a/index.html"},
            {"name": "b", "version": "2.0.0", "manifest": "b/manifest.json", "page": None},
        ],
        "current": "a",
        "leaderboard": "../l.html",
        "rows": [[0, 3]],
    }
    assert "rows" not in config() and config(rows=[])["rows"] == []


def test_the_policy_allows_the_page_alone() -> None:
    rules = policy(page.index(config()).decode())
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert rules["script-src"] == ["'self'", "'wasm-unsafe-eval'"] and rules["style-src"] == ["'self'"]
    assert not any("unsafe-inline" in value or "*" in value or "http" in value for v in rules.values() for value in v)


def test_a_name_stays_in_its_place() -> None:
    text = page.index(page.configuration([page.listed(HOSTILE, HOSTILE)])).decode()
    assert json.loads(block(text, "onebit-config"))["current"] == HOSTILE
    assert html_problems(text) == [] and "alert(1)</script>" not in text
    assert text.count("<script") == 2


def test_one_file(table: Table, small_bundle: dict[str, bytes]) -> None:
    found = contents(table)
    text = page.single(found, rows=[(370, 420)]).decode()
    assert html_problems(text) == [] and set(foreign_requests(text)) == set()
    told = json.loads(block(text, "onebit-config"))
    assert told["datasets"] == [{"name": "small_digits", "version": "1.2.3", "inline": True}]
    assert told["current"] == "small_digits" and told["rows"] == [[370, 420]]
    for part, expected in (
        ("manifest", manifest_text(found.manifest)), ("pixels", found.pixels), ("features", found.features),
    ):  # fmt: skip
        assert gzip.decompress(base64.b64decode(block(text, f"onebit-data-small_digits-{part}"))) == expected


def test_one_file_allows_its_own_script_and_style_by_their_hashes(table: Table, small_bundle: dict[str, bytes]) -> None:
    text = page.single(contents(table)).decode()
    rules = policy(text)
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[-1]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    for name, inside in (("script-src", script), ("style-src", style[1])):
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules[name][0] == f"'sha256-{digest}'"
    assert "'self'" not in str(rules)
    assert rules["connect-src"] == ["'none'"]
    assert script == 'document.title = "<\\/script><\\!-- tried";\n'  # the same string, which ends nothing


def test_the_same_data_gives_the_same_file(table: Table, small_bundle: dict[str, bytes]) -> None:
    assert page.single(contents(table)) == page.single(contents(table))


def test_nothing_to_explore() -> None:
    text = page.empty().decode()
    assert html_problems(text) == [] and "nothing to explore" in text


@pytest.mark.parametrize("made", ["index", "empty"])
def test_no_page_asks_for_anything_elsewhere(made: str) -> None:
    text = (page.index(config()) if made == "index" else page.empty()).decode()
    assert set(foreign_requests(text)) <= {"explorer.css", "explorer.js"}
