"""Lists of sizes and SHA-256, in TFDS's format."""

from __future__ import annotations

from pathlib import Path

import pytest

from onebit.checksums import UrlInfo, parse_checksums, read_checksums, url_info, write_checksums
from onebit.errors import FormatError

SUM = "ab" * 32


def test_lines_of_every_age() -> None:
    text = f"# a note\n\nhttp://a/x y\t3\t{SUM}\tx.txt\r\nhttp://a/b\t4\t{SUM.upper()}\nhttp://a/c d 5 {SUM}\nhttp://e\t6\t{SUM}\t\n"
    assert parse_checksums(text, "here") == {
        "http://a/x y": UrlInfo(3, SUM, "x.txt"),
        "http://a/b": UrlInfo(4, SUM, None),
        "http://a/c d": UrlInfo(5, SUM, None),
        "http://e": UrlInfo(6, SUM, None),
    }


@pytest.mark.parametrize("line", ["http://a", f"http://a\tmany\t{SUM}", "http://a\t3\tabc", f"a\tb\tc\t{SUM}\te"])
def test_lines_that_are_none(tmp_path: Path, line: str) -> None:
    path = tmp_path / "checksums.tsv"
    path.write_text(f"# ok\n{line}\n")
    with pytest.raises(FormatError, match=r"checksums\.tsv, line 2: .* is not an address, a size, a SHA-256"):
        read_checksums(path)


def test_lines_are_added_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "checksums.tsv"
    assert read_checksums(path) == {}
    write_checksums(path, {"http://b": url_info(b"x", "x.txt"), "http://a": UrlInfo(1, SUM, None)})
    write_checksums(path, {"http://a": UrlInfo(2, SUM, "a")})
    assert path.read_text().splitlines() == [
        f"http://a\t2\t{SUM}\ta",
        "http://b\t1\t2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\tx.txt",
    ]
