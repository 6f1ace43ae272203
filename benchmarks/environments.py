"""The virtual environments that contestants run in: one each, so that nobody carries another's packages."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# TFDS 4.9.10 imports importlib_resources without requiring it.
REQUIREMENTS = {
    "empty": [],
    "onebit": [str(ROOT)],
    "tfds": ["tensorflow-datasets==4.9.10", "tensorflow-cpu", "importlib_resources"],
    "torch": ["torch==2.13.0", "numpy"],
    "more": ["datasets", "h5py", "grain"],
    "frameworks": [str(ROOT), "--requirement", str(ROOT / "tests" / "interop" / "requirements.txt"), "jax"],
}
_VERSIONS = """
import importlib.metadata, json
found = ((each.metadata["Name"], each.version) for each in importlib.metadata.distributions())
print(json.dumps(dict(sorted(found, key=lambda pair: pair[0].lower()))))
"""
_SITE_PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"


class Environments:
    """Interpreters by environment.

    Args:
        folder: where environments are built.
        given: interpreters that exist already, by environment.
    """

    def __init__(self, folder: Path, given: dict[str, Path]) -> None:
        self.folder, self.given = folder, given
        self._built: dict[str, Path] = {}

    def python(self, name: str) -> Path:
        """The interpreter of an environment, which is built when it is first asked for."""
        if name in self.given:
            return self.given[name]
        if name not in self._built:
            self._built[name] = self._build(name)
        return self._built[name]

    def _build(self, name: str) -> Path:
        folder = self.folder / name
        python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        stamp, wanted = folder / "requirements.json", json.dumps([sys.version, REQUIREMENTS[name]])
        fresh = str(ROOT) in REQUIREMENTS[name]  # the code may have changed since
        if not fresh and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return python
        print(f"Building the environment {name!r} in {folder}", flush=True)
        if folder.exists():
            shutil.rmtree(folder)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        if REQUIREMENTS[name]:
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS[name]]
            subprocess.run(command, check=True)
        stamp.write_text(wanted, encoding="utf-8")
        return python

    def versions(self, name: str) -> dict[str, str]:
        """The packages of an environment and their versions."""
        found: dict[str, str] = json.loads(self._output(name, _VERSIONS))
        return found

    def installed_bytes(self, name: str, packages: tuple[str, ...] = ("*",)) -> int:
        """Bytes of the files in an environment's ``site-packages``, or of what there matches some patterns."""
        site = Path(self._output(name, _SITE_PACKAGES).strip())
        roots = [root for pattern in packages for root in site.glob(pattern)]
        files = (file for root in roots for file in ([root] if root.is_file() else root.rglob("*")))
        return sum(file.lstat().st_size for file in files if file.is_file() and not file.is_symlink())

    def _output(self, name: str, code: str) -> str:
        command = [str(self.python(name)), "-c", code]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
