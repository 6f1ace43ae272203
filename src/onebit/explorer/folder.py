"""The explorer as files: for a web server of any kind, or for the one of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from onebit.explorer import bundle, page
from onebit.explorer.contents import FEATURES, MANIFEST, PIXELS, Contents, contents

if TYPE_CHECKING:
    from onebit.evaluation.report import Report
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


def files(tables: Sequence[Table], *, reports: Sequence[Report] = (), **more: Any) -> LazyFiles:
    """The explorer of some data sets: page, front end and data.

    Args:
        tables: all splits of each data set; the first is shown when the page opens.
        reports: measurements of models on the first.
        **more: as in `onebit.explorer.page.configuration`.

    Raises:
        BundleMissingError: the front end was not built.
    """
    datasets = [page.listed(table.name, table.version) for table in tables]
    made = {INDEX: page.index(page.configuration(datasets, tables[0].name, **more))} | bundle.read()
    measured = {tables[0].name: reports}
    return LazyFiles(made, {table.name: partial(contents, table, measured.get(table.name, ())) for table in tables})
