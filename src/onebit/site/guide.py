"""The guide: the project's own Markdown files as pages of the site."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from onebit.site.pages import framed, safe
from onebit.site.prose import Prose
from onebit.views.contact_sheets import data_uri

START = "README.md"
_ROOT_FILES = (START, "CHANGELOG.md", "CONTRIBUTING.md")


class Chapter(NamedTuple):
    """One page of the guide.

    Attributes:
        source: the file's path in the project: ``docs/splits.md``, ``docs/baselines/nade.md``.
        page: its path in the site: ``guide/splits.html``, ``guide/baselines-nade.html``.
        text: Markdown.
    """

    source: str
    page: str
    text: str

    @property
    def folder(self) -> str | None:
        """The folder below ``docs`` that its file is in: that of the parts of another chapter."""
        parts = self.source.split("/")
        return parts[1] if len(parts) > 2 else None

    def beside(self, current: Chapter) -> bool:
        """Whether it is listed beside another chapter: parts of a chapter only with it, and with one another."""
        return self.folder in (None, current.folder, Path(current.source).stem)

    @property
    def title(self) -> str:
        """The text of the first heading."""
        match = re.search(r"^# +(.+)$", self.text, re.MULTILINE)
        return match[1].strip() if match else Path(self.source).stem

    @property
    def summary(self) -> str:
        """The first sentence of the first paragraph."""
        paragraphs = [part for part in self.text.split("\n\n") if part.strip() and part.lstrip()[0] not in "#`|<-"]
        plain = re.sub(r"[*`]|\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraphs[0].split())) if paragraphs else ""
        return re.split(r"(?<=[.:]) ", plain)[0].rstrip(":")


def find_project() -> Path | None:
    """The folder with the README and ``docs``: in the package where it was built in, else that of the checkout."""
    package = Path(__file__).parent
    places = [package / "project", *package.parents[2:3]]
    return next((place for place in places if (place / "docs").is_dir() and (place / START).is_file()), None)


def chapters(project: Path | None) -> list[Chapter]:
    """The pages of the guide: the README, what is in ``docs``, then what else a reader of the project looks for.

    ``docs/NAME/*.md`` are parts of the chapter ``docs/NAME.md`` and follow it.
    """
    if project is None:
        return []
    docs = sorted((project / "docs").rglob("*.md"), key=lambda path: path.with_suffix("").parts)
    paths = [project / START, *docs, *(project / name for name in _ROOT_FILES[1:])]
    return [
        Chapter(
            path.relative_to(project).as_posix(),
            "guide/index.html" if path.name == START else f"guide/{_page_name(path.relative_to(project))}.html",
            path.read_text(encoding="utf-8"),
        )
        for path in paths
        if path.is_file()
    ]


def _page_name(path: Path) -> str:
    return "-".join(path.with_suffix("").parts[1 if path.parts[0] == "docs" else 0 :]).lower()


def guide_pages(project: Path | None) -> dict[str, str]:
    """The HTML of each chapter by its path in the site.

    Links between chapters lead to their pages; a link to any other file of the project becomes plain text. PNG and SVG
    files of the project are put into the page; of any other picture the words remain.
    """
    found = chapters(project)
    pages = {chapter.source: chapter.page for chapter in found}
    return {chapter.page: _page(chapter, found, pages, project) for chapter in found}


def _page(chapter: Chapter, all_chapters: list[Chapter], pages: Mapping[str, str], project: Path | None) -> str:
    prose = Prose(
        chapter.text,
        link=lambda address: _moved(address, chapter, pages),
        picture=lambda address: _picture(address, chapter, project),
    )
    return framed(
        "guide.html.j2",
        title=f"{chapter.title} · onebit",
        summary=chapter.summary or chapter.title,
        root="../",
        here="guide",
        contents=[(anchor, text) for level, anchor, text in prose.headings if level == 2],
        body=safe(prose.html),
        chapters=[one for one in all_chapters if one.beside(chapter)],
        current=chapter,
    )


def _moved(address: str, chapter: Chapter, pages: Mapping[str, str]) -> str | None:
    """Where a link of a chapter leads in the site; None where it leads to what is not there."""
    if re.match(r"[a-z]+:|#", address):
        return address
    path, mark, fragment = address.partition("#")
    page = pages.get(_in_project(path, chapter))
    return f"../{page}{mark}{fragment}" if page else None


def _in_project(path: str, chapter: Chapter) -> str:
    """A path that a chapter names, seen from the project's folder; it cannot leave that folder."""
    parts: list[str] = []
    for part in [*chapter.source.split("/")[:-1], *path.split("/")]:
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _picture(address: str, chapter: Chapter, project: Path | None) -> str | None:
    """A PNG or SVG file of the project as an address that has it inside; None for anything else."""
    if project is None or re.match(r"[a-z]+:", address) or not address.endswith((".png", ".svg")):
        return None
    file = project / _in_project(address, chapter)
    if not file.is_file():
        return None
    if file.suffix == ".svg":
        return f"data:image/svg+xml;base64,{base64.b64encode(file.read_bytes()).decode()}"
    return data_uri(file.read_bytes())
