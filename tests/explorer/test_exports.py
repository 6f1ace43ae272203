"""A folder or one file, whole or not at all, and nothing of anybody's lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from onebit.explorer import exports, folder, page
from onebit.explorer.contents import contents
from onebit.site.folders import FolderNotWrittenError
from onebit.tables import Table

pytestmark = pytest.mark.usefixtures("small_bundle")


def test_a_folder(table: Table, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "my explorer"
    said = exports.export(table, out)
    assert said.startswith("7 files, 0.1 MB, for any web server") and said.endswith(f"--directory '{out}'")
    made = folder.files([table])
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == {*made, exports.MARKER}
    assert all((out / path).read_bytes() == content for path, content in made.items())
    (out / "old.bin").touch()
    exports.export(table, out)
    assert not (out / "old.bin").exists()


def test_one_file(table: Table, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "one.html"
    assert exports.export(table, out).endswith("Open it in a browser: it needs no server and no network.")
    assert out.read_bytes() == page.single(contents(table))
    before = out.stat().st_mtime_ns
    exports.export(table, out)
    assert out.stat().st_mtime_ns != before and [path.name for path in out.parent.iterdir()] == ["one.html"]


@pytest.mark.parametrize("kind", ["text", "page", "folder", "link"])
def test_a_file_that_is_not_ours_is_left_alone(kind: str, table: Table, tmp_path: Path) -> None:
    out = tmp_path / "one.html"
    if kind == "folder":
        out.mkdir()
    elif kind == "link":
        out.symlink_to(tmp_path / "nowhere")
    else:
        out.write_text("years of work" if kind == "text" else "<!doctype html><meta name='generator' content='me'>")
    with pytest.raises(FolderNotWrittenError, match=r"no file that onebit explore wrote; it is left as it is. Choose"):
        exports.export(table, out)
    assert [path.name for path in tmp_path.iterdir() if path.name != "small-bundle"] == ["one.html"]
    if kind in ("text", "page"):
        assert out.stat().st_size < 100


def test_a_folder_that_is_not_ours_is_left_alone(table: Table, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    with pytest.raises(FolderNotWrittenError, match=r"no explorer that onebit made .* another folder: --export DIR"):
        exports.export(table, tmp_path / "thesis")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["thesis.tex"]


def test_a_disk_that_is_full(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "one.html"
    exports.export(table, out)
    before = out.read_bytes()

    def full(self: Path, content: bytes) -> int:
        self.open("wb").close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FolderNotWrittenError, match=r"could not be written: No space left on device. Make room"):
        exports.export(table, out)
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "small-bundle"] == ["one.html"]
