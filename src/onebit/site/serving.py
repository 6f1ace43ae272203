"""The site on this machine: its files from memory, on the loopback address, for browsers of this machine alone."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import os
import posixpath
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from onebit.errors import OnebitError

HOST = "127.0.0.1"
PORT = 8000
_KINDS = {
    ".md": "text/markdown; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".bin": "application/octet-stream",
}
# Text is compressed. Packed pixels would shrink too, but unpacking them takes a browser longer than loopback does.
_COMPRESSED = (".html", ".md", ".js", ".css", ".json", ".csv", ".svg", ".bib")
_LEAST_COMPRESSED = 1024  # bytes

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class PortTakenError(OnebitError, OSError):
    """Another program listens on the port."""


class Body(NamedTuple):
    """A file as it is sent.

    Attributes:
        content: its bytes.
        tag: their SHA-256, as a strong ETag.
        packed: the same after gzip, where that pays.
    """

    content: bytes
    tag: str
    packed: bytes | None


class SiteServer(ThreadingHTTPServer):
    """Serves files from memory on 127.0.0.1.

    Only requests whose ``Host`` is this address are answered: a page from elsewhere cannot read the site by giving its
    own name this machine's address (DNS rebinding).

    Args:
        files: the contents by path; a value may take long to make, each is asked for once.
        port: where to listen; 0 for any free one.
        headers: further headers by path, for the answers with a file.

    Raises:
        PortTakenError: the port is taken, or may not be used.
    """

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere it would share a port that is taken

    def __init__(
        self,
        files: Mapping[str, bytes],
        port: int = PORT,
        *,
        headers: Callable[[str], Mapping[str, str]] = lambda path: {},
    ) -> None:
        import threading

        self.files, self.headers = files, headers
        self._bodies: dict[str, Body] = {}
        self._making = threading.Lock()
        try:
            super().__init__((HOST, port), SiteHandler)
        except (OSError, OverflowError) as error:
            raise PortTakenError(f"Port {port} of {HOST} cannot be used: {error}. Choose another: --port 0.") from error

    @property
    def address(self) -> str:
        """Where the site is."""
        return f"http://{HOST}:{self.server_address[1]}/"

    @property
    def hosts(self) -> frozenset[str]:
        """The values of ``Host`` that are answered."""
        port = self.server_address[1]
        names = (HOST, "localhost")
        bare = names if port == 80 else ()  # browsers leave out the port that http has anyway
        return frozenset([*(f"{name}:{port}" for name in names), *bare])

    def body(self, path: str) -> Body:
        """A file, made and hashed when it is first asked for."""
        with self._making:  # a browser asks for several at once, which may be made together
            if path not in self._bodies:
                content = self.files[path]
                packed = None
                if path.endswith(_COMPRESSED) and len(content) >= _LEAST_COMPRESSED:
                    packed = gzip.compress(content, 6, mtime=0)
                self._bodies[path] = Body(content, hashlib.sha256(content).hexdigest(), packed)
            return self._bodies[path]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error worth a traceback."""


class SiteHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server: SiteServer
    server_version = "onebit"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds that a connection may stay silent

    def do_GET(self) -> None:
        """Sends a file."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Sends what it would say of a file."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        if self.headers.get("Host", "") not in self.server.hosts:
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "This server answers to 127.0.0.1 alone.\n", with_body)
            return
        try:
            path = posixpath.normpath(unquote(urlsplit(self.path).path)).strip("/")
        except ValueError:  # "http://[/"
            self._say(HTTPStatus.BAD_REQUEST, "This is no address. The first page is /index.html\n", with_body)
            return
        if path in ("", "."):
            path = "index.html"
        elif f"{path}/index.html" in self.server.files:
            self._redirect(f"/{path}/index.html")
            return
        if path not in self.server.files:
            self._say(HTTPStatus.NOT_FOUND, "No such page. The first one is /index.html\n", with_body)
            return
        try:
            body = self.server.body(path)
        except OnebitError as error:  # a data set that cannot be read any more
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, f"{error}\n", with_body)
            return
        self._send(path, body, with_body)

    def _send(self, path: str, body: Body, with_body: bool) -> None:
        packed = body.packed is not None and _accepts_gzip(self.headers.get("Accept-Encoding", ""))
        content = body.packed if packed and body.packed is not None else body.content
        tag = f'"{body.tag}-gzip"' if packed else f'"{body.tag}"'  # other bytes have another tag
        known = tag in [part.strip() for part in self.headers.get("If-None-Match", "").split(",")]
        self.send_response(HTTPStatus.NOT_MODIFIED if known else HTTPStatus.OK)
        extension = posixpath.splitext(path)[1]
        kind = _KINDS.get(extension) or mimetypes.guess_type(path)[0] or "application/octet-stream"
        about = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"} | SECURITY
        about |= self.server.headers(path)
        if not known:
            about |= {"Content-Type": kind, "Content-Length": str(len(content))}
            if packed:
                about["Content-Encoding"] = "gzip"
        self._finish(about, content if with_body and not known else b"")

    def _redirect(self, place: str) -> None:
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self._finish({"Location": place, "Content-Length": "0"} | SECURITY)

    def _say(self, status: HTTPStatus, text: str, with_body: bool) -> None:
        content = text.encode()
        self.send_response(status)
        about = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(content))}
        self._finish(about | {"Cache-Control": "no-store"} | SECURITY, content if with_body else b"")

    def _finish(self, fields: Mapping[str, str], content: bytes = b"") -> None:
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        if content:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


def _accepts_gzip(accepted: str) -> bool:
    """Whether a browser that sends this ``Accept-Encoding`` takes gzip."""
    for part in accepted.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
