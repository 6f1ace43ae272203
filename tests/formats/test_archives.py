"""Archives: members, hostile names, damage, bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from onebit.errors import FormatError
from onebit.formats import archives
from onebit.formats.archives import ExtractMethod, extract, guess_method, iter_archive

NAMES = ["a.txt", "dir/b.txt", "dir/deeper/c.txt"]
HOSTILE = [
    "../out.txt",
    "/etc/out.txt",
    "dir/../../out.txt",
    ".hidden",
    "dir/.hidden",
    "backup~",
    "C:/out.txt",
    "..\\x",
]


def write_tar(path: Path, names: list[str], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo(f"special{kind!r}")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    return path


def write_zip(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("empty")
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), name)
    return path


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("a.tar.gz", "TAR_GZ"), ("a.tgz", "TAR_GZ"), ("a.tar", "TAR"), ("a.tar.bz2", "TAR"), ("a.tbz2", "TAR"),
        ("a.zip", "ZIP"), ("a.gz", "GZIP"), ("a.bz2", "BZIP2"), ("a.npy", "NO_EXTRACT"), ("tar", "NO_EXTRACT"),
    ],
)  # fmt: skip
def test_kinds_by_name(name: str, method: str) -> None:
    assert guess_method(name).name == method


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.bz2", "zip"])
def test_members_and_nothing_that_leads_out(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    names = NAMES + HOSTILE
    if kind == "zip":
        write_zip(path, names)
    else:
        write_tar(path, names, {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2"}[kind])
    assert {name: file.read().decode() for name, file in iter_archive(path)} == {name: name for name in NAMES}
    target = tmp_path / "folder" / "unpacked"
    extract(path, guess_method(path.name), target)
    assert sorted(str(file.relative_to(target)) for file in target.rglob("*") if file.is_file()) == NAMES
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name, "folder"]
    assert [file.name for file in target.parent.iterdir()] == ["unpacked"]


@pytest.mark.parametrize(("kind", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_single_files(tmp_path: Path, kind: str, compress: object) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(compress(b"rows"))  # type: ignore[operator]
    assert [(name, file.read()) for name, file in iter_archive(path)] == [("", b"rows")]
    extract(path, guess_method(path.name), tmp_path / "rows")
    assert (tmp_path / "rows").read_bytes() == b"rows"


def test_streams(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a", NAMES, "w:gz")
    for method in (ExtractMethod.TAR_STREAM, ExtractMethod.TAR_GZ_STREAM, ExtractMethod.TAR_GZ):
        assert [name for name, _ in iter_archive(path, method)] == NAMES


def test_what_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"Cannot `iter_archive` over a\.npy\. .* known endings are \.tar\.gz, .*Resource"
    ):
        list(iter_archive("a.npy"))
    for name in ("a.zip", "a.tar", "a.tar.gz", "a.gz", "a.bz2"):
        (tmp_path / name).write_bytes(b"something else")
        with pytest.raises(FormatError, match=r"is no sound \w+ archive"):
            extract(tmp_path / name, guess_method(name), tmp_path / "out")
        assert not (tmp_path / "out").exists()
    assert len(list(tmp_path.iterdir())) == 5


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 10_000)
    monkeypatch.setattr(archives, "_BLOCK_BYTES", 1000)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(1_000_000)))
    with pytest.raises(FormatError, match="expands to more than the 10,000 bytes that are allowed"):
        extract(path, ExtractMethod.GZIP, tmp_path / "out")
    assert [file.name for file in tmp_path.iterdir()] == ["a.gz"]


def test_two_at_once_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_zip(tmp_path / "a.zip", NAMES)
    target = tmp_path / "out"

    def slow(*args: object, **kwargs: object) -> object:
        if not target.exists():  # the other one is just ahead
            monkeypatch.undo()
            extract(path, ExtractMethod.ZIP, target)
        return iter_archive(path, ExtractMethod.ZIP)

    monkeypatch.setattr(archives, "iter_archive", slow)
    extract(path, ExtractMethod.ZIP, target)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.zip", "out"]
