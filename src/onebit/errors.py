"""Errors of onebit, and the one way in which an optional dependency is asked for.

Each class is also a standard exception (and, where TensorFlow Datasets has a counterpart, the same one), so that
``except ValueError`` in a script that used TFDS goes on working.
"""

from __future__ import annotations

import importlib
from types import ModuleType


class OnebitError(Exception):
    """Base of every error that onebit raises on purpose."""


class DatasetNotFoundError(OnebitError, ValueError):
    """No data set has the name that was asked for."""


class VersionNotFoundError(OnebitError, AssertionError):
    """The data set exists, but not in the version that was asked for."""


class NotPreparedError(OnebitError, AssertionError):
    """The data set is not on this disk yet, and preparing it was not allowed."""


class FormatError(OnebitError, ValueError):
    """A file is not what its reader expects: cut short, of another format, or larger than allowed."""


class WrongDataError(OnebitError, ValueError):
    """A file was read without trouble, but its images are not the published ones."""


class TransferError(OnebitError, OSError):
    """One transfer over the network failed; the message says why."""


class SourcesExhaustedError(OnebitError, OSError):
    """Every place that a file could come from was tried, and none gave the published data."""


class DamagedStoreError(OnebitError, OSError):
    """A stored file does not have the recorded SHA-256, or is missing."""


class NotWrittenError(OnebitError, OSError):
    """A data set could not be written to its folder: the disk is full, say, or the folder read-only or gone."""


class MissingDependencyError(OnebitError, ImportError):
    """An optional dependency is not installed."""


def import_optional(module: str, *, purpose: str, install: str) -> ModuleType:
    """Imports an optional dependency, or says how to get it.

    Args:
        module: the module's import name, for example ``"matplotlib.pyplot"``.
        purpose: what the user asked for, for example ``"onebit.show_examples"``.
        install: what to hand to pip, for example ``"onebit[plot]"``.

    Raises:
        MissingDependencyError: the module, or something that it needs, is not installed, or cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError):  # a library of the system, say, or a half of an old version
            raise MissingDependencyError(
                f"{purpose} needs {module!r}, which is installed, but cannot be imported: {error}. Type: pip install "
                f"--force-reinstall {install!r}"
            ) from error
        missing = error.name or module
        raise MissingDependencyError(
            f"{purpose} needs {missing!r}, which is not installed. Type: pip install {install!r}"
        ) from error
