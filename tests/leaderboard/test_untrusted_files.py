"""Files that strangers name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onebit.errors import FormatError
from onebit.leaderboard.untrusted_files import is_plain, read_beside, read_regular


@pytest.mark.parametrize("name", ["a.npy", "made-16_b.npy", "modèle.npy", "模型.npy", "a..b"])
def test_plain_names(name: str) -> None:
    assert is_plain(name)


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", ".hidden", "../x.npy", "/etc/passwd", "a/b", "a\\b", "C:x", "x:stream", "a\0b", "a\nb", "~",
        "a b", "nul", "NUL.npy", "com1.npy", "x" * 201, None, 5, ["a"], "\u202ea", "a*",
    ],
)  # fmt: skip
def test_names_that_are_not_plain(name: object, tmp_path: Path) -> None:
    assert not is_plain(name)
    with pytest.raises(FormatError, match="has a plain name"):
        read_beside(tmp_path / "x.json", name, max_bytes=10)


def test_a_file_beside_another(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"12345")
    assert read_beside(tmp_path / "x.json", "a.npy", max_bytes=5) == b"12345"
    with pytest.raises(FormatError, match="has 5 bytes; at most 4 are allowed"):
        read_beside(tmp_path / "x.json", "a.npy", max_bytes=4)
    with pytest.raises(FileNotFoundError):
        read_beside(tmp_path / "x.json", "b.npy", max_bytes=4)


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"1")
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "a.npy").symlink_to(secret)
    with pytest.raises(FormatError, match="is a link"):
        read_beside(folder / "x.json", "a.npy", max_bytes=5)
    assert read_regular(folder / "a.npy", max_bytes=5) == b"1"  # what the user names himself may be one


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises((FormatError, IsADirectoryError)):
            read_beside(tmp_path / "x.json", name, max_bytes=5)  # and does not wait for a writer
    with pytest.raises(FormatError, match="is no file, but something else"):
        read_regular(Path("/dev/zero"), max_bytes=5)
