"""``onebit prepare``, ``path`` and ``remove``."""

from __future__ import annotations

import io
import json
import os
import select
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import filelock
import misbehaving_server
import pytest
import stripes
from click.testing import Result

import onebit
from onebit import sources, store

Invoke = Callable[..., Result]
Command = Callable[..., list[str]]

needs_links = pytest.mark.skipif(os.name == "nt", reason="making symbolic links takes a privilege on Windows")
needs_pty = pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data folder with a version that looks prepared: `remove` and `path` do not look into the arrays."""
    root = tmp_path / "data"
    folder = root / "binarized_mnist" / "1.0.0"
    folder.mkdir(parents=True)
    (folder / "train-image.npy").write_bytes(b"x" * 1000)
    (folder / store.INFO_FILE).write_text(json.dumps({"onebit_layout": 1, "sha256": {"train-image.npy": "0"}}))
    return root


def version_folder(root: Path) -> Path:
    return root / "binarized_mnist" / "1.0.0"


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


# path ----------------------------------------------------------------------------------------------------------


def test_path(invoke: Invoke, root: Path) -> None:
    result = invoke("path", "binarized_mnist:1.*.*", "--data-dir", root)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{version_folder(root)}\n", "")
    told = json.loads(invoke("path", "binarized_mnist", "--json", "--data-dir", root).stdout)
    assert told == {"name": "binarized_mnist", "version": "1.0.0", "data_dir": str(version_folder(root))}


def test_path_of_what_is_not_prepared(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEBIT_DATA_DIR", str(tmp_path))
    result = invoke("path", "binarized_mnist")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: binarized_mnist:1.0.0 is not prepared in {tmp_path}. Type: onebit prepare binarized_mnist\n"
    )


# remove --------------------------------------------------------------------------------------------------------


def test_remove(invoke: Invoke, root: Path) -> None:
    size = sum(map(len, content(root).values()))
    result = invoke("remove", "binarized_mnist", "--yes", "--data-dir", root)
    assert (result.exit_code, result.stdout) == (0, f"{version_folder(root)}\n")
    assert result.stderr == f"Removed; {size / 1024:.2f} KiB are free again.\n"
    assert [path.name for path in (root / "binarized_mnist").iterdir()] == [".1.0.0.lock"]
    again = invoke("remove", "binarized_mnist", "--yes", "--data-dir", root)
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr == f"Nothing to remove: binarized_mnist:1.0.0 is not in {root}.\n"


def test_remove_as_json(invoke: Invoke, root: Path) -> None:
    size = sum(map(len, content(root).values()))
    for removed, freed in (([str(version_folder(root))], size), ([], 0)):
        told = json.loads(invoke("remove", "binarized_mnist", "-y", "--json", "--data-dir", root).stdout)
        assert told == {"name": "binarized_mnist", "version": "1.0.0", "removed": removed, "freed": freed}


def test_remove_refuses_where_nobody_can_be_asked(invoke: Invoke, root: Path) -> None:
    before = content(root)
    result = invoke("remove", "binarized_mnist", "--data-dir", root, input="y\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"This would delete {version_folder(root)} " in result.stderr
    assert "To do so without a question, add --yes." in result.stderr
    assert content(root) == before


def test_remove_with_downloads(invoke: Invoke, root: Path) -> None:
    downloads = root / "downloads" / "binarized_mnist"
    downloads.mkdir(parents=True)
    mirrors = [m.url for s in onebit.builder("binarized_mnist").record.splits.values() for m in s.mirrors]
    for url in mirrors[:2]:
        (downloads / sources.cache_name(url)).write_bytes(b"kept")
    (downloads / f".{sources.cache_name(mirrors[0])}.0a1b.part").write_bytes(b"half")
    size = sum(map(len, content(root).values()))
    assert invoke("remove", "binarized_mnist", "-y", "--data-dir", root).exit_code == 0
    assert len(list(downloads.iterdir())) == 3
    result = invoke("remove", "binarized_mnist", "-y", "--downloads", "--json", "--data-dir", root)
    assert json.loads(result.stdout)["removed"] == [str(downloads)]
    assert not downloads.exists()
    assert json.loads(result.stdout)["freed"] == 12 < size


def test_a_file_of_somebody_else_among_the_downloads_stays(invoke: Invoke, root: Path) -> None:
    notes = root / "downloads" / "binarized_mnist" / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    assert invoke("remove", "binarized_mnist", "-y", "--downloads", "--data-dir", root).exit_code == 0
    assert notes.read_text() == "mine"


def test_remove_refuses_what_onebit_did_not_write(invoke: Invoke, root: Path) -> None:
    info = version_folder(root) / store.INFO_FILE

    def refusal() -> str:
        before = content(root)
        result = invoke("remove", "binarized_mnist", "--yes", "--data-dir", root)
        assert (result.exit_code, result.stdout) == (1, "")
        assert content(root) == before
        return result.stderr

    ours = info.read_text()
    stranger = version_folder(root) / "thesis.tex"
    stranger.write_text("years of work")
    assert "also holds what onebit did not write: thesis.tex. Move it elsewhere" in refusal()
    stranger.unlink()
    (version_folder(root) / "sub").mkdir()
    assert "also holds what onebit did not write: sub." in refusal()
    (version_folder(root) / "sub").rmdir()
    info.write_text('{"name": "binarized_mnist", "fileFormat": "tfrecord"}')
    assert "TFDS" in refusal()
    info.write_text("{")
    assert "delete it by hand" in refusal()
    info.unlink()
    assert f"has no {store.INFO_FILE}, so onebit did not write it" in refusal()
    info.write_text(ours)
    assert invoke("remove", "binarized_mnist", "--yes", "--data-dir", root).exit_code == 0


@needs_links
@pytest.mark.parametrize("linked", ["binarized_mnist", "binarized_mnist/1.0.0"])
def test_remove_follows_no_link(linked: str, invoke: Invoke, root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (root / linked).rename(elsewhere)
    (root / linked).symlink_to(elsewhere)
    before = content(elsewhere)
    result = invoke("remove", "binarized_mnist", "--yes", "--data-dir", root)
    assert result.exit_code == 1
    assert f"{root / linked} is a symbolic link, which is not followed here." in result.stderr
    assert content(elsewhere) == before


@needs_links
def test_remove_refuses_a_link_in_place_of_a_file(invoke: Invoke, root: Path, tmp_path: Path) -> None:
    column = version_folder(root) / "train-image.npy"
    column.rename(tmp_path / "array.npy")
    column.symlink_to(tmp_path / "array.npy")
    result = invoke("remove", "binarized_mnist", "--yes", "--data-dir", root)
    assert result.exit_code == 1
    assert "did not write: train-image.npy" in result.stderr
    assert (tmp_path / "array.npy").exists() and column.is_symlink()


def test_remove_waits_for_whoever_prepares(root: Path, command: Command) -> None:
    with filelock.FileLock(root / "binarized_mnist" / ".1.0.0.lock"):
        process = subprocess.Popen(
            command("remove", "binarized_mnist", "--yes", "--data-dir", root), stderr=subprocess.DEVNULL
        )
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.5)
            assert version_folder(root).exists()
        except BaseException:
            process.kill()
            raise
    assert process.wait(30) == 0
    assert not version_folder(root).exists()


@needs_pty
@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (b"y\n", 0, b"are free again."),
        (b"n\n", 1, b"Nothing was removed."),
        (b"\n", 1, b"Nothing was removed."),
        (b"\x04", 1, b"No answer: nothing was done."),
        (b"\x03", 130, b"Interrupted."),
    ],
)
def test_remove_asks_on_a_terminal(answer: bytes, code: int, message: bytes, root: Path, command: Command) -> None:
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        line = command("remove", "binarized_mnist", "--data-dir", root)
        os.execv(line[0], line)
    shown = b""
    deadline = time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.5)[0]:
                try:
                    shown += os.read(terminal, 1000)
                except OSError:  # the process has ended
                    break
            elif b"[y/N]" in shown:  # it has been silent for a while: it waits for the answer
                os.write(terminal, answer)
        else:
            os.kill(pid, signal.SIGKILL)
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
    assert b"Delete (1.0" in shown and message in shown
    assert version_folder(root).exists() == (code != 0)


# prepare -------------------------------------------------------------------------------------------------------


def test_prepare_refuses_a_folder_that_is_not_there(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("prepare", "binarized_mnist", "--from", tmp_path / "nowhere")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "does not exist" in result.stderr


def test_prepare_without_any_source(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there: no network
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    result = invoke("prepare", "binarized_mnist", "--from", tmp_path, "--data-dir", tmp_path / "data")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error: binarized_mnist_train.amat could not be obtained. Tried:" in result.stderr
    assert "type: onebit prepare binarized_mnist --from DIR" in result.stderr
    assert not version_folder(tmp_path / "data").exists()


def test_a_broken_folder_of_tfds_is_not_touched(invoke: Invoke, root: Path) -> None:
    (version_folder(root) / store.INFO_FILE).write_text('{"name": "binarized_mnist"}')
    before = content(root)
    for line in (["prepare"], ["prepare", "--force"], ["show"], ["path"], ["remove", "--yes"]):
        result = invoke(*line, "binarized_mnist", "--data-dir", root)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "TFDS" in result.stderr
    assert invoke("list", "--data-dir", root).exit_code == 0
    assert content(root) == before


@pytest.mark.real_data
def test_what_tfds_prepared_is_shown_and_not_touched(invoke: Invoke, real_data: Path, tmp_path: Path) -> None:
    shutil.copytree(real_data / "binarized_mnist" / "tfds_1.0.0", version_folder(tmp_path))
    before = content(tmp_path)
    there = invoke("prepare", "binarized_mnist", "--data-dir", tmp_path)
    assert (there.exit_code, there.stdout) == (0, f"{version_folder(tmp_path)}\n")
    assert "is there already (70,000 examples" in there.stderr
    assert invoke("path", "binarized_mnist", "--data-dir", tmp_path).stdout == there.stdout
    assert (
        "test 1\n" in invoke("show", "binarized_mnist", "--take", "2", "--width", "28", "--data-dir", tmp_path).stdout
    )
    forced = invoke("prepare", "binarized_mnist", "--force", "--data-dir", tmp_path)
    assert (forced.exit_code, forced.stdout) == (1, "")
    assert "was prepared by TFDS, and onebit does not write there." in forced.stderr
    removed = invoke("remove", "binarized_mnist", "--yes", "--data-dir", tmp_path)
    assert (removed.exit_code, removed.stdout) == (1, "")
    assert "was prepared by TFDS, not by onebit. It was not touched." in removed.stderr
    listed = json.loads(invoke("list", "--json", "--data-dir", tmp_path).stdout)
    assert {one["name"]: one["prepared"] for one in listed}["binarized_mnist"] is True
    assert content(tmp_path) == before


@pytest.mark.real_data
def test_prepare(invoke: Invoke, real_data: Path, prepared: Path, tmp_path: Path) -> None:
    there = invoke("prepare", "binarized_mnist", "--data-dir", prepared)
    assert (there.exit_code, there.stdout) == (0, f"{version_folder(prepared)}\n")
    assert there.stderr == (
        "binarized_mnist:1.0.0 is there already (70,000 examples, 6.81 MiB), in\n"
        f"Next, type: onebit show binarized_mnist --data-dir {prepared}\n"
    )
    # A damaged copy is noticed and prepared again, without --force.
    damaged = tmp_path / "damaged"
    shutil.copytree(prepared, damaged)
    column = version_folder(damaged) / "train-image.npy"
    changed = bytearray(column.read_bytes())
    changed[5000] ^= 1
    column.write_bytes(changed)
    upstream = real_data / "binarized_mnist" / "upstream"
    result = invoke("prepare", "binarized_mnist", "--from", upstream, "--data-dir", damaged, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["data_dir"], told["was_there"]) == (str(version_folder(damaged)), False)
    assert "train-image.npy is damaged: its SHA-256 is" in result.stderr
    arrays = {path: data for path, data in content(damaged).items() if path.endswith(".npy")}
    assert arrays == {path: data for path, data in content(prepared).items() if path.endswith(".npy")}


# Downloads of a data set of one's own ------------------------------------------------------------------------------

DOWNLOADING = """
import onebit as tfds

class MyRows(tfds.core.GeneratorBasedBuilder):
    VERSION = "1.0.0"

    def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict({"x": "int64"}))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(dl_manager.download_and_extract(URL))}

    def _generate_examples(self, folder):
        for file in folder.rglob("*.txt"):
            yield file.name, {"x": file.read_text()}
"""


def test_downloads_of_ones_own_are_removed(invoke: Invoke, root: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/deep/1.txt", "1")
        archive.writestr("2.txt", "2")
    with misbehaving_server.MisbehavingServer() as server:
        server.routes["/rows.zip"] = misbehaving_server.content(buffer.getvalue())
        code = tmp_path / "my_rows.py"
        code.write_text(f"URL = {server.url('/rows.zip')!r}\n{DOWNLOADING}")
        invoke("prepare", str(code), "--data-dir", str(root))
        (root / "downloads" / "my_rows" / "extracted" / "mine.txt").touch()
    freed = invoke("remove", str(code), "--data-dir", str(root), "--downloads", "--yes").stdout.splitlines()
    assert len(freed) == 4
    left = sorted(str(path.relative_to(root / "downloads")) for path in (root / "downloads").rglob("*"))
    assert left == ["my_rows", "my_rows/extracted", "my_rows/extracted/mine.txt"]


# A data set of one's own, by its path ------------------------------------------------------------------------------


def test_a_data_set_of_ones_own(invoke: Invoke, root: Path, tmp_path: Path) -> None:
    code = tmp_path / "my_stripes" / "my_stripes_dataset_builder.py"
    code.parent.mkdir()
    code.write_text(stripes.source())
    for name in (str(code.parent), str(code)):
        done = invoke("prepare", name, "--data-dir", str(root))
        assert done.stdout.strip() == str(root / "my_stripes" / "1.2.0")
        assert f"onebit show {name}" in done.stderr
    assert "Diagonal stripes" in invoke("info", str(code), "--data-dir", str(root)).stdout
    assert json.loads(invoke("path", str(code), "--data-dir", str(root), "--json").stdout)["name"] == "my_stripes"
    assert invoke("remove", str(code), "--data-dir", str(root), "--yes").stdout.strip() == str(
        root / "my_stripes" / "1.2.0"
    )
