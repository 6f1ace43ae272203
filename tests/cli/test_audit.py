"""``onebit audit``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def _sources(registered: str, small_sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEBIT_SOURCE_DIR", str(small_sources))


def test_findings_are_printed(registered: str, invoke: Invoke) -> None:
    result = invoke("audit", registered)
    assert result.exit_code == 0
    assert "ok    No image is in two splits" in result.stdout


def test_all_numbers_as_json(registered: str, invoke: Invoke) -> None:
    made = json.loads(invoke("audit", registered, "--json").stdout)
    assert made["onebit_audit"] == 1
    assert made["dataset"] == registered


@pytest.mark.parametrize("suffix", [".html", ".json"])
def test_an_audit_is_saved(registered: str, invoke: Invoke, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"audit{suffix}"
    assert invoke("audit", registered, "--out", str(out)).exit_code == 0
    text = out.read_text(encoding="utf-8")
    if suffix == ".json":
        assert json.loads(text)["dataset"] == registered
    else:
        assert text.startswith("<!doctype html>")
        assert "The closest pairs: test and train" in text


def test_other_files_are_refused(registered: str, invoke: Invoke) -> None:
    result = invoke("audit", registered, "--out", "audit.pdf")
    assert result.exit_code == 2
    assert "'audit.pdf' ends in neither .html nor .json." in result.stderr
