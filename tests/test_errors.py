"""Errors are also standard ones, and a missing dependency is asked for in one way."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import onebit
from onebit import errors
from onebit.errors import MissingDependencyError, OnebitError, import_optional

STANDARD = [
    ("DatasetNotFoundError", ValueError),
    ("VersionNotFoundError", AssertionError),  # as in TFDS
    ("NotPreparedError", AssertionError),  # as in TFDS
    ("FormatError", ValueError),
    ("WrongDataError", ValueError),
    ("TransferError", OSError),
    ("SourcesExhaustedError", OSError),
    ("DamagedStoreError", OSError),
    ("NotWrittenError", OSError),
    ("MissingDependencyError", ImportError),
]


@pytest.mark.parametrize(("name", "standard"), STANDARD)
def test_every_error_is_a_standard_one_too(name: str, standard: type[Exception]) -> None:
    error = getattr(errors, name)
    assert getattr(onebit, name, error) is error
    assert issubclass(error, OnebitError)
    assert issubclass(error, standard)
    assert error.__doc__
    copy = pickle.loads(pickle.dumps(error("text")))  # errors cross process borders
    assert (type(copy), str(copy)) == (error, "text")


def test_no_error_is_missing_above() -> None:
    found = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, OnebitError)}
    assert found == {"OnebitError", *(name for name, _ in STANDARD)}


def test_import_optional() -> None:
    assert import_optional("json.decoder", purpose="a test", install="json").__name__ == "json.decoder"
    text = (
        r"^onebit\.show_examples needs 'no_such_module', which is not installed\. Type: pip install 'onebit\[plot\]'$"
    )
    for module in ("no_such_module", "no_such_module.part"):
        with pytest.raises(MissingDependencyError, match=text):
            import_optional(module, purpose="onebit.show_examples", install="onebit[plot]")


def test_what_is_installed_and_broken_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_framework.py").write_text("raise ImportError('libcudart.so.12: cannot open it')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingDependencyError) as caught:
        import_optional("broken_framework", purpose="ds.to_torch()", install="torch")
    assert str(caught.value) == (
        "ds.to_torch() needs 'broken_framework', which is installed, but cannot be imported: libcudart.so.12: cannot "
        "open it. Type: pip install --force-reinstall 'torch'"
    )
