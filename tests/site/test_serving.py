"""The site on the loopback address, asked over a real socket."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from onebit.site.serving import PortTakenError, SiteServer

FILES = {"index.html": b"<p>first</p>", "a/index.html": b"<p>a</p>", "a/page.md": b"# a", "a/x.xz": b"\xfd7zXZ"}
FILES |= {"long.html": b"<p>long</p>" * 500, "long.xz": bytes(5000)}


@pytest.fixture
def server() -> Iterator[SiteServer]:
    with SiteServer(FILES, 0) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server: SiteServer, path: str, *, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*server.server_address, timeout=5)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_files(server: SiteServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert ask(server, "/")[2] == FILES["index.html"]
    status, headers, body = ask(server, "/a/page.md?x=1")
    assert (status, body, headers["Content-Type"]) == (200, b"# a", "text/markdown; charset=utf-8")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask(server, "/a/x.xz")[2] == FILES["a/x.xz"]
    status, headers, body = ask(server, "/", method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, "12", b"")


def test_what_a_browser_has_is_not_sent_again(server: SiteServer) -> None:
    tag = ask(server, "/a/x.xz")[1]["ETag"]
    assert tag == f'"{hashlib.sha256(FILES["a/x.xz"]).hexdigest()}"'
    for method in ("GET", "HEAD"):
        status, headers, body = ask(server, "/a/x.xz", method=method, **{"If-None-Match": f'W/"1", {tag}'})
        assert (status, headers["ETag"], body) == (304, tag, b"") and "Content-Length" not in headers
    assert ask(server, "/a/x.xz", **{"If-None-Match": '"1"'})[2] == FILES["a/x.xz"]


@pytest.mark.parametrize("accepted", ["gzip", "br, GZIP;q=0.5", "*"])
def test_text_is_compressed(server: SiteServer, accepted: str) -> None:
    status, headers, body = ask(server, "/long.html", **{"Accept-Encoding": accepted})
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert gzip.decompress(body) == FILES["long.html"] and int(headers["Content-Length"]) == len(body)
    plain = ask(server, "/long.html")[1]["ETag"]
    assert headers["ETag"] != plain  # other bytes, another tag
    known = {"Accept-Encoding": accepted, "If-None-Match": headers["ETag"]}
    assert ask(server, "/long.html", **known)[0] == 304


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.000"])
def test_but_not_for_those_who_cannot_read_it(server: SiteServer, accepted: str) -> None:
    _, headers, body = ask(server, "/long.html", **{"Accept-Encoding": accepted})
    assert "Content-Encoding" not in headers and body == FILES["long.html"]


@pytest.mark.parametrize("path", ["/a/index.html", "/long.xz"])
def test_what_is_short_or_no_text_is_sent_as_it_is(server: SiteServer, path: str) -> None:
    assert "Content-Encoding" not in ask(server, path, **{"Accept-Encoding": "gzip"})[1]


def test_folders_have_a_first_page(server: SiteServer) -> None:
    for path in ("/a", "/a/"):
        status, headers, _ = ask(server, path)
        assert (status, headers["Location"]) == (301, "/a/index.html")


@pytest.mark.parametrize("path", ["/nothing", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/a/%00"])
def test_nothing_else(server: SiteServer, path: str) -> None:
    status, _, body = ask(server, path)
    assert status == 404 and b"No such page" in body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", ""])
def test_other_names_are_refused(server: SiteServer, host: str) -> None:
    status, _, body = ask(server, "/", Host=host)
    assert status == 421 and b"127.0.0.1 alone" in body and b"first" not in body


def test_localhost_is_this_machine(server: SiteServer) -> None:
    assert ask(server, "/", Host=f"localhost:{server.server_address[1]}")[0] == 200


def test_the_port_of_http_is_left_out_by_browsers(server: SiteServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.1" not in server.hosts
    monkeypatch.setattr(server, "server_address", ("127.0.0.1", 80))
    assert {"127.0.0.1", "localhost", "127.0.0.1:80", "localhost:80"} == server.hosts


def test_what_is_no_address_is_answered(server: SiteServer) -> None:
    host = f"127.0.0.1:{server.server_address[1]}"
    with socket.create_connection(server.server_address[:2], timeout=5) as connection:
        connection.sendall(f"GET http://[/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = connection.makefile("rb").read()  # to the end: head and text come apart
    assert b" 400 " in answer.split(b"\r\n")[0] and b"This is no address." in answer


def test_only_reading(server: SiteServer) -> None:
    assert ask(server, "/", method="POST")[0] == 501


def test_a_port_that_is_taken(server: SiteServer) -> None:
    with pytest.raises(PortTakenError, match=r"Port \d+ of 127.0.0.1 cannot be used: .*Choose another: --port 0"):
        SiteServer(FILES, server.server_address[1])
