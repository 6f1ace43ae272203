"""Looks into a wheel or sdist: everything that the package needs at run time must be in it, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

archive = Path(sys.argv[1])
if archive.suffix == ".whl":
    names = {name.removeprefix("onebit/") for name in zipfile.ZipFile(archive).namelist() if name.startswith("onebit/")}
else:
    with tarfile.open(archive) as tar:
        inside = {name.split("/", 1)[-1] for name in tar.getnames()}
    names = {name.removeprefix("src/onebit/") for name in inside if name.startswith("src/onebit/")}
listed = subprocess.run(["git", "ls-files", "src/onebit"], check=True, capture_output=True, text=True).stdout.split(
    "\n"
)
expected = {name.removeprefix("src/onebit/") for name in listed if name}
expected |= {"explorer/bundle/explorer.js", "explorer/bundle/explorer.css"}  # built, not in the repository
guide = {name for name in names if name.startswith("site/project/")}  # copies of docs/ and of the pages at the top
missing, extra = sorted(expected - names), sorted(name for name in names - expected - guide if "." in name)
if missing or extra:
    sys.exit(f"{archive.name}: missing {missing}, not in the repository {extra}")
print(f"{archive.name}: {len(expected)} files of the package, {archive.stat().st_size / 2**20:.2f} MiB")
