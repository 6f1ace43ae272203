"""The explorer as files: for a web server of any kind, or for the one of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from onebit.explorer import bundle, page
from onebit.explorer.contents import FEATURES, MANIFEST, PIXELS, Contents, contents

if TYPE_CHECKING:
    from onebit.evaluation.report import Report
    from onebit.explorer.columns import Column
    from onebit.tables import Table

INDEX = "index.html"


class LazyFiles(Mapping[str, bytes]):
    """Files by path, of which those of a data set are made when the first of them is asked for.

    Args:
        made: files that are there.
        folders: what makes the contents of a data set, by name.
    """

    def __init__(self, made: Mapping[str, bytes], folders: Mapping[str, Callable[[], Contents]]) -> None:
        self._made, self._folders = dict(made), dict(folders)
        self._names = [*made, *(f"{name}/{file}" for name in folders for file in (MANIFEST, PIXELS, FEATURES))]

    def __getitem__(self, path: str) -> bytes:
        name = path.partition("/")[0]
        if path not in self._made and path in self._names:
            self._made |= {f"{name}/{file}": content for file, content in self._folders[name]().files().items()}
        return self._made[path]

    def __contains__(self, path: object) -> bool:
        return path in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def files(
    tables: Sequence[Table],
    *,
    reports: Sequence[Report] = (),
    more: Sequence[Column] = (),
    rows: Sequence[Sequence[int]] | None = None,
    catalog: str | None = None,
    leaderboard: str | None = None,
) -> LazyFiles:
    """The explorer of some data sets: page, front end and data.

    Args:
        tables: all splits of each data set; the first is shown when the page opens.
        reports: measurements of models on the first.
        more: further columns of the first.
        rows: of the first, chosen when the page opens; see `onebit.explorer.page.configuration`.
        catalog: address of the folder with the pages of data sets, relative to the explorer.
        leaderboard: address of the leaderboard, likewise.

    Raises:
        BundleMissingError: the front end was not built.
    """
    datasets = [page.listed(table.name, table.version, catalog) for table in tables]
    config = page.configuration(datasets, leaderboard=leaderboard, rows=rows)
    first, *others = tables
    folders = {first.name: partial(contents, first, reports, more)}
    folders |= {table.name: partial(contents, table) for table in others}
    return LazyFiles({INDEX: page.index(config)} | bundle.read(), folders)
