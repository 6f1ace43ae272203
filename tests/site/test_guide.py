"""The project's Markdown files as pages."""

from __future__ import annotations

from pathlib import Path

import markup
import numpy as np
import pytest

from onebit.formats.png import write_png
from onebit.site import places
from onebit.site.guide import Chapter, chapters, find_project, guide_pages
from onebit.site.links import dead_links, html_problems


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(
        "# It\n\nA *first* [link](docs/a.md): it. Then more.\n\n[b](docs/a.md#two) [c](src/x.py)\n"
    )
    (tmp_path / "docs" / "a.md").write_text(
        "# A\n\n## Two\n\n[back](../README.md), [web](https://example.org)\n\n"
        "![a dot](dot.png) ![far away](https://example.org/x.png) ![not there](../../secret.png)\n"
    )
    (tmp_path / "docs" / "a").mkdir()
    (tmp_path / "docs" / "a" / "part.md").write_text("# Part\n\n[whole](../a.md)\n\n![a line](line.svg)\n")
    (tmp_path / "docs" / "a" / "line.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "docs" / "b.md").write_text("# B\n")
    (tmp_path / "docs" / "dot.png").write_bytes(write_png(np.zeros((1, 1), np.uint8)))
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n- one\n")
    return tmp_path


def test_chapters(project: Path) -> None:
    found = chapters(project)
    assert [(one.source, one.page, one.title) for one in found] == [
        ("README.md", "guide/index.html", "It"),
        ("docs/a.md", "guide/a.html", "A"),
        ("docs/a/part.md", "guide/a-part.html", "Part"),
        ("docs/b.md", "guide/b.html", "B"),
        ("CHANGELOG.md", "guide/changelog.html", "Changes"),
    ]
    assert found[0].summary == "A first link: it."[: len("A first link")]
    assert Chapter("docs/x_y.md", "", "no heading").title == "x_y"
    assert chapters(None) == []


def test_links_lead_to_pages(project: Path) -> None:
    pages = guide_pages(project)
    first = markup.read(pages["guide/index.html"]).one("main")
    links = {link.words: link.attributes["href"] for link in first.all("a")}
    assert links["link"] == "../guide/a.html" and links["b"] == "../guide/a.html#two"
    assert "c" not in links and "c" in first.words
    other = {link.words: link.attributes["href"] for link in markup.read(pages["guide/a.html"]).one("main").all("a")}
    assert (other["back"], other["web"]) == ("../guide/index.html", "https://example.org")
    [picture] = markup.read(pages["guide/a.html"]).one("main").all("img")
    assert (picture.attributes["alt"], picture.attributes["src"][:22]) == ("a dot", "data:image/png;base64,")
    assert "far away not there" in markup.read(pages["guide/a.html"]).one("main").words
    others = ["index.html", "reference/index.html", *(f"{place.key}/index.html" for place in places.existing())]
    site = {path: text.encode() for path, text in pages.items()} | dict.fromkeys(others, b"")
    assert dead_links(site) == []


def test_parts_of_a_chapter_are_pages_that_it_lists(project: Path) -> None:
    pages = {path: markup.read(text) for path, text in guide_pages(project).items()}
    part = pages["guide/a-part.html"].one("main")
    assert [link.attributes["href"] for link in part.all("a") if link.words == "whole"] == ["../guide/a.html"]
    [picture] = part.all("img")
    assert picture.attributes["src"].startswith("data:image/svg+xml;base64,")
    listed = {path: [link.words for link in page.one("main").one("nav").all("a")] for path, page in pages.items()}
    assert "Part" in listed["guide/a.html"] and "Part" in listed["guide/a-part.html"]
    assert "Part" not in listed["guide/b.html"] and "A" in listed["guide/b.html"]


def test_our_own_guide() -> None:
    project = find_project()
    assert project is not None and (project / "docs" / "splits.md").is_file()
    pages = guide_pages(project)
    assert {"guide/index.html", "guide/splits.html", "guide/changelog.html"} <= pages.keys()
    for path, text in pages.items():
        assert html_problems(text) == [], path
        assert len(markup.read(text).all("h1")) == 1, path
