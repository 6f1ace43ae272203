"""What ``ds.explore()`` gives: the explorer in a cell of a notebook, or in a browser."""

from __future__ import annotations

import html
import os
import sys
import webbrowser
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from onebit.explorer import bundle, local, page
from onebit.explorer.contents import contents, image_column

if TYPE_CHECKING:
    from pathlib import Path

    from onebit.evaluation.report import Report
    from onebit.pipeline import Dataset
    from onebit.tables import Table

HEIGHT = 720  # pixels of the frame in a notebook


class Exploration:
    """The explorer of a data set, opened at some of its images.

    In a notebook the object shows itself: a frame with the local server's page or, where the browser is on another
    machine than Python and cannot reach it, with a page that has everything inside. Elsewhere `open` shows it in the
    browser.

    Args:
        dataset: plain rows; they are what is chosen when the page opens.
        reports: measurements of models, for columns of nats.
        inline: whether the page has everything inside; None decides by where Python runs.
        height: of the frame, in pixels.

    Raises:
        BundleMissingError: the front end was not built.
        NotOneBitError: the data set has no one-bit images.
        TypeError: the elements are not plain rows any more.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        reports: Sequence[Report] = (),
        inline: bool | None = None,
        height: int = HEIGHT,
    ) -> None:
        self.rows = chosen_rows(dataset)
        self.table: Table = dataset.plan.source.table
        image_column(self.table)
        if not bundle.is_there():
            raise bundle.BundleMissingError(bundle.missing_text())
        self.reports, self.height = tuple(reports), height
        self.inline = is_elsewhere() if inline is None else inline
        self._server: local.BackgroundServer | None = None

    @property
    def _choice(self) -> list[list[int]] | None:
        """The rows as the page is told; nothing where they are all rows."""
        everything = [[0, sum(rows for _, rows in self.table.splits)]]
        return None if self.rows == everything else self.rows

    @property
    def address(self) -> str:
        """Where the explorer is on this machine; starts its server."""
        if self._server is None or not self._server.is_running:
            serving = local.server([self.table], in_notebooks=True, rows=self._choice, reports=self.reports)
            self._server = local.BackgroundServer(serving)
        return self._server.address

    def open(self) -> Exploration:
        """Shows it in the browser."""
        webbrowser.open(self.address)
        return self

    def close(self) -> None:
        """Stops the server."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes one file with everything inside, which opens from a disk; see ``onebit explore --export``."""
        from pathlib import Path

        from onebit.explorer import exports

        target = Path(path)
        exports.export(self.table, target, reports=self.reports, rows=self._choice)
        return target

    def _repr_html_(self) -> str:
        look = (
            f'style="width:100%;height:{self.height}px;border:1px solid rgba(128,128,128,.4)" title="onebit explorer"'
        )
        if not self.inline:
            address = html.escape(self.address)
            link = f'<a href="{address}" target="_blank" rel="noreferrer">{address}</a>'
            return f'<iframe src="{address}" {look} allow="clipboard-write"></iframe><div>{link}</div>'
        made = page.single(contents(self.table, self.reports), rows=self._choice).decode()
        return f'<iframe srcdoc="{html.escape(made)}" {look} allow="clipboard-write"></iframe>'

    def __repr__(self) -> str:
        count = sum(stop - start for start, stop in self.rows)
        where = "" if self._server is None else f", {self._server.address}"
        return f"<onebit.Exploration of {self.table.name}, {count:,} images chosen{where}; .open() shows it>"


def chosen_rows(dataset: Dataset) -> list[list[int]]:
    """The rows of a data set as runs ``[start, stop]`` of consecutive ones, ascending.

    Raises:
        TypeError: the elements are not plain rows any more.
    """
    sequence = dataset.plan.indexed
    if sequence is None or sequence.rows is None or dataset.plan.endless:
        raise TypeError("explore() shows rows: call it before batch(), map(), filter(), enumerate() and repeat().")
    rows = np.unique(sequence.rows(np.arange(len(dataset)), 0)).astype(np.int64)
    if not rows.size:
        return []
    breaks = np.flatnonzero(np.diff(rows) != 1)
    starts, stops = rows[np.r_[0, breaks + 1]], rows[np.r_[breaks, len(rows) - 1]] + 1
    return np.stack([starts, stops], axis=1).tolist()  # type: ignore[no-any-return]


def is_elsewhere() -> bool:
    """Whether the browser that shows the notebook is likely to be on another machine than this process."""
    hosted = (
        "JUPYTERHUB_SERVICE_PREFIX",
        "COLAB_RELEASE_TAG",
        "KAGGLE_KERNEL_RUN_TYPE",
        "SSH_CONNECTION",
        "CODESPACES",
    )
    return "google.colab" in sys.modules or any(os.environ.get(name) for name in hosted)
