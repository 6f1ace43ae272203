"""The whole site as files: made in memory, checked, then written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from onebit.auditing.report import images_of
from onebit.errors import OnebitError
from onebit.site import api_reference, audit_pages, guide, pages, pictures, places
from onebit.site.entries import Entry
from onebit.site.folders import Kind, write_folder
from onebit.site.links import dead_links

MARKER = ".onebit-site"  # says that a folder holds a site, which may be replaced
_CARD_IMAGES = 24


class DeadLinkError(OnebitError, ValueError):
    """A link of the site leads nowhere; nothing was written."""


class Card(NamedTuple):
    """A data set on the first page."""

    entry: Entry
    sheet: pictures.Picture | None


def site_files(entries: Sequence[Entry], *, project: Path | None = None) -> dict[str, bytes]:
    """Every file of the site by its path; the same for the same records, data and version, byte for byte.

    Args:
        entries: the data sets.
        project: the folder with the README and ``docs``, for the guide; by default it is looked for.

    Raises:
        DeadLinkError: a link inside the site leads nowhere.
        MissingDependencyError: jinja2 or markdown-it-py is not installed.
        DamagedStoreError: a stored file is damaged.
    """
    project = project if project is not None else guide.find_project()
    chapters = guide.guide_pages(project) or {"guide/index.html": _no_guide()}
    files = {path: text.encode() for path, text in chapters.items()}
    files["index.html"] = _index(entries, has_guide=project is not None).encode()
    files["reference/index.html"] = api_reference.reference_page("../").encode()
    for entry in entries:
        files |= {f"{entry.name}/{path}": content for path, content in _entry_files(entry).items()}
    for place in places.existing():
        files |= places.files_of(place, [entry.builder for entry in entries if places.shows(place, entry)])
    files[MARKER] = b"Made by onebit site build; the next build replaces this folder.\n"
    dead = dead_links(files)
    if dead:
        raise DeadLinkError("The site has links that lead nowhere: " + "; ".join(dead))
    return dict(sorted(files.items()))


def _entry_files(entry: Entry) -> dict[str, bytes]:
    files = {
        "index.html": pages.page(entry, "html", root="../").encode(),
        "page.md": pages.page(entry, "markdown").encode(),
        "croissant.json": pages.page(entry, "croissant").encode(),
    }
    if entry.tfds_module:
        files["tfds.md"] = pages.page(entry, "tfds-markdown").encode()
    if entry.audit is not None:
        files["audit.html"] = audit_pages.audit_page(entry.audit, images_of(entry.builder), root="../").encode()
    if entry.statistics:
        files["figure.png"] = _figure(entry)
        files["examples.html"] = pages.examples_table(entry).encode()
    return files | {f"files/{file.name}": file.path.read_bytes() for file in entry.packaged_files}


def _figure(entry: Entry) -> bytes:
    from onebit.views.contact_sheets import contact_sheet

    assert entry.statistics is not None
    first = next(iter(entry.statistics.splits.values())).first
    return contact_sheet(first, columns=pictures.SHEET_COLUMNS, scale=2)


def _index(entries: Sequence[Entry], *, has_guide: bool) -> str:
    return pages.framed(
        "index.html.j2",
        title="Data sets · onebit",
        summary="One-bit images to measure generative models on: verified, described, ready to load.",
        root="",
        here="index",
        cards=[Card(entry, _card_sheet(entry)) for entry in entries],
        has_guide=has_guide,
    )


def _card_sheet(entry: Entry) -> pictures.Picture | None:
    if entry.statistics is None:
        return None
    name, first = next(iter(entry.statistics.splits.items()))
    shown = first.first[:_CARD_IMAGES]
    return pictures.sheet(shown, f"The first {len(shown)} images of {name}")


def _no_guide() -> str:
    note = pages.safe("<h1>Guide</h1><p>The project's Markdown files were not found when this site was made.</p>")
    return pages.framed(
        "guide.html.j2",
        title="Guide · onebit",
        summary="The guide is not part of this build.",
        root="../",
        here="guide",
        body=note,
        chapters=[],
        current=None,
    )


# Writing -----------------------------------------------------------------------------------------------------------


def write_site(files: Mapping[str, bytes], out: Path) -> None:
    """Writes a site, whole or not at all. A site that is there is replaced; any other folder is left alone.

    Raises:
        FolderNotWrittenError: `out` holds something else, or cannot be written.
    """
    write_folder(files, out, Kind(MARKER, "site", "--out DIR"))


def entries_of_catalog(
    *, data_dir: Any = None, base_url: str = "", mirror: str = "", with_data: bool = True
) -> list[Entry]:
    """Every data set of the catalog, sorted by name; those of one's own if they are prepared."""
    from onebit.registry import find_builder_class, list_builders

    found = [find_builder_class(name)(data_dir=data_dir) for name in list_builders()]
    return [
        Entry(builder, base_url=base_url, mirror=mirror, with_data=with_data)
        for builder in found
        if builder.record.splits
    ]
