"""The page of a data set in each of its formats, and what all pages of the site have in common."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from onebit.__about__ import __version__
from onebit.errors import import_optional
from onebit.site import pictures, places, prose, structured_data, tfds_pages
from onebit.site.bibliography import apa, cff
from onebit.site.entries import Entry, web_address
from onebit.site.rendering import TEMPLATES, render
from onebit.site.statistics import EXAMPLES, SplitStatistics, definitions
from onebit.site.usage import usages

FORMATS = ("html", "markdown", "tfds-markdown", "croissant")
LARGEST_PAGE = 100_000  # bytes of the HTML page of a data set

TITLES = {
    "load": "Load it",
    "description": "Description",
    "splits": "Splits",
    "features": "Features",
    "statistics": "Statistics",
    "known-issues": "Known issues",
    "versions": "Versions",
    "examples": "Examples",
    "lineage": "Licence and lineage",
    "citation": "Citation",
    "metadata": "For machines",
}


class NavigationLink(NamedTuple):
    """A link at the top of every page."""

    key: str
    title: str
    href: str


class Tab(NamedTuple):
    """A tab of a box."""

    key: str
    title: str
    html: Any


class Issue(NamedTuple):
    """A known issue."""

    anchor: str
    title: str
    html: Any


class Example(NamedTuple):
    """A row of the table of examples."""

    picture: pictures.Picture
    values: dict[str, str]


class SplitPictures(NamedTuple):
    """What is drawn of a split."""

    mean: pictures.Picture
    entropy: pictures.Picture
    histogram: str


def page(entry: Entry, format_: str = "html", *, root: str | None = None) -> str:
    """The page of a data set.

    Args:
        entry: the data set.
        format_: ``html``, ``markdown``, ``tfds-markdown`` (as TFDS's catalog has it) or ``croissant`` (JSON-LD).
        root: the way from the page to the site's first page, such as ``../``; None for a page that stands alone,
            which then has no links into the site.

    Raises:
        ValueError: no such format.
        NoTfdsPageError: ``tfds-markdown`` of a data set that TFDS does not have.
        MissingDependencyError: jinja2 or markdown-it-py is not installed.
        DamagedStoreError: a stored file is damaged.
    """
    if format_ == "html":
        return html_page(entry, root)
    if format_ == "markdown":
        return markdown_page(entry)
    if format_ == "tfds-markdown":
        return tfds_pages.tfds_markdown(entry)
    if format_ == "croissant":
        return structured_data.as_json(structured_data.croissant(entry))
    raise ValueError(f"format {format_!r}: choose one of {', '.join(FORMATS)}.")


# HTML --------------------------------------------------------------------------------------------------------------


def html_page(entry: Entry, root: str | None = None) -> str:
    """The page as HTML, with everything that it shows inside."""
    document = structured_data.croissant(entry)
    return framed(
        "page.html.j2",
        title=f"{entry.name} · onebit",
        summary=entry.summary,
        root=root,
        here="index",
        canonical=entry.url if entry.base_url else "",
        contents=list(TITLES.items()),
        entry=entry,
        titles=TITLES,
        json_ld=safe(structured_data.as_script(document)),
        microdata=structured_data.microdata(document),
        places=_links_to_places(entry, root),
        usages=[Tab(one.key, one.title, code(one.lines, one.language)) for one in usages(entry)],
        citations=_citations(entry),
        structure=code(entry.feature_structure, "python"),
        upstream={
            split.name: web_address(entry.upstream_url(split.upstream.url)) for split in entry.splits if split.upstream
        },
        tfds_source=tfds_pages.published_links(entry).source,
        issues=[_issue(title, text) for title, text in prose.sections(entry.known_issues)],
        lineage=safe(prose.html_of(entry.lineage)),
        packaged_about=entry.words.get("files", {}).get("about", ""),
        **_of_the_data(entry),
    )


def framed(
    template: str, *, title: str, summary: str, root: str | None, here: str, extra: str = "", **values: Any
) -> str:
    """A page of the site: its own template inside the frame that all pages share.

    Args:
        template: the template of the page.
        title: of the window.
        summary: one sentence for search engines.
        root: the way to the site's first page, or None where there is no site.
        here: the key of the link at the top that leads to this part of the site.
        extra: the name of a style and a script among the templates that this page has on top of the shared ones.
        **values: for the template.
    """
    style, style_hash, script, script_hash = _style_and_script(extra)
    shared = {"contents": [], "canonical": ""} | values
    return render(
        template,
        title=title,
        summary=summary,
        root=root,
        here=here,
        navigation=navigation(),
        style=style,
        style_hash=style_hash,
        script=script,
        script_hash=script_hash,
        icon=_ICON,
        version=__version__,
        **shared,
    )


def navigation() -> list[NavigationLink]:
    """The links at the top of every page."""
    shared = [
        NavigationLink("index", "Data sets", "index.html"),
        NavigationLink("guide", "Guide", "guide/index.html"),
        NavigationLink("reference", "Reference", "reference/index.html"),
    ]
    return shared + [NavigationLink(place.key, place.title, f"{place.key}/index.html") for place in places.existing()]


_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Cpath fill='%23000' "
    "d='M0 0h8v8H0z'/%3E%3Cpath fill='%23fff' d='M3 1h2v5h1v1H2V6h1V3H2V2h1z'/%3E%3C/svg%3E"
)


@cache
def _style_and_script(extra: str) -> tuple[Any, str, Any, str]:
    """Style and script with the hashes by which the page's policy allows them, and nothing else."""
    style = render("style.css.j2", band=pictures.dither_band(), sheet_width=pictures.SHEET_COLUMNS * 29 + 1)
    script = (TEMPLATES / "copy.js").read_text(encoding="utf-8")
    if extra:
        style += (TEMPLATES / f"{extra}.css").read_text(encoding="utf-8")
        script += (TEMPLATES / f"{extra}.js").read_text(encoding="utf-8")
    return safe(style), _policy_hash(style), safe(script), _policy_hash(script)


def _policy_hash(text: str) -> str:
    import base64
    import hashlib

    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def safe(html: str) -> Any:
    """A text that is HTML already, which templates do not escape."""
    # jinja2 brings it along
    markupsafe = import_optional("markupsafe", purpose="A page of the catalog", install="onebit[site]")
    return markupsafe.Markup(html)


def code(text: str, language: str) -> Any:
    """A block of code as HTML."""
    return safe(prose.code_html(text.rstrip("\n"), language))


def _links_to_places(entry: Entry, root: str | None) -> list[NavigationLink]:
    if root is None:
        return []
    return [
        NavigationLink(place.key, place.title, f"{root}{place.key}/index.html{place.fragment.format(name=entry.name)}")
        for place in places.existing(entry)
    ]


def _issue(title: str, text: str) -> Issue:
    return Issue(prose.slug(title), title, safe(prose.html_of(text)))


def _citations(entry: Entry) -> list[Tab]:
    of_data = entry.words.get("citation_of") == "data"
    file = cff(
        entry.name,
        str(entry.info.version),
        list(entry.publications),
        of_data=of_data,
        license_=entry.license,
    )
    references = "\n\n".join(apa(publication) for publication in entry.publications)
    return [
        Tab("bibtex", "BibTeX", code(entry.info.citation, "bibtex")),
        Tab("apa", "APA", code(references, "text")),
        Tab("cff", "CITATION.cff", code(file, "yaml")),
    ]


def _of_the_data(entry: Entry) -> dict[str, Any]:
    """What is shown of the prepared data; empty where it is not there."""
    statistics = entry.statistics
    values: dict[str, Any] = {"statistics": statistics, "sheet": None}
    if statistics is None:
        return values
    name, first = next(iter(statistics.splits.items()))
    examples = _examples(first)
    return values | {
        "sheet": pictures.sheet(first.first, f"The first {len(first.first)} images of {name}, in rows of twelve"),
        "first_split": name,
        "first_count": len(first.first),
        "definitions": definitions(),
        "number_columns": list(first.numbers),
        "pictures": {label: _pictures(label, split) for label, split in statistics.splits.items()},
        "histogram_size": pictures.HISTOGRAM_SIZE,
        "histogram_end": len(first.histogram) * statistics.bin_width,
        "examples": examples,
        "example_columns": list(examples[0].values) if examples else [],
    }


def _pictures(name: str, split: SplitStatistics) -> SplitPictures:
    return SplitPictures(
        pictures.mean_image(name, split), pictures.entropy_map(name, split), pictures.histogram_path(split)
    )


def _examples(split: SplitStatistics) -> list[Example]:
    pairs = zip(split.first[:EXAMPLES], split.examples, strict=False)
    return [
        Example(pictures.sheet(image[np.newaxis], f"Row {row}: {int(image.sum())} ones"), values)
        for row, (image, values) in enumerate(pairs)
    ]


# Markdown ----------------------------------------------------------------------------------------------------------


def markdown_page(entry: Entry) -> str:
    """The page as Markdown, without pictures."""
    statistics = entry.statistics
    return render(
        "page.md.j2",
        entry=entry,
        usages=usages(entry),
        tfds_source=tfds_pages.published_links(entry).source,
        issues=prose.sections(entry.known_issues),
        split_rows=_split_rows(entry),
        statistics=statistics,
        statistic_rows=[
            [one.label, *(split.text(one.key) for split in statistics.splits.values())] for one in definitions()
        ]
        if statistics
        else [],
    )


def _split_rows(entry: Entry) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for split in entry.splits:
        files = [(split.upstream.name, split.upstream.sha256)] if split.upstream else []
        files += [(f"{split.name}-{column}.npy", digest) for column, digest in split.digests.items()]
        for number, (file, digest) in enumerate(files or [("", "")]):
            name, size = (f"`{split.name!r}`", f"{split.num_examples:,}") if number == 0 else ("", "")
            rows.append((name, size, file, f"`{digest}`" if digest else ""))
    return rows


def examples_table(entry: Entry) -> str:
    """The table of examples alone, as a piece of HTML to be put into another page.

    Raises:
        ValueError: the data set is not prepared, or has no one-bit images.
    """
    statistics = entry.statistics
    if statistics is None:
        raise ValueError(f"{entry.name} has no examples to show. Type: onebit prepare {entry.name}")
    name, first = next(iter(statistics.splits.items()))
    examples = _examples(first)
    return render("examples.html.j2", first_split=name, examples=examples, columns=list(examples[0].values))
