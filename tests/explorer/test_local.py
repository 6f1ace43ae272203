"""The explorer's server, asked over a real socket."""

from __future__ import annotations

import http.client
import json
import os
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import onebit
from onebit.builders import DatasetBuilder
from onebit.explorer import local
from onebit.explorer.contents import contents
from onebit.explorer.local import BackgroundServer
from onebit.tables import Table

pytestmark = pytest.mark.usefixtures("small_bundle")


@pytest.fixture
def running(table: Table, small_bundle: dict[str, bytes]) -> Iterator[BackgroundServer]:
    server = BackgroundServer(local.server([table]))
    yield server
    server.close()


def ask(server: BackgroundServer, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    host = server.address.removeprefix("http://").strip("/")
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_it_serves_its_files(running: BackgroundServer, table: Table) -> None:
    found = contents(table)
    assert ask(running, "/small_digits/pixels.bin")[2] == found.pixels
    assert ask(running, "/small_digits/features.bin")[2] == found.features
    status, headers, body = ask(running, "/small_digits/manifest.json")
    assert status == 200 and json.loads(body) == found.manifest and headers["Content-Type"] == "application/json"
    assert ask(running, "/")[1]["Content-Type"] == "text/html; charset=utf-8"
    assert ask(running, "/explorer.js")[1]["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "/small_digits/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/small_digits/train-image.npy",
        "/small_digits",
        "/explorer.js/x",
        "/%00",
        "/index.html%00.js",
        "/bundle.py",
    ],
)
def test_it_serves_nothing_else(running: BackgroundServer, path: str) -> None:
    status, _, body = ask(running, path)
    assert status == 404 and b"No such page" in body


def test_every_answer_is_guarded(running: BackgroundServer) -> None:
    for path in ("/", "/explorer.js", "/small_digits/pixels.bin"):
        headers = ask(running, path)[1]
        rules = headers["Content-Security-Policy"].split("; ")
        assert "default-src 'none'" in rules and "frame-ancestors 'self'" in rules and "connect-src 'self'" in rules
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
    headers = ask(running, "/nothing")[1]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::1]", ""])
def test_a_page_of_another_name_reads_nothing(running: BackgroundServer, host: str) -> None:
    status, _, body = ask(running, "/small_digits/pixels.bin", Host=host)
    assert status == 421 and b"127.0.0.1 alone" in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT"])
def test_nobody_writes(running: BackgroundServer, method: str) -> None:
    assert ask(running, "/", method)[0] == 501


def raw(server: BackgroundServer, request: bytes) -> bytes:
    port = int(server.address.rsplit(":", 1)[1].strip("/"))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        try:
            connection.sendall(request)
            return connection.recv(4096)
        except ConnectionError:  # it had heard enough
            return b""


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 500 + b"\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n",
    ],
    ids=["long address", "long header", "many headers", "no host", "TLS", "nothing"],
)
def test_odd_requests_do_no_harm(running: BackgroundServer, request_: bytes) -> None:
    answer = raw(running, request_ + b"\n" * 4)
    assert b" 200 " not in answer.split(b"\r\n")[0]
    assert ask(running, "/")[0] == 200


def test_what_a_browser_has_is_not_sent_again(running: BackgroundServer, table: Table) -> None:
    path = "/small_digits/pixels.bin"
    tag = ask(running, path)[1]["ETag"]
    assert tag == f'"{contents(table).manifest["pixels"]["sha256"]}"'
    status, headers, body = ask(running, path, **{"If-None-Match": f'"x", {tag}'})
    assert (status, body, headers["ETag"]) == (304, b"", tag)
    assert ask(running, path, **{"If-None-Match": '"x"'})[0] == 200


def test_notebooks_of_this_machine_may_frame_it(table: Table) -> None:
    with local.server([table], in_notebooks=True) as serving:
        policy = serving.headers("index.html")["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' http://127.0.0.1:* http://localhost:* vscode-webview:")


def test_it_stops(table: Table) -> None:
    server = BackgroundServer(local.server([table]))
    assert server.is_running
    with urllib.request.urlopen(server.address, timeout=5) as answer:
        assert answer.status == 200
    server.close()
    assert not server.is_running
    with pytest.raises(OSError):
        urllib.request.urlopen(server.address, timeout=5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_after_a_fork_it_is_the_parents(running: BackgroundServer) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0 if not running.is_running else 1)
    assert os.waitpid(child, 0)[1] == 0 and running.is_running


def test_a_data_set_that_was_damaged_says_so(prepared: DatasetBuilder, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "small_digits" / "1.2.3"
    shutil.copytree(prepared.data_path, folder)
    builder = type(prepared)(data_dir=tmp_path)
    table = builder.as_dataset("train").plan.source.table
    (folder / "test-image.npy").write_bytes(b"damaged")
    server = BackgroundServer(local.server([table]))
    try:
        status, _, body = ask(server, "/small_digits/pixels.bin")
        assert status == 500 and b"test-image.npy is damaged" in body
    finally:
        server.close()


def test_other_prepared_data_sets(own_cache: Path) -> None:
    digits = onebit.builder("calibrated_digits")
    assert local.prepared_beside(onebit.builder("binarized_mnist")) == []
    digits.download_and_prepare()
    assert [table.name for table in local.prepared_beside(onebit.builder("binarized_mnist"))] == ["calibrated_digits"]
    assert local.prepared_beside(digits) == []
    (digits.data_path / "dataset_info.json").write_text("{")  # damaged: nobody asked for it, so nobody is told
    assert local.prepared_beside(onebit.builder("binarized_mnist", data_dir=own_cache)) == []
