"""The page in TFDS's own format."""

from __future__ import annotations

import pytest

from onebit.site import places
from onebit.site.entries import Entry
from onebit.site.places import Place
from onebit.site.tfds_pages import NoTfdsPageError, tfds_markdown


@pytest.mark.real_data
def test_line_for_line(bare: Entry, published: str) -> None:
    assert tfds_markdown(bare) == published


def test_facts_of_the_page(bare: Entry) -> None:
    text = tfds_markdown(bare)
    for line in (
        "# `binarized_mnist`",
        "    *   **`1.0.0`** (default): Initial Release",
        "*   **Download size**: `104.68 MiB`",
        "*   **Dataset size**: `11.68 MiB`",
        "`'validation'` | 10,000",
        "image   | Image        | (28, 28, 1) | uint8 |",
    ):
        assert f"\n{line}\n" in text
    assert text.index("`'test'`") < text.index("`'train'`") < text.index("`'validation'`")  # sorted, as there


def test_links_move_where_there_is_a_site(bare: Entry) -> None:
    moved = Entry(bare.builder, base_url="https://x.org/c")
    before, after = tfds_markdown(bare).splitlines(), tfds_markdown(moved).splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert len(changed) == 6
    for old, new in changed:
        leaderboard = "https://x.org/c/leaderboard/index.html#dataset=binarized_mnist"
        assert leaderboard in new if "paperswithcode" in old else "https://x.org/c/binarized_mnist/" in new
        assert any(gone in old for gone in ("knowyourdata", "paperswithcode", "storage.googleapis", "/catalog/"))


def test_links_move_to_the_explorer_once_it_exists(bare: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = Place("explorer", "Explore", "json", "#tab=STATS&dataset={name}")  # any module that exists
    monkeypatch.setattr(places, "PLACES", (explorer,))
    text = tfds_markdown(Entry(bare.builder, base_url="https://x.org/"))
    assert 'href="https://x.org/explorer/index.html#tab=STATS&dataset=binarized_mnist">\n    Explore in Know' in text
    assert 'href="https://x.org/binarized_mnist/index.html#lineage">' in text


def test_only_of_what_tfds_has(digits: Entry) -> None:
    with pytest.raises(NoTfdsPageError, match=r"calibrated_digits is not a data set of TFDS.*--format markdown"):
        tfds_markdown(digits)
