"""Two kinds of folders do not replace each other. What else there is to say is in test_building.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from onebit.site.folders import FolderNotWrittenError, Kind, write_folder

SITE, ATLAS = Kind(".site", "site", "--out DIR"), Kind(".atlas", "atlas", "--export DIR")


def test_one_kind_does_not_replace_another(tmp_path: Path) -> None:
    write_folder({".site": b"", "a": b"1"}, tmp_path / "x", SITE)
    message = (
        r"x is there and is no atlas that onebit made \(it has no .atlas\); it is left as it is. .*: --export DIR."
    )
    with pytest.raises(FolderNotWrittenError, match=message):
        write_folder({".atlas": b"", "a": b"2"}, tmp_path / "x", ATLAS)
    assert (tmp_path / "x" / "a").read_bytes() == b"1"
    write_folder({".site": b"", "a": b"3"}, tmp_path / "x", SITE)
    assert (tmp_path / "x" / "a").read_bytes() == b"3"
