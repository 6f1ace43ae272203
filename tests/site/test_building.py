"""The site as files: all of it, or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onebit.site import building
from onebit.site.building import MARKER, DeadLinkError, site_files, write_site
from onebit.site.entries import Entry
from onebit.site.folders import FolderNotWrittenError
from onebit.site.links import dead_links, foreign_requests, html_problems


@pytest.fixture(scope="module")
def files(small: Entry, digits: Entry) -> dict[str, bytes]:
    return site_files([small, digits])


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_there_is(files: dict[str, bytes]) -> None:
    assert {
        *("index.html", "guide/index.html", "reference/index.html", "small_digits/index.html"),
        *("calibrated_digits/croissant.json", "calibrated_digits/page.md", "calibrated_digits/figure.png"),
        "calibrated_digits/files/train-image.npy.xz",
    } <= files.keys()
    assert "small_digits/tfds.md" not in files
    assert list(files) == sorted(files)


def test_every_page_is_sound(files: dict[str, bytes]) -> None:
    pages = {path: content.decode() for path, content in files.items() if path.endswith(".html")}
    assert {path: html_problems(text) for path, text in pages.items() if html_problems(text)} == {}
    assert all(not list(foreign_requests(text)) for text in pages.values())
    assert dead_links(files) == []


def test_the_same_again(files: dict[str, bytes], small: Entry, digits: Entry) -> None:
    assert site_files([Entry(small.builder), Entry(digits.builder)]) == files


def test_the_same_in_every_process(tmp_path: Path) -> None:
    made = []
    for seed in ("1", "2"):  # of the order of sets
        out = tmp_path / seed
        command = [sys.executable, "-m", "onebit", "site", "build", "--without-data", "--out", str(out)]
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True, timeout=60)
        made.append(content_of(out))
    assert made[0] == made[1]


def test_of_the_catalog(tmp_path: Path) -> None:
    entries = building.entries_of_catalog(data_dir=tmp_path)
    assert [entry.name for entry in entries] == ["binarized_mnist", "calibrated_digits"]
    made = site_files(entries)
    assert "binarized_mnist/tfds.md" in made and "binarized_mnist/figure.png" not in made


def test_without_a_guide(small: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building.guide, "find_project", lambda: None)
    made = site_files([small])
    assert b"were not found" in made["guide/index.html"] and b"not part of this build" in made["index.html"]
    assert dead_links(made) == []


def test_a_dead_link_stops_the_build(small: Entry, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("# R\n\n[a](docs/b.md#nowhere)")
    (tmp_path / "docs" / "b.md").write_text("# B")
    with pytest.raises(DeadLinkError, match=r"lead nowhere: guide/index.html -> ../guide/b.html#nowhere"):
        site_files([small], project=tmp_path)


def test_written_and_replaced(files: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "deep" / "site"
    write_site(files, out)
    assert content_of(out) == files
    (out / "old.html").write_text("from an older site")
    write_site(files, out)
    assert content_of(out) == files
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    write_site({"index.html": b"x", MARKER: b""}, tmp_path / "a")
    (tmp_path / "b").mkdir()
    write_site({"index.html": b"x", MARKER: b""}, tmp_path / "b")
    assert content_of(tmp_path / "a") == content_of(tmp_path / "b")


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_not_ours_is_left_alone(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    if kind == "folder":
        out.mkdir()
        (out / "thesis.tex").write_text("years of work")
    elif kind == "file":
        out.write_text("years of work")
    else:
        (tmp_path / "else").mkdir()
        out.symlink_to(tmp_path / "else")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(
        FolderNotWrittenError, match=r"no site that onebit made .* left as it is. Choose another folder: --out"
    ):
        write_site({"index.html": b"x", MARKER: b""}, out)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    write_site({"index.html": b"first", MARKER: b""}, out)
    written = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if self.name == "b.html":
            raise OSError(28, "No space left on device")
        return written(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FolderNotWrittenError, match=r"could not be written: No space left on device. Make room"):
        write_site({"a.html": b"second", "b.html": b"second", MARKER: b""}, out)
    assert content_of(out) == {"index.html": b"first", MARKER: b""}
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_failure_at_the_last_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    write_site({"index.html": b"first", MARKER: b""}, out)
    renamed = Path.rename

    def stop(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise KeyboardInterrupt
        return renamed(self, target)

    monkeypatch.setattr(Path, "rename", stop)
    with pytest.raises(KeyboardInterrupt):
        write_site({"index.html": b"second", MARKER: b""}, out)
    assert content_of(out) == {"index.html": b"first", MARKER: b""}


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FolderNotWrittenError, match="Permission denied"):
        write_site({"index.html": b"x"}, tmp_path / "site")
    tmp_path.chmod(0o700)
