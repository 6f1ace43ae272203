"""The words of a data set that is described in code, and those that lie beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import stripes

import onebit
from onebit.descriptions import DatasetMetadata, dedented, read_metadata
from onebit.features import FeaturesDict


def test_words_beside_the_code(tmp_path: Path) -> None:
    assert read_metadata(tmp_path) == read_metadata(None) == DatasetMetadata(None, None, [])
    (tmp_path / "README.md").write_text("Stripes, größer.\n", encoding="utf-8")
    (tmp_path / "CITATIONS.bib").write_text("@misc{x}\n")
    (tmp_path / "TAGS.txt").write_text("// no tag here: # a note\ncontent.data-type.image # images\n\n# ml.task.none\n")
    found = read_metadata(tmp_path)
    assert (found.description, found.citation) == ("Stripes, größer.\n", "@misc{x}\n")
    assert found.tags == ["// no tag here:", "content.data-type.image"]


def test_they_win_over_those_in_the_code(tmp_path: Path) -> None:
    code = stripes.source().replace(
        "tfds.core.DatasetInfo(\n            builder=self,", "self.dataset_info_from_configs("
    )
    (tmp_path / "my_stripes.py").write_text(code)
    (tmp_path / "README.md").write_text("From the file.")
    (tmp_path / "TAGS.txt").write_text("content.data-type.image")
    info = onebit.builder(tmp_path / "my_stripes.py").info
    assert (info.description, info.citation) == ("From the file.", "@misc{stripes, title={Stripes}}")
    assert info.tags == ["content.data-type.image"]


class Owner:
    """As much of a builder as a description asks for."""

    name, version, builder_config, release_notes, data_path = (
        "owner",
        "1.0.0",
        None,
        {"1.0.0": "\n  First.\n  "},
        Path("x"),
    )

    @staticmethod
    def package_folder() -> None:
        return None


def described(**arguments: Any) -> onebit.DatasetInfo:
    return onebit.DatasetInfo(builder=Owner(), features=FeaturesDict({"x": "int64"}), **arguments)


def test_what_is_left_out_is_empty() -> None:
    info = described()
    assert (info.description, info.citation, info.homepage, info.license, info.tags) == ("", "", "", None, [])
    assert (info.supervised_keys, info.metadata, info.disable_shuffling, info.config_name) == (None, {}, False, None)
    assert info.release_notes == {"1.0.0": "First."}
    assert info.sizes_in_words == ("nothing to download", "not computed")
    assert "config_name" not in info.as_dict()


def test_licences() -> None:
    assert described(license="CC0-1.0").license == "CC0-1.0"
    assert described(redistribution_info={"license": "MIT"}).license == "MIT"
    assert described(metadata={"draws": 3}).metadata == {"draws": 3}


@pytest.mark.parametrize(("text", "plain"), [(None, ""), ("a", "a"), ("\n    a\n      b\n    ", "a\n  b")])
def test_indentation(text: str | None, plain: str) -> None:
    assert dedented(text) == plain
