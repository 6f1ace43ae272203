"""The code in the README and in the documentation runs, each file from top to bottom in one namespace."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def run(page: Path) -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    for kind, code in blocks(page):
        if kind == "python":
            exec(compile(code, str(page), "exec"), namespace)
        else:
            run_console(code)


def run_console(code: str) -> None:
    """Runs the lines that begin with ``$ onebit``; the others show what is printed."""
    from click.testing import CliRunner

    from onebit.cli import commands

    for line in code.splitlines():
        if line.startswith("$ onebit "):
            words = line.split("  #")[0].removeprefix("$ onebit ").split()
            result = CliRunner().invoke(commands, words)
            assert result.exit_code == 0, f"{line}\n{result.output}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}, which does not exist"


def needs_real_data(page: Path) -> bool:
    return any("binarized_mnist" in code for _, code in blocks(page))


@pytest.mark.real_data
@pytest.mark.parametrize("page", [page for page in PAGES if needs_real_data(page)], ids=lambda page: page.name)
def test_code_runs_on_the_real_files(
    page: Path, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEBIT_SOURCE_DIR", str(real_data / "binarized_mnist" / "upstream"))
    monkeypatch.chdir(tmp_path)
    run(page)


@pytest.mark.parametrize("page", [page for page in PAGES if not needs_real_data(page)], ids=lambda page: page.name)
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(page)
