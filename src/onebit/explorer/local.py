"""The explorer on this machine: a server on the loopback address, in the foreground or behind a notebook."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from http.server import HTTPServer
from typing import TYPE_CHECKING

from onebit import registry
from onebit.explorer import folder, page
from onebit.explorer.contents import opened
from onebit.features import Image
from onebit.loading import builder as find_builder
from onebit.site.serving import HOST, SiteServer

if TYPE_CHECKING:
    from onebit.builders import DatasetBuilder
    from onebit.evaluation.report import Report
    from onebit.explorer.columns import Column
    from onebit.tables import Table

_NOTEBOOKS = "http://127.0.0.1:* http://localhost:* vscode-webview:"  # pages that may show the explorer in a frame


def server(
    tables: Sequence[Table],
    port: int = 0,
    *,
    reports: Sequence[Report] = (),
    more: Sequence[Column] = (),
    rows: Sequence[Sequence[int]] | None = None,
    in_notebooks: bool = False,
) -> SiteServer:
    """A server of the explorer, not yet serving.

    Args:
        tables: all splits of each data set; the first is shown when the page opens, and each is read when it is shown.
        port: where to listen; 0 for any free one.
        reports: measurements of models on the first.
        more: further columns of the first.
        rows: of the first, chosen when the page opens.
        in_notebooks: whether pages of this machine may show it in a frame.

    Raises:
        BundleMissingError: the front end was not built.
        PortTakenError: the port is taken.
    """
    made = folder.files(tables, reports=reports, more=more, rows=rows)
    policy = f"{page.POLICY}; frame-ancestors 'self'{' ' + _NOTEBOOKS if in_notebooks else ''}"

    def headers(path: str) -> Mapping[str, str]:
        return {"Content-Security-Policy": policy, "Cross-Origin-Opener-Policy": "same-origin"}

    return SiteServer(made, port, headers=headers)


def prepared_beside(builder: DatasetBuilder) -> list[Table]:
    """The other data sets of one-bit images that are prepared in the same folder."""
    found = []
    for name in registry.list_builders():
        other = find_builder(name, data_dir=builder.data_dir_root)
        images = [feature for feature in other.info.features.values() if isinstance(feature, Image)]
        if name != builder.name and other.is_prepared() and len(images) == 1 and images[0].shape[2] == 1:
            with suppress(OSError, ValueError):  # a damaged one is left out: it was not asked for
                found.append(opened(other))
    return found


class BackgroundServer:
    """A server in a thread, for as long as the process runs or until `close`.

    Args:
        serving: an HTTP server of the loopback address that does not serve yet.
    """

    def __init__(self, serving: HTTPServer) -> None:
        self._serving, self.process = serving, os.getpid()
        serve = partial(serving.serve_forever, poll_interval=0.1)
        self._thread = threading.Thread(target=serve, name="onebit-explorer", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self._serving.server_address[1]}/"

    @property
    def is_running(self) -> bool:
        """Whether it answers; after a fork it does not in the child."""
        return self._thread.is_alive() and self.process == os.getpid()

    def close(self) -> None:
        """Stops it; its address answers no more."""
        if self.is_running:
            self._serving.shutdown()
            self._thread.join()
        self._serving.server_close()
