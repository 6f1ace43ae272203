"""Sees to it that archives of onebit have the explorer's front end inside.

A bundle that is there is used. Else it is built, where npm is; else the archive goes without, and says so. With
``ONEBIT_REQUIRE_EXPLORER=1`` that is an error. Editable installs build nothing: in a checkout, ``make explorer`` does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = ("explorer.js", "explorer.css")
PATIENCE = 600  # seconds for one step


class FrontEnd(BuildHookInterface[Any]):
    """Builds the front end before an archive is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the files of an archive are collected."""
        root = Path(self.root)
        bundle = root / "src" / "onebit" / "explorer" / "bundle"
        if version == "editable" or all((bundle / name).is_file() for name in FILES):
            return
        problem = build(root / "frontend")
        if problem and os.environ.get("ONEBIT_REQUIRE_EXPLORER") == "1":
            raise RuntimeError(f"The explorer's front end could not be built: {problem}")
        if problem:
            self.app.display_warning(f"Without the explorer's front end: {problem} onebit explore will say so.")


def build(frontend: Path) -> str:
    """Builds the front end; says why not, or nothing."""
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm. Install Node.js 20 or newer."
    for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        try:
            ran = subprocess.run(
                [npm, *command], check=False, cwd=frontend, capture_output=True, text=True, timeout=PATIENCE
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"npm {' '.join(command)}: {error}."
        if ran.returncode:
            return f"npm {' '.join(command)} failed: {(ran.stderr or ran.stdout).strip()[-600:]}"
    return ""
