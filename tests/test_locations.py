"""Where things lie: arguments before environment variables before the platform's folders."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from onebit import locations


def test_data_dir_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ONEBIT_DATA_DIR", str(tmp_path / "variable"))
    assert locations.data_dir_root(tmp_path / "argument") == tmp_path / "argument"
    assert locations.data_dir_root(str(tmp_path / "text")) == tmp_path / "text"
    assert locations.data_dir_root() == tmp_path / "variable"
    monkeypatch.setenv("ONEBIT_DATA_DIR", "~/data")
    assert locations.data_dir_root() == tmp_path / "home" / "data"
    for unset in ("", None):
        monkeypatch.setenv("ONEBIT_DATA_DIR", "") if unset == "" else monkeypatch.delenv("ONEBIT_DATA_DIR")
        assert locations.data_dir_root() == Path(platformdirs.user_cache_dir("onebit", appauthor=False))


def test_a_relative_folder_stays_where_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A script that changes its folder later still finds its data."""
    monkeypatch.chdir(tmp_path)
    assert locations.data_dir_root("here") == tmp_path / "here"


def test_source_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert locations.source_dir() is None
    monkeypatch.setenv("ONEBIT_SOURCE_DIR", str(tmp_path))
    assert locations.source_dir() == tmp_path
    (tmp_path / "other").mkdir()
    assert locations.source_dir(tmp_path / "other") == tmp_path / "other"
    monkeypatch.setenv("ONEBIT_SOURCE_DIR", "")
    assert locations.source_dir() is None


def test_a_source_dir_that_is_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(
            NotADirectoryError, match=r"source_dir is '.*', which is not a folder\. Give the folder that"
        ):
            locations.source_dir(path)
        monkeypatch.setenv("ONEBIT_SOURCE_DIR", str(path))
        with pytest.raises(
            NotADirectoryError, match=r"ONEBIT_SOURCE_DIR is '.*', which is not a folder\. Give the folder"
        ):
            locations.source_dir()


def test_site_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    assert locations.site_mirror() is None
    monkeypatch.setenv("ONEBIT_MIRROR", "")
    assert locations.site_mirror() is None
    monkeypatch.setenv("ONEBIT_MIRROR", "http://127.0.0.1:1/")
    assert locations.site_mirror() == "http://127.0.0.1:1/"


def test_a_users_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEBIT_LEADERBOARD_DIR", str(tmp_path / "mine"))
    assert locations.leaderboard_dir() == tmp_path / "mine"
    assert locations.leaderboard_dir(tmp_path / "other") == tmp_path / "other"
    monkeypatch.delenv("ONEBIT_LEADERBOARD_DIR")
    assert locations.leaderboard_dir().name == "leaderboard"
    assert locations.leaderboard_dir().is_absolute()
