"""Lines and tables in the way of TFDS's Markdown."""

from __future__ import annotations

from typing import Any

import pytest

from onebit.errors import MissingDependencyError
from onebit.site import rendering
from onebit.site.rendering import attribute, fitting_table, padded_table, wrapped_item


def test_lines_break_at_spaces_but_not_in_links() -> None:
    link = "[a text of words](https://example.org/" + "x" * 60 + ")"
    assert wrapped_item(f"**Label** (see {link}): end") == f"*   **Label** (see\n    {link}):\n    end"
    assert wrapped_item("short", 4) == "    *   short"


def test_tables() -> None:
    rows = [("`'test'`", "10,000"), ("x", "1")]
    assert padded_table(rows, ["Split", "Examples"], ["Examples"]) == (
        "Split    | Examples\n:------- | -------:\n`'test'` | 10,000\nx        | 1"
    )
    assert fitting_table([("a|b", "c\nd")], ["X", "Y"]) == "| X | Y |\n| --- | --- |\n| a\\|b | c d |"


def test_attributes() -> None:
    assert attribute("a & 'b'\n\"<c>\"") == "a &amp; &#x27;b&#x27;&#10;&quot;&lt;c&gt;&quot;"


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> Any:
        raise ModuleNotFoundError("gone", name=name)

    monkeypatch.setattr("onebit.errors.importlib.import_module", gone)
    rendering._environment.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"needs 'jinja2', .* Type: pip install 'onebit\[site\]'"):
        rendering.render("page.md.j2")
