"""Whether the front end is there, and what to type where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from onebit.explorer import bundle


def test_its_files(small_bundle: dict[str, bytes]) -> None:
    assert bundle.is_there() and bundle.read() == small_bundle


def test_half_of_it_is_none(small_bundle: dict[str, bytes]) -> None:
    (bundle.FOLDER / bundle.STYLE).unlink()
    assert not bundle.is_there()


def test_a_checkout_says_what_to_type(no_bundle: None) -> None:
    root = Path(__file__).parents[2]
    with pytest.raises(
        bundle.BundleMissingError, match=f"is not built. With Node.js 20 or newer, type: make -C {root} explorer"
    ):
        bundle.read()


def test_an_installation_says_what_to_type(no_bundle: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "__file__", str(tmp_path / "site-packages" / "onebit" / "explorer" / "bundle.py"))
    with pytest.raises(
        bundle.BundleMissingError, match=r"came without the explorer's front end.*pip install --force-re"
    ):
        bundle.read()
