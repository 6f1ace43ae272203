"""The build hook: archives have the front end inside, or somebody is told."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
FAKE_NPM = """#!/bin/sh
echo "$@" >> {log}
{then}
"""


@pytest.fixture(scope="module")
def hatch_build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Project:
    """A folder with a front end, an npm of our own, and what the hook says."""

    def __init__(self, root: Path, hatch_build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.log, self.warnings = root, root / "log", []
        self.bundle = root / "src" / "onebit" / "explorer" / "bundle"
        (root / "frontend").mkdir()
        (root / "bin").mkdir()
        monkeypatch.setenv("PATH", f"{root / 'bin'}:/bin:/usr/bin")
        monkeypatch.setattr(hatch_build.shutil, "which", lambda name: str(found) if found.exists() else None)
        monkeypatch.delenv("ONEBIT_REQUIRE_EXPLORER", raising=False)
        found = self.npm_file = root / "bin" / "npm"
        self._hook = hatch_build.FrontEnd

    def npm(self, then: str) -> None:
        self.npm_file.write_text(FAKE_NPM.format(log=self.log, then=then))
        self.npm_file.chmod(0o755)

    def npm_that_builds(self) -> None:
        made = " ".join(str(self.bundle / name) for name in ("explorer.js", "explorer.css"))
        self.npm(f'[ "$1" = ci ] || {{ mkdir -p {self.bundle} && touch {made}; }}')

    def run(self, version: str = "standard") -> None:
        class App:
            display_warning = self.warnings.append

        arguments: Any = (str(self.root), {}, None, None, str(self.root), "wheel", App())
        self._hook(*arguments).initialize(version, {})

    @property
    def called(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def project(tmp_path: Path, hatch_build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, hatch_build, monkeypatch)


def test_a_bundle_that_is_there_is_used(project: Project) -> None:
    project.npm("exit 1")
    project.bundle.mkdir(parents=True)
    for name in ("explorer.js", "explorer.css"):
        (project.bundle / name).touch()
    project.run()
    assert project.called == [] and project.warnings == []


def test_else_it_is_built(project: Project) -> None:
    project.npm_that_builds()
    project.run()
    assert project.called == ["ci --no-audit --no-fund", "run build"] and project.warnings == []
    assert (project.bundle / "explorer.js").is_file()


def test_an_editable_install_builds_nothing(project: Project) -> None:
    project.npm_that_builds()
    project.run("editable")
    assert project.called == [] and project.warnings == []


def test_without_npm_somebody_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run()
    assert project.warnings == [
        "Without the explorer's front end: there is no npm. Install Node.js 20 or newer. onebit explore will say so."
    ]
    monkeypatch.setenv("ONEBIT_REQUIRE_EXPLORER", "1")
    with pytest.raises(RuntimeError, match="front end could not be built: there is no npm"):
        project.run()


def test_an_npm_that_fails(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.npm("echo no registry >&2; exit 3")
    project.run()
    assert len(project.warnings) == 1 and "npm ci --no-audit --no-fund failed: no registry" in project.warnings[0]
    monkeypatch.setenv("ONEBIT_REQUIRE_EXPLORER", "1")
    with pytest.raises(RuntimeError, match="failed: no registry"):
        project.run()
