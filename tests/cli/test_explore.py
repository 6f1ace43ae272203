"""``onebit explore``: the server as a process, exports, and what is said when it cannot be."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import onebit
from onebit.explorer import bundle

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def digits(own_cache: Path) -> Path:
    """A data folder with calibrated_digits, which comes with the package."""
    onebit.builder("calibrated_digits").download_and_prepare()
    return own_cache


@pytest.fixture
def front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A small front end; gives code that gives it to another process too."""
    folder = tmp_path / "small-bundle"
    folder.mkdir()
    for name in (bundle.SCRIPT, bundle.STYLE):
        (folder / name).write_text("/* small */")
    monkeypatch.setattr(bundle, "FOLDER", folder)
    return f"import pathlib, onebit.explorer.bundle as b; b.FOLDER = pathlib.Path({str(folder)!r})\n"


@pytest.mark.usefixtures("front_end")
def test_a_folder_and_one_file(invoke: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = invoke("explore", "calibrated_digits", "--export", out)
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    assert "7 files" in result.stderr and "python -m http.server" in result.stderr
    assert json.loads((out / "calibrated_digits" / "manifest.json").read_bytes())["n"] == 70_000
    one = tmp_path / "one.html"
    result = invoke("explore", "calibrated_digits", "--export", one)
    assert (result.exit_code, result.stdout) == (0, f"{one}\n") and "needs no server" in result.stderr
    again = invoke("explore", "calibrated_digits", "--export", one)
    assert again.exit_code == 0


@pytest.mark.usefixtures("front_end")
def test_the_nearest_images_are_columns(
    registered: str, small_sources: Path, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEBIT_SOURCE_DIR", str(small_sources))
    columns = []
    for options in ([], ["--nearest"]):
        assert invoke("explore", registered, *options, "--export", tmp_path / "out").exit_code == 0
        manifest = json.loads((tmp_path / "out" / registered / "manifest.json").read_bytes())
        columns.append([entry["name"] for entry in manifest["columns"]])
    assert columns[1] == [*columns[0], "nearest", "nearest_index"]


@pytest.mark.usefixtures("front_end")
def test_what_cannot_be(invoke: Invoke, tmp_path: Path) -> None:
    wrong = invoke("explore", "calibrated_digit")
    assert wrong.exit_code == 1 and "Did you mean: calibrated_digit -> calibrated_digits ?" in wrong.stderr
    (tmp_path / "mine").write_text("years of work")
    taken = invoke("explore", "calibrated_digits", "--export", tmp_path / "mine")
    assert taken.exit_code == 1 and "is no explorer that onebit made" in taken.stderr
    assert (tmp_path / "mine").read_text() == "years of work"
    lost = invoke("explore", "calibrated_digits", "--nats", tmp_path / "none.json")
    assert lost.exit_code == 1 and f"No such file or directory: {tmp_path / 'none.json'}" in lost.stderr
    (tmp_path / "no.json").write_text("{}")
    other = invoke("explore", "calibrated_digits", "--nats", tmp_path / "no.json")
    assert other.exit_code == 1 and "no.json: onebit_report is None" in other.stderr
    both = invoke("explore", "calibrated_digits", "--export", tmp_path / "x", "--no-browser")
    assert both.exit_code == 2 and "--port and --no-browser are for the server" in both.stderr
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        result = invoke("explore", "calibrated_digits", "--no-browser", "--port", str(port))
    assert result.exit_code == 1 and f"Port {port} of 127.0.0.1 cannot be used" in result.stderr
    assert "Choose another: --port 0" in result.stderr


def test_without_a_front_end(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "FOLDER", tmp_path / "none")
    result = invoke("explore", "calibrated_digits")
    assert result.exit_code == 1 and "The explorer's front end is not built." in result.stderr
    assert "make -C " in result.stderr


SERVE = "from onebit.cli import commands; commands(['explore', 'calibrated_digits', '--no-browser'])"


def test_served_until_ctrl_c(command: Callable[..., list[str]], front_end: str) -> None:
    import sys

    with subprocess.Popen(
        [sys.executable, "-c", front_end + SERVE],
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            address = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
            with urllib.request.urlopen(f"{address}calibrated_digits/pixels.bin", timeout=30) as answer:
                assert len(answer.read()) == 6_860_000
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
            assert process.stderr.read() == "Stop with Ctrl-C.\n\nStopped.\n" and process.stdout.read() == ""
        finally:
            process.kill()


def test_the_browser_is_opened(invoke: Invoke, front_end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from onebit.cli import explore
    from onebit.site.serving import SiteServer

    opened: list[str] = []
    monkeypatch.setattr(explore.webbrowser, "open", lambda address: bool(opened.append(address)))

    def interrupted(self: SiteServer, poll_interval: float = 0.5) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SiteServer, "serve_forever", interrupted)
    result = invoke("explore", "calibrated_digits")
    assert result.exit_code == 0 and [f"{address}\n" for address in opened] == [result.stdout]
    assert "No browser was found: open the address in one." in result.stderr
