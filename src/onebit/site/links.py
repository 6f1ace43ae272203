"""Checks of finished pages: links that lead nowhere, and HTML that is not well formed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

# Elements without content, and those whose end tag HTML allows to leave out but that this site always writes.
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_DRAWING = frozenset(("path", "line", "circle"))  # of SVG, written as <path/>


class PageReader(HTMLParser):
    """What a page refers to, what can be referred to in it, and what is wrong with its tags.

    Attributes:
        references: the addresses of links, pictures, scripts and styles.
        anchors: the values of ``id``.
        problems: a sentence for each thing that is wrong.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.references: list[str] = []
        self.requests: list[str] = []  # what a browser fetches by itself
        self.anchors: set[str] = set()
        self.problems: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.problems += [f"<{tag}> is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self._attributes(tag, attrs)
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self._attributes(tag, attrs)
        if tag not in _VOID and tag not in _DRAWING:
            self.problems.append(f"<{tag}/> is not closed by its slash in HTML")

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if self._open[-1:] == [tag]:
            self._open.pop()
        else:
            line, column = self.getpos()
            inside = self._open[-1] if self._open else "nothing"
            self.problems.append(f"line {line}, column {column}: </{tag}> inside of {inside}")

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            self.problems.append(f"<{tag}> has an attribute twice: {names}")
        values = dict(attrs)
        anchor = values.get("id")
        if anchor is not None:
            if anchor in self.anchors or not anchor or " " in anchor:
                self.problems.append(f"id={anchor!r} is there twice, or cannot be one")
            self.anchors.add(anchor)
        for name in ("href", "src"):
            address = values.get(name)
            if address is not None:
                self.references.append(address)
                if tag != "a" and values.get("rel") != "canonical":
                    self.requests.append(address)
        if tag == "img" and not values.get("alt"):
            self.problems.append("an <img> has no alt")


def html_problems(text: str) -> list[str]:
    """What is wrong with the tags, attributes and names of a page."""
    return PageReader(text).problems


def dead_links(files: Mapping[str, bytes]) -> list[str]:
    """The links inside of a site that lead nowhere, as ``page -> address``.

    Args:
        files: the site's files by their path. Only files that end in ``.html`` are read.
    """
    pages = {path: PageReader(content.decode()) for path, content in files.items() if path.endswith(".html")}
    return [
        f"{path} -> {address}"
        for path, page in pages.items()
        for address in page.references
        if not _leads_somewhere(path, address, files, pages)
    ]


def _leads_somewhere(path: str, address: str, files: Mapping[str, bytes], pages: Mapping[str, PageReader]) -> bool:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return parts.scheme in ("http", "https", "data", "mailto")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path))) if parts.path else path
    if target not in files:
        return False
    fragment = unquote(parts.fragment)
    # Fragments with = are the state of a page that runs a script, not a place in it.
    return not fragment or "=" in fragment or target not in pages or fragment in pages[target].anchors


def foreign_requests(text: str) -> Iterator[str]:
    """The addresses that a browser would ask another machine for when it shows a page."""
    for address in PageReader(text).requests:
        if urlsplit(address).scheme != "data":
            yield address
