"""A front end of two lines, so that no test of the Python side needs Node.js."""

from __future__ import annotations

from pathlib import Path

import pytest

from onebit.builders import DatasetBuilder
from onebit.explorer import bundle
from onebit.explorer.contents import opened
from onebit.tables import Table

SCRIPT = 'document.title = "</script><!-- tried";\n'
STYLE = "main { color: red } /* </style> */\n"


@pytest.fixture
def no_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without a front end."""
    monkeypatch.setattr(bundle, "FOLDER", tmp_path / "no-bundle")


@pytest.fixture
def small_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """An installation with a small front end."""
    folder = tmp_path / "small-bundle"
    folder.mkdir()
    content = {bundle.SCRIPT: SCRIPT.encode(), bundle.STYLE: STYLE.encode()}
    for name, text in content.items():
        (folder / name).write_bytes(text)
    monkeypatch.setattr(bundle, "FOLDER", folder)
    return content


@pytest.fixture(scope="session")
def table(prepared: DatasetBuilder) -> Table:
    """All splits of small_digits."""
    return opened(prepared)
