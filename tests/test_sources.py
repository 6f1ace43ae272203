"""Where files come from, in which order, and what is said when they come from nowhere."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from misbehaving_server import (
    Behaviour,
    MisbehavingServer,
    closed_port,
    content,
    dripping,
    endless,
    gzip_bomb,
    gzipped,
    in_turn,
    misleading_variables,
    redirect,
    reset,
    status,
    truncated,
)

from onebit import sources, transfers
from onebit.errors import FormatError, MissingDependencyError, SourcesExhaustedError, WrongDataError
from onebit.sources import Location, SourceFile, Sources, cache_name, site_mirror_url
from onebit.transfers import Deadline

DATA = random.Random(3).randbytes(100_000)
WRONG = random.Random(4).randbytes(100_000)
FILE = SourceFile("rows_train.amat", len(DATA), hashlib.sha256(DATA).hexdigest())
NAMES = ("rows_train.amat", "rows_train.amat.gz", "rows.npz")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in misleading_variables(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setattr(transfers, "PAUSES", (0.01, 0.01, 0.02))


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "downloads"  # not made before it is needed


def accept(data: bytes) -> bytes:
    """What a builder does: undoes the container, then compares with what was published."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if len(data) != FILE.size:
        raise FormatError(f"has {len(data):,} bytes instead of {FILE.size:,}.")
    if hashlib.sha256(data).hexdigest() != FILE.sha256:
        raise WrongDataError("the images are not the published ones\n(SHA-256 differs)")
    return data


def places(server: MisbehavingServer, *paths: str) -> list[Location]:
    return [Location(server.url(path), FILE.size) for path in paths]


def obtain(origins: Sources, locations: list[Location]) -> tuple[bytes, str]:
    return origins.obtain(FILE, locations=locations, accept=accept, local_names=NAMES)


def failure(origins: Sources, locations: list[Location]) -> list[str]:
    """The lines of the error after the first, up to the advice."""
    with pytest.raises(SourcesExhaustedError) as caught:
        obtain(origins, locations)
    first, *lines = str(caught.value).splitlines()
    assert first == "rows_train.amat could not be obtained. Tried:"
    end = lines.index("What to do by hand: get the file on any machine,")
    return [line.removeprefix("  ") for line in lines[:end]]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


class TestOrder:
    def test_folder_cache_mirror_and_public_places_in_turn(
        self, server: MisbehavingServer, tmp_path: Path, cache: Path
    ) -> None:
        locations = places(server, "/1", "/2")
        mirrored = [f"/mirror/{server.host}/{n}" for n in (1, 2)]
        folder = tmp_path / "mine"
        folder.mkdir()
        for name in NAMES:
            (folder / name).write_bytes(WRONG)
        cache.mkdir()
        for location in locations:
            (cache / cache_name(location.url)).write_bytes(WRONG)
        mirror = server.url("/mirror/", user="me:secret@")
        with Sources("rows", source_dir=folder, site_mirror=mirror, cache_dir=cache) as origins:
            lines = failure(origins, locations)
        assert server.targets() == [*mirrored, "/1", "/2"]
        wrong = "the images are not the published ones (SHA-256 differs)"
        missing = "the server answered 404 Not Found"
        assert lines == [
            *(f"{folder / name}: {wrong}" for name in NAMES),
            *(f"{cache / cache_name(place.url)} (download cache): {wrong}" for place in locations),
            *(f"{server.url(path)}: {missing}" for path in mirrored),  # without the password
            *(f"{place.url}: {missing}" for place in locations),
        ]

    def test_the_first_place_with_the_right_data_is_the_last_that_is_asked(self, server: MisbehavingServer) -> None:
        server.routes["/1"] = content(WRONG)
        server.routes["/2"] = content(DATA)
        with Sources("rows") as origins:
            assert obtain(origins, places(server, "/1", "/2", "/3")) == (DATA, server.url("/2"))
        assert server.targets() == ["/1", "/2"]

    def test_a_container_of_another_size(self, server: MisbehavingServer, cache: Path) -> None:
        packed = gzip.compress(DATA + b"", mtime=0)
        server.routes["/packed"] = content(packed)
        location = Location(server.url("/packed"), len(packed))
        with Sources("rows", cache_dir=cache) as origins:
            assert obtain(origins, [location])[0] == DATA
        assert (cache / cache_name(location.url)).read_bytes() == packed  # as served

    def test_no_place_at_all(self) -> None:
        with Sources("rows") as origins:
            assert failure(origins, []) == ["nothing: no place is known"]


class TestFolder:
    @pytest.mark.parametrize(
        ("name", "data"),
        [(NAMES[0], DATA), (NAMES[1], gzip.compress(DATA)), (NAMES[2], gzip.compress(DATA, 1))],
    )
    def test_any_form_is_taken_without_a_request(
        self, server: MisbehavingServer, tmp_path: Path, cache: Path, name: str, data: bytes
    ) -> None:
        (tmp_path / name).write_bytes(data)
        with Sources("rows", source_dir=str(tmp_path), cache_dir=cache) as origins:
            assert obtain(origins, places(server, "/1")) == (DATA, f"the file {tmp_path / name}")
            assert origins.warnings == []
        assert server.requests == []
        assert not cache.exists()  # the user's file is not copied

    def test_a_wrong_file_is_passed_over_named_and_left_alone(
        self, server: MisbehavingServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / NAMES[0]
        path.write_bytes(DATA[:-1])
        server.routes["/1"] = content(DATA)
        with Sources("rows", source_dir=tmp_path) as origins:
            assert obtain(origins, places(server, "/1")) == (DATA, server.url("/1"))
        warning = f"{path} was not used: has 99,999 bytes instead of 100,000"
        assert origins.warnings == [warning]
        assert f"Warning: {warning}.\n" in capfd.readouterr().err
        assert path.read_bytes() == DATA[:-1]

    def test_what_a_folder_may_lack(self, tmp_path: Path) -> None:
        file = tmp_path / "rows"
        file.write_bytes(DATA)
        empty = tmp_path / "empty"
        empty.mkdir()
        for folder, reason in [
            (empty, "holds none of rows_train.amat, rows_train.amat.gz, rows.npz"),
            (tmp_path / "missing", "no such folder"),
            (file, "is a file; give the folder that holds it"),
        ]:
            with Sources("rows", source_dir=folder) as origins:
                assert failure(origins, []) == [f"{folder}: {reason}"]

    def test_what_is_no_file_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / NAMES[0]).mkdir()
        os.mkfifo(tmp_path / NAMES[1])  # reading it would wait for ever
        (tmp_path / NAMES[2]).symlink_to(tmp_path / "nowhere")
        with Sources("rows", source_dir=tmp_path) as origins:
            assert failure(origins, []) == [f"{tmp_path / name}: is no regular file" for name in NAMES]

    def test_a_link_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").write_bytes(DATA)
        (tmp_path / NAMES[0]).symlink_to(tmp_path / "elsewhere")
        with Sources("rows", source_dir=tmp_path) as origins:
            assert obtain(origins, [])[0] == DATA

    def test_a_huge_file_is_not_read(self, tmp_path: Path) -> None:
        with (tmp_path / NAMES[0]).open("wb") as stream:
            stream.truncate(sources.MAX_LOCAL_BYTES + 1)  # takes no room on the disk
        with Sources("rows", source_dir=tmp_path) as origins:
            reason = "has 1,073,741,825 bytes, more than the 1,073,741,824 allowed"
            assert failure(origins, []) == [f"{tmp_path / NAMES[0]}: {reason}"]

    def test_the_home_folder_may_be_abbreviated(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / NAMES[0]).write_bytes(DATA)
        with Sources("rows", source_dir="~") as origins:
            assert obtain(origins, [])[0] == DATA


class TestCache:
    def test_a_download_is_kept_and_used_again(self, server: MisbehavingServer, cache: Path) -> None:
        locations = places(server, "/a/rows.amat")
        server.routes["/a/rows.amat"] = in_turn(content(DATA), status(404))
        for expected in (
            locations[0].url,
            f"the download cache, {cache / cache_name(locations[0].url)}, from ",
        ):
            with Sources("rows", cache_dir=cache) as origins:
                data, origin = obtain(origins, locations)
            assert data == DATA
            assert origin.startswith(expected)
        assert len(server.requests) == 1
        assert names(cache) == [cache_name(locations[0].url)]

    def test_a_download_through_a_mirror_serves_without_it(self, server: MisbehavingServer, cache: Path) -> None:
        locations = places(server, "/rows.amat")
        path = f"/m/{server.host}/rows.amat"
        server.routes[path] = content(DATA)
        with Sources("rows", cache_dir=cache, site_mirror=server.url("/m")) as origins:
            assert obtain(origins, locations) == (DATA, f"the site mirror, {server.url(path)}")
        with Sources("rows", cache_dir=cache, allow_network=False) as origins:
            assert obtain(origins, locations)[0] == DATA
        assert server.targets() == [path]

    @pytest.mark.parametrize("bad", [WRONG, DATA[:-1], DATA + b"x", b""])
    def test_a_bad_file_of_ours_is_removed_and_replaced(
        self, server: MisbehavingServer, cache: Path, bad: bytes, capfd: pytest.CaptureFixture[str]
    ) -> None:
        locations = places(server, "/rows.amat")
        server.routes["/rows.amat"] = content(DATA)
        cache.mkdir()
        path = cache / cache_name(locations[0].url)
        path.write_bytes(bad)
        with Sources("rows", cache_dir=cache) as origins:
            assert obtain(origins, locations) == (DATA, locations[0].url)
        assert path.read_bytes() == DATA
        assert len(origins.warnings) == 1
        assert origins.warnings[0].startswith(f"{path} was not the published file and has been removed: ")
        assert origins.warnings[0] in capfd.readouterr().err

    def test_a_bad_file_is_gone_even_if_nothing_replaces_it(self, server: MisbehavingServer, cache: Path) -> None:
        locations = places(server, "/rows.amat")
        cache.mkdir()
        (cache / cache_name(locations[0].url)).write_bytes(WRONG)
        with Sources("rows", cache_dir=cache) as origins:
            assert len(failure(origins, locations)) == 2
        assert names(cache) == []

    def test_a_file_that_could_not_be_read_is_kept(
        self, server: MisbehavingServer, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        locations = places(server, "/rows.amat")
        cache.mkdir()
        path = cache / cache_name(locations[0].url)
        path.write_bytes(DATA)

        def out_of_order(data: bytes) -> bytes:
            raise OSError(28, "No space left on device")

        text = r"\(download cache\): No space left on device\n"
        origins = Sources("rows", cache_dir=cache, allow_network=False)
        with origins, pytest.raises(SourcesExhaustedError, match=text):
            origins.obtain(FILE, locations=locations, accept=out_of_order, local_names=NAMES)
        assert path.read_bytes() == DATA

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            (status(404), "the server answered 404 Not Found"),
            (truncated(DATA, 5000), "cut short after 5,000 of 100,000 bytes"),
            (content(WRONG), "the images are not the published ones (SHA-256 differs)"),
            (dripping(DATA, 0.02), "too slow: "),
            (endless(), "the server sends more than the 100,000 bytes expected"),
            (redirect("/f"), "the server redirects more than 5 times"),
            (redirect("file:///etc/hostname"), "the server redirects to file: and only http: and https: are"),
            (reset(), "the connection to "),
            (reset(DATA, 5000), "cut short after 5,000 of 100,000 bytes"),
            (gzip_bomb(1 << 28), "the server sends more than the 100,000 bytes expected"),
            (gzipped(DATA[:5000]), "cut short after 5,000 of 100,000 bytes"),
            (content(DATA, content_length=99), "the server announces 99 bytes, but 100,000 were expected"),
            (
                content(DATA, content_length=10**6),
                "the server announces 1,000,000 bytes, but 100,000 were expected",
            ),
            (
                status(503, retry_after=3600),
                "the server answered 503 Service Unavailable and asks to come back",
            ),
        ],
    )
    def test_a_failed_download_leaves_nothing_and_the_next_place_is_tried(
        self, server: MisbehavingServer, cache: Path, behaviour: Behaviour, reason: str
    ) -> None:
        server.routes["/f"] = behaviour
        server.routes["/good"] = gzipped(DATA)
        with Sources("rows", cache_dir=cache, place_seconds=0.5) as origins:
            (line,) = failure(origins, places(server, "/f"))
            assert line.startswith(f"{server.url('/f')}: {reason}")
            assert names(cache) == []
            locations = places(server, "/f", "/good")
            assert obtain(origins, locations) == (DATA, server.url("/good"))
        assert names(cache) == [cache_name(server.url("/good"))]
        assert (cache / names(cache)[0]).read_bytes() == DATA

    def test_a_cache_that_cannot_be_made_costs_a_warning(
        self, server: MisbehavingServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "file"
        file.write_text("")
        server.routes["/1"] = content(DATA)
        with Sources("rows", cache_dir=file / "downloads") as origins:
            assert obtain(origins, places(server, "/1"))[0] == DATA
        assert origins.warnings == [
            f"the download could not be kept in {file / 'downloads'}: Not a directory. It is used all the "
            "same, and will be downloaded again when it is next needed"
        ]
        assert origins.warnings[0] in capfd.readouterr().err

    def test_a_folder_in_the_way_costs_a_warning(self, server: MisbehavingServer, cache: Path) -> None:
        server.routes["/1"] = content(DATA)
        blocked = cache / cache_name(server.url("/1"))
        (blocked / "x").mkdir(parents=True)
        with Sources("rows", cache_dir=cache) as origins:
            assert obtain(origins, places(server, "/1"))[0] == DATA
        assert len(origins.warnings) == 1
        assert names(cache) == [blocked.name]  # no temporary file

    def test_a_full_disk_costs_a_warning(self, server: MisbehavingServer, cache: Path) -> None:
        """A limit on the size of files stands for the disk; it holds for a process, hence another one."""
        server.routes["/1"] = content(DATA)
        script = (
            "import resource, sys\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
            "from onebit.sources import *\n"
            "from onebit.sources import Location, SourceFile, Sources\n"
            "file = SourceFile('rows_train.amat', 100_000, '')\n"
            "with Sources('rows', cache_dir=sys.argv[2]) as origins:\n"
            "    data, origin = origins.obtain(\n"
            "        file, locations=[Location(sys.argv[1], 100_000)], accept=bytes, local_names=())\n"
            "print(len(data), origin, origins.warnings)\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", script, server.url("/1"), str(cache)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert done.stdout.startswith(f"100000 {server.url('/1')} "), done.stderr
        assert f"the download could not be kept in {cache}: File too large" in done.stdout
        assert f"Warning: the download could not be kept in {cache}: File too large" in done.stderr
        assert names(cache) == []

    def test_what_a_killed_process_left_is_cleared_away(self, server: MisbehavingServer, cache: Path) -> None:
        server.routes["/1"] = content(DATA)
        cache.mkdir()
        name = cache_name(server.url("/1"))
        of_this, of_another, of_a_living = (
            cache / f".{n}.{i:016x}.part" for i, n in enumerate((name, "another", name))
        )
        theirs = cache / ".film.part"
        for path in (of_this, of_another, of_a_living, theirs):
            path.write_bytes(b"half")
        fcntl = pytest.importorskip("fcntl")  # Windows deletes no open file
        with of_a_living.open("rb") as held, Sources("rows", cache_dir=cache) as origins:
            fcntl.flock(held, fcntl.LOCK_EX)  # as the process does that writes it
            obtain(origins, places(server, "/1"))
        assert names(cache) == sorted([name, of_a_living.name, theirs.name])

    def test_a_file_that_is_being_written_is_held(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        cache.mkdir()
        seen = []

        def clear_and_sync(descriptor: int) -> None:
            sources.remove_parts(cache)  # what another process may do at any time
            seen.extend(names(cache))

        monkeypatch.setattr(os, "fsync", clear_and_sync)
        sources.write_whole(cache / "a", DATA)
        assert [name[:3] for name in seen] == [".a."]
        assert (cache / "a").read_bytes() == DATA
        assert names(cache) == ["a"]

    def test_names_are_safe_and_differ(self) -> None:
        urls = [
            "https://example.org/a/rows.amat",
            "https://example.org/b/rows.amat",
            "http://example.org/a/rows.amat",
            "https://me:secret@example.org:8443/a/rows.amat?v=1",
            "https://example.org/..",
            "https://example.org/%2e%2e%2fetc",
            "https://example.org/a\\b:c*d",
            "https://example.org/" + "x" * 500,
            "https://" + "x" * 200 + ".org/",
        ]
        got = [cache_name(url) for url in urls]
        assert len(set(got)) == len(urls)
        for name in got:
            assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{1,160}", name)
            assert "secret" not in name
        assert got[0].startswith("example.org-")
        assert got[0].endswith("-rows.amat")


class TestNetwork:
    def test_it_is_not_used_where_it_is_not_allowed(self, server: MisbehavingServer) -> None:
        server.routes["/1"] = content(DATA)
        with Sources("rows", allow_network=False, site_mirror=server.url("/m")) as origins:
            lines = failure(origins, places(server, "/1"))
        reason = "not tried, as the network is not to be used"
        assert lines == [f"{server.url(f'/m/{server.host}/1')}: {reason}", f"{server.url('/1')}: {reason}"]
        assert server.requests == []

    def test_it_is_announced(self, server: MisbehavingServer, capfd: pytest.CaptureFixture[str]) -> None:
        url = server.url("/1", user="me:secret@")
        server.routes["/1"] = content(DATA)
        with Sources("rows") as origins:
            _, origin = obtain(origins, [Location(url, FILE.size)])
        assert capfd.readouterr() == ("", f"Downloading rows_train.amat (0.1 MB) from {server.url('/1')}\n")
        assert origin == server.url("/1")

    def test_a_dead_host_is_asked_once(self, server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
        dead = f"127.0.0.1:{closed_port()}"
        locations = [Location(f"http://{dead}/{n}", FILE.size) for n in (1, 2)]
        asked: list[str] = []

        def download(url: str, **rest: Any) -> bytes:
            asked.append(url)
            return transfers.download(url, **rest)

        monkeypatch.setattr(sources, "download", download)
        with Sources("rows") as origins:
            assert failure(origins, locations) == [
                f"http://{dead}/1: no connection to {dead}: connection refused",
                f"http://{dead}/2: not tried again: no connection to {dead}: connection refused",
            ]
            server.routes["/1"] = content(DATA)
            assert obtain(origins, [*locations, *places(server, "/1")])[0] == DATA
        assert asked == [locations[0].url, server.url("/1")]

    def test_a_host_that_answers_is_asked_again(self, server: MisbehavingServer) -> None:
        server.routes["/1"] = reset()
        server.routes["/3"] = content(DATA)
        with Sources("rows") as origins:
            assert obtain(origins, places(server, "/1", "/2", "/3"))[0] == DATA

    def test_a_redirect_to_a_dead_host_condemns_that_host_only(self, server: MisbehavingServer) -> None:
        dead = f"127.0.0.1:{closed_port()}"
        server.routes["/1"] = redirect(f"http://{dead}/1")
        server.routes["/2"] = content(DATA)
        with Sources("rows") as origins:
            assert obtain(origins, places(server, "/1", "/2")) == (DATA, server.url("/2"))

    def test_a_machine_without_a_network_says_so_soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*args: object, **kwargs: object) -> None:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        hosts = ("one.invalid", "two.invalid", "three.invalid")
        start = time.monotonic()
        with Sources("rows") as origins:
            for again in ("", "not tried again: "):
                lines = failure(origins, [Location(f"https://{host}/f", FILE.size) for host in hosts])
                assert lines == [f"https://{h}/f: {again}no connection to {h}: name not resolved" for h in hosts]
        assert time.monotonic() - start < 3

    def test_slow_places_share_the_time_that_is_left(self, server: MisbehavingServer) -> None:
        for path in ("/1", "/2"):
            server.routes[path] = dripping(DATA, 0.02)
        server.routes["/3"] = content(DATA)
        with Sources("rows", deadline=Deadline(1.2)) as origins:
            assert obtain(origins, places(server, "/1", "/2", "/3")) == (DATA, server.url("/3"))
            time.sleep(max(0.0, 1.2 - 0.8))
            lines = failure(origins, places(server, "/3", "/3"))
        assert lines[-1] == f"{server.url('/3')}: not tried, as all 1.2 seconds allowed have passed"

    def test_closing_twice_and_going_on_is_possible(self, server: MisbehavingServer) -> None:
        server.routes["/1"] = content(DATA)
        origins = Sources("rows")
        for _ in range(2):
            assert obtain(origins, places(server, "/1"))[0] == DATA
            origins.close()
            origins.close()


class TestError:
    def test_it_says_everything_that_is_needed_to_go_on(self, server: MisbehavingServer, tmp_path: Path) -> None:
        with Sources("rows", source_dir=tmp_path / "gone") as origins, pytest.raises(OSError) as caught:
            obtain(origins, places(server, "/1"))
        assert isinstance(caught.value, SourcesExhaustedError)
        assert str(caught.value) == (
            "rows_train.amat could not be obtained. Tried:\n"
            f"  {tmp_path / 'gone'}: no such folder\n"
            f"  {server.url('/1')}: the server answered 404 Not Found\n"
            "What to do by hand: get the file on any machine,\n"
            f"  rows_train.amat, 100,000 bytes, SHA-256 {FILE.sha256}\n"
            "put it into a folder DIR, as rows_train.amat, rows_train.amat.gz or rows.npz, "
            "and do one of these:\n"
            "  pass source_dir=DIR\n"
            "  type: onebit prepare rows --from DIR\n"
            "  set ONEBIT_SOURCE_DIR=DIR\n"
            "Or set ONEBIT_MIRROR=URL to a mirror that serves https://HOST/PATH at URL/HOST/PATH."
        )

    def test_mistakes_of_the_program_pass_through(self, server: MisbehavingServer) -> None:
        server.routes["/1"] = content(DATA)

        def broken(data: bytes) -> bytes:
            raise MissingDependencyError("x")

        with Sources("rows") as origins, pytest.raises(MissingDependencyError):
            origins.obtain(FILE, locations=places(server, "/1"), accept=broken, local_names=NAMES)


class TestSiteMirror:
    @pytest.mark.parametrize(
        ("base", "url", "expected"),
        [
            ("https://m.org", "http://h.org/a/b.amat", "https://m.org/h.org/a/b.amat"),
            ("http://m.org:8080/x/", "https://h.org/b", "http://m.org:8080/x/h.org/b"),
            ("https://m.org/x//", "https://u:p@h.org:99/~b/c?d=1", "https://m.org/x/h.org:99/~b/c?d=1"),
        ],
    )
    def test_its_addresses(self, base: str, url: str, expected: str) -> None:
        assert site_mirror_url(base, url) == expected

    @pytest.mark.parametrize(
        "base",
        [
            "ftp://m.org",
            "/srv/mirror",
            "m.org",
            "https://",
            "file:///srv",
            "https://m.org/?q=",
            "https://m.org/#x",
        ],
    )
    def test_what_is_no_mirror(self, base: str) -> None:
        text = re.escape(
            f"the site mirror {base!r} was given; it must be an address that begins with http:// or https:// "
            "and has no ? or #. Set ONEBIT_MIRROR (or pass site_mirror=) to, for example, "
            "https://mirror.example.org/data; for a folder on this machine set ONEBIT_SOURCE_DIR instead."
        )
        with pytest.raises(ValueError, match=text):
            site_mirror_url(base, "https://h.org/x")
        with pytest.raises(ValueError, match=text):
            Sources("rows", site_mirror=base)

    def test_an_empty_one_is_none(self, server: MisbehavingServer) -> None:
        server.routes["/1"] = content(DATA)
        with Sources("rows", site_mirror="", source_dir="", cache_dir="") as origins:
            assert obtain(origins, places(server, "/1"))[1] == server.url("/1")
