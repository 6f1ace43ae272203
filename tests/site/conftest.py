"""Pages of a small data set, of the real ones, and of a hostile one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_digits

import onebit
from onebit.builders import DatasetBuilder
from onebit.explorer import bundle
from onebit.metadata import SplitRecord
from onebit.site.entries import Entry

HOSTILE = '</script><img src=x onerror="alert(1)">&amp;'


@pytest.fixture(autouse=True, scope="package")
def no_front_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The explorer's front end may be built on this machine or not; these pages are those without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "FOLDER", tmp_path_factory.mktemp("no-bundle"))
        yield


@pytest.fixture(scope="session")
def small(prepared: DatasetBuilder) -> Entry:
    """``small_digits``, prepared."""
    return Entry(prepared)


@pytest.fixture
def bare(tmp_path: Path) -> Entry:
    """binarized_mnist where it is not prepared: everything about it comes from its record."""
    return Entry(onebit.builder("binarized_mnist", data_dir=tmp_path))


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    """calibrated_digits, prepared: it comes with the package."""
    builder = onebit.builder("calibrated_digits", data_dir=tmp_path_factory.mktemp("digits"))
    builder.download_and_prepare()
    return Entry(builder)


@pytest.fixture(scope="session")
def published(real_data: Path) -> str:
    """The page as TFDS publishes it, where a copy lies beside the real data."""
    page = real_data.parent / "reference" / "catalog_page.md"
    if not page.is_file():
        pytest.skip(f"{page} is not there")
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    """A prepared data set whose record tries to leave its place in the page, in every field."""
    folder = tmp_path_factory.mktemp("record") / "hostile"
    small_digits.write_record(
        folder,
        features={
            "image": {"class": "Image", "shape": [4, 5, 1], "dtype": "uint8", "doc": HOSTILE},
            "weight": {"class": "Scalar", "shape": [], "dtype": "float64", "doc": "a | b"},
        },
        splits={"train": {"num_examples": 9}},
        supervised_keys=None,
        homepage="javascript:alert(1)",
        license=HOSTILE,
        release_notes={"1.2.3": HOSTILE},
        metadata={"a": {HOSTILE: HOSTILE}},
    )
    (folder / "README.md").write_text(f"An image {HOSTILE} and words enough for a description of it.")
    (folder / "CITATION.bib").write_text("@misc{it, title={" + HOSTILE + "}, author={A and {B " + HOSTILE + "}}}")
    (folder / "KNOWN_ISSUES.md").write_text(
        f"## {HOSTILE}\n\n{HOSTILE} [away](javascript:alert(1))\n\n## Other\n\ntext"
    )
    (folder / "LINEAGE.md").write_text(f"1. {HOSTILE}")
    (folder / "page.json").write_text('{"keywords": ["</script>"], "license_url": "javascript:alert(1)"}')

    class Builder(DatasetBuilder):
        def read_split(self, split: SplitRecord, sources: Any) -> tuple[Mapping[str, Any], str]:
            images = np.random.default_rng(3).integers(0, 2, (9, 4, 5, 1), np.uint8)
            return {"image": images, "weight": np.arange(9.0)}, "made here"

    Builder.folder = folder
    builder = Builder(data_dir=tmp_path_factory.mktemp("hostile"))
    builder.download_and_prepare()
    return Entry(builder)
