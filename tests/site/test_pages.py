"""Pages in all formats: whole, safe, small, the same again, and without a request to anybody."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from pathlib import Path

import html5lib
import markup
import numpy as np
import pytest

import onebit
from onebit.formats.png import read_png
from onebit.site import places
from onebit.site.entries import Entry
from onebit.site.links import foreign_requests, html_problems
from onebit.site.pages import FORMATS, LARGEST_PAGE, TITLES, examples_table, page


@pytest.fixture(params=["bare", "digits", "small", "hostile"])
def entry(request: pytest.FixtureRequest) -> Entry:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def test_well_formed(entry: Entry) -> None:
    html = page(entry)
    assert html_problems(html) == []
    html5lib.HTMLParser(strict=True).parse(html)
    assert list(foreign_requests(html)) == []
    assert not re.search(r"url\((?!data:)|@import", html)


def test_every_section_has_its_place(entry: Entry) -> None:
    tree = markup.read(page(entry))
    assert [heading.attributes["id"] for heading in tree.all("h2")] == list(TITLES)
    links = [link.attributes["href"] for link in tree.one("nav").all("a")]
    assert links == [f"#{key}" for key in TITLES]
    levels = [int(node.tag[1]) for node in tree.all() if re.fullmatch("h[1-6]", node.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for table in tree.all("table"):
        assert table.one("caption").words
        assert all(cell.attributes.get("scope") in ("col", "row") for cell in table.all("th"))
        assert table.one("thead")


def test_records_cannot_leave_their_place(hostile: Entry) -> None:
    tree = markup.read(page(hostile))
    assert all(
        "onerror" not in image.attributes and image.attributes["src"].startswith("data:") for image in tree.all("img")
    )
    assert len(tree.all("script")) == 2
    assert all(not link.attributes["href"].startswith("javascript") for link in tree.all("a"))
    assert "javascript:alert(1)" in tree.one("main").words  # as text


def test_the_same_again(entry: Entry) -> None:
    again = Entry(entry.builder)
    assert [page(entry, kind) for kind in ("html", "markdown", "croissant")] == [
        page(again, kind) for kind in ("html", "markdown", "croissant")
    ]


def test_small_enough(entry: Entry) -> None:
    assert len(page(entry).encode()) < LARGEST_PAGE


@pytest.mark.real_data
def test_the_real_page(real_prepared: Path) -> None:
    html = page(Entry(onebit.builder("binarized_mnist", data_dir=real_prepared)), root="../")
    assert len(html.encode()) < LARGEST_PAGE
    assert html_problems(html) == [] == list(foreign_requests(html))
    html5lib.HTMLParser(strict=True).parse(html)


def test_the_policy_allows_this_style_and_this_script_alone(small: Entry) -> None:
    tree = markup.read(page(small))
    policy = tree.all("meta", **{"http-equiv": "Content-Security-Policy"})[0].attributes["content"]
    for node in (tree.one("style"), tree.all("script")[-1]):
        digest = base64.b64encode(hashlib.sha256(node.text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert all("style" not in node.attributes for node in tree.all())  # the policy would block it


def test_pictures_show_the_data(small: Entry) -> None:
    tree = markup.read(page(small))
    test = small.statistics.splits["test"]
    mean = next(
        image for image in tree.all("img") if image.attributes["alt"].startswith("Mean of the 50 images of test")
    )
    gray = read_png(base64.b64decode(mean.attributes["src"].partition(",")[2]), max_bytes=28 * 28)
    np.testing.assert_array_equal(gray, 255 - np.round(255 * test.mean / test.mean.max()).astype(np.uint8))
    assert mean.attributes["width"] == "56"


def test_tabs_are_radio_buttons(small: Entry) -> None:
    tree = markup.read(page(small))
    for box, count in zip(tree.all("fieldset"), (5, 3), strict=True):
        buttons = box.all("input", type="radio")
        assert len(buttons) == count == len(box.all("div", **{"class": "panel"}))
        assert [button.attributes["id"] for button in buttons] == [
            label.attributes["for"] for label in box.all("label")
        ]
        assert sum("checked" in button.attributes for button in buttons) == 1
        assert box.one("legend").words


def test_what_is_not_there_is_said(bare: Entry) -> None:
    tree = markup.read(page(bare))
    assert "Type onebit prepare binarized_mnist" in tree.one("p", id="figure").words
    assert tree.one("main").words.count("was not") >= 2 and not tree.all("img")
    assert "Licence: not stated by the source." in tree.one("main").words


def test_no_links_into_a_site_where_there_is_none(small: Entry) -> None:
    alone, placed = markup.read(page(small)), markup.read(page(small, root="../"))
    local = [
        link.attributes["href"] for link in alone.all("a") if not link.attributes["href"].startswith(("#", "http"))
    ]
    assert local == []
    assert [link.attributes["href"] for link in placed.one("nav", **{"class": "site"}).all("a")] == [
        "../index.html",
        "../index.html",
        "../guide/index.html",
        "../reference/index.html",
        *(f"../{place.key}/index.html" for place in places.existing()),
    ]


def test_markdown(digits: Entry, bare: Entry) -> None:
    text = page(digits, "markdown")
    assert "| log_prob | Scalar |  | float64 | log-probability of the image under the generator, in nats |\n" in text
    assert "## Statistics\n\n| Statistic | train | validation | test |\n" in text
    assert "Licence: CC0-1.0." in text
    assert "## Statistics" not in page(bare, "markdown")
    assert "| Licence | not stated by the source |" in page(bare, "markdown")
    assert "`ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d` |" in page(bare, "markdown")


def test_formats(bare: Entry) -> None:
    with pytest.raises(ValueError, match="format 'pdf': choose one of html, markdown, tfds-markdown, croissant"):
        page(bare, "pdf")
    assert len({page(bare, kind) for kind in FORMATS}) == len(FORMATS)


def test_examples_alone(small: Entry, bare: Entry) -> None:
    table = markup.read(examples_table(small)).one("table")
    assert len(markup.rows(table)) == 10
    with pytest.raises(ValueError, match="Type: onebit prepare binarized_mnist"):
        examples_table(bare)


def facts_of(name: str) -> set[str]:
    """Texts that only the record of a data set should have."""
    entry = Entry(onebit.builder(name), with_data=False)
    authors = {author.family for one in entry.publications for author in one.authors if author.is_person}
    files = {split.upstream.name for split in entry.splits if split.upstream}
    counts = {text for split in entry.splits for text in (str(split.num_examples), f"{split.num_examples:,}")}
    sizes = {text for text in (str(entry.info.download_size), str(entry.info.dataset_size)) if "Unknown" not in text}
    return {name, entry.info.homepage, entry.license or "", *authors, *files, *counts, *sizes} - {""}


@pytest.mark.parametrize("name", onebit.list_builders())
def test_nothing_of_a_data_set_is_typed_into_the_site(name: str) -> None:
    facts = facts_of(name)
    assert len(facts) >= 6
    package = Path(onebit.__file__).parent
    for file in [package / "cli" / "site.py", *(package / "site").rglob("*.*")]:
        if file.suffix in (".py", ".j2", ".js", ".json"):
            text = file.read_text(encoding="utf-8")
            # Docstrings and the examples of the help may name one.
            text = re.sub(r'"""(?:[^"\\]|\\.|"(?!""))*"""|examples=\[[^\]]*\]', "", text)
            assert [fact for fact in facts if fact in text] == [], file.name
