"""Where a framework is not installed, one line says what to type; importing onebit needs none of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

import onebit
from onebit import Dataset
from onebit.builders import DatasetBuilder
from onebit.errors import MissingDependencyError

ADAPTERS = {
    "to_torch": ("torch", "torch"),
    "to_jax": ("jax", "jax"),
    "to_tf": ("tensorflow", "tensorflow"),
    "to_grain": ("grain", "grain"),
    "to_hf": ("datasets", "datasets"),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_the_error_says_what_to_type(name: str, prepared: DatasetBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    from onebit.interop import grain_sources, jax_arrays, pytorch

    for asked in (jax_arrays._jax, pytorch._torch, pytorch._torch_class, grain_sources._grain_class):
        asked.cache_clear()  # another test in this process may have found it
    module, package = ADAPTERS[name]
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    with pytest.raises(MissingDependencyError) as caught:
        getattr(prepared.as_dataset("train"), name)()
    assert str(caught.value) == (f"ds.{name}() needs {module!r}, which is not installed. Type: pip install {package!r}")


def test_every_adapter_is_tried() -> None:
    assert {name for name in dir(Dataset) if name.startswith("to_")} == set(ADAPTERS)


def test_no_framework_is_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys, importlib, pkgutil, onebit.interop\n"
        "for found in pkgutil.iter_modules(onebit.interop.__path__):\n"
        "    importlib.import_module(f'onebit.interop.{found.name}')\n"
        "assert 'onebit.interop.pytorch' in sys.modules\n"
        "assert not {'torch', 'jax', 'tensorflow', 'grain', 'datasets', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert onebit.Dataset is Dataset
