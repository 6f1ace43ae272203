"""Names that are imported when they are first asked for."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import onebit
from onebit.late_imports import late_names


def test_names_come_from_their_modules() -> None:
    found = late_names("onebit", {"log_mean_exp": "onebit.logspace"}, modules=["formats"])
    assert found("log_mean_exp") is importlib.import_module("onebit.logspace").log_mean_exp
    assert found("formats") is importlib.import_module("onebit.formats")
    with pytest.raises(AttributeError, match="module 'onebit' has no attribute 'log_sum'"):
        found("log_sum")


@pytest.mark.parametrize("package", ["onebit", "onebit.evaluation", "onebit.leaderboard"])
def test_every_public_name_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert set(dir(module)) == set(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
    assert not hasattr(module, "nobody")


@pytest.mark.parametrize("package", ["onebit.evaluation", "onebit.leaderboard"])
def test_importing_a_package_imports_none_of_its_modules(package: str) -> None:
    code = f"import sys, {package}; print(*[name for name in sys.modules if name.startswith('{package}.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    assert list(pkgutil.iter_modules([f"{onebit.__path__[0]}/{package.partition('.')[2]}"]))
