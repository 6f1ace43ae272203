"""The values of a page, without the page."""

from __future__ import annotations

from pathlib import Path

import pytest
import stripes

import onebit
from onebit.builders import DatasetBuilder
from onebit.errors import NotPreparedError
from onebit.site.building import entries_of_catalog
from onebit.site.entries import Entry, web_address
from onebit.site.pages import page


def test_values_of_the_published_page(bare: Entry) -> None:
    assert bare.chips == ["70,000 images", "28×28", "1 bit a pixel", "6.9 MB packed", "version 1.0.0"]
    assert (
        bare.summary == "A specific binarization of the MNIST images originally used in (Salakhutdinov & Murray, 2008)."
    )
    assert bare.versions == [("1.0.0", True, "Initial Release")]
    assert (str(bare.info.download_size), str(bare.info.dataset_size)) == ("104.68 MiB", "11.68 MiB")
    assert (bare.auto_cached, bare.supervised_keys) == ("Yes", "None")
    assert bare.feature_rows == [("", "FeaturesDict", "", "", ""), ("image", "Image", "(28, 28, 1)", "uint8", "")]
    assert bare.tfds_source_name == "tfds.datasets.binarized_mnist.Builder"
    assert bare.tfds_source_path == "tensorflow_datasets/datasets/binarized_mnist/binarized_mnist_dataset_builder.py"


def test_nothing_is_said_of_a_licence_that_nobody_stated(bare: Entry, digits: Entry) -> None:
    assert (bare.license, bare.license_url, bare.license_text) == (None, None, "not stated by the source")
    assert digits.license_text == "CC0-1.0"
    assert digits.license_url == "https://creativecommons.org/publicdomain/zero/1.0/"


def test_the_year_is_known_where_the_citation_is_of_the_data(bare: Entry, digits: Entry) -> None:
    assert (bare.published, digits.published) == (None, "2026")


def test_a_data_set_without_words_for_its_page(small: Entry) -> None:
    assert (small.words, small.known_issues, small.lineage, small.keywords, small.facts) == ({}, "", "", [], [])
    assert (small.auto_cached, small.supervised_keys) == ("Yes", "('image', 'label')")
    assert small.tfds_module is None


def test_what_is_on_the_disk(small: Entry, prepared: DatasetBuilder) -> None:
    stored = {split.name: split.stored_bytes for split in small.splits}
    assert stored["train"] == sum(path.stat().st_size for path in prepared.data_path.glob("train-*.npy")) > 300 * 98
    assert [split.name for split in small.splits] == ["train", "validation", "test"]
    without = Entry(prepared, with_data=False)
    assert without.statistics is None and without.splits[0].stored_bytes == 0


def test_size_decides_about_the_cache(
    tmp_path: Path, digits: Entry, bare: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert digits.auto_cached == "Unknown"  # TFDS does not have it, so nobody counted its bytes
    monkeypatch.setattr("onebit.site.entries.LARGEST_CACHED", int(bare.info.dataset_size) - 1)
    assert bare.auto_cached == "No"


def test_addresses(tmp_path: Path) -> None:
    builder = onebit.builder("binarized_mnist", data_dir=tmp_path)
    assert Entry(builder).url == builder.info.homepage
    assert Entry(builder, base_url="https://x.org/a").url == "https://x.org/a/binarized_mnist/index.html"
    mirrored = Entry(builder, mirror="http://127.0.0.1:9/m/")
    assert mirrored.upstream_url("http://www.example.org/b/c.amat") == "http://127.0.0.1:9/m/www.example.org/b/c.amat"
    assert Entry(onebit.builder("calibrated_digits", data_dir=tmp_path)).url == "calibrated_digits/index.html"
    with pytest.raises(ValueError, match=r"base_url='x.org': give the address of the site, for example https://"):
        Entry(builder, base_url="x.org")


def test_only_the_web_is_linked() -> None:
    assert [web_address(text) for text in (None, "", "javascript:alert(1)", "/etc", "https://a.b")] == [
        *[None] * 4,
        "https://a.b",
    ]


def test_files_of_the_package(digits: Entry) -> None:
    names = [file.name for file in digits.packaged_files]
    assert "test-image.npy.xz" in names and len(names) == 10
    assert all(file.size == file.path.stat().st_size and len(file.sha256) == 64 for file in digits.packaged_files)


def test_a_data_set_of_ones_own_has_a_page_once_it_is_prepared(tmp_path: Path) -> None:
    (tmp_path / "my_stripes.py").write_text(stripes.source())
    builder = onebit.builder(tmp_path / "my_stripes.py", data_dir=tmp_path)
    with pytest.raises(
        NotPreparedError, match=r"The splits of my_stripes are known once it is prepared\. In Python, type"
    ):
        Entry(builder)
    assert "my_stripes" not in [entry.name for entry in entries_of_catalog(data_dir=tmp_path)]
    builder.download_and_prepare()
    assert "my_stripes" in [entry.name for entry in entries_of_catalog(data_dir=tmp_path)]
    shown = page(Entry(builder), "html")
    assert "two pixels wide" in shown
    assert "Stripes" in page(Entry(builder), "markdown")
