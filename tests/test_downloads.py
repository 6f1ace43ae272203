"""The download manager: what it gets, from where, what it believes, and how it unpacks."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from misbehaving_server import MisbehavingServer, closed_port, content, misleading_variables, status

from onebit import transfers
from onebit.checksums import UrlInfo, read_checksums
from onebit.downloads import ComputeStatsMode, DownloadConfig, DownloadManager, GenerateMode, ManualDataError, Resource
from onebit.errors import FormatError, SourcesExhaustedError
from onebit.formats.archives import ExtractMethod
from onebit.sources import Sources, cache_name

DATA = b"0 1 1 0\n" * 100
OTHER = b"1 1 1 1\n" * 100


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in misleading_variables(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setattr(transfers, "PAUSES", (0.01, 0.01, 0.02))


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        server.routes["/rows.txt"] = content(DATA)
        yield server


def listed(data: bytes, name: str | None = "rows.txt") -> UrlInfo:
    return UrlInfo(len(data), hashlib.sha256(data).hexdigest(), name)


def manager(
    folder: Path,
    url_infos: dict[str, UrlInfo] | None = None,
    *,
    source_dir: Path | None = None,
    mirror: str | None = None,
    instructions: str | None = None,
    checksums_path: Path | None = None,
    **config: Any,
) -> DownloadManager:
    sources = Sources("rows", source_dir=source_dir, site_mirror=mirror, cache_dir=folder)
    return DownloadManager(
        sources,
        download_dir=folder,
        url_infos=url_infos or {},
        source_dir=source_dir,
        instructions=instructions,
        checksums_path=checksums_path,
        config=DownloadConfig(**config),
    )


# Downloading ---------------------------------------------------------------------------------------------------------


def test_structures_keep_their_form(server: MisbehavingServer, tmp_path: Path) -> None:
    server.routes["/b"] = content(OTHER)
    first, second = server.url("/rows.txt"), server.url("/b")
    dl = manager(tmp_path)
    assert dl.download(first).read_bytes() == DATA
    found = dl.download({"train": first, "rest": [second, Resource(url=first)]})
    assert found["train"].read_bytes() == DATA
    assert [path.read_bytes() for path in found["rest"]] == [OTHER, DATA]
    assert len(server.requests) == 2  # each once
    assert (dl.download_dir, dl.downloaded_size, dl.register_checksums) == (tmp_path, 1600, False)
    assert dl.origins[first] == f"{first}, SHA-256 {hashlib.sha256(DATA).hexdigest()}"


def test_what_is_kept_is_not_fetched_again(server: MisbehavingServer, tmp_path: Path) -> None:
    url = server.url("/rows.txt")
    path = manager(tmp_path, {url: listed(DATA)}).download(url)
    assert path == tmp_path / cache_name(url)
    assert manager(tmp_path, {url: listed(DATA)}).download(url).read_bytes() == DATA
    assert len(server.requests) == 1
    path.write_bytes(OTHER)  # somebody has been at it
    assert manager(tmp_path, {url: listed(DATA)}).download(url).read_bytes() == DATA
    assert len(server.requests) == 2
    manager(tmp_path, {url: listed(DATA)}, download_mode=GenerateMode.FORCE_REDOWNLOAD).download(url)
    assert len(server.requests) == 3


def test_another_file_than_the_listed_one_is_refused(server: MisbehavingServer, tmp_path: Path) -> None:
    url = server.url("/rows.txt")
    with pytest.raises(SourcesExhaustedError) as caught:
        manager(tmp_path, {url: listed(OTHER[:-1])}).download(url)
    assert "the server announces 800 bytes, but 799 were expected" in str(caught.value)
    with pytest.raises(SourcesExhaustedError) as caught:
        manager(tmp_path, {url: listed(OTHER)}).download(url)
    text = str(caught.value)
    assert f"it has 800 bytes with the SHA-256 {hashlib.sha256(DATA).hexdigest()}; checksums.tsv has 800 bytes" in text
    assert f"rows.txt, 800 bytes, SHA-256 {hashlib.sha256(OTHER).hexdigest()}" in text
    assert "onebit prepare rows --from DIR" in text
    assert not list(tmp_path.glob("*rows*"))


def test_nothing_is_known_of_it_and_it_is_not_there(tmp_path: Path, server: MisbehavingServer) -> None:
    server.routes["/gone"] = status(404)
    dead = f"http://127.0.0.1:{closed_port()}/rows.txt"
    for url, reason in ((server.url("/gone"), "the server answered 404 Not Found"), (dead, "connection refused")):
        with pytest.raises(SourcesExhaustedError, match=reason):
            manager(tmp_path).download(url)


def test_addresses_that_must_be_listed(server: MisbehavingServer, tmp_path: Path) -> None:
    url = server.url("/rows.txt")
    with pytest.raises(
        ValueError, match=rf"^Missing checksums url: {url}, yet `force_checksums_validation=True`\. Did yo"
    ):
        manager(tmp_path, force_checksums_validation=True).download(url)
    assert not server.requests


def test_checksums_are_written_down(server: MisbehavingServer, tmp_path: Path) -> None:
    path = tmp_path / "checksums.tsv"
    path.write_text(f"http://example.org/a\t3\t{'0' * 64}\ta\n")
    url = server.url("/rows.txt")
    dl = manager(tmp_path / "kept", {url: listed(OTHER)}, checksums_path=path, register_checksums=True)
    dl.download(url)
    assert read_checksums(path) == {
        "http://example.org/a": UrlInfo(3, "0" * 64, "a"),
        url: UrlInfo(len(DATA), hashlib.sha256(DATA).hexdigest(), "rows.txt"),
    }
    with pytest.raises(ValueError, match=r"the code lies in no folder that could hold checksums\.tsv"):
        manager(tmp_path, register_checksums=True)


def test_a_list_that_is_downloaded(server: MisbehavingServer, tmp_path: Path) -> None:
    url = server.url("/rows.txt")
    server.routes["/sums"] = content(f"{url}\t800\t{hashlib.sha256(OTHER).hexdigest()}\n".encode())
    dl = manager(tmp_path)
    dl.download_checksums(server.url("/sums"))
    with pytest.raises(SourcesExhaustedError, match=r"checksums\.tsv has 800 bytes"):
        dl.download(url)


@pytest.mark.parametrize("wrong", [None, 3, Path("rows.txt")])
def test_what_is_no_address(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"is not an address such as 'https://example\.org/train\.npy'"):
        manager(tmp_path).download(wrong)


# The user's own files --------------------------------------------------------------------------------------------


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


def test_a_file_of_the_users_is_used_where_it_lies(mine: Path, tmp_path: Path) -> None:
    (mine / "rows.txt").write_bytes(DATA)
    url = f"http://127.0.0.1:{closed_port()}/x/rows.txt"
    for infos in ({url: listed(DATA)}, {}):
        dl = manager(tmp_path / "kept", infos, source_dir=mine)
        assert dl.download(url) == mine / "rows.txt"
        assert dl.origins[url].startswith(f"the file {mine / 'rows.txt'}, SHA-256")
        assert dl.downloaded_size == 800
    assert manager(tmp_path / "kept", {url: listed(DATA)}, manual_dir=mine).download(url) == mine / "rows.txt"
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(("ending", "compress"), [("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)])
def test_a_compressed_file_of_the_users(mine: Path, tmp_path: Path, ending: str, compress: Any) -> None:
    (mine / f"rows.txt.{ending}").write_bytes(compress(DATA))
    url = f"http://127.0.0.1:{closed_port()}/rows.txt"
    path = manager(tmp_path / "kept", {url: listed(DATA)}, source_dir=mine).download(url)
    assert (path.parent, path.read_bytes()) == (tmp_path / "kept", DATA)


def test_a_wrong_file_of_the_users_is_passed_over(
    server: MisbehavingServer, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mine / "rows.txt").write_bytes(OTHER)
    url = server.url("/rows.txt")
    path = manager(tmp_path / "kept", {url: listed(DATA)}, source_dir=mine).download(url)
    assert path.read_bytes() == DATA
    assert (mine / "rows.txt").read_bytes() == OTHER
    assert f"{mine / 'rows.txt'} was not used: it has 800 bytes" in capsys.readouterr().err


def test_a_site_mirror(server: MisbehavingServer, tmp_path: Path) -> None:
    server.routes["/example.org/rows.txt"] = content(DATA)
    url = "http://example.org/rows.txt"
    dl = manager(tmp_path, {url: listed(DATA)}, mirror=server.url(""))
    assert dl.download(url).read_bytes() == DATA
    assert "the site mirror" in dl.origins[url]


def test_files_that_somebody_puts_there_by_hand(mine: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="please set `MANUAL_DOWNLOAD_INSTRUCTIONS` in your dataset"):
        _ = manager(tmp_path).manual_dir
    words = "Sign up at example.org and get rows.txt."
    indented = f"\n    {words}\n    "  # as in code
    for dl in (manager(tmp_path, instructions=indented), manager(tmp_path, source_dir=mine, instructions=words)):
        with pytest.raises(
            ManualDataError, match=rf"does not exist or is empty\. .* instructions:\n{words}\nFor another"
        ):
            _ = dl.manual_dir
    (mine / "rows.txt").write_bytes(DATA)
    assert manager(tmp_path, source_dir=mine, instructions=words).manual_dir == mine
    assert manager(tmp_path, manual_dir=str(mine), instructions=words).manual_dir == mine
    (tmp_path / "manual").mkdir()
    (tmp_path / "manual" / "a").touch()
    assert manager(tmp_path, instructions=words).manual_dir == tmp_path / "manual"


def test_kaggle(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match=r"Download 'me/rows' by hand, set MANUAL_DOWNLOAD_INSTRUCTIONS"):
        manager(tmp_path).download_kaggle_data("me/rows")


# Archives --------------------------------------------------------------------------------------------------------


def tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_download_and_extract(server: MisbehavingServer, tmp_path: Path) -> None:
    server.routes["/all.tar.gz"] = content(tar({"a/rows.txt": DATA, "b.txt": OTHER}))
    server.routes["/one.gz"] = content(gzip.compress(DATA))
    server.routes["/get"] = content(zipped({"c.txt": DATA}))
    dl = manager(tmp_path)
    found = dl.download_and_extract(
        {
            "all": server.url("/all.tar.gz"),
            "one": server.url("/one.gz"),
            "zip": Resource(url=server.url("/get"), extract_method=ExtractMethod.ZIP),
            "plain": server.url("/rows.txt"),
        }
    )
    assert (found["all"] / "a" / "rows.txt").read_bytes() == DATA
    assert found["one"].read_bytes() == DATA
    assert (found["zip"] / "c.txt").read_bytes() == DATA
    assert found["plain"].read_bytes() == DATA
    assert [path.name for path in dl.iter_files([found["all"], found["plain"]])] == [
        "rows.txt", "b.txt", found["plain"].name,
    ]  # fmt: skip
    with pytest.raises(FileNotFoundError, match="is neither a file nor a folder"):
        list(dl.iter_files(tmp_path / "nowhere"))


def test_an_archive_is_unpacked_once_for_each_content(tmp_path: Path) -> None:
    archive = tmp_path / "all.zip"
    archive.write_bytes(zipped({"a.txt": DATA}))
    first = manager(tmp_path / "kept").extract(archive)
    (first / "a.txt").write_bytes(b"marked")
    assert (manager(tmp_path / "kept").extract(str(archive)) / "a.txt").read_bytes() == b"marked"
    forced = manager(tmp_path / "kept", download_mode=GenerateMode.FORCE_REDOWNLOAD)
    assert (forced.extract(archive) / "a.txt").read_bytes() == DATA
    archive.write_bytes(zipped({"a.txt": OTHER}))
    second = manager(tmp_path / "kept").extract(archive)
    assert (second / "a.txt").read_bytes() == OTHER
    assert second != first
    elsewhere = manager(tmp_path / "kept", extract_dir=tmp_path / "elsewhere").extract([archive])
    assert elsewhere[0].parent == tmp_path / "elsewhere"


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "all.tar.gz"
    archive.write_bytes(tar({"a.txt": os.urandom(5000)})[:-2000])
    with pytest.raises(FormatError, match=r"all\.tar\.gz is no sound TAR_GZ archive"):
        manager(tmp_path / "kept").extract(archive)
    assert not list((tmp_path / "kept" / "extracted").iterdir())


def test_archives_are_read_without_unpacking(tmp_path: Path) -> None:
    archive = tmp_path / "all.tar.gz"
    archive.write_bytes(tar({"a.txt": DATA, "b.txt": OTHER}))
    dl = manager(tmp_path)
    for resource in (archive, str(archive), Resource(path=archive, extract_method=ExtractMethod.TAR_STREAM)):
        assert {name: file.read() for name, file in dl.iter_archive(resource)} == {"a.txt": DATA, "b.txt": OTHER}
    with pytest.raises(ValueError, match="has no path yet: download it first"):
        dl.extract(Resource(url="http://example.org/a.zip"))
    with pytest.raises(ValueError, match=r"the address of a file \(url=\) or its place"):
        Resource()


def test_settings_of_tfds() -> None:
    config = DownloadConfig(num_shards=3, try_download_gcs=False, compute_stats=ComputeStatsMode.SKIP)
    assert config.replace(register_checksums=True).num_shards == 3
    assert GenerateMode("force_redownload") is GenerateMode.FORCE_REDOWNLOAD
    for wrong, text in (
        ({"beam_runner": "DirectRunner"}, "onebit does not run Apache Beam. Leave them out"),
        ({"verify_ssl": False}, "certificates are always checked. Get the file in another way, and put it into"),
        ({"download_mode": "all"}, "download_mode='all': give one of reuse_dataset_if_exists, update_dataset_info, "),
        ({"max_examples_per_split": 0}, r"max_examples_per_split=0\): give 1 or more"),
    ):
        with pytest.raises(ValueError, match=text):
            DownloadConfig(**wrong)  # type: ignore[arg-type]
